package providers

import (
	"context"
	"errors"

	"github.com/parvis-go/parvis"
)

// Disconnect ends what [Connect] began: it tells the network to forget the token of a, if
// the flow of the token is a [Revoker], and then deletes it from k. An account without a
// token is disconnected already.
//
// If the network cannot be told, nothing is deleted, so that the next try can do both;
// the error is that of Revoke. A token that its network no longer takes is deleted.
func Disconnect(ctx context.Context, k Keeper, flows []Flow, a parvis.Account) error {
	t, err := k.Load(ctx, a)
	if errors.Is(err, parvis.ErrNotFound) {
		return nil
	}
	if err != nil {
		return parvis.In(err, a, "disconnect", parvis.ErrUnavailable)
	}
	if r, ok := FlowOf(flows, a, t).(Revoker); ok {
		if err := r.Revoke(ctx, a, t); err != nil && !errors.Is(err, parvis.ErrAuth) {
			return parvis.In(err, a, "disconnect", parvis.ErrUnavailable)
		}
	}
	return parvis.In(k.Delete(ctx, a), a, "disconnect", parvis.ErrUnavailable)
}
