package blueskytest

import (
	"net/http"
	"slices"
	"strings"
)

// script is what every PDS with its app view must answer alike, call after call.
func script() []step {
	return slices.Concat(sessionSteps(), createSteps(), recordSteps(), facetSteps(), writeSteps(), blobSteps(), talkSteps(), readSteps(), graphSteps(), ozoneSteps(), endSteps())
}

const (
	get  = http.MethodGet
	post = http.MethodPost

	createCall = "com.atproto.repo.createRecord"
	putCall    = "com.atproto.repo.putRecord"
	deleteCall = "com.atproto.repo.deleteRecord"
	writesCall = "com.atproto.repo.applyWrites"
	uploadCall = "com.atproto.repo.uploadBlob"
	postType   = "app.bsky.feed.post"
)

// create makes a record of a collection in the repository of as; fields are JSON after "{".
func create(as, collection, fields string) step {
	return step{as: as, verb: post, call: createCall, body: `{"repo":"{` + as + `}","collection":"` + collection +
		`","record":{"$type":"` + collection + `","createdAt":"{now}",` + fields + `}}`}
}

func (st step) saved(name string) step { st.save = name; return st }

func (st step) settled() step { st.settle = true; return st }

func say(fields string) step { return create("ana", postType, fields) }

func sessionSteps() []step {
	login := `{"identifier":"{ana.handle}","password":"`
	return []step{
		{verb: post, call: "com.atproto.server.createSession", body: login + `{ana.password}"}`, save: "login"},
		{verb: post, call: "com.atproto.server.createSession", body: login + `wrong"}`},
		{verb: post, call: "com.atproto.server.createSession", body: `{"identifier":"nobody.test","password":"wrong"}`},
		{verb: post, call: "com.atproto.server.createSession", body: `{"identifier":"{ana.handle}"}`},
		{as: "ana", verb: get, call: "com.atproto.server.getSession"},
		{verb: get, call: "com.atproto.server.getSession"},
		{as: "garbage", verb: get, call: "com.atproto.server.getSession"},
		{as: "{login.refreshJwt}", verb: get, call: "com.atproto.server.getSession"},
		{as: "{login.accessJwt}", verb: post, call: "com.atproto.server.refreshSession"},
		{verb: post, call: "com.atproto.server.refreshSession"},
		{as: "{login.refreshJwt}", verb: post, call: "com.atproto.server.refreshSession", save: "fresh"},
		{as: "{login.refreshJwt}", verb: post, call: "com.atproto.server.refreshSession"}, // within the grace time
		{as: "{fresh.refreshJwt}", verb: post, call: "com.atproto.server.refreshSession", body: "{}"},
		{as: "{fresh.refreshJwt}", verb: post, call: "com.atproto.server.deleteSession"},
		{as: "{fresh.refreshJwt}", verb: post, call: "com.atproto.server.refreshSession"},
		{as: "{login.refreshJwt}", verb: post, call: "com.atproto.server.refreshSession"},
		{as: "{fresh.refreshJwt}", verb: post, call: "com.atproto.server.deleteSession"},
		{as: "{fresh.accessJwt}", verb: get, call: "com.atproto.server.getSession"}, // it lives until it expires
		{verb: get, call: "com.atproto.identity.resolveHandle?handle={ana.handle}"},
		{verb: get, call: "com.atproto.identity.resolveHandle?handle=nobody.test"},
		{verb: get, call: "com.atproto.identity.resolveHandle?handle=no%20body"},
		{verb: get, call: "com.atproto.identity.resolveHandle"},
		{as: "ana", verb: get, call: "com.atproto.nothing.there"},
		{as: "ana", verb: get, call: createCall},
		{as: "ana", verb: post, call: "com.atproto.repo.getRecord"},
		{as: "ana", verb: get, call: "app.bsky.actor.getProfile?actor={ana}", header: map[string]string{"Atproto-Proxy": "nonsense"}},
		{as: "ana", verb: get, call: "app.bsky.actor.getProfile?actor={ana}", header: map[string]string{"Atproto-Proxy": "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa#x"}},
	}
}

