package httpx_test

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/httpx"
)

var post = parvis.Call{Network: "testnet", Account: "testnet:acme", Endpoint: "POST /x"}

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
				l := httpx.NewLimiter(httpx.Options{})
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
				assert.Equal(t, c.after, asError(t, err).RetryAfter)
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
		l := httpx.NewLimiter(httpx.Options{MaxWait: -1})
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
		l := httpx.NewLimiter(httpx.Options{})
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
		l := httpx.NewLimiter(httpx.Options{Family: func(e string) string { m, _, _ := strings.Cut(e, " "); return m }})
		l.Learn(post, parvis.Limit{Exceeded: true, Reset: time.Now().Add(time.Hour)})
		require.ErrorIs(t, l.Wait(t.Context(), parvis.Call{Account: post.Account, Endpoint: "POST /y"}), parvis.ErrRateLimited)
		require.NoError(t, l.Wait(t.Context(), parvis.Call{Account: post.Account, Endpoint: "GET /x"}))
	})
}

func TestLimiterBacksOffWhenTheNetworkDoesNotSay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := httpx.NewLimiter(httpx.Options{MaxWait: time.Hour})
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

// TestLimiterPaces: no stretch of Per, wherever it begins, holds more than Calls.
func TestLimiterPaces(t *testing.T) {
	t.Parallel()
	for _, r := range []httpx.Rate{
		{Calls: 300, Per: 5 * time.Minute},
		{Calls: 5, Per: time.Second},
		{Calls: 30, Per: time.Minute, Burst: 20},
		{Calls: 1, Per: time.Second},
	} {
		t.Run(strconv.Itoa(r.Calls), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := httpx.NewLimiter(httpx.Options{Rates: []httpx.Rate{r}, MaxWait: time.Hour})
				var at []time.Time
				for range r.Calls * 3 {
					require.NoError(t, l.Wait(t.Context(), post))
					at = append(at, time.Now())
				}
				for i := r.Calls; i < len(at); i++ {
					assert.Greater(t, at[i].Sub(at[i-r.Calls]), r.Per-time.Microsecond)
				}
				assert.Less(t, at[len(at)-1].Sub(at[0]), 8*r.Per, "the allowance is used")
			})
		})
	}
}

func TestLimiterPacesByFamilyAndCost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := httpx.NewLimiter(httpx.Options{MaxWait: -1, Rates: []httpx.Rate{
			{Family: "POST /x", Calls: 2, Per: time.Minute, Burst: 2},
			{Calls: 5, Per: time.Minute, Burst: 5},
		}})
		get := parvis.Call{Account: post.Account, Endpoint: "GET /x"}
		require.NoError(t, l.Wait(t.Context(), post))
		require.NoError(t, l.Wait(t.Context(), post))
		require.ErrorIs(t, l.Wait(t.Context(), post), parvis.ErrRateLimited)
		get.Cost = 3
		require.NoError(t, l.Wait(t.Context(), get), "the refused call took nothing of the common allowance")
		get.Cost = 1
		err := l.Wait(t.Context(), get)
		require.ErrorIs(t, err, parvis.ErrRateLimited)
		assert.Positive(t, asError(t, err).RetryAfter)
	})
}

func TestLimiterWaitEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := httpx.NewLimiter(httpx.Options{})
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
		l := httpx.NewLimiter(httpx.Options{})
		l.Learn(post, parvis.Limit{Exceeded: true, Reset: time.Now().Add(time.Hour)})
		for i := range 20_000 {
			require.NoError(t, l.Wait(t.Context(), parvis.Call{Account: post.Account, Endpoint: "GET /" + strconv.Itoa(i)}))
		}
		assert.LessOrEqual(t, l.Known(), 4096)
		require.ErrorIs(t, l.Wait(t.Context(), post), parvis.ErrRateLimited, "what matters is kept")
	})
}

func TestClientRefusesWhileItKnowsThatItIsLimited(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		status int
		body   string
		header []string
	}{
		{"429", 429, "", []string{"Retry-After", "60"}},
		{"429, time in the body", 429, `{"retry_after":60}`, nil},
		{"nothing remains", 200, "{}", []string{"X-RateLimit-Remaining", "0", "X-RateLimit-Limit", "5", "X-RateLimit-Reset", "60"}},
		{"dialect", 200, `{"ok":false}`, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				calls := 0
				client := newClient(t, "https://host.example", func(cfg *httpx.Config) {
					cfg.Errors = func(r *httpx.Response) *parvis.Error {
						if string(r.Body) == `{"ok":false}` {
							return &parvis.Error{Code: parvis.ErrRateLimited, RetryAfter: time.Minute}
						}
						return nil
					}
				}, onWire(func(r *http.Request) (*http.Response, error) {
					if calls++; calls == 1 {
						return answer(r, c.status, c.body, c.header...), nil
					}
					return answer(r, 200, "{}"), nil
				}))
				_, _ = client.Do(t.Context(), unsafeCall)
				_, err := client.Do(t.Context(), unsafeCall)
				require.ErrorIs(t, err, parvis.ErrRateLimited)
				assert.Equal(t, 1, calls, "the network was not touched")
				e := asError(t, err)
				assert.Equal(t, time.Minute, e.RetryAfter)
				assert.Equal(t, "testnet:acme", e.Account)
				<-time.After(time.Minute)
				_, err = client.Do(t.Context(), unsafeCall)
				require.NoError(t, err)
			})
		})
	}
}

func TestLimiterOfAnotherKind(t *testing.T) {
	t.Parallel()
	l := &openLimiter{}
	client := newClient(t, "https://host.example", func(c *httpx.Config) {
		c.Limiter = l
		c.Limits = func(http.Header) []parvis.Limit { return []parvis.Limit{{Name: "a"}, {Name: "b"}} }
	}, onWire(func(r *http.Request) (*http.Response, error) {
		_, _ = io.Copy(io.Discard, r.Body)
		return answer(r, 200, "{}"), nil
	}))
	_, err := client.Do(t.Context(), httpx.Request{Method: "POST", Path: "/x/1", Endpoint: "POST /x/:id", Cost: 2, Body: httpx.JSON(1)})
	require.NoError(t, err)
	assert.Equal(t, []parvis.Limit{{Name: "a"}, {Name: "b"}}, l.learned)
	assert.Equal(t, []parvis.Call{{Network: "testnet", Host: "host.example", Account: "testnet:acme", Endpoint: "POST /x/:id", Cost: 2}}, l.waits)
}
