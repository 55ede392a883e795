package outbox

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/publish"
)

// A check collects the problems of one plan.
type check struct {
	c       *Client
	p       Plan
	entry   string
	now, at time.Time
	ps      Problems
}

func (k *check) add(a parvis.Account, blocks bool, p publish.Problem) {
	p.Network = a.Network
	k.ps = append(k.ps, Problem{a, p, blocks})
}

// time finds out the plan's instant.
func (k *check) time(ctx context.Context) (err error) {
	w := k.p.When
	if w.Slot {
		w, err = k.c.nextSlot(ctx, k.c.b.db, &Entry{Plan: k.p, ID: k.entry}, k.now, false)
	}
	if err == nil {
		k.at, err = w.Time()
	}
	if e, ok := errors.AsType[*parvis.Error](err); ok {
		k.add(parvis.Account{}, true, publish.Problem{Field: "when", Rule: "time", Text: e.Message, Help: e.Help})
		return nil
	}
	switch {
	case err != nil:
		return err
	case w.Wall == "now":
		k.at = k.now
	case !k.at.IsZero() && k.at.Before(k.now.Truncate(time.Second)):
		k.add(parvis.Account{}, true, publish.Problem{
			Field: "when", Rule: "past", Text: "the time " + w.String() + " is in the past", Help: "choose a later one, or outbox.Now()",
		})
	}
	return nil
}

// conflicts are the rules about one target that the calendar itself knows.
func (k *check) conflicts(ctx context.Context, t Target) error {
	r := &row{Target: t, client: k.c.name, lane: laneOf(t.Account)}
	paused, err := k.c.b.pausedFor(ctx, k.c.b.db, r)
	if err != nil {
		return err
	}
	if paused != nil {
		k.add(t.Account, false, publish.Problem{
			Field: "when", Rule: "paused", Text: paused.err().Error(), Help: "it waits until somebody resumes",
		})
	}
	if !k.at.IsZero() {
		if err := k.blackouts(ctx, r); err != nil {
			return err
		}
		if err := k.sameHour(ctx, r); err != nil {
			return err
		}
	}
	return k.sameText(ctx, r)
}

func (k *check) blackouts(ctx context.Context, r *row) error {
	os, err := k.c.blackoutsOf(ctx, k.c.b.db, r.lane, k.at, k.at)
	if err != nil {
		return err
	}
	for _, o := range os {
		if o.at(k.at) {
			k.add(r.Account, o.Kind != Holiday, publish.Problem{
				Field: "when", Rule: "blackout", Text: "its time falls into " + o.Name, Help: "choose a time after " + o.To.String(),
			})
		}
	}
	return nil
}

// How near another post is a conflict.
const (
	nearText = 30 * 24 * time.Hour
	nearHour = time.Hour
)

// other is the nearest post of the same account that is no part of the entry itself.
const other = `SELECT t.entry, t.due FROM parvis_outbox_targets t WHERE t.lane = ? AND t.due >= ? AND t.due <= ?
	AND t.state NOT IN ('cancelled', 'withdrawn') AND t.entry <> ?`

func (k *check) sameHour(ctx context.Context, r *row) error {
	id, at, err := k.nearest(ctx, other, k.at, r.lane, toMicros(k.at.Add(-nearHour)), toMicros(k.at.Add(nearHour)), k.entry)
	if err != nil || id == "" {
		return err
	}
	apart := at.Sub(k.at).Abs()
	k.add(r.Account, false, publish.Problem{
		Field: "when", Rule: "same hour", Value: int64(apart / time.Minute), Limit: int64(nearHour / time.Minute),
		Text: fmt.Sprintf("entry %s goes out on the same account %d minutes apart", id, int(apart/time.Minute)),
		Help: "choose another time, or outbox.NextSlot()",
	})
	return nil
}

func (k *check) sameText(ctx context.Context, r *row) error {
	at := k.at
	if at.IsZero() {
		at = k.now
	}
	const same = other + ` AND t.sum = ? AND NOT EXISTS (SELECT 1 FROM parvis_outbox_entries mine
		JOIN parvis_outbox_entries theirs ON theirs.series = mine.series WHERE mine.id = ? AND mine.series <> '' AND theirs.id = t.entry)`
	id, due, err := k.nearest(ctx, same, at, r.lane, toMicros(at.Add(-nearText)), toMicros(at.Add(nearText)), k.entry, k.p.sum(r.Target), k.entry)
	if err != nil || id == "" {
		return err
	}
	k.add(r.Account, false, publish.Problem{
		Field: "text", Rule: "same text", Value: int64(due.Sub(at).Abs() / (24 * time.Hour)), Limit: int64(nearText / (24 * time.Hour)),
		Text: fmt.Sprintf("entry %s says the same on the same account at %s", id, due.Format("2006-01-02 15:04 MST")),
		Help: "say it in other words, or choose another time",
	})
	return nil
}

// nearest returns the entry nearest to an instant that a query for other finds, or "".
func (k *check) nearest(ctx context.Context, query string, at time.Time, args ...any) (string, time.Time, error) {
	rows, err := k.c.b.db.Query(ctx, query, args...)
	if err != nil {
		return "", time.Time{}, err
	}
	defer rows.Close() //nolint:errcheck // read to its end
	best, when := "", time.Time{}
	for rows.Next() {
		var id string
		var us int64
		if err := rows.Scan(&id, &us); err != nil {
			return "", time.Time{}, err
		}
		if due := fromMicros(us); best == "" || due.Sub(at).Abs() < when.Sub(at).Abs() {
			best, when = id, due
		}
	}
	return best, when, rows.Err()
}
