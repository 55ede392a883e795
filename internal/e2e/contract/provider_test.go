package contract_test

import (
	"bytes"
	"context"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	mastodontest "github.com/parvis-go/parvis/internal/apitest/mastodon"
	"github.com/parvis-go/parvis/internal/e2e/contract"
	"github.com/parvis-go/parvis/listen"
	"github.com/parvis-go/parvis/providers"
	"github.com/parvis-go/parvis/providers/mastodon"
	"github.com/parvis-go/parvis/providers/providertest"
)

// leastProvider is what the conformance suite must make the provider ask at least. How
// many requests there are depends on how often reads that fail are tried again.
func leastProvider() contract.Coverage {
	return contract.Coverage{Requests: 800, Operations: 35, Fields: 290}
}

// granted is a token that knows what it may do: everything that staff can be given.
type granted string

func (g granted) Token(context.Context) (parvis.Token, error) {
	return parvis.Token{Value: string(g), Scopes: []string{"read", "write", "follow", "push", "admin:read", "admin:write"}}, nil
}

// logged is what a provider logs.
type logged struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// acme opens an account of staff on a server of its own, on which bob is too.
func acme(t testing.TB, way mastodon.Streaming) (*mastodontest.Server, *providertest.Rig, *mastodontest.User) {
	t.Helper()
	s := mastodontest.New(t, mastodontest.Options{})
	u, bob := s.AddUser("acme", mastodontest.RoleOwner), s.AddUser("bob")
	log := &logged{}
	p, err := mastodon.New(mastodon.Config{Server: s.URL, Client: "acme", Tokens: granted(u.Token), Streaming: way}, &providers.Options{
		Retry:   providers.Retry{MinWait: 10 * time.Millisecond},
		Timeout: 2 * time.Second, Logger: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	require.NoError(t, err)
	r := s.Rig(t, p, u, bob)
	r.Log = log
	return s, r, bob
}

// hold holds all that was said on the servers against the contract.
func hold(t *testing.T, c *contract.Contract, servers ...*mastodontest.Server) (v contract.Coverage) {
	t.Helper()
	var unknown []string
	problems := map[string]int{}
	note := func(found []contract.Problem) {
		for _, p := range found {
			problems[p.String()]++
		}
	}
	for _, s := range servers {
		unknown = append(unknown, s.Unknown()...)
		for _, x := range s.Exchanges() {
			v.Add(c, x)
			note(c.Exchange(x))
		}
		for _, e := range s.Sent() {
			v.Events++
			note(c.Event(e.Event, e.Payload))
		}
	}
	slices.Sort(unknown)
	assert.Empty(t, problems)
	assert.Empty(t, slices.Compact(unknown), "what the server has never heard of")
	return v
}

// TestMastodonProviderKeepsTheContract runs the conformance suite over the provider and
// the test server, and holds every request and answer against the description of the API.
func TestMastodonProviderKeepsTheContract(t *testing.T) {
	t.Parallel()
	c := mastodonContract(t)
	var mu sync.Mutex
	var servers []*mastodontest.Server
	providertest.Run(t, providertest.HarnessFunc(func(t testing.TB) *providertest.Rig {
		s, r, _ := acme(t, mastodon.Auto)
		mu.Lock()
		defer mu.Unlock()
		servers = append(servers, s)
		return r
	}))
	v := hold(t, c, servers...)
	t.Logf("the provider: %s", &v)
	assert.Empty(t, v.Below(leastProvider()))
}

// TestMastodonStreamsKeepTheContract follows each kind of stream, in whole events and in
// pieces, and holds what was asked and what was sent against the description.
func TestMastodonStreamsKeepTheContract(t *testing.T) {
	t.Parallel()
	c := mastodonContract(t)
	for _, way := range []mastodon.Streaming{mastodon.SSE, mastodon.WebSocket} {
		for _, pieces := range []int{0, 5} {
			t.Run(string(way), func(t *testing.T) {
				t.Parallel()
				s, r, bob := acme(t, way)
				s.Fragment(pieces)
				s.Say(bob, "@acme before", "")
				ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
				defer cancel()
				spoken := make(chan error, 1)
				go func() {
					err := s.WaitStreams(ctx, 1)
					s.Say(bob, "@acme during", "")
					spoken <- err
				}()
				var heard []string
				for ev, err := range listen.To(ctx, r.Account.(*mastodon.Client), listen.Query{Follow: true}) {
					require.NoError(t, err)
					if heard = append(heard, ev.Text.Plain); len(heard) == 2 {
						break
					}
				}
				require.NoError(t, <-spoken)
				assert.Equal(t, []string{"@acme before", "@acme during"}, heard)
				v := hold(t, c, s)
				assert.Positive(t, v.Events)
				assert.True(t, v.Saw("GET /api/v1/streaming") || v.Saw("GET /api/v1/streaming/user") || v.Saw("GET /api/v1/streaming/user/notification"))
			})
		}
	}
}
