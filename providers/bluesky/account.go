package bluesky

import (
	"cmp"
	"context"

	"github.com/parvis-go/parvis"
)

// Account returns the account. Its ID, which is the DID, and its handle are those of
// Config.Account until the session says more; both are known after the first call. The
// host is empty: the network is one place, whichever server an account lives on.
func (c *Client) Account() parvis.Account {
	a := c.cfg.Account
	a.Client, a.Network, a.Host = c.cfg.Client, Network, ""
	who := c.session.Peek()
	if who.DID != "" && who.DID != a.ID {
		a.ID, a.Handle = who.DID, cmp.Or(who.Handle, a.Handle)
	}
	a.Handle = cmp.Or(who.Handle, a.Handle)
	return a
}

// did returns the account's own DID.
func (c *Client) did(ctx context.Context) (string, error) { return c.api.DID(ctx) }
