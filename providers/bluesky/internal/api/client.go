// Package api speaks XRPC, the HTTP dialect of the AT Protocol, as one account: queries
// and procedures by their NSID, records, blobs and service proxying.
//
// https://atproto.com/specs/xrpc
package api

import (
	"context"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/httpx"
)

// Client calls the PDS of one account. It is safe for concurrent use.
type Client struct {
	cfg     httpx.Config
	session *Session
	mu      sync.Mutex
	base    string
	http    *httpx.Client
}

// A Call is one call of a method.
type Call struct {
	// NSID names the method: "app.bsky.feed.getPostThread".
	NSID string
	// Op is what the user was doing.
	Op string
	// Query are the parameters.
	Query url.Values
	// Input is the body of a procedure, sent as JSON; Body another body, such as a blob.
	Input any
	Body  httpx.Body
	// Proxy is the service that the PDS passes the call on to: "did:web:api.bsky.app#bsky_appview".
	//
	// https://atproto.com/specs/xrpc#service-proxying
	Proxy string
	// Labelers are the DIDs of the labelers whose labels are wanted, beside the default ones.
	Labelers []string
	// Safe tells that a procedure may be repeated: it is idempotent by nature.
	Safe bool
	// Points is what the call costs of the PDS's write allowance: 3 to create, 2 to
	// update, 1 to delete a record; 0 for what writes nothing.
	//
	// https://docs.bsky.app/docs/advanced-guides/rate-limits
	Points int
	// Timeout replaces the client's own; see httpx.Request.
	Timeout time.Duration
}

// New returns a client that calls as s says. Of cfg, the address, the credentials and the
// dialect are the client's own.
func New(cfg httpx.Config, s *Session) (*Client, error) {
	cfg.Errors = verdict
	cfg.Auth, cfg.Challenge, cfg.Secrets = s.authorize, s.challenge, s.secrets
	check := cfg
	check.Base = "https://pds.invalid"
	if _, err := httpx.New(check); err != nil {
		return nil, err
	}
	return &Client{cfg: cfg, session: s}, nil
}

// DID returns the account's own DID.
func (c *Client) DID(ctx context.Context) (string, error) {
	who, err := c.session.Who(ctx)
	if err != nil || who.DID != "" {
		return who.DID, err
	}
	s, err := c.GetSession(ctx, "who am I")
	return s.DID, err
}

// Server returns the address of the account's PDS.
func (c *Client) Server(ctx context.Context) (string, error) {
	who, err := c.session.Who(ctx)
	return who.PDS, err
}

// Query calls a method that only reads, and decodes the answer into out.
func (c *Client) Query(ctx context.Context, k Call, out any) error {
	return c.call(ctx, k, http.MethodGet, out)
}

// Procedure calls a method that changes something, and decodes the answer into out,
// unless that is nil.
func (c *Client) Procedure(ctx context.Context, k Call, out any) error {
	return c.call(ctx, k, http.MethodPost, out)
}

func (c *Client) call(ctx context.Context, k Call, method string, out any) error {
	h, err := c.at(ctx)
	if err != nil {
		return parvis.In(err, c.account(), k.Op, parvis.ErrUnavailable)
	}
	_, err = h.JSON(c.session.begin(ctx), k.request(method), out)
	return asPermission(err)
}

func (c *Client) account() parvis.Account {
	if c.cfg.Account == nil {
		return parvis.Account{}
	}
	return c.cfg.Account()
}

// at returns the HTTP client of the PDS where the account lives now.
func (c *Client) at(ctx context.Context) (*httpx.Client, error) {
	who, err := c.session.Who(ctx)
	if err != nil {
		return nil, err
	}
	if who.PDS == "" {
		return nil, &parvis.Error{
			Code: parvis.ErrInvalid, Message: "it is not known where the account lives",
			Help: "set Config.Server to the address of its PDS, or connect the account with one of the flows",
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.http != nil && c.base == who.PDS {
		return c.http, nil
	}
	cfg := c.cfg
	cfg.Base = who.PDS
	cfg.Limits = c.session.limits(who.PDS)
	h, err := httpx.New(cfg)
	if err != nil {
		return nil, err
	}
	c.base, c.http = who.PDS, h
	return h, nil
}

func (k Call) request(method string) httpx.Request {
	r := httpx.Request{
		Method: method, Path: "/xrpc/" + k.NSID, Endpoint: k.NSID, Query: k.Query, Body: k.Body,
		Safe: k.Safe, Op: k.Op, Cost: k.Points, Timeout: k.Timeout, Header: http.Header{},
	}
	if k.Input != nil {
		r.Body = httpx.JSON(k.Input)
	}
	if k.Proxy != "" {
		r.Header.Set("Atproto-Proxy", k.Proxy)
	}
	for _, did := range k.Labelers {
		r.Header.Add("Atproto-Accept-Labelers", did)
	}
	return r
}
