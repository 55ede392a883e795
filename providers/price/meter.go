package price

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"time"

	"github.com/parvis-go/parvis"
)

// Options set up a [Meter]. nil is fine.
type Options struct {
	// Ledger is where spending is booked; nil is [NewMemory].
	Ledger Ledger
	// Budgets bound the spending; none only counts.
	Budgets []Budget
	// Logger is told when something could not be given back; nil discards.
	Logger *slog.Logger
}

// Meter is the [parvis.Meter] of this module. It is safe for concurrent use.
type Meter struct {
	prices []Price
	opt    Options
}

var _ parvis.Meter = (*Meter)(nil)

// New returns a meter with the prices. A price or budget below zero, without a unit, or
// of an unknown period gives an error that matches [parvis.ErrInvalid].
func New(prices []Price, o *Options) (*Meter, error) {
	m := &Meter{prices: slices.Clone(prices)}
	if o != nil {
		m.opt = *o
	}
	if m.opt.Ledger == nil {
		m.opt.Ledger = NewMemory()
	}
	if m.opt.Logger == nil {
		m.opt.Logger = slog.New(slog.DiscardHandler)
	}
	for _, p := range m.prices {
		if p.Network == "" || p.Item == "" || p.Amount.Unit == "" || p.Amount.Micros < 0 {
			return nil, invalid("the price of "+p.Item+" has no network, item or unit, or is below zero", "give it all four")
		}
	}
	for _, b := range m.opt.Budgets {
		if b.Amount.Unit == "" || b.Amount.Micros < 0 || !slices.Contains([]Period{Hourly, Daily, Monthly, Once}, b.Per) {
			return nil, invalid(b.String()+" has no unit or period, or is below zero", "set Budget.Amount and Budget.Per")
		}
	}
	return m, nil
}

func invalid(what, help string) error {
	return &parvis.Error{Op: "open", Code: parvis.ErrInvalid, Message: what, Help: help}
}

// Price returns what c costs; ok is false if it costs nothing.
func (m *Meter) Price(c parvis.Call) (a parvis.Amount, ok bool) {
	item, best := itemOf(c), -1
	for _, p := range m.prices {
		if len(p.Item) > best && p.matches(c, item) {
			best, a = len(p.Item), p.Amount
		}
	}
	a.Micros *= int64(max(c.Things, 1))
	return a, best >= 0 && a.Micros > 0
}

func itemOf(c parvis.Call) string { return cmp.Or(c.Item, c.Endpoint) }

// Reserve books the price of c, or gives an error that matches [parvis.ErrBudget] and
// names the budget that does not pay for it, with RetryAfter until that begins anew. A
// ledger that cannot be written gives [parvis.ErrUnavailable]: what cannot be counted is
// not spent.
func (m *Meter) Reserve(ctx context.Context, c parvis.Call) (func(int), error) {
	amount, ok := m.Price(c)
	if !ok {
		return nil, nil //nolint:nilnil // it costs nothing
	}
	now, item := time.Now(), itemOf(c)
	budgets := m.budgets(c.Client, c.Network, func(b Budget) bool {
		return b.Amount.Unit == amount.Unit && (len(b.Items) == 0 || slices.Contains(b.Items, item))
	})
	bounds := make([]Bound, len(budgets))
	for i, b := range budgets {
		bounds[i] = Bound{b.filter(now), b.Amount.Micros}
	}
	e := Entry{Time: now, Client: c.Client, Network: c.Network, Item: item, Amount: amount, Things: max(c.Things, 1)}
	over, err := m.opt.Ledger.Book(ctx, e, bounds...)
	if err != nil {
		return nil, err
	}
	if over != nil {
		return nil, refusal(c, amount, budgets[over.Bound], over.Left)
	}
	return func(taken int) { m.settle(ctx, e, taken) }, nil
}

func refusal(c parvis.Call, amount parvis.Amount, b Budget, left int64) error {
	e := &parvis.Error{
		Network: c.Network, Account: c.Account, Code: parvis.ErrBudget,
		Message: "the call costs " + amount.String() + ", and " + parvis.Amount{Unit: amount.Unit, Micros: left}.String() + " are left of " + b.String(),
		Help:    "raise the budget, or wait until it begins anew",
	}
	if end := b.Per.end(time.Now(), b.Zone); !end.IsZero() {
		e.RetryAfter = time.Until(end)
	}
	return e
}

// settle gives back what was booked for more things than were taken.
func (m *Meter) settle(ctx context.Context, e Entry, taken int) {
	each := e.Amount.Micros / int64(e.Things)
	back := e
	if back.Things = taken - e.Things; back.Things >= 0 {
		return
	}
	back.Amount.Micros = each * int64(back.Things)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	if _, err := m.opt.Ledger.Book(ctx, back); err != nil {
		m.opt.Logger.WarnContext(ctx, "a price that was not due stays booked", "client", e.Client, "network", e.Network,
			"item", e.Item, "amount", e.Amount.String(), "err", err)
	}
}

// budgets returns those that bind a client on a network and for which also holds.
func (m *Meter) budgets(client string, n parvis.Network, also func(Budget) bool) []Budget {
	var out []Budget
	for _, b := range m.opt.Budgets {
		if (b.Client == "" || b.Client == client) && (b.Network == "" || b.Network == n) && also(b) {
			out = append(out, b)
		}
	}
	return out
}

// Left implements [parvis.Meter]. Budgets for single items are left out.
func (m *Meter) Left(ctx context.Context, a parvis.Account) ([]parvis.Amount, error) {
	var out []parvis.Amount
	for _, b := range m.budgets(a.Client, a.Network, func(b Budget) bool { return len(b.Items) == 0 }) {
		lines, err := m.opt.Ledger.Lines(ctx, b.filter(time.Now()))
		if err != nil {
			return nil, err
		}
		left := b.Amount
		for _, l := range lines {
			left.Micros -= l.Amount.Micros
		}
		i := slices.IndexFunc(out, func(o parvis.Amount) bool { return o.Unit == left.Unit })
		switch {
		case i < 0:
			out = append(out, left)
		case left.Micros < out[i].Micros:
			out[i] = left
		}
	}
	return out, nil
}

// Spent returns what was spent, one line for each client, network, item and unit. An
// empty field of f selects all.
func (m *Meter) Spent(ctx context.Context, f Filter) ([]Line, error) {
	lines, err := m.opt.Ledger.Lines(ctx, f)
	return slices.DeleteFunc(lines, func(l Line) bool { return l.Amount.Micros == 0 && l.Things == 0 }), err
}
