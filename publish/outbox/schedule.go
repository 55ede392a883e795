package outbox

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/jobs"
	"github.com/parvis-go/parvis/internal/store"
	"github.com/parvis-go/parvis/publish"
)

// Schedule puts a draft on the calendar: it is Save and Submit in one transaction, for a
// [Plan] with a draft, a time and targets. See [Client.Add] for plans that say more.
func (c *Client) Schedule(ctx context.Context, d publish.Draft, w When, accounts ...parvis.Account) (Entry, error) {
	targets := make([]Target, len(accounts))
	for i, a := range accounts {
		targets[i] = To(a)
	}
	return c.Add(ctx, Plan{Draft: d, When: w, Targets: targets})
}

// Add puts a plan on the calendar. It is scheduled, or waits for approval where the
// client's rules ask for it. What cannot be sent is refused whole, before anything is
// stored, with an error that matches [parvis.ErrInvalid]: a time in the past, a zone that
// does not exist, a draft that a target's network would not take (as far as the network
// can be asked now), media that cannot be had again later. A target of another client is
// refused with [parvis.ErrForeignClient].
func (c *Client) Add(ctx context.Context, p Plan) (Entry, error) {
	es, err := c.AddAll(ctx, []Plan{p})
	if err != nil {
		return Entry{}, err
	}
	return es[0], nil
}

// AddTx is Add in the user's own transaction of the same database: the post is on the
// calendar if and only if the transaction is committed. The networks are not asked
// meanwhile; their rules are checked before the post is sent.
func (c *Client) AddTx(ctx context.Context, tx Tx, p Plan) (Entry, error) {
	es, err := c.ready(ctx, "schedule", []Plan{p}, false)
	if err != nil {
		return Entry{}, err
	}
	if err := c.insert(ctx, tx, es, true); err != nil {
		return Entry{}, failed("schedule", err)
	}
	return es[0], nil
}

// ScheduleTx is Schedule in the user's own transaction; see [Client.AddTx].
func (c *Client) ScheduleTx(ctx context.Context, tx Tx, d publish.Draft, w When, a parvis.Account) (Entry, error) {
	return c.AddTx(ctx, tx, Plan{Draft: d, When: w, Targets: []Target{To(a)}})
}

// AddAll adds many plans in transactions of some hundreds; if one is refused, none is
// added, and the error says which.
func (c *Client) AddAll(ctx context.Context, ps []Plan) ([]Entry, error) {
	return c.add(ctx, "schedule", ps, true)
}

// Save keeps a plan as a draft, which may have no time yet. [Client.Submit] sends it on its way.
func (c *Client) Save(ctx context.Context, p Plan) (Entry, error) {
	es, err := c.add(ctx, "save", []Plan{p}, false)
	if err != nil {
		return Entry{}, err
	}
	return es[0], nil
}

// bulk is how many entries one transaction adds.
const bulk = 500

