package ratelimit

import (
	"context"
	"database/sql"

	engine "github.com/parvis-go/parvis/internal/ratelimit"
	"github.com/parvis-go/parvis/internal/store"
)

// DB is a database that limits are shared through: [SQLite], or ratelimitpg.Pool for PostgreSQL.
type DB = store.DB

// SQLite returns the DB of an SQLite database, with any driver of database/sql. The
// database stays the caller's.
func SQLite(db *sql.DB) DB { return store.OpenSQLite(db) }

// SharedOptions set up a limiter that several processes share. A nil *SharedOptions is fine.
type SharedOptions struct {
	Options
	// Processes is how many processes share the limits, at most. While the database cannot
	// be reached, each goes on by itself with that part of every allowance, and tells
	// afterwards what it took. 0, the default, refuses calls meanwhile with an error that
	// matches [github.com/parvis-go/parvis.ErrUnavailable]: nobody knows what others take.
	Processes int
}

// Shared returns a limiter whose state is in a database, so that it survives a restart and
// all processes that use the same database and rules keep the limits together. Its table
// is made or brought up to date.
//
// A process does not ask for every call: it leases a part of what is left, up to 64 units
// and never more than a thirty-second, for two seconds at most, and gives back what it did
// not use. As the allowance runs out it asks for each call, so that no unit is lost and
// none is used twice. What answers say is told with the next lease; refusals, and
// answers that others wait for, at once. The database's clock counts.
//
// A database that cannot be used gives an error that matches
// [github.com/parvis-go/parvis.ErrUnavailable].
func Shared(ctx context.Context, db DB, r []Rule, o *SharedOptions) (*Limiter, error) {
	if o == nil {
		o = &SharedOptions{}
	}
	st, err := engine.OpenStore(ctx, db)
	if err != nil {
		return nil, err
	}
	l, err := engine.NewShared(ctx, st, rules(r), o.engine(), o.Processes)
	if err != nil {
		return nil, err
	}
	return &Limiter{l}, nil
}

// Close gives back what is leased and tells what was learned, if the limiter is shared;
// otherwise it does nothing. A process that ends without it loses what it leased for the
// window, and nothing else.
func (l *Limiter) Close() error { return l.engine.Close() }
