package blueskytest

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// store is everything that the server knows.
type store struct {
	accounts  []*account
	tokens    map[string]*token
	records   []*record          // in the order in which they were written
	blobs     map[string]*upload // by owner and CID
	mutes     map[[2]string]bool // who has muted whom, or which thread
	seen      map[string]string  // until when notifications were seen
	taken     map[string]bool    // addresses and DIDs that were taken down
	labels    []obj
	reports   []obj
	lastEvent int
	marks     map[[2]string]string // bookmarks: who, which post, since when
	jobs      map[string]*job      // of videos
	team      map[string]string    // the roles of the labeler's moderators
	events    []*event             // of the labeler
	states    map[string]*status   // of subjects, by address or DID
	services  map[string]bool      // DIDs that calls may be passed on to
}

func newStore() store {
	return store{
		tokens: map[string]*token{}, blobs: map[string]*upload{}, mutes: map[[2]string]bool{}, seen: map[string]string{},
		taken: map[string]bool{}, marks: map[[2]string]string{}, jobs: map[string]*job{},
		team: map[string]string{}, states: map[string]*status{}, services: map[string]bool{AppView: true, Labeler: true},
	}
}

// The services that calls can be passed on to.
const (
	AppView = "did:web:appview.invalid"
	Labeler = "did:plc:labelerlabelerlabelerla"
)

func (s *Server) serves(did string) bool { return s.db.services[did] }

// account is somebody.
type account struct {
	did, handle, email string
	password           string
	appPasswords       []string
	created            time.Time
}

// record is one record of a repository.
type record struct {
	uri, cid   string
	did        string
	collection string
	rkey       string
	value      obj
	indexed    time.Time
	unfit      bool // for the app view, since it is not as the lexicon says
}

// sorts is when the app view says that it was made: as its author says, but not later
// than it came.
func (r *record) sorts() time.Time {
	made, err := time.Parse(time.RFC3339Nano, text(r.value, "createdAt"))
	if err != nil || made.After(r.indexed) {
		return r.indexed
	}
	return made.UTC()
}

func (r *record) shownAt() string { return r.sorts().Format(timeForm) }

// upload is a blob.
type upload struct {
	cid, mime string
	size      int
}

// find is the account with that DID or handle; nil if there is none.
func (d *store) find(actor string) *account {
	i := slices.IndexFunc(d.accounts, func(a *account) bool {
		return a.did == actor || strings.EqualFold(a.handle, actor) || strings.EqualFold(a.email, actor)
	})
	if i < 0 {
		return nil
	}
	return d.accounts[i]
}

// address takes an at:// address apart, with the DID for a handle.
func (d *store) address(uri string) (did, collection, rkey string) {
	parts := strings.SplitN(strings.TrimPrefix(uri, "at://"), "/", 3)
	for len(parts) < 3 {
		parts = append(parts, "")
	}
	if a := d.find(parts[0]); a != nil {
		parts[0] = a.did
	}
	return parts[0], parts[1], parts[2]
}

// get is the record at an address; nil if there is none.
func (d *store) get(uri string) *record {
	did, collection, rkey := d.address(uri)
	return d.at(did, collection, rkey)
}

func (d *store) at(did, collection, rkey string) *record {
	i := slices.IndexFunc(d.records, func(r *record) bool { return r.did == did && r.collection == collection && r.rkey == rkey })
	if i < 0 {
		return nil
	}
	return d.records[i]
}

// in are the records of a collection that ok takes, in the order in which they were written.
func (d *store) in(collection string, ok func(*record) bool) []*record {
	var out []*record
	for _, r := range d.records {
		if r.collection == collection && !r.unfit && !d.taken[r.uri] && !d.taken[r.did] && ok(r) {
			out = append(out, r)
		}
	}
	return out
}

// by are the records of somebody.
func (d *store) by(collection, did string) []*record {
	return d.in(collection, func(r *record) bool { return r.did == did })
}

// about are the records whose subject is an address or a DID.
func (d *store) about(collection, subject string) []*record {
	return d.in(collection, func(r *record) bool { return subjectOf(r) == subject })
}

// subjectOf is what a like, repost, follow or block is about.
func subjectOf(r *record) string {
	if s, ok := r.value["subject"].(string); ok {
		return s
	}
	return text(sub(r.value, "subject"), "uri")
}

// newest sorts records as feeds show them.
func newest(rs []*record) []*record {
	slices.SortStableFunc(rs, func(a, b *record) int {
		return cmp.Or(b.sorts().Compare(a.sorts()), cmp.Compare(b.cid, a.cid))
	})
	return rs
}
