package mastodontest

import (
	"net/http"
	"slices"
	"strings"
)

func accountRoutes() []route {
	read := []string{"read:accounts"}
	return []route{
		{at: "GET /api/v1/accounts/verify_credentials", scopes: []string{"profile", "read:accounts"}, do: verify},
		{at: "GET /api/v1/apps/verify_credentials", scopes: []string{
			"read", "profile", "write", "follow", "push", "read:accounts", "read:statuses",
			"write:statuses", "read:notifications", "admin:read",
		}, app: true, do: verifyApp},
		{at: "GET /api/v1/accounts/{id}", scopes: read, open: true, do: getAccount},
		{at: "GET /api/v1/accounts", scopes: read, open: true, names: []string{"id[]"}, do: getAccounts},
		{at: "GET /api/v1/accounts/lookup", scopes: read, open: true, names: []string{"acct", "skip_webfinger"}, do: lookup},
		{at: "GET /api/v1/accounts/search", scopes: read, names: []string{"q", "limit", "offset", "resolve", "following"}, do: searchAccounts},
		{at: "GET /api/v1/accounts/relationships", scopes: []string{"read:follows"}, names: []string{"id[]", "with_suspended"}, do: relationships},
		{
			at: "GET /api/v1/accounts/{id}/statuses", scopes: []string{"read:statuses"}, open: true,
			names: pageNames("only_media", "exclude_replies", "exclude_reblogs", "pinned", "tagged"), do: accountStatuses,
		},
		{at: "GET /api/v1/accounts/{id}/followers", scopes: read, open: true, names: pageNames(), do: people(follows, true)},
		{at: "GET /api/v1/accounts/{id}/following", scopes: read, open: true, names: pageNames(), do: people(follows, false)},
		{at: "GET /api/v1/preferences", scopes: []string{"read:accounts"}, do: preferences},
	}
}

func verify(c *call) (any, error) { return c.s.credentialJSON(c.me), nil }

// verifyApp is https://docs.joinmastodon.org/methods/apps/#verify_credentials.
func verifyApp(c *call) (any, error) { return c.s.appJSON(c.token.app), nil }

func preferences(*call) (any, error) {
	return obj{
		"posting:default:visibility": "public", "posting:default:sensitive": false, "posting:default:language": nil,
		"reading:expand:media": "default", "reading:expand:spoilers": false,
	}, nil
}

// other finds the account that the path names.
func (c *call) other() (*account, error) {
	a := c.s.db.account(c.path("id"))
	if a == nil {
		return nil, errNotFound
	}
	return a, nil
}

func getAccount(c *call) (any, error) {
	a, err := c.other()
	if err != nil {
		return nil, err
	}
	return c.s.accountJSON(a), nil
}

func getAccounts(c *call) (any, error) {
	out := []any{}
	for _, i := range c.all("id") {
		if a := c.s.db.account(c.s.parse(i)); a != nil {
			out = append(out, c.s.accountJSON(a))
		}
	}
	return out, nil
}

func lookup(c *call) (any, error) {
	a := c.s.named(strings.TrimPrefix(c.str("acct"), "@"))
	if a == nil {
		return nil, errNotFound
	}
	return c.s.accountJSON(a), nil
}

func (c *call) limit(usual int) int {
	if !c.has("limit") {
		return usual
	}
	return min(max(c.num("limit"), -c.num("limit")), usual*2)
}

func searchAccounts(c *call) (any, error) {
	found := c.s.findAccounts(c.str("q"))
	found = found[min(c.num("offset"), len(found)):]
	return c.s.accountList(found[:min(len(found), c.limit(40))]), nil
}

// findAccounts are those whose address or name holds q.
func (s *Server) findAccounts(q string) []*account {
	q = strings.ToLower(strings.TrimPrefix(q, "@"))
	var out []*account
	for _, a := range s.db.accounts {
		if !a.gone && q != "" && (strings.Contains(strings.ToLower(a.acct()), q) || strings.Contains(strings.ToLower(a.display), q)) {
			out = append(out, a)
		}
	}
	return out
}

// accountStatuses is https://docs.joinmastodon.org/methods/accounts/#statuses.
func accountStatuses(c *call) (any, error) {
	a, err := c.other()
	if err != nil {
		return nil, err
	}
	if a.suspended {
		return []any{}, nil
	}
	var found []*status
	for _, st := range c.s.db.statuses {
		if st.author == a && !st.deleted && c.s.maySee(c.me, st) && c.wants(st) {
			found = append(found, st)
		}
	}
	return c.s.statusList(page(c, found, statusID, 20), c.me), nil
}

func statusID(st *status) id { return st.id }

// wants applies the filters of an account's statuses.
func (c *call) wants(st *status) bool {
	switch {
	case c.yes("only_media") && len(st.media) == 0,
		c.yes("exclude_replies") && st.replyTo != nil && st.replyTo.author != st.author,
		c.yes("exclude_reblogs") && st.reblogOf != nil,
		c.yes("pinned") && c.s.db.edge(pins, st.author, nil, st) == nil,
		c.str("tagged") != "" && !slices.Contains(st.tags, strings.ToLower(c.str("tagged"))):
		return false
	}
	return true
}

// people lists who has an edge with the account of the path: from them, or to them. The
// pages go by the edges' ids, which only the Link header shows.
func people(k edgeKind, toward bool) func(*call) (any, error) {
	return func(c *call) (any, error) {
		a, err := c.other()
		if err != nil {
			return nil, err
		}
		return c.edges(k, a, toward), nil
	}
}

