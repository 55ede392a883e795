package ratelimit

import (
	"context"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
)

// order makes many wait for one call a second, and returns who went in which order.
type order struct {
	mu   sync.Mutex
	wg   sync.WaitGroup
	went []string
}

func (o *order) call(ctx context.Context, t *testing.T, l *Limiter, account, label string) {
	o.wg.Go(func() {
		err := l.Wait(ctx, parvis.Call{Account: account, Endpoint: "POST /"})
		assert.NoError(t, err)
		o.mu.Lock()
		defer o.mu.Unlock()
		o.went = append(o.went, label)
	})
	synctest.Wait() // calls come one after the other
}

func everySecond(scope Scope) *Limiter {
	return New([]Rule{{Kind: Tokens, Scope: scope, Max: 1, Per: time.Second}}, &Options{MaxWait: time.Hour})
}

func TestAccountsTakeTurns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l, o := everySecond(Application), &order{}
		require.NoError(t, l.Wait(t.Context(), parvis.Call{Endpoint: "POST /"}))
		for range 4 {
			o.call(t.Context(), t, l, "busy", "busy")
		}
		o.call(t.Context(), t, l, "b", "b")
		o.call(t.Context(), t, l, "c", "c")
		o.call(t.Context(), t, l, "b", "b")
		o.wg.Wait()
		assert.Equal(t, []string{"busy", "b", "c", "busy", "b", "busy", "busy"}, o.went)
	})
}

func TestUrgentFirstAndBackgroundInTheEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l, o := everySecond(Application), &order{}
		require.NoError(t, l.Wait(t.Context(), parvis.Call{Endpoint: "POST /"}))
		for range 2 {
			o.call(WithPriority(t.Context(), Background), t, l, "a", "background")
		}
		for range 10 {
			o.call(t.Context(), t, l, "a", "normal")
		}
		o.call(WithPriority(t.Context(), Urgent), t, l, "z", "urgent")
		o.wg.Wait()
		assert.Equal(t, "urgent", o.went[0])
		assert.Equal(t, "normal", o.went[1])
		first := 0
		for i, who := range o.went {
			if who == "background" {
				first = i
				break
			}
		}
		assert.LessOrEqual(t, first, patience+1, "background work does not starve")
		assert.Less(t, first, len(o.went)-1)
	})
}

func TestAllBucketsOrNone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := New([]Rule{
			{Name: "application", Scope: Application, Kind: Sliding, Max: 3, Per: time.Minute},
			{Name: "account", Kind: Sliding, Max: 1, Per: time.Minute},
		}, &Options{MaxWait: -1})
		a, b := parvis.Call{Account: "a", Endpoint: "POST /"}, parvis.Call{Account: "b", Endpoint: "POST /"}
		require.NoError(t, l.Wait(t.Context(), a))
		for range 5 {
			require.ErrorContains(t, l.Wait(t.Context(), a), "the limit account is used up")
		}
		require.NoError(t, l.Wait(t.Context(), b), "the refused calls took nothing of what is shared")
		require.NoError(t, l.Wait(t.Context(), parvis.Call{Account: "c", Endpoint: "POST /"}))
		require.ErrorContains(t, l.Wait(t.Context(), parvis.Call{Account: "d", Endpoint: "POST /"}), "the limit application is used up")
	})
}

func TestReserveIsForUrgentCalls(t *testing.T) {
	t.Parallel()
	for _, kind := range []Kind{Sliding, Tokens, Window} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := New([]Rule{{Kind: kind, Max: 20, Per: time.Minute, Announced: kind == Window}}, &Options{MaxWait: -1, Reserve: 0.25})
				c := parvis.Call{Account: "a", Endpoint: "POST /"}
				count := func(ctx context.Context) (n int) {
					for l.Wait(ctx, c) == nil {
						n++
					}
					return n
				}
				assert.Equal(t, 15, count(t.Context()))
				assert.Equal(t, 5, count(WithPriority(t.Context(), Urgent)))
			})
		})
	}
}

func TestWaiterThatGivesUpTakesNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := everySecond(Application)
		c := parvis.Call{Account: "a", Endpoint: "POST /"}
		require.NoError(t, l.Wait(t.Context(), c))
		var wg sync.WaitGroup
		for i := range 50 {
			wg.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i+1)*time.Millisecond)
				defer cancel()
				assert.ErrorIs(t, l.Wait(ctx, c), context.DeadlineExceeded)
			})
		}
		wg.Wait()
		began := time.Now()
		require.NoError(t, l.Wait(t.Context(), c))
		assert.Less(t, time.Since(began), time.Second)
		assert.Empty(t, l.waiting)
	})
}

