package fakenet_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis/internal/e2e/servers/fakenet"
	"github.com/parvis-go/parvis/providers"
	"github.com/parvis-go/parvis/providers/fake"
	"github.com/parvis-go/parvis/providers/providertest"
)

// TestConformance runs the suite that every provider passes.
func TestConformance(t *testing.T) {
	t.Parallel()
	for _, c := range fakenet.Classes() {
		t.Run(string(c), func(t *testing.T) {
			t.Parallel()
			providertest.Run(t, providertest.HarnessFunc(func(t testing.TB) *providertest.Rig { return rig(t, c) }))
		})
	}
}

// tries is how often the provider under test tries a call at most.
const tries = 3

func rig(t testing.TB, c fakenet.Class) *providertest.Rig {
	town := fake.New(fake.Options{})
	s := fakenet.Start(t, town, &fakenet.Options{Settle: -1, Faults: fakenet.Faults{RetryAfter: time.Second, DelayFor: time.Minute}})
	opts := quick()
	opts.Timeout, opts.Retry = 250*time.Millisecond, providers.Retry{Max: tries, MinWait: time.Millisecond, MaxWait: 10 * time.Millisecond}
	p, err := fakenet.Open(s.URL, s.Join(fake.Member{Handle: "acme", Client: "acme"}, c), c, opts)
	require.NoError(t, err)
	return &providertest.Rig{
		Account: p,
		Count:   func(_ context.Context, text string) (int, error) { return town.Count(text), nil },
		Calls:   func() int { return s.Tally().Requests },
		Break: func(f providertest.Fault) bool {
			return (c != fakenet.Blind || !unclear[f.Kind]) && stage(s, town, f)
		},
	}
}

// stage stages a failure of publishing for as long as one call may last.
func stage(s *fakenet.Server, town *fake.Network, f providertest.Fault) bool {
	if f.Op != "publish" {
		return false
	}
	if kind := townFaults[f.Kind]; kind != "" {
		town.Inject(fake.Fault{Kind: kind, Op: "publish", Times: 1})
		return true
	}
	fate, ok := fates[f.Kind]
	if fate == fakenet.Limited && f.RetryAfter > 0 {
		s.SetFaults(fakenet.Faults{RetryAfter: f.RetryAfter}, fakenet.Faults{})
	}
	if ok {
		s.Inject("", fate)
	}
	return ok
}

var (
	townFaults = map[providertest.FaultKind]fake.FaultKind{
		providertest.ServerErrorBefore: fake.ErrorBefore, providertest.ServerErrorAfter: fake.ErrorAfter,
		providertest.BadToken: fake.ExpiredToken, providertest.Forbidden: fake.MissingScope, providertest.VersionRetired: fake.VersionRetired,
	}
	fates = map[providertest.FaultKind]fakenet.Fate{
		providertest.RateLimited: fakenet.Limited, providertest.CutBefore: fakenet.Dropped, providertest.CutAfter: fakenet.Lost,
		providertest.Timeout: fakenet.Delayed,
	}
	// unclear are the failures after which the suite resumes a thread, for which it has to
	// reconcile: a Blind account cannot. TestAfterALostAnswer shows what it does.
	unclear = map[providertest.FaultKind]bool{
		providertest.CutBefore: true, providertest.CutAfter: true, providertest.ServerErrorAfter: true,
	}
)
