package ratelimit_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers/ratelimit"
)

func retryAfter(t *testing.T, err error) time.Duration {
	t.Helper()
	e, ok := errors.AsType[*parvis.Error](err)
	require.True(t, ok, "%v", err)
	return e.RetryAfter
}

// One call of ten a minute is left for urgent ones.
func Example() {
	limiter := ratelimit.New(
		[]ratelimit.Rule{{Name: "calls", Max: 10, Per: time.Minute}},
		&ratelimit.Options{MaxWait: -1, Reserve: 0.1},
	)
	call := parvis.Call{Network: "example", Account: "acme", Endpoint: "POST /posts"}
	ctx, sent := context.Background(), 0
	for range 20 {
		if limiter.Wait(ctx, call) == nil {
			sent++
		}
	}
	err := limiter.Wait(ctx, call)
	fmt.Println(sent, errors.Is(err, parvis.ErrRateLimited))
	fmt.Println(limiter.Wait(ratelimit.WithPriority(ctx, ratelimit.Urgent), call))
	// Output:
	// 9 true
	// <nil>
}

func ExampleNew() {
	rules := ratelimit.Documented("bluesky")
	rules = append(rules, ratelimit.Rule{Name: "house", Network: "bluesky", Max: 100, Per: time.Hour})
	limiter := ratelimit.New(rules, nil)
	fmt.Println(limiter.Wait(context.Background(), parvis.Call{Network: "bluesky", Endpoint: "app.bsky.feed.getTimeline"}))
	// Output: <nil>
}

func ExampleLimiter_Learn() {
	limiter := ratelimit.New(nil, &ratelimit.Options{Margin: -1})
	call := parvis.Call{Network: "example", Account: "acme", Endpoint: "GET /posts"}
	limiter.Learn(call, parvis.Limit{Exceeded: true, Reset: time.Now().Add(time.Hour)})
	err := limiter.Wait(context.Background(), call)
	fmt.Println(errors.Is(err, parvis.ErrRateLimited))
	// Output: true
}

func ExampleWithPriority() {
	ctx := ratelimit.WithPriority(context.Background(), ratelimit.Background)
	limiter := ratelimit.New(nil, nil)
	fmt.Println(limiter.Wait(ctx, parvis.Call{Network: "example", Endpoint: "GET /statistics"}))
	// Output: <nil>
}

func ExampleDocumented() {
	for _, r := range ratelimit.Documented("bluesky")[:2] {
		fmt.Println(r.Name, r.Max, r.Per, r.Costs["com.atproto.repo.createRecord"])
	}
	// Output:
	// 5000;w=3600 5000 1h0m0s 3
	// 35000;w=86400 35000 24h0m0s 3
}

func ExampleShared() {
	dir, err := os.MkdirTemp("", "limits")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	ctx, path := context.Background(), filepath.Join(dir, "limits.db")
	call := parvis.Call{Network: "example", Account: "acme", Endpoint: "POST /posts"}
	sent := 0
	for range 2 { // two processes, or one that is started again
		db := openExample(path)
		limiter, err := ratelimit.Shared(ctx, ratelimit.SQLite(db), []ratelimit.Rule{{Max: 10, Per: time.Hour}}, nil)
		if err != nil {
			fmt.Println(err)
			return
		}
		for range 8 {
			if limiter.Wait(ctx, call) == nil {
				sent++
			}
		}
		_ = limiter.Close()
		_ = db.Close()
	}
	fmt.Println(sent)
	// Output: 10
}

func ExampleAtprotoHeaders() {
	h := http.Header{}
	h.Set("RateLimit-Limit", "3000")
	h.Set("RateLimit-Remaining", "2998")
	h.Set("RateLimit-Policy", "3000;w=300")
	fmt.Printf("%+v\n", ratelimit.AtprotoHeaders(h))
	// Output: [{Name:3000;w=300 Max:3000 Remaining:2998 Reset:0001-01-01 00:00:00 +0000 UTC Exceeded:false}]
}

func ExampleIETFHeaders() {
	h := http.Header{}
	h.Set("RateLimit-Policy", `"burst";q=100;w=60`)
	h.Set("RateLimit", `"burst";r=50;t=30`)
	for _, l := range ratelimit.IETFHeaders(h) {
		fmt.Println(l.Name, l.Max, l.Remaining)
	}
	// Output: burst 100 50
}

func ExampleMetaHeaders() {
	h := http.Header{}
	h.Set("X-App-Usage", `{"call_count":28,"total_time":25,"total_cputime":25}`)
	fmt.Println(ratelimit.MetaHeaders(h)[0].Remaining)
	// Output: 72
}

