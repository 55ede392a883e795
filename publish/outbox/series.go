package outbox

import (
	"context"
	"encoding/json"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/civil"
	"github.com/parvis-go/parvis/internal/store"
)

// A Series is a plan that repeats. Each occurrence is an [Entry] of its own, with the time
// that the rule gives it: it can be edited, moved and cancelled like any other, which
// changes nothing about the next.
type Series struct {
	// ID names the series; entries have it as their Series.
	ID     string `json:"id"`
	Client string `json:"client"`
	// Rule is the RRULE, in one fixed spelling.
	Rule string `json:"rule"`
	// Plan is what repeats. Its When is the time from which the rule counts.
	Plan
	// Author made it, and is the author of the occurrences.
	Author string `json:"author,omitempty"`
	// Next is the first occurrence that is not on the calendar yet; zero if there are no more.
	Next    time.Time `json:"next,omitzero"`
	Created time.Time `json:"created"`
	// Ended is when somebody ended it; Reason says why it does not go on.
	Ended  time.Time `json:"ended,omitzero"`
	Reason string    `json:"reason,omitempty"`

	next string // the wall-clock time of Next, which stays when the rules of a zone change
}

// Repeat puts a plan on the calendar again and again, by a recurrence rule of RFC 5545 such
// as "FREQ=WEEKLY;BYDAY=MO,TH", which counts from p.When. That is the first occurrence if
// the rule says so, else the first is what the rule says next: p.When on a Tuesday and
// BYDAY=MO begin on the Monday after. The wall clock in p.When's zone is kept over
// daylight-saving changes; see [When] for times in gaps and folds.
//
// Occurrences are on the calendar up to Options.Horizon ahead; [Outbox.Run] and
// [Outbox.Drain] make each later one exactly once, in whatever process. While all its
// targets are paused a series does not grow. An occurrence whose time has passed before it
// was made, and one in a blackout of the kind [Closed], is left out, which is recorded.
//
// Where the client's rules ask for approval, one of the occurrences is approved for all that
// say exactly the same, those included that are made later, whatever their times are: all
// occurrences have the same hash until one is edited.
//
// What [Client.Add] would refuse is refused, with the same errors, as is a time that is no
// wall-clock time. A rule that cannot be read or never occurs gives [parvis.ErrInvalid]; one
// without an end while the client or one of the targets is paused gives [parvis.ErrConflict].
func (c *Client) Repeat(ctx context.Context, p Plan, rrule string) (Series, error) {
	const op = "repeat"
	es, err := c.ready(ctx, "schedule", []Plan{p}, true)
	if err != nil {
		return Series{}, err
	}
	s := Series{Client: c.name, Plan: es[0].Plan, Author: c.who}
	rule, err := s.begin(rrule)
	if err != nil {
		return Series{}, failed(op, err)
	}
	var more bool
	var made Series
	err = c.b.update(ctx, op, func(tx store.Tx) error {
		made = s
		now, err := c.b.now(ctx, tx)
		if err != nil {
			return err
		}
		made.ID, made.Created = newID(now), now
		if err := c.startable(ctx, tx, &made, rule, now); err != nil {
			return err
		}
		if err := made.insert(ctx, tx); err != nil {
			return err
		}
		if err := c.record(ctx, tx, made.record(now, op, "done", made.Rule+" from "+made.When.String())); err != nil {
			return err
		}
		more, err = c.extend(ctx, tx, &made, now)
		return err
	})
	for err == nil && more {
		made, more, err = c.goOn(ctx, made.ID)
	}
	if err != nil {
		return Series{}, err
	}
	return made, nil
}

// begin reads the rule and finds the first occurrence.
func (s *Series) begin(rrule string) (civil.Rule, error) {
	rule, err := civil.ParseRule(rrule)
	if err != nil {
		return rule, err
	}
	s.Rule = rule.String()
	if s.When.Slot || s.When.Wall == "now" {
		return rule, invalid("a series needs a wall-clock time", `set Plan.When to outbox.At("Europe/Paris", "2026-12-24 18:00")`)
	}
	first, err := s.occurrences(time.Time{}, 1)
	if err != nil {
		return rule, err
	}
	if len(first) == 0 {
		return rule, invalid(`the rule "`+s.Rule+`" never occurs from `+s.When.String()+" on", "correct the rule or the time")
	}
	s.Next, s.next = first[0].At.UTC(), first[0].Wall.String()
	return rule, nil
}

