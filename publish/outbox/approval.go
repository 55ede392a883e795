package outbox

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/store"
)

// byLink is Approval.Via and Comment.Via of those who came by a link.
const byLink = "link"

// An Approval is one person's word that an entry may go out as it is.
type Approval struct {
	// Person gave it, as [Client.As] or [Client.Link] names people.
	Person string `json:"person"`
	// Via is "link" if the person came by one, and Maker who had made the link.
	Via   string `json:"via,omitempty"`
	Maker string `json:"maker,omitempty"`
	// Hash is what was approved, and At when.
	Hash string    `json:"hash"`
	At   time.Time `json:"at"`
	// Current tells that it is in force: nothing of what is sent was changed since.
	Current bool `json:"current"`

	due int64 // the entry's time when it was approved
}

// A way is how somebody came to an entry.
type way struct{ via, maker string }

// Approve says that an entry may go out exactly as hash has it, which is the [Entry.Hash]
// that the person has seen. With the last approval that the rules need, the entry goes on
// the calendar, or is approved if it has no time yet. If its time was missed by more than its
// tolerance meanwhile, its targets are held, for Retry or Move.
//
// An older hash gives [parvis.ErrConflict]. The person must be named with [Client.As], and
// must be another than who last changed the entry, or the error matches
// [parvis.ErrPermission]; so does an approval by somebody whom no rule of the entry names.
// The same person twice counts once. Options.Roles are asked for "approve".
func (c *Client) Approve(ctx context.Context, id, hash string) (Entry, error) {
	return c.approve(ctx, "approve", id, hash, way{})
}

// approve is Approve for who came in some way; an empty may does not ask the roles.
func (c *Client) approve(ctx context.Context, may, id, hash string, w way) (Entry, error) {
	return c.change(ctx, "approve", may, id, func(a *act) error {
		if err := a.reviewable("approved", hash); err != nil {
			return err
		}
		rules, err := c.rules(ctx, a.tx)
		if err != nil {
			return err
		}
		if err := c.mayApprove(rules, a.e, w); err != nil {
			return err
		}
		_, err = a.tx.Exec(ctx, `INSERT INTO parvis_outbox_approvals (entry, hash, person, via, maker, at, due, voided)
			VALUES (?, ?, ?, ?, ?, ?, ?, 0) ON CONFLICT (entry, hash, person, via) DO UPDATE SET
			maker = excluded.maker, at = excluded.at, due = excluded.due, voided = 0`,
			id, hash, c.who, w.via, w.maker, toMicros(a.now), toMicros(a.e.At))
		if err != nil {
			return err
		}
		a.detail = ", " + hash + w.String()
		stage, err := c.staged(ctx, a.tx, rules, a.e)
		if err != nil {
			return err
		}
		c.b.approved(a, stage)
		return c.shareApprovals(ctx, a)
	})
}

// String says by which way, for records.
func (w way) String() string {
	if w.via == "" {
		return ""
	}
	return ", by a link from " + w.maker
}

// reviewable refuses what cannot be judged, or is no longer what was judged.
func (a *act) reviewable(what, hash string) error {
	switch {
	case hash == "":
		return invalid("it is not said what is "+what, "pass the Entry.Hash that the person has seen")
	case hash != a.e.Hash:
		return errOlder
	case a.e.stage == Draft:
		return &parvis.Error{Code: parvis.ErrConflict, Message: "the entry is a draft and cannot be " + what + " yet", Help: "send it on its way with Submit"}
	case a.e.stage == Cancelled, a.e.stage == Scheduled && !slices.ContainsFunc(a.ts, func(t row) bool { return t.waits() }):
		return tooLate(a.e, what)
	}
	return nil
}

// waits reports whether something of the target is still to be sent or edited.
func (t *row) waits() bool {
	return !t.begun() && t.State != Cancelled || t.State == Held || t.Do == DoEdit
}

// errOlder refuses a judgement on what is no longer there.
var errOlder = &parvis.Error{
	Code: parvis.ErrConflict, Message: "the post was changed meanwhile, and this is about an older version",
	Help: "look at it as it is now, and take its Hash",
}

