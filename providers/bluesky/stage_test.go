package bluesky

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/sending"
	"github.com/parvis-go/parvis/providers"
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

const (
	blobLost = `{"error":"BlobNotFound","message":"Could not find blob: bafkreigccu7xpyiqq76la6fohbjh7kb354uxshrxadrqzsd75rcaljtnb4"}`
	oldWords = `{"error":"InvalidRequest","message":"Could not find blob: bafkreigccu7xpyiqq76la6fohbjh7kb354uxshrxadrqzsd75rcaljtnb4"}`
	sendFilm = "app.bsky.video.uploadVideo"
	askJob   = "app.bsky.video.getJobStatus"
)

// pausedAfter is ctx under a fence that lets n requests pass.
func pausedAfter(ctx context.Context, n int) context.Context {
	return sending.WithFence(ctx, func(context.Context) error {
		if n--; n < 0 {
			return &parvis.Error{Code: parvis.ErrPermission, Message: "the client is paused"}
		}
		return nil
	})
}

func TestAnAttemptGoesOnFromItsPictures(t *testing.T) {
	t.Parallel()
	answers := map[string][]answer{create: {{file: "created.json"}}, upload: {{file: "blob.json"}}}
	img := parvis.FromBytes("a.png", pngOf(t))
	d := publish.Draft{Text: "deux", Key: "3l6oveex3ii2l", Media: []parvis.Media{img.WithAlt("Un four"), img}, Sensitive: true}
	kept := shelf{}
	ctx := publish.WithStages(t.Context(), kept)
	c, w := newWired(t, answers)
	_, err := c.Publish(pausedAfter(ctx, 2), d)
	require.ErrorIs(t, err, parvis.ErrPermission)
	assert.Equal(t, 2, w.called(upload))
	assert.Zero(t, w.called(create), "the fence closed before the post")
	require.Len(t, kept, 2)

	c, w = newWired(t, answers)
	_, err = c.Publish(ctx, d)
	require.NoError(t, err)
	assert.Zero(t, w.called(upload), "nothing is uploaded twice")
	w.wrote(t, "images.json") // word by word what one attempt sends
}

// TestPicturesThatTheServerRemovedAreSentAnew: what no record refers to does not stay.
func TestPicturesThatTheServerRemovedAreSentAnew(t *testing.T) {
	t.Parallel()
	for _, words := range []string{blobLost, oldWords} {
		img := parvis.FromBytes("a.png", pngOf(t))
		d := publish.Draft{Text: "deux", Key: "3l6oveex3ii2l", Media: []parvis.Media{img.WithAlt("Un four"), img}, Sensitive: true}
		ctx := publish.WithStages(t.Context(), shelf{})
		c, w := newWired(t, map[string][]answer{upload: {{file: "blob.json"}}, create: {{status: 400, body: words}, {file: "created.json"}}})
		_, err := c.Publish(pausedAfter(ctx, 2), d)
		require.Error(t, err)
		_, err = c.Publish(ctx, d)
		require.NoError(t, err)
		assert.Equal(t, 4, w.called(upload))
		assert.Equal(t, 2, w.called(create))
		w.wrote(t, "images.json")
	}
}

// TestAPictureThatNeverStays: the files are sent anew once for one attempt.
func TestAPictureThatNeverStays(t *testing.T) {
	t.Parallel()
	c, w := newWired(t, map[string][]answer{upload: {{file: "blob.json"}}, create: {{status: 400, body: blobLost}}})
	_, err := c.Publish(publish.WithStages(t.Context(), shelf{}), publish.Draft{Media: []parvis.Media{parvis.FromBytes("a.png", pngOf(t))}})
	require.ErrorIs(t, err, parvis.ErrNotFound)
	require.NotErrorIs(t, err, parvis.ErrUnknownOutcome)
	assert.Equal(t, 2, w.called(create))
}

// TestAPauseAfterALostAnswerIsNoRefusal: the first try may yet have made the post.
func TestAPauseAfterALostAnswerIsNoRefusal(t *testing.T) {
	t.Parallel()
	for _, second := range []answer{{status: 500, body: `{"error":"InternalServerError"}`}, {status: 403, body: `{"error":"Forbidden"}`}} {
		answers := func() map[string][]answer {
			return map[string][]answer{create: {{status: 500, body: `{"error":"InternalServerError"}`}, second}, get: {{status: 400, body: missing}}}
		}
		c, w := newWired(t, answers())
		_, err := c.Publish(pausedAfter(t.Context(), 1), publish.Draft{Text: "x", Key: "3l6oveex3ii2l"})
		require.ErrorIs(t, err, parvis.ErrUnknownOutcome)
		assert.Equal(t, 1, w.called(create))
		c, w = newWired(t, answers())
		_, err = c.Publish(t.Context(), publish.Draft{Text: "x", Key: "3l6oveex3ii2l"})
		require.ErrorIs(t, err, parvis.ErrUnknownOutcome)
		assert.Equal(t, 2, w.called(create))
	}
}

