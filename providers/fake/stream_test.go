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
	"github.com/parvis-go/parvis/providers/fake"
)

// TestStreamFaults tries the faults of streams on five answers.
func TestStreamFaults(t *testing.T) {
	t.Parallel()
	whole := []string{"reply: 1", "reply: 2", "reply: 3", "reply: 4", "reply: 5"}
	for _, c := range []struct {
		kind fake.FaultKind
		raw  []string // what the provider gives
		door []string // what comes through the door
	}{
		{fake.PartialPage, whole, whole},
		{fake.DuplicateEvent, []string{"reply: 1", "reply: 1", "reply: 2", "reply: 3", "reply: 4", "reply: 5"}, whole},
		{fake.OutOfOrder, []string{"reply: 2", "reply: 1", "reply: 3", "reply: 4", "reply: 5"}, []string{"reply: 2", "reply: 1", "reply: 3", "reply: 4", "reply: 5"}},
		{fake.StreamGap, []string{"gap", "reply: 2", "reply: 3", "reply: 4", "reply: 5"}, []string{"gap", "reply: 2", "reply: 3", "reply: 4", "reply: 5"}},
	} {
		t.Run(string(c.kind), func(t *testing.T) {
			t.Parallel()
			town := fake.New(fake.Options{})
			acme, ana := town.Join("acme"), town.Join("ana")
			root := say(t, acme, "root")
			for _, text := range []string{"1", "2", "3", "4", "5"} {
				answer(t, ana, root.Ref, text)
			}
			q := listen.Query{Kinds: listen.Reply}
			town.Inject(fake.Fault{Kind: c.kind})
			assert.Equal(t, c.raw, brief(all(t, acme.Listen(t.Context(), q))))
			assert.Equal(t, 0, town.Faults())
			town.Inject(fake.Fault{Kind: c.kind, Op: "listen", Account: "acme"})
			events := hear(t, acme, q)
			assert.Equal(t, c.door, brief(events))
			for i, ev := range events {
				seen := map[string]bool{}
				for _, before := range events[:i+1] {
					seen[before.ID] = true
				}
				for _, later := range hear(t, acme, listen.Query{Kinds: listen.Reply, Since: ev.Cursor}) {
					seen[later.ID] = true
				}
				assert.GreaterOrEqual(t, len(seen), 5, "whoever stops at %d and resumes loses nothing but what is marked", i)
			}
			assert.Equal(t, whole, brief(hear(t, acme, q)), "the next time all is well")
		})
	}
}

func TestGapEvent(t *testing.T) {
	t.Parallel()
	c := newClock()
	town := fake.New(fake.Options{Now: c.Now})
	acme, ana := town.Join("acme"), town.Join("ana")
	say(t, ana, "lost @acme")
	c.forward(time.Minute)
	say(t, ana, "heard @acme")
	town.Inject(fake.Fault{Kind: fake.StreamGap})
	events := hear(t, acme, listen.Query{Kinds: listen.Mention})
	require.Equal(t, []string{"gap", "mention: heard @acme"}, brief(events))
	gap := events[0]
	require.NotNil(t, gap.Gap)
	assert.Equal(t, c.now.Add(-time.Minute), gap.Gap.From)
	assert.Equal(t, "the stream was interrupted", gap.Gap.Why)
	assert.Equal(t, acme.Account(), gap.Account)
	again := hear(t, acme, listen.Query{Kinds: listen.Mention, Since: gap.Cursor})
	assert.Equal(t, []string{"mention: heard @acme"}, brief(again))
}

func TestStaleCursor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		town := fake.New(fake.Options{})
		acme, ana := town.Join("acme"), town.Join("ana")
		say(t, ana, "0 @acme")
		from := hear(t, acme, listen.Query{})[0].Cursor
		for _, text := range []string{"1", "2", "3", "4"} {
			time.Sleep(time.Minute)
			say(t, ana, text+" @acme")
		}
		stale := fake.Fault{Kind: fake.StaleCursor}
		town.Inject(stale)
		assert.Len(t, hear(t, acme, listen.Query{}), 5, "without a cursor none can be stale")
		events := hear(t, acme, listen.Query{Since: from})
		require.Equal(t, []string{"gap", "mention: 3 @acme", "mention: 4 @acme"}, brief(events))
		sameTime(t, time.Now().Add(-4*time.Minute), events[0].Gap.From)
		sameTime(t, time.Now().Add(-time.Minute), events[0].Gap.To)
		assert.Len(t, hear(t, acme, listen.Query{Since: from}), 4)

		end := events[2].Cursor
		town.Inject(stale)
		_, err := last(listen.To(t.Context(), acme, listen.Query{Since: end}))
		e := wantErr(t, err, parvis.ErrTooLate, "cursor_expired")
		assert.Equal(t, 410, e.Status)
		town.Inject(stale)
		ctx, cancel := context.WithCancel(t.Context())
		f := follow(ctx, acme, listen.Query{Since: end})
		synctest.Wait()
		say(t, ana, "5 @acme")
		synctest.Wait()
		assert.Equal(t, []string{"gap", "mention: 5 @acme"}, f.heard())
		cancel()
		synctest.Wait()
	})
}

// TestFaultsOfAFollowedStream shows that they happen to what is pushed, too.
func TestFaultsOfAFollowedStream(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		town := fake.New(fake.Options{})
		acme, ana := town.Join("acme"), town.Join("ana")
		ctx, cancel := context.WithCancel(t.Context())
		f := follow(ctx, acme, listen.Query{})
		synctest.Wait()
		town.Inject(fake.Fault{Kind: fake.StreamGap, Account: "acme"})
		say(t, ana, "lost @acme")
		synctest.Wait()
		town.Inject(fake.Fault{Kind: fake.DuplicateEvent})
		say(t, ana, "twice @acme")
		synctest.Wait()
		assert.Equal(t, []string{"gap", "mention: twice @acme"}, f.heard())
		cancel()
		synctest.Wait()
	})
}
