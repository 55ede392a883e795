package providertest

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/listen"
	"github.com/parvis-go/parvis/publish"
)

func secretCases() []Case {
	return []Case{{
		Name: "secrets/errors",
		Explanation: "No token, password or key appears in an error, however it is printed: " +
			"not after refusals, failures of the server or of the connection, redirects, or broken answers. Every case looks for them; this one provokes all errors that it can.",
		Applies: needs(canBreak, when(func(r *Rig) bool { return len(r.Secrets) > 0 }, "the rig names no secrets")),
		Run:     secretsErrors,
	}, {
		Name:        "secrets/log",
		Explanation: "No token, password or key appears in the log.",
		Applies: needs(when(func(r *Rig) bool { return len(r.Secrets) > 0 }, "the rig names no secrets"),
			when(func(r *Rig) bool { return r.Log != nil }, "the rig captures no log (Log is nil)")),
		Run: secretsLog,
	}, {
		Name:        "secrets/account",
		Explanation: "No token, password or key appears in the account, in posts, or in events, however they are printed.",
		Applies:     needs(when(func(r *Rig) bool { return len(r.Secrets) > 0 }, "the rig names no secrets")),
		Run:         secretsAccount,
	}}
}

// printed is v in every way in which programs print things.
func printed(v any) string { return fmt.Sprintf("%v\n%+v\n%#v\n%q", v, v, v, fmt.Sprint(v)) }

// unfold returns err and every error in its tree.
func unfold(err error) []error {
	all := []error{err}
	switch e := err.(type) { //nolint:errorlint // the tree is walked by hand, node by node
	case interface{ Unwrap() error }:
		if inner := e.Unwrap(); inner != nil {
			all = append(all, unfold(inner)...)
		}
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			if inner != nil {
				all = append(all, unfold(inner)...)
			}
		}
	}
	return all
}

// holdsSecret reports which of the secrets, by number, are in s.
func (r *Rig) holdsSecret(where, s string) error {
	var errs []error
	for i, secret := range r.Secrets {
		if secret != "" && strings.Contains(s, secret) {
			errs = append(errs, fmt.Errorf("secret %d of the rig is in %s", i, where))
		}
	}
	return errors.Join(errs...)
}

// leaks looks for secrets in every error that the case met, and in the log.
func (r *Rig) leaks() error {
	r.mu.Lock()
	seen := append([]error(nil), r.seen...)
	r.mu.Unlock()
	var errs []error
	for _, err := range seen {
		for _, node := range unfold(err) {
			errs = append(errs, r.holdsSecret(fmt.Sprintf("an error (%T): %s", node, r.mask(node.Error())), printed(node)))
		}
	}
	if r.Log != nil {
		errs = append(errs, r.holdsSecret("the log", r.Log.String()))
	}
	return errors.Join(errs...)
}

// mask cuts the secrets out of s.
func (r *Rig) mask(s string) string {
	for _, secret := range r.Secrets {
		if secret != "" {
			s = strings.ReplaceAll(s, secret, "[redacted]")
		}
	}
	return s
}

// censor returns err without the secrets that are in its text.
func (r *Rig) censor(err error) error {
	if err == nil {
		return nil
	}
	return errors.New(r.mask(err.Error()))
}

func secretsErrors(ctx context.Context, r *Rig) error {
	for _, kind := range []FaultKind{
		Forbidden, BadToken, ServerErrorBefore, ServerErrorAfter, CutBefore, CutAfter, Truncated, TooLarge, Redirect, VersionRetired, RateLimited,
	} {
		if r.publisher() != nil && r.stage(kind, "publish") {
			_, err := publish.To(ctx, r.publisher(), r.draft("Open on Saturday "+mark()))
			_ = r.saw(err)
		}
		if r.listener() != nil && r.stage(kind, "listen") {
			_ = r.saw(last(listen.To(ctx, r.listener(), everything())))
		}
	}
	if len(r.seen) == 0 {
		return errors.New("no failure that was staged made an error")
	}
	return r.leaks()
}

func secretsLog(ctx context.Context, r *Rig) error {
	if err := r.use(ctx); err != nil {
		return err
	}
	if r.Break != nil && r.publisher() != nil && r.stage(BadToken, "publish") {
		_, err := publish.To(ctx, r.publisher(), r.draft("Open on Saturday "+mark()))
		_ = r.saw(err)
	}
	if r.Log.String() == "" {
		return errors.New("the rig captures the log, and it is empty")
	}
	return r.leaks()
}

func secretsAccount(ctx context.Context, r *Rig) error {
	errs := []error{r.holdsSecret("the account", printed(r.Account.Account()))}
	if r.publisher() != nil {
		post, _, err := r.post(ctx)
		if err != nil {
			return err
		}
		errs = append(errs, r.holdsSecret("a post", printed(post)+string(post.Raw)))
		sup, err := publish.SupportOf(ctx, r.publisher(), parvis.Place{})
		_ = r.saw(err)
		errs = append(errs, r.holdsSecret("the degrees", printed(sup)))
	}
	if r.listener() != nil {
		for ev, err := range listen.To(ctx, r.listener(), everything()) {
			if r.saw(err) != nil {
				return err
			}
			errs = append(errs, r.holdsSecret("an event", printed(ev)+string(ev.Raw)))
		}
	}
	return errors.Join(errs...)
}
