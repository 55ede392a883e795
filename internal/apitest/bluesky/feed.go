package blueskytest

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

func feedMethods() []method {
	return []method{
		{nsid: "app.bsky.feed.getPosts", needs: session, do: getPosts, params: params{"uris": {required: true, many: 25, format: isATURI}}},
		{nsid: "app.bsky.feed.getPostThread", needs: session, do: getPostThread, params: params{
			"uri": {required: true, format: isATURI}, "depth": {max: 1000, otherwise: 6}, "parentHeight": {max: 1000, otherwise: 80},
		}},
		{nsid: "app.bsky.feed.getTimeline", needs: session, do: getTimeline, params: pages(50, params{"algorithm": {}})},
		{nsid: "app.bsky.feed.getAuthorFeed", needs: session, do: getAuthorFeed, params: pages(50, params{
			"actor": {required: true, format: isActor}, "filter": {}, "includePins": {},
		})},
		{nsid: "app.bsky.feed.getListFeed", needs: session, do: getListFeed, params: pages(50, params{"list": {required: true, format: isATURI}})},
		{nsid: "app.bsky.feed.getLikes", needs: session, do: getLikes, params: pages(50, params{"uri": {required: true, format: isATURI}, "cid": {format: isCID}})},
		{nsid: "app.bsky.feed.getQuotes", needs: session, do: getQuotes, params: pages(50, params{"uri": {required: true, format: isATURI}, "cid": {format: isCID}})},
	}
}

// visible are the records that the caller is shown.
func (c *call) visible(rs []*record) []*record {
	return slices.DeleteFunc(rs, func(r *record) bool { return c.hidden(r.did) })
}

func getPosts(c *call) (any, error) {
	posts := []obj{}
	for _, uri := range c.q["uris"] {
		if r := c.s.db.get(uri); r != nil && !c.s.db.taken[r.uri] && !c.hidden(r.did) {
			posts = append(posts, c.post(r))
		}
	}
	return obj{"posts": posts}, nil
}

// page cuts a list, newest first, at the cursor and the limit, and says where the next begins.
func (c *call) page(rs []*record) (part []*record, cursor string, err error) {
	rs = newest(rs)
	if at := c.q.Get("cursor"); at != "" {
		ms, cid, ok := strings.Cut(at, "__")
		n, perr := strconv.ParseInt(ms, 10, 64)
		if !ok || perr != nil {
			return nil, "", invalid("Malformed cursor")
		}
		rs = slices.DeleteFunc(rs, func(r *record) bool {
			return cmp.Or(cmp.Compare(r.sorts().UnixMilli(), n), cmp.Compare(r.cid, cid)) >= 0
		})
	}
	if n := c.limit(); len(rs) > n {
		rs = rs[:n]
		cursor = strconv.FormatInt(rs[n-1].sorts().UnixMilli(), 10) + "__" + rs[n-1].cid
	}
	return rs, cursor, nil
}

// feed answers with a page of posts and reposts.
func (c *call) feed(rs []*record) (any, error) {
	rs, cursor, err := c.page(c.visible(rs))
	if err != nil {
		return nil, err
	}
	items := []obj{}
	for _, r := range rs {
		items = append(items, c.item(r))
	}
	out := obj{"feed": items}
	if cursor != "" {
		out["cursor"] = cursor
	}
	return out, nil
}

func (c *call) item(r *record) obj {
	item := obj{}
	if r.collection == "app.bsky.feed.repost" {
		item["reason"] = obj{"$type": "app.bsky.feed.defs#reasonRepost", "by": c.basic(r.did), "uri": r.uri, "cid": r.cid, "indexedAt": r.shownAt()}
		r = c.s.db.get(subjectOf(r))
	}
	item["post"] = c.post(r)
	if parentOf(r) != "" {
		item["reply"] = obj{"root": c.replyPost(rootOf(r)), "parent": c.replyPost(parentOf(r))}
	}
	return item
}

// replyPost is a post that another answers.
func (c *call) replyPost(uri string) obj {
	r := c.s.db.get(uri)
	if r == nil || c.s.db.taken[r.uri] || c.hidden(r.did) {
		return obj{"$type": "app.bsky.feed.defs#notFoundPost", "uri": uri, "notFound": true}
	}
	o := c.post(r)
	o["$type"] = "app.bsky.feed.defs#postView"
	return o
}