func createSteps() []step {
	keyed := func(key, words string) step {
		return step{as: "ana", verb: post, call: createCall, body: `{"repo":"{ana}","collection":"` + postType + `","rkey":"` + key +
			`","record":{"$type":"` + postType + `","createdAt":"2026-01-01T00:00:00.000Z","text":"` + words + `"}}`}
	}
	foreign := say(`"text":"x"`)
	foreign.body = strings.Replace(foreign.body, "{ana}", "{ben}", 1)
	nowhere := say(`"text":"x"`)
	nowhere.body = strings.Replace(nowhere.body, "{ana}", "nobody.test", 1)
	anonymous := say(`"text":"x"`)
	anonymous.as = ""
	return []step{
		say(`"text":"hello"`).saved("hello"),
		keyed("3lbabcdefgh2a", "keyed").saved("keyed"), keyed("3lbabcdefgh2a", "keyed"), keyed("3lbabcdefgh2a", "another"),
		keyed("notatid", "x"), keyed("has space", "x"),
		foreign, nowhere, anonymous,
		{as: "ana", verb: post, call: createCall, body: `{"repo":"{ana}","collection":"` + postType + `"}`},
		{as: "ana", verb: post, call: createCall, body: `{"repo":"{ana}","collection":"` + postType + `","record":{"text":"x","createdAt":"{now}"}}`},
		{as: "ana", verb: post, call: createCall, body: `{"repo":"{ana}","collection":"` + postType + `","record":{"$type":"app.bsky.feed.like","text":"x","createdAt":"{now}"}}`},
		{as: "ana", verb: post, call: createCall, body: `{"repo":"{ana}","collection":"com.example.thing","record":{"$type":"com.example.thing","a":1}}`},
		{as: "ana", verb: post, call: createCall, body: `{"repo":"{ana}","collection":"` + postType + `","record":{"$type":"` + postType + `","text":"x"}}`},
		{as: "ana", verb: post, call: createCall, body: `{"repo":"{ana}","validate":false,"collection":"` + postType + `","record":{"$type":"` + postType + `"}}`},
	}
}

func recordSteps() []step {
	family := "\U0001F468\u200d\U0001F469\u200d\U0001F467\u200d\U0001F466"
	return []step{
		say(`"text":"` + strings.Repeat("a", 300) + `"`), say(`"text":"` + strings.Repeat("a", 301) + `"`),
		say(`"text":"` + strings.Repeat(family, 120) + `"`), say(`"text":"` + strings.Repeat(family, 121) + `"`),
		say(`"text":"e` + strings.Repeat("\u0301", 1499) + `"`),
		say(`"langs":["en"]`), say(`"text":"x","langs":["en","fr","de","es"]`), say(`"text":"x","langs":["not a lang"]`),
		say(`"text":"x","tags":["a","b","c","d","e","f","g","h","i"]`), say(`"text":""`), say(`"text":"x","surprise":1`),
		say(`"text":"x","labels":{"$type":"com.atproto.label.defs#selfLabels","values":[{"val":"sexual"}]}`).saved("labelled"),
		say(`"text":"x","embed":{"$type":"app.bsky.embed.nothing","x":1}`),
		say(`"text":"x","embed":{"$type":"app.bsky.embed.external","external":{"uri":"https://a.example/x","title":"T","description":"D"}}`).saved("card"),
		say(`"text":"x","embed":{"$type":"app.bsky.embed.external","external":{"uri":"https://a.example/x","title":"T"}}`),
		create("ana", "app.bsky.graph.list", `"name":"","purpose":"app.bsky.graph.defs#modlist"`),
	}
}

