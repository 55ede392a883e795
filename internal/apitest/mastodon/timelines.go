package mastodontest

import (
	"slices"
	"strings"
)

func timelineRoutes() []route {
	read := []string{"read:statuses"}
	return []route{
		{at: "GET /api/v1/timelines/home", scopes: read, names: pageNames(), do: homeTimeline},
		{at: "GET /api/v1/timelines/public", scopes: read, open: true, names: pageNames("local", "remote", "only_media"), do: publicTimeline},
		{
			at: "GET /api/v1/timelines/tag/{hashtag}", scopes: read, open: true,
			names: pageNames("any[]", "all[]", "none[]", "local", "remote", "only_media"), do: tagTimeline,
		},
		{at: "GET /api/v1/timelines/list/{list_id}", scopes: []string{"read:lists"}, names: pageNames(), do: listTimeline},
		{at: "GET /api/v1/favourites", scopes: []string{"read:favourites"}, names: pageNames(), do: marked(favourites)},
		{at: "GET /api/v1/bookmarks", scopes: []string{"read:bookmarks"}, names: pageNames(), do: marked(bookmarks)},
		{at: "GET /api/v1/lists", scopes: []string{"read:lists"}, do: getLists},
		{at: "POST /api/v1/lists", scopes: []string{"write:lists"}, names: []string{"title", "replies_policy", "exclusive"}, do: makeList},
		{at: "GET /api/v1/lists/{id}", scopes: []string{"read:lists"}, do: getList},
		{at: "DELETE /api/v1/lists/{id}", scopes: []string{"write:lists"}, do: deleteList},
		{at: "POST /api/v1/lists/{id}/accounts", scopes: []string{"write:lists"}, names: []string{"account_ids[]"}, do: addToList},
		{at: "GET /api/v1/lists/{id}/accounts", scopes: []string{"read:lists"}, names: pageNames(), do: listMembers},
		{
			at: "GET /api/v2/search", scopes: []string{"read:search"}, open: true,
			names: []string{"q", "type", "resolve", "following", "account_id", "exclude_unreviewed", "max_id", "min_id", "limit", "offset"}, do: search,
		},
	}
}

// timeline pages the statuses that fit and that the caller may see.
func (c *call) timeline(fits func(*status) bool) (any, error) {
	var found []*status
	for _, st := range c.s.db.statuses {
		if !st.deleted && c.s.maySee(c.me, st) && fits(st) && (c.me == nil || c.me == st.author || !c.s.hides(c.me, st.author)) {
			found = append(found, st)
		}
	}
	return c.s.statusList(page(c, found, statusID, 20), c.me), nil
}

func homeTimeline(c *call) (any, error) {
	return c.timeline(func(st *status) bool { return c.s.inHome(c.me, st) })
}

// place applies local, remote and only_media.
func (c *call) place(st *status) bool {
	return (!c.yes("local") || st.author.domain == "") && (!c.yes("remote") || st.author.domain != "") &&
		(!c.yes("only_media") || len(st.media) != 0)
}

func publicTimeline(c *call) (any, error) {
	return c.timeline(func(st *status) bool {
		return st.visibility == "public" && st.reblogOf == nil && !st.author.silenced && c.place(st) &&
			(st.replyTo == nil || st.replyTo.author == st.author)
	})
}

func lowered(in []string) []string {
	out := make([]string, len(in))
	for i, s := range in {
		out[i] = strings.ToLower(s)
	}
	return out
}

func tagTimeline(c *call) (any, error) {
	tag := strings.ToLower(c.r.PathValue("hashtag"))
	one, every, none := append(lowered(c.all("any")), tag), lowered(c.all("all")), lowered(c.all("none"))
	return c.timeline(func(st *status) bool {
		has := func(t string) bool { return slices.Contains(st.tags, t) }
		missing := func(t string) bool { return !has(t) }
		return st.visibility == "public" && c.place(st) && slices.ContainsFunc(one, has) &&
			!slices.ContainsFunc(every, missing) && !slices.ContainsFunc(none, has)
	})
}

// listOf finds one of the caller's lists.
func (c *call) listOf(name string) (*list, error) {
	i := c.path(name)
	for _, l := range c.s.db.lists {
		if l.id == i && l.owner == c.me {
			return l, nil
		}
	}
	return nil, errNotFound
}

func listTimeline(c *call) (any, error) {
	l, err := c.listOf("list_id")
	if err != nil {
		return nil, err
	}
	return c.timeline(func(st *status) bool { return slices.Contains(l.members, st.author) && st.visibility != "direct" })
}

func marked(k edgeKind) func(*call) (any, error) {
	return func(c *call) (any, error) {
		var found []*edge
		for _, e := range c.s.db.edges {
			if e.kind == k && e.from == c.me && !e.status.deleted {
				found = append(found, e)
			}
		}
		out := []any{}
		for _, e := range page(c, found, edgeID, 20) {
			out = append(out, c.s.statusJSON(e.status, c.me))
		}
		return out, nil
	}
}

func (s *Server) listJSON(l *list) obj {
	return obj{"id": s.text(l.id), "title": l.title, "replies_policy": "list", "exclusive": false}
}

func getLists(c *call) (any, error) {
	out := []any{}
	for _, l := range c.s.db.lists {
		if l.owner == c.me {
			out = append(out, c.s.listJSON(l))
		}
	}
	return out, nil
}

func getList(c *call) (any, error) {
	l, err := c.listOf("id")
	if err != nil {
		return nil, err
	}
	return c.s.listJSON(l), nil
}

func makeList(c *call) (any, error) {
	if c.str("title") == "" {
		return nil, invalid("Title can't be blank")
	}
	l := &list{id: c.s.nextID(), owner: c.me, title: c.str("title")}
	c.s.db.lists = append(c.s.db.lists, l)
	return c.s.listJSON(l), nil
}

func deleteList(c *call) (any, error) {
	l, err := c.listOf("id")
	if err != nil {
		return nil, err
	}
	c.s.db.lists = slices.DeleteFunc(c.s.db.lists, func(o *list) bool { return o == l })
	return obj{}, nil
}

// addToList takes those whom the caller follows.
func addToList(c *call) (any, error) {
	l, err := c.listOf("id")
	if err != nil {
		return nil, err
	}
	for _, i := range c.all("account_ids") {
		a := c.s.db.account(c.s.parse(i))
		if a == nil || a != c.me && !c.s.db.between(follows, c.me, a) {
			return nil, errNotFound
		}
		if slices.Contains(l.members, a) {
			return nil, invalid("Account has already been taken")
		}
		l.members = append(l.members, a)
	}
	return obj{}, nil
}

func listMembers(c *call) (any, error) {
	l, err := c.listOf("id")
	if err != nil {
		return nil, err
	}
	return c.s.accountList(page(c, l.members, func(a *account) id { return a.id }, 40)), nil
}
