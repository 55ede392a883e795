package mastodon_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/apitest"
	mastodontest "github.com/parvis-go/parvis/internal/apitest/mastodon"
	"github.com/parvis-go/parvis/providers/mastodon"
	"github.com/parvis-go/parvis/publish"
)

// draft is the smallest draft that the flavour takes.
func draft(t testing.TB, f mastodontest.Flavour, text string) publish.Draft {
	d := publish.Draft{Text: text}
	if f == mastodontest.Pixelfed {
		d.Media = []parvis.Media{parvis.FromBytes("four.png", picture(t)).WithAlt("un four")}
	}
	return d
}

func posting(r *http.Request) bool {
	return r.Method == http.MethodPost && r.URL.Path == "/api/v1/statuses"
}

func TestPublishWhole(t *testing.T) {
	t.Parallel()
	r := newRig(t, mastodontest.Options{})
	ctx := r.ctx()
	first, err := publish.To(ctx, r.acme, publish.Draft{
		Text: "Bonjour @ana, voici https://acme.example/v/12 #four", Visibility: publish.Unlisted,
		Lang: "fr", Warning: "chaleur", Sensitive: true,
	})
	require.NoError(t, err)
	assert.Equal(t, publish.Published, first.State)
	assert.Equal(t, publish.Unlisted, first.Visibility)
	assert.Equal(t, "fr", first.Lang)
	assert.Equal(t, "acme", first.Author.Handle)
	assert.Contains(t, first.Text.Plain, "https://acme.example/v/12")
	assert.NotEmpty(t, first.URL)
	assert.NotEmpty(t, first.Key)
	assert.NotEmpty(t, first.Raw)
	assert.Equal(t, "acme", r.acme.Account().Handle)

	answer, err := publish.To(ctx, r.acme, publish.Draft{Text: "Suite", ReplyTo: first.Ref})
	require.NoError(t, err)
	assert.Equal(t, first.Ref, answer.ReplyTo)
	quote, err := publish.To(ctx, r.acme, publish.Draft{Text: "Je me cite", Quote: first.Ref})
	require.NoError(t, err)
	assert.Contains(t, string(quote.Raw), `"quote"`)

	got, err := publish.Get(ctx, r.acme, first.Ref)
	require.NoError(t, err)
	assert.Equal(t, first.Text.Plain, got.Text.Plain)
	require.NoError(t, publish.Delete(ctx, r.acme, first.Ref))
	require.ErrorIs(t, publish.Delete(ctx, r.acme, first.Ref), parvis.ErrNotFound)
	_, err = publish.Get(ctx, r.acme, first.Ref)
	require.ErrorIs(t, err, parvis.ErrNotFound)
}

func TestPublishPoll(t *testing.T) {
	t.Parallel()
	r := newRig(t, mastodontest.Options{})
	post, err := publish.To(r.ctx(), r.acme, publish.Draft{Text: "Quelle cuisson ?", Poll: &publish.Poll{Options: []string{"Raku", "Gaz"}, Multiple: true}})
	require.NoError(t, err)
	assert.Contains(t, string(post.Raw), "Raku")
	_, err = publish.To(r.ctx(), r.acme, publish.Draft{Text: "Trop court", Poll: &publish.Poll{Options: []string{"a", "b"}, For: time.Second}})
	require.ErrorIs(t, err, parvis.ErrInvalid)
}

// TestCountsAsTheServer compares the length rule with the server's own.
func TestCountsAsTheServer(t *testing.T) {
	t.Parallel()
	for _, f := range []mastodontest.Flavour{mastodontest.Mastodon, mastodontest.GoToSocial, mastodontest.Pleroma} {
		t.Run(string(f), func(t *testing.T) {
			t.Parallel()
			r := newRig(t, mastodontest.Options{Flavour: f, Limits: mastodontest.Limits{Characters: 60}})
			for _, s := range []string{
				strings.Repeat("a", 60), strings.Repeat("👩‍👩‍👧", 12), "https://acme.example/" + strings.Repeat("x", 80) + strings.Repeat("b", 37),
				"@ana@elsewhere.example " + strings.Repeat("é", 50), strings.Repeat("e\u0301", 40),
			} {
				for _, text := range []string{s, s + "!"} {
					_, err := publish.To(r.ctx(), r.acme, publish.Draft{Text: text})
					if r.server.CountUnits(text, "") <= 60 {
						require.NoError(t, err, text)
					} else {
						require.ErrorIs(t, err, parvis.ErrInvalid, text)
						var ps publish.Problems
						require.ErrorAs(t, err, &ps, "refused before it is sent: %v", err)
					}
				}
			}
		})
	}
}

