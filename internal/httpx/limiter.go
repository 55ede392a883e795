package httpx

import (
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/ratelimit"
)

// DefaultLimiterWait is how long the default limiter waits before it refuses.
const DefaultLimiterWait = ratelimit.DefaultWait

// Options set up the limiter of a client that the program gives none.
type Options struct {
	// MaxWait is how long a call may be held back before it is refused;
	// 0 means [DefaultLimiterWait], a negative one that no call is held back.
	MaxWait time.Duration
	// Family names the family of an endpoint, for networks where endpoints share
	// their allowance; nil means that each is its own.
	Family func(endpoint string) string
}

// NewLimiter returns a limiter without documented numbers: it obeys what answers say.
// Package providers/ratelimit makes those that know a network's rules.
func NewLimiter(o Options) parvis.Limiter {
	return ratelimit.New(nil, &ratelimit.Options{MaxWait: o.MaxWait, Family: o.Family})
}
