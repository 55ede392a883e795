package parvis

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A Call is one request to a network, as a [Limiter] sees it.
type Call struct {
	Network Network
	// Host is the server that is called, with its port.
	Host string
	// Client is the organisation that the account speaks for.
	Client string
	// Account is [Account.String] of the account that calls.
	Account string
	// Endpoint names the method or route, without identifiers: "POST /api/v1/statuses".
	Endpoint string
	// Item is the name of the call in the network's price list, where that depends on
	// more than the endpoint: "post with link". Empty is Endpoint.
	Item string
	// Cost is what the call takes of the network's allowances, in points; 0 counts as 1.
	Cost int
	// Things is how many things the call may return that the network charges for one by
	// one, such as posts that are read; 0 counts as 1.
	Things int
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

// An Amount is a price, or a sum of prices, in one unit.
type Amount struct {
	// Unit is a currency such as "USD", or the network's own unit: "youtube units".
	Unit string `json:"unit"`
	// Micros counts millionths of the unit.
	Micros int64 `json:"micros"`
}

// String returns the amount with the decimals that it needs: "0.2 USD".
func (a Amount) String() string {
	whole, part, sign := a.Micros/1e6, a.Micros%1e6, ""
	if a.Micros < 0 {
		whole, part, sign = -whole, -part, "-"
	}
	s := sign + strconv.FormatInt(whole, 10)
	if part != 0 {
		s += "." + strings.TrimRight(fmt.Sprintf("%06d", part), "0")
	}
	return s + " " + a.Unit
}

// A Meter counts what the calls of each client cost, and refuses those that no budget
// pays for. It is safe for concurrent use.
type Meter interface {
	// Reserve is called before each try of a call. It sets the price aside, or gives an
	// error that matches [ErrBudget]: then nothing is sent. Whoever reserved calls settle
	// exactly once with how many things the network may have taken or given that it
	// charges for: 0 if it surely took nothing, 1 for a call that is charged as such.
	// What was set aside beyond that is given back. settle is nil for what costs nothing.
	Reserve(ctx context.Context, c Call) (settle func(taken int), err error)
	// Left returns what is left of the budgets that hold for a's client on a's network,
	// the smallest of each unit; none means that nothing is bounded.
	Left(ctx context.Context, a Account) ([]Amount, error)
}
