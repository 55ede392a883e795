package mastodontest

import (
	"net/http"
	"slices"
	"strings"
)

// search finds accounts, hashtags, and statuses of one's own or that one has to do with,
// as a server with full-text search does. A status's address finds that status.
// See https://docs.joinmastodon.org/methods/search/#v2.
func search(c *call) (any, error) {
	if c.me == nil && (c.yes("resolve") || c.has("offset")) {
		return nil, refuse(http.StatusUnauthorized, textNeedsUser)
	}
	q := strings.TrimSpace(c.str("q"))
	if q == "" {
		return nil, badRequest("param is missing or the value is empty: q")
	}
	wants := func(t string) bool { return c.str("type") == "" || c.str("type") == t }
	skip := 0
	if c.has("type") {
		skip = c.num("offset")
	}
	out := obj{"accounts": []any{}, "statuses": []any{}, "hashtags": []any{}}
	if wants("accounts") {
		out["accounts"] = c.s.accountList(window(c, c.s.findAccounts(q), skip))
	}
	if wants("statuses") {
		out["statuses"] = c.s.statusList(window(c, c.findStatuses(q), skip), c.me)
	}
	if wants("hashtags") {
		tags := []any{}
		for _, t := range window(c, c.s.findTags(q), skip) {
			tags = append(tags, obj{"id": t, "name": t, "url": c.s.URL + "/tags/" + t, "history": []any{}})
		}
		out["hashtags"] = tags
	}
	return out, nil
}

func window[T any](c *call, all []T, skip int) []T {
	all = all[min(max(skip, 0), len(all)):]
	return all[:min(len(all), c.limit(20))]
}

// findStatuses are newest first.
func (c *call) findStatuses(q string) []*status {
	var out []*status
	words := strings.Fields(strings.ToLower(q))
	top, low := c.param("max_id"), c.param("min_id")
	for _, st := range slices.Backward(c.s.db.statuses) {
		if st.deleted || st.reblogOf != nil || !c.s.maySee(c.me, st) || top != 0 && st.id >= top || st.id <= low {
			continue
		}
		if by := c.param("account_id"); by != 0 && st.author.id != by {
			continue
		}
		if q == c.s.profile(st.author)+"/"+c.s.text(st.id) {
			return []*status{st}
		}
		has := func(w string) bool { return strings.Contains(strings.ToLower(st.text), strings.TrimPrefix(w, "#")) }
		if c.me != nil && !slices.ContainsFunc(words, func(w string) bool { return !has(w) }) {
			out = append(out, st)
		}
	}
	return out
}

func (s *Server) findTags(q string) []string {
	q = strings.ToLower(strings.TrimPrefix(q, "#"))
	var out []string
	for _, st := range s.db.statuses {
		for _, t := range st.tags {
			if strings.HasPrefix(t, q) && !slices.Contains(out, t) {
				out = append(out, t)
			}
		}
	}
	return out
}
