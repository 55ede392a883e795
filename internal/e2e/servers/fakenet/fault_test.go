package fakenet_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/e2e/servers/fakenet"
	"github.com/parvis-go/parvis/providers"
	"github.com/parvis-go/parvis/providers/fake"
	"github.com/parvis-go/parvis/publish"
)

// TestOneFate lets one request meet each fate and looks at both sides.
func TestOneFate(t *testing.T) {
	t.Parallel()
	for _, x := range []met{
		{"", "", true, 0},
		{fakenet.Dropped, parvis.ErrUnknownOutcome, false, 0},
		{fakenet.Lost, parvis.ErrUnknownOutcome, true, 0},
		{fakenet.Delayed, "", true, 15 * time.Millisecond},
		{fakenet.Slowed, "", true, 25 * time.Millisecond},
		{fakenet.Unavailable, parvis.ErrUnknownOutcome, false, 0},
		{fakenet.Limited, parvis.ErrRateLimited, false, 0},
	} {
		t.Run("fate "+string(x.fate), func(t *testing.T) {
			t.Parallel()
			o := fakenet.Options{Faults: fakenet.Faults{DelayFor: 15 * time.Millisecond, SlowFor: 25 * time.Millisecond, RetryAfter: 1500 * time.Millisecond}}
			each(t, o, x.try)
		})
	}
}

// A met is what comes of a fate.
type met struct {
	fate fakenet.Fate
	code parvis.Code // "" is that all is well
	made bool
	took time.Duration // at least
}

func (x met) try(t *testing.T, s *fakenet.Server, c fakenet.Class) {
	opts := quick()
	opts.Limiter = free{}
	p := join(t, s, c, opts)
	_, err := publish.SupportOf(t.Context(), p, parvis.Place{})
	require.NoError(t, err)
	s.Inject(p.Account().ID, x.fate)
	s.Inject("somebody else", fakenet.Dropped)
	began := time.Now()
	_, err = publish.To(t.Context(), p, draft("k", "fate #n1"))
	assert.GreaterOrEqual(t, time.Since(began), x.took)
	assert.Equal(t, x.code, parvis.CodeOf(err))
	if x.code == parvis.ErrUnknownOutcome {
		got, ok := publish.AttemptOf(err)
		assert.True(t, ok && got.Draft.Key == "k")
	}
	if x.fate == fakenet.Limited {
		assert.Equal(t, 1500*time.Millisecond, after(err))
	}
	assert.Equal(t, x.made, len(s.Deliveries()) == 1)
	if x.fate != "" {
		assert.Equal(t, map[fakenet.Fate]int{x.fate: 1}, s.Tally().Fates)
	}
	_, err = publish.To(t.Context(), p, draft("k2", "nothing is left of it #n2"))
	require.NoError(t, err, "a fate holds for one request")
}

// TestAfterALostAnswer shows each class' guarantee: what a client can do, and what comes of it.
func TestAfterALostAnswer(t *testing.T) {
	t.Parallel()
	for _, fate := range []fakenet.Fate{fakenet.Lost, fakenet.Dropped} {
		t.Run(string(fate), func(t *testing.T) {
			t.Parallel()
			each(t, fakenet.Options{Settle: time.Nanosecond}, func(t *testing.T, s *fakenet.Server, c fakenet.Class) {
				p := join(t, s, c, quick())
				s.Inject("", fate)
				d := draft("k", "lost #n1")
				_, err := publish.To(t.Context(), p, d)
				require.ErrorIs(t, err, parvis.ErrUnknownOutcome)
				try, ok := publish.AttemptOf(err)
				require.True(t, ok)
				_, err = publish.Reconcile(t.Context(), p, try)
				switch {
				case c == fakenet.Blind:
					require.ErrorIs(t, err, parvis.ErrUnsupported, "nobody can tell")
					return
				case fate == fakenet.Lost:
					require.NoError(t, err, "it is found")
				default:
					require.ErrorIs(t, err, parvis.ErrNotFound)
					_, err = publish.To(t.Context(), p, d)
					require.NoError(t, err)
				}
				if once(c) {
					_, err = publish.To(t.Context(), p, d)
					require.NoError(t, err, "sending it again does no harm")
				}
				assert.Len(t, s.Delivered()["k"], 1)
				assert.Empty(t, s.Doubles())
			})
		})
	}
}

