package fakenet

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/parvis-go/parvis/publish"
)

// A Delivery is a post that was made once upon a time.
type Delivery struct {
	// Seq counts posts as they were made, from 1; for one account it is their exact order.
	Seq int `json:"seq"`
	// ID is the post's ID as clients have it; Account is the ID of its author.
	ID      string `json:"id"`
	Account string `json:"account"`
	Class   Class  `json:"class"`
	// Key is the draft's key, as far as the network was told: the idempotency key, what
	// the chosen ID was made of, or the mark. It is empty for [Blind].
	Key string `json:"key,omitempty"`
	// Marker is the first "#n123" of the text.
	Marker string `json:"marker,omitempty"`
	// Text is the plain text as it was posted at first, ReplyTo the ID of what it answers.
	Text    string `json:"text"`
	ReplyTo string `json:"reply_to,omitempty"`
	// Media are the SHA-256 of the files' bytes, in order, in hexadecimal; a file that is
	// named by an address or reference has an empty one.
	Media []string `json:"media,omitempty"`
	// Created is when it was made, by the server's clock.
	Created time.Time `json:"created"`
	// Orphan tells that its client had gone when it was made.
	Orphan bool `json:"orphan,omitempty"`
	// Edits counts how often it was edited, and Deleted tells that it was deleted, as far
	// as that went through the server and the town said that it was done.
	Edits   int  `json:"edits,omitempty"`
	Deleted bool `json:"deleted,omitempty"`

	townID string
}

// name is what the delivery is counted under.
func (d *Delivery) name() string {
	switch {
	case d.Key != "":
		return d.Key
	case d.Marker != "":
		return d.Marker
	}
	return d.Text
}

var marker = regexp.MustCompile(`#n[0-9]+`)

// Marker returns the first marker of a text, such as "#n12345", or "".
func Marker(text string) string { return marker.FindString(text) }

// A ledger is everything that was ever made. Guarded by Server.mu.
type ledger struct {
	all       []*Delivery
	byID      map[string]*Delivery
	byTown    map[string]*Delivery
	byKey     map[claimed][]*Delivery
	byAccount map[string][]*Delivery
}

func newLedger() ledger {
	return ledger{
		byID: map[string]*Delivery{}, byTown: map[string]*Delivery{},
		byKey: map[claimed][]*Delivery{}, byAccount: map[string][]*Delivery{},
	}
}

func (l *ledger) add(d *Delivery) {
	l.all = append(l.all, d)
	d.Seq = len(l.all)
	l.byID[d.ID], l.byTown[d.townID] = d, d
	l.byAccount[d.Account] = append(l.byAccount[d.Account], d)
	if d.Key != "" {
		k := claimed{d.Account, d.Key}
		l.byKey[k] = append(l.byKey[k], d)
	}
}

// first returns the first of ds that is not deleted, else the first; nil if there is none.
func first(ds []*Delivery) *Delivery {
	if i := slices.IndexFunc(ds, func(d *Delivery) bool { return !d.Deleted }); i >= 0 {
		return ds[i]
	}
	if len(ds) > 0 {
		return ds[0]
	}
	return nil
}

// said returns the account's first post with that text, not made before since.
func (l *ledger) said(account, text string, since time.Time) *Delivery {
	squeeze := func(s string) string { return strings.Join(strings.Fields(s), " ") }
	want := squeeze(text)
	var found []*Delivery
	for _, d := range slices.Backward(l.byAccount[account]) {
		if d.Created.Before(since) {
			break
		}
		if squeeze(d.Text) == want {
			found = append(found, d)
		}
	}
	slices.Reverse(found)
	return first(found)
}

// copies returns the deliveries that keep says yes to, in their order.
func (s *Server) copies(keep func(*Delivery) bool) []Delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Delivery
	for _, d := range s.ledger.all {
		if keep == nil || keep(d) {
			c := *d
			c.Media, c.townID = slices.Clone(d.Media), ""
			out = append(out, c)
		}
	}
	return out
}

// Deliveries returns every post that was ever made, in order, deleted ones too.
func (s *Server) Deliveries() []Delivery { return s.copies(nil) }

// Order returns the posts that the account with that ID ever made, in order.
func (s *Server) Order(account string) []Delivery {
	return s.copies(func(d *Delivery) bool { return d.Account == account })
}

// Delivered returns every post that was ever made by the key of its draft; by its marker
// if the network was told no key, and by its text if it has no marker. Keys of different
// accounts are not told apart: Delivery.Account does.
func (s *Server) Delivered() map[string][]Delivery {
	out := map[string][]Delivery{}
	for _, d := range s.Deliveries() {
		out[d.name()] = append(out[d.name()], d)
	}
	return out
}

// Marked returns every post that has a marker by its marker, whatever key it came with. It
// shows a post that was sent again under another key, which Delivered does not.
func (s *Server) Marked() map[string][]Delivery {
	out := map[string][]Delivery{}
	for _, d := range s.Deliveries() {
		if d.Marker != "" {
			out[d.Marker] = append(out[d.Marker], d)
		}
	}
	return out
}

// Doubles returns what an account has posted more than once: posts with the same marker,
// and of those without one, posts with the same key or, without that, the same text.
func (s *Server) Doubles() [][]Delivery {
	groups := map[[2]string][]Delivery{}
	var order [][2]string
	for _, d := range s.Deliveries() {
		k := [2]string{d.Account, d.name()}
		if d.Marker != "" {
			k[1] = d.Marker
		}
		if groups[k] == nil {
			order = append(order, k)
		}
		groups[k] = append(groups[k], d)
	}
	var out [][]Delivery
	for _, k := range order {
		if len(groups[k]) > 1 {
			out = append(out, groups[k])
		}
	}
	return out
}

// A Count is the answer to GET /count.
type Count struct {
	// Posts were ever made, of which Deleted have been deleted.
	Posts   int `json:"posts"`
	Deleted int `json:"deleted"`
	// Classes and Accounts divide Posts; accounts are named by ID.
	Classes  map[Class]int  `json:"classes"`
	Accounts map[string]int `json:"accounts"`
}

// Count counts the posts that were ever made.
func (s *Server) Count() Count {
	c := Count{Classes: map[Class]int{}, Accounts: map[string]int{}}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range s.ledger.all {
		c.Posts++
		c.Classes[d.Class]++
		c.Accounts[d.Account]++
		if d.Deleted {
			c.Deleted++
		}
	}
	return c
}

// made notes a post that the town has made of in.
func (s *Server) made(m *member, in parcel, post publish.Post, orphan bool) *Delivery {
	d := &Delivery{
		ID: in.id, Account: m.id, Class: m.class, Key: in.key, Text: post.Text.Plain, Marker: Marker(post.Text.Plain),
		Media: in.hashes, Created: s.opt.Now(), Orphan: orphan, townID: post.Ref.ID,
	}
	if d.ID == "" {
		d.ID = d.townID
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	d.ReplyTo = s.idOf(post.ReplyTo.ID)
	s.ledger.add(d)
	if orphan {
		s.tally.Orphans++
	}
	return d
}
