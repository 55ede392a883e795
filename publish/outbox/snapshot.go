package outbox

import (
	"context"
	"encoding/json"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/publish"
)

// A Snapshot is what a network said about a target at an age.
type Snapshot struct {
	// Target and Account are whose figures they are.
	Target  string         `json:"target"`
	Account parvis.Account `json:"account"`
	// Age is the one that Plan.Snapshots asked for, and At when the network was asked.
	Age time.Duration `json:"age"`
	At  time.Time     `json:"at"`
	// Metrics are the network's own figures.
	Metrics []publish.Metric `json:"metrics"`
}

// Snapshots returns the figures of an entry that were kept so far, youngest age first. An
// age at which the network gave none is absent.
func (c *Client) Snapshots(ctx context.Context, id string) ([]Snapshot, error) {
	e, err := c.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	accounts := map[string]parvis.Account{}
	for _, t := range e.Targets {
		accounts[t.ID] = t.Account
	}
	rows, err := c.b.db.Query(ctx, `SELECT s.target, s.age, s.at, s.metrics FROM parvis_outbox_snapshots s
		JOIN parvis_outbox_targets t ON t.id = s.target WHERE t.entry = ? ORDER BY s.age, t.n`, id)
	if err != nil {
		return nil, failed("snapshots", err)
	}
	defer rows.Close() //nolint:errcheck // read to its end
	var out []Snapshot
	for rows.Next() {
		var s Snapshot
		var age, at int64
		var raw []byte
		if err := rows.Scan(&s.Target, &age, &at, &raw); err != nil {
			return nil, failed("snapshots", err)
		}
		if err := json.Unmarshal(raw, &s.Metrics); err != nil {
			return nil, failed("snapshots", err)
		}
		s.Age, s.At, s.Account = time.Duration(age)*time.Microsecond, fromMicros(at), accounts[s.Target]
		out = append(out, s)
	}
	return out, failed("snapshots", rows.Err())
}
