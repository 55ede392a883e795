package mastodon_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/apitest"
	mastodontest "github.com/parvis-go/parvis/internal/apitest/mastodon"
	"github.com/parvis-go/parvis/internal/sending"
	"github.com/parvis-go/parvis/publish"
)

// shelf keeps stages in memory.
type shelf map[string]json.RawMessage

func (s shelf) Load(_ context.Context, name string) (json.RawMessage, error) { return s[name], nil }

func (s shelf) Save(_ context.Context, name string, value json.RawMessage) error {
	if s[name] = value; value == nil {
		delete(s, name)
	}
	return nil
}

// uploads counts the files that arrived.
func (r *rig) uploads() int {
	n := 0
	for _, x := range r.server.Exchanges() {
		if x.Method == http.MethodPost && strings.HasSuffix(x.Path, "/media") && x.Status < 300 {
			n++
		}
	}
	return n
}

// interrupted makes an attempt whose two files arrive and whose post does not.
func (r *rig) interrupted() (context.Context, shelf, publish.Draft) {
	r.t.Helper()
	kept := shelf{}
	ctx := publish.WithStages(r.ctx(), kept)
	d := publish.Draft{Text: "Portes ouvertes", Key: "k", Media: []parvis.Media{
		parvis.FromBytes("a.png", picture(r.t)).WithAlt("Un four"), parvis.FromBytes("b.png", picture(r.t)),
	}}
	r.server.Faults.Inject(apitest.Fault{Kind: apitest.Forbidden, Match: posting})
	_, err := publish.To(ctx, r.acme, d)
	require.Error(r.t, err)
	require.NotErrorIs(r.t, err, parvis.ErrUnknownOutcome)
	require.Equal(r.t, 2, r.uploads())
	require.Len(r.t, kept, 2)
	return ctx, kept, d
}

// idIn is the ID that a stage keeps.
func idIn(t testing.TB, kept shelf, d publish.Draft, i int) string {
	t.Helper()
	var id string
	require.NoError(t, json.Unmarshal(kept[publish.MediaStage(d, i)], &id))
	return id
}

func TestAnAttemptGoesOnFromItsUploads(t *testing.T) {
	t.Parallel()
	for _, f := range flavours {
		t.Run(string(f), func(t *testing.T) {
			t.Parallel()
			r := newRig(t, mastodontest.Options{Flavour: f})
			ctx, kept, d := r.interrupted()
			post, err := publish.To(ctx, r.as(r.user.Token), d)
			require.NoError(t, err)
			assert.Equal(t, 2, r.uploads(), "nothing is uploaded twice")
			assert.Equal(t, 1, r.server.Count("Portes ouvertes"))
			require.Len(t, post.Media, 2)
			assert.Equal(t, idIn(t, kept, d, 0), post.Media[0].Ref.ID)
			assert.Equal(t, "Un four", post.Media[0].Alt)
		})
	}
}

// TestAnAttemptWaitsOnForItsFilm: the ID is kept before the film is processed.
func TestAnAttemptWaitsOnForItsFilm(t *testing.T) {
	t.Parallel()
	r := newRig(t, mastodontest.Options{Processing: 2})
	ctx := publish.WithStages(r.ctx(), shelf{})
	d := publish.Draft{Text: "Le film", Key: "k", Media: []parvis.Media{parvis.FromBytes("four.mp4", film)}}
	polling := func(q *http.Request) bool { return strings.HasPrefix(q.URL.Path, "/api/v1/media/") }
	r.server.Faults.Inject(apitest.Fault{Kind: apitest.Forbidden, Match: polling})
	_, err := publish.To(ctx, r.acme, d)
	require.Error(t, err)
	_, err = publish.To(ctx, r.acme, d)
	require.NoError(t, err)
	assert.Equal(t, 1, r.uploads())
	assert.Equal(t, 1, r.server.Count("Le film"))
}

