package fake

import (
	"context"
	"slices"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/moderate"
)

// who may do something.
type who int

const (
	moderators who = iota
	owners         // of what the content answers
	authors        // of the content itself
	anybody
)

// A rule says who may do what to which kinds of things, and how it is done.
type rule struct {
	do            moderate.Do
	on            []parvis.Kind
	who           who
	undo, expires bool
	private       bool // kept out of the network's log
	act           func(a *Account, act moderate.Action) (moderate.Act, error)
}

// rules is the network's whole vocabulary of moderation.
func rules() []rule {
	post, person := []parvis.Kind{parvis.KindPost}, []parvis.Kind{parvis.KindPerson}
	report := []parvis.Kind{parvis.KindReport}
	list := []rule{
		{do: moderate.DoPurge, on: post, act: (*Account).purge},
		{do: moderate.DoWarn, on: []parvis.Kind{parvis.KindPost, parvis.KindPerson}, act: (*Account).warn},
		{do: moderate.DoReport, on: []parvis.Kind{parvis.KindPost, parvis.KindPerson, parvis.KindMessage}, who: anybody, private: true, act: (*Account).file},
	}
	for _, do := range []moderate.Do{
		moderate.DoRemove, moderate.DoRestore, moderate.DoHide, moderate.DoUnhide, moderate.DoHold,
		moderate.DoApprove, moderate.DoReject, moderate.DoSpam, moderate.DoUnspam,
	} {
		list = append(list, rule{do: do, on: post, who: owners, undo: true, act: (*Account).judge})
	}
	for _, do := range []moderate.Do{moderate.DoResolve, moderate.DoReopen, moderate.DoAssign, moderate.DoUnassign} {
		list = append(list, rule{do: do, on: report, undo: true, act: (*Account).settle})
	}
	for _, t := range []struct {
		set, unset moderate.Do
		mark       string
		rule
	}{
		{moderate.DoMute, moderate.DoUnmute, "muted", rule{on: []parvis.Kind{parvis.KindPerson, parvis.KindPost, parvis.KindKeyword}, who: anybody, expires: true, private: true}},
		{moderate.DoBlock, moderate.DoUnblock, "blocked", rule{on: person, who: anybody, private: true}},
		{moderate.DoTimeOut, moderate.DoTimeIn, "timed out", rule{on: person, expires: true}},
		{moderate.DoLimit, moderate.DoUnlimit, "limited", rule{on: person}},
		{moderate.DoBan, moderate.DoUnban, "banned", rule{on: person, expires: true}},
		{moderate.DoLabel, moderate.DoUnlabel, "labelled", rule{on: []parvis.Kind{parvis.KindPost, parvis.KindPerson}}},
		{moderate.DoLock, moderate.DoUnlock, "locked", rule{on: post, who: authors}},
		{moderate.DoLock, moderate.DoUnlock, "locked", rule{on: []parvis.Kind{parvis.KindPlace}}},
		{moderate.DoPin, moderate.DoUnpin, "pinned", rule{on: post, who: authors}},
	} {
		sw := toggle{set: t.set, unset: t.unset, mark: t.mark, mine: t.private, expires: t.expires}
		t.undo, t.act = true, func(a *Account, act moderate.Action) (moderate.Act, error) { return a.toggle(sw, act) }
		t.do = t.set
		list = append(list, t.rule)
		t.do, t.expires = t.unset, false
		list = append(list, t.rule)
	}
	return list
}

// Moderate does one thing. Everything that changes nothing, because the thing is in the
// wanted state already, succeeds without an inverse; what the state does not allow gives
// [parvis.ErrConflict], and [parvis.ErrPermission] comes of acts that are not the account's
// to do.
func (a *Account) Moderate(ctx context.Context, act moderate.Action) (done moderate.Act, err error) {
	c := call{ops: []string{"moderate", string(act.Do)}, scope: scopeModerate, changes: true}
	err = a.do(ctx, c, func() (err error) {
		done, err = a.moderate(act)
		return err
	})
	if err != nil {
		return moderate.Act{}, err
	}
	return done, nil
}

func (a *Account) moderate(act moderate.Action) (moderate.Act, error) {
	all := rules()
	i := slices.IndexFunc(all, func(r rule) bool { return r.do == act.Do && slices.Contains(r.on, act.On.Kind) })
	if i < 0 {
		return moderate.Act{}, fail(parvis.ErrUnsupported, "unknown_action", "the network cannot "+string(act.Do)+" a "+string(act.On.Kind),
			"SupportOf lists what it can")
	}
	r := all[i]
	if !act.Place.Ref.IsZero() {
		if _, err := a.findPlace(act.Place.Ref); err != nil {
			return moderate.Act{}, err
		}
	}
	if err := a.may(r, act.On); err != nil {
		return moderate.Act{}, err
	}
	done, err := r.act(a, act)
	if err != nil {
		return moderate.Act{}, err
	}
	done.Action, done.Account, done.Time = act, a.Account(), a.n.opt.Now()
	done.Raw = marshal(struct {
		Action string `json:"action"`
		On     string `json:"on"`
		Before string `json:"before"`
		After  string `json:"after"`
	}{string(act.Do), act.On.ID, done.Before, done.After})
	if changed := done.Before != done.After; changed && !r.private {
		a.n.acts = append(a.n.acts, logged{id: a.n.next("l"), by: a.p, act: done})
	}
	return done, nil
}

