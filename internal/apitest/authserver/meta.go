package authserver

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Meta sets up Facebook, Threads and Instagram.
type Meta struct {
	// App is the application.
	App Client
	// Floor is the oldest version that lives, such as 21 for v21.0. Calls to older ones are
	// answered by it, and tell so in the header facebook-api-version.
	Floor int
	// Refuse makes calls to older versions an error in place of that.
	Refuse bool
	// Proof requires appsecret_proof with every token.
	Proof bool
	// PerPage is how many things a list gives at a time; 0 is 25.
	PerPage int
	// EmptyFirst makes the first answer of every list empty, with a next one.
	EmptyFirst bool
	// Pages are the pages of Facebook, Businesses the portfolios.
	Pages []Page
	// Businesses are the portfolios of the one person.
	Businesses []Business
	// ClosedBusiness refuses the lists of the portfolios.
	ClosedBusiness bool
}

// A Page is a page of Facebook.
type Page struct {
	ID, Name, Username string
	// Tasks are those of the person; nil is no role.
	Tasks []string
	// Hidden is not published.
	Hidden bool
	// Direct pages are in /me/accounts if they were ticked; others only in a business.
	Direct bool
	// Instagram is the ID of the account on it.
	Instagram string
	// Deleted is gone.
	Deleted bool
}

// A Business is a portfolio.
type Business struct {
	ID, Name string
	// Owned and Clients are IDs of pages.
	Owned, Clients []string
}

// graph is the state of Meta's networks.
type graph struct {
	Meta
	ticked   map[string][]string // of a person's grant
	declined []string
	given    []string
	pages    map[string]string // tokens of pages, by page
}

func (g *graph) set(m Meta) {
	*g = graph{Meta: m, ticked: map[string][]string{}, pages: map[string]string{}}
	if g.PerPage == 0 {
		g.PerPage = 25
	}
}

// DeletePage deletes a page.
func (s *Server) DeletePage(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.graph.Pages {
		if s.graph.Pages[i].ID == id {
			s.graph.Pages[i].Deleted = true
		}
	}
}

// Kill ends a token with a subcode of code 190.
func (s *Server) Kill(text string, subcode int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens[text].dead = subcode
}

func (s *Server) metaRoutes() {
	s.on("GET /{version}/oauth/access_token", s.metaToken)
	s.on("GET /{version}/debug_token", s.debugToken)
	s.on("GET /{version}/me/permissions", s.permissions)
	s.on("GET /{version}/me/accounts", s.accounts)
	s.on("GET /{version}/me/businesses", s.businesses)
	s.on("GET /{version}/{id}/{kind}", s.businessPages)
	s.on("DELETE /{version}/{id}/permissions", s.deauthorize)
	s.on("GET /{version}/me", s.metaMe)
	s.on("GET /{version}/{id}", s.metaObject)
	s.on("GET /access_token", s.longToken)
	s.on("GET /refresh_access_token", s.renewToken)
}

