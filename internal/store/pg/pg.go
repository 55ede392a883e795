// Package pg is [store.DB] over a pgx pool. It is apart so that only programs that use
// PostgreSQL link its driver.
package pg

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/parvis-go/parvis/internal/store"
)

// tries is how often a transaction is run that PostgreSQL could not serialise, or that
// was the victim of a deadlock.
const tries = 10

// begin also has the server end a transaction whose client is not heard of: else one that
// the network has cut off keeps the rows that it has locked for as long as TCP hopes for it,
// and nobody can take its work over.
//
// https://www.postgresql.org/docs/current/runtime-config-client.html#GUC-IDLE-IN-TRANSACTION-SESSION-TIMEOUT
const begin = "BEGIN; SET LOCAL idle_in_transaction_session_timeout = '10s'"

// Open returns the DB of a PostgreSQL database.
func Open(pool *pgxpool.Pool) store.DB { return &db{tx{pool}, pool} }

type db struct {
	tx
	pool *pgxpool.Pool
}

// Dialect is PostgreSQL.
func (d *db) Dialect() store.Dialect { return store.PostgreSQL }

// Origin is the pool.
func (d *db) Origin() any { return d.pool }

// Update runs f in a transaction of the default isolation; f locks the rows that it
// reads before writing with FOR UPDATE.
func (d *db) Update(ctx context.Context, f func(store.Tx) error) (err error) {
	for range tries {
		err = pgx.BeginTxFunc(ctx, d.pool, pgx.TxOptions{BeginQuery: begin}, func(t pgx.Tx) error { return f(tx{t}) })
		if e, ok := errors.AsType[*pgconn.PgError](err); !ok || e.Code != "40001" && e.Code != "40P01" {
			return err
		}
	}
	return err
}

// querier is what a pool and a transaction have in common.
type querier interface {
	Exec(ctx context.Context, query string, args ...any) (pgconn.CommandTag, error)
	Query(ctx context.Context, query string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, query string, args ...any) pgx.Row
}

type tx struct{ q querier }

// Tx is the [store.Tx] of a transaction that the user has begun.
func Tx(t pgx.Tx) store.Tx { return tx{t} }

// Raw is the [pgx.Tx] of a transaction.
func (t tx) Raw() any { return t.q }

// Exec implements [store.Tx].
func (t tx) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	tag, err := t.q.Exec(ctx, numbered(query), args...)
	return tag.RowsAffected(), err
}

// Query implements [store.Tx].
func (t tx) Query(ctx context.Context, query string, args ...any) (store.Rows, error) {
	r, err := t.q.Query(ctx, numbered(query), args...)
	if err != nil {
		return nil, err
	}
	return rows{r}, nil
}

// QueryRow implements [store.Tx].
func (t tx) QueryRow(ctx context.Context, query string, args ...any) store.Row {
	return row{t.q.QueryRow(ctx, numbered(query), args...)}
}

type rows struct{ pgx.Rows }

// Close implements [store.Rows].
func (r rows) Close() error {
	r.Rows.Close()
	return nil
}

type row struct{ r pgx.Row }

// Scan implements [store.Row].
func (r row) Scan(dest ...any) error {
	err := r.r.Scan(dest...)
	if errors.Is(err, pgx.ErrNoRows) {
		return store.ErrNoRows
	}
	return err
}

// numbered writes $1, $2, … in the place of each ? outside quotes.
func numbered(query string) string {
	if strings.IndexByte(query, '?') < 0 {
		return query
	}
	var b strings.Builder
	n, quoted := 0, false
	for _, c := range []byte(query) {
		switch {
		case c == '\'':
			quoted = !quoted
		case c == '?' && !quoted:
			n++
			b.WriteByte('$')
			b.WriteString(strconv.Itoa(n))
			continue
		}
		b.WriteByte(c)
	}
	return b.String()
}