// occurrences are those from an instant on.
func (s *Series) occurrences(from time.Time, n int) ([]civil.Occurrence, error) {
	rule, err := civil.ParseRule(s.Rule)
	if err != nil {
		return nil, err
	}
	loc, err := civil.LoadZone(s.When.Zone)
	if err != nil {
		return nil, err
	}
	start, err := civil.ParseTime(s.When.Wall)
	if err != nil {
		return nil, err
	}
	return rule.After(start, loc, from.Add(-time.Nanosecond), n), nil
}

// startable refuses a series whose first time has passed, and one without an end that is
// paused: nobody would see how it piles up.
func (c *Client) startable(ctx context.Context, tx store.Tx, s *Series, rule civil.Rule, now time.Time) error {
	if s.Next.Before(now.Truncate(time.Second)) {
		return invalid("the first time "+s.next+" "+s.When.Zone+" is in the past", "choose a later one")
	}
	for _, t := range s.Targets {
		p, err := c.b.pausedFor(ctx, tx, &row{Target: t, client: c.name, lane: laneOf(t.Account)})
		if err != nil {
			return err
		}
		if p != nil && !rule.Bounded() {
			return &parvis.Error{
				Network: t.Account.Network, Account: t.Account.String(), Code: parvis.ErrConflict,
				Message: "the rule has no end, and " + p.err().Error(), Help: "give it a COUNT or UNTIL, or Resume first",
			}
		}
	}
	return nil
}

// record is an act on the series.
func (s *Series) record(now time.Time, op, outcome, detail string) parvis.Record {
	e := Entry{Plan: s.Plan}
	return parvis.Record{Time: now, Account: e.accounts(), Op: op, Outcome: outcome, Detail: "series " + s.ID + ": " + detail}
}

func (s *Series) insert(ctx context.Context, tx store.Tx) error {
	content, err := json.Marshal(s.Plan)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO parvis_outbox_series (id, client, rule, next_at, next_wall, ended, reason, author, content, created)
		VALUES (?, ?, ?, ?, ?, 0, '', ?, ?, ?)`,
		s.ID, s.Client, s.Rule, toMicros(s.Next), s.next, s.Author, content, toMicros(s.Created))
	return err
}

// AllSeries returns the client's series, also those that have ended, the oldest first.
func (c *Client) AllSeries(ctx context.Context) ([]Series, error) {
	all, err := readSeries(ctx, c.b.db, "client = ? ORDER BY id", c.name)
	return all, failed("read series", err)
}

// readSeries reads the series that a condition selects.
func readSeries(ctx context.Context, tx store.Tx, cond string, args ...any) ([]Series, error) {
	rows, err := tx.Query(ctx, `SELECT s.id, s.client, s.rule, s.next_at, s.next_wall, s.ended, s.reason, s.author, s.content, s.created
		FROM parvis_outbox_series s WHERE `+cond, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // read to its end
	var all []Series
	for rows.Next() {
		var s Series
		var next, ended, created int64
		var content []byte
		if err := rows.Scan(&s.ID, &s.Client, &s.Rule, &next, &s.next, &ended, &s.Reason, &s.Author, &content, &created); err != nil {
			return nil, err
		}
		if err := json.Unmarshal(content, &s.Plan); err != nil {
			return nil, err
		}
		s.Next, s.Ended, s.Created = fromMicros(next), fromMicros(ended), fromMicros(created)
		all = append(all, s)
	}
	return all, rows.Err()
}

// series reads one series of the client, and keeps it for the transaction.
func (c *Client) series(ctx context.Context, tx store.Tx, id string) (Series, error) {
	found, err := readSeries(ctx, tx, "s.id = ? AND s.client = ?"+c.b.locked(), id, c.name)
	if err != nil {
		return Series{}, err
	}
	if len(found) == 0 {
		return Series{}, &parvis.Error{Code: parvis.ErrNotFound, Message: "the client has no series " + id, Help: "take it from AllSeries"}
	}
	return found[0], nil
}
