package providertest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/moderate"
)

func moderateCases() []Case {
	return []Case{{
		Name:        "moderate/works",
		Explanation: "Every action that Support lists works on an answer by somebody else, and says what was done, when, by which account, and what the network answered.",
		Applies:     needs(canSay, hasActions),
		Run:         moderateWorks,
	}, {
		Name:        "moderate/person",
		Explanation: "Every action on persons that Support lists works on the author of an answer.",
		Applies:     needs(canSay, canListen, hasActions),
		Run:         moderatePerson,
	}, {
		Name:        "moderate/twice",
		Explanation: "An action on what is in the wanted state already is no error, and has nothing to take back.",
		Applies:     needs(canSay, hasActions),
		Run:         moderateTwice,
	}, {
		Name:        "moderate/purge",
		Explanation: "What is purged is heard no more.",
		Applies: needs(canSay, canListen, moderating("purging", func(s moderate.Support) bool {
			return s.Can(moderate.DoPurge, parvis.KindComment).OK() || s.Can(moderate.DoPurge, parvis.KindPost).OK() ||
				s.Can(moderate.DoPurge, parvis.KindMessage).OK()
		})),
		Run: moderatePurge,
	}, {
		Name:        "moderate/gone",
		Explanation: "An action on what is gone gives ErrNotFound.",
		Applies:     needs(hasActions, canDelete),
		Run:         moderateGone,
	}, {
		Name:        "moderate/unlisted",
		Explanation: "An action that Support does not list is refused with ErrUnsupported, or ErrPermission if a scope is missing, before the network is called.",
		Applies:     needs(canSay, canModerate),
		Run:         moderateUnlisted,
	}, {
		Name:        "moderate/unlisted-raw",
		Explanation: "The provider itself refuses an action that it does not list, with ErrUnsupported; it never says that it has done what it cannot.",
		Applies:     needs(canSay, canModerate),
		Run:         moderateUnlistedRaw,
	}, {
		Name:        "moderate/check",
		Explanation: "Check does nothing, and calls the network for nothing but the degrees that it remembers.",
		Applies:     needs(canSay, canListen, hasActions),
		Run:         moderateCheck,
	}, {
		Name:        "moderate/incomplete",
		Explanation: "An action without the label, end or target that it needs is refused with ErrInvalid before the network is called.",
		Applies:     needs(canSay, hasActions),
		Run:         moderateIncomplete,
	}, {
		Name:        "moderate/support",
		Explanation: "An ability that Support calls undoable gives acts with an inverse, and one that it does not gives none.",
		Applies:     needs(canSay, hasActions),
		Run:         moderateSupport,
	}}
}

// abilities are what Support lists for things of the kind of on.
func (r *Rig) abilities(ctx context.Context, on parvis.Ref) []moderate.Ability {
	sup, err := moderate.SupportOf(ctx, r.moderator(), parvis.Place{})
	if r.saw(err) != nil {
		return nil
	}
	var all []moderate.Ability
	for _, a := range sup.Actions {
		if a.OK() && slices.Contains(a.On, on.Kind) {
			all = append(all, a)
		}
	}
	return all
}

// actions are those worth trying on on, without the ones that only make sense after another.
func (r *Rig) actions(ctx context.Context, on parvis.Ref) []moderate.Action {
	if r.Moderate != nil {
		return r.Moderate(on)
	}
	var all []moderate.Action
	for _, ab := range r.abilities(ctx, on) {
		a := action(ab.Do, on)
		if len(ab.Labels) > 0 {
			a.Label = ab.Labels[0]
		}
		all = append(all, a)
	}
	return all
}

// ability is the one for the action.
func (r *Rig) ability(ctx context.Context, a moderate.Action) (moderate.Ability, bool) {
	for _, ab := range r.abilities(ctx, a.On) {
		if ab.Do == a.Do {
			return ab, true
		}
	}
	return moderate.Ability{}, false
}

// before is the action that must have been done for do to make sense, or "".
func before(do moderate.Do) moderate.Do {
	switch do {
	case moderate.DoRestore, moderate.DoUnhide, moderate.DoUnspam, moderate.DoUnlabel, moderate.DoUnmute, moderate.DoTimeIn,
		moderate.DoUnlimit, moderate.DoUnban, moderate.DoUnblock, moderate.DoUnlock, moderate.DoUnpin, moderate.DoApprove,
		moderate.DoReopen, moderate.DoUnassign:
		return do.Inverse()
	case moderate.DoReject:
		return moderate.DoHold
	}
	return ""
}