var (
	filmDone  = `"state":"JOB_STATE_COMPLETED","blob":` + videoBlob
	filmGoing = `"state":"JOB_STATE_ENCODING","progress":50`
)

func TestAnAttemptWaitsOnForItsFilm(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &studio{job: []string{filmGoing}}
		c := newStudio(t, s)
		kept := shelf{}
		ctx := publish.WithStages(t.Context(), kept)
		d := publish.Draft{Text: "voir", Key: "3l6oveex3ii2l", Media: []parvis.Media{film()}}
		short, cancel := context.WithTimeout(ctx, 2*time.Second)
		defer cancel()
		_, err := c.Publish(short, d)
		require.ErrorIs(t, err, parvis.ErrUnavailable)
		require.Contains(t, kept, publish.MediaStage(d, 0)+"/job")

		s.job = []string{filmGoing, filmDone}
		_, err = c.Publish(pausedAfter(ctx, 0), d)
		require.ErrorIs(t, err, parvis.ErrPermission, "only the post itself is left to be sent")
		require.Contains(t, kept, publish.MediaStage(d, 0))
		asked := s.calls[askJob]

		_, err = c.Publish(ctx, d)
		require.NoError(t, err)
		assert.Equal(t, 1, s.calls[sendFilm])
		assert.Equal(t, asked, s.calls[askJob], "the film is there")
		assert.Contains(t, string(s.post), "bafkreihd53q4xefktrje2eugzyp2gkejrdnw432yzz4w73wnm3jj65omfi")
	})
}

// TestAFilmThatFailedIsSentAnew: a job that has failed is not waited for again, whether
// this attempt sees that or the next.
func TestAFilmThatFailedIsSentAnew(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		failed := `"state":"JOB_STATE_FAILED","failureCode":"pds_upload_failure"`
		s := &studio{job: []string{failed}}
		c := newStudio(t, s)
		kept := shelf{}
		ctx := publish.WithStages(t.Context(), kept)
		d := publish.Draft{Text: "voir", Key: "3l6oveex3ii2l", Media: []parvis.Media{film()}}
		_, err := c.Publish(ctx, d)
		require.ErrorIs(t, err, parvis.ErrUnavailable)
		assert.Empty(t, kept)

		kept[publish.MediaStage(d, 0)+"/job"] = json.RawMessage(`"job-1"`)
		s.job = []string{failed, filmDone}
		_, err = c.Publish(ctx, d)
		require.NoError(t, err)
		assert.Equal(t, 2, s.calls[sendFilm])
	})
}

// forgetful is a video service that knows nothing of the job "job-0".
type forgetful struct{ *studio }

func (f forgetful) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Query().Get("jobId") == "job-0" {
		body := `{"error":"InvalidRequest","message":"unknown job"}`
		return &http.Response{StatusCode: http.StatusBadRequest, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
	}
	return f.studio.RoundTrip(r)
}

func TestAFilmWhoseJobIsForgottenIsSentAnew(t *testing.T) {
	t.Parallel()
	s := &studio{job: []string{filmDone}}
	base := newStudio(t, s)
	c, err := New(base.cfg, &providers.Options{HTTPClient: &http.Client{Transport: forgetful{s}}, Limiter: free{}})
	require.NoError(t, err)
	d := publish.Draft{Text: "voir", Key: "3l6oveex3ii2l", Media: []parvis.Media{film()}}
	kept := shelf{publish.MediaStage(d, 0) + "/job": json.RawMessage(`"job-0"`)}
	_, err = c.Publish(publish.WithStages(t.Context(), kept), d)
	require.NoError(t, err)
	assert.Equal(t, 1, s.calls[sendFilm])
	assert.JSONEq(t, `"job-1"`, string(kept[publish.MediaStage(d, 0)+"/job"]))
}

// TestRenewingTheSessionIsNotFenced: a new token harms nobody.
func TestRenewingTheSessionIsNotFenced(t *testing.T) {
	t.Parallel()
	asked := 0
	c, _ := newWired(t, map[string][]answer{create: {{file: "created.json"}}}, func(cfg *Config) {
		cfg.Tokens = asking{cfg.Tokens, func(ctx context.Context) {
			asked++
			assert.NoError(t, sending.Fence(ctx))
		}}
	})
	_, err := c.Publish(pausedAfter(t.Context(), 0), publish.Draft{Text: "x"})
	require.ErrorIs(t, err, parvis.ErrPermission)
	assert.Positive(t, asked)
}

// asking is a source that tells when it is asked.
type asking struct {
	parvis.TokenSource
	f func(context.Context)
}

func (a asking) Token(ctx context.Context) (parvis.Token, error) {
	a.f(ctx)
	return a.TokenSource.Token(ctx)
}
