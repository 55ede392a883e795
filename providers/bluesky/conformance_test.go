package bluesky_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	blueskytest "github.com/parvis-go/parvis/internal/apitest/bluesky"
	"github.com/parvis-go/parvis/providers/bluesky"
	"github.com/parvis-go/parvis/providers/providertest"
)

// TestConformance runs the suite for an account as people have them, and for one of a
// labeler's team, with a server of its own for each case. Nothing may be asked of the
// server that it does not know.
func TestConformance(t *testing.T) {
	t.Parallel()
	for name, moderator := range map[string]bool{"account": false, "moderator": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			providertest.Run(t, providertest.HarnessFunc(func(t testing.TB) *providertest.Rig { return suiteRig(t, moderator) }))
		})
	}
}

func suiteRig(t testing.TB, moderator bool) *providertest.Rig {
	t.Helper()
	s := blueskytest.New(t, blueskytest.Options{RateLimits: true})
	user, ana := s.AddUser("acme"), s.AddUser("ana")
	c, log := account(t, s, user, func(cfg *bluesky.Config) {
		if moderator {
			user.Moderator()
			cfg.Ozone = blueskytest.Labeler + "#atproto_labeler"
		}
	})
	r := s.Rig(t, c, user, ana)
	r.Log, r.Image = log, square
	t.Cleanup(func() { assert.Empty(t, s.Unknown()) })
	return r
}
