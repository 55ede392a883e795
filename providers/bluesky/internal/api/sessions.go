package api

import (
	"context"
	"encoding/json"
)

// A Login is what a server says of an account that is logged in.
//
// https://docs.bsky.app/docs/api/com-atproto-server-get-session
type Login struct {
	DID      string          `json:"did"`
	Handle   string          `json:"handle"`
	Access   string          `json:"accessJwt"`
	Refresh  string          `json:"refreshJwt"`
	Document json.RawMessage `json:"didDoc"`
	// EmailConfirmed is nil where the server does not tell, as under OAuth without the
	// scope for it.
	EmailConfirmed *bool `json:"emailConfirmed"`
	// Active is nil where the server does not say; then the account is.
	Active *bool `json:"active"`
	// Status is why it is not: takendown, suspended, deactivated.
	Status string `json:"status"`
}

// GetSession asks who the account is, with the token of now.
//
// https://docs.bsky.app/docs/api/com-atproto-server-get-session
func (c *Client) GetSession(ctx context.Context, op string) (Login, error) {
	var out Login
	err := c.Query(ctx, Call{NSID: "com.atproto.server.getSession", Op: op}, &out)
	if err == nil {
		c.session.Learn(out.DID, out.Handle)
	}
	return out, err
}

// ResolveHandle returns the DID that a handle stands for, as the PDS knows it. A handle that nobody has is
// [parvis.ErrNotFound].
//
// https://docs.bsky.app/docs/api/com-atproto-identity-resolve-handle
func (c *Client) ResolveHandle(ctx context.Context, op, handle string) (string, error) {
	var out struct {
		DID string `json:"did"`
	}
	err := c.Query(ctx, Call{NSID: "com.atproto.identity.resolveHandle", Op: op, Query: map[string][]string{"handle": {handle}}}, &out)
	return out.DID, err
}

// Version returns the version of the PDS's software, or "" if it does not say.
//
// https://github.com/bluesky-social/pds#checking-if-your-pds-is-online-and-healthy
func (c *Client) Version(ctx context.Context) (string, error) {
	var out struct {
		Version string `json:"version"`
	}
	err := c.Query(ctx, Call{NSID: "_health", Op: "probe"}, &out)
	return out.Version, err
}

// A RepoStatus is the public state of an account. Status is as in [Login].
type RepoStatus struct {
	Active bool   `json:"active"`
	Status string `json:"status"`
}

// RepoStatus asks for the public state of an account.
//
// https://docs.bsky.app/docs/api/com-atproto-sync-get-repo-status
func (c *Client) RepoStatus(ctx context.Context, op, did string) (RepoStatus, error) {
	var out RepoStatus
	err := c.Query(ctx, Call{NSID: "com.atproto.sync.getRepoStatus", Op: op, Query: map[string][]string{"did": {did}}}, &out)
	return out, err
}
