package outbox

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/store"
	"github.com/parvis-go/parvis/publish"
)

// Get returns an entry of the client. One that is not there, or belongs to another client,
// gives [parvis.ErrNotFound].
func (c *Client) Get(ctx context.Context, id string) (Entry, error) {
	e, _, err := c.load(ctx, c.b.db, id, false)
	return e, failed("get entry", err)
}

// Submit sends a draft on its way: to review if the client's rules ask for approval, else
// onto the calendar. It needs a time unless it goes to review.
func (c *Client) Submit(ctx context.Context, id string) (Entry, error) {
	old, err := c.Get(ctx, id)
	if err != nil {
		return Entry{}, err
	}
	if err := c.checkTargets(ctx, old.Plan); err != nil {
		return Entry{}, failed("submit", err)
	}
	return c.change(ctx, "submit", "schedule", id, func(a *act) error {
		if a.e.stage != Draft {
			return tooLate(a.e, "submitted")
		}
		if a.e.Version != old.Version {
			return errChanged
		}
		if err := c.time(ctx, a.tx, a.e, a.now); err != nil {
			return err
		}
		if err := c.refuseClosed(ctx, a.tx, *a.e); err != nil {
			return err
		}
		rules, err := c.rules(ctx, a.tx)
		if err != nil {
			return err
		}
		if a.e.stage, err = c.staged(ctx, a.tx, rules, a.e); err != nil {
			return err
		}
		a.release()
		return nil
	})
}

// Move gives an entry another time. Targets that have gone out stay as they are; if no
// target can be moved any more, the error matches [parvis.ErrTooLate]. Where the network
// holds the post, it is told. Rules of approval may ask for a new approval; see [Rule].
func (c *Client) Move(ctx context.Context, id string, w When) (Entry, error) {
	return c.change(ctx, "move", "schedule", id, func(a *act) error {
		a.e.When = w
		if err := c.time(ctx, a.tx, a.e, a.now); err != nil {
			return err
		}
		if a.e.stage != Draft {
			if err := c.refuseClosed(ctx, a.tx, *a.e); err != nil {
				return err
			}
		}
		rules, err := c.rules(ctx, a.tx)
		if err != nil {
			return err
		}
		moved := 0
		for i := range a.ts {
			t := &a.ts[i]
			switch {
			case t.State == Native && !a.e.At.IsZero():
				t.due = toMicros(a.e.At)
				t.after(DoMove, a.now)
			case !t.begun() && t.State != Cancelled:
				t.due = toMicros(a.e.At)
				if t.State == Held {
					t.become(Scheduled, a.now, "")
				}
				if t.State == Scheduled && a.e.At.IsZero() {
					return invalid("a scheduled entry needs a time", "Cancel it, or give it another time")
				}
			default:
				continue
			}
			moved++
		}
		if moved == 0 {
			return tooLate(a.e, "moved")
		}
		if a.e.stage != Draft {
			if a.e.stage, err = c.staged(ctx, a.tx, rules, a.e); err != nil {
				return err
			}
		}
		a.release()
		return nil
	})
}

// Edit replaces what an entry says by the plan p; p's time is kept as it is where p has
// none, its targets likewise. Every edit that changes what is sent voids the approvals.
// Targets that are out are edited on their network, as far as it can; those under way, or
// with an unknown outcome, give [parvis.ErrConflict]. Targets can be added and removed only
// as long as nothing has gone out.
func (c *Client) Edit(ctx context.Context, id string, p Plan) (Entry, error) {
	if err := c.may(ctx, "draft"); err != nil {
		return Entry{}, err
	}
	old, err := c.Get(ctx, id)
	if err != nil {
		return Entry{}, err
	}
	if len(p.Targets) == 0 {
		p.Targets = old.Targets
	}
	if p.When.IsZero() {
		p.When = old.When
	}
	if p, err = c.admit(ctx, p, old.State != Draft); err != nil {
		return Entry{}, failed("edit", err)
	}
	return c.change(ctx, "edit", "draft", id, func(a *act) error {
		if a.e.Version != old.Version {
			return errChanged
		}
		if a.e.stage == Cancelled {
			return tooLate(a.e, "edited")
		}
		moved := p.When != a.e.When
		targets := a.e.Targets
		a.e.Plan = p
		if moved {
			if err := c.time(ctx, a.tx, a.e, a.now); err != nil {
				return err
			}
		}
		if moved && a.e.stage != Draft {
			if err := c.refuseClosed(ctx, a.tx, *a.e); err != nil {
				return err
			}
		}
		if hash := p.hash(); hash != a.e.Hash {
			a.e.Hash, a.e.Author = hash, c.who
			if err := void(ctx, a.tx, a.e.ID, a.now); err != nil {
				return err
			}
		}
		if !begun(a.ts) {
			return c.replace(ctx, a)
		}
		if !sameAccounts(targets, p.Targets) {
			return &parvis.Error{Code: parvis.ErrConflict, Message: "the targets cannot change after the first has gone out", Help: "make a new entry for the others"}
		}
		return c.revise(ctx, a)
	})
}

