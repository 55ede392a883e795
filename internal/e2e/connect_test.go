package e2e

import (
	"bytes"
	"database/sql"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite" // the driver called sqlite

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers"
	"github.com/parvis-go/parvis/providers/bluesky"
	"github.com/parvis-go/parvis/providers/vault"
)

// A connectSite is a program with the pages of providers.Connect, and somebody's browser at them.
type connectSite struct {
	t       *testing.T
	srv     *httptest.Server
	keeper  *vault.Client
	flows   []providers.Flow
	browser *http.Client
	at      *url.URL
}

func newConnectSite(t *testing.T, flows ...providers.Flow) *connectSite {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "vault.db"))
	require.NoError(t, err)
	v, err := vault.Open(t.Context(), vault.SQLite(db), vault.Key(bytes.Repeat([]byte{9}, 32)), &vault.Options{Flows: flows})
	require.NoError(t, err)
	s := &connectSite{t: t, keeper: v.For("acme"), flows: flows}
	mux := http.NewServeMux()
	s.srv = httptest.NewServer(mux)
	pages, err := providers.Connect(s.keeper, flows, &providers.ConnectOptions{Base: s.srv.URL + "/connect/"})
	require.NoError(t, err)
	mux.Handle("/connect/", pages)
	t.Cleanup(func() {
		s.srv.Close()
		assert.NoError(t, v.Close(t.Context()))
		assert.NoError(t, db.Close())
	})
	s.anew()
	return s
}

// anew is another browser.
func (s *connectSite) anew() {
	jar, err := cookiejar.New(nil)
	require.NoError(s.t, err)
	s.browser = &http.Client{Jar: jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if "http://"+r.URL.Host != s.srv.URL { // the network's pages are for a person
			return http.ErrUseLastResponse
		}
		return nil
	}}
}

func (s *connectSite) do(req *http.Request, err error) (string, *http.Response) {
	s.t.Helper()
	require.NoError(s.t, err)
	if req.Method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	res, err := s.browser.Do(req)
	require.NoError(s.t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	require.NoError(s.t, err)
	secret := strings.Contains(string(body), "parvis-secret-")
	require.False(s.t, secret, "a secret is on a page")
	s.at = res.Request.URL
	return string(body), res
}

func (s *connectSite) get(address string) string {
	s.t.Helper()
	page, _ := s.do(http.NewRequestWithContext(s.t.Context(), http.MethodGet, address, http.NoBody))
	return page
}

var connectToken = regexp.MustCompile(`name="csrf" value="([^"]+)"`)

// fill sends the form of a page.
func (s *connectSite) fill(page string, form url.Values) (string, *http.Response) {
	s.t.Helper()
	m := connectToken.FindStringSubmatch(page)
	require.NotNil(s.t, m, page)
	form.Set("csrf", m[1])
	return s.do(http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.at.String(), strings.NewReader(form.Encode())))
}

// leave starts a flow, and returns the page of the network that the browser is sent to.
func (s *connectSite) leave(flow, handle string) string {
	s.t.Helper()
	page, res := s.fill(s.get(s.srv.URL+"/connect/to/"+flow), url.Values{"field.handle": {handle}})
	require.Equal(s.t, http.StatusSeeOther, res.StatusCode, page)
	return res.Header.Get("Location")
}

func (s *connectSite) back(params url.Values) string {
	s.t.Helper()
	return s.get(s.srv.URL + "/connect/callback/bluesky?" + params.Encode())
}

// opened opens the one account that is connected, and says how it is.
func (s *connectSite) health() providers.Health {
	s.t.Helper()
	accounts, err := s.keeper.Accounts(s.t.Context())
	require.NoError(s.t, err)
	require.Len(s.t, accounts, 1)
	client, err := bluesky.New(bluesky.Config{Account: accounts[0], Client: "acme", Tokens: s.keeper.Tokens(accounts[0])}, nil)
	require.NoError(s.t, err)
	h, err := providers.Probe(s.t.Context(), client)
	require.NoError(s.t, err)
	return h
}

func (s *connectSite) empty() {
	s.t.Helper()
	accounts, err := s.keeper.Accounts(s.t.Context())
	require.NoError(s.t, err)
	assert.Empty(s.t, accounts)
}

