package mastodontest

import (
	"slices"
	"strings"
	"time"
)

// mute applies the parameters of a mute: notifications too unless told otherwise, and an
// end if it has one. See https://docs.joinmastodon.org/methods/accounts/#mute.
func (c *call) mute(e *edge) {
	e.quiet = !c.has("notifications") || c.yes("notifications")
	e.until = time.Time{}
	if d := c.num("duration"); d > 0 {
		e.until = c.s.now().Add(time.Duration(d) * time.Second)
	}
}

func blocked(c *call) (any, error) { return c.edges(blocks, c.me, false), nil }

// muted lists accounts with the end of the mute.
// See https://docs.joinmastodon.org/entities/Account/#MutedAccount.
func muted(c *call) (any, error) {
	var found []*edge
	for _, e := range c.s.db.edges {
		if e.kind == mutes && e.from == c.me && e.live(c.s.now()) {
			found = append(found, e)
		}
	}
	out := []any{}
	for _, e := range page(c, found, edgeID, 40) {
		a := c.s.accountJSON(e.to)
		a["mute_expires_at"] = stampOr(e.until)
		out = append(out, a)
	}
	return out, nil
}

// live reports whether an edge has not ended by itself.
func (e *edge) live(now time.Time) bool { return e != nil && (e.until.IsZero() || now.Before(e.until)) }

// hides reports whether a has blocked or muted another, or their whole server.
func (s *Server) hides(a, other *account) bool {
	return s.db.between(blocks, a, other) || s.db.edge(mutes, a, other, nil).live(s.now()) ||
		other.domain != "" && slices.Contains(a.domainBlocks, other.domain)
}

func domainBlocks(c *call) (any, error) {
	all := slices.Clone(c.me.domainBlocks)
	return slices.Concat([]string{}, all[:min(len(all), c.limit(100))]), nil
}

func blockDomain(c *call) (any, error) {
	d := strings.ToLower(c.str("domain"))
	if d == "" || strings.ContainsAny(d, " /") {
		return nil, invalid("Domain is not a valid domain name")
	}
	if !slices.Contains(c.me.domainBlocks, d) {
		c.me.domainBlocks = append(c.me.domainBlocks, d)
	}
	for _, e := range slices.Clone(c.s.db.edges) {
		if e.kind == follows && (e.from == c.me && e.to.domain == d || e.to == c.me && e.from.domain == d) {
			c.s.db.unlink(follows, e.from, e.to, nil)
		}
	}
	return obj{}, nil
}

func unblockDomain(c *call) (any, error) {
	d := strings.ToLower(c.str("domain"))
	c.me.domainBlocks = slices.DeleteFunc(c.me.domainBlocks, func(x string) bool { return x == d })
	return obj{}, nil
}
