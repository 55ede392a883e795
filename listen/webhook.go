package listen

import (
	"context"
	"net/http"

	"github.com/parvis-go/parvis"
)

// Webhooks receives events that the network itself sends.
type Webhooks interface {
	// Webhook returns a handler for the address that was registered with the network.
	// It verifies the signature over the raw body with secret, answers challenges,
	// refuses replays, and answers success only when deliver returned nil for every
	// event, so that the network sends them again otherwise.
	Webhook(secret string, deliver func(context.Context, Event) error) (http.Handler, error)
}

// Receive returns the handler for p's webhooks. Mount it at the address that is
// registered with the network; secret is the one agreed on there. deliver is called from
// several goroutines, may be called more than once for one [Event.ID], as networks send
// at least once, and returns nil only when the event is safely stored.
func Receive(p Listener, secret string, deliver func(context.Context, Event) error) (http.Handler, error) {
	const op = "receive webhooks"
	a := p.Account()
	w, err := parvis.Power[Webhooks](p, a, op)
	if err != nil {
		return nil, err
	}
	if secret == "" {
		return nil, &parvis.Error{
			Op: op, Network: a.Network, Account: a.String(), Code: parvis.ErrInvalid,
			Message: "the secret is empty, so anybody could send events", Help: "use the secret that the webhook was registered with",
		}
	}
	h, err := w.Webhook(secret, func(ctx context.Context, ev Event) error {
		ev.Account = a
		return deliver(ctx, ev)
	})
	return h, parvis.In(err, a, op, parvis.ErrUnsupported)
}
