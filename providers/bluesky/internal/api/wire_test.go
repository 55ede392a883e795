package api

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/httpx"
)

// wire answers requests without a network, and keeps what it was asked.
type wire struct {
	mu     sync.Mutex
	asked  []*http.Request
	bodies []string
	answer func(*http.Request) *http.Response
}

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	body := ""
	if r.Body != nil {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		body = string(b)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked, w.bodies = append(w.asked, r), append(w.bodies, body)
	resp := w.answer(r)
	resp.Request = r
	return resp, nil
}

func reply(status int, body string, header ...string) *http.Response {
	h := http.Header{"Content-Type": {"application/json"}}
	for i := 0; i < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body))}
}

// source gives tokens and renews them.
type source struct {
	mu      sync.Mutex
	token   parvis.Token
	next    []parvis.Token
	err     error
	renewed int
}

func (s *source) Token(context.Context) (parvis.Token, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.token, nil
}

func (s *source) Renew(_ context.Context, refused parvis.Token) (parvis.Token, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.renewed++
	if s.err != nil {
		return parvis.Token{}, s.err
	}
	if refused.Value == s.token.Value {
		s.token, s.next = s.next[0], s.next[1:]
	}
	return s.token, nil
}

// plain is a source that cannot renew.
type plain struct{ token parvis.Token }

func (p plain) Token(context.Context) (parvis.Token, error) { return p.token, nil }

func client(t testing.TB, w *wire, tokens parvis.TokenSource, server string) *Client {
	t.Helper()
	c, err := New(httpx.Config{Client: &http.Client{Transport: w}, Retry: httpx.RetryPolicy{Max: 1}}, NewSession(tokens, server))
	require.NoError(t, err)
	return c
}
