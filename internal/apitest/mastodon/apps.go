package mastodontest

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// oob is the redirect address of programs that have none.
const oob = "urn:ietf:wg:oauth:2.0:oob"

func appRoutes() []route {
	return []route{
		{at: "POST /api/v1/apps", app: true, names: []string{"client_name", "redirect_uris", "redirect_uris[]", "scopes", "website"}, do: register},
		{
			at: "POST /oauth/token", app: true, do: issueToken,
			names: []string{"grant_type", "code", "client_id", "client_secret", "redirect_uri", "scope", "code_verifier"},
		},
		{at: "POST /oauth/revoke", app: true, names: []string{"client_id", "client_secret", "token"}, do: revokeToken},
		{at: "GET /.well-known/oauth-authorization-server", app: true, do: metadata},
	}
}

// register is https://docs.joinmastodon.org/methods/apps/#create.
func register(c *call) (any, error) {
	uris := c.all("redirect_uris")
	if c.str("client_name") == "" || len(uris) == 0 {
		return nil, invalid("Redirect URI must be an absolute URI.")
	}
	scopes := strings.Fields(orElse(c.str("scopes"), "read"))
	a := &app{
		id: c.s.nextID(), name: c.str("client_name"), website: c.str("website"), clientID: rand.Text(), secret: rand.Text(),
		redirect: strings.Join(uris, "\n"), scopes: scopes,
	}
	c.s.db.apps[a.clientID] = a
	out := c.s.appJSON(a)
	out["client_id"], out["client_secret"], out["client_secret_expires_at"] = a.clientID, a.secret, 0
	return out, nil
}

// appJSON is https://docs.joinmastodon.org/entities/Application/.
func (s *Server) appJSON(a *app) obj {
	return obj{
		"id": s.text(a.id), "name": a.name, "website": nilIfEmpty(a.website), "scopes": a.scopes, "redirect_uri": a.redirect,
		"redirect_uris": strings.Split(a.redirect, "\n"), "vapid_key": "BCk-QqERU0q-CfYZjcuB6lnyyOYfJ2AifKqfeGIm7Z",
	}
}

func metadata(c *call) (any, error) {
	u := c.s.URL
	return obj{
		"issuer": u + "/", "service_documentation": "https://docs.joinmastodon.org/", "authorization_endpoint": u + "/oauth/authorize",
		"token_endpoint": u + "/oauth/token", "app_registration_endpoint": u + "/api/v1/apps", "revocation_endpoint": u + "/oauth/revoke",
		"userinfo_endpoint": u + "/oauth/userinfo", "scopes_supported": []any{"read", "write", "follow", "push", "profile"},
		"response_types_supported": []any{"code"}, "response_modes_supported": []any{"query", "fragment", "form_post"},
		"grant_types_supported":                 []any{"authorization_code", "client_credentials"},
		"token_endpoint_auth_methods_supported": []any{"client_secret_basic", "client_secret_post"},
		"code_challenge_methods_supported":      []any{"S256"},
	}, nil
}

// grant is what a user allowed an application, until it is exchanged for a token.
type grant struct {
	app                  *app
	account              *account
	scopes               []string
	redirect, challenged string
}

// Authorize is the user saying yes to what an authorization address asks for. It returns
// the code, or the error that the application is sent back with, such as "invalid_scope".
// See https://docs.joinmastodon.org/methods/oauth/#authorize.
func (s *Server) Authorize(u *User, address string) (code, problem string) {
	at, err := url.Parse(address)
	if err != nil {
		return "", "invalid_request"
	}
	q := at.Query()
	s.mu.Lock()
	defer s.mu.Unlock()
	by := s.db.apps[q.Get("client_id")]
	g := &grant{app: by, account: u.a, scopes: strings.Fields(orElse(q.Get("scope"), "read")), redirect: q.Get("redirect_uri"), challenged: q.Get("code_challenge")}
	switch {
	case by == nil:
		return "", "invalid_client"
	case q.Get("response_type") != "code" || g.challenged != "" && q.Get("code_challenge_method") != "S256":
		return "", "invalid_request"
	case !slices.Contains(strings.Split(by.redirect, "\n"), g.redirect):
		return "", "invalid_redirect_uri"
	}
	registered := &token{scopes: by.scopes}
	for _, want := range g.scopes {
		if !registered.covers(want) {
			return "", "invalid_scope"
		}
	}
	code = rand.Text()
	if s.db.grants == nil {
		s.db.grants = map[string]*grant{}
	}
	s.db.grants[code] = g
	return code, ""
}

// The texts of OAuth's refusals. See https://docs.joinmastodon.org/methods/oauth/#token.
const (
	textBadClient = "Client authentication failed due to unknown client, no client authentication included, or unsupported authentication method."
	textBadGrant  = "The provided authorization grant is invalid, expired, revoked, does not match the redirection URI used in the authorization request, or was issued to another client."
	textBadType   = "The authorization grant type is not supported by the authorization server."
)

// issueToken takes each code once, with the redirect address and verifier that belong to it.
func issueToken(c *call) (any, error) {
	by := c.s.db.apps[c.str("client_id")]
	if name, pass, basic := c.r.BasicAuth(); basic {
		by = c.s.db.apps[name]
		if by != nil && by.secret != pass {
			by = nil
		}
	} else if by != nil && by.secret != c.str("client_secret") {
		by = nil
	}
	if by == nil {
		return c.oauthError(http.StatusUnauthorized, "invalid_client", textBadClient)
	}
	switch c.str("grant_type") {
	case "client_credentials":
		return c.s.tokenJSON(c.s.newToken(nil, by, strings.Fields(orElse(c.str("scope"), "read")))), nil
	case "authorization_code":
		g := c.s.db.grants[c.str("code")]
		if g == nil || g.app != by || g.redirect != c.str("redirect_uri") || !g.proves(c.str("code_verifier")) {
			return c.oauthError(http.StatusBadRequest, "invalid_grant", textBadGrant)
		}
		delete(c.s.db.grants, c.str("code"))
		return c.s.tokenJSON(c.s.newToken(g.account, by, g.scopes)), nil
	}
	return c.oauthError(http.StatusBadRequest, "unsupported_grant_type", textBadType)
}

func (c *call) oauthError(status int, code, text string) (any, error) {
	c.status = status
	return obj{"error": code, "error_description": text}, nil
}

// proves checks the PKCE verifier against the challenge.
func (g *grant) proves(verifier string) bool {
	if g.challenged == "" {
		return verifier == ""
	}
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:]) == g.challenged
}

// tokenJSON is https://docs.joinmastodon.org/entities/Token/: no end, no refresh token.
func (s *Server) tokenJSON(t *token) obj {
	return obj{"access_token": t.text, "token_type": "Bearer", "scope": strings.Join(t.scopes, " "), "created_at": t.created.Unix()}
}

func revokeToken(c *call) (any, error) {
	t, by := c.s.db.tokens[c.str("token")], c.s.db.apps[c.str("client_id")]
	if by == nil || by.secret != c.str("client_secret") || t != nil && t.app != by {
		return c.oauthError(http.StatusForbidden, "unauthorized_client", "You are not authorized to revoke this token")
	}
	if t != nil {
		t.revoked = true
	}
	return obj{}, nil
}
