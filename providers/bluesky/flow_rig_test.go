package bluesky

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis/providers"
)

const (
	testDID    = "did:plc:alice234567"
	testHandle = "alice.example"
	testPDS    = "https://pds.example"
	testIssuer = "https://auth.example"
	testBack   = "http://127.0.0.1:7777/connect/callback/bluesky"
	testState  = "parvis-secret-state"
)

// world is a small network without wires: a directory, a PDS and its authorization
// server, which enforces the rules that the specification gives it.
type world struct {
	t  testing.TB
	mu sync.Mutex
	// What can be set.
	burns     bool                               // the refresh token is spent before the nonce is looked at
	described map[string]any                     // changes to the server's description; nil values remove
	document  string                             // the DID document
	resource  string                             // the PDS's description
	before    func(*http.Request) *http.Response // answers in the place of the network
	after     func(*http.Request, *http.Response) (*http.Response, error)
	sub       string                      // whom the token is for
	scope     string                      // what is granted
	jwks      map[string]*ecdsa.PublicKey // of a confidential client
	// What is kept.
	nonce   int
	jti     map[string]bool
	pushed  map[string]url.Values
	codes   map[string]url.Values
	refresh string // the one that is good
	spent   map[string]bool
	dead    bool
	serial  int
	asked   []string
	forms   []url.Values
	revoked []string
}

func newWorld(t testing.TB) *world {
	return &world{
		t: t, sub: testDID, scope: "atproto transition:generic", jti: map[string]bool{}, pushed: map[string]url.Values{},
		codes: map[string]url.Values{}, spent: map[string]bool{}, nonce: 1,
		document: `{"id":"` + testDID + `","alsoKnownAs":["at://` + testHandle + `"],"service":[{"id":"#atproto_pds","type":"AtprotoPersonalDataServer","serviceEndpoint":"` + testPDS + `"}]}`,
		resource: `{"resource":"` + testPDS + `","authorization_servers":["` + testIssuer + `"]}`,
	}
}

func (w *world) options() *providers.Options {
	return &providers.Options{HTTPClient: &http.Client{Transport: w}, Retry: providers.Retry{Max: 1}}
}

func (w *world) directory() Directory {
	return Directory{PLC: "https://plc.example", Handles: "https://names.example"}
}

func (w *world) flow(cfg FlowConfig) *Flow {
	w.t.Helper()
	cfg.Directory = w.directory()
	f, err := NewFlow(cfg, w.options())
	require.NoError(w.t, err)
	return f
}

func (w *world) start(f *Flow, callback string) providers.Step {
	w.t.Helper()
	step, err := f.Start(w.t.Context(), providers.Input{Values: map[string]string{"handle": testHandle}, Callback: callback, State: testState})
	require.NoError(w.t, err)
	return step
}

// grant walks the whole way, with somebody who allows.
func (w *world) grant(f *Flow, callback string) providers.Choice {
	w.t.Helper()
	step := w.start(f, callback)
	g, err := f.Finish(w.t.Context(), step, w.allow(step.URL))
	require.NoError(w.t, err)
	require.Len(w.t, g.Choices, 1)
	return g.Choices[0]
}

// allow is what the browser carries back from the page.
func (w *world) allow(page string) url.Values {
	w.t.Helper()
	u, err := url.Parse(page)
	require.NoError(w.t, err)
	w.mu.Lock()
	defer w.mu.Unlock()
	form, ok := w.pushed[u.Query().Get("request_uri")]
	require.True(w.t, ok, "the request was pushed")
	require.Equal(w.t, form.Get("client_id"), u.Query().Get("client_id"))
	w.serial++
	code := fmt.Sprintf("parvis-secret-code-%d", w.serial)
	w.codes[code] = form
	return url.Values{"code": {code}, "state": {form.Get("state")}, "iss": {testIssuer}}
}

func say(status int, body string) *http.Response {
	return &http.Response{
		StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
	}
}

func oauthError(status int, name string) *http.Response {
	return say(status, `{"error":"`+name+`","error_description":"said the server"}`)
}

