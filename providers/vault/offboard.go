package vault

import (
	"context"
	"errors"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers"
)

// A Departure is what became of one account when its client was off-boarded.
type Departure struct {
	Account parvis.Account
	// Revoked tells that the network has forgotten the token.
	Revoked bool
	// Erased tells that nothing is stored any more. An account that is not erased waits
	// for another OffBoard.
	Erased bool
	// Err is why the token was not revoked, nil if the network has no way to revoke.
	Err error
	// Help is what is left to be done; empty is nothing.
	Help string
}

// OffBoard ends a client: it revokes every token at its network and erases the accounts
// and flows that are kept of the client. From the first moment on no token is given out.
//
// The rule: an account is erased once its token is revoked, or if its network has no way to
// revoke one, which the report says. A token whose revocation failed is kept, unusable, so
// that it can be tried again: call OffBoard again, or Erase to give that up. What other
// accounts do does not matter. The error is that of the database or of ctx; the report
// holds what was done until then.
func (c *Client) OffBoard(ctx context.Context) ([]Departure, error) {
	if err := c.named("off-board"); err != nil {
		return nil, err
	}
	db := c.v.rows.db
	if _, err := db.Exec(ctx, "DELETE FROM parvis_vault_values WHERE kind = ? AND client = ?", pendingKind, c.name); err != nil {
		return nil, storeError("off-board", err)
	}
	accounts, err := c.Accounts(ctx)
	if err != nil {
		return nil, err
	}
	_, err = db.Exec(ctx, "UPDATE parvis_vault_tokens SET leaving = "+db.Dialect().Now()+" WHERE client = ? AND leaving = 0", c.name)
	if err != nil {
		return nil, storeError("off-board", err)
	}
	var report []Departure
	for _, a := range accounts {
		c.v.pool.Forget(a)
		d, err := c.depart(ctx, a)
		if err != nil {
			return report, storeError("off-board", err)
		}
		report = append(report, d)
	}
	return report, nil
}

// Erase erases everything of the client without telling the networks, whose tokens stay
// good there until they expire or somebody revokes them by hand. It returns how many
// accounts there were.
func (c *Client) Erase(ctx context.Context) (int, error) {
	if err := c.named("erase"); err != nil {
		return 0, err
	}
	accounts, err := c.Accounts(ctx)
	if err != nil {
		return 0, err
	}
	db := c.v.rows.db
	n, err := db.Exec(ctx, "DELETE FROM parvis_vault_tokens WHERE client = ?", c.name)
	if err == nil {
		_, err = db.Exec(ctx, "DELETE FROM parvis_vault_values WHERE client = ?", c.name)
	}
	for _, a := range accounts {
		c.v.pool.Forget(a)
	}
	return int(n), storeError("erase", err)
}

// depart revokes and erases one account. No other process may refresh it meanwhile: what
// that brought would stay behind at the network.
func (c *Client) depart(ctx context.Context, a parvis.Account) (Departure, error) {
	d := Departure{Account: a}
	lease, err := c.sole(ctx, a)
	if errors.Is(err, parvis.ErrNotFound) {
		d.Erased = true
		return d, nil
	}
	if err != nil {
		return d, err
	}
	defer lease.End(context.WithoutCancel(ctx), true) //nolint:errcheck // it runs out
	// A refresh that was under way has stored its token, and made the account alive.
	_, err = c.v.rows.db.Exec(ctx, "UPDATE parvis_vault_tokens SET leaving = "+c.v.rows.db.Dialect().Now()+where+" AND leaving = 0", key(a)...)
	if err != nil {
		return d, err
	}
	t, err := c.v.rows.Load(ctx, a)
	switch {
	case parvis.CodeOf(err) == parvis.ErrInvalid:
		d.Err, d.Help = err, "revoke the application's access on the network by hand, then Delete the account"
		return d, nil
	case err != nil:
		return d, err
	}
	if !c.revoke(ctx, &d, t) {
		return d, ctx.Err()
	}
	_, err = c.v.rows.db.Exec(ctx, "DELETE FROM parvis_vault_tokens"+where+" AND version = ? AND leaving <> 0", append(key(a), t.Version)...)
	d.Erased = err == nil
	return d, err
}

// revoke tells the network to forget t, and reports whether the row can go.
func (c *Client) revoke(ctx context.Context, d *Departure, t parvis.Token) bool {
	flow := providers.FlowOf(c.v.known(), d.Account, t)
	r, ok := flow.(providers.Revoker)
	switch {
	case flow == nil:
		d.Err = &parvis.Error{
			Op: "revoke", Network: d.Account.Network, Account: d.Account.String(), Code: parvis.ErrInvalid,
			Message: "no flow is configured that revokes this token",
		}
		d.Help = "pass the flow of " + string(d.Account.Network) + " and call OffBoard again, or revoke by hand and call Erase"
		return false
	case !ok:
		d.Help = "the network has no way to revoke a token: remove the application in the account's settings there"
		return true
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout())
	defer cancel()
	err := r.Revoke(ctx, d.Account, t)
	if err != nil && parvis.CodeOf(err) != parvis.ErrAuth { // ErrAuth: it was gone already
		d.Err = c.plain(d.Account, err)
		d.Help = "call OffBoard again later, or remove the application in the account's settings and call Erase"
		return false
	}
	d.Revoked = true
	return true
}

func (c *Client) timeout() time.Duration {
	if c.v.o.Timeout > 0 {
		return c.v.o.Timeout
	}
	return 30 * time.Second
}

// plain keeps an error of this module; the text of another may quote the request.
func (c *Client) plain(a parvis.Account, err error) error {
	if e, ok := errors.AsType[*parvis.Error](err); ok {
		return e
	}
	return &parvis.Error{
		Op: "revoke", Network: a.Network, Account: a.String(), Code: parvis.ErrUnknownOutcome,
		Message: "the network did not confirm that the token is revoked",
	}
}

// sole leases the account for longer than a revocation takes, waiting for a refresh that is
// under way.
func (c *Client) sole(ctx context.Context, a parvis.Account) (providers.Lease, error) {
	for {
		lease, err := c.v.rows.lease(ctx, a, c.timeout()+15*time.Second, func(row) bool { return true })
		e, ok := errors.AsType[*parvis.Error](err)
		if !ok || e.Code != parvis.ErrConflict {
			return lease, err
		}
		t := time.NewTimer(min(e.RetryAfter+time.Millisecond, 200*time.Millisecond))
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return lease, ctx.Err()
		}
	}
}
