package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	_ "modernc.org/sqlite" // the driver called sqlite

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers"
	"github.com/parvis-go/parvis/providers/vault"
)

// A safe is the vault of the desk: in memory, under a key of its own, so that nothing is
// left when the program ends.
type safe struct {
	*vault.Vault
	db *sql.DB
}

// openSafe makes the vault. Tokens are renewed at the sites of the world.
func openSafe(ctx context.Context, w *world) (*safe, error) {
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1) // a database in memory belongs to its connection
	key := make([]byte, 32)
	_, _ = rand.Read(key) // it never fails
	v, err := vault.Open(ctx, vault.SQLite(db), vault.Key(key), &vault.Options{Refresher: w})
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &safe{Vault: v, db: db}, nil
}

// Close waits for what is under way, and forgets everything.
func (s *safe) Close(ctx context.Context) error {
	return errors.Join(s.Vault.Close(ctx), s.db.Close())
}

// site is the site that an account is on, or nil.
func (w *world) site(a parvis.Account) *site {
	i := slices.IndexFunc(w.nets, func(s *site) bool { return s.name == a.Network && s.host == a.Host })
	if i < 0 {
		return nil
	}
	return w.nets[i]
}

// Refresh implements [providers.Refresher]: each client's blog and forum is a site of its own.
func (w *world) Refresh(ctx context.Context, a parvis.Account, t parvis.Token) (parvis.Token, error) {
	s := w.site(a)
	if s == nil {
		return parvis.Token{}, &parvis.Error{Op: "refresh", Code: parvis.ErrInvalid, Message: "there is no such site", Help: "connect an account of a site that there is"}
	}
	return s.net.Flow("").Refresh(ctx, a, t)
}

// flows are the ways to connect an account for the client. consent gives the address of
// a site's consent page.
func (c *Client) flows(consent func(*site) string) []providers.Flow {
	var flows []providers.Flow
	for _, s := range c.sites {
		flows = append(flows, s.net.Flow(consent(s)))
	}
	return flows
}

// Open takes connected accounts into use: they publish, are heard and moderate from now
// on. One that is in use already acts with its new token and scopes.
func (c *Client) Open(ctx context.Context, accounts ...parvis.Account) error {
	for _, a := range accounts {
		i := slices.IndexFunc(c.sites, func(s *site) bool { return s.name == a.Network && s.host == a.Host })
		if i < 0 {
			return fmt.Errorf("%s is on none of the client's sites", a)
		}
		m, err := c.sites[i].net.Open(ctx, a, c.keeper.Tokens(a))
		if err != nil {
			return err
		}
		c.join(newAccount(m, c.sites[i].net, c.Slug))
	}
	return nil
}

// Leave disconnects an account: its network forgets the token, and the desk the account.
func (c *Client) Leave(ctx context.Context, a *Account) error {
	flows := c.flows(func(*site) string { return "" })
	if err := providers.Disconnect(ctx, c.keeper, flows, a.Account()); err != nil {
		return err
	}
	c.part(a)
	return nil
}
