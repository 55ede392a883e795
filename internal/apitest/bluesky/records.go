package blueskytest

// The lexicons of the records that the server checks. Others are taken as they are, and
// called unknown.
//
// https://github.com/bluesky-social/atproto/tree/main/lexicons/app/bsky
var (
	strong    = object{required: []string{"uri", "cid"}, fields: map[string]node{"uri": str{format: isATURI}, "cid": str{format: isCID}}}
	image     = blob{accept: "image/*", max: 2_000_000}
	aspect    = object{required: []string{"width", "height"}, fields: map[string]node{"width": num{min: 1}, "height": num{min: 1}}}
	selfLabel = object{required: []string{"values"}, fields: map[string]node{
		"values": list{max: 10, of: object{required: []string{"val"}, fields: map[string]node{"val": str{max: 128}}}},
	}}
	selfLabels = union{of: map[string]node{"com.atproto.label.defs#selfLabels": selfLabel}}

	images = object{required: []string{"images"}, fields: map[string]node{"images": list{max: 4, of: object{
		required: []string{"image", "alt"}, fields: map[string]node{"image": image, "alt": str{}, "aspectRatio": aspect},
	}}}}
	gallery = object{required: []string{"items"}, fields: map[string]node{"items": list{max: 20, of: union{of: map[string]node{
		"app.bsky.embed.gallery#image": object{
			required: []string{"image", "alt", "aspectRatio"}, fields: map[string]node{"image": image, "alt": str{}, "aspectRatio": aspect},
		},
	}}}}}
	video = object{required: []string{"video"}, fields: map[string]node{
		"video": blob{accept: "video/mp4", max: 300_000_000}, "alt": str{max: 10000, graphemes: 1000}, "aspectRatio": aspect,
		"captions": list{max: 20, of: object{required: []string{"lang", "file"}, fields: map[string]node{
			"lang": str{format: isLang}, "file": blob{accept: "text/vtt", max: 20_000},
		}}},
	}}
	external = object{required: []string{"external"}, fields: map[string]node{"external": object{
		required: []string{"uri", "title", "description"},
		fields: map[string]node{
			"uri": str{format: isURI}, "title": str{}, "description": str{}, "thumb": blob{accept: "image/*", max: 1_000_000},
		},
	}}}
	quote = object{required: []string{"record"}, fields: map[string]node{"record": strong}}
	media = union{of: map[string]node{
		"app.bsky.embed.images": images, "app.bsky.embed.gallery": gallery, "app.bsky.embed.video": video, "app.bsky.embed.external": external,
	}}
	embed = union{of: map[string]node{
		"app.bsky.embed.images": images, "app.bsky.embed.gallery": gallery, "app.bsky.embed.video": video, "app.bsky.embed.external": external,
		"app.bsky.embed.record": quote,
		"app.bsky.embed.recordWithMedia": object{
			required: []string{"record", "media"}, fields: map[string]node{"record": quote, "media": media},
		},
	}}

	facet = object{required: []string{"index", "features"}, fields: map[string]node{
		"index": object{required: []string{"byteStart", "byteEnd"}, fields: map[string]node{"byteStart": num{}, "byteEnd": num{}}},
		"features": list{of: union{of: map[string]node{
			"app.bsky.richtext.facet#mention": object{required: []string{"did"}, fields: map[string]node{"did": str{format: isDID}}},
			"app.bsky.richtext.facet#link":    object{required: []string{"uri"}, fields: map[string]node{"uri": str{format: isURI}}},
			"app.bsky.richtext.facet#tag":     object{required: []string{"tag"}, fields: map[string]node{"tag": str{max: 640, graphemes: 64}}},
		}}},
	}}
)

// lexicon is what a collection's records look like, and whether their keys are TIDs.
type lexicon struct {
	record object
	key    func(rkey string) bool
	keys   string // what keys are, for the refusal
}

