package contract

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// SpecsVariable names the folder of API descriptions in the environment.
const SpecsVariable = "PARVIS_SPECS"

// defaultSpecs is where the folder lies if the environment does not say, seen from this package.
const defaultSpecs = "../../../../shared/specs"

// SpecDir finds the folder of API descriptions. Where there is none, the error says where
// to put it.
func SpecDir() (string, error) {
	dir := os.Getenv(SpecsVariable)
	if dir == "" {
		dir = filepath.FromSlash(defaultSpecs)
	}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		abs, absErr := filepath.Abs(dir)
		if absErr != nil {
			abs = dir
		}
		return "", fmt.Errorf("there are no API descriptions at %s; put the folder there, or name another one in %s", abs, SpecsVariable)
	}
	return dir, nil
}

// A Contract is a network's description of its API, ready to check against.
type Contract struct {
	doc        *openapi3.T
	operations []operation
	formats    []openapi3.SchemaValidationOption
}

// operation is one method of one path.
type operation struct {
	method, path string
	segments     []string
	op           *openapi3.Operation
	params       openapi3.Parameters
}

// name is how operations are written: "GET /api/v1/statuses/{id}".
func (o *operation) name() string { return o.method + " " + o.path }

// Mastodon reads the description of the Mastodon API in dir, adds the operations that it
// leaves out, and mends what it gets wrong; see supplement.go for both.
func Mastodon(dir string) (*Contract, error) {
	raw, err := os.ReadFile(filepath.Join(dir, "mastodon", "schema.json"))
	if err != nil {
		return nil, err
	}
	var doc map[string]any
	if err := json.Unmarshal(raw, &doc); err != nil {
		return nil, err
	}
	mend(doc)
	supplement(doc)
	return load(doc)
}

// load makes a contract of a description. Strict validation of the description as a whole
// is left out: what matters here are its parts.
func load(doc map[string]any) (*Contract, error) {
	doc, _ = plainer(doc).(map[string]any)
	doc["openapi"] = "3.0.3"
	raw, err := json.Marshal(doc)
	if err != nil {
		return nil, err
	}
	t, err := openapi3.NewLoader().LoadFromData(raw)
	if err != nil {
		return nil, err
	}
	c := &Contract{doc: t, formats: formats()}
	for _, path := range t.Paths.InMatchingOrder() {
		item := t.Paths.Find(path)
		for method, op := range item.Operations() {
			o := operation{method: method, path: path, segments: strings.Split(path, "/"), op: op}
			o.params = append(slices.Clone(item.Parameters), op.Parameters...)
			c.operations = append(c.operations, o)
		}
	}
	return c, nil
}

// find is the operation of a method and a path; nil if there is none. Paths without
// variables come before those with.
func (c *Contract) find(method, path string) *operation {
	segments := strings.Split(path, "/")
	var best *operation
	fewest := 0
	for i := range c.operations {
		o := &c.operations[i]
		if variables, ok := o.fits(method, segments); ok && (best == nil || variables < fewest) {
			best, fewest = o, variables
		}
	}
	return best
}

// fits reports whether the operation is that of a method and a path, and how many of its
// segments are variables.
func (o *operation) fits(method string, segments []string) (variables int, ok bool) {
	if o.method != method || len(o.segments) != len(segments) {
		return 0, false
	}
	for i, s := range o.segments {
		switch {
		case strings.HasPrefix(s, "{"):
			if segments[i] == "" {
				return 0, false
			}
			variables++
		case s != segments[i]:
			return 0, false
		}
	}
	return variables, true
}
