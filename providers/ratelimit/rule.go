package ratelimit

import (
	"time"

	"github.com/parvis-go/parvis"
	engine "github.com/parvis-go/parvis/internal/ratelimit"
)

// A Kind is how an allowance comes back.
type Kind string

// The kinds of allowance. The zero value of [Rule].Kind is Window.
const (
	// Window comes back as a whole, when the window ends. Unless answers tell when that
	// is, or Midnight does, no stretch of Per is allowed more than Max.
	Window Kind = "window"
	// Sliding: each call comes back Per after it was made.
	Sliding Kind = "sliding"
	// Tokens come back evenly, Max in each Per, up to Burst.
	Tokens Kind = "tokens"
	// Usage is told by answers in percent; Max is the percentage at which calls stop.
	// From three quarters of it calls go one by one.
	Usage Kind = "usage"
)

// A Scope is whose calls share an allowance.
type Scope string

// The scopes. The zero value of [Rule].Scope is Account.
const (
	// Account: each account has its own.
	Account Scope = "account"
	// Application: all calls to the network share it.
	Application Scope = "application"
	// Client: the accounts of one client share it.
	Client Scope = "client"
	// Host: all calls to one server share it, as where it counts by address.
	Host Scope = "host"
)

// A Rule is one limit of a network.
type Rule struct {
	// Name is how answers call the limit ([parvis.Limit].Name), and how refusals of the
	// limiter do. An answer that names none is taken for the announced rule with its
	// number and the shortest period that fits.
	Name string
	// Network is whose calls count; empty means those of all.
	Network parvis.Network
	// Kind is how the allowance comes back; empty means [Window].
	Kind Kind
	// Scope is who shares it; empty means [Account].
	Scope Scope
	// Endpoints are the [parvis.Call].Endpoint values that count, in which * stands for any run
	// of characters; nil means all.
	Endpoints []string
	// Each gives every endpoint an allowance of its own.
	Each bool
	// Max is the allowance in each Per, in calls, points or percent. 0 means that it is
	// unknown and found out from answers; for [Usage] it means 90.
	Max int
	// Per is the period. 0 means that answers tell when a window ends.
	Per time.Duration
	// Burst is how many [Tokens] there are when none was taken; 0 means Max.
	Burst int
	// Midnight makes the window a day of this zone. It wins over Kind and Per.
	Midnight *time.Location
	// Points counts [parvis.Call].Cost; otherwise each call counts 1.
	Points bool
	// Costs are the costs by [parvis.Call].Item, or else Endpoint. What it has wins over
	// Points; a cost of 0 means that the call does not count.
	Costs map[string]int
	// Announced tells that answers tell what is left. One call then goes first when
	// nothing is known, at the start and in each new window.
	Announced bool
}

func rules(in []Rule) []engine.Rule {
	out := make([]engine.Rule, len(in))
	for i, r := range in {
		out[i] = engine.Rule{
			Name: r.Name, Network: r.Network, Kind: engine.Kind(r.Kind), Scope: engine.Scope(r.Scope),
			Endpoints: r.Endpoints, Each: r.Each, Max: r.Max, Per: r.Per, Burst: r.Burst, Midnight: r.Midnight,
			Points: r.Points, Costs: r.Costs, Announced: r.Announced,
		}
	}
	return out
}
