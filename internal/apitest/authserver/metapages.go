package authserver

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// show is a page as the fields ask for it.
func (s *Server) show(p Page, t *token, fields string) object {
	o := object{"id": p.ID}
	has := func(f string) bool { return strings.Contains(fields, f) }
	if has("name") {
		o["name"] = p.Name
	}
	if has("username") && p.Username != "" {
		o["username"] = p.Username
	}
	if has("tasks") && p.Tasks != nil {
		o["tasks"] = p.Tasks
	}
	if has("is_published") {
		o["is_published"] = !p.Hidden
	}
	if has("access_token") && p.Tasks != nil {
		o["access_token"] = s.pageToken(p, t)
	}
	if has("instagram_business_account") && p.Instagram != "" {
		o["instagram_business_account"] = object{"id": p.Instagram, "username": "ig_" + p.Username}
	}
	return o
}

// pageToken is the token of a page, which has no end if that of the person is a long one.
func (s *Server) pageToken(p Page, user *token) string {
	key := p.ID + " " + user.text
	if text := s.graph.pages[key]; text != "" {
		return text
	}
	life := time.Hour
	if user.ends.Sub(user.made) > 24*time.Hour {
		life = 0
	}
	t := s.newToken("page", token{client: user.client, person: user.person, scopes: user.scopes, family: user.family}, life)
	t.page = p.ID
	s.graph.pages[key] = t.text
	return t.text
}

func lacks(w http.ResponseWriter, t *token, scope string) bool {
	if slices.Contains(t.scopes, scope) {
		return false
	}
	fault(w, 200, 0, "(#200) Requires "+scope+" permission")
	return true
}

// accounts is https://developers.facebook.com/docs/graph-api/reference/user/accounts.
func (s *Server) accounts(w http.ResponseWriter, r *http.Request) {
	t := s.metaAuth(w, r)
	if t == nil || lacks(w, t, "pages_show_list") {
		return
	}
	all := []object{}
	for _, p := range s.graph.Pages {
		if p.Direct && !p.Deleted && p.Tasks != nil && slices.Contains(s.graph.ticked[t.person.ID], p.ID) {
			all = append(all, s.show(p, t, r.URL.Query().Get("fields")))
		}
	}
	s.list(w, r, all)
}

func (s *Server) businesses(w http.ResponseWriter, r *http.Request) {
	t := s.metaAuth(w, r)
	if t == nil || lacks(w, t, "business_management") {
		return
	}
	all := []object{}
	for _, b := range s.graph.Businesses {
		all = append(all, object{"id": b.ID, "name": b.Name})
	}
	s.list(w, r, all)
}

// businessPages is https://developers.facebook.com/docs/graph-api/reference/business/owned_pages.
func (s *Server) businessPages(w http.ResponseWriter, r *http.Request) {
	t := s.metaAuth(w, r)
	if t == nil || lacks(w, t, "business_management") {
		return
	}
	i := slices.IndexFunc(s.graph.Businesses, func(b Business) bool { return b.ID == r.PathValue("id") })
	if i < 0 || s.graph.ClosedBusiness {
		fault(w, 100, 33, "Unsupported get request. Object with ID '"+r.PathValue("id")+"' does not exist")
		return
	}
	ids := s.graph.Businesses[i].Owned
	if r.PathValue("kind") == "client_pages" {
		ids = s.graph.Businesses[i].Clients
	}
	all := []object{}
	for _, p := range s.graph.Pages {
		if slices.Contains(ids, p.ID) && !p.Deleted {
			all = append(all, s.show(p, t, r.URL.Query().Get("fields")))
		}
	}
	s.list(w, r, all)
}

// deauthorize is https://developers.facebook.com/docs/facebook-login/guides/permissions/request-revoke.
func (s *Server) deauthorize(w http.ResponseWriter, r *http.Request) {
	by := s.metaAuth(w, r)
	if by == nil {
		return
	}
	if by.kind != "app" {
		fault(w, 200, 0, "(#200) an app access token is needed")
		return
	}
	for _, t := range s.tokens {
		if t.person != nil && t.person.ID == r.PathValue("id") {
			t.dead = 458
		}
	}
	write(w, http.StatusOK, object{"success": true})
}

