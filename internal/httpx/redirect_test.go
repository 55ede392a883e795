package httpx_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/httpx"
)

// withCredentials gives every kind of credential that a call can carry.
func withCredentials(c *httpx.Config) {
	c.Auth = func(_ context.Context, r *http.Request) error {
		r.Header.Set("Authorization", "Bearer sesame-open")
		q := r.URL.Query()
		q.Set("access_token", "sesame-query")
		r.URL.RawQuery = q.Encode()
		return nil
	}
}

func TestRedirectsNeverReachAnotherHost(t *testing.T) {
	t.Parallel()
	for _, status := range []int{301, 302, 303, 307, 308} {
		for _, r := range []httpx.Request{readCall, unsafeCall, safeCall, bareCall} {
			var reached atomic.Int32
			other := serve(t, func(_ http.ResponseWriter, _ *http.Request) { reached.Add(1) })
			var calls atomic.Int32
			base := serve(t, func(w http.ResponseWriter, r *http.Request) {
				calls.Add(1)
				http.Redirect(w, r, other+"/stolen?"+r.URL.RawQuery, status)
			})
			_, err := newClient(t, base, withCredentials).Do(t.Context(), r)
			require.ErrorIs(t, err, parvis.ErrInvalid, "%d %s", status, r.Method)
			e := asError(t, err)
			assert.Contains(t, e.Message, strings.TrimPrefix(other, "http://"))
			assert.Contains(t, e.Help, "configure the new address")
			assert.Equal(t, status, e.Status)
			assert.Zero(t, reached.Load(), "another host was called")
			assert.Equal(t, int32(1), calls.Load(), "not tried again")
			assert.NotContains(t, err.Error(), "sesame")
		}
	}
}

func TestRedirectToAnotherScheme(t *testing.T) {
	t.Parallel()
	client := newClient(t, "http://host.example", onWire(func(r *http.Request) (*http.Response, error) {
		assert.Equal(t, "http", r.URL.Scheme)
		return answer(r, 301, "", "Location", "https://host.example/x"), nil
	}))
	_, err := client.Do(t.Context(), readCall)
	require.ErrorIs(t, err, parvis.ErrInvalid)
	assert.Contains(t, err.Error(), "https://host.example")
}

func TestRedirectsOnTheSameHost(t *testing.T) {
	t.Parallel()
	const followed parvis.Code = ""
	for _, c := range []struct {
		name   string
		status int
		r      httpx.Request
		want   parvis.Code
	}{
		{"301 of a read", 301, readCall, followed},
		{"302 of a read", 302, readCall, followed},
		{"303 of a read", 303, readCall, followed},
		{"307 of a read", 307, readCall, followed},
		{"308 of a read", 308, readCall, followed},
		{"301 of a mutation", 301, unsafeCall, parvis.ErrInvalid},
		{"302 of a mutation", 302, unsafeCall, parvis.ErrUnknownOutcome},
		{"303 of a mutation", 303, unsafeCall, parvis.ErrUnknownOutcome},
		{"301 of a safe mutation", 301, safeCall, parvis.ErrInvalid},
		{"307 of a mutation", 307, unsafeCall, followed},
		{"308 of a mutation", 308, unsafeCall, followed},
		{"308 without a body", 308, bareCall, followed},
		{"307 of a streamed body", 307, httpx.Request{Method: "POST", Path: "/x", Body: httpx.Raw("text/plain", 1,
			func(context.Context) (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("1")), nil })}, followed},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var seen []string
			base := serve(t, func(w http.ResponseWriter, r *http.Request) {
				b, _ := io.ReadAll(r.Body)
				seen = append(seen, r.Method+" "+r.URL.Path+" "+string(b))
				if r.URL.Path == "/x" {
					http.Redirect(w, r, "/y", c.status)
					return
				}
				assert.Equal(t, "Bearer sesame-open", r.Header.Get("Authorization"), "credentials are set at every hop")
				assert.Empty(t, r.Referer(), "the query of the first address goes nowhere")
			})
			_, err := newClient(t, base, withCredentials).Do(t.Context(), c.r)
			first := seen[0]
			if c.want != followed {
				require.ErrorIs(t, err, c.want)
				assert.Len(t, seen, 1)
				return
			}
			require.NoError(t, err)
			require.Len(t, seen, 2)
			assert.Equal(t, strings.Replace(first, "/x", "/y", 1), seen[1], "the same call again")
		})
	}
}

func TestRedirectsInACircle(t *testing.T) {
	t.Parallel()
	var n atomic.Int32
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		n.Add(1)
		http.Redirect(w, r, "/again", http.StatusFound)
	})
	_, err := newClient(t, base).Do(t.Context(), readCall)
	require.ErrorIs(t, err, parvis.ErrInvalid)
	assert.Equal(t, int32(6), n.Load(), "the call and five redirects")
}

func TestRedirectWithoutALocation(t *testing.T) {
	t.Parallel()
	for _, r := range []httpx.Request{readCall, unsafeCall} {
		base := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusFound) })
		_, err := newClient(t, base).Do(t.Context(), r)
		require.ErrorIs(t, err, parvis.ErrInvalid)
		assert.Contains(t, err.Error(), "302")
	}
}

func TestRetryAfterARedirectSendsTheSameQueries(t *testing.T) {
	t.Parallel()
	var seen []string
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		seen = append(seen, r.URL.RequestURI())
		if r.URL.Path == "/x" {
			http.Redirect(w, r, "/y?page=2", http.StatusFound)
			return
		}
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	client := newClient(t, base, func(c *httpx.Config) {
		c.Retry.Max = 2
		c.Auth = func(_ context.Context, r *http.Request) error { r.URL.RawQuery += "&k=1"; return nil }
	})
	_, err := client.Do(t.Context(), httpx.Request{Path: "/x", Query: url.Values{"q": {"a"}}})
	require.ErrorIs(t, err, parvis.ErrUnavailable)
	assert.Equal(t, []string{"/x?q=a&k=1", "/y?page=2&k=1", "/x?q=a&k=1", "/y?page=2&k=1"}, seen)
}

func TestRedirectBodyIsNotKept(t *testing.T) {
	t.Parallel()
	opened := 0
	body := httpx.Raw("text/plain", 3, func(context.Context) (io.ReadCloser, error) {
		opened++
		return io.NopCloser(bytes.NewReader([]byte("abc"))), nil
	})
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if r.URL.Path == "/x" {
			http.Redirect(w, r, "/y", http.StatusPermanentRedirect)
		}
	})
	_, err := newClient(t, base).Do(t.Context(), httpx.Request{Method: "PUT", Path: "/x", Body: body})
	require.NoError(t, err)
	assert.Equal(t, 2, opened, "once for each hop")
}
