package bluesky

import (
	"cmp"
	"context"
	_ "embed"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/httpx"
	"github.com/parvis-go/parvis/providers"
	"github.com/parvis-go/parvis/providers/bluesky/internal/api"
)

// Network is the name of the network in accounts and references.
const Network parvis.Network = "bluesky"

// Config says which account. Tokens is required.
type Config struct {
	// Tokens gives the account's session, as [Flow] or [PasswordFlow] have obtained it.
	// Its Extra says who the account is and where its PDS is. One that is a
	// [parvis.Renewer] is asked for another token when the PDS refuses one.
	Tokens parvis.TokenSource
	// Client is the organisation that the account speaks for.
	Client string
	// Account is what is known of the account before its first call: ID is the DID. It
	// may be zero.
	Account parvis.Account
	// Server is the address of the account's PDS; empty is the one that the token names.
	Server string
	// AppView is the service that shows posts, as PDSs call it; empty is the PDS's own choice.
	AppView string
	// Ozone is the labeler service whose moderator the account is, and that reports go to:
	// "did:plc:…#atproto_labeler". Empty sends reports to the PDS's own, and makes no moderator.
	Ozone string
	// Video is the address of the video service; empty is [DefaultVideo].
	Video string
	// Jetstream and Firehose are the addresses of streams of everybody's records;
	// empty is [DefaultJetstream] and the relay [DefaultFirehose].
	Jetstream, Firehose string
	// Cards fetches the pages that posts link to, for their cards; nil is a client that
	// reaches public addresses only.
	Cards CardFetcher
	// Refresh is how long what the network says about the account is believed; 0 is an hour.
	Refresh time.Duration
	// Every is how often what cannot be streamed is asked for; 0 is [DefaultEvery].
	Every time.Duration
	// Settle is how long a record may take to appear in the app view; 0 is [DefaultSettle].
	Settle time.Duration
}

// A Client is one account. It is safe for concurrent use.
type Client struct {
	cfg     Config
	opt     providers.Options
	api     *api.Client
	session *api.Session
	video   videoProbe
	team    team
}

// New returns a client. It does not call the network. A Config that cannot work gives an
// error that matches [parvis.ErrInvalid].
func New(cfg Config, opts *providers.Options) (*Client, error) {
	if opts == nil {
		opts = &providers.Options{}
	}
	if cfg.Tokens == nil {
		return nil, invalid("there is no session", "set Config.Tokens, for example to what PasswordFlow.Source returns")
	}
	if cfg.Server != "" {
		if _, err := api.CheckServer(cfg.Server); err != nil {
			return nil, parvis.In(err, parvis.Account{Network: Network}, "open", parvis.ErrInvalid)
		}
	}
	if cfg.Account.ID != "" && !api.ValidDID(cfg.Account.ID) {
		return nil, invalid("Config.Account.ID is not a DID", "leave it empty, or set it to the account's DID")
	}
	cfg.Refresh = cmp.Or(cfg.Refresh, time.Hour)
	c := &Client{cfg: cfg, opt: *opts, session: api.NewSession(cfg.Tokens, cfg.Server)}
	h := transport(opts)
	h.Account = c.Account
	var err error
	if c.api, err = api.New(h, c.session); err != nil {
		return nil, parvis.In(err, c.Account(), "open", parvis.ErrInvalid)
	}
	return c, nil
}

// transport is what the options say about HTTP.
func transport(o *providers.Options) httpx.Config {
	cfg := httpx.Config{
		Limiter: o.Limiter, Meter: o.Meter, Client: o.HTTPClient, Logger: o.Logger, Timeout: o.Timeout,
		MaxBody: o.MaxAnswer, UserAgent: cmp.Or(o.UserAgent, "parvis"), Retry: httpx.RetryPolicy(o.Retry),
		Limits: api.Limits,
	}
	if cfg.Limiter == nil {
		cfg.Limiter = documented()
	}
	return cfg
}

func invalid(what, help string) error {
	return &parvis.Error{Op: "open", Network: Network, Code: parvis.ErrInvalid, Message: what, Help: help}
}

// ResolveHandle returns the DID of the account that uses the handle, as the account's PDS
// knows it. A handle that nobody has gives an error that matches [parvis.ErrNotFound].
//
// https://docs.bsky.app/docs/api/com-atproto-identity-resolve-handle
func (c *Client) ResolveHandle(ctx context.Context, handle string) (string, error) {
	handle = api.CleanHandle(handle)
	if api.ValidDID(handle) {
		return handle, nil
	}
	if !api.ValidHandle(handle) {
		return "", &parvis.Error{
			Op: "resolve handle", Network: Network, Account: c.Account().String(), Code: parvis.ErrInvalid,
			Message: "that is not a handle", Help: "a handle looks like name.bsky.social or example.com",
		}
	}
	return c.api.ResolveHandle(ctx, "resolve handle", handle)
}

// A CardFetcher reads what a link card shows of a page.
type CardFetcher interface {
	// Fetch returns the card of the page at address. A page that cannot be read, or whose
	// address is not public, gives an error.
	Fetch(ctx context.Context, address string) (Card, error)
}

// A Card is what a link card shows.
type Card struct {
	URL, Title, Description string
	// Image is the picture, up to the network's size, and ImageType its MIME type; empty is none.
	Image     []byte
	ImageType string
}

//go:embed manifest.json
var manifest []byte

// Manifest describes the network and how far this provider goes.
func Manifest() providers.Manifest { return providers.MustManifest(manifest) }
