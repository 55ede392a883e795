package fake_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/listen"
	"github.com/parvis-go/parvis/moderate"
	"github.com/parvis-go/parvis/providers"
	"github.com/parvis-go/parvis/providers/fake"
	"github.com/parvis-go/parvis/publish"
)

const (
	page     = "https://fake.example/consent"
	callback = "https://desk.example/callback?x=1"
)

// A dance is one run through a flow.
type dance struct {
	t    *testing.T
	n    *fake.Network
	flow *fake.Flow
	step providers.Step
}

func newDance(t *testing.T, o fake.Options) *dance {
	t.Helper()
	n := fake.New(o)
	d := &dance{t: t, n: n, flow: n.Flow(page)}
	d.start()
	return d
}

func (d *dance) start() {
	d.t.Helper()
	var err error
	d.step, err = d.flow.Start(d.t.Context(), providers.Input{
		Values: map[string]string{"handle": "ana"}, Callback: callback, State: "parvis-secret-state",
	})
	require.NoError(d.t, err)
}

// ask sends a request to the consent page.
func (d *dance) ask(method, address string, form url.Values, headers ...string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	r := httptest.NewRequest(method, address, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	d.n.ConsentPage().ServeHTTP(w, r)
	return w
}

// decide returns what the network sends the browser back with.
func (d *dance) decide(form url.Values) url.Values {
	d.t.Helper()
	w := d.ask(http.MethodPost, d.step.URL, form)
	require.Equal(d.t, http.StatusSeeOther, w.Code)
	u, err := url.Parse(w.Header().Get("Location"))
	require.NoError(d.t, err)
	assert.Equal(d.t, "desk.example", u.Host)
	assert.Equal(d.t, "1", u.Query().Get("x"))
	same := u.Query().Get("state") == "parvis-secret-state"
	assert.True(d.t, same, "the state comes back as it was")
	return u.Query()
}

func allowed(scopes ...string) url.Values {
	return url.Values{"decision": {"allow"}, "handle": {"@ana "}, "scope": scopes}
}

// grant goes all the way.
func (d *dance) grant(scopes ...string) providers.Choice {
	d.t.Helper()
	g, err := d.flow.Finish(d.t.Context(), d.step, d.decide(allowed(scopes...)))
	require.NoError(d.t, err)
	require.Len(d.t, g.Choices, 1)
	assert.ElementsMatch(d.t, scopes, g.Scopes)
	return g.Choices[0]
}

func TestConsentPage(t *testing.T) {
	t.Parallel()
	d := newDance(t, fake.Options{Name: "murmure"})
	w := d.ask(http.MethodGet, d.step.URL, nil)
	assert.Equal(t, http.StatusOK, w.Code)
	for _, want := range []string{"murmure", "desk.example", `value="ana"`, `value="moderate" checked`} {
		assert.Contains(t, w.Body.String(), want)
	}
	assert.Equal(t, http.StatusMethodNotAllowed, d.ask(http.MethodPut, d.step.URL, nil).Code)
	assert.Equal(t, http.StatusForbidden, d.ask(http.MethodPost, d.step.URL, allowed(), "Sec-Fetch-Site", "cross-site").Code)
	w = d.ask(http.MethodPost, d.step.URL, url.Values{"decision": {"allow"}, "handle": {"Not a <handle>"}})
	assert.Equal(t, http.StatusUnprocessableEntity, w.Code)
	assert.Contains(t, w.Body.String(), "Not a &lt;handle&gt;")
	for _, broken := range []string{"redirect_uri", "response_type", "code_challenge", "code_challenge_method"} {
		u, err := url.Parse(d.step.URL)
		require.NoError(t, err)
		q := u.Query()
		q.Set(broken, "javascript:x")
		u.RawQuery = q.Encode()
		w := d.ask(http.MethodPost, u.String(), allowed())
		assert.Equal(t, http.StatusBadRequest, w.Code, broken)
		assert.Empty(t, w.Header().Get("Location"), "nobody is sent to an address that is none")
	}
}

func TestFlowDenied(t *testing.T) {
	t.Parallel()
	d := newDance(t, fake.Options{})
	_, err := d.flow.Finish(t.Context(), d.step, d.decide(url.Values{"decision": {"deny"}}))
	require.ErrorIs(t, err, parvis.ErrPermission)
	assert.Contains(t, err.Error(), "access_denied")
	_, err = d.flow.Start(t.Context(), providers.Input{})
	require.ErrorIs(t, err, parvis.ErrInvalid)
}

func TestCodesServeOnceAndAreBound(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(d *dance, back url.Values){
		"used": func(d *dance, back url.Values) {
			_, err := d.flow.Finish(t.Context(), d.step, back)
			require.NoError(t, err)
		},
		"another verifier": func(d *dance, _ url.Values) { d.step.Keep["verifier"] = "parvis-secret-verifier" },
		"another address":  func(d *dance, _ url.Values) { d.step.Keep["callback"] = "https://evil.example" },
		"another flow":     func(d *dance, _ url.Values) { d.start() },
		"no code":          func(_ *dance, back url.Values) { back.Del("code") },
	} {
		d := newDance(t, fake.Options{})
		back := d.decide(allowed("read"))
		spoil(d, back)
		_, err := d.flow.Finish(t.Context(), d.step, back)
		require.ErrorIs(t, err, parvis.ErrAuth, name)
	}
	synctest.Test(t, func(t *testing.T) {
		d := newDance(t, fake.Options{})
		back := d.decide(allowed("read"))
		time.Sleep(2 * time.Minute)
		_, err := d.flow.Finish(t.Context(), d.step, back)
		require.ErrorIs(t, err, parvis.ErrAuth)
	})
}

func TestRefreshTokensServeOnce(t *testing.T) {
	t.Parallel()
	d := newDance(t, fake.Options{})
	c := d.grant("read")
	first := c.Token
	first.Extra = map[string]string{"flow": "fake"}
	second, err := d.flow.Refresh(t.Context(), c.Account, first)
	require.NoError(t, err)
	assert.True(t, second.Value != first.Value && second.Refresh != first.Refresh)
	assert.Equal(t, first.Extra, second.Extra)
	assert.Equal(t, []string{"read"}, second.Scopes)
	_, err = d.n.Open(t.Context(), c.Account, parvis.StaticToken(first.Value))
	require.ErrorIs(t, err, parvis.ErrAuth, "the token before is gone")

	_, err = d.flow.Refresh(t.Context(), c.Account, first)
	require.ErrorIs(t, err, parvis.ErrAuth)
	_, err = d.flow.Refresh(t.Context(), c.Account, second)
	require.ErrorIs(t, err, parvis.ErrAuth, "using one twice ends the grant")
	_, err = d.flow.Refresh(t.Context(), c.Account, parvis.Token{Refresh: "parvis-secret-unknown"})
	require.ErrorIs(t, err, parvis.ErrAuth)
}

// Accounts that were opened with tokens act as far as these go, and renew them.
func TestOpenedAccounts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDance(t, fake.Options{TokenLife: time.Hour})
		c := d.grant("read", "write")
		k := providers.Memory("acme")
		a := c.Account
		a.Client = "acme"
		_, err := k.Save(t.Context(), a, c.Token)
		require.NoError(t, err)
		pool := providers.NewTokenPool(k, d.flow, nil)
		opened, err := d.n.Open(t.Context(), a, pool.Tokens(a))
		require.NoError(t, err)
		assert.Equal(t, a, opened.Account())
		for range 3 {
			post, err := publish.To(t.Context(), opened, publish.Draft{Text: "still here"})
			require.NoError(t, err)
			_, err = moderate.Hide(t.Context(), opened, post.Ref, moderate.Because("x"))
			require.ErrorIs(t, err, parvis.ErrPermission, "the scope was not granted")
			time.Sleep(2 * time.Hour)
		}
		h, err := providers.Probe(t.Context(), opened)
		require.NoError(t, err)
		assert.Equal(t, providers.Limited, h.Condition)
		assert.Equal(t, "moderate", h.Lacks[0].Scope)

		now, err := k.Load(t.Context(), a)
		require.NoError(t, err)
		require.NoError(t, d.flow.Revoke(t.Context(), a, now))
		require.NoError(t, d.flow.Revoke(t.Context(), a, now), "twice is nothing")
		h, err = providers.Probe(t.Context(), opened)
		require.NoError(t, err)
		assert.Equal(t, providers.Lost, h.Condition)
		for _, err := range listen.To(t.Context(), opened, listen.Query{}) {
			require.ErrorIs(t, err, parvis.ErrAuth)
		}
		require.NoError(t, pool.Close(t.Context()))
	})
}

