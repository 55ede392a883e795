package bluesky_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	blueskytest "github.com/parvis-go/parvis/internal/apitest/bluesky"
	"github.com/parvis-go/parvis/moderate"
	"github.com/parvis-go/parvis/providers/bluesky"
	"github.com/parvis-go/parvis/providers/providertest"
)

// withLabeler makes the server's labeler the account's.
func withLabeler(c *bluesky.Config) { c.Ozone = blueskytest.Labeler + "#atproto_labeler" }

// TestConformanceOfModerators runs the suite as a member of a labeler's team.
func TestConformanceOfModerators(t *testing.T) {
	t.Parallel()
	providertest.Run(t, providertest.HarnessFunc(func(t testing.TB) *providertest.Rig {
		s := blueskytest.New(t, blueskytest.Options{RateLimits: true})
		user, ana := s.AddUser("acme"), s.AddUser("ana")
		user.Moderator()
		c, log := account(t, s, user, withLabeler)
		r := s.Rig(t, c, user, ana)
		r.Log, r.Image = log, square
		r.Moderate = func(on parvis.Ref) []moderate.Action {
			// What the account does for itself is not in the labeler's log.
			all := slices.DeleteFunc(blueskytest.Actions(t, c, on), func(a moderate.Action) bool {
				return a.Do == moderate.DoHide || a.Do == moderate.DoUnhide
			})
			for i := range all {
				if all[i].Do == moderate.DoLabel || all[i].Do == moderate.DoUnlabel {
					all[i].Label = "spam"
				}
			}
			return all
		}
		t.Cleanup(func() { assert.Empty(t, s.Unknown()) })
		return r
	}))
}

// A scene is a thread of acme on which ana has answered, with a moderator in the room.
type scene struct {
	t               testing.TB
	s               *blueskytest.Server
	acme, ana, mod  *bluesky.Client
	post, answer    parvis.Ref
	acmeRef, anaRef parvis.Ref
	user            *blueskytest.User
}

func newScene(t testing.TB) scene {
	t.Helper()
	s := blueskytest.New(t, blueskytest.Options{})
	acme, ana, mod := s.AddUser("acme"), s.AddUser("ana"), s.AddUser("mod")
	mod.Moderator()
	x := scene{t: t, s: s, user: acme}
	x.acme, _ = account(t, s, acme)
	x.ana, _ = account(t, s, ana)
	x.mod, _ = account(t, s, mod, withLabeler)
	ref := func(kind parvis.Kind, id string) parvis.Ref {
		return parvis.Ref{Client: "acme", Network: bluesky.Network, Kind: kind, ID: id}
	}
	post, err := acme.Say("L'atelier ouvre samedi.", "")
	require.NoError(t, err)
	answer, err := ana.Say("Buy watches!", post)
	require.NoError(t, err)
	x.post, x.answer = ref(parvis.KindPost, post), ref(parvis.KindPost, answer)
	x.acmeRef, x.anaRef = ref(parvis.KindPerson, acme.DID), ref(parvis.KindPerson, ana.DID)
	return x
}

// does applies an action and checks what it says of the state.
func (x scene) does(c *bluesky.Client, a moderate.Action, states string) moderate.Act {
	x.t.Helper()
	act, err := moderate.Apply(x.t.Context(), c, a)
	require.NoError(x.t, err, a.Do)
	require.Equal(x.t, states, act.Before+" > "+act.After, a.Do)
	return act
}

// undoes takes an act back, and checks that the state is the one before.
func (x scene) undoes(c *bluesky.Client, act moderate.Act) moderate.Act {
	x.t.Helper()
	undone, err := moderate.Undo(x.t.Context(), c, act)
	require.NoError(x.t, err, act.Action.Do)
	require.Equal(x.t, act.After+" > "+act.Before, undone.Before+" > "+undone.After, act.Action.Do)
	return undone
}
