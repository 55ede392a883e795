// Package ratelimitpg hands a PostgreSQL database to ratelimit.Shared. It is a package of
// its own, so that only programs that use PostgreSQL link its driver.
package ratelimitpg

import (
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/parvis-go/parvis/internal/store/pg"
	"github.com/parvis-go/parvis/providers/ratelimit"
)

// Pool returns the database of pool for [ratelimit.Shared]. The pool stays the caller's.
func Pool(pool *pgxpool.Pool) ratelimit.DB { return pg.Open(pool) }
