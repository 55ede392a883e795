package vault

import (
	"context"
	"crypto/cipher"
	"errors"
	"log/slog"
	"strings"
	"unicode/utf8"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/store"
	"github.com/parvis-go/parvis/providers"
)

// A Client is what one client sees of a [Vault]. It is a [providers.Keeper], and safe for
// concurrent use. Every method refuses an account of another client with
// [parvis.ErrForeignClient] before anything else, and one that lacks its client, network
// or ID with [parvis.ErrInvalid]. A database that fails gives [parvis.ErrUnavailable].
type Client struct {
	v    *Vault
	name string
}

// Client is the name of the client.
func (c *Client) Client() string { return c.name }

// check is what every method begins with.
func (c *Client) check(op string, a parvis.Account) error {
	if err := providers.CheckAccount(c.name, op, a); err != nil {
		return err
	}
	for _, s := range []string{a.Client, string(a.Network), a.Host, a.ID, a.Handle, a.Name} {
		if !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
			return &parvis.Error{
				Op: op, Network: a.Network, Code: parvis.ErrInvalid, Message: "the account holds bytes that are no text",
				Help: "use the account as the network gave it",
			}
		}
	}
	return nil
}

// named refuses a handle without a client.
func (c *Client) named(op string) error {
	if c.name == "" {
		return &parvis.Error{Op: op, Code: parvis.ErrInvalid, Message: "the handle has no client", Help: "call For with the name of a client"}
	}
	return nil
}

// Load returns the stored token, also one that is expired or lost. Its Expiry is by the
// clock of this process. An account without one gives [parvis.ErrNotFound].
func (c *Client) Load(ctx context.Context, a parvis.Account) (parvis.Token, error) {
	if err := c.check("load token", a); err != nil {
		return parvis.Token{}, err
	}
	return c.v.rows.Load(ctx, a)
}

// Save stores t if the stored version is t.Version, which is 0 for an account that has no
// token yet, and returns the next version; otherwise it gives [parvis.ErrConflict].
// Versions grow, and mean nothing else. A saved token makes a lost account alive.
func (c *Client) Save(ctx context.Context, a parvis.Account, t parvis.Token) (int64, error) {
	if err := c.check("save token", a); err != nil {
		return 0, err
	}
	defer c.v.pool.Forget(a)
	return c.v.rows.Save(ctx, a, t)
}

// Keep stores the token of an account that somebody has just connected, whatever is there,
// and returns the account with its client set. An account that was lost is well again.
func (c *Client) Keep(ctx context.Context, a parvis.Account, t parvis.Token) (parvis.Account, error) {
	if a.Client == "" {
		a.Client = c.name
	}
	if err := c.check("keep account", a); err != nil {
		return parvis.Account{}, err
	}
	defer c.v.pool.Forget(a)
	err := c.v.ring.sealing(ctx, func(tx store.Tx, seq int64, k cipher.AEAD) error {
		t := t
		w, err := c.v.rows.read(ctx, tx, a, "FOR UPDATE")
		if t.Version = w.version; err != nil && !errors.Is(err, parvis.ErrNotFound) {
			return err
		}
		_, err = c.v.rows.put(ctx, tx, a, t, sealer{seq, k})
		return err
	})
	if err != nil {
		return parvis.Account{}, storeError("keep account", err)
	}
	return a, nil
}

// Delete erases the account without telling its network; see [Client.OffBoard]. It is no
// error if it is not there.
func (c *Client) Delete(ctx context.Context, a parvis.Account) error {
	if err := c.check("delete token", a); err != nil {
		return err
	}
	defer c.v.pool.Forget(a)
	return c.v.rows.Delete(ctx, a)
}

// Tokens returns the token source of an account, which keeps its token fresh; see
// [providers.TokenPool]. All handles of one vault share it. For an account that is
// refused, its methods say why.
func (c *Client) Tokens(a parvis.Account) parvis.Renewer {
	if err := c.check("token", a); err != nil {
		return refused{err}
	}
	return c.v.pool.Tokens(a)
}

// refused is the token source of an account that the handle does not serve.
type refused struct{ err error }

// Token implements [parvis.TokenSource].
func (r refused) Token(context.Context) (parvis.Token, error) { return parvis.Token{}, r.err }

// Renew implements [parvis.Renewer].
func (r refused) Renew(context.Context, parvis.Token) (parvis.Token, error) {
	return parvis.Token{}, r.err
}

// Accounts returns the connected accounts in the order of network, host and ID, lost ones
// among them.
func (c *Client) Accounts(ctx context.Context) ([]parvis.Account, error) {
	if err := c.named("list accounts"); err != nil {
		return nil, err
	}
	list, err := c.accounts(ctx)
	return list, storeError("list accounts", err)
}

func (c *Client) accounts(ctx context.Context) (list []parvis.Account, err error) {
	rows, err := c.v.rows.db.Query(ctx, `SELECT network, host, id, handle, name FROM parvis_vault_tokens
		WHERE client = ? ORDER BY network, host, id`, c.name)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // it was read to its end
	for rows.Next() {
		a := parvis.Account{Client: c.name}
		if err := rows.Scan((*string)(&a.Network), &a.Host, &a.ID, &a.Handle, &a.Name); err != nil {
			return nil, err
		}
		list = append(list, a)
	}
	return list, rows.Err()
}

// Health returns what is known of an account: why it is lost, or what Report stored last.
// The Condition is empty if nothing is known. An account that is not there gives [parvis.ErrNotFound].
func (c *Client) Health(ctx context.Context, a parvis.Account) (providers.Health, error) {
	if err := c.check("health", a); err != nil {
		return providers.Health{}, err
	}
	return c.v.rows.health(ctx, a)
}

// Report stores what a probe found, for Health, and reports whether the Condition is
// another one than before; then it is an event for [Options.Health] too. An account that
// is lost stays so until a new token is saved.
func (c *Client) Report(ctx context.Context, h providers.Health) (changed bool, err error) {
	if err := c.check("report health", h.Account); err != nil {
		return false, err
	}
	changed, err = c.v.rows.report(ctx, h)
	if changed && c.v.o.Health != nil {
		c.v.o.Health(ctx, h)
	}
	return changed, err
}

// String names the client.
func (c *Client) String() string { return "vault of " + c.name }

// GoString is String, so that %#v is safe as well.
func (c *Client) GoString() string { return c.String() }

// LogValue makes log/slog write no secret.
func (c *Client) LogValue() slog.Value { return slog.StringValue(c.String()) }