// replace gives an entry of which nothing has gone out new targets.
func (c *Client) replace(ctx context.Context, a *act) error {
	for _, t := range a.ts { // a worker may have taken one up since they were read
		n, err := a.tx.Exec(ctx, "DELETE FROM parvis_outbox_targets WHERE id = ? AND version = ?", t.ID, t.version)
		if err != nil {
			return err
		}
		if n == 0 {
			return beingWorked(t.Account)
		}
	}
	rules, err := c.rules(ctx, a.tx)
	if err != nil {
		return err
	}
	if a.e.stage != Draft {
		if a.e.stage, err = c.staged(ctx, a.tx, rules, a.e); err != nil {
			return err
		}
	}
	ts := c.newRows(a.e, a.now)
	for i := range ts { // an attempt of the old text is no attempt of the new one
		ts[i].ID = fmt.Sprintf("%s-%d-%d", a.e.ID, a.e.Version, i)
		ts[i].key = ts[i].ID
	}
	a.ts = nil
	a.e.adopt(ts)
	if err := insertTargets(ctx, a.tx, ts); err != nil {
		return err
	}
	return c.b.wake(ctx, a.tx, a.now, ts)
}

// revise gives the targets of an entry that is partly out its new content.
func (c *Client) revise(ctx context.Context, a *act) error {
	rules, err := c.rules(ctx, a.tx)
	if err != nil {
		return err
	}
	if a.e.stage, err = c.staged(ctx, a.tx, rules, a.e); err != nil {
		return err
	}
	for i := range a.ts {
		t := &a.ts[i]
		switch t.State {
		case Sending, Unknown, Pending, Native:
			return &parvis.Error{
				Code: parvis.ErrConflict, Message: "the post on " + t.Account.String() + " is " + string(t.State),
				Help: "edit it when that is settled",
			}
		case Published, Failed:
			if len(t.life.Posts) > 0 {
				t.Do, t.Next = DoEdit, time.Time{}
			}
		}
		t.Lang = a.e.Targets[i].Lang
		t.sum = a.e.Plan.sum(t.Target)
		if len(t.life.Posts) == 0 { // an attempt of the old text is no attempt of the new one
			t.key = fmt.Sprintf("%s-%d-%d", a.e.ID, a.e.Version, t.n)
		}
	}
	a.release()
	return nil
}

// Cancel takes an entry off the calendar. Targets that have gone out stay; if all have, the
// error matches [parvis.ErrTooLate]: Withdraw takes them back.
func (c *Client) Cancel(ctx context.Context, id string) (Entry, error) {
	return c.change(ctx, "cancel", "schedule", id, func(a *act) error {
		if a.cancel() == 0 {
			return tooLate(a.e, "cancelled")
		}
		return nil
	})
}

// cancel takes the targets off the calendar that have not gone out, and counts them.
func (a *act) cancel() int {
	n := 0
	for i := range a.ts {
		t := &a.ts[i]
		switch {
		case t.State == Native:
			t.after(DoWithdraw, a.now)
		case !t.begun(), t.State == Failed && len(t.life.Posts) == 0:
			t.become(Cancelled, a.now, "")
			t.after("", time.Time{})
		default:
			continue
		}
		n++
	}
	if !begun(a.ts) {
		a.e.stage = Cancelled
	}
	return n
}

