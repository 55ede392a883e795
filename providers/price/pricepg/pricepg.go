// Package pricepg hands a PostgreSQL database to price.Open. It is a package of its own,
// so that only programs that use PostgreSQL link its driver.
package pricepg

import (
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/parvis-go/parvis/internal/store/pg"
	"github.com/parvis-go/parvis/providers/price"
)

// Pool returns the database of pool for [price.Open]. The pool stays the caller's.
func Pool(pool *pgxpool.Pool) price.DB { return pg.Open(pool) }
