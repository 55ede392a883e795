package providertest

import (
	"context"
	"errors"
	"fmt"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/publish"
)

func accountCases() []Case {
	return []Case{{
		Name:        "account/complete",
		Explanation: "Account names network, ID and a handle or name once the network has been used, and then stays the same.",
		Run:         accountComplete,
	}, {
		Name:        "account/early",
		Explanation: "Account answers before the first call, without calling the network, with the network, client and host that it has later.",
		Run:         accountEarly,
	}}
}

// use makes the provider call its network.
func (r *Rig) use(ctx context.Context) error {
	if r.publisher() != nil {
		_, _, err := r.post(ctx)
		return err
	}
	if r.listener() != nil {
		_, err := r.hear(ctx, everything(), mark())
		return err
	}
	return r.warm(ctx)
}

func accountComplete(ctx context.Context, r *Rig) error {
	if err := r.use(ctx); err != nil {
		return err
	}
	a := r.Account.Account()
	if a.Network == "" || a.ID == "" || a.Handle == "" && a.Name == "" {
		return fmt.Errorf("the account is incomplete after its first use: %+v", a)
	}
	if ref := a.Ref(); ref.Kind != parvis.KindPerson || ref.IsZero() {
		return fmt.Errorf("the account has the reference %+v", ref)
	}
	if err := r.use(ctx); err != nil {
		return err
	}
	if again := r.Account.Account(); again != a {
		return fmt.Errorf("the account changed from %+v to %+v", a, again)
	}
	return nil
}

func accountEarly(ctx context.Context, r *Rig) error {
	var early parvis.Account
	if err := r.untouched(func() error { early = r.Account.Account(); return nil }); err != nil {
		return err
	}
	if err := r.use(ctx); err != nil {
		return err
	}
	late := r.Account.Account()
	if early.Network != late.Network || early.Client != late.Client || early.Host != late.Host {
		return fmt.Errorf("the account was %+v before its first use and is %+v after it", early, late)
	}
	if early.ID != "" && early.ID != late.ID {
		return errors.New("the account's ID changed with its first use")
	}
	return nil
}

// valid reports whether a post may be in the state s after a call of publish.To.
func valid(s publish.State) bool {
	switch s {
	case publish.Published, publish.Scheduled, publish.Pending, publish.Held:
		return true
	}
	return false
}
