package contract

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/parvis-go/parvis/internal/apitest"
)

// Request checks what was asked: the operation is described, no parameter is unknown,
// the required ones are there, types are right, and no token is in the address.
func (c *Contract) Request(x apitest.Exchange) []Problem {
	k := c.check(x, "request")
	if k.o == nil {
		return k.problems
	}
	k.query()
	k.body()
	return k.problems
}

// query checks the parameters in the address.
func (k *check) query() {
	for name, values := range k.x.Query {
		plain, array := bare(name)
		p := k.o.params.GetByInAndName(openapi3.ParameterInQuery, plain)
		switch {
		case name == "access_token" && !strings.HasPrefix(k.x.Path, "/api/v1/streaming"):
			k.problem("the token is in the address")
		case name == "access_token":
		case p == nil && !k.inBody(plain):
			k.problem("unknown parameter %q in the address", name)
		case p != nil:
			k.value(name, values, p.Schema.Value, array)
		}
	}
	for _, r := range k.o.params {
		p := r.Value
		if p.In == openapi3.ParameterInQuery && p.Required && !k.x.Query.Has(p.Name) && !k.x.Query.Has(p.Name+"[]") {
			k.problem("the parameter %q is missing", p.Name)
		}
	}
}

// inBody reports whether a parameter in the address of a DELETE belongs to its body,
// which is equally understood. See https://docs.joinmastodon.org/client/intro/#parameters.
func (k *check) inBody(name string) bool {
	s := k.bodySchema()
	return k.x.Method == "DELETE" && s != nil && property(s, name) != nil
}

// bare is the name of an array's parameter without its brackets.
func bare(name string) (plain string, array bool) {
	return strings.CutSuffix(name, "[]")
}

// value checks the texts of one parameter.
func (k *check) value(name string, values []string, s *openapi3.Schema, array bool) {
	if s.Type.Is(openapi3.TypeArray) {
		if !array {
			k.problem("%q is an array, its name ends in []", name)
		}
		for _, v := range values {
			k.fits(typed(v, s.Items.Value), s.Items.Value)
		}
		return
	}
	if array || len(values) > 1 {
		k.problem("%q is no array", name)
		return
	}
	k.fits(typed(values[0], s), s)
}

// typed is a text as the type that a schema wants, or the text where it is not of that type.
func typed(text string, s *openapi3.Schema) any {
	switch {
	case s.Type.Is(openapi3.TypeInteger), s.Type.Is(openapi3.TypeNumber):
		if n, err := strconv.ParseFloat(text, 64); err == nil {
			return n
		}
	case s.Type.Is(openapi3.TypeBoolean):
		switch text {
		case "true", "1":
			return true
		case "false", "0":
			return false
		}
	}
	return text
}

// bodySchema is what the body is described as; nil for none.
func (k *check) bodySchema() *openapi3.Schema {
	if k.o.op.RequestBody == nil {
		return nil
	}
	for _, m := range k.o.op.RequestBody.Value.Content {
		if m.Schema != nil {
			return m.Schema.Value
		}
	}
	return nil
}

// body checks the parameters in the body. Forms and JSON are equally understood, whatever
// the description names, but files come in multipart forms alone.
// See https://docs.joinmastodon.org/client/intro/#parameters.
func (k *check) body() {
	s := k.bodySchema()
	v, ok := k.decode(s)
	if !ok {
		return
	}
	if s == nil {
		for name := range v {
			k.problem("unknown property %q: the operation has no body", name)
		}
		return
	}
	if k.x.Method == "DELETE" {
		for name, values := range k.x.Query {
			v[name] = values[0]
		}
	}
	k.unknown("", v, s)
	k.fits(any(v), s)
}

// decode reads the body as an object.
func (k *check) decode(s *openapi3.Schema) (map[string]any, bool) {
	v := map[string]any{}
	if len(k.x.RequestBody) == 0 {
		return v, true
	}
	kind, attrs, err := mime.ParseMediaType(k.x.RequestHeader.Get("Content-Type"))
	if err != nil {
		k.problem("the body has no type: %v", err)
		return nil, false
	}
	switch kind {
	case "application/json":
		err = json.Unmarshal(k.x.RequestBody, &v)
	case "application/x-www-form-urlencoded":
		var form url.Values
		if form, err = url.ParseQuery(string(k.x.RequestBody)); err == nil {
			v = k.nested(form, s)
		}
	case "multipart/form-data":
		var form url.Values
		if form, err = readMultipart(k.x.RequestBody, attrs["boundary"]); err == nil {
			v = k.nested(form, s)
		}
	default:
		k.problem("a body of type %s is not understood", kind)
		return nil, false
	}
	if err != nil {
		k.problem("the body cannot be read: %v", err)
		return nil, false
	}
	return v, true
}

// readMultipart reads a form's fields; files stand as the text "file".
func readMultipart(body []byte, boundary string) (url.Values, error) {
	r := multipart.NewReader(bytes.NewReader(body), boundary)
	form := url.Values{}
	for {
		p, err := r.NextPart()
		if err == io.EOF {
			return form, nil
		}
		if err != nil {
			return nil, err
		}
		b, err := io.ReadAll(p)
		if err != nil {
			return nil, err
		}
		if p.FileName() != "" {
			b = []byte("file")
		}
		form.Add(p.FormName(), string(b))
	}
}

// nested turns the flat names of a form, "poll[options][]", into an object, with the
// types that the schema wants.
func (k *check) nested(form url.Values, s *openapi3.Schema) map[string]any {
	out := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(form)) {
		head, rest, deep := strings.Cut(name, "[")
		var inner *openapi3.Schema
		if s != nil {
			inner = property(s, head)
		}
		switch {
		case !deep:
			k.single(out, name, form[name], inner)
		case rest == "]":
			out[head] = k.array(form[name], inner)
		case strings.HasPrefix(rest, "]["):
			out[head] = appendField(out[head], strings.TrimSuffix(rest[2:], "]"), form[name], inner)
		default:
			key, last, _ := strings.Cut(rest, "]")
			sub, _ := out[head].(map[string]any)
			if sub == nil {
				sub = map[string]any{}
			}
			maps.Copy(sub, k.nested(url.Values{key + last: form[name]}, inner))
			out[head] = sub
		}
	}
	return out
}

func (k *check) single(out map[string]any, name string, values []string, s *openapi3.Schema) {
	if len(values) > 1 {
		k.problem("%q is there %d times", name, len(values))
	}
	if s == nil {
		out[name] = values[0]
		return
	}
	out[name] = typed(values[0], s)
}

func (k *check) array(values []string, s *openapi3.Schema) []any {
	out := []any{}
	for _, v := range values {
		if s != nil && s.Items != nil {
			out = append(out, typed(v, s.Items.Value))
		} else {
			out = append(out, v)
		}
	}
	return out
}

// appendField puts one field of each element of an array of objects in its place.
func appendField(array any, field string, values []string, s *openapi3.Schema) []any {
	out, _ := array.([]any)
	for i, v := range values {
		for len(out) <= i {
			out = append(out, map[string]any{})
		}
		var inner *openapi3.Schema
		if s != nil && s.Items != nil {
			inner = property(s.Items.Value, field)
		}
		if inner == nil {
			inner = &openapi3.Schema{}
		}
		out[i].(map[string]any)[field] = typed(v, inner)
	}
	return out
}
