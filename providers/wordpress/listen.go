package wordpress

import (
	"context"
	"iter"
	"net/url"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/listen"
	"github.com/parvis-go/parvis/providers/wordpress/internal/api"
)

// Listen delivers comments, posts, and posts that were changed or trashed, oldest first.
// With q.Follow the site is asked again every q.Every; failures that pass are waited out.
//
// https://developer.wordpress.org/rest-api/reference/comments/#list-comments
// https://developer.wordpress.org/rest-api/reference/posts/#list-posts
func (c *Client) Listen(ctx context.Context, q listen.Query) iter.Seq2[listen.Event, error] {
	return func(yield func(listen.Event, error) bool) {
		h, err := c.hearer(ctx, "listen", q)
		if err == nil {
			h.at, err = parseCursor(q.Since)
		}
		if err != nil {
			yield(listen.Event{}, err)
			return
		}
		h.source = "poll"
		for {
			more, err := h.round(ctx, yield)
			if !more {
				return
			}
			if err != nil && (!q.Follow || !parvis.CodeOf(err).Transient() || ctx.Err() != nil) {
				yield(listen.Event{}, err)
				return
			}
			if !q.Follow || !sleep(ctx, h.wait(err)) {
				return
			}
		}
	}
}

// sleep waits for d and reports false if ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// A hearer is one call of Listen, History or Search.
type hearer struct {
	c      *Client
	op     string
	q      listen.Query
	me     api.User
	where  spot
	inside *filter
	thread target
	source string
	fold   int64
	at     positions
	family *family
	mine   map[int]bool    // whether a comment is the account's own
	told   map[int]version // which version of a post came out as new
}

// hearer checks q and asks what must be known of the site.
func (c *Client) hearer(ctx context.Context, op string, q listen.Query) (*hearer, error) {
	h := &hearer{c: c, op: op, q: q, mine: make(map[int]bool), told: make(map[int]version)}
	var err error
	if h.where, err = c.locate(op, q.Place.Ref); err != nil {
		return nil, err
	}
	h.inside = c.filterFor(h.where, q.Place)
	if !q.Thread.IsZero() {
		if h.thread, err = c.find(op, q.Thread); err != nil {
			return nil, err
		}
	}
	if h.me, err = c.whoami(ctx, op); err != nil {
		return nil, err
	}
	folds, err := c.folds(ctx, op)
	if folds {
		h.fold = foldSeconds
	}
	return h, err
}

// folds reports whether the site's clock may change twice a year: its zone has a name.
func (c *Client) folds(ctx context.Context, op string) (bool, error) {
	return c.zone.Get(ctx, func(ctx context.Context) (bool, error) {
		ix, err := c.api.Index(ctx, op)
		return ix.Zone != "" && ix.Zone != "UTC", err
	})
}

// wait is how long a followed site is left alone.
func (h *hearer) wait(err error) time.Duration {
	every := h.q.Every
	if every <= 0 {
		every = h.c.cfg.Every
	}
	if e, ok := err.(*parvis.Error); ok { //nolint:errorlint // the API client returns no other
		every = max(every, e.RetryAfter)
	}
	return every
}

func (h *hearer) overlap() int64 { return int64(h.c.cfg.Overlap / time.Second) }

// strands are those that the query wants.
func (h *hearer) strands() []int {
	var out []int
	if h.q.Wants(listen.Comment) || h.q.Wants(listen.Reply) {
		out = append(out, strandComments)
	}
	if h.q.Thread.IsZero() && h.q.Wants(listen.Post) {
		out = append(out, strandPosts)
	}
	if h.q.Thread.IsZero() && (h.q.Wants(listen.Edit) || h.q.Wants(listen.Delete)) {
		out = append(out, strandEdits)
	}
	return out
}

