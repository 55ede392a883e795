package blueskytest

import (
	"fmt"
	"maps"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/clipperhouse/uax29/v2/graphemes"
)

// complaint is what is wrong with a value, in the words of the real servers.
type complaint string

func (c complaint) Error() string { return string(c) }

func complain(format string, args ...any) error { return complaint(fmt.Sprintf(format, args...)) }

// node checks a JSON value as a lexicon describes it, and words what is wrong as the PDS does.
//
// https://atproto.com/specs/lexicon
type node interface {
	check(v any, at string) error
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// object has fields, some required, in the order in which they are missed.
type object struct {
	required []string
	fields   map[string]node
}

func (o object) check(v any, at string) error {
	m, ok := v.(obj)
	if !ok {
		return wrong("object", v, at)
	}
	for _, name := range o.required {
		if _, there := m[name]; !there {
			return complain("Missing required key %q at %s", name, at)
		}
	}
	for _, name := range sortedKeys(o.fields) {
		if f := m[name]; f != nil && o.fields[name] != nil {
			if err := o.fields[name].check(f, at+"."+name); err != nil {
				return err
			}
		}
	}
	return nil
}

// str is a string; its bounds count bytes and graphemes, and 0 is none.
type str struct {
	min, max, graphemes int
	format              format
}

func (s str) check(v any, at string) error {
	x, ok := v.(string)
	switch {
	case !ok:
		return wrong("string", v, at)
	case len(x) < s.min:
		return complain("string too small (minimum %d, got %d) at %s", s.min, len(x), at)
	case s.max > 0 && len(x) > s.max:
		return complain("string too big (maximum %d, got %d) at %s", s.max, len(x), at)
	}
	if n := clusters(x); s.graphemes > 0 && n > s.graphemes {
		return complain("grapheme too big (maximum %d, got %d) at %s", s.graphemes, n, at)
	}
	if s.format.name != "" && !s.format.ok(x) {
		return complain("Invalid %s (got %q) at %s", s.format.name, x, at)
	}
	return nil
}

// clusters counts graphemes.
func clusters(s string) int {
	n := 0
	for it := graphemes.FromString(s); it.Next(); {
		n++
	}
	return n
}

// num is an integer; a max of 0 is none.
type num struct{ min, max int }

func (n num) check(v any, at string) error {
	x, ok := v.(float64)
	switch {
	case !ok || x != math.Trunc(x):
		return wrong("integer", v, at)
	case int(x) < n.min:
		return complain("integer too small (minimum %d, got %d) at %s", n.min, int(x), at)
	case n.max > 0 && int(x) > n.max:
		return complain("integer too big (maximum %d, got %d) at %s", n.max, int(x), at)
	}
	return nil
}

type boolean struct{}

func (boolean) check(v any, at string) error {
	if _, ok := v.(bool); !ok {
		return wrong("boolean", v, at)
	}
	return nil
}

// list is an array; a max of 0 is none.
type list struct {
	max int
	of  node
}

func (l list) check(v any, at string) error {
	a, ok := v.([]any)
	if !ok {
		return wrong("array", v, at)
	}
	if l.max > 0 && len(a) > l.max {
		return complain("array too big (maximum %d, got %d) at %s", l.max, len(a), at)
	}
	for i, e := range a {
		if err := l.of.check(e, at+"["+strconv.Itoa(i)+"]"); err != nil {
			return err
		}
	}
	return nil
}

// union is one of several objects, told apart by $type. One with an order is closed: it
// takes no other.
type union struct {
	order []string
	of    map[string]node
}

func (u union) check(v any, at string) error {
	m, ok := v.(obj)
	kind := kindOf(m)
	switch {
	case !ok || kind == "":
		return complain("Expected an object which includes the \"$type\" property value type at %s", at)
	case u.of[kind] != nil:
		return u.of[kind].check(v, at)
	case u.order != nil:
		return complain("Expected one of %s (got %q) at %s.$type", orList(u.order), kind, at)
	}
	return nil
}

// kindOf is the type that an object says it has.
func kindOf(m obj) string {
	v, _ := m["$type"].(string)
	return v
}

// blob refers to a file of a type and size.
type blob struct {
	accept string
	max    int64
}

func (b blob) check(v any, at string) error {
	m, ok := v.(obj)
	if !ok || kindOf(m) != "blob" || refOf(m) == "" {
		return wrong("blob", v, at)
	}
	mime, _ := m["mimeType"].(string)
	size, _ := m["size"].(float64)
	switch family, all := strings.CutSuffix(b.accept, "*"); {
	case all && !strings.HasPrefix(mime, family), !all && !slices.Contains(strings.Split(b.accept, ","), mime):
		return complain("Expected %q (got %q) at %s.mimeType", b.accept, mime, at)
	case int64(size) > b.max:
		return complain("blob too big (maximum %d, got %d) at %s", b.max, int64(size), at)
	}
	return nil
}

// refOf is the CID that a blob has.
func refOf(m obj) string {
	ref, _ := m["ref"].(obj)
	v, _ := ref["$link"].(string)
	return v
}

// anything is not looked at, but for being an object.
type anything struct{}

func (anything) check(v any, at string) error {
	if _, ok := v.(obj); !ok {
		return wrong("object", v, at)
	}
	return nil
}

func wrong(want string, v any, at string) error {
	return complain("Expected %s value type (got %v) at %s", want, v, at)
}

func orList(names []string) string {
	var quoted []string
	for _, n := range names {
		quoted = append(quoted, strconv.Quote(n))
	}
	if len(quoted) < 2 {
		return strings.Join(quoted, "")
	}
	return strings.Join(quoted[:len(quoted)-1], ", ") + " or " + quoted[len(quoted)-1]
}

// params are those of a query.
type params map[string]param

// A param is a parameter of a query: a string, an integer if max is set, a list if many is.
type param struct {
	required  bool
	many      int // at most
	min, max  int
	otherwise int // the default of an integer
	format    format
}

func (p param) check(name string, q url.Values) error {
	values := slices.DeleteFunc(slices.Clone(q[name]), func(v string) bool { return v == "" })
	if len(values) == 0 {
		if p.required {
			return complain("Missing required key %q", name)
		}
		if p.max > 0 {
			q.Set(name, strconv.Itoa(p.otherwise))
		}
		return nil
	}
	if p.many > 0 && len(values) > p.many {
		return complain("array too big (maximum %d, got %d)", p.many, len(values))
	}
	for _, v := range values {
		if err := p.one(v); err != nil {
			return err
		}
	}
	return nil
}

func (p param) one(v string) error {
	if p.max > 0 {
		n, err := strconv.Atoi(v)
		switch {
		case err != nil:
			return complain("Expected integer value type (got %q)", v)
		case n < p.min:
			return complain("integer too small (minimum %d, got %d)", p.min, n)
		case n > p.max:
			return complain("integer too big (maximum %d, got %d)", p.max, n)
		}
	}
	if p.format.name != "" && !p.format.ok(v) {
		return complain("Invalid %s (got %q)", p.format.name, v)
	}
	return nil
}