// prepare brings what a is about into the state in which a changes something, if the
// account can. It reports false if a cannot be expected to work.
func (r *Rig) prepare(ctx context.Context, a moderate.Action) (bool, error) {
	first := before(a.Do)
	if first == "" {
		return true, nil
	}
	prep := action(first, a.On)
	prep.Label = a.Label
	if _, ok := r.ability(ctx, prep); !ok {
		return a.Do != moderate.DoReject && a.Do != moderate.DoApprove, nil
	}
	_, err := r.apply(ctx, prep)
	return true, err
}

// errRestricted is the error of an action that Support says partly to, and that the
// account may not do to this thing.
var errRestricted = errors.New("the account may not do that to this")

// apply does a, and checks the act.
func (r *Rig) apply(ctx context.Context, a moderate.Action) (moderate.Act, error) {
	act, err := moderate.Apply(ctx, r.moderator(), a)
	if r.saw(err) != nil {
		if ab, ok := r.ability(ctx, a); ok && ab.Level == parvis.Partial && errors.Is(err, parvis.ErrPermission) {
			return act, errRestricted
		}
		return act, fmt.Errorf("%s failed, and Support lists it: %w", a.Do, err)
	}
	if d := time.Since(act.Time); act.Account != r.Account.Account() || act.Action.Do != a.Do || d.Abs() > time.Hour {
		return act, fmt.Errorf("%s gives the act of %v by %v at %v", a.Do, act.Action, act.Account, act.Time)
	}
	if inv := act.Inverse; inv != nil {
		if err := complete(act.Account, "the inverse of "+string(a.Do), inv.On, a.On.Kind, act.Made.Kind); err != nil {
			return act, err
		}
	}
	return act, r.settle(ctx)
}

