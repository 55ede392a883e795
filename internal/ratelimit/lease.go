package ratelimit

import (
	"context"
	"time"

	"github.com/parvis-go/parvis"
)

const (
	// leaseTime is how long what was leased may be used; a twentieth of the period if that is shorter.
	leaseTime = 2 * second
	// leastBatch and mostBatch bound how much is leased beyond what is asked for.
	leastBatch, mostBatch = 8, 64
	// unlimited stands for the rest of a limit of which nothing is known.
	unlimited = 32 * leastBatch
	// pollEvery is how often a process looks whether another's answer has come.
	pollEvery = 25 * second / 1000
	// fillPatience is how long the database may take before it is looked at again.
	fillPatience = 5 * second
	// storePatience is how long a call waits for the database's answer, whatever else it
	// is ready to wait.
	storePatience = time.Second
	// downFor is how long a database that failed is not asked again.
	downFor = second
	// maxReports bounds what is kept to be told.
	maxReports = 256
)

// lease is the part of a shared bucket that this process may use.
type lease struct {
	units   int
	until   int64 // units may be used
	retry   int64 // when to ask again
	filling bool  // somebody is asking
	reports []report
	prompt  bool // others wait for the next report
	share   float64
	used    int64
}

func (l *lease) wait(now int64, a ask) int64 {
	l.used = now
	switch {
	case l.units >= a.cost+a.ahead && now < l.until:
		return 0
	case l.filling:
		return 1
	case l.retry > now:
		return l.retry - now
	}
	return 1
}

func (l *lease) spend(cost int) { l.units -= cost }

func (l *lease) giveBack(cost int) { l.units += cost }

// note keeps what is to be told to the others.
func (l *lease) note(_ int64, p report) {
	if l.reports = append(l.reports, p); len(l.reports) > maxReports {
		l.reports = l.reports[1:]
	}
}

func (l *lease) idle(now int64) bool {
	return l.units == 0 && len(l.reports) == 0 && !l.filling && l.retry <= now && now-l.used > 60*second
}

// order makes the first who waits for b ask for more, if it is time to. It reports
// whether somebody is asking.
func (l *lease) order(b *bucket, now int64) bool {
	if l.filling {
		return true
	}
	w := b.queue.head()
	if l.retry > now || w == nil || w.fill != nil {
		return false
	}
	l.filling, w.fill = true, b
	select {
	case w.wake <- struct{}{}:
	default:
	}
	return true
}

// leaseFor is how long units of r may be used.
func (r *rule) leaseFor() int64 {
	if r.Per > 0 {
		return min(leaseTime, max(int64(r.Per)/20, second/10))
	}
	return leaseTime
}

// exchange asks the database for a bucket: it tells what was learned, gives back what is
// out of date, and leases if cost is not 0. The limiter is unlocked meanwhile.
func (l *Limiter) exchange(ctx context.Context, b *bucket, cost int, urgent bool) error {
	ls := b.lease
	now := l.now()
	w := wish{now: now, cost: cost, want: b.queue.classes[0].cost + b.queue.classes[1].cost + b.queue.classes[2].cost, urgent: urgent}
	w.reports, ls.reports = ls.reports, nil
	if now >= ls.until || cost == 0 {
		w.back, ls.units = ls.units, 0
	}
	ls.filling = true
	until := now + b.rule.leaseFor()
	l.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Duration(fillPatience))
	got, err := l.opt.store.sync(ctx, b.key, b.rule, &w)
	cancel()
	l.mu.Lock()
	now = l.now()
	ls.filling = false
	if err != nil {
		ls.reports = append(w.reports, ls.reports...)
		ls.units += w.back
		l.fell(now, err)
		return l.unavailable(err)
	}
	l.down = 0
	ls.units, ls.share, ls.prompt = ls.units+got.units, got.share, got.prompt
	if got.units > 0 {
		ls.until = until
	} else if cost > 0 {
		ls.retry = now + max(got.wait, second/1000)
	}
	l.tidy()
	return nil
}

// fell notes that the database cannot be reached.
func (l *Limiter) fell(now int64, err error) {
	if l.down <= now {
		l.opt.Logger.Warn("the database of the limits cannot be reached", "error", err)
	}
	l.down = now + downFor
}

func (l *Limiter) unavailable(err error) error {
	return &parvis.Error{
		Op: "wait for a limit", Code: parvis.ErrUnavailable, Message: "the database that shares the limits cannot be reached",
		Help: "check the database; nothing was sent", Err: err,
	}
}

