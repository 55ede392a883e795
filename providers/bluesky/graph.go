package bluesky

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/moderate"
	"github.com/parvis-go/parvis/providers/bluesky/internal/api"
)

// relation reads what the account has done to a person.
func (c *Client) relation(ctx context.Context, a moderate.Action) (string, api.Relation, error) {
	did, err := didOf(a.On)
	if err != nil {
		return "", api.Relation{}, err
	}
	if did == c.Account().ID {
		return "", api.Relation{}, &parvis.Error{Code: parvis.ErrInvalid, Message: "the account cannot " + string(a.Do) + " itself", Help: "pass somebody else"}
	}
	rel, err := c.api.Relation(ctx, string(a.Do), c.cfg.AppView, did)
	return did, rel, unseen(err)
}

// unseen makes what is said of somebody else's account that is gone the error of what is gone.
func unseen(err error) error {
	switch api.Name(err) {
	case "AccountTakedown", "AccountDeactivated", "AccountSuspended", "AccountNotFound":
		return &parvis.Error{Code: parvis.ErrNotFound, Message: "the person's account is gone or out of service", Err: err}
	}
	return notSent(err)
}

// The parts of what a person says that can be muted alone, as labels of the action.
const (
	muteReposts = "reposts"
	muteQuotes  = "quotes"
)

// A mute is how far a person is muted.
type mute struct{ on, reposts, quotes bool }

// muteOf returns the mute that an action asks for.
func muteOf(a moderate.Action) (mute, error) {
	m := mute{on: a.Do == moderate.DoMute}
	if !m.on {
		return m, nil
	}
	for part := range strings.FieldsSeq(a.Label) {
		switch part {
		case muteReposts:
			m.reposts = true
		case muteQuotes:
			m.quotes = true
		default:
			return m, &parvis.Error{Code: parvis.ErrInvalid, Message: "a mute has no part " + part, Help: "leave Action.Label empty, or set it to reposts, quotes or both"}
		}
	}
	return m, nil
}

// label is the mute as the label of an action.
func (m mute) label() string {
	var parts []string
	if m.reposts {
		parts = append(parts, muteReposts)
	}
	if m.quotes {
		parts = append(parts, muteQuotes)
	}
	return strings.Join(parts, " ")
}

func (m mute) String() string {
	if l := m.label(); l != "" {
		return "muted: " + l
	}
	return word(m.on, "muted", "not muted")
}

// muted returns how far the account itself has muted a person: a list may have, too.
func (c *Client) muted(ctx context.Context, did string, rel api.Relation) (mute, error) {
	m := mute{reposts: rel.OnlyReposts, quotes: rel.OnlyQuotes}
	m.on = rel.Muted || m.reposts || m.quotes
	if len(rel.ByList) == 0 {
		return m, nil
	}
	m.on = false
	at := api.Paging{Op: "mute", Proxy: c.cfg.AppView}
	for {
		page, err := c.api.Mutes(ctx, at)
		if err != nil {
			return m, notSent(err)
		}
		for _, p := range page.Items {
			m.on = m.on || p.DID == did
		}
		if m.on || page.Cursor == "" || page.Cursor == at.Cursor {
			return m, nil
		}
		at.Cursor = page.Cursor
	}
}

