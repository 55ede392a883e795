package oauth_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/apitest"
	"github.com/parvis-go/parvis/internal/apitest/authserver"
	"github.com/parvis-go/parvis/providers"
	"github.com/parvis-go/parvis/providers/oauth"
)

func TestXFromStartToRevocation(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, authserver.Options{Rules: authserver.X()})
		x := oauth.X(r.app, r.site)
		step, err := x.Start(t.Context(), input("publish"))
		require.NoError(t, err)
		u, err := url.Parse(step.URL)
		require.NoError(t, err)
		assert.Equal(t, "S256", u.Query().Get("code_challenge_method"))
		assert.Equal(t, "tweet.read users.read offline.access tweet.write media.write", u.Query().Get("scope"))
		same(t, u.Query().Get("state"), state, "the state")
		without(t, step.URL, step.Keep["verifier"], "the verifier is in the address")

		answer, err := r.server.Visit(r.ana, step.URL, authserver.Answer{})
		require.NoError(t, err)
		g, err := x.Finish(t.Context(), step, answer)
		require.NoError(t, err)
		require.Len(t, g.Choices, 1)
		ch := g.Choices[0]
		assert.Equal(t, parvis.Account{Network: "x", ID: "77", Handle: "ana", Name: "Ana Lima"}, ch.Account)
		assert.Equal(t, []string{"tweet.read", "users.read", "offline.access", "tweet.write", "media.write"}, g.Scopes)
		assert.Equal(t, time.Now().Add(2*time.Hour), ch.Token.Expiry)
		assert.Empty(t, g.Notes)
		assert.Empty(t, ch.Token.Type)

		next, err := x.Refresh(t.Context(), ch.Account, ch.Token)
		require.NoError(t, err)
		assert.True(t, next.Refresh != "" && next.Refresh != ch.Token.Refresh, "the refresh token must be another")
		assert.True(t, r.server.Alive(next.Value))
		require.NoError(t, x.Revoke(t.Context(), ch.Account, next))
		assert.False(t, r.server.Alive(next.Value))
		require.NoError(t, x.Revoke(t.Context(), ch.Account, next), "what is gone already is no error")
		_, err = x.Refresh(t.Context(), ch.Account, next)
		is(t, err, parvis.ErrAuth, "connect the account again")
	})
}

func TestWhatARefreshKeeps(t *testing.T) {
	t.Parallel()
	rules := authserver.X()
	rules.ScopeForm, rules.NoExpiresIn, rules.TokenLife = "none", true, 0
	r := newRig(t, authserver.Options{Rules: rules})
	x := oauth.X(r.app, r.site)
	x.Server.TokenLife = 0
	g := r.must(x, authserver.Answer{}, "publish")
	old := g.Choices[0].Token
	assert.Equal(t, []string{"tweet.read", "users.read", "offline.access", "tweet.write", "media.write"}, old.Scopes, "no scope in the answer grants what was asked for")
	assert.True(t, old.Expiry.IsZero(), "the life is unknown")
	old.Extra["own"], old.Version, old.Scopes = "kept", 7, []string{"tweet.read"}
	next, err := x.Refresh(t.Context(), g.Choices[0].Account, old)
	require.NoError(t, err)
	assert.Equal(t, "kept", next.Extra["own"])
	assert.Equal(t, int64(7), next.Version)
	assert.Equal(t, []string{"tweet.read"}, next.Scopes)
	other(t, next.Value, old.Value, "the new token")
}

func TestScopesThatPeopleTakeOut(t *testing.T) {
	t.Parallel()
	r := newRig(t, authserver.Options{Rules: authserver.X()})
	x := oauth.X(r.app, r.site)
	g := r.must(x, authserver.Answer{Without: []string{"offline.access", "tweet.write"}}, "publish")
	assert.NotContains(t, g.Scopes, "tweet.write")
	require.Len(t, g.Notes, 1)
	assert.Contains(t, g.Notes[0], "gave nothing to renew this connection with")
	lacks := x.Manifest.Lacking(g.Scopes, x.Covers)
	assert.Contains(t, lacks, providers.Lack{Scope: "tweet.write", Powers: []string{"publish", "publish.delete"}})
	_, err := x.Refresh(t.Context(), g.Choices[0].Account, g.Choices[0].Token)
	is(t, err, parvis.ErrAuth, "connect the account again")
}

func TestCallbacksThatAreRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t, authserver.Options{Rules: authserver.Google()})
	g := oauth.Google(r.app, r.site)
	step, err := g.Start(t.Context(), input())
	require.NoError(t, err)
	const iss = "https://accounts.google.com"
	for name, tc := range map[string]struct {
		back url.Values
		code parvis.Code
		help string
	}{
		"declined":        {back("error", "access_denied", "iss", iss), parvis.ErrPermission, "allow the access"},
		"scope":           {back("error", "invalid_scope", "error_description", `Scope "a.b" is unknown`), parvis.ErrInvalid, "scopes approved"},
		"LinkedIn scope":  {back("error", "unauthorized_scope_error"), parvis.ErrInvalid, "scopes approved"},
		"redirect":        {back("error", "redirect_uri_mismatch"), parvis.ErrInvalid, "register exactly " + callback + " under Authorized redirect URIs at https://console.cloud.google.com"},
		"client":          {back("error", "unauthorized_client"), parvis.ErrInvalid, "ID and secret"},
		"failed":          {back("error", "server_error"), parvis.ErrUnavailable, "later"},
		"not logged in":   {back("error", "login_required"), parvis.ErrAuth, "log in"},
		"LinkedIn cancel": {back("error", "user_cancelled_login"), parvis.ErrPermission, "allow"},
		"no code":         {back(), parvis.ErrInvalid, "start connecting again"},
		"two codes":       {url.Values{"code": {"parvis-secret-1", "parvis-secret-2"}}, parvis.ErrInvalid, "start"},
		"another issuer":  {back("code", "parvis-secret-code", "iss", "https://evil.example"), parvis.ErrInvalid, "mix up"},
		"secret in words": {back("error", "other", "error_description", "state "+state+" access_token=parvis-secret-9 is odd"), parvis.ErrInvalid, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := g.Finish(t.Context(), step, tc.back)
			is(t, err, tc.code, tc.help)
		})
	}
	strict := *g
	strict.Server.IssuerRequired = true
	_, err = strict.Finish(t.Context(), step, back("code", "parvis-secret-code"))
	is(t, err, parvis.ErrInvalid, "mix up")
	assert.Zero(t, r.server.Faults.Calls(), "nobody was asked")
}

func TestScopeIsNamed(t *testing.T) {
	t.Parallel()
	r := newRig(t, authserver.Options{Rules: authserver.X()})
	x := oauth.X(r.app, r.site)
	x.Scopes = append(x.Scopes, "tweet.fly")
	_, err := r.connect(x, authserver.Answer{})
	assert.Contains(t, is(t, err, parvis.ErrInvalid, "fewer powers").Message, "tweet.fly")
}

func TestWrongSettings(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		change func(*oauth.Code)
		help   string
	}{
		"secret":   {func(c *oauth.Code) { c.App.Secret = "parvis-secret-wrong" }, "check the ID and secret of the application at https://developer.x.com"},
		"no basic": {func(c *oauth.Code) { c.Server.Endpoint.AuthStyle = 1 }, "ID and secret"},
		"public":   {func(c *oauth.Code) { c.App.Secret = "" }, "ID and secret"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, authserver.Options{Rules: authserver.X()})
			x := oauth.X(r.app, r.site)
			g := r.must(x, authserver.Answer{})
			tc.change(x)
			_, err := r.connect(x, authserver.Answer{})
			is(t, err, parvis.ErrInvalid, tc.help)
			_, err = x.Refresh(t.Context(), g.Choices[0].Account, g.Choices[0].Token)
			is(t, err, parvis.ErrInvalid, tc.help)
		})
	}
}

func TestWrongRedirectAddress(t *testing.T) {
	t.Parallel()
	r := newRig(t, authserver.Options{Rules: authserver.X()})
	x := oauth.X(r.app, r.site)
	in := input()
	in.Callback = callback + "/"
	step, err := x.Start(t.Context(), in)
	require.NoError(t, err)
	_, err = r.server.Visit(r.ana, step.URL, authserver.Answer{})
	require.ErrorContains(t, err, "does not match", "the person reads it at the network, and does not come back")

	step, err = x.Start(t.Context(), input())
	require.NoError(t, err)
	answer, err := r.server.Visit(r.ana, step.URL, authserver.Answer{})
	require.NoError(t, err)
	step.Keep["redirect"] = callback + "/other"
	_, err = x.Finish(t.Context(), step, answer)
	is(t, err, parvis.ErrInvalid, "register exactly "+callback+"/other under Callback URI / Redirect URL at https://developer.x.com")
}

