package providertest

import (
	"context"
	"errors"
	"fmt"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/moderate"
)

func pendingCases() []Case {
	return []Case{{
		Name:        "pending/held",
		Explanation: "What is held for a decision is listed, once, with what it is about, by whom, and what it says; what has been decided is not.",
		Applies:     needs(canSay, canModerate, hasPending, canHold),
		Run:         pendingHeld,
	}, {
		Name:        "pending/whole",
		Explanation: "Every case that waits for a decision says why, and has a complete reference; leaving the list early stops it.",
		Applies:     needs(hasPending),
		Run:         pendingWhole,
	}, {
		Name:        "log/acts",
		Explanation: "The network's moderation log, where the account sees one, has lines with a time and the network's word, newest first, and what was just done is in it.",
		Applies:     needs(canSay, hasActions, moderating("the log", func(s moderate.Support) bool { return s.Log.OK() })),
		Run:         logActs,
	}}
}

func hasPending(ctx context.Context, r *Rig) error {
	return moderating("listing what waits", func(s moderate.Support) bool { return s.Pending.OK() })(ctx, r)
}

func canHold(ctx context.Context, r *Rig) error {
	return moderating("holding", func(s moderate.Support) bool {
		for _, k := range said() {
			if s.Can(moderate.DoHold, k).OK() && s.Can(moderate.DoApprove, k).OK() {
				return true
			}
		}
		return false
	})(ctx, r)
}

// cases returns what waits for a decision about on.
func (r *Rig) cases(ctx context.Context, on parvis.Ref) ([]moderate.Case, error) {
	var found []moderate.Case
	for c, err := range moderate.PendingIn(ctx, r.moderator(), parvis.Place{}) {
		if r.saw(err) != nil {
			return found, err
		}
		if c.On == on {
			found = append(found, c)
		}
	}
	return found, nil
}

func pendingHeld(ctx context.Context, r *Rig) error {
	ref, word, err := r.answer(ctx, "Buy watches!")
	if err != nil {
		return err
	}
	if _, err := r.apply(ctx, action(moderate.DoHold, ref)); err != nil {
		return err
	}
	found, err := r.cases(ctx, ref)
	if err != nil {
		return err
	}
	if len(found) != 1 {
		return fmt.Errorf("what is held is listed %d times", len(found))
	}
	c := found[0]
	if c.Why != "held" || !contains(c.Text.Plain, word) || c.Author.Ref.IsZero() || c.Ref.IsZero() {
		return fmt.Errorf("what is held is listed with the reason %q, the text %q, by %v", c.Why, c.Text.Plain, c.Author.Ref)
	}
	if _, err := r.apply(ctx, action(moderate.DoApprove, ref)); err != nil {
		return err
	}
	found, err = r.cases(ctx, ref)
	if err == nil && len(found) > 0 {
		err = errors.New("what was approved is still listed")
	}
	return err
}

func pendingWhole(ctx context.Context, r *Rig) error {
	if r.Say != nil {
		ref, _, err := r.answer(ctx, "Buy watches!")
		if err != nil {
			return err
		}
		hold := action(moderate.DoHold, ref)
		if _, ok := r.ability(ctx, hold); ok {
			if _, err := r.apply(ctx, hold); err != nil {
				return err
			}
		}
	}
	a := r.Account.Account()
	for c, err := range moderate.PendingIn(ctx, r.moderator(), parvis.Place{}) {
		if r.saw(err) != nil {
			return err
		}
		kinds := append(said(), parvis.KindReport, parvis.KindPerson)
		if err := errors.Join(complete(a, "the case", c.Ref, kinds...), complete(a, "what the case is about", c.On, kinds...)); err != nil {
			return err
		}
		if c.Why == "" || len(c.Raw) == 0 {
			return fmt.Errorf("the case %v has the reason %q and %d bytes of the raw payload", c.Ref, c.Why, len(c.Raw))
		}
	}
	for _, err := range moderate.PendingIn(ctx, r.moderator(), parvis.Place{}) {
		return err // leaving the loop must be safe
	}
	return nil
}

// public is an action worth trying on that a network would note in its log.
func (r *Rig) public(ctx context.Context, on parvis.Ref) (moderate.Action, bool) {
	for _, a := range r.actions(ctx, on) {
		switch a.Do {
		case moderate.DoRemove, moderate.DoHide, moderate.DoHold, moderate.DoSpam, moderate.DoPurge:
			return a, true
		}
	}
	return moderate.Action{}, false
}

func logActs(ctx context.Context, r *Rig) error {
	ref, _, err := r.answer(ctx, "Buy watches!")
	if err != nil {
		return err
	}
	a, ok := r.public(ctx, ref)
	if !ok {
		return nil
	}
	if _, err := r.apply(ctx, a); err != nil {
		return err
	}
	var entries []moderate.Entry
	seen := false
	for e, err := range moderate.LogOf(ctx, r.moderator(), parvis.Place{}) {
		if r.saw(err) != nil {
			return err
		}
		if e.Time.IsZero() || e.Vendor == "" && e.Do == "" {
			return fmt.Errorf("the line %q of the log has no time, or no word for what was done", e.ID)
		}
		if n := len(entries); n > 0 && e.Time.After(entries[n-1].Time) {
			return fmt.Errorf("a line of %v comes after one of %v, want newest first", e.Time, entries[n-1].Time)
		}
		entries = append(entries, e)
		seen = seen || e.On == ref
	}
	if !seen {
		return fmt.Errorf("%s is not among the %d lines of the log", a.Do, len(entries))
	}
	return nil
}
