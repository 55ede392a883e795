package main

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEveryPageIsThere(t *testing.T) {
	t.Parallel()
	b := visitDesk(t)
	for _, c := range b.desk.Clients {
		for _, tab := range []string{"compose", "calendar", "calendar/new", "timeline", "moderation", "accounts"} {
			page := b.get("/"+c.Slug+"/"+tab, http.StatusOK)
			assert.Contains(t, page, c.Title)
			assert.Contains(t, page, `aria-current="page"`)
			assert.NotContains(t, page, "ZgotmplZ")
			assert.NotContains(t, page, "<no value>")
			assert.Equal(t, strings.Count(page, "<form"), strings.Count(page, "</form>"))
		}
	}
	b.get("/", http.StatusOK)
	assert.Equal(t, "/acme/compose", b.last.Path)
	for _, path := range []string{"/static/desk.css", "/static/desk.js", "/static/calendar.css", "/static/calendar.js", "/static/icon.svg"} {
		assert.NotEmpty(t, b.get(path, http.StatusOK))
	}
	for _, path := range []string{"/nobody/compose", "/acme/none", "/acme/sent/s99", "/static/none"} {
		b.get(path, http.StatusNotFound)
	}
}

func TestPagesKeepToThemselves(t *testing.T) {
	t.Parallel()
	b := visitDesk(t)
	for _, path := range []string{"/acme/compose", "/static/desk.js", "/nobody/compose"} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, b.url+path, http.NoBody)
		b.handler().ServeHTTP(w, r)
		assert.Contains(t, w.Header().Get("Content-Security-Policy"), "default-src 'self'")
		assert.NotContains(t, w.Header().Get("Content-Security-Policy"), "unsafe")
		assert.Equal(t, "nosniff", w.Header().Get("X-Content-Type-Options"))
	}
	for _, tab := range []string{"compose", "calendar", "calendar/new", "timeline", "moderation", "accounts"} {
		page := b.get("/acme/"+tab, http.StatusOK)
		assert.NotContains(t, page, " style=", "the policy forbids inline styles")
		assert.NotContains(t, page, "<script>")
		assert.NotRegexp(t, `(?:src|<link[^>]*href)="(?:https?:)?//`, page, "nothing is loaded from elsewhere")
	}
}

// handler is the desk's server, without a network between.
func (b *browser) handler() *server {
	u, err := url.Parse(b.url)
	require.NoError(b.t, err)
	s, err := newServer(b.desk, u.Host)
	require.NoError(b.t, err)
	return s
}

func TestForeignHostIsRefused(t *testing.T) {
	t.Parallel()
	b := visitDesk(t)
	h := b.handler()
	_, port, _ := strings.Cut(h.hosts[0], ":")
	for host, status := range map[string]int{
		h.hosts[0]:               http.StatusOK,
		"localhost:" + port:      http.StatusOK,
		"evil.example":           http.StatusMisdirectedRequest,
		"evil.example:" + port:   http.StatusMisdirectedRequest,
		"127.0.0.1":              http.StatusMisdirectedRequest,
		"127.0.0.1:1":            http.StatusMisdirectedRequest,
		"localhost.evil:" + port: http.StatusMisdirectedRequest,
	} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, "/acme/compose", http.NoBody)
		r.Host = host
		h.ServeHTTP(w, r)
		assert.Equal(t, status, w.Code, host)
		if status != http.StatusOK {
			assert.Empty(t, w.Result().Cookies(), "a stranger gets no session")
		}
	}
}

func TestChangesNeedTheSessionsToken(t *testing.T) {
	t.Parallel()
	b := visitDesk(t)
	own := b.csrf
	for _, path := range []string{"check", "publish", "sent/s1/reconcile", "sent/s1/again", "sent/s1/ask", "reply", "act", "undo", "trouble", "clear", "disconnect", "who"} {
		for _, token := range []string{"", "wrong", own + "x"} {
			b.csrf = token
			b.post("/acme/"+path, url.Values{"text": {"hello"}, "to": {"murmure"}, "key": {"k"}}, http.StatusForbidden)
		}
		b.get("/acme/"+path, http.StatusMethodNotAllowed)
	}
	b.csrf = own
	b.fresh()
	b.post("/acme/publish", url.Values{"text": {"hello"}, "to": {"murmure"}, "key": {"k"}}, http.StatusForbidden)
	assert.Zero(t, b.account("acme", murmure).Net.Count("hello"), "nothing was sent")
	assert.Empty(t, b.client("acme").Book.Records(10), "nothing was done")
}

func TestOtherOriginsAreRefused(t *testing.T) {
	t.Parallel()
	b := visitDesk(t)
	for header, value := range map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"} {
		form := url.Values{"csrf": {b.csrf}, "who": {"Jo"}}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.url+"/acme/who", strings.NewReader(form.Encode()))
		require.NoError(t, err)
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set(header, value)
		b.do(req, http.StatusForbidden)
	}
}

func TestTooLargeAndUnreadableForms(t *testing.T) {
	t.Parallel()
	b := visitDesk(t)
	page := b.post("/acme/check", url.Values{"text": {strings.Repeat("x", maxBody+1)}}, http.StatusRequestEntityTooLarge)
	assert.Contains(t, page, "too large")
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.url+"/acme/check", strings.NewReader("--x\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\ncut of"))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "multipart/form-data; boundary=x")
	b.do(req, http.StatusBadRequest)
}

func TestWhoIsAtTheDesk(t *testing.T) {
	t.Parallel()
	b := visitDesk(t)
	assert.Contains(t, b.get("/acme/timeline", http.StatusOK), "<option selected>Claire")
	page := b.post("/acme/who", url.Values{"who": {"Malik"}, "tab": {"timeline"}}, http.StatusOK)
	assert.Equal(t, "/acme/timeline", b.last.Path)
	assert.Contains(t, page, "<option selected>Malik")
	page = b.post("/acme/who", url.Values{"who": {"<b>Eve</b>"}, "tab": {"//evil.example"}}, http.StatusOK)
	assert.Contains(t, page, "<option selected>Malik")
	assert.Equal(t, "/acme/compose", b.last.Path)
}

func TestSessionsAreBoundedAndClosedToScripts(t *testing.T) {
	t.Parallel()
	ss := &sessions{cookie: "desk_1", byID: map[string]*session{}}
	w := httptest.NewRecorder()
	first := ss.of(w, httptest.NewRequest(http.MethodGet, "/", http.NoBody))
	require.Len(t, w.Result().Cookies(), 1)
	c := w.Result().Cookies()[0]
	assert.True(t, c.HttpOnly)
	assert.Equal(t, http.SameSiteStrictMode, c.SameSite)
	assert.NotEqual(t, first.id, first.csrf, "the token is not the cookie")

	again := httptest.NewRequest(http.MethodPost, "/", http.NoBody)
	again.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value})
	assert.Same(t, first, ss.of(httptest.NewRecorder(), again))
	for range maxSessions {
		ss.of(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", http.NoBody))
	}
	assert.Len(t, ss.byID, maxSessions)
	assert.Len(t, ss.order, maxSessions)
	assert.Nil(t, ss.of(httptest.NewRecorder(), again), "the oldest is forgotten")
}
