package bench

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/rivermigrate"
)

// A riverQueue is bare River on a database: the peer.
type riverQueue interface {
	// migrate makes the tables.
	migrate(b *testing.B)
	// work inserts n jobs that do nothing, and returns how long so many workers take from
	// their start to the last completion.
	work(b *testing.B, n, workers int) time.Duration
	// insert inserts n jobs for later, as many in a transaction as the outbox, and returns
	// how long that takes; fast does without returning the rows.
	insert(b *testing.B, n int, fast bool) time.Duration
}

type riverOn[T any] struct{ driver riverdriver.Driver[T] }

func newRiver[T any](driver riverdriver.Driver[T]) riverQueue { return riverOn[T]{driver} }

type noArgs struct{}

// Kind implements [river.JobArgs].
func (noArgs) Kind() string { return "nothing" }

func (r riverOn[T]) migrate(b *testing.B) {
	b.Helper()
	m, err := rivermigrate.New(r.driver, &rivermigrate.Config{Logger: slog.New(slog.DiscardHandler)})
	if err == nil {
		_, err = m.Migrate(b.Context(), rivermigrate.DirectionUp, nil)
	}
	if err != nil {
		b.Fatal(err)
	}
}

// client looks for jobs as often as it pays: with River's own pause of 100 ms between two
// looks, 16 workers would do 160 jobs a second.
func (r riverOn[T]) client(b *testing.B, workers int) *river.Client[T] {
	b.Helper()
	nothing := river.NewWorkers()
	river.AddWorker(nothing, river.WorkFunc(func(context.Context, *river.Job[noArgs]) error { return nil }))
	c, err := river.NewClient(r.driver, &river.Config{
		Queues:        map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: workers}},
		Workers:       nothing,
		FetchCooldown: 2 * time.Millisecond, FetchPollInterval: 20 * time.Millisecond,
		Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		b.Fatal(err)
	}
	return c
}

// atOnce is how many jobs are inserted at once, as many as the outbox adds in a transaction.
const atOnce = 500

func (r riverOn[T]) work(b *testing.B, n, workers int) time.Duration {
	b.Helper()
	r.migrate(b)
	c := r.client(b, workers)
	insertAll(b, n, func(ctx context.Context, ps []river.InsertManyParams) error {
		_, err := c.InsertManyFast(ctx, ps)
		return err
	}, nil)
	completed, cancel := c.SubscribeConfig(&river.SubscribeConfig{ChanSize: n, Kinds: []river.EventKind{river.EventKindJobCompleted}})
	defer cancel()
	began := time.Now()
	if err := c.Start(b.Context()); err != nil {
		b.Fatal(err)
	}
	giveUp := time.After(longest)
	for range n {
		select {
		case <-completed:
		case <-giveUp:
			b.Fatal("River has not completed its jobs")
		}
	}
	took := time.Since(began)
	if err := c.Stop(b.Context()); err != nil {
		b.Fatal(err)
	}
	return took
}

func (r riverOn[T]) insert(b *testing.B, n int, fast bool) time.Duration {
	b.Helper()
	r.migrate(b)
	c := r.client(b, 1)
	insert := func(ctx context.Context, ps []river.InsertManyParams) error {
		_, err := c.InsertMany(ctx, ps)
		return err
	}
	if fast {
		insert = func(ctx context.Context, ps []river.InsertManyParams) error {
			_, err := c.InsertManyFast(ctx, ps)
			return err
		}
	}
	tomorrow := time.Now().Add(24 * time.Hour)
	began := time.Now()
	insertAll(b, n, insert, func(i int) *river.InsertOpts {
		return &river.InsertOpts{ScheduledAt: tomorrow.Add(time.Duration(i) * time.Second)}
	})
	return time.Since(began)
}

func insertAll(b *testing.B, n int, insert func(context.Context, []river.InsertManyParams) error, opts func(i int) *river.InsertOpts) {
	b.Helper()
	for from := 0; from < n; from += atOnce {
		ps := make([]river.InsertManyParams, min(atOnce, n-from))
		for i := range ps {
			ps[i].Args = noArgs{}
			if opts != nil {
				ps[i].InsertOpts = opts(from + i)
			}
		}
		if err := insert(b.Context(), ps); err != nil {
			b.Fatal(err)
		}
	}
}
