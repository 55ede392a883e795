package outbox

import (
	"context"
	"errors"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/store"
)

// EndSeries ends a series and cancels its occurrences that have not begun, edited ones too;
// what is out stays. Where a network holds one until its time, it is told. Ending it twice
// does no harm. A series that the client does not have gives [parvis.ErrNotFound].
func (c *Client) EndSeries(ctx context.Context, id string) error {
	const op = "end series"
	if err := c.may(ctx, "schedule"); err != nil {
		return err
	}
	var err error
	for range endTries {
		var changes []Change
		err = c.b.update(ctx, op, func(tx store.Tx) (err error) {
			changes, err = c.endSeries(ctx, tx, id)
			return err
		})
		if err == nil && c.b.opt.Changed != nil {
			for _, change := range changes {
				c.b.opt.Changed(change)
			}
		}
		if !errors.Is(err, parvis.ErrConflict) {
			break
		}
	}
	return err
}

// endTries is how often ending a series is tried: a worker may be at one of its posts.
const endTries = 5

func (c *Client) endSeries(ctx context.Context, tx store.Tx, id string) ([]Change, error) {
	const op = "end series"
	s, err := c.series(ctx, tx, id)
	if err != nil {
		return nil, err
	}
	now, err := c.b.now(ctx, tx)
	if err != nil {
		return nil, err
	}
	if s.Ended.IsZero() {
		_, err = tx.Exec(ctx, "UPDATE parvis_outbox_series SET next_at = 0, ended = ?, reason = ? WHERE id = ?", toMicros(now), "ended by "+c.who, id)
		if err != nil {
			return nil, err
		}
		if err := c.record(ctx, tx, s.record(now, op, "done", s.Rule)); err != nil {
			return nil, err
		}
	}
	ids, err := occurrencesOf(ctx, tx, id)
	if err != nil {
		return nil, err
	}
	var changes []Change
	for _, id := range ids {
		e, err := c.cancelOne(ctx, tx, id, now)
		if err != nil {
			return nil, err
		}
		for _, t := range e.Targets {
			changes = append(changes, Change{c.name, id, t.ID, t.Account, t.State, t.Reason})
		}
	}
	return changes, nil
}

// cancelOne cancels an entry if something of it has not begun; else it has no targets.
func (c *Client) cancelOne(ctx context.Context, tx store.Tx, id string, now time.Time) (Entry, error) {
	e, ts, err := c.load(ctx, tx, id, true)
	if err != nil {
		return Entry{}, err
	}
	a := &act{tx: tx, e: &e, ts: ts, now: now}
	if a.cancel() == 0 {
		return Entry{}, nil
	}
	if err := c.keep(ctx, a); err != nil {
		return Entry{}, err
	}
	return e, c.record(ctx, tx, e.record(now, "cancel"))
}

// occurrencesOf are the entries of a series that may have a target that has not begun.
func occurrencesOf(ctx context.Context, tx store.Tx, series string) ([]string, error) {
	rows, err := tx.Query(ctx, `SELECT e.id FROM parvis_outbox_entries e WHERE e.series = ? AND e.series <> '' AND e.state <> 'cancelled'
		AND EXISTS (SELECT 1 FROM parvis_outbox_targets t WHERE t.entry = e.id
			AND t.state IN ('draft', 'review', 'approved', 'scheduled', 'held', 'failed', 'native')) ORDER BY e.id`, series)
	if err != nil {
		return nil, err
	}
	return allStrings(rows)
}
