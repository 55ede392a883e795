package wordpress

import (
	"context"
	"fmt"
	"net/url"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers/wordpress/internal/api"
	"github.com/parvis-go/parvis/publish"
)

// Trash puts a post, page or comment into the trash. WordPress does not tell which status
// a post had before, so that is noted in the post's text first.
//
// https://developer.wordpress.org/rest-api/reference/posts/#delete-a-post
func (c *Client) Trash(ctx context.Context, ref parvis.Ref) error {
	const op = "trash"
	t, err := c.find(op, ref)
	if err != nil {
		return err
	}
	if t.kind == parvis.KindComment {
		_, _, err := c.setComment(ctx, op, t.id, fields{"status": commentTrash})
		return err
	}
	return c.trashPost(ctx, op, t)
}

// trashPost notes the status that a post has, and puts it into the trash.
func (c *Client) trashPost(ctx context.Context, op string, t target) error {
	old, _, err := c.readPost(ctx, op, t)
	if err != nil {
		return err
	}
	if old.Status == statusTrash {
		return c.refuse(op, parvis.ErrConflict, "it is in the trash already", "")
	}
	body, m := cutMark(old.Content.Raw)
	m.status = old.Status
	if _, err := c.change(ctx, op, t, fields{"content": m.with(body)}); err != nil {
		return err
	}
	return c.drop(ctx, op, t, false)
}

// Restore brings back what is in the trash. A post that Trash put there gets the status
// that it had; any other becomes a draft, as in WordPress itself, lest something private
// becomes public.
func (c *Client) Restore(ctx context.Context, ref parvis.Ref) (publish.Post, error) {
	const op = "restore"
	t, err := c.find(op, ref)
	if err != nil {
		return publish.Post{}, err
	}
	if t.kind == parvis.KindComment {
		m, raw, err := c.untrash(ctx, op, t)
		if err != nil {
			return publish.Post{}, err
		}
		return c.answer(m, raw), nil
	}
	return c.restorePost(ctx, op, t)
}

func (c *Client) untrash(ctx context.Context, op string, t target) (m api.Comment, raw []byte, err error) {
	if m, raw, err = c.readComment(ctx, op, t); err != nil {
		return m, raw, err
	}
	if m.Status != commentTrash {
		return m, raw, c.refuse(op, parvis.ErrConflict, "the comment is not in the trash", "")
	}
	return c.setComment(ctx, op, t.id, fields{"status": "untrash"})
}

func (c *Client) restorePost(ctx context.Context, op string, t target) (publish.Post, error) {
	old, _, err := c.readPost(ctx, op, t)
	if err != nil {
		return publish.Post{}, err
	}
	if old.Status != statusTrash {
		return publish.Post{}, c.refuse(op, parvis.ErrConflict, "the post is not in the trash", "")
	}
	body, m := cutMark(old.Content.Raw)
	status := m.status
	if status == "" {
		status = statusDraft
	}
	m.status = ""
	post, err := c.change(ctx, op, t, fields{"status": status, "content": m.with(body)})
	if err != nil {
		return publish.Post{}, err
	}
	if status == statusDraft {
		post.Warnings = append(post.Warnings, publish.Warning{Field: "status", Text: "it came back as a draft"})
	}
	n, err := c.holdLost(ctx, op, t)
	if n > 0 {
		post.Warnings = append(post.Warnings, publish.Warning{
			Field: "comments",
			Text:  fmt.Sprintf("%d comments came back held: WordPress does not say which of them were approved", n),
		})
	}
	if err != nil {
		post.Warnings = append(post.Warnings, publish.Warning{
			Field: "comments",
			Text:  "not all comments came back: " + err.Error(),
		})
	}
	return post, nil
}

// holdLost holds the comments of a restored post for a decision. WordPress marks them as
// post-trashed when their post is trashed, and the REST API leaves them so when it comes
// back, seen by nobody.
func (c *Client) holdLost(ctx context.Context, op string, t target) (int, error) {
	q := url.Values{"post": {itoa(t.id)}, "status": {commentPostTrashed}, "orderby": {"id"}, "order": {"asc"}}
	var ids []int
	for raw, err := range c.all(ctx, api.Call{Op: op, Route: "/wp/v2/comments", Query: q}) {
		if err != nil {
			return 0, err
		}
		var m api.Comment
		if err := decode(op, raw, &m); err != nil {
			return 0, err
		}
		ids = append(ids, m.ID)
	}
	for i, id := range ids {
		if _, _, err := c.setComment(ctx, op, id, fields{"status": commentHold}); err != nil {
			return i, err
		}
	}
	return len(ids), nil
}
