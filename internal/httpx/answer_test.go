package httpx_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/httpx"
)

func capped(n int64) func(*httpx.Config) { return func(c *httpx.Config) { c.MaxBody = n } }

func TestAnswerIsCapped(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name               string
		size               int
		announce, tooLarge bool
	}{
		{"just fits, announced", 1000, true, false},
		{"just fits, chunked", 1000, false, false},
		{"one too many, announced", 1001, true, true},
		{"one too many, chunked", 1001, false, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var calls atomic.Int32
			base := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				calls.Add(1)
				if c.announce {
					w.Header().Set("Content-Length", strconv.Itoa(c.size))
				} else {
					_ = http.NewResponseController(w).Flush()
				}
				_, _ = w.Write(bytes.Repeat([]byte("x"), c.size))
			})
			for _, k := range []struct {
				r    httpx.Request
				want parvis.Code
			}{{readCall, parvis.ErrBadAnswer}, {unsafeCall, parvis.ErrUnknownOutcome}, {safeCall, parvis.ErrUnknownOutcome}} {
				calls.Store(0)
				resp, err := newClient(t, base, capped(1000)).Do(t.Context(), k.r)
				assert.Equal(t, int32(1), calls.Load(), "a size does not change by asking again")
				if !c.tooLarge {
					require.NoError(t, err)
					assert.Len(t, resp.Body, c.size)
					continue
				}
				require.ErrorIs(t, err, k.want)
				assert.Contains(t, err.Error(), "1000 bytes")
			}
		})
	}
}

func TestGzipBomb(t *testing.T) {
	t.Parallel()
	var bomb bytes.Buffer
	z, _ := gzip.NewWriterLevel(&bomb, gzip.BestCompression)
	_, _ = io.Copy(z, io.LimitReader(&zeros{1 << 40}, 16<<20))
	_ = z.Close()
	require.Less(t, bomb.Len(), 32<<10)
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "gzip", r.Header.Get("Accept-Encoding"))
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(bomb.Bytes())
	})
	_, err := newClient(t, base, capped(1<<20)).Do(t.Context(), readCall)
	require.ErrorIs(t, err, parvis.ErrBadAnswer)
	assert.Contains(t, err.Error(), "1048576 bytes")
}

func TestGzipIsDecompressed(t *testing.T) {
	t.Parallel()
	base := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		_, _ = io.WriteString(z, `{"id":"1"}`)
		_ = z.Close()
	})
	var out struct{ ID string }
	_, err := newClient(t, base).JSON(t.Context(), readCall, &out)
	require.NoError(t, err)
	assert.Equal(t, "1", out.ID)
}

// counting counts what is read of an endless body.
type counting struct {
	io.Reader
	n atomic.Int64
}

func (c *counting) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n.Add(int64(n))
	return n, err
}

func (*counting) Close() error { return nil }

func TestHugeAnswerIsNotRead(t *testing.T) {
	t.Parallel()
	const huge = 10 << 30
	for name, c := range map[string]struct {
		length int64
		status int
		most   int64
	}{
		"announced":          {huge, 200, 0},
		"not announced":      {-1, 200, 1<<20 + 1},
		"error, announced":   {huge, 500, 1<<20 + 1},
		"error, unannounced": {-1, 404, 1<<20 + 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body := &counting{Reader: &zeros{huge}}
			client := newClient(t, "https://host.example", capped(1<<20), func(c *httpx.Config) { c.Retry.Max = 1 },
				onWire(func(r *http.Request) (*http.Response, error) {
					return &http.Response{StatusCode: c.status, Header: http.Header{}, Body: body, ContentLength: c.length, Request: r}, nil
				}))
			_, err := client.Do(t.Context(), readCall)
			require.Error(t, err)
			assert.LessOrEqual(t, body.n.Load(), c.most)
		})
	}
}

func TestAnswersThatAreNotJSON(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"empty": "", "text": "ok", "cut": `{"id":`, "two": `{"id":"1"}{"id":"2"}`, "other type": `{"id":[1]}`, "array": `[]`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var calls atomic.Int32
			base := serve(t, func(w http.ResponseWriter, _ *http.Request) { calls.Add(1); _, _ = io.WriteString(w, body) })
			client := newClient(t, base)
			var out struct{ ID string }
			resp, err := client.JSON(t.Context(), readCall, &out)
			require.ErrorIs(t, err, parvis.ErrBadAnswer)
			assert.Equal(t, http.StatusOK, asError(t, err).Status)
			assert.Equal(t, body, string(resp.Body), "the answer comes with the error")
			assert.Equal(t, int32(1), calls.Load())
			_, err = client.JSON(t.Context(), unsafeCall, &out)
			require.ErrorIs(t, err, parvis.ErrUnknownOutcome)
		})
	}
}

func TestWebPageWhereJSONWasDue(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status   int
		read     parvis.Code
		mutation parvis.Code
	}{
		{200, parvis.ErrBadAnswer, parvis.ErrUnknownOutcome},
		{400, parvis.ErrUnavailable, parvis.ErrUnavailable},
		{401, parvis.ErrAuth, parvis.ErrAuth},
		{403, parvis.ErrUnavailable, parvis.ErrUnavailable},
		{404, parvis.ErrNotFound, parvis.ErrNotFound},
		{413, parvis.ErrInvalid, parvis.ErrInvalid},
		{502, parvis.ErrUnavailable, parvis.ErrUnknownOutcome},
	} {
		base := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			w.WriteHeader(c.status)
			_, _ = io.WriteString(w, "<html><body>Attention required</body></html>")
		})
		client := newClient(t, base)
		for r, want := range map[*httpx.Request]parvis.Code{&readCall: c.read, &unsafeCall: c.mutation} {
			_, err := client.JSON(t.Context(), *r, nil)
			require.ErrorIs(t, err, want, "%d %s", c.status, r.Method)
			assert.NotContains(t, err.Error(), "<html>", "a page is no vendor's code")
		}
	}
	page := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html></html>") })
	resp, err := newClient(t, page).Do(t.Context(), readCall)
	require.NoError(t, err, "Do takes any kind of answer")
	assert.Equal(t, "<html></html>", string(resp.Body))
}

func TestConnectionsAreReused(t *testing.T) {
	t.Parallel()
	remotes := map[string]bool{}
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		remotes[r.RemoteAddr] = true
		switch r.URL.Path {
		case "/known":
			_, _ = io.WriteString(w, "{}")
		case "/chunked":
			_, _ = io.WriteString(w, strings.Repeat(" ", 9000)+"{}")
		case "/error":
			w.WriteHeader(http.StatusNotFound)
		}
	})
	client := newClient(t, base)
	for range 3 {
		for _, path := range []string{"/known", "/chunked", "/error", "/none"} {
			_, _ = client.Do(t.Context(), httpx.Request{Path: path})
		}
	}
	assert.Len(t, remotes, 1)
}
