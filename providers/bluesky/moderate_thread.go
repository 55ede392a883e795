package bluesky

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/moderate"
	"github.com/parvis-go/parvis/providers/bluesky/internal/api"
)

// hide folds an answer away below one of the account's own posts, or shows it again.
func (c *Client) hide(ctx context.Context, a moderate.Action) (moderate.Act, error) {
	v, err := c.find(ctx, string(a.Do), a.On)
	if err != nil {
		return moderate.Act{}, unseen(err)
	}
	if at, err := api.ParseURI(v.Root.URI); err != nil || !c.own(at) {
		return moderate.Act{}, &parvis.Error{
			Code: parvis.ErrPermission, Message: "the post does not answer one of the account's own threads",
			Help: "mute its author, or report it",
		}
	}
	want := a.Do == moderate.DoHide
	changed, err := c.hideReply(ctx, c.postRef(v.Root.URI), a.On, want)
	if err != nil {
		return moderate.Act{}, err
	}
	return act(a, change{word(want != changed, "hidden", "visible"), word(want, "hidden", "visible")}, nil), nil
}

// nobody is the rule of a locked thread.
const nobody = "[]"

// lock lets nobody answer one of the account's own threads, or everybody, or, with the
// Label that an inverse has, whom the threadgate let before.
//
// https://github.com/bluesky-social/atproto/blob/main/lexicons/app/bsky/feed/threadgate.json
func (c *Client) lock(ctx context.Context, a moderate.Action) (moderate.Act, error) {
	want := a.Label
	if want == "" && a.Do == moderate.DoLock {
		want = nobody
	}
	if rules := []rule(nil); want != "" && (json.Unmarshal([]byte(want), &rules) != nil || len(rules) > maxRules) {
		return moderate.Act{}, &parvis.Error{Code: parvis.ErrInvalid, Message: "the label is not the rules of a threadgate", Help: "leave Action.Label empty"}
	}
	at, err := c.root(ctx, a.On)
	if err != nil {
		return moderate.Act{}, notSent(answersOther(err))
	}
	var was string
	first := true
	_, err = c.amend(ctx, string(a.Do), c.gateAt(at, api.ThreadGates), func(r record) (record, bool) {
		if now := string(r["allow"]); first || now != want { // else it is the first try that succeeded
			was, first = now, false
		}
		return r.with("allow", json.RawMessage(want), want != ""), true
	})
	if err != nil {
		return moderate.Act{}, err
	}
	done := act(a, change{answerers(was), answerers(want)}, nil)
	if done.Inverse != nil {
		done.Inverse.Label = was
		if done.Inverse.Do = moderate.DoUnlock; was == nobody {
			done.Inverse.Do, done.Inverse.Label = moderate.DoLock, ""
		}
	}
	return done, nil
}

// answersOther makes the error of an answer that of what is not the account's: the gate
// belongs to who began the thread.
func answersOther(err error) error {
	if e, ok := errors.AsType[*parvis.Error](err); ok && e.Code == parvis.ErrInvalid {
		own := *e
		own.Code = parvis.ErrPermission
		return &own
	}
	return err
}

// answerers says who may answer by the rules of a threadgate.
func answerers(allow string) string {
	switch allow {
	case "":
		return "open"
	case nobody:
		return "locked"
	}
	return "restricted: " + allow
}

// pin keeps one of the account's own posts at the top of its profile, or takes it from
// there. There is one such place: what was in it before comes back with the inverse.
//
// https://github.com/bluesky-social/atproto/blob/main/lexicons/app/bsky/actor/profile.json
func (c *Client) pin(ctx context.Context, a moderate.Action) (moderate.Act, error) {
	op := string(a.Do)
	at, err := postAt(a.On)
	if err != nil {
		return moderate.Act{}, err
	}
	if !c.own(at) {
		return moderate.Act{}, notOwn(op)
	}
	v, err := c.kept(ctx, op, at)
	if err != nil {
		return moderate.Act{}, notSent(err)
	}
	me := c.Account().ID
	own := api.Strong{URI: api.URI{Authority: me, Collection: at.Collection, RKey: at.RKey}.String(), CID: v.CID}
	was, err := c.setPin(ctx, op, api.URI{Authority: me, Collection: api.Profiles, RKey: "self"}, own, a.Do == moderate.DoPin)
	if err != nil {
		return moderate.Act{}, err
	}
	pinned := was == own.URI
	done := act(a, change{word(pinned, "pinned", "not pinned"), word(a.Do == moderate.DoPin, "pinned", "not pinned")}, nil)
	if done.Inverse != nil && !pinned && was != "" {
		done.Inverse = &moderate.Action{Do: moderate.DoPin, On: c.postRef(was), Reason: a.Reason}
	}
	return done, nil
}

// setPin writes the pinned post into the profile, if nobody else has changed that
// meanwhile, and returns the one that was there.
func (c *Client) setPin(ctx context.Context, op string, at api.URI, post api.Strong, on bool) (was string, err error) {
	for try := 1; ; try++ {
		old, cid, err := c.gate(ctx, op, at)
		if err != nil {
			return "", err
		}
		now := field[api.Strong](old, "pinnedPost").URI
		done := on == (now == post.URI)
		if try == 1 || !done { // else it is the first try that succeeded
			was = now
		}
		if done {
			return was, nil
		}
		err = c.api.Swap(ctx, op, at, old.with("$type", at.Collection, true).with("pinnedPost", post, on), cid)
		again := errors.Is(err, parvis.ErrConflict) || errors.Is(err, parvis.ErrUnknownOutcome)
		if !again || try == amends || ctx.Err() != nil {
			return was, err
		}
	}
}

// why is what moderators and colleagues are told of the reason.
func why(r moderate.Reason) string { return cmp.Or(r.Note, r.Text, r.Rule) }
