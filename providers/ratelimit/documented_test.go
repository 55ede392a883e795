package ratelimit_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers/ratelimit"
)

// passed is how many calls go at once before one is refused, and for how long it is.
func passed(t *testing.T, l *ratelimit.Limiter, c parvis.Call, answer parvis.Limit) (int, time.Duration) {
	t.Helper()
	for n := range 100_000 {
		err := l.Wait(t.Context(), c)
		if err != nil {
			require.ErrorIs(t, err, parvis.ErrRateLimited)
			return n, retryAfter(t, err)
		}
		l.Learn(c, answer)
	}
	t.Fatal("no limit")
	return 0, 0
}

func TestDocumented(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		network  parvis.Network
		endpoint string
		item     string
		passes   int
		atLeast  time.Duration
	}{
		{"bluesky", "com.atproto.repo.createRecord", "", 5000 / 3, 50 * time.Minute},
		{"bluesky", "com.atproto.repo.putRecord", "", 2500, 50 * time.Minute},
		{"bluesky", "com.atproto.repo.deleteRecord", "", 3000, 4 * time.Minute},
		{"bluesky", "app.bsky.feed.getTimeline", "", 3000, 4 * time.Minute},
		{"bluesky", "com.atproto.server.createSession", "", 30, 4 * time.Minute},
		{"mastodon", "POST /api/v2/media", "", 30, 29 * time.Minute},
		{"mastodon", "GET /api/v1/timelines/home", "", 300, 4 * time.Minute},
		{"x", "POST /2/tweets", "", 100, 14 * time.Minute},
		{"instagram", "POST /:id/media_publish", "", 50, 23 * time.Hour},
		{"threads", "POST /:id/threads_publish", "", 250, 23 * time.Hour},
		{"threads", "POST /:id/threads_publish", "reply", 1000, 23 * time.Hour},
		{"youtube", "commentThreads.insert", "", 200, 19 * time.Hour},
		{"youtube", "videos.insert", "", 100, 19 * time.Hour},
		{"youtube", "videos.list", "", 10000, 19 * time.Hour},
	} {
		t.Run(string(c.network)+" "+c.endpoint+" "+c.item, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				at0()
				l := ratelimit.New(ratelimit.Documented(c.network), &ratelimit.Options{MaxWait: -1})
				call := parvis.Call{Network: c.network, Host: "host.example", Account: "one", Endpoint: c.endpoint, Item: c.item}
				n, after := passed(t, l, call, parvis.Limit{})
				assert.Equal(t, c.passes, n)
				assert.GreaterOrEqual(t, after, c.atLeast)
			})
		})
	}
	assert.Empty(t, ratelimit.Documented("wordpress"))
	assert.Empty(t, ratelimit.Documented("nowhere"))
	changed := ratelimit.Documented("bluesky")
	changed[0].Max = 1
	assert.Equal(t, 5000, ratelimit.Documented("bluesky")[0].Max, "the caller's changes are the caller's own")
}

// TestLinkedInDay: the number is unknown; after a refusal calls wait for midnight UTC.
func TestLinkedInDay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		at0()
		l := ratelimit.New(ratelimit.Documented("linkedin"), &ratelimit.Options{MaxWait: -1, Margin: -1})
		call := parvis.Call{Network: "linkedin", Account: "acme", Endpoint: "POST /rest/posts"}
		require.NoError(t, l.Wait(t.Context(), call))
		l.Learn(call, parvis.Limit{Exceeded: true})
		err := l.Wait(t.Context(), call)
		require.ErrorIs(t, err, parvis.ErrRateLimited)
		assert.Equal(t, 12*time.Hour, retryAfter(t, err))
		require.NoError(t, l.Wait(t.Context(), parvis.Call{Network: "linkedin", Account: "acme", Endpoint: "GET /rest/posts"}), "each endpoint has its own")
		<-time.After(12 * time.Hour)
		for range 5 { // a whole day, of which five calls are taken
			<-time.After(time.Hour)
			require.NoError(t, l.Wait(t.Context(), call))
			l.Learn(call, parvis.Limit{})
		}
		require.NoError(t, l.Wait(t.Context(), call))
		l.Learn(call, parvis.Limit{Exceeded: true})
		<-time.After(19 * time.Hour)
		n, _ := passed(t, l, call, parvis.Limit{})
		assert.Equal(t, 5, n, "the number was found out")
	})
}

// TestMeta: at the percentage where calls stop, one in a while asks whether it is over.
func TestMeta(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		at0()
		l := ratelimit.New(ratelimit.Documented("facebook"), &ratelimit.Options{MaxWait: -1})
		call := parvis.Call{Network: "facebook", Account: "acme", Endpoint: "GET /me"}
		require.NoError(t, l.Wait(t.Context(), call))
		l.Learn(call, parvis.Limit{Name: "app", Max: 100, Remaining: 50})
		require.NoError(t, l.Wait(t.Context(), call))
		l.Learn(call, parvis.Limit{Name: "app", Max: 100, Remaining: 8})
		require.ErrorIs(t, l.Wait(t.Context(), call), parvis.ErrRateLimited)
		other := call
		other.Account = "other"
		require.ErrorIs(t, l.Wait(t.Context(), other), parvis.ErrRateLimited, "the application's limit is everybody's")
		<-time.After(3 * time.Minute)
		require.NoError(t, l.Wait(t.Context(), call), "one asks")
		require.ErrorIs(t, l.Wait(t.Context(), other), parvis.ErrRateLimited, "others wait for its answer")
		l.Learn(call, parvis.Limit{Name: "app", Max: 100, Remaining: 0, Exceeded: true, Reset: time.Now().Add(19 * time.Minute)})
		err := l.Wait(t.Context(), call)
		require.ErrorIs(t, err, parvis.ErrRateLimited)
		assert.Equal(t, 19*time.Minute, retryAfter(t, err))
	})
}
