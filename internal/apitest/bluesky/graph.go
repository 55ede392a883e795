package blueskytest

import (
	"slices"
	"strconv"
)

func actorMethods() []method {
	return []method{
		{nsid: "app.bsky.actor.getProfile", needs: session, do: getProfile, params: params{"actor": {required: true, format: isActor}}},
		{nsid: "app.bsky.actor.getProfiles", needs: session, do: getProfiles, params: params{"actors": {required: true, many: 25, format: isActor}}},
	}
}

func graphMethods() []method {
	actor := params{"actor": {required: true, format: isActor}}
	who := object{[]string{"actor"}, map[string]node{"actor": str{format: isActor}, "onlyReposts": boolean{}, "onlyQuoteposts": boolean{}}}
	thread := object{[]string{"root"}, map[string]node{"root": str{format: isATURI}}}
	wholeList := object{[]string{"list"}, map[string]node{"list": str{format: isATURI}}}
	return []method{
		{nsid: "app.bsky.graph.getFollowers", needs: session, do: getFollowers, params: pages(50, actor)},
		{nsid: "app.bsky.graph.getFollows", needs: session, do: getFollows, params: pages(50, actor)},
		{nsid: "app.bsky.graph.getMutes", needs: session, do: getMutes, params: pages(50, nil)},
		{nsid: "app.bsky.graph.getBlocks", needs: session, do: getBlocks, params: pages(50, nil)},
		{nsid: "app.bsky.graph.getLists", needs: session, do: getLists, params: pages(50, params{"actor": {required: true, format: isActor}, "purposes": {many: 10}})},
		{nsid: "app.bsky.graph.getList", needs: session, do: getList, params: pages(50, params{"list": {required: true, format: isATURI}})},
		{nsid: "app.bsky.graph.getRelationships", needs: session, do: getRelationships, params: params{
			"actor": {required: true, format: isActor}, "others": {many: 30, format: isActor},
		}},
		{nsid: "app.bsky.graph.muteActor", needs: session, input: who, do: mute("actor", true)},
		{nsid: "app.bsky.graph.unmuteActor", needs: session, input: who, do: mute("actor", false)},
		{nsid: "app.bsky.graph.muteThread", needs: session, input: thread, do: mute("root", true)},
		{nsid: "app.bsky.graph.unmuteThread", needs: session, input: thread, do: mute("root", false)},
		{nsid: "app.bsky.graph.muteActorList", needs: session, input: wholeList, do: mute("list", true)},
		{nsid: "app.bsky.graph.unmuteActorList", needs: session, input: wholeList, do: mute("list", false)},
	}
}

// mute remembers, or forgets, whom or what the caller does not want to hear.
func mute(field string, on bool) func(*call) (any, error) {
	return func(c *call) (any, error) {
		what := c.str(field)
		if a := c.s.db.find(what); a != nil {
			what = a.did
		}
		if on {
			c.s.db.mutes[[2]string{c.me.did, what}] = true
		} else {
			delete(c.s.db.mutes, [2]string{c.me.did, what})
		}
		return nothing{}, nil
	}
}

// profile is a person in full.
func (c *call) profile(a *account) obj {
	d := &c.s.db
	o := c.basic(a.did)
	o["followersCount"], o["followsCount"] = len(d.about("app.bsky.graph.follow", a.did)), len(d.by("app.bsky.graph.follow", a.did))
	o["postsCount"] = len(d.by("app.bsky.feed.post", a.did))
	o["associated"] = obj{
		"lists": len(d.by("app.bsky.graph.list", a.did)), "feedgens": 0, "starterPacks": 0, "labeler": false,
		"activitySubscription": obj{"allowSubscriptions": "followers"},
	}
	if p := d.at(a.did, "app.bsky.actor.profile", "self"); p != nil {
		copyFields(o, p.value, "description")
		o["indexedAt"] = p.shownAt()
	}
	return o
}

// actor is the person that a parameter names.
func (c *call) actor() (*account, error) {
	a := c.s.db.find(c.q.Get("actor"))
	if a == nil || c.s.db.taken[a.did] {
		return nil, errNoProfile
	}
	return a, nil
}

func getProfile(c *call) (any, error) {
	a, err := c.actor()
	if err != nil {
		return nil, err
	}
	return c.profile(a), nil
}

func getProfiles(c *call) (any, error) {
	out := []obj{}
	for _, actor := range c.q["actors"] {
		if a := c.s.db.find(actor); a != nil {
			out = append(out, c.profile(a))
		}
	}
	return obj{"profiles": out}, nil
}

