package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers/fake"
	"github.com/parvis-go/parvis/publish"
)

// A browser is somebody's visit to a desk of its own, which hears but whose town is quiet.
type browser struct {
	t    *testing.T
	desk *Desk
	url  string
	http *http.Client
	csrf string
	last *url.URL // where the last request ended
}

var csrfField = regexp.MustCompile(`name="csrf" value="([^"]+)"`)

// openDesk makes a desk that ends with the test.
func openDesk(t testing.TB) (*Desk, error) {
	t.Helper()
	d, err := newDesk(context.Background())
	if err == nil {
		t.Cleanup(func() { assert.NoError(t, d.Close()) })
	}
	return d, err
}

// visitDesk opens a desk that everybody has already talked to a little.
func visitDesk(t *testing.T) *browser {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	d, err := openDesk(t)
	require.NoError(t, err)
	srv := httptest.NewUnstartedServer(nil)
	srv.Config.Handler, err = newServer(d, srv.Listener.Addr().String())
	require.NoError(t, err)
	srv.Config.BaseContext = nil
	srv.Start()
	var hearing sync.WaitGroup
	hearing.Go(func() { d.Listen(ctx) })
	t.Cleanup(func() {
		cancel()
		hearing.Wait()
		srv.CloseClientConnections()
		srv.Close()
	})
	b := &browser{t: t, desk: d, url: srv.URL}
	b.fresh()
	b.get("/acme/compose", http.StatusOK)
	return b
}

// fresh forgets all cookies.
func (b *browser) fresh() {
	jar, err := cookiejar.New(nil)
	require.NoError(b.t, err)
	b.http = &http.Client{Jar: jar, Timeout: 10 * time.Second}
}

func (b *browser) do(req *http.Request, status int) string {
	b.t.Helper()
	res, err := b.http.Do(req)
	require.NoError(b.t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	require.NoError(b.t, err)
	require.Equal(b.t, status, res.StatusCode, "%s %s: %s", req.Method, req.URL, body)
	b.last = res.Request.URL
	if m := csrfField.FindSubmatch(body); m != nil {
		b.csrf = string(m[1])
	}
	return string(body)
}

func (b *browser) get(path string, status int) string {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), http.MethodGet, b.url+path, http.NoBody)
	require.NoError(b.t, err)
	return b.do(req, status)
}

// post sends a form with the token of the last page.
func (b *browser) post(path string, form url.Values, status int) string {
	b.t.Helper()
	form.Set("csrf", b.csrf)
	req, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.url+path, strings.NewReader(form.Encode()))
	require.NoError(b.t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return b.do(req, status)
}

// upload sends a form with a file.
func (b *browser) upload(path string, form url.Values, name string, content []byte) string {
	b.t.Helper()
	form.Set("csrf", b.csrf)
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for k, vs := range form {
		for _, v := range vs {
			require.NoError(b.t, w.WriteField(k, v))
		}
	}
	part, err := w.CreateFormFile("image", name)
	require.NoError(b.t, err)
	_, err = part.Write(content)
	require.NoError(b.t, err)
	require.NoError(b.t, w.Close())
	req, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.url+path, &body)
	require.NoError(b.t, err)
	req.Header.Set("Content-Type", w.FormDataContentType())
	return b.do(req, http.StatusOK)
}

// client returns one of the desk's clients.
func (b *browser) client(slug string) *Client {
	b.t.Helper()
	c, ok := b.desk.Client(slug)
	require.True(b.t, ok)
	return c
}

// account returns a client's account.
func (b *browser) account(slug string, network parvis.Network) *Account {
	b.t.Helper()
	a, ok := b.client(slug).Account(string(network))
	require.True(b.t, ok)
	return a
}

// await waits until the client has heard something that matches, and returns it.
func (b *browser) await(slug string, match func(Item) bool) Item {
	b.t.Helper()
	return awaitIn(b.t, b.client(slug).Feed, match)
}

