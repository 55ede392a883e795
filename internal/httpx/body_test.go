package httpx_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/httpx"
)

// file is a source that counts how often it is opened and closed.
type file struct {
	data           string
	opened, closed atomic.Int32
	err            error
}

func (f *file) open(context.Context) (io.ReadCloser, error) {
	f.opened.Add(1)
	if f.err != nil {
		return nil, f.err
	}
	return &opened{strings.NewReader(f.data), f}, nil
}

type opened struct {
	io.Reader
	f *file
}

func (o *opened) Close() error { o.f.closed.Add(1); return nil }

func TestBodies(t *testing.T) {
	t.Parallel()
	f := &file{data: "picture"}
	for _, c := range []struct {
		name, kind, want string
		body             httpx.Body
		length           int64
	}{
		{"JSON", "application/json", `{"a":1}`, httpx.JSON(map[string]int{"a": 1}), 7},
		{"form", "application/x-www-form-urlencoded", "a=1&b=x+y", httpx.Form(url.Values{"a": {"1"}, "b": {"x y"}}), 9},
		{"empty form", "application/x-www-form-urlencoded", "", httpx.Form(nil), 0},
		{"raw", "image/png", "picture", httpx.Raw("image/png", 7, f.open), 7},
		{"raw of unknown size", "image/png", "picture", httpx.Raw("image/png", 0, f.open), -1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			base := serve(t, func(_ http.ResponseWriter, r *http.Request) {
				b, _ := io.ReadAll(r.Body)
				assert.Equal(t, c.want, string(b))
				assert.Equal(t, c.kind, r.Header.Get("Content-Type"))
				assert.Equal(t, c.length, r.ContentLength)
			})
			_, err := newClient(t, base).Do(t.Context(), httpx.Request{Method: "POST", Path: "/", Body: c.body})
			require.NoError(t, err)
		})
	}
}

func TestStreamedBodyIsOpenedOncePerTryAndClosed(t *testing.T) {
	t.Parallel()
	f := &file{data: strings.Repeat("x", 1<<20)}
	var tries atomic.Int32
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		n, _ := io.Copy(io.Discard, r.Body)
		assert.Equal(t, int64(1<<20), n)
		if tries.Add(1) < 3 {
			w.WriteHeader(http.StatusBadGateway)
		}
	})
	_, err := newClient(t, base).Do(t.Context(), httpx.Request{
		Method: "PUT", Path: "/", Safe: true,
		Body: httpx.Raw("video/mp4", 1<<20, f.open),
	})
	require.NoError(t, err)
	assert.Equal(t, int32(3), f.opened.Load())
	assert.Equal(t, int32(3), f.closed.Load())
}

func TestBodyIsNotOpenedBeforeItIsNeeded(t *testing.T) {
	t.Parallel()
	f := &file{data: "x"}
	refuse := httpx.NewLimiter(httpx.Options{})
	refuse.Learn(parvis.Call{Account: "testnet:acme", Endpoint: "POST /"}, parvis.Limit{Exceeded: true, Reset: time.Now().Add(time.Hour)})
	client := newClient(t, "https://host.example", func(c *httpx.Config) { c.Limiter = refuse })
	_, err := client.Do(t.Context(), httpx.Request{Method: "POST", Path: "/", Body: httpx.Raw("text/plain", 1, f.open)})
	require.ErrorIs(t, err, parvis.ErrRateLimited)
	assert.Zero(t, f.opened.Load())
}

func TestBodyThatCannotBeRead(t *testing.T) {
	t.Parallel()
	broken := errors.New("the disk is gone")
	midway := func(context.Context) (io.ReadCloser, error) {
		return io.NopCloser(io.MultiReader(strings.NewReader(strings.Repeat("x", 1<<16)), failing{broken})), nil
	}
	missing := &file{err: &parvis.Error{Op: "open media", Code: parvis.ErrInvalid, Message: "no such file"}}
	for _, c := range []struct {
		name string
		body httpx.Body
		want string
	}{
		{"missing", httpx.Raw("image/png", 5, missing.open), "no such file"},
		{"breaks midway", httpx.Raw("image/png", 1<<20, midway), "disk is gone"},
		{"breaks midway, size unknown", httpx.Raw("image/png", 0, midway), "disk is gone"},
		{"shorter than said", httpx.Raw("image/png", 8, (&file{data: "picture"}).open), "shorter"},
		{"longer than said", httpx.Raw("image/png", 6, (&file{data: "picture"}).open), "longer"},
		{"nothing", httpx.Raw("image/png", 6, func(context.Context) (io.ReadCloser, error) { return nil, nil }), "no content"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var complete atomic.Bool
			base := serve(t, func(_ http.ResponseWriter, r *http.Request) {
				if _, err := io.ReadAll(r.Body); err == nil {
					complete.Store(true)
				}
			})
			_, err := newClient(t, base).Do(t.Context(), httpx.Request{Method: "POST", Path: "/", Body: c.body})
			require.ErrorIs(t, err, parvis.ErrInvalid)
			assert.Contains(t, err.Error(), c.want)
			assert.False(t, complete.Load(), "no complete request ever arrived")
		})
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// zeros gives n zero bytes, in reads of any size, without holding them.
type zeros struct{ n int64 }

func (z *zeros) Read(p []byte) (int, error) {
	if z.n == 0 {
		return 0, io.EOF
	}
	n := min(int64(len(p)), z.n)
	z.n -= n
	return int(n), nil
}

func TestUploadsAreNotHeldInMemory(t *testing.T) {
	const size = 256 << 20
	base := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		n, err := io.Copy(io.Discard, r.Body)
		assert.NoError(t, err)
		assert.GreaterOrEqual(t, n, int64(size))
	})
	open := func(context.Context) (io.ReadCloser, error) { return io.NopCloser(&zeros{size}), nil }
	for name, body := range map[string]httpx.Body{
		"raw":       httpx.Raw("video/mp4", size, open),
		"multipart": httpx.Multipart(nil, httpx.File{Field: "f", Name: "v.mp4", Size: size, Open: open}),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := newClient(t, base).Do(t.Context(), httpx.Request{Method: "POST", Path: "/", Body: body})
		require.NoError(t, err)
		runtime.ReadMemStats(&after)
		assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(8<<20), name)
	}
}

