package authserver_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis/internal/apitest/authserver"
)

const redirect = "https://tool.example/cb"

// The example of RFC 7636, appendix B.
const (
	challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
	verifier  = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
)

// tool talks to a server by hand.
type tool struct {
	t    *testing.T
	s    *authserver.Server
	p    *authserver.Person
	auth string
}

func newTool(t *testing.T, o authserver.Options) *tool {
	t.Helper()
	s := authserver.New(o)
	s.AddClient(authserver.Client{ID: "tool", Secret: "parvis-secret-tool", Redirects: []string{redirect}})
	s.AddClient(authserver.Client{ID: "other", Secret: "parvis-secret-other", Redirects: []string{redirect}})
	return &tool{t, s, s.AddPerson(authserver.Person{ID: "1", Handle: "ana"}), "Basic " + "dG9vbDpwYXJ2aXMtc2VjcmV0LXRvb2w="}
}

func (c *tool) post(path string, f url.Values) (int, map[string]any) {
	c.t.Helper()
	r, err := http.NewRequestWithContext(c.t.Context(), http.MethodPost, authserver.URL+path, strings.NewReader(f.Encode()))
	require.NoError(c.t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if c.auth != "" {
		r.Header.Set("Authorization", c.auth)
	}
	return c.do(r)
}

func (c *tool) do(r *http.Request) (int, map[string]any) {
	c.t.Helper()
	resp, err := c.s.Client().Do(r)
	require.NoError(c.t, err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	require.NoError(c.t, err)
	out := map[string]any{}
	_ = json.Unmarshal(b, &out)
	return resp.StatusCode, out
}

// ask is an authorization address; pairs change it.
func ask(path string, pairs ...string) string {
	q := url.Values{
		"response_type": {"code"}, "client_id": {"tool"}, "redirect_uri": {redirect}, "state": {"parvis-secret-s"}, "scope": {"tweet.read offline.access"},
		"code_challenge": {challenge}, "code_challenge_method": {"S256"},
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
	}
	return authserver.URL + path + "?" + q.Encode()
}

func (c *tool) code() string {
	c.t.Helper()
	back, err := c.s.Visit(c.p, ask("/i/oauth2/authorize"), authserver.Answer{})
	require.NoError(c.t, err)
	return back.Get("code")
}

func exchange(code string, pairs ...string) url.Values {
	f := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {redirect}, "code_verifier": {verifier}}
	for i := 0; i+1 < len(pairs); i += 2 {
		f.Set(pairs[i], pairs[i+1])
	}
	return f
}

func TestWhatNeverLeadsBack(t *testing.T) {
	t.Parallel()
	c := newTool(t, authserver.Options{Rules: authserver.X()})
	for _, address := range []string{
		ask("/i/oauth2/authorize", "redirect_uri", redirect+"/"), ask("/i/oauth2/authorize", "redirect_uri", redirect+"?x=1"),
		ask("/i/oauth2/authorize", "client_id", "nobody"), ask("/elsewhere"),
	} {
		_, err := c.s.Visit(c.p, address, authserver.Answer{})
		require.Error(t, err)
	}
	for want, pairs := range map[string][]string{
		"unsupported_response_type": {"response_type", "token"}, "invalid_request": {"code_challenge_method", "plain"}, "invalid_scope": {"scope", "fly"},
	} {
		back, err := c.s.Visit(c.p, ask("/i/oauth2/authorize", pairs...), authserver.Answer{})
		require.NoError(t, err)
		assert.Equal(t, want, back.Get("error"))
		if back.Get("state") != "parvis-secret-s" {
			t.Error("the state differs")
		}
	}
	back, err := c.s.Visit(c.p, ask("/i/oauth2/authorize"), authserver.Answer{Decline: true})
	require.NoError(t, err)
	assert.Equal(t, "access_denied", back.Get("error"))
}

func TestRulesOfCodes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newTool(t, authserver.Options{Rules: authserver.X()})
		for name, f := range map[string]url.Values{
			"verifier": exchange(c.code(), "code_verifier", strings.Repeat("a", 43)), "no verifier": exchange(c.code(), "code_verifier", ""),
			"redirect": exchange(c.code(), "redirect_uri", redirect+"/"), "unknown": exchange("parvis-secret-none"),
		} {
			status, body := c.post("/2/oauth2/token", f)
			assert.Equal(t, 400, status, name)
			assert.Equal(t, "invalid_grant", body["error"], name)
			status, _ = c.post("/2/oauth2/token", exchange(f.Get("code")))
			assert.Equal(t, 400, status, "a code that was tried is spent")
		}
		code := c.code()
		status, body := c.post("/2/oauth2/token", exchange(code))
		require.Equal(t, 200, status)
		assert.InDelta(t, 7200, body["expires_in"], 0)
		access := body["access_token"].(string)
		assert.True(t, c.s.Alive(access))
		status, _ = c.post("/2/oauth2/token", exchange(code))
		assert.Equal(t, 400, status)
		assert.False(t, c.s.Alive(access), "a replay ends what came of the code")

		code = c.code()
		time.Sleep(31 * time.Second)
		status, _ = c.post("/2/oauth2/token", exchange(code))
		assert.Equal(t, 400, status, "X's codes live 30 seconds")
		c.auth = "Basic b3RoZXI6cGFydmlzLXNlY3JldC1vdGhlcg=="
		status, _ = c.post("/2/oauth2/token", exchange(func() string { return c.code() }()))
		assert.Equal(t, 400, status, "the code of another client")
	})
}

