package authserver

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/parvis-go/parvis/internal/apitest"
)

// URL is the address of every server of the family.
const URL = "https://auth.example"

// Options set up a [Server].
type Options struct {
	// Rules are those of OAuth 2.
	Rules Rules
	// Ahead is how far the server's clock is ahead of that of this machine.
	Ahead time.Duration
	// Meta sets up Facebook, Threads and Instagram.
	Meta Meta
	// LinkedInVersions are the versions of LinkedIn's API that live.
	LinkedInVersions []string
}

// A Server is one authorization server, with the calls that say whose token it is. It is
// safe for concurrent use.
type Server struct {
	// Faults stages failures in front of the server and counts calls.
	Faults apitest.Faults
	// Recorder keeps what was said.
	Recorder apitest.Recorder

	o   Options
	mux *http.ServeMux

	mu      sync.Mutex
	clients map[string]*Client
	codes   map[string]*code
	tokens  map[string]*token
	temps   map[string]*temp
	nonces  map[string]bool
	keys    map[string]Key
	graph   graph
	people  map[string]*Person
}

// A Client is an application that is registered.
type Client struct {
	// ID and Secret are its credentials; one without Secret is public.
	ID, Secret string
	// Redirects are the addresses that it may have people sent back to.
	Redirects []string
}

// A Person has an account.
type Person struct {
	ID, Name, Handle string
	// Roles are those on pages, by the URN or ID of the page, for LinkedIn.
	Roles map[string][]string
	// Channel is the title of the YouTube channel; empty is none.
	Channel string
}

// code is an authorization code on its way.
type code struct {
	client              *Client
	person              *Person
	redirect, challenge string
	scopes              []string
	made                time.Time
	offline             bool
	used                bool
	gave                []*token
}

// token is an access or refresh token.
type token struct {
	text, kind string // kind is "access", "refresh", "user", "page", "one"
	client     *Client
	person     *Person
	scopes     []string
	made, ends time.Time
	family     *family
	replaced   time.Time // when a refresh token was used
	answer     []byte    // that it gave then
	dead       int       // 0 alive, else the subcode of Meta or 1
	page       string
	secret     string // of OAuth 1.0a
}

// family is all that came of one grant.
type family struct {
	ended bool
	since time.Time
}

// New returns a server.
func New(o Options) *Server {
	s := &Server{
		o: o, mux: http.NewServeMux(), clients: map[string]*Client{}, codes: map[string]*code{}, tokens: map[string]*token{},
		temps: map[string]*temp{}, nonces: map[string]bool{}, keys: map[string]Key{}, people: map[string]*Person{},
	}
	s.graph.set(o.Meta)
	r := o.Rules
	if r.Token != "" {
		s.on("POST "+r.Token, s.issue)
	}
	if r.Revoke != "" {
		s.on("POST "+r.Revoke, s.revoke)
	}
	s.resources()
	s.metaRoutes()
	s.oneRoutes()
	return s
}

// on adds a handler, which runs with the lock held.
func (s *Server) on(pattern string, do func(http.ResponseWriter, *http.Request)) {
	s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		do(w, r)
	})
}

// ServeHTTP answers one call. Every answer tells the server's time.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Date", s.now().UTC().Format(http.TimeFormat))
	s.mux.ServeHTTP(w, r)
}

// now is the time on the server.
func (s *Server) now() time.Time { return time.Now().Add(s.o.Ahead) }

// Client returns a client whose calls all reach the server.
func (s *Server) Client() *http.Client {
	h := s.Faults.Wrap(s.Recorder.Wrap(s))
	return &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		if err := r.Context().Err(); err != nil {
			return nil, err
		}
		in := r.Clone(r.Context())
		if in.Body == nil {
			in.Body = http.NoBody
		}
		in.Host, in.RequestURI, in.RemoteAddr = r.URL.Host, "", "192.0.2.1:1"
		w := httptest.NewRecorder()
		if broken := serve(h, w, in); broken != nil {
			return nil, broken
		}
		resp := w.Result()
		resp.Request = r
		return resp, nil
	})}
}

// serve runs h. One that hangs up is a broken connection.
func serve(h http.Handler, w http.ResponseWriter, r *http.Request) (err error) {
	defer func() {
		if p := recover(); p != nil {
			if p != http.ErrAbortHandler {
				panic(p)
			}
			err = errBroken
		}
	}()
	h.ServeHTTP(w, r)
	return r.Context().Err()
}

type brokenError struct{}

// Error says what happened.
func (brokenError) Error() string { return "the connection broke" }

var errBroken = brokenError{}

type roundTripper func(*http.Request) (*http.Response, error)

