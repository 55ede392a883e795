package ratelimit

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/sending"
)

// The defaults of [Options].
const (
	DefaultWait   = 2 * time.Second
	DefaultMargin = 3500 * time.Millisecond
)

// Options set up a [Limiter]. Package providers/ratelimit documents the fields.
type Options struct {
	MaxWait time.Duration
	Margin  time.Duration
	Reserve float64
	Family  func(endpoint string) string
	Logger  *slog.Logger

	store     *Store // nil keeps the state in this process
	processes int
}

func (o *Options) defaults() Options {
	var d Options
	if o != nil {
		d = *o
	}
	switch {
	case d.MaxWait == 0:
		d.MaxWait = DefaultWait
	case d.MaxWait < 0:
		d.MaxWait = 0
	}
	switch {
	case d.Margin == 0:
		d.Margin = DefaultMargin
	case d.Margin < 0:
		d.Margin = 0
	}
	d.Reserve = min(max(d.Reserve, 0), 0.9)
	if d.Logger == nil {
		d.Logger = slog.New(slog.DiscardHandler)
	}
	return d
}

// A Limiter holds calls back so that the rules are kept. It is safe for concurrent use.
// It has no goroutine of its own; while calls are held back, a timer runs.
type Limiter struct {
	opt     Options
	rules   []*rule
	own     *rule // of limits that no rule describes
	base    time.Time
	mu      sync.Mutex
	routes  map[routeKey]*route
	buckets map[string]*bucket
	family  map[familyKey]*family
	sweepAt int
	waiting waitHeap
	timer   *time.Timer

	// Of a limiter that shares its state:
	down    int64 // the database is not asked before
	flusher *time.Timer
	tidying bool
	closed  bool
}

// bucket is one allowance.
type bucket struct {
	rule  *rule
	key   string
	st    state
	queue queue
	next  int64  // when the head may go, as far as is known
	index int    // in the heap; -1 if nobody waits
	refs  int    // waiters that will take from it
	lease *lease // nil if the state is this process's own
	part  *rule  // the process's part of rule, for when the shared state cannot be reached
}

// take is what a call takes of one bucket.
type take struct {
	b    *bucket
	cost int
}

// New returns a limiter that keeps its state in this process.
func New(rules []Rule, o *Options) *Limiter {
	l := &Limiter{
		opt: o.defaults(), base: time.Now(), sweepAt: maxKnown,
		routes: map[routeKey]*route{}, buckets: map[string]*bucket{}, family: map[familyKey]*family{},
	}
	l.rules = compileAll(rules, &l.opt)
	l.own = compile(Rule{Points: true}, "", &l.opt)
	l.own.learned = true
	return l
}

// now is the time in nanoseconds since 1970, which a step of the computer's clock does not change.
func (l *Limiter) now() int64 { return l.base.UnixNano() + int64(time.Since(l.base)) }

// Wait implements [parvis.Limiter]. A call is held back no longer than the limiter's own
// MaxWait and the context's [sending.Patience].
func (l *Limiter) Wait(ctx context.Context, c parvis.Call) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	rank, most := priorityOf(ctx).rank(), l.patience(ctx)
	l.mu.Lock()
	now := l.now()
	takes := l.route(&c, now).takes
	at, d := l.try(takes, now, turn{rank: rank, account: c.Account, hasty: most == 0 || l.opt.MaxWait == 0})
	if at == nil {
		l.mu.Unlock()
		return nil
	}
	if l.opt.store != nil && l.down > now && !l.alone(now) {
		l.mu.Unlock()
		return l.unavailable(nil)
	}
	if d > l.bound(most) {
		if again, _ := l.try(takes, now, turn{rank: rank, account: c.Account, hasty: true}); again == nil {
			l.mu.Unlock()
			return nil
		}
		l.mu.Unlock()
		return refusal(&c, at.rule, time.Duration(d))
	}
	w := &waiter{account: c.Account, rank: rank, takes: takes, wake: make(chan struct{}, 1)}
	for _, t := range takes {
		t.b.refs++
	}
	l.park(w, at, now, d)
	l.mu.Unlock()
	return l.hold(ctx, &c, w, most)
}

// hold waits until w is let go, its patience ends, or ctx does. While the database is
// asked, which is no waiting for a limit, the patience is longer.
func (l *Limiter) hold(ctx context.Context, c *parvis.Call, w *waiter, most time.Duration) error {
	began, deadline := time.Now(), time.NewTimer(most)
	defer deadline.Stop()
	for {
		select {
		case <-w.wake:
			if l.done(w) {
				return w.err
			}
			l.fill(ctx, w)
			if l.done(w) {
				return w.err
			}
			if l.hopeless(w, most) {
				return l.giveUp(c, w, nil)
			}
		case <-ctx.Done():
			return l.giveUp(c, w, ctx.Err())
		case <-deadline.C:
			if !l.asking(w) || time.Since(began) >= storePatience {
				return l.giveUp(c, w, nil)
			}
			deadline.Reset(time.Duration(pollEvery))
		}
	}
}

