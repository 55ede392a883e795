package mastodon

import (
	"context"
	"errors"
	"iter"
	"net/url"
	"slices"
	"strconv"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/listen"
	"github.com/parvis-go/parvis/providers/mastodon/internal/api"
)

// answers delivers what was said below a post and has not been delivered yet, in the
// order of its IDs.
func (h *hearing) answers(ctx context.Context) error {
	got, err := h.c.api.Context(ctx, h.feed.thread)
	if err != nil {
		return err
	}
	items := h.items(got.Descendants)
	slices.SortStableFunc(items, func(a, b item) int { return compare(a.id, b.id) })
	since := string(h.at)
	if h.answered == nil {
		h.answered = make(map[string]bool, len(items))
		for _, it := range items {
			h.answered[it.id] = since != "" && !older(since, it.id)
		}
	}
	for _, it := range items {
		if h.answered[it.id] {
			continue
		}
		h.answered[it.id] = true
		it.event.Root = h.c.ref(parvis.KindPost, h.feed.thread)
		if err := h.take(it); err != nil {
			return err
		}
	}
	return nil
}

// History reads the account's notifications, a place or a hashtag backwards; with
// q.Thread, all answers below the post, as the server orders them.
func (c *Client) History(ctx context.Context, q listen.Query) iter.Seq2[listen.Event, error] {
	return c.run(ctx, q, func(h *hearing) error {
		if h.feed.thread == "" {
			return h.past(ctx)
		}
		got, err := h.c.api.Context(ctx, h.feed.thread)
		if err != nil {
			return err
		}
		for _, it := range h.items(got.Descendants) {
			it.event.Root = h.c.ref(parvis.KindPost, h.feed.thread)
			if err := h.show(it); err != nil {
				return err
			}
		}
		return nil
	})
}

// run runs read over a hearing of q whose events come from the past.
func (c *Client) run(ctx context.Context, q listen.Query, read func(*hearing) error) iter.Seq2[listen.Event, error] {
	return func(yield func(listen.Event, error) bool) {
		h, err := c.hear(ctx, q)
		if err == nil {
			h.yield, h.source = yield, "history"
			err = read(h)
		}
		if err != nil && !errors.Is(err, errStopped) {
			yield(listen.Event{Account: c.Account()}, err)
		}
	}
}

// show delivers an item with the cursor behind it, going backwards.
func (h *hearing) show(it item) error {
	h.at = position(it.id)
	if !it.heard {
		return nil
	}
	return h.deliver(it.event)
}

// past pages back to q.Since, to q.After, or to the end.
func (h *hearing) past(ctx context.Context) error {
	end, q := string(h.at), url.Values{}
	for {
		page, err := h.page(ctx, q)
		if err != nil {
			return err
		}
		for _, it := range page {
			if end != "" && !older(end, it.id) || it.heard && !h.q.After.IsZero() && it.event.Time.Before(h.q.After) {
				return nil
			}
			if err := h.show(it); err != nil {
				return err
			}
		}
		if len(page) == 0 || page[len(page)-1].id == q.Get("max_id") {
			return nil
		}
		q = url.Values{"max_id": {page[len(page)-1].id}}
	}
}

// searchMax is how many results are read at most, page by page.
const searchMax = 2000

// Search finds q.Text among what the server has indexed; a hashtag alone is looked up in
// its timeline. See https://docs.joinmastodon.org/methods/search/#v2.
func (c *Client) Search(ctx context.Context, q listen.Query) iter.Seq2[listen.Event, error] {
	if q.Text == "" {
		q.Place, q.Thread = parvis.Place{}, parvis.Ref{}
		return c.run(ctx, q, func(h *hearing) error {
			h.source = "search"
			return h.past(ctx)
		})
	}
	words := q.Text
	if q.Tag != "" {
		words += " #" + q.Tag
	}
	q = listen.Query{Kinds: q.Kinds, After: q.After, Own: q.Own}
	return c.run(ctx, q, func(h *hearing) error {
		h.feed.name, h.source = "", "search"
		return h.search(ctx, words)
	})
}

func (h *hearing) search(ctx context.Context, words string) error {
	for offset := 0; offset < searchMax; {
		found, err := h.c.api.Search(ctx, url.Values{"q": {words}, "type": {"statuses"}, "limit": {pageSize}, "offset": {strconv.Itoa(offset)}})
		if err != nil {
			return err
		}
		for i := range found {
			ev := h.said(&found[i])
			if !h.q.After.IsZero() && ev.Time.Before(h.q.After) {
				continue
			}
			if err := h.deliver(ev); err != nil {
				return err
			}
		}
		if len(found) == 0 {
			return nil
		}
		offset += len(found)
	}
	return nil
}

// Members lists the account's followers, the newest first, as far as the server shows
// them; see https://docs.joinmastodon.org/methods/accounts/#followers.
func (c *Client) Members(ctx context.Context, place parvis.Place) iter.Seq2[parvis.Person, error] {
	return func(yield func(parvis.Person, error) bool) {
		if !place.IsZero() {
			yield(parvis.Person{}, parvis.Unsupported(c.Account(), "list members", "only the account's own followers can be listed"))
			return
		}
		me, err := c.me(ctx)
		if err != nil {
			yield(parvis.Person{}, err)
			return
		}
		q := url.Values{"limit": {pageSize}}
		for q != nil {
			page, err := c.api.Followers(ctx, me.ID, q)
			if err != nil {
				yield(parvis.Person{}, err)
				return
			}
			if !c.people(page.Items, yield) {
				return
			}
			if q = further(q, page.Next, len(page.Items)); q == nil {
				return
			}
		}
	}
}

func (c *Client) people(all []api.Account, yield func(parvis.Person, error) bool) bool {
	for i := range all {
		if !yield(c.person(&all[i]), nil) {
			return false
		}
	}
	return true
}

// further returns the query of the next page, or nil if there is none or it leads nowhere.
func further(now, next url.Values, items int) url.Values {
	if items == 0 || next == nil || next.Get("max_id") == now.Get("max_id") && next.Get("offset") == now.Get("offset") && next.Get("page") == now.Get("page") {
		return nil
	}
	return next
}
