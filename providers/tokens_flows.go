package providers

import (
	"context"
	"slices"
	"time"

	"github.com/parvis-go/parvis"
)

// FlowKey is the key in [parvis.Token.Extra] under which a token names the flow that
// obtained it, as [Form.Name] spells it. Networks with one flow need not set it.
const FlowKey = "flow"

// FlowOf returns the flow that renews and revokes t: the one that t names under
// [FlowKey], else the first of the account's network. It is nil if there is none.
func FlowOf(flows []Flow, a parvis.Account, t parvis.Token) Flow {
	name := t.Extra[FlowKey]
	i := slices.IndexFunc(flows, func(f Flow) bool {
		form := f.Form()
		return form.Manifest.Network == a.Network && (name == "" || name == form.Name)
	})
	if i < 0 {
		return nil
	}
	return flows[i]
}

// Refreshers returns the [Refresher] that hands each account to the flow of its token; see
// [FlowOf]. An account that no flow can renew gives an error that matches [parvis.ErrInvalid].
func Refreshers(flows ...Flow) EarlyRefresher { return refreshers(slices.Clone(flows)) }

type refreshers []Flow

// Refresh implements [Refresher].
func (fs refreshers) Refresh(ctx context.Context, a parvis.Account, t parvis.Token) (parvis.Token, error) {
	if r, ok := FlowOf(fs, a, t).(Refresher); ok {
		return r.Refresh(ctx, a, t)
	}
	return parvis.Token{}, &parvis.Error{
		Op: "refresh", Network: a.Network, Account: a.String(), Code: parvis.ErrInvalid,
		Message: "no flow is configured that renews this token",
		Help:    "pass the flow of " + string(a.Network) + " that connected the account, with its application's settings",
	}
}

// Early implements [EarlyRefresher].
func (fs refreshers) Early(a parvis.Account, t parvis.Token) time.Duration {
	if r, ok := FlowOf(fs, a, t).(EarlyRefresher); ok {
		return r.Early(a, t)
	}
	return 0
}
