package bluesky

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers"
	"github.com/parvis-go/parvis/providers/bluesky/internal/api"
	"github.com/parvis-go/parvis/publish"
)

const videoBlob = `{"$type":"blob","ref":{"$link":"bafkreihd53q4xefktrje2eugzyp2gkejrdnw432yzz4w73wnm3jj65omfi"},"mimeType":"video/mp4","size":24}`

// A studio is a PDS and a video service as https://docs.bsky.app/docs/tutorials/video has
// them: the service takes tokens that the PDS made for the right audience and method only,
// and MP4 only, processes in steps, and knows a video again.
type studio struct {
	t          testing.TB
	mu         sync.Mutex
	limits     string // its answer to getUploadLimits; empty is an account without limits
	limitsCode int
	job        []string // what getJobStatus says, the last again and again
	known      bool     // the video is known already
	bare       bool     // jobs come as they are, and not in the field jobStatus
	post       []byte   // the record that was created
	calls      map[string]int
}

func (s *studio) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		b, err := io.ReadAll(r.Body)
		_ = r.Body.Close()
		if err != nil {
			return nil, err
		}
		body = b
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	method := strings.TrimPrefix(r.URL.Path, "/xrpc/")
	s.calls[method]++
	status := http.StatusOK
	var answer string
	switch r.URL.Host + " " + method {
	case "pds.example com.atproto.server.describeServer":
		answer = `{"did":"did:web:pds.example"}`
	case "pds.example com.atproto.server.getServiceAuth":
		token, _ := json.Marshal("parvis-secret-" + r.URL.RawQuery)
		answer = `{"token":` + string(token) + `}`
	case "pds.example com.atproto.repo.createRecord":
		s.post, answer = body, string(golden(s.t, "created.json"))
	case "video.example app.bsky.video.getUploadLimits":
		status, answer = s.limitsCode, s.limits
		if !s.allowed(r, "aud=did%3Aweb%3Avideo.example", "lxm=app.bsky.video.getUploadLimits") {
			status, answer = http.StatusUnauthorized, `{"error":"BadJwt"}`
		}
	case "video.example app.bsky.video.uploadVideo":
		status, answer = s.upload(r, body)
	case "video.example app.bsky.video.getJobStatus":
		assert.Equal(s.t, "job-1", r.URL.Query().Get("jobId"))
		state := s.job[0]
		if len(s.job) > 1 {
			s.job = s.job[1:]
		}
		answer = s.wrap(`{"jobId":"job-1","did":"` + acmeDID + `",` + state + `}`)
	default:
		return nil, errors.New("no such host or method: " + r.URL.Host + " " + method)
	}
	if status == 0 {
		status = http.StatusOK
	}
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(answer)), ContentLength: int64(len(answer)), Request: r}, nil
}

// allowed checks the token of a call against what it was made for.
func (s *studio) allowed(r *http.Request, wants ...string) bool {
	made := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer parvis-secret-")
	for _, want := range wants {
		if !strings.Contains(made, want) {
			return false
		}
	}
	_, exp, found := strings.Cut(made, "exp=")
	exp, _, _ = strings.Cut(exp, "&")
	if n, err := strconv.ParseInt(exp, 10, 64); found && (err != nil || time.Until(time.Unix(n, 0)).Round(time.Minute) != 30*time.Minute) {
		return false
	}
	return true
}

func (s *studio) upload(r *http.Request, body []byte) (int, string) {
	switch q := r.URL.Query(); {
	case !s.allowed(r, "aud=did%3Aweb%3Apds.example", "lxm=com.atproto.repo.uploadBlob", "exp="):
		return http.StatusUnauthorized, `{"error":"BadJwt"}`
	case q.Get("did") != acmeDID || q.Get("name") == "":
		return http.StatusBadRequest, `{"error":"InvalidRequest"}`
	case r.Header.Get("Content-Type") != "video/mp4" || r.ContentLength != int64(len(body)):
		return http.StatusBadRequest, `{"error":"InvalidMimeType"}`
	case s.known:
		return http.StatusConflict, `{"error":"already_exists","message":"Video already processed","jobId":"job-1","state":"JOB_STATE_COMPLETED"}`
	}
	return http.StatusOK, s.wrap(`{"jobId":"job-1","did":"` + acmeDID + `","state":"JOB_STATE_CREATED"}`)
}

func (s *studio) wrap(job string) string {
	if s.bare {
		return job
	}
	return `{"jobStatus":` + job + `}`
}

func newStudio(t testing.TB, s *studio) *Client {
	t.Helper()
	s.t, s.calls = t, map[string]int{}
	if s.limits == "" {
		s.limits = `{"canUpload":true,"remainingDailyVideos":25,"remainingDailyBytes":10000000}`
	}
	base, _ := newWired(t, nil)
	c, err := New(base.cfg, &providers.Options{HTTPClient: &http.Client{Transport: s}, Limiter: free{}, Retry: providers.Retry{MinWait: time.Millisecond}})
	require.NoError(t, err)
	return c
}

func film() parvis.Media {
	b := append([]byte("\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom"), bytes.Repeat([]byte{0}, 100)...)
	return parvis.FromBytes("a.mp4", b).WithAlt("Un film")
}

