package contract

import (
	"errors"
	"net/mail"
	"net/url"
	"regexp"
	"slices"

	"github.com/getkin/kin-openapi/openapi3"
)

// plainer rewrites an OpenAPI 3.1 description as 3.0 would have it, which the validator
// reports on best: null becomes nullable, and alternatives need not exclude each other,
// since the alternatives of most descriptions overlap. Examples and links are dropped.
func plainer(v any) any {
	switch v := v.(type) {
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = plainer(e)
		}
		return out
	case map[string]any:
		out := map[string]any{}
		for name, e := range v {
			switch name {
			case "example", "examples", "links":
			case "properties":
				out[name] = plainerProperties(e)
			default:
				out[name] = plainer(e)
			}
		}
		nullable(out)
		return out
	}
	return v
}

// plainerProperties keeps properties that are named as keywords are.
func plainerProperties(v any) any {
	props, ok := v.(map[string]any)
	if !ok {
		return plainer(v)
	}
	out := map[string]any{}
	for name, e := range props {
		out[name] = plainer(e)
	}
	return out
}

// nullable takes the null out of a schema's types and alternatives.
func nullable(s map[string]any) {
	if types, ok := s["type"].([]any); ok {
		rest := slices.DeleteFunc(slices.Clone(types), func(t any) bool { return t == "null" })
		if len(rest) < len(types) {
			s["nullable"] = true
		}
		delete(s, "type")
		if len(rest) == 1 {
			s["type"] = rest[0]
		}
	}
	one, ok := s["oneOf"].([]any)
	if !ok {
		return
	}
	delete(s, "oneOf")
	rest := slices.DeleteFunc(slices.Clone(one), func(a any) bool {
		m, ok := a.(map[string]any)
		return ok && m["type"] == "null"
	})
	if len(rest) < len(one) {
		s["nullable"] = true
	}
	s["anyOf"] = rest
}

var language = regexp.MustCompile(`^[a-z]{2,3}(-[A-Za-z0-9]+)*$`)

// formats are the formats of texts that are checked beyond those that the validator knows.
func formats() []openapi3.SchemaValidationOption {
	check := func(name string, f func(string) error) openapi3.SchemaValidationOption {
		return openapi3.WithStringFormatValidator(name, openapi3.NewCallbackValidator(f))
	}
	return []openapi3.SchemaValidationOption{
		check("uri", func(s string) error {
			u, err := url.Parse(s)
			if err == nil && u.Scheme == "" {
				err = errors.New("not an absolute address")
			}
			return err
		}),
		check("email", func(s string) error {
			_, err := mail.ParseAddress(s)
			return err
		}),
		check("iso-639-1", func(s string) error {
			if !language.MatchString(s) {
				return errors.New("not a language code")
			}
			return nil
		}),
	}
}