// alone reports whether this process goes on without the database, with its part.
func (l *Limiter) alone(now int64) bool { return l.opt.processes > 0 && l.down > now }

// fill makes w ask for the bucket that it was told to, and lets go who may go then.
func (l *Limiter) fill(ctx context.Context, w *waiter) {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := w.fill
	if b == nil {
		return
	}
	if w.granted {
		w.fill, b.lease.filling = nil, false
		l.serve(b, l.now())
		return
	}
	cost := 0
	for _, t := range w.takes {
		if t.b == b {
			cost = t.cost
		}
	}
	err := l.exchange(ctx, b, cost, w.rank == 0)
	w.fill = nil
	if err != nil && l.opt.processes <= 0 {
		l.failAll(b, err)
		return
	}
	l.serve(b, l.now())
}

// hopeless reports whether w has just been told to wait longer than most.
func (l *Limiter) hopeless(w *waiter, most time.Duration) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return !w.granted && w.at.lease != nil && w.at.lease.retry-l.now() > int64(most)
}

// asking reports whether what w waits for is the database's answer.
func (l *Limiter) asking(w *waiter) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return !w.granted && w.at.lease != nil && w.at.lease.filling
}

// failAll gives all who wait for b the error.
func (l *Limiter) failAll(b *bucket, err error) {
	for w := b.queue.head(); w != nil; w = b.queue.head() {
		b.queue.remove(w)
		w.release()
		w.err, w.granted = err, true
		select {
		case w.wake <- struct{}{}:
		default:
		}
	}
	l.serve(b, l.now())
}

// tidy makes sure that what is leased and not used, and what was learned, is told even
// if no call follows.
func (l *Limiter) tidy() {
	if l.closed || l.tidying {
		return
	}
	l.tidying = true
	d := time.Duration(leaseTime)
	if l.flusher == nil {
		l.flusher = time.AfterFunc(d, l.flushAll)
		return
	}
	l.flusher.Reset(d)
}

// flushAll tells what is to be told of all buckets.
func (l *Limiter) flushAll() { _ = l.flush(context.Background()) }

func (l *Limiter) flush(ctx context.Context) (err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tidying = false
	now := l.now()
	var due []*bucket
	for _, b := range l.buckets {
		if ls := b.lease; ls != nil && !ls.filling && (len(ls.reports) > 0 || ls.units > 0 && (now >= ls.until || l.closed)) {
			due = append(due, b)
		}
	}
	for _, b := range due {
		if b.lease.filling {
			continue
		}
		if err = l.exchange(ctx, b, 0, false); err != nil {
			break
		}
		l.serve(b, l.now())
	}
	for _, b := range l.buckets {
		if b.lease != nil && (b.lease.units > 0 || len(b.lease.reports) > 0) {
			l.tidy()
			break
		}
	}
	return err
}

// urge tells the others at once what they wait for: a refusal, the answer that ends a
// probe, and how the last calls of an allowance went.
func (l *Limiter) urge(takes []take, refused bool) {
	for _, t := range takes {
		ls := t.b.lease
		if ls == nil || ls.filling || len(ls.reports) == 0 || !refused && !ls.prompt && ls.retry <= l.now() {
			continue
		}
		_ = l.exchange(context.Background(), t.b, 0, false) // an error is noted, and told by the next Wait
		l.serve(t.b, l.now())
	}
	l.tidy()
}

// Close tells the others what was learned and gives back what is leased. Calls after it
// work, and keep no lease for long.
func (l *Limiter) Close() error {
	l.mu.Lock()
	l.closed = true
	if l.flusher != nil {
		l.flusher.Stop()
	}
	store := l.opt.store
	l.mu.Unlock()
	if store == nil {
		return nil
	}
	return l.flush(context.Background())
}

// NewShared returns a limiter whose state is in st. If the database cannot be reached,
// calls are refused with [parvis.ErrUnavailable], or this process goes on with its part
// of each allowance if processes, their number, is not 0.
func NewShared(ctx context.Context, st *Store, rules []Rule, o *Options, processes int) (*Limiter, error) {
	var opt Options
	if o != nil {
		opt = *o
	}
	opt.store, opt.processes = st, processes
	if err := st.forget(ctx); err != nil {
		return nil, (&Limiter{}).unavailable(err)
	}
	return New(rules, &opt), nil
}
