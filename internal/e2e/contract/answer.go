package contract

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/parvis-go/parvis/internal/apitest"
)

// Answer checks what came back: the status is documented or tolerated, the body fits the
// schema of the status, a refusal fits https://docs.joinmastodon.org/entities/Error/, and
// the fields that are relied on are there.
func (c *Contract) Answer(x apitest.Exchange) []Problem {
	k := c.check(x, "answer")
	if k.o == nil {
		return k.problems
	}
	r := k.o.op.Responses.Value(strconv.Itoa(x.Status))
	if r == nil && c.Tolerated(k.o.name(), x.Status) == "" {
		k.problem("the status %d is not documented", x.Status)
		return k.problems
	}
	if x.Status >= http.StatusBadRequest {
		k.refusal()
		return k.problems
	}
	if s := jsonSchema(r); s != nil {
		if v, ok := k.json(); ok {
			k.fits(v, s)
			k.relied(v)
		}
	}
	return k.problems
}

// jsonSchema is the schema of a response's JSON; nil if it has none.
func jsonSchema(r *openapi3.ResponseRef) *openapi3.Schema {
	if r == nil {
		return nil
	}
	m := r.Value.Content.Get("application/json")
	if m == nil || m.Schema == nil {
		return nil
	}
	return m.Schema.Value
}

func (k *check) json() (any, bool) {
	if kind := k.x.Header.Get("Content-Type"); !strings.HasPrefix(kind, "application/json") {
		k.problem("the answer is %q instead of JSON", kind)
		return nil, false
	}
	var v any
	if err := json.Unmarshal(k.x.Body, &v); err != nil {
		k.problem("the answer is no JSON: %v", err)
		return nil, false
	}
	return v, true
}

// refusal checks the body of an error. Descriptions of single operations name a richer
// error for 422, which registration alone gives.
func (k *check) refusal() {
	v, ok := k.json()
	if !ok {
		return
	}
	k.fits(v, k.c.doc.Components.Schemas["Error"].Value)
}
