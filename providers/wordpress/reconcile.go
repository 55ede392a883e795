package wordpress

import (
	"context"
	"encoding/json"
	"net/url"
	"strings"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/text"
	"github.com/parvis-go/parvis/providers/wordpress/internal/api"
	"github.com/parvis-go/parvis/publish"
)

// clockSlack is how far the site's clock and that of this machine may differ.
const clockSlack = time.Hour

// oldRun is how many posts in a row must be older than the attempt before those behind
// them are not looked at: one alone may have been dated back, as imports are.
const oldRun = 20

// Reconcile finds out what became of an attempt. A post is looked for among the
// account's newest by the hash of its key, a comment among those of the same post by its
// text, which WordPress lets nobody say twice. That it is not there is believed after
// [Config].Settle; before, the error is [parvis.ErrUnknownOutcome] with the time to wait.
//
// A post without a mark, because of [Config].NoMark or for want of a key, is known by title
// and text. The site may have changed these, so that a post since the attempt that is like
// the draft, and not the same, gives [parvis.ErrUnknownOutcome] for good.
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
	q := url.Values{
		"author": {itoa(me.ID)}, "orderby": {"id"}, "order": {"desc"}, "context": {"edit"},
		"status": {"publish,future,pending,private,draft,trash"},
	}
	return c.scan(ctx, t, api.Call{Op: op, Route: where.path(), Query: q})
}

// scan looks for the attempt's post in a list; none is a zero Post.
func (c *Client) scan(ctx context.Context, t publish.Attempt, list api.Call) (publish.Post, error) {
	since := t.Started.Add(-clockSlack)
	how, err := c.recognise(t.Draft, since)
	if err != nil {
		return publish.Post{}, err
	}
	old, doubt := 0, false
	for raw, err := range c.all(ctx, list) {
		var p api.Post
		if err == nil {
			err = decode(list.Op, raw, &p)
		}
		if err != nil {
			return publish.Post{}, err
		}
		switch how(p) {
		case equal:
			post := c.post(p, raw)
			post.Key, post.Place = t.Draft.Key, t.Draft.Place
			return post, nil
		case alike:
			doubt = true
		}
		if old++; !p.Modified.Before(since) || !p.Date.Before(since) {
			old = 0
		}
		if old == oldRun {
			break // made before the attempt, and so are all that follow
		}
	}
	if doubt {
		err = c.refuse(list.Op, parvis.ErrUnknownOutcome, "a post since then is like it, but not the same",
			"look at the site's posts before sending it again")
	}
	return publish.Post{}, err
}

// likeness is how much a post is what was looked for.
type likeness int

const (
	other likeness = iota
	alike          // it may be, as changed by the site
	equal
)

// recognise returns what tells a draft's post from others: the mark, or where there is
// none title and text of what was made or changed since.
func (c *Client) recognise(d publish.Draft, since time.Time) (func(api.Post) likeness, error) {
	if !c.cfg.NoMark && d.Key != "" {
		hash := hashOf(d.Key)
		return func(p api.Post) likeness {
			if _, m := cutMark(p.Content.Raw); m.hash == hash {
				return equal
			}
			return other
		}, nil
	}
	body, err := d.TextIn(parvis.HTML)
	if err != nil {
		return nil, err
	}
	wanted, title := shape(body), shape(d.Title)
	return func(p api.Post) likeness {
		stored, _ := cutMark(p.Content.Raw)
		words, _ := c.takeFigures(stored)
		words = strings.TrimSuffix(words, linkBlock(d.Link))
		sameTitle, sameText := shape(p.Title.Raw) == title, shape(words) == wanted
		switch {
		case p.Modified.Before(since):
			return other
		case sameTitle && sameText:
			return equal
		case sameTitle && d.Title != "", sameText && body != "", akin(body, words):
			return alike
		}
		return other
	}, nil
}

// akin reports whether at least half of the words of a are in b; both are HTML.
func akin(a, b string) bool {
	in := map[string]bool{}
	for w := range strings.FieldsSeq(strings.ToLower(text.FromHTML(b).Plain)) {
		in[w] = true
	}
	all, there := strings.Fields(strings.ToLower(text.FromHTML(a).Plain)), 0
	for _, w := range all {
		if in[w] {
			there++
		}
	}
	return there > 0 && 2*there >= len(all)
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
