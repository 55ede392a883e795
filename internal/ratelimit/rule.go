package ratelimit

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/parvis-go/parvis"
)

// A Kind is how an allowance comes back.
type Kind string

// The kinds; the zero value is Window.
const (
	Window  Kind = "window"
	Sliding Kind = "sliding"
	Tokens  Kind = "tokens"
	Usage   Kind = "usage"
)

// A Scope is whose calls share an allowance.
type Scope string

// The scopes; the zero value is Account.
const (
	Account     Scope = "account"
	Application Scope = "application"
	Client      Scope = "client"
	Host        Scope = "host"
)

// DefaultUsage is the percentage at which the kind Usage stops.
const DefaultUsage = 90

// sep stands between the parts of a bucket's key.
const sep = "\x1f"

// day is the Per of a rule that ends at midnight.
const day = 24 * time.Hour

// A Rule is one limit of a network, as data. Package providers/ratelimit documents the fields.
type Rule struct {
	Name      string
	Network   parvis.Network
	Kind      Kind
	Scope     Scope
	Endpoints []string
	Each      bool
	Max       int
	Per       time.Duration
	Burst     int
	Midnight  *time.Location
	Points    bool
	Costs     map[string]int
	Announced bool
}

// rule is a Rule in order: no field needs a default any more.
type rule struct {
	Rule
	id      string // tells the rules of a limiter apart, also in another process
	learned bool   // made from answers alone
	margin  time.Duration
	reserve float64
	leased  int64 // how much later than taken a unit may be used
}

func compile(r Rule, id string, o *Options) *rule {
	if r.Kind == "" {
		r.Kind = Window
	}
	if r.Scope == "" {
		r.Scope = Account
	}
	if r.Midnight != nil {
		r.Kind, r.Per = Window, day
	}
	if r.Kind == Usage && r.Max <= 0 {
		r.Max = DefaultUsage
	}
	if r.Kind == Tokens && (r.Max <= 0 || r.Per <= 0) {
		r.Kind = Sliding
	}
	if r.Burst <= 0 {
		r.Burst = max(r.Max, 1)
	}
	c := &rule{Rule: r, id: id, margin: o.Margin, reserve: o.Reserve}
	if o.store != nil {
		c.leased = c.leaseFor()
	}
	return c
}

// divided is what one of so many processes keeps to when it cannot ask the others.
func (r *rule) divided(processes int) *rule {
	d := *r
	if processes > 1 {
		if d.Kind != Usage && d.Max > 0 {
			d.Max = max(1, d.Max/processes)
		}
		d.Burst = max(1, d.Burst/processes)
	}
	return &d
}

// compileAll gives each rule an id that does not depend on its place, if its name is its own.
func compileAll(rules []Rule, o *Options) []*rule {
	out, seen := make([]*rule, len(rules)), map[string]bool{}
	for i, r := range rules {
		id := string(r.Network) + sep + r.Name
		if r.Name == "" || seen[id] {
			id += sep + strconv.Itoa(i)
		}
		seen[id] = true
		out[i] = compile(r, id, o)
	}
	return out
}

// applies reports whether c counts for the rule at all.
func (r *rule) applies(c *parvis.Call) bool {
	if r.Network != "" && r.Network != c.Network {
		return false
	}
	return len(r.Endpoints) == 0 || slices.ContainsFunc(r.Endpoints, func(p string) bool { return glob(p, c.Endpoint) })
}

// cost is what c takes of the rule's allowance; 0 means nothing.
func (r *rule) cost(c *parvis.Call) int {
	for _, name := range [...]string{c.Item, c.Endpoint} {
		if n, ok := r.Costs[name]; ok {
			return max(n, 0)
		}
	}
	if r.Points {
		return max(c.Cost, 1)
	}
	return 1
}

// key is the bucket that c takes from.
func (r *rule) key(c *parvis.Call) string {
	k := r.id + sep
	switch r.Scope {
	case Application:
		k += string(c.Network)
	case Client:
		k += string(c.Network) + sep + c.Client
	case Host:
		k += c.Host
	default:
		k += c.Account
	}
	if r.Each {
		k += sep + c.Endpoint
	}
	return k
}

// end is the end of the window that now lies in, for a rule that ends at midnight.
func (r *rule) end(now int64) int64 {
	t := time.Unix(0, now).In(r.Midnight)
	return time.Date(t.Year(), t.Month(), t.Day()+1, 0, 0, 0, 0, r.Midnight).UnixNano()
}

// glob matches s against a pattern in which * stands for any run of characters.
func glob(pattern, s string) bool {
	head, rest, star := strings.Cut(pattern, "*")
	if !star {
		return pattern == s
	}
	s, ok := strings.CutPrefix(s, head)
	if !ok {
		return false
	}
	for {
		part, more, star := strings.Cut(rest, "*")
		if !star {
			return strings.HasSuffix(s, part)
		}
		i := strings.Index(s, part)
		if i < 0 {
			return false
		}
		s, rest = s[i+len(part):], more
	}
}
