package bench

import (
	"context"
	"flag"
	"fmt"
	"os"
	"testing"
)

var (
	outboxPosts = flag.Int("outbox.posts", 5000, "posts that BenchmarkOutboxSchedule and BenchmarkOutboxDrain take; the others take a part or a multiple")
	postgresURL = flag.String("postgres", "", "`URL` of the PostgreSQL that the benchmarks make their databases in; empty starts one")
	workerURL   = flag.String("outbox.worker", "", "be a worker of BenchmarkOutboxProcesses on the database at `URL`, and run no test")
	workerDelay = flag.Duration("outbox.delay", 0, "how long a worker's network takes for a post")
)

func TestMain(m *testing.M) {
	flag.Parse()
	if *workerURL != "" {
		if err := beWorker(context.Background()); err != nil {
			fmt.Fprintln(os.Stderr, "worker:", err)
			os.Exit(1)
		}
		return
	}
	code := m.Run()
	stopPostgres()
	os.Exit(code)
}

// once calls f the first time that package testing calls a benchmark to find out how many
// iterations it shall count, and returns the same again until the next measurement (see
// -count): what takes seconds is run once, however many iterations are asked for.
func once[T any](b *testing.B, kept *T, f func() T) T {
	if b.N == 1 {
		*kept = f()
	}
	return *kept
}
