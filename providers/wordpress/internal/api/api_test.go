package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTimes(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]time.Time{
		`"2026-11-21T21:15:48"`:       time.Date(2026, 11, 21, 21, 15, 48, 0, time.UTC),
		`"2026-11-21T21:15:48+00:00"`: time.Date(2026, 11, 21, 21, 15, 48, 0, time.UTC),
		`"2026-11-21T22:15:48+01:00"`: time.Date(2026, 11, 21, 21, 15, 48, 0, time.UTC),
		`null`:                        {}, `""`: {}, `false`: {}, `"0000-00-00T00:00:00"`: {},
	} {
		var got Time
		require.NoError(t, json.Unmarshal([]byte(in), &got), in)
		assert.True(t, want.Equal(got.Time), in)
	}
	var got Time
	require.Error(t, json.Unmarshal([]byte(`"yesterday"`), &got))
	assert.Equal(t, "2026-11-21T21:15:48", FormatTime(time.Date(2026, 11, 21, 22, 15, 48, 0, time.FixedZone("", 3600))))
}

func TestWhatPHPMakesOfEmptyObjects(t *testing.T) {
	t.Parallel()
	var u User
	require.NoError(t, json.Unmarshal([]byte(`{"id":1,"capabilities":[],"avatar_urls":false}`), &u))
	assert.Empty(t, u.Capabilities)
	assert.Empty(t, u.Avatars)
	require.NoError(t, json.Unmarshal([]byte(`{"capabilities":{"a":true,"b":false,"c":1,"d":0,"e":"1","f":"","g":"0","h":null},"avatar_urls":{"96":"x","24":false}}`), &u))
	assert.Equal(t, Caps{"a": true, "b": false, "c": true, "d": false, "e": true, "f": false, "g": false}, u.Capabilities)
	assert.Equal(t, Names{"96": "x"}, u.Avatars)
	var r Rendered
	require.NoError(t, json.Unmarshal([]byte(`"plain"`), &r))
	assert.Equal(t, "plain", r.Rendered)
	require.NoError(t, json.Unmarshal([]byte(`{"raw":"a","rendered":"b"}`), &r))
	assert.Equal(t, Rendered{"a", "b"}, r)
	for _, bad := range []string{`{"capabilities":{`, `{"avatar_urls":{`} {
		require.Error(t, json.Unmarshal([]byte(bad), &u))
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	f, ok := ParseFault([]byte(`{"code":"term_exists","message":"x","data":{"status":400,"term_id":7}}`))
	assert.True(t, ok)
	assert.Equal(t, 7, f.Data.TermID)
	for _, body := range []string{`{"code":"a","message":"b","data":[]}`, `{"code":"a","message":"b","data":null}`, `{"code":"a","message":"b","data":"text"}`} {
		f, ok = ParseFault([]byte(body))
		assert.True(t, ok, body)
		assert.Equal(t, "a", f.Code)
		assert.Equal(t, "b", f.Message)
	}
	for _, body := range []string{``, `[]`, `<html>`, `{"error":"x"}`, `{"code":7}`, `"code"`} {
		_, ok = ParseFault([]byte(body))
		assert.False(t, ok, body)
	}
}

func TestCommentKnowsItsPostsType(t *testing.T) {
	t.Parallel()
	var c Comment
	assert.Equal(t, "post", c.PostType())
	require.NoError(t, json.Unmarshal([]byte(`{"_links":{"up":[{"post_type":"page","href":"x"}]}}`), &c))
	assert.Equal(t, "page", c.PostType())
}

func TestLinkHeaders(t *testing.T) {
	t.Parallel()
	const want = "https://blog.example/wp-json/"
	for _, h := range [][]string{
		{`<https://blog.example/wp-json/>; rel="https://api.w.org/"`},
		{`<https://blog.example/wp-json/>; rel=https://api.w.org/`},
		{`<https://blog.example/?p=1>; rel=shortlink, <https://blog.example/wp-json/>; title="a"; rel="https://api.w.org/"`},
		{`<https://blog.example/?p=1>; rel=shortlink`, `<https://blog.example/wp-json/>; Rel="https://api.w.org/"`},
	} {
		assert.Equal(t, want, linkToAPI(h), h)
	}
	for _, h := range [][]string{nil, {""}, {"x"}, {`https://blog.example/; rel="https://api.w.org/"`}, {`<x>; rel="other"`}, {`<x>`}} {
		assert.Empty(t, linkToAPI(h), h)
	}
}

func FuzzLinkHeader(f *testing.F) {
	f.Add(`<https://blog.example/wp-json/>; rel="https://api.w.org/"`)
	f.Add(`>;<,rel=`)
	f.Fuzz(func(t *testing.T, h string) {
		link := linkToAPI([]string{h})
		assert.NotContains(t, link, ">")
		hostOf(link)
	})
}

func TestRoots(t *testing.T) {
	t.Parallel()
	site, err := url.Parse("https://blog.example/fr")
	require.NoError(t, err)
	k := Call{Method: "GET", Route: "/wp/v2/posts", Query: url.Values{"page": {"2"}}}
	for in, want := range map[string][2]string{
		"https://blog.example/fr/wp-json/":               {"/fr/wp-json/wp/v2/posts", "page=2"},
		"https://blog.example/fr/wp-json":                {"/fr/wp-json/wp/v2/posts", "page=2"},
		"https://blog.example/fr/index.php?rest_route=/": {"/fr/index.php", "page=2&rest_route=%2Fwp%2Fv2%2Fposts"},
		"https://blog.example?rest_route=/":              {"/", "page=2&rest_route=%2Fwp%2Fv2%2Fposts"},
	} {
		r, ok := parseRoot(site, in)
		require.True(t, ok, in)
		req := r.request(k)
		assert.Equal(t, want, [2]string{req.Path, req.Query.Encode()}, in)
		assert.Equal(t, "GET /wp/v2/posts", req.Endpoint)
	}
	assert.Equal(t, url.Values{"page": {"2"}}, k.Query, "a call can be made again")
	for _, in := range []string{"http://blog.example/wp-json/", "https://other.example/wp-json/", "/wp-json/", "https://blog.example:8443/", "::"} {
		_, ok := parseRoot(site, in)
		assert.False(t, ok, in)
	}
	assert.Equal(t, "https://a.example", hostOf("https://a.example/b/c"))
}

func TestLazyAsksOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := NewLazy[int]()
		var asked atomic.Int32
		ask := func(context.Context) (int, error) {
			<-time.After(time.Second) // in the bubble's time
			return int(asked.Add(1)), nil
		}
		var callers sync.WaitGroup
		for range 5 {
			callers.Go(func() {
				v, err := l.Get(t.Context(), ask)
				assert.NoError(t, err)
				assert.Equal(t, 1, v)
			})
		}
		synctest.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := l.Get(ctx, ask)
		assert.ErrorIs(t, err, context.Canceled, "whoever waits may give up")
		callers.Wait()
		v, ok := l.Peek()
		assert.True(t, ok)
		assert.Equal(t, 1, v)
		l.Forget()
		_, ok = l.Peek()
		assert.False(t, ok)
		v, err = l.Get(t.Context(), ask)
		assert.NoError(t, err)
		assert.Equal(t, 2, v)
		l.Set(9)
		v, _ = l.Peek()
		assert.Equal(t, 9, v)
	})
}

