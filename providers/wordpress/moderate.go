package wordpress

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"net/url"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/moderate"
	"github.com/parvis-go/parvis/providers/wordpress/internal/api"
)

// wanted is the status that an action gives a comment.
var wanted = map[moderate.Do]string{
	moderate.DoApprove: commentApproved, moderate.DoHold: commentHold, moderate.DoSpam: commentSpam,
	moderate.DoRemove: commentTrash, moderate.DoReject: commentTrash,
}

// backTo is the action that gives a comment the status that it had before.
var backTo = map[string]moderate.Do{
	commentApproved: moderate.DoApprove, commentHold: moderate.DoHold, commentSpam: moderate.DoSpam, commentTrash: moderate.DoRemove,
}

// Moderate changes the status of a comment, or closes, pins, trashes a post, and back.
func (c *Client) Moderate(ctx context.Context, a moderate.Action) (moderate.Act, error) {
	op := string(a.Do)
	t, err := c.find(op, a.On)
	if err != nil {
		return moderate.Act{}, err
	}
	act := moderate.Act{Action: a, Account: c.Account(), Time: time.Now()}
	if t.kind == parvis.KindComment {
		err = c.judgeComment(ctx, t, &act)
	} else {
		err = c.judgePost(ctx, t, &act)
	}
	if err != nil {
		return moderate.Act{}, err
	}
	return act, nil
}

// judgeComment does act to a comment and completes act.
func (c *Client) judgeComment(ctx context.Context, t target, act *moderate.Act) error {
	op := string(act.Action.Do)
	m, raw, err := c.readComment(ctx, op, t)
	if err != nil {
		return err
	}
	act.Before, act.After, act.Raw = m.Status, m.Status, raw
	switch act.Action.Do {
	case moderate.DoPurge:
		act.After = "deleted"
		return c.drop(ctx, op, t, true)
	case moderate.DoRestore, moderate.DoUnspam:
		back := wayBack[act.Action.Do]
		if m.Status != back.from {
			return nil
		}
		return c.move(ctx, t, act, back.word)
	}
	to, ok := wanted[act.Action.Do]
	if !ok {
		return c.refuse(op, parvis.ErrUnsupported, "WordPress cannot "+op+" a comment", "")
	}
	if m.Status == to {
		return nil
	}
	return c.move(ctx, t, act, to)
}

// wayBack are the words by which WordPress takes a comment out of the trash or the spam:
// it gets the status that it had before.
//
// https://developer.wordpress.org/reference/functions/wp_untrash_comment/
// https://developer.wordpress.org/reference/functions/wp_unspam_comment/
var wayBack = map[moderate.Do]struct{ from, word string }{
	moderate.DoRestore: {commentTrash, "untrash"}, moderate.DoUnspam: {commentSpam, "unspam"},
}

// move changes the status of a comment and notes what came of it. WordPress passes over
// what it does not want in silence.
//
// https://developer.wordpress.org/rest-api/reference/comments/#update-a-comment
func (c *Client) move(ctx context.Context, t target, act *moderate.Act, word string) error {
	op := string(act.Action.Do)
	m, raw, err := c.setComment(ctx, op, t.id, fields{"status": word})
	if err != nil {
		return err
	}
	act.After, act.Raw = m.Status, raw
	if to, ok := wanted[act.Action.Do]; m.Status == act.Before || ok && m.Status != to {
		return c.refuse(op, parvis.ErrConflict, "the comment is "+m.Status+" all the same", "a plugin may decide otherwise: read it again")
	}
	if do, ok := backTo[act.Before]; ok {
		act.Inverse = &moderate.Action{Do: do, On: act.Action.On, Place: act.Action.Place, Reason: act.Action.Reason}
	}
	return nil
}

// switches are the actions that change one field of a post: which, and to what.
var switches = map[moderate.Do]struct {
	field  string
	value  any
	states [2]string // what the post is called before and after, if it changes
	back   moderate.Do
}{
	moderate.DoLock:   {"comment_status", "closed", [2]string{"open", "closed"}, moderate.DoUnlock},
	moderate.DoUnlock: {"comment_status", "open", [2]string{"closed", "open"}, moderate.DoLock},
	moderate.DoPin:    {"sticky", true, [2]string{"not sticky", "sticky"}, moderate.DoUnpin},
	moderate.DoUnpin:  {"sticky", false, [2]string{"sticky", "not sticky"}, moderate.DoPin},
}

