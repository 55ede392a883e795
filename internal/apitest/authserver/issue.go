package authserver

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// The texts of refusals.
const (
	textCode    = "The authorization code is invalid, expired, was used, or was issued to another client."
	textRefresh = "Value passed for the token was invalid."
	textClient  = "Client authentication failed."
)

// form reads the form of a POST; what is not one is refused (RFC 6749, section 3.2).
func form(w http.ResponseWriter, r *http.Request) (url.Values, bool) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" || r.URL.RawQuery != "" || r.ParseForm() != nil {
		refuse(w, http.StatusBadRequest, "invalid_request", "the parameters must be in a form in the body")
		return nil, false
	}
	for name, values := range r.PostForm {
		if len(values) > 1 {
			refuse(w, http.StatusBadRequest, "invalid_request", name+" is there twice")
			return nil, false
		}
	}
	return r.PostForm, true
}

// who finds the client (RFC 6749, section 2.3). More than one way at once is refused.
func (s *Server) who(w http.ResponseWriter, r *http.Request, f url.Values) *Client {
	user, pass, basic := r.BasicAuth()
	fail := func() *Client {
		if basic {
			w.Header().Set("WWW-Authenticate", `Basic realm="token"`)
		}
		refuse(w, http.StatusUnauthorized, "invalid_client", textClient)
		return nil
	}
	if basic {
		id, err1 := url.QueryUnescape(user)
		key, err2 := url.QueryUnescape(pass)
		c := s.clients[id]
		if err1 != nil || err2 != nil || c == nil || f.Has("client_secret") || !s.o.Rules.Basic || c.Secret == "" || c.Secret != key {
			return fail()
		}
		return c
	}
	c := s.clients[f.Get("client_id")]
	switch {
	case c == nil:
		return fail()
	case c.Secret == "":
		if f.Has("client_secret") {
			return fail()
		}
	case s.o.Rules.Basic || f.Get("client_secret") != c.Secret:
		return fail()
	}
	return c
}

// issue is the token endpoint.
func (s *Server) issue(w http.ResponseWriter, r *http.Request) {
	f, ok := form(w, r)
	if !ok {
		return
	}
	if f.Get("grant_type") == "urn:ietf:params:oauth:grant-type:jwt-bearer" {
		s.assert(w, f)
		return
	}
	c := s.who(w, r, f)
	if c == nil {
		return
	}
	switch f.Get("grant_type") {
	case "authorization_code":
		s.fromCode(w, c, f)
	case "refresh_token":
		s.fromRefresh(w, c, f)
	default:
		refuse(w, http.StatusBadRequest, "unsupported_grant_type", "there is no such grant type")
	}
}

// fromCode takes each code once; a replay ends what came of it (RFC 6749, section 4.1.2).
func (s *Server) fromCode(w http.ResponseWriter, c *Client, f url.Values) {
	k := s.codes[f.Get("code")]
	if k == nil || k.client != c {
		refuse(w, http.StatusBadRequest, "invalid_grant", textCode)
		return
	}
	if k.used {
		for _, t := range k.gave {
			t.family.ended = true
		}
		refuse(w, http.StatusBadRequest, "invalid_grant", textCode)
		return
	}
	k.used = true
	switch life := s.o.Rules.CodeLife; {
	case life > 0 && s.now().Sub(k.made) > life, !proves(k.challenge, f):
		refuse(w, http.StatusBadRequest, "invalid_grant", textCode)
	case f.Get("redirect_uri") != k.redirect:
		refuse(w, http.StatusBadRequest, "invalid_grant", "redirect_uri does not match the one of the request.")
	default:
		fam := &family{since: s.now()}
		body, gave := s.grant(k.client, k.person, k.scopes, fam, k.offline)
		k.gave = gave
		send(w, body)
	}
}

// proves checks the verifier (RFC 7636, section 4.6).
func proves(challenge string, f url.Values) bool {
	if challenge == "" {
		return true
	}
	v := f.Get("code_verifier")
	if len(v) < 43 || len(v) > 128 {
		return false
	}
	sum := sha256.Sum256([]byte(v))
	return base64.RawURLEncoding.EncodeToString(sum[:]) == challenge
}

