package providertest

import (
	"context"
	"errors"
	"fmt"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/listen"
	"github.com/parvis-go/parvis/moderate"
	"github.com/parvis-go/parvis/publish"
)

// A mishap is what an account may answer to a staged fault of reading.
type mishap struct {
	kind FaultKind
	want []error
	mend bool // tells that reading again may have helped
	rule string
}

func mishaps() []mishap {
	again := ", or is mended by reading again"
	passing := []error{parvis.ErrUnavailable}
	return []mishap{
		{RateLimited, []error{parvis.ErrRateLimited}, false, "Listening that the network refuses for its rate gives ErrRateLimited with RetryAfter."},
		{ServerErrorBefore, passing, true, "A server error while listening gives ErrUnavailable" + again + "; it never looks like the end of the stream."},
		{CutBefore, passing, true, "A connection that breaks while listening gives ErrUnavailable" + again + "; it never looks like the end of the stream."},
		{Timeout, passing, true, "An answer that does not come while listening gives ErrUnavailable" + again + "; it never looks like the end of the stream."},
		{BadToken, []error{parvis.ErrAuth}, false, "Listening with a token that the network no longer takes gives ErrAuth, with what to do in Help."},
		{Forbidden, []error{parvis.ErrPermission}, false, "Listening to what the account may not hear gives ErrPermission."},
		{Truncated, []error{parvis.ErrBadAnswer}, true, "An answer that breaks off while listening gives ErrBadAnswer" + again + "; nothing is lost by it."},
		{TooLarge, []error{parvis.ErrBadAnswer}, false, "An answer that is too large to read gives ErrBadAnswer while listening."},
		{
			Redirect,
			[]error{parvis.ErrBadAnswer, parvis.ErrUnavailable, parvis.ErrInvalid, parvis.ErrPermission, parvis.ErrRejected},
			false,
			"A redirect to another host is not followed while listening, gives a typed error, and carries no secret away.",
		},
		{VersionRetired, []error{parvis.ErrAPIVersionRetired}, false, "An API version that the network no longer speaks gives ErrAPIVersionRetired while listening."},
	}
}

func errorCases() []Case {
	var cases []Case
	for _, m := range mishaps() {
		cases = append(cases, Case{
			Name:        "errors/listen-" + slug(m.kind),
			Explanation: m.rule,
			Applies:     needs(canListen, canSay, staged(m.kind, "listen")),
			Run:         func(ctx context.Context, r *Rig) error { return listenFault(ctx, r, m) },
		})
	}
	for _, f := range blunders() {
		cases = append(cases, Case{
			Name:        "errors/moderate-" + slug(f.kind),
			Explanation: f.rule,
			Applies:     needs(canSay, hasActions, staged(f.kind, "moderate")),
			Run:         func(ctx context.Context, r *Rig) error { return moderateFault(ctx, r, f) },
		})
	}
	return append(cases, Case{
		Name:        "errors/typed",
		Explanation: "The provider's own methods, called without their doors, give *parvis.Error with a code.",
		Applies:     needs(canGet, canDelete),
		Run:         errorsTyped,
	})
}

// blunders is the table of faults of moderating.
func blunders() []failure {
	unknown := []error{parvis.ErrUnknownOutcome}
	return []failure{
		{RateLimited, []error{parvis.ErrRateLimited}, false, "An action that the network refuses for its rate gives ErrRateLimited with RetryAfter."},
		{ServerErrorAfter, unknown, true, "A server error that hid a success leaves the outcome of an action unknown, or the action was done again because that is harmless."},
		{CutAfter, unknown, true, "A connection that breaks before the answer leaves the outcome of an action unknown, or the action was done again because that is harmless."},
		{BadToken, []error{parvis.ErrAuth}, false, "An action with a token that the network no longer takes gives ErrAuth, with what to do in Help."},
		{Forbidden, []error{parvis.ErrPermission}, false, "An action that the account may not do gives ErrPermission."},
	}
}

// typed checks an error that a door has let through.
func typed(op string, err error) error {
	e, ok := errors.AsType[*parvis.Error](err)
	switch {
	case !ok:
		return fmt.Errorf("the error of %s is no *parvis.Error: %w", op, err)
	case e.Code == "" || e.Network == "" || e.Op == "" || e.Account == "":
		return fmt.Errorf("the error of %s lacks a code, network, account or operation: %+v", op, *e)
	}
	return nil
}

// telling checks what a good error tells besides its code.
func telling(kind FaultKind, err error) error {
	e, ok := errors.AsType[*parvis.Error](err)
	switch {
	case !ok:
		return nil
	case kind == RateLimited && (e.RetryAfter <= 0 || e.RetryAfter > 2*wait):
		return fmt.Errorf("the error does not say when to try again, the network said in %v: %w", wait, err)
	case (kind == BadToken || e.Code == parvis.ErrUnknownOutcome) && e.Help == "":
		return fmt.Errorf("the error does not say what to do: %w", err)
	}
	return nil
}

func listenFault(ctx context.Context, r *Rig, m mishap) error {
	_, word, err := r.answer(ctx, "When?")
	if err != nil {
		return err
	}
	evs, err := r.gather(listen.To(ctx, r.listener(), everything()), word)
	if err == nil {
		if m.mend && len(evs) == 1 {
			return nil
		}
		return fmt.Errorf("listening ended without an error in spite of the failure %q, with %d of 1 events", m.kind, len(evs))
	}
	return errors.Join(refused("listening", err, m.want...), typed("listening", err), telling(m.kind, err))
}

func moderateFault(ctx context.Context, r *Rig, f failure) error {
	ref, _, err := r.answer(ctx, "Buy watches!")
	if err != nil {
		return err
	}
	as := r.actions(ctx, ref)
	if len(as) == 0 {
		return nil
	}
	_, err = moderate.Apply(ctx, r.moderator(), as[0])
	if r.saw(err) == nil {
		if f.mend {
			return nil
		}
		return fmt.Errorf("%s succeeded in spite of the failure %q", as[0].Do, f.kind)
	}
	return errors.Join(refused(string(as[0].Do), err, f.want...), typed(string(as[0].Do), err), telling(f.kind, err))
}

// errorsTyped provokes an error at a provider's method itself.
func errorsTyped(ctx context.Context, r *Rig) error {
	ref, _, err := r.gone(ctx)
	if err != nil {
		return err
	}
	raw := make(map[string]error)
	if g, ok := parvis.As[publish.Getter](r.Account); ok {
		_, raw["Get"] = g.Get(ctx, ref)
	}
	if d, ok := parvis.As[publish.Deleter](r.Account); ok {
		raw["Delete"] = d.Delete(ctx, ref)
	}
	var errs []error
	for name, err := range raw {
		e, ok := errors.AsType[*parvis.Error](r.saw(err))
		if !ok || e.Code == "" || e.Message == "" && e.Vendor == "" && e.Err == nil {
			errs = append(errs, fmt.Errorf("the raw method %s gives the error %#w, want a *parvis.Error with code and message", name, err))
		}
	}
	return errors.Join(errs...)
}
