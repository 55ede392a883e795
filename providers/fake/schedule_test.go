package fake_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/listen"
	"github.com/parvis-go/parvis/moderate"
	"github.com/parvis-go/parvis/providers/fake"
	"github.com/parvis-go/parvis/publish"
)

func TestSchedule(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		town := fake.New(fake.Options{})
		acme, ana := town.Join("acme"), town.Join("ana")
		start := time.Now()
		late := post(t, acme, publish.Draft{Text: "late", At: start.Add(2 * time.Hour)})
		early := post(t, acme, publish.Draft{Text: "early", At: start.Add(time.Hour)})
		assert.Equal(t, publish.Scheduled, early.State)
		sameTime(t, start.Add(time.Hour), early.At)
		assert.Empty(t, early.URL)
		assert.Empty(t, town.Posts())
		_, err := publish.Get(t.Context(), ana, early.Ref)
		require.ErrorIs(t, err, parvis.ErrNotFound, "nobody else sees it")
		waiting := all(t, publish.ScheduledPosts(t.Context(), acme))
		require.Len(t, waiting, 2)
		assert.Equal(t, early.Ref, waiting[0].Ref, "soonest first")
		assert.Empty(t, all(t, publish.ScheduledPosts(t.Context(), ana)))

		time.Sleep(time.Hour - time.Nanosecond)
		assert.Empty(t, town.Posts())
		time.Sleep(time.Nanosecond)
		assert.Equal(t, []string{"early"}, texts(town))
		time.Sleep(5 * time.Hour)
		got, err := publish.Get(t.Context(), acme, late.Ref)
		require.NoError(t, err)
		assert.Equal(t, publish.Published, got.State)
		sameTime(t, start.Add(2*time.Hour), got.Created) // not when somebody looked
		assert.Zero(t, got.At)
	})
}

func TestReschedule(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		town := fake.New(fake.Options{})
		acme, ana := town.Join("acme"), town.Join("ana")
		p := post(t, acme, publish.Draft{Text: "x", At: time.Now().Add(time.Hour)})
		dropped := post(t, acme, publish.Draft{Text: "dropped", At: time.Now().Add(time.Hour)})
		moved, err := publish.Reschedule(ctx, acme, p.Ref, time.Now().Add(3*time.Hour))
		require.NoError(t, err)
		sameTime(t, time.Now().Add(3*time.Hour), moved.At)
		require.NoError(t, publish.Unschedule(ctx, acme, dropped.Ref))
		_, err = acme.Reschedule(ctx, p.Ref, time.Now().Add(time.Minute))
		wantErr(t, err, parvis.ErrInvalid, "bad_time")
		_, err = ana.Reschedule(ctx, p.Ref, time.Now().Add(time.Hour))
		wantErr(t, err, parvis.ErrNotFound, "not_found")
		time.Sleep(2 * time.Hour)
		assert.Empty(t, town.Posts())
		time.Sleep(time.Hour)
		assert.Equal(t, []string{"x"}, texts(town))
		_, err = publish.Reschedule(ctx, acme, p.Ref, time.Now().Add(time.Hour))
		wantErr(t, err, parvis.ErrConflict, "wrong_state")
		wantErr(t, publish.Unschedule(ctx, acme, p.Ref), parvis.ErrConflict, "wrong_state")
		wantErr(t, publish.Unschedule(ctx, acme, dropped.Ref), parvis.ErrNotFound, "not_found")
	})
}

// TestScheduleWakesFollowers shows that a follower who blocks hears of a post at its time,
// also of one that was scheduled while it waited.
func TestScheduleWakesFollowers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		town := fake.New(fake.Options{})
		acme, ana := town.Join("acme"), town.Join("ana")
		town.Follow(ana, acme)
		start := time.Now()
		type heard struct {
			text string
			at   time.Duration
		}
		var got []heard
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go func() {
			for ev, err := range listen.To(ctx, ana, listen.Query{Follow: true}) {
				if err != nil {
					return
				}
				got = append(got, heard{ev.Text.Plain, time.Since(start)})
			}
		}()
		synctest.Wait()
		post(t, acme, publish.Draft{Text: "two", At: start.Add(2 * time.Hour)})
		synctest.Wait()
		post(t, acme, publish.Draft{Text: "one", At: start.Add(time.Hour)})
		time.Sleep(3 * time.Hour)
		synctest.Wait()
		assert.Equal(t, []heard{{"one", time.Hour}, {"two", 2 * time.Hour}}, got)
	})
}

// TestScheduleOfABannedPerson shows that a ban holds at the time at which a post is to go out.
func TestScheduleOfABannedPerson(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		town := fake.New(fake.Options{HoldReplies: true})
		mod, ana := town.Add(fake.Member{Handle: "mod", Moderator: true}), town.Join("ana")
		root := say(t, mod, "root")
		p := post(t, ana, publish.Draft{Text: "buy", At: time.Now().Add(time.Hour)})
		held := post(t, ana, publish.Draft{Text: "held", At: time.Now().Add(30 * time.Minute), ReplyTo: root.Ref})
		time.Sleep(45 * time.Minute)
		got, err := publish.Get(t.Context(), ana, held.Ref)
		require.NoError(t, err)
		assert.Equal(t, publish.Held, got.State, "an answer of a stranger is held when its time comes")
		_, err = moderate.Ban(t.Context(), mod, ana.Account().Ref(), moderate.Because("spam"))
		require.NoError(t, err)
		time.Sleep(time.Hour)
		assert.Equal(t, []string{"root"}, texts(town))
		got, err = publish.Get(t.Context(), ana, p.Ref)
		require.NoError(t, err)
		assert.Equal(t, publish.Rejected, got.State)
	})
}

// TestOwnClock shows that any clock will do.
func TestOwnClock(t *testing.T) {
	t.Parallel()
	c := newClock()
	town := fake.New(fake.Options{Now: c.Now})
	acme := town.Join("acme")
	post(t, acme, publish.Draft{Text: "x", At: c.now.Add(time.Hour)})
	assert.Empty(t, town.Posts())
	c.forward(time.Hour)
	posts := town.Posts()
	require.Len(t, posts, 1)
	assert.Equal(t, c.now, posts[0].Created)
}
