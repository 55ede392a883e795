package blueskytest

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
)

// The points that writes cost.
//
// https://docs.bsky.app/docs/advanced-guides/rate-limits
const (
	createPoints = 3
	updatePoints = 2
	deletePoints = 1
)

var (
	repoField   = str{format: isActor}
	recordInput = map[string]node{
		"repo": repoField, "collection": str{format: isNSID}, "rkey": str{format: isKey}, "validate": boolean{},
		"record": anything{}, "swapCommit": str{format: isCID}, "swapRecord": str{format: isCID},
	}
)

func repoMethods() []method {
	return []method{
		{nsid: "com.atproto.repo.createRecord", needs: session, do: createRecord, input: object{[]string{"repo", "collection", "record"}, recordInput}},
		{nsid: "com.atproto.repo.putRecord", needs: session, do: putRecord, input: object{[]string{"repo", "collection", "rkey", "record"}, recordInput}},
		{nsid: "com.atproto.repo.deleteRecord", needs: session, do: deleteRecord, input: object{[]string{"repo", "collection", "rkey"}, recordInput}},
		{nsid: "com.atproto.repo.applyWrites", needs: session, do: applyWrites, input: object{
			[]string{"repo", "writes"}, map[string]node{"repo": repoField, "validate": boolean{}, "swapCommit": str{format: isCID}, "writes": list{of: writeInput}},
		}},
		{nsid: "com.atproto.repo.uploadBlob", needs: session, raw: true, do: uploadBlob},
		{nsid: "com.atproto.repo.getRecord", do: getRecord, params: params{
			"repo": {required: true, format: isActor}, "collection": {required: true, format: isNSID}, "rkey": {required: true, format: isKey}, "cid": {format: isCID},
		}},
		{nsid: "com.atproto.repo.listRecords", do: listRecords, params: params{
			"repo": {required: true, format: isActor}, "collection": {required: true, format: isNSID},
			"limit": {min: 1, max: 100, otherwise: 50}, "cursor": {}, "reverse": {},
		}},
	}
}

// own is the caller's account, if the body's repo is theirs.
func (c *call) own() (*account, error) {
	switch a := c.s.db.find(c.str("repo")); {
	case a == nil:
		return nil, errNoAccount
	case a != c.me:
		return nil, errForeignRepo
	}
	return c.me, nil
}

// a change is one write of a repository.
type change struct {
	collection, rkey string
	value            obj // nil deletes
	validate         bool
}

func (c *call) change() change {
	v := sub(c.in, "record")
	if v != nil && kindOf(v) == "" {
		v = maps.Clone(v)
		v["$type"] = c.str("collection")
	}
	asked, given := c.in["validate"].(bool)
	return change{c.str("collection"), cmp.Or(c.str("rkey"), c.s.tid()), v, asked || !given}
}

// write checks and stores a record.
func (c *call) write(a *account, w change) (obj, *record, error) {
	out := obj{}
	if w.validate {
		status, err := validate(w.collection, w.rkey, w.value)
		if err != nil {
			return nil, nil, err
		}
		out["validationStatus"] = status
	}
	for _, cid := range blobsIn(w.value) {
		if c.s.db.blobs[a.did+" "+cid] == nil {
			return nil, nil, refuse(http.StatusBadRequest, "BlobNotFound", "Could not find blob: "+cid)
		}
	}
	r := &record{
		uri: "at://" + a.did + "/" + w.collection + "/" + w.rkey, cid: recordCID(w.value), did: a.did,
		collection: w.collection, rkey: w.rkey, value: w.value, indexed: c.s.now(),
	}
	if _, err := validate(w.collection, w.rkey, w.value); err != nil {
		r.unfit = true
	}
	c.s.keep(r)
	out["uri"], out["cid"] = r.uri, r.cid
	return out, r, nil
}

// keep stores a record in place of the one at its address, or of one that says the same
// of the same subject: a second like replaces the first.
func (s *Server) keep(r *record) {
	s.db.records = slices.DeleteFunc(s.db.records, func(o *record) bool {
		return o.uri == r.uri || o.did == r.did && o.collection == r.collection && unique[r.collection] && subjectOf(o) == subjectOf(r)
	})
	s.db.records = append(s.db.records, r)
}

// unique are the collections that have one record for each subject.
var unique = map[string]bool{
	"app.bsky.feed.like": true, "app.bsky.feed.repost": true, "app.bsky.graph.follow": true, "app.bsky.graph.block": true,
}

