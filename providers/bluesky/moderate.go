package bluesky

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/moderate"
	"github.com/parvis-go/parvis/providers/bluesky/internal/api"
)

// The powers of moderating that the network has.
var (
	_ moderate.Moderator = (*Client)(nil)
	_ moderate.Supporter = (*Client)(nil)
	_ moderate.Pending   = (*Client)(nil)
	_ moderate.Log       = (*Client)(nil)
)

// Moderate does what a says. The state before is read first, and the act's inverse
// restores it. Five things have a meaning of their own here:
//
//   - Muting a person with the Label "reposts", "quotes" or "reposts quotes" mutes that
//     only; muting or blocking a place mutes or blocks the people on a list.
//   - Muting a post mutes its whole thread.
//   - Hiding a post folds it away below one of the account's own posts, and locking closes
//     one of the account's own threads. The Label of the inverse of locking and unlocking
//     says who could answer before, as the rules of a threadgate.
//   - Removing, banning, labelling and resolving are done at Config.Ozone, by its moderators.
//     A ban and a label may end at Until, in whole hours.
//   - A case of Ozone, by the ID of its [parvis.KindReport], is the record or account
//     that it is about. Reopening with the Label "escalated" escalates it.
func (c *Client) Moderate(ctx context.Context, a moderate.Action) (moderate.Act, error) {
	if err := ctx.Err(); err != nil {
		return moderate.Act{}, &parvis.Error{Code: parvis.ErrUnavailable, Message: "given up before it began", Err: err}
	}
	if err := c.suits(a); err != nil {
		return moderate.Act{}, err
	}
	if _, err := c.did(ctx); err != nil {
		return moderate.Act{}, notSent(err)
	}
	if f := c.selfHelp(a); f != nil {
		return f(ctx, a)
	}
	f := c.teamwork(a)
	if f == nil {
		return moderate.Act{}, c.cannot(a)
	}
	member, err := c.membership(ctx)
	if err != nil {
		return moderate.Act{}, notSent(err)
	}
	if sup := member.may(a.Do); !sup.OK() {
		return moderate.Act{}, sup.Err(c.Account(), string(a.Do))
	}
	return f(ctx, a)
}

// A deed does one action.
type deed func(context.Context, moderate.Action) (moderate.Act, error)

// selfHelp returns what does an action that every account can do, or nil.
func (c *Client) selfHelp(a moderate.Action) deed {
	switch a.Do {
	case moderate.DoMute, moderate.DoUnmute:
		return map[parvis.Kind]deed{
			parvis.KindPerson: c.mutePerson, parvis.KindPost: c.muteThread, parvis.KindPlace: c.muteList,
		}[a.On.Kind]
	case moderate.DoBlock, moderate.DoUnblock:
		return map[parvis.Kind]deed{parvis.KindPerson: c.blockPerson, parvis.KindPlace: c.blockList}[a.On.Kind]
	case moderate.DoReport:
		return map[parvis.Kind]deed{parvis.KindPerson: c.report, parvis.KindPost: c.report}[a.On.Kind]
	}
	if a.On.Kind != parvis.KindPost {
		return nil
	}
	return map[moderate.Do]deed{
		moderate.DoHide: c.hide, moderate.DoUnhide: c.hide, moderate.DoLock: c.lock, moderate.DoUnlock: c.lock,
		moderate.DoPin: c.pin, moderate.DoUnpin: c.pin,
	}[a.Do]
}

// teamwork returns what does an action of the team of an Ozone, or nil.
func (c *Client) teamwork(a moderate.Action) deed {
	post, person := a.On.Kind == parvis.KindPost, a.On.Kind == parvis.KindPerson
	switch a.Do {
	case moderate.DoRemove, moderate.DoRestore:
		if post {
			return c.takeDown
		}
	case moderate.DoBan, moderate.DoUnban:
		if person {
			return c.takeDown
		}
	case moderate.DoLabel, moderate.DoUnlabel:
		if post || person {
			return c.label
		}
	case moderate.DoResolve, moderate.DoReopen:
		if a.On.Kind == parvis.KindReport {
			return c.review
		}
	}
	return nil
}

// suits refuses what can be known to be wrong without asking the network.
func (c *Client) suits(a moderate.Action) error {
	if !a.Place.IsZero() {
		return parvis.Unsupported(c.Account(), string(a.Do), noRooms)
	}
	expires := a.Do == moderate.DoBan || a.Do == moderate.DoLabel
	if !a.Until.IsZero() && !expires {
		return parvis.Unsupported(c.Account(), string(a.Do), "only bans and labels can end by themselves")
	}
	return nil
}

const noRooms = "what is done holds for the account, or for all whom the labeler serves: there are no places"

// cannot is the error of an action that the network does not have.
func (c *Client) cannot(a moderate.Action) error {
	return parvis.Unsupported(c.Account(), string(a.Do), "the network cannot "+string(a.Do)+" a "+string(a.On.Kind))
}

// A change is what an act does to the state of a thing, in words.
type change struct{ before, after string }

// act is what was done by a. It has an inverse if that changed anything.
func act(a moderate.Action, s change, raw json.RawMessage) moderate.Act {
	done := moderate.Act{Before: s.before, After: s.after, Raw: raw}
	if inv := a.Do.Inverse(); inv != "" && s.before != s.after {
		done.Inverse = &moderate.Action{Do: inv, On: a.On, Reason: a.Reason, Label: a.Label}
	}
	return done
}

func word(is bool, yes, no string) string {
	if is {
		return yes
	}
	return no
}

// await waits until is reports true, up to Config.Settle: mutes pass through a queue
// before the app view knows them. What was done stays done if it does not.
func (c *Client) await(ctx context.Context, is func() (bool, error)) {
	until := time.Now().Add(c.settle())
	for try := 0; ; try++ {
		if seen, err := is(); seen || err != nil || time.Now().After(until) || wait(ctx, pollWait(try)/8) != nil {
			return
		}
	}
}

// ensure writes a record that is not there, and reads it back if the answer was unclear.
func (c *Client) ensure(ctx context.Context, op string, at api.URI, record any) error {
	_, err := c.api.Create(ctx, op, at, record)
	if errors.Is(err, parvis.ErrUnknownOutcome) {
		if _, look := c.api.Get(ctx, op, at); look == nil {
			return nil
		}
	}
	return err
}

// links returns those of the records that are in the account's repository.
func (c *Client) links(ctx context.Context, op string, all ...api.URI) ([]api.URI, error) {
	var out []api.URI
	for i, at := range all {
		if at == (api.URI{}) || i > 0 && at == all[0] {
			continue
		}
		switch _, err := c.api.Get(ctx, op, at); {
		case err == nil:
			out = append(out, at)
		case !errors.Is(err, parvis.ErrNotFound):
			return nil, notSent(err)
		}
	}
	return out, nil
}

// ownRecord parses the address of a record of the account in a collection; another one,
// or none, gives the zero address.
func (c *Client) ownRecord(uri, collection string) api.URI {
	at, err := api.ParseURI(uri)
	if err != nil || at.Collection != collection || !c.own(at) {
		return api.URI{}
	}
	return at
}
