package fake_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/listen"
	"github.com/parvis-go/parvis/providers/fake"
)

// following reads a stream that follows, until ctx ends.
type following struct {
	mu     sync.Mutex
	events []listen.Event
	err    error
	ended  bool
}

func (f *following) locked(do func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	do()
}

// heard returns what has come, in words.
func (f *following) heard() (out []string) {
	f.locked(func() { out = brief(f.events) })
	return out
}

func follow(ctx context.Context, a *fake.Account, q listen.Query) *following {
	f := &following{}
	q.Follow = true
	go func() {
		for ev, err := range listen.To(ctx, a, q) {
			f.locked(func() {
				if f.err = err; err == nil {
					f.events = append(f.events, ev)
				}
			})
		}
		f.locked(func() { f.ended = true })
	}()
	return f
}

func TestFollow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		town := fake.New(fake.Options{})
		acme, ana := town.Join("acme"), town.Join("ana")
		say(t, ana, "before @acme")
		ctx, cancel := context.WithCancel(t.Context())
		f := follow(ctx, acme, listen.Query{})
		synctest.Wait()
		assert.Equal(t, []string{"mention: before @acme"}, f.heard())
		calls := town.Calls()
		say(t, ana, "after @acme")
		synctest.Wait()
		assert.Equal(t, []string{"mention: before @acme", "mention: after @acme"}, f.heard())
		f.locked(func() {
			assert.Equal(t, "poll", f.events[0].Source)
			assert.Equal(t, "stream", f.events[1].Source)
		})
		assert.Equal(t, calls+1, town.Calls(), "what is pushed is no call: only the post was one")
		start := time.Now()
		cancel()
		synctest.Wait()
		assert.True(t, f.ended)
		require.ErrorIs(t, f.err, context.Canceled)
		assert.Equal(t, time.Duration(0), time.Since(start), "at once")
	})
}

// TestFollowMany shows that everybody who waits is woken.
func TestFollowMany(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		town := fake.New(fake.Options{Latency: time.Second})
		ana := town.Join("ana")
		var all []*following
		ctx, cancel := context.WithCancel(t.Context())
		for i := range 10 {
			a := town.Join(fmt.Sprintf("a%d", i))
			town.Follow(a, ana)
			all = append(all, follow(ctx, a, listen.Query{Kinds: listen.Post}))
		}
		time.Sleep(2 * time.Second)
		for range 3 {
			say(t, ana, "hello")
		}
		synctest.Wait()
		for _, f := range all {
			assert.Len(t, f.heard(), 3)
		}
		cancel()
		synctest.Wait()
	})
}

// TestFollowMends shows that a stream survives passing failures and loses nothing, and
// that it does not survive others.
func TestFollowMends(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		fault fake.Fault
		after time.Duration // until the event comes; 0 is never
		code  parvis.Code
	}{
		{fault: fake.Fault{Kind: fake.Outage, Times: 3}, after: 7 * time.Second},
		{fault: fake.Fault{Kind: fake.Outage, Times: 7}, after: (1 + 2 + 4 + 8 + 16 + 30 + 30) * time.Second},
		{fault: fake.Fault{Kind: fake.ErrorBefore}, after: time.Second},
		{fault: fake.Fault{Kind: fake.ErrorAfter}, after: time.Second},
		{fault: fake.Fault{Kind: fake.CutBefore}, after: time.Second},
		{fault: fake.Fault{Kind: fake.CutAfter}, after: time.Second},
		{fault: fake.Fault{Kind: fake.TruncatedAnswer}, after: time.Second},
		{fault: fake.Fault{Kind: fake.Timeout, Delay: 5 * time.Second}, after: 6 * time.Second},
		{fault: fake.Fault{Kind: fake.RateLimited, RetryAfter: 42 * time.Second}, after: 42 * time.Second},
		{fault: fake.Fault{Kind: fake.RevokedToken}, code: parvis.ErrAuth},
		{fault: fake.Fault{Kind: fake.MissingScope}, code: parvis.ErrPermission},
		{fault: fake.Fault{Kind: fake.VersionRetired}, code: parvis.ErrAPIVersionRetired},
	} {
		t.Run(string(c.fault.Kind), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				town := fake.New(fake.Options{})
				acme, ana := town.Join("acme"), town.Join("ana")
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				f := follow(ctx, acme, listen.Query{})
				synctest.Wait()
				c.fault.Op = "listen"
				town.Inject(c.fault)
				say(t, ana, "hello @acme")
				say(t, ana, "again @acme")
				if c.code != "" {
					synctest.Wait()
					require.ErrorIs(t, f.err, c.code)
					return
				}
				time.Sleep(c.after - time.Nanosecond)
				synctest.Wait()
				assert.Empty(t, f.heard())
				time.Sleep(time.Nanosecond)
				synctest.Wait()
				assert.Equal(t, []string{"mention: hello @acme", "mention: again @acme"}, f.heard())
				assert.Equal(t, 0, town.Faults())
			})
		})
	}
}

// TestFollowMendsUntilCancelled shows that a stream that mends ends with its context.
func TestFollowMendsUntilCancelled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		town := fake.New(fake.Options{})
		acme, ana := town.Join("acme"), town.Join("ana")
		ctx, cancel := context.WithCancel(t.Context())
		f := follow(ctx, acme, listen.Query{})
		synctest.Wait()
		town.Inject(fake.Fault{Kind: fake.Outage, Op: "listen", Times: -1})
		say(t, ana, "hello @acme")
		time.Sleep(time.Hour)
		f.locked(func() { assert.False(t, f.ended) })
		cancel()
		synctest.Wait()
		assert.True(t, f.ended)
		require.Error(t, f.err)
	})
}

// TestFirstFailureShows shows that a stream that cannot even begin says so.
func TestFirstFailureShows(t *testing.T) {
	t.Parallel()
	town := fake.New(fake.Options{})
	acme := town.Join("acme")
	town.Inject(fake.Fault{Kind: fake.Outage})
	events, err := last(listen.To(t.Context(), acme, listen.Query{Follow: true}))
	require.ErrorIs(t, err, parvis.ErrUnavailable)
	assert.Empty(t, events)
}
