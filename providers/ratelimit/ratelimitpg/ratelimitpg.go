// Package ratelimitpg keeps the state of a limiter in PostgreSQL, for many processes. It
// is apart from package ratelimit so that only programs that use PostgreSQL link its driver.
package ratelimitpg

import (
	"context"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/parvis-go/parvis/internal/store/pg"
	"github.com/parvis-go/parvis/providers/ratelimit"
)

// New returns a limiter that all processes share that use the same database and rules; see
// [ratelimit.Shared]. The pool stays the caller's. A database that cannot be used gives an
// error that matches [github.com/parvis-go/parvis.ErrUnavailable].
func New(ctx context.Context, pool *pgxpool.Pool, rules []ratelimit.Rule, o *ratelimit.SharedOptions) (*ratelimit.Limiter, error) {
	return ratelimit.Shared(ctx, pg.Open(pool), rules, o)
}
