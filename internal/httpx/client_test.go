package httpx_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/httpx"
)

func TestNewRefusesBadConfigurations(t *testing.T) {
	t.Parallel()
	for name, cfg := range map[string]httpx.Config{
		"empty":             {},
		"no host":           {Base: "https://"},
		"relative":          {Base: "/api"},
		"other scheme":      {Base: "ftp://host.example"},
		"query":             {Base: "https://host.example/?a=1"},
		"fragment":          {Base: "https://host.example/#a"},
		"not a URL":         {Base: "https://host.example:port"},
		"negative timeout":  {Base: "https://host.example", Timeout: -1},
		"negative size":     {Base: "https://host.example", MaxBody: -1},
		"negative idle":     {Base: "https://host.example", UploadIdle: -1},
		"negative tries":    {Base: "https://host.example", Retry: httpx.RetryPolicy{Max: -1}},
		"negative min wait": {Base: "https://host.example", Retry: httpx.RetryPolicy{MinWait: -1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := httpx.New(cfg)
			require.ErrorIs(t, err, parvis.ErrInvalid)
			assert.NotEmpty(t, asError(t, err).Help)
		})
	}
}

func TestDoSendsWhatWasAskedFor(t *testing.T) {
	t.Parallel()
	var got *http.Request
	var body []byte
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		got = r
		body, _ = io.ReadAll(r.Body)
		w.Header().Set("X-Answer", "yes")
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, `{"id":"7"}`)
	})
	hc := &http.Client{Transport: &http.Transport{}}
	c := newClient(t, base+"/prefix/", func(c *httpx.Config) {
		c.Client, c.UserAgent = hc, "desk/1.0"
		c.Auth = func(_ context.Context, r *http.Request) error {
			r.Header.Set("Authorization", "Bearer sesame-open")
			return nil
		}
	})
	var out struct{ ID string }
	resp, err := c.JSON(t.Context(), httpx.Request{
		Method: "POST", Path: "/api/v1/x?a=1", Query: url.Values{"b": {"2 3"}},
		Header: http.Header{"idempotency-key": {"k1"}}, Body: httpx.JSON(map[string]string{"status": "é"}),
	}, &out)
	require.NoError(t, err)
	assert.Equal(t, "7", out.ID)
	assert.Equal(t, http.StatusCreated, resp.Status)
	assert.Equal(t, "yes", resp.Header.Get("X-Answer"))
	assert.JSONEq(t, `{"id":"7"}`, string(resp.Body))
	assert.Equal(t, base+"/prefix/api/v1/x?a=1&b=2+3", resp.URL.String())

	assert.Equal(t, "/prefix/api/v1/x?a=1&b=2+3", got.RequestURI)
	assert.Equal(t, "desk/1.0", got.UserAgent())
	assert.Equal(t, "application/json", got.Header.Get("Accept"))
	assert.Equal(t, "application/json", got.Header.Get("Content-Type"))
	assert.Equal(t, "k1", got.Header.Get("Idempotency-Key"))
	assert.Equal(t, "Bearer sesame-open", got.Header.Get("Authorization"))
	assert.Equal(t, int64(len(body)), got.ContentLength)
	assert.JSONEq(t, `{"status":"é"}`, string(body))

	assert.Nil(t, hc.CheckRedirect, "the injected client is not changed")
	assert.IsType(t, &http.Transport{}, hc.Transport)
}

func TestDoDefaults(t *testing.T) {
	t.Parallel()
	l := &openLimiter{}
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "GET", r.Method)
		assert.Equal(t, "parvis", r.UserAgent())
		assert.Empty(t, r.Header.Get("Content-Type"))
	})
	c := newClient(t, base, func(c *httpx.Config) { c.Limiter = l })
	_, err := c.Do(t.Context(), httpx.Request{Path: "things/9?x=1", Cost: 4})
	require.NoError(t, err)
	want := parvis.Call{Network: "testnet", Host: strings.TrimPrefix(base, "http://"), Account: "testnet:acme", Endpoint: "GET things/9", Cost: 4}
	assert.Equal(t, []parvis.Call{want}, l.waits)
}

func TestAccountMayChange(t *testing.T) {
	t.Parallel()
	l := &openLimiter{}
	base := serve(t, func(http.ResponseWriter, *http.Request) {})
	account := parvis.Account{Network: "testnet"}
	c := newClient(t, base, func(c *httpx.Config) {
		c.Limiter, c.Account = l, func() parvis.Account { return account }
	})
	for _, handle := range []string{"", "acme", "acme"} {
		account.Handle = handle
		_, err := c.Do(t.Context(), httpx.Request{Path: "/"})
		require.NoError(t, err)
	}
	require.Len(t, l.waits, 3)
	assert.Equal(t, "testnet", l.waits[0].Account)
	assert.Equal(t, "testnet:acme", l.waits[1].Account)
	assert.Equal(t, "testnet:acme", l.waits[2].Account)
}

func TestJSONLeavesOutAloneWithoutContent(t *testing.T) {
	t.Parallel()
	for _, status := range []int{202, 204, 205, 304} {
		base := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
		out := "untouched"
		resp, err := newClient(t, base).JSON(t.Context(), httpx.Request{Path: "/"}, &out)
		require.NoError(t, err, status)
		assert.Equal(t, status, resp.Status)
		assert.Equal(t, "untouched", out)
	}
}

