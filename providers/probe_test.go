package providers_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/listen"
	"github.com/parvis-go/parvis/moderate"
	"github.com/parvis-go/parvis/providers"
	"github.com/parvis-go/parvis/publish"
)

// A patient is an account whose health is scripted.
type patient struct {
	id string

	mu     sync.Mutex
	probes int
	health func(n int) providers.Health
	hang   bool
}

func (p *patient) Account() parvis.Account { return parvis.Account{Network: "ward", ID: p.id} }

func (p *patient) Probe(ctx context.Context) (providers.Health, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.probes++
	if p.hang {
		<-ctx.Done()
		return providers.Health{}, ctx.Err()
	}
	return p.health(p.probes), nil
}

// ill is a condition and nothing more.
func ill(c providers.Condition) providers.Health { return providers.Health{Condition: c} }

// script gives the conditions one after the other, and the last for ever.
func script(cs ...providers.Condition) func(int) providers.Health {
	return func(n int) providers.Health { return ill(cs[min(n, len(cs))-1]) }
}

func TestProbeFillsInWhatIsMissing(t *testing.T) {
	t.Parallel()
	p := &patient{id: "p", health: script(providers.Expiring)}
	h, err := providers.Probe(t.Context(), p)
	require.NoError(t, err)
	assert.Equal(t, p.Account(), h.Account)
	assert.False(t, h.Time.IsZero())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = providers.Probe(ctx, p)
	require.ErrorIs(t, err, context.Canceled)
	wrapped, err := providers.Probe(t.Context(), wrapper{p})
	require.NoError(t, err)
	assert.Equal(t, providers.Expiring, wrapped.Condition)
}

// A wrapper hides the powers of what is inside, but for Unwrap.
type wrapper struct{ inner providers.Provider }

func (w wrapper) Account() parvis.Account { return w.inner.Account() }
func (w wrapper) Unwrap() any             { return w.inner }

// These can be asked only what they can do, by one verb.
type (
	plain struct {
		missing []string
		err     error
	}
	speaker struct{ plain }
	hearer  struct{ plain }
	keeper  struct{ plain }
)

func (plain) Account() parvis.Account { return parvis.Account{Network: "plain", ID: "p"} }

func (s speaker) PublishSupport(context.Context, parvis.Place) (publish.Support, error) {
	return publish.Support{MissingScopes: s.missing}, s.err
}

func (s hearer) ListenSupport(context.Context, parvis.Place) (listen.Support, error) {
	return listen.Support{MissingScopes: s.missing}, s.err
}

func (s keeper) ModerateSupport(context.Context, parvis.Place) (moderate.Support, error) {
	return moderate.Support{MissingScopes: s.missing}, s.err
}

func TestProbeOfThoseWithoutOne(t *testing.T) {
	t.Parallel()
	for _, of := range []func(plain) providers.Provider{
		func(p plain) providers.Provider { return speaker{p} },
		func(p plain) providers.Provider { return hearer{p} },
		func(p plain) providers.Provider { return keeper{p} },
	} {
		h, err := providers.Probe(t.Context(), of(plain{}))
		require.NoError(t, err)
		assert.Equal(t, providers.Healthy, h.Condition)
		h, err = providers.Probe(t.Context(), of(plain{missing: []string{"write"}}))
		require.NoError(t, err)
		assert.Equal(t, providers.Limited, h.Condition)
		assert.Equal(t, []providers.Lack{{Scope: "write"}}, h.Lacks)
		h, err = providers.Probe(t.Context(), of(plain{err: &parvis.Error{Code: parvis.ErrAuth}}))
		require.NoError(t, err)
		assert.Equal(t, providers.Lost, h.Condition)
	}
	_, err := providers.Probe(t.Context(), plain{})
	require.ErrorIs(t, err, errors.ErrUnsupported)
}

func TestHealthOf(t *testing.T) {
	t.Parallel()
	a := parvis.Account{Network: "ward", ID: "p"}
	for code, want := range map[parvis.Code]providers.Condition{
		parvis.ErrAuth: providers.Lost, parvis.ErrPermission: providers.Limited, parvis.ErrAPIVersionRetired: providers.Outdated,
		parvis.ErrUnavailable: providers.Unreachable, parvis.ErrRateLimited: providers.Unreachable, parvis.ErrBadAnswer: providers.Unreachable,
	} {
		h := providers.HealthOf(a, &parvis.Error{Code: code, Message: "what happened", Help: "what to do"})
		assert.Equal(t, want, h.Condition, code)
		assert.Equal(t, code, h.Code)
		assert.Equal(t, "what happened", h.Why)
		assert.Equal(t, "what to do", h.Help)
		if want != providers.Unreachable {
			assert.NotEmpty(t, providers.HealthOf(a, &parvis.Error{Code: code}).Help, "somebody must act, so it says how")
		}
	}
	assert.Equal(t, providers.Unreachable, providers.HealthOf(a, errors.New("boom")).Condition)
	assert.Equal(t, providers.Healthy, providers.HealthOf(a, nil).Condition)
}

// watched collects what is news within a span of time.
func watched(t *testing.T, span time.Duration, o *providers.WatchOptions, ps ...providers.Provider) []providers.Health {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), span)
	defer cancel()
	var news []providers.Health
	for h := range providers.Watch(ctx, ps, o) {
		news = append(news, h)
	}
	return news
}

