package outbox_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers/fake"
	"github.com/parvis-go/parvis/publish"
	"github.com/parvis-go/parvis/publish/outbox"
)

// onDisk opens an SQLite file with one connection; a second call is another program.
func onDisk(t *testing.T, file string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", file+"?_pragma=busy_timeout(50)")
	require.NoError(t, err)
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// lock keeps everybody else out of the file until unlock is called.
func lock(t *testing.T, file string) (unlock func()) {
	t.Helper()
	db := onDisk(t, file)
	_, err := db.ExecContext(t.Context(), "PRAGMA busy_timeout = 10000")
	require.NoError(t, err)
	_, err = db.ExecContext(t.Context(), "BEGIN EXCLUSIVE")
	require.NoError(t, err)
	return func() {
		_, err := db.ExecContext(context.WithoutCancel(t.Context()), "ROLLBACK") // the test may be over
		assert.NoError(t, err)
	}
}

// running is an outbox that works in real time, in a file.
func running(t *testing.T, db *sql.DB, o outbox.Options) (*outbox.Client, <-chan error) {
	t.Helper()
	o.Poll, o.VerifyAfter = 20*time.Millisecond, -1
	box, err := outbox.Open(t.Context(), outbox.SQLite(db), o)
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	over := make(chan struct{})
	go func() {
		defer close(over)
		ended <- box.Run(ctx)
	}()
	t.Cleanup(func() {
		stop()
		<-over
	})
	return box.For("acme"), ended
}

// passing is a channel that closes when so much real time has passed.
func passing(d time.Duration) <-chan struct{} {
	c := make(chan struct{})
	time.AfterFunc(d, func() { close(c) })
	return c
}

// TestTheFenceItselfMayTakeLong: the database is not to be had when a worker asks whether
// it may send, until its lease has ended; when it gets its answer it must not send.
func TestTheFenceItselfMayTakeLong(t *testing.T) {
	t.Parallel()
	const lease = 400 * time.Millisecond
	file := filepath.Join(t.TempDir(), "outbox.db")
	acme := fake.New(fake.Options{}).Join("acme")
	var asked atomic.Int32
	var fence error
	done := make(chan struct{})
	p := before{acme, func(ctx context.Context) {
		if asked.Add(1) > 1 {
			return
		}
		unlock := lock(t, file)
		opened := make(chan struct{})
		time.AfterFunc(2*lease, func() {
			defer close(opened)
			unlock()
		})
		fence = publish.Leave(ctx)
		<-opened
		close(done)
	}}
	cal, _ := running(t, onDisk(t, file), outbox.Options{Accounts: outbox.Publishers(p), Lease: lease, Settle: time.Second})
	_, err := cal.Schedule(t.Context(), publish.Draft{Text: "Bonjour"}, outbox.Now(), acme.Account())
	require.NoError(t, err)
	select {
	case <-done:
	case <-passing(20 * time.Second):
		require.Fail(t, "nothing was sent")
	}
	require.Error(t, fence)
}

// TestWhatIsOnItsWayEndsWithTheLease: a request lasts longer than the lease, which cannot
// be renewed. It is broken off, before another worker can believe that nothing will come.
func TestWhatIsOnItsWayEndsWithTheLease(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "outbox.db")
	acme := fake.New(fake.Options{}).Join("acme")
	var asked atomic.Int32
	broken := make(chan bool, 1)
	p := before{acme, func(ctx context.Context) {
		if asked.Add(1) > 1 {
			return
		}
		defer lock(t, file)()
		select {
		case <-ctx.Done():
			broken <- true
		case <-passing(5 * time.Second):
			broken <- false
		}
	}}
	cal, _ := running(t, onDisk(t, file), outbox.Options{Accounts: outbox.Publishers(p), Lease: 400 * time.Millisecond, Settle: time.Second})
	_, err := cal.Schedule(t.Context(), publish.Draft{Text: "Bonjour"}, outbox.Now(), acme.Account())
	require.NoError(t, err)
	select {
	case was := <-broken:
		assert.True(t, was, "it went on after the lease")
	case <-passing(20 * time.Second):
		require.Fail(t, "nothing was sent")
	}
}

