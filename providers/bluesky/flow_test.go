package bluesky

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers"
	"github.com/parvis-go/parvis/providers/bluesky/internal/api"
)

func TestFlow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := w.flow(FlowConfig{})
	step := w.start(f, testBack)
	page, err := url.Parse(step.URL)
	require.NoError(t, err)
	assert.Equal(t, testIssuer, page.Scheme+"://"+page.Host)
	client := page.Query().Get("client_id")
	require.True(t, strings.HasPrefix(client, "http://localhost?"))
	params, err := url.ParseQuery(strings.TrimPrefix(client, "http://localhost?"))
	require.NoError(t, err)
	assert.Equal(t, url.Values{"redirect_uri": {testBack}, "scope": {"atproto transition:generic"}}, params)
	pushed := w.pushed[page.Query().Get("request_uri")]
	assert.Equal(t, testHandle, pushed.Get("login_hint"))
	same(t, testState, pushed.Get("state"), "the state")
	hides(t, strings.ReplaceAll(step.URL, testState, ""), step.Keep[keepVerifier])

	g, err := f.Finish(t.Context(), step, w.allow(step.URL))
	require.NoError(t, err)
	require.Len(t, g.Choices, 1)
	c := g.Choices[0]
	assert.Equal(t, parvis.Account{Network: Network, ID: testDID, Handle: testHandle}, c.Account)
	assert.Equal(t, []string{"atproto", "transition:generic"}, c.Token.Scopes)
	assert.Equal(t, api.TypeDPoP, c.Token.Type)
	assert.InDelta(t, 3600, time.Until(c.Token.Expiry).Seconds(), 10)
	for name, want := range map[string]string{
		api.ExtraDID: testDID, api.ExtraHandle: testHandle, api.ExtraPDS: testPDS, extraIssuer: testIssuer,
		extraToken: testIssuer + "/oauth/token", extraRevoke: testIssuer + "/oauth/revoke", extraClient: client, providers.FlowKey: FlowName, extraKid: "",
	} {
		assert.Equal(t, want, c.Token.Extra[name], name)
	}
}

// TestServerMustKeepTheRules refuses a server whose description lacks something, before
// anything is sent to it.
func TestServerMustKeepTheRules(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]map[string]any{
		"another issuer":              {"issuer": "https://other.example"},
		"an issuer with slash":        {"issuer": testIssuer + "/"},
		"no PAR":                      {"require_pushed_authorization_requests": false},
		"no PAR address":              {"pushed_authorization_request_endpoint": nil},
		"no ES256":                    {"dpop_signing_alg_values_supported": []string{"RS256"}},
		"no S256":                     {"code_challenge_methods_supported": []string{"plain"}},
		"no iss":                      {"authorization_response_iss_parameter_supported": false},
		"no metadata":                 {"client_id_metadata_document_supported": nil},
		"no atproto":                  {"scopes_supported": []string{"openid"}},
		"no refresh":                  {"grant_types_supported": []string{"authorization_code"}},
		"no public clients":           {"token_endpoint_auth_methods_supported": []string{"client_secret_post"}},
		"a token address inwards":     {"token_endpoint": "https://10.0.0.1/token"},
		"a token address without TLS": {"token_endpoint": "http://auth.example/token"},
		"no token address":            {"token_endpoint": nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.described = change
			_, err := w.flow(FlowConfig{}).Start(t.Context(), providers.Input{Values: map[string]string{"handle": testHandle}, Callback: testBack, State: testState})
			require.Error(t, err)
			require.False(t, slices.ContainsFunc(w.asked, func(a string) bool { return strings.HasPrefix(a, "POST") }), "nothing is sent")
			assert.Contains(t, []parvis.Code{parvis.ErrUnsupported, parvis.ErrInvalid}, parvis.CodeOf(err))
		})
	}
	for name, resource := range map[string]string{
		"another resource": `{"resource":"https://other.example","authorization_servers":["` + testIssuer + `"]}`,
		"no server":        `{"resource":"` + testPDS + `","authorization_servers":[]}`,
		"two servers":      `{"resource":"` + testPDS + `","authorization_servers":["https://a.example","https://b.example"]}`,
		"a server inwards": `{"resource":"` + testPDS + `","authorization_servers":["https://127.0.0.1"]}`,
		"a path":           `{"resource":"` + testPDS + `","authorization_servers":["https://a.example/x"]}`,
	} {
		w := newWorld(t)
		w.resource = resource
		_, err := w.flow(FlowConfig{}).Start(t.Context(), providers.Input{Values: map[string]string{"handle": testHandle}, Callback: testBack, State: testState})
		require.ErrorIs(t, err, parvis.ErrUnsupported, name)
	}
}

