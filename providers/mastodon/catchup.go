package mastodon

import (
	"context"
	"net/url"
	"slices"
	"time"
)

// maxBacklog is how many items are held at most while a server is read backwards.
const maxBacklog = 4000

// A side is one list that a feed is read from: its own, or the account's posts.
type side struct {
	page func(context.Context, url.Values) ([]item, error)
	from string // the ID of the last item read
	held []item // read and not taken yet, oldest first
	end  bool
}

// sides returns the lists that the feed consists of.
func (h *hearing) sides() []*side {
	all := []*side{{page: h.page, from: string(h.at)}}
	if h.feed.withOwn {
		all = append(all, &side{page: h.ownPage, from: string(h.own)})
	}
	return all
}

// catchUp delivers what came since the last item, oldest first.
func (h *hearing) catchUp(ctx context.Context) error {
	if h.feed.thread != "" {
		return h.answers(ctx)
	}
	sides := h.sides()
	fill := h.forward
	if !h.server.forward || h.at == "" && !h.q.After.IsZero() {
		fill = h.backward
	}
	for {
		var oldest *side
		for _, s := range sides {
			if len(s.held) == 0 && !s.end {
				if err := fill(ctx, s); err != nil {
					return err
				}
			}
			if len(s.held) > 0 && (oldest == nil || s.held[0].event.Time.Before(oldest.held[0].event.Time)) {
				oldest = s
			}
		}
		if oldest == nil {
			return nil
		}
		it := oldest.held[0]
		oldest.held = oldest.held[1:]
		if err := h.take(it); err != nil {
			return err
		}
	}
}

// forward reads the page that follows the last item read.
func (h *hearing) forward(ctx context.Context, s *side) error {
	begin := s.from
	if begin == "" {
		begin = "0"
	}
	page, err := s.page(ctx, url.Values{"min_id": {begin}})
	if err != nil {
		return err
	}
	page = slices.DeleteFunc(page, func(it item) bool { return !older(begin, it.id) })
	slices.SortStableFunc(page, func(a, b item) int { return compare(a.id, b.id) })
	if len(page) == 0 {
		s.end = true
		return nil
	}
	if h.feed.forgets && s.from != "" && s.from == string(h.at) {
		if err := h.reaches(ctx, page[0]); err != nil {
			return err
		}
	}
	s.held, s.from = page, page[len(page)-1].id
	return nil
}

func compare(a, b string) int {
	switch {
	case older(a, b):
		return -1
	case older(b, a):
		return 1
	}
	return 0
}

// reaches marks a hole if the server has forgotten what came before the oldest item that
// it gave: then nothing shows that the cursor's own neighbour is still there.
func (h *hearing) reaches(ctx context.Context, oldest item) error {
	before, err := h.page(ctx, url.Values{"max_id": {oldest.id}})
	if err != nil || len(before) > 0 {
		return err
	}
	return h.gap(time.Time{}, oldest.event.Time, "the server keeps the newest posts of this timeline only, and the cursor is older")
}

// backward reads from the newest item to the last one delivered, for servers that cannot
// page forward. What it holds is then in the right order.
func (h *hearing) backward(ctx context.Context, s *side) error {
	s.end = true
	q := url.Values{}
	for len(s.held) < maxBacklog {
		page, err := s.page(ctx, q)
		if err != nil {
			return err
		}
		for _, it := range page {
			if s.from != "" && !older(s.from, it.id) || !h.q.After.IsZero() && it.heard && it.event.Time.Before(h.q.After) {
				slices.Reverse(s.held)
				return nil
			}
			s.held = append(s.held, it)
		}
		if len(page) == 0 || page[len(page)-1].id == q.Get("max_id") {
			slices.Reverse(s.held)
			return nil
		}
		q = url.Values{"max_id": {page[len(page)-1].id}}
	}
	slices.Reverse(s.held)
	return h.gap(time.Time{}, s.held[0].event.Time, "there is more than can be caught up with")
}