func tids(o object) lexicon { return lexicon{o, isTID.ok, isTID.name} }

func selfKeyed(o object) lexicon {
	return lexicon{o, func(k string) bool { return k == "self" }, `literal "self"`}
}

// dated is a record with these fields and its time, which is always required.
func dated(required []string, fields map[string]node) object {
	fields["createdAt"] = str{format: isTime}
	return object{append(required, "createdAt"), fields}
}

func lexicons() map[string]lexicon {
	when := func(name string, n node) object { return dated([]string{name}, map[string]node{name: n}) }
	return map[string]lexicon{
		"app.bsky.feed.post": tids(dated([]string{"text"}, map[string]node{
			"text": str{max: 3000, graphemes: 300}, "facets": list{of: facet}, "embed": embed, "labels": selfLabels,
			"langs": list{max: 3, of: str{format: isLang}}, "tags": list{max: 8, of: str{max: 640, graphemes: 64}},
			"reply": object{required: []string{"root", "parent"}, fields: map[string]node{"root": strong, "parent": strong}},
		})),
		"app.bsky.feed.like":    tids(when("subject", strong)),
		"app.bsky.feed.repost":  tids(when("subject", strong)),
		"app.bsky.graph.follow": tids(when("subject", str{format: isDID})),
		"app.bsky.graph.block":  tids(when("subject", str{format: isDID})),
		"app.bsky.graph.list": tids(dated([]string{"name", "purpose"}, map[string]node{
			"name": str{min: 1, max: 64}, "purpose": str{}, "description": str{max: 3000, graphemes: 300}, "labels": selfLabels,
		})),
		"app.bsky.graph.listitem": tids(dated([]string{"subject", "list"}, map[string]node{
			"subject": str{format: isDID}, "list": str{format: isATURI},
		})),
		"app.bsky.graph.listblock": tids(when("subject", str{format: isATURI})),
		"app.bsky.feed.threadgate": tids(dated([]string{"post"}, map[string]node{
			"post": str{format: isATURI}, "allow": list{max: 5, of: union{}}, "hiddenReplies": list{max: 300, of: str{format: isATURI}},
		})),
		"app.bsky.feed.postgate": tids(dated([]string{"post"}, map[string]node{
			"post": str{format: isATURI}, "detachedEmbeddingUris": list{max: 50, of: str{format: isATURI}}, "embeddingRules": list{max: 5, of: union{}},
		})),
		"app.bsky.actor.profile": selfKeyed(object{fields: map[string]node{
			"displayName": str{max: 640, graphemes: 64}, "description": str{max: 2560, graphemes: 256}, "labels": selfLabels,
			"avatar": blob{accept: "image/png,image/jpeg", max: 1_000_000}, "createdAt": str{format: isTime},
		}}),
	}
}

// validate checks a record, and names what the check says: valid or unknown.
func validate(collection, rkey string, v obj) (string, error) {
	if kind := kindOf(v); kind != collection {
		return "", invalid("Invalid $type: expected " + collection + ", got " + kind)
	}
	l, known := lexicons()[collection]
	if !known {
		return "unknown", nil
	}
	if err := l.record.check(v, "$.record"); err != nil {
		return "", invalid("Invalid " + collection + " record: " + err.Error())
	}
	if !l.key(rkey) {
		return "", invalid("Invalid record key for " + collection + ": Invalid " + l.keys + " (got \"" + rkey + "\") at $")
	}
	return "valid", nil
}

// blobsIn are the CIDs of the files that a value refers to.
func blobsIn(v any) []string {
	var out []string
	switch v := v.(type) {
	case obj:
		if kindOf(v) == "blob" {
			return []string{refOf(v)}
		}
		for _, k := range sortedKeys(v) {
			out = append(out, blobsIn(v[k])...)
		}
	case []any:
		for _, e := range v {
			out = append(out, blobsIn(e)...)
		}
	}
	return out
}
