package e2e

import (
	"context"
	"errors"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/e2e/calendar"
	"github.com/parvis-go/parvis/internal/e2e/servers/fakenet"
	server "github.com/parvis-go/parvis/internal/e2e/servers/postgres"
	"github.com/parvis-go/parvis/internal/store"
	"github.com/parvis-go/parvis/internal/store/pg"
	"github.com/parvis-go/parvis/publish/outbox"
)

// TestOutboxPartition has four processes on one PostgreSQL. One is killed, one is stopped
// and one loses the database, each after it has stored that it will send a post and before
// it has. The fourth takes over all of them, and when the two that live come back they
// send nothing.
//
// What no test can show, since no program can do it: a process that is stopped after it
// has asked whether it may send, and before the first byte has left, sends that byte when
// it goes on, however late that is. Networks that honour keys or chosen identifiers take
// that for the same post; on the others it is a second one.
func TestOutboxPartition(t *testing.T) {
	t.Parallel()
	set := place{}.setup(t)
	set.Workers, set.Timeout, set.VerifyAfter = 2, 0, -1
	r := newTownRun(t, set, town{each: 9, classes: []fakenet.Class{fakenet.Lookup}}) // who shows all that comes twice
	r.open(t)
	r.fill(60, 4*time.Second)
	r.schedule(t)
	gate, through := openGate(t, set.DB)
	apart := r.set
	apart.DB = through

	at := calendar.IntentStored
	dying := startProcess(t, r.set, "-die", at+":1")
	stopping := startProcess(t, r.set, "-stop", at+":1")
	cutOff := startProcess(t, apart, "-hold", at+":1")
	require.True(t, dying.await("DIES", time.Minute))
	require.True(t, stopping.await("STOPS", time.Minute))
	require.True(t, cutOff.await("HOLDS", time.Minute))
	gate.set(true)
	cutOff.resume(t)
	dying.kill()

	rest := startProcess(t, r.set)
	assert.Eventually(t, func() bool { return r.left([]*process{rest}) == 0 }, time.Minute, 50*time.Millisecond,
		"the others do not take over")
	before := len(r.net.Deliveries())
	assert.Equal(t, r.markers(), before, "posts are missing")
	gate.set(false)
	stopping.signal(syscall.SIGCONT)
	cutOff.await("FAILED", 2*r.set.Lease) // long enough for what it would send
	for _, p := range []*process{stopping, cutOff, rest} {
		p.finish(t)
		r.note(t, p)
	}
	sum := r.judge(t, r.posted(t), r.blind)
	assert.Equal(t, before, sum.deliveries, "somebody has sent after the end of its lease")
	cut := r.summed(t, sum)
	assert.GreaterOrEqual(t, cut, 3)
}

// summed checks the trail and tells what the run came to. It returns how many attempts
// were cut short.
func (r *townRun) summed(t *testing.T, sum tally) int {
	t.Helper()
	records := r.trail(t)
	r.audited(t, records)
	cut := interrupted(records)
	t.Logf("%d deliveries of %d, %d lost, %d doubles, %d unknown of which %d are out, %d attempts cut short; warnings %q",
		sum.deliveries, r.markers(), sum.lost, sum.doubles, sum.unknown, sum.unknownOut, cut, r.warned())
	return cut
}

// TestPartitionInATransaction cuts a program off that has locked a row and cannot say any
// more what becomes of it: others get the row all the same, after a while.
func TestPartitionInATransaction(t *testing.T) {
	t.Parallel()
	address := postgresURL(t)
	gate, through := openGate(t, address)
	open := func(address string) store.DB {
		pool, err := pgxpool.New(t.Context(), address)
		require.NoError(t, err)
		t.Cleanup(pool.Close)
		return pg.Open(pool)
	}
	one, other := open(through), open(address)
	for _, statement := range []string{"CREATE TABLE counter (n BIGINT)", "INSERT INTO counter VALUES (0)"} {
		_, err := other.Exec(t.Context(), statement)
		require.NoError(t, err)
	}
	add := func(ctx context.Context, db store.DB, before func()) error {
		return db.Update(ctx, func(tx store.Tx) error {
			_, err := tx.Exec(ctx, "UPDATE counter SET n = n + 1")
			before()
			return err
		})
	}
	ended := make(chan error, 1)
	locked := make(chan struct{})
	go func() {
		ended <- add(t.Context(), one, func() {
			gate.set(true)
			close(locked)
		})
	}()
	<-locked
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	require.NoError(t, add(ctx, other, func() {}), "the row is locked for good")
	gate.set(false)
	require.Error(t, <-ended, "it has not added anything")
	var n int
	require.NoError(t, other.QueryRow(t.Context(), "SELECT n FROM counter").Scan(&n))
	assert.Equal(t, 1, n)
}

// TestOutboxDatabaseGoneAndBack stops PostgreSQL under three workers that send, and starts
// it again.
func TestOutboxDatabaseGoneAndBack(t *testing.T) {
	t.Parallel()
	s := restartable(t)
	set := place{}.setup(t)
	set.DB = s.URL("postgres")
	r := newTownRun(t, set, town{fakenet.Options{Faults: fakenet.Faults{Delay: 0.3}}, 3, fakenet.Classes()})
	r.open(t)
	r.fill(120, 6*time.Second)
	r.schedule(t)
	var all []*process
	for range 3 {
		all = append(all, startProcess(t, r.set))
	}
	for _, p := range all {
		require.True(t, p.await("READY", time.Minute))
	}
	require.Eventually(t, func() bool { return len(r.net.Deliveries()) >= 20 }, time.Minute, 10*time.Millisecond)
	require.NoError(t, s.Stop(t.Context()))
	plan := r.plans[0]
	plan.When = outbox.Now()
	_, err := r.box.For(calendar.Client).Add(t.Context(), plan)
	databaseGone(t, err)
	all[0].await("FAILED", 2*r.set.Lease)
	require.NoError(t, s.Resume(t.Context()))
	r.complete(t, all, time.Minute)
	sum := r.judge(t, r.posted(t), r.blind)
	r.summed(t, sum)
}

// databaseGone checks that an error says what is wrong with the database.
func databaseGone(t *testing.T, err error) {
	t.Helper()
	require.ErrorIs(t, err, parvis.ErrUnavailable)
	e, ok := errors.AsType[*parvis.Error](err)
	require.True(t, ok)
	assert.Equal(t, "the database cannot be reached", e.Message, "%v", err)
	assert.NotEmpty(t, e.Help)
}

// restartable is a PostgreSQL of t's own.
func restartable(t *testing.T) *server.Server {
	t.Helper()
	s, err := server.Start(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	return s
}
