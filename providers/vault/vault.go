package vault

import (
	"context"
	"crypto/cipher"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/store"
	"github.com/parvis-go/parvis/providers"
)

// Options are what [Open] takes beside the database and the key. A nil *Options is fine;
// so is every zero field.
type Options struct {
	// Flows renew tokens, those that are a [providers.Refresher], and revoke them, those
	// that are a [providers.Revoker]. [providers.FlowOf] says which flow serves a token.
	// [Vault.Use] adds flows that need the vault themselves.
	Flows []providers.Flow
	// Refresher renews the tokens of all networks in the place of Flows, if it is set.
	Refresher providers.Refresher
	// Tokens say how tokens are refreshed.
	Tokens providers.TokenOptions
	// Health and Logger take the place of those in Tokens, if they are set.
	Health func(context.Context, providers.Health)
	Logger *slog.Logger
}

// A Vault keeps the tokens of all clients of a program. It is safe for concurrent use.
// Programs work with the handles that [Vault.For] returns.
type Vault struct {
	rows *rows
	ring *ring
	pool *providers.TokenPool
	o    providers.TokenOptions

	mu        sync.Mutex
	flows     []providers.Flow
	refresher providers.Refresher
}

// Open opens the vault that is in the database, making its tables if there are none, and
// bringing them up to date. The database stays the caller's.
//
// Errors: [parvis.ErrInvalid] if the vault is sealed with another key than keys has, which is found out
// before anything is written, or if a key has not 32 bytes; [parvis.ErrConflict] if a
// newer release of this module made the tables; [parvis.ErrUnavailable] if the database or
// the key service failed.
func Open(ctx context.Context, db DB, keys KeyService, o *Options) (*Vault, error) {
	if o == nil {
		o = &Options{}
	}
	v := &Vault{flows: o.Flows, refresher: o.Refresher, o: o.Tokens}
	if o.Health != nil {
		v.o.Health = o.Health
	}
	if o.Logger != nil {
		v.o.Logger = o.Logger
	}
	if v.o.Now == nil {
		v.o.Now = time.Now
	}
	if _, err := keys.Current(ctx); err != nil {
		return nil, err
	}
	v.ring = &ring{db: db, keys: keys, aeads: map[int64]cipher.AEAD{}}
	v.rows = &rows{db: db, ring: v.ring, now: v.o.Now}
	if err := v.open(ctx, db); err != nil {
		return nil, err
	}
	v.pool = providers.NewTokenPool(v.rows, book{v}, &v.o)
	return v, nil
}

// open looks at the keys before it touches the tables.
func (v *Vault) open(ctx context.Context, db DB) error {
	there, err := hasTables(ctx, db)
	if err != nil {
		return storeError("open vault", err)
	}
	if there {
		if err := v.ring.open(ctx); err != nil {
			return err
		}
	}
	if err := store.Migrate(ctx, db, room, migrations()); err != nil {
		return err
	}
	if err := v.ring.open(ctx); err != nil {
		return err
	}
	return v.ring.ensure(ctx)
}

// Use adds flows to those that renew and revoke tokens, for flows that keep their own
// registrations in the vault and can only be made after it.
func (v *Vault) Use(flows ...providers.Flow) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.flows = append(slices.Clip(v.flows), flows...)
}

// For returns the handle of one client. The name is the application's own, and not empty:
// the methods of a handle without one give [parvis.ErrInvalid]. Nothing is read.
func (v *Vault) For(client string) *Client { return &Client{v: v, name: client} }

// Close waits for the refreshes that run and for tokens that are not stored yet, until
// ctx ends; see [providers.TokenPool.Close]. The database stays open.
func (v *Vault) Close(ctx context.Context) error { return v.pool.Close(ctx) }

// String says nothing of what is inside.
func (v *Vault) String() string { return "vault" }

// GoString is String, so that %#v is safe as well.
func (v *Vault) GoString() string { return v.String() }

// LogValue makes log/slog write no secret.
func (v *Vault) LogValue() slog.Value { return slog.StringValue(v.String()) }

// known returns the flows of this moment.
func (v *Vault) known() []providers.Flow {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.flows
}

// book finds who renews a token.
type book struct{ v *Vault }

// Refresh implements [providers.Refresher].
func (b book) Refresh(ctx context.Context, a parvis.Account, t parvis.Token) (parvis.Token, error) {
	if b.v.refresher != nil {
		return b.v.refresher.Refresh(ctx, a, t)
	}
	return providers.Refreshers(b.v.known()...).Refresh(ctx, a, t)
}

// Early implements [providers.EarlyRefresher].
func (b book) Early(a parvis.Account, t parvis.Token) time.Duration {
	if b.v.refresher == nil {
		return providers.Refreshers(b.v.known()...).Early(a, t)
	}
	if r, ok := b.v.refresher.(providers.EarlyRefresher); ok {
		return r.Early(a, t)
	}
	return 0
}