func conditions(hs []providers.Health) []providers.Condition {
	var cs []providers.Condition
	for _, h := range hs {
		cs = append(cs, h.Condition)
	}
	return cs
}

const (
	well = providers.Healthy
	away = providers.Unreachable
)

func TestWatchTellsEachTroubleOnce(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ found, news []providers.Condition }{
		"well":                  {[]providers.Condition{well}, []providers.Condition{well}},
		"lost at once":          {[]providers.Condition{well, providers.Lost}, []providers.Condition{well, providers.Lost}},
		"outdated at once":      {[]providers.Condition{well, providers.Outdated}, []providers.Condition{well, providers.Outdated}},
		"a blip":                {[]providers.Condition{well, away, away, well}, []providers.Condition{well}},
		"two blips":             {[]providers.Condition{well, away, away, well, away, away, well}, []providers.Condition{well}},
		"away":                  {[]providers.Condition{well, away}, []providers.Condition{well, away}},
		"away and back":         {[]providers.Condition{well, away, away, away, away, well}, []providers.Condition{well, away, well}},
		"away at first":         {[]providers.Condition{away, away, well}, []providers.Condition{well}},
		"a blip before trouble": {[]providers.Condition{well, away, providers.Lost, away, providers.Lost}, []providers.Condition{well, providers.Lost}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := &patient{id: "p", health: script(tt.found...)}
				assert.Equal(t, tt.news, conditions(watched(t, 20*time.Hour, &providers.WatchOptions{Interval: time.Hour}, p)))
				assert.InDelta(t, 20, p.probes, 3, "about one probe in an interval")
			})
		})
	}
}

func TestWatchTellsOtherScopesAndExpiries(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		end := time.Now().Add(100 * time.Hour)
		lack := func(names ...string) (ls []providers.Lack) {
			for _, n := range names {
				ls = append(ls, providers.Lack{Scope: n})
			}
			return ls
		}
		states := []providers.Health{
			{Condition: providers.Limited, Lacks: lack("a", "b")},
			{Condition: providers.Limited, Lacks: lack("b", "a")}, // the same
			{Condition: providers.Limited, Lacks: lack("a")},
			{Condition: providers.Limited, Lacks: lack("a"), Expiry: end},
			{Condition: providers.Limited, Lacks: lack("a"), Expiry: end.Add(20 * time.Second)}, // the same, by another clock
			{Condition: providers.Limited, Lacks: lack("a"), Expiry: end.Add(time.Hour)},
		}
		p := &patient{id: "p", health: func(n int) providers.Health { return states[min(n, len(states))-1] }}
		news := watched(t, 10*time.Hour, &providers.WatchOptions{Interval: time.Hour}, p)
		require.Len(t, news, 4)
		assert.Len(t, news[1].Lacks, 1)
		assert.Equal(t, end, news[2].Expiry)
		assert.Equal(t, end.Add(time.Hour), news[3].Expiry)
	})
}

func TestWatchGoesOnFromWhatWasKnown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p, q := &patient{id: "p", health: script(providers.Lost)}, &patient{id: "q", health: script(well, providers.Lost)}
		known := []providers.Health{{Account: p.Account(), Condition: providers.Lost}, {Account: q.Account(), Condition: well}}
		news := watched(t, 3*time.Hour, &providers.WatchOptions{Known: known}, p, q)
		require.Len(t, news, 1, "a restart repeats nothing")
		assert.Equal(t, "q", news[0].Account.ID)
	})
}

func TestWatchOneSlowAccountHoldsUpNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		slow, quick := &patient{id: "slow", hang: true}, &patient{id: "quick", health: script(well, providers.Lost)}
		began := time.Now()
		news := watched(t, 2*time.Hour, &providers.WatchOptions{Interval: 10 * time.Minute}, slow, quick, plain{})
		require.Equal(t, []providers.Condition{well, providers.Lost, away}, conditions(news))
		assert.Equal(t, "slow", news[2].Account.ID)
		assert.Equal(t, parvis.ErrUnavailable, news[2].Code)
		assert.Less(t, news[1].Time.Sub(began), 12*time.Minute)
	})
}

func TestWatchProbesAFewAtATime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var ps []providers.Provider
		for range 6 {
			ps = append(ps, &patient{id: "p", hang: true})
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			for range providers.Watch(ctx, ps, &providers.WatchOptions{Parallel: 2, Timeout: time.Minute}) {
				assert.Fail(t, "nothing is news")
			}
		}()
		time.Sleep(90 * time.Second)
		cancel()
		<-ended
		probes := 0
		for _, p := range ps {
			probes += p.(*patient).probes
		}
		assert.Equal(t, 4, probes)
	})
}

// The bubble of synctest fails the test if a goroutine is left.
func TestWatchLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p, hanging := &patient{id: "p", health: script(well)}, &patient{id: "h", hang: true}
		for range providers.Watch(context.Background(), []providers.Provider{p, hanging}, nil) {
			break
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		for range providers.Watch(ctx, []providers.Provider{p, hanging}, nil) {
			assert.Fail(t, "it has ended")
		}
		seq := providers.Watch(t.Context(), []providers.Provider{p}, nil)
		for range 2 { // a sequence can be used again, and begins anew
			for h := range seq {
				assert.Equal(t, well, h.Condition)
				break
			}
		}
	})
}
