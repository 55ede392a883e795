package httpx_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/httpx"
)

func TestPaths(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ base, path, want string }{
		{"https://h.example", "", "https://h.example"},
		{"https://h.example", "/", "https://h.example/"},
		{"https://h.example", "a/b", "https://h.example/a/b"},
		{"https://h.example/p/", "/a", "https://h.example/p/a"},
		{"https://h.example/p%2Fq", "/a", "https://h.example/p%2Fq/a"},
		{"https://h.example/p", "/a%2Fb/%C3%A9", "https://h.example/p/a%2Fb/%C3%A9"},
		{"https://h.example/p", "/é", "https://h.example/p/%C3%A9"},
		{"https://h.example", "/a?x=1", "https://h.example/a?x=1"},
		{"https://h.example", "/xrpc/app.bsky.feed.getTimeline", "https://h.example/xrpc/app.bsky.feed.getTimeline"},
		{"https://h.example", "/.well-known/nodeinfo", "https://h.example/.well-known/nodeinfo"},
		{"https://h.example", "/rooms/!a:b.example/...", "https://h.example/rooms/%21a:b.example/..."},
		{"https://h.example/p", "https://h.example/p/a?max_id=3", "https://h.example/p/a?max_id=3"},
		{"https://h.example/p", "https://H.example:443/p/a", "https://h.example/p/a"},
	} {
		t.Run(c.path, func(t *testing.T) {
			t.Parallel()
			var got string
			client := newClient(t, c.base, onWire(func(r *http.Request) (*http.Response, error) {
				got = r.URL.Scheme + "://" + r.URL.Host + r.URL.RequestURI()
				if r.URL.Path == "" {
					got = r.URL.String()
				}
				return answer(r, 200, "{}"), nil
			}))
			_, err := client.Do(t.Context(), httpx.Request{Path: c.path})
			require.NoError(t, err)
			want, _ := url.Parse(c.want)
			have, _ := url.Parse(got)
			assert.Equal(t, want.Path, have.Path)
			assert.Equal(t, want.RawQuery, have.RawQuery)
			assert.Equal(t, want.Host, have.Host)
			if want.RawPath != "" {
				assert.Equal(t, want.EscapedPath(), have.EscapedPath())
			}
		})
	}
}

func TestPathsThatAreRefused(t *testing.T) {
	t.Parallel()
	client := newClient(t, "https://h.example/p", onWire(func(r *http.Request) (*http.Response, error) {
		t.Error("sent", r.URL)
		return answer(r, 200, "{}"), nil
	}))
	for _, path := range []string{
		"/a/../b", "/..", "../x", "/./a", "/a/%2e%2e/b", "/a/%2E%2e", "/a/..%2f..", "/a b", "/a\nb", "/a\x00", "/a#b", "/a?b=c d", "/a?b\r\nHost: evil", "/a?b#c", `/a\b`, "/%zz",
		"https://evil.example/p", "http://h.example/p/a", "https://h.example:444/", "https://h.example@evil.example/",
		"https://h.example/p/../admin",
	} {
		_, err := client.Do(t.Context(), httpx.Request{Path: path})
		require.ErrorIs(t, err, parvis.ErrInvalid, path)
	}
}

// FuzzPath: whatever a path holds, the request stays on the host and below its prefix.
func FuzzPath(f *testing.F) {
	for _, s := range []string{"/a", "a?b#c", "?\x05", "//evil.example/x", "/..", "/%2e%2e/", "https://h.example/p/x", "https://evil.example"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, path string) {
		client := newClient(t, "https://h.example/p", func(c *httpx.Config) { c.Limiter = &openLimiter{} },
			onWire(func(r *http.Request) (*http.Response, error) {
				assert.Equal(t, "h.example", r.URL.Host)
				assert.Equal(t, "https", r.URL.Scheme)
				again, err := url.Parse(r.URL.String())
				assert.NoError(t, err)
				assert.Equal(t, "h.example", again.Host)
				assert.NotContains(t, again.Path+"/", "/../")
				return answer(r, 200, "{}"), nil
			}))
		_, err := client.Do(t.Context(), httpx.Request{Path: path})
		if err != nil {
			assert.ErrorIs(t, err, parvis.ErrInvalid)
		}
	})
}

func TestHeadHasNoBodyWhateverItsLength(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1234")
	}))
	defer srv.Close()
	a, err := newClient(t, srv.URL).Do(t.Context(), httpx.Request{Method: "HEAD", Path: "/x"})
	require.NoError(t, err)
	assert.Empty(t, a.Body)
	assert.Equal(t, "1234", a.Header.Get("Content-Length"))
}
