package outbox

import (
	"context"
	"slices"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/civil"
	"github.com/parvis-go/parvis/internal/store"
)

const (
	// growAtOnce is how many occurrences one transaction makes.
	growAtOnce = 200
	// growRead is how many series are read at a time.
	growRead = 100
)

// grow makes the occurrences of all clients' series that have come within the horizon.
// Several processes may be at it: each series is locked while it grows. One that cannot go
// on does not keep the others back.
func (b *Outbox) grow(ctx context.Context) error {
	var last Series
	for {
		now, err := b.now(ctx, b.db)
		if err != nil {
			return err
		}
		// Those of clients that pause as a whole are not even read.
		due, err := readSeries(ctx, b.db, `s.next_at > 0 AND s.next_at <= ? AND (s.next_at, s.id) > (?, ?)
			AND NOT EXISTS (SELECT 1 FROM parvis_outbox_pauses p WHERE (p.client = '' OR p.client = s.client) AND p.network = '' AND p.lane = '')
			ORDER BY s.next_at, s.id LIMIT ?`, toMicros(now.Add(b.opt.Horizon)), toMicros(last.Next), last.ID, growRead)
		if err != nil {
			return err
		}
		for _, s := range due {
			if err := b.growOne(ctx, &s); err != nil {
				return err
			}
		}
		if len(due) < growRead {
			return nil
		}
		last = due[len(due)-1]
	}
}

// growOne makes what is due of one series. What is wrong with the series itself is noted in
// it, for the person responsible.
func (b *Outbox) growOne(ctx context.Context, s *Series) error {
	c := b.For(s.Client)
	paused, err := c.allPaused(ctx, b.db, s)
	if err != nil || paused {
		return err
	}
	for more := true; more; {
		if _, more, err = c.goOn(ctx, s.ID); err != nil {
			break
		}
	}
	switch code := parvis.CodeOf(err); {
	case err == nil, ctx.Err() != nil, code == parvis.ErrUnavailable, code == parvis.ErrNotFound:
		return err
	}
	b.opt.Logger.WarnContext(ctx, "outbox: a series cannot go on", "series", s.ID, "client", s.Client, "error", err)
	_, err = b.db.Exec(ctx, "UPDATE parvis_outbox_series SET reason = ? WHERE id = ? AND ended = 0 AND reason <> ?", err.Error(), s.ID, err.Error())
	return err
}

// allPaused reports whether nothing of a series can go out now.
func (c *Client) allPaused(ctx context.Context, tx store.Tx, s *Series) (bool, error) {
	for _, t := range s.Targets {
		p, err := c.b.pausedFor(ctx, tx, &row{Target: t, client: c.name, lane: laneOf(t.Account)})
		if err != nil || p == nil {
			return false, err
		}
	}
	return true, nil
}

// goOn makes the next occurrences of a series in one transaction, and reports whether there
// are more to make.
func (c *Client) goOn(ctx context.Context, id string) (s Series, more bool, err error) {
	err = c.b.update(ctx, "continue series", func(tx store.Tx) error {
		more = false
		if s, err = c.series(ctx, tx, id); err != nil {
			return err
		}
		now, err := c.b.now(ctx, tx)
		if err != nil || s.Next.IsZero() || s.Next.After(now.Add(c.b.opt.Horizon)) {
			return err
		}
		more, err = c.extend(ctx, tx, &s, now)
		return err
	})
	return s, more, err
}

// extend makes the occurrences from s.Next to the horizon, growAtOnce at most, and reports
// whether there are more.
func (c *Client) extend(ctx context.Context, tx store.Tx, s *Series, now time.Time) (bool, error) {
	from, err := When{Wall: s.next, Zone: s.When.Zone}.Time()
	if err != nil {
		return false, err
	}
	found, err := s.occurrences(from, growAtOnce+1)
	if err != nil {
		return false, err
	}
	horizon, n := now.Add(c.b.opt.Horizon), 0
	for n < min(len(found), growAtOnce) && !found[n].At.After(horizon) {
		n++
	}
	if err := c.makeOccurrences(ctx, tx, s, found[:n], now); err != nil {
		return false, err
	}
	s.Next, s.next, s.Reason = time.Time{}, "", ""
	if n < len(found) {
		s.Next, s.next = found[n].At.UTC(), found[n].Wall.String()
	}
	_, err = tx.Exec(ctx, "UPDATE parvis_outbox_series SET next_at = ?, next_wall = ?, reason = '' WHERE id = ?", toMicros(s.Next), s.next, s.ID)
	return !s.Next.IsZero() && !s.Next.After(horizon), err
}

