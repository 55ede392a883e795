package bluesky

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"iter"
	"slices"
	"time"

	"github.com/parvis-go/parvis/listen"
	"github.com/parvis-go/parvis/providers/bluesky/internal/api"
)

// An item is one entry of a list with the event that it makes.
type item struct {
	key    int64 // milliseconds since 1970: by what the list is ordered
	id     string
	event  listen.Event
	heard  bool // it makes an event
	strand *strand
}

// A strand is one list that a feed is read from, with the position in it.
type strand struct {
	read func(ctx context.Context, cursor string) (api.Page[json.RawMessage], error)
	item func(json.RawMessage) (item, error)
	at   position
}

// strandsOf returns the lists that a feed consists of.
func (h *hearing) strandsOf(f feed) []*strand {
	var all []*strand
	if f.notices {
		reasons := reasonsFor(h.q.Kinds)
		all = append(all, &strand{item: h.notice, read: func(ctx context.Context, cursor string) (api.Page[json.RawMessage], error) {
			return h.c.api.Notifications(ctx, h.paging(cursor), reasons)
		}})
	}
	if f.withOwn {
		f.posts = api.AuthorFeed(h.me)
	}
	if f.posts.NSID != "" {
		all = append(all, &strand{item: h.post, read: func(ctx context.Context, cursor string) (api.Page[json.RawMessage], error) {
			return h.c.api.Posts(ctx, h.paging(cursor), f.posts)
		}})
	}
	if f.thread != "" {
		all = append(all, &strand{item: h.post})
	}
	for _, s := range all {
		s.at.loose = f.loose
	}
	return all
}

func (h *hearing) paging(cursor string) api.Paging {
	return api.Paging{Op: h.op, Proxy: h.c.cfg.AppView, Cursor: cursor}
}

// post reads an item of a feed.
func (h *hearing) post(raw json.RawMessage) (item, error) {
	p, err := api.DecodeFeedItem(raw)
	if err != nil {
		return item{}, err
	}
	ev := h.shared(&p)
	return item{key: ev.Time.UnixMilli(), id: ev.ID, event: ev, heard: true}, nil
}

// page reads one page of a strand, newest first. What cannot be read is an item too: it
// makes a gap, once.
func (h *hearing) page(ctx context.Context, s *strand, cursor string) (items []item, next string, err error) {
	page, err := s.read(ctx, cursor)
	if err != nil {
		return nil, "", err
	}
	key := time.Now().UnixMilli()
	for _, raw := range page.Items {
		it, err := s.item(raw)
		if err != nil {
			sum := sha256.Sum256(raw)
			it = item{key: key, id: "unreadable/" + hex.EncodeToString(sum[:8]), heard: true}
			it.event = gap(time.UnixMilli(key), time.UnixMilli(key), "something that the network listed cannot be read")
			it.event.ID, it.event.Raw = it.id, raw
		}
		key, it.strand = it.key, s
		items = append(items, it)
	}
	return items, page.Cursor, nil
}

// gap is the event of a hole.
func gap(from, to time.Time, why string) listen.Event {
	from, to = from.UTC().Round(0), to.UTC().Round(0) // of the wall clock alone
	return listen.Event{Kind: listen.Gap, Time: to, Gap: &listen.Hole{From: from, To: to, Why: why}}
}

// news are the items of all strands that have not been dealt with, oldest first.
func (h *hearing) news(ctx context.Context) iter.Seq2[item, error] {
	if len(h.strands) == 1 {
		return h.sweep(ctx, h.strands[0])
	}
	older := func(a, b item) bool { return a.key <= b.key }
	return both(h.sweep(ctx, h.strands[0]), h.sweep(ctx, h.strands[1]), older)
}

// both merges two lists that are ordered by first.
func both(a, b iter.Seq2[item, error], first func(a, b item) bool) iter.Seq2[item, error] {
	return func(yield func(item, error) bool) {
		nextA, stopA := iter.Pull2(a)
		defer stopA()
		nextB, stopB := iter.Pull2(b)
		defer stopB()
		x, errX, okX := nextA()
		y, errY, okY := nextB()
		for okX || okY {
			if okX && (!okY || errX != nil || errY == nil && first(x, y)) {
				if !yield(x, errX) || errX != nil {
					return
				}
				x, errX, okX = nextA()
				continue
			}
			if !yield(y, errY) || errY != nil {
				return
			}
			y, errY, okY = nextB()
		}
	}
}

const (
	// heldPages is how many pages are held while a list is read backwards. More are read
	// again, so that memory stays bounded however long the list is.
	heldPages = 60
	// knownPages is how many pages in a row, of things that were all dealt with, end a
	// reading: two hundred items are looked through for what was filed late.
	knownPages = 2
	// loosePages is how many pages of a list without order are read: it may have no end.
	loosePages = 3
)