// slow gives one byte a second, and then the end, or nothing for ever.
type slow struct {
	left   int
	stalls bool
	stop   chan struct{}
}

func (s *slow) Read(p []byte) (int, error) {
	if s.left == 0 && !s.stalls {
		return 0, io.EOF
	}
	if s.left == 0 {
		<-s.stop
		return 0, io.ErrClosedPipe
	}
	s.left--
	<-time.After(time.Second)
	p[0] = 'x'
	return 1, nil
}

func (s *slow) Close() error {
	select {
	case <-s.stop:
	default:
		close(s.stop)
	}
	return nil
}

func TestUploadMayTakeLongButNotStall(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		bytes int
		said  int64
		want  error
		took  time.Duration
	}{
		{"slow and complete", 600, 600, nil, 600 * time.Second},
		{"stalls", 100, 101, parvis.ErrUnknownOutcome, 160 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				hc, stop := bubble(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) })
				defer stop()
				client := newClient(t, "http://host.example", func(cfg *httpx.Config) { cfg.Client = hc })
				body := httpx.Raw("video/mp4", c.said, func(context.Context) (io.ReadCloser, error) {
					return &slow{left: c.bytes, stalls: c.want != nil, stop: make(chan struct{})}, nil
				})
				began := time.Now()
				_, err := client.Do(t.Context(), httpx.Request{Method: "POST", Path: "/", Body: body})
				if c.want == nil {
					require.NoError(t, err)
				} else {
					require.ErrorIs(t, err, c.want)
					assert.Contains(t, err.Error(), "no progress")
					require.NotErrorIs(t, err, context.Canceled, "the caller cancelled nothing")
				}
				assert.InDelta(t, c.took, time.Since(began), float64(2*time.Second))
			})
		})
	}
}

func TestAnswerToAnUploadIsTimed(t *testing.T) {
	t.Parallel()
	for timeout, want := range map[time.Duration]time.Duration{0: httpx.DefaultUploadIdle, 3 * time.Minute: 3 * time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			hc, stop := bubble(func(_ http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				<-r.Context().Done()
			})
			defer stop()
			client := newClient(t, "http://host.example", func(cfg *httpx.Config) { cfg.Client, cfg.Timeout = hc, timeout })
			began := time.Now()
			_, err := client.Do(t.Context(), httpx.Request{
				Method: "POST", Path: "/",
				Body: httpx.Raw("video/mp4", 3, (&file{data: "abc"}).open),
			})
			require.ErrorIs(t, err, parvis.ErrUnknownOutcome)
			assert.Equal(t, want, time.Since(began))
		})
	}
}

func TestTimeoutOfTheInjectedClientBindsUploads(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hc, stop := bubble(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) })
		defer stop()
		hc.Timeout = 10 * time.Second
		client := newClient(t, "http://host.example", func(cfg *httpx.Config) { cfg.Client = hc })
		began := time.Now()
		_, err := client.Do(t.Context(), httpx.Request{
			Method: "POST", Path: "/",
			Body: httpx.Raw("video/mp4", 600, func(context.Context) (io.ReadCloser, error) {
				return &slow{left: 600, stop: make(chan struct{})}, nil
			}),
		})
		require.ErrorIs(t, err, parvis.ErrUnknownOutcome)
		assert.InDelta(t, 10*time.Second, time.Since(began), float64(time.Second))
	})
}

// net/http sends the header in a write of its own unless it knows that the body is in memory.
func TestMemoryBodyIsOfATypeThatLeavesWithItsHeader(t *testing.T) {
	t.Parallel()
	client := newClient(t, "https://host.example", onWire(func(r *http.Request) (*http.Response, error) {
		assert.IsType(t, io.NopCloser(bytes.NewReader(nil)), r.Body)
		return answer(r, 200, "{}"), nil
	}))
	_, err := client.Do(t.Context(), unsafeCall)
	require.NoError(t, err)
}