func TestJSONWithoutOutAcceptsAnything(t *testing.T) {
	t.Parallel()
	base := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") })
	resp, err := newClient(t, base).JSON(t.Context(), httpx.Request{Method: "DELETE", Path: "/"}, nil)
	require.NoError(t, err)
	assert.Equal(t, "ok", string(resp.Body))
}

func TestBodyThatCannotBeEncoded(t *testing.T) {
	t.Parallel()
	c := newClient(t, "https://host.example", onWire(func(*http.Request) (*http.Response, error) {
		t.Error("the network was touched")
		return nil, io.EOF
	}))
	_, err := c.Do(t.Context(), httpx.Request{Method: "POST", Path: "/", Op: "publish", Body: httpx.JSON(make(chan int))})
	e := asError(t, err)
	assert.Equal(t, parvis.ErrInvalid, e.Code)
	assert.Equal(t, "publish", e.Op)
}

func TestAuthIsAskedAtEveryTryAndFailsTheCall(t *testing.T) {
	t.Parallel()
	var queries, tokens []string
	tries := 0
	c := newClient(t, "https://host.example", func(c *httpx.Config) {
		c.Auth = func(_ context.Context, r *http.Request) error {
			tries++
			r.Header.Set("Authorization", "Bearer "+string(rune('0'+tries)))
			r.URL.RawQuery += "&sig=" + string(rune('0'+tries))
			return nil
		}
	}, onWire(func(r *http.Request) (*http.Response, error) {
		queries, tokens = append(queries, r.URL.RawQuery), append(tokens, r.Header.Get("Authorization"))
		return answer(r, 503, ""), nil
	}))
	_, err := c.Do(t.Context(), httpx.Request{Path: "/", Query: url.Values{"q": {"x"}}})
	require.ErrorIs(t, err, parvis.ErrUnavailable)
	assert.Equal(t, []string{"q=x&sig=1", "q=x&sig=2", "q=x&sig=3"}, queries)
	assert.Equal(t, []string{"Bearer 1", "Bearer 2", "Bearer 3"}, tokens)

	for code, want := range map[parvis.Code]int{parvis.ErrAuth: 1, parvis.ErrUnavailable: 3} {
		asked := 0
		c = newClient(t, "https://host.example", func(c *httpx.Config) {
			c.Auth = func(context.Context, *http.Request) error {
				asked++
				return &parvis.Error{Op: "token", Code: code, Message: "no token"}
			}
		}, onWire(func(*http.Request) (*http.Response, error) {
			t.Error("sent without credentials")
			return nil, io.EOF
		}))
		_, err = c.Do(t.Context(), httpx.Request{Method: "POST", Path: "/"})
		require.ErrorIs(t, err, code)
		assert.Equal(t, want, asked, code)
	}
}

func TestAuthCannotChangeTheHost(t *testing.T) {
	t.Parallel()
	c := newClient(t, "https://host.example", func(c *httpx.Config) {
		c.Auth = func(_ context.Context, r *http.Request) error { r.URL.Host = "evil.example"; return nil }
	}, onWire(func(*http.Request) (*http.Response, error) {
		t.Error("sent to another host")
		return nil, io.EOF
	}))
	_, err := c.Do(t.Context(), httpx.Request{Path: "/"})
	require.ErrorIs(t, err, parvis.ErrInvalid)
}

func TestClientIsSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		_, _ = w.Write(b)
	})
	c := newClient(t, base, func(c *httpx.Config) {
		c.Auth = func(_ context.Context, r *http.Request) error { r.Header.Set("Authorization", "Bearer x"); return nil }
	})
	var wg sync.WaitGroup
	for i := range 32 {
		wg.Go(func() {
			var out int
			_, err := c.JSON(context.Background(), httpx.Request{Method: "POST", Path: "/n", Body: httpx.JSON(i)}, &out)
			assert.NoError(t, err)
			assert.Equal(t, i, out)
		})
	}
	wg.Wait()
}

func TestStream(t *testing.T) {
	t.Parallel()
	next := make(chan string)
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/no" {
			w.WriteHeader(http.StatusForbidden)
			_ = json.NewEncoder(w).Encode(map[string]string{"error": "scope"})
			return
		}
		w.WriteHeader(http.StatusOK)
		_ = http.NewResponseController(w).Flush()
		for s := range next {
			_, _ = io.WriteString(w, s)
			_ = http.NewResponseController(w).Flush()
		}
	})
	c := newClient(t, base, func(c *httpx.Config) { c.MaxBody = 3 })
	resp, err := c.Stream(t.Context(), httpx.Request{Path: "/events"})
	require.NoError(t, err)
	buf := make([]byte, 9)
	for _, s := range []string{"event one", "event two"} {
		next <- s
		_, err = io.ReadFull(resp.Body, buf)
		require.NoError(t, err)
		assert.Equal(t, s, string(buf), "MaxBody does not bind streams")
	}
	close(next)
	_, err = resp.Body.Read(buf)
	require.ErrorIs(t, err, io.EOF)
	require.NoError(t, resp.Body.Close())

	_, err = c.Stream(t.Context(), httpx.Request{Path: "/no"})
	require.ErrorIs(t, err, parvis.ErrPermission)
}