// Withdraw deletes what is out from the networks, and cancels the rest. A pause does not
// stop it.
func (c *Client) Withdraw(ctx context.Context, id, reason string) (Entry, error) {
	return c.change(ctx, "withdraw", "schedule", id, func(a *act) error {
		n := 0
		for i := range a.ts {
			t := &a.ts[i]
			switch {
			case t.State == Sending || t.State == Unknown:
				return &parvis.Error{
					Code: parvis.ErrConflict, Message: "the post on " + t.Account.String() + " is " + string(t.State),
					Help: "withdraw it when that is settled",
				}
			case len(t.life.Posts) > 0 && t.State != Withdrawn:
				t.Reason = reason
				t.after(DoWithdraw, a.now)
				n++
			case !t.begun():
				t.become(Cancelled, a.now, reason)
				t.after("", time.Time{})
			}
		}
		if n == 0 {
			return tooLate(a.e, "withdrawn: nothing of it is out")
		}
		return nil
	})
}

// Retry lets a target go out that is held or failed, as soon as its time is there. The
// tolerance for its time holds no more; everything else is checked again.
func (c *Client) Retry(ctx context.Context, id, target string) (Entry, error) {
	return c.change(ctx, "retry", "schedule", id, func(a *act) error {
		t, err := pick(a.ts, target)
		if err != nil {
			return err
		}
		if t.State != Held && t.State != Failed {
			return &parvis.Error{Code: parvis.ErrConflict, Message: "the target is " + string(t.State) + ", not held or failed", Help: "read it again with Get"}
		}
		t.life.Late, t.Tries = true, 0
		t.become(t.waiting(), a.now, "")
		t.after(DoPublish, maxTime(a.now, fromMicros(t.due)))
		return nil
	})
}

// A Resolution is what a person found who looked at the network for a post whose outcome is
// unknown.
type Resolution struct {
	// Out tells that it is there; Ref and URL name it.
	Out bool
	Ref parvis.Ref
	URL string
}

// Resolve settles a target whose outcome is unknown, or that the network works on without
// telling, by what a person saw there. What is out is published; what is not is sent again,
// under a new key.
func (c *Client) Resolve(ctx context.Context, id, target string, r Resolution) (Entry, error) {
	return c.change(ctx, "resolve", "decide", id, func(a *act) error {
		t, err := pick(a.ts, target)
		if err != nil {
			return err
		}
		if t.State != Unknown && t.State != Pending {
			return &parvis.Error{Code: parvis.ErrConflict, Message: "the target is " + string(t.State) + ", not unknown", Help: "read it again with Get"}
		}
		if !r.Out {
			t.key = fmt.Sprintf("%s-r%d", t.ID, a.e.Version)
			t.Tries = 0
			t.become(t.waiting(), a.now, "")
			t.life.Late = true
			t.after(DoPublish, a.now)
			return nil
		}
		if r.Ref.IsZero() {
			return invalid("the post has no reference", "set Resolution.Ref to the post's, so that it can be edited and withdrawn")
		}
		if err := t.Account.Owns(r.Ref); err != nil {
			return err
		}
		post := publish.Post{Ref: r.Ref, URL: r.URL, State: publish.Published, Key: t.key}
		post.Ref.Client = c.name
		t.life.Posts = append(t.life.Posts[:min(t.item, len(t.life.Posts))], post)
		items := a.e.Plan.items(t.Target)
		t.life.Sums = append(t.life.Sums[:min(t.item, len(t.life.Sums))], exact(items[t.item:t.item+1]))
		if t.life.Out.IsZero() {
			t.life.Out = a.now
		}
		t.item++
		t.become(Sending, a.now, "")
		t.after(DoPublish, a.now) // the worker goes on: with the next item, or what follows the last
		return nil
	})
}

// An act is what a person does with an entry, in one transaction.
type act struct {
	tx  store.Tx
	e   *Entry
	ts  []row
	now time.Time
	// why and detail go into the record of the act.
	why, detail string
}

