// Package vaultpg puts a vault into PostgreSQL. It is apart from package vault so that only
// programs that use PostgreSQL link its driver.
package vaultpg

import (
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/parvis-go/parvis/internal/store/pg"
	"github.com/parvis-go/parvis/providers/vault"
)

// Pool returns the DB of a PostgreSQL database, for vault.Open. The tables go to the
// first schema of the search path. The pool stays the caller's, who closes it after the vault.
//
// https://pkg.go.dev/github.com/jackc/pgx/v5/pgxpool
func Pool(pool *pgxpool.Pool) vault.DB { return pg.Open(pool) }
