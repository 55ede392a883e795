package wordpress

import (
	"context"
	"encoding/json"
	"net/url"
	"strings"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers/wordpress/internal/api"
	"github.com/parvis-go/parvis/publish"
)

// clockSlack is how far the site's clock and that of this machine may differ.
const clockSlack = time.Hour

// Reconcile finds out what became of an attempt. A post is looked for among the
// account's newest by the hash of its key, a comment among those of the same post by its
// text, which WordPress lets nobody say twice. That it is not there is believed after
// [Config].Settle; before, the error is [parvis.ErrUnknownOutcome] with the time to wait.
func (c *Client) Reconcile(ctx context.Context, t publish.Attempt) (publish.Post, error) {
	const op = "reconcile"
	left := c.cfg.Settle - max(time.Since(t.Started), 0) // before the look, which itself takes time
	look := c.findPost
	if !t.Draft.ReplyTo.IsZero() {
		look = c.findComment
	}
	post, err := look(ctx, op, t)
	if err != nil || !post.Ref.IsZero() {
		return post, err
	}
	if c.cfg.Settle > 0 && left > 0 {
		return publish.Post{}, &parvis.Error{
			Op: op, Network: Network, Account: c.Account().String(), Code: parvis.ErrUnknownOutcome,
			Message: "it is not there, but the site may still be at work on it", Help: "ask again later",
			RetryAfter: left,
		}
	}
	return publish.Post{}, c.refuse(op, parvis.ErrNotFound, "the site does not have it", "it may be sent again with the same key")
}

// findPost looks through the account's posts, those that were made last first.
func (c *Client) findPost(ctx context.Context, op string, t publish.Attempt) (publish.Post, error) {
	me, err := c.whoami(ctx, op)
	if err != nil {
		return publish.Post{}, err
	}
	where, err := c.locate(op, t.Draft.Place.Ref)
	if err != nil {
		return publish.Post{}, err
	}
	wanted, err := c.recognise(t.Draft)
	if err != nil {
		return publish.Post{}, err
	}
	q := url.Values{
		"author": {itoa(me.ID)}, "orderby": {"id"}, "order": {"desc"}, "context": {"edit"},
		"status": {"publish,future,pending,private,draft,trash"},
	}
	for raw, err := range c.all(ctx, api.Call{Op: op, Route: where.path(), Query: q}) {
		var p api.Post
		if err == nil {
			err = decode(op, raw, &p)
		}
		if err != nil {
			return publish.Post{}, err
		}
		if p.Modified.Before(t.Started.Add(-clockSlack)) && p.Date.Before(t.Started.Add(-clockSlack)) {
			break // made before the attempt, and so are all that follow
		}
		if wanted(p, t.Started) {
			post := c.post(p, raw)
			post.Key, post.Place = t.Draft.Key, t.Draft.Place
			return post, nil
		}
	}
	return publish.Post{}, nil
}

// recognise returns what tells a draft's post from others: the mark, or where there is
// none title and text.
func (c *Client) recognise(d publish.Draft) (func(api.Post, time.Time) bool, error) {
	if !c.cfg.NoMark && d.Key != "" {
		hash := hashOf(d.Key)
		return func(p api.Post, _ time.Time) bool {
			_, m := cutMark(p.Content.Raw)
			return m.hash == hash
		}, nil
	}
	body, err := d.TextIn(parvis.HTML)
	if err != nil {
		return nil, err
	}
	text, title := shape(body), shape(d.Title)
	return func(p api.Post, started time.Time) bool {
		stored, _ := cutMark(p.Content.Raw)
		words, _ := c.takeFigures(stored)
		return shape(p.Title.Raw) == title && shape(strings.TrimSuffix(words, linkBlock(d.Link))) == text &&
			!p.Modified.Before(started.Add(-clockSlack))
	}, nil
}

// findComment looks for a comment by its author, what it answers and its text.
func (c *Client) findComment(ctx context.Context, op string, t publish.Attempt) (publish.Post, error) {
	me, err := c.whoami(ctx, op)
	if err != nil {
		return publish.Post{}, err
	}
	to, err := c.replyTo(ctx, op, t.Draft.ReplyTo)
	if err != nil {
		return publish.Post{}, err
	}
	body, err := commentBody(t.Draft)
	if err != nil {
		return publish.Post{}, err
	}
	parent, _ := to["parent"].(int)
	q := url.Values{"post": {itoa(to["post"].(int))}, "orderby": {"id"}, "order": {"desc"}}
	writer := me.Capabilities["edit_posts"]
	if writer { // others may ask for approved comments of anybody only
		q.Set("author", itoa(me.ID))
		q.Set("status", "any")
	}
	for raw, err := range c.all(ctx, api.Call{Op: op, Route: "/wp/v2/comments", Query: q}) {
		var m api.Comment
		if err == nil {
			err = decode(op, raw, &m)
		}
		if err != nil {
			return publish.Post{}, err
		}
		if m.Author == me.ID && m.Parent == parent && m.Status != commentTrash && shape(m.Content.Rendered) == shape(body) {
			return c.found(m, raw, t.Draft), nil
		}
	}
	if c.hearsOwnHeld(me) {
		return publish.Post{}, nil
	}
	return publish.Post{}, c.refuse(op, parvis.ErrUnknownOutcome, "it is not among the approved comments, and this account cannot see those that are held",
		"send it again: WordPress refuses a second comment with the same text as a duplicate")
}

func (c *Client) found(m api.Comment, raw json.RawMessage, d publish.Draft) publish.Post {
	post := c.answer(m, raw)
	post.ReplyTo, post.Key = d.ReplyTo, d.Key
	return post
}

// hearsOwnHeld reports whether a list of comments has all that the user wrote.
func (c *Client) hearsOwnHeld(me api.User) bool { return me.Capabilities["edit_posts"] }
