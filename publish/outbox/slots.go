package outbox

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/civil"
	"github.com/parvis-go/parvis/internal/store"
)

// A Slot is a time in the week at which an account usually posts.
type Slot struct {
	Day time.Weekday `json:"day"`
	// Time is that of the day: "09:00", to "23:59".
	Time string `json:"time"`
}

// String returns the slot as "Monday 09:00".
func (s Slot) String() string { return s.Day.String() + " " + s.Time }

// on is the slot's wall-clock time on a day.
func (s Slot) on(day civil.Time) (civil.Time, error) {
	t, err := time.Parse("15:04", s.Time)
	if err != nil || len(s.Time) != len("15:04") {
		return day, invalid(`"`+s.Time+`" is no time of the day`, `write it as "09:00"`)
	}
	day.Hour, day.Minute, day.Second = t.Hour(), t.Minute(), 0
	return day, nil
}

// SetSlots replaces the slots of an account, by the wall clock of an IANA zone; none takes
// them away. Entries that are on the calendar stay where they are. Options.Roles are asked
// for "calendar". A zone or time that does not exist gives [parvis.ErrInvalid], an account
// of another client [parvis.ErrForeignClient].
func (c *Client) SetSlots(ctx context.Context, a parvis.Account, zone string, slots ...Slot) error {
	const op = "set slots"
	if err := c.may(ctx, "calendar"); err != nil {
		return err
	}
	a, name, err := c.mine(a)
	if err != nil {
		return failed(op, err)
	}
	if len(slots) == 0 {
		zone = ""
	} else if slots, err = inWeek(zone, slots); err != nil {
		return failed(op, err)
	}
	times, err := json.Marshal(slots)
	if err != nil {
		return failed(op, err)
	}
	return c.b.update(ctx, op, func(tx store.Tx) error {
		now, err := c.b.now(ctx, tx)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `INSERT INTO parvis_outbox_slots (client, lane, zone, times) VALUES (?, ?, ?, ?)
			ON CONFLICT (client, lane) DO UPDATE SET zone = excluded.zone, times = excluded.times`, c.name, name, zone, string(times))
		if err != nil {
			return err
		}
		return c.record(ctx, tx, parvis.Record{
			Time: now, Account: a.String(), Op: op, Outcome: "done", Detail: strings.Trim(fmt.Sprint(slots), "[]") + " " + zone,
		})
	})
}

// mine gives one of the client's accounts the client, and names its lane.
func (c *Client) mine(a parvis.Account) (parvis.Account, string, error) {
	if a.Network == "" {
		return a, "", invalid("no account is named", "set its network, host and ID or handle")
	}
	s, name, err := c.scope(c.name, OnAccount(a))
	return s.Account, name, err
}

// inWeek checks slots and puts them into the order of the week, from Monday on.
func inWeek(zone string, slots []Slot) ([]Slot, error) {
	if _, err := civil.LoadZone(zone); err != nil {
		return nil, err
	}
	for _, s := range slots {
		if s.Day < time.Sunday || s.Day > time.Saturday {
			return nil, invalid("a slot is on no day of the week", "use time.Monday to time.Sunday")
		}
		if _, err := s.on(civil.Time{}); err != nil {
			return nil, err
		}
	}
	slots = slices.SortedFunc(slices.Values(slots), func(a, b Slot) int {
		return cmp.Or(cmp.Compare((a.Day+6)%7, (b.Day+6)%7), cmp.Compare(a.Time, b.Time))
	})
	return slices.Compact(slots), nil
}

// Slots returns the slots of an account, from Monday on, and their zone; no slots if none
// are set.
func (c *Client) Slots(ctx context.Context, a parvis.Account) (zone string, slots []Slot, err error) {
	_, name, err := c.mine(a)
	if err != nil {
		return "", nil, failed("read slots", err)
	}
	w, err := c.week(ctx, c.b.db, name, false)
	if err != nil {
		return "", nil, failed("read slots", err)
	}
	return w.zone, w.slots, nil
}

// FreeSlots returns the next n slots of an account, from an instant on but not in the past,
// that are free: no other post of the account, draft or not, is due in that minute, and
// there is no [Blackout], a holiday included. They are in the location of the slots' zone. It returns
// fewer if two years have no more, and an error that matches [parvis.ErrInvalid] if the
// account has no slots.
func (c *Client) FreeSlots(ctx context.Context, a parvis.Account, from time.Time, n int) ([]time.Time, error) {
	const op = "find free slots"
	_, name, err := c.mine(a)
	if err != nil {
		return nil, failed(op, err)
	}
	now, err := c.b.now(ctx, c.b.db)
	if err != nil {
		return nil, failed(op, err)
	}
	w, err := c.week(ctx, c.b.db, name, false)
	if err != nil {
		return nil, failed(op, err)
	}
	ts, err := c.free(ctx, c.b.db, w, maxTime(now, from.Add(-time.Microsecond)), n)
	return ts, failed(op, err)
}

// A week is an account's slots.
type week struct {
	zone   string
	slots  []Slot
	lanes  []string // whose blackouts count; the first is the account
	except string   // the entry that looks for a slot
}

