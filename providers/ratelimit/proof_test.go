package ratelimit_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/go-retryablehttp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/time/rate"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/apitest/limits"
	"github.com/parvis-go/parvis/internal/httpx"
	"github.com/parvis-go/parvis/providers/ratelimit"
)

const (
	workers = 16
	per     = 5 * time.Minute
	allowed = 300
	windows = 20
)

// scenario is a server, what we know of it, and what must come of it.
type scenario struct {
	name     string
	server   limits.Options
	rules    []ratelimit.Rule
	headers  func(http.Header) []parvis.Limit
	stranger float64 // calls in a second
	cut      int     // the limit from the middle of the run on
	before   int     // calls of an earlier process in the first window
	share    float64 // at least
	refused  int     // at most, in all
	each     int     // at most, in one window; where refused is not 0
	seed     uint64  // of delays and of the stranger
}

func announced(name string, limit int) ratelimit.Rule {
	return ratelimit.Rule{Name: name, Max: limit, Per: per, Announced: true}
}

func fixed(name string) limits.Rule {
	return limits.Rule{Name: name, Kind: limits.Fixed, Max: allowed, Per: per}
}

const policy = "300;w=300"

func cost(r *http.Request) int {
	if r.Method == http.MethodPost {
		return 3
	}
	return 1
}

func scenarios() []scenario {
	one := func(r limits.Rule) []limits.Rule { return []limits.Rule{r} }
	told := limits.Options{Rules: one(fixed(policy)), Tell: limits.Policy, Dated: true, Offset: 100*time.Second + 400*time.Millisecond}
	with := func(change func(*limits.Options)) limits.Options {
		o := told
		o.Rules = one(fixed(policy))
		change(&o)
		return o
	}
	return []scenario{
		{name: "fixed window, told by headers", server: told, share: 0.99},
		{name: "fixed window, rule and headers", server: told, rules: []ratelimit.Rule{announced(policy, allowed)}, share: 0.99},
		{
			name: "fixed window, rule only, phase unknown", server: with(func(o *limits.Options) { o.Tell = nil }),
			rules: []ratelimit.Rule{{Max: allowed, Per: per}}, share: 0.99,
		},
		{
			name: "sliding window, rule", server: limits.Options{Rules: one(limits.Rule{Kind: limits.Sliding, Max: allowed, Per: per})},
			rules: []ratelimit.Rule{{Kind: ratelimit.Sliding, Max: allowed, Per: per}}, share: 0.99,
		},
		{
			name: "token bucket, rule", server: limits.Options{Rules: one(limits.Rule{Kind: limits.Tokens, Max: allowed, Per: per, Burst: 50})},
			rules: []ratelimit.Rule{{Kind: ratelimit.Tokens, Max: allowed, Per: per, Burst: 50}}, share: 0.99,
		},
		{
			name: "points", server: with(func(o *limits.Options) { o.Rules[0].Cost = cost }),
			rules: []ratelimit.Rule{{Name: policy, Max: allowed, Per: per, Announced: true, Costs: map[string]int{"POST /": 3}}}, share: 0.99,
		},
		{
			name: "several buckets at once",
			server: limits.Options{Tell: limits.Fields, Rules: []limits.Rule{
				fixed("calls"),
				{Name: "second", Kind: limits.Tokens, Max: 20, Per: time.Second, Burst: 20},
				{Name: "points", Kind: limits.Fixed, Max: 7500, Per: time.Hour, Cost: cost},
			}},
			rules: []ratelimit.Rule{
				announced("calls", allowed),
				{Name: "second", Kind: ratelimit.Tokens, Max: 20, Per: time.Second},
				{Name: "points", Max: 7500, Per: time.Hour, Announced: true, Costs: map[string]int{"POST /": 3}},
			}, share: 0.99,
			headers: ratelimit.IETFHeaders,
		},
		{name: "shared with a stranger", server: told, rules: []ratelimit.Rule{announced(policy, allowed)}, stranger: 0.3, share: 0.99},
		{name: "limit cut mid-run", server: told, rules: []ratelimit.Rule{announced("", allowed)}, cut: 120, share: 0.99, headers: httpx.DefaultLimits},
		{name: "clock 2 s ahead", server: with(func(o *limits.Options) { o.Skew, o.Dated = 2*time.Second, false }), rules: []ratelimit.Rule{announced(policy, allowed)}, share: 0.99},
		{name: "clock 2 s behind", server: with(func(o *limits.Options) { o.Skew, o.Dated = -2*time.Second, false }), rules: []ratelimit.Rule{announced(policy, allowed)}, share: 0.99},
		{name: "clock an hour wrong, dated", server: with(func(o *limits.Options) { o.Skew = time.Hour }), rules: []ratelimit.Rule{announced(policy, allowed)}, share: 0.99},
		{name: "restart in mid-window", server: told, rules: []ratelimit.Rule{announced(policy, allowed)}, before: 280, share: 0.99},
		{
			name: "nothing told, period known", server: with(func(o *limits.Options) { o.Tell = nil }),
			rules: []ratelimit.Rule{{Per: per}}, share: 0.9, refused: windows, each: 1,
		},
		{
			name: "nothing told, nothing known", server: with(func(o *limits.Options) { o.Tell = nil }),
			rules: []ratelimit.Rule{{Name: "unknown"}}, share: 0.9, refused: windows, each: 1,
		},
		{
			name: "nothing told, sliding, period known", server: limits.Options{Rules: one(limits.Rule{Kind: limits.Sliding, Max: allowed, Per: per})},
			rules: []ratelimit.Rule{{Per: per}}, share: 0.9, refused: windows, each: 1,
		},
		{
			name: "nothing told, not even when to come back", server: with(func(o *limits.Options) { o.Tell, o.Silent = nil, true }),
			rules: []ratelimit.Rule{{Per: per}}, share: 0.9, refused: windows, each: 1,
		},
		{
			name: "no rule, nothing told", server: with(func(o *limits.Options) { o.Tell = nil }),
			share: 0.95, refused: 2 * workers, each: workers,
		},
	}
}

