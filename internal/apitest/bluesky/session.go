package blueskytest

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// How long tokens live.
//
// https://github.com/bluesky-social/atproto/blob/main/packages/pds/src/account-manager/helpers/auth.ts
const (
	accessLife  = 2 * time.Hour
	refreshLife = 90 * 24 * time.Hour
)

// token is an access or refresh token.
type token struct {
	text   string
	did    string
	kind   access
	expiry time.Time
	next   *login // what a refresh token was exchanged for
	used   time.Time
	gone   bool // it was taken back
}

// login is what a session gives.
type login struct{ access, refresh *token }

func sessionMethods() []method {
	return []method{
		{nsid: "com.atproto.server.createSession", do: createSession, input: object{
			required: []string{"identifier", "password"},
			fields:   map[string]node{"identifier": str{}, "password": str{}, "authFactorToken": str{}, "allowTakendown": boolean{}},
		}},
		{nsid: "com.atproto.server.refreshSession", needs: refresher, do: refreshSession},
		{nsid: "com.atproto.server.deleteSession", needs: refresher, do: deleteSession},
		{nsid: "com.atproto.server.getSession", needs: session, params: params{}, do: getSession},
		{nsid: "com.atproto.server.getServiceAuth", needs: session, do: serviceAuth, params: params{
			"aud": {required: true}, "exp": {}, "lxm": {format: isNSID},
		}},
	}
}

// mint makes a token that looks like one of the PDS: a JWT whose signature is a secret.
func (s *Server) mint(a *account, kind access) *token {
	t := &token{did: a.did, kind: kind, expiry: s.now().Add(accessLife)}
	head, scope := obj{"typ": "at+jwt", "alg": "HS256"}, "com.atproto.appPass"
	if kind == refresher {
		head["typ"], scope = "refresh+jwt", "com.atproto.refresh"
		t.expiry = s.now().Add(refreshLife)
	}
	claims := obj{
		"scope": scope, "aud": "did:web:localhost", "sub": a.did, "jti": rand.Text(),
		"iat": s.now().Unix(), "exp": t.expiry.Unix(),
	}
	t.text = segment(head) + "." + segment(claims) + ".parvis-secret-" + rand.Text()
	s.db.tokens[t.text] = t
	return t
}

func segment(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// authorize looks at who calls.
func (s *Server) authorize(c *call) error {
	if c.m.needs == open {
		return nil
	}
	kind, value, _ := strings.Cut(c.r.Header.Get("Authorization"), " ")
	if value == "" {
		return errAuthMissing
	}
	t := s.db.tokens[value]
	switch {
	case kind != "Bearer" || t == nil || t.kind != c.m.needs:
		return errBadToken
	case t.gone && c.m.nsid == "com.atproto.server.refreshSession":
		return errRevoked
	case t.gone && t.kind == session || s.now().After(t.expiry):
		return errExpired
	}
	c.token = *t
	if c.me = s.db.find(t.did); c.me == nil {
		return errBadToken
	}
	if s.db.taken[c.me.did] && c.m.needs == session {
		return errTakedown
	}
	return nil
}

func createSession(c *call) (any, error) {
	a := c.s.db.find(c.str("identifier"))
	if a == nil || c.str("password") != a.password && !slices.Contains(a.appPasswords, c.str("password")) {
		return nil, errLogin
	}
	if c.s.db.taken[a.did] {
		return nil, errTakedown
	}
	return c.s.sessionView(a, login{c.s.mint(a, session), c.s.mint(a, refresher)}), nil
}

// sessionView is what a login tells.
func (s *Server) sessionView(a *account, l login) obj {
	o := s.selfView(a)
	o["accessJwt"], o["refreshJwt"] = l.access.text, l.refresh.text
	return o
}

func (s *Server) selfView(a *account) obj {
	return obj{"did": a.did, "didDoc": s.didDoc(a), "handle": a.handle, "email": a.email, "emailConfirmed": false, "active": true}
}

// refreshSession exchanges the refresh token. Within the grace time the same token gives
// the same new ones again; after it the token is gone.
func refreshSession(c *call) (any, error) {
	t := c.s.db.tokens[c.token.text]
	if c.s.db.taken[c.me.did] {
		return nil, errTakedown
	}
	if t.next != nil {
		if c.s.now().After(t.used.Add(c.s.o.Grace)) {
			return nil, errRevoked
		}
		t.next.refresh.gone = false // it is given anew
		return c.s.sessionView(c.me, *t.next), nil
	}
	t.next, t.used = &login{c.s.mint(c.me, session), c.s.mint(c.me, refresher)}, c.s.now()
	return c.s.sessionView(c.me, *t.next), nil
}

// deleteSession forgets the refresh token. Access tokens live on until they expire.
func deleteSession(c *call) (any, error) {
	c.s.revoke(func(t *token) bool { return t.text == c.token.text })
	return nothing{}, nil
}

func (s *Server) revoke(which func(*token) bool) {
	for _, t := range s.db.tokens {
		t.gone = t.gone || which(t)
	}
}

func getSession(c *call) (any, error) { return c.s.selfView(c.me), nil }

func serviceAuth(c *call) (any, error) {
	claims := obj{"iss": c.me.did, "aud": c.q.Get("aud"), "lxm": c.q.Get("lxm"), "exp": c.s.now().Add(time.Minute).Unix(), "jti": rand.Text()}
	t := &token{did: c.me.did, kind: service, expiry: c.s.now().Add(time.Minute)}
	t.text = segment(obj{"typ": "JWT", "alg": "ES256K"}) + "." + segment(claims) + ".parvis-secret-" + rand.Text()
	c.s.db.tokens[t.text] = t
	return obj{"token": t.text}, nil
}
