package wordpress

import (
	"context"
	"iter"
	"net/url"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/listen"
	"github.com/parvis-go/parvis/providers/wordpress/internal/api"
	"github.com/parvis-go/parvis/publish"
)

// event returns the event that an item is, and whether the query wants it.
func (h *hearer) event(ctx context.Context, it item) (listen.Event, bool, error) {
	if it.strand == strandComments {
		return h.commentEvent(ctx, it)
	}
	ev, ok := h.postEvent(it)
	return ev, ok && h.wants(ev), nil
}

// wants leaves out what the query does not ask for, and the account's own.
func (h *hearer) wants(ev listen.Event) bool {
	if !h.q.Wants(ev.Kind) || !h.q.After.IsZero() && ev.Time.Before(h.q.After) {
		return false
	}
	return h.q.Own || ev.Kind == listen.Delete || ev.Author.Ref.IsZero() || ev.Author.Ref.ID != itoa(h.me.ID)
}

// postEvent is a new post, or a post that was changed or trashed.
func (h *hearer) postEvent(it item) (listen.Event, bool) {
	p := it.post
	post := h.c.post(p, it.raw)
	ev := listen.Event{
		ID: postID(p), Kind: listen.Post, Ref: post.Ref, Author: post.Author, Place: h.q.Place, Title: post.Title, Text: post.Text,
		Media: post.Media, Visibility: string(post.Visibility), Time: p.Date.Time, URL: p.Link, Source: h.source, Raw: it.raw,
	}
	if p.Modified.After(p.Date.Time) {
		ev.Edited = p.Modified.Time
	}
	if it.strand == strandPosts {
		return ev, p.Status == statusPublish || p.Status == statusPrivate
	}
	ev.ID += "@" + p.Modified.UTC().Format("20060102T150405") + "." + itoa(it.no)
	ev.Kind, ev.Edited = listen.Edit, p.Modified.Time
	if p.Status == statusTrash {
		return listen.Event{
			ID: ev.ID, Kind: listen.Delete, Ref: ev.Ref, Author: ev.Author, Place: ev.Place, Title: ev.Title,
			Time: p.Modified.Time, Source: h.source, Raw: it.raw,
		}, true
	}
	_, before := h.at[strandEdits].ids[it.id] // in another version, or it would not be here
	return ev, before || p.Modified.After(p.Date.Time)
}

// postID is the ID of the event that a post came out.
func postID(p api.Post) string {
	if p.Type == "page" {
		return "page:" + itoa(p.ID)
	}
	return "post:" + itoa(p.ID)
}

// statusWords are WordPress's words for the status of comments in those of events.
var statusWords = map[string]string{commentHold: string(publish.Held)}

// commentEvent is a comment, or a reply if it answers one of the account's own.
func (h *hearer) commentEvent(ctx context.Context, it item) (listen.Event, bool, error) {
	m := it.comment
	in, err := h.inside.has(ctx, h.op, m)
	if err != nil || !in || !h.family.has(m) {
		return listen.Event{}, false, err
	}
	ev := listen.Event{
		ID: "comment:" + itoa(m.ID), Kind: listen.Comment, Ref: h.c.commentRef(m.ID), Parent: h.c.parentOf(m),
		Root: h.c.postRef(m.Post, m.PostType()), Author: h.c.speaker(m), Place: h.q.Place, Text: commentText(m),
		Status: m.Status, Time: m.Date.Time, URL: m.Link, Source: h.source, Raw: it.raw,
	}
	if word, ok := statusWords[m.Status]; ok {
		ev.Status = word
	}
	h.mine[m.ID] = m.Author == h.me.ID
	if m.Parent != 0 {
		own, err := h.own(ctx, m.Parent)
		if err != nil {
			return listen.Event{}, false, err
		}
		if own {
			ev.Kind = listen.Reply
		}
	}
	return ev, h.wants(ev), nil
}

// maxMine bounds how many comments a hearer remembers the authors of.
const maxMine = 10000

