package mastodontest

import (
	"regexp"
	"slices"
	"time"
)

func filterRoutes() []route {
	read, write := []string{"read:filters"}, []string{"write:filters"}
	names := []string{
		"title", "context[]", "filter_action", "expires_in", "keywords_attributes[][keyword]", "keywords_attributes[][whole_word]",
		"keywords_attributes[][id]", "keywords_attributes[][_destroy]",
	}
	return []route{
		{at: "GET /api/v2/filters", scopes: read, do: listFilters},
		{at: "GET /api/v2/filters/{id}", scopes: read, do: getFilter},
		{at: "POST /api/v2/filters", scopes: write, names: names, do: makeFilter},
		{at: "PUT /api/v2/filters/{id}", scopes: write, names: names, do: updateFilter},
		{at: "DELETE /api/v2/filters/{id}", scopes: write, do: deleteFilter},
		{at: "GET /api/v2/filters/{id}/keywords", scopes: read, do: listKeywords},
		{at: "POST /api/v2/filters/{id}/keywords", scopes: write, names: []string{"keyword", "whole_word"}, do: addKeyword},
		{at: "DELETE /api/v2/filters/keywords/{id}", scopes: write, do: deleteKeyword},
	}
}

func (c *call) filterOf() (*filter, error) {
	i := c.path("id")
	for _, f := range c.s.db.filters {
		if f.id == i && f.owner == c.me && !f.deleted {
			return f, nil
		}
	}
	return nil, errNotFound
}

func listFilters(c *call) (any, error) {
	out := []any{}
	for _, f := range c.s.db.filters {
		if f.owner == c.me && !f.deleted {
			out = append(out, c.s.filterJSON(f))
		}
	}
	return out, nil
}

func getFilter(c *call) (any, error) {
	f, err := c.filterOf()
	if err != nil {
		return nil, err
	}
	return c.s.filterJSON(f), nil
}

// makeFilter is https://docs.joinmastodon.org/methods/filters/#create.
func makeFilter(c *call) (any, error) {
	f := &filter{owner: c.me, action: "warn"}
	for _, k := range c.objects("keywords_attributes") {
		if k["id"] != "" {
			return nil, errNotFound
		}
	}
	if err := c.fill(f); err != nil {
		return nil, err
	}
	f.id = c.s.nextID()
	c.s.db.filters = append(c.s.db.filters, f)
	c.s.filtersChanged(c.me)
	return c.s.filterJSON(f), nil
}

func updateFilter(c *call) (any, error) {
	f, err := c.filterOf()
	if err != nil {
		return nil, err
	}
	if err := c.fill(f); err != nil {
		return nil, err
	}
	c.s.filtersChanged(c.me)
	return c.s.filterJSON(f), nil
}

// fill takes the parameters over; what is not sent stays.
func (c *call) fill(f *filter) error {
	f.title = orElse(c.str("title"), f.title)
	if c.has("context[]") {
		f.context = c.all("context")
	}
	f.action = orElse(c.str("filter_action"), f.action)
	known := []string{"home", "notifications", "public", "thread", "account"}
	switch {
	case f.title == "":
		return invalid("Title can't be blank")
	case len(f.context) == 0 || slices.ContainsFunc(f.context, func(x string) bool { return !slices.Contains(known, x) }):
		return invalid("Context None or invalid context supplied")
	case !slices.Contains([]string{"warn", "hide", "blur"}, f.action):
		return refuse(422, "'"+f.action+"' is not a valid action")
	}
	if n := c.num("expires_in"); n > 0 {
		f.expires = c.s.now().Add(time.Duration(n) * time.Second)
	}
	for _, k := range c.objects("keywords_attributes") {
		c.keyword(f, k)
	}
	return nil
}

func (c *call) keyword(f *filter, k map[string]string) {
	gone := k["_destroy"] == "true" || k["_destroy"] == "1"
	whole := k["whole_word"] != "false" && k["whole_word"] != "0" && k["whole_word"] != ""
	if k["id"] == "" {
		if !gone {
			f.keywords = append(f.keywords, keyword{c.s.nextID(), k["keyword"], whole})
		}
		return
	}
	i := slices.IndexFunc(f.keywords, func(x keyword) bool { return x.id == c.s.parse(k["id"]) })
	switch {
	case i < 0:
	case gone:
		f.keywords = slices.Delete(f.keywords, i, i+1)
	default:
		f.keywords[i] = keyword{f.keywords[i].id, k["keyword"], whole}
	}
}

func deleteFilter(c *call) (any, error) {
	f, err := c.filterOf()
	if err != nil {
		return nil, err
	}
	f.deleted = true
	c.s.filtersChanged(c.me)
	return obj{}, nil
}

func listKeywords(c *call) (any, error) {
	f, err := c.filterOf()
	if err != nil {
		return nil, err
	}
	return c.s.filterJSON(f)["keywords"], nil
}

func addKeyword(c *call) (any, error) {
	f, err := c.filterOf()
	if err != nil {
		return nil, err
	}
	if c.str("keyword") == "" {
		return nil, invalid("Keyword can't be blank")
	}
	k := keyword{c.s.nextID(), c.str("keyword"), c.yes("whole_word")}
	f.keywords = append(f.keywords, k)
	c.s.filtersChanged(c.me)
	return c.s.keywordJSON(k), nil
}

func deleteKeyword(c *call) (any, error) {
	i := c.path("id")
	for _, f := range c.s.db.filters {
		n := slices.IndexFunc(f.keywords, func(k keyword) bool { return k.id == i })
		if f.owner == c.me && n >= 0 {
			f.keywords = slices.Delete(f.keywords, n, n+1)
			c.s.filtersChanged(c.me)
			return obj{}, nil
		}
	}
	return nil, errNotFound
}

func (s *Server) filtersChanged(a *account) {
	s.push("filters_changed", nil, func(x *stream) bool { return x.me == a && x.name == "user" })
}

func (s *Server) keywordJSON(k keyword) obj {
	return obj{"id": s.text(k.id), "keyword": k.text, "whole_word": k.whole}
}

// filterJSON is https://docs.joinmastodon.org/entities/Filter/.
func (s *Server) filterJSON(f *filter) obj {
	keywords := []any{}
	for _, k := range f.keywords {
		keywords = append(keywords, s.keywordJSON(k))
	}
	return obj{
		"id": s.text(f.id), "title": f.title, "context": f.context, "expires_at": stampOr(f.expires), "filter_action": f.action,
		"keywords": keywords, "statuses": []any{},
	}
}

// filtered are the filters of an account that match a status, one's own excepted.
func (s *Server) filtered(st *status, me *account) []any {
	out := []any{}
	for _, f := range s.db.filters {
		if f.owner != me || st.author == me || f.deleted || !f.expires.IsZero() && !s.now().Before(f.expires) {
			continue
		}
		var hits []string
		for _, k := range f.keywords {
			if k.matches(st.text + "\n" + st.warning) {
				hits = append(hits, k.text)
			}
		}
		if hits != nil {
			out = append(out, obj{"filter": s.filterJSON(f), "keyword_matches": hits, "status_matches": nil})
		}
	}
	return out
}

// matches looks for the keyword, as a whole word if it asks for that.
// See https://docs.joinmastodon.org/api/guidelines/#client-filtered.
func (k keyword) matches(text string) bool {
	expr := regexp.QuoteMeta(k.text)
	if k.whole {
		expr = `(?:^|[^\p{L}\p{N}\p{M}_])` + expr + `(?:$|[^\p{L}\p{N}\p{M}_])`
	}
	found, err := regexp.MatchString("(?i)"+expr, text)
	return err == nil && found
}