// mayApprove refuses people who do not count.
func (c *Client) mayApprove(rules []Rule, e *Entry, w way) error {
	switch c.who {
	case "":
		return &parvis.Error{Code: parvis.ErrPermission, Message: "nobody approves", Help: `say who, as in acme.As("claire").Approve`}
	case e.Author:
		return &parvis.Error{
			Code: parvis.ErrPermission, Message: c.who + " has written or last changed the post", Help: "let another person approve it",
		}
	}
	some := false
	for _, r := range rules {
		if !r.applies(e) {
			continue
		}
		if r.counts(c.who, w.via) {
			return nil
		}
		some = true
	}
	if !some {
		return nil
	}
	return &parvis.Error{Code: parvis.ErrPermission, Message: "no rule of the client counts an approval by " + c.who, Help: "let one of the approvers do it; see Missing"}
}

// unapproved begins the reason of targets that are held for want of an approval.
const unapproved = "approval is missing"

// approved brings an entry to the stage that its approvals allow.
func (b *Outbox) approved(a *act, stage State) {
	switch {
	case stage == Review: // more are needed; what is scheduled stays so, and is held in time
		a.ts = nil
	case a.e.stage == Scheduled:
		for i := range a.ts {
			if t := &a.ts[i]; t.State == Held && strings.HasPrefix(t.Reason, unapproved) {
				t.become(t.waiting(), a.now, "")
				t.after(DoPublish, maxTime(a.now, fromMicros(t.due)))
			}
		}
		b.holdLate(a)
	default:
		a.e.stage = stage
		a.release()
		b.holdLate(a)
	}
}

// holdLate holds targets whose time was missed before they were approved.
func (b *Outbox) holdLate(a *act) {
	late := a.e.Late
	if late == 0 {
		late = b.opt.Late
	}
	for i := range a.ts {
		t := &a.ts[i]
		if t.State != Scheduled || t.begun() || t.life.Late || late < 0 || a.now.Sub(fromMicros(t.due)) <= late {
			continue
		}
		t.become(Held, a.now, "its time passed before it was approved; let it out with Retry, or give it a new time with Move")
		t.Code = parvis.ErrTooLate
		t.after("", time.Time{})
	}
}

// RequestChanges sends an entry back to its author, as a draft, with a comment that says
// why. All its approvals are void. It needs the role "approve" and a hash as [Client.Approve]
// does; the author may do it too. What is out already can be sent back only if an edit
// of it waits for approval.
func (c *Client) RequestChanges(ctx context.Context, id, hash, why string) (Entry, error) {
	return c.requestChanges(ctx, "approve", id, Comment{Hash: hash, Text: why})
}

func (c *Client) requestChanges(ctx context.Context, may, id string, m Comment) (Entry, error) {
	if err := m.valid(); err != nil {
		return Entry{}, failed("request changes", err)
	}
	return c.change(ctx, "request changes", may, id, func(a *act) error {
		if err := a.reviewable("sent back", m.Hash); err != nil {
			return err
		}
		if a.e.stage != Review && begun(a.ts) {
			return tooLate(a.e, "sent back")
		}
		if err := void(ctx, a.tx, id, a.now); err != nil {
			return err
		}
		m.Asks = true
		if _, err := c.say(ctx, a.tx, a.e, a.now, m); err != nil {
			return err
		}
		a.why = m.Text
		if m.Via == byLink {
			a.detail = ", by a link"
		}
		a.e.stage = Draft
		a.release()
		return nil
	})
}

// Approvals are all that an entry ever got, in the order of time. Only those that are
// Current count.
func (c *Client) Approvals(ctx context.Context, id string) ([]Approval, error) {
	e, err := c.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	as, err := approvalsOf(ctx, c.b.db, &e)
	return as, failed("approvals", err)
}

// Missing are the rules that an entry does not meet yet; none of them, and it may go out.
func (c *Client) Missing(ctx context.Context, id string) ([]Rule, error) {
	e, err := c.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	rules, err := c.rules(ctx, c.b.db)
	if err != nil || len(rules) == 0 {
		return nil, failed("missing approvals", err)
	}
	as, err := approvalsOf(ctx, c.b.db, &e)
	return unmet(rules, &e, as), failed("missing approvals", err)
}