// RoundTrip calls f.
func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// AddClient registers an application.
func (s *Server) AddClient(c Client) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clients[c.ID] = &c
}

// AddPerson adds somebody with an account.
func (s *Server) AddPerson(p Person) *Person {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.people[p.ID] = &p
	return &p
}

// End ends all grants of a person, as removing the application does.
func (s *Server) End(p *Person) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.tokens {
		if t.person == p {
			t.family.ended = true
			t.dead = 458
		}
	}
}

// Alive reports whether a token of this text is accepted.
func (s *Server) Alive(text string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.tokens[text]
	return t != nil && s.lives(t)
}

func (s *Server) lives(t *token) bool {
	return t.dead == 0 && !t.family.ended && (t.ends.IsZero() || s.now().Before(t.ends)) && t.replaced.IsZero()
}

// secret makes a new secret.
func secret(kind string) string { return "parvis-secret-" + kind + "-" + rand.Text() }

type object = map[string]any

func write(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

func refuse(w http.ResponseWriter, status int, code, why string) {
	write(w, status, object{"error": code, "error_description": why})
}

// An Answer is what a person does at the network's page.
type Answer struct {
	// Decline closes the door.
	Decline bool
	// Without are scopes that are not granted, where the network lets people choose.
	Without []string
	// Pages are those ticked in Facebook's dialog; nil is all.
	Pages []string
}

// pageError is what the network shows to the person in place of sending them back.
type pageError struct{ what string }

// Error is what the person reads.
func (e pageError) Error() string { return e.what }

// Visit is a person at the address to which a flow sent the browser. It returns the
// parameters with which the browser comes back, or an error that the person reads on the
// network's own page: a wrong client or redirect address never leads back (RFC 6749,
// section 4.1.2.1).
func (s *Server) Visit(p *Person, address string, a Answer) (url.Values, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	q := u.Query()
	switch {
	case q.Has("oauth_token"):
		return s.visitOne(p, q, a)
	case strings.HasSuffix(u.Path, "/dialog/oauth"):
		return s.visitMeta(p, u, a)
	case u.Path != s.o.Rules.Authorize:
		return nil, pageError{"there is no such page"}
	}
	c := s.clients[q.Get("client_id")]
	switch {
	case c == nil:
		return nil, pageError{"unknown client"}
	case !slices.Contains(c.Redirects, q.Get("redirect_uri")):
		return nil, pageError{"the redirect address does not match one that is registered"}
	}
	back := url.Values{"state": {q.Get("state")}}
	if s.o.Rules.Issuer != "" {
		back.Set("iss", s.o.Rules.Issuer)
	}
	if code, why := s.checkRequest(q); code != "" {
		back.Set("error", code)
		back.Set("error_description", why)
		return back, nil
	}
	if a.Decline {
		back.Set("error", "access_denied")
		back.Set("error_description", "The resource owner denied the request.")
		return back, nil
	}
	back.Set("code", s.newCode(c, p, q, a))
	return back, nil
}

// checkRequest finds what is wrong with an authorization request (RFC 6749, section 4.1.2.1).
func (s *Server) checkRequest(q url.Values) (code, why string) {
	r := s.o.Rules
	switch {
	case q.Get("response_type") != "code":
		return "unsupported_response_type", "response_type must be code"
	case r.PKCE && (q.Get("code_challenge") == "" || q.Get("code_challenge_method") != "S256"):
		return "invalid_request", "code challenge required"
	}
	for _, scope := range split(q.Get("scope")) {
		if !slices.Contains(r.Scopes, scope) {
			return "invalid_scope", "The requested scope is invalid, unknown, or malformed: " + scope
		}
	}
	return "", ""
}

func split(scopes string) []string {
	return strings.FieldsFunc(scopes, func(r rune) bool { return r == ' ' || r == ',' })
}

func (s *Server) newCode(c *Client, p *Person, q url.Values, a Answer) string {
	k := &code{client: c, person: p, redirect: q.Get("redirect_uri"), made: s.now()}
	if s.o.Rules.PKCE {
		k.challenge = q.Get("code_challenge")
	}
	for _, scope := range split(q.Get("scope")) {
		if !slices.Contains(a.Without, scope) {
			k.scopes = append(k.scopes, scope)
		}
	}
	name, value, isParam := strings.Cut(s.o.Rules.Offline, "=")
	switch {
	case s.o.Rules.Offline == "":
		k.offline = true
	case isParam:
		k.offline = q.Get(name) == value
	default:
		k.offline = slices.Contains(k.scopes, name)
	}
	text := secret("code")
	s.codes[text] = k
	return text
}
