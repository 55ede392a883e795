package outbox

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/jobs"
	"github.com/parvis-go/parvis/internal/store"
)

// A saving is a target as it shall be stored by a worker, if something still holds of it.
type saving struct {
	t      row
	mode   mode
	sentAs int64
	holder string
	rec    parvis.Record
	// also runs in the same transaction, if the target was stored.
	also func(ctx context.Context, tx store.Tx) error
	// ok tells afterwards that it was stored.
	ok bool
}

// mode says what must hold of a target.
type mode int

const (
	// asRead: nobody has changed it since.
	asRead mode = iota
	// asSent: the attempt is still the last, whatever others have begun to think of it.
	asSent
	// asIntent: asRead, the worker's lease holds, and nothing pauses the target.
	asIntent
)

// A request is what one worker wants stored in one transaction.
type request struct {
	savings []*saving
	done    chan error
}

// A committer stores what workers want stored, many at a time: while one transaction is
// on its way, the wishes of other accounts gather for the next. Each worker waits for its own.
type committer struct {
	b    *Outbox
	most int // transactions at a time

	mu      sync.Mutex
	queue   []*request
	leading int
	queries map[int]string // by the number of targets
}

// most that one transaction takes.
const mostSavings = 128

// do stores all of savings, or returns why that could not be done.
func (c *committer) do(ctx context.Context, savings []*saving) error {
	if len(savings) == 0 {
		return nil
	}
	r := &request{savings, make(chan error, 1)}
	c.mu.Lock()
	c.queue = append(c.queue, r)
	lead := c.leading < c.most
	if lead {
		c.leading++
	}
	c.mu.Unlock()
	if lead {
		go c.lead(context.WithoutCancel(ctx))
	}
	return <-r.done
}

// lead stores what is wanted until there is nothing more.
func (c *committer) lead(ctx context.Context) {
	for {
		batch := c.next()
		if batch == nil {
			return
		}
		ctx, cancel := context.WithTimeout(ctx, c.b.opt.Lease)
		err := c.store(ctx, batch)
		for _, r := range batch {
			if err != nil && len(batch) > 1 { // one's trouble is not the others'
				r.done <- c.store(ctx, []*request{r})
				continue
			}
			r.done <- err
		}
		cancel()
	}
}

// next takes what fits into one transaction; nil ends the leading.
func (c *committer) next() []*request {
	c.mu.Lock()
	defer c.mu.Unlock()
	seen := map[string]bool{}
	n := 0
	for n < len(c.queue) {
		r := c.queue[n]
		fits := n == 0 || len(seen)+len(r.savings) <= mostSavings
		for _, s := range r.savings {
			fits = fits && !seen[s.t.ID]
		}
		if !fits {
			break
		}
		for _, s := range r.savings {
			seen[s.t.ID] = true
		}
		n++
	}
	if n == 0 {
		c.leading--
		return nil
	}
	batch := c.queue[:n:n]
	c.queue = c.queue[n:]
	return batch
}

func (c *committer) store(ctx context.Context, batch []*request) error {
	var all []*saving
	for _, r := range batch {
		all = append(all, r.savings...)
	}
	return c.b.db.Update(ctx, func(tx store.Tx) error {
		if err := c.b.saveAll(ctx, tx, all); err != nil {
			return err
		}
		var records []parvis.Record
		for _, s := range all {
			if !s.ok {
				continue
			}
			records = append(records, s.rec)
			if s.also != nil {
				if err := s.also(ctx, tx); err != nil {
					return err
				}
			}
		}
		return c.b.recordAll(ctx, tx, records)
	})
}

// recorders is a recorder that takes many records at once.
type recorders interface {
	RecordAll(ctx context.Context, rs []parvis.Record) error
}

func (b *Outbox) recordAll(ctx context.Context, tx store.Tx, rs []parvis.Record) error {
	if all, ok := b.opt.Audit.(recorders); ok {
		return all.RecordAll(store.With(ctx, b.db, tx), rs)
	}
	for _, r := range rs {
		if err := b.record(ctx, tx, r); err != nil {
			return err
		}
	}
	return nil
}