func TestLazyForgetsFailures(t *testing.T) {
	t.Parallel()
	l := NewLazy[int]()
	bad := errors.New("no")
	_, err := l.Get(t.Context(), func(context.Context) (int, error) { return 1, bad })
	require.ErrorIs(t, err, bad)
	v, err := l.Get(t.Context(), func(context.Context) (int, error) { return 2, nil })
	require.NoError(t, err)
	assert.Equal(t, 2, v)
}

func TestThePageThatMakesPasswords(t *testing.T) {
	t.Parallel()
	var ix Index
	require.NoError(t, json.Unmarshal([]byte(`{"authentication":{"application-passwords":{"endpoints":{"authorization":"https://a.example/wp-admin/authorize-application.php"}}}}`), &ix))
	assert.Equal(t, PasswordPage("https://a.example/wp-admin/authorize-application.php"), ix.Authorize)
	for _, none := range []string{`{"authentication":[]}`, `{"authentication":{}}`, `{"authentication":null}`, `{"authentication":{"application-passwords":7}}`, `{}`} {
		ix = Index{Authorize: "x"}
		if none == `{}` {
			ix.Authorize = ""
		}
		require.NoError(t, json.Unmarshal([]byte(none), &ix))
		assert.Empty(t, ix.Authorize, none)
	}
}