func TestOpenRefusesTokensOfOthers(t *testing.T) {
	t.Parallel()
	n := fake.New(fake.Options{})
	ana, zoe := n.Join("ana"), n.Join("zoe")
	token := n.Token("ana", "read")
	_, err := n.Open(t.Context(), zoe.Account(), parvis.StaticToken(token.Value))
	require.ErrorIs(t, err, parvis.ErrAuth)
	opened, err := n.Open(t.Context(), ana.Account(), parvis.StaticToken(token.Value))
	require.NoError(t, err)
	_, err = publish.To(t.Context(), opened, publish.Draft{Text: "no"})
	require.ErrorIs(t, err, parvis.ErrPermission)
	_, err = n.Open(t.Context(), ana.Account(), parvis.StaticToken(""))
	require.ErrorIs(t, err, parvis.ErrAuth)
}

func TestProbeTellsFaults(t *testing.T) {
	t.Parallel()
	n := fake.New(fake.Options{})
	ana := n.Join("ana")
	for kind, want := range map[fake.FaultKind]providers.Condition{
		fake.Outage: providers.Unreachable, fake.VersionRetired: providers.Outdated, fake.ExpiredToken: providers.Lost,
	} {
		n.Inject(fake.Fault{Kind: kind, Op: "probe"})
		h, err := providers.Probe(t.Context(), ana)
		require.NoError(t, err)
		assert.Equal(t, want, h.Condition)
	}
	h, err := providers.Probe(t.Context(), ana)
	require.NoError(t, err)
	assert.Equal(t, providers.Healthy, h.Condition)
	assert.Nil(t, h.Granted)
}

// A token of somebody who allowed everything, without the visit to the page.
func ExampleNetwork_Token() {
	town := fake.New(fake.Options{})
	token := town.Token("acme", "read", "write")
	fmt.Println(token, token.Scopes)
	// Output: token [redacted] [read write]
}
