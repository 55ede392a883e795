package mastodontest

import "net/http"

func actionRoutes() []route {
	write := []string{"write:statuses"}
	fav, book, pin := []string{"write:favourites"}, []string{"write:bookmarks"}, []string{"write:accounts"}
	return []route{
		{at: "POST /api/v1/statuses/{id}/favourite", scopes: fav, do: mark(favourites)},
		{at: "POST /api/v1/statuses/{id}/unfavourite", scopes: fav, do: unmark(favourites)},
		{at: "POST /api/v1/statuses/{id}/bookmark", scopes: book, do: mark(bookmarks)},
		{at: "POST /api/v1/statuses/{id}/unbookmark", scopes: book, do: unmark(bookmarks)},
		{at: "POST /api/v1/statuses/{id}/mute", scopes: []string{"write:mutes"}, do: mark(threadMute)},
		{at: "POST /api/v1/statuses/{id}/unmute", scopes: []string{"write:mutes"}, do: unmark(threadMute)},
		{at: "POST /api/v1/statuses/{id}/pin", scopes: pin, do: pinStatus},
		{at: "POST /api/v1/statuses/{id}/unpin", scopes: pin, do: unmark(pins)},
		{at: "POST /api/v1/statuses/{id}/reblog", scopes: write, names: []string{"visibility"}, do: reblog},
		{at: "POST /api/v1/statuses/{id}/unreblog", scopes: write, do: unreblog},
		{at: "GET /api/v1/statuses/{id}/favourited_by", scopes: []string{"read:accounts"}, open: true, names: pageNames(), do: favouritedBy},
		{at: "GET /api/v1/statuses/{id}/reblogged_by", scopes: []string{"read:accounts"}, open: true, names: pageNames(), do: rebloggedBy},
	}
}

// mark1 sets a mark on a status; a mute covers the whole thread.
func mark(k edgeKind) func(*call) (any, error) {
	return func(c *call) (any, error) {
		st := c.s.visible(c.me, c.path("id"))
		if st == nil {
			return nil, errNotFound
		}
		target := st
		if k == threadMute {
			target = st.root()
		}
		fresh := c.s.db.edge(k, c.me, nil, target) == nil
		c.s.link(k, c.me, nil, target)
		if k == favourites && fresh {
			c.s.notify(st.author, c.me, "favourite", st, nil)
		}
		return c.s.statusJSON(st, c.me), nil
	}
}

func unmark(k edgeKind) func(*call) (any, error) {
	return func(c *call) (any, error) {
		st := c.s.visible(c.me, c.path("id"))
		if st == nil {
			return nil, errNotFound
		}
		target := st
		if k == threadMute {
			target = st.root()
		}
		c.s.db.unlink(k, c.me, nil, target)
		return c.s.statusJSON(st, c.me), nil
	}
}

// pinStatus keeps to the rules of pins: one's own, no boosts, no direct ones, five.
// See https://docs.joinmastodon.org/methods/statuses/#pin.
func pinStatus(c *call) (any, error) {
	st := c.s.visible(c.me, c.path("id"))
	if st == nil {
		return nil, errNotFound
	}
	if c.s.db.edge(pins, c.me, nil, st) != nil {
		return nil, invalid("Status has already been taken")
	}
	var problems []string
	if st.reblogOf != nil {
		problems = append(problems, "A boost cannot be pinned")
	}
	if st.author != c.me {
		problems = append(problems, "Someone else's post cannot be pinned")
	}
	if st.visibility == "direct" {
		problems = append(problems, "Posts that are only visible to mentioned users cannot be pinned")
	}
	if c.s.db.count(pins, func(e *edge) bool { return e.from == c.me }) >= c.s.t.limits.Pins {
		problems = append(problems, "You have already pinned the maximum number of posts")
	}
	if len(problems) > 0 {
		return nil, invalid(problems...)
	}
	c.s.link(pins, c.me, nil, st)
	return c.s.statusJSON(st, c.me), nil
}

func reblog(c *call) (any, error) {
	st := c.s.visible(c.me, c.path("id"))
	if st == nil {
		return nil, errNotFound
	}
	if st.reblogOf != nil {
		st = st.reblogOf
	}
	if st.visibility == "direct" || st.visibility == "private" && st.author != c.me {
		return nil, refuse(http.StatusForbidden, textForbidden)
	}
	if b := c.s.boost(c.me, st); b != nil {
		return c.s.statusJSON(b, c.me), nil
	}
	if err := c.s.limiter.family(c, "statuses"); err != nil {
		return nil, err
	}
	b := &status{id: c.s.nextID(), author: c.me, visibility: orElse(c.str("visibility"), "public"), created: c.s.now(), reblogOf: st, app: c.token.app}
	c.s.db.statuses = append(c.s.db.statuses, b)
	c.s.notify(st.author, c.me, "reblog", b, nil)
	c.s.tell(b)
	return c.s.statusJSON(b, c.me), nil
}

// boost is a's boost of st; nil if there is none.
func (s *Server) boost(a *account, st *status) *status {
	for _, b := range s.db.statuses {
		if b.author == a && b.reblogOf == st && !b.deleted {
			return b
		}
	}
	return nil
}

func unreblog(c *call) (any, error) {
	st := c.s.visible(c.me, c.path("id"))
	if st == nil {
		return nil, errNotFound
	}
	if b := c.s.boost(c.me, st); b != nil {
		c.s.remove(b)
	}
	return c.s.statusJSON(st, c.me), nil
}