func facetSteps() []step {
	facet := func(from, to, feature string) step {
		return say(`"text":"abc","facets":[{"index":{"byteStart":` + from + `,"byteEnd":` + to + `},"features":[{"$type":"app.bsky.richtext.facet#` + feature + `}]}]`)
	}
	return []step{
		facet("0", "3", `link","uri":"https://a.example"`), facet("0", "50", `link","uri":"https://a.example"`), facet("2", "1", `link","uri":"https://a.example"`),
		facet("-2", "1", `link","uri":"https://a.example"`), facet("0", "1", `link","uri":"not a uri"`), facet("0", "1", `mention","did":"x.test"`),
		facet("0", "1", `mention"`), facet("0", "1", `tag","tag":"`+strings.Repeat("x", 65)+`"`), facet("0", "1", `unheard","of":1`),
	}
}

func writeSteps() []step {
	keyed := func(call, key, more string) step {
		return step{as: "ana", verb: post, call: call, body: `{"repo":"{ana}","collection":"` + postType + `","rkey":"` + key + `"` + more + `}`}
	}
	value := func(words string) string {
		return `,"record":{"$type":"` + postType + `","createdAt":"2026-01-01T00:00:00.000Z","text":"` + words + `"}`
	}
	read := func(key string) step {
		return step{verb: get, call: "com.atproto.repo.getRecord?repo={ana}&collection=" + postType + "&rkey=" + key}
	}
	page := func(more string) step {
		return step{verb: get, call: "com.atproto.repo.listRecords?repo={ana}&collection=" + more}
	}
	writes := func(list string) step {
		return step{as: "ana", verb: post, call: writesCall, body: `{"repo":"{ana}","writes":[` + list + `]}`}
	}
	gone := `{"$type":"` + writesCall + `#delete","collection":"` + postType + `","rkey":"3lbabcdefgh2c"}`
	return []step{
		read("{hello.rkey}"), read("3lbabcdefgh22"), read("bad%20key"),
		{verb: get, call: "com.atproto.repo.getRecord?repo=did:plc:aaaaaaaaaaaaaaaaaaaaaaaa&collection=" + postType + "&rkey=3lbabcdefgh22"},
		keyed(putCall, "3lbabcdefgh2c", value("put")).saved("put"), keyed(putCall, "3lbabcdefgh2c", value("put")), keyed(putCall, "3lbabcdefgh2c", value("changed")),
		keyed(putCall, "3lbabcdefgh2c", value("again")+`,"swapRecord":"{put.cid}"`), keyed(putCall, "3lbabcdefgh2c", value("again")+`,"swapRecord":null`),
		keyed(putCall, "3lbabcdefgh2e", value("new")+`,"swapRecord":null`), keyed(putCall, "3lbabcdefgh2g", value("new")+`,"swapRecord":"{put.cid}"`),
		page(postType + "&limit=2"), page(postType + "&limit=0"), page(postType + "&limit=101"), page(postType + "&limit=x"),
		page(postType + "&limit=1&reverse=true"), page("app.bsky.feed.like"),
		keyed(deleteCall, "{hello.rkey}", ""), keyed(deleteCall, "{hello.rkey}", ""), keyed(deleteCall, "3lbabcdefgh2c", `,"swapRecord":"{put.cid}"`),
		writes(`{"$type":"` + writesCall + `#create","collection":"` + postType + `","value":{"$type":"` + postType + `","text":"batch","createdAt":"{now}"}},` + gone),
		writes(gone), writes(strings.TrimSuffix(strings.Repeat(gone+",", 201), ",")), writes(`{"$type":"x"}`),
	}
}

func blobSteps() []step {
	upload := func(kind, body string) step {
		return step{as: "ana", verb: post, call: uploadCall, body: body, header: map[string]string{"Content-Type": kind}}
	}
	image := func(blob, more string) string {
		return `"text":"pic","embed":{"$type":"app.bsky.embed.images","images":[{"image":` + blob + more + `}]}`
	}
	one := `{"alt":"x","image":{pic.blob}}`
	missing := `{"$type":"blob","ref":{"$link":"bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"},"mimeType":"image/png","size":0}`
	anonymous := upload("image/png", picture())
	anonymous.as = ""
	return []step{
		upload("image/png", picture()).saved("pic"), upload("text/plain", picture()), anonymous,
		upload("text/plain", "hello").saved("words"), upload("image/png", picture()+strings.Repeat("\x00", 2_100_000)).saved("large"),
		say(image("{pic.blob}", `,"alt":"x"`)).saved("picture"), say(image("{pic.blob}", "")), say(image(missing, `,"alt":""`)),
		say(image("{large.blob}", `,"alt":""`)), say(image("{words.blob}", `,"alt":""`)),
		say(`"text":"pic","embed":{"$type":"app.bsky.embed.images","images":[` + strings.Join([]string{one, one, one, one, one}, ",") + `]}`),
	}
}