func TestCodesServeOnceAndShortly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, authserver.Options{Rules: authserver.X()})
		x := oauth.X(r.app, r.site)
		step, err := x.Start(t.Context(), input())
		require.NoError(t, err)
		answer, err := r.server.Visit(r.ana, step.URL, authserver.Answer{})
		require.NoError(t, err)
		g, err := x.Finish(t.Context(), step, answer)
		require.NoError(t, err)
		_, err = x.Finish(t.Context(), step, answer)
		is(t, err, parvis.ErrAuth, "a code lives 30s and serves once")
		assert.False(t, r.server.Alive(g.Choices[0].Token.Value), "a replay ends the grant")

		answer, err = r.server.Visit(r.ana, step.URL, authserver.Answer{})
		require.NoError(t, err)
		time.Sleep(31 * time.Second)
		_, err = x.Finish(t.Context(), step, answer)
		is(t, err, parvis.ErrAuth, "start connecting again")

		answer, err = r.server.Visit(r.ana, step.URL, authserver.Answer{})
		require.NoError(t, err)
		other, err := x.Start(t.Context(), input())
		require.NoError(t, err)
		_, err = x.Finish(t.Context(), other, answer)
		is(t, err, parvis.ErrAuth, "start connecting again")
	})
}

func TestWhatStartRefuses(t *testing.T) {
	t.Parallel()
	r := newRig(t, authserver.Options{Rules: authserver.X()})
	for name, tc := range map[string]struct {
		app  oauth.App
		in   providers.Input
		help string
	}{
		"no app":    {oauth.App{}, input(), "https://developer.x.com"},
		"no state":  {r.app, providers.Input{Callback: callback}, "random"},
		"relative":  {r.app, providers.Input{Callback: "/connect", State: state}, "https://host/path"},
		"fragment":  {r.app, providers.Input{Callback: callback + "#x", State: state}, "https://host/path"},
		"power":     {r.app, input("publish", "fly"), "publish.get"},
		"no scheme": {r.app, providers.Input{Callback: "app.example/cb", State: state}, "https://host/path"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := oauth.X(tc.app, r.site).Start(t.Context(), tc.in)
			is(t, err, parvis.ErrInvalid, tc.help)
		})
	}
	assert.Zero(t, r.server.Faults.Calls())
}

// TestHowARefreshFails is the table of providers.Refresher: only the network's own word
// ends an account, and what may have been taken is never called safe.
func TestHowARefreshFails(t *testing.T) {
	t.Parallel()
	answers := func(status int, body string, header ...string) apitest.Fault {
		f := apitest.Fault{Kind: apitest.ErrorBefore, Status: status, Body: body, Header: http.Header{}}
		for i := 0; i+1 < len(header); i += 2 {
			f.Header.Set(header[i], header[i+1])
		}
		return f
	}
	for name, tc := range map[string]struct {
		fault apitest.Fault
		code  parvis.Code
		help  string
	}{
		"grant is gone":          {answers(400, `{"error":"invalid_grant","error_description":"Token has been revoked: access_token=parvis-secret-x"}`), parvis.ErrAuth, "connect the account again"},
		"as X says it":           {answers(400, `{"error":"invalid_request","error_description":"Value passed for the token was invalid."}`), parvis.ErrAuth, "connect the account again"},
		"as a form":              {answers(400, `error=invalid_grant&error_description=gone`, "Content-Type", "application/x-www-form-urlencoded"), parvis.ErrAuth, "again"},
		"in a good answer":       {answers(200, `{"error":"invalid_grant"}`), parvis.ErrAuth, "again"},
		"client":                 {answers(401, `{"error":"invalid_client"}`), parvis.ErrInvalid, "ID and secret"},
		"client in another tone": {answers(401, `{"error":"unauthorized_client"}`), parvis.ErrInvalid, "ID and secret"},
		"redirect":               {answers(400, `{"error":"redirect_uri_mismatch"}`), parvis.ErrInvalid, "register exactly"},
		"scope":                  {answers(400, `{"error":"invalid_scope"}`), parvis.ErrInvalid, "fewer powers"},
		"401 without words":      {answers(401, `{}`), parvis.ErrInvalid, "ID and secret"},
		"403 page":               {answers(403, `<html>no</html>`, "Content-Type", "text/html"), parvis.ErrUnavailable, "firewall"},
		"404":                    {answers(404, `{}`), parvis.ErrInvalid, ""},
		"slow down":              {answers(400, `{"error":"temporarily_unavailable"}`), parvis.ErrUnavailable, ""},
		"too many":               {answers(429, `{}`, "Retry-After", "90"), parvis.ErrRateLimited, ""},
		"500 before":             {apitest.Fault{Kind: apitest.ErrorBefore}, parvis.ErrUnknownOutcome, ""},
		"500 after":              {apitest.Fault{Kind: apitest.ErrorAfter}, parvis.ErrUnknownOutcome, ""},
		"502 with invalid_grant": {answers(502, `{"error":"invalid_grant"}`), parvis.ErrUnknownOutcome, ""},
		"503 page":               {answers(503, `<html>maintenance</html>`, "Content-Type", "text/html"), parvis.ErrUnknownOutcome, ""},
		"cut after":              {apitest.Fault{Kind: apitest.CutAfter}, parvis.ErrUnknownOutcome, ""},
		"hang":                   {apitest.Fault{Kind: apitest.Hang}, parvis.ErrUnknownOutcome, ""},
		"no token in the answer": {answers(200, `{"token_type":"bearer"}`), parvis.ErrUnknownOutcome, ""},
		"no JSON":                {answers(200, `hello`), parvis.ErrUnknownOutcome, ""},
		"retired":                {answers(426, `{}`), parvis.ErrAPIVersionRetired, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, authserver.Options{Rules: authserver.X()})
				x := oauth.X(r.app, r.site)
				g := r.must(x, authserver.Answer{})
				before := r.server.Faults.Calls()
				r.server.Faults.Inject(tc.fault)
				_, err := x.Refresh(t.Context(), g.Choices[0].Account, g.Choices[0].Token)
				e := is(t, err, tc.code, tc.help)
				assert.Equal(t, before+1, r.server.Faults.Calls(), "one request, never repeated")
				if tc.code == parvis.ErrRateLimited {
					assert.Equal(t, 90*time.Second, e.RetryAfter)
				}
			})
		})
	}
}

