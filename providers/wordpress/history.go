package wordpress

import (
	"context"
	"iter"
	"maps"
	"net/url"
	"strings"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/listen"
	"github.com/parvis-go/parvis/providers/wordpress/internal/api"
)

// History delivers comments and posts, newest first; with q.Thread the comments below a
// post or comment, oldest first. It ends at q.Since and q.After.
func (c *Client) History(ctx context.Context, q listen.Query) iter.Seq2[listen.Event, error] {
	return func(yield func(listen.Event, error) bool) {
		h, err := c.hearer(ctx, "read history", q)
		if err == nil {
			h.at, err = parseCursor(q.Since)
		}
		if err != nil {
			yield(listen.Event{}, err)
			return
		}
		h.source = "history"
		if q.Thread.IsZero() {
			h.backwards(ctx, url.Values{}, yield)
			return
		}
		if more, err := h.round(ctx, yield); more && err != nil {
			yield(listen.Event{}, err)
		}
	}
}

// Search finds posts and comments by their words, or posts by a tag, newest first.
func (c *Client) Search(ctx context.Context, q listen.Query) iter.Seq2[listen.Event, error] {
	return func(yield func(listen.Event, error) bool) {
		h, err := c.hearer(ctx, "search", q)
		if err == nil {
			h.at, err = parseCursor(q.Since)
		}
		extra := url.Values{}
		if err == nil && q.Tag != "" {
			var id int
			id, err = c.findTerm(ctx, h.op, tags, strings.TrimPrefix(q.Tag, "#"))
			if err == nil && id == 0 {
				return // no post has this tag
			}
			extra.Set("tags", itoa(id))
		}
		if err != nil {
			yield(listen.Event{}, err)
			return
		}
		if q.Text != "" {
			extra.Set("search", q.Text)
		}
		h.source = "search"
		h.backwards(ctx, extra, yield)
	}
}

// backwards delivers comments and posts from now into the past. A list of comments knows
// no tags.
func (h *hearer) backwards(ctx context.Context, extra url.Values, yield func(listen.Event, error) bool) {
	if err := h.kin(ctx); err != nil {
		yield(listen.Event{}, err)
		return
	}
	var ways []iter.Seq2[item, error]
	for _, strand := range h.strands() {
		if strand == strandEdits || strand == strandComments && extra.Has("tags") {
			continue
		}
		s := &sweep{c: h.c, call: h.call(strand), strand: strand, desc: true, fold: h.fold}
		maps.Copy(s.call.Query, extra)
		ways = append(ways, h.until(s.run(ctx)))
	}
	for it, err := range merge(ways, func(a, b item) bool { return a.at > b.at }) {
		var ev listen.Event
		var want bool
		if err == nil {
			ev, want, err = h.event(ctx, it)
		}
		if err != nil {
			yield(listen.Event{}, err)
			return
		}
		ev.Cursor = cursorAt(it)
		if want && !yield(ev, nil) {
			return
		}
	}
}

// until ends a strand at the query's cursor and time.
func (h *hearer) until(in iter.Seq2[item, error]) iter.Seq2[item, error] {
	return func(yield func(item, error) bool) {
		for it, err := range in {
			if err == nil {
				at := &h.at[it.strand]
				if it.at < at.from || !h.q.After.IsZero() && it.at < h.q.After.Unix() {
					return
				}
				if at.knows(it.id, it.version) {
					continue
				}
			}
			if !yield(it, err) || err != nil {
				return
			}
		}
	}
}

// cursorAt is where to listen from to hear everything after an item of the past.
func cursorAt(it item) listen.Cursor {
	var ps positions
	for i := range ps {
		ps[i].from = it.at
	}
	ps[it.strand].note(it.id, it.version)
	return ps.cursor()
}

// Members lists the users of the site. An account that may not list users gets those
// who have published something.
//
// https://developer.wordpress.org/rest-api/reference/users/#list-users
func (c *Client) Members(ctx context.Context, place parvis.Place) iter.Seq2[parvis.Person, error] {
	return func(yield func(parvis.Person, error) bool) {
		const op = "list members"
		me, err := c.whoami(ctx, op)
		if err == nil && !place.Ref.IsZero() {
			err = c.refuse(op, parvis.ErrUnsupported, "WordPress has users of the whole site only", "leave the place empty")
		}
		if err != nil {
			yield(parvis.Person{}, err)
			return
		}
		q := url.Values{"orderby": {"id"}}
		if me.Capabilities["list_users"] {
			q.Set("context", "edit")
		}
		for raw, err := range c.all(ctx, api.Call{Op: op, Route: "/wp/v2/users", Query: q}) {
			var u api.User
			if err == nil {
				err = decode(op, raw, &u)
			}
			if err != nil {
				yield(parvis.Person{}, err)
				return
			}
			if !yield(c.personOf(u), nil) {
				return
			}
		}
	}
}