// call returns the list that a strand reads.
func (h *hearer) call(strand int) api.Call {
	k := api.Call{Op: h.op, Route: h.where.path(), Query: url.Values{}}
	writer := h.me.Capabilities["edit_posts"]
	if strand == strandComments {
		k.Route = "/wp/v2/comments"
		if writer {
			k.Query.Set("status", "any")
		}
		if h.thread.kind == parvis.KindPost {
			k.Query.Set("post", itoa(h.thread.id))
		}
		return k
	}
	k.Query.Set("_embed", "author")
	if h.where.category != 0 {
		k.Query.Set("categories", itoa(h.where.category))
	}
	if rightsOf(h.me, h.where.route).write.OK() {
		k.Query.Set("status", "publish,private")
		if strand == strandEdits {
			k.Query.Set("status", "publish,private,trash")
		}
	}
	return k
}

// round delivers what is new, and reports false if the reader has left.
func (h *hearer) round(ctx context.Context, yield func(listen.Event, error) bool) (bool, error) {
	if err := h.kin(ctx); err != nil {
		return true, err
	}
	if err := h.overdue(ctx); err != nil {
		return true, err
	}
	var ways []iter.Seq2[item, error]
	for _, strand := range h.strands() {
		bound := h.at[strand].from
		if !h.q.After.IsZero() {
			bound = max(bound, h.q.After.Unix())
		}
		s := &sweep{c: h.c, call: h.call(strand), strand: strand, bound: bound, overlap: h.overlap(), fold: h.fold}
		ways = append(ways, s.run(ctx))
	}
	for it, err := range merge(ways, func(a, b item) bool { return a.at < b.at }) {
		if err != nil {
			return true, err
		}
		more, err := h.deliver(ctx, it, yield)
		if err != nil || !more {
			return more, err
		}
	}
	return true, nil
}

// overdue holds the position of the posts back at the first that waits for its time: if
// the site's cron is late, it comes out with a date that is past. Only who may change
// the posts of others sees these.
func (h *hearer) overdue(ctx context.Context) error {
	p := &h.at[strandPosts]
	p.hold = 0
	if !h.q.Wants(listen.Post) || !h.q.Thread.IsZero() || !rightsOf(h.me, h.where.route).others.OK() {
		return nil
	}
	list, err := h.c.api.List(ctx, api.Call{Op: h.op, Route: h.where.path(), Query: url.Values{
		"status": {statusFuture}, "orderby": {"date"},
		"order": {"asc"}, "per_page": {"1"},
	}})
	if err != nil || len(list.Items) == 0 {
		return err
	}
	var first api.Post
	if err := decode(h.op, list.Items[0], &first); err != nil {
		return err
	}
	p.hold = seconds(first.Date.Time)
	return nil
}

// deliver passes one item on, and notes that it was.
func (h *hearer) deliver(ctx context.Context, it item, yield func(listen.Event, error) bool) (bool, error) {
	p := &h.at[it.strand]
	if p.knows(it.id, it.version) {
		p.add(it.id, it.version, h.overlap()) // so that it moves on
		return true, nil
	}
	ev, want, err := h.event(ctx, it)
	if err != nil {
		return true, err
	}
	p.add(it.id, it.version, h.overlap())
	if h.heard(it) || !want {
		return true, nil
	}
	ev.Cursor = h.at.cursor()
	return yield(ev, nil), nil
}

// maxTold bounds how many posts a hearer remembers the versions of.
const maxTold = 100000

// heard reports whether an item is the change of a post that came out as new in this very
// version: posts come as they are when they are read.
func (h *hearer) heard(it item) bool {
	switch it.strand {
	case strandPosts:
		if len(h.told) > maxTold {
			clear(h.told)
		}
		now := changeOf(it.post)
		h.told[it.id] = now
		if now.at == it.at && (h.q.Wants(listen.Edit) || h.q.Wants(listen.Delete)) {
			h.at[strandEdits].note(it.id, now) // a change within the second will differ
		}
	case strandEdits:
		v, ok := h.told[it.id]
		return ok && v == it.version
	}
	return false
}
