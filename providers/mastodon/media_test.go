package mastodon_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/apitest"
	mastodontest "github.com/parvis-go/parvis/internal/apitest/mastodon"
	"github.com/parvis-go/parvis/publish"
)

func TestPictureWithAltAndFocus(t *testing.T) {
	t.Parallel()
	for _, f := range flavours {
		t.Run(string(f), func(t *testing.T) {
			t.Parallel()
			r := newRig(t, mastodontest.Options{Flavour: f})
			var sent atomic.Int64
			ctx := publish.WithProgress(r.ctx(), func(p publish.Progress) { sent.Store(p.Sent) })
			m := parvis.FromBytes("four.png", picture(t)).WithAlt("Deux artisans devant un four").WithFocus(-0.5, 0.25)
			post, err := publish.To(ctx, r.acme, publish.Draft{Text: "Le four", Media: []parvis.Media{m, m}})
			require.NoError(t, err)
			require.Len(t, post.Media, 2)
			assert.Equal(t, "Deux artisans devant un four", post.Media[0].Alt)
			assert.Equal(t, &parvis.Focus{X: -0.5, Y: 0.25}, post.Media[0].Focus)
			assert.Equal(t, parvis.KindMedia, post.Media[0].Ref.Kind)
			assert.Equal(t, int64(len(picture(t))), sent.Load())
		})
	}
}

func TestFilmIsWaitedFor(t *testing.T) {
	t.Parallel()
	r := newRig(t, mastodontest.Options{Processing: 2})
	post, err := publish.To(r.ctx(), r.acme, publish.Draft{Text: "Le film", Media: []parvis.Media{parvis.FromBytes("four.mp4", film)}})
	require.NoError(t, err)
	require.Len(t, post.Media, 1)
	var polled int
	for _, x := range r.server.Exchanges() {
		if strings.HasPrefix(x.Path, "/api/v1/media/") {
			polled++
		}
	}
	assert.Equal(t, 3, polled)
	assert.Equal(t, 1, r.server.Count("Le film"))
}

func TestWaitingForFilmEndsWithContext(t *testing.T) {
	t.Parallel()
	r := newRig(t, mastodontest.Options{Processing: 1000})
	ctx, cancel := context.WithCancel(r.ctx())
	r.server.Faults.Inject(apitest.Fault{Kind: apitest.Slow, Match: func(q *http.Request) bool {
		if strings.HasPrefix(q.URL.Path, "/api/v1/media/") {
			cancel()
		}
		return false
	}})
	_, err := publish.To(ctx, r.acme, publish.Draft{Text: "Le film", Media: []parvis.Media{parvis.FromBytes("four.mp4", film)}})
	require.ErrorIs(t, err, parvis.ErrUnavailable)
	require.ErrorIs(t, err, context.Canceled)
	assert.Zero(t, r.server.Count("Le film"))
}

// TestUploadFailsBeforeThePost: whatever becomes of a file, the post was not sent.
func TestUploadFailsBeforeThePost(t *testing.T) {
	t.Parallel()
	uploading := func(q *http.Request) bool { return q.URL.Path == "/api/v2/media" }
	for _, kind := range []apitest.Kind{apitest.CutAfter, apitest.ErrorAfter, apitest.Truncated} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			r := newRig(t, mastodontest.Options{})
			r.server.Faults.Inject(apitest.Fault{Kind: kind, Match: uploading, Times: 3})
			_, err := publish.To(r.ctx(), r.acme, publish.Draft{Text: "Avec photo", Media: []parvis.Media{parvis.FromBytes("a.png", picture(t))}})
			require.Error(t, err)
			require.NotErrorIs(t, err, parvis.ErrUnknownOutcome)
			assert.Zero(t, r.server.Count("Avec photo"))

			_, err = publish.To(r.ctx(), r.acme, publish.Draft{Text: "Avec photo", Media: []parvis.Media{parvis.FromBytes("a.png", picture(t))}})
			require.NoError(t, err)
		})
	}
}

func TestFileThatCannotBeRead(t *testing.T) {
	t.Parallel()
	r := newRig(t, mastodontest.Options{})
	broken := parvis.FromReader("a.png", 100, func(context.Context) (io.ReadCloser, error) {
		return io.NopCloser(io.MultiReader(strings.NewReader("\x89PNG\r\n\x1a\n"), failing{})), nil
	}).WithType("image/png")
	_, err := r.acme.Publish(r.ctx(), publish.Draft{Text: "Cassé", Media: []parvis.Media{broken}})
	require.ErrorIs(t, err, errDisk)
	require.NotErrorIs(t, err, parvis.ErrUnknownOutcome)
	assert.Zero(t, r.server.Count("Cassé"))
}

