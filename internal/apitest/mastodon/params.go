package mastodontest

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// pair is one parameter, named as a form names it: "poll[options][]".
type pair struct{ name, value string }

// upload is a file of a multipart form.
type upload struct {
	name, mime string
	body       []byte
}

// params are the parameters of a request, from its address and its body alike.
type params struct {
	pairs []pair
	files map[string]upload
}

// readParams reads them all. A body that cannot be read is a refusal with 400.
func readParams(r *http.Request) (params, error) {
	p := params{files: map[string]upload{}}
	if err := p.form(r.URL.RawQuery); err != nil {
		return p, err
	}
	kind, attrs, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return p, nil //nolint:nilerr // a body of no known type has no parameters
	}
	switch kind {
	case "application/json":
		err = p.json(r.Body)
	case "multipart/form-data":
		err = p.multipart(multipart.NewReader(r.Body, attrs["boundary"]))
	case "application/x-www-form-urlencoded":
		var body []byte
		if body, err = io.ReadAll(r.Body); err == nil {
			err = p.form(string(body))
		}
	}
	if err != nil {
		return p, badRequest("There was a problem in the request you submitted: " + err.Error())
	}
	return p, nil
}

func (p *params) form(encoded string) error {
	for part := range strings.SplitSeq(encoded, "&") {
		if part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		n, err := url.QueryUnescape(name)
		if err != nil {
			return err
		}
		v, err := url.QueryUnescape(value)
		if err != nil {
			return err
		}
		p.pairs = append(p.pairs, pair{n, v})
	}
	return nil
}

func (p *params) multipart(r *multipart.Reader) error {
	for {
		part, err := r.NextPart()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		body, err := io.ReadAll(part)
		if err != nil {
			return err
		}
		if part.FileName() != "" {
			p.files[part.FormName()] = upload{part.FileName(), part.Header.Get("Content-Type"), body}
			continue
		}
		p.pairs = append(p.pairs, pair{part.FormName(), string(body)})
	}
}

func (p *params) json(body io.Reader) error {
	dec := json.NewDecoder(body)
	dec.UseNumber()
	var top map[string]any
	if err := dec.Decode(&top); err != nil && err != io.EOF {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(top)) {
		p.flatten(name, top[name])
	}
	return nil
}

// flatten writes a JSON value as a form would have it. Objects in arrays keep their
// index, so that objects can tell them apart.
func (p *params) flatten(name string, v any) {
	switch v := v.(type) {
	case nil:
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			p.flatten(name+"["+k+"]", v[k])
		}
	case []any:
		for i, e := range v {
			if _, is := e.(map[string]any); is {
				p.flatten(name+"["+strconv.Itoa(i)+"]", e)
				continue
			}
			p.flatten(name+"[]", e)
		}
	default:
		p.pairs = append(p.pairs, pair{name, fmt.Sprint(v)})
	}
}

// names are the distinct names, with indexes of arrays left out.
func (p *params) names() []string {
	var out []string
	for _, x := range p.pairs {
		out = append(out, plainName(x.name))
	}
	out = append(out, slices.Collect(maps.Keys(p.files))...)
	slices.Sort(out)
	return slices.Compact(out)
}

// plainName turns "a[0][id]" into "a[][id]".
func plainName(name string) string {
	open := strings.IndexByte(name, '[')
	if open < 0 {
		return name
	}
	rest := name[open:]
	if end := strings.IndexByte(rest, ']'); end > 1 {
		if _, err := strconv.Atoi(rest[1:end]); err == nil {
			return name[:open] + "[]" + rest[end+1:]
		}
	}
	return name
}

func (p *params) has(name string) bool {
	return slices.ContainsFunc(p.pairs, func(x pair) bool { return x.name == name })
}

// str is the last value of that name.
func (p *params) str(name string) string {
	for _, x := range slices.Backward(p.pairs) {
		if x.name == name {
			return x.value
		}
	}
	return ""
}

// all are the values of an array; the name comes without brackets.
func (p *params) all(name string) []string {
	var out []string
	for _, x := range p.pairs {
		if x.name == name+"[]" || x.name == name {
			out = append(out, x.value)
		}
	}
	return out
}

// yes reads a truth value as Rails does: all but these spellings of no are yes.
func (p *params) yes(name string) bool {
	switch p.str(name) {
	case "", "0", "f", "F", "false", "FALSE", "off", "OFF":
		return false
	}
	return true
}

func (p *params) num(name string) int {
	n, err := strconv.Atoi(p.str(name))
	if err != nil {
		return 0
	}
	return n
}

// objects are the elements of an array of objects: "name[][key]" in a form, where a key
// that is there already begins the next element, or "name[0][key]" from JSON.
func (p *params) objects(name string) []map[string]string {
	var out []map[string]string
	last := ""
	for _, x := range p.pairs {
		rest, is := strings.CutPrefix(x.name, name+"[")
		if !is {
			continue
		}
		index, key, is := strings.Cut(rest, "][")
		if !is {
			continue
		}
		key = strings.TrimSuffix(key, "]")
		fresh := len(out) == 0 || index != last
		if !fresh {
			_, there := out[len(out)-1][key]
			fresh = there
		}
		if fresh {
			out = append(out, map[string]string{})
		}
		out[len(out)-1][key], last = x.value, index
	}
	return out
}
