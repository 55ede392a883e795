package ratelimit

import (
	"net/http"
	"strings"

	"github.com/parvis-go/parvis"
	engine "github.com/parvis-go/parvis/internal/ratelimit"
)

// IETFHeaders reads the structured fields RateLimit ("default";r=50;t=30) and
// RateLimit-Policy ("default";q=100;w=60), and where they are absent the older draft's three headers.
//
// https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/
func IETFHeaders(h http.Header) []parvis.Limit {
	quota := map[string]int{}
	for _, item := range items(h["Ratelimit-Policy"]) {
		if q, ok := engine.Count(item.params["q"]); ok {
			quota[item.name] = q
		}
	}
	var out []parvis.Limit
	for _, item := range items(h["Ratelimit"]) {
		r, ok := engine.Count(item.params["r"])
		if !ok {
			continue
		}
		out = append(out, parvis.Limit{Name: item.name, Max: quota[item.name], Remaining: r, Reset: left(item.params["t"])})
	}
	if len(out) > 0 {
		return out
	}
	out = plain.list(h, "")
	if len(out) > 0 {
		out[0].Reset = when(h, engine.First(h, plain.reset))
	}
	return out
}

// item is one member of a list of structured fields.
type item struct {
	name   string
	params map[string]string
}

// items reads lists of names with parameters, of which no value may hold a comma or
// semicolon but in quotes (https://www.rfc-editor.org/rfc/rfc9651).
func items(values []string) []item {
	var out []item
	for _, v := range values {
		for member := range split(v, ',') {
			if len(out) == maxLimits {
				return out
			}
			it := item{params: map[string]string{}}
			first := true
			for part := range split(member, ';') {
				part = strings.TrimSpace(part)
				if first {
					it.name, first = cut(strings.Trim(part, `"`)), false
					continue
				}
				k, val, _ := strings.Cut(part, "=")
				it.params[strings.TrimSpace(k)] = strings.Trim(val, `"`)
			}
			out = append(out, it)
		}
	}
	return out
}

// split yields the parts of s between separators that are outside quotes.
func split(s string, sep byte) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		start, quoted := 0, false
		for i := 0; i < len(s); i++ {
			switch {
			case s[i] == '\\' && quoted:
				i++
			case s[i] == '"':
				quoted = !quoted
			case s[i] == sep && !quoted:
				if !yield(s[start:i]) {
					return
				}
				start = i + 1
			}
		}
		if strings.TrimSpace(s[start:]) != "" {
			yield(s[start:])
		}
	}
}