func ExampleMastodonHeaders() {
	h := http.Header{}
	h.Set("X-RateLimit-Limit", "300")
	h.Set("X-RateLimit-Remaining", "299")
	h.Set("X-RateLimit-Reset", "2026-11-21T12:05:00.000000Z")
	l := ratelimit.MastodonHeaders(h)[0]
	fmt.Printf("%q %d of %d %t\n", l.Name, l.Remaining, l.Max, l.Exceeded)
	// Output: "" 299 of 300 false
}

func ExampleXHeaders() {
	h := http.Header{}
	h.Set("x-rate-limit-limit", "100")
	h.Set("x-rate-limit-remaining", "99")
	l := ratelimit.XHeaders(h)[0]
	fmt.Printf("%q %d of %d %t\n", l.Name, l.Remaining, l.Max, l.Exceeded)
	// Output: "" 99 of 100 false
}

func ExampleDiscordHeaders() {
	h := http.Header{}
	h.Set("X-RateLimit-Limit", "5")
	h.Set("X-RateLimit-Remaining", "0")
	h.Set("X-RateLimit-Bucket", "abcd")
	l := ratelimit.DiscordHeaders(h)[0]
	fmt.Printf("%q %d of %d %t\n", l.Name, l.Remaining, l.Max, l.Exceeded)
	// Output: "abcd" 0 of 5 false
}

func ExampleRedditHeaders() {
	h := http.Header{}
	h.Set("X-Ratelimit-Used", "5")
	h.Set("X-Ratelimit-Remaining", "595.0")
	h.Set("X-Ratelimit-Reset", "283")
	l := ratelimit.RedditHeaders(h)[0]
	fmt.Printf("%q %d of %d %t\n", l.Name, l.Remaining, l.Max, l.Exceeded)
	// Output: "" 595 of 600 false
}

func ExampleGitHubHeaders() {
	h := http.Header{}
	h.Set("X-RateLimit-Limit", "300")
	h.Set("X-RateLimit-Remaining", "299")
	h.Set("X-RateLimit-Resource", "core")
	l := ratelimit.GitHubHeaders(h)[0]
	fmt.Printf("%q %d of %d %t\n", l.Name, l.Remaining, l.Max, l.Exceeded)
	// Output: "core" 299 of 300 false
}

func ExampleSlackHeaders() {
	h := http.Header{}
	h.Set("Retry-After", "30")
	l := ratelimit.SlackHeaders(h)[0]
	fmt.Printf("%q %d of %d %t\n", l.Name, l.Remaining, l.Max, l.Exceeded)
	// Output: "" 0 of 0 true
}

func ExampleMattermostHeaders() {
	h := http.Header{}
	h.Set("X-RateLimit-Limit", "300")
	h.Set("X-RateLimit-Remaining", "299")
	h.Set("X-RateLimit-Reset", "1")
	l := ratelimit.MattermostHeaders(h)[0]
	fmt.Printf("%q %d of %d %t\n", l.Name, l.Remaining, l.Max, l.Exceeded)
	// Output: "" 299 of 300 false
}

func ExampleDiscourseHeaders() {
	h := http.Header{}
	h.Set("Retry-After", "12")
	h.Set("Discourse-Rate-Limit-Error-Code", "ip_10_secs_limit")
	l := ratelimit.DiscourseHeaders(h)[0]
	fmt.Printf("%q %d of %d %t\n", l.Name, l.Remaining, l.Max, l.Exceeded)
	// Output: "ip_10_secs_limit" 0 of 0 true
}

func ExampleLimiter_Wait() {
	limiter := ratelimit.New([]ratelimit.Rule{{Max: 1, Per: time.Hour}}, nil)
	call := parvis.Call{Network: "example", Account: "acme", Endpoint: "POST /posts"}
	fmt.Println(limiter.Wait(context.Background(), call))
	err := limiter.Wait(context.Background(), call)
	fmt.Println(parvis.CodeOf(err))
	// Output:
	// <nil>
	// rate limited
}

func ExampleLimiter_Close() {
	limiter := ratelimit.New(nil, nil)
	fmt.Println(limiter.Close())
	// Output: <nil>
}

func ExampleSQLite() {
	db := openExample(":memory:")
	defer db.Close()
	db.SetMaxOpenConns(1) // a database in memory belongs to its connection
	limiter, err := ratelimit.Shared(context.Background(), ratelimit.SQLite(db), ratelimit.Documented("bluesky"), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer limiter.Close()
	fmt.Println(limiter.Wait(context.Background(), parvis.Call{Network: "bluesky", Account: "acme", Endpoint: "com.atproto.server.createSession"}))
	// Output: <nil>
}
