package wordpress

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"net/url"
	"slices"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers/wordpress/internal/api"
	"github.com/parvis-go/parvis/publish"
)

// Scheduled gives the account's own posts and pages that wait for their time, soonest first.
//
// https://developer.wordpress.org/rest-api/reference/posts/#list-posts
func (c *Client) Scheduled(ctx context.Context) iter.Seq2[publish.Post, error] {
	return func(yield func(publish.Post, error) bool) {
		waiting, err := c.waiting(ctx)
		for _, post := range waiting {
			if err == nil && !yield(post, nil) {
				return
			}
		}
		if err != nil {
			yield(publish.Post{}, err)
		}
	}
}

// waiting lists posts and pages together.
func (c *Client) waiting(ctx context.Context) ([]publish.Post, error) {
	const op = "list scheduled posts"
	me, err := c.whoami(ctx, op)
	if err != nil {
		return nil, err
	}
	var all []publish.Post
	for _, route := range []string{posts, pages} {
		if !rightsOf(me, route).write.OK() {
			continue
		}
		q := url.Values{"status": {statusFuture}, "author": {itoa(me.ID)}, "orderby": {"id"}, "order": {"asc"}, "context": {"edit"}}
		for raw, err := range c.all(ctx, api.Call{Op: op, Route: "/wp/v2/" + route, Query: q}) {
			var p api.Post
			if err == nil {
				err = decode(op, raw, &p)
			}
			if err != nil {
				return nil, err
			}
			all = append(all, c.post(p, raw))
		}
	}
	slices.SortStableFunc(all, func(a, b publish.Post) int { return cmp.Compare(a.At.UnixNano(), b.At.UnixNano()) })
	return all, nil
}

// Reschedule moves a post that waits. One that is out already gives [parvis.ErrConflict].
//
// https://developer.wordpress.org/rest-api/reference/posts/#update-a-post
func (c *Client) Reschedule(ctx context.Context, ref parvis.Ref, at time.Time) (publish.Post, error) {
	const op = "reschedule"
	t, err := c.stillWaiting(ctx, op, ref)
	if err != nil {
		return publish.Post{}, err
	}
	return c.change(ctx, op, t, fields{"status": statusFuture, "date_gmt": api.FormatTime(at)})
}

// Unschedule puts a post that waits into the trash, or deletes it where the site has none.
func (c *Client) Unschedule(ctx context.Context, ref parvis.Ref) error {
	const op = "unschedule"
	t, err := c.stillWaiting(ctx, op, ref)
	if err != nil {
		return err
	}
	err = c.drop(ctx, op, t, false)
	if errors.Is(err, parvis.ErrUnsupported) {
		err = c.drop(ctx, op, t, true)
	}
	return err
}

func (c *Client) stillWaiting(ctx context.Context, op string, ref parvis.Ref) (target, error) {
	t, err := c.find(op, ref)
	if err != nil {
		return t, err
	}
	if t.kind != parvis.KindPost {
		return t, c.refuse(op, parvis.ErrUnsupported, "comments are not scheduled", "")
	}
	p, _, err := c.readPost(ctx, op, t)
	switch {
	case err != nil:
		return t, err
	case p.Status == statusTrash:
		return t, c.inTrash(op)
	case p.Status != statusFuture:
		return t, c.refuse(op, parvis.ErrConflict, "the post does not wait for a time any more", "read it with publish.Get, then decide")
	}
	return t, nil
}