// TestTheClientRepeats lets the HTTP client do what it does for every network: it repeats
// a call with a key, and what was refused, and never a call that may have made a post.
func TestTheClientRepeats(t *testing.T) {
	t.Parallel()
	o := fakenet.Options{Faults: fakenet.Faults{RetryAfter: 10 * time.Millisecond}}
	each(t, o, func(t *testing.T, s *fakenet.Server, c fakenet.Class) {
		opts := quick()
		opts.Retry = providers.Retry{Max: 3, MinWait: time.Millisecond, MaxWait: 20 * time.Millisecond}
		p := join(t, s, c, opts)
		s.Inject("", fakenet.Limited, fakenet.Limited)
		_, err := publish.To(t.Context(), p, draft("k1", "refused #n1"))
		require.NoError(t, err)
		assert.Len(t, s.Marked()["#n1"], 1)

		s.Inject("", fakenet.Lost, fakenet.Unavailable)
		_, err = publish.To(t.Context(), p, draft("k2", "lost #n2"))
		if once(c) {
			require.NoError(t, err)
		} else {
			require.ErrorIs(t, err, parvis.ErrUnknownOutcome)
			s.Inject("", "") // uses the second one up, and lets the next pass
		}
		assert.Len(t, s.Marked()["#n2"], 1)
	})
}

// TestOnAnOldConnection lets net/http meet a connection that is closed: it repeats what has
// a key, by itself, and nothing else.
func TestOnAnOldConnection(t *testing.T) {
	t.Parallel()
	each(t, fakenet.Options{}, func(t *testing.T, s *fakenet.Server, c fakenet.Class) {
		wire := &http.Transport{}
		t.Cleanup(wire.CloseIdleConnections)
		p := join(t, s, c, &providers.Options{HTTPClient: &http.Client{Transport: wire}, Retry: providers.Retry{Max: 1}})
		_, err := publish.To(t.Context(), p, draft("k1", "it opens #n1"))
		require.NoError(t, err)
		s.Inject("", fakenet.Lost)
		_, err = publish.To(t.Context(), p, draft("k2", "lost #n2"))
		assert.Equal(t, c != fakenet.Keyed, errors.Is(err, parvis.ErrUnknownOutcome), "%v", err)
		assert.Len(t, s.Deliveries(), 2)
		assert.Empty(t, s.Doubles())
	})
}

// TestSlowAfterTheClientHasGone is what a killed worker leaves behind: the network goes on
// with what it has received, and the post appears when nobody waits for it any more.
func TestSlowAfterTheClientHasGone(t *testing.T) {
	t.Parallel()
	received, goOn := make(chan fakenet.Visit), make(chan bool)
	o := fakenet.Options{
		Faults: fakenet.Faults{SlowFor: 150 * time.Millisecond}, Settle: 10 * time.Second,
		At: func(p fakenet.Point, v fakenet.Visit) {
			if p == fakenet.Received {
				received <- v
				<-goOn
			}
		},
	}
	s := start(t, o)
	p := join(t, s, fakenet.Lookup, quick())
	s.Inject("", fakenet.Slowed)
	ctx, kill := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() {
		_, err := publish.To(ctx, p, draft("k", "late #n1"))
		ended <- err
	}()
	v := <-received
	assert.Equal(t, fakenet.Visit{Op: "publish", Account: p.Account().ID, Key: "k", Marker: "#n1"}, v)
	kill()
	err := <-ended
	require.ErrorIs(t, err, parvis.ErrUnknownOutcome)
	try, _ := publish.AttemptOf(err)
	_, err = publish.Reconcile(t.Context(), p, try)
	require.ErrorIs(t, err, parvis.ErrUnknownOutcome, "it is not there yet, and that proves nothing")
	assert.Empty(t, s.Deliveries())
	close(goOn)
	s.Quiet()
	all := s.Deliveries()
	require.Len(t, all, 1)
	assert.True(t, all[0].Orphan)
	assert.Equal(t, 1, s.Tally().Orphans)
	got, err := publish.Reconcile(t.Context(), p, try)
	require.NoError(t, err)
	assert.Equal(t, all[0].ID, got.Ref.ID)
}

