package bluesky

import (
	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers/ratelimit"
)

// sessions is the endpoint of logins, which a server counts for each account.
const sessions = "com.atproto.server.createSession"

// documented returns a limiter that knows the documented allowances.
//
// https://docs.bsky.app/docs/advanced-guides/rate-limits
func documented() parvis.Limiter {
	return ratelimit.New(ratelimit.Documented(Network), nil)
}