// TestExpiredUploadsAreMadeAnew: the server does not have a file any more, and says so when
// it is asked for the file, or only when it is to post it.
func TestExpiredUploadsAreMadeAnew(t *testing.T) {
	t.Parallel()
	for _, f := range []mastodontest.Flavour{mastodontest.Mastodon, mastodontest.GoToSocial, mastodontest.Pleroma} {
		t.Run("asked/"+string(f), func(t *testing.T) {
			t.Parallel()
			r := newRig(t, mastodontest.Options{Flavour: f})
			ctx, kept, d := r.interrupted()
			first := publish.MediaStage(d, 0)
			kept[first] = json.RawMessage(`"99999"`)
			post, err := publish.To(ctx, r.acme, d)
			require.NoError(t, err)
			assert.Equal(t, 3, r.uploads(), "one is sent anew, the other kept")
			assert.Equal(t, idIn(t, kept, d, 0), post.Media[0].Ref.ID)
			assert.Equal(t, 1, r.server.Count("Portes ouvertes"))
		})
		t.Run("refused/"+string(f), func(t *testing.T) {
			t.Parallel()
			r := newRig(t, mastodontest.Options{Flavour: f})
			ctx, kept, d := r.interrupted()
			gone := idIn(t, kept, d, 1)
			r.server.Faults.Inject(apitest.Fault{
				Kind: apitest.Forbidden, Match: posting, Status: 422,
				Body: `{"error":"Les médias ` + gone + ` sont introuvables"}`,
			})
			post, err := publish.To(ctx, r.acme, d)
			require.NoError(t, err)
			assert.Equal(t, 3, r.uploads())
			assert.NotEqual(t, gone, post.Media[1].Ref.ID)
			assert.Equal(t, 1, r.server.Count("Portes ouvertes"))
		})
	}
}

// TestOtherRefusalsKeepTheUploads: a refusal that has nothing to do with the files.
func TestOtherRefusalsKeepTheUploads(t *testing.T) {
	t.Parallel()
	r := newRig(t, mastodontest.Options{})
	ctx, kept, d := r.interrupted()
	r.server.Faults.Inject(apitest.Fault{Kind: apitest.Forbidden, Match: posting, Status: 422, Body: `{"error":"Validation failed"}`})
	_, err := publish.To(ctx, r.acme, d)
	require.ErrorIs(t, err, parvis.ErrInvalid)
	assert.Equal(t, 2, r.uploads())
	assert.Len(t, kept, 2)
}

// TestAFileThatFailedIsSentAnew: what could not be processed is not waited for again.
func TestAFileThatFailedIsSentAnew(t *testing.T) {
	t.Parallel()
	r := newRig(t, mastodontest.Options{})
	ctx := publish.WithStages(r.ctx(), shelf{})
	bad := parvis.FromBytes("four.mp4", append(film, mastodontest.BrokenFile...))
	for sent := range 2 {
		_, err := publish.To(ctx, r.acme, publish.Draft{Text: "Le film", Key: "k", Media: []parvis.Media{bad}})
		require.ErrorIs(t, err, parvis.ErrRejected)
		assert.Equal(t, sent+1, r.uploads())
	}
}

func TestThePauseComesBeforeEachRequest(t *testing.T) {
	t.Parallel()
	for pass := range 2 {
		r := newRig(t, mastodontest.Options{})
		asked := 0
		ctx := sending.WithFence(r.ctx(), func(context.Context) error {
			if asked++; asked > pass {
				return &parvis.Error{Code: parvis.ErrConflict, Message: "the client is paused"}
			}
			return nil
		})
		_, err := publish.To(ctx, r.acme, publish.Draft{Text: "Pause", Media: []parvis.Media{parvis.FromBytes("a.png", picture(t))}})
		require.ErrorIs(t, err, parvis.ErrConflict)
		assert.Equal(t, pass+1, asked)
		assert.Equal(t, pass, r.uploads())
		assert.Zero(t, r.server.Count("Pause"))
	}
}

// TestALostScheduledPostIsNotSentAgain: Mastodon forgets the key of what it holds.
func TestALostScheduledPostIsNotSentAgain(t *testing.T) {
	t.Parallel()
	for _, f := range []mastodontest.Flavour{mastodontest.Mastodon, mastodontest.Pleroma} {
		t.Run(string(f), func(t *testing.T) {
			t.Parallel()
			r := newRig(t, mastodontest.Options{Flavour: f})
			r.server.Faults.Inject(apitest.Fault{Kind: apitest.CutAfter, Match: posting})
			post, err := publish.To(r.ctx(), r.acme, publish.Draft{Text: "Plus tard", At: time.Now().Add(time.Hour)})
			if f == mastodontest.Mastodon {
				require.ErrorIs(t, err, parvis.ErrUnknownOutcome)
				attempt, ok := publish.AttemptOf(err)
				require.True(t, ok)
				post, err = publish.Reconcile(r.ctx(), r.acme, attempt)
			}
			require.NoError(t, err)
			assert.Equal(t, []parvis.Ref{post.Ref}, refs(collect(t, publish.ScheduledPosts(r.ctx(), r.acme))))
		})
	}
}
