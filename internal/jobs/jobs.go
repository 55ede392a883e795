// Package jobs is River below the rooms that work by themselves: it wakes them at a time,
// in any of the processes that share a database, and inserts wake-ups in a transaction.
// What has to be done stands in a room's own tables; a wake-up only names where to look.
//
// https://riverqueue.com/docs
package jobs

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/rivermigrate"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/store"
)

// A DB is the user's database with the engine that belongs to it.
type DB struct {
	store.DB
	open func(ctx context.Context, db store.DB, cfg Config) (Engine, error)
}

// New returns the DB of db, whose transactions are of the kind that driver takes.
func New[T any](db store.DB, driver riverdriver.Driver[T]) *DB {
	return &DB{db, func(ctx context.Context, db store.DB, cfg Config) (Engine, error) {
		return open(ctx, db, driver, cfg)
	}}
}

// A Config says what wake-ups do.
type Config struct {
	// Room names the queue: wake-ups of one room never reach another.
	Room string
	// Work is called for each wake-up, in Workers goroutines at most.
	Work    func(ctx context.Context, lane string) error
	Workers int
	// Poll is how often the queue is looked at; PostgreSQL tells of new wake-ups by itself.
	Poll time.Duration
	// Longest is how long Work may take.
	Longest time.Duration
	Logger  *slog.Logger
}

// A Wake asks to look at a lane at a time, by the clock of the machine; the past is now.
type Wake struct {
	Lane string
	At   time.Time
}

// An Engine is the queue of one room.
type Engine interface {
	// Wake inserts wake-ups, in tx if it is not nil.
	Wake(ctx context.Context, tx store.Tx, wakes []Wake) error
	// Start begins to work, Stop ends it: it waits for what is being worked until ctx
	// ends, and then cancels it.
	Start(ctx context.Context) error
	Stop(ctx context.Context) error
}

// Open brings the engine's tables up to date and returns the engine.
func (d *DB) Open(ctx context.Context, cfg Config) (Engine, error) { return d.open(ctx, d.DB, cfg) }

// wakeArgs is the job of River. Its kind is one for all rooms; queues keep them apart.
type wakeArgs struct {
	Lane string `json:"lane"`
}

// Kind implements [river.JobArgs].
func (wakeArgs) Kind() string { return "parvis.wake" }

type worker struct {
	river.WorkerDefaults[wakeArgs]
	cfg Config
}

// Work implements [river.Worker].
func (w *worker) Work(ctx context.Context, j *river.Job[wakeArgs]) error {
	return w.cfg.Work(ctx, j.Args.Lane)
}

// Timeout implements [river.Worker].
func (w *worker) Timeout(*river.Job[wakeArgs]) time.Duration { return w.cfg.Longest }

type engine[T any] struct {
	client *river.Client[T]
	queue  string
}

func open[T any](ctx context.Context, db store.DB, driver riverdriver.Driver[T], cfg Config) (Engine, error) {
	if err := migrate(ctx, db, driver, cfg.Logger); err != nil {
		return nil, err
	}
	e := &engine[T]{queue: "parvis_" + cfg.Room}
	workers := river.NewWorkers()
	river.AddWorker(workers, &worker{cfg: cfg})
	rc := &river.Config{
		Queues:              map[string]river.QueueConfig{e.queue: {MaxWorkers: cfg.Workers}},
		Workers:             workers,
		Logger:              cfg.Logger,
		FetchPollInterval:   cfg.Poll,
		FetchCooldown:       min(cfg.Poll, 20*time.Millisecond),
		SkipUnknownJobCheck: true,
	}
	client, err := river.NewClient(driver, rc)
	if err != nil {
		return nil, &parvis.Error{Op: "open " + cfg.Room, Code: parvis.ErrInvalid, Message: "the queue cannot be set up", Err: err}
	}
	e.client = client
	return e, nil
}

// migrate brings River's own tables up to date, one process at a time. Tables that another
// release of River has brought further are left as they are.
func migrate[T any](ctx context.Context, db store.DB, driver riverdriver.Driver[T], logger *slog.Logger) error {
	m, err := rivermigrate.New(driver, &rivermigrate.Config{Logger: logger})
	if err != nil {
		return err
	}
	for try := 0; ; try++ {
		_, err = m.Migrate(ctx, rivermigrate.DirectionUp, nil)
		if err == nil {
			return nil
		}
		// Another process may be at it.
		if ok, verr := m.Validate(ctx, nil); verr == nil && ok.OK {
			return nil
		}
		if try == 50 || ctx.Err() != nil {
			return &parvis.Error{
				Op: "open " + string(db.Dialect()), Code: parvis.ErrUnavailable,
				Message: "the tables of the queue could not be brought up to date",
				Help:    "check that the database can be written and that the user may create tables", Err: err,
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Duration(try+1) * 10 * time.Millisecond):
		}
	}
}

// attempts is how often a wake-up whose Work failed is tried again; the room's own watch
// is behind it.
const attempts = 5

// Wake implements [Engine].
func (e *engine[T]) Wake(ctx context.Context, tx store.Tx, wakes []Wake) error {
	params := make([]river.InsertManyParams, len(wakes))
	now := time.Now()
	for i, w := range wakes {
		if !w.At.After(now) { // with a time, even a past one, the job waits for River's scheduler
			w.At = time.Time{}
		}
		params[i] = river.InsertManyParams{
			Args:       wakeArgs{w.Lane},
			InsertOpts: &river.InsertOpts{Queue: e.queue, ScheduledAt: w.At, MaxAttempts: attempts},
		}
	}
	if len(params) == 0 {
		return nil
	}
	if tx == nil {
		_, err := e.client.InsertManyFast(ctx, params)
		return err
	}
	t, ok := store.Raw(tx).(T)
	if !ok {
		return fmt.Errorf("a transaction of %T is not of this database", store.Raw(tx))
	}
	_, err := e.client.InsertManyFastTx(ctx, t, params)
	return err
}

// Start implements [Engine].
func (e *engine[T]) Start(ctx context.Context) error {
	// River stops by itself when its context ends, without waiting for what is being worked.
	return e.client.Start(context.WithoutCancel(ctx))
}

// Stop implements [Engine].
func (e *engine[T]) Stop(ctx context.Context) error {
	if err := e.client.Stop(ctx); err == nil {
		return nil
	}
	hard, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	return e.client.StopAndCancel(hard)
}
