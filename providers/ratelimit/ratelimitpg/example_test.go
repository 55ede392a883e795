package ratelimitpg_test

import (
	"context"
	"log"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/parvis-go/parvis/providers"
	"github.com/parvis-go/parvis/providers/ratelimit"
	"github.com/parvis-go/parvis/providers/ratelimit/ratelimitpg"
)

// All processes of the application run this, with the same database.
func ExamplePool() {
	ctx := context.Background()
	pool, err := pgxpool.New(ctx, "postgresql://app@db.example/app")
	if err != nil {
		log.Fatal(err)
	}
	limiter, err := ratelimit.Shared(ctx, ratelimitpg.Pool(pool), ratelimit.Documented("bluesky"), &ratelimit.SharedOptions{Processes: 4})
	if err != nil {
		log.Fatal(err)
	}
	defer limiter.Close()
	_ = &providers.Options{Limiter: limiter}
}
