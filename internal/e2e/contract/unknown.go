package contract

import "github.com/getkin/kin-openapi/openapi3"

// property is the schema of a property, whichever part of the schema names it; nil if
// none does.
func property(s *openapi3.Schema, name string) *openapi3.Schema {
	if s == nil {
		return nil
	}
	if p := s.Properties[name]; p != nil {
		return p.Value
	}
	for _, parts := range []openapi3.SchemaRefs{s.AllOf, s.AnyOf, s.OneOf} {
		for _, part := range parts {
			if p := property(part.Value, name); p != nil {
				return p
			}
		}
	}
	return nil
}

// named reports whether a schema lists properties at all.
func named(s *openapi3.Schema) bool {
	if len(s.Properties) > 0 {
		return true
	}
	for _, parts := range []openapi3.SchemaRefs{s.AllOf, s.AnyOf, s.OneOf} {
		for _, part := range parts {
			if named(part.Value) {
				return true
			}
		}
	}
	return false
}

// unknown reports the properties that the schema does not name. Descriptions hardly ever
// forbid them, so that the validator alone would let them pass.
func (k *check) unknown(at string, v any, s *openapi3.Schema) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			if s.Items != nil {
				k.unknown(at, e, s.Items.Value)
			}
		}
	case map[string]any:
		if !named(s) {
			if at == "" && len(v) > 0 {
				k.problem("the operation names no properties")
			}
			return
		}
		for name, e := range v {
			if p := property(s, name); p != nil {
				k.unknown(at+"/"+name, e, p)
			} else {
				k.problem("unknown property %q", at+"/"+name)
			}
		}
	}
}