func TestWaysToShowWhoTheClientIs(t *testing.T) {
	t.Parallel()
	for name, auth := range map[string]string{"none": "", "wrong": "Basic dG9vbDp4", "unknown": "Basic eDp4"} {
		c := newTool(t, authserver.Options{Rules: authserver.X()})
		f := exchange(c.code())
		c.auth = auth
		status, body := c.post("/2/oauth2/token", f)
		assert.Equal(t, 401, status, name)
		assert.Equal(t, "invalid_client", body["error"], name)
	}
	c := newTool(t, authserver.Options{Rules: authserver.X()})
	status, _ := c.post("/2/oauth2/token", exchange(c.code(), "client_secret", "parvis-secret-tool"))
	assert.Equal(t, 401, status, "two ways at once")
	f := exchange(c.code())
	f.Add("code", "twice")
	status, body := c.post("/2/oauth2/token", f)
	assert.Equal(t, 400, status)
	assert.Equal(t, "invalid_request", body["error"])
	status, _ = c.post("/2/oauth2/token?x=1", exchange(c.code()))
	assert.Equal(t, 400, status, "parameters in the address")
	status, body = c.post("/2/oauth2/token", url.Values{"grant_type": {"password"}})
	assert.Equal(t, 400, status)
	assert.Equal(t, "unsupported_grant_type", body["error"])
}

func TestRotationAndItsGrace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rules := authserver.X()
		rules.Grace = 10 * time.Second
		c := newTool(t, authserver.Options{Rules: rules})
		_, first := c.post("/2/oauth2/token", exchange(c.code()))
		f := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {first["refresh_token"].(string)}}
		_, second := c.post("/2/oauth2/token", f)
		_, again := c.post("/2/oauth2/token", f)
		if second["refresh_token"] != again["refresh_token"] {
			t.Error("within the grace the answer is the same")
		}
		time.Sleep(11 * time.Second)
		status, body := c.post("/2/oauth2/token", f)
		assert.Equal(t, 400, status)
		assert.Equal(t, "invalid_request", body["error"], "X's word for it")
		assert.False(t, c.s.Alive(second["access_token"].(string)), "a replay ends the grant")
	})
}

