package mastodontest

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// obj is a JSON object.
type obj = map[string]any

// call is one request on its way to its handler. Handlers run one at a time, with the
// server's lock held.
type call struct {
	params
	s      *Server
	r      *http.Request
	me     *account // nil without a user
	token  *token   // nil without a token
	status int      // of a good answer
	header http.Header
}

// route is one endpoint: what it asks for and who may call it.
type route struct {
	at     string   // "METHOD /path"
	scopes []string // one of which the token needs; none means that the call is open
	open   bool     // a token may be missing; one that is there still needs a scope
	app    bool     // a token of an application alone will do
	may    permission
	names  []string // of parameters, as the documentation lists them
	do     func(*call) (any, error)
}

// path is the parameter of that name in the route's path, as an id.
func (c *call) path(name string) id { return c.s.parse(c.r.PathValue(name)) }

// param is a parameter that is an id.
func (c *call) param(name string) id { return c.s.parse(c.str(name)) }

// mux joins the routes that the flavour has.
func (s *Server) mux() *http.ServeMux {
	m := http.NewServeMux()
	for _, rt := range routes() {
		method, path, _ := strings.Cut(rt.at, " ")
		if s.lacks(method, path) {
			continue
		}
		m.Handle(rt.at, s.limited(rt, func(w http.ResponseWriter, r *http.Request) { s.run(rt, w, r) }))
	}
	m.HandleFunc("/", s.nothing)
	return m
}

// lacks reports whether the flavour has no such route.
func (s *Server) lacks(method, path string) bool {
	return slices.ContainsFunc(s.t.lacks, func(p string) bool {
		m, rest, one := strings.Cut(p, " ")
		if !one {
			return strings.HasPrefix(path, p)
		}
		return m == method && strings.HasPrefix(path, rest)
	})
}

// nothing answers for endpoints that do not exist: JSON for those who ask for it, and a
// page for everyone else.
func (s *Server) nothing(w http.ResponseWriter, r *http.Request) {
	s.noteUnknown(r.Method + " " + r.URL.Path)
	if strings.Contains(r.Header.Get("Accept"), "json") {
		write(w, http.StatusNotFound, obj{"error": "Not Found"})
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(http.StatusNotFound)
	_, _ = w.Write([]byte("<!DOCTYPE html><title>The page you are looking for isn't here.</title>"))
}

// run reads the request, lets the handler at it, and writes the answer.
func (s *Server) run(rt route, w http.ResponseWriter, r *http.Request) {
	s.visit(rt.at)
	c := &call{s: s, r: r, status: http.StatusOK, header: w.Header()}
	p, err := readParams(r)
	c.params = p
	for _, name := range p.names() {
		if !slices.Contains(rt.names, name) && !slices.Contains(rt.names, name+"[]") && name != "access_token" && !s.knows(rt, name) {
			s.noteUnknown(rt.at + ": " + name)
		}
	}
	var answer any
	if err == nil {
		answer, err = s.answer(rt, c)
	}
	if err != nil {
		s.writeError(w, err)
		return
	}
	write(w, c.status, answer)
}

// knows reports whether the flavour has a parameter of statuses that Mastodon has not.
// See https://docs.gotosocial.org/en/latest/api/swagger/ and https://docs.pleroma.social.
func (s *Server) knows(rt route, name string) bool {
	more := map[Flavour][]string{GoToSocial: {"content_type", "local_only"}, Pleroma: {"content_type", "expires_in", "preview"}}
	return strings.HasSuffix(rt.at, "/api/v1/statuses") && slices.Contains(more[s.o.Flavour], name)
}

// answer runs the handler with the lock held.
func (s *Server) answer(rt route, c *call) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.publishDue()
	if err := s.authorize(rt, c); err != nil {
		return nil, err
	}
	return rt.do(c)
}

func (s *Server) writeError(w http.ResponseWriter, err error) {
	var r *refusal
	if !errors.As(err, &r) {
		r = &refusal{status: http.StatusInternalServerError, text: err.Error()}
	}
	maps.Copy(w.Header(), r.header)
	if r.status == http.StatusUnauthorized && s.o.Flavour == Mastodon {
		w.Header().Set("WWW-Authenticate", `Bearer realm="Doorkeeper", error="invalid_token", error_description="`+r.text+`"`)
	}
	write(w, r.status, obj{"error": s.word(r)})
}

func write(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		status, body = http.StatusInternalServerError, []byte(`{"error":"`+err.Error()+`"}`)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	if text, is := v.(plainAnswer); is {
		status, body = http.StatusOK, []byte(text)
		w.Header().Set("Content-Type", "text/plain")
	}
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// plainAnswer is an answer that is no JSON.
type plainAnswer string

// rawAnswer is an answer that is JSON already.
type rawAnswer []byte

// MarshalJSON returns the answer as it is.
func (r rawAnswer) MarshalJSON() ([]byte, error) { return r, nil }