// wireFunc is a wire made of a function.
type wireFunc func(*http.Request) (*http.Response, error)

func (f wireFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestWhatSurelyDidNotLeave(t *testing.T) {
	t.Parallel()
	for name, cause := range map[string]error{
		"refused": &net.OpError{Op: "dial", Err: errors.New("connection refused")},
		"name":    &net.DNSError{Err: "no such host", IsNotFound: true},
	} {
		o := &providers.Options{HTTPClient: &http.Client{Transport: wireFunc(func(*http.Request) (*http.Response, error) { return nil, cause })}}
		old := parvis.Token{Value: "parvis-secret-a", Refresh: "parvis-secret-r"}
		for _, f := range []providers.Refresher{
			oauth.X(oauth.App{ID: "1"}, &oauth.Site{Options: o}), oauth.Threads(oauth.App{ID: "1"}, &oauth.Site{Options: o}),
		} {
			_, err := f.Refresh(t.Context(), parvis.Account{}, old)
			is(t, err, parvis.ErrUnavailable, "")
		}
		_ = name
	}
}

func TestARefreshThatIsGivenUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, authserver.Options{Rules: authserver.X()})
		x := oauth.X(r.app, r.site)
		g := r.must(x, authserver.Answer{})
		r.server.Faults.Inject(apitest.Fault{Kind: apitest.Hang})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := x.Refresh(ctx, g.Choices[0].Account, g.Choices[0].Token)
		is(t, err, parvis.ErrUnknownOutcome, "")
	})
}

func TestAnExchangeWithoutAnswerIsNotRepeated(t *testing.T) {
	t.Parallel()
	for _, kind := range []apitest.Kind{apitest.ErrorAfter, apitest.CutAfter} {
		r := newRig(t, authserver.Options{Rules: authserver.X()})
		r.site.Options.Retry = providers.Retry{Max: 5, MinWait: time.Millisecond}
		x := oauth.X(r.app, r.site)
		r.server.Faults.Inject(apitest.Fault{Kind: kind})
		_, err := r.connect(x, authserver.Answer{})
		is(t, err, parvis.ErrUnknownOutcome, "start connecting again: the code may be spent")
		assert.Equal(t, 1, r.server.Faults.Calls())
	}
}

func TestARevokedGrant(t *testing.T) {
	t.Parallel()
	r := newRig(t, authserver.Options{Rules: authserver.Google()})
	yt := oauth.Google(r.app, r.site)
	g := r.must(yt, authserver.Answer{})
	r.server.End(r.ana)
	_, err := yt.Refresh(t.Context(), g.Choices[0].Account, g.Choices[0].Token)
	is(t, err, parvis.ErrAuth, "connect the account again")
	require.NoError(t, yt.Revoke(t.Context(), g.Choices[0].Account, g.Choices[0].Token))
}

