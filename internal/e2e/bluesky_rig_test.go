package e2e

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/apitest"
	blueskytest "github.com/parvis-go/parvis/internal/apitest/bluesky"
	network "github.com/parvis-go/parvis/internal/e2e/servers/bluesky"
	"github.com/parvis-go/parvis/moderate"
	"github.com/parvis-go/parvis/providers"
	"github.com/parvis-go/parvis/providers/bluesky"
	"github.com/parvis-go/parvis/providers/providertest"
)

var blueskyNetwork = sync.OnceValues(func() (*network.Network, error) {
	n, err := network.Start(context.Background(), network.Settings{})
	if err == nil {
		atExit(n.Close)
	}
	return n, err
})

// bskyNetwork is a whole network, which the first test that asks starts.
func bskyNetwork(t testing.TB) *network.Network {
	t.Helper()
	n, err := blueskyNetwork()
	require.NoError(t, err)
	return n
}

// bskyLimited is a PDS of t's own, with its rate limits switched on.
func bskyLimited(t testing.TB) *network.Network {
	t.Helper()
	n, err := network.Start(t.Context(), network.Settings{PDSOnly: true, RateLimits: true})
	require.NoError(t, err)
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(n.Log())
		}
		assert.NoError(t, n.Close())
	})
	return n
}

// bskyAccount makes an account, whose handle begins with name: five letters at most.
func bskyAccount(t testing.TB, n *network.Network, name string) network.Account {
	t.Helper()
	a, err := n.Account(t.Context(), name+strings.ToLower(rand.Text()[:12]))
	require.NoError(t, err)
	return a
}

// bskySettled returns when the whole network has seen what was done so far.
func bskySettled(t testing.TB, n *network.Network) {
	t.Helper()
	require.NoError(t, n.Settle(t.Context()))
}

// bskyFront is the address of the PDS behind a proxy that can fail.
func bskyFront(t testing.TB, n *network.Network, f *apitest.Faults) string {
	t.Helper()
	return bskyProxy(t, n, f.Wrap)
}

// bskyProxy is the address of the PDS behind a proxy with something in front of it.
func bskyProxy(t testing.TB, n *network.Network, before func(http.Handler) http.Handler) string {
	t.Helper()
	target, err := url.Parse(n.PDS)
	require.NoError(t, err)
	front := httptest.NewServer(before(&httputil.ReverseProxy{
		Rewrite:  func(r *httputil.ProxyRequest) { r.SetURL(target) },
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError), // clients that hang up are what is tested
	}))
	t.Cleanup(front.Close)
	return front.URL
}

// bskyToken connects the account at the server with its app password, as a person would.
func bskyToken(t testing.TB, n *network.Network, server string, a network.Account) parvis.Token {
	t.Helper()
	flow := bluesky.NewPasswordFlow(bluesky.PasswordConfig{Directory: bskyDirectory(n)}, nil)
	step, err := flow.Start(t.Context(), providers.Input{Values: map[string]string{"handle": a.Handle, "password": a.AppPassword, "server": server}})
	require.NoError(t, err)
	require.Len(t, step.Grant.Choices, 1)
	return step.Grant.Choices[0].Token
}

// heldToken is a source of one token that never changes.
type heldToken struct{ t parvis.Token }

func (h heldToken) Token(context.Context) (parvis.Token, error) { return h.t, nil }

// bskyHarness opens fresh accounts of the network, beside one that is always there. With
// team they are moderators of the network's labeler.
type bskyHarness struct {
	n    *network.Network
	ben  network.Account
	team bool
}

// Open opens an account behind a proxy that can fail.
func (h bskyHarness) Open(t testing.TB) *providertest.Rig {
	t.Helper()
	acme := bskyAccount(t, h.n, "acme")
	var faults apitest.Faults
	front := bskyFront(t, h.n, &faults)
	var log buffer
	token := bskyToken(t, h.n, front, acme)
	cfg := bluesky.Config{
		Tokens: heldToken{token}, Client: "acme", Server: front, Video: front, Every: 200 * time.Millisecond, Settle: 3 * time.Second,
	}
	if h.team {
		h.join(t, acme)
		cfg.Ozone = h.n.OzoneDID + "#atproto_labeler"
	}
	c, err := bluesky.New(cfg, &providers.Options{
		Timeout: 5 * time.Second, Retry: providers.Retry{MinWait: 10 * time.Millisecond},
		Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	require.NoError(t, err)
	return &providertest.Rig{
		Account:  c,
		Say:      func(ctx context.Context, x providertest.Saying) (parvis.Ref, error) { return h.say(ctx, c, acme, x) },
		Count:    func(ctx context.Context, text string) (int, error) { return h.count(ctx, text, acme, h.ben) },
		Calls:    faults.Calls,
		Break:    blueskytest.Stage(t, &faults),
		Secrets:  []string{token.Value, token.Refresh, acme.Password, acme.AppPassword},
		Log:      &log,
		Settle:   h.n.Settle,
		Moderate: func(on parvis.Ref) []moderate.Action { return blueskytest.Actions(t, c, on) },
	}
}

// join makes the account a moderator.
func (h bskyHarness) join(t testing.TB, a network.Account) {
	t.Helper()
	require.NoError(t, h.n.As(h.n.Moderator).Proxy(h.n.OzoneDID+"#atproto_labeler").Post(t.Context(), "tools.ozone.team.addMember", map[string]string{
		"did": a.DID, "role": "tools.ozone.team.defs#roleAdmin",
	}, nil))
}

// say makes ben mention the account, or answer.
func (h bskyHarness) say(ctx context.Context, c *bluesky.Client, acme network.Account, x providertest.Saying) (parvis.Ref, error) {
	text := x.Text
	if x.ReplyTo.IsZero() {
		text = "@" + acme.Handle + " " + text
	}
	uri, _, err := h.n.As(h.ben).Say(ctx, text, x.ReplyTo.ID)
	a := c.Account()
	return parvis.Ref{Client: a.Client, Network: a.Network, Host: a.Host, Kind: parvis.KindPost, ID: uri}, err
}

// count is how many posts of the accounts hold the text, as their repositories have it.
func (h bskyHarness) count(ctx context.Context, text string, of ...network.Account) (int, error) {
	sum := 0
	for _, a := range of {
		for cursor, more := "", true; more; more = cursor != "" {
			var page struct {
				Cursor  string
				Records []struct{ Value struct{ Text string } }
			}
			err := h.n.Anyone().Get(ctx, "com.atproto.repo.listRecords", url.Values{
				"repo": {a.DID}, "collection": {"app.bsky.feed.post"}, "limit": {"100"}, "cursor": {cursor},
			}, &page)
			if err != nil {
				return 0, err
			}
			for _, r := range page.Records {
				if strings.Contains(r.Value.Text, text) {
					sum++
				}
			}
			cursor = page.Cursor
		}
	}
	return sum, nil
}
