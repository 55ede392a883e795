package httpx

import (
	"context"
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/parvis-go/parvis"
)

// DefaultLimiterWait is how long the default limiter waits before it refuses.
const DefaultLimiterWait = 2 * time.Second

// maxRoutes bounds what the limiter remembers.
const maxRoutes = 4096

// A Rate is a documented allowance: Calls in each Per. The limiter keeps every stretch
// of Per, wherever it begins, within Calls.
type Rate struct {
	// Family is the family of endpoints that share the allowance; empty means that all
	// endpoints of an account do.
	Family string
	// Calls and Per are the allowance, in the unit of [parvis.Call].Cost.
	Calls int
	Per   time.Duration
	// Burst is how many may go at once; 0 means a tenth of Calls, at least one.
	Burst int
}

// Options set up a [Limiter].
type Options struct {
	// Rates are the network's documented allowances.
	Rates []Rate
	// MaxWait is how long a call may be held back before it is refused;
	// 0 means [DefaultLimiterWait], a negative one that no call is held back.
	MaxWait time.Duration
	// Family names the family of an endpoint, for networks where endpoints share
	// their allowance; nil means that each is its own.
	Family func(endpoint string) string
}

// Limiter is the [parvis.Limiter] of one process. It paces calls by the documented
// rates, and refuses to call while it knows from an answer that a limit is used up.
// It is safe for concurrent use.
type Limiter struct {
	opt    Options
	mu     sync.Mutex
	routes map[key]*route
	shared map[key]*allowance    // by account and name of the limit
	pacers map[key]*rate.Limiter // by account and family
}

// key is an account and what lies below it.
type key struct{ account, name string }

// route is one family of endpoints of one account.
type route struct {
	pace  []*rate.Limiter
	own   allowance
	named []*allowance
	used  time.Time
}

// allowance is what answers said about one limit.
type allowance struct {
	max, left int
	reset     time.Time // left counts until then; zero means unknown
	until     time.Time // the network refuses until then
	strikes   int       // refusals in a row that did not say how long
}

// NewLimiter returns a limiter.
func NewLimiter(o Options) *Limiter {
	switch {
	case o.MaxWait == 0:
		o.MaxWait = DefaultLimiterWait
	case o.MaxWait < 0:
		o.MaxWait = 0
	}
	return &Limiter{opt: o, routes: map[key]*route{}, shared: map[key]*allowance{}, pacers: map[key]*rate.Limiter{}}
}

// Wait returns when c may be sent. If that is more than MaxWait away, it gives an error
// that matches [parvis.ErrRateLimited] and holds the time in RetryAfter.
func (l *Limiter) Wait(ctx context.Context, c parvis.Call) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	patience := l.opt.MaxWait
	paced := false
	for {
		d := l.next(c, &paced, patience)
		if d <= 0 {
			return nil
		}
		if d > patience {
			return &parvis.Error{
				Network: c.Network, Account: c.Account, Code: parvis.ErrRateLimited,
				Message: "the limit of " + c.Endpoint + " is used up", RetryAfter: d, Help: "wait, then try again",
			}
		}
		if err := sleep(ctx, d); err != nil {
			return err
		}
		patience -= d
	}
}

// next takes c if it may go now, and else returns how long it must wait. A pace is
// reserved once, if it is within patience; paced notes that.
func (l *Limiter) next(c parvis.Call, paced *bool, patience time.Duration) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	r := l.route(c, now)
	cost := max(c.Cost, 1)
	wait := r.own.wait(now, cost)
	for _, a := range r.named {
		wait = max(wait, a.wait(now, cost))
	}
	if wait > 0 {
		return wait
	}
	if !*paced && len(r.pace) > 0 {
		d := reserve(r.pace, now, cost, patience)
		if d > patience {
			return d
		}
		*paced = true
		if d > 0 {
			return d
		}
	}
	r.own.left -= cost
	for _, a := range r.named {
		a.left -= cost
	}
	return 0
}

// reserve takes cost from every pacer and returns the wait, or takes nothing if that is
// more than patience.
func reserve(pace []*rate.Limiter, now time.Time, cost int, patience time.Duration) time.Duration {
	var wait time.Duration
	taken := make([]*rate.Reservation, len(pace))
	for i, p := range pace {
		taken[i] = p.ReserveN(now, min(cost, p.Burst()))
		wait = max(wait, taken[i].DelayFrom(now))
	}
	if wait > patience {
		for _, t := range taken {
			t.CancelAt(now)
		}
	}
	return wait
}

