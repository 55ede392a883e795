package publish

import (
	"context"
	"regexp"
	"slices"

	"github.com/parvis-go/parvis"
)

// A Price is what publishing costs in a place, for networks that charge by the call or
// keep a quota in units.
type Price struct {
	// Item is the name of the call in the network's price list: "post create".
	Item string `json:"item"`
	// Amount is the price of one post.
	parvis.Amount
	// When says which drafts pay it; empty is all.
	When PriceWhen `json:"when,omitempty"`
	// Instead tells that it takes the place of the prices before it, in its unit.
	Instead bool `json:"instead,omitempty"`
}

// PriceWhen says which drafts pay a [Price].
type PriceWhen string

// The kinds of drafts that have prices of their own.
const (
	// WithLink is a draft whose text or link card leads somewhere.
	WithLink PriceWhen = "link"
	// WithMedia is a draft with files, WithReply an answer.
	WithMedia PriceWhen = "media"
	WithReply PriceWhen = "reply"
)

// A Budgeter is a publisher that knows what is left of the budgets of its client.
// [Check] asks it where publishing costs something.
type Budgeter interface {
	// Budget returns what is left, the smallest of each unit; none is unbounded. It does
	// not call the network.
	Budget(ctx context.Context) ([]parvis.Amount, error)
}

// Estimate returns what publishing d through p costs, one amount a unit; none is free.
// It sends nothing. The options are those of [To]: what they change in the draft counts.
func Estimate(ctx context.Context, p Publisher, d Draft, opts ...Option) ([]parvis.Amount, error) {
	d, sup, _, err := adapted(ctx, p, d, opts)
	if err != nil {
		return nil, parvis.In(err, p.Account(), "estimate", parvis.ErrUnavailable)
	}
	return estimate(sup.Prices, d), nil
}

func estimate(prices []Price, d Draft) []parvis.Amount {
	var sums []parvis.Amount
	for _, price := range prices {
		if !price.When.holds(d) {
			continue
		}
		i := slices.IndexFunc(sums, func(a parvis.Amount) bool { return a.Unit == price.Unit })
		switch {
		case i < 0:
			sums = append(sums, price.Amount)
		case price.Instead:
			sums[i].Micros = price.Micros
		default:
			sums[i].Micros += price.Micros
		}
	}
	return slices.DeleteFunc(sums, func(a parvis.Amount) bool { return a.Micros == 0 })
}

func (w PriceWhen) holds(d Draft) bool {
	switch w {
	case WithLink:
		return d.Link != "" || hasLink.MatchString(d.Text)
	case WithMedia:
		return len(d.Media) > 0
	case WithReply:
		return !d.ReplyTo.IsZero()
	}
	return w == ""
}

// hasLink finds what networks take for an address, generously: an estimate that is too
// high refuses a post that can be sent after a look, one that is too low costs money.
var hasLink = regexp.MustCompile(`(?i)https?://|\bwww\.|\b[a-z0-9-]+(\.[a-z0-9-]+)*\.[a-z]{2,}(/|\b)`)

// price notes a problem for each unit of which less is left than the draft costs.
func (c *checker) price(ctx context.Context) error {
	costs := estimate(c.sup.Prices, c.d)
	if len(costs) == 0 || c.budget == nil {
		return nil
	}
	left, err := c.budget.Budget(ctx)
	if err != nil {
		return err
	}
	for _, cost := range costs {
		for _, l := range left {
			if l.Unit == cost.Unit && l.Micros < cost.Micros {
				c.add("price", "budget", "the post costs %v, and %v are left of the budget", cost, l).
					measured(cost.Micros, l.Micros).help("raise the budget, or publish when it begins anew")
			}
		}
	}
	return nil
}