// TestCallbackIsChecked: see https://atproto.com/specs/oauth#callback.
func TestCallbackIsChecked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := w.flow(FlowConfig{})
	step := w.start(f, testBack)
	back := w.allow(step.URL)
	with := func(name, v string) url.Values {
		c := maps.Clone(back)
		if c.Del(name); v != "" {
			c.Set(name, v)
		}
		return c
	}
	asked := len(w.asked)
	for name, c := range map[string]struct {
		back url.Values
		code parvis.Code
	}{
		"another issuer": {with("iss", "https://evil.example"), parvis.ErrAuth},
		"no issuer":      {with("iss", ""), parvis.ErrAuth},
		"no code":        {with("code", ""), parvis.ErrAuth},
		"denied":         {with("error", "access_denied"), parvis.ErrPermission},
		"login required": {with("error", "login_required"), parvis.ErrPermission},
		"server error":   {with("error", "temporarily_unavailable"), parvis.ErrUnavailable},
		"bad metadata":   {with("error", "invalid_request"), parvis.ErrInvalid},
	} {
		_, err := f.Finish(t.Context(), step, c.back)
		require.ErrorIs(t, err, c.code, name)
		var e *parvis.Error
		require.ErrorAs(t, err, &e)
		assert.NotEmpty(t, e.Help, name)
	}
	_, err := f.Finish(t.Context(), providers.Step{}, back)
	require.ErrorIs(t, err, parvis.ErrInvalid)
	assert.Len(t, w.asked, asked, "nothing was sent")
	_, err = f.Finish(t.Context(), step, back)
	require.NoError(t, err)
	_, err = f.Finish(t.Context(), step, back)
	require.ErrorIs(t, err, parvis.ErrAuth, "a code serves once")
}

// TestTokenMustBeTheAccounts: whose token it is decides the account's own identity, not
// the server that answers.
func TestTokenMustBeTheAccounts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*world)
		code   parvis.Code
	}{
		"another account":      {func(w *world) { w.sub = "did:plc:mallory" }, parvis.ErrAuth},
		"no account":           {func(w *world) { w.sub = "" }, parvis.ErrBadAnswer},
		"it has moved away":    {func(w *world) { w.resource = strings.Replace(w.resource, testIssuer, "https://new.example", 1) }, parvis.ErrAuth},
		"without atproto":      {func(w *world) { w.scope = "openid" }, parvis.ErrPermission},
		"its identity is gone": {func(w *world) { w.document = `{"id":"` + testDID + `"}` }, parvis.ErrNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			f := w.flow(FlowConfig{})
			step := w.start(f, testBack)
			back := w.allow(step.URL)
			c.change(w)
			g, err := f.Finish(t.Context(), step, back)
			require.ErrorIs(t, err, c.code)
			assert.Empty(t, g.Choices)
			if c.code == parvis.ErrAuth {
				assert.Len(t, w.revoked, 1, "a token of no use is given back")
			}
		})
	}
}

func TestRefresh(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := w.flow(FlowConfig{})
	c := w.grant(f, testBack)
	c.Token.Version = 7
	w.scope = ""
	fresh, err := f.Refresh(t.Context(), c.Account, c.Token)
	require.NoError(t, err)
	require.True(t, fresh.Refresh == w.refresh && fresh.Refresh != c.Token.Refresh && fresh.Value != c.Token.Value, "both are new")
	require.True(t, maps.Equal(fresh.Extra, c.Token.Extra), "the rest is kept")
	assert.Equal(t, c.Token.Scopes, fresh.Scopes)
	assert.EqualValues(t, 7, fresh.Version)
	_, err = f.Refresh(t.Context(), c.Account, c.Token)
	require.ErrorIs(t, err, parvis.ErrAuth)
	_, err = f.Refresh(t.Context(), c.Account, fresh)
	require.ErrorIs(t, err, parvis.ErrAuth, "a replay ends the session")
}

