package providers_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers"
	"github.com/parvis-go/parvis/providers/fake"
)

// site is where the pages of the tests are.
const site = "https://desk.example"

// A rig is a program that connects accounts: the pages of some clients, and two networks.
type rig struct {
	t       *testing.T
	mux     *http.ServeMux
	town    *fake.Network
	village *fake.Network
	keepers map[string]providers.Keeper
	done    []parvis.Account
	log     *bytes.Buffer
	logs    sync.Mutex
	seen    *bytes.Buffer // everything that browsers were shown
}

// newRig serves the pages of the clients acme and martin, each at its own path.
func newRig(t *testing.T, change ...func(*providers.ConnectOptions)) *rig {
	t.Helper()
	r := &rig{
		t: t, mux: http.NewServeMux(), keepers: map[string]providers.Keeper{}, log: &bytes.Buffer{}, seen: &bytes.Buffer{},
		town: fake.New(fake.Options{Name: "town"}), village: fake.New(fake.Options{Name: "village"}),
	}
	r.town.AddPlace("News", "category")
	r.mux.Handle("/consent/town", r.town.ConsentPage())
	r.mux.Handle("/consent/village", r.village.ConsentPage())
	pending := new(providers.PendingMemory)
	for _, client := range []string{"acme", "martin"} {
		r.keepers[client] = providers.Memory(client)
		r.mount("/"+client+"/connect/", r.keepers[client], r.flows(), append([]func(*providers.ConnectOptions){
			func(o *providers.ConnectOptions) { o.Pending = pending },
		}, change...)...)
	}
	t.Cleanup(func() {
		logged, shown := strings.Contains(r.log.String(), "parvis-secret-"), strings.Contains(r.seen.String(), "parvis-secret-")
		assert.False(t, logged, "a secret is in the log")
		assert.False(t, shown, "a secret is on a page")
	})
	return r
}

func (r *rig) flows() []providers.Flow {
	return []providers.Flow{r.town.Flow(site + "/consent/town"), r.village.Flow(site + "/consent/village")}
}

// Write implements io.Writer for the log.
func (r *rig) Write(p []byte) (int, error) {
	r.logs.Lock()
	defer r.logs.Unlock()
	return r.log.Write(p)
}

func (r *rig) mount(path string, k providers.Keeper, flows []providers.Flow, change ...func(*providers.ConnectOptions)) {
	r.t.Helper()
	o := &providers.ConnectOptions{
		Base: site + path, Home: "/home", Logger: slog.New(slog.NewTextHandler(r, nil)),
		Done: func(_ context.Context, as []parvis.Account) error { r.done = append(r.done, as...); return nil },
	}
	for _, c := range change {
		c(o)
	}
	h, err := providers.Connect(k, flows, o)
	require.NoError(r.t, err)
	r.mux.Handle(path, h)
}

// A browser is somebody's, with cookies of its own.
type browser struct {
	r    *rig
	http *http.Client
	csrf string
	at   *url.URL // where the last request ended
	stop string   // an address at which it does not follow
	last *http.Response
}

// inside answers requests without a network.
type inside struct{ http.Handler }

// RoundTrip implements http.RoundTripper.
func (i inside) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	in := httptest.NewRequestWithContext(r.Context(), r.Method, r.URL.String(), r.Body)
	in.Header = r.Header
	if r.Host != "" {
		in.Host = r.Host
	}
	i.ServeHTTP(w, in)
	res := w.Result()
	res.Request = r
	return res, nil
}

func (r *rig) browser() *browser {
	r.t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(r.t, err)
	b := &browser{r: r}
	b.http = &http.Client{Jar: jar, Transport: inside{r.mux}, CheckRedirect: func(req *http.Request, _ []*http.Request) error {
		if b.stop != "" && strings.HasPrefix(req.URL.Path, b.stop) {
			return http.ErrUseLastResponse
		}
		return nil
	}}
	return b
}

var csrfField = regexp.MustCompile(`name="csrf" value="([^"]+)"`)

func (b *browser) do(req *http.Request, status int) string {
	b.r.t.Helper()
	res, err := b.http.Do(req)
	require.NoError(b.r.t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	require.NoError(b.r.t, err)
	require.Equal(b.r.t, status, res.StatusCode, "%s %s", req.Method, req.URL.Path)
	if !strings.HasPrefix(res.Request.URL.Path, "/consent/") {
		b.r.seen.Write(body)
	}
	b.at, b.last = res.Request.URL, res
	if m := csrfField.FindSubmatch(body); m != nil {
		b.csrf = string(m[1])
	}
	return string(body)
}

func (b *browser) get(address string, status int) string {
	b.r.t.Helper()
	if strings.HasPrefix(address, "/") {
		address = site + address
	}
	req, err := http.NewRequestWithContext(b.r.t.Context(), http.MethodGet, address, http.NoBody)
	require.NoError(b.r.t, err)
	return b.do(req, status)
}

func (b *browser) post(address string, form url.Values, status int) string {
	b.r.t.Helper()
	if strings.HasPrefix(address, "/") {
		address = site + address
	}
	if form == nil {
		form = url.Values{}
	}
	if !form.Has("csrf") {
		form.Set("csrf", b.csrf)
	}
	req, err := http.NewRequestWithContext(b.r.t.Context(), http.MethodPost, address, strings.NewReader(form.Encode()))
	require.NoError(b.r.t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	return b.do(req, status)
}

// leave starts a flow and goes to the page of its network.
func (b *browser) leave(client, flow string) string {
	b.r.t.Helper()
	b.get("/"+client+"/connect/", http.StatusOK)
	b.get("/"+client+"/connect/to/"+flow, http.StatusOK)
	page := b.post("/"+client+"/connect/to/"+flow, url.Values{"field.handle": {"acme"}}, http.StatusOK)
	require.Equal(b.r.t, "/consent/"+flow, b.at.Path)
	return page
}

// decide answers on the network's page, and returns the address that the network sends
// the browser back to, without going there.
func (b *browser) decide(form url.Values) string {
	b.r.t.Helper()
	b.stop = "/" + strings.Split(b.callback().Path, "/")[1] + "/connect/callback/"
	defer func() { b.stop = "" }()
	b.post(b.at.String(), form, http.StatusSeeOther)
	return b.last.Header.Get("Location")
}

// callback is the address that the network was given.
func (b *browser) callback() *url.URL {
	u, err := url.Parse(b.at.Query().Get("redirect_uri"))
	require.NoError(b.r.t, err)
	return u
}

// allow is the decision to allow scopes.
func allow(handle string, scopes ...string) url.Values {
	return url.Values{"decision": {"allow"}, "handle": {handle}, "scope": scopes}
}

// token returns what is kept of an account; ok is false if nothing is.
func (r *rig) token(client string, a parvis.Account) (parvis.Token, bool) {
	r.t.Helper()
	a.Client = client
	t, err := r.keepers[client].Load(r.t.Context(), a)
	if err != nil {
		require.ErrorIs(r.t, err, parvis.ErrNotFound)
	}
	return t, err == nil
}

// empty asserts that nothing was stored for anybody.
func (r *rig) empty() {
	r.t.Helper()
	for client := range r.keepers {
		for _, n := range []*fake.Network{r.town, r.village} {
			for _, handle := range []string{"acme", "eve", "martin"} {
				_, ok := r.token(client, n.Join(handle).Account())
				assert.False(r.t, ok, "%s has a token of %s", client, handle)
			}
		}
	}
	assert.Empty(r.t, r.done)
}