func TestQueueBehindIsForeseen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := New([]Rule{{Kind: Tokens, Max: 1, Per: time.Second}}, &Options{MaxWait: 3500 * time.Millisecond})
		c := parvis.Call{Account: "a", Endpoint: "POST /"}
		require.NoError(t, l.Wait(t.Context(), c))
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() { assert.NoError(t, l.Wait(t.Context(), c)) })
		}
		synctest.Wait()
		began := time.Now()
		err := l.Wait(t.Context(), c)
		require.ErrorIs(t, err, parvis.ErrRateLimited)
		assert.Zero(t, time.Since(began), "it is refused at once")
		assert.InDelta(t, 4*time.Second, retryAfter(t, err), float64(200*time.Millisecond))
		wg.Wait()
	})
}

// TestManyAccounts: what tells nothing any more is forgotten, what matters is kept.
func TestManyAccounts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := New([]Rule{{Name: "w", Max: 5, Per: time.Minute, Announced: true}}, &Options{MaxWait: -1})
		for i := range 100_000 {
			c := parvis.Call{Account: strconv.Itoa(i), Endpoint: "GET /"}
			require.NoError(t, l.Wait(t.Context(), c))
			l.Learn(c, parvis.Limit{Name: "w", Max: 5, Remaining: 0, Reset: time.Now().Add(time.Minute)})
		}
		require.ErrorIs(t, l.Wait(t.Context(), parvis.Call{Account: "7", Endpoint: "GET /"}), parvis.ErrRateLimited)
		<-time.After(time.Hour)
		for i := range 30_000 {
			require.NoError(t, l.Wait(t.Context(), parvis.Call{Account: "late", Endpoint: "GET /" + strconv.Itoa(i)}), i)
			if i%2 == 0 {
				<-time.After(time.Minute)
			}
		}
		assert.Less(t, len(l.buckets)+len(l.family)+len(l.routes), 4*maxKnown)
	})
}

// TestAnswersThatTellOfOneOfSeveral: where only the tightest is told, nobody waits to be
// told of the others.
func TestAnswersThatTellOfOneOfSeveral(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := New([]Rule{
			{Name: "account", Max: 300, Per: 5 * time.Minute, Announced: true},
			{Name: "media", Max: 30, Per: 30 * time.Minute, Announced: true},
		}, nil)
		c := parvis.Call{Account: "a", Endpoint: "POST /media"}
		require.NoError(t, l.Wait(t.Context(), c))
		l.Learn(c, parvis.Limit{Max: 300, Remaining: 299, Reset: time.Now().Add(time.Minute)})
		began := time.Now()
		for range 29 {
			require.NoError(t, l.Wait(t.Context(), c))
		}
		assert.Zero(t, time.Since(began))
		require.ErrorContains(t, l.Wait(t.Context(), c), "the limit media is used up")
		// A limit of the other number is the other limit.
		l.Learn(c, parvis.Limit{Max: 30, Remaining: 0, Reset: time.Now().Add(20 * time.Minute)})
		err := l.Wait(t.Context(), c)
		require.ErrorContains(t, err, "the limit media is used up")
		assert.InDelta(t, 20*time.Minute, retryAfter(t, err), float64(5*time.Second))
		l.Learn(c, parvis.Limit{Exceeded: true, Reset: time.Now().Add(25 * time.Minute)})
		assert.Equal(t, 25*time.Minute, retryAfter(t, l.Wait(t.Context(), c)), "a refusal is of the tightest")
		require.NoError(t, l.Wait(t.Context(), parvis.Call{Account: "b", Endpoint: "POST /media"}))
	})
}

func TestGlob(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pattern, s string
		want       bool
	}{
		{"POST /x", "POST /x", true},
		{"POST /x", "POST /xy", false},
		{"POST *", "POST /xy/z", true},
		{"*", "", true},
		{"POST /api/v*/media", "POST /api/v2/media", true},
		{"POST /api/v*/media", "POST /api/v2/media/1", false},
		{"*.list", "videos.list", true},
		{"*.list", "videos.lists", false},
		{"a*b*c", "a1b2c", true},
		{"a*b*c", "a1c", false},
		{"a*a", "a", false},
	} {
		assert.Equal(t, c.want, glob(c.pattern, c.s), "%s %s", c.pattern, c.s)
	}
}