// TestTheSecondWaitsForASlowFirst resends under a key while the first is still at work.
func TestTheSecondWaitsForASlowFirst(t *testing.T) {
	t.Parallel()
	for _, c := range []fakenet.Class{fakenet.Keyed, fakenet.ClientID} {
		t.Run(string(c), func(t *testing.T) {
			t.Parallel()
			received := make(chan bool, 2)
			s := start(t, fakenet.Options{
				Faults: fakenet.Faults{SlowFor: 150 * time.Millisecond},
				At: func(p fakenet.Point, _ fakenet.Visit) {
					if p == fakenet.Received {
						received <- true
					}
				},
			})
			p := join(t, s, c, quick())
			s.Inject("", fakenet.Slowed)
			ctx, kill := context.WithCancel(t.Context())
			ended := make(chan error)
			go func() {
				_, err := publish.To(ctx, p, draft("k", "slow #n1"))
				ended <- err
			}()
			<-received
			kill()
			require.ErrorIs(t, <-ended, parvis.ErrUnknownOutcome)
			post, err := publish.To(t.Context(), p, draft("k", "slow #n1"))
			require.NoError(t, err)
			all := s.Deliveries()
			require.Len(t, all, 1)
			assert.Equal(t, all[0].ID, post.Ref.ID)
			assert.True(t, all[0].Orphan)
		})
	}
}

// TestReads lets reads fail: nothing is unknown about them.
func TestReads(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]fakenet.Faults{
		"dropped": {Drop: 1}, "lost": {Lose: 1}, "unavailable": {Unavailable: 1}, "limited": {Limit: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t, fakenet.Options{})
			p := join(t, s, fakenet.Keyed, quick())
			post, err := publish.To(t.Context(), p, draft("k", "x"))
			require.NoError(t, err)
			s.SetFaults(fakenet.Faults{}, f)
			_, err = publish.Get(t.Context(), p, post.Ref)
			assert.True(t, parvis.CodeOf(err).Transient(), "%v", err)
			_, err = publish.Reconcile(t.Context(), p, attempt(p, draft("k", "x"), 0))
			assert.NotErrorIs(t, err, parvis.ErrNotFound)
			require.Error(t, err)
			s.SetFaults(fakenet.Faults{}, fakenet.Faults{})
			fresh := join(t, s, fakenet.Keyed, quick())
			_, err = publish.Get(t.Context(), fresh, post.Ref)
			require.NoError(t, err)
		})
	}
}

// TestAConflictThatCannotBeReadBack loses the answer to the second question.
func TestAConflictThatCannotBeReadBack(t *testing.T) {
	t.Parallel()
	s := start(t, fakenet.Options{})
	p := join(t, s, fakenet.ClientID, quick())
	_, err := publish.To(t.Context(), p, draft("k", "x #n1"))
	require.NoError(t, err)
	s.SetFaults(fakenet.Faults{}, fakenet.Faults{Unavailable: 1})
	_, err = publish.To(t.Context(), p, draft("k", "x #n1"))
	require.ErrorIs(t, err, parvis.ErrUnknownOutcome)
	s.SetFaults(fakenet.Faults{}, fakenet.Faults{})
	_, err = publish.To(t.Context(), p, draft("k", "x #n1"))
	require.NoError(t, err)
	assert.Len(t, s.Deliveries(), 1)
}

