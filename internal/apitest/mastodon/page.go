package mastodontest

import (
	"cmp"
	"net/url"
	"slices"
	"strings"
)

// pageNames are the parameters of everything that comes in pages, and more.
func pageNames(more ...string) []string {
	return append([]string{"max_id", "since_id", "min_id", "limit"}, more...)
}

// page cuts all, which is in the order of ids, into what the parameters ask for, newest
// first, and sets the Link header.
//
// With max_id and since_id the newest between the two come; since_id alone can therefore
// skip some. min_id gives those that follow it immediately, so that paging forward skips
// none. See https://docs.joinmastodon.org/api/guidelines/#pagination.
func page[T any](c *call, all []T, idOf func(T) id, usual int) []T {
	limit := usual
	if c.has("limit") {
		limit = min(max(c.num("limit"), -c.num("limit")), usual*2)
	}
	top, low := c.param("max_id"), c.param("since_id")
	forward := c.str("min_id") != ""
	if forward {
		low = c.param("min_id")
	}
	var out []T
	for _, x := range slices.SortedStableFunc(slices.Values(all), func(a, b T) int { return cmp.Compare(idOf(a), idOf(b)) }) {
		if i := idOf(x); i > low && (c.str("max_id") == "" || i < top) {
			out = append(out, x)
		}
	}
	if forward {
		out = out[:min(limit, len(out))]
	} else {
		out = out[max(0, len(out)-limit):]
	}
	slices.Reverse(out)
	if len(out) > 0 {
		c.link(idOf(out[len(out)-1]), idOf(out[0]), len(out) == limit)
	}
	return out
}

// link sets the Link header: next is older, prev is newer. A page that is not full has
// nothing after it.
func (c *call) link(oldest, newest id, more bool) {
	keep := url.Values{}
	for k, v := range c.r.URL.Query() {
		if !slices.Contains([]string{"max_id", "since_id", "min_id", "access_token"}, k) {
			keep[k] = v
		}
	}
	at := func(name string, i id) string {
		q := url.Values{name: {c.s.text(i)}}.Encode()
		if len(keep) > 0 {
			q = keep.Encode() + "&" + q
		}
		return "<" + c.s.URL + c.r.URL.EscapedPath() + "?" + q + ">"
	}
	var links []string
	if more {
		links = append(links, at("max_id", oldest)+`; rel="next"`)
	}
	links = append(links, at("min_id", newest)+`; rel="prev"`)
	c.header.Set("Link", strings.Join(links, ", "))
}
