package price

import (
	"strings"
	"time"

	"github.com/parvis-go/parvis"
)

// A Price is what one call costs, or one thing that a call returns.
type Price struct {
	Network parvis.Network `json:"network"`
	// Item is the call's Item, or its Endpoint if it has none. A * at the end stands for
	// any rest; of several prices that match, the longest Item holds, and of two alike
	// the first.
	Item string `json:"item"`
	// Amount is the price.
	Amount parvis.Amount `json:"amount"`
}

func (p Price) matches(c parvis.Call, item string) bool {
	prefix, open := strings.CutSuffix(p.Item, "*")
	return p.Network == c.Network && (p.Item == item || open && strings.HasPrefix(item, prefix))
}

// A Period is how long a budget lasts before it begins anew.
type Period string

// The periods, by the calendar of the budget's zone.
const (
	Hourly  Period = "hour"
	Daily   Period = "day"
	Monthly Period = "month"
	// Once never begins anew.
	Once Period = "once"
)

// begin returns when the period that t lies in began; zero for [Once].
func (p Period) begin(t time.Time, zone *time.Location) time.Time {
	if zone == nil {
		zone = time.UTC
	}
	y, m, d := t.In(zone).Date()
	switch p {
	case Hourly:
		return t.Truncate(time.Hour)
	case Daily:
		return time.Date(y, m, d, 0, 0, 0, 0, zone)
	case Monthly:
		return time.Date(y, m, 1, 0, 0, 0, 0, zone)
	}
	return time.Time{}
}

// end returns when the period that t lies in is over; zero for [Once].
func (p Period) end(t time.Time, zone *time.Location) time.Time {
	b := p.begin(t, zone)
	switch p {
	case Hourly:
		return b.Add(time.Hour)
	case Daily:
		return b.AddDate(0, 0, 1)
	case Monthly:
		return b.AddDate(0, 1, 0)
	}
	return time.Time{}
}

// A Budget bounds what may be spent in a period.
type Budget struct {
	// Client is whose budget it is; empty is one for all clients together, as a quota of
	// the application is.
	Client string `json:"client,omitempty"`
	// Network restricts it to one network; empty is all.
	Network parvis.Network `json:"network,omitempty"`
	// Items restricts it to calls whose item is among them, as with quotas of their own
	// for one method; none is all.
	Items []string `json:"items,omitempty"`
	// Amount is the most that may be spent.
	Amount parvis.Amount `json:"amount"`
	// Per is the period, by the calendar of Zone; nil is UTC.
	Per  Period         `json:"per"`
	Zone *time.Location `json:"-"`
}

// filter is what the budget bounds at the time t.
func (b Budget) filter(t time.Time) Filter {
	return Filter{Client: b.Client, Network: b.Network, Items: b.Items, Unit: b.Amount.Unit, Since: b.Per.begin(t, b.Zone)}
}

// String names the budget: "the budget of acme on x for this month".
func (b Budget) String() string {
	s := "the budget"
	if b.Client != "" {
		s += " of " + b.Client
	}
	if b.Network != "" {
		s += " on " + string(b.Network)
	}
	if b.Per != Once {
		s += " for this " + string(b.Per)
	}
	return s
}
