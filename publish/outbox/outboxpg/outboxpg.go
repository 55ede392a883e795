// Package outboxpg puts an outbox into PostgreSQL. It is apart from package outbox so that
// only programs that use PostgreSQL link its driver.
package outboxpg

import (
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"github.com/parvis-go/parvis/internal/jobs"
	"github.com/parvis-go/parvis/internal/store/pg"
	"github.com/parvis-go/parvis/publish/outbox"
)

// Pool returns the DB of a PostgreSQL database, for outbox.Open. The tables, and those of
// River, go to the first schema of the search path. The pool stays the caller's, who closes
// it after the outbox. A worker wants about one connection for two accounts that it
// serves at a time, and two for itself.
//
// https://pkg.go.dev/github.com/jackc/pgx/v5/pgxpool
func Pool(pool *pgxpool.Pool) outbox.DB { return jobs.New(pg.Open(pool), riverpgxv5.New(pool)) }

// Tx returns the user's own transaction, for the doors of package outbox whose names end
// in Tx.
func Tx(tx pgx.Tx) outbox.Tx { return pg.Tx(tx) }
