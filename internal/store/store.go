// Package store is the seam between the rooms that keep tables and the user's own
// database: SQLite through [*sql.DB], PostgreSQL through a pgx pool (package
// internal/store/pg). It opens no database and links no driver. It brings one way to run
// a transaction, one placeholder syntax, the database's own clock, and versioned
// migrations.
package store

import (
	"context"
	"errors"
)

// A Dialect is the kind of a database.
type Dialect string

// The dialects.
const (
	SQLite     Dialect = "sqlite"
	PostgreSQL Dialect = "postgresql"
)

// ErrNoRows is the error of [Row.Scan] when there is none.
var ErrNoRows = errors.New("store: there is no such row")

// A DB is the user's database. Statements are written with ? in the place of arguments,
// times as microseconds since 1970 in 64-bit integers, and bytes in columns of the type
// that [Blob] names. A DB is safe for concurrent use.
type DB interface {
	Tx
	// Dialect tells what kind of database it is.
	Dialect() Dialect
	// Origin is the *sql.DB or *pgxpool.Pool below, to tell whether two DBs are one database.
	Origin() any
	// Update runs f in one transaction that may write, alone among writers as far as rows
	// that it touches go. It commits if f returns nil. f may run more than once, when the
	// database asks for it (it was busy, or could not serialise), so it has no effects elsewhere.
	Update(ctx context.Context, f func(tx Tx) error) error
}

// A Tx runs statements.
type Tx interface {
	// Exec runs a statement and returns how many rows it changed.
	Exec(ctx context.Context, query string, args ...any) (int64, error)
	// Query runs a query. The rows must be closed, or read to their end.
	Query(ctx context.Context, query string, args ...any) (Rows, error)
	// QueryRow runs a query of one row at most.
	QueryRow(ctx context.Context, query string, args ...any) Row
}

// Raw returns what runs the statements of tx: the [*sql.Tx] or pgx.Tx of a transaction.
// Libraries that write into the same transaction want it.
func Raw(tx Tx) any {
	if r, ok := tx.(interface{ Raw() any }); ok {
		return r.Raw()
	}
	return nil
}

// inTx is the key of the transaction that a context carries.
type inTx struct{}

// joined is a transaction and the database that it belongs to.
type joined struct {
	tx     Tx
	origin any
}

// With returns a context under which other rooms of the same database write into tx; see
// [Join].
func With(ctx context.Context, db DB, tx Tx) context.Context {
	return context.WithValue(ctx, inTx{}, joined{tx, db.Origin()})
}

// Join runs f in the transaction that ctx carries if it is one of db, and else in one of
// its own.
func Join(ctx context.Context, db DB, f func(tx Tx) error) error {
	if j, ok := ctx.Value(inTx{}).(joined); ok && j.origin == db.Origin() {
		return f(j.tx)
	}
	return db.Update(ctx, f)
}

// Rows are the answer to a query.
type Rows interface {
	Next() bool
	Scan(dest ...any) error
	Err() error
	Close() error
}

// A Row is the answer to a query of one row at most.
type Row interface {
	// Scan gives [ErrNoRows] if there is none.
	Scan(dest ...any) error
}

// Blob is the type of a column of bytes.
func (d Dialect) Blob() string {
	if d == PostgreSQL {
		return "BYTEA"
	}
	return "BLOB"
}

// Now is the expression of the database's own clock, in microseconds since 1970. All
// processes that share a database share it, whatever their own clocks say.
func (d Dialect) Now() string {
	if d == PostgreSQL {
		return "(extract(epoch from clock_timestamp()) * 1000000)::bigint"
	}
	return "cast((julianday('now') - 2440587.5) * 86400000000 as integer)"
}
