package blueskytest

import (
	"slices"
	"strings"
	"time"
)

func notificationMethods() []method {
	return []method{
		{nsid: "app.bsky.notification.listNotifications", needs: session, do: listNotifications, params: pages(50, params{
			"reasons": {many: 50}, "priority": {}, "seenAt": {format: isTime},
		})},
		{nsid: "app.bsky.notification.getUnreadCount", needs: session, do: unreadCount, params: params{"priority": {}, "seenAt": {format: isTime}}},
		{nsid: "app.bsky.notification.updateSeen", needs: session, do: updateSeen, input: object{
			[]string{"seenAt"}, map[string]node{"seenAt": str{format: isTime}},
		}},
	}
}

// notice is one notification.
type notice struct {
	r       *record
	reason  string
	subject string // what of the person's own it is about; "" for mentions and follows
}

// replyNotices is how far up a conversation an answer is told.
//
// https://github.com/bluesky-social/atproto/blob/main/packages/bsky/src/data-plane/server/indexing/plugins/post.ts
const replyNotices = 5

// notices are those of a person, in the order in which they came.
func (d *store) notices(did string) []notice {
	var out []notice
	for _, r := range d.records {
		if r.did == did || d.taken[r.uri] || d.taken[r.did] {
			continue
		}
		if n, ok := d.notice(r, did); ok && (n.subject == "" || d.get(n.subject) != nil) {
			out = append(out, n)
		}
	}
	return out
}

// notice is what a record tells a person, if anything.
func (d *store) notice(r *record, did string) (notice, bool) {
	mine := func(uri string) bool { return strings.HasPrefix(uri, "at://"+did+"/") }
	switch r.collection {
	case "app.bsky.feed.like", "app.bsky.feed.repost":
		reason := r.collection[strings.LastIndex(r.collection, ".")+1:]
		return notice{r, reason, subjectOf(r)}, mine(subjectOf(r))
	case "app.bsky.graph.follow":
		return notice{r, "follow", ""}, subjectOf(r) == did
	case "app.bsky.feed.post":
	default:
		return notice{}, false
	}
	if mentions(r, did) {
		return notice{r, "mention", ""}, true
	}
	if q := quoteOf(r); q != "" && mine(q) {
		return notice{r, "quote", q}, true
	}
	at := parentOf(r)
	for range replyNotices {
		if mine(at) {
			return notice{r, "reply", at}, true
		}
		above := d.get(at)
		if above == nil {
			break
		}
		at = parentOf(above)
	}
	return notice{}, false
}

// mentions reports whether a post's facets name a person.
func mentions(r *record, did string) bool {
	facets, _ := r.value["facets"].([]any)
	for _, f := range facets {
		o, _ := f.(obj)
		features, _ := o["features"].([]any)
		for _, e := range features {
			feature, _ := e.(obj)
			if kindOf(feature) == "app.bsky.richtext.facet#mention" && text(feature, "did") == did {
				return true
			}
		}
	}
	return false
}

// fillTries is how many pages the app view reads to fill one, where much is left out.
const fillTries = 10

// listNotifications pages by time alone, as the app view does: of what happened at the
// moment of the cursor nothing is on the next page.
func listNotifications(c *call) (any, error) {
	if c.q.Get("seenAt") != "" {
		return nil, invalid("The seenAt parameter is unsupported")
	}
	all := c.s.db.notices(c.me.did)
	slices.Reverse(all) // of one moment, too, the latest comes first
	slices.SortStableFunc(all, func(a, b notice) int { return b.r.sorts().Compare(a.r.sorts()) })
	cursor, seen := c.q.Get("cursor"), c.s.db.seen[c.me.did]
	out, list := obj{"priority": false}, []obj{}
	for range fillTries {
		page, next, err := cut(all, cursor, c.limit()-len(list))
		if err != nil {
			return nil, err
		}
		if reasons := c.q["reasons"]; len(reasons) > 0 {
			page = slices.DeleteFunc(page, func(n notice) bool { return !slices.Contains(reasons, n.reason) })
		}
		if seen == "" && cursor == "" && len(page) > 0 {
			seen = page[0].r.shownAt() // the newest one is new, the others are not
		}
		for _, n := range page {
			if c.wanted(n) {
				list = append(list, c.noticeView(n, seen))
			}
		}
		if cursor = next; cursor == "" || len(list) >= (c.limit()+1)/2 {
			break
		}
	}
	if seen != "" {
		out["seenAt"] = seen
	}
	out["notifications"] = list
	return withCursor(out, cursor), nil
}

// cut is the page before the cursor, and the cursor of the next.
func cut(all []notice, cursor string, limit int) (page []notice, next string, err error) {
	if cursor != "" {
		until, err := time.Parse(time.RFC3339Nano, cursor)
		if err != nil {
			return nil, "", invalid("Malformed cursor")
		}
		all = slices.DeleteFunc(slices.Clone(all), func(n notice) bool { return !n.r.sorts().Truncate(time.Millisecond).Before(until) })
	}
	if len(all) > limit {
		all = all[:limit]
		next = all[limit-1].r.shownAt()
	}
	return slices.Clone(all), next, nil
}

// wanted leaves out who is muted or blocked, and the answers that the account has hidden.
func (c *call) wanted(n notice) bool {
	if g := c.s.gate(rootOf(n.r)); n.reason == "reply" && g != nil && g.did == c.me.did {
		hidden, _ := g.value["hiddenReplies"].([]any)
		if slices.Contains(hidden, any(n.r.uri)) {
			return false
		}
	}
	return !c.hidden(n.r.did) && !c.s.db.mutes[[2]string{c.me.did, n.r.did}] && !c.s.db.mutes[[2]string{c.me.did, rootOf(n.r)}]
}

func (c *call) noticeView(n notice, seen string) obj {
	o := obj{
		"uri": n.r.uri, "cid": n.r.cid, "author": c.basic(n.r.did), "reason": n.reason, "record": n.r.value,
		"isRead": seen != "" && n.r.shownAt() <= seen, "indexedAt": n.r.shownAt(), "labels": c.s.labelsOf(n.r),
	}
	if n.subject != "" {
		o["reasonSubject"] = n.subject
	}
	return o
}

func unreadCount(c *call) (any, error) {
	count := 0
	for _, n := range c.s.db.notices(c.me.did) {
		if n.r.shownAt() > c.s.db.seen[c.me.did] {
			count++
		}
	}
	return obj{"count": count}, nil
}

func updateSeen(c *call) (any, error) {
	at, err := time.Parse(time.RFC3339Nano, c.str("seenAt"))
	if err != nil {
		return nil, invalid("Invalid datetime")
	}
	c.s.db.seen[c.me.did] = at.UTC().Format(timeForm)
	return nothing{}, nil
}