// wait returns how long a call of that cost must wait for a.
func (a *allowance) wait(now time.Time, cost int) time.Duration {
	if a.until.After(now) {
		return a.until.Sub(now)
	}
	if a.max > 0 {
		cost = min(cost, a.max)
	}
	if a.reset.After(now) && a.left < cost {
		return a.reset.Sub(now)
	}
	return 0
}

// Learn notes what an answer to c said. A limit without a name belongs to the family of
// the endpoint, one with a name to all endpoints of the account that ever showed it.
func (l *Limiter) Learn(c parvis.Call, lim parvis.Limit) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	r := l.route(c, now)
	a := &r.own
	if lim.Name != "" {
		a = l.named(r, key{c.Account, lim.Name})
	}
	if lim.Exceeded {
		a.exceed(lim.Reset, now)
		return
	}
	a.learn(lim, now)
}

// sameWindow is how far apart two statements of one reset may be, since many servers
// round to seconds.
const sameWindow = 2 * time.Second

func (a *allowance) learn(lim parvis.Limit, now time.Time) {
	if !lim.Reset.After(now) {
		a.reset = time.Time{}
		return
	}
	// Answers overtake each other: within a window the count only falls.
	left := lim.Remaining
	if d := lim.Reset.Sub(a.reset).Abs(); a.reset.After(now) && d <= sameWindow {
		left = min(left, a.left)
	}
	a.max, a.left, a.reset = lim.Max, left, lim.Reset
}

// exceed notes a refusal until reset; if that is unknown, for a second, and twice as
// long at each refusal that follows, up to a minute.
func (a *allowance) exceed(reset, now time.Time) {
	if reset.After(now) {
		a.until, a.strikes = reset, 0
		return
	}
	if now.Sub(a.until) > 2*time.Minute {
		a.strikes = 0
	}
	if a.until.After(now) {
		return
	}
	a.until = now.Add(min(time.Second<<a.strikes, time.Minute))
	a.strikes = min(a.strikes+1, 6)
}

func (l *Limiter) named(r *route, k key) *allowance {
	a := l.shared[k]
	if a == nil {
		a = &allowance{}
		l.shared[k] = a
	}
	if slices.Contains(r.named, a) {
		return a
	}
	r.named = append(r.named, a)
	return a
}

func (l *Limiter) route(c parvis.Call, now time.Time) *route {
	k := key{c.Account, c.Endpoint}
	if l.opt.Family != nil {
		k.name = l.opt.Family(c.Endpoint)
	}
	r := l.routes[k]
	if r == nil {
		l.forget(now)
		r = &route{pace: l.pace(k)}
		l.routes[k] = r
	}
	r.used = now
	return r
}

// pace returns the pacers that hold for a family.
func (l *Limiter) pace(k key) []*rate.Limiter {
	var all []*rate.Limiter
	for _, o := range l.opt.Rates {
		if o.Calls <= 0 || o.Per <= 0 || o.Family != "" && o.Family != k.name {
			continue
		}
		id := key{k.account, o.Family + "\x00" + o.Per.String()}
		p := l.pacers[id]
		if p == nil {
			p = o.pacer()
			l.pacers[id] = p
		}
		all = append(all, p)
	}
	return all
}

// pacer returns a limiter that lets through Calls at most in any stretch of Per.
func (o Rate) pacer() *rate.Limiter {
	burst := o.Burst
	if burst <= 0 {
		burst = o.Calls / 10
	}
	burst = max(1, min(burst, o.Calls))
	// A stretch that begins with a burst holds Calls-burst more, and one more at its very end.
	steady := float64(o.Calls - burst + 1)
	return rate.NewLimiter(rate.Limit(steady/o.Per.Seconds()), burst)
}

// forget drops what tells nothing any more, once there is much.
func (l *Limiter) forget(now time.Time) {
	if len(l.routes) < maxRoutes {
		return
	}
	for k, r := range l.routes {
		if now.Sub(r.used) > time.Hour || r.idle(now) {
			delete(l.routes, k)
		}
	}
	for k, a := range l.shared {
		if a.wait(now, 1) == 0 && !a.reset.After(now) {
			delete(l.shared, k)
		}
	}
}

// idle reports whether nothing is known of r that matters now.
func (r *route) idle(now time.Time) bool {
	return len(r.named) == 0 && !r.own.reset.After(now) && !r.own.until.After(now)
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
