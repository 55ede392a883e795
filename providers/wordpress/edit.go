package wordpress

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/httpx"
	"github.com/parvis-go/parvis/providers/wordpress/internal/api"
	"github.com/parvis-go/parvis/publish"
)

// Get reads a post, page or comment. What is in the trash is gone.
//
// https://developer.wordpress.org/rest-api/reference/posts/#retrieve-a-post
func (c *Client) Get(ctx context.Context, ref parvis.Ref) (publish.Post, error) {
	const op = "get post"
	t, err := c.find(op, ref)
	if err != nil {
		return publish.Post{}, err
	}
	if t.kind == parvis.KindComment {
		m, raw, err := c.readComment(ctx, op, t)
		if err == nil && (m.Status == commentTrash || m.Status == commentPostTrashed) {
			err = c.inTrash(op)
		}
		if err != nil {
			return publish.Post{}, err
		}
		return c.answer(m, raw), nil
	}
	p, raw, err := c.readPost(ctx, op, t)
	if err == nil && p.Status == statusTrash {
		err = c.inTrash(op)
	}
	if err != nil {
		return publish.Post{}, err
	}
	return c.post(p, raw), nil
}

func (c *Client) inTrash(op string) error {
	return c.refuse(op, parvis.ErrNotFound, "it is in the trash", "bring it back with publish.Restore or moderate.Restore")
}

// readPost reads a post as it is stored if the account may, and as it is shown if not.
func (c *Client) readPost(ctx context.Context, op string, t target) (api.Post, json.RawMessage, error) {
	var p api.Post
	me, err := c.whoami(ctx, op)
	if err != nil {
		return p, nil, err
	}
	q := url.Values{"_embed": {"author"}}
	if rightsOf(me, t.route).write.OK() {
		q.Set("context", "edit")
	}
	k := api.Call{Op: op, Route: t.path(), Endpoint: t.endpoint(), Query: q}
	raw, err := c.api.Get(ctx, k, &p)
	if q.Has("context") && parvis.CodeOf(err) == parvis.ErrPermission { // somebody else's
		q.Del("context")
		raw, err = c.api.Get(ctx, k, &p)
	}
	return p, raw, err
}

// readComment reads a comment. Its stored form is for moderators only.
func (c *Client) readComment(ctx context.Context, op string, t target) (api.Comment, json.RawMessage, error) {
	var m api.Comment
	raw, err := c.api.Get(ctx, api.Call{Op: op, Route: t.path(), Endpoint: t.endpoint()}, &m)
	return m, raw, err
}

// Edit replaces the text and files of a post, page or comment. Title, slug, excerpt,
// tags, categories and visibility are replaced where d has them, and stay where not.
//
// https://developer.wordpress.org/rest-api/reference/posts/#update-a-post
func (c *Client) Edit(ctx context.Context, ref parvis.Ref, d publish.Draft) (publish.Post, error) {
	const op = "edit"
	t, err := c.find(op, ref)
	if err != nil {
		return publish.Post{}, err
	}
	if !d.ReplyTo.IsZero() {
		return publish.Post{}, c.refuse(op, parvis.ErrUnsupported, "what a comment answers cannot be changed", "write a new comment")
	}
	if t.kind == parvis.KindComment {
		return c.editComment(ctx, op, t, d)
	}
	old, _, err := c.readPost(ctx, op, t)
	switch {
	case err != nil:
		return publish.Post{}, err
	case old.Status == statusTrash:
		return publish.Post{}, c.inTrash(op)
	case !d.At.IsZero() && old.Status != statusFuture:
		return publish.Post{}, c.refuse(op, parvis.ErrConflict, "the post is not waiting for a time", "leave Draft.At empty")
	}
	where, err := c.locate(op, d.Place.Ref)
	if err != nil {
		return publish.Post{}, err
	}
	where.route = t.route
	f, _, err := c.compose(ctx, op, d, where)
	if err != nil {
		return publish.Post{}, c.notSent(op, err)
	}
	_, m := cutMark(old.Content.Raw)
	f["content"] = m.with(f["content"].(string))
	switch d.Visibility {
	case publish.Private:
		f["status"] = statusPrivate
	case publish.Public:
		if old.Status == statusPrivate {
			f["status"] = statusPublish
		}
	}
	return c.change(ctx, op, t, f)
}