// done reports whether w was let go, or has failed.
func (l *Limiter) done(w *waiter) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return w.granted && w.fill == nil
}

// patience is how long a call may be held back: the limiter's own, or the context's if that
// is less. The limiter's leaves the database time to answer.
func (l *Limiter) patience(ctx context.Context) time.Duration {
	most := l.opt.MaxWait
	if l.opt.store != nil {
		most = max(most, storePatience)
	}
	if d, ok := sending.Patience(ctx); ok {
		most = min(most, d)
	}
	return most
}

// bound is the longest wait that most allows, in nanoseconds. A nanosecond stands for
// asking the database, without which no call could ever go.
func (l *Limiter) bound(most time.Duration) int64 {
	if l.opt.store != nil {
		return max(int64(most), 1)
	}
	return int64(most)
}

// giveUp takes w out of its queue, with err, or with a refusal if that is nil. A call
// that has been let go meanwhile is let go, unless nobody wants it any more.
func (l *Limiter) giveUp(c *parvis.Call, w *waiter, err error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	b := w.fill
	w.fill = nil
	if b != nil && b.lease != nil {
		b.lease.filling = false
	}
	if w.granted {
		if err == nil || w.err != nil {
			return w.err
		}
		for _, t := range w.takes {
			l.put(t)
		}
		l.serveAll(w.takes, now)
		return err
	}
	at := w.at
	at.queue.remove(w)
	w.release()
	if err == nil {
		blocked, d := l.try(w.takes, now, turn{w.rank, w.account, true, true})
		if blocked != nil {
			err = refusal(c, blocked.rule, time.Duration(d))
		}
	}
	l.serve(at, now)
	if b != nil && b != at {
		l.serve(b, now)
	}
	return err
}

// release lets the buckets of w be forgotten.
func (w *waiter) release() {
	for _, t := range w.takes {
		t.b.refs--
	}
}

// refusal is the error of a call that would have to wait too long.
func refusal(c *parvis.Call, r *rule, d time.Duration) error {
	what := "the limit of " + c.Endpoint
	if r.Name != "" && !r.learned {
		what = "the limit " + r.Name
	}
	return &parvis.Error{
		Network: c.Network, Account: c.Account, Code: parvis.ErrRateLimited,
		Message: what + " is used up", RetryAfter: max(d, time.Millisecond), Help: "wait, then try again",
	}
}

// turn is whose turn it is.
type turn struct {
	rank    int
	account string
	head    bool // it is at the head of its queue
	hasty   bool // it cannot be held until another call's answer has come
}

// try takes from all buckets if all allow it, and else takes nothing and returns the one
// that holds the call back longest. Who is at the head of a queue does not stand behind it.
func (l *Limiter) try(takes []take, now int64, t turn) (*bucket, int64) {
	var at *bucket
	var longest int64
	for _, tk := range takes {
		a := ask{cost: tk.cost, urgent: t.rank == 0, hasty: t.hasty}
		blocked := !t.head && tk.b.queue.n > 0 && tk.b.queue.blocks(t.rank)
		if blocked {
			a.ahead = tk.b.queue.ahead(t.account, t.rank)
		}
		d := l.waitFor(tk.b, now, a)
		if blocked {
			d = max(d, 1)
		}
		if d > longest {
			at, longest = tk.b, d
		}
	}
	if at != nil {
		return at, longest
	}
	for _, tk := range takes {
		l.takeFrom(tk, now)
	}
	return nil, 0
}

// put gives back what was taken and will not be sent.
func (l *Limiter) put(t take) {
	if t.b.lease != nil {
		t.b.lease.giveBack(t.cost)
		return
	}
	t.b.st.giveBack(t.b.rule, t.cost)
}

func (l *Limiter) takeFrom(t take, now int64) {
	switch {
	case t.b.lease == nil:
		t.b.st.take(t.b.rule, now, t.cost)
	case l.alone(now):
		t.b.st.take(t.b.part, now, t.cost)
		t.b.lease.note(now, report{Taken: t.cost})
	default:
		t.b.lease.spend(t.cost)
	}
}

func (l *Limiter) waitFor(b *bucket, now int64, a ask) int64 {
	switch {
	case b.lease == nil:
		return b.st.wait(b.rule, now, a)
	case l.alone(now):
		return b.st.wait(b.part, now, a)
	}
	return b.lease.wait(now, a)
}
