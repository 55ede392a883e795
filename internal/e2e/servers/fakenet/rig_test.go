package fakenet_test

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/e2e/servers/fakenet"
	"github.com/parvis-go/parvis/providers"
	"github.com/parvis-go/parvis/providers/fake"
	"github.com/parvis-go/parvis/publish"
)

// quick never repeats a call, so that each test sees what one request does. Connections are
// not used again: net/http by itself repeats a request with an idempotency key if it finds
// an old connection closed.
func quick() *providers.Options {
	wire := &http.Transport{DisableKeepAlives: true}
	return &providers.Options{HTTPClient: &http.Client{Transport: wire}, Retry: providers.Retry{Max: 1}}
}

// start serves a town of the test's own.
func start(t *testing.T, o fakenet.Options) *fakenet.Server {
	t.Helper()
	return fakenet.Start(t, fake.New(fake.Options{Now: o.Now}), &o)
}

// join opens a new account of the class.
func join(t *testing.T, s *fakenet.Server, c fakenet.Class, opts *providers.Options) *fakenet.Provider {
	t.Helper()
	a := s.Join(fake.Member{Handle: "acme", Client: "acme"}, c)
	p, err := fakenet.Open(s.URL, a, c, opts)
	require.NoError(t, err)
	return p
}

// each runs a test for every class, on a server of its own.
func each(t *testing.T, o fakenet.Options, f func(t *testing.T, s *fakenet.Server, c fakenet.Class)) {
	t.Helper()
	for _, c := range fakenet.Classes() {
		t.Run(string(c), func(t *testing.T) {
			t.Parallel()
			f(t, start(t, o), c)
		})
	}
}

func draft(key, text string) publish.Draft { return publish.Draft{Key: key, Text: text} }

// attempt is an attempt that began that long ago.
func attempt(p *fakenet.Provider, d publish.Draft, ago time.Duration) publish.Attempt {
	return publish.Attempt{Account: p.Account(), Draft: d, Started: time.Now().Add(-ago)}
}

// A clock stands still until it is moved.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Now()} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// once is what the class does with a second post of the same key.
func once(c fakenet.Class) bool { return c == fakenet.Keyed || c == fakenet.ClientID }

// told is the key that a delivery has if its draft had that key.
func told(c fakenet.Class, key string) string {
	if c == fakenet.Blind {
		return ""
	}
	return key
}

func ref(p *fakenet.Provider, id string) parvis.Ref {
	a := p.Account()
	return parvis.Ref{Client: a.Client, Network: a.Network, Host: a.Host, Kind: parvis.KindPost, ID: id}
}
