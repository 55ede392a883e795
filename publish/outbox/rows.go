package outbox

import (
	"context"
	"encoding/json"
	"net/url"
	"strings"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/store"
	"github.com/parvis-go/parvis/publish"
)

// laneOf names the queue of one account. Handles may change, so the network's own
// identifier counts where there is one.
func laneOf(a parvis.Account) string {
	who := a.ID
	if who == "" {
		who = "@" + a.Handle
	}
	parts := []string{a.Client, string(a.Network), a.Host, who}
	for i, p := range parts {
		parts[i] = url.PathEscape(p)
	}
	return strings.Join(parts, "/")
}

// A row is one target as the tables have it.
type row struct {
	Target
	entry, client, lane string
	n                   int
	due                 int64
	sum                 string
	item                int
	key                 string
	started             int64
	life                life
	version             int64
}

// life is what a target has been through, beyond its columns.
type life struct {
	// Posts are what is out, Sums the hashes of the drafts that they were made of.
	Posts []publish.Post `json:"posts,omitempty"`
	Sums  []string       `json:"sums,omitempty"`
	// Out is when the first of them went out, Asked since when the outcome is unknown.
	Out   time.Time `json:"out,omitzero"`
	Asked time.Time `json:"asked,omitzero"`
	// Polls counts how often the network was asked about it.
	Polls int `json:"polls,omitempty"`
	// Faults and Verified are of reading it back, Taken counts snapshots.
	Faults   []string  `json:"faults,omitempty"`
	Verified time.Time `json:"verified,omitzero"`
	Taken    int       `json:"taken,omitempty"`
	// Late is set when a person let it out after its tolerance.
	Late bool `json:"late,omitempty"`
}

const targetColumns = `t.id, t.entry, t.n, t.client, t.lane, t.account, t.lang, t.due, t.sum, t.version, t.state, t.since,
	t.reason, t.code, t.item, t.tries, t.send_key, t.started, t.next_at, t.next_do, t.life`

// scanTarget reads targetColumns, and what follows them into more.
func scanTarget(r interface{ Scan(...any) error }, more ...any) (row, error) {
	var t row
	var account, lived []byte
	var state, code, do string
	var since, next int64
	err := r.Scan(append([]any{
		&t.ID, &t.entry, &t.n, &t.client, &t.lane, &account, &t.Lang, &t.due, &t.sum, &t.version, &state, &since,
		&t.Reason, &code, &t.item, &t.Tries, &t.key, &t.started, &next, &do, &lived,
	}, more...)...)
	if err != nil {
		return row{}, err
	}
	if err := json.Unmarshal(account, &t.Account); err != nil {
		return row{}, err
	}
	if err := json.Unmarshal(lived, &t.life); err != nil {
		return row{}, err
	}
	t.State, t.Code, t.Do = State(state), parvis.Code(code), Do(do)
	t.Since, t.Next = fromMicros(since), fromMicros(next)
	t.Posts, t.Faults, t.Verified = t.life.Posts, t.life.Faults, t.life.Verified
	return t, nil
}

// insertTargets adds rows that are new.
func insertTargets(ctx context.Context, tx store.Tx, ts []row) error {
	return batched(len(ts), 40, func(from, to int) error {
		args := make([]any, 0, (to-from)*22)
		for _, t := range ts[from:to] {
			account, err := json.Marshal(t.Account)
			if err != nil {
				return err
			}
			lived, err := json.Marshal(t.life)
			if err != nil {
				return err
			}
			args = append(args, t.ID, t.entry, t.n, t.client, t.lane, string(t.Account.Network), account, t.Lang, t.due, t.sum, t.version,
				string(t.State), toMicros(t.Since), t.Reason, string(t.Code), t.item, t.Tries, t.key, t.started,
				toMicros(t.Next), string(t.Do), lived)
		}
		_, err := tx.Exec(ctx, `INSERT INTO parvis_outbox_targets (id, entry, n, client, lane, network, account, lang, due, sum, version,
			state, since, reason, code, item, tries, send_key, started, next_at, next_do, life) VALUES `+
			tuples(to-from, 22), args...)
		return err
	})
}