// TestRefreshAtAServerThatSpendsFirst is bluesky-social/atproto#3859: the token must not
// leave before there is a nonce that holds.
func TestRefreshAtAServerThatSpendsFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.grant(w.flow(FlowConfig{}), testBack)
	w.burns, w.nonce = true, 2
	f := w.flow(FlowConfig{}) // a process that has just started
	fresh, err := f.Refresh(t.Context(), c.Account, c.Token)
	require.NoError(t, err)
	sent := 0
	for _, form := range w.forms {
		if form.Get("refresh_token") != "" {
			sent++
		}
	}
	assert.Equal(t, 1, sent, "the token left once")
	before := len(w.asked)
	_, err = f.Refresh(t.Context(), c.Account, fresh)
	require.NoError(t, err)
	assert.Len(t, w.asked, before+1, "a nonce of this minute is used again")
}

// TestRefreshErrors are classified as providers.Refresher has it.
func TestRefreshErrors(t *testing.T) {
	t.Parallel()
	refreshing := func(form url.Values) bool { return form.Get("refresh_token") != "" }
	for name, c := range map[string]struct {
		answer *http.Response
		broken bool // the connection, after the request
		early  bool // the first request already meets it
		code   parvis.Code
		help   string
	}{
		"the grant is gone":        {answer: oauthError(400, "invalid_grant"), code: parvis.ErrAuth, help: "connect the account again"},
		"the application is wrong": {answer: oauthError(401, "invalid_client"), code: parvis.ErrInvalid, help: "metadata"},
		"too many":                 {answer: oauthError(429, "rate_limit"), code: parvis.ErrRateLimited},
		"broken off":               {answer: oauthError(500, "server_error"), code: parvis.ErrUnknownOutcome},
		"a gateway":                {answer: say(502, "<html>"), code: parvis.ErrUnknownOutcome},
		"no token in it":           {answer: say(200, `{}`), code: parvis.ErrUnknownOutcome},
		"another's":                {answer: say(200, `{"access_token":"parvis-secret-x","token_type":"DPoP","sub":"did:plc:mallory"}`), code: parvis.ErrAuth},
		"unreadable":               {answer: say(200, `{`), code: parvis.ErrUnknownOutcome},
		"no answer":                {broken: true, code: parvis.ErrUnknownOutcome},
		"down before":              {early: true, answer: oauthError(503, "x"), code: parvis.ErrUnavailable},
		"broken before":            {early: true, broken: true, code: parvis.ErrUnavailable},
		"too many before":          {early: true, answer: oauthError(429, "rate_limit"), code: parvis.ErrRateLimited},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			ch := w.grant(w.flow(FlowConfig{}), testBack)
			spent := false
			w.after = func(_ *http.Request, resp *http.Response) (*http.Response, error) {
				form := w.forms[len(w.forms)-1]
				spent = spent || refreshing(form)
				switch {
				case !c.early && !refreshing(form):
					return resp, nil
				case c.broken:
					return nil, errors.New("connection reset by peer")
				}
				c.answer.Request = resp.Request
				return c.answer, nil
			}
			_, err := w.flow(FlowConfig{}).Refresh(t.Context(), ch.Account, ch.Token)
			require.ErrorIs(t, err, c.code)
			assert.Contains(t, err.Error(), c.help)
			assert.NotContains(t, err.Error(), "parvis-secret")
			assert.Equal(t, !c.early, spent, "what fails before leaves the token alone")
		})
	}
}

// TestRefreshWithAWrongClock tells by how much, and ends nothing.
func TestRefreshWithAWrongClock(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := w.flow(FlowConfig{})
	c := w.grant(f, testBack)
	w.before = func(*http.Request) *http.Response {
		resp := oauthError(401, "invalid_dpop_proof")
		resp.Header.Set("Date", time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat))
		return resp
	}
	_, err := f.Refresh(t.Context(), c.Account, c.Token)
	require.ErrorIs(t, err, parvis.ErrUnavailable)
	assert.Contains(t, err.Error(), "set the clock of this machine: by the server's it is about 1 hour ahead")
	_, err = f.Start(t.Context(), providers.Input{Values: map[string]string{"handle": testIssuer}, Callback: testBack, State: testState})
	require.Error(t, err)
}