// TestLocked: another program holds the database for three seconds.
func TestLocked(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "outbox.db")
	town := fake.New(fake.Options{Latency: 5 * time.Millisecond})
	acme := town.Join("acme")
	cal, ended := running(t, onDisk(t, file), outbox.Options{Accounts: outbox.Publishers(acme), Lease: time.Second, Settle: time.Second})
	const posts = 40
	for i := range posts / 2 {
		_, err := cal.Schedule(t.Context(), publish.Draft{Text: fmt.Sprintf("#n%d", i)}, outbox.Now(), acme.Account())
		require.NoError(t, err)
	}
	unlock := lock(t, file)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	_, err := cal.Schedule(ctx, publish.Draft{Text: "too hurried"}, outbox.Now(), acme.Account())
	require.ErrorIs(t, err, context.DeadlineExceeded, "a caller waits no longer than it wants")
	unlocked := make(chan struct{})
	time.AfterFunc(3*time.Second, func() {
		defer close(unlocked)
		unlock()
	})
	for i := posts / 2; i < posts; i++ { // who has time waits for the other program
		_, err := cal.Schedule(t.Context(), publish.Draft{Text: fmt.Sprintf("#n%d", i)}, outbox.Now(), acme.Account())
		require.NoError(t, err)
	}
	<-unlocked
	allOut(t, town, posts)
	assert.Empty(t, ended, "the worker has given up")
}

// allOut waits until the town has so many posts, and checks that none is there twice.
func allOut(t *testing.T, town *fake.Network, posts int) {
	t.Helper()
	assert.Eventually(t, func() bool { return len(town.Posts()) >= posts }, time.Minute, 20*time.Millisecond, "posts are lost")
	<-passing(time.Second) // for what would come twice
	seen := map[string]int{}
	for _, p := range town.Posts() {
		seen[p.Text.Plain]++
	}
	assert.Len(t, town.Posts(), posts)
	assert.Len(t, seen, posts)
}

// TestFull: the disk is full, in that the file may not grow. What is refused is told, what
// was accepted goes out as soon as there is room.
func TestFull(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "outbox.db")
	db := onDisk(t, file)
	town := fake.New(fake.Options{})
	acme := town.Join("acme")
	box, err := outbox.Open(t.Context(), outbox.SQLite(db), outbox.Options{Accounts: outbox.Publishers(acme)})
	require.NoError(t, err)
	limit := func(more int) {
		var pages int
		require.NoError(t, db.QueryRowContext(t.Context(), "PRAGMA page_count").Scan(&pages))
		_, err := db.ExecContext(t.Context(), fmt.Sprintf("PRAGMA max_page_count = %d", pages+more))
		require.NoError(t, err)
	}
	limit(12)
	accepted := 0
	for err == nil && accepted < 1000 {
		_, err = box.For("acme").Schedule(t.Context(), publish.Draft{Text: fmt.Sprintf("#n%d", accepted)},
			outbox.On(time.Now().Add(4*time.Second)), acme.Account())
		if err == nil {
			accepted++
		}
	}
	require.ErrorIs(t, err, parvis.ErrUnavailable)
	e, ok := errors.AsType[*parvis.Error](err)
	require.True(t, ok)
	assert.Equal(t, "the database's disk is full", e.Message)
	assert.Contains(t, e.Help, "make room")
	require.Positive(t, accepted)
	limit(0)

	cal, ended := running(t, db, outbox.Options{Accounts: outbox.Publishers(acme), Lease: time.Second, Settle: time.Second})
	<-passing(6 * time.Second)
	assert.Empty(t, ended, "the worker has given up")
	t.Logf("%d of %d went out while the disk was full", len(town.Posts()), accepted)
	limit(100_000)
	_, err = cal.Schedule(t.Context(), publish.Draft{Text: "the one that was refused"}, outbox.Now(), acme.Account())
	require.NoError(t, err, "it goes on when there is room")
	allOut(t, town, accepted+1)
}

// stubborn is a recorder that keeps nothing that a worker does.
type stubborn struct{ acts atomic.Int32 }

func (f *stubborn) Record(_ context.Context, r parvis.Record) error {
	if r.Op == "schedule" {
		return nil
	}
	f.acts.Add(1)
	return errors.New("the trail cannot be written")
}

// TestTroubleThatStays: what a worker cannot store it tries again, but not at once.
func TestTroubleThatStays(t *testing.T) {
	t.Parallel()
	town := fake.New(fake.Options{})
	acme := town.Join("acme")
	var trail stubborn
	cal, ended := running(t, onDisk(t, filepath.Join(t.TempDir(), "outbox.db")), outbox.Options{
		Accounts: outbox.Publishers(acme), Audit: &trail, Lease: time.Second,
	})
	_, err := cal.Schedule(t.Context(), publish.Draft{Text: "Bonjour"}, outbox.Now(), acme.Account())
	require.NoError(t, err)
	<-passing(4 * time.Second)
	assert.Empty(t, ended, "the worker has given up")
	assert.Positive(t, trail.acts.Load())
	assert.LessOrEqual(t, int(trail.acts.Load()), 12, "it goes round in circles")
	assert.Empty(t, town.Posts(), "an act whose record fails does not happen")
}