// talkSteps make a conversation.
func talkSteps() []step {
	root := `{"uri":"{root.uri}","cid":"{root.cid}"}`
	reply := `"reply":{"root":` + root + `,"parent":`
	subject := `"subject":` + root
	return []step{
		say(`"text":"root zebra"`).saved("root"),
		create("ben", postType, `"text":"an answer zebra",`+reply+root+`}`).saved("answer").settled(),
		say(`"text":"to the answer zebra",` + reply + `{"uri":"{answer.uri}","cid":"{answer.cid}"}}`).saved("back").settled(),
		create("ben", postType, `"text":"{ana.handle} zebra","facets":[{"index":{"byteStart":0,"byteEnd":5},"features":[{"$type":"app.bsky.richtext.facet#mention","did":"{ana}"}]}]`).saved("mention").settled(),
		create("ben", postType, `"text":"a quote zebra","embed":{"$type":"app.bsky.embed.record","record":`+root+`}`).saved("quote"),
		create("ben", "app.bsky.feed.like", subject).saved("like"), create("ben", "app.bsky.feed.like", subject).saved("like"),
		create("ben", "app.bsky.feed.repost", subject).saved("repost"), create("ben", "app.bsky.graph.follow", `"subject":"{ana}"`).saved("follow"),
		{verb: get, call: "com.atproto.repo.listRecords?repo={ben}&collection=app.bsky.feed.like"},
	}
}

func readSteps() []step {
	asAna := func(call string) step { return step{as: "ana", verb: get, call: call} }
	return []step{
		asAna("app.bsky.feed.getPosts?uris={root.uri}&uris=at://did:plc:aaaaaaaaaaaaaaaaaaaaaaaa/" + postType + "/3lbabcdefgh22").settled(),
		asAna("app.bsky.feed.getPosts?uris={answer.uri}"), asAna("app.bsky.feed.getPosts?uris={picture.uri}"), asAna("app.bsky.feed.getPosts?uris={card.uri}"),
		asAna("app.bsky.feed.getPosts?uris={labelled.uri}"), asAna("app.bsky.feed.getPosts?uris={quote.uri}"),
		asAna("app.bsky.feed.getPosts?uris=x"), asAna("app.bsky.feed.getPosts"), asAna("app.bsky.feed.getPosts?" + strings.Repeat("uris={root.uri}&", 26)),
		asAna("app.bsky.feed.getPostThread?uri={root.uri}"), asAna("app.bsky.feed.getPostThread?uri={back.uri}&depth=0"),
		asAna("app.bsky.feed.getPostThread?uri=at://{ana}/" + postType + "/3lbabcdefgh22"),
		asAna("app.bsky.notification.listNotifications?limit=2").saved("page"), asAna("app.bsky.notification.listNotifications?limit=2&cursor={page.cursor}"),
		asAna("app.bsky.notification.listNotifications?reasons=follow&reasons=mention"), asAna("app.bsky.notification.listNotifications?limit=100"),
		asAna("app.bsky.notification.getUnreadCount"),
		{as: "ana", verb: post, call: "app.bsky.notification.updateSeen", body: `{"seenAt":"{now}"}`},
		{as: "ana", verb: post, call: "app.bsky.notification.updateSeen", body: `{}`},
		asAna("app.bsky.feed.searchPosts?q=nothing%20holds%20this"), asAna("app.bsky.feed.searchPosts?q="),
		{verb: get, call: "app.bsky.feed.searchPosts?q=zebra"},
		asAna("app.bsky.feed.getAuthorFeed?actor={ben}&limit=3"), asAna("app.bsky.feed.getAuthorFeed?actor=nobody.test"),
		asAna("app.bsky.feed.getAuthorFeed?actor={ben}&filter=posts_no_replies"),
		asAna("app.bsky.actor.getProfile?actor={ben.handle}"), asAna("app.bsky.actor.getProfile?actor=nobody.test"), asAna("app.bsky.graph.getFollowers?actor={ana}"),
		asAna("app.bsky.feed.getLikes?uri={root.uri}"), asAna("app.bsky.feed.getQuotes?uri={root.uri}"),
		{as: "ben", verb: get, call: "app.bsky.feed.getTimeline?limit=2"},
	}
}

