package outbox

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/parvis-go/parvis/internal/jobs"
	"github.com/parvis-go/parvis/internal/store"
)

// watchEvery is how often a worker looks for accounts that nobody was woken for: their
// worker died, or the wake-up got lost. overdue is how long River gets to wake one itself.
const (
	watchEvery = time.Second
	overdue    = 3 * time.Second
)

// Run works until ctx ends, and returns when what was being sent is finished; it waits a
// lease for that. Any number of processes may run on one PostgreSQL. It returns an error
// only if the engine cannot be started or stopped.
func (b *Outbox) Run(ctx context.Context) error {
	if err := b.engine.Start(ctx); err != nil {
		return failed("run outbox", err)
	}
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	var timers sync.WaitGroup
	defer timers.Wait()
	grown := time.Time{}
	for {
		if err := b.watch(ctx, overdue); err != nil && ctx.Err() == nil {
			b.opt.Logger.WarnContext(ctx, "outbox: the calendar could not be looked through", "error", err)
		}
		near, err := b.near(ctx)
		if err != nil && ctx.Err() == nil {
			b.opt.Logger.WarnContext(ctx, "outbox: what comes next could not be read", "error", err)
		}
		if len(near) > 0 {
			timers.Go(func() { b.ring(ctx, near) })
		}
		if time.Since(grown) > time.Minute {
			if err := b.grow(ctx); err != nil && ctx.Err() == nil {
				b.opt.Logger.WarnContext(ctx, "outbox: series could not be continued", "error", err)
			}
			grown = time.Now()
		}
		select {
		case <-ctx.Done():
			stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), b.opt.Lease)
			defer cancel()
			return failed("run outbox", b.engine.Stop(stopping))
		case <-tick.C:
		}
	}
}

// Drain does in this process all that is due now, and returns; for programs that are
// started from time to time, and for tests. Other workers may be at it too. It returns how
// many things were done.
func (b *Outbox) Drain(ctx context.Context) (int, error) {
	if err := b.grow(ctx); err != nil {
		return 0, failed("drain", err)
	}
	done := 0
	for {
		lanes, err := b.idle(ctx, b.db, 0)
		if err != nil {
			return done, failed("drain", err)
		}
		n := 0
		for _, l := range lanes {
			k, err := b.turn(ctx, l)
			n += k
			if err != nil {
				return done + n, failed("drain", err)
			}
		}
		if n == 0 {
			return done, nil
		}
		done += n
	}
}

// watch wakes the lanes that have been due for a time and that nobody works.
func (b *Outbox) watch(ctx context.Context, grace time.Duration) error {
	lanes, err := b.idle(ctx, b.db, grace)
	if err != nil || len(lanes) == 0 {
		return err
	}
	return b.db.Update(ctx, func(tx store.Tx) error {
		now, err := b.now(ctx, tx)
		if err != nil {
			return err
		}
		var wakes []jobs.Wake
		for _, l := range lanes {
			n, err := tx.Exec(ctx, "UPDATE parvis_outbox_lanes SET wake = ? WHERE lane = ? AND wake <= ?",
				toMicros(now), l, toMicros(now.Add(-grace)))
			if err != nil {
				return err
			}
			if n > 0 {
				wakes = append(wakes, jobs.Wake{Lane: l})
			}
		}
		return b.engine.Wake(ctx, tx, wakes)
	})
}

// near takes upon this process the lanes that become due before the next look, and those
// that became due since the last.
func (b *Outbox) near(ctx context.Context) ([]jobs.Wake, error) {
	now, err := b.now(ctx, b.db)
	if err != nil {
		return nil, err
	}
	until := now.Add(watchEvery + watchEvery/4)
	rows, err := b.db.Query(ctx, `UPDATE parvis_outbox_lanes SET near = next_at
		WHERE next_at > ? AND next_at <= ? AND near <> next_at AND not_before <= ? AND lease <= `+b.db.Dialect().Now()+`
		RETURNING lane, next_at`, toMicros(now.Add(-2*watchEvery)), toMicros(until), toMicros(now))
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // read to its end
	var wakes []jobs.Wake
	for rows.Next() {
		var w jobs.Wake
		var at int64
		if err := rows.Scan(&w.Lane, &at); err != nil {
			return nil, err
		}
		w.At = time.Now().Add(fromMicros(at).Sub(now))
		wakes = append(wakes, w)
	}
	slices.SortFunc(wakes, func(a, b jobs.Wake) int { return a.At.Compare(b.At) })
	return wakes, rows.Err()
}

// together is how far apart lanes become due that are woken together.
const together = 5 * time.Millisecond

// ring wakes lanes at their times, by this machine's clock: River's own scheduler looks
// every five seconds only, and is the second line here.
func (b *Outbox) ring(ctx context.Context, wakes []jobs.Wake) {
	for len(wakes) > 0 {
		timer := time.NewTimer(time.Until(wakes[0].At))
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
		n := 0
		for until := time.Now().Add(together); n < len(wakes) && !wakes[n].At.After(until); n++ {
			wakes[n].At = time.Time{}
		}
		if err := b.engine.Wake(ctx, nil, wakes[:n]); err != nil && ctx.Err() == nil {
			b.opt.Logger.WarnContext(ctx, "outbox: accounts could not be woken", "error", err)
		}
		wakes = wakes[n:]
	}
}

// idle are lanes that have been due for a time without a worker or a fresh wake-up.
func (b *Outbox) idle(ctx context.Context, tx store.Tx, grace time.Duration) ([]string, error) {
	now, err := b.now(ctx, tx)
	if err != nil {
		return nil, err
	}
	dbNow := b.db.Dialect().Now()
	since := toMicros(now.Add(-grace))
	wake := "wake <= ?"
	if grace == 0 {
		wake = "(wake <= ? OR TRUE)"
	}
	rows, err := tx.Query(ctx, `SELECT lane FROM parvis_outbox_lanes WHERE next_at > 0 AND next_at <= ? AND not_before <= ?
		AND lease <= `+dbNow+` AND `+wake+` ORDER BY next_at LIMIT 500`, since, toMicros(now), since)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // read to its end
	var lanes []string
	for rows.Next() {
		var l string
		if err := rows.Scan(&l); err != nil {
			return nil, err
		}
		lanes = append(lanes, l)
	}
	return lanes, rows.Err()
}