// batched calls f for each piece of at most size of n things.
func batched(n, size int, f func(from, to int) error) error {
	for from := 0; from < n; from += size {
		if err := f(from, min(from+size, n)); err != nil {
			return err
		}
	}
	return nil
}

// tuples is n times (?, …) with width places.
func tuples(n, width int) string {
	one := "(?" + strings.Repeat(", ?", width-1) + ")"
	return one + strings.Repeat(", "+one, n-1)
}

// save writes what may change in a target, if cond still holds of it, and reports whether
// it did.
func (t *row) save(ctx context.Context, tx store.Tx, cond string, args ...any) (bool, error) {
	t.life.Faults, t.life.Verified = t.Faults, t.Verified
	lived, err := json.Marshal(t.life)
	if err != nil {
		return false, err
	}
	n, err := tx.Exec(ctx, `UPDATE parvis_outbox_targets SET due = ?, sum = ?, version = version + 1, state = ?, since = ?, reason = ?, code = ?,
		item = ?, tries = ?, send_key = ?, started = ?, next_at = ?, next_do = ?, parked = ?, attention = ?, life = ? WHERE id = ? AND (`+cond+`)`,
		append([]any{
			t.due, t.sum, string(t.State), toMicros(t.Since), t.Reason, string(t.Code),
			t.item, t.Tries, t.key, t.started, toMicros(t.Next), string(t.Do), t.parked(), t.attention(), lived, t.ID,
		}, args...)...)
	return n > 0, err
}

// parked is 1 if something is to be done with the target, and nobody knows when.
func (t *row) parked() int { return flag(t.Next.IsZero() && t.Do != "") }

// attention is 1 if a person must look.
func (t *row) attention() int {
	return flag(t.State == Held || t.State == Failed || t.State == Unknown)
}

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}

// become puts the target into a state, for a reason.
func (t *row) become(s State, now time.Time, reason string) {
	if s != t.State {
		t.Since = now
	}
	t.State, t.Reason, t.Code = s, reason, ""
}

// after says what is done next; the zero time is nothing.
func (t *row) after(do Do, at time.Time) {
	if at.IsZero() {
		do = ""
	}
	t.Do, t.Next = do, at
}

const entryColumns = `e.id, e.client, e.state, e.due, e.version, e.hash, e.author, e.series, e.content, e.created, e.updated`

// scanEntry reads entryColumns. The entry has no targets yet.
func scanEntry(r interface{ Scan(...any) error }) (Entry, error) {
	var e Entry
	var state string
	var due, created, updated int64
	var content []byte
	err := r.Scan(&e.ID, &e.Client, &state, &due, &e.Version, &e.Hash, &e.Author, &e.Series, &content, &created, &updated)
	if err != nil {
		return Entry{}, err
	}
	return e, e.fill(state, content, due, created, updated)
}

// fill gives the entry what stands in its columns in another form.
func (e *Entry) fill(state string, content []byte, due, created, updated int64) error {
	e.stage, e.At, e.Created, e.Updated = State(state), fromMicros(due), fromMicros(created), fromMicros(updated)
	return json.Unmarshal(content, &e.Plan)
}

// insertEntries adds entries that are new.
func insertEntries(ctx context.Context, tx store.Tx, es []Entry) error {
	return batched(len(es), 75, func(from, to int) error {
		args := make([]any, 0, (to-from)*13)
		for _, e := range es[from:to] {
			content, err := e.content()
			if err != nil {
				return err
			}
			args = append(args, e.ID, e.Client, string(e.stage), toMicros(e.At), e.Version, e.Hash, e.Author,
				e.Series, e.occurrence, labelText(e.Labels), content, toMicros(e.Created), toMicros(e.Updated))
		}
		_, err := tx.Exec(ctx, `INSERT INTO parvis_outbox_entries (id, client, state, due, version, hash, author,
			series, occurrence, labels, content, created, updated) VALUES `+tuples(to-from, 13), args...)
		return err
	})
}

