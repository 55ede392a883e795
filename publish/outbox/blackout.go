package outbox

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/civil"
	"github.com/parvis-go/parvis/internal/store"
)

// BlackoutKind says how strict a [Blackout] is.
type BlackoutKind string

// The kinds.
const (
	// Closed stops everything: [Client.Add], [Client.Submit] and [Client.Move] refuse a time
	// in it, series leave it out, and what is on the calendar already is held when its time
	// comes. It is the zero kind's meaning.
	Closed BlackoutKind = "closed"
	// Holiday is a day on which people may want to post all the same: [Client.Check] points
	// to it and [NextSlot] keeps off it, and that is all.
	Holiday BlackoutKind = "holiday"
)

// A Blackout is a span of time that the client keeps free of posts.
type Blackout struct {
	// ID names it; AddBlackout sets it.
	ID string `json:"id"`
	// Name is what people are told: "Christmas".
	Name string       `json:"name"`
	Kind BlackoutKind `json:"kind"`
	// Scope is what keeps silent; the zero Scope is everything of the client.
	Scope
	// From and To bound it; To is exclusive. The zero From, like [Now], is now. The zero To is
	// one day on the wall after From. A zone that To lacks is that of From.
	From When `json:"from"`
	To   When `json:"to"`
	// Starts and Ends are the instants of From and To; AddBlackout sets them.
	Starts time.Time `json:"starts"`
	Ends   time.Time `json:"ends"`
}

// at reports whether the instant t lies in it.
func (o Blackout) at(t time.Time) bool { return !t.Before(o.Starts) && t.Before(o.Ends) }

// covers reports whether a target is in its scope.
func (o Blackout) covers(t Target) bool {
	return (o.Network == "" || o.Network == t.Account.Network) &&
		(o.Account == parvis.Account{} || laneOf(o.Account) == laneOf(t.Account))
}

// holds reports whether it keeps a target from going out now.
func (o Blackout) holds(t Target, now time.Time) bool {
	return o.Kind != Holiday && o.at(now) && o.covers(t)
}

// AddBlackout keeps a span free of posts; see [BlackoutKind]. Entries that are on the
// calendar in it stay there: [Client.Entries] lists them for Starts and Ends. Options.Roles
// are asked for "calendar". A span without a name, that ends before it begins, or in a zone
// that does not exist gives [parvis.ErrInvalid], an account of another client
// [parvis.ErrForeignClient].
func (c *Client) AddBlackout(ctx context.Context, o Blackout) (Blackout, error) {
	const op = "add blackout"
	if err := c.may(ctx, "calendar"); err != nil {
		return Blackout{}, err
	}
	err := c.b.update(ctx, op, func(tx store.Tx) error {
		now, err := c.b.now(ctx, tx)
		if err != nil {
			return err
		}
		o.ID = newID(now)
		if o, err = c.spanned(o, now); err != nil {
			return err
		}
		if _, err := c.keepBlackout(ctx, tx, o); err != nil {
			return err
		}
		return c.record(ctx, tx, o.record(now, op))
	})
	if err != nil {
		return Blackout{}, err
	}
	return o, nil
}

func (o Blackout) record(now time.Time, op string) parvis.Record {
	return parvis.Record{
		Time: now, Account: o.Scope.String(), Op: op, Outcome: "done", Reason: o.Name,
		Detail: "blackout " + o.ID + " (" + string(o.Kind) + "), " + o.From.String() + " to " + o.To.String(),
	}
}

// spanned fills in what a blackout leaves open, and checks it.
func (c *Client) spanned(o Blackout, now time.Time) (_ Blackout, err error) {
	if o.Kind == "" {
		o.Kind = Closed
	}
	switch {
	case o.Kind != Closed && o.Kind != Holiday:
		return o, invalid(`there is no kind of blackout "`+string(o.Kind)+`"`, "use outbox.Closed or outbox.Holiday")
	case strings.TrimSpace(o.Name) == "":
		return o, invalid("the blackout has no name", "give it one: people are told it")
	case o.From.Slot || o.To.Slot || o.To.Wall == "now":
		return o, invalid("a blackout has no such time", `use outbox.At("Europe/Paris", "2026-12-25 00:00")`)
	}
	if o.Scope, _, err = c.scope(c.name, o.Scope); err != nil {
		return o, err
	}
	if o.From.IsZero() || o.From.Wall == "now" {
		o.From = On(now.UTC())
	}
	if o.Starts, err = o.From.Time(); err != nil {
		return o, err
	}
	if o.To.IsZero() {
		wall, err := civil.ParseTime(o.From.Wall)
		if err != nil {
			return o, err
		}
		o.To = When{Wall: wall.AddDays(1).String()}
	}
	if o.To.Zone == "" {
		o.To.Zone = o.From.Zone
	}
	if o.Ends, err = o.To.Time(); err != nil {
		return o, err
	}
	o.Starts, o.Ends = o.Starts.UTC(), o.Ends.UTC()
	if !o.Ends.After(o.Starts) {
		return o, invalid("the blackout ends before it begins", "exchange From and To")
	}
	return o, nil
}

