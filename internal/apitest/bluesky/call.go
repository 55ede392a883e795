package blueskytest

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// obj is a JSON object.
type obj = map[string]any

// access is what a method asks of the caller.
type access int

const (
	open      access = iota // nobody need be logged in
	session                 // an access token
	refresher               // a refresh token
	service                 // a token that a PDS issued for another service
)

// A method is one method of the API.
type method struct {
	nsid   string
	needs  access
	params params // of a query
	input  node   // of a procedure; nil takes no body
	raw    bool   // the body is no JSON
	do     func(*call) (any, error)
}

func (m method) query() bool { return m.params != nil }

// call is one request on its way to its handler. Handlers run one at a time, with the
// server's lock held.
type call struct {
	s     *Server
	r     *http.Request
	h     http.Header // of the answer
	m     method
	q     url.Values
	in    obj
	body  []byte
	me    *account
	token token
}

// str is a value of the body that is a string, "" if there is none.
func (c *call) str(name string) string { return text(c.in, name) }

func text(o obj, name string) string {
	v, _ := o[name].(string)
	return v
}

func sub(o obj, name string) obj {
	v, _ := o[name].(obj)
	return v
}

// nothing is an answer without a body.
type nothing struct{}

func (s *Server) xrpc(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := &call{s: s, r: r, h: w.Header(), q: r.URL.Query()}
	answer, err := s.answer(c)
	if err != nil {
		writeError(w, err)
		return
	}
	if _, none := answer.(nothing); none {
		w.WriteHeader(http.StatusOK)
		return
	}
	write(w, http.StatusOK, answer)
}

// answer does what real servers do in their order: find the method, look at who calls and
// at what they send, count it, and do it.
func (s *Server) answer(c *call) (any, error) {
	nsid := c.r.PathValue("nsid")
	i := slices.IndexFunc(methods(), func(m method) bool { return m.nsid == nsid })
	if i < 0 {
		s.noteUnknown(nsid)
		return nil, refuse(http.StatusNotImplemented, "MethodNotImplemented", "Method Not Implemented")
	}
	c.m = methods()[i]
	if want := verb(c.m); c.r.Method != want {
		return nil, invalid("Incorrect HTTP method (" + c.r.Method + ") expected " + want)
	}
	if proxy := c.r.Header.Get("Atproto-Proxy"); proxy != "" {
		if did, service, ok := strings.Cut(proxy, "#"); !ok || service == "" {
			return nil, invalid("no service id specified in proxy header")
		} else if !s.serves(did) {
			return nil, invalid("could not resolve proxy did")
		}
	}
	if err := s.authorize(c); err != nil {
		return nil, err
	}
	if err := c.read(); err != nil {
		return nil, err
	}
	if err := s.count(c); err != nil {
		return nil, err
	}
	return c.m.do(c)
}

func verb(m method) string {
	if m.query() {
		return http.MethodGet
	}
	return http.MethodPost
}

// read reads and checks the parameters or the body.
func (c *call) read() error {
	if c.m.query() {
		return c.readQuery()
	}
	limit := c.s.o.BlobLimit
	if c.m.needs == service {
		limit = videoLimit
	}
	body, err := io.ReadAll(io.LimitReader(c.r.Body, limit+1))
	if err != nil {
		return err
	}
	kind, _, _ := strings.Cut(c.r.Header.Get("Content-Type"), ";")
	switch {
	case int64(len(body)) > limit:
		return refuse(http.StatusRequestEntityTooLarge, "PayloadTooLarge", "request entity too large")
	case c.m.raw && kind == "":
		return invalid("Request encoding (Content-Type) required but not provided")
	case c.m.raw:
		c.body = body
		return nil
	case c.m.input == nil && len(body) > 0:
		return invalid("A request body was provided when none was expected")
	case c.m.input == nil:
		return nil
	case kind == "":
		return invalid("Request encoding (Content-Type) required but not provided")
	case kind != "application/json":
		return invalid("Wrong request encoding (Content-Type): " + kind)
	}
	if err := json.Unmarshal(body, &c.in); err != nil {
		return invalid("Failed to parse JSON body")
	}
	for _, name := range slices.Sorted(maps.Keys(c.in)) {
		if o, ok := c.m.input.(object); ok && o.fields[name] == nil {
			c.s.noteUnknown(c.m.nsid + ": " + name)
		}
	}
	if err := c.m.input.check(c.in, "$"); err != nil {
		return invalid(err.Error())
	}
	return nil
}

// readQuery checks the parameters, and fills in the defaults.
func (c *call) readQuery() error {
	for _, name := range slices.Sorted(maps.Keys(c.q)) {
		if _, known := c.m.params[name]; !known {
			c.s.noteUnknown(c.m.nsid + ": " + name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.m.params)) {
		if err := c.m.params[name].check(name, c.q); err != nil {
			return invalid("Invalid " + c.m.nsid + " params: " + err.Error())
		}
	}
	return nil
}

func writeError(w http.ResponseWriter, err error) {
	var r *refusal
	if !errors.As(err, &r) {
		r = &refusal{status: http.StatusInternalServerError, name: "InternalServerError", text: "Internal Server Error"}
	}
	write(w, r.status, obj{"error": r.name, "message": r.text})
}

func write(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		status, body = http.StatusInternalServerError, []byte(`{"error":"InternalServerError","message":"Internal Server Error"}`)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
