package providertest

import (
	"context"
	"errors"
	"fmt"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/moderate"
)

func undoCases() []Case {
	return []Case{{
		Name:        "undo/state",
		Explanation: "Undo brings the state back that was there before the act: the undoing act ends where the first began, and begins where it ended.",
		Applies:     needs(canSay, hasActions),
		Run:         undoState,
	}, {
		Name:        "undo/heard",
		Explanation: "What was acted upon and brought back is heard as before, with the same status.",
		Applies:     needs(canSay, canListen, hasActions),
		Run:         undoHeard,
	}, {
		Name:        "undo/none",
		Explanation: "An act without an inverse cannot be undone: ErrUnsupported, and the network is not called.",
		Applies:     needs(canSay, hasActions),
		Run:         undoNone,
	}}
}

// undoable does every action worth trying on a fresh answer and, if it can be taken back,
// takes it back and calls f with both acts.
func (r *Rig) undoable(ctx context.Context, f func(act, undone moderate.Act) error) error {
	return r.each(ctx, func(a moderate.Action) error {
		act, err := r.apply(ctx, a)
		if err != nil || act.Inverse == nil {
			return err
		}
		undone, err := moderate.Undo(ctx, r.moderator(), act)
		if r.saw(err) != nil {
			return fmt.Errorf("%s cannot be undone: %w", a.Do, err)
		}
		if err := r.settle(ctx); err != nil {
			return err
		}
		return f(act, undone)
	})
}

func undoState(ctx context.Context, r *Rig) error {
	return r.undoable(ctx, func(act, undone moderate.Act) error {
		do := act.Action.Do
		switch {
		case act.Before != "" && act.Before == act.After:
			return fmt.Errorf("%s can be undone, and left the state %q as it was", do, act.Before)
		case act.Before != "" && undone.After != "" && undone.After != act.Before:
			return fmt.Errorf("%s went from %q to %q, and undoing it to %q", do, act.Before, act.After, undone.After)
		case act.After != "" && undone.Before != "" && undone.Before != act.After:
			return fmt.Errorf("%s went to %q, and undoing it began at %q", do, act.After, undone.Before)
		}
		return nil
	})
}

// undoHeard looks at acts on content that was in its first state, so that the state
// after the undoing is the first again.
func undoHeard(ctx context.Context, r *Rig) error {
	ref, word, err := r.answer(ctx, "Buy watches!")
	if err != nil {
		return err
	}
	first, err := r.once(ctx, everything(), word)
	if err != nil {
		return err
	}
	var errs []error
	for _, a := range r.actions(ctx, ref) {
		if before(a.Do) != "" {
			continue
		}
		ab, _ := r.ability(ctx, a)
		if !ab.Undo {
			continue
		}
		act, err := r.apply(ctx, a)
		if errors.Is(err, errRestricted) {
			continue
		}
		if err == nil && act.Inverse != nil {
			_, err = moderate.Undo(ctx, r.moderator(), act)
		}
		if r.saw(err) != nil {
			errs = append(errs, err)
			continue
		}
		errs = append(errs, r.still(ctx, a.Do, word, first.Status))
	}
	return errors.Join(errs...)
}

// still checks that the last version that is heard has the status.
func (r *Rig) still(ctx context.Context, do moderate.Do, word, status string) error {
	if err := r.settle(ctx); err != nil {
		return err
	}
	evs, err := r.hear(ctx, everything(), word)
	switch {
	case err != nil:
		return err
	case len(evs) == 0:
		return fmt.Errorf("after %s and its undoing, the answer is not heard", do)
	case evs[len(evs)-1].Status != status:
		return fmt.Errorf("after %s and its undoing, the answer is %q, and it was %q", do, evs[len(evs)-1].Status, status)
	}
	return nil
}

func undoNone(ctx context.Context, r *Rig) error {
	ref, _, err := r.answer(ctx, "Buy watches!")
	if err != nil {
		return err
	}
	return r.untouched(func() error {
		_, err := moderate.Undo(ctx, r.moderator(), moderate.Act{Action: action(moderate.DoWarn, ref)})
		return refused("undoing an act without an inverse", r.saw(err), parvis.ErrUnsupported)
	})
}