func TestARefreshThatNeverBegan(t *testing.T) {
	t.Parallel()
	r := newRig(t, authserver.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := oauth.Threads(r.app, r.site).Refresh(ctx, parvis.Account{Network: "threads"}, parvis.Token{Value: "parvis-secret-t", Refresh: "parvis-secret-t"})
	is(t, err, parvis.ErrUnavailable, "")
	assert.Zero(t, r.server.Faults.Calls())
}

func TestTwoRefreshesOfOneToken(t *testing.T) {
	t.Parallel()
	r := newRig(t, authserver.Options{Rules: authserver.X()})
	x := oauth.X(r.app, r.site)
	g := r.must(x, authserver.Answer{})
	a, old := g.Choices[0].Account, g.Choices[0].Token
	next, err := x.Refresh(t.Context(), a, old)
	require.NoError(t, err)
	_, err = x.Refresh(t.Context(), a, old)
	is(t, err, parvis.ErrAuth, "")
	assert.False(t, r.server.Alive(next.Value), "the network takes a replay for a theft")
}

func TestLinkedInTokens(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, authserver.Options{Rules: authserver.LinkedIn(), LinkedInVersions: []string{oauth.LinkedInVersion}})
		r.ana.Roles = map[string][]string{
			"urn:li:organization:1": {"ADMINISTRATOR"}, "urn:li:organization:2": {"CONTENT_ADMIN", "ANALYST"}, "urn:li:organization:3": {"ANALYST"},
		}
		in := oauth.LinkedIn(r.app, r.site)
		g := r.must(in, authserver.Answer{}, "publish")
		require.Len(t, g.Choices, 4)
		assert.Equal(t, "urn:li:person:77", g.Choices[0].Account.ID)
		assert.Equal(t, parvis.Account{Network: "linkedin", ID: "urn:li:organization:1", Handle: "org-1", Name: "Organization 1"}, g.Choices[1].Account)
		assert.Empty(t, g.Choices[1].Problem)
		assert.Contains(t, g.Choices[2].Problem, "may post, but not read comments")
		assert.Equal(t, "urn:li:organization:2", g.Choices[2].Account.Name, "the name may not be read")
		assert.Contains(t, g.Choices[3].Problem, "ANALYST may not post")
		first := g.Choices[0].Token
		assert.Equal(t, time.Now().Add(365*24*time.Hour).Unix(), oauth.MustAct(first).Unix())
		time.Sleep(50 * 24 * time.Hour)
		next, err := in.Refresh(t.Context(), g.Choices[0].Account, first)
		require.NoError(t, err)
		assert.Equal(t, oauth.MustAct(first).Unix(), oauth.MustAct(next).Unix(), "refreshing does not make the grant longer")
		is(t, in.Revoke(t.Context(), g.Choices[0].Account, next), parvis.ErrUnsupported, "settings of their account")
	})
}

func TestLinkedInVersionIsRetired(t *testing.T) {
	t.Parallel()
	r := newRig(t, authserver.Options{Rules: authserver.LinkedIn(), LinkedInVersions: []string{"209901"}})
	r.site.Version = "202507"
	_, err := r.connect(oauth.LinkedIn(r.app, r.site), authserver.Answer{})
	floor := time.Now().UTC().AddDate(-1, 1, 0).Format("200601")
	e := is(t, err, parvis.ErrAPIVersionRetired, "configure version "+floor+" or newer")
	assert.Contains(t, e.Message, "202507")
	assert.Contains(t, e.Vendor, "NONEXISTENT_VERSION")
}

func TestLinkedInWithoutPages(t *testing.T) {
	t.Parallel()
	r := newRig(t, authserver.Options{Rules: authserver.LinkedIn(), LinkedInVersions: []string{oauth.LinkedInVersion}})
	in := oauth.LinkedIn(r.app, r.site)
	in.Scopes = []string{"openid", "profile"}
	in.Manifest.Scopes = nil
	g := r.must(in, authserver.Answer{})
	assert.Contains(t, g.Notes[0], "rw_organization_admin was not granted")
	assert.Contains(t, g.Choices[0].Problem, "w_member_social")
}