// people are persons as a page of a list; who picks the person of a record.
func (c *call) people(rs []*record, who func(*record) string) (list []obj, cursor string, err error) {
	rs, cursor, err = c.page(rs)
	list = []obj{}
	for _, r := range rs {
		list = append(list, c.basic(who(r)))
	}
	return list, cursor, err
}

func author(r *record) string { return r.did }

func getFollowers(c *call) (any, error) {
	a, err := c.actor()
	if err != nil {
		return nil, err
	}
	list, cursor, err := c.people(c.visible(c.s.db.about("app.bsky.graph.follow", a.did)), author)
	return withCursor(obj{"subject": c.basic(a.did), "followers": list}, cursor), err
}

func getFollows(c *call) (any, error) {
	a, err := c.actor()
	if err != nil {
		return nil, err
	}
	list, cursor, err := c.people(c.s.db.by("app.bsky.graph.follow", a.did), subjectOf)
	return withCursor(obj{"subject": c.basic(a.did), "follows": list}, cursor), err
}

func getBlocks(c *call) (any, error) {
	list, cursor, err := c.people(c.s.db.by("app.bsky.graph.block", c.me.did), subjectOf)
	return withCursor(obj{"blocks": list}, cursor), err
}

func getMutes(c *call) (any, error) {
	var muted []string
	for m := range c.s.db.mutes {
		if m[0] == c.me.did && c.s.db.find(m[1]) != nil {
			muted = append(muted, m[1])
		}
	}
	slices.Sort(muted)
	from, _ := strconv.Atoi(c.q.Get("cursor"))
	muted = muted[min(from, len(muted)):]
	out, list := obj{}, []obj{}
	if n := c.limit(); len(muted) > n {
		muted = muted[:n]
		out["cursor"] = strconv.Itoa(from + n)
	}
	for _, did := range muted {
		list = append(list, c.basic(did))
	}
	out["mutes"] = list
	return out, nil
}

// members are the persons on a list.
func (d *store) members(uri string) []string {
	var out []string
	for _, r := range d.in("app.bsky.graph.listitem", func(r *record) bool { return text(r.value, "list") == uri }) {
		out = append(out, subjectOf(r))
	}
	return out
}

func (c *call) listView(r *record) obj {
	o := obj{
		"uri": r.uri, "cid": r.cid, "creator": c.basic(r.did), "listItemCount": len(c.s.db.members(r.uri)), "indexedAt": r.shownAt(),
		"labels": c.s.labelsOf(r), "viewer": obj{"muted": c.s.db.mutes[[2]string{c.me.did, r.uri}]},
	}
	copyFields(o, r.value, "name", "purpose", "description")
	return o
}

func getLists(c *call) (any, error) {
	a, err := c.actor()
	if err != nil {
		return nil, err
	}
	rs, cursor, err := c.page(c.s.db.by("app.bsky.graph.list", a.did))
	lists := []obj{}
	for _, r := range rs {
		lists = append(lists, c.listView(r))
	}
	return withCursor(obj{"lists": lists}, cursor), err
}

func getList(c *call) (any, error) {
	uri := c.q.Get("list")
	r := c.s.db.get(uri)
	if r == nil {
		return nil, invalid("List not found: " + uri)
	}
	rs, cursor, err := c.page(c.s.db.in("app.bsky.graph.listitem", func(r *record) bool { return text(r.value, "list") == uri }))
	items := []obj{}
	for _, item := range rs {
		items = append(items, obj{"uri": item.uri, "subject": c.basic(subjectOf(item))})
	}
	return withCursor(obj{"list": c.listView(r), "items": items}, cursor), err
}

func getRelationships(c *call) (any, error) {
	a, err := c.actor()
	if err != nil {
		return nil, err
	}
	out := []obj{}
	for _, other := range c.q["others"] {
		b := c.s.db.find(other)
		if b == nil {
			out = append(out, obj{"$type": "app.bsky.graph.defs#notFoundActor", "actor": other, "notFound": true})
			continue
		}
		o := obj{"$type": "app.bsky.graph.defs#relationship", "did": b.did}
		for name, uri := range map[string]string{
			"following": c.s.db.link("app.bsky.graph.follow", a.did, b.did), "followedBy": c.s.db.link("app.bsky.graph.follow", b.did, a.did),
			"blocking": c.s.db.link("app.bsky.graph.block", a.did, b.did), "blockedBy": c.s.db.link("app.bsky.graph.block", b.did, a.did),
		} {
			if uri != "" {
				o[name] = uri
			}
		}
		out = append(out, o)
	}
	return obj{"actor": a.did, "relationships": out}, nil
}