// each prepares a fresh answer for every action worth trying on one, and tries f on it.
func (r *Rig) each(ctx context.Context, f func(a moderate.Action) error) error {
	ref, _, err := r.answer(ctx, "Buy watches!")
	if err != nil {
		return err
	}
	var errs []error
	for i, a := range r.actions(ctx, ref) {
		if i > 0 {
			if ref, _, err = r.answer(ctx, "Buy watches!"); err != nil {
				return err
			}
		}
		a.On = ref
		ok, err := r.prepare(ctx, a)
		if err == nil && ok {
			err = f(a)
		}
		if !errors.Is(err, errRestricted) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func moderateWorks(ctx context.Context, r *Rig) error {
	return r.each(ctx, func(a moderate.Action) error {
		_, err := r.apply(ctx, a)
		return err
	})
}

// author makes somebody answer, and returns who.
func (r *Rig) author(ctx context.Context) (parvis.Ref, error) {
	_, word, err := r.answer(ctx, "Buy watches!")
	if err != nil {
		return parvis.Ref{}, err
	}
	ev, err := r.once(ctx, everything(), word)
	return ev.Author.Ref, err
}

// moderatePerson takes each act back, so that the person can be heard again.
func moderatePerson(ctx context.Context, r *Rig) error {
	who, err := r.author(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, a := range r.actions(ctx, who) {
		if a.Do == moderate.DoPurge {
			continue // would leave nobody for the others
		}
		a.On = who
		var act moderate.Act
		ok, err := r.prepare(ctx, a)
		if err == nil && ok {
			act, err = r.apply(ctx, a)
		}
		if errors.Is(err, errRestricted) {
			continue
		}
		errs = append(errs, err)
		if err == nil && act.Inverse != nil && before(a.Do) == "" {
			_, err = moderate.Undo(ctx, r.moderator(), act)
			errs = append(errs, r.saw(err))
		}
	}
	return errors.Join(errs...)
}

// repeats tells whether an action makes something new each time, or ends what it is about.
func repeats(do moderate.Do) bool {
	switch do {
	case moderate.DoWarn, moderate.DoReport, moderate.DoPurge, moderate.DoTimeOut:
		return true
	}
	return false
}

func moderateTwice(ctx context.Context, r *Rig) error {
	return r.each(ctx, func(a moderate.Action) error {
		if _, err := r.apply(ctx, a); err != nil || repeats(a.Do) {
			return err
		}
		act, err := r.apply(ctx, a)
		if err != nil {
			return fmt.Errorf("done again: %w", err)
		}
		if act.Inverse != nil {
			return fmt.Errorf("%s, done again, changes nothing, and has the inverse %v", a.Do, act.Inverse)
		}
		return nil
	})
}

// moderatePurge removes for good, since what is only hidden or removed an account may still hear.
func moderatePurge(ctx context.Context, r *Rig) error {
	ref, word, err := r.answer(ctx, "Buy watches!")
	if err != nil {
		return err
	}
	a := action(moderate.DoPurge, ref)
	if _, ok := r.ability(ctx, a); !ok {
		return nil
	}
	if _, err := r.apply(ctx, a); err != nil {
		return err
	}
	evs, err := r.hear(ctx, everything(), word)
	if err == nil && len(evs) > 0 {
		err = fmt.Errorf("what was purged is still heard, as a %v", evs[0].Kind)
	}
	return err
}

func moderateGone(ctx context.Context, r *Rig) error {
	ref, _, err := r.gone(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, a := range r.actions(ctx, ref) {
		_, err := moderate.Apply(ctx, r.moderator(), a)
		errs = append(errs, refused(string(a.Do)+" on what is gone", r.saw(err), parvis.ErrNotFound))
	}
	return errors.Join(errs...)
}

// unlisted calls f with every action that cannot be done to an answer.
func (r *Rig) unlisted(ctx context.Context, f func(a moderate.Action, why parvis.Support) error) error {
	ref, _, err := r.answer(ctx, "Buy watches!")
	if err != nil {
		return err
	}
	sup, err := moderate.SupportOf(ctx, r.moderator(), parvis.Place{})
	if r.saw(err) != nil {
		return err
	}
	var errs []error
	for _, do := range moderate.Dos() {
		if can := sup.Can(do, ref.Kind); !can.OK() {
			errs = append(errs, f(action(do, ref), can))
		}
	}
	return errors.Join(errs...)
}

func moderateUnlisted(ctx context.Context, r *Rig) error {
	return r.unlisted(ctx, func(a moderate.Action, _ parvis.Support) error {
		return r.untouched(func() error {
			_, err := moderate.Apply(ctx, r.moderator(), a)
			return refused(string(a.Do)+", which is not listed,", r.saw(err), parvis.ErrUnsupported, parvis.ErrPermission)
		})
	})
}

func moderateUnlistedRaw(ctx context.Context, r *Rig) error {
	return r.unlisted(ctx, func(a moderate.Action, why parvis.Support) error {
		if why.Scope != "" {
			return nil // the network refuses it, or grants it after all
		}
		_, err := r.moderator().Moderate(ctx, a)
		return refused(string(a.Do)+", called without its door,", r.saw(err), parvis.ErrUnsupported)
	})
}

func moderateCheck(ctx context.Context, r *Rig) error {
	ref, word, err := r.answer(ctx, "Buy watches!")
	if err != nil {
		return err
	}
	was, err := r.once(ctx, everything(), word)
	if err != nil {
		return err
	}
	var errs []error
	for _, a := range r.actions(ctx, ref) {
		errs = append(errs, r.untouched(func() error { return r.saw(moderate.Check(ctx, r.moderator(), a)) }))
	}
	is, err := r.once(ctx, everything(), word)
	if err == nil && (is.ID != was.ID || is.Status != was.Status) {
		err = fmt.Errorf("after checks the answer is %q %q, and it was %q %q", is.ID, is.Status, was.ID, was.Status)
	}
	return errors.Join(append(errs, err)...)
}

func moderateIncomplete(ctx context.Context, r *Rig) error {
	ref, _, err := r.answer(ctx, "Buy watches!")
	if err != nil {
		return err
	}
	var errs []error
	try := func(what string, a moderate.Action) {
		errs = append(errs, r.untouched(func() error {
			_, err := moderate.Apply(ctx, r.moderator(), a)
			return refused(what, r.saw(err), parvis.ErrInvalid)
		}))
	}
	try("a label without its name", moderate.Action{Do: moderate.DoLabel, On: ref})
	try("a time-out without its end", moderate.Action{Do: moderate.DoTimeOut, On: ref})
	try("a ban that has ended", moderate.Action{Do: moderate.DoBan, On: ref, Until: time.Now().Add(-time.Hour)})
	try("an action on nothing", moderate.Action{Do: moderate.DoHide})
	return errors.Join(errs...)
}

func moderateSupport(ctx context.Context, r *Rig) error {
	return r.each(ctx, func(a moderate.Action) error {
		act, err := r.apply(ctx, a)
		ab, ok := r.ability(ctx, a)
		if err != nil || !ok {
			return err
		}
		if changed := act.Before == "" || act.Before != act.After; ab.Undo != (act.Inverse != nil) && changed {
			return fmt.Errorf("Support says undo %v of %s, and the act from %q to %q has the inverse %v",
				ab.Undo, a.Do, act.Before, act.After, act.Inverse)
		}
		return nil
	})
}
