package authserver

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

func (s *Server) resources() {
	s.on("GET /2/users/me", s.xMe)
	s.on("GET /v2/userinfo", s.userinfo)
	s.on("GET /rest/organizationAcls", s.acls)
	s.on("GET /rest/organizations/{id}", s.organization)
	s.on("GET /youtube/v3/channels", s.channels)
	s.on("GET /ghost/api/admin/site/", s.ghost)
}

// bearer finds the token of a request (RFC 6750), or refuses.
func (s *Server) bearer(w http.ResponseWriter, r *http.Request, scopes ...string) *token {
	kind, text, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	t := s.tokens[text]
	if !strings.EqualFold(kind, "bearer") || t == nil || t.kind == "refresh" || !s.lives(t) {
		w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
		write(w, http.StatusUnauthorized, object{"title": "Unauthorized", "type": "about:blank", "status": 401, "detail": "Unauthorized"})
		return nil
	}
	for _, scope := range scopes {
		if !slices.Contains(t.scopes, scope) {
			write(w, http.StatusForbidden, object{"title": "Forbidden", "status": 403, "detail": "scope " + scope + " is missing"})
			return nil
		}
	}
	return t
}

// xMe is https://docs.x.com/x-api/users/get-my-user. Tokens of OAuth 1.0a serve as well.
func (s *Server) xMe(w http.ResponseWriter, r *http.Request) {
	var t *token
	if strings.HasPrefix(r.Header.Get("Authorization"), "OAuth ") {
		t = s.signedToken(w, r)
	} else {
		t = s.bearer(w, r, "users.read", "tweet.read")
	}
	if t != nil {
		write(w, http.StatusOK, object{"data": object{"id": t.person.ID, "name": t.person.Name, "username": t.person.Handle}})
	}
}

// userinfo is https://openid.net/specs/openid-connect-core-1_0.html#UserInfo.
func (s *Server) userinfo(w http.ResponseWriter, r *http.Request) {
	if t := s.bearer(w, r, "openid", "profile"); t != nil {
		write(w, http.StatusOK, object{"sub": t.person.ID, "name": t.person.Name})
	}
}

// linkedIn checks the headers of versioned calls; see
// https://learn.microsoft.com/en-us/linkedin/marketing/versioning.
func (s *Server) linkedIn(w http.ResponseWriter, r *http.Request) *token {
	t := s.bearer(w, r, "rw_organization_admin")
	if t == nil {
		return nil
	}
	v := r.Header.Get("LinkedIn-Version")
	switch {
	case r.Header.Get("X-Restli-Protocol-Version") != "2.0.0":
		write(w, http.StatusBadRequest, object{"status": 400, "code": "ILLEGAL_ARGUMENT", "message": "the protocol version is missing"})
		return nil
	case !slices.Contains(s.o.LinkedInVersions, v):
		write(w, http.StatusUpgradeRequired, object{"status": 426, "code": "NONEXISTENT_VERSION", "message": "Requested version " + v + " is not active"})
		return nil
	}
	return t
}

// acls is https://learn.microsoft.com/en-us/linkedin/marketing/community-management/organizations/organization-access-control-by-role.
func (s *Server) acls(w http.ResponseWriter, r *http.Request) {
	t := s.linkedIn(w, r)
	if t == nil {
		return
	}
	if r.URL.Query().Get("q") != "roleAssignee" {
		write(w, http.StatusBadRequest, object{"status": 400, "message": "q"})
		return
	}
	all := []object{}
	for _, urn := range slices.Sorted(maps.Keys(t.person.Roles)) {
		for _, role := range t.person.Roles[urn] {
			all = append(all, object{"organization": urn, "role": role, "state": "APPROVED", "roleAssignee": "urn:li:person:" + t.person.ID})
		}
	}
	start, _ := strconv.Atoi(r.URL.Query().Get("start"))
	count, _ := strconv.Atoi(r.URL.Query().Get("count"))
	start = min(start, len(all))
	write(w, http.StatusOK, object{"elements": all[start:min(len(all), start+max(count, 10))], "paging": object{"start": start, "count": count, "total": len(all)}})
}

