package outbox

import (
	"database/sql"

	"github.com/riverqueue/river/riverdriver/riversqlite"

	"github.com/parvis-go/parvis/internal/jobs"
	"github.com/parvis-go/parvis/internal/store"
)

// DB is the user's own database: [SQLite], or outboxpg.Pool.
type DB = *jobs.DB

// Tx is the user's own transaction: [SQLTx], or outboxpg.Tx.
type Tx = store.Tx

// SQLite returns the DB of an SQLite database, for [Open]. It stays the caller's, who
// closes it after the outbox. Use a pool of one connection: db.SetMaxOpenConns(1); River's
// driver wants it. Where several processes share the file, set PRAGMA busy_timeout.
//
// Leave PRAGMA synchronous at FULL, its default, or use NORMAL in WAL mode only if the last
// intents may be lost with the power: a post could then go out twice.
//
// https://pkg.go.dev/github.com/riverqueue/river/riverdriver/riversqlite
// https://www.sqlite.org/pragma.html#pragma_synchronous
func SQLite(db *sql.DB) DB { return jobs.New(store.OpenSQLite(db), riversqlite.New(db)) }

// SQLTx returns the user's own transaction, for the doors whose names end in Tx.
func SQLTx(tx *sql.Tx) Tx { return store.SQLTx(tx) }