// a caller makes one call, and reports whether it may go on.
type caller func(ctx context.Context, i int) error

func ours(t testing.TB, s scenario, wire http.RoundTripper) caller {
	headers := s.headers
	if headers == nil {
		headers = ratelimit.AtprotoHeaders
	}
	client, err := httpx.New(httpx.Config{
		Base: "https://host.example", Client: &http.Client{Transport: wire}, Limits: headers,
		Account: func() parvis.Account { return parvis.Account{Network: "testnet", Handle: "acme"} },
		Limiter: ratelimit.New(s.rules, &ratelimit.Options{MaxWait: 24 * time.Hour}),
	})
	require.NoError(t, err)
	return func(ctx context.Context, i int) error {
		_, err := client.Do(ctx, httpx.Request{Method: method(i), Path: "/", Endpoint: method(i) + " /"})
		return err
	}
}

func method(i int) string {
	if i%4 == 0 {
		return http.MethodPost
	}
	return http.MethodGet
}

func retryable(_ testing.TB, _ scenario, wire http.RoundTripper) caller {
	c := retryablehttp.NewClient()
	c.HTTPClient, c.Logger = &http.Client{Transport: wire}, nil
	return func(ctx context.Context, i int) error {
		r, err := retryablehttp.NewRequestWithContext(ctx, method(i), "https://host.example/", nil)
		if err != nil {
			return err
		}
		return finish(c.Do(r))
	}
}

func bucket(_ testing.TB, s scenario, wire http.RoundTripper) caller {
	first := s.server.Rules[0]
	l := rate.NewLimiter(rate.Limit(float64(first.Max)/first.Per.Seconds()), max(first.Burst, first.Max))
	c := &http.Client{Transport: wire}
	return func(ctx context.Context, i int) error {
		if err := l.Wait(ctx); err != nil {
			<-ctx.Done() // it foresees that the time is over
			return err
		}
		r, err := http.NewRequestWithContext(ctx, method(i), "https://host.example/", nil)
		if err != nil {
			return err
		}
		return finish(c.Do(r))
	}
}

