package store_test

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite" // the driver of these tests

	"github.com/parvis-go/parvis/internal/store"
)

// open returns a connection pool of its own to the file: another process, as far as
// SQLite is concerned.
func open(t *testing.T, file string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", file)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

func file(t *testing.T) string { return filepath.Join(t.TempDir(), "store.db") }

func count(t *testing.T, db store.DB) (n int) {
	t.Helper()
	require.NoError(t, db.QueryRow(t.Context(), "SELECT n FROM counter WHERE id = ?", 1).Scan(&n))
	return n
}

// TestUpdateIsAloneAmongWriters: several processes read and then write; no count is lost,
// and nobody hears that the database was busy.
func TestUpdateIsAloneAmongWriters(t *testing.T) {
	t.Parallel()
	name := file(t)
	first := store.OpenSQLite(open(t, name))
	_, err := first.Exec(t.Context(), "CREATE TABLE counter (id BIGINT PRIMARY KEY, n BIGINT NOT NULL)")
	require.NoError(t, err)
	_, err = first.Exec(t.Context(), "INSERT INTO counter (id, n) VALUES (?, ?)", 1, 0)
	require.NoError(t, err)

	const processes, times = 4, 25
	var wg sync.WaitGroup
	for range processes {
		db := store.OpenSQLite(open(t, name))
		wg.Go(func() {
			for range times {
				assert.NoError(t, db.Update(t.Context(), func(tx store.Tx) error {
					var n int
					if err := tx.QueryRow(t.Context(), "SELECT n FROM counter WHERE id = 1").Scan(&n); err != nil {
						return err
					}
					_, err := tx.Exec(t.Context(), "UPDATE counter SET n = ? WHERE id = 1", n+1)
					return err
				}))
			}
		})
	}
	for range times { // readers are patient as well
		_ = count(t, first)
	}
	wg.Wait()
	assert.Equal(t, processes*times, count(t, first))
}

func TestUpdateRollsBack(t *testing.T) {
	t.Parallel()
	conns := open(t, file(t))
	conns.SetMaxOpenConns(1) // a connection that is kept shows at once
	db := store.OpenSQLite(conns)
	_, err := db.Exec(t.Context(), "CREATE TABLE counter (id BIGINT PRIMARY KEY, n BIGINT NOT NULL)")
	require.NoError(t, err)
	_, err = db.Exec(t.Context(), "INSERT INTO counter VALUES (1, 7)")
	require.NoError(t, err)
	change := func(tx store.Tx) {
		n, err := tx.Exec(t.Context(), "UPDATE counter SET n = 8")
		require.NoError(t, err)
		require.EqualValues(t, 1, n)
	}

	own := errors.New("the caller's own")
	err = db.Update(t.Context(), func(tx store.Tx) error { change(tx); return own })
	require.ErrorIs(t, err, own)
	assert.Equal(t, 7, count(t, db), "after an error")

	assert.Panics(t, func() {
		_ = db.Update(t.Context(), func(tx store.Tx) error { change(tx); panic("the caller's own") })
	})
	assert.Equal(t, 7, count(t, db), "after a panic")

	ctx, cancel := context.WithCancel(t.Context())
	err = db.Update(ctx, func(tx store.Tx) error { change(tx); cancel(); return ctx.Err() })
	require.ErrorIs(t, err, context.Canceled)
	assert.Equal(t, 7, count(t, db), "after the context ended")

	require.NoError(t, db.Update(t.Context(), func(tx store.Tx) error { change(tx); return nil }))
	assert.Equal(t, 8, count(t, db))
}

// TestBusyEndsWithContext: somebody holds the database for good; a writer waits no longer
// than its context.
func TestBusyEndsWithContext(t *testing.T) {
	t.Parallel()
	name := file(t)
	holder, err := open(t, name).Conn(t.Context())
	require.NoError(t, err)
	defer holder.Close()
	_, err = holder.ExecContext(t.Context(), "BEGIN EXCLUSIVE")
	require.NoError(t, err)

	db := store.OpenSQLite(open(t, name))
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	err = db.Update(ctx, func(store.Tx) error { t.Error("it was not alone"); return nil })
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.ErrorIs(t, db.QueryRow(ctx, "SELECT 1 FROM sqlite_schema").Scan(new(int)), context.DeadlineExceeded)

	_, err = holder.ExecContext(t.Context(), "ROLLBACK")
	require.NoError(t, err)
	_, err = db.Exec(t.Context(), "CREATE TABLE t (n BIGINT)")
	require.NoError(t, err, "it goes on when the other has let go")
}

func TestRowsAndNoRows(t *testing.T) {
	t.Parallel()
	db := store.OpenSQLite(open(t, file(t)))
	assert.Equal(t, store.SQLite, db.Dialect())
	require.ErrorIs(t, db.QueryRow(t.Context(), "SELECT 1 WHERE 1 = 2").Scan(new(int)), store.ErrNoRows)
	require.ErrorIs(t, db.Update(t.Context(), func(tx store.Tx) error {
		return tx.QueryRow(t.Context(), "SELECT 1 WHERE 1 = 2").Scan(new(int))
	}), store.ErrNoRows)

	rows, err := db.Query(t.Context(), "SELECT column1 FROM (VALUES (1), (2), (3)) ORDER BY 1")
	require.NoError(t, err)
	var got []int
	for rows.Next() {
		var n int
		require.NoError(t, rows.Scan(&n))
		got = append(got, n)
	}
	require.NoError(t, rows.Err())
	require.NoError(t, rows.Close())
	assert.Equal(t, []int{1, 2, 3}, got)

	_, err = db.Query(t.Context(), "SELECT nothing FROM nowhere")
	require.Error(t, err)
	_, err = db.Exec(t.Context(), "nonsense")
	require.Error(t, err)
}

// TestNowIsTheDatabasesClock compares it with this machine's, which is SQLite's.
func TestNowIsTheDatabasesClock(t *testing.T) {
	t.Parallel()
	db := store.OpenSQLite(open(t, file(t)))
	before := time.Now()
	var now int64
	require.NoError(t, db.QueryRow(t.Context(), "SELECT "+db.Dialect().Now()).Scan(&now))
	assert.WithinRange(t, time.UnixMicro(now), before.Add(-2*time.Millisecond), time.Now().Add(2*time.Millisecond))
	assert.Equal(t, "BLOB", store.SQLite.Blob())
	assert.Equal(t, "BYTEA", store.PostgreSQL.Blob())
}