func (c *call) edges(k edgeKind, a *account, toward bool) []any {
	var found []*edge
	for _, e := range c.s.db.edges {
		if e.kind == k && (toward && e.to == a || !toward && e.from == a) {
			found = append(found, e)
		}
	}
	out := []any{}
	for _, e := range page(c, found, edgeID, 40) {
		if toward {
			out = append(out, c.s.accountJSON(e.from))
		} else {
			out = append(out, c.s.accountJSON(e.to))
		}
	}
	return out
}

func edgeID(e *edge) id { return e.id }

func favouritedBy(c *call) (any, error) {
	st := c.s.visible(c.me, c.path("id"))
	if st == nil {
		return nil, errNotFound
	}
	var found []*edge
	for _, e := range c.s.db.edges {
		if e.kind == favourites && e.status == st {
			found = append(found, e)
		}
	}
	out := []any{}
	for _, e := range page(c, found, edgeID, 40) {
		out = append(out, c.s.accountJSON(e.from))
	}
	return out, nil
}

func rebloggedBy(c *call) (any, error) {
	st := c.s.visible(c.me, c.path("id"))
	if st == nil {
		return nil, errNotFound
	}
	var found []*status
	for _, b := range c.s.db.statuses {
		if b.reblogOf == st && !b.deleted {
			found = append(found, b)
		}
	}
	out := []any{}
	for _, b := range page(c, found, statusID, 40) {
		out = append(out, c.s.accountJSON(b.author))
	}
	return out, nil
}

func relationships(c *call) (any, error) {
	out := []any{}
	for _, i := range c.all("id") {
		if a := c.s.db.account(c.s.parse(i)); a != nil && (!a.suspended || c.yes("with_suspended")) {
			out = append(out, c.s.relationJSON(c.me, a))
		}
	}
	return out, nil
}

// relationJSON is https://docs.joinmastodon.org/entities/Relationship/.
func (s *Server) relationJSON(me, a *account) obj {
	m := s.db.edge(mutes, me, a, nil)
	out := obj{
		"id": s.text(a.id), "following": s.db.between(follows, me, a), "showing_reblogs": s.db.between(follows, me, a), "notifying": false,
		"languages": nil, "followed_by": s.db.between(follows, a, me), "blocking": s.db.between(blocks, me, a), "blocked_by": s.db.between(blocks, a, me),
		"muting": m != nil, "muting_notifications": m != nil && m.quiet, "muting_expires_at": nil, "requested": false, "requested_by": false,
		"domain_blocking": a.domain != "" && slices.Contains(me.domainBlocks, a.domain), "endorsed": false, "note": "",
	}
	if m != nil {
		out["muting_expires_at"] = stampOr(m.until)
	}
	return out
}

func relationRoutes() []route {
	flw, blk, mut := []string{"write:follows"}, []string{"write:blocks"}, []string{"write:mutes"}
	return []route{
		{at: "POST /api/v1/accounts/{id}/follow", scopes: flw, names: []string{"reblogs", "notify", "languages[]"}, do: relate(follows, true)},
		{at: "POST /api/v1/accounts/{id}/unfollow", scopes: flw, do: relate(follows, false)},
		{at: "POST /api/v1/accounts/{id}/remove_from_followers", scopes: flw, do: removeFollower},
		{at: "POST /api/v1/accounts/{id}/block", scopes: blk, do: relate(blocks, true)},
		{at: "POST /api/v1/accounts/{id}/unblock", scopes: blk, do: relate(blocks, false)},
		{at: "POST /api/v1/accounts/{id}/mute", scopes: mut, names: []string{"notifications", "duration"}, do: relate(mutes, true)},
		{at: "POST /api/v1/accounts/{id}/unmute", scopes: mut, do: relate(mutes, false)},
		{at: "GET /api/v1/blocks", scopes: []string{"read:blocks"}, names: pageNames(), do: blocked},
		{at: "GET /api/v1/mutes", scopes: []string{"read:mutes"}, names: pageNames(), do: muted},
		{at: "GET /api/v1/domain_blocks", scopes: []string{"read:blocks"}, names: pageNames(), do: domainBlocks},
		{at: "POST /api/v1/domain_blocks", scopes: blk, names: []string{"domain"}, do: blockDomain},
		{at: "DELETE /api/v1/domain_blocks", scopes: blk, names: []string{"domain"}, do: unblockDomain},
	}
}

// relate sets an edge from the caller to the account of the path, or removes it. A block
// ends following in both directions.
func relate(k edgeKind, on bool) func(*call) (any, error) {
	return func(c *call) (any, error) {
		a, err := c.other()
		if err != nil {
			return nil, err
		}
		if a == c.me {
			return nil, refuse(http.StatusForbidden, textForbidden)
		}
		if !on {
			c.s.db.unlink(k, c.me, a, nil)
			return c.s.relationJSON(c.me, a), nil
		}
		if k == follows && c.s.db.between(blocks, a, c.me) {
			return nil, refuse(http.StatusForbidden, textForbidden)
		}
		fresh := !c.s.db.between(k, c.me, a)
		e := c.s.link(k, c.me, a, nil)
		switch k {
		case blocks:
			c.s.db.unlink(follows, c.me, a, nil)
			c.s.db.unlink(follows, a, c.me, nil)
		case mutes:
			c.mute(e)
		case follows:
			if fresh {
				c.s.notify(a, c.me, "follow", nil, nil)
			}
		}
		return c.s.relationJSON(c.me, a), nil
	}
}

func removeFollower(c *call) (any, error) {
	a, err := c.other()
	if err != nil {
		return nil, err
	}
	c.s.db.unlink(follows, a, c.me, nil)
	return c.s.relationJSON(c.me, a), nil
}