func TestIdempotencyByFlavour(t *testing.T) {
	t.Parallel()
	for _, f := range flavours {
		t.Run(string(f), func(t *testing.T) {
			t.Parallel()
			r := newRig(t, mastodontest.Options{Flavour: f})
			ctx := r.ctx()
			sup, err := publish.SupportOf(ctx, r.acme, parvis.Place{})
			require.NoError(t, err)
			assert.Equal(t, f == mastodontest.Mastodon || f == mastodontest.Pleroma || f == mastodontest.Pixelfed, sup.Key.OK(), sup.Key.String())

			r.server.Faults.Inject(apitest.Fault{Kind: apitest.CutAfter, Match: posting})
			d := draft(t, f, "Coupé après l'envoi")
			post, err := publish.To(ctx, r.acme, d)
			if sup.Key.OK() {
				require.NoError(t, err)
				assert.Contains(t, post.Text.Plain, "Coupé")
			} else {
				require.ErrorIs(t, err, parvis.ErrUnknownOutcome)
				attempt, ok := publish.AttemptOf(err)
				require.True(t, ok)
				post, err = publish.Reconcile(ctx, r.acme, attempt)
				require.NoError(t, err)
				assert.Contains(t, post.Text.Plain, "Coupé")
			}
			assert.Equal(t, 1, r.server.Count("Coupé après l'envoi"))
		})
	}
}

func TestNothingTakenTwice(t *testing.T) {
	t.Parallel()
	for _, kind := range []apitest.Kind{apitest.CutBefore, apitest.ErrorBefore, apitest.ErrorAfter, apitest.Truncated} {
		for _, f := range flavours {
			t.Run(string(f)+"/"+string(kind), func(t *testing.T) {
				t.Parallel()
				r := newRig(t, mastodontest.Options{Flavour: f})
				r.server.Faults.Inject(apitest.Fault{Kind: kind, Match: posting})
				_, err := publish.To(r.ctx(), r.acme, draft(t, f, "Une fois"))
				n := r.server.Count("Une fois")
				assert.LessOrEqual(t, n, 1)
				if err == nil {
					assert.Equal(t, 1, n)
				} else {
					require.True(t, errors.Is(err, parvis.ErrUnknownOutcome) || n == 0, "%v", err)
				}
			})
		}
	}
}

func TestSameKeySamePost(t *testing.T) {
	t.Parallel()
	for _, f := range []mastodontest.Flavour{mastodontest.Mastodon, mastodontest.Pleroma, mastodontest.Pixelfed} {
		t.Run(string(f), func(t *testing.T) {
			t.Parallel()
			r := newRig(t, mastodontest.Options{Flavour: f})
			d := draft(t, f, "La même clé")
			d.Key = "k-1"
			a, err := publish.To(r.ctx(), r.acme, d)
			require.NoError(t, err)
			b, err := publish.To(r.ctx(), r.acme, d)
			require.NoError(t, err)
			assert.Equal(t, a.Ref, b.Ref)
			assert.Equal(t, 1, r.server.Count("La même clé"))
		})
	}
}

func TestIdempotentOverruled(t *testing.T) {
	t.Parallel()
	r := newRig(t, mastodontest.Options{}, func(c *mastodon.Config) { c.Idempotent = new(false) })
	sup, err := publish.SupportOf(r.ctx(), r.acme, parvis.Place{})
	require.NoError(t, err)
	assert.False(t, sup.Key.OK())
	r.server.Faults.Inject(apitest.Fault{Kind: apitest.CutAfter, Match: posting})
	_, err = publish.To(r.ctx(), r.acme, publish.Draft{Text: "Sans clé"})
	require.ErrorIs(t, err, parvis.ErrUnknownOutcome)
	assert.Equal(t, 1, r.server.Count("Sans clé"))

	other := newRig(t, mastodontest.Options{Flavour: mastodontest.GoToSocial}, func(c *mastodon.Config) { c.Idempotent = new(true) })
	sup, err = publish.SupportOf(other.ctx(), other.acme, parvis.Place{})
	require.NoError(t, err)
	assert.Equal(t, time.Hour, sup.Key.For)
}

