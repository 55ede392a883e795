package wordpress

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers"
	"github.com/parvis-go/parvis/providers/oauth"
	"github.com/parvis-go/parvis/providers/wordpress/internal/api"
)

var _ providers.Prober = (*Client)(nil)

// granted are those of the user's capabilities that the manifest names.
func granted(me api.User) []string {
	out := []string{}
	for _, scope := range Manifest().ScopesFor() {
		if me.Capabilities[scope] {
			out = append(out, scope)
		}
	}
	return out
}

// Probe tells how the account is, by asking the site who it is. A password that the site
// does not accept is [providers.Lost]; capabilities that the role lacks make the account
// [providers.Limited]; a site that fails, is in maintenance or answers with a page of its
// firewall is [providers.Unreachable]. API is wp/v2, or empty if the site does not have it.
//
// https://developer.wordpress.org/rest-api/reference/users/#retrieve-a-user-2
func (c *Client) Probe(ctx context.Context) (providers.Health, error) {
	h := providers.Health{Account: c.Account(), Condition: providers.Healthy, Time: time.Now()}
	c.me.Forget()
	me, err := c.whoami(ctx, "probe")
	if ctx.Err() != nil {
		return providers.Health{}, ctx.Err()
	}
	if err != nil {
		h = oauth.Diagnose(h, err)
		if errors.Is(err, parvis.ErrUnsupported) {
			h.Why = "the site does not offer its REST API"
		}
		return h, nil
	}
	h.Account, h.API, h.Granted = c.Account(), "wp/v2", granted(me)
	h.Lacks = Manifest().Lacking(h.Granted, nil)
	if len(h.Lacks) > 0 {
		h.Condition, h.Code, h.Why = providers.Limited, parvis.ErrPermission, "the role lacks capabilities"
		h.Help = helpRole
		if !slices.Contains(h.Granted, "edit_posts") {
			h.Why = "the role may not write posts"
		}
	}
	return h, nil
}