func graphSteps() []step {
	asAna := func(call string) step { return step{as: "ana", verb: get, call: call} }
	mute := func(call, who string) step {
		return step{as: "ana", verb: post, call: "app.bsky.graph." + call, body: `{"actor":"` + who + `"}`}
	}
	report := func(subject string) step {
		return step{as: "ana", verb: post, call: "com.atproto.moderation.createReport", body: `{"reasonType":"com.atproto.moderation.defs#reasonSpam","reason":"x","subject":` + subject + `}`}
	}
	return []step{
		mute("muteActor", "{ben}"), mute("muteActor", "{ben}"), asAna("app.bsky.actor.getProfile?actor={ben}").settled(), asAna("app.bsky.graph.getMutes"),
		asAna("app.bsky.notification.listNotifications"), mute("unmuteActor", "{ben}"), mute("unmuteActor", "{ben}"),
		report(`{"$type":"com.atproto.repo.strongRef","uri":"{answer.uri}","cid":"{answer.cid}"}`), report(`{"$type":"com.atproto.admin.defs#repoRef","did":"{ben}"}`),
		report(`{"$type":"x"}`),
		create("ana", "app.bsky.graph.list", `"name":"L","purpose":"app.bsky.graph.defs#modlist"`).saved("list"),
		create("ana", "app.bsky.graph.listitem", `"list":"{list.uri}","subject":"{ben}"`).saved("item"),
		asAna("app.bsky.graph.getList?list={list.uri}").settled(), asAna("app.bsky.graph.getLists?actor={ana}"),
		{as: "ana", verb: post, call: createCall, body: `{"repo":"{ana}","collection":"app.bsky.feed.threadgate","rkey":"{root.rkey}","record":{"$type":"app.bsky.feed.threadgate","post":"{root.uri}","createdAt":"{now}","hiddenReplies":["{answer.uri}"]}}`},
		{as: "ana", verb: post, call: "app.bsky.bookmark.createBookmark", body: `{"uri":"{answer.uri}","cid":"{answer.cid}"}`},
		asAna("app.bsky.feed.getPosts?uris={answer.uri}").settled(),
		{as: "ana", verb: post, call: "app.bsky.bookmark.deleteBookmark", body: `{"uri":"{answer.uri}"}`},
		create("ana", "app.bsky.graph.block", `"subject":"{ben}"`).saved("block"),
		asAna("app.bsky.actor.getProfile?actor={ben}").settled(), asAna("app.bsky.feed.getPosts?uris={answer.uri}"), asAna("app.bsky.graph.getBlocks"),
		asAna("app.bsky.notification.listNotifications"), asAna("app.bsky.feed.getAuthorFeed?actor={ben}"),
		asAna("app.bsky.graph.getRelationships?actor={ana}&others={ben}"),
	}
}

