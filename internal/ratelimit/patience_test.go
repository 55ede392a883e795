package ratelimit

import (
	"context"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/sending"
	"github.com/parvis-go/parvis/internal/store"
)

// patient returns how long Wait took under that patience, and what it gave.
func patient(t *testing.T, l *Limiter, d time.Duration) (time.Duration, error) {
	t.Helper()
	began := time.Now()
	err := l.Wait(sending.WithPatience(t.Context(), d), post)
	return time.Since(began), err
}

func TestTheSmallerPatienceHolds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name              string
		own, ctx          time.Duration
		free              time.Duration // when the limit is over
		took, comeBackFor time.Duration
	}{
		{"the context's, refused at once", time.Minute, 2 * time.Second, 10 * time.Second, 0, 10 * time.Second},
		{"the context's, long enough", time.Minute, 20 * time.Second, 10 * time.Second, 10 * time.Second, 0},
		{"the limiter's", 2 * time.Second, time.Minute, 10 * time.Second, 0, 10 * time.Second},
		{"none at all", time.Minute, 0, time.Second, 0, time.Second},
		{"none, and none is needed", time.Minute, 0, 0, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := New(nil, &Options{Margin: -1, MaxWait: c.own})
				if c.free > 0 {
					l.Learn(post, parvis.Limit{Max: 5, Reset: time.Now().Add(c.free)})
				}
				took, err := patient(t, l, c.ctx)
				assert.Equal(t, c.took, took)
				if c.comeBackFor == 0 {
					require.NoError(t, err)
					return
				}
				require.ErrorIs(t, err, parvis.ErrRateLimited)
				assert.Equal(t, c.comeBackFor, retryAfter(t, err))
			})
		})
	}
}

// TestPatienceInTheQueue: who comes late is refused at once if its turn is too far off, and
// else leaves the queue when its patience ends, without taking anything.
func TestPatienceInTheQueue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l, o := everySecond(Application), &order{}
		require.NoError(t, l.Wait(t.Context(), parvis.Call{Endpoint: "POST /"}))
		for range 5 {
			o.call(t.Context(), t, l, "busy", "busy")
		}
		late := parvis.Call{Account: "busy", Endpoint: "POST /"}
		began := time.Now()
		err := l.Wait(sending.WithPatience(t.Context(), 3*time.Second), late)
		require.ErrorIs(t, err, parvis.ErrRateLimited)
		assert.Zero(t, time.Since(began), "the sixth turn is six seconds off")
		assert.GreaterOrEqual(t, retryAfter(t, err), 5*time.Second)

		// Urgent calls push in front of one that had good prospects.
		waiting := make(chan error, 1)
		go func() {
			waiting <- l.Wait(WithPriority(sending.WithPatience(t.Context(), 8*time.Second), Background), late)
		}()
		synctest.Wait()
		for range 5 {
			o.call(WithPriority(t.Context(), Urgent), t, l, "vip", "vip")
		}
		err = <-waiting
		require.ErrorIs(t, err, parvis.ErrRateLimited)
		assert.Equal(t, 8*time.Second, time.Since(began))
		assert.Positive(t, retryAfter(t, err))
		o.wg.Wait()
		assert.InDelta(t, 10*time.Second, time.Since(began), float64(time.Second/2), "the place of who left is not lost")
	})
}

func TestSharedPatience(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "limits.db")
	rule := Rule{Name: "day", Kind: Sliding, Max: 2, Per: time.Hour}
	l := shared(t, sqlite(t, path), 0, rule)
	for range 2 {
		_, err := patient(t, l, 0)
		require.NoError(t, err, "asking the database is no waiting")
		l.Learn(post, parvis.Limit{})
	}
	took, err := patient(t, l, 50*time.Millisecond)
	require.ErrorIs(t, err, parvis.ErrRateLimited)
	assert.Less(t, took, time.Second)
	assert.InDelta(t, time.Hour, retryAfter(t, err), float64(time.Minute))
}

// TestSharedPatienceWhileAnotherAsks: the database's answer is waited for, within its
// time; an allotment that comes later than the patience is not.
func TestSharedPatienceWhileAnotherAsks(t *testing.T) {
	t.Parallel()
	db := &slow{DB: sqlite(t, filepath.Join(t.TempDir(), "limits.db")).DB}
	l := shared(t, db, 0, Rule{Name: "day", Kind: Sliding, Max: 100, Per: time.Hour})
	db.takes.Store(int64(100 * time.Millisecond))
	first := make(chan error, 1)
	go func() { _, err := patient(t, l, 0); first <- err }()
	_, err := patient(t, l, time.Millisecond)
	require.NoError(t, err)
	require.NoError(t, <-first)

	spent := Rule{Name: "hour", Kind: Sliding, Max: 1, Per: 2 * time.Second}
	b := shared(t, sqlite(t, filepath.Join(t.TempDir(), "spent.db")), 0, spent)
	require.NoError(t, b.Wait(t.Context(), post))
	b.Learn(post, parvis.Limit{})
	took, err := patient(t, b, 300*time.Millisecond)
	require.ErrorIs(t, err, parvis.ErrRateLimited, "although the limiter itself would wait three seconds")
	assert.Less(t, took, time.Second)
	assert.Positive(t, retryAfter(t, err))
}

// slow is a database that takes its time.
type slow struct {
	store.DB
	takes atomic.Int64
}

func (s *slow) Update(ctx context.Context, do func(store.Tx) error) error {
	select {
	case <-time.After(time.Duration(s.takes.Load())):
	case <-ctx.Done():
		return ctx.Err()
	}
	return s.DB.Update(ctx, do)
}