func TestMetaRules(t *testing.T) {
	t.Parallel()
	app := authserver.Client{ID: "4711", Secret: "parvis-secret-fb", Redirects: []string{redirect}}
	c := newTool(t, authserver.Options{Meta: authserver.Meta{App: app, Floor: 21, Proof: true}})
	get := func(path string) (int, map[string]any) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, authserver.URL+path, nil)
		require.NoError(t, err)
		return c.do(r)
	}
	code := func(m map[string]any) any { e, _ := m["error"].(map[string]any); return e["code"] }
	_, body := get("/v26.0/me/accounts?access_token=parvis-secret-none")
	assert.InDelta(t, 100, code(body), 0, "without a proof")
	_, body = get("/v26.0/oauth/access_token?client_id=1")
	assert.InDelta(t, 101, code(body), 0)
	_, body = get("/v26.0/oauth/access_token?client_id=4711&client_secret=x")
	assert.InDelta(t, 1, code(body), 0)
	_, body = get("/v26.0/oauth/access_token?client_id=4711&client_secret=parvis-secret-fb&code=x")
	assert.InDelta(t, 100, code(body), 0)
	_, body = get("/latest/me")
	assert.InDelta(t, 2500, code(body), 0)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, authserver.URL+"/v20.0/oauth/access_token", nil)
	require.NoError(t, err)
	resp, err := c.s.Client().Do(r)
	require.NoError(t, err)
	assert.Equal(t, "v21.0", resp.Header.Get("Facebook-Api-Version"), "the oldest that lives answers for older ones")
	assert.NotEmpty(t, resp.Header.Get("Date"))
	_, err = c.s.Visit(c.p, authserver.URL+"/v26.0/dialog/oauth?client_id=4711&redirect_uri=https://evil.example", authserver.Answer{})
	require.ErrorContains(t, err, "URL blocked")
}

func TestSignaturesAreVerified(t *testing.T) {
	t.Parallel()
	c := newTool(t, authserver.Options{})
	for name, header := range map[string]string{
		"none":      "OAuth x",
		"plain":     `OAuth oauth_consumer_key="tool", oauth_signature_method="PLAINTEXT", oauth_signature="parvis-secret-tool%26"`,
		"timestamp": `OAuth oauth_consumer_key="tool", oauth_signature_method="HMAC-SHA1", oauth_timestamp="1", oauth_nonce="n", oauth_signature="x"`,
		"consumer":  `OAuth oauth_consumer_key="x", oauth_signature_method="HMAC-SHA1", oauth_timestamp="1", oauth_nonce="n", oauth_signature="x"`,
	} {
		c.auth = header
		status, body := c.post("/oauth/request_token", nil)
		assert.Equal(t, 401, status, name)
		if name == "timestamp" {
			assert.InDelta(t, 135, body["errors"].([]any)[0].(map[string]any)["code"], 0)
		}
	}
}

func TestEnd(t *testing.T) {
	t.Parallel()
	c := newTool(t, authserver.Options{Rules: authserver.X()})
	_, body := c.post("/2/oauth2/token", exchange(c.code()))
	access := body["access_token"].(string)
	c.s.End(c.p)
	assert.False(t, c.s.Alive(access))
	status, _ := c.post("/2/oauth2/revoke", url.Values{"token": {access}})
	assert.Equal(t, 200, status, "RFC 7009: what is unknown is gone")
}

func TestWordPressRules(t *testing.T) {
	t.Parallel()
	s := authserver.NewWordPress(t)
	page := s.URL + "/wp-admin/authorize-application.php?"
	for want, q := range map[string]url.Values{
		"The application name is missing.":                 {"success_url": {redirect}},
		"The application ID must be a UUID.":               {"app_name": {"x"}, "app_id": {"7"}, "success_url": {redirect}},
		"The URL must be served over a secure connection.": {"app_name": {"x"}, "success_url": {"javascript:alert(1)"}},
	} {
		_, shown := s.Approve(page+q.Encode(), true)
		assert.Equal(t, want, shown)
	}
	_, shown := s.Approve(s.URL+"/other", true)
	assert.Equal(t, "not found", shown)
	_, shown = s.Approve(page+url.Values{"app_name": {"x"}, "success_url": {redirect}}.Encode(), false)
	assert.Equal(t, "rejected", shown)
	assert.Zero(t, s.Passwords())
}