// ozoneSteps are those of a moderator of the labeler.
func ozoneSteps() []step {
	proxied := func(as, verb, call, body string) step {
		return step{as: as, verb: verb, call: call, body: body, header: map[string]string{"Atproto-Proxy": "{labeler}#atproto_labeler"}}
	}
	ask := func(call string) step { return proxied("mod", get, "tools.ozone."+call, "") }
	emit := func(as, subject, event, more string) step {
		return proxied(as, post, "tools.ozone.moderation.emitEvent",
			`{"createdBy":"{`+as+`}","subject":`+subject+`,"event":{"$type":"tools.ozone.moderation.defs#`+event+`}`+more+`}`)
	}
	it, ben := `{"$type":"com.atproto.repo.strongRef","uri":"{mention.uri}","cid":"{mention.cid}"}`, `{"$type":"com.atproto.admin.defs#repoRef","did":"{ben}"}`
	return []step{
		ask("server.getConfig"), proxied("ana", get, "tools.ozone.server.getConfig", ""),
		ask("moderation.getRecord?uri={mention.uri}"), ask("moderation.getRecord?uri=at://{ben}/" + postType + "/3lbabcdefgh22"),
		ask("moderation.getRepo?did={ana}"), ask("moderation.getRepo?did=did:plc:aaaaaaaaaaaaaaaaaaaaaaaa"),
		ask("moderation.queryStatuses?subject={answer.uri}"), ask("moderation.queryStatuses?subject={ana}"),
		proxied("ana", get, "tools.ozone.moderation.queryStatuses", ""),
		emit("mod", it, `modEventAcknowledge","comment":"seen"`, `,"externalId":"e1","modTool":{"name":"parvis"}`),
		emit("mod", it, `modEventAcknowledge","comment":"seen"`, `,"externalId":"e1"`),
		emit("mod", it, `modEventLabel","createLabelVals":["rude"],"negateLabelVals":[]`, ""), emit("mod", it, `modEventLabel","createLabelVals":["rude"]`, ""),
		emit("mod", it, `modEventTakedown"`, ""), emit("mod", it, `modEventTakedown"`, ""),
		{as: "mod", verb: get, call: "app.bsky.feed.getPosts?uris={mention.uri}", settle: true},
		emit("mod", it, `modEventEscalate"`, ""), ask("moderation.getRecord?uri={mention.uri}"), ask("moderation.queryStatuses?subject={mention.uri}"),
		emit("mod", it, `modEventReverseTakedown"`, ""), emit("mod", it, `modEventReverseTakedown"`, ""),
		{as: "mod", verb: get, call: "app.bsky.feed.getPosts?uris={mention.uri}", settle: true},
		emit("mod", ben, `modEventTakedown","durationInHours":2`, ""), create("ben", postType, `"text":"x"`).settled(),
		ask("moderation.getRepo?did={ben}"), emit("mod", ben, `modEventReverseTakedown"`, ""),
		emit("ana", it, `modEventTakedown"`, ""), emit("mod", `{"$type":"x"}`, `modEventTakedown"`, ""),
		ask("moderation.queryEvents?subject={mention.uri}&limit=3").saved("events"), ask("moderation.queryEvents?subject={mention.uri}&limit=3&cursor={events.cursor}"),
		ask("moderation.queryEvents?subject={ben}&types=tools.ozone.moderation.defs%23modEventTakedown"),
		ask("moderation.getSubjects?subjects={mention.uri}&subjects={ben}"),
		proxied("mod", get, "com.atproto.label.queryLabels?uriPatterns={mention.uri}", ""), proxied("mod", get, "com.atproto.label.queryLabels?uriPatterns={root.uri}", ""),
	}
}

// endSteps are about things that are gone.
func endSteps() []step {
	return []step{
		{as: "ana", verb: post, call: deleteCall, body: `{"repo":"{ana}","collection":"app.bsky.graph.block","rkey":"{block.rkey}"}`},
		{as: "ana", verb: post, call: deleteCall, body: `{"repo":"{ana}","collection":"` + postType + `","rkey":"{root.rkey}"}`},
		{as: "ana", verb: get, call: "app.bsky.feed.getPostThread?uri={root.uri}", settle: true},
		{as: "ana", verb: get, call: "app.bsky.feed.getPostThread?uri={answer.uri}"},
		{as: "ana", verb: get, call: "app.bsky.notification.listNotifications"},
		{as: "ana", verb: get, call: "app.bsky.feed.getPosts?uris={quote.uri}"},
	}
}
