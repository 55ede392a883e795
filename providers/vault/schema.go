package vault

import (
	"context"
	"database/sql"
	"strings"

	"github.com/parvis-go/parvis/internal/store"
)

// DB is a database that a vault lives in: [SQLite], or vaultpg.Pool for PostgreSQL.
type DB = store.DB

// SQLite returns the DB of an SQLite database, with any driver of database/sql. The
// database stays the caller's, who closes it after the vault.
//
// Any journal mode will do; WAL refreshes several times faster. Leave PRAGMA synchronous
// at FULL, its default: with NORMAL, WAL may lose the last transactions when the power
// fails, and a refresh token with them.
//
// https://www.sqlite.org/pragma.html#pragma_synchronous
func SQLite(db *sql.DB) DB { return store.OpenSQLite(db) }

// room is the name under which the versions of the tables are counted.
const room = "vault"

// migrations make the tables. Times are microseconds since 1970 by the database's clock;
// zero means none. lease names the process that refreshes, intent the version whose
// refresh token was about to be used, lost the version that is gone, and leaving tells
// that the client is being off-boarded.
func migrations() []store.Migration {
	return []store.Migration{{
		`CREATE TABLE parvis_vault_keys (
			seq BIGINT PRIMARY KEY, service TEXT NOT NULL, wrapped BLOB NOT NULL, proof BLOB NOT NULL, made BIGINT NOT NULL)`,
		`CREATE TABLE parvis_vault_tokens (
			client TEXT NOT NULL, network TEXT NOT NULL, host TEXT NOT NULL, id TEXT NOT NULL,
			handle TEXT NOT NULL, name TEXT NOT NULL,
			version BIGINT NOT NULL, expiry BIGINT NOT NULL, issued BIGINT NOT NULL,
			key_seq BIGINT NOT NULL, sealed BLOB NOT NULL,
			lease TEXT NOT NULL DEFAULT '', lease_until BIGINT NOT NULL DEFAULT 0, intent BIGINT NOT NULL DEFAULT 0,
			lost BIGINT NOT NULL DEFAULT 0, health TEXT NOT NULL DEFAULT '', leaving BIGINT NOT NULL DEFAULT 0,
			PRIMARY KEY (client, network, host, id))`,
		`CREATE INDEX parvis_vault_tokens_key ON parvis_vault_tokens (key_seq)`,
		`CREATE TABLE parvis_vault_values (
			kind TEXT NOT NULL, client TEXT NOT NULL, name TEXT NOT NULL,
			key_seq BIGINT NOT NULL, sealed BLOB NOT NULL, until BIGINT NOT NULL,
			PRIMARY KEY (kind, client, name))`,
		`CREATE INDEX parvis_vault_values_key ON parvis_vault_values (key_seq)`,
	}}
}

// hasTables reports whether there is a vault in the database. It changes nothing.
func hasTables(ctx context.Context, db DB) (bool, error) {
	var n int
	err := db.QueryRow(ctx, "SELECT count(*) FROM parvis_vault_keys").Scan(&n)
	if err == nil {
		return true, nil
	}
	// SQLite says "no such table", PostgreSQL has the class 42P01, undefined_table:
	// https://www.postgresql.org/docs/current/errcodes-appendix.html
	if s := err.Error(); strings.Contains(s, "no such table") || strings.Contains(s, "42P01") {
		return false, nil
	}
	return false, err
}

// locked makes a SELECT hold the row until the transaction ends. SQLite holds the whole
// database then, and has no such clause.
func locked(d store.Dialect, how string) string {
	if d == store.PostgreSQL {
		return " " + how
	}
	return ""
}
