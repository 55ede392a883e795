package fakenet_test

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/e2e/servers/fakenet"
	"github.com/parvis-go/parvis/providers/fake"
	"github.com/parvis-go/parvis/publish"
)

// TestNothingLostNothingTwice sends many drafts through every fault with the simplest
// program that is right: send, and after an unclear answer reconcile, until the outcome is
// known or nobody can tell. Its clients lose patience before the network does.
func TestNothingLostNothingTwice(t *testing.T) {
	t.Parallel()
	const posts = 400
	faults := fakenet.Faults{
		Drop: 0.07, Lose: 0.07, Delay: 0.07, Slow: 0.07, Unavailable: 0.07, Limit: 0.07,
		DelayFor: 300 * time.Millisecond, SlowFor: 300 * time.Millisecond,
	}
	for _, c := range fakenet.Classes() {
		t.Run(string(c), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := fakenet.Serve(fake.New(fake.Options{}), &fakenet.Options{Seed: 5, Faults: faults, Reads: faults, Settle: time.Second})
				opts := quick()
				opts.HTTPClient, opts.Limiter, opts.Timeout = inProcess(s), free{}, 100*time.Millisecond
				p, err := fakenet.Open("http://town.example", s.Join(fake.Member{Handle: "acme", Client: "acme"}, c), c, opts)
				require.NoError(t, err)
				unknown := map[string]bool{}
				for i := range posts {
					d := draft(fmt.Sprintf("k%d", i), fmt.Sprintf("#n%d", i))
					unknown[d.Text] = !deliver(t, p, d)
				}
				s.Close()
				check(t, s, c, unknown)
			})
		})
	}
}

// deliver sends d until it is surely out; false is that nobody can tell.
func deliver(t *testing.T, p *fakenet.Provider, d publish.Draft) bool {
	for {
		_, err := publish.To(t.Context(), p, d)
		try, unclear := publish.AttemptOf(err)
		for unclear && err != nil && !errors.Is(err, parvis.ErrNotFound) {
			if _, err = publish.Reconcile(t.Context(), p, try); errors.Is(err, parvis.ErrUnsupported) {
				return false
			}
			if e, ok := errors.AsType[*parvis.Error](err); ok {
				wait(e.RetryAfter)
			}
		}
		if err == nil {
			return true
		}
		wait(time.Second)
	}
}

// wait lets the bubble's clock go on.
func wait(d time.Duration) { <-time.After(d) }

func check(t *testing.T, s *fakenet.Server, c fakenet.Class, unknown map[string]bool) {
	marked, surfaced, missing := s.Marked(), 0, 0
	for text, unclear := range unknown {
		n := len(marked[text])
		assert.LessOrEqual(t, n, 1, "%s is there twice", text)
		if unclear {
			surfaced++
		}
		if n == 0 {
			missing++
			assert.True(t, unclear, "%s is lost, and nobody was told", text)
		}
	}
	tally := s.Tally()
	t.Logf("%d posts of %d, %d unknown of which %d are not there, %d orphans, %d replayed, %d conflicts, fates %v",
		s.Count().Posts, len(unknown), surfaced, missing, tally.Orphans, tally.Replayed, tally.Conflicts, tally.Fates)
	assert.Empty(t, s.Doubles())
	assert.Zero(t, tally.Unsure)
	assert.Len(t, tally.Fates, 6)
	assert.Positive(t, tally.Orphans+surfaced, "the run shows nothing")
	assert.Equal(t, c == fakenet.Blind, surfaced > 0)
	assert.Equal(t, c == fakenet.Blind, missing > 0)
}
