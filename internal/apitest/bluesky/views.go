package blueskytest

// basic is a person as lists and posts show them, to whoever asks.
//
// https://github.com/bluesky-social/atproto/blob/main/lexicons/app/bsky/actor/defs.json
func (c *call) basic(did string) obj {
	a := c.s.db.find(did)
	if a == nil {
		a = &account{did: did, handle: "handle.invalid"}
	}
	o := obj{
		"did": a.did, "handle": a.handle, "viewer": c.relation(did), "labels": c.s.labelsOn(did),
		"associated": obj{"activitySubscription": obj{"allowSubscriptions": "followers"}},
	}
	if p := c.s.db.at(did, "app.bsky.actor.profile", "self"); p != nil {
		for _, name := range []string{"displayName", "createdAt"} {
			if v := text(p.value, name); v != "" {
				o[name] = v
			}
		}
		if avatar := refOf(sub(p.value, "avatar")); avatar != "" {
			o["avatar"] = c.s.imageURL("avatar", did, avatar)
		}
	}
	return o
}

// relation is what stands between the caller and somebody.
func (c *call) relation(did string) obj {
	o := obj{"muted": false, "mutedOnlyReposts": false, "mutedOnlyQuoteposts": false, "blockedBy": false}
	if c.me == nil {
		return o
	}
	blocked := c.s.db.blocks(c.me.did, did)
	o["muted"] = c.s.db.mutes[[2]string{c.me.did, did}]
	o["blockedBy"] = c.s.db.link("app.bsky.graph.block", did, c.me.did) != ""
	for name, uri := range map[string]string{
		"blocking":   c.s.db.link("app.bsky.graph.block", c.me.did, did),
		"following":  c.s.db.link("app.bsky.graph.follow", c.me.did, did),
		"followedBy": c.s.db.link("app.bsky.graph.follow", did, c.me.did),
	} {
		if uri != "" && (!blocked || name == "blocking") {
			o[name] = uri
		}
	}
	return o
}

// link is the address of somebody's record about a subject, "" if there is none.
func (d *store) link(collection, did, subject string) string {
	for _, r := range d.about(collection, subject) {
		if r.did == did {
			return r.uri
		}
	}
	return ""
}

// blocks reports whether one of two has blocked the other.
func (d *store) blocks(a, b string) bool {
	return d.link("app.bsky.graph.block", a, b) != "" || d.link("app.bsky.graph.block", b, a) != ""
}

// hidden reports whether the caller is not shown what somebody wrote.
func (c *call) hidden(did string) bool {
	return c.s.db.taken[did] || c.me != nil && c.me.did != did && c.s.db.blocks(c.me.did, did)
}

// post is a post as the app view shows it.
//
// https://github.com/bluesky-social/atproto/blob/main/lexicons/app/bsky/feed/defs.json
func (c *call) post(r *record) obj {
	d := &c.s.db
	o := obj{
		"uri": r.uri, "cid": r.cid, "author": c.basic(r.did), "record": r.value, "indexedAt": r.shownAt(), "labels": c.s.labelsOf(r),
		"replyCount": len(d.repliesTo(r.uri)), "quoteCount": len(d.quotesOf(r.uri)), "bookmarkCount": 0,
		"repostCount": len(d.about("app.bsky.feed.repost", r.uri)), "likeCount": len(d.about("app.bsky.feed.like", r.uri)),
	}
	if e := c.shown(r.did, sub(r.value, "embed")); e != nil {
		o["embed"] = e
	}
	if c.me != nil {
		viewer := obj{"bookmarked": d.marks[[2]string{c.me.did, r.uri}] != "", "threadMuted": d.mutes[[2]string{c.me.did, rootOf(r)}], "embeddingDisabled": false}
		for name, collection := range map[string]string{"like": "app.bsky.feed.like", "repost": "app.bsky.feed.repost"} {
			if uri := d.link(collection, c.me.did, r.uri); uri != "" {
				viewer[name] = uri
			}
		}
		if g := c.s.gate(rootOf(r)); g != nil {
			viewer["replyDisabled"] = !c.mayReply(g, rootOf(r))
		}
		o["viewer"] = viewer
	}
	for mark := range d.marks {
		if mark[1] == r.uri {
			o["bookmarkCount"] = o["bookmarkCount"].(int) + 1
		}
	}
	return o
}

// rootOf is the address of the post that a conversation began with.
func rootOf(r *record) string {
	if root := text(sub(sub(r.value, "reply"), "root"), "uri"); root != "" {
		return root
	}
	return r.uri
}

func parentOf(r *record) string { return text(sub(sub(r.value, "reply"), "parent"), "uri") }

func (d *store) repliesTo(uri string) []*record {
	return d.in("app.bsky.feed.post", func(r *record) bool { return parentOf(r) == uri })
}