// TestVideo sends a video, waits until it is processed, and posts it then.
func TestVideo(t *testing.T) {
	t.Parallel()
	done := `"state":"JOB_STATE_COMPLETED","blob":` + videoBlob
	going := `"state":"JOB_STATE_ENCODING","progress":50`
	for name, c := range map[string]struct {
		studio *studio
		code   error
		asked  int
	}{
		"at once":            {&studio{job: []string{done}}, nil, 1},
		"in steps":           {&studio{job: []string{going, `"state":"JOB_STATE_SOMETHING_NEW"`, going, done}}, nil, 4},
		"bare jobs":          {&studio{job: []string{going, done}, bare: true}, nil, 2},
		"known already":      {&studio{job: []string{done}, known: true}, nil, 1},
		"it fails":           {&studio{job: []string{going, `"state":"JOB_STATE_FAILED","failureCode":"encoding_failure"`}}, parvis.ErrRejected, 2},
		"it is not stored":   {&studio{job: []string{`"state":"JOB_STATE_FAILED","failureCode":"pds_upload_failure"`}}, parvis.ErrUnavailable, 1},
		"too large to store": {&studio{job: []string{`"state":"JOB_STATE_FAILED","failureCode":"pds_upload_unsupported_blob_size"`}}, parvis.ErrInvalid, 1},
		"it never ends":      {&studio{job: []string{going}}, parvis.ErrUnavailable, 137},
		"mail not confirmed": {&studio{limits: `{"canUpload":false,"message":"User must verify email"}`}, parvis.ErrPermission, 0},
		"all used up":        {&studio{limits: `{"canUpload":false,"remainingDailyVideos":0}`}, parvis.ErrRateLimited, 0},
		"too many bytes":     {&studio{limits: `{"canUpload":true,"remainingDailyBytes":10}`}, parvis.ErrRateLimited, 0},
		"no such service":    {&studio{limits: `{"error":"MethodNotImplemented"}`, limitsCode: 501}, parvis.ErrUnsupported, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := c.studio
				p := newStudio(t, s)
				var last publish.Progress
				ctx := publish.WithProgress(t.Context(), func(pr publish.Progress) { last = pr })
				_, err := p.Publish(ctx, publish.Draft{Text: "voir", Key: "3l6oveex3ii2l", Media: []parvis.Media{film()}})
				assert.InDelta(t, c.asked, s.calls["app.bsky.video.getJobStatus"], float64(c.asked)/10)
				if c.code != nil {
					require.ErrorIs(t, err, c.code)
					assert.Nil(t, s.post, "no post without its video")
					assert.NotContains(t, err.Error(), "parvis-secret-")
					return
				}
				require.NoError(t, err)
				assert.Equal(t, int64(124), last.Sent)
				var sent struct{ Record struct{ Embed api.Video } }
				require.NoError(t, json.Unmarshal(s.post, &sent))
				var blob api.Blob
				require.NoError(t, json.Unmarshal([]byte(videoBlob), &blob))
				assert.Equal(t, api.Video{Type: "app.bsky.embed.video", Video: blob, Alt: "Un film"}, sent.Record.Embed)
			})
		})
	}
}

// TestVideoSupport: the service is asked once as long as it is there, and each minute
// while it is not.
func TestVideoSupport(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &studio{limits: `{"error":"MethodNotImplemented"}`, limitsCode: 501}
		c := newStudio(t, s)
		takes := func() bool {
			sup, err := publish.SupportOf(t.Context(), c, parvis.Place{})
			require.NoError(t, err)
			return len(sup.Media.Rules) == len(imageTypes)+1
		}
		asked := func() int {
			s.mu.Lock()
			defer s.mu.Unlock()
			return s.calls["app.bsky.video.getUploadLimits"]
		}
		assert.False(t, takes())
		assert.False(t, takes())
		assert.Equal(t, 1, asked())
		s.limits, s.limitsCode = `{"canUpload":true}`, 200
		time.Sleep(time.Minute + time.Second)
		assert.True(t, takes())
		s.limits, s.limitsCode = `{"canUpload":false}`, 200
		time.Sleep(59 * time.Minute)
		assert.True(t, takes())
		assert.Equal(t, 2, asked())
		time.Sleep(2 * time.Minute)
		assert.True(t, takes(), "why an account may not send videos is told when it tries")
		assert.Equal(t, 3, asked())
	})
}

// TestVideoOfUnknownLength is measured first: the service wants to know.
func TestVideoOfUnknownLength(t *testing.T) {
	t.Parallel()
	s := &studio{job: []string{`"state":"JOB_STATE_COMPLETED","blob":` + videoBlob}}
	c := newStudio(t, s)
	known := film()
	var opened atomic.Int32
	_, err := c.Publish(t.Context(), publish.Draft{Media: []parvis.Media{parvis.FromReader("a.mp4", 0, func(ctx context.Context) (io.ReadCloser, error) {
		opened.Add(1)
		return known.Open(ctx)
	})}})
	require.NoError(t, err)
	assert.Equal(t, int32(3), opened.Load(), "looked at, measured, sent")
	_, err = c.Publish(t.Context(), publish.Draft{Media: []parvis.Media{parvis.FromReader("a.mp4", maxVideoBytes+1, known.Open)}})
	require.ErrorIs(t, err, parvis.ErrInvalid)
}

func TestVideoGoesAlone(t *testing.T) {
	t.Parallel()
	c := newStudio(t, &studio{})
	img := parvis.FromBytes("a.png", pngOf(t))
	for _, media := range [][]parvis.Media{{film(), img}, {img, film()}, {film().WithType("video/quicktime")}} {
		_, err := c.Publish(t.Context(), publish.Draft{Media: media})
		require.ErrorIs(t, err, parvis.ErrInvalid)
	}
}