var errDisk = errors.New("the disk is broken")

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errDisk }

func TestMediaRules(t *testing.T) {
	t.Parallel()
	r := newRig(t, mastodontest.Options{Limits: mastodontest.Limits{ImageBytes: 200, Media: 2, Description: 10}})
	sup, err := publish.SupportOf(r.ctx(), r.acme, parvis.Place{})
	require.NoError(t, err)
	assert.Equal(t, 2, sup.Media.Max)
	png := parvis.FromBytes("a.png", picture(t))
	big := parvis.FromBytes("b.png", append(picture(t), make([]byte, 300)...))
	ps, err := publish.Check(r.ctx(), r.acme, publish.Draft{Text: "x", Media: []parvis.Media{png.WithAlt("beaucoup trop long"), png, big}})
	require.NoError(t, err)
	var rules []string
	for _, p := range ps {
		rules = append(rules, p.Field+" "+p.Rule)
	}
	assert.ElementsMatch(t, []string{"media count", "media[0].alt length", "media[2] size"}, rules)
	_, err = publish.To(r.ctx(), r.acme, publish.Draft{Text: "x", Media: []parvis.Media{parvis.FromBytes("v.mp4", film), png}})
	require.ErrorIs(t, err, parvis.ErrInvalid, "a video goes alone")

	pixel := newRig(t, mastodontest.Options{Flavour: mastodontest.Pixelfed})
	_, err = publish.To(pixel.ctx(), pixel.acme, publish.Draft{Text: "sans photo"})
	require.ErrorIs(t, err, parvis.ErrInvalid)
	question := pixel.ref(parvis.KindPost, pixel.server.Say(pixel.ana, "Une question ?", ""))
	_, err = publish.To(pixel.ctx(), pixel.acme, publish.Draft{Text: "Une réponse, sans photo", ReplyTo: question})
	require.NoError(t, err)
}

func TestEdit(t *testing.T) {
	t.Parallel()
	for _, f := range []mastodontest.Flavour{mastodontest.Mastodon, mastodontest.GoToSocial, mastodontest.Pleroma, mastodontest.Friendica} {
		t.Run(string(f), func(t *testing.T) {
			t.Parallel()
			r := newRig(t, mastodontest.Options{Flavour: f})
			ctx := r.ctx()
			d := publish.Draft{Text: "Avant", Visibility: publish.Unlisted, Media: []parvis.Media{parvis.FromBytes("a.png", picture(t)).WithAlt("avant")}}
			post, err := publish.To(ctx, r.acme, d)
			require.NoError(t, err)
			d.Text, d.Warning = "Après", "attention"
			d.Media = []parvis.Media{post.Media[0].WithAlt("après"), parvis.FromBytes("b.png", picture(t))}
			after, err := publish.Edit(ctx, r.acme, post.Ref, d)
			require.NoError(t, err)
			assert.Equal(t, post.Ref, after.Ref)
			assert.Equal(t, "Après", after.Text.Plain)
			require.Len(t, after.Media, 2)
			assert.Equal(t, "après", after.Media[0].Alt)
			assert.False(t, after.Edited.IsZero())
			d.Media = nil
			after, err = publish.Edit(ctx, r.acme, post.Ref, d)
			require.NoError(t, err)
			assert.Empty(t, after.Media)

			d.Visibility = publish.Public
			_, err = publish.Edit(ctx, r.acme, post.Ref, d)
			require.ErrorIs(t, err, errors.ErrUnsupported)
			_, err = publish.Edit(ctx, r.acme, post.Ref, publish.Draft{Text: "x", ReplyTo: post.Ref})
			require.ErrorIs(t, err, errors.ErrUnsupported)
		})
	}
	pixel := newRig(t, mastodontest.Options{Flavour: mastodontest.Pixelfed})
	post, err := publish.To(pixel.ctx(), pixel.acme, draft(t, mastodontest.Pixelfed, "fixe"))
	require.NoError(t, err)
	_, err = publish.Edit(pixel.ctx(), pixel.acme, post.Ref, draft(t, mastodontest.Pixelfed, "autre"))
	require.ErrorIs(t, err, errors.ErrUnsupported)
}