// week reads the slots of an account. lock keeps others who want one back until the
// transaction ends, so that nobody gets the same.
func (c *Client) week(ctx context.Context, tx store.Tx, lane string, lock bool) (week, error) {
	query := "SELECT zone, times FROM parvis_outbox_slots WHERE client = ? AND lane = ?"
	if lock {
		query += c.b.locked()
	}
	w := week{lanes: []string{lane}}
	var times string
	err := tx.QueryRow(ctx, query, c.name, lane).Scan(&w.zone, &times)
	if err == store.ErrNoRows {
		return w, nil
	}
	if err == nil {
		err = json.Unmarshal([]byte(times), &w.slots)
	}
	return w, err
}

// locked is the end of a query whose rows are kept for the transaction. SQLite has one
// writer at a time.
func (b *Outbox) locked() string {
	if b.db.Dialect() == store.PostgreSQL {
		return " FOR UPDATE"
	}
	return ""
}

// freeSlot is the first free slot of the first target's account, after now and after the
// wall-clock time of e.When if it has one, in its own zone or that of the slots.
func (c *Client) freeSlot(ctx context.Context, tx store.Tx, e *Entry, now time.Time) (When, error) {
	return c.nextSlot(ctx, tx, e, now, true)
}

func (c *Client) nextSlot(ctx context.Context, tx store.Tx, e *Entry, now time.Time, lock bool) (When, error) {
	w, err := c.week(ctx, tx, laneOf(e.Targets[0].Account), lock)
	if err != nil {
		return When{}, err
	}
	w.except = e.ID
	for _, t := range e.Targets[1:] {
		w.lanes = append(w.lanes, laneOf(t.Account))
	}
	after, err := When{Wall: e.When.Wall, Zone: cmp.Or(e.When.Zone, w.zone)}.Time()
	if e.When.Wall == "" {
		after, err = now, nil
	}
	if err != nil {
		return When{}, err
	}
	ts, err := c.free(ctx, tx, w, maxTime(now, after), 1)
	if err != nil {
		return When{}, err
	}
	if len(ts) == 0 {
		return When{}, &parvis.Error{
			Network: e.Targets[0].Account.Network, Account: e.Targets[0].Account.String(), Code: parvis.ErrConflict,
			Message: "the account has no free slot within two years", Help: "give it more with SetSlots, or name a time",
		}
	}
	return When{Wall: civil.Of(ts[0]).String(), Zone: w.zone}, nil
}

// How far free slots are looked for, and how far at a time.
const (
	slotYears = 2
	slotSpan  = 28 * 24 * time.Hour
)

// free returns at most n free slots after an instant.
func (c *Client) free(ctx context.Context, tx store.Tx, w week, after time.Time, n int) ([]time.Time, error) {
	if len(w.slots) == 0 {
		return nil, invalid("the account has no slots", "set them with SetSlots, or name a time")
	}
	loc, err := civil.LoadZone(w.zone)
	if err != nil {
		return nil, err
	}
	end := after.AddDate(slotYears, 0, 0)
	var shut []Blackout
	for _, lane := range w.lanes {
		os, err := c.blackoutsOf(ctx, tx, lane, after, end)
		if err != nil {
			return nil, err
		}
		shut = append(shut, os...)
	}
	var free []time.Time
	for from := after; from.Before(end) && len(free) < n; from = from.Add(slotSpan) {
		taken, err := w.taken(ctx, tx, from, from.Add(slotSpan))
		if err != nil {
			return nil, err
		}
		for _, t := range w.between(loc, from, from.Add(slotSpan)) {
			if !taken[t.Unix()/60] && !slices.ContainsFunc(shut, func(o Blackout) bool { return o.at(t) }) {
				free = append(free, t)
			}
		}
	}
	return free[:min(len(free), max(n, 0))], nil
}

// between returns the instants of the slots after one instant and up to another, in order.
// Slots that a change of the clocks puts onto one instant are one.
func (w week) between(loc *time.Location, after, until time.Time) []time.Time {
	var ts []time.Time
	last := civil.Of(until.In(loc)).AddDays(1)
	for day := civil.Of(after.In(loc)).AddDays(-1); day.Compare(last) <= 0; day = day.AddDays(1) {
		for _, s := range w.slots {
			if s.Day != day.UTC().Weekday() {
				continue
			}
			wall, err := s.on(day)
			if err != nil {
				continue // SetSlots has checked it
			}
			if t := civil.In(wall, loc); t.After(after) && !t.After(until) {
				ts = append(ts, t)
			}
		}
	}
	slices.SortFunc(ts, time.Time.Compare)
	return slices.CompactFunc(ts, time.Time.Equal)
}

// taken are the minutes since 1970 in which the account has posts due.
func (w week) taken(ctx context.Context, tx store.Tx, after, until time.Time) (map[int64]bool, error) {
	rows, err := tx.Query(ctx, `SELECT DISTINCT t.due / 60000000 FROM parvis_outbox_targets t
		WHERE t.lane = ? AND t.due >= ? AND t.due < ? AND t.state NOT IN ('cancelled', 'withdrawn') AND t.entry <> ?`,
		w.lanes[0], toMicros(after), toMicros(until.Add(time.Minute)), w.except)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // read to its end
	taken := map[int64]bool{}
	for rows.Next() {
		var minute int64
		if err := rows.Scan(&minute); err != nil {
			return nil, err
		}
		taken[minute] = true
	}
	return taken, rows.Err()
}