func awaitIn(t *testing.T, f *Feed, match func(Item) bool) Item {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for {
		items, _, changed := f.Since(0, match)
		if len(items) > 0 {
			return items[0]
		}
		select {
		case <-changed:
		case <-ctx.Done():
			require.FailNow(t, "it was never heard")
		}
	}
}

// saying matches items whose text holds s.
func saying(s string) func(Item) bool {
	return func(i Item) bool { return strings.Contains(i.Event.Text.Plain, s) }
}

// answer lets somebody from elsewhere answer the newest post of the client on a network.
func (b *browser) answer(slug string, network parvis.Network, text string) {
	b.t.Helper()
	a := b.account(slug, network)
	var newest publish.Post
	for _, p := range a.Net.Posts() {
		if p.Author.Handle == slug && p.ReplyTo.IsZero() {
			newest = p
		}
	}
	_, err := publish.To(b.t.Context(), a.Net.Join("zoe"), publish.Draft{Text: text, ReplyTo: newest.Ref})
	require.NoError(b.t, err)
}

// trouble makes the next calls of the client's account fail.
func (b *browser) trouble(slug string, network parvis.Network, f fake.Fault) {
	b.t.Helper()
	a := b.account(slug, network)
	f.Account = slug
	a.Net.Inject(f)
}

func TestExplain(t *testing.T) {
	t.Parallel()
	assert.Nil(t, explain(nil))
	plain := explain(errors.New("boom"))
	assert.Equal(t, "boom", plain.Message)
	assert.Empty(t, plain.Code)

	for code, help := range advice {
		got := explain(&parvis.Error{Code: code})
		assert.Equal(t, code, got.Code)
		assert.Equal(t, string(code), got.Message, "a message that is missing is the code")
		assert.Equal(t, help, got.Help)
	}
	own := explain(&parvis.Error{Code: parvis.ErrAuth, Message: "the token is old", Help: "connect again", Vendor: "E7", RetryAfter: time.Minute})
	assert.Equal(t, &trouble{Code: parvis.ErrAuth, Message: "the token is old", Help: "connect again", Vendor: "E7", Wait: time.Minute}, own)
	bad := explain(&parvis.Error{Code: parvis.ErrInvalid, Help: "for programmers", Err: publish.Problems{{Text: "too long"}}})
	assert.Len(t, bad.Problems, 1)
	assert.Equal(t, advice[parvis.ErrInvalid], bad.Help, "problems are for the person at the desk")
}

func TestFaultsAreForPeople(t *testing.T) {
	t.Parallel()
	d := publish.Draft{Text: strings.Repeat("x", 301), Title: "t"}
	c, err := openDesk(t)
	require.NoError(t, err)
	a, _ := c.Clients[0].Account(string(murmure))
	ps, err := publish.Check(t.Context(), a, d)
	require.NoError(t, err)
	require.Len(t, ps, 2)
	assert.Equal(t, "text has 301 graphemes, 300 allowed: shorten it, write another text for this network, or tick “Shorten what is too long”", fault(ps[0]))
	assert.Equal(t, "title: a short message has no such part: tick “Leave out what a network has no place for”", fault(ps[1]))
	assert.Equal(t, "media[0].alt is missing", fault(publish.Problem{Rule: "alt", Text: "media[0].alt is missing", Help: "set it"}))
}

func TestClientsHaveOnlyTheirOwnAccounts(t *testing.T) {
	t.Parallel()
	d, err := openDesk(t)
	require.NoError(t, err)
	require.Len(t, d.Clients, 2)
	for _, c := range d.Clients {
		require.Len(t, c.Accounts(), 3)
		for _, a := range c.Accounts() {
			assert.Equal(t, c.Slug, a.Account().Client)
			assert.NotEmpty(t, a.Nature())
		}
	}
	_, ok := d.Client("nobody")
	assert.False(t, ok)
	_, ok = d.Clients[0].Account("elsewhere")
	assert.False(t, ok)
}
