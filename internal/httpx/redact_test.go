package httpx_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/httpx"
)

func TestRedact(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in      string
		secrets []string
		want    string
	}{
		{"", nil, ""},
		{"nothing to hide: status 404", nil, "nothing to hide: status 404"},
		{"hello s3same, bye", []string{"s3same"}, "hello [redacted], bye"},
		{"abc", []string{"abc", ""}, "abc"},
		{"x=a%2Fb%26c+d", []string{"a/b&c d"}, "x=[redacted]"},
		{`{"p":"a\"bcd"}`, []string{`a"bcd`}, `{"p":"[redacted]"}`},
		{"longlonger", []string{"long", "longlonger"}, "[redacted]"},
		{"GET /x?access_token=abc&limit=5", nil, "GET /x?access_token=[redacted]&limit=5"},
		{"?client_secret=a&key=b&sig=c&password=d", nil, "?client_secret=[redacted]&key=[redacted]&sig=[redacted]&password=[redacted]"},
		{"?code=4/0AbCdEf", nil, "?code=[redacted]"},
		{"exit code=404", nil, "exit code=404"},
		{"Authorization: Bearer abcdefghijk", nil, "Authorization: [redacted]"},
		{"sent bearer abcdefghijk there", nil, "sent bearer [redacted] there"},
		{"https://user:pa55@host/x", nil, "https://[redacted]@host/x"},
		{"https://host/@user/1", nil, "https://host/@user/1"},
		{"/bot123456:ABCdefGHIjklMNOpqr/sendMessage", nil, "/bot[redacted]/sendMessage"},
		{`{"access_token":"abc","scope":"write"}`, nil, `{"access_token":"[redacted]","scope":"write"}`},
		{`{"code":"rest_forbidden","message":"Sorry"}`, nil, `{"code":"rest_forbidden","message":"Sorry"}`},
		{"invalid_token: the token expired", nil, "invalid_token: the token expired"},
		{"keywords=parvis", nil, "keywords=parvis"},
	} {
		assert.Equal(t, c.want, httpx.Redact(c.in, c.secrets...))
		assert.Equal(t, c.want, httpx.Redact(httpx.Redact(c.in, c.secrets...), c.secrets...), "once is enough")
	}
}

func FuzzRedact(f *testing.F) {
	f.Add("a token=x Bearer y https://u:p@h", "s3cret")
	f.Add(`{"password":"\u00e9\""}`, `é"`)
	f.Fuzz(func(t *testing.T, s, secret string) {
		got := httpx.Redact(s, secret)
		if len(secret) >= 4 && !strings.Contains("[redacted]", secret) && !strings.Contains(secret, "redacted") &&
			!strings.ContainsAny(secret, "[]") && strings.Contains(got, secret) && strings.Contains(s, secret) && !around(s, secret) {
			t.Fatalf("%q is left in %q", secret, got)
		}
	})
}

// around reports whether a cut of secret out of s could make a new one.
func around(s, secret string) bool {
	return strings.Contains(strings.ReplaceAll(s, secret, "[redacted]"), secret)
}

// The secrets of the leak test, each of which goes a different way.
var leaks = map[string]string{
	"Authorization": "hdr-AAAAsesame", "cookie": "cki-BBBBsesame", "query of the call": "qry-CCCC/se+same",
	"query of Auth": "sig-DDDDsesame", "form": "frm-EEEE sesame", "JSON": `jsn-"FFFF"sesame`,
	"userinfo": "usr-GGGGsesame", "configured": "cfg-HHHHsesame", "path": "1234567:IIIIsesameIIIIsesame",
	"own header": "own-JJJJsesame",
}

// leakClient returns a client that carries all secrets in all places.
func leakClient(t *testing.T, base string, log io.Writer, wire http.RoundTripper) *httpx.Client {
	t.Helper()
	u, err := url.Parse(base)
	require.NoError(t, err)
	u.User = url.UserPassword("desk", leaks["userinfo"])
	c, err := httpx.New(httpx.Config{
		Base: u.String(), Client: &http.Client{Transport: wire}, Retry: httpx.RetryPolicy{MinWait: 1, MaxWait: 2},
		Limiter: &openLimiter{}, Timeout: 300 * time.Millisecond, MaxBody: 4096,
		Logger:  slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Secrets: httpx.StaticSecrets(leaks["configured"], leaks["path"]),
		Auth: func(_ context.Context, r *http.Request) error {
			r.Header.Set("Authorization", "Bearer "+leaks["Authorization"])
			r.Header.Set("Cookie", "session="+leaks["cookie"])
			r.URL.RawQuery += "&signature=" + leaks["query of Auth"]
			return nil
		},
	})
	require.NoError(t, err)
	return c
}

func leakRequests() []httpx.Request {
	path := "/bot" + leaks["path"] + "/send"
	query := url.Values{"access_token": {leaks["query of the call"]}, "limit": {"5"}}
	header := http.Header{"X-Api-Key": {leaks["own header"]}}
	return []httpx.Request{
		{Path: path, Query: query, Header: header},
		{Method: "POST", Path: path, Query: query, Header: header, Body: httpx.Form(url.Values{"password": {leaks["form"]}})},
		{
			Method: "PUT", Path: path, Query: query, Header: header, Safe: true,
			Body: httpx.JSON(map[string]any{"auth": []any{map[string]string{"refresh_token": leaks["JSON"]}}}),
		},
	}
}

