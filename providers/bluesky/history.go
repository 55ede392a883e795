package bluesky

import (
	"context"
	"iter"
	"slices"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/listen"
	"github.com/parvis-go/parvis/providers/bluesky/internal/api"
)

// History reads what [Client.Listen] hears backwards, the newest first. With q.Thread it gives all answers below
// the post, each before what answers it. Streams cannot be read backwards.
func (c *Client) History(ctx context.Context, q listen.Query) iter.Seq2[listen.Event, error] {
	since := q.Since
	q.Since = ""
	return c.run(ctx, "read history", q, func(h *hearing) error {
		if h.feed.wire != nil {
			return parvis.Unsupported(c.Account(), h.op, "streams cannot be read backwards")
		}
		h.source = "history"
		if err := h.resume(since); err != nil {
			return err
		}
		return h.past(ctx)
	})
}

// past delivers everything back to where the positions are.
func (h *hearing) past(ctx context.Context) error {
	if h.feed.thread != "" {
		items, err := h.tree(ctx)
		if err != nil {
			return err
		}
		for _, it := range slices.DeleteFunc(items, h.dealt) {
			if err := h.show(it); err != nil {
				return err
			}
		}
		return nil
	}
	older := func(a, b item) bool { return a.key >= b.key }
	all := h.backwards(ctx, h.strands[0])
	if len(h.strands) > 1 {
		all = both(all, h.backwards(ctx, h.strands[1]), older)
	}
	for it, err := range all {
		if err == nil {
			err = h.show(it)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// dealt reports whether the position says that an item was dealt with.
func (h *hearing) dealt(it item) bool { return it.strand.at.knows(it.id, it.key) }

// backwards pages through one list to where the position of s is now.
func (h *hearing) backwards(ctx context.Context, s *strand) iter.Seq2[item, error] {
	end := &strand{read: s.read, item: s.item, at: s.at}
	w := walk{h: h, s: end}
	return func(yield func(item, error) bool) {
		seen := make(map[string]bool) // of the page before
		for cursor := ""; ; {
			items, next, err := h.page(ctx, end, cursor)
			if err != nil {
				yield(item{}, err)
				return
			}
			next, torn := beyond(cursor, next)
			if torn {
				items = append(items, h.torn(end, next))
			}
			fresh, last := w.fresh(items)
			fresh = slices.DeleteFunc(fresh, func(it item) bool { return seen[it.id] })
			if !h.each(ctx, s, fresh, yield) || last || next == "" {
				return
			}
			clear(seen)
			for _, it := range items {
				seen[it.id] = true
			}
			cursor = next
		}
	}
}

// each yields items of s, completed, and reports false if nobody wants more.
func (h *hearing) each(ctx context.Context, s *strand, items []item, yield func(item, error) bool) bool {
	if err := h.complete(ctx, items); err != nil {
		yield(item{}, err)
		return false
	}
	for _, it := range items {
		it.strand = s
		if !yield(it, nil) {
			return false
		}
	}
	return true
}

// show delivers an item with the cursor behind it, going backwards: everything filed
// before it counts as dealt with.
func (h *hearing) show(it item) error {
	for _, s := range h.strands {
		s.at = position{from: it.key, loose: h.feed.loose}
	}
	it.strand.at.note(mark{it.key, fingerprint(it.id)})
	return h.deliver(it.event)
}

// below is what a followed thread was seen to have.
type below struct {
	told map[string]bool // by the IDs of events
	// bare are the posts whose answers were asked for, with how many they were said to
	// have, and did not come: hidden or blocked ones.
	bare map[string]int
}

// answers delivers what was said below a post and has not been delivered yet. The whole
// thread is read each time, so that nothing is too late to be found.
func (h *hearing) answers(ctx context.Context) error {
	items, err := h.tree(ctx)
	if err != nil {
		return err
	}
	if h.below.told == nil {
		h.below.told = make(map[string]bool)
		for _, it := range items {
			h.below.told[it.id] = h.dealt(it)
		}
	}
	w := walk{pages: []freshPage{{items: items}}}
	for _, it := range w.sorted() {
		if h.below.told[it.id] {
			continue
		}
		h.below.told[it.id] = true
		if err := h.take(it); err != nil {
			return err
		}
	}
	return nil
}

// maxThread is how many posts of a thread are read at most.
const maxThread = 20000

// tree reads the thread below a post, each answer before those below it. The app view
// gives so many levels at once; where it has more, it is asked again further down.
func (h *hearing) tree(ctx context.Context) ([]item, error) {
	if h.below == nil {
		h.below = &below{bare: make(map[string]int)}
	}
	root, err := h.c.api.Thread(ctx, h.op, h.c.cfg.AppView, h.feed.thread)
	if err != nil {
		return nil, err
	}
	var items []item
	todo := slices.Clone(root.Replies)
	slices.Reverse(todo)
	for len(todo) > 0 && len(items) < maxThread {
		n := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if len(n.Post) > 0 {
			it, more, err := h.node(ctx, n)
			if err != nil {
				return nil, err
			}
			items = append(items, it...)
			n.Replies = more
		}
		for _, r := range slices.Backward(n.Replies) {
			todo = append(todo, r)
		}
	}
	return items, nil
}

// node reads one post of a thread, and the answers to it if the app view left them out.
func (h *hearing) node(ctx context.Context, n api.Node) ([]item, []api.Node, error) {
	s := h.strands[0]
	v, err := api.DecodePost(n.Post)
	if err != nil {
		return nil, n.Replies, nil //nolint:nilerr // one post that cannot be shown does not hide the others
	}
	it, err := s.item(n.Post)
	if err != nil {
		return nil, n.Replies, err
	}
	it.strand = s
	if it.event.Root.IsZero() {
		it.event.Root = h.c.postRef(h.feed.thread)
	}
	if len(n.Replies) > 0 || v.Counts.Replies == 0 || h.below.bare[v.URI] == v.Counts.Replies {
		return []item{it}, n.Replies, nil
	}
	further, err := h.c.api.Thread(ctx, h.op, h.c.cfg.AppView, v.URI)
	if parvis.CodeOf(err) == parvis.ErrNotFound {
		further, err = api.Node{}, nil // gone meanwhile
	}
	if err == nil && len(further.Replies) == 0 {
		h.below.bare[v.URI] = v.Counts.Replies
	}
	return []item{it}, further.Replies, err
}
