// Package pricepg hands a PostgreSQL database to price.Open. It is a package of its own,
// so that only programs that use PostgreSQL link its driver.
package pricepg

import (
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/parvis-go/parvis/internal/store"
	"github.com/parvis-go/parvis/internal/store/pg"
)

// Pool returns the database of pool for price.Open.
func Pool(pool *pgxpool.Pool) store.DB { return pg.Open(pool) }
