package ratelimit

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
)

var post = parvis.Call{Network: "testnet", Account: "testnet:acme", Endpoint: "POST /x"}

// retryAfter is how long a refusal asks to wait.
func retryAfter(t *testing.T, err error) time.Duration {
	t.Helper()
	e, ok := errors.AsType[*parvis.Error](err)
	require.True(t, ok, err)
	return e.RetryAfter
}

// waited returns how long Wait took and what it gave.
func waited(t *testing.T, l parvis.Limiter, c parvis.Call) (time.Duration, error) {
	t.Helper()
	began := time.Now()
	err := l.Wait(t.Context(), c)
	return time.Since(began), err
}

func TestLimiterRemembers(t *testing.T) {
	t.Parallel()
	in := func(d time.Duration) time.Time { return time.Now().Add(d) }
	for _, c := range []struct {
		name  string
		learn func() []parvis.Limit
		call  parvis.Call
		took  time.Duration
		after time.Duration // RetryAfter of a refusal
	}{
		{"nothing known", func() []parvis.Limit { return nil }, post, 0, 0},
		{"some left", func() []parvis.Limit { return []parvis.Limit{{Max: 5, Remaining: 1, Reset: in(time.Minute)}} }, post, 0, 0},
		{"none left, soon", func() []parvis.Limit { return []parvis.Limit{{Max: 5, Reset: in(2 * time.Second)}} }, post, 2 * time.Second, 0},
		{"none left, later", func() []parvis.Limit { return []parvis.Limit{{Max: 5, Reset: in(time.Minute)}} }, post, 0, time.Minute},
		{"none left, no reset", func() []parvis.Limit { return []parvis.Limit{{Max: 5}} }, post, 0, 0},
		{"refused, soon", func() []parvis.Limit { return []parvis.Limit{{Exceeded: true, Reset: in(time.Second)}} }, post, time.Second, 0},
		{"refused, later", func() []parvis.Limit { return []parvis.Limit{{Exceeded: true, Reset: in(time.Hour)}} }, post, 0, time.Hour},
		{"refused, time unknown", func() []parvis.Limit { return []parvis.Limit{{Exceeded: true}} }, post, time.Second, 0},
		{"refused, then a good answer", func() []parvis.Limit {
			return []parvis.Limit{{Exceeded: true, Reset: in(time.Hour)}, {Max: 5, Remaining: 4, Reset: in(time.Hour)}}
		}, post, 0, time.Hour},
		{
			"too dear for what is left", func() []parvis.Limit { return []parvis.Limit{{Max: 5, Remaining: 2, Reset: in(time.Minute)}} },
			parvis.Call{Account: post.Account, Endpoint: post.Endpoint, Cost: 3},
			0, time.Minute,
		},
		{
			"dearer than the whole", func() []parvis.Limit { return []parvis.Limit{{Max: 5, Remaining: 5, Reset: in(time.Minute)}} },
			parvis.Call{Account: post.Account, Endpoint: post.Endpoint, Cost: 30},
			0, 0,
		},
		{
			"another account", func() []parvis.Limit { return []parvis.Limit{{Exceeded: true, Reset: in(time.Hour)}} },
			parvis.Call{Account: "testnet:other", Endpoint: post.Endpoint},
			0, 0,
		},
		{
			"another endpoint", func() []parvis.Limit { return []parvis.Limit{{Exceeded: true, Reset: in(time.Hour)}} },
			parvis.Call{Account: post.Account, Endpoint: "GET /x"},
			0, 0,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := New(nil, &Options{Margin: -1})
				for _, lim := range c.learn() {
					l.Learn(post, lim)
				}
				took, err := waited(t, l, c.call)
				assert.Equal(t, c.took, took)
				if c.after == 0 {
					require.NoError(t, err)
					return
				}
				require.ErrorIs(t, err, parvis.ErrRateLimited)
				assert.Equal(t, c.after, retryAfter(t, err))
				<-time.After(c.after)
				_, err = waited(t, l, c.call)
				require.NoError(t, err, "the limit is over")
			})
		})
	}
}