// commit is what a write says of the repository afterwards.
func (c *call) commit() obj {
	rev := c.s.tid()
	return obj{"cid": recordCID(obj{"rev": rev}), "rev": rev}
}

func createRecord(c *call) (any, error) {
	a, err := c.own()
	if err != nil {
		return nil, err
	}
	w := c.change()
	if c.s.db.at(a.did, w.collection, w.rkey) != nil {
		return nil, errInternal
	}
	out, _, err := c.write(a, w)
	if err != nil {
		return nil, err
	}
	out["commit"] = c.commit()
	return out, nil
}

// swap compares the version that the caller expects with the one that is there.
func (c *call) swap(old *record) error {
	want, asked := c.in["swapRecord"]
	switch {
	case !asked, want == nil && old == nil, old != nil && want == old.cid:
		return nil
	case old == nil:
		return refuse(http.StatusBadRequest, "InvalidSwap", "Record was at null")
	}
	return refuse(http.StatusBadRequest, "InvalidSwap", "Record was at "+old.cid)
}

func putRecord(c *call) (any, error) {
	a, err := c.own()
	if err != nil {
		return nil, err
	}
	w := c.change()
	old := c.s.db.at(a.did, w.collection, w.rkey)
	if err := c.swap(old); err != nil {
		return nil, err
	}
	indexed := c.s.now()
	if old != nil {
		indexed = old.indexed
	}
	out, r, err := c.write(a, w)
	if err != nil {
		return nil, err
	}
	r.indexed = indexed
	if old == nil || old.cid != r.cid {
		out["commit"] = c.commit()
	}
	return out, nil
}

func deleteRecord(c *call) (any, error) {
	a, err := c.own()
	if err != nil {
		return nil, err
	}
	old := c.s.db.at(a.did, c.str("collection"), c.str("rkey"))
	if old == nil {
		return obj{}, nil
	}
	if err := c.swap(old); err != nil {
		return nil, err
	}
	c.s.drop(old)
	return obj{"commit": c.commit()}, nil
}

func (s *Server) drop(r *record) {
	s.db.records = slices.DeleteFunc(s.db.records, func(o *record) bool { return o == r })
}

func getRecord(c *call) (any, error) {
	a := c.s.db.find(c.q.Get("repo"))
	if a == nil {
		return nil, invalid("Could not find repo: " + c.q.Get("repo"))
	}
	r := c.s.db.at(a.did, c.q.Get("collection"), c.q.Get("rkey"))
	if r == nil || c.q.Get("cid") != "" && c.q.Get("cid") != r.cid {
		return nil, refuse(http.StatusBadRequest, "RecordNotFound", "Could not locate record: at://"+a.did+"/"+c.q.Get("collection")+"/"+c.q.Get("rkey"))
	}
	return obj{"uri": r.uri, "cid": r.cid, "value": r.value}, nil
}

func listRecords(c *call) (any, error) {
	a := c.s.db.find(c.q.Get("repo"))
	if a == nil {
		return nil, invalid("Could not find repo: " + c.q.Get("repo"))
	}
	sign := -1
	if c.q.Get("reverse") == "true" {
		sign = 1
	}
	after := c.q.Get("cursor")
	var all []*record
	for _, r := range c.s.db.records {
		if r.did == a.did && r.collection == c.q.Get("collection") && (after == "" || sign*cmp.Compare(r.rkey, after) > 0) {
			all = append(all, r)
		}
	}
	slices.SortFunc(all, func(x, y *record) int { return sign * cmp.Compare(x.rkey, y.rkey) })
	all = all[:min(len(all), c.limit())]
	out, records := obj{}, []obj{}
	for _, r := range all {
		records = append(records, obj{"uri": r.uri, "cid": r.cid, "value": r.value})
		out["cursor"] = r.rkey
	}
	out["records"] = records
	return out, nil
}

func uploadBlob(c *call) (any, error) {
	kind := c.r.Header.Get("Content-Type")
	u := &upload{cid: cidOf(cidBlob, c.body), mime: sniff(c.body, kind), size: len(c.body)}
	c.s.db.blobs[c.me.did+" "+u.cid] = u
	return obj{"blob": u.view()}, nil
}

// view is a blob as records name it.
func (u *upload) view() obj {
	return obj{"$type": "blob", "ref": obj{"$link": u.cid}, "mimeType": u.mime, "size": u.size}
}

// sniff is what a file is: what its bytes say, else what the caller does.
func sniff(body []byte, declared string) string {
	switch found := http.DetectContentType(body); found {
	case "image/png", "image/jpeg", "image/gif", "image/webp", "video/mp4":
		return found
	}
	return declared
}
