package fake

import (
	"encoding/json"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/publish"
)

// A state is where an item stands on the network, in the network's words.
type state string

const (
	visible   state = "visible"
	hidden    state = "hidden" // folded away by whom it answers
	held      state = "held"   // waits for approval
	spam      state = "spam"
	rejected  state = "rejected"
	removed   state = "removed" // taken away by moderation
	trashed   state = "trashed" // taken away by its author, for now
	deleted   state = "deleted" // gone for good
	scheduled state = "scheduled"
	pending   state = "pending" // still processing
)

// content is what an author gives an item, and can edit.
type content struct {
	title, link, lang, warning string
	sensitive                  bool
	text                       parvis.Text
	media                      []*upload
	tags, categories           []string
	slug, excerpt, canonical   string
}

// An item is a post, an answer or a message. Guarded by Network.mu.
type item struct {
	content
	id         string
	kind       parvis.Kind // post or message
	author, to *person     // to is whom a message is for
	parent     string      // what it answers, root the beginning of its thread
	root       string
	quote      string
	place      string
	visibility publish.Visibility
	poll       *publish.Poll
	key        string
	state, was state // was is the state before it was removed or trashed
	created    time.Time
	edited     time.Time
	at         time.Time // when it goes out, or has been processed
	version    int       // 1 at first, one more with each edit
	marks      marks
	reactions  map[reaction]bool
	reacted    int // reactions ever made
	views      int
	heard      hears // who has heard of it, and as what
	public     bool  // everybody may have heard of it
}

type reaction struct{ person, what string }

// An upload is a file that the network has read. It keeps what there is to know of it,
// and none of its bytes.
type upload struct {
	id    string
	owner *person
	media parvis.Media
	hash  string // SHA-256 in hexadecimal; empty of files that are fetched from elsewhere
}

// live tells that the item is out: people can see it, if only folded.
func (it *item) live() bool { return it.state == visible || it.state == hidden }

// gone tells that nobody can see it any more.
func (it *item) gone() bool { return it.state == deleted || it.state == trashed }

// open tells that everybody may see the item.
func (n *Network) open(it *item) bool {
	now := n.opt.Now()
	return it.kind == parvis.KindPost && it.state == visible && !it.author.marks.has(mark{"limited", ""}, now) &&
		(it.visibility == publish.Public || it.visibility == publish.Unlisted)
}

// sees tells whether p may see the item.
func (n *Network) sees(p *person, it *item) bool {
	switch {
	case it.gone():
		return false
	case it.author == p:
		return true
	case it.state == scheduled || it.state == pending || it.author.marks.has(mark{"blocked", p.id}, n.opt.Now()):
		return false
	case it.kind == parvis.KindMessage:
		return it.to == p && it.live()
	case !n.reaches(p, it):
		return false
	}
	return it.state == visible || n.decides(p, it)
}

// reaches tells whether the item's visibility includes p.
func (n *Network) reaches(p *person, it *item) bool {
	_, mentioned := it.heard[p.id]
	switch it.visibility {
	case publish.Direct:
		return mentioned
	case publish.Private:
		return false
	case publish.Followers:
		return mentioned || it.author.followers[p.id]
	}
	return mentioned || p.moderator || it.author.followers[p.id] || !it.author.marks.has(mark{"limited", ""}, n.opt.Now())
}

// decides tells whether p may decide on the item: moderators, and whoever wrote what it answers.
func (n *Network) decides(p *person, it *item) bool {
	if p.moderator {
		return true
	}
	for _, id := range [...]string{it.parent, it.root} {
		if above := n.byID[id]; above != nil && above != it && above.author == p {
			return true
		}
	}
	return false
}

// find returns the item that the account may see.
func (a *Account) find(r parvis.Ref) (*item, error) {
	it := a.n.byID[r.ID]
	if it == nil || it.kind != r.Kind || !a.n.sees(a.p, it) {
		return nil, missing(string(r.Kind))
	}
	return it, nil
}

// own returns the account's own item, in whatever state but deleted.
func (a *Account) own(r parvis.Ref) (*item, error) {
	it := a.n.byID[r.ID]
	switch {
	case it == nil || it.kind != r.Kind || it.state == deleted:
		return nil, missing(string(r.Kind))
	case it.author == a.p:
		return it, nil
	case !a.n.sees(a.p, it):
		return nil, missing(string(r.Kind))
	}
	return nil, forbidden("not_yours", "the "+string(r.Kind)+" is somebody else's", "to act on what others wrote, use package moderate")
}

// post is the item as the account sees it.
func (a *Account) post(it *item) publish.Post {
	p := publish.Post{
		Ref: a.ref(it.kind, it.id), State: stateOf(it.state), Author: a.who(it.author), Title: it.title, Text: it.text,
		Media: a.media(it.media), Place: a.place(it.place), ReplyTo: a.refTo(it.parent), Visibility: it.visibility, Lang: it.lang, Warning: it.warning,
		Created: it.created, Edited: it.edited, Key: it.key,
	}
	if it.state == scheduled {
		p.At = it.at
	}
	if it.live() {
		p.URL = a.n.address(it.id)
	}
	if a.p != it.author {
		p.Key = ""
	}
	p.Raw = marshal(a.n.wirePost(it))
	return p
}

func stateOf(s state) publish.State {
	switch s {
	case visible, hidden:
		return publish.Published
	case held:
		return publish.Held
	case scheduled:
		return publish.Scheduled
	case pending:
		return publish.Pending
	}
	return publish.Rejected
}

func (a *Account) media(files []*upload) []parvis.Media {
	var out []parvis.Media
	for _, f := range files {
		m := f.media
		m.Ref = a.ref(parvis.KindMedia, f.id)
		out = append(out, m)
	}
	return out
}

// marshal encodes what always can be.
func marshal(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // the wire types hold nothing that JSON does not know
	}
	return b
}