// spoken are the posts and reposts of those whom ok takes.
func (c *call) spoken(ok func(did string) bool) []*record {
	d := &c.s.db
	posts := d.in("app.bsky.feed.post", func(r *record) bool { return ok(r.did) })
	return append(posts, d.in("app.bsky.feed.repost", func(r *record) bool {
		return ok(r.did) && d.get(subjectOf(r)) != nil && !d.taken[subjectOf(r)]
	})...)
}

func getTimeline(c *call) (any, error) {
	return c.feed(c.spoken(func(did string) bool {
		return did == c.me.did || c.s.db.link("app.bsky.graph.follow", c.me.did, did) != "" && !c.s.db.mutes[[2]string{c.me.did, did}]
	}))
}

func getAuthorFeed(c *call) (any, error) {
	a := c.s.db.find(c.q.Get("actor"))
	if a == nil {
		return nil, errNoProfile
	}
	if c.hidden(a.did) {
		return nil, refuse(http.StatusBadRequest, "BlockedActor", "Requester has blocked actor: "+a.did)
	}
	keep := map[string]func(*record) bool{
		"posts_no_replies": func(r *record) bool { return parentOf(r) == "" },
		"posts_with_media": func(r *record) bool { return strings.Contains(kindOf(sub(r.value, "embed")), "images") },
		"posts_and_author_threads": func(r *record) bool {
			return parentOf(r) == "" || strings.HasPrefix(rootOf(r), "at://"+a.did+"/")
		},
	}[c.q.Get("filter")]
	rs := c.spoken(func(did string) bool { return did == a.did })
	return c.feed(slices.DeleteFunc(rs, func(r *record) bool { return keep != nil && !keep(r) }))
}

func getListFeed(c *call) (any, error) {
	if c.s.db.get(c.q.Get("list")) == nil {
		return nil, refuse(http.StatusBadRequest, "UnknownList", "List not found")
	}
	members := c.s.db.members(c.q.Get("list"))
	return c.feed(c.spoken(func(did string) bool { return slices.Contains(members, did) }))
}

func getPostThread(c *call) (any, error) {
	did, collection, rkey := c.s.db.address(c.q.Get("uri"))
	uri := "at://" + did + "/" + collection + "/" + rkey
	r := c.s.db.get(uri)
	if r == nil || c.s.db.taken[uri] || c.s.db.taken[did] {
		return nil, refuse(http.StatusBadRequest, "NotFound", "Post not found: "+uri)
	}
	depth, _ := strconv.Atoi(c.q.Get("depth"))
	height, _ := strconv.Atoi(c.q.Get("parentHeight"))
	node := c.branch(r, depth)
	if parent := parentOf(r); parent != "" && height > 0 {
		node["parent"] = c.above(parent, height-1)
	}
	if depth == 0 {
		delete(node, "replies")
	}
	out := obj{"thread": node}
	if g := c.s.gate(rootOf(r)); g != nil {
		out["threadgate"] = obj{"uri": g.uri, "cid": g.cid, "record": g.value, "lists": []any{}}
	}
	return out, nil
}

// branch is a post with the answers below it.
func (c *call) branch(r *record, depth int) obj {
	if c.hidden(r.did) {
		return obj{"$type": "app.bsky.feed.defs#blockedPost", "uri": r.uri, "blocked": true, "author": obj{"did": r.did, "viewer": c.relation(r.did)}}
	}
	replies := []obj{}
	if depth > 0 {
		for _, a := range c.visible(c.s.db.repliesTo(r.uri)) {
			replies = append(replies, c.branch(a, depth-1))
		}
	}
	return obj{"$type": "app.bsky.feed.defs#threadViewPost", "post": c.post(r), "replies": replies, "threadContext": obj{}}
}

// above is a post that was answered, with those above it.
func (c *call) above(uri string, height int) obj {
	r := c.s.db.get(uri)
	if r == nil || c.s.db.taken[uri] {
		return obj{"$type": "app.bsky.feed.defs#notFoundPost", "uri": uri, "notFound": true}
	}
	node := c.branch(r, 0)
	delete(node, "replies")
	if parent := parentOf(r); parent != "" && height > 0 {
		node["parent"] = c.above(parent, height-1)
	}
	return node
}

