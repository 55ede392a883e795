package jobs_test

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"

	"github.com/parvis-go/parvis/internal/jobs"
	"github.com/parvis-go/parvis/internal/store"
)

func memory(t *testing.T) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", ":memory:")
	require.NoError(t, err)
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// open returns an engine that sends the lanes it is woken for.
func open(t *testing.T, db *sql.DB, room string) (jobs.Engine, store.DB, chan string) {
	t.Helper()
	woken := make(chan string, 100)
	st := store.OpenSQLite(db)
	e, err := jobs.New(st, riversqlite.New(db)).Open(t.Context(), jobs.Config{
		Room: room, Workers: 2, Poll: 20 * time.Millisecond, Longest: time.Minute, Logger: slog.New(slog.DiscardHandler),
		Work: func(_ context.Context, lane string) error {
			woken <- lane
			return nil
		},
	})
	require.NoError(t, err)
	return e, st, woken
}

func start(t *testing.T, e jobs.Engine) {
	t.Helper()
	require.NoError(t, e.Start(t.Context()))
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		assert.NoError(t, e.Stop(ctx))
	})
}

func next(t *testing.T, woken chan string) string {
	t.Helper()
	select {
	case lane := <-woken:
		return lane
	case <-time.After(20 * time.Second):
		t.Fatal("nobody was woken")
		return ""
	}
}

func TestWakesInATransaction(t *testing.T) {
	t.Parallel()
	db := memory(t)
	e, st, woken := open(t, db, "outbox")
	require.NoError(t, store.Migrate(t.Context(), st, "test", nil))
	start(t, e)
	undone := errors.New("undone")
	wake := func(lane string, err error) error {
		return st.Update(t.Context(), func(tx store.Tx) error {
			require.NoError(t, e.Wake(t.Context(), tx, []jobs.Wake{{Lane: lane}}))
			return err
		})
	}
	require.ErrorIs(t, wake("rolled back", undone), undone)
	require.NoError(t, wake("committed", nil))
	assert.Equal(t, "committed", next(t, woken))
	require.NoError(t, e.Wake(t.Context(), nil, []jobs.Wake{{Lane: "by itself"}}))
	assert.Equal(t, "by itself", next(t, woken))
	require.NoError(t, e.Wake(t.Context(), nil, nil))
}

func TestWakesAtATime(t *testing.T) {
	t.Parallel()
	e, _, woken := open(t, memory(t), "outbox")
	start(t, e)
	began := time.Now()
	require.NoError(t, e.Wake(t.Context(), nil, []jobs.Wake{{Lane: "later", At: began.Add(time.Second)}, {Lane: "now"}}))
	assert.Equal(t, "now", next(t, woken))
	assert.Equal(t, "later", next(t, woken))
	assert.GreaterOrEqual(t, time.Since(began), 990*time.Millisecond)
}

type letterArgs struct {
	To string `json:"to"`
}

func (letterArgs) Kind() string { return "letter" }

type letterWorker struct {
	river.WorkerDefaults[letterArgs]
	sent chan string
}

func (w *letterWorker) Work(_ context.Context, j *river.Job[letterArgs]) error {
	w.sent <- j.Args.To
	return nil
}

// TestBesideTheUsersOwnRiver: the user's client runs on the same tables, leads, and knows
// nothing of wake-ups; each works its own jobs only.
func TestBesideTheUsersOwnRiver(t *testing.T) {
	t.Parallel()
	db := memory(t)
	e, _, woken := open(t, db, "outbox")
	other, _, elsewhere := open(t, db, "inbox")
	letters := &letterWorker{sent: make(chan string, 10)}
	workers := river.NewWorkers()
	river.AddWorker(workers, letters)
	mine, err := river.NewClient(riversqlite.New(db), &river.Config{
		Queues:  map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: 2}},
		Workers: workers, FetchPollInterval: 20 * time.Millisecond, FetchCooldown: 10 * time.Millisecond,
		Logger: slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)
	require.NoError(t, mine.Start(t.Context()))
	t.Cleanup(func() { assert.NoError(t, mine.Stop(context.Background())) })
	start(t, e)
	start(t, other)
	_, err = mine.Insert(t.Context(), letterArgs{"ana"}, nil)
	require.NoError(t, err)
	require.NoError(t, e.Wake(t.Context(), nil, []jobs.Wake{{Lane: "acme"}, {Lane: "later", At: time.Now().Add(500 * time.Millisecond)}}))
	require.NoError(t, other.Wake(t.Context(), nil, []jobs.Wake{{Lane: "elsewhere"}}))
	assert.Equal(t, "ana", next(t, letters.sent))
	assert.Equal(t, "acme", next(t, woken))
	assert.Equal(t, "later", next(t, woken))
	assert.Equal(t, "elsewhere", next(t, elsewhere))
	assert.Empty(t, woken)
	assert.Empty(t, elsewhere)
}

func TestStopWaitsForWhatIsWorked(t *testing.T) {
	t.Parallel()
	db := memory(t)
	began, finish, done := make(chan bool), make(chan bool), make(chan bool, 1)
	e, err := jobs.New(store.OpenSQLite(db), riversqlite.New(db)).Open(t.Context(), jobs.Config{
		Room: "outbox", Workers: 1, Poll: 20 * time.Millisecond, Longest: time.Minute, Logger: slog.New(slog.DiscardHandler),
		Work: func(context.Context, string) error {
			began <- true
			<-finish
			done <- true
			return nil
		},
	})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	require.NoError(t, e.Start(ctx))
	require.NoError(t, e.Wake(t.Context(), nil, []jobs.Wake{{Lane: "x"}}))
	<-began
	cancel() // the end of the context that it was started with breaks nothing off
	stopped := make(chan error)
	go func() { stopped <- e.Stop(context.Background()) }()
	finish <- true
	require.NoError(t, <-stopped)
	assert.True(t, <-done)
}

func TestOpenTwice(t *testing.T) {
	t.Parallel()
	db := memory(t)
	open(t, db, "outbox")
	open(t, db, "outbox")
}

func TestPoints(t *testing.T) {
	t.Parallel()
	var seen []string
	ctx := jobs.WithPoints(t.Context(), func(name string) { seen = append(seen, name) })
	jobs.Point(ctx, "one")
	jobs.Point(t.Context(), "nobody listens")
	assert.Equal(t, []string{"one"}, seen)
}