// RoundTrip answers for all servers of the world.
func (w *world) RoundTrip(r *http.Request) (*http.Response, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	form := url.Values{}
	if r.Body != nil {
		b, err := io.ReadAll(r.Body)
		require.NoError(w.t, err)
		form, _ = url.ParseQuery(string(b))
	}
	w.asked, w.forms = append(w.asked, r.Method+" "+r.URL.Host+r.URL.Path), append(w.forms, form)
	var resp *http.Response
	if w.before != nil {
		resp = w.before(r)
	}
	if resp == nil {
		resp = w.answer(r, form)
	}
	resp.Request = r
	if w.after != nil {
		return w.after(r, resp)
	}
	return resp, nil
}

func (w *world) answer(r *http.Request, form url.Values) *http.Response {
	switch r.Method + " " + r.URL.Host + r.URL.Path {
	case "GET names.example/xrpc/com.atproto.identity.resolveHandle":
		return say(200, `{"did":"`+testDID+`"}`)
	case "GET plc.example/" + testDID:
		return say(200, w.document)
	case "GET pds.example/.well-known/oauth-protected-resource":
		return say(200, w.resource)
	case "GET auth.example/.well-known/oauth-authorization-server":
		return say(200, w.description())
	case "POST auth.example/oauth/par":
		return w.guarded(r, form, w.push)
	case "POST auth.example/oauth/token":
		return w.token(r, form)
	case "POST auth.example/oauth/revoke":
		w.revoked = append(w.revoked, form.Get("token"))
		return w.guarded(r, form, func(url.Values, string) *http.Response { return say(200, `{}`) })
	}
	return say(404, `not found`)
}

func (w *world) description() string {
	d := map[string]any{
		"issuer": testIssuer, "authorization_endpoint": testIssuer + "/oauth/authorize", "token_endpoint": testIssuer + "/oauth/token",
		"pushed_authorization_request_endpoint": testIssuer + "/oauth/par", "revocation_endpoint": testIssuer + "/oauth/revoke",
		"require_pushed_authorization_requests": true, "client_id_metadata_document_supported": true,
		"authorization_response_iss_parameter_supported": true, "code_challenge_methods_supported": []string{"S256"},
		"dpop_signing_alg_values_supported": []string{"RS256", "ES256"}, "scopes_supported": []string{"atproto", "transition:generic"},
		"grant_types_supported":                 []string{"authorization_code", "refresh_token"},
		"token_endpoint_auth_methods_supported": []string{"none", "private_key_jwt"},
	}
	for name, v := range w.described {
		d[name] = v
		if v == nil {
			delete(d, name)
		}
	}
	b, err := json.Marshal(d)
	require.NoError(w.t, err)
	return string(b)
}

// token spends before it looks, if it burns.
func (w *world) token(r *http.Request, form url.Values) *http.Response {
	refused := (*http.Response)(nil)
	if form.Get("grant_type") == "refresh_token" && (form.Get("refresh_token") == "" || w.burns) {
		if refused = w.spend(form); form.Get("refresh_token") == "" {
			refused.Header.Set("Dpop-Nonce", w.current())
			return refused
		}
	}
	return w.guarded(r, form, func(form url.Values, jkt string) *http.Response {
		switch form.Get("grant_type") {
		case "authorization_code":
			return w.exchange(form, jkt)
		case "refresh_token":
			if !w.burns {
				refused = w.spend(form)
			}
			if refused != nil {
				return refused
			}
			return w.issue(jkt)
		}
		return oauthError(400, "unsupported_grant_type")
	})
}

// spend takes a refresh token, or refuses it; one that comes twice ends the session.
func (w *world) spend(form url.Values) *http.Response {
	t := form.Get("refresh_token")
	switch {
	case t == "":
		return oauthError(400, "invalid_grant")
	case w.spent[t]:
		w.dead = true
	}
	if w.dead || t != w.refresh {
		return oauthError(400, "invalid_grant")
	}
	w.spent[t] = true
	return nil
}

func (w *world) exchange(form url.Values, jkt string) *http.Response {
	pushed, ok := w.codes[form.Get("code")]
	delete(w.codes, form.Get("code"))
	sum := sha256.Sum256([]byte(form.Get("code_verifier")))
	switch {
	case !ok, pushed.Get("code_challenge") != b64.EncodeToString(sum[:]), pushed.Get("redirect_uri") != form.Get("redirect_uri"),
		pushed.Get("client_id") != form.Get("client_id"), pushed.Get("jkt") != jkt:
		return oauthError(400, "invalid_grant")
	}
	return w.issue(jkt)
}