func TestTokenThatCannotBeRenewed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := w.flow(FlowConfig{})
	c := w.grant(f, testBack)
	asked := len(w.asked)
	for name, spoil := range map[string]func(*parvis.Token){
		"no refresh token": func(t *parvis.Token) { t.Refresh = "" },
		"no key":           func(t *parvis.Token) { delete(t.Extra, api.ExtraKey) },
		"no server":        func(t *parvis.Token) { delete(t.Extra, extraToken) },
		"nothing":          func(t *parvis.Token) { t.Extra = nil },
	} {
		tok := c.Token
		tok.Extra = maps.Clone(tok.Extra)
		spoil(&tok)
		_, err := f.Refresh(t.Context(), c.Account, tok)
		require.ErrorIs(t, err, parvis.ErrAuth, name)
	}
	assert.Len(t, w.asked, asked)
}

func TestRevoke(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := w.flow(FlowConfig{})
	c := w.grant(f, testBack)
	require.NoError(t, f.Revoke(t.Context(), c.Account, c.Token))
	require.True(t, len(w.revoked) >= 1 && w.revoked[len(w.revoked)-1] == c.Token.Refresh, "the refresh token ends the session")
	w.before = func(*http.Request) *http.Response { return oauthError(400, "invalid_token") }
	require.NoError(t, f.Revoke(t.Context(), c.Account, c.Token))
	w.before = func(*http.Request) *http.Response { return say(503, "") }
	require.Error(t, f.Revoke(t.Context(), c.Account, c.Token))
	c.Token.Extra[extraRevoke] = ""
	require.ErrorIs(t, f.Revoke(t.Context(), c.Account, c.Token), parvis.ErrUnsupported)
}

func key(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	return k
}

// jwks reads the keys of a client's metadata, as a server does.
func jwks(t testing.TB, f *Flow) map[string]*ecdsa.PublicKey {
	t.Helper()
	document, err := f.ClientMetadata()
	require.NoError(t, err)
	var m struct {
		JWKS struct {
			Keys []map[string]string `json:"keys"`
		} `json:"jwks"`
	}
	require.NoError(t, json.Unmarshal(document, &m))
	keys := map[string]*ecdsa.PublicKey{}
	for _, k := range m.JWKS.Keys {
		assert.NotContains(t, k, "d")
		x, err := b64.DecodeString(k["x"])
		require.NoError(t, err)
		y, err := b64.DecodeString(k["y"])
		require.NoError(t, err)
		keys[k["kid"]], err = ecdsa.ParseUncompressedPublicKey(elliptic.P256(), append(append([]byte{4}, x...), y...))
		require.NoError(t, err)
	}
	return keys
}

// TestConfidentialClient proves who it is, with the key that the session began with.
func TestConfidentialClient(t *testing.T) {
	t.Parallel()
	const back = "https://desk.example/connect/callback/bluesky"
	w := newWorld(t)
	old, young := key(t), key(t)
	cfg := FlowConfig{ClientID: "https://desk.example/client-metadata.json", Redirects: []string{back}, Keys: []*ecdsa.PrivateKey{old}}
	f := w.flow(cfg)
	w.jwks = jwks(t, f)
	c := w.grant(f, back)
	assert.Equal(t, "https://desk.example/client-metadata.json", c.Token.Extra[extraClient])
	assert.NotEmpty(t, c.Token.Extra[extraKid])

	cfg.Keys = []*ecdsa.PrivateKey{young, old}
	rotated := w.flow(cfg)
	w.jwks = jwks(t, rotated)
	assert.Len(t, w.jwks, 2)
	w.nonce++
	fresh, err := rotated.Refresh(t.Context(), c.Account, c.Token)
	require.NoError(t, err)
	assert.Equal(t, c.Token.Extra[extraKid], fresh.Extra[extraKid], "a session stays with its key")
	assert.NotEqual(t, c.Token.Extra[extraKid], w.grant(rotated, back).Token.Extra[extraKid], "new ones use the new key")

	cfg.Keys = []*ecdsa.PrivateKey{young}
	_, err = w.flow(cfg).Refresh(t.Context(), c.Account, fresh)
	require.ErrorIs(t, err, parvis.ErrInvalid)
	assert.Contains(t, err.Error(), "FlowConfig.Keys")
	require.NoError(t, rotated.Revoke(t.Context(), c.Account, fresh))
}