// keepBlackout stores a blackout, and reports whether that changed anything.
func (c *Client) keepBlackout(ctx context.Context, tx store.Tx, o Blackout) (bool, error) {
	lane := ""
	if o.Account != (parvis.Account{}) {
		lane = laneOf(o.Account)
	}
	detail, err := json.Marshal(o)
	if err != nil {
		return false, err
	}
	n, err := tx.Exec(ctx, `INSERT INTO parvis_outbox_blackouts (id, client, network, lane, name, kind, starts, ends, detail)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET name = excluded.name,
			starts = excluded.starts, ends = excluded.ends, detail = excluded.detail
		WHERE parvis_outbox_blackouts.detail <> excluded.detail`,
		o.ID, c.name, string(o.Network), lane, o.Name, string(o.Kind), toMicros(o.Starts), toMicros(o.Ends), detail)
	return n > 0, err
}

// RemoveBlackout ends a blackout. What it has held stays held until somebody lets it go
// with [Client.Retry] or [Client.Move]. Options.Roles are asked for "calendar". One that the
// client does not have gives [parvis.ErrNotFound].
func (c *Client) RemoveBlackout(ctx context.Context, id string) error {
	const op = "remove blackout"
	if err := c.may(ctx, "calendar"); err != nil {
		return err
	}
	return c.b.update(ctx, op, func(tx store.Tx) error {
		var detail []byte
		err := tx.QueryRow(ctx, "DELETE FROM parvis_outbox_blackouts WHERE id = ? AND client = ? RETURNING detail", id, c.name).Scan(&detail)
		if err == store.ErrNoRows {
			return &parvis.Error{Code: parvis.ErrNotFound, Message: "the client has no blackout " + id, Help: "take it from Blackouts"}
		}
		var o Blackout
		if err == nil {
			err = json.Unmarshal(detail, &o)
		}
		if err != nil {
			return err
		}
		now, err := c.b.now(ctx, tx)
		if err != nil {
			return err
		}
		return c.record(ctx, tx, o.record(now, op))
	})
}

// Blackouts returns those of the client that have a part between two instants, in order; a
// zero instant is no bound.
func (c *Client) Blackouts(ctx context.Context, from, to time.Time) ([]Blackout, error) {
	os, err := c.blackoutsOf(ctx, c.b.db, "", from, to)
	return os, failed("read blackouts", err)
}

// blackoutsOf are the blackouts that touch a lane, or any of the client's if it is empty,
// between two instants, both included.
func (c *Client) blackoutsOf(ctx context.Context, tx store.Tx, lane string, from, to time.Time) ([]Blackout, error) {
	w := &where{}
	w.and("o.client = ? AND o.ends > ?", c.name, toMicros(from))
	if !to.IsZero() {
		w.and("o.starts <= ?", toMicros(to))
	}
	if lane != "" {
		w.and("(o.network = '' OR o.network = ?) AND (o.lane = '' OR o.lane = ?)", string(accountOf(lane).Network), lane)
	}
	rows, err := tx.Query(ctx, "SELECT o.detail FROM parvis_outbox_blackouts o WHERE "+strings.Join(w.conds, " AND ")+
		" ORDER BY o.starts, o.id", w.args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // read to its end
	var os []Blackout
	for rows.Next() {
		var detail []byte
		var o Blackout
		if err := rows.Scan(&detail); err != nil {
			return nil, err
		}
		if err := json.Unmarshal(detail, &o); err != nil {
			return nil, err
		}
		os = append(os, o)
	}
	return os, rows.Err()
}

// refuseClosed refuses entries that are due while everything is closed.
func (c *Client) refuseClosed(ctx context.Context, tx store.Tx, es ...Entry) error {
	var from, to time.Time
	for _, e := range es {
		if from.IsZero() || e.At.Before(from) {
			from = e.At
		}
		to = maxTime(to, e.At)
	}
	if to.IsZero() {
		return nil
	}
	os, err := c.blackoutsOf(ctx, tx, "", from, to)
	if err != nil {
		return err
	}
	for _, e := range es {
		for _, t := range e.Targets {
			if i := slices.IndexFunc(os, func(o Blackout) bool { return o.holds(t, e.At) }); i >= 0 {
				return os[i].refusal(t)
			}
		}
	}
	return nil
}

func (o Blackout) refusal(t Target) error {
	return &parvis.Error{
		Network: t.Account.Network, Account: t.Account.String(), Code: parvis.ErrConflict,
		Message: "nothing goes out during " + o.Name, Help: "choose a time after " + o.To.String() + ", or remove the blackout",
	}
}