// gate is the threadgate of a post; nil if there is none.
func (s *Server) gate(uri string) *record {
	did, _, rkey := s.db.address(uri)
	return s.db.at(did, "app.bsky.feed.threadgate", rkey)
}

// mayReply reports whether a threadgate lets the caller answer.
//
// https://github.com/bluesky-social/atproto/blob/main/lexicons/app/bsky/feed/threadgate.json
func (c *call) mayReply(g *record, root string) bool {
	rules, closed := g.value["allow"].([]any)
	if !closed || g.did == c.me.did {
		return true
	}
	for _, v := range rules {
		rule, _ := v.(obj)
		switch kindOf(rule) {
		case "app.bsky.feed.threadgate#mentionRule":
			if r := c.s.db.get(root); r != nil && mentions(r, c.me.did) {
				return true
			}
		case "app.bsky.feed.threadgate#followerRule":
			if c.s.db.link("app.bsky.graph.follow", c.me.did, g.did) != "" {
				return true
			}
		case "app.bsky.feed.threadgate#followingRule":
			if c.s.db.link("app.bsky.graph.follow", g.did, c.me.did) != "" {
				return true
			}
		case "app.bsky.feed.threadgate#listRule":
			if slices.Contains(c.s.db.members(text(rule, "list")), c.me.did) {
				return true
			}
		}
	}
	return false
}

func getLikes(c *call) (any, error) {
	rs, cursor, err := c.page(c.visible(c.s.db.about("app.bsky.feed.like", c.q.Get("uri"))))
	if err != nil {
		return nil, err
	}
	likes := []obj{}
	for _, r := range rs {
		likes = append(likes, obj{"actor": c.basic(r.did), "createdAt": text(r.value, "createdAt"), "indexedAt": r.indexed.Format(timeForm)})
	}
	return withCursor(obj{"uri": c.q.Get("uri"), "likes": likes}, cursor), nil
}

func getQuotes(c *call) (any, error) {
	rs, cursor, err := c.page(c.visible(c.s.db.quotesOf(c.q.Get("uri"))))
	if err != nil {
		return nil, err
	}
	return withCursor(obj{"uri": c.q.Get("uri"), "posts": c.posts(rs)}, cursor), nil
}

func (c *call) posts(rs []*record) []obj {
	out := []obj{}
	for _, r := range rs {
		out = append(out, c.post(r))
	}
	return out
}

func withCursor(o obj, cursor string) obj {
	if cursor != "" {
		o["cursor"] = cursor
	}
	return o
}

func searchMethods() []method {
	return []method{{nsid: "app.bsky.feed.searchPosts", needs: session, do: searchPosts, params: params{
		"q": {required: true}, "limit": {min: 1, max: 100, otherwise: 25}, "cursor": {}, "sort": {}, "since": {}, "until": {},
		"author": {format: isActor}, "mentions": {format: isActor}, "lang": {format: isLang}, "domain": {}, "url": {format: isURI}, "tag": {many: 50},
	}}}
}

// searchPosts finds what holds the words as they were typed, as the app view for
// development does.
func searchPosts(c *call) (any, error) {
	since, until := c.moment("since"), c.moment("until")
	author := c.s.db.find(c.q.Get("author"))
	rs := c.s.db.in("app.bsky.feed.post", func(r *record) bool {
		return strings.Contains(text(r.value, "text"), c.q.Get("q")) && !r.sorts().Before(since) && (until.IsZero() || r.sorts().Before(until)) &&
			(c.q.Get("author") == "" || author != nil && author.did == r.did)
	})
	rs, cursor, err := c.page(c.visible(rs))
	if err != nil {
		return nil, err
	}
	return withCursor(obj{"posts": c.posts(rs)}, cursor), nil
}

func (c *call) moment(name string) time.Time {
	for _, form := range []string{time.RFC3339Nano, time.DateOnly} {
		if t, err := time.Parse(form, c.q.Get(name)); err == nil {
			return t
		}
	}
	return time.Time{}
}