// makeOccurrences puts occurrences on the calendar but for those whose time has passed and
// those in blackouts, which are recorded.
func (c *Client) makeOccurrences(ctx context.Context, tx store.Tx, s *Series, found []civil.Occurrence, now time.Time) error {
	if len(found) == 0 {
		return nil
	}
	shut, err := c.blackoutsOf(ctx, tx, "", found[0].At, found[len(found)-1].At)
	if err != nil {
		return err
	}
	var es []Entry
	missed := 0
	for _, o := range found {
		if o.At.Before(now.Truncate(time.Second)) {
			missed++
			continue
		}
		if b := s.shut(shut, o.At); b != nil {
			why := o.Wall.String() + " is left out: nothing goes out during " + b.Name
			if err := c.record(ctx, tx, s.record(now, "repeat", "skipped", why)); err != nil {
				return err
			}
			continue
		}
		e := Entry{Plan: s.Plan, Client: c.name, Author: s.Author, Series: s.ID, occurrence: o.Wall.String()}
		e.When = At(s.When.Zone, o.Wall.String())
		es = append(es, e)
	}
	if missed > 0 {
		why := counted(missed, "occurrence") + " left out, " + found[0].Wall.String() + " to " + found[missed-1].Wall.String() + ": their time passed before they were made"
		if err := c.record(ctx, tx, s.record(now, "repeat", "skipped", why)); err != nil {
			return err
		}
	}
	if len(es) == 0 {
		return nil
	}
	if err := c.insert(ctx, tx, es, true); err != nil {
		return err
	}
	return c.inheritAll(ctx, tx, es, now)
}

// shut returns the blackout that keeps the series silent at an instant, or nil.
func (s *Series) shut(os []Blackout, at time.Time) *Blackout {
	for i, o := range os {
		for _, t := range s.Targets {
			if o.holds(t, at) {
				return &os[i]
			}
		}
	}
	return nil
}

// inheritAll lets occurrences of a series that say the same and wait for approval take over
// the approvals in force that others of it have, and sends those on their way that then
// have all.
func (c *Client) inheritAll(ctx context.Context, tx store.Tx, es []Entry, now time.Time) error {
	es = slices.DeleteFunc(slices.Clone(es), func(e Entry) bool { return e.stage != Review })
	if len(es) == 0 {
		return nil
	}
	from, err := approvedOf(ctx, tx, &es[0])
	if err != nil || len(from) == 0 {
		return err
	}
	for _, e := range es {
		for _, id := range from {
			if err := inherit(ctx, tx, id, &e); err != nil {
				return err
			}
		}
		if err := c.promote(ctx, tx, e.ID, now); err != nil {
			return err
		}
	}
	return nil
}

// approvedOf are entries of e's series that together have each approval of e's hash.
func approvedOf(ctx context.Context, tx store.Tx, e *Entry) ([]string, error) {
	rows, err := tx.Query(ctx, `SELECT DISTINCT max(a.entry) FROM parvis_outbox_approvals a JOIN parvis_outbox_entries e ON e.id = a.entry
		WHERE e.series = ? AND e.series <> '' AND a.hash = ? AND a.voided = 0 GROUP BY a.person, a.via`, e.Series, e.Hash)
	if err != nil {
		return nil, err
	}
	return allStrings(rows)
}

// allStrings reads rows of one column to their end.
func allStrings(rows store.Rows) ([]string, error) {
	defer rows.Close() //nolint:errcheck // read to its end
	var all []string
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, rows.Err()
}

// promote brings an entry that waits for approval to the stage that its approvals allow.
func (c *Client) promote(ctx context.Context, tx store.Tx, id string, now time.Time) error {
	e, ts, err := c.load(ctx, tx, id, true)
	if err != nil || e.stage != Review {
		return err
	}
	rules, err := c.rules(ctx, tx)
	if err != nil {
		return err
	}
	stage, err := c.staged(ctx, tx, rules, &e)
	if err != nil || stage == Review {
		return err
	}
	a := &act{tx: tx, e: &e, ts: ts, now: now}
	c.b.approved(a, stage)
	if err := c.keep(ctx, a); err != nil {
		return err
	}
	r := e.record(now, "approve")
	r.Detail += ", as another of its series"
	return c.record(ctx, tx, r)
}

// shareApprovals lets an approval of one occurrence of a series hold for those that say the
// same and wait for it too.
func (c *Client) shareApprovals(ctx context.Context, a *act) error {
	if a.e.Series == "" {
		return nil
	}
	rows, err := a.tx.Query(ctx, `SELECT e.id FROM parvis_outbox_entries e
		WHERE e.series = ? AND e.series <> '' AND e.client = ? AND e.hash = ? AND e.state = 'review' AND e.id <> ? ORDER BY e.id`,
		a.e.Series, c.name, a.e.Hash, a.e.ID)
	if err != nil {
		return err
	}
	ids, err := allStrings(rows)
	if err != nil {
		return err
	}
	es := make([]Entry, len(ids))
	for i, id := range ids {
		if es[i], _, err = c.load(ctx, a.tx, id, true); err != nil {
			return err
		}
	}
	return c.inheritAll(ctx, a.tx, es, a.now)
}