// grant makes tokens and the answer that tells them.
func (s *Server) grant(c *Client, p *Person, scopes []string, fam *family, offline bool) ([]byte, []*token) {
	r := s.o.Rules
	access := s.newToken("access", token{client: c, person: p, scopes: scopes, family: fam}, r.TokenLife)
	body := object{"access_token": access.text, "token_type": "bearer"}
	all := []*token{access}
	if r.TokenLife > 0 && !r.NoExpiresIn {
		body["expires_in"] = int(r.TokenLife / time.Second)
	}
	switch r.ScopeForm {
	case " ", ",":
		body["scope"] = strings.Join(scopes, r.ScopeForm)
	case "array":
		body["scope"] = scopes
	}
	if offline && r.Offline != "never" {
		refresh := s.newToken("refresh", token{client: c, person: p, scopes: scopes, family: fam}, 0)
		if r.RefreshLife > 0 {
			refresh.ends = fam.since.Add(r.RefreshLife)
		}
		body["refresh_token"] = refresh.text
		if r.TellRefreshLife {
			body["refresh_token_expires_in"] = int(refresh.ends.Sub(s.now()) / time.Second)
		}
		all = append(all, refresh)
	}
	b, err := json.Marshal(body)
	if err != nil {
		panic(err)
	}
	return b, all
}

// newToken makes a token that is whose like is.
func (s *Server) newToken(kind string, like token, life time.Duration) *token {
	t := &token{text: secret(kind), kind: kind, client: like.client, person: like.person, scopes: slices.Clone(like.scopes), made: s.now(), family: like.family}
	if life > 0 {
		t.ends = s.now().Add(life)
	}
	s.tokens[t.text] = t
	return t
}

func send(w http.ResponseWriter, body []byte) {
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(body)
}

// fromRefresh renews (RFC 6749, section 6). Where refresh tokens rotate, one that comes
// again was stolen, or lost on the way: within the grace it gets the same answer, later
// the whole grant ends (RFC 9700, section 4.14.2).
func (s *Server) fromRefresh(w http.ResponseWriter, c *Client, f url.Values) {
	r := s.o.Rules
	dead := "invalid_grant"
	if r.DeadRefresh != "" {
		dead = r.DeadRefresh
	}
	t := s.tokens[f.Get("refresh_token")]
	switch {
	case t == nil || t.kind != "refresh" || t.client != c || t.family.ended || t.dead != 0 || !t.ends.IsZero() && !s.now().Before(t.ends):
		refuse(w, http.StatusBadRequest, dead, textRefresh)
	case !t.replaced.IsZero() && s.now().Sub(t.replaced) < r.Grace:
		send(w, t.answer)
	case !t.replaced.IsZero():
		t.family.ended = true
		refuse(w, http.StatusBadRequest, dead, textRefresh)
	default:
		body, all := s.grant(c, t.person, t.scopes, t.family, true)
		if r.Rotate {
			t.replaced, t.answer = s.now(), body
			send(w, body)
			return
		}
		delete(s.tokens, all[len(all)-1].text)
		send(w, withRefresh(body, r, t, s.now()))
	}
}

// withRefresh is the answer of servers whose refresh tokens do not rotate: LinkedIn tells
// the same one again, Google none.
func withRefresh(body []byte, r Rules, t *token, now time.Time) []byte {
	var o object
	_ = json.Unmarshal(body, &o)
	delete(o, "refresh_token")
	if r.TellRefreshLife {
		o["refresh_token"], o["refresh_token_expires_in"] = t.text, int(t.ends.Sub(now)/time.Second)
	}
	b, _ := json.Marshal(o)
	return b
}

// revoke is RFC 7009. A refresh token takes its whole grant along.
func (s *Server) revoke(w http.ResponseWriter, r *http.Request) {
	f, ok := form(w, r)
	if !ok {
		return
	}
	c := s.who(w, r, f)
	if c == nil {
		return
	}
	t := s.tokens[f.Get("token")]
	if t == nil || t.client != c || t.family.ended {
		if s.o.Rules.DeadRevoke {
			refuse(w, http.StatusBadRequest, "invalid_token", "Token expired or revoked")
			return
		}
		w.WriteHeader(http.StatusOK)
		return
	}
	if t.kind == "refresh" {
		t.family.ended = true
	}
	t.dead = 1
	w.WriteHeader(http.StatusOK)
}