func (s *Server) organization(w http.ResponseWriter, r *http.Request) {
	t := s.linkedIn(w, r)
	if t == nil {
		return
	}
	id := r.PathValue("id")
	roles := t.person.Roles["urn:li:organization:"+id]
	if !slices.Contains(roles, "ADMINISTRATOR") {
		write(w, http.StatusForbidden, object{"status": 403, "serviceErrorCode": 100, "message": "Not enough permissions to access this organization"})
		return
	}
	write(w, http.StatusOK, object{"id": id, "localizedName": "Organization " + id, "vanityName": "org-" + id})
}

// channels is https://developers.google.com/youtube/v3/docs/channels/list.
func (s *Server) channels(w http.ResponseWriter, r *http.Request) {
	t := s.bearer(w, r, "https://www.googleapis.com/auth/youtube.readonly")
	if t == nil {
		return
	}
	if r.URL.Query().Get("part") == "" || r.URL.Query().Get("mine") != "true" {
		write(w, http.StatusBadRequest, object{"error": object{"code": 400, "message": "No filter selected."}})
		return
	}
	items := []object{}
	if t.person.Channel != "" {
		items = append(items, object{
			"id": "UC" + t.person.ID, "snippet": object{"title": t.person.Channel, "customUrl": "@" + t.person.Handle},
			"status": object{"isLinked": true},
		})
	}
	write(w, http.StatusOK, object{"kind": "youtube#channelListResponse", "items": items})
}

// A Key verifies signed tokens.
type Key struct {
	// Issuer is whose key it is.
	Issuer string
	// Verify reports whether sig is the key's signature of text by alg.
	Verify func(alg, text string, sig []byte) bool
}

// AddKey registers a key under its ID.
func (s *Server) AddKey(id string, k Key) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys[id] = k
}

// readJWT checks the signature, audience and times of a signed token (RFC 7523, section 3).
// The times must hold by the server's clock, and may not lie more than an hour apart.
func (s *Server) readJWT(text, audience string, longest time.Duration) (Key, object, string) {
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		return Key{}, nil, "it is not a signed token"
	}
	var header struct{ Alg, Kid string }
	claims := object{}
	for i, into := range []any{&header, &claims} {
		b, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err != nil || json.Unmarshal(b, into) != nil {
			return Key{}, nil, "it is not a signed token"
		}
	}
	sig, err := base64.RawURLEncoding.DecodeString(parts[2])
	k, known := s.keys[header.Kid]
	iat, _ := claims["iat"].(float64)
	exp, _ := claims["exp"].(float64)
	now := float64(s.now().Unix())
	switch {
	case err != nil || !known || !k.Verify(header.Alg, parts[0]+"."+parts[1], sig):
		return Key{}, nil, "the signature does not verify"
	case claims["aud"] != audience:
		return Key{}, nil, "the audience is another"
	case k.Issuer != "" && claims["iss"] != k.Issuer:
		return Key{}, nil, "the issuer is another"
	case exp <= now || iat > now+60 || exp-iat > longest.Seconds():
		return Key{}, nil, "Token must be a short-lived token and in a reasonable timeframe"
	}
	return k, claims, ""
}

// assert is the grant of RFC 7523, section 2.1.
func (s *Server) assert(w http.ResponseWriter, f url.Values) {
	_, claims, why := s.readJWT(f.Get("assertion"), URL+s.o.Rules.Token, time.Hour)
	if why != "" {
		refuse(w, http.StatusBadRequest, "invalid_grant", "Invalid JWT: "+why)
		return
	}
	p := s.people[textOf(claims["sub"])]
	if p == nil {
		refuse(w, http.StatusBadRequest, "invalid_grant", "the subject is unknown")
		return
	}
	body, _ := s.grant(&Client{}, p, split(f.Get("scope")), &family{since: s.now()}, false)
	send(w, body)
}

func textOf(v any) string { s, _ := v.(string); return s }

// ghost is https://docs.ghost.org/admin-api#token-authentication: a token of five minutes
// at most.
func (s *Server) ghost(w http.ResponseWriter, r *http.Request) {
	kind, text, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	_, _, why := s.readJWT(text, "/admin/", 5*time.Minute)
	if kind != "Ghost" || why != "" {
		write(w, http.StatusUnauthorized, object{"errors": []object{{"message": "Invalid token: " + why, "type": "UnauthorizedError", "code": "INVALID_JWT"}}})
		return
	}
	write(w, http.StatusOK, object{"site": object{"title": "Ghost", "url": URL}})
}