// own reports whether a comment is the account's own. One that is gone is not.
func (h *hearer) own(ctx context.Context, id int) (bool, error) {
	if own, ok := h.mine[id]; ok {
		return own, nil
	}
	if len(h.mine) > maxMine {
		clear(h.mine)
	}
	m, _, err := h.c.readComment(ctx, h.op, target{route: "comments", id: id})
	switch parvis.CodeOf(err) {
	case parvis.ErrNotFound, parvis.ErrPermission:
		err = nil
	}
	h.mine[id] = err == nil && m.Author == h.me.ID && m.Author != 0
	return h.mine[id], err
}

// A filter tells which comments belong to a place. A nil filter lets everything through.
type filter struct {
	c     *Client
	where spot
	posts map[int]bool
}

// filterFor returns the filter of a place; the zero place is everywhere.
func (c *Client) filterFor(where spot, place parvis.Place) *filter {
	if place.Ref.IsZero() {
		return nil
	}
	return &filter{c: c, where: where, posts: make(map[int]bool)}
}

// has reports whether a comment belongs to the place.
func (f *filter) has(ctx context.Context, op string, m api.Comment) (bool, error) {
	if f == nil {
		return true, nil
	}
	if (m.PostType() == "page") != (f.where.route == pages) {
		return false, nil
	}
	if f.where.category == 0 {
		return true, nil
	}
	if in, ok := f.posts[m.Post]; ok {
		return in, nil
	}
	page, err := f.c.api.List(ctx, api.Call{
		Op: op, Route: "/wp/v2/" + posts,
		Query: url.Values{"include": {itoa(m.Post)}, "categories": {itoa(f.where.category)}, "_fields": {"id"}},
	})
	if err != nil {
		return false, err
	}
	f.posts[m.Post] = len(page.Items) > 0
	return f.posts[m.Post], nil
}

// A family is a comment with everything below it. A nil family is everything.
type family struct {
	head    int
	parents map[int]int
}

// kin learns which comments lie below the comment that the query is about.
func (h *hearer) kin(ctx context.Context) error {
	if h.thread.kind != parvis.KindComment {
		return nil
	}
	head, _, err := h.c.readComment(ctx, h.op, h.thread)
	if err != nil {
		return err
	}
	k := h.call(strandComments)
	k.Query.Set("post", itoa(head.Post))
	k.Query.Set("orderby", "id")
	k.Query.Set("order", "asc")
	f := &family{head: head.ID, parents: make(map[int]int)}
	for raw, err := range h.c.all(ctx, k) {
		var m api.Comment
		if err == nil {
			err = decode(h.op, raw, &m)
		}
		if err != nil {
			return err
		}
		f.parents[m.ID] = m.Parent
	}
	h.family = f
	return nil
}

// has reports whether m lies below the head. Parents in a circle end the search.
func (f *family) has(m api.Comment) bool {
	if f == nil {
		return true
	}
	f.parents[m.ID] = m.Parent
	for id, steps := m.Parent, 0; id != 0 && steps <= len(f.parents); id, steps = f.parents[id], steps+1 {
		if id == f.head {
			return true
		}
	}
	return false
}

// merge gives the items of several ordered sequences in one order. The first error ends it.
func merge(ways []iter.Seq2[item, error], before func(a, b item) bool) iter.Seq2[item, error] {
	type head struct {
		item item
		ok   bool
		next func() (item, error, bool)
	}
	return func(yield func(item, error) bool) {
		heads := make([]head, len(ways))
		pull := func(i int) bool {
			it, err, ok := heads[i].next()
			if err != nil {
				yield(item{}, err)
				return false
			}
			heads[i].item, heads[i].ok = it, ok
			return true
		}
		for i, way := range ways {
			next, stop := iter.Pull2(way)
			defer stop()
			heads[i].next = next
			if !pull(i) {
				return
			}
		}
		for {
			least := -1
			for i, h := range heads {
				if h.ok && (least < 0 || before(h.item, heads[least].item)) {
					least = i
				}
			}
			if least < 0 || !yield(heads[least].item, nil) || !pull(least) {
				return
			}
		}
	}
}
