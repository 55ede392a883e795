package bluesky

import (
	"context"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers"
)

var _ providers.Prober = (*Client)(nil)

// Probe asks the PDS who the account is, and what its state is. A token that cannot be
// renewed by itself has an Expiry. An e-mail address that is not confirmed is told of an
// account that is healthy otherwise.
//
// https://docs.bsky.app/docs/api/com-atproto-server-get-session
func (c *Client) Probe(ctx context.Context) (providers.Health, error) {
	h := providers.Health{Condition: providers.Healthy, Time: time.Now()}
	s, err := c.api.GetSession(ctx, "probe")
	if ctx.Err() != nil {
		return providers.Health{}, ctx.Err()
	}
	h.Account = c.Account()
	t, tokenErr := c.cfg.Tokens.Token(ctx)
	if tokenErr == nil {
		h.Granted, h.Lacks = t.Scopes, Manifest().Lacking(t.Scopes, covers)
		if t.Refresh == "" {
			h.Expiry = t.Expiry
		}
	}
	if err != nil {
		sick := providers.HealthOf(h.Account, err)
		sick.Granted, sick.Lacks, sick.Expiry = h.Granted, h.Lacks, h.Expiry
		c.status(ctx, &sick)
		return sick, nil
	}
	h.API, _ = c.api.Version(ctx)
	switch {
	case s.Active != nil && !*s.Active:
		inactive(&h, s.Status)
	case len(h.Lacks) > 0:
		h.Condition, h.Why = providers.Limited, "scopes are missing"
		h.Help = "connect the account again and grant what is missing"
	case !h.Expiry.IsZero():
		h.Condition, h.Why = providers.Expiring, "the token cannot renew itself"
		h.Help = "connect the account with one of the flows"
	case s.EmailConfirmed != nil && !*s.EmailConfirmed:
		h.Why, h.Help = "the e-mail address is not confirmed, and the video service takes nothing", "confirm it in the network's own app, if videos are to be posted"
	}
	return h, nil
}

// status finds the reason of a refusal in the account's public state: a server that has
// taken an account down says to its owner only that it cannot be found.
//
// https://docs.bsky.app/docs/api/com-atproto-sync-get-repo-status
func (c *Client) status(ctx context.Context, h *providers.Health) {
	if h.Code != parvis.ErrInvalid && h.Code != parvis.ErrPermission && h.Code != parvis.ErrNotFound || h.Account.ID == "" {
		return
	}
	s, err := c.api.RepoStatus(ctx, "probe", h.Account.ID)
	if err == nil && !s.Active {
		inactive(h, s.Status)
	}
}

// inactive says why the server does not show the account.
func inactive(h *providers.Health, status string) {
	h.Condition, h.Code = providers.Limited, parvis.ErrPermission
	switch status {
	case "takendown":
		h.Why, h.Help = "the account was taken down", "the network's moderators took the account down: ask its owner to appeal"
	case "suspended":
		h.Why, h.Help = "the account is suspended", "ask its owner to appeal, or wait for the end of the suspension"
	case "deactivated":
		h.Why, h.Help = "the owner has deactivated the account", "it can be activated again in the network's own app"
	default:
		h.Why, h.Help = "the account is not active", "ask its owner to look at it in the network's own app"
	}
}
