package api

import (
	"context"
	"net/url"
	"strconv"
	"time"

	"github.com/parvis-go/parvis/internal/httpx"
)

// Me is the account whose token is used; see https://docs.joinmastodon.org/entities/Account/#CredentialAccount.
type Me struct {
	Account
	// Role is nil where the server does not say; see https://docs.joinmastodon.org/entities/Role/.
	Role *Role `json:"role"`
}

// A Role is what an account may do on its server.
type Role struct {
	Name string `json:"name"`
	// Permissions is a decimal number of flags.
	Permissions string `json:"permissions"`
}

// Application is the application that a token was given to.
type Application struct {
	Name   string   `json:"name"`
	Scopes []string `json:"scopes"`
}

// Relationship is how the account stands to another; see https://docs.joinmastodon.org/entities/Relationship/.
type Relationship struct {
	ID              string `json:"id"`
	Blocking        bool   `json:"blocking"`
	Muting          bool   `json:"muting"`
	MutingExpiresAt string `json:"muting_expires_at"`
}

// Verify asks who the account is; see https://docs.joinmastodon.org/methods/accounts/#verify_credentials.
func (c *Client) Verify(ctx context.Context) (Me, error) {
	return take(ctx, c, at("GET", "/api/v1/accounts/verify_credentials", ""), lenient[Me])
}

// App asks what the application may do at most; see https://docs.joinmastodon.org/methods/apps/#verify_credentials.
func (c *Client) App(ctx context.Context) (Application, error) {
	return take(ctx, c, at("GET", "/api/v1/apps/verify_credentials", ""), lenient[Application])
}

// Relationships asks how the account stands to another; see https://docs.joinmastodon.org/methods/accounts/#relationships.
func (c *Client) Relationships(ctx context.Context, id string) ([]Relationship, error) {
	r := at("GET", "/api/v1/accounts/relationships", "")
	r.Query = url.Values{"id[]": {id}}
	return take(ctx, c, r, lenient[[]Relationship])
}

// Relate blocks, unblocks, mutes or unmutes a person; see https://docs.joinmastodon.org/methods/accounts/#block
// and https://docs.joinmastodon.org/methods/accounts/#mute. A mute ends after d, if d is not 0.
func (c *Client) Relate(ctx context.Context, id, verb string, d time.Duration) (Whole[Relationship], error) {
	r := at("POST", "/api/v1/accounts/:id/"+verb, id)
	r.Safe = true // "or account was already blocked"
	if d > 0 {
		r.Body = httpx.Form(url.Values{"duration": {strconv.FormatInt(int64((d+time.Second-1)/time.Second), 10)}})
	}
	return take(ctx, c, r, whole[Relationship])
}

// AccountStatuses lists what an account posted, newest first; see
// https://docs.joinmastodon.org/methods/accounts/#statuses.
func (c *Client) AccountStatuses(ctx context.Context, id string, q url.Values) (List[Status], error) {
	r := at("GET", "/api/v1/accounts/:id/statuses", id)
	r.Query = q
	return list(ctx, c, r, DecodeStatuses)
}

// Followers lists who follows an account; see https://docs.joinmastodon.org/methods/accounts/#followers.
func (c *Client) Followers(ctx context.Context, id string, q url.Values) (List[Account], error) {
	r := at("GET", "/api/v1/accounts/:id/followers", id)
	r.Query = q
	return list(ctx, c, r, into[[]Account])
}

// DomainBlocks lists the servers that the account blocks; see https://docs.joinmastodon.org/methods/domain_blocks/#get.
func (c *Client) DomainBlocks(ctx context.Context, q url.Values) (List[string], error) {
	r := at("GET", "/api/v1/domain_blocks", "")
	r.Query = q
	return list(ctx, c, r, into[[]string])
}

// BlockDomain blocks a server, or takes that back; see https://docs.joinmastodon.org/methods/domain_blocks/#block.
func (c *Client) BlockDomain(ctx context.Context, domain string, block bool) error {
	method := "POST"
	if !block {
		method = "DELETE"
	}
	r := at(method, "/api/v1/domain_blocks", "")
	r.Body, r.Safe = httpx.Form(url.Values{"domain": {domain}}), true // "even if the domain is already blocked"
	return c.send(ctx, r)
}

// FileReport reports a person to the server's moderators; see https://docs.joinmastodon.org/methods/reports/#post.
func (c *Client) FileReport(ctx context.Context, form url.Values) (Whole[Report], error) {
	r := at("POST", "/api/v1/reports", "")
	r.Body = httpx.Form(form)
	return take(ctx, c, r, whole[Report])
}
