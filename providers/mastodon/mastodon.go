package mastodon

import (
	"cmp"
	"context"
	_ "embed"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/httpx"
	"github.com/parvis-go/parvis/listen"
	"github.com/parvis-go/parvis/moderate"
	"github.com/parvis-go/parvis/providers"
	"github.com/parvis-go/parvis/providers/mastodon/internal/api"
	"github.com/parvis-go/parvis/publish"
)

// Network is the name of the network in accounts and references, whatever the software.
const Network parvis.Network = "mastodon"

// Streaming is the way in which a server pushes events.
type Streaming string

// The ways; see https://docs.joinmastodon.org/methods/streaming/.
const (
	Auto      Streaming = ""          // what the server's software does best
	SSE       Streaming = "sse"       // server-sent events
	WebSocket Streaming = "websocket" // a WebSocket for each stream
	Off       Streaming = "off"       // no streaming; the server is asked again and again
)

// Config says which account on which server. Server and Tokens are required.
type Config struct {
	// Server is the address of the server: "https://mastodon.example".
	Server string
	// Client is the organisation that the account speaks for.
	Client string
	// Tokens gives the token of a user.
	Tokens parvis.TokenSource
	// Streaming is how events are pushed.
	Streaming Streaming
	// Idempotent overrules whether the server honours the header Idempotency-Key, which
	// decides whether a post whose answer was lost is sent again. Set it only for a
	// server that was tried out: the same key sent twice must give the same post. nil leaves it
	// to what is known of the server's software.
	Idempotent *bool
	// Settle is how long a post may take to appear whose answer was lost: on a server
	// that honours no keys, Reconcile calls it missing no sooner. 0 is 5 seconds.
	Settle time.Duration
	// Refresh is how long the server's description and the account's role are believed;
	// 0 is an hour.
	Refresh time.Duration
}

// A Client is one account on one server. It is safe for concurrent use.
type Client struct {
	cfg    Config
	base   string
	host   string
	api    *api.Client
	server cell[*server]
	self   cell[*self]
}

var (
	_ publish.Publisher  = (*Client)(nil)
	_ publish.Supporter  = (*Client)(nil)
	_ publish.Getter     = (*Client)(nil)
	_ publish.Editor     = (*Client)(nil)
	_ publish.Deleter    = (*Client)(nil)
	_ publish.Reactor    = (*Client)(nil)
	_ publish.Scheduler  = (*Client)(nil)
	_ publish.Reconciler = (*Client)(nil)
	_ publish.Metrics    = (*Client)(nil)
	_ listen.Listener    = (*Client)(nil)
	_ listen.Supporter   = (*Client)(nil)
	_ listen.History     = (*Client)(nil)
	_ listen.Searcher    = (*Client)(nil)
	_ listen.Members     = (*Client)(nil)
	_ moderate.Moderator = (*Client)(nil)
	_ moderate.Supporter = (*Client)(nil)
	_ moderate.Pending   = (*Client)(nil)
)

// New returns a client. It does not call the server. A Config that cannot work gives an
// error that matches [parvis.ErrInvalid].
func New(cfg Config, opts *providers.Options) (*Client, error) {
	if opts == nil {
		opts = &providers.Options{}
	}
	u, err := url.Parse(cfg.Server)
	if err != nil || u.Host == "" || u.User != nil {
		return nil, invalid("the address of the server is missing or wrong", "set Config.Server to an address such as https://mastodon.example")
	}
	if cfg.Tokens == nil {
		return nil, invalid("there is no token", "set Config.Tokens, for example to parvis.StaticToken")
	}
	switch cfg.Streaming {
	case Auto, SSE, WebSocket, Off:
	default:
		return nil, invalid("there is no way of streaming called "+string(cfg.Streaming), "leave Config.Streaming empty")
	}
	cfg.Refresh, cfg.Settle = cmp.Or(cfg.Refresh, time.Hour), cmp.Or(cfg.Settle, 5*time.Second)
	c := &Client{cfg: cfg, base: strings.TrimRight(cfg.Server, "/"), host: strings.ToLower(u.Host)}
	c.api, err = api.New(httpx.Config{
		Account: c.Account, Base: c.base, Auth: c.authorize, Limiter: opts.Limiter, Meter: opts.Meter, Client: opts.HTTPClient,
		Logger: opts.Logger, Timeout: opts.Timeout, MaxBody: opts.MaxAnswer, UserAgent: cmp.Or(opts.UserAgent, "parvis"),
		Retry: httpx.RetryPolicy(opts.Retry),
	})
	if err != nil {
		return nil, parvis.In(err, c.Account(), "open", parvis.ErrInvalid)
	}
	return c, nil
}

func invalid(what, help string) error {
	return &parvis.Error{Op: "open", Network: Network, Code: parvis.ErrInvalid, Message: what, Help: help}
}

// authorize sets the token of now; see https://docs.joinmastodon.org/client/authorized/.
func (c *Client) authorize(ctx context.Context, r *http.Request) error {
	t, err := c.cfg.Tokens.Token(ctx)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+t.Value)
	return nil
}

// Account returns the account. Its ID and Handle are empty until the server was asked.
func (c *Client) Account() parvis.Account {
	a := parvis.Account{Client: c.cfg.Client, Network: Network, Host: c.host}
	if s, ok := c.self.peek(); ok {
		a.ID, a.Handle, a.Name = s.ID, s.Acct, s.DisplayName
	}
	return a
}

//go:embed manifest.json
var manifest []byte

// Manifest describes the network and how far this provider goes.
func Manifest() providers.Manifest { return providers.MustManifest(manifest) }

// Opener opens accounts by [providers.Settings]: Server is the server, Secret the token.
func Opener() providers.Opener {
	return providers.Opener{
		Manifest: Manifest(), Zero: (*Client)(nil),
		Open: func(s providers.Settings, o *providers.Options) (providers.Provider, error) {
			tokens := s.Tokens
			if tokens == nil {
				tokens = parvis.StaticToken(s.Secret)
			}
			return New(Config{Server: s.At(), Client: s.For(), Tokens: tokens}, o)
		},
	}
}