func (c *Client) add(ctx context.Context, op string, ps []Plan, submit bool) ([]Entry, error) {
	es, err := c.ready(ctx, op, ps, submit)
	if err != nil {
		return nil, err
	}
	out := make([]Entry, len(es))
	err = batched(len(es), bulk, func(from, to int) error {
		return c.b.update(ctx, op, func(tx store.Tx) error {
			part := slices.Clone(es[from:to]) // the transaction may run more than once
			if err := c.insert(ctx, tx, part, submit); err != nil {
				return err
			}
			copy(out[from:to], part)
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// ready turns plans into entries that may be stored, without the database where that is possible.
func (c *Client) ready(ctx context.Context, op string, ps []Plan, ask bool) ([]Entry, error) {
	act := "draft"
	if op == "schedule" {
		act = "schedule"
	}
	if err := c.may(ctx, act); err != nil {
		return nil, err
	}
	es := make([]Entry, len(ps))
	for i, p := range ps {
		p, err := c.admit(ctx, p, ask)
		if err == nil && op == "schedule" && p.When.IsZero() {
			err = invalid("the plan has no time", `set Plan.When, for instance to outbox.At("Europe/Paris", "2026-12-24 18:00")`)
		}
		if err != nil {
			if len(ps) > 1 {
				err = fmt.Errorf("plan %d: %w", i, err)
			}
			return nil, failed(op, err)
		}
		es[i] = Entry{Plan: p, Client: c.name, Author: c.who}
	}
	return es, nil
}

// admit checks a plan and makes it one that can be stored: targets are the client's own,
// media can be had again, its content is hashed. ask also asks the networks.
func (c *Client) admit(ctx context.Context, p Plan, ask bool) (Plan, error) {
	p, err := c.own(p)
	if err != nil {
		return p, err
	}
	if err := p.valid(); err != nil {
		return p, err
	}
	if p, err = c.keepMedia(ctx, p); err != nil {
		return p, err
	}
	if _, err := p.When.Time(); err != nil {
		return p, err
	}
	if ask {
		err = c.checkTargets(ctx, p)
	}
	return p, err
}

// own gives the targets the handle's client, and refuses those of another.
func (c *Client) own(p Plan) (Plan, error) {
	if len(p.Targets) == 0 {
		return p, invalid("the plan has no target", "say which accounts it goes to")
	}
	if p.Draft.Key != "" || !p.Draft.At.IsZero() {
		return p, invalid("the draft has a key or a time of its own", "leave Draft.Key and Draft.At empty, and set Plan.When")
	}
	seen := map[string]bool{}
	targets := make([]Target, len(p.Targets))
	for i, t := range p.Targets {
		if t.Account.Client != "" && t.Account.Client != c.name {
			return p, &parvis.Error{
				Network: t.Account.Network, Account: t.Account.String(), Code: parvis.ErrForeignClient,
				Message: "the account belongs to another client", Help: "use an account of " + c.name,
			}
		}
		if t.Lang != "" {
			if _, ok := p.Langs[t.Lang]; !ok {
				return p, invalid("there is no variant in the language "+t.Lang, "add it to Plan.Langs")
			}
		}
		t = Target{Account: t.Account, Lang: t.Lang}
		t.Account.Client = c.name
		if seen[laneOf(t.Account)] {
			return p, invalid("the account "+t.Account.String()+" is a target twice", "")
		}
		seen[laneOf(t.Account)] = true
		targets[i] = t
	}
	p.Targets = targets
	for _, t := range targets {
		for _, d := range p.items(t) {
			if err := ownsAll(t.Account, d); err != nil {
				return p, err
			}
		}
	}
	return p, nil
}

func ownsAll(a parvis.Account, d publish.Draft) error {
	for _, r := range [...]parvis.Ref{d.ReplyTo, d.Quote, d.Place.Ref, d.Place.Parent} {
		if err := a.Owns(r); err != nil {
			return err
		}
	}
	return nil
}

func invalid(message, help string) error {
	return &parvis.Error{Code: parvis.ErrInvalid, Message: message, Help: help}
}

// insert stores new entries and their targets, and fills in what the database decides:
// identifiers, times, states.
func (c *Client) insert(ctx context.Context, tx store.Tx, es []Entry, submit bool) error {
	if len(es) > 1 && slices.ContainsFunc(es, func(e Entry) bool { return e.When.Slot }) {
		// Which slot is free depends on what is stored, so these come one after the other.
		for i := range es {
			if err := c.insert(ctx, tx, es[i:i+1], submit); err != nil {
				return err
			}
		}
		return nil
	}
	now, err := c.b.now(ctx, tx)
	if err != nil {
		return err
	}
	rules, err := c.rules(ctx, tx)
	if err != nil {
		return err
	}
	var rows []row
	for i := range es {
		e := &es[i]
		if err := c.number(ctx, tx, e, now, i); err != nil {
			return err
		}
		e.stage = Draft
		if submit {
			e.stage = submitted(rules, e)
		}
		ts := c.newRows(e, now)
		e.adopt(ts)
		rows = append(rows, ts...)
	}
	if submit {
		if err := c.refuseClosed(ctx, tx, es...); err != nil {
			return err
		}
	}
	if err := insertEntries(ctx, tx, es); err != nil {
		return err
	}
	if err := insertTargets(ctx, tx, rows); err != nil {
		return err
	}
	for _, e := range es {
		if err := c.record(ctx, tx, e.record(now, "schedule")); err != nil {
			return err
		}
	}
	return c.b.wake(ctx, tx, now, rows)
}

// number gives a new entry its identifier, its instant and its hash.
func (c *Client) number(ctx context.Context, tx store.Tx, e *Entry, now time.Time, i int) error {
	e.ID = newID(now.Add(time.Duration(i) * time.Microsecond)) // they sort as they were given
	e.Version, e.Created, e.Updated = 1, now, now
	if err := c.time(ctx, tx, e, now); err != nil {
		return err
	}
	e.Hash = e.Plan.hash()
	return nil
}

// time finds out the instant of an entry's When.
func (c *Client) time(ctx context.Context, tx store.Tx, e *Entry, now time.Time) (err error) {
	switch {
	case e.When.Slot:
		e.When, err = c.freeSlot(ctx, tx, e, now)
	case e.When.Wall == "now":
		e.At, e.When = now, On(now.UTC())
		return nil
	}
	if err != nil {
		return err
	}
	at, err := e.When.Time()
	if err != nil {
		return err
	}
	if e.At = at; !at.IsZero() {
		e.At = at.UTC()
	}
	if !e.At.IsZero() && e.At.Before(now.Truncate(time.Second)) {
		return invalid("the time "+e.When.String()+" is in the past", "choose a later one, or outbox.Now()")
	}
	return nil
}

// newRows are the targets of a new entry.
func (c *Client) newRows(e *Entry, now time.Time) []row {
	ts := make([]row, len(e.Targets))
	for i, t := range e.Targets {
		t.ID = e.ID + "-" + strconv.Itoa(i)
		ts[i] = row{
			Target: t, entry: e.ID, client: c.name, lane: laneOf(t.Account), n: i,
			due: toMicros(e.At), sum: e.Plan.sum(t), key: t.ID, version: 1,
		}
		ts[i].become(e.stage, now, "")
		if e.stage == Scheduled {
			ts[i].after(DoPublish, e.first(now))
		}
	}
	return ts
}

// first is when the outbox turns to the targets of a scheduled entry: at its time, or at
// once if a network may hold it.
func (e *Entry) first(now time.Time) time.Time {
	if e.Native {
		return now
	}
	return e.At
}

// record is the act of a person on an entry.
func (e *Entry) record(now time.Time, op string) parvis.Record {
	return parvis.Record{
		Time: now, Account: e.accounts(), Op: op, Outcome: string(e.State),
		Detail: "entry " + e.ID + ", for " + e.When.String(),
	}
}

// accounts names the targets.
func (e *Entry) accounts() string {
	if len(e.Targets) == 0 {
		return "-"
	}
	s := e.Targets[0].Account.String()
	if n := len(e.Targets) - 1; n > 0 {
		s += " and " + strconv.Itoa(n) + " more"
	}
	return s
}

// update runs f in a transaction, with errors that say what to do.
func (b *Outbox) update(ctx context.Context, op string, f func(tx store.Tx) error) error {
	return failed(op, b.db.Update(ctx, f))
}

// failed gives an error its operation, and one of the database words.
func failed(op string, err error) error {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	if e, ok := errors.AsType[*parvis.Error](err); ok {
		if e.Op == "" {
			c := *e
			c.Op = op
			if err == error(e) {
				return &c
			}
		}
		return err
	}
	message, help := store.Trouble(err)
	return &parvis.Error{Op: op, Code: parvis.ErrUnavailable, Message: message, Help: help, Err: err}
}

// wake makes sure that River looks at the lanes of rows in time.
func (b *Outbox) wake(ctx context.Context, tx store.Tx, now time.Time, rows []row) error {
	type first struct {
		t  *row
		at int64
	}
	lanes := map[string]first{}
	var order []string
	for i := range rows {
		t := &rows[i]
		at := toMicros(t.Next)
		if at == 0 {
			continue
		}
		f, ok := lanes[t.lane]
		if !ok {
			order = append(order, t.lane)
		}
		if !ok || at < f.at {
			lanes[t.lane] = first{t, at}
		}
	}
	var wakes []jobs.Wake
	slices.Sort(order) // two who add many at once take the lanes in the same order
	for _, lane := range order {
		w, err := b.wakeLane(ctx, tx, lanes[lane].t, now)
		if err != nil {
			return err
		}
		wakes = append(wakes, w...)
	}
	return b.engine.Wake(ctx, tx, wakes)
}

// wakeLane notes that the lane of t has something to do when t has, and returns the
// wake-up that is missing.
func (b *Outbox) wakeLane(ctx context.Context, tx store.Tx, t *row, now time.Time) ([]jobs.Wake, error) {
	at := toMicros(t.Next)
	account, err := accountJSON(t.Account)
	if err != nil {
		return nil, err
	}
	var wake, notBefore int64
	err = tx.QueryRow(ctx, `INSERT INTO parvis_outbox_lanes (lane, client, network, account, next_at, wake, near, not_before, holder, lease)
		VALUES (?, ?, ?, ?, ?, 0, 0, 0, '', 0) ON CONFLICT (lane) DO UPDATE SET next_at =
			CASE WHEN parvis_outbox_lanes.next_at = 0 OR parvis_outbox_lanes.next_at > excluded.next_at
			THEN excluded.next_at ELSE parvis_outbox_lanes.next_at END
		RETURNING wake, not_before`, t.lane, t.client, string(t.Account.Network), account, at).Scan(&wake, &notBefore)
	if err != nil {
		return nil, err
	}
	at = max(at, notBefore)
	if wake > 0 && wake <= at && wake > toMicros(now) {
		return nil, nil
	}
	_, err = tx.Exec(ctx, "UPDATE parvis_outbox_lanes SET wake = ? WHERE lane = ?", max(at, 1), t.lane)
	return []jobs.Wake{{Lane: t.lane, At: b.local(now, fromMicros(at))}}, err
}

// local is the time at as the engine's clock shows it: the database's, as ours, unless
// Options.Now runs apart.
func (b *Outbox) local(now, at time.Time) time.Time {
	if b.opt.Now == nil {
		return at
	}
	return time.Now().Add(at.Sub(now))
}
