package outbox

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/jobs"
	"github.com/parvis-go/parvis/internal/store"
	"github.com/parvis-go/parvis/publish"
)

// How much one turn at an account does before others get theirs.
const (
	turnTargets = 1000
	turnTime    = 20 * time.Second
	turnRead    = 100
	// soon is how long a worker waits with an account for what comes next.
	soon = 2 * time.Second
)

// work is a wake-up: it does what is due in a lane.
func (b *Outbox) work(ctx context.Context, name string) error {
	_, err := b.turn(ctx, name)
	return err
}

// A turn is one worker's time with one account.
type turn struct {
	*lane
	pub     publish.Publisher
	pubErr  error
	opened  bool
	control bool // the client has rules of approval

	mu       sync.Mutex // holds results, resting, and opening
	results  []*saving  // what the last posts came to, stored with the next intent
	resting  bool       // the network's limit wants a pause
	blackout []Blackout
}

// A job is one target that is due, with its entry.
type job struct {
	row
	e Entry
	// sent tells that its intent was stored in this turn, with sentAs as its started.
	sent   bool
	sentAs int64
}

// turn does what is due in a lane, up to a bound, and reports how many targets it took up.
func (b *Outbox) turn(ctx context.Context, name string) (int, error) {
	l, err := b.take(ctx, name)
	if err != nil || l == nil {
		return 0, err
	}
	b.busy.Add(1)
	defer b.busy.Add(-1)
	jobs.Point(ctx, "lane taken")
	leased, stop := context.WithCancel(ctx)
	var kept sync.WaitGroup
	kept.Go(func() { l.keep(leased, stop) })
	defer kept.Wait()
	defer stop()
	t := &turn{lane: l}
	n, err := t.run(leased)
	if leased.Err() != nil && ctx.Err() == nil {
		err = nil // the lease has ended: whoever has the lane now goes on
	}
	saving, cancel := context.WithTimeout(context.WithoutCancel(ctx), b.opt.Lease)
	defer cancel()
	if ferr := t.save(saving); err == nil {
		err = ferr
	}
	l.broke = err != nil
	jobs.Point(ctx, "before the lane is left")
	if lerr := l.leave(saving); err == nil {
		err = lerr
	}
	if err != nil {
		b.opt.Logger.WarnContext(ctx, "outbox: a turn ended early", "error", err)
	}
	return n, err
}

func (t *turn) run(ctx context.Context) (int, error) {
	began, n := time.Now(), 0
	if err := t.conditions(ctx); err != nil {
		return 0, err
	}
	for n < turnTargets && time.Since(began) < turnTime && t.held() && ctx.Err() == nil && !t.resting {
		if err := t.flush(ctx); err != nil {
			return n, err
		}
		due, next, err := t.due(ctx)
		if err != nil {
			return n, err
		}
		if len(due) == 0 {
			if !t.linger(ctx, next) {
				return n, nil
			}
			continue
		}
		if err := t.each(ctx, due); err != nil {
			return n, err
		}
		n += len(due)
	}
	return n, ctx.Err()
}