func TestClientMetadata(t *testing.T) {
	t.Parallel()
	f, err := NewFlow(FlowConfig{
		ClientID: "https://desk.example/client-metadata.json", Redirects: []string{"https://desk.example/back"}, Name: "Desk", Home: "https://desk.example",
	}, nil)
	require.NoError(t, err)
	rec := httptest.NewRecorder()
	f.Handler().ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/client-metadata.json", nil))
	assert.Equal(t, 200, rec.Code)
	assert.Equal(t, "application/json", rec.Header().Get("Content-Type"))
	assert.JSONEq(t, `{
		"client_id": "https://desk.example/client-metadata.json", "application_type": "web", "client_name": "Desk", "client_uri": "https://desk.example",
		"redirect_uris": ["https://desk.example/back"], "scope": "atproto transition:generic", "grant_types": ["authorization_code", "refresh_token"],
		"response_types": ["code"], "token_endpoint_auth_method": "none", "dpop_bound_access_tokens": true
	}`, rec.Body.String())
	rec = httptest.NewRecorder()
	f.Handler().ServeHTTP(rec, httptest.NewRequest(http.MethodPost, "/client-metadata.json", nil))
	assert.Equal(t, 405, rec.Code)

	local, err := NewFlow(FlowConfig{}, nil)
	require.NoError(t, err)
	_, err = local.ClientMetadata()
	require.ErrorIs(t, err, parvis.ErrUnsupported)
	rec = httptest.NewRecorder()
	local.Handler().ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/", nil))
	assert.Equal(t, 404, rec.Code)
}

func TestFlowConfigThatCannotWork(t *testing.T) {
	t.Parallel()
	wrong, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	require.NoError(t, err)
	const id = "https://desk.example/client-metadata.json"
	back := []string{"https://desk.example/back"}
	for name, cfg := range map[string]FlowConfig{
		"keys of a loopback client": {Keys: []*ecdsa.PrivateKey{key(t)}},
		"a key on another curve":    {ClientID: id, Redirects: back, Keys: []*ecdsa.PrivateKey{wrong}},
		"an ID without TLS":         {ClientID: "http://desk.example/x", Redirects: back},
		"an ID without a path":      {ClientID: "https://desk.example/", Redirects: back},
		"an ID with a port":         {ClientID: "https://desk.example:8443/x", Redirects: back},
		"no redirect":               {ClientID: id},
		"a redirect without TLS":    {ClientID: id, Redirects: []string{"http://desk.example/back"}},
	} {
		_, err := NewFlow(cfg, nil)
		require.ErrorIs(t, err, parvis.ErrInvalid, name)
	}
	w := newWorld(t)
	f := w.flow(FlowConfig{ClientID: id, Redirects: back})
	_, err = f.Start(t.Context(), providers.Input{Values: map[string]string{"handle": testHandle}, Callback: "https://desk.example/other", State: testState})
	require.ErrorIs(t, err, parvis.ErrInvalid)
	assert.Contains(t, err.Error(), "FlowConfig.Redirects")
	_, err = f.Start(t.Context(), providers.Input{Values: map[string]string{"handle": testHandle}, Callback: back[0]})
	require.ErrorIs(t, err, parvis.ErrInvalid, "without a state")
	assert.Empty(t, w.asked)
}

// TestFlowTellsNoSecrets looks through logs and errors.
func TestFlowTellsNoSecrets(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	w := newWorld(t)
	o := w.options()
	o.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	f, err := NewFlow(FlowConfig{Directory: w.directory()}, o)
	require.NoError(t, err)
	c := w.grant(f, testBack)
	_, err = f.Refresh(t.Context(), c.Account, c.Token)
	require.NoError(t, err)
	_, err = f.Refresh(t.Context(), c.Account, c.Token)
	require.Error(t, err)
	told := log.String() + err.Error() + fmt.Sprintf("%v %+v %#v", c.Token, c.Token, c.Token)
	assert.NotEmpty(t, log.String())
	hides(t, told, c.Token.Extra[api.ExtraKey])
}
