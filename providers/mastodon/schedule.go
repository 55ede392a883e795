package mastodon

import (
	"context"
	"iter"
	"net/url"
	"slices"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/publish"
)

// Scheduled gives the posts that wait, soonest first. Their references serve Get,
// Reschedule, Unschedule and Delete, and no other power.
func (c *Client) Scheduled(ctx context.Context) iter.Seq2[publish.Post, error] {
	return func(yield func(publish.Post, error) bool) {
		all, err := c.scheduled(ctx)
		if err != nil {
			yield(publish.Post{}, err)
			return
		}
		for _, p := range all {
			if !yield(p, nil) {
				return
			}
		}
	}
}

// scheduled reads all pages: the server sorts by the order of creation.
func (c *Client) scheduled(ctx context.Context) ([]publish.Post, error) {
	var all []publish.Post
	q := url.Values{"limit": {pageSize}}
	for {
		page, err := c.api.ScheduledPage(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, s := range page.Items {
			all = append(all, c.waiting(s))
		}
		if page.Next == nil || len(page.Items) == 0 || page.Next.Get("max_id") == q.Get("max_id") {
			break
		}
		q = page.Next
	}
	slices.SortStableFunc(all, func(a, b publish.Post) int { return a.At.Compare(b.At) })
	return all, nil
}

// Reschedule moves a waiting post.
func (c *Client) Reschedule(ctx context.Context, post parvis.Ref, at time.Time) (publish.Post, error) {
	id, err := c.waitingID(post)
	if err != nil {
		return publish.Post{}, err
	}
	s, err := c.info(ctx)
	if err != nil {
		return publish.Post{}, notSent(err)
	}
	if !s.schedule {
		return publish.Post{}, parvis.Unsupported(c.Account(), "reschedule", "a post that waits cannot be moved on this server")
	}
	if !at.After(time.Now()) {
		return publish.Post{}, &parvis.Error{Code: parvis.ErrInvalid, Message: "the time is past"}
	}
	got, err := c.api.Reschedule(ctx, id, at.UTC().Format(time.RFC3339))
	if err != nil {
		return publish.Post{}, err
	}
	return c.waiting(got), nil
}

// Unschedule removes a waiting post.
func (c *Client) Unschedule(ctx context.Context, post parvis.Ref) error {
	if _, err := c.waitingID(post); err != nil {
		return err
	}
	return c.Delete(ctx, post)
}

func (c *Client) waitingID(post parvis.Ref) (string, error) {
	id, scheduled, err := postID(post)
	if err == nil && !scheduled {
		err = &parvis.Error{Code: parvis.ErrConflict, Message: "the post does not wait", Help: "pass a reference that publish.ScheduledPosts gave out"}
	}
	return id, err
}