// mutePerson mutes a person for the account alone, or takes that back. The call is made
// even if the app view says that nothing is to be done, since it may be late.
func (c *Client) mutePerson(ctx context.Context, a moderate.Action) (moderate.Act, error) {
	want, err := muteOf(a)
	if err != nil {
		return moderate.Act{}, err
	}
	did, rel, err := c.relation(ctx, a)
	if err != nil {
		return moderate.Act{}, err
	}
	was, err := c.muted(ctx, did, rel)
	if err != nil {
		return moderate.Act{}, err
	}
	in := map[string]any{}
	if want.reposts {
		in["onlyReposts"] = true
	}
	if want.quotes {
		in["onlyQuoteposts"] = true
	}
	k := api.Call{Op: string(a.Do), Proxy: c.cfg.AppView, Input: in}
	if err := c.api.Mute(ctx, k, api.MuteActor, did, want.on); err != nil {
		return moderate.Act{}, err
	}
	c.await(ctx, func() (bool, error) {
		_, rel, err := c.relation(ctx, a)
		if err != nil {
			return false, err
		}
		now, err := c.muted(ctx, did, rel)
		return now == want, err
	})
	done := act(a, change{was.String(), want.String()}, nil)
	if done.Inverse != nil {
		done.Inverse.Label = was.label()
		if done.Inverse.Do = moderate.DoUnmute; was.on {
			done.Inverse.Do = moderate.DoMute
		}
	}
	return done, nil
}

// threadMuted reports whether the account has muted the thread of a post.
//
// https://github.com/bluesky-social/atproto/blob/main/lexicons/app/bsky/feed/defs.json
func threadMuted(v api.PostView) bool {
	var shown struct {
		Viewer struct {
			ThreadMuted bool `json:"threadMuted"`
		} `json:"viewer"`
	}
	return json.Unmarshal(v.Raw, &shown) == nil && shown.Viewer.ThreadMuted
}

// muteThread silences the notifications of the thread of a post, or takes that back.
func (c *Client) muteThread(ctx context.Context, a moderate.Action) (moderate.Act, error) {
	v, err := c.find(ctx, string(a.Do), a.On)
	if err != nil {
		return moderate.Act{}, unseen(err)
	}
	root := v.Root.URI
	if root == "" {
		root = v.URI
	}
	was, want := threadMuted(v), a.Do == moderate.DoMute
	k := api.Call{Op: string(a.Do), Proxy: c.cfg.AppView}
	if err := c.api.Mute(ctx, k, api.MuteThread, root, want); err != nil {
		return moderate.Act{}, err
	}
	c.await(ctx, func() (bool, error) {
		v, err := c.find(ctx, string(a.Do), a.On)
		return err == nil && threadMuted(v) == want, err
	})
	return act(a, change{word(was, "muted", "not muted"), word(want, "muted", "not muted")}, nil), nil
}

// blockPerson blocks a person, which is a public record of the account, or takes that
// back. Neither sees the other any more.
//
// https://github.com/bluesky-social/atproto/blob/main/lexicons/app/bsky/graph/block.json
func (c *Client) blockPerson(ctx context.Context, a moderate.Action) (moderate.Act, error) {
	did, rel, err := c.relation(ctx, a)
	if err != nil {
		return moderate.Act{}, err
	}
	return c.link(ctx, a, api.Blocks, did, rel.Blocking)
}

// link makes the record of a collection whose subject is the given one, or removes it.
// shown is where the app view has seen it. The record key is made of the subject, so that
// doing so twice makes one record.
func (c *Client) link(ctx context.Context, a moderate.Action, collection, subject, shown string) (moderate.Act, error) {
	op, me := string(a.Do), c.Account().ID
	at := api.URI{Authority: me, Collection: collection, RKey: api.KeyTID(me, collection+" "+subject)}
	there, err := c.links(ctx, op, at, c.ownRecord(shown, collection))
	if err != nil {
		return moderate.Act{}, err
	}
	want := a.Do == moderate.DoBlock
	done := act(a, change{word(len(there) > 0, "blocked", "not blocked"), word(want, "blocked", "not blocked")}, nil)
	switch {
	case want && len(there) == 0:
		err = c.ensure(ctx, op, at, map[string]any{"$type": collection, "subject": subject, "createdAt": api.FormatTime(time.Now())})
	case !want:
		for _, at := range there {
			err = errors.Join(err, c.api.Delete(ctx, op, at))
		}
	}
	if err != nil {
		return moderate.Act{}, err
	}
	return done, nil
}