// fault is Meta's form of an error.
//
// https://developers.facebook.com/docs/graph-api/guides/error-handling
func fault(w http.ResponseWriter, code, subcode int, message string) {
	e := object{"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "A1b2"}
	if subcode > 1 {
		e["error_subcode"] = subcode
	}
	write(w, http.StatusBadRequest, object{"error": e})
}

// version answers for versions that are over; see
// https://developers.facebook.com/docs/graph-api/guides/versioning.
func (s *Server) version(w http.ResponseWriter, r *http.Request) bool {
	n, err := strconv.ParseFloat(strings.TrimPrefix(r.PathValue("version"), "v"), 64)
	if err != nil {
		fault(w, 2500, 0, "Unknown path components: /"+r.PathValue("version"))
		return false
	}
	if n < float64(s.graph.Floor) {
		floor := "v" + strconv.Itoa(s.graph.Floor) + ".0"
		if s.graph.Refuse {
			fault(w, 2635, 0, "You are calling a deprecated version of the API. Please update to the latest version: "+floor+".")
			return false
		}
		w.Header().Set("Facebook-Api-Version", floor)
		return true
	}
	w.Header().Set("Facebook-Api-Version", r.PathValue("version"))
	return true
}

// metaAuth finds the token of a call and checks its proof.
func (s *Server) metaAuth(w http.ResponseWriter, r *http.Request) *token {
	if !s.version(w, r) {
		return nil
	}
	text := r.URL.Query().Get("access_token")
	if kind, header, ok := strings.Cut(r.Header.Get("Authorization"), " "); ok && (kind == "Bearer" || kind == "OAuth") {
		text = header
	}
	mac := hmac.New(sha256.New, []byte(s.graph.App.Secret))
	_, _ = mac.Write([]byte(text))
	if s.graph.Proof && r.URL.Query().Get("appsecret_proof") != hex.EncodeToString(mac.Sum(nil)) {
		fault(w, 100, 0, "API calls from the server require an appsecret_proof argument")
		return nil
	}
	if text == s.graph.App.ID+"|"+s.graph.App.Secret {
		return &token{kind: "app", family: &family{}}
	}
	t := s.tokens[text]
	switch {
	case t == nil:
		fault(w, 190, 0, "Invalid OAuth access token - Cannot parse access token")
		return nil
	case t.dead != 0 || t.family.ended:
		fault(w, 190, t.dead, "Error validating access token")
		return nil
	case !t.ends.IsZero() && !s.now().Before(t.ends):
		fault(w, 190, 463, "Error validating access token: Session has expired")
		return nil
	}
	return t
}

// visitMeta is the dialog. People may decline each permission but the first, and tick pages.
func (s *Server) visitMeta(p *Person, u *url.URL, a Answer) (url.Values, error) {
	q, app := u.Query(), s.graph.App
	switch {
	case q.Get("client_id") != app.ID:
		return nil, pageError{"Invalid App ID"}
	case !slices.Contains(app.Redirects, q.Get("redirect_uri")):
		return nil, pageError{"URL blocked: the redirect failed because its URI is not whitelisted in the app's client OAuth settings"}
	}
	back := url.Values{"state": {q.Get("state")}}
	if a.Decline {
		back.Set("error", "access_denied")
		back.Set("error_code", "200")
		back.Set("error_reason", "user_denied")
		back.Set("error_description", "Permissions error")
		return back, nil
	}
	k := &code{client: &s.graph.App, person: p, redirect: q.Get("redirect_uri"), made: s.now()}
	s.graph.given, s.graph.declined = nil, nil
	for _, scope := range split(q.Get("scope")) {
		if slices.Contains(a.Without, scope) {
			s.graph.declined = append(s.graph.declined, scope)
			continue
		}
		k.scopes = append(k.scopes, scope)
	}
	s.graph.given = k.scopes
	s.graph.ticked[p.ID] = a.Pages
	if a.Pages == nil {
		for _, page := range s.graph.Pages {
			s.graph.ticked[p.ID] = append(s.graph.ticked[p.ID], page.ID)
		}
	}
	text := secret("code")
	s.codes[text] = k
	back.Set("code", text)
	return back, nil
}

// metaToken is https://developers.facebook.com/docs/facebook-login/guides/advanced/manual-flow
// and https://developers.facebook.com/docs/facebook-login/guides/access-tokens/get-long-lived.
func (s *Server) metaToken(w http.ResponseWriter, r *http.Request) {
	if !s.version(w, r) {
		return
	}
	q := r.URL.Query()
	if q.Get("client_id") != s.graph.App.ID {
		fault(w, 101, 0, "Error validating application. Cannot get application info due to a system error.")
		return
	}
	if q.Get("client_secret") != s.graph.App.Secret {
		fault(w, 1, 0, "Error validating client secret.")
		return
	}
	if q.Get("grant_type") == "fb_exchange_token" {
		short := s.tokens[q.Get("fb_exchange_token")]
		if short == nil || !s.lives(short) {
			fault(w, 190, 463, "Error validating access token")
			return
		}
		long := s.newToken("user", token{client: &s.graph.App, person: short.person, scopes: short.scopes, family: short.family}, 60*24*time.Hour)
		write(w, http.StatusOK, object{"access_token": long.text, "token_type": "bearer", "expires_in": 60 * 24 * 3600})
		return
	}
	k := s.codes[q.Get("code")]
	switch {
	case k == nil || s.now().Sub(k.made) > time.Hour:
		fault(w, 100, 36007, "This authorization code has expired.")
	case k.used:
		fault(w, 100, 36009, "This authorization code has been used.")
	case k.redirect != q.Get("redirect_uri"):
		fault(w, 100, 36008, "Error validating verification code. Please make sure your redirect_uri is identical to the one you used in the OAuth dialog request")
	default:
		k.used = true
		short := s.newToken("user", token{client: k.client, person: k.person, scopes: k.scopes, family: &family{since: s.now()}}, time.Hour)
		write(w, http.StatusOK, object{"access_token": short.text, "token_type": "bearer", "expires_in": 3600})
	}
}

// debugToken is https://developers.facebook.com/docs/facebook-login/guides/access-tokens/debugging.
func (s *Server) debugToken(w http.ResponseWriter, r *http.Request) {
	by := s.metaAuth(w, r)
	if by == nil {
		return
	}
	t := s.tokens[r.URL.Query().Get("input_token")]
	if by.kind != "app" || t == nil {
		fault(w, 100, 0, "You must provide an app access token, or a user access token of a developer of the app")
		return
	}
	write(w, http.StatusOK, object{"data": object{
		"app_id": s.graph.App.ID, "type": "USER", "is_valid": s.lives(t), "expires_at": t.ends.Unix(), "issued_at": t.made.Unix(),
		"data_access_expires_at": t.family.since.Add(90 * 24 * time.Hour).Unix(), "scopes": t.scopes, "user_id": t.person.ID,
		"granular_scopes": []object{{"scope": "pages_show_list", "target_ids": s.graph.ticked[t.person.ID]}},
	}})
}

func (s *Server) permissions(w http.ResponseWriter, r *http.Request) {
	t := s.metaAuth(w, r)
	if t == nil {
		return
	}
	var all []object
	for _, p := range t.scopes {
		all = append(all, object{"permission": p, "status": "granted"})
	}
	for _, p := range s.graph.declined {
		all = append(all, object{"permission": p, "status": "declined"})
	}
	s.list(w, r, all)
}

// list pages as https://developers.facebook.com/docs/graph-api/results has it.
func (s *Server) list(w http.ResponseWriter, r *http.Request, all []object) {
	q := r.URL.Query()
	after, _ := strconv.Atoi(q.Get("after"))
	if s.graph.EmptyFirst && !q.Has("after") {
		s.page(w, r, []object{}, 0)
		return
	}
	end := min(len(all), after+s.graph.PerPage)
	data := slices.Clone(all[min(after, len(all)):end])
	if end < len(all) {
		s.page(w, r, data, end)
		return
	}
	if data == nil {
		data = []object{}
	}
	write(w, http.StatusOK, object{"data": data, "paging": object{"cursors": object{"after": strconv.Itoa(end)}}})
}

// page writes an answer that has a next one. The link carries the token, as Facebook's does.
func (s *Server) page(w http.ResponseWriter, r *http.Request, data []object, end int) {
	q := r.URL.Query()
	q.Set("after", strconv.Itoa(end))
	_, text, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	q.Set("access_token", text)
	next := URL + r.URL.Path + "?" + q.Encode()
	write(w, http.StatusOK, object{"data": data, "paging": object{"cursors": object{"after": strconv.Itoa(end)}, "next": next}})
}