func (w *world) issue(string) *http.Response {
	w.serial++
	w.refresh = fmt.Sprintf("parvis-secret-refresh-%d", w.serial)
	b, err := json.Marshal(map[string]any{
		"access_token": fmt.Sprintf("parvis-secret-access-%d", w.serial), "refresh_token": w.refresh, "token_type": "DPoP",
		"expires_in": 3600, "scope": w.scope, "sub": w.sub,
	})
	require.NoError(w.t, err)
	return say(200, string(b))
}

func (w *world) push(form url.Values, jkt string) *http.Response {
	for _, name := range []string{"redirect_uri", "scope", "state", "code_challenge"} {
		if form.Get(name) == "" {
			return oauthError(400, "invalid_request")
		}
	}
	if form.Get("code_challenge_method") != "S256" || form.Get("response_type") != "code" {
		return oauthError(400, "invalid_request")
	}
	w.serial++
	uri := fmt.Sprintf("urn:ietf:params:oauth:request_uri:%d", w.serial)
	form.Set("jkt", jkt)
	w.pushed[uri] = form
	return say(201, `{"request_uri":"`+uri+`","expires_in":299}`)
}

func (w *world) current() string { return fmt.Sprintf("nonce-%d", w.nonce) }

// guarded checks the proof and the client before it lets a request through.
func (w *world) guarded(r *http.Request, form url.Values, next func(url.Values, string) *http.Response) *http.Response {
	resp := w.checked(r, form, next)
	resp.Header.Set("Dpop-Nonce", w.current())
	return resp
}

func (w *world) checked(r *http.Request, form url.Values, next func(url.Values, string) *http.Response) *http.Response {
	header, claims, signed := opened(w.t, r.Header.Get("Dpop"), nil)
	jti, _ := claims["jti"].(string)
	switch {
	case !signed, header["typ"] != "dpop+jwt", claims["htm"] != r.Method, claims["htu"] != "https://"+r.URL.Host+r.URL.Path, jti == "", w.jti[jti]:
		return oauthError(401, "invalid_dpop_proof")
	}
	w.jti[jti] = true
	if claims["nonce"] != w.current() {
		return oauthError(400, "use_dpop_nonce")
	}
	if w.jwks != nil {
		header, claims, signed := opened(w.t, form.Get("client_assertion"), w.jwks)
		jti, _ := claims["jti"].(string)
		if !signed || claims["iss"] != form.Get("client_id") || claims["sub"] != form.Get("client_id") || claims["aud"] != testIssuer ||
			jti == "" || w.jti[jti] || header["kid"] == "" {
			return oauthError(401, "invalid_client")
		}
		w.jti[jti] = true
	}
	jwk, _ := json.Marshal(header["jwk"])
	return next(form, string(jwk))
}

var b64 = base64.RawURLEncoding

// opened reads a JWS, by one of the keys or, if there are none, the key in its header.
func opened(t testing.TB, jws string, keys map[string]*ecdsa.PublicKey) (header, claims map[string]any, good bool) {
	t.Helper()
	parts := strings.Split(jws, ".")
	if len(parts) != 3 {
		return nil, nil, false
	}
	for i, out := range []*map[string]any{&header, &claims} {
		b, err := b64.DecodeString(parts[i])
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(b, out))
	}
	kid, _ := header["kid"].(string)
	key := keys[kid]
	if keys == nil {
		jwk, _ := header["jwk"].(map[string]any)
		x, err := b64.DecodeString(fmt.Sprint(jwk["x"]))
		require.NoError(t, err)
		y, err := b64.DecodeString(fmt.Sprint(jwk["y"]))
		require.NoError(t, err)
		key, err = ecdsa.ParseUncompressedPublicKey(elliptic.P256(), append(append([]byte{4}, x...), y...))
		require.NoError(t, err)
	}
	sig, err := b64.DecodeString(parts[2])
	if err != nil || len(sig) != 64 || key == nil || header["alg"] != "ES256" {
		return header, claims, false
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	return header, claims, ecdsa.Verify(key, sum[:], new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:]))
}