// linger waits for what comes next if that is soon and no other account needs the worker,
// and reports whether it did.
func (t *turn) linger(ctx context.Context, next time.Time) bool {
	wait := next.Sub(t.now())
	if next.IsZero() || wait > soon || t.b.opt.Now != nil || t.b.busy.Load() >= int64(t.b.opt.Workers) {
		return false
	}
	timer := time.NewTimer(max(wait, time.Millisecond))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// conditions reads what holds for the whole turn.
func (t *turn) conditions(ctx context.Context) (err error) {
	c := t.b.For(t.client)
	rules, err := c.rules(ctx, t.b.db)
	if err != nil {
		return err
	}
	t.control = len(rules) > 0
	t.blackout, err = c.blackoutsOf(ctx, t.b.db, t.name, t.now(), t.now().Add(turnTime+time.Minute))
	return err
}

// due reads what is to be done now, in the order of its time, and when the next comes.
func (t *turn) due(ctx context.Context) ([]job, time.Time, error) {
	rows, err := t.b.db.Query(ctx, "SELECT "+targetColumns+", "+entryColumns+` FROM parvis_outbox_targets t
		JOIN parvis_outbox_entries e ON e.id = t.entry
		WHERE t.lane = ? AND t.next_at > 0 ORDER BY t.next_at, t.id LIMIT ?`, t.name, turnRead)
	if err != nil {
		return nil, time.Time{}, err
	}
	defer rows.Close() //nolint:errcheck // read to its end, or given up
	now := t.now()
	var due []job
	for rows.Next() {
		var j job
		if j, err = scanJob(rows); err != nil {
			return nil, time.Time{}, err
		}
		if j.Next.After(now) {
			return due, j.Next, nil
		}
		due = append(due, j)
	}
	return due, time.Time{}, rows.Err()
}

func scanJob(rows store.Rows) (job, error) {
	var j job
	e := &j.e
	var state string
	var due, created, updated int64
	var content []byte
	t, err := scanTarget(rows, &e.ID, &e.Client, &state, &due, &e.Version, &e.Hash, &e.Author, &e.Series, &content, &created, &updated)
	if err != nil {
		return j, err
	}
	j.row = t
	return j, e.fill(state, content, due, created, updated)
}

// each does the jobs: one after the other, or several at a time where the account allows.
func (t *turn) each(ctx context.Context, due []job) error {
	if t.b.opt.InFlight == 1 {
		for i := range due {
			if !t.held() || ctx.Err() != nil || t.resting {
				return ctx.Err()
			}
			if err := t.step(ctx, &due[i]); err != nil {
				return err
			}
			if due[i].State == Sending && due[i].Do == DoPublish {
				return nil // the rest of a thread comes before what is due after it
			}
		}
		return nil
	}
	var flying sync.WaitGroup
	free := make(chan struct{}, t.b.opt.InFlight)
	errs := make([]error, len(due))
	if err := t.open(ctx); err != nil {
		return err
	}
	for i := range due {
		free <- struct{}{}
		if !t.held() || ctx.Err() != nil || t.rests() {
			break
		}
		flying.Go(func() {
			defer func() { <-free }()
			errs[i] = t.step(ctx, &due[i])
		})
	}
	flying.Wait()
	return errors.Join(errs...)
}

// rests reports whether the network's limit wants a pause.
func (t *turn) rests() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.resting
}

// step does what is next with one target.
func (t *turn) step(ctx context.Context, j *job) error {
	if err := t.open(ctx); err != nil {
		return err
	}
	if t.pubErr != nil {
		return t.closed(j)
	}
	switch j.Do {
	case DoPublish:
		return t.publish(ctx, j)
	case DoReconcile:
		return t.reconcile(ctx, j)
	case DoPoll:
		return t.poll(ctx, j)
	case DoVerify:
		return t.verify(ctx, j)
	case DoSnapshot:
		return t.snapshot(ctx, j)
	case DoEdit:
		return t.edit(ctx, j)
	case DoMove:
		return t.move(ctx, j)
	case DoWithdraw:
		return t.withdraw(ctx, j)
	}
	return nil
}

// open opens the account, once in a turn.
func (t *turn) open(ctx context.Context) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.opened {
		return nil
	}
	var raw []byte
	err := t.b.db.QueryRow(ctx, "SELECT account FROM parvis_outbox_lanes WHERE lane = ?", t.name).Scan(&raw)
	if err != nil {
		return err
	}
	a, err := accountFrom(raw)
	if err != nil {
		return err
	}
	t.pub, t.pubErr = t.b.opt.Accounts(ctx, a)
	if t.pubErr == nil && t.pub.Account().Client != "" && t.pub.Account().Client != t.client {
		t.pubErr = &parvis.Error{
			Network: a.Network, Account: a.String(), Code: parvis.ErrForeignClient,
			Message: "Options.Accounts opened an account of another client", Help: "open the account of " + t.client,
		}
	}
	t.opened = true
	return nil
}

// closed deals with a target whose account could not be opened.
func (t *turn) closed(j *job) error {
	now := t.now()
	if parvis.CodeOf(t.pubErr) == parvis.ErrUnavailable || j.Do != DoPublish {
		j.Reason, j.Code = t.pubErr.Error(), parvis.CodeOf(t.pubErr)
		j.after(j.Do, now.Add(backoff(j.Tries)))
		j.Tries++
	} else {
		j.become(Held, now, t.pubErr.Error())
		j.Code = parvis.CodeOf(t.pubErr)
		j.after("", time.Time{})
	}
	return t.settle(j, "publish")
}

// record is what a worker did with a target.
func (t *row) record(now time.Time, op string) parvis.Record {
	r := parvis.Record{
		Time: now, Client: t.client, Account: t.Account.String(), Op: op,
		Outcome: string(t.State), Detail: "target " + t.ID,
	}
	if n := len(t.life.Posts); n > 0 {
		r.Ref = t.life.Posts[n-1].Ref
	}
	if t.Reason != "" {
		r.Detail += ": " + t.Reason
	}
	return r
}

// over reports whether the worker is being stopped.
func over(ctx context.Context) bool { return ctx.Err() != nil }

// backoff is how long to wait after a number of tries: 5 s, doubling, up to 15 min.
func backoff(tries int) time.Duration {
	return min(5*time.Second<<max(0, min(tries, 10)), 15*time.Minute)
}