// echo writes back all that it got: bare first, since a vendor's text is cut, and then
// in several notations.
func echo(w io.Writer, r *http.Request) {
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
	}
	form, _ := url.ParseQuery(string(body))
	bare := []string{
		leaks["userinfo"], leaks["configured"], strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "),
		r.Header.Get("X-Api-Key"), form.Get("password"), r.URL.Query().Get("access_token"), r.URL.Query().Get("signature"),
	}
	if strings.Contains(string(body), "refresh_token") {
		bare = append(bare, leaks["JSON"])
	}
	fmt.Fprintf(w, "<%s>\x00 ", strings.Join(bare, "> <"))
	fmt.Fprintf(w, "%s %s %v %v %q %s %v\n", r.URL.Path, r.URL.RawQuery, r.URL.Query(), r.Header, r.Header, body, form)
	fmt.Fprint(w, base64.StdEncoding.EncodeToString([]byte("desk:"+leaks["userinfo"])))
}

func TestNoSecretInErrorsOrLogs(t *testing.T) {
	t.Parallel()
	failures := map[string]http.HandlerFunc{
		"hang up": hangUp,
		"redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://other.example"+r.URL.RequestURI(), 301)
		},
		"relative": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.RequestURI(), 302) },
		"bad redirect": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", "ht tp://%zz?"+r.URL.RawQuery)
			w.WriteHeader(302)
		},
		"truncated": func(w http.ResponseWriter, r *http.Request) { w.Header().Set("Content-Length", "9999"); echo(w, r) },
		"too large": func(w http.ResponseWriter, r *http.Request) { echo(w, r); _, _ = w.Write(make([]byte, 5000)) },
		"silent":    func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body); <-r.Context().Done() },
		"no HTTP": func(w http.ResponseWriter, r *http.Request) {
			var b bytes.Buffer
			echo(&b, r)
			conn, _, err := http.NewResponseController(w).Hijack()
			if err == nil {
				_, _ = conn.Write(b.Bytes())
				_ = conn.Close()
			}
		},
	}
	for _, status := range []int{200, 400, 401, 403, 404, 422, 429, 500, 503} {
		failures[http.StatusText(status)] = func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Request-Id", r.Header.Get("Authorization"))
			w.Header().Set("Retry-After", "9000")
			w.WriteHeader(status)
			echo(w, r)
		}
	}
	dead := serve(t, func(http.ResponseWriter, *http.Request) {})
	for name, handler := range failures {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log lockedBuffer
			client := leakClient(t, serve(t, handler), &log, &http.Transport{})
			for _, r := range leakRequests() {
				_, err := client.JSON(t.Context(), r, new(struct{}))
				checkLeaks(t, err)
			}
			checkText(t, log.String())
			assert.Contains(t, log.String(), "access_token=")
		})
	}
	t.Run("wire", func(t *testing.T) {
		t.Parallel()
		var log lockedBuffer
		client := leakClient(t, dead, &log, wireFunc(func(r *http.Request) (*http.Response, error) {
			var b bytes.Buffer
			echo(&b, r)
			return nil, errors.New(b.String())
		}))
		for _, r := range leakRequests() {
			_, err := client.Stream(t.Context(), r)
			checkLeaks(t, err)
		}
		checkText(t, log.String())
	})
	t.Run("auth", func(t *testing.T) {
		t.Parallel()
		client := newClient(t, dead, func(c *httpx.Config) {
			c.Secrets = httpx.StaticSecrets(leaks["configured"])
			c.Auth = func(context.Context, *http.Request) error {
				return fmt.Errorf("refresh: %w", &url.Error{Op: "Post", URL: "https://h/t?refresh_token=" + leaks["form"], Err: errors.New(leaks["configured"])})
			}
		})
		_, err := client.Do(t.Context(), readCall)
		require.ErrorIs(t, err, parvis.ErrUnavailable)
		assert.NotContains(t, err.Error(), leaks["configured"])
	})
}

func TestNoSecretInRefusedRequests(t *testing.T) {
	t.Parallel()
	var log lockedBuffer
	client := leakClient(t, "https://host.example", &log, nil)
	for _, r := range leakRequests() {
		r.Path += "/../x"
		_, err := client.Do(t.Context(), r)
		checkLeaks(t, err)
	}
	_, err := httpx.New(httpx.Config{Base: "ftp://desk:" + leaks["userinfo"] + "@host.example"})
	checkLeaks(t, err)
}

// checkLeaks looks at every way in which an error, and what it wraps, can be printed.
func checkLeaks(t *testing.T, err error) {
	t.Helper()
	require.Error(t, err)
	for pending := []error{err}; len(pending) > 0; {
		e := pending[0]
		pending = pending[1:]
		for _, verb := range []string{"%v", "%+v", "%#v", "%q", "%s"} {
			checkText(t, fmt.Sprintf(verb, e))
		}
		switch u := e.(type) {
		case interface{ Unwrap() []error }:
			pending = append(pending, u.Unwrap()...)
		case interface{ Unwrap() error }:
			pending = append(pending, u.Unwrap())
		}
	}
}

func checkText(t *testing.T, text string) {
	t.Helper()
	for where, secret := range leaks {
		for _, form := range []string{secret, url.QueryEscape(secret), url.PathEscape(secret)} {
			if strings.Contains(text, form) {
				t.Errorf("the secret of the %s is in %s", where, text)
			}
		}
	}
	if strings.Contains(text, "sesame") {
		t.Errorf("a part of a secret is in %s", text)
	}
}

// lockedBuffer is a buffer for several goroutines.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