// saveEntry writes what may change in an entry, if it still has the version that e has,
// and counts e's version up.
func saveEntry(ctx context.Context, tx store.Tx, e *Entry, now time.Time) error {
	content, err := e.content()
	if err != nil {
		return err
	}
	n, err := tx.Exec(ctx, `UPDATE parvis_outbox_entries SET state = ?, due = ?, version = version + 1, hash = ?, author = ?, labels = ?, content = ?, updated = ?
		WHERE id = ? AND client = ? AND version = ?`,
		string(e.stage), toMicros(e.At), e.Hash, e.Author, labelText(e.Labels), content, toMicros(now), e.ID, e.Client, e.Version)
	if err != nil {
		return err
	}
	if n == 0 {
		return errChanged
	}
	e.Version++
	e.Updated = now
	return nil
}

// content is the plan as it is stored: without its targets, which have rows of their own.
func (e *Entry) content() ([]byte, error) {
	p := e.Plan
	p.Targets = nil
	return json.Marshal(p)
}

// labelText is how labels are stored: |one|two|, so that |one| is found in it.
func labelText(labels []string) string {
	if len(labels) == 0 {
		return ""
	}
	return "|" + labelBars.Replace(strings.Join(labels, "\x00")) + "|"
}

// labelBars keeps bars within labels from parting them.
var labelBars = strings.NewReplacer("%", "%25", "|", "%7C", "\x00", "|")

// load reads an entry of the client with its rows, and locks it on PostgreSQL if lock is set.
func (c *Client) load(ctx context.Context, tx store.Tx, id string, lock bool) (Entry, []row, error) {
	query := "SELECT " + entryColumns + " FROM parvis_outbox_entries e WHERE e.id = ? AND e.client = ?"
	if lock && c.b.db.Dialect() == store.PostgreSQL {
		query += " FOR UPDATE"
	}
	e, err := scanEntry(tx.QueryRow(ctx, query, id, c.name))
	if err == store.ErrNoRows {
		return Entry{}, nil, noEntry(id)
	}
	if err != nil {
		return Entry{}, nil, err
	}
	ts, err := targetsOf(ctx, tx, id)
	if err != nil {
		return Entry{}, nil, err
	}
	e.adopt(ts)
	return e, ts, nil
}

func targetsOf(ctx context.Context, tx store.Tx, entry string) ([]row, error) {
	rows, err := tx.Query(ctx, "SELECT "+targetColumns+" FROM parvis_outbox_targets t WHERE t.entry = ? ORDER BY t.n", entry)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // read to its end
	var ts []row
	for rows.Next() {
		t, err := scanTarget(rows)
		if err != nil {
			return nil, err
		}
		ts = append(ts, t)
	}
	return ts, rows.Err()
}

// adopt gives the entry its targets and the state that follows from theirs.
func (e *Entry) adopt(ts []row) {
	e.Targets = make([]Target, len(ts))
	for i, t := range ts {
		e.Targets[i] = t.Target
	}
	e.State = e.stage
	if e.stage == Scheduled {
		e.State = gravest(e.Targets)
	}
}

// attention ranks states by how much they want somebody's attention.
var attention = []State{Unknown, Failed, Held, Sending, Scheduled, Native, Pending, Published, Withdrawn, Cancelled}

// gravest is the state of a scheduled entry.
func gravest(ts []Target) State {
	for _, s := range attention {
		for _, t := range ts {
			if t.State == s {
				return s
			}
		}
	}
	return Scheduled
}

func accountJSON(a parvis.Account) ([]byte, error) { return json.Marshal(a) }

// accountOf is the account that a lane names, as far as the name tells.
func accountOf(lane string) parvis.Account {
	parts := strings.Split(lane, "/")
	if len(parts) != 4 {
		return parvis.Account{}
	}
	for i, p := range parts {
		parts[i], _ = url.PathUnescape(p)
	}
	a := parvis.Account{Client: parts[0], Network: parvis.Network(parts[1]), Host: parts[2]}
	if handle, ok := strings.CutPrefix(parts[3], "@"); ok {
		a.Handle = handle
	} else {
		a.ID = parts[3]
	}
	return a
}

func accountFrom(raw []byte) (a parvis.Account, err error) {
	err = json.Unmarshal(raw, &a)
	return a, err
}
