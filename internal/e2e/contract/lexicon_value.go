package contract

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/clipperhouse/uax29/v2/graphemes"
)

// reading checks the values of one message.
type reading struct {
	l *Lexicons
	// note gets what is wrong.
	note func(format string, args ...any)
	// seen gets the name of each field whose value was checked: its definition's place and name.
	seen func(field string)
}

// value checks a JSON value against a definition.
func (r *reading) value(at string, v any, d *definition) {
	switch d.Type {
	case "ref":
		if to := r.l.defs[full(d.home, d.Ref)]; to != nil {
			r.value(at, v, to)
		} else {
			r.note("at %s: there is no definition %s", at, d.Ref)
		}
	case "union":
		r.union(at, v, d)
	case "unknown":
		r.anything(at, v)
	case "object", "record":
		r.object(at, v, d)
	case "array":
		r.array(at, v, d)
	case "string", "token":
		r.text(at, v, d)
	case "integer":
		r.number(at, v, d)
	case "boolean":
		if _, ok := v.(bool); !ok {
			r.note("at %s: %v is no boolean", at, v)
		}
	case "blob":
		r.blob(at, v, d)
	case "cid-link":
		if o, _ := v.(map[string]any); len(o) != 1 || !lexFormats["cid"](fmt.Sprint(o["$link"])) {
			r.note("at %s: it is no link", at)
		}
	case "bytes":
		if o, _ := v.(map[string]any); len(o) != 1 || o["$bytes"] == nil {
			r.note("at %s: it is no byte string", at)
		}
	default:
		r.note("at %s: the kind %q is not understood", at, d.Type)
	}
}

// object checks the fields that the definition names; others must not be there.
func (r *reading) object(at string, v any, d *definition) {
	if d.Record != nil {
		d = d.Record
	}
	o, ok := v.(map[string]any)
	if !ok {
		r.note("at %s: it is no object", at)
		return
	}
	for _, name := range d.Required {
		if _, there := o[name]; !there {
			r.note("at %s: %q is missing", at, name)
		}
	}
	for name, e := range o {
		p := d.Properties[name]
		switch {
		case name == "$type":
		case p == nil && tolerated[d.home+" "+name] != "":
		case p == nil:
			r.note("at %s: unknown property %q", at, name)
		case e == nil && slices.Contains(d.Nullable, name):
		default:
			r.seen(d.home + " " + name)
			r.value(at+"/"+name, e, p)
		}
	}
}

// tolerated are fields that no lexicon names, with the reason why they are fine.
var tolerated = map[string]string{
	"tools.ozone.moderation.defs blobCids": "Ozone shows the blobs of a record twice, as blobs and by their CIDs",
}

// union checks against the definition that the value names. An open union takes any other.
func (r *reading) union(at string, v any, d *definition) {
	o, _ := v.(map[string]any)
	kind, _ := o["$type"].(string)
	if kind == "" {
		r.note("at %s: there is no $type", at)
		return
	}
	for _, ref := range d.Refs {
		if full(d.home, ref) == full("", kind) {
			r.value(at, v, r.l.defs[full(d.home, ref)])
			return
		}
	}
	if d.Closed {
		r.note("at %s: the $type %q is none of %q", at, kind, d.Refs)
	}
}

// anything checks what says of itself what it is, such as a record.
func (r *reading) anything(at string, v any) {
	o, ok := v.(map[string]any)
	if !ok {
		r.note("at %s: it is no object", at)
		return
	}
	kind, _ := o["$type"].(string)
	if d := r.l.defs[full("", kind)]; kind != "" && d != nil {
		r.object(at, v, d)
	}
}

func (r *reading) array(at string, v any, d *definition) {
	a, ok := v.([]any)
	switch {
	case !ok:
		r.note("at %s: it is no array", at)
	case d.MaxLength > 0 && len(a) > d.MaxLength:
		r.note("at %s: %d items, %d at most", at, len(a), d.MaxLength)
	case len(a) < d.MinLength:
		r.note("at %s: %d items, %d at least", at, len(a), d.MinLength)
	}
	for _, e := range a {
		r.value(at+"[]", e, d.Items)
	}
}

// text checks a string. Its length is in bytes, known values are only examples.
func (r *reading) text(at string, v any, d *definition) {
	s, ok := v.(string)
	if !ok {
		r.note("at %s: %v is no string", at, v)
		return
	}
	switch n := clusters(s); {
	case d.MaxLength > 0 && len(s) > d.MaxLength:
		r.note("at %s: %d bytes, %d at most", at, len(s), d.MaxLength)
	case len(s) < d.MinLength:
		r.note("at %s: %d bytes, %d at least", at, len(s), d.MinLength)
	case d.MaxGraphemes > 0 && n > d.MaxGraphemes:
		r.note("at %s: %d graphemes, %d at most", at, n, d.MaxGraphemes)
	case n < d.MinGraphemes:
		r.note("at %s: %d graphemes, %d at least", at, n, d.MinGraphemes)
	case len(d.Enum) > 0 && !slices.Contains(d.Enum, v), d.Const != nil && d.Const != v:
		r.note("at %s: %q is not allowed", at, s)
	}
	if d.Format == "" {
		return
	}
	if ok, known := lexFormats[d.Format]; !known {
		r.note("at %s: the format %q is not understood", at, d.Format)
	} else if !ok(s) {
		r.note("at %s: %q is no %s", at, s, d.Format)
	}
}

func clusters(s string) int {
	n := 0
	for it := graphemes.FromString(s); it.Next(); {
		n++
	}
	return n
}

func (r *reading) number(at string, v any, d *definition) {
	n, ok := v.(float64)
	switch {
	case !ok || n != math.Trunc(n):
		r.note("at %s: %v is no integer", at, v)
	case d.Minimum != nil && n < *d.Minimum:
		r.note("at %s: %v is less than %v", at, n, *d.Minimum)
	case d.Maximum != nil && n > *d.Maximum:
		r.note("at %s: %v is more than %v", at, n, *d.Maximum)
	case len(d.Enum) > 0 && !slices.Contains(d.Enum, v):
		r.note("at %s: %v is not allowed", at, n)
	}
}

func (r *reading) blob(at string, v any, d *definition) {
	o, _ := v.(map[string]any)
	ref, _ := o["ref"].(map[string]any)
	link, _ := ref["$link"].(string)
	mime, _ := o["mimeType"].(string)
	size, ok := o["size"].(float64)
	switch {
	case o["$type"] != "blob" || len(o) != 4 || !ok || !lexFormats["cid"](link):
		r.note("at %s: it is no blob", at)
	case !accepts(d.Accept, mime):
		r.note("at %s: a blob of the type %q, want one of %q", at, mime, d.Accept)
	case d.MaxSize > 0 && int64(size) > d.MaxSize:
		r.note("at %s: a blob of %s bytes, %d at most", at, strconv.FormatFloat(size, 'f', 0, 64), d.MaxSize)
	}
}

func accepts(types []string, mime string) bool {
	return len(types) == 0 || slices.ContainsFunc(types, func(t string) bool {
		family, all := strings.CutSuffix(t, "*")
		return t == mime || all && strings.HasPrefix(mime, family)
	})
}