func TestReactions(t *testing.T) {
	t.Parallel()
	for _, f := range flavours {
		t.Run(string(f), func(t *testing.T) {
			t.Parallel()
			r := newRig(t, mastodontest.Options{Flavour: f})
			ctx := r.ctx()
			ref := r.ref(parvis.KindPost, r.server.Say(r.ana, "À partager", ""))
			for _, re := range []publish.Reaction{publish.Like, publish.Repost, publish.Bookmark} {
				for range 2 {
					require.NoError(t, publish.React(ctx, r.acme, ref, re), re)
				}
			}
			ms, err := publish.MetricsOf(ctx, r.acme, ref)
			require.NoError(t, err)
			got := map[string]float64{}
			for _, m := range ms {
				got[m.Means] = m.Value
			}
			assert.InDelta(t, 1, got["likes"], 0)
			assert.InDelta(t, 1, got["reposts"], 0)
			for _, re := range []publish.Reaction{publish.Like, publish.Repost, publish.Bookmark} {
				for range 2 {
					require.NoError(t, publish.Unreact(ctx, r.acme, ref, re), re)
				}
			}
			require.ErrorIs(t, publish.React(ctx, r.acme, ref, "🔥"), errors.ErrUnsupported)
		})
	}
}

func TestDeleteWithoutAnswer(t *testing.T) {
	t.Parallel()
	r := newRig(t, mastodontest.Options{})
	deleting := func(q *http.Request) bool { return q.Method == http.MethodDelete }
	post, err := publish.To(r.ctx(), r.acme, publish.Draft{Text: "À effacer"})
	require.NoError(t, err)
	r.server.Faults.Inject(apitest.Fault{Kind: apitest.CutAfter, Match: deleting})
	require.NoError(t, publish.Delete(r.ctx(), r.acme, post.Ref))
	post, err = publish.To(r.ctx(), r.acme, publish.Draft{Text: "Pas encore"})
	require.NoError(t, err)
	r.server.Faults.Inject(apitest.Fault{Kind: apitest.CutBefore, Match: deleting, Times: 5})
	require.ErrorIs(t, publish.Delete(r.ctx(), r.acme, post.Ref), parvis.ErrUnknownOutcome)
	assert.Equal(t, 1, r.server.Count("Pas encore"))
}

func TestPublishRefuses(t *testing.T) {
	t.Parallel()
	r := newRig(t, mastodontest.Options{})
	ctx := r.ctx()
	for _, d := range []publish.Draft{
		{Text: "x", Title: "t"},
		{Text: "x", Link: "https://acme.example"},
		{Text: "x", Tags: []string{"a"}},
		{Text: "x", Categories: []string{"a"}},
		{Text: "x", Sticky: true},
		{Text: "x", Visibility: publish.Private},
	} {
		_, err := publish.To(ctx, r.acme, d)
		require.ErrorIs(t, err, errors.ErrUnsupported, "%+v", d)
	}
	_, err := r.acme.Publish(ctx, publish.Draft{Text: "passé", At: time.Now().Add(-time.Hour)})
	require.ErrorIs(t, err, parvis.ErrInvalid, "a past time is never sent, as some servers date posts back")
	_, err = r.acme.Publish(ctx, publish.Draft{Text: "ailleurs", Place: r.place("home")})
	require.ErrorIs(t, err, errors.ErrUnsupported)
	_, err = publish.To(ctx, r.acme, publish.Draft{Text: "x", ReplyTo: r.ref(parvis.KindPerson, "1")})
	require.ErrorIs(t, err, parvis.ErrInvalid)
	assert.Zero(t, r.server.Count("x"))
}