// change sets fields of a post. Doing so twice is doing it once.
func (c *Client) change(ctx context.Context, op string, t target, f fields) (publish.Post, error) {
	var p api.Post
	raw, err := c.api.Get(ctx, api.Call{
		Op: op, Method: http.MethodPost, Route: t.path(), Endpoint: t.endpoint(),
		Body: httpx.JSON(f), Safe: true,
	}, &p)
	if err != nil {
		return publish.Post{}, err
	}
	return c.post(p, raw), nil
}

func (c *Client) editComment(ctx context.Context, op string, t target, d publish.Draft) (publish.Post, error) {
	if err := c.commentable(op, d); err != nil {
		return publish.Post{}, err
	}
	body, err := commentBody(d)
	if err != nil {
		return publish.Post{}, err
	}
	m, raw, err := c.setComment(ctx, op, t.id, fields{"content": body})
	if err != nil {
		return publish.Post{}, err
	}
	return c.answer(m, raw), nil
}

// setComment sets fields of a comment. Doing so twice is doing it once.
//
// https://developer.wordpress.org/rest-api/reference/comments/#update-a-comment
func (c *Client) setComment(ctx context.Context, op string, id int, f fields) (api.Comment, json.RawMessage, error) {
	var m api.Comment
	raw, err := c.api.Get(ctx, api.Call{
		Op: op, Method: http.MethodPost, Route: "/wp/v2/comments/" + itoa(id),
		Endpoint: "/wp/v2/comments/:id", Body: httpx.JSON(f), Safe: true,
	}, &m)
	return m, raw, err
}

// Delete removes a post, page or comment for good, past the trash.
//
// https://developer.wordpress.org/rest-api/reference/posts/#delete-a-post
func (c *Client) Delete(ctx context.Context, ref parvis.Ref) error {
	const op = "delete"
	t, err := c.find(op, ref)
	if err != nil {
		return err
	}
	return c.drop(ctx, op, t, true)
}

// drop puts something into the trash, or deletes it for good.
func (c *Client) drop(ctx context.Context, op string, t target, force bool) error {
	q := url.Values{}
	if force {
		q.Set("force", "true")
	}
	_, err := c.api.Do(ctx, api.Call{Op: op, Method: http.MethodDelete, Route: t.path(), Endpoint: t.endpoint(), Query: q}, nil)
	return err
}

// Metrics returns the number of approved comments, the one figure that WordPress itself has.
//
// https://developer.wordpress.org/rest-api/reference/comments/#list-comments
func (c *Client) Metrics(ctx context.Context, ref parvis.Ref) ([]publish.Metric, error) {
	const op = "metrics"
	t, err := c.find(op, ref)
	if err != nil {
		return nil, err
	}
	q := url.Values{"per_page": {"1"}, "post": {itoa(t.id)}}
	if t.kind == parvis.KindComment {
		q = url.Values{"per_page": {"1"}, "parent": {itoa(t.id)}}
	}
	var seen any // a post that is gone has no comments either, and must not count as 0
	if _, err := c.api.Do(ctx, api.Call{Op: op, Route: t.path(), Endpoint: t.endpoint()}, &seen); err != nil {
		return nil, err
	}
	page, err := c.api.List(ctx, api.Call{Op: op, Route: "/wp/v2/comments", Query: q})
	if err != nil {
		return nil, err
	}
	return []publish.Metric{{Name: "comments", Means: "replies", Value: float64(page.Total), At: time.Now()}}, nil
}