// savingTypes are the types of what saveAll gives to the database, in order.
var savingTypes = []struct{ name, typ string }{
	{"target", "TEXT"},
	{"mode", "BIGINT"},
	{"version", "BIGINT"},
	{"sent", "BIGINT"},
	{"holder", "TEXT"},
	{"state", "TEXT"},
	{"since", "BIGINT"},
	{"reason", "TEXT"},
	{"code", "TEXT"},
	{"item", "BIGINT"},
	{"tries", "BIGINT"},
	{"started", "BIGINT"},
	{"next_at", "BIGINT"},
	{"next_do", "TEXT"},
	{"parked", "BIGINT"},
	{"attention", "BIGINT"},
	{"life", "BLOB"},
}

// saveAll stores targets in one statement and notes which of them still were as they had
// to be.
func (b *Outbox) saveAll(ctx context.Context, tx store.Tx, all []*saving) error {
	find := make(map[string]*saving, len(all))
	size := 1 // few sizes make few statements, which the database keeps prepared
	for size < len(all) {
		size *= 2
	}
	args := make([]any, 0, size*len(savingTypes))
	for i := range size {
		s := &saving{}
		if i < len(all) {
			s = all[i]
			s.ok = false
			find[s.t.ID] = s
		}
		t := &s.t
		t.life.Faults, t.life.Verified = t.Faults, t.Verified
		lived, err := json.Marshal(t.life)
		if err != nil {
			return err
		}
		args = append(args, t.ID, int(s.mode), t.version, s.sentAs, s.holder, string(t.State), toMicros(t.Since), t.Reason, string(t.Code),
			t.item, t.Tries, t.started, toMicros(t.Next), string(t.Do), t.parked(), t.attention(), lived)
	}
	if b.db.Dialect() == store.PostgreSQL {
		args = columns(args[:len(all)*len(savingTypes)])
	}
	rows, err := tx.Query(ctx, b.commits.query(size), args...)
	if err != nil {
		return err
	}
	defer rows.Close() //nolint:errcheck // read to its end
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return err
		}
		find[id].ok = true
	}
	return rows.Err()
}

// query is the statement that stores so many targets.
func (c *committer) query(size int) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	q, ok := c.queries[size]
	if !ok {
		q = c.b.savingQuery(size)
		c.queries[size] = q
	}
	return q
}

// columns turns rows of values into one array for each column, which is how PostgreSQL
// takes many rows in one short statement.
func columns(args []any) []any {
	out := make([]any, len(savingTypes))
	for i, c := range savingTypes {
		switch c.typ {
		case "TEXT":
			out[i] = column[string](args, i)
		case "BIGINT":
			ns := make([]int64, 0, len(args)/len(savingTypes))
			for k := i; k < len(args); k += len(savingTypes) {
				if n, ok := args[k].(int); ok {
					ns = append(ns, int64(n))
				} else {
					ns = append(ns, args[k].(int64))
				}
			}
			out[i] = ns
		default:
			out[i] = column[[]byte](args, i)
		}
	}
	return out
}

func column[T any](args []any, i int) []T {
	var out []T
	for k := i; k < len(args); k += len(savingTypes) {
		out = append(out, args[k].(T))
	}
	return out
}

func (b *Outbox) savingQuery(size int) string {
	names, casts := make([]string, len(savingTypes)), make([]string, len(savingTypes))
	for i, c := range savingTypes {
		typ := c.typ
		if typ == "BLOB" {
			typ = b.db.Dialect().Blob()
		}
		names[i], casts[i] = c.name, "CAST(? AS "+typ+")"
	}
	one := "(" + strings.Join(casts, ", ") + ")"
	many := "VALUES " + one + strings.Repeat(", "+one, size-1)
	if b.db.Dialect() == store.PostgreSQL {
		many = "SELECT * FROM unnest(" + strings.ReplaceAll(strings.Join(casts, ", "), ")", "[])") + ")"
	}
	return `WITH v (` + strings.Join(names, ", ") + `) AS (` + many + `)
		UPDATE parvis_outbox_targets AS t SET version = t.version + 1, state = v.state, since = v.since, reason = v.reason, code = v.code,
			item = v.item, tries = v.tries, started = v.started, next_at = v.next_at, next_do = v.next_do,
			parked = v.parked, attention = v.attention, life = v.life
		FROM v WHERE t.id = v.target AND (
			v.mode = 0 AND t.version = v.version
			OR v.mode = 1 AND t.started = v.sent AND t.state IN ('sending', 'unknown')
			OR v.mode = 2 AND t.version = v.version
				AND EXISTS (SELECT 1 FROM parvis_outbox_lanes l WHERE l.lane = t.lane AND l.holder = v.holder AND l.lease > ` + b.db.Dialect().Now() + `)
				AND NOT EXISTS (SELECT 1 FROM parvis_outbox_pauses p WHERE (p.client = '' OR p.client = t.client)
					AND (p.network = '' OR p.network = t.network) AND (p.lane = '' OR p.lane = t.lane)))
		RETURNING id`
}

