package audit

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/store"
)

// DB is a database that a trail lives in: [SQLite], or auditpg.Pool for PostgreSQL.
type DB = store.DB

// SQLite returns the DB of an SQLite database, with any driver of database/sql. The
// database stays the caller's.
func SQLite(db *sql.DB) DB { return store.OpenSQLite(db) }

// A Trail is the record of all clients in one database. It is safe for concurrent use,
// and all processes that open it on the same database share it.
type Trail struct {
	db store.DB
}

var _ parvis.Recorder = (*Trail)(nil)

// Open returns the trail in the user's database, and brings its tables up to date. It
// fails with [parvis.ErrUnavailable] if that cannot be done, and with
// [parvis.ErrConflict] if a newer release of this module has made the tables.
func Open(ctx context.Context, db DB) (*Trail, error) {
	if err := store.Migrate(ctx, db, "audit", migrations(db.Dialect())); err != nil {
		return nil, err
	}
	return &Trail{db}, nil
}

// Record keeps r, as [Trail.RecordAll] does.
func (t *Trail) Record(ctx context.Context, r parvis.Record) error {
	return t.RecordAll(ctx, []parvis.Record{r})
}

// RecordAll keeps all of rs in their order, or none. It writes in the transaction that
// ctx carries, if that is one of the same database, and else in one of its own. If it
// fails inside the caller's transaction, the caller must roll that back.
//
// A record without a client, a time or an operation is refused with
// [parvis.ErrInvalid], and so is a field of more than 1 KiB, or one that is not text.
// Reason and Detail are kept without credentials, and cut at 4 KiB with a "…" at their
// end. Time is kept to the microsecond and comes back in UTC; its year is 1 to 9999.
//
// A database that fails gives [parvis.ErrUnavailable]. If it broke off in the middle of
// RecordAll's own commit, the records may be there nevertheless; recording them again
// makes two of each, which is better than none.
func (t *Trail) RecordAll(ctx context.Context, rs []parvis.Record) error {
	if len(rs) == 0 {
		return nil
	}
	args := make([]any, 0, len(rs)*fields)
	for i, r := range rs {
		r, err := keepable(r)
		if err != nil {
			return refused(i, len(rs), err)
		}
		args = append(args, r.Time.UnixMicro(), r.Client, r.Account, r.Actor, r.Op,
			r.Ref.Client, string(r.Ref.Network), r.Ref.Host, string(r.Ref.Kind), r.Ref.ID,
			r.Outcome, r.Reason, r.Detail)
	}
	return failed("record", store.Join(ctx, t.db, func(tx store.Tx) error {
		return insert(ctx, tx, args)
	}))
}

// batches are the numbers of rows that a statement inserts. They are few, so that a
// database that keeps prepared statements keeps few of them.
var batches = [...]int{500, 100, 20, 4, 1}

func insert(ctx context.Context, tx store.Tx, args []any) error {
	for _, rows := range batches {
		if len(args) < rows*fields {
			continue
		}
		query := "INSERT INTO parvis_audit (" + columns + ") VALUES " + places(rows)
		for batch := range slices.Chunk(args[:len(args)/(rows*fields)*rows*fields], rows*fields) {
			if _, err := tx.Exec(ctx, query, batch...); err != nil {
				return err
			}
		}
		args = args[len(args)/(rows*fields)*rows*fields:]
	}
	return nil
}

// places are the placeholders of so many rows.
func places(rows int) string {
	const row = "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
	return row + strings.Repeat(", "+row, rows-1)
}

func failed(op string, err error) error {
	if err == nil {
		return nil
	}
	e := &parvis.Error{Op: op, Code: parvis.ErrUnavailable, Err: err}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		e.Message, e.Help = "its context ended before the database was done", "give it more time, if it was not called off"
	} else {
		e.Message, e.Help = store.Trouble(err)
	}
	return e
}
