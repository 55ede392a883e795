package blueskytest_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	blueskytest "github.com/parvis-go/parvis/internal/apitest/bluesky"
)

type obj = map[string]any

// client calls a server with a token.
type client struct {
	t     testing.TB
	s     *blueskytest.Server
	token string
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   obj
}

// name is the error's name, "" if it is none.
func (a answer) name() string { n, _ := a.body["error"].(string); return n }

func (a answer) text(field string) string { v, _ := a.body[field].(string); return v }

func (a answer) list(field string) []any { v, _ := a.body[field].([]any); return v }

func (c client) do(r *http.Request) answer {
	c.t.Helper()
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	resp, err := http.DefaultClient.Do(r)
	require.NoError(c.t, err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	require.NoError(c.t, err)
	a := answer{status: resp.StatusCode, header: resp.Header}
	if len(b) > 0 {
		require.NoError(c.t, json.Unmarshal(b, &a.body))
	}
	return a
}

func (c client) get(call string) answer {
	c.t.Helper()
	r, err := http.NewRequestWithContext(c.t.Context(), http.MethodGet, c.s.URL+"/xrpc/"+call, http.NoBody)
	require.NoError(c.t, err)
	return c.do(r)
}

// post sends JSON; nil sends nothing.
func (c client) post(nsid string, body any) answer {
	c.t.Helper()
	b := []byte{}
	if body != nil {
		var err error
		b, err = json.Marshal(body)
		require.NoError(c.t, err)
	}
	r, err := http.NewRequestWithContext(c.t.Context(), http.MethodPost, c.s.URL+"/xrpc/"+nsid, bytes.NewReader(b))
	require.NoError(c.t, err)
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	return c.do(r)
}

// upload sends a file.
func (c client) upload(nsid, kind, body string) answer {
	c.t.Helper()
	r, err := http.NewRequestWithContext(c.t.Context(), http.MethodPost, c.s.URL+"/xrpc/"+nsid, strings.NewReader(body))
	require.NoError(c.t, err)
	r.Header.Set("Content-Type", kind)
	return c.do(r)
}

func (c client) as(token string) client { c.token = token; return c }

// say posts a text as u.
func (c client) say(u *blueskytest.User, words string) answer {
	c.t.Helper()
	return c.post("com.atproto.repo.createRecord", obj{"repo": u.DID, "collection": "app.bsky.feed.post", "record": obj{
		"$type": "app.bsky.feed.post", "text": words, "createdAt": "2026-01-01T00:00:00.000Z",
	}})
}

// town is a server with ana, as whom the client calls, and ben.
func town(t testing.TB, o blueskytest.Options) (s *blueskytest.Server, ana, ben *blueskytest.User, c client) {
	t.Helper()
	s = blueskytest.New(t, o)
	ana, ben = s.AddUser("ana"), s.AddUser("ben")
	return s, ana, ben, client{t, s, ana.Access}
}