func TestLimiterCountsWhatItLetsThrough(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := New(nil, &Options{Margin: -1, MaxWait: -1})
		l.Learn(post, parvis.Limit{Max: 300, Remaining: 3, Reset: time.Now().Add(time.Minute)})
		var mu sync.Mutex
		var wg sync.WaitGroup
		passed := 0
		for range 10 {
			wg.Go(func() {
				if l.Wait(t.Context(), post) == nil {
					mu.Lock()
					passed++
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		assert.Equal(t, 3, passed, "no more than the network has left, although no answer came yet")
		// An answer that was overtaken does not give calls back.
		l.Learn(post, parvis.Limit{Max: 300, Remaining: 2, Reset: time.Now().Add(time.Minute + time.Second)})
		require.ErrorIs(t, l.Wait(t.Context(), post), parvis.ErrRateLimited)
		// A new window does.
		l.Learn(post, parvis.Limit{Max: 300, Remaining: 299, Reset: time.Now().Add(5 * time.Minute)})
		require.NoError(t, l.Wait(t.Context(), post))
	})
}

func TestLimiterNamedLimitsAreShared(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := New(nil, &Options{Margin: -1})
		edit := parvis.Call{Account: post.Account, Endpoint: "PATCH /x"}
		soon := time.Now().Add(time.Minute)
		l.Learn(post, parvis.Limit{Name: "writes", Max: 5, Remaining: 4, Reset: soon})
		l.Learn(edit, parvis.Limit{Name: "writes", Max: 5, Remaining: 3, Reset: soon})
		require.NoError(t, l.Wait(t.Context(), post))
		l.Learn(edit, parvis.Limit{Name: "writes", Exceeded: true, Reset: soon})
		require.ErrorIs(t, l.Wait(t.Context(), post), parvis.ErrRateLimited)
		require.NoError(t, l.Wait(t.Context(), parvis.Call{Account: post.Account, Endpoint: "GET /x"}))
	})
}

func TestLimiterFamilies(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := New(nil, &Options{Family: func(e string) string { m, _, _ := strings.Cut(e, " "); return m }})
		l.Learn(post, parvis.Limit{Exceeded: true, Reset: time.Now().Add(time.Hour)})
		require.ErrorIs(t, l.Wait(t.Context(), parvis.Call{Account: post.Account, Endpoint: "POST /y"}), parvis.ErrRateLimited)
		require.NoError(t, l.Wait(t.Context(), parvis.Call{Account: post.Account, Endpoint: "GET /x"}))
	})
}

func TestLimiterBacksOffWhenTheNetworkDoesNotSay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := New(nil, &Options{MaxWait: time.Hour})
		for _, want := range []time.Duration{1, 2, 4, 8, 16, 32, 60, 60} {
			l.Learn(post, parvis.Limit{Exceeded: true})
			l.Learn(post, parvis.Limit{Exceeded: true}) // two calls that were refused together count once
			took, err := waited(t, l, post)
			require.NoError(t, err)
			assert.Equal(t, want*time.Second, took)
		}
		<-time.After(3 * time.Minute)
		l.Learn(post, parvis.Limit{Exceeded: true})
		took, _ := waited(t, l, post)
		assert.Equal(t, time.Second, took, "a quiet time is forgotten")
	})
}

func TestLimiterWaitEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := New(nil, &Options{Margin: -1})
		l.Learn(post, parvis.Limit{Exceeded: true, Reset: time.Now().Add(2 * time.Second)})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorIs(t, l.Wait(ctx, post), context.DeadlineExceeded)
		require.ErrorIs(t, l.Wait(ctx, post), context.DeadlineExceeded)
	})
}

func TestLimiterForgets(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := New(nil, &Options{Margin: -1})
		l.Learn(post, parvis.Limit{Exceeded: true, Reset: time.Now().Add(time.Hour)})
		for i := range 20_000 {
			require.NoError(t, l.Wait(t.Context(), parvis.Call{Account: post.Account, Endpoint: "GET /" + strconv.Itoa(i)}))
		}
		assert.LessOrEqual(t, len(l.buckets), 4096)
		require.ErrorIs(t, l.Wait(t.Context(), post), parvis.ErrRateLimited, "what matters is kept")
	})
}