// metaObject answers for a page or an Instagram account.
func (s *Server) metaObject(w http.ResponseWriter, r *http.Request) {
	t := s.metaAuth(w, r)
	if t == nil {
		return
	}
	id := r.PathValue("id")
	for _, p := range s.graph.Pages {
		if (p.ID == id || p.Instagram == id && id != "") && !p.Deleted {
			write(w, http.StatusOK, object{"id": id})
			return
		}
	}
	fault(w, 100, 33, "Unsupported get request. Object with ID '"+id+"' does not exist, cannot be loaded due to missing permissions")
}

// metaMe is the profile of Threads and Instagram.
func (s *Server) metaMe(w http.ResponseWriter, r *http.Request) {
	if t := s.metaAuth(w, r); t != nil {
		write(w, http.StatusOK, object{"id": t.person.ID, "user_id": t.person.ID, "username": t.person.Handle, "name": t.person.Name})
	}
}

// shortToken gives Threads' token of an hour; see
// https://developers.facebook.com/docs/threads/get-started/get-access-tokens-and-permissions.
func (s *Server) shortToken(w http.ResponseWriter, r *http.Request) {
	f, ok := form(w, r)
	if !ok {
		return
	}
	c := s.clients[f.Get("client_id")]
	k := s.codes[f.Get("code")]
	switch {
	case c == nil || c.Secret != f.Get("client_secret"):
		refuse(w, http.StatusUnauthorized, "invalid_client", "Error validating client secret.")
	case k == nil || k.used || k.client != c || s.now().Sub(k.made) > time.Hour:
		write(w, http.StatusBadRequest, object{"error_type": "OAuthException", "code": 400, "error_message": "Invalid authorization code"})
	case k.redirect != f.Get("redirect_uri"):
		write(w, http.StatusBadRequest, object{"error_type": "OAuthException", "code": 400, "error_message": "Error validating redirect_uri"})
	default:
		k.used = true
		t := s.newToken("user", token{client: c, person: k.person, scopes: k.scopes, family: &family{since: s.now()}}, time.Hour)
		write(w, http.StatusOK, object{"access_token": t.text, "user_id": 12345678901234567, "permissions": strings.Join(k.scopes, ",")})
	}
}

// longToken exchanges it for one of 60 days; see
// https://developers.facebook.com/docs/threads/get-started/long-lived-tokens.
func (s *Server) longToken(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	t := s.tokens[q.Get("access_token")]
	switch {
	case !strings.HasSuffix(q.Get("grant_type"), "_exchange_token") || t == nil || !s.lives(t):
		fault(w, 190, 0, "Invalid OAuth access token")
	case t.client.Secret != q.Get("client_secret"):
		fault(w, 101, 0, "Error validating client secret.")
	default:
		s.giveLong(w, t)
	}
}

func (s *Server) giveLong(w http.ResponseWriter, old *token) {
	t := s.newToken("user", token{client: old.client, person: old.person, scopes: old.scopes, family: old.family}, 60*24*time.Hour)
	write(w, http.StatusOK, object{"access_token": t.text, "token_type": "bearer", "expires_in": 60 * 24 * 3600})
}

// renewToken renews one that is a day old and alive.
func (s *Server) renewToken(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	t := s.tokens[q.Get("access_token")]
	switch {
	case !strings.HasSuffix(q.Get("grant_type"), "_refresh_token") || t == nil || !s.lives(t):
		fault(w, 190, 463, "Error validating access token: Session has expired")
	case s.now().Sub(t.made) < 24*time.Hour:
		fault(w, 100, 0, "The access token must be at least 24 hours old")
	default:
		s.giveLong(w, t)
		t.dead = 467 // the old text is replaced
	}
}

// VisitThreads is a person at the page of Threads or Instagram; see [Server.Visit].
func (s *Server) VisitThreads(p *Person, address string) (url.Values, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	q := u.Query()
	c := s.clients[q.Get("client_id")]
	if c == nil || !slices.Contains(c.Redirects, q.Get("redirect_uri")) {
		return nil, pageError{"Invalid redirect_uri"}
	}
	text := secret("code")
	s.codes[text] = &code{client: c, person: p, redirect: q.Get("redirect_uri"), made: s.now(), scopes: split(q.Get("scope"))}
	return url.Values{"state": {q.Get("state")}, "code": {text + "#_"}}, nil
}