// TestFaultsOfTheTown scripts failures on the town itself: they go over the wire, and
// what was made is counted.
func TestFaultsOfTheTown(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		kind fake.FaultKind
		code parvis.Code
		made bool
	}{
		{fake.ErrorAfter, parvis.ErrUnknownOutcome, true},
		{fake.CutAfter, parvis.ErrUnknownOutcome, true},
		{fake.ErrorBefore, parvis.ErrUnknownOutcome, false},
		{fake.RejectedPost, parvis.ErrRejected, false},
		{fake.ExpiredToken, parvis.ErrAuth, false},
		{fake.RateLimited, parvis.ErrRateLimited, false},
		{fake.VersionRetired, parvis.ErrAPIVersionRetired, false},
		{fake.MissingScope, parvis.ErrPermission, false},
		{fake.HeldPost, "", true},
	} {
		t.Run(string(x.kind), func(t *testing.T) {
			t.Parallel()
			for _, c := range fakenet.Classes() {
				town := fake.New(fake.Options{})
				s := fakenet.Start(t, town, nil)
				p := join(t, s, c, quick())
				town.Inject(fake.Fault{Kind: x.kind, Op: "publish"})
				post, err := publish.To(t.Context(), p, draft("k", "town #n1"))
				assert.Equal(t, x.code, parvis.CodeOf(err), "%v", err)
				assert.Equal(t, x.made, len(s.Deliveries()) == 1)
				assert.Equal(t, x.kind == fake.HeldPost, post.State == publish.Held)
				assert.Zero(t, s.Tally().Unsure)
				if x.made && once(c) {
					again, err := publish.To(t.Context(), p, draft("k", "town #n1"))
					require.NoError(t, err)
					assert.Equal(t, s.Deliveries()[0].ID, again.Ref.ID)
					assert.Len(t, s.Deliveries(), 1)
				}
			}
		})
	}
}

// TestUnsure blinds the server itself: it says that its count is worth nothing.
func TestUnsure(t *testing.T) {
	t.Parallel()
	town := fake.New(fake.Options{})
	s := fakenet.Start(t, town, nil)
	p := join(t, s, fakenet.Blind, quick())
	town.Inject(fake.Fault{Kind: fake.CutAfter, Times: -1})
	_, err := p.Publish(t.Context(), draft("k", "x"))
	require.ErrorIs(t, err, parvis.ErrUnknownOutcome)
	assert.Equal(t, 1, s.Tally().Unsure)
}

// TestTheDraw counts fates: the same seed gives the same, and as many as were asked for.
func TestTheDraw(t *testing.T) {
	t.Parallel()
	const n = 400
	run := func(t *testing.T, seed uint64) fakenet.Tally {
		s := fakenet.Serve(fake.New(fake.Options{}), &fakenet.Options{Seed: seed, Faults: fakenet.Faults{
			Drop: 0.1, Lose: 0.1, Delay: 0.1, Slow: 0.1, Unavailable: 0.1, Limit: 0.1,
		}})
		a := s.Join(fake.Member{Handle: "acme"}, fakenet.Blind)
		synctest.Test(t, func(t *testing.T) {
			opts := quick()
			opts.HTTPClient, opts.Limiter = inProcess(s), free{}
			p, err := fakenet.Open("http://town.example", a, fakenet.Blind, opts)
			require.NoError(t, err)
			for range n {
				_, _ = p.Publish(t.Context(), draft("", "x"))
			}
		})
		assert.Len(t, s.Deliveries(), n-s.Tally().Fates[fakenet.Dropped]-s.Tally().Fates[fakenet.Unavailable]-s.Tally().Fates[fakenet.Limited])
		return s.Tally()
	}
	one, two, other := run(t, 7), run(t, 7), run(t, 8)
	assert.Equal(t, one, two)
	assert.NotEqual(t, one, other)
	assert.Equal(t, n, one.Requests)
	for _, f := range []fakenet.Fate{fakenet.Dropped, fakenet.Lost, fakenet.Delayed, fakenet.Slowed, fakenet.Unavailable, fakenet.Limited} {
		assert.InDelta(t, n/10, one.Fates[f], 25, f)
	}
}

// free limits nothing.
type free struct{}

func (free) Wait(ctx context.Context, _ parvis.Call) error { return ctx.Err() }
func (free) Learn(parvis.Call, parvis.Limit)               {}