// TestConnectBluesky goes through the pages to a real PDS and back.
func TestConnectBluesky(t *testing.T) {
	t.Parallel()
	n := bskyNetwork(t)
	a := bskyAccount(t, n, "page")
	s := newConnectSite(t, bskyFlow(t, n, nil), bskyPasswords(n, false))

	denied := s.leave("bluesky", a.Handle)
	page := s.back(newPerson(t, n.PDS).deny(denied))
	assert.Contains(t, page, "access_denied")
	s.empty()

	params := newPerson(t, n.PDS).allow(s.leave("bluesky", a.Handle), a, "")
	page = s.back(params)
	assert.Contains(t, page, "bluesky:"+a.Handle)
	assert.NotContains(t, page, "Not granted")
	assert.Empty(t, s.at.RawQuery)
	s.empty()
	choice := s.at
	assert.Contains(t, s.back(params), "finished before", "a callback is taken once")
	s.at = choice
	done, _ := s.fill(page, url.Values{"pick": {"0"}})
	assert.Contains(t, done, "Connected")
	h := s.health()
	assert.Equal(t, providers.Healthy, h.Condition, h.Why)
	assert.Equal(t, a.DID, h.Account.ID)

	require.NoError(t, providers.Disconnect(t.Context(), s.keeper, s.flows, h.Account))
	s.empty()
}

// TestConnectBlueskyOtherBrowser brings somebody else's answer, with a code that is good.
func TestConnectBlueskyOtherBrowser(t *testing.T) {
	t.Parallel()
	n := bskyNetwork(t)
	a := bskyAccount(t, n, "two")
	s := newConnectSite(t, bskyFlow(t, n, nil))
	params := newPerson(t, n.PDS).allow(s.leave("bluesky", a.Handle), a, "")
	first := s.browser
	s.anew()
	s.get(s.srv.URL + "/connect/")
	assert.Contains(t, s.back(params), "started in another browser")
	s.browser = first
	assert.Contains(t, s.back(params), "finished before")
	s.empty()
}

// TestConnectBlueskyStolenCode presents another visit's code with a state of one's own.
func TestConnectBlueskyStolenCode(t *testing.T) {
	t.Parallel()
	n := bskyNetwork(t)
	a := bskyAccount(t, n, "thief")
	s := newConnectSite(t, bskyFlow(t, n, nil))
	stolen := newPerson(t, n.PDS).allow(s.leave("bluesky", a.Handle), a, "")
	s.anew()
	own := newPerson(t, n.PDS).deny(s.leave("bluesky", a.Handle))
	stolen.Set("state", own.Get("state"))
	page := s.back(stolen)
	assert.Contains(t, page, "The network refused")
	s.empty()
}

// TestConnectBlueskyPassword needs no visit.
func TestConnectBlueskyPassword(t *testing.T) {
	t.Parallel()
	n := bskyNetwork(t)
	a := bskyAccount(t, n, "word")
	s := newConnectSite(t, bskyPasswords(n, false))
	form := s.get(s.srv.URL + "/connect/to/bluesky-password")
	page, res := s.fill(form, url.Values{"field.handle": {a.Handle}, "field.password": {"parvis-secret-wrong"}, "field.server": {n.PDS}})
	assert.Equal(t, http.StatusUnprocessableEntity, res.StatusCode)
	assert.Contains(t, page, "app password")
	assert.Contains(t, page, `value="`+a.Handle+`"`, "what is no secret need not be typed again")
	s.empty()
	page, _ = s.fill(page, url.Values{"field.handle": {a.Handle}, "field.password": {a.AppPassword}, "field.server": {n.PDS}})
	shown := strings.Contains(page, a.AppPassword)
	require.False(t, shown, "the password is on a page")
	page, _ = s.fill(page, url.Values{"pick": {"0"}})
	assert.Contains(t, page, "Connected")
	h := s.health()
	assert.Equal(t, providers.Healthy, h.Condition, h.Why)
	tokens := s.keeper.Tokens(h.Account)
	require.NoError(t, providers.Disconnect(t.Context(), s.keeper, s.flows, h.Account))
	_, err := tokens.Token(t.Context())
	require.ErrorIs(t, err, parvis.ErrAuth)
}
