package mastodon_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/apitest"
	mastodontest "github.com/parvis-go/parvis/internal/apitest/mastodon"
	"github.com/parvis-go/parvis/publish"
)

func TestSchedule(t *testing.T) {
	t.Parallel()
	r := newRig(t, mastodontest.Options{})
	ctx := r.ctx()
	at := time.Now().Add(time.Hour).Truncate(time.Second)
	late, err := publish.To(ctx, r.acme, publish.Draft{Text: "Plus tard", At: at.Add(time.Hour), Lang: "fr"})
	require.NoError(t, err)
	soon, err := publish.To(ctx, r.acme, publish.Draft{Text: "Bientôt", At: at})
	require.NoError(t, err)
	assert.Equal(t, publish.Scheduled, soon.State)
	assert.True(t, soon.At.Equal(at), "%v", soon.At)
	assert.Equal(t, []parvis.Ref{soon.Ref, late.Ref}, refs(collect(t, publish.ScheduledPosts(ctx, r.acme))))

	moved, err := publish.Reschedule(ctx, r.acme, soon.Ref, at.Add(2*time.Hour))
	require.NoError(t, err)
	assert.True(t, moved.At.Equal(at.Add(2*time.Hour)))
	assert.Equal(t, []parvis.Ref{late.Ref, soon.Ref}, refs(collect(t, publish.ScheduledPosts(ctx, r.acme))))
	got, err := publish.Get(ctx, r.acme, soon.Ref)
	require.NoError(t, err)
	assert.Equal(t, "Bientôt", got.Text.Plain)
	_, err = publish.Edit(ctx, r.acme, soon.Ref, publish.Draft{Text: "x"})
	require.ErrorIs(t, err, parvis.ErrConflict)

	require.NoError(t, publish.Unschedule(ctx, r.acme, soon.Ref))
	require.NoError(t, publish.Delete(ctx, r.acme, late.Ref))
	assert.Empty(t, collect(t, publish.ScheduledPosts(ctx, r.acme)))
	require.ErrorIs(t, publish.Unschedule(ctx, r.acme, soon.Ref), parvis.ErrNotFound)
	_, err = publish.To(ctx, r.acme, publish.Draft{Text: "Trop tôt", At: time.Now().Add(time.Minute)})
	require.ErrorIs(t, err, parvis.ErrInvalid)
}

func refs(posts []publish.Post) []parvis.Ref {
	var all []parvis.Ref
	for _, p := range posts {
		all = append(all, p.Ref)
	}
	return all
}

func TestScheduleByFlavour(t *testing.T) {
	t.Parallel()
	at := time.Now().Add(time.Hour)
	pixel := newRig(t, mastodontest.Options{Flavour: mastodontest.Pixelfed})
	d := draft(t, mastodontest.Pixelfed, "jamais")
	d.At = at
	_, err := publish.To(pixel.ctx(), pixel.acme, d)
	require.ErrorIs(t, err, errors.ErrUnsupported)

	fr := newRig(t, mastodontest.Options{Flavour: mastodontest.Friendica})
	_, err = publish.To(fr.ctx(), fr.acme, publish.Draft{Text: "attend", At: at})
	require.ErrorIs(t, err, errors.ErrUnsupported, "what waits could not be moved")
}

func TestReconcile(t *testing.T) {
	t.Parallel()
	for _, f := range []mastodontest.Flavour{mastodontest.GoToSocial, mastodontest.Friendica} {
		t.Run(string(f), func(t *testing.T) {
			t.Parallel()
			r := newRig(t, mastodontest.Options{Flavour: f})
			ctx := r.ctx()
			parent := r.ref(parvis.KindPost, r.server.Say(r.ana, "Une question", ""))
			same := publish.Draft{Text: "Même texte @ana@" + r.server.Host() + " https://acme.example/une/adresse/assez/longue/pour/etre/coupee"}
			_, err := publish.To(ctx, r.acme, same)
			require.NoError(t, err)
			lost := same
			lost.ReplyTo = parent
			lost.Media = []parvis.Media{parvis.FromBytes("a.png", picture(t)).WithAlt("un four")}
			lost.Warning = "attention"
			r.server.Faults.Inject(apitest.Fault{Kind: apitest.CutAfter, Match: posting})
			_, err = publish.To(ctx, r.acme, lost)
			attempt, ok := publish.AttemptOf(err)
			require.True(t, ok, "%v", err)
			post, err := publish.Reconcile(ctx, r.acme, attempt)
			require.NoError(t, err)
			assert.Equal(t, parent, post.ReplyTo)
			assert.Equal(t, attempt.Draft.Key, post.Key)
		})
	}
}

func TestReconcileNotThere(t *testing.T) {
	t.Parallel()
	r := newRig(t, mastodontest.Options{})
	ctx := r.ctx()
	_, err := publish.To(ctx, r.acme, publish.Draft{Text: "Une fois par jour"})
	require.NoError(t, err)
	a := publish.Attempt{Account: r.acme.Account(), Draft: publish.Draft{Text: "Une fois par jour"}, Started: time.Now().Add(time.Minute)}
	_, err = publish.Reconcile(ctx, r.acme, a)
	require.ErrorIs(t, err, parvis.ErrNotFound, "the post before the attempt is another one")
	a.Started, a.Draft.Text = time.Now().Add(-time.Minute), "Autre chose"
	calls := r.server.Calls()
	_, err = publish.Reconcile(ctx, r.acme, a)
	require.ErrorIs(t, err, parvis.ErrNotFound)
	assert.Greater(t, r.server.Calls(), calls)
	for _, x := range r.server.Exchanges()[1:] {
		if x.Path == "/api/v1/statuses" {
			assert.Contains(t, string(x.RequestBody), "Une fois par jour", "reconciling sends nothing")
		}
	}
}

func TestReconcileScheduled(t *testing.T) {
	t.Parallel()
	r := newRig(t, mastodontest.Options{Flavour: mastodontest.GoToSocial})
	d := publish.Draft{Text: "À l'heure", At: time.Now().Add(time.Hour).Truncate(time.Second)}
	r.server.Faults.Inject(apitest.Fault{Kind: apitest.CutAfter, Match: posting})
	_, err := publish.To(r.ctx(), r.acme, d)
	attempt, ok := publish.AttemptOf(err)
	require.True(t, ok, "%v", err)
	post, err := publish.Reconcile(r.ctx(), r.acme, attempt)
	require.NoError(t, err)
	assert.Equal(t, publish.Scheduled, post.State)
	r.server.SetNow(d.At.Add(time.Minute))
	post, err = publish.Reconcile(r.ctx(), r.acme, attempt)
	require.NoError(t, err)
	assert.Equal(t, publish.Published, post.State, "it is out by now")
}

func TestReconcilePagesBack(t *testing.T) {
	t.Parallel()
	r := newRig(t, mastodontest.Options{})
	started := time.Now()
	first, err := publish.To(r.ctx(), r.acme, publish.Draft{Text: "La première"})
	require.NoError(t, err)
	for range 45 {
		r.server.Say(r.user, "Et encore une", "")
	}
	post, err := publish.Reconcile(r.ctx(), r.acme, publish.Attempt{Account: r.acme.Account(), Draft: publish.Draft{Text: "La première"}, Started: started})
	require.NoError(t, err)
	assert.Equal(t, first.Ref, post.Ref)
}
