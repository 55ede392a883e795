package parvis

import (
	"context"
	"time"
)

// A Call is one request to a network, as a [Limiter] sees it.
type Call struct {
	Network Network
	// Account is [Account.String] of the account that calls.
	Account string
	// Endpoint names the method or route, without identifiers: "POST /api/v1/statuses".
	Endpoint string
	// Cost is the price in the network's own points or units; 0 counts as 1.
	Cost int
}

// A Limit is what an answer said about one allowance.
type Limit struct {
	// Name tells the network's allowances apart; empty if it has one.
	Name string
	// Max and Remaining count calls or points; Max 0 means unknown.
	Max, Remaining int
	// Reset is when Remaining becomes Max again; zero means unknown.
	Reset time.Time
	// Exceeded tells that the network refused the call because of this limit.
	Exceeded bool
}

// A Limiter decides when a call may leave, and learns from the answers. It is safe for
// concurrent use.
type Limiter interface {
	// Wait returns when the call may be sent. It gives an error that matches
	// [ErrRateLimited], with RetryAfter, if that takes longer than the caller is
	// willing to wait, and ctx's error if ctx ends first.
	Wait(ctx context.Context, c Call) error
	// Learn tells what an answer to c said about its limits.
	Learn(c Call, l Limit)
}