// quoteOf is the address of the record that a post shows inside.
func quoteOf(r *record) string {
	e := sub(r.value, "embed")
	if inner := sub(sub(e, "record"), "record"); inner != nil {
		return text(inner, "uri")
	}
	return text(sub(e, "record"), "uri")
}

func (d *store) quotesOf(uri string) []*record {
	return d.in("app.bsky.feed.post", func(r *record) bool { return quoteOf(r) == uri })
}

func (s *Server) imageURL(kind, did, cid string) string {
	return s.URL + "/img/" + kind + "/plain/" + did + "/" + cid
}

// shown is an embed as the app view shows it; nil for one that it does not know.
func (c *call) shown(did string, e obj) obj {
	kind := kindOf(e)
	o := obj{"$type": kind + "#view"}
	switch kind {
	case "app.bsky.embed.images":
		o["images"] = c.pictures(did, e["images"])
	case "app.bsky.embed.gallery":
		o["items"] = c.pictures(did, e["items"])
	case "app.bsky.embed.video":
		cid := refOf(sub(e, "video"))
		o["cid"], o["playlist"], o["thumbnail"] = cid, c.s.URL+"/vid/"+did+"/"+cid+"/playlist.m3u8", c.s.URL+"/vid/"+did+"/"+cid+"/thumbnail.jpg"
		copyFields(o, e, "alt", "aspectRatio")
	case "app.bsky.embed.external":
		card, from := obj{}, sub(e, "external")
		copyFields(card, from, "uri", "title", "description")
		if thumb := refOf(sub(from, "thumb")); thumb != "" {
			card["thumb"] = c.s.imageURL("feed_thumbnail", did, thumb)
		}
		o["external"] = card
	case "app.bsky.embed.record":
		o["record"] = c.quoted(text(sub(e, "record"), "uri"))
	case "app.bsky.embed.recordWithMedia":
		o["record"] = obj{"$type": "app.bsky.embed.record#view", "record": c.quoted(text(sub(sub(e, "record"), "record"), "uri"))}
		o["media"] = c.shown(did, sub(e, "media"))
	default:
		return nil
	}
	return o
}

func copyFields(to, from obj, names ...string) {
	for _, name := range names {
		if v, ok := from[name]; ok {
			to[name] = v
		}
	}
}

func (c *call) pictures(did string, v any) []obj {
	all, _ := v.([]any)
	out := []obj{}
	for _, e := range all {
		from, _ := e.(obj)
		cid := refOf(sub(from, "image"))
		o := obj{"fullsize": c.s.imageURL("feed_fullsize", did, cid)}
		small := "thumb"
		if kind := kindOf(from); kind != "" {
			o["$type"], small = "app.bsky.embed.gallery#viewImage", "thumbnail"
		}
		o[small] = c.s.imageURL("feed_thumbnail", did, cid)
		copyFields(o, from, "alt", "aspectRatio")
		out = append(out, o)
	}
	return out
}

// quoted is a post inside another.
func (c *call) quoted(uri string) obj {
	r := c.s.db.get(uri)
	switch {
	case r == nil || c.s.db.taken[uri]:
		return obj{"$type": "app.bsky.embed.record#viewNotFound", "uri": uri, "notFound": true}
	case c.hidden(r.did):
		return obj{"$type": "app.bsky.embed.record#viewBlocked", "uri": uri, "blocked": true, "author": obj{"did": r.did, "viewer": c.relation(r.did)}}
	}
	p := c.post(r)
	o := obj{"$type": "app.bsky.embed.record#viewRecord", "value": r.value, "embeds": []any{}}
	copyFields(o, p, "uri", "cid", "author", "labels", "likeCount", "replyCount", "repostCount", "quoteCount", "indexedAt")
	if e, ok := p["embed"]; ok {
		o["embeds"] = []any{e}
	}
	return o
}

// signed are the labels that the labeler has on a person or record, as it gives them.
func (s *Server) signed(uri string) []obj {
	out := []obj{}
	for _, l := range s.db.labels {
		if l["uri"] == uri && l["neg"] == nil {
			out = append(out, l)
		}
	}
	return out
}

// labelsOn are the same as the app view gives them.
func (s *Server) labelsOn(uri string) []obj {
	out := []obj{}
	for _, l := range s.signed(uri) {
		o := obj{}
		copyFields(o, l, "src", "uri", "cid", "val", "cts")
		out = append(out, o)
	}
	return out
}

// labelsOf are those on a record, its author's own first.
func (s *Server) labelsOf(r *record) []obj {
	out := []obj{}
	values, _ := sub(r.value, "labels")["values"].([]any)
	for _, v := range values {
		o, _ := v.(obj)
		out = append(out, obj{"src": r.did, "uri": r.uri, "cid": r.cid, "val": text(o, "val"), "cts": r.shownAt()})
	}
	return append(out, s.labelsOn(r.uri)...)
}
