package outbox

import (
	"context"
	"math"
	"sync/atomic"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/jobs"
	"github.com/parvis-go/parvis/internal/store"
)

// A lane is one account's posts, held by this process until its lease ends.
type lane struct {
	b      *Outbox
	name   string
	holder string
	client string
	// began and at are one moment: by this machine's clock, and by the clock that decides
	// what is due.
	began, at time.Time
	// valid is until when this process may send, in nanoseconds after began.
	valid atomic.Int64
	// broke tells that the turn ended with an error.
	broke bool
}

// now is the clock that decides what is due.
func (l *lane) now() time.Time {
	if l.b.opt.Now != nil {
		return l.b.opt.Now()
	}
	return l.at.Add(time.Since(l.began))
}

// early is how much before its time a wake-up may come, as clocks differ.
const early = time.Second

// take gets the lease of a lane, unless another has it.
func (b *Outbox) take(ctx context.Context, name string) (*lane, error) {
	l := &lane{b: b, name: name, holder: newID(time.Now())}
	found := false
	err := b.db.Update(ctx, func(tx store.Tx) error {
		found = false
		now, err := b.now(ctx, tx)
		if err != nil {
			return err
		}
		l.began, l.at = time.Now(), now
		dbNow := b.db.Dialect().Now()
		err = tx.QueryRow(ctx, `UPDATE parvis_outbox_lanes SET holder = ?, lease = `+dbNow+` + ?,
				wake = CASE WHEN wake <= ? THEN 0 ELSE wake END
			WHERE lane = ? AND lease <= `+dbNow+` AND not_before <= ? RETURNING client`,
			l.holder, b.opt.Lease.Microseconds(), toMicros(now.Add(early)), name, toMicros(now)).Scan(&l.client)
		if err == store.ErrNoRows {
			return nil
		}
		found = err == nil
		return err
	})
	if err != nil || !found {
		return nil, err
	}
	l.extend(l.began)
	return l, nil
}

// extend moves the end of this process's right to send to one lease after since, less a
// part for what is on its way then.
func (l *lane) extend(since time.Time) {
	l.valid.Store(int64(since.Sub(l.began) + l.b.opt.Lease*3/4))
}

// held reports whether the lease holds by this machine's clocks: by the one that is never
// set, and by the one on the wall, which goes on while the machine sleeps.
func (l *lane) held() bool {
	now := time.Now()
	slept := now.Round(0).Sub(l.began.Round(0))
	return int64(max(now.Sub(l.began), slept)) < l.valid.Load()
}

// keep renews the lease until ctx ends. It calls lost when the lease has ended: what is on
// its way then is broken off, since whoever takes the account over asks the network for it.
func (l *lane) keep(ctx context.Context, lost func()) {
	tick := time.NewTicker(l.b.opt.Lease / 4)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		l.renew(ctx)
		if !l.held() {
			lost()
			return
		}
	}
}

// renew extends the lease; it waits for the database no longer than the lease holds.
func (l *lane) renew(ctx context.Context) {
	before := time.Now()
	ctx, cancel := context.WithTimeout(ctx, time.Duration(l.valid.Load())-before.Sub(l.began))
	defer cancel()
	dbNow := l.b.db.Dialect().Now()
	n, err := l.b.db.Exec(ctx, `UPDATE parvis_outbox_lanes SET lease = `+dbNow+` + ? WHERE lane = ? AND holder = ? AND lease > `+dbNow,
		l.b.opt.Lease.Microseconds(), l.name, l.holder)
	switch {
	case err != nil: // the database may come back before the lease ends
		l.b.opt.Logger.WarnContext(ctx, "outbox: the lease could not be renewed", "error", err)
	case n == 0:
		l.valid.Store(math.MinInt64)
	default:
		l.extend(before)
	}
}

// fence is asked just before each request that others can see: nothing leaves after the
// lease or during a pause.
func (l *lane) fence(t *row) func(context.Context) error {
	return func(ctx context.Context) error {
		if !l.held() {
			return errLeaseLost
		}
		p, err := l.b.pausedFor(ctx, l.b.db, t)
		if err != nil {
			return failed("send", err)
		}
		if p != nil {
			return p.err()
		}
		if !l.held() { // the database may have kept us waiting
			return errLeaseLost
		}
		return nil
	}
}

// errLeaseLost keeps a worker that was asleep from sending what another has taken over.
var errLeaseLost = &parvis.Error{
	Code: parvis.ErrConflict, Message: "another worker has taken the account over",
	Help: "nothing is to be done: the other one goes on",
}

// leave gives the lane back and makes sure that somebody comes when it has more to do.
func (l *lane) leave(ctx context.Context) error {
	b := l.b
	return b.db.Update(ctx, func(tx store.Tx) error {
		lock := ""
		if b.db.Dialect() == store.PostgreSQL {
			lock = " FOR UPDATE"
		}
		var wake, notBefore, next int64
		err := tx.QueryRow(ctx, "SELECT wake, not_before FROM parvis_outbox_lanes WHERE lane = ? AND holder = ?"+lock,
			l.name, l.holder).Scan(&wake, &notBefore)
		if err == store.ErrNoRows {
			return nil
		}
		if err != nil {
			return err
		}
		if err := tx.QueryRow(ctx, "SELECT coalesce(min(next_at), 0) FROM parvis_outbox_targets WHERE lane = ? AND next_at > 0", l.name).Scan(&next); err != nil {
			return err
		}
		now := l.now()
		at := max(next, notBefore)
		if l.broke { // what went wrong may go wrong again
			at = max(at, toMicros(now.Add(watchEvery)))
		}
		missing := next > 0 && (wake <= toMicros(now) || wake > at)
		if missing {
			wake = at
		}
		_, err = tx.Exec(ctx, "UPDATE parvis_outbox_lanes SET holder = '', lease = 0, next_at = ?, wake = ? WHERE lane = ? AND holder = ?",
			next, wake, l.name, l.holder)
		if err != nil || !missing {
			return err
		}
		return b.engine.Wake(ctx, tx, []jobs.Wake{{Lane: l.name, At: b.local(now, fromMicros(at))}})
	})
}

// rest keeps the whole lane back until a network's limit lets it go on.
func (l *lane) rest(ctx context.Context, tx store.Tx, until time.Time) error {
	_, err := tx.Exec(ctx, "UPDATE parvis_outbox_lanes SET not_before = ? WHERE lane = ? AND holder = ?", toMicros(until), l.name, l.holder)
	return err
}
