// Package auditpg hands a PostgreSQL database to audit.Open. It is a package of its own,
// so that only programs that use PostgreSQL link its driver.
package auditpg

import (
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/parvis-go/parvis/internal/store/pg"
	"github.com/parvis-go/parvis/moderate/audit"
)

// Pool returns the database of pool for [audit.Open]. The pool stays the caller's.
func Pool(pool *pgxpool.Pool) audit.DB { return pg.Open(pool) }
