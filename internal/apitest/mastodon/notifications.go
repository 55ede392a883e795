package mastodontest

import "slices"

func notificationRoutes() []route {
	read, write := []string{"read:notifications"}, []string{"write:notifications"}
	return []route{
		{at: "GET /api/v1/notifications", scopes: read, names: pageNames("types[]", "exclude_types[]", "account_id", "include_filtered", "supported_types[]"), do: listNotifications},
		{at: "GET /api/v1/notifications/{id}", scopes: read, names: []string{"supported_types[]"}, do: getNotification},
		{at: "GET /api/v1/notifications/unread_count", scopes: read, names: []string{"limit", "types[]", "exclude_types[]", "account_id"}, do: unreadCount},
		{at: "POST /api/v1/notifications/clear", scopes: write, do: clearNotifications},
		{at: "POST /api/v1/notifications/{id}/dismiss", scopes: write, do: dismissNotification},
	}
}

// notify tells somebody what another did, unless they do not want to hear of it or did it
// themselves. The caller holds s.mu.
func (s *Server) notify(to, from *account, kind string, st *status, r *report) {
	if to == from || to.domain != "" || from != nil && s.quiet(to, from) {
		return
	}
	if st != nil && s.db.edge(threadMute, to, nil, st.root()) != nil {
		return
	}
	n := &notification{id: s.nextID(), to: to, from: from, kind: kind, at: s.now(), status: st, report: r}
	s.db.notifications = append(s.db.notifications, n)
	s.push("notification", s.notificationJSON(n), func(x *stream) bool {
		return x.me == to && (x.name == "user" || x.name == "user:notification") && x.token.covers("read:notifications")
	})
}

// quiet reports whether a hears nothing of another.
func (s *Server) quiet(a, other *account) bool {
	m := s.db.edge(mutes, a, other, nil)
	return s.db.between(blocks, a, other) || m.live(s.now()) && m.quiet ||
		other.domain != "" && slices.Contains(a.domainBlocks, other.domain)
}

// heard are the caller's notifications that the parameters ask for.
func (c *call) heard() []*notification {
	types, not := c.all("types"), c.all("exclude_types")
	from := c.param("account_id")
	var out []*notification
	for _, n := range c.s.db.notifications {
		if n.to != c.me || n.from.suspended || n.from.gone {
			continue
		}
		if len(types) > 0 && !slices.Contains(types, n.kind) || slices.Contains(not, n.kind) || from != 0 && n.from.id != from {
			continue
		}
		out = append(out, n)
	}
	return out
}

// listNotifications is https://docs.joinmastodon.org/methods/notifications/#get. Unlike
// most lists it always gives both links.
func listNotifications(c *call) (any, error) {
	found := page(c, c.heard(), func(n *notification) id { return n.id }, 40)
	if len(found) > 0 {
		c.linkBoth(found[len(found)-1].id, found[0].id)
	}
	out := []any{}
	for _, n := range found {
		out = append(out, c.s.notificationJSON(n))
	}
	return out, nil
}

func (c *call) linkBoth(oldest, newest id) { c.link(oldest, newest, true) }

func (c *call) notification() (*notification, error) {
	i := c.path("id")
	for _, n := range c.s.db.notifications {
		if n.id == i && n.to == c.me {
			return n, nil
		}
	}
	return nil, errNotFound
}

func getNotification(c *call) (any, error) {
	n, err := c.notification()
	if err != nil {
		return nil, err
	}
	return c.s.notificationJSON(n), nil
}

func unreadCount(c *call) (any, error) { return obj{"count": min(len(c.heard()), c.limit(100))}, nil }

func clearNotifications(c *call) (any, error) {
	c.s.db.notifications = slices.DeleteFunc(c.s.db.notifications, func(n *notification) bool { return n.to == c.me })
	return obj{}, nil
}

func dismissNotification(c *call) (any, error) {
	n, err := c.notification()
	if err != nil {
		return nil, err
	}
	c.s.db.notifications = slices.DeleteFunc(c.s.db.notifications, func(o *notification) bool { return o == n })
	return obj{}, nil
}

// notificationJSON is https://docs.joinmastodon.org/entities/Notification/.
func (s *Server) notificationJSON(n *notification) obj {
	out := obj{
		"id": s.text(n.id), "type": n.kind, "created_at": stamp(n.at), "group_key": "ungrouped-" + s.text(n.id),
		"account": s.accountJSON(n.from),
	}
	if n.status != nil {
		shown := n.status
		if shown.reblogOf != nil {
			shown = shown.reblogOf
		}
		out["status"] = s.statusJSON(shown, n.to)
	}
	if n.report != nil {
		out["report"] = s.reportJSON(n.report)
	}
	return out
}