// judgePost does act to a post and completes act.
func (c *Client) judgePost(ctx context.Context, t target, act *moderate.Act) error {
	op := string(act.Action.Do)
	switch act.Action.Do {
	case moderate.DoRemove, moderate.DoRestore:
		return c.judgeTrash(ctx, t, act)
	}
	s, ok := switches[act.Action.Do]
	if !ok || t.route == pages && s.field == "sticky" {
		return c.refuse(op, parvis.ErrUnsupported, "WordPress cannot "+op+" this", "")
	}
	p, raw, err := c.readPost(ctx, op, t)
	if err != nil {
		return err
	}
	act.Before, act.After, act.Raw = s.states[0], s.states[1], raw
	if s.field == "sticky" && p.Sticky == s.value || s.field != "sticky" && p.CommentStatus == s.value {
		act.Before = act.After
		return nil
	}
	post, err := c.change(ctx, op, t, fields{s.field: s.value})
	if err != nil {
		return err
	}
	act.Raw = post.Raw
	act.Inverse = &moderate.Action{Do: s.back, On: act.Action.On, Place: act.Action.Place, Reason: act.Action.Reason}
	return nil
}

// judgeTrash puts a post into the trash, or takes it out.
func (c *Client) judgeTrash(ctx context.Context, t target, act *moderate.Act) error {
	op := string(act.Action.Do)
	p, raw, err := c.readPost(ctx, op, t)
	if err != nil {
		return err
	}
	act.Before, act.After, act.Raw = p.Status, p.Status, raw
	remove := act.Action.Do == moderate.DoRemove
	if remove == (p.Status == statusTrash) {
		return nil
	}
	back := moderate.DoRemove
	if remove {
		back = moderate.DoRestore
		if err := c.trashPost(ctx, op, t); err != nil {
			return err
		}
		act.After = statusTrash
	} else {
		post, err := c.restorePost(ctx, op, t)
		if err != nil {
			return err
		}
		var now api.Post
		if json.Unmarshal(post.Raw, &now) == nil {
			act.After = now.Status
		}
		act.Raw = post.Raw
	}
	act.Inverse = &moderate.Action{Do: back, On: act.Action.On, Place: act.Action.Place, Reason: act.Action.Reason}
	return nil
}

// Pending gives the comments that are held, oldest first.
//
// https://developer.wordpress.org/rest-api/reference/comments/#list-comments
func (c *Client) Pending(ctx context.Context, place parvis.Place) iter.Seq2[moderate.Case, error] {
	return func(yield func(moderate.Case, error) bool) {
		const op = "list pending"
		where, err := c.locate(op, place.Ref)
		if err != nil {
			yield(moderate.Case{}, err)
			return
		}
		inside := c.filterFor(where, place)
		q := url.Values{"status": {commentHold}, "orderby": {"id"}, "order": {"asc"}}
		for raw, err := range c.all(ctx, api.Call{Op: op, Method: http.MethodGet, Route: "/wp/v2/comments", Query: q}) {
			var m api.Comment
			if err == nil {
				err = decode(op, raw, &m)
			}
			here := false
			if err == nil {
				here, err = inside.has(ctx, op, m)
			}
			if err != nil {
				yield(moderate.Case{}, err)
				return
			}
			if here && !yield(c.held(m, raw), nil) {
				return
			}
		}
	}
}

func (c *Client) held(m api.Comment, raw json.RawMessage) moderate.Case {
	ref := c.commentRef(m.ID)
	return moderate.Case{
		Ref: ref, Why: "held", On: ref, Also: []parvis.Ref{c.postRef(m.Post, m.PostType())}, Author: c.speaker(m),
		Text: commentText(m), State: m.Status, Time: m.Date.Time, URL: m.Link, Raw: raw,
	}
}
