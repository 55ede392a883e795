package wordpress_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/apitest"
	site "github.com/parvis-go/parvis/internal/apitest/wordpress"
	"github.com/parvis-go/parvis/internal/sending"
	"github.com/parvis-go/parvis/providers/wordpress"
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

func postsOnly(r *http.Request) bool {
	return r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/posts")
}

// interrupted makes an attempt whose files arrive and whose post does not.
func interrupted(t *testing.T, s *site.Server, c *wordpress.Client) (context.Context, shelf, publish.Draft) {
	t.Helper()
	kept := shelf{}
	ctx := publish.WithStages(t.Context(), kept)
	d := publish.Draft{Text: "Portes ouvertes", Key: "k", Media: []parvis.Media{picture().WithAlt("Un four"), picture()}}
	s.Faults.Inject(apitest.Fault{Kind: apitest.Forbidden, Match: postsOnly})
	_, err := publish.To(ctx, c, d)
	require.Error(t, err)
	require.NotErrorIs(t, err, parvis.ErrUnknownOutcome)
	require.Equal(t, 2, s.Uploads())
	require.Len(t, kept, 2)
	return ctx, kept, d
}

func TestAnAttemptGoesOnFromItsUploads(t *testing.T) {
	t.Parallel()
	s := site.New(t, site.Options{})
	ctx, kept, d := interrupted(t, s, open(t, s, "editor"))
	p, err := publish.To(ctx, open(t, s, "editor"), d) // another process
	require.NoError(t, err)
	assert.Equal(t, 2, s.Uploads(), "nothing is uploaded twice")
	assert.Equal(t, 1, s.Count("Portes"))
	require.Len(t, p.Media, 2)
	assert.Equal(t, string(kept[publish.MediaStage(d, 0)]), p.Media[0].Ref.ID)
	assert.Equal(t, "Un four", p.Media[0].Alt)
	assert.NotEmpty(t, p.Media[0].URL)
	x := last(t, s, http.MethodPost, "/wp-json/wp/v2/posts")
	assert.Contains(t, string(x.RequestBody), `"featured_media":`+p.Media[0].Ref.ID)
	assert.Contains(t, string(x.RequestBody), p.Media[1].URL)
}

func TestADeletedUploadIsMadeAnew(t *testing.T) {
	t.Parallel()
	s := site.New(t, site.Options{})
	c := open(t, s, "editor")
	ctx, kept, d := interrupted(t, s, c)
	first := publish.MediaStage(d, 0)
	kept[first] = json.RawMessage(`99999`) // nobody has it any more
	p, err := publish.To(ctx, c, d)
	require.NoError(t, err)
	assert.Equal(t, 3, s.Uploads(), "one is uploaded anew, the other kept")
	assert.Equal(t, string(kept[first]), p.Media[0].Ref.ID)
	assert.NotEqual(t, "99999", p.Media[0].Ref.ID)
}

// TestALostUploadIsNotKept: what did not surely arrive is sent again.
func TestALostUploadIsNotKept(t *testing.T) {
	t.Parallel()
	s := site.New(t, site.Options{})
	c := open(t, s, "editor")
	kept := shelf{}
	d := publish.Draft{Text: "Portes ouvertes", Key: "k", Media: []parvis.Media{picture()}}
	s.Faults.Inject(apitest.Fault{Kind: apitest.CutAfter, Match: uploads})
	_, err := publish.To(publish.WithStages(t.Context(), kept), c, d)
	require.ErrorIs(t, err, parvis.ErrUnavailable)
	assert.Empty(t, kept)
}

// TestThePauseComesBeforeEachRequest: a fence that closes between the upload and the post.
func TestThePauseComesBeforeEachRequest(t *testing.T) {
	t.Parallel()
	s := site.New(t, site.Options{})
	c := open(t, s, "editor")
	asked := 0
	ctx := sending.WithFence(t.Context(), func(context.Context) error {
		if asked++; asked == 2 {
			return &parvis.Error{Code: parvis.ErrConflict, Message: "the client is paused"}
		}
		return nil
	})
	_, err := publish.To(ctx, c, publish.Draft{Text: "Portes ouvertes", Key: "k", Media: []parvis.Media{picture()}})
	require.ErrorIs(t, err, parvis.ErrConflict)
	assert.Equal(t, 2, asked)
	assert.Equal(t, 1, s.Uploads())
	assert.Zero(t, s.Count("Portes"))
}
