package contract_test

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/apitest"
	blueskytest "github.com/parvis-go/parvis/internal/apitest/bluesky"
	"github.com/parvis-go/parvis/internal/e2e/contract"
	"github.com/parvis-go/parvis/providers"
	"github.com/parvis-go/parvis/providers/bluesky"
	"github.com/parvis-go/parvis/providers/providertest"
)

// leastBluesky is what the conformance suite must make the provider ask at least, and
// leastScript what the script must.
func leastBluesky() contract.Coverage {
	return contract.Coverage{Requests: 2000, Operations: 26, Fields: 530}
}

func leastScript() contract.Coverage {
	return contract.Coverage{Requests: 200, Operations: 42, Fields: 850}
}

// pdsToken is a source of one token.
type pdsToken struct{ t parvis.Token }

func (p pdsToken) Token(context.Context) (parvis.Token, error) { return p.t, nil }

// pdsAccount opens an account on a server of its own; a moderator is of its labeler's team.
func pdsAccount(t testing.TB, moderator bool) (*blueskytest.Server, *providertest.Rig) {
	t.Helper()
	s := blueskytest.New(t, blueskytest.Options{RateLimits: true})
	u, ana := s.AddUser("acme"), s.AddUser("ana")
	flow := bluesky.NewPasswordFlow(bluesky.PasswordConfig{Directory: bluesky.Directory{PLC: s.URL, Handles: s.URL, Loopback: true}}, nil)
	step, err := flow.Start(t.Context(), providers.Input{Values: map[string]string{"handle": u.Handle, "password": u.AppPassword, "server": s.URL}})
	require.NoError(t, err)
	log := &logged{}
	cfg := bluesky.Config{
		Tokens: pdsToken{step.Grant.Choices[0].Token}, Client: "acme", Server: s.URL, Video: s.URL, Every: 50 * time.Millisecond, Settle: 300 * time.Millisecond,
	}
	if moderator {
		u.Moderator()
		cfg.Ozone = blueskytest.Labeler + "#atproto_labeler"
	}
	c, err := bluesky.New(cfg, &providers.Options{
		Retry:   providers.Retry{MinWait: 10 * time.Millisecond},
		Timeout: 2 * time.Second, MaxAnswer: 1 << 20, Logger: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	require.NoError(t, err)
	r := s.Rig(t, c, u, ana)
	r.Log = log
	return s, r
}

// holdLexicons holds exchanges against the lexicons: the requests if they are the
// provider's, and all answers.
func holdLexicons(t *testing.T, l *contract.Lexicons, xs []apitest.Exchange, requests bool) (v contract.Coverage) {
	t.Helper()
	problems := map[string]int{}
	for _, x := range xs {
		v.AddLexicon(l, x)
		found := l.Answer(x)
		if requests {
			found = append(found, l.Request(x)...)
		}
		for _, p := range found {
			problems[p.String()]++
		}
	}
	assert.Empty(t, problems)
	return v
}

// TestBlueskyProviderKeepsTheLexicons runs the conformance suite over the provider and the
// test server, for an account and a moderator, and holds every request and answer against
// the lexicons.
func TestBlueskyProviderKeepsTheLexicons(t *testing.T) {
	t.Parallel()
	l := blueskyLexicons(t)
	var mu sync.Mutex
	var servers []*blueskytest.Server
	t.Run("suite", func(t *testing.T) { // which has ended when both have
		for name, moderator := range map[string]bool{"account": false, "moderator": true} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				providertest.Run(t, providertest.HarnessFunc(func(t testing.TB) *providertest.Rig {
					s, r := pdsAccount(t, moderator)
					mu.Lock()
					defer mu.Unlock()
					servers = append(servers, s)
					return r
				}))
			})
		}
	})
	var all []apitest.Exchange
	var unknown []string
	for _, s := range servers {
		all = append(all, s.Exchanges()...)
		unknown = append(unknown, s.Unknown()...)
	}
	v := holdLexicons(t, l, all, true)
	t.Logf("the provider: %s", &v)
	slices.Sort(unknown)
	assert.Empty(t, slices.Compact(unknown), "what the server has never heard of")
	assert.Empty(t, v.Below(leastBluesky()))
}

// TestBlueskyServerKeepsTheLexicons holds all that the test server answers to its script
// against the lexicons. Many of the script's requests are wrong on purpose.
func TestBlueskyServerKeepsTheLexicons(t *testing.T) {
	t.Parallel()
	l := blueskyLexicons(t)
	s := blueskytest.New(t, blueskytest.Options{})
	blueskytest.Play(t, s.Theatre())
	asked := slices.DeleteFunc(s.Exchanges(), func(x apitest.Exchange) bool {
		// What no lexicon describes: a method and a collection that are not, and records
		// that nobody has checked.
		return x.Status == 501 || x.Method == "GET" && x.Path == "/xrpc/com.atproto.repo.createRecord"
	})
	v := holdLexicons(t, l, asked, false)
	t.Logf("the script: %s", &v)
	assert.Empty(t, v.Below(leastScript()))
}