// later keeps what became of a target for the turn's next transaction, which comes soon.
func (t *turn) later(j *job, op string, also func(ctx context.Context, tx store.Tx) error) {
	s := &saving{t: j.row, mode: asRead, rec: j.record(t.now(), op), also: also}
	if j.sent {
		s.mode, s.sentAs = asSent, j.sentAs
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.results = append(t.results, s)
}

// settle keeps what became of a target whose step sends nothing more.
func (t *turn) settle(j *job, op string) error {
	t.later(j, op, nil)
	return nil
}

// park lays a target aside until the pause ends, unless it has ended just now.
func (t *turn) park(j *job, why error, op string) {
	j.Reason, j.Next = why.Error(), time.Time{}
	parked := j.row
	t.later(j, op, func(ctx context.Context, tx store.Tx) error {
		p, err := t.b.pausedFor(ctx, tx, &parked)
		if err != nil || p != nil {
			return err
		}
		_, err = tx.Exec(ctx, "UPDATE parvis_outbox_targets SET next_at = ?, parked = 0, reason = '' WHERE id = ? AND next_at = 0",
			max(parked.due, 1), parked.ID)
		return err
	})
}

// intend stores that the item will be sent now, unless the lease is lost, a person has
// changed the target, or a pause holds: then it reports false.
func (t *turn) intend(ctx context.Context, j *job) (bool, error) {
	before, now := j.row, t.now()
	j.become(Sending, now, "")
	j.Tries++
	j.started = max(toMicros(now), j.started+1)
	j.after(DoReconcile, j.ahead(now))
	s := &saving{t: j.row, mode: asIntent, holder: t.holder, rec: j.record(now, "send")}
	if err := t.commit(ctx, s); err != nil {
		return false, err
	}
	if j.sent, j.sentAs = s.ok, j.started; s.ok {
		return true, nil
	}
	j.row = before
	p, err := t.b.pausedFor(ctx, t.b.db, &j.row)
	if p != nil {
		t.park(j, p.err(), "pause")
	}
	return false, err
}

// flush stores the results that wait.
func (t *turn) flush(ctx context.Context) error { return t.commit(ctx, nil) }

// commit stores the results that wait, and more with them.
func (t *turn) commit(ctx context.Context, more *saving) error {
	t.mu.Lock()
	results := t.results
	t.results = nil
	t.mu.Unlock()
	all := results
	if more != nil {
		all = append(slices.Clip(all), more)
	}
	if err := t.b.commits.do(ctx, all); err != nil {
		t.mu.Lock()
		t.results = append(results, t.results...)
		t.mu.Unlock()
		return err
	}
	if len(results) > 0 {
		jobs.Point(ctx, "result stored")
	}
	for _, s := range all {
		if s.ok {
			t.b.changed(&s.t)
		} else if s != more {
			t.b.opt.Logger.WarnContext(ctx, "outbox: a target was changed by another meanwhile", "target", s.t.ID)
		}
	}
	return nil
}

// save is flush at the end of a turn: what the network said is not given up because the
// database is away for a while.
func (t *turn) save(ctx context.Context) error {
	for wait := 50 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		err := t.flush(ctx)
		if err == nil || ctx.Err() != nil {
			return err
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return err
		case <-timer.C:
		}
	}
}

// changed tells Options.Changed of a target.
func (b *Outbox) changed(t *row) {
	if b.opt.Changed != nil {
		b.opt.Changed(Change{t.client, t.entry, t.ID, t.Account, t.State, t.Reason})
	}
}
