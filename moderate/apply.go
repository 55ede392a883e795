package moderate

import (
	"context"
	"errors"
	"time"

	"github.com/parvis-go/parvis"
)

// Apply does what a says through m, after [Check]. The doors named after each action are
// shorter to write; Apply is for actions that come from rules and queues.
//
// A thing that is in the wanted state already is no error: the Act then has no Inverse.
func Apply(ctx context.Context, m Moderator, a Action) (Act, error) {
	if err := Check(ctx, m, a); err != nil {
		return Act{}, err
	}
	acc := m.Account()
	act, err := m.Moderate(ctx, a)
	if err != nil {
		return Act{}, parvis.In(err, acc, string(a.Do), parvis.ErrUnknownOutcome)
	}
	act.Action, act.Account = a, acc
	if act.Time.IsZero() {
		act.Time = time.Now()
	}
	return act, nil
}

// Check tells, without doing anything, whether a could be done: nil, or the typed error
// that [Apply] would give before the network is asked to act.
func Check(ctx context.Context, m Moderator, a Action) error {
	acc := m.Account()
	op := string(a.Do)
	refs := append([]parvis.Ref{a.On, a.Place.Ref}, a.With...)
	for _, r := range refs {
		if err := acc.Owns(r); err != nil {
			return parvis.In(err, acc, op, parvis.ErrInvalid)
		}
	}
	invalid := func(msg, help string) error {
		return &parvis.Error{Op: op, Network: acc.Network, Account: acc.String(), Code: parvis.ErrInvalid, Message: msg, Help: help}
	}
	switch {
	case a.On.IsZero():
		return invalid("there is nothing to do it to", "pass the Ref of an event, person or report")
	case (a.Do == DoLabel || a.Do == DoUnlabel) && a.Label == "":
		return invalid("the label is missing", "set Action.Label")
	case a.Do == DoTimeOut && a.Until.IsZero():
		return invalid("the end of the time-out is missing", "set Action.Until")
	case !a.Until.IsZero() && !a.Until.After(time.Now()):
		return invalid("the end is past", "set Action.Until to a later time, or leave it empty")
	}
	sup, err := SupportOf(ctx, m, a.Place)
	if err != nil {
		return err
	}
	return sup.Can(a.Do, a.On.Kind).Err(acc, op)
}

// Undo takes an act back by applying its inverse. An act that the network cannot take
// back gives an error that matches [parvis.ErrUnsupported].
func Undo(ctx context.Context, m Moderator, act Act) (Act, error) {
	acc := m.Account()
	if err := acc.Owns(act.Action.On); err != nil {
		return Act{}, parvis.In(err, acc, "undo", parvis.ErrInvalid)
	}
	if act.Inverse == nil {
		return Act{}, parvis.Unsupported(acc, "undo "+string(act.Action.Do), "this act cannot be taken back")
	}
	inv := *act.Inverse
	if inv.Actor == "" {
		inv.Actor = act.Action.Actor
	}
	undone, err := Apply(ctx, m, inv)
	if errors.Is(err, parvis.ErrNotFound) {
		return Act{}, &parvis.Error{
			Op: "undo " + string(act.Action.Do), Network: acc.Network, Account: acc.String(),
			Code: parvis.ErrNotFound, Message: "it cannot be taken back: the thing is gone since", Err: err,
		}
	}
	return undone, err
}