// sweep gives what is new in a list, oldest first. The list is read backwards to where
// the position is; if that is far, the newer part is let go and read again afterwards.
func (h *hearing) sweep(ctx context.Context, s *strand) iter.Seq2[item, error] {
	return func(yield func(item, error) bool) {
		w := &walk{h: h, s: s, trail: []string{""}, patience: knownPages}
		for start := 0; ; start = max(0, w.let-heldPages) {
			if err := w.back(ctx, start); err != nil {
				yield(item{}, err)
				return
			}
			for part := range slices.Chunk(w.sorted(), 100) {
				if err := h.complete(ctx, part); err != nil {
					yield(item{}, err)
					return
				}
				for _, it := range part {
					if !yield(it, nil) {
						return
					}
				}
			}
			if w.let == 0 {
				return
			}
			w.patience = 1
		}
	}
}

// A walk reads a list backwards, page by page.
type walk struct {
	h        *hearing
	s        *strand
	trail    []string    // the cursors of the pages, the newest first
	pages    []freshPage // those that have something new, from let on
	let      int         // how many pages, the newest ones, have been let go
	patience int         // how many pages without anything new end the walk
}

// A freshPage is what is new on the page with the number n.
type freshPage struct {
	n     int
	items []item
}

// back reads from the page with the number start until nothing older is new.
func (w *walk) back(ctx context.Context, start int) error {
	w.pages, w.let = nil, 0
	if start > 0 {
		w.let = start
	}
	known := 0
	for n := start; ; n++ {
		items, next, err := w.h.page(ctx, w.s, w.trail[n])
		if err != nil {
			return err
		}
		next, torn := beyond(w.trail[n], next)
		if torn {
			items = append(items, w.h.torn(w.s, next))
		}
		fresh, end := w.fresh(items)
		known++
		if len(fresh) > 0 || len(items) == 0 {
			known = 0
		}
		w.keep(n, fresh)
		if next == "" || end || known >= w.patience && w.settled(items) || w.s.at.loose && n+1 >= loosePages {
			return nil
		}
		w.trail = append(w.trail[:n+1], next)
	}
}

// keep holds what is new on a page, and lets go of the newest if that is too much.
func (w *walk) keep(n int, fresh []item) {
	if len(fresh) == 0 {
		return
	}
	w.pages = append(w.pages, freshPage{n, fresh})
	if len(w.pages) > heldPages {
		w.pages = w.pages[1:]
		w.let = w.pages[0].n
	}
}

// settled reports whether a page lies behind what the app view may still be filing.
func (w *walk) settled(items []item) bool {
	marks := w.s.at.marks
	return len(marks) > 0 && len(items) > 0 &&
		items[len(items)-1].key < marks[len(marks)-1].at-w.h.c.settle().Milliseconds()
}

// fresh returns those items that are new, and whether the page, which is then the last, has
// only such as lie before the position or before what the query asks for.
func (w *walk) fresh(items []item) (fresh []item, last bool) {
	after := w.h.q.After
	last = len(items) > 0 && !w.s.at.loose
	for _, it := range items {
		old := it.key < w.s.at.from || !after.IsZero() && it.key < after.UnixMilli()
		last = last && old
		if old && !w.s.at.loose || w.s.at.knows(it.id, it.key) {
			continue
		}
		fresh = append(fresh, it)
	}
	return fresh, last
}

// beyond returns the cursor of the page after the one at now, whose answer says next.
// Notifications are paged by their time alone, so that those of one moment on both sides
// of a page's end would be lost: the next page begins a millisecond later, and has the
// last ones twice. If that leads nowhere, because a page is full of one moment, the list
// is torn there, and goes on behind that moment.
func beyond(now, next string) (cursor string, torn bool) {
	if next == "" || next == now {
		return "", false
	}
	at, err := time.Parse(time.RFC3339Nano, next)
	if err != nil {
		return next, false
	}
	if again := api.FormatTime(at.Add(time.Millisecond)); again != now {
		return again, false
	}
	return next, true
}

// torn is the hole in a list that has more at one moment than a page holds.
func (h *hearing) torn(s *strand, cursor string) item {
	at := api.ParseTime(cursor)
	it := item{key: at.UnixMilli(), id: "torn/" + cursor, heard: true, strand: s}
	it.event = gap(at, at, "more was filed at one moment than the network lists")
	it.event.ID = it.id
	return it
}

// sorted returns what is held, once each, in the order of time.
func (w *walk) sorted() []item {
	var all []item
	for _, p := range w.pages {
		all = append(all, p.items...)
	}
	slices.SortStableFunc(all, func(a, b item) int { return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.id, b.id)) })
	return slices.CompactFunc(all, func(a, b item) bool { return a.key == b.key && a.id == b.id })
}

// complete asks for the addresses of media that the items lack: notifications carry bare
// records. Posts that are gone meanwhile stay as they are.
func (h *hearing) complete(ctx context.Context, items []item) error {
	var bare []string
	for i := range items {
		ev := &items[i].event
		if len(ev.Media) > 0 && ev.Media[0].URL == "" && h.wants(ev) {
			bare = append(bare, ev.Ref.ID)
		}
	}
	if len(bare) == 0 {
		return nil
	}
	views, err := h.c.api.PostViews(ctx, h.op, h.c.cfg.AppView, bare...)
	if err != nil {
		return err
	}
	for i := range items {
		for j := range views {
			if ev := &items[i].event; len(ev.Media) > 0 && ev.Media[0].URL == "" && ev.Ref.ID == views[j].URI {
				ev.Media = h.c.files(views[j].Files)
			}
		}
	}
	return nil
}