// may returns an error unless the account may do what the rule says to the thing.
func (a *Account) may(r rule, on parvis.Ref) error {
	if a.p.moderator || r.who == anybody {
		return nil
	}
	if r.who == moderators {
		return forbidden("not_a_moderator", "only moderators may "+string(r.do), "ask a moderator, or report it")
	}
	it, err := a.find(on)
	switch {
	case err != nil:
		return err
	case r.who == owners && !a.n.decides(a.p, it):
		return forbidden("not_yours", "it does not answer a post of the account", "ask a moderator, or report it")
	case r.who == authors && it.author != a.p:
		return forbidden("not_yours", "the post is somebody else's", "ask a moderator")
	}
	return nil
}

// judge moves content from one state to another.
func (a *Account) judge(act moderate.Action) (moderate.Act, error) {
	it, err := a.find(act.On)
	if err != nil {
		return moderate.Act{}, err
	}
	if it.waits() {
		return moderate.Act{}, conflict("the post is "+string(it.state), "wait until it is out")
	}
	before := it.state
	after, err := verdict(act.Do, it)
	if err != nil {
		return moderate.Act{}, err
	}
	done := moderate.Act{Before: string(before), After: string(after)}
	if before == after {
		return done, nil
	}
	if after == removed {
		it.was = before
	}
	wasOut := it.live()
	if it.state = after; !it.live() {
		a.n.withdraw(it)
	} else if !wasOut {
		a.n.announce(it)
	}
	done.Inverse = &moderate.Action{Do: wayBack(before, after), On: act.On, Place: act.Place}
	return done, nil
}

// verdict is the state to which do leads, or an error if it does not lead from there.
func verdict(do moderate.Do, it *item) (state, error) {
	now := it.state
	switch {
	case do == moderate.DoRestore && now == removed:
		return it.was, nil
	case do == moderate.DoRestore, do == moderate.DoUnspam && now != spam && now != removed:
		return now, nil
	case do == moderate.DoRemove:
		return removed, nil
	case now == removed:
		return "", conflict("the post is removed", "restore it first")
	case do == moderate.DoUnhide && !it.live():
		return "", conflict("the post is "+string(now)+", not hidden", "approve it instead")
	case do == moderate.DoApprove && now == hidden:
		return "", conflict("the post is hidden, not held", "unhide it instead")
	}
	return map[moderate.Do]state{
		moderate.DoHide: hidden, moderate.DoUnhide: visible, moderate.DoHold: held, moderate.DoApprove: visible,
		moderate.DoReject: rejected, moderate.DoSpam: spam, moderate.DoUnspam: visible,
	}[do], nil
}

// wayBack is what leads from the state after to the one before.
func wayBack(before, after state) moderate.Do {
	if after == removed {
		return moderate.DoRestore
	}
	if before == visible {
		return map[state]moderate.Do{hidden: moderate.DoUnhide, held: moderate.DoApprove, rejected: moderate.DoApprove, spam: moderate.DoUnspam}[after]
	}
	return map[state]moderate.Do{
		hidden: moderate.DoHide, held: moderate.DoHold, rejected: moderate.DoReject, spam: moderate.DoSpam,
		removed: moderate.DoRemove,
	}[before]
}

// purge deletes content for good.
func (a *Account) purge(act moderate.Action) (moderate.Act, error) {
	it, err := a.find(act.On)
	if err != nil {
		return moderate.Act{}, err
	}
	before := it.state
	a.n.leave(it, deleted)
	return moderate.Act{Before: string(before), After: "purged"}, nil
}

// warn writes to a person, or to the author of a post.
func (a *Account) warn(act moderate.Action) (moderate.Act, error) {
	to, err := a.findPerson(act.On)
	if act.On.Kind == parvis.KindPost {
		var it *item
		if it, err = a.find(act.On); err == nil {
			to = it.author
		}
	}
	if err != nil {
		return moderate.Act{}, err
	}
	text := act.Reason.Text
	if text == "" {
		text = "You broke a rule: " + act.Reason.Rule
	}
	m := a.n.message(a.p, to, text)
	return moderate.Act{After: "warned", Made: a.ref(m.kind, m.id)}, nil
}

// findPerson returns the person that r names.
func (a *Account) findPerson(r parvis.Ref) (*person, error) {
	if p := a.n.person(r.ID); p != nil && r.Kind == parvis.KindPerson {
		return p, nil
	}
	return nil, missing("person")
}
