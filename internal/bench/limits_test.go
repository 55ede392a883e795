package bench

import (
	"context"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-retryablehttp"
	"golang.org/x/time/rate"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/apitest/limits"
	"github.com/parvis-go/parvis/internal/httpx"
	"github.com/parvis-go/parvis/providers/ratelimit"
)

const (
	limitMax     = 100
	limitPer     = 500 * time.Millisecond
	limitWindows = 4
	limitWorkers = 16
)

// caller makes one call.
type caller func(ctx context.Context) error

// BenchmarkLimits lets 16 workers call a server that allows 100 calls in each half
// second: what part of the allowance they use, and how many calls are refused.
func BenchmarkLimits(b *testing.B) {
	for _, c := range []struct {
		name   string
		client func(testing.TB, http.RoundTripper) caller
	}{
		{"parvis", limitsParvis},
		{"go-retryablehttp", limitsRetryable},
		{"x-time-rate", limitsBucket},
	} {
		var st *limits.Stats // of one run, however many are asked for: it takes two seconds
		b.Run(c.name, func(b *testing.B) {
			if st == nil {
				st = new(limitsRun(b, c.client))
			}
			b.ReportMetric(100*float64(st.Used)/(limitMax*limitWindows), "share-%")
			b.ReportMetric(float64(st.Refused), "429s")
			b.ReportMetric(0, "ns/op") // the time is the server's
		})
	}
}

func limitsRun(b *testing.B, client func(testing.TB, http.RoundTripper) caller) limits.Stats {
	server := limits.New(limits.Options{
		Tell: limits.Precise, Rules: []limits.Rule{{Name: "w", Kind: limits.Fixed, Max: limitMax, Per: limitPer}},
	})
	ctx, cancel := context.WithTimeout(b.Context(), limitWindows*limitPer-10*time.Millisecond)
	defer cancel()
	call := client(b, limits.NewWire(server, time.Millisecond, 5*time.Millisecond, 1))
	var wg sync.WaitGroup
	for range limitWorkers {
		wg.Go(func() {
			for ctx.Err() == nil {
				if call(ctx) != nil {
					continue
				}
			}
		})
	}
	wg.Wait()
	return server.Stats()
}

func limitsParvis(t testing.TB, wire http.RoundTripper) caller {
	client, err := httpx.New(httpx.Config{
		Base: "https://host.example", Client: &http.Client{Transport: wire}, Limits: ratelimit.DiscordHeaders,
		Account: func() parvis.Account { return parvis.Account{Network: "testnet", Handle: "acme"} },
		Limiter: ratelimit.New([]ratelimit.Rule{{Name: "w", Max: limitMax, Per: limitPer, Announced: true}},
			&ratelimit.Options{MaxWait: time.Minute}),
	})
	if err != nil {
		t.Fatal(err)
	}
	return func(ctx context.Context) error {
		_, err := client.Do(ctx, httpx.Request{Path: "/", Endpoint: "GET /"})
		return err
	}
}

func limitsRetryable(_ testing.TB, wire http.RoundTripper) caller {
	c := retryablehttp.NewClient()
	c.HTTPClient, c.Logger = &http.Client{Transport: wire}, nil
	return func(ctx context.Context) error {
		r, err := retryablehttp.NewRequestWithContext(ctx, http.MethodGet, "https://host.example/", nil)
		if err != nil {
			return err
		}
		return drained(c.Do(r))
	}
}

func limitsBucket(_ testing.TB, wire http.RoundTripper) caller {
	l := rate.NewLimiter(rate.Limit(limitMax/limitPer.Seconds()), limitMax)
	c := &http.Client{Transport: wire}
	return func(ctx context.Context) error {
		if err := l.Wait(ctx); err != nil {
			<-ctx.Done() // it foresees that the time is over
			return err
		}
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://host.example/", nil)
		if err != nil {
			return err
		}
		return drained(c.Do(r))
	}
}

func drained(resp *http.Response, err error) error {
	if err != nil {
		return err
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	return resp.Body.Close()
}

// BenchmarkWait is what the limiter costs a call: two rules, and an answer that tells.
func BenchmarkWait(b *testing.B) {
	l := ratelimit.New([]ratelimit.Rule{
		{Name: "account", Max: 1 << 30, Per: time.Hour, Announced: true},
		{Name: "application", Scope: ratelimit.Application, Kind: ratelimit.Tokens, Max: 1 << 30, Per: time.Hour},
	}, nil)
	call := parvis.Call{Network: "example", Account: "acme", Endpoint: "POST /posts"}
	limit := parvis.Limit{Name: "account", Max: 1 << 30, Remaining: 1 << 30, Reset: time.Now().Add(time.Hour)}
	b.ReportAllocs()
	for b.Loop() {
		if err := l.Wait(b.Context(), call); err != nil {
			b.Fatal(err)
		}
		l.Learn(call, limit)
	}
}
