package api

import (
	"net/http"
	"net/url"
	"strings"
)

// next returns the query of the next page that a Link header names, or nil. Only the
// query counts: servers behind proxies get their own address wrong. See
// https://docs.joinmastodon.org/api/guidelines/#pagination and RFC 8288.
func next(h http.Header) url.Values {
	for _, line := range h.Values("Link") {
		for line != "" {
			_, rest, ok := strings.Cut(line, "<")
			if !ok {
				break
			}
			address, params, ok := strings.Cut(rest, ">")
			if !ok {
				break
			}
			line = ""
			if i := strings.Index(params, ",<"); i >= 0 {
				params, line = params[:i], params[i:]
			} else if i := strings.Index(params, ", <"); i >= 0 {
				params, line = params[:i], params[i:]
			}
			if !isNext(params) {
				continue
			}
			if u, err := url.Parse(address); err == nil && u.RawQuery != "" {
				return u.Query()
			}
		}
	}
	return nil
}

func isNext(params string) bool {
	for p := range strings.SplitSeq(params, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(p), "=")
		if strings.EqualFold(name, "rel") && strings.EqualFold(strings.Trim(value, `" `), "next") {
			return true
		}
	}
	return false
}
