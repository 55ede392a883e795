package main

import (
	"cmp"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/listen"
)

// feedLen is how much of what was said a client's feed remembers.
const feedLen = 500

// said are the kinds of events that are themselves something said; the others are about
// something that was.
const said = listen.Post | listen.Reply | listen.Comment | listen.Mention | listen.Message | listen.Review

// An Item is one thing that was said or done, as it is now.
type Item struct {
	// ID names the item in pages; Seq counts its changes with those of all others.
	ID      string
	Seq     int
	Account *Account
	Event   listen.Event
	// State is the last known state in the network's moderation.
	State string
	// Mine tells that the account itself said it; Gone that it has been deleted.
	Mine, Gone bool
}

// Answerable reports whether one can reply to the item.
func (i Item) Answerable() bool { return said&i.Event.Kind != 0 && !i.Mine && !i.Gone }

// Badge is the state of the item where it is worth a word: that it is in sight is not.
func (i Item) Badge() string {
	switch {
	case i.Gone:
		return "deleted"
	case slices.Contains([]string{"published", "visible", "approved"}, i.State):
		return ""
	}
	return i.State
}

// A Feed is what a client has heard. It is safe for concurrent use.
type Feed struct {
	mu      sync.Mutex
	items   []*Item
	byRef   map[parvis.Ref]*Item
	made    int
	seq     int
	changed chan struct{}
}

func newFeed() *Feed {
	return &Feed{byRef: map[parvis.Ref]*Item{}, changed: make(chan struct{})}
}

// Add takes in an event that the account a heard. Edits and deletions change the item
// that they are about.
func (f *Feed) Add(a *Account, ev listen.Event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	known := f.byRef[ev.Ref]
	switch {
	case ev.Kind == listen.Delete && known != nil:
		known.Gone = true
	case known != nil && (ev.Kind == listen.Edit || said&ev.Kind != 0):
		known.Event.Text, known.Event.Title, known.Event.Edited = ev.Text, ev.Title, ev.Edited
		known.State, known.Gone = cmp.Or(ev.Status, known.State), false
	case ev.Kind == listen.Edit || ev.Kind == listen.Delete:
		return // about something older than the feed
	default:
		known = f.append(a, ev)
	}
	f.touch(known)
}

func (f *Feed) append(a *Account, ev listen.Event) *Item {
	if len(f.items) == feedLen {
		delete(f.byRef, f.items[0].Event.Ref)
		f.items = slices.Delete(f.items, 0, 1)
	}
	if ev.Time.IsZero() {
		ev.Time = time.Now()
	}
	f.made++
	it := &Item{
		ID: "i" + strconv.Itoa(f.made), Account: a, Event: ev, State: ev.Status,
		Mine: ev.Author.Ref.ID != "" && ev.Author.Ref.ID == a.Account().ID,
	}
	f.items = append(f.items, it)
	if said&ev.Kind != 0 {
		f.byRef[ev.Ref] = it
	}
	return it
}

// touch marks it as changed and wakes whoever waits.
func (f *Feed) touch(it *Item) {
	f.seq++
	it.Seq = f.seq
	close(f.changed)
	f.changed = make(chan struct{})
}

// Touch marks the item of ref as changed, with a new state unless that is empty.
func (f *Feed) Touch(ref parvis.Ref, state string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if it := f.byRef[ref]; it != nil {
		it.State = cmp.Or(state, it.State)
		f.touch(it)
	}
}

// Find returns the item with the ID, as it is now.
func (f *Feed) Find(id string) (Item, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, it := range f.items {
		if it.ID == id {
			return *it, true
		}
	}
	return Item{}, false
}

// Newest returns at most n items that match, newest first, and the count of changes so far.
func (f *Feed) Newest(n int, match func(Item) bool) ([]Item, int) {
	items, seq, _ := f.Since(0, match)
	slices.SortStableFunc(items, func(a, b Item) int {
		return cmp.Or(b.Event.Time.Compare(a.Event.Time), cmp.Compare(b.Seq, a.Seq))
	})
	return items[:min(n, len(items))], seq
}

// Since returns the items that match and changed after the change numbered seq, in the
// order of their changes, the number of the last change, and a channel that is closed at
// the next one.
func (f *Feed) Since(seq int, match func(Item) bool) ([]Item, int, <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var items []Item
	for _, it := range f.items {
		if it.Seq > seq && match(*it) {
			items = append(items, *it)
		}
	}
	slices.SortFunc(items, func(a, b Item) int { return cmp.Compare(a.Seq, b.Seq) })
	return items, f.seq, f.changed
}
