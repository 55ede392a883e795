package contract

import (
	"encoding/json"
	"fmt"

	"github.com/parvis-go/parvis/internal/apitest"
)

// Coverage counts what was held against a contract.
type Coverage struct {
	// Requests is how many exchanges there were, Operations how many distinct operations,
	// Fields how many distinct fields of distinct operations, of those that are relied on,
	// had a value that was checked, Events how many events of streams.
	Requests, Operations, Fields, Events int

	seen, fields map[string]bool
}

// Add counts one exchange.
func (v *Coverage) Add(c *Contract, x apitest.Exchange) {
	if v.seen == nil {
		v.seen, v.fields = map[string]bool{}, map[string]bool{}
	}
	v.Requests++
	o := c.find(x.Method, x.Path)
	if o == nil {
		return
	}
	v.seen[o.name()] = true
	var body any
	if x.Status < 300 && json.Unmarshal(x.Body, &body) == nil {
		for _, f := range fieldsIn(o.name(), body) {
			v.fields[o.name()+" "+f] = true
		}
	}
	v.Operations, v.Fields = len(v.seen), len(v.fields)
}

// Saw reports whether an operation was among the exchanges.
func (v *Coverage) Saw(name string) bool { return v.seen[name] }

// String is the counts in one line.
func (v *Coverage) String() string {
	return fmt.Sprintf("%d requests, %d distinct operations, %d fields, %d events", v.Requests, v.Operations, v.Fields, v.Events)
}

// Below lists in what v is less than least.
func (v *Coverage) Below(least Coverage) []string {
	var out []string
	for _, n := range []struct {
		what      string
		have, min int
	}{{"requests", v.Requests, least.Requests}, {"operations", v.Operations, least.Operations}, {"fields", v.Fields, least.Fields}, {"events", v.Events, least.Events}} {
		if n.have < n.min {
			out = append(out, fmt.Sprintf("%s: %d instead of at least %d", n.what, n.have, n.min))
		}
	}
	return out
}