func finish(resp *http.Response, err error) error {
	if err != nil {
		return err
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	return resp.Body.Close()
}

type result struct {
	share         float64
	refused, each int
}

// run lets workers call for the time of the scenario, and measures the whole windows.
func run(t testing.TB, s scenario, client func(testing.TB, scenario, http.RoundTripper) caller) result {
	// The clock of a bubble begins at a time that no server would send as a moment.
	<-time.After(time.Until(time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)))
	o := s.server
	o.Rules = append([]limits.Rule(nil), o.Rules...)
	server := limits.New(o)
	length := windows*per - o.Offset%per - time.Millisecond
	ctx, cancel := context.WithTimeout(t.Context(), length)
	defer cancel()
	for range s.before {
		r, _ := http.NewRequestWithContext(ctx, http.MethodGet, "/", nil)
		_, err := limits.NewWire(server, 0, 0, 1).RoundTrip(r)
		require.NoError(t, err)
	}
	call := client(t, s, limits.NewWire(server, 5*time.Millisecond, 75*time.Millisecond, 42+s.seed))
	var wg sync.WaitGroup
	if s.stranger > 0 {
		wg.Go(func() { limits.Stranger(ctx, server, s.stranger, 11+s.seed) })
	}
	if s.cut > 0 {
		wg.Go(func() {
			<-time.After(length / 2)
			server.Cut(0, s.cut)
		})
	}
	for w := range workers {
		wg.Go(func() {
			for i := w; ctx.Err() == nil; i++ {
				err := call(ctx, i)
				if e, ok := errors.AsType[*parvis.Error](err); ok && ctx.Err() == nil && e.Code != parvis.ErrRateLimited {
					t.Errorf("%s: %v", s.name, err)
					return
				}
			}
		})
	}
	wg.Wait()
	return measure(server.Stats(), s)
}

func measure(st limits.Stats, s scenario) result {
	r := result{refused: st.Refused}
	ideal := 0
	for i := range windows {
		limit := s.server.Rules[0].Max
		if s.cut > 0 && i > windows/2 {
			limit = s.cut
		}
		ideal += limit
		r.each = max(r.each, st.PerWindow[i])
	}
	ideal += s.server.Rules[0].Burst
	r.share = float64(st.Used) / float64(ideal)
	return r
}

// TestLimitsAreKeptAndUsed: with a rule that is told no call is refused and the allowance
// is used; with one that is not, one call in a window is refused at most. The peers run
// against the same servers for comparison.
func TestLimitsAreKeptAndUsed(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	lines := map[string]string{}
	t.Run("scenarios", func(t *testing.T) {
		for _, s := range scenarios() {
			t.Run(s.name, func(t *testing.T) {
				t.Parallel()
				line := fmt.Sprintf("%-42s", s.name)
				for i, client := range []func(testing.TB, scenario, http.RoundTripper) caller{ours, retryable, bucket} {
					var r result
					synctest.Test(t, func(t *testing.T) { r = run(t, s, client) })
					line += fmt.Sprintf(" | %5.1f %% %6d × 429", 100*r.share, r.refused)
					if i == 0 {
						assert.GreaterOrEqual(t, r.share, s.share, "the allowance is used")
						assert.LessOrEqual(t, r.refused, s.refused, "calls are refused")
						assert.LessOrEqual(t, r.each, s.each, "calls are refused in one window")
					}
				}
				mu.Lock()
				defer mu.Unlock()
				lines[s.name] = line
			})
		}
	})
	var b strings.Builder
	fmt.Fprintf(&b, "\n%-42s | %-20s | %-20s | %s\n", "", "parvis", "go-retryablehttp", "x/time/rate")
	for _, s := range scenarios() {
		b.WriteString(lines[s.name] + "\n")
	}
	t.Log(b.String())
}

// TestSharedWithAStranger: what a stranger takes between an answer and the next call
// cannot be known; a margin is kept by the pace that was seen, of one call in a hundred
// at most. As long as a stranger takes less than that in the time of a call, nothing is
// refused. A faster one costs a refusal now and then.
func TestSharedWithAStranger(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pace    float64
		refused int // in 2 runs of 20 windows
	}{{0.1, 1}, {0.3, 1}, {1, 2}, {5, 4}, {20, 20}} {
		refused := 0
		for i := range 2 {
			s := scenario{
				server: scenarios()[0].server, rules: []ratelimit.Rule{announced(policy, allowed)},
				stranger: c.pace, seed: uint64(100 + i),
			}
			synctest.Test(t, func(t *testing.T) {
				r := run(t, s, ours)
				assert.GreaterOrEqual(t, r.share, 0.99, "pace %v", c.pace)
				refused += r.refused
			})
		}
		t.Logf("a stranger with %v calls a second: %d refusals in 40 windows", c.pace, refused)
		assert.LessOrEqual(t, refused, c.refused, "pace %v", c.pace)
	}
}
