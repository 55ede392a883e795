package contract

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/parvis-go/parvis/internal/apitest"
)

// A Problem is one way in which an exchange breaks the contract.
type Problem struct {
	// Operation is the method and path, as described if they are described.
	Operation string
	// Where is "request" or "answer"; What says what is wrong.
	Where, What string
}

// String is the problem in one line.
func (p Problem) String() string { return p.Operation + ": " + p.Where + ": " + p.What }

// check gathers the problems of one exchange.
type check struct {
	c        *Contract
	x        apitest.Exchange
	o        *operation
	where    string
	problems []Problem
}

func (k *check) problem(format string, args ...any) {
	name := k.x.Method + " " + k.x.Path
	if k.o != nil {
		name = k.o.name()
	}
	k.problems = append(k.problems, Problem{name, k.where, fmt.Sprintf(format, args...)})
}

func (c *Contract) check(x apitest.Exchange, where string) *check {
	k := &check{c: c, x: x, o: c.find(x.Method, x.Path), where: where}
	if k.o == nil {
		k.problem("there is no such operation")
	}
	return k
}

// Operation is the described name of an exchange's operation, "" if there is none.
func (c *Contract) Operation(x apitest.Exchange) string {
	if o := c.find(x.Method, x.Path); o != nil {
		return o.name()
	}
	return ""
}

// Operations lists all operations that are described.
func (c *Contract) Operations() []string {
	var out []string
	for _, o := range c.operations {
		out = append(out, o.name())
	}
	return out
}

// Exchange checks a request and its answer.
func (c *Contract) Exchange(x apitest.Exchange) []Problem {
	return append(c.Request(x), c.Answer(x)...)
}

// Event checks what a stream carries: the payload of an event of that name.
// See https://docs.joinmastodon.org/methods/streaming/#events.
func (c *Contract) Event(name, payload string) []Problem {
	k := &check{c: c, x: apitest.Exchange{Method: "event", Path: name}, where: "payload"}
	schema := map[string]string{"update": "Status", "status.update": "Status", "notification": "Notification", "conversation": "Conversation"}[name]
	switch {
	case schema != "":
		var v any
		if err := json.Unmarshal([]byte(payload), &v); err != nil {
			k.problem("it is no JSON: %v", err)
			break
		}
		k.fits(v, c.doc.Components.Schemas[schema].Value)
	case name == "delete" && (payload == "" || strings.ContainsAny(payload, `{"`)):
		k.problem("%q is no id", payload)
	case name == "filters_changed" && payload != "":
		k.problem("there is a payload: %q", payload)
	case name != "delete" && name != "filters_changed":
		k.problem("there is no such event")
	}
	return k.problems
}

// fits checks a JSON value against a schema.
func (k *check) fits(v any, schema *openapi3.Schema) {
	options := append([]openapi3.SchemaValidationOption{openapi3.MultiErrors(), openapi3.EnableFormatValidation()}, k.c.formats...)
	err := schema.VisitJSON(v, options...)
	if err == nil {
		return
	}
	many, ok := err.(openapi3.MultiError)
	if !ok {
		many = openapi3.MultiError{err}
	}
	for _, e := range many {
		k.problem("%s", brief(e))
	}
}

// brief is a validator's error without the schema and the value.
func brief(err error) string {
	e, ok := err.(*openapi3.SchemaError)
	if !ok {
		return err.Error()
	}
	at := strings.Join(e.JSONPointer(), "/")
	reason := e.Reason
	if e.Origin != nil && e.Origin != error(e) {
		reason += " (" + firstLine(e.Origin.Error()) + ")"
	}
	return "at /" + at + ": " + reason
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}
