package contract

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/parvis-go/parvis/internal/apitest"
)

// xrpc is where methods are.
//
// https://atproto.com/specs/xrpc
const xrpc = "/xrpc/"

// a message is a request or an answer that is held against the lexicons.
type message struct {
	reading
	nsid     string
	d        *definition
	problems []Problem
	fields   []string
}

func (l *Lexicons) open(x apitest.Exchange, where string) *message {
	m := &message{nsid: strings.TrimPrefix(x.Path, xrpc)}
	m.reading = reading{l: l, note: func(format string, args ...any) {
		m.problems = append(m.problems, Problem{m.nsid, where, fmt.Sprintf(format, args...)})
	}, seen: func(field string) { m.fields = append(m.fields, m.nsid+" "+where+" "+field) }}
	m.d = l.method(m.nsid)
	if m.d == nil || !strings.HasPrefix(x.Path, xrpc) {
		m.d = nil
		m.note("there is no such operation")
	}
	return m
}

// Request checks what a client sent: nothing that is not described, and everything that
// is required.
func (l *Lexicons) Request(x apitest.Exchange) []Problem { return l.request(x).problems }

func (l *Lexicons) request(x apitest.Exchange) *message {
	m := l.open(x, "request")
	if m.d == nil {
		return m
	}
	if want := map[string]string{"query": http.MethodGet, "procedure": http.MethodPost}[m.d.Type]; x.Method != want {
		m.note("the method is %s instead of %s", x.Method, want)
	}
	m.query(x)
	m.input(x)
	return m
}

// query checks the parameters in the address.
func (m *message) query(x apitest.Exchange) {
	p := m.d.Parameters
	if p == nil {
		p = &definition{}
	}
	for _, name := range p.Required {
		if !x.Query.Has(name) {
			m.note("the parameter %q is missing", name)
		}
	}
	for name, values := range x.Query {
		d := p.Properties[name]
		if d == nil {
			m.note("unknown parameter %q", name)
			continue
		}
		m.seen(d.home + " " + name)
		if d.Type == "array" {
			m.value("?"+name, decoded(values, d.Items), d)
			continue
		}
		if len(values) != 1 {
			m.note("the parameter %q is there %d times", name, len(values))
		}
		m.value("?"+name, decode(values[0], d), d)
	}
}

func decoded(values []string, d *definition) []any {
	var out []any
	for _, v := range values {
		out = append(out, decode(v, d))
	}
	return out
}

// decode is a parameter as JSON would have it.
func decode(v string, d *definition) any {
	switch d.Type {
	case "integer":
		if n, err := strconv.ParseInt(v, 10, 64); err == nil {
			return float64(n)
		}
	case "boolean":
		if b, err := strconv.ParseBool(v); err == nil && (v == "true" || v == "false") {
			return b
		}
	}
	return v
}

// input checks the body.
func (m *message) input(x apitest.Exchange) {
	in := m.d.Input
	kind, _, _ := strings.Cut(x.RequestHeader.Get("Content-Type"), ";")
	switch {
	case in == nil && len(x.RequestBody) > 0:
		m.note("there is a body, and none is described")
	case in == nil:
	case in.Encoding != kind && (in.Encoding != "*/*" || kind == ""):
		m.note("the body is %q instead of %q", kind, in.Encoding)
	case in.Schema != nil:
		m.document(x.RequestBody, in.Schema)
	}
	m.collection(x)
}

// collection checks that a record is of the collection that it is written to, and that
// its key is what the collection wants.
func (m *message) collection(x apitest.Exchange) {
	var in struct {
		Collection, RKey string
		Record           map[string]any
	}
	if json.Unmarshal(x.RequestBody, &in) != nil || in.Record == nil {
		return
	}
	d := m.l.defs[in.Collection+"#main"]
	if d == nil || d.Type != "record" {
		m.note("there is no collection %q", in.Collection)
		return
	}
	if in.Record["$type"] != in.Collection {
		m.note("the record says that it is %v, and goes to %s", in.Record["$type"], in.Collection)
	}
	if in.RKey != "" && d.Key == "tid" && !lexFormats["tid"](in.RKey) {
		m.note("the key %q is no TID", in.RKey)
	}
}

func (m *message) document(raw []byte, d *definition) {
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		m.note("it is no JSON: %v", err)
		return
	}
	m.value("", v, d)
}

// general are the names of errors that every method may answer with.
//
// https://atproto.com/specs/xrpc#error-responses
var general = []string{
	"InvalidRequest", "ExpiredToken", "InvalidToken", "AuthMissing", "AuthenticationRequired", "AccountTakedown", "AccountNotFound", "Forbidden",
	"RateLimitExceeded", "InternalServerError", "MethodNotImplemented", "PayloadTooLarge", "UpstreamFailure", "HandleNotFound", "BlobNotFound", "RecordNotFound",
}

// Answer checks what a server answered.
func (l *Lexicons) Answer(x apitest.Exchange) []Problem { return l.answer(x).problems }

func (l *Lexicons) answer(x apitest.Exchange) *message {
	m := l.open(x, "answer")
	switch {
	case m.d == nil:
	case x.Status >= http.StatusBadRequest:
		m.refusal(x.Body)
	case x.Status != http.StatusOK:
		m.note("the status %d is not described", x.Status)
	case m.d.Output != nil && m.d.Output.Schema != nil:
		m.document(x.Body, m.d.Output.Schema)
	case m.d.Output == nil && len(x.Body) > 0:
		m.note("there is a body, and none is described")
	}
	return m
}

func (m *message) refusal(raw []byte) {
	var e struct{ Error, Message *string }
	if err := json.Unmarshal(raw, &e); err != nil || e.Error == nil || e.Message == nil {
		m.note("the refusal names no error and message")
		return
	}
	named := slices.ContainsFunc(m.d.Errors, func(n errorNamed) bool { return n.Name == *e.Error })
	if !named && !slices.Contains(general, *e.Error) {
		m.note("the error %q is not described", *e.Error)
	}
}

// AddLexicon counts one exchange of methods that lexicons describe. Its fields are those of
// requests and of answers whose values were checked.
func (v *Coverage) AddLexicon(l *Lexicons, x apitest.Exchange) {
	if v.seen == nil {
		v.seen, v.fields = map[string]bool{}, map[string]bool{}
	}
	v.Requests++
	for _, m := range []*message{l.request(x), l.answer(x)} {
		if m.d != nil {
			v.seen[m.nsid] = true
		}
		for _, f := range m.fields {
			v.fields[f] = true
		}
	}
	v.Operations, v.Fields = len(v.seen), len(v.fields)
}
