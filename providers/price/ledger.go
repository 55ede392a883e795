package price

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/parvis-go/parvis"
)

// A Ledger is where a [Meter] books. [NewMemory] keeps it in the process, [Open] in the
// user's database. It is safe for concurrent use.
type Ledger interface {
	// Book adds e to the sums. If that makes the sum of a bound larger than its Max,
	// nothing is booked and the first such bound is returned with what is left of it.
	Book(ctx context.Context, e Entry, bounds ...Bound) (*Over, error)
	// Lines returns the sums of the entries that f selects, one for each client, network,
	// item and unit, in that order.
	Lines(ctx context.Context, f Filter) ([]Line, error)
}

// An Entry is one booking. Negative amounts give back.
type Entry struct {
	Time    time.Time
	Client  string
	Network parvis.Network
	Item    string
	Amount  parvis.Amount
	Things  int
}

// slot is the quarter of an hour in which an entry is summed up. The boundaries of days
// fall on quarters of an hour in every zone.
func (e Entry) slot() time.Time { return e.Time.UTC().Truncate(15 * time.Minute) }

// A Filter selects entries. Empty fields select all.
type Filter struct {
	Client  string
	Network parvis.Network
	Items   []string
	Unit    string
	// Since and Until bound the time, to a quarter of an hour; Until is exclusive.
	Since, Until time.Time
}

// A Bound is a sum that must not be passed.
type Bound struct {
	Filter
	// Max is in millionths of the filter's unit.
	Max int64
}

// An Over says which bound an entry would have passed, by its index, and what is left of it.
type Over struct {
	Bound int
	Left  int64
}

// A Line is what a client has spent on one item.
type Line struct {
	Client  string         `json:"client"`
	Network parvis.Network `json:"network"`
	Item    string         `json:"item"`
	Amount  parvis.Amount  `json:"amount"`
	// Things is how many calls or things were paid for.
	Things int `json:"things"`
}

func (f Filter) selects(e Entry) bool {
	return (f.Client == "" || f.Client == e.Client) && (f.Network == "" || f.Network == e.Network) &&
		(len(f.Items) == 0 || slices.Contains(f.Items, e.Item)) && (f.Unit == "" || f.Unit == e.Amount.Unit) &&
		(f.Since.IsZero() || !e.Time.Before(f.Since)) && (f.Until.IsZero() || e.Time.Before(f.Until))
}

// Memory is a [Ledger] that ends with the process.
type Memory struct {
	mu   sync.Mutex
	sums map[Entry]sum // by entry without amounts
}

type sum struct {
	micros int64
	things int
}

// NewMemory returns an empty ledger.
func NewMemory() *Memory { return &Memory{sums: map[Entry]sum{}} }

// Book implements [Ledger].
func (m *Memory) Book(_ context.Context, e Entry, bounds ...Bound) (*Over, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i, b := range bounds {
		left := b.Max
		for k, s := range m.sums {
			if b.selects(k) {
				left -= s.micros
			}
		}
		if e.Amount.Micros > left {
			return &Over{i, left}, nil
		}
	}
	k := e
	k.Time, k.Amount.Micros, k.Things = e.slot(), 0, 0
	s := m.sums[k]
	m.sums[k] = sum{s.micros + e.Amount.Micros, s.things + e.Things}
	return nil, nil //nolint:nilnil // nothing was passed
}

// Lines implements [Ledger].
func (m *Memory) Lines(_ context.Context, f Filter) ([]Line, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var lines []Line
	for k, s := range m.sums {
		if !f.selects(k) {
			continue
		}
		same := func(l Line) bool {
			return l.Client == k.Client && l.Network == k.Network && l.Item == k.Item && l.Amount.Unit == k.Amount.Unit
		}
		i := slices.IndexFunc(lines, same)
		if i < 0 {
			i = len(lines)
			lines = append(lines, Line{Client: k.Client, Network: k.Network, Item: k.Item, Amount: parvis.Amount{Unit: k.Amount.Unit}})
		}
		lines[i].Amount.Micros += s.micros
		lines[i].Things += s.things
	}
	sortLines(lines)
	return lines, nil
}