func TestGoogle(t *testing.T) {
	t.Parallel()
	r := newRig(t, authserver.Options{Rules: authserver.Google()})
	yt := oauth.Google(r.app, r.site)
	step, err := yt.Start(t.Context(), input("publish"))
	require.NoError(t, err)
	assert.Contains(t, step.URL, "access_type=offline")
	assert.Contains(t, step.URL, "prompt=consent")
	g := r.must(yt, authserver.Answer{}, "publish")
	require.Len(t, g.Choices, 1)
	assert.Equal(t, parvis.Account{Network: "youtube", ID: "UC77", Handle: "ana", Name: "Ana's pottery"}, g.Choices[0].Account)
	old := g.Choices[0].Token
	next, err := yt.Refresh(t.Context(), g.Choices[0].Account, old)
	require.NoError(t, err)
	assert.True(t, next.Refresh == old.Refresh && next.Refresh != "", "the refresh token is kept when the answer has none")
	require.NoError(t, yt.Revoke(t.Context(), g.Choices[0].Account, next))
	require.NoError(t, yt.Revoke(t.Context(), g.Choices[0].Account, next), "400 invalid_token is what was wanted")
	_, err = yt.Refresh(t.Context(), g.Choices[0].Account, next)
	is(t, err, parvis.ErrAuth, "")
}

func TestGoogleAccountWithoutChannel(t *testing.T) {
	t.Parallel()
	r := newRig(t, authserver.Options{Rules: authserver.Google()})
	r.ana.Channel = ""
	g := r.must(oauth.Google(r.app, r.site), authserver.Answer{})
	assert.Empty(t, g.Choices)
	assert.Contains(t, strings.Join(g.Notes, " "), "has no YouTube channel")
	for body, code := range map[string]parvis.Code{
		`{"error":{"code":401,"errors":[{"reason":"youtubeSignupRequired"}]}}`: parvis.ErrPermission,
		`{"error":{"code":403,"errors":[{"reason":"quotaExceeded"}]}}`:         parvis.ErrRateLimited,
	} {
		status := 401
		if code == parvis.ErrRateLimited {
			status = 403
		}
		r.server.Faults.Inject(apitest.Fault{Kind: apitest.ErrorBefore, Status: status, Body: body, Match: func(q *http.Request) bool { return strings.Contains(q.URL.Path, "channels") }})
		_, err := r.connect(oauth.Google(r.app, r.site), authserver.Answer{})
		is(t, err, code, "")
	}
}

func TestPublicClientsAndArrays(t *testing.T) {
	t.Parallel()
	rules := authserver.X()
	rules.ScopeForm = "array"
	r := newRig(t, authserver.Options{Rules: rules})
	r.server.AddClient(authserver.Client{ID: "public", Redirects: []string{callback}})
	x := oauth.X(oauth.App{ID: "public"}, r.site)
	g := r.must(x, authserver.Answer{}, "publish")
	assert.Contains(t, g.Scopes, "tweet.write")
	next, err := x.Refresh(t.Context(), g.Choices[0].Account, g.Choices[0].Token)
	require.NoError(t, err)
	require.NoError(t, x.Revoke(t.Context(), g.Choices[0].Account, next))
}

func TestAWrongClockIsANote(t *testing.T) {
	t.Parallel()
	r := newRig(t, authserver.Options{Rules: authserver.X(), Ahead: time.Hour})
	g := r.must(oauth.X(r.app, r.site), authserver.Answer{})
	assert.Equal(t, []string{"The clock of this machine is wrong by about 1 h; set it."}, g.Notes)
}

func TestAListThatFails(t *testing.T) {
	t.Parallel()
	r := newRig(t, authserver.Options{Rules: authserver.X()})
	x := oauth.X(r.app, r.site)
	x.List = func(context.Context, *providers.Options, parvis.Token) (providers.Grant, error) {
		return providers.Grant{}, errors.New("no")
	}
	_, err := r.connect(x, authserver.Answer{})
	require.ErrorIs(t, err, parvis.ErrUnavailable)
	x.List = nil
	_, err = r.connect(x, authserver.Answer{})
	is(t, err, parvis.ErrInvalid, "set List")
	r.server.Faults.Inject(apitest.Fault{Kind: apitest.ErrorBefore, Status: 200, Body: `{"data":{}}`, Match: func(q *http.Request) bool { return q.Method == "GET" }})
	_, err = r.connect(oauth.X(r.app, r.site), authserver.Answer{})
	is(t, err, parvis.ErrBadAnswer, "")
}