// change runs f on an entry and its targets in one transaction, and saves them with a record.
// The roles are asked whether the person may; if may is empty, they have been.
func (c *Client) change(ctx context.Context, op, may, id string, f func(a *act) error) (Entry, error) {
	if may != "" {
		if err := c.may(ctx, may); err != nil {
			return Entry{}, err
		}
	}
	var a *act
	err := c.b.update(ctx, op, func(tx store.Tx) error {
		e, ts, err := c.load(ctx, tx, id, true)
		if err != nil {
			return err
		}
		now, err := c.b.now(ctx, tx)
		if err != nil {
			return err
		}
		a = &act{tx: tx, e: &e, ts: ts, now: now}
		if err := f(a); err != nil {
			return err
		}
		if err := c.keep(ctx, a); err != nil {
			return err
		}
		r := e.record(now, op)
		r.Reason, r.Detail = a.why, r.Detail+a.detail
		return c.record(ctx, tx, r)
	})
	if err != nil {
		return Entry{}, err
	}
	if c.b.opt.Changed != nil {
		for _, t := range a.e.Targets {
			c.b.opt.Changed(Change{c.name, id, t.ID, t.Account, t.State, t.Reason})
		}
	}
	return *a.e, nil
}

// keep saves what an act has changed, and has the workers woken in time.
func (c *Client) keep(ctx context.Context, a *act) error {
	if err := saveEntry(ctx, a.tx, a.e, a.now); err != nil {
		return err
	}
	if a.ts == nil {
		return nil
	}
	for i := range a.ts {
		t := &a.ts[i]
		ok, err := t.save(ctx, a.tx, "version = ?", t.version)
		if err != nil {
			return err
		}
		if !ok {
			return beingWorked(t.Account)
		}
	}
	a.e.adopt(a.ts)
	return c.b.wake(ctx, a.tx, a.now, a.ts)
}

// release brings the targets that have not begun to the stage of their entry, and those
// that are out and were edited to their edit.
func (a *act) release() {
	for i := range a.ts {
		t := &a.ts[i]
		switch {
		case t.State == Published && t.Do == DoEdit, t.State == Failed && t.Do == DoEdit:
			if a.e.stage == Scheduled {
				t.Next = a.now
			}
		case t.begun(), t.State == Cancelled:
			continue
		case a.e.stage == Scheduled:
			t.become(Scheduled, a.now, "")
			t.after(DoPublish, a.e.first(a.now))
		default:
			t.become(a.e.stage, a.now, "")
			t.after("", time.Time{})
		}
		if !t.begun() {
			t.due = toMicros(a.e.At)
		}
	}
}

// begun reports whether something of the target may be on its network.
func (t *row) begun() bool {
	switch t.State {
	case Draft, Review, Approved, Scheduled, Held, Cancelled:
		return len(t.life.Posts) > 0
	}
	return true
}

func begun(ts []row) bool { return slices.ContainsFunc(ts, func(t row) bool { return t.begun() }) }

func pick(ts []row, id string) (*row, error) {
	for i := range ts {
		if ts[i].ID == id {
			return &ts[i], nil
		}
	}
	return nil, &parvis.Error{Code: parvis.ErrNotFound, Message: "the entry has no target " + id, Help: "take it from Entry.Targets"}
}

var errChanged = &parvis.Error{
	Code: parvis.ErrConflict, Message: "somebody else has changed the entry meanwhile", Help: "read it again with Get",
}

func beingWorked(a parvis.Account) error {
	return &parvis.Error{
		Code: parvis.ErrConflict, Message: "the post on " + a.String() + " is being worked on", Help: "read the entry again with Get",
	}
}

func tooLate(e *Entry, what string) error {
	return &parvis.Error{Code: parvis.ErrTooLate, Message: "the entry is " + string(e.State) + " and can no more be " + what, Help: "read it again with Get"}
}

func sameAccounts(a, b []Target) bool {
	return slices.EqualFunc(a, b, func(x, y Target) bool { return laneOf(x.Account) == laneOf(y.Account) })
}

func maxTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