// approvalsOf reads the approvals of an entry, of which ID and Hash are looked at.
func approvalsOf(ctx context.Context, tx store.Tx, e *Entry) ([]Approval, error) {
	rows, err := tx.Query(ctx, `SELECT hash, person, via, maker, at, due, voided FROM parvis_outbox_approvals
		WHERE entry = ? ORDER BY at, person, via`, e.ID)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // read to its end
	var as []Approval
	for rows.Next() {
		var a Approval
		var at, voided int64
		if err := rows.Scan(&a.Hash, &a.Person, &a.Via, &a.Maker, &at, &a.due, &voided); err != nil {
			return nil, err
		}
		a.At, a.Current = fromMicros(at), voided == 0 && a.Hash == e.Hash
		as = append(as, a)
	}
	return as, rows.Err()
}

// void ends all approvals of an entry.
func void(ctx context.Context, tx store.Tx, entry string, now time.Time) error {
	_, err := tx.Exec(ctx, "UPDATE parvis_outbox_approvals SET voided = ? WHERE entry = ? AND voided = 0", toMicros(now), entry)
	return err
}

// inherit gives an entry the approvals in force of another that says the same, such as an
// earlier one of its series, also for its own time.
func inherit(ctx context.Context, tx store.Tx, from string, to *Entry) error {
	_, err := tx.Exec(ctx, `INSERT INTO parvis_outbox_approvals (entry, hash, person, via, maker, at, due, voided)
		SELECT CAST(? AS TEXT), a.hash, a.person, a.via, a.maker, a.at, CAST(? AS BIGINT), 0
		FROM parvis_outbox_approvals a WHERE a.entry = ? AND a.hash = ? AND a.voided = 0
		ON CONFLICT (entry, hash, person, via) DO NOTHING`, to.ID, toMicros(to.At), from, to.Hash)
	return err
}

// approvedStill is asked just before something of an entry is sent. It gives a
// [*parvis.Error] with the reason if it lacks an approval by the rules as they are now, and
// any other error if the database could not be asked.
func (c *Client) approvedStill(ctx context.Context, tx store.Tx, entry, hash string) error {
	rules, err := c.rules(ctx, tx)
	if err != nil || len(rules) == 0 {
		return err
	}
	e := Entry{ID: entry}
	var due int64
	err = tx.QueryRow(ctx, "SELECT hash, author, due FROM parvis_outbox_entries WHERE id = ? AND client = ?", entry, c.name).Scan(&e.Hash, &e.Author, &due)
	if err != nil {
		return err
	}
	e.At = fromMicros(due)
	if e.Hash != hash {
		return &parvis.Error{Code: parvis.ErrConflict, Message: unapproved + ": the post was changed meanwhile", Help: "approve it with Approve"}
	}
	if e.Targets, err = networksOf(ctx, tx, entry); err != nil {
		return err
	}
	as, err := approvalsOf(ctx, tx, &e)
	if err != nil {
		return err
	}
	missing := unmet(rules, &e, as)
	if len(missing) == 0 {
		return nil
	}
	r := missing[0]
	return &parvis.Error{
		Code: parvis.ErrPermission, Message: unapproved + ": " + r.String() + ", given are " + strconv.Itoa(r.given(&e, as)),
		Help: "approve it with Approve, and it goes on",
	}
}

// networksOf are the targets of an entry as far as rules look at them.
func networksOf(ctx context.Context, tx store.Tx, entry string) ([]Target, error) {
	rows, err := tx.Query(ctx, "SELECT DISTINCT network FROM parvis_outbox_targets WHERE entry = ?", entry)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // read to its end
	var ts []Target
	for rows.Next() {
		var network string
		if err := rows.Scan(&network); err != nil {
			return nil, err
		}
		ts = append(ts, Target{Account: parvis.Account{Network: parvis.Network(network)}})
	}
	return ts, rows.Err()
}
