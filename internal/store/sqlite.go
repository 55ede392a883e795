package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"math/rand/v2"
	"strings"
	"time"
)

// busyFor is how long a writer waits for others before the database's error is returned.
const busyFor = 30 * time.Second

// sqlite is a DB over database/sql.
type sqlite struct {
	db *sql.DB
	// writer is held by the one who writes, so that the connections of this process do
	// not keep each other waiting by trial and error, as other processes must.
	writer chan struct{}
}

// OpenSQLite returns the DB of an SQLite database. Any driver of database/sql will do.
func OpenSQLite(db *sql.DB) DB { return &sqlite{db, make(chan struct{}, 1)} }

// Dialect is SQLite.
func (s *sqlite) Dialect() Dialect { return SQLite }

// Origin is the *sql.DB.
func (s *sqlite) Origin() any { return s.db }

// Exec runs a statement by itself.
func (s *sqlite) Exec(ctx context.Context, query string, args ...any) (n int64, err error) {
	err = s.writing(ctx, func() error {
		n, err = (&sqliteTx{s.db}).Exec(ctx, query, args...)
		return err
	})
	return n, err
}

// Query runs a query by itself.
func (s *sqlite) Query(ctx context.Context, query string, args ...any) (rows Rows, err error) {
	err = s.patiently(ctx, func() error {
		rows, err = (&sqliteTx{s.db}).Query(ctx, query, args...)
		return err
	})
	return rows, err
}

// QueryRow runs a query of one row at most by itself, when it is scanned.
func (s *sqlite) QueryRow(ctx context.Context, query string, args ...any) Row {
	return patientRow(func(dest ...any) error {
		return s.patiently(ctx, func() error { return (&sqliteTx{s.db}).QueryRow(ctx, query, args...).Scan(dest...) })
	})
}

// patientRow is a Row whose query is run by Scan.
type patientRow func(dest ...any) error

// Scan implements [Row].
func (r patientRow) Scan(dest ...any) error { return r(dest...) }

// Update runs f in a transaction that holds the right to write from its beginning, so that
// one that reads first and then writes cannot fail because another wrote in between.
func (s *sqlite) Update(ctx context.Context, f func(Tx) error) error {
	return s.writing(ctx, func() error { return s.once(ctx, f) })
}

// writing is patiently for one writer of this process at a time.
func (s *sqlite) writing(ctx context.Context, f func() error) error {
	select {
	case s.writer <- struct{}{}:
		defer func() { <-s.writer }()
		return s.patiently(ctx, f)
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *sqlite) once(ctx context.Context, f func(Tx) error) error {
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close() //nolint:errcheck // it goes back to the pool
	// A transaction that database/sql ends by itself would take the connection with it, and
	// an in-memory database with that.
	tx, err := conn.BeginTx(context.WithoutCancel(ctx), nil)
	if err != nil {
		return err
	}
	done := false
	defer func() {
		if !done { // an error, or a panic of f
			rollback(conn, tx)
		}
	}()
	// database/sql begins a transaction that only reads; ROLLBACK leaves that one, which
	// has not begun to do anything.
	if _, err := tx.ExecContext(ctx, "ROLLBACK"); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	if err := f(&sqliteTx{tx}); err != nil {
		return err
	}
	// Readers may be in the way. What waits to be committed keeps new ones out. The Tx of
	// database/sql is over after its first try, the transaction is not.
	err = s.patiently(ctx, func() error {
		_, err := tx.ExecContext(ctx, "COMMIT")
		return err
	})
	done = err == nil
	if done {
		_ = tx.Rollback()
	}
	return err
}

// rollback ends the transaction. A connection on which that fails is not used again, or
// it would carry the transaction on.
func rollback(conn *sql.Conn, tx *sql.Tx) {
	if err := tx.Rollback(); err != nil {
		_ = conn.Raw(func(any) error { return driver.ErrBadConn })
	}
}

// patiently repeats f while another connection holds the database.
func (s *sqlite) patiently(ctx context.Context, f func() error) error {
	began := time.Now()
	for wait := time.Millisecond; ; wait = min(2*wait, 20*time.Millisecond) {
		err := f()
		if err == nil || !busy(err) || time.Since(began) > busyFor {
			return err
		}
		t := time.NewTimer(wait/2 + rand.N(wait))
		select {
		case <-ctx.Done():
			t.Stop()
			return ctx.Err()
		case <-t.C:
		}
	}
}

// busy recognises SQLITE_BUSY and SQLITE_LOCKED whichever driver is used; all give SQLite's own text.
//
// https://www.sqlite.org/rescode.html
func busy(err error) bool {
	s := err.Error()
	return strings.Contains(s, "SQLITE_BUSY") || strings.Contains(s, "database is locked") ||
		strings.Contains(s, "database table is locked")
}

// conn is what a database and one of its connections have in common.
type conn interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

type sqliteTx struct{ c conn }

// SQLTx is the Tx of a transaction that the user has begun.
func SQLTx(tx *sql.Tx) Tx { return &sqliteTx{tx} }

// Raw is the [*sql.Tx] of a transaction.
func (t *sqliteTx) Raw() any { return t.c }

// Exec implements [Tx].
func (t *sqliteTx) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	r, err := t.c.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

// Query implements [Tx].
func (t *sqliteTx) Query(ctx context.Context, query string, args ...any) (Rows, error) {
	return t.c.QueryContext(ctx, query, args...) //nolint:rowserrcheck // the caller reads them
}

// QueryRow implements [Tx].
func (t *sqliteTx) QueryRow(ctx context.Context, query string, args ...any) Row {
	return sqliteRow{t.c.QueryRowContext(ctx, query, args...)}
}

type sqliteRow struct{ r *sql.Row }

// Scan implements [Row].
func (r sqliteRow) Scan(dest ...any) error {
	err := r.r.Scan(dest...)
	if errors.Is(err, sql.ErrNoRows) {
		return ErrNoRows
	}
	return err
}
