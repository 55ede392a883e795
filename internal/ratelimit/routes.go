package ratelimit

import (
	"slices"
	"time"

	"github.com/parvis-go/parvis"
)

// maxKnown is how many buckets are kept before those that tell nothing are forgotten.
const maxKnown = 4096

// routeKey is what decides which buckets a call takes from, and how much.
type routeKey struct {
	network                               parvis.Network
	host, client, account, endpoint, item string
	cost                                  int
}

// route is the buckets of calls that are alike. It can be made anew at any time.
type route struct {
	takes   []take
	family  *family
	version int
}

// familyKey names endpoints of one account that share the limits that no rule describes.
type familyKey struct{ account, name string }

// family is the limits of such endpoints.
type family struct {
	key     familyKey
	named   []string // buckets of limits that had a name
	version int
}

// route returns the route of c.
func (l *Limiter) route(c *parvis.Call, now int64) *route {
	k := routeKey{c.Network, c.Host, c.Client, c.Account, c.Endpoint, c.Item, c.Cost}
	r := l.routes[k]
	if r != nil && r.version == r.family.version {
		return r
	}
	if len(l.buckets)+len(l.family)+len(l.routes) >= l.sweepAt {
		l.sweep(now)
	}
	r = &route{family: l.familyOf(c)}
	r.version = r.family.version
	for _, rule := range l.rules {
		if rule.applies(c) {
			if cost := rule.cost(c); cost > 0 {
				r.takes = append(r.takes, take{l.bucket(rule, rule.key(c)), cost})
			}
		}
	}
	for _, key := range append([]string{r.family.key.own()}, r.family.named...) {
		r.takes = append(r.takes, take{l.bucket(l.own, key), l.own.cost(c)})
	}
	l.routes[k] = r
	return r
}

func (l *Limiter) familyOf(c *parvis.Call) *family {
	k := familyKey{c.Account, c.Endpoint}
	if l.opt.Family != nil {
		k.name = l.opt.Family(c.Endpoint)
	}
	f := l.family[k]
	if f == nil {
		f = &family{key: k}
		l.family[k] = f
	}
	return f
}

func (k familyKey) own() string               { return "own" + sep + k.account + sep + k.name }
func (k familyKey) called(name string) string { return "named" + sep + k.account + sep + name }

func (l *Limiter) bucket(r *rule, key string) *bucket {
	b := l.buckets[key]
	if b == nil {
		b = &bucket{rule: r, key: key, index: -1}
		if l.opt.store != nil {
			b.lease, b.part = &lease{}, r.divided(l.opt.processes)
		}
		l.buckets[key] = b
	}
	return b
}

// sweep forgets the buckets that tell nothing, and what leads to them.
func (l *Limiter) sweep(now int64) {
	clear(l.routes)
	for k, b := range l.buckets {
		if b.queue.n == 0 && b.refs == 0 && b.idle(now) {
			delete(l.buckets, k)
		}
	}
	for k, f := range l.family {
		f.named = slices.DeleteFunc(f.named, func(key string) bool { return l.buckets[key] == nil })
		if len(f.named) == 0 && l.buckets[k.own()] == nil {
			delete(l.family, k)
		}
	}
	l.sweepAt = max(maxKnown, 2*(len(l.buckets)+len(l.family)))
}

func (b *bucket) idle(now int64) bool {
	if b.lease != nil {
		return b.lease.idle(now)
	}
	return b.st.idle(b.rule, now)
}

// Learn implements [parvis.Limiter]. A zero Limit tells that the network answered and said nothing.
func (l *Limiter) Learn(c parvis.Call, lim parvis.Limit) {
	l.mu.Lock()
	now := l.now()
	r := l.route(&c, now)
	if lim == (parvis.Limit{}) {
		for _, t := range r.takes {
			l.note(t, now, report{Answered: t.cost})
		}
		l.unlock(r.takes, now, false)
		return
	}
	t := l.match(r, &lim, now)
	if t.b == nil {
		t = l.attach(r, &c, lim.Name)
		r = l.route(&c, now)
	}
	var reset int64
	if !lim.Reset.IsZero() {
		reset = now + int64(time.Until(lim.Reset))
	}
	rep := report{Told: true, Max: lim.Max, Left: lim.Remaining, Reset: reset, Cost: t.cost}
	if lim.Exceeded {
		rep = report{Exceeded: true, Reset: reset, Cost: t.cost}
		l.opt.Logger.Warn("the network refused a call because of a limit", "account", c.Account, "endpoint", c.Endpoint,
			"limit", lim.Name, "until", lim.Reset)
	}
	l.note(t, now, rep)
	if rep.Told {
		l.seen(r.takes, t.b, now)
	}
	if own := r.takes[r.own(l)]; own.b != t.b && !lim.Exceeded {
		own.b.st.Open.oldest(own.cost)
	}
	l.unlock(r.takes, now, lim.Exceeded)
}

// seen ends the asking of the limits that an answer could have told of and did not.
func (l *Limiter) seen(takes []take, but *bucket, now int64) {
	for _, t := range takes {
		switch {
		case t.b == but:
		case t.b.lease == nil:
			t.b.st.seen()
		case t.b.lease.prompt:
			t.b.lease.note(now, report{Seen: true})
		}
	}
}

// own is the place of the bucket for what no rule describes, behind those of the rules.
func (r *route) own(l *Limiter) int {
	return slices.IndexFunc(r.takes, func(t take) bool { return t.b.rule == l.own })
}

// report is what was learned of a bucket.
type report struct {
	Answered  int // cost of calls whose answers said nothing
	Told      bool
	Max, Left int
	Reset     int64
	Exceeded  bool
	Cost      int
	Taken     int  // cost of calls that were let go without asking
	Seen      bool // an answer told of other limits only
}

// apply tells the state.
func (p report) apply(s *state, r *rule, now int64) {
	switch {
	case p.Seen:
		s.seen()
	case p.Taken > 0:
		s.settle(r, now)
		s.take(r, now, p.Taken)
		s.answered(r, now, p.Taken)
	case p.Exceeded:
		s.exceed(r, now, p.Reset, p.Cost)
	case p.Told:
		s.tell(r, now, told{p.Max, p.Left, p.Reset}, p.Cost)
	default:
		s.answered(r, now, p.Answered)
	}
}

func (l *Limiter) note(t take, now int64, p report) {
	if t.b.lease != nil {
		t.b.lease.note(now, p)
		if l.opt.processes > 0 { // the part that it goes on with knows as well
			p.apply(&t.b.st, t.b.part, now)
		}
		return
	}
	p.apply(&t.b.st, t.b.rule, now)
}

// attach adds the bucket of a limit that no rule describes to the endpoints that show it.
func (l *Limiter) attach(r *route, c *parvis.Call, name string) take {
	key := r.family.key.called(name)
	r.family.named = append(r.family.named, key)
	r.family.version++
	b, own := l.bucket(l.own, key), l.buckets[r.family.key.own()]
	if own != nil {
		for _, f := range own.st.Open.List {
			b.st.Open.add(f.At, f.N, 0) // it is out, and may count here
		}
	}
	return take{b, l.own.cost(c)}
}

// match finds which bucket of a call an answer speaks of; none if it is a name never seen.
func (l *Limiter) match(r *route, lim *parvis.Limit, now int64) take {
	own := r.own(l)
	if lim.Name != "" {
		key := r.family.key.called(lim.Name)
		for i, t := range r.takes {
			if i < own && t.b.rule.Name == lim.Name || t.b.key == key {
				return t
			}
		}
		return take{}
	}
	ruled := r.takes[:own]
	if lim.Exceeded {
		if t, ok := tightest(ruled, lim, now); ok {
			return t
		}
	} else if t, ok := announced(ruled, lim); ok {
		return t
	}
	return r.takes[own]
}

// announced finds the rule that a limit without a name describes: that with its number
// and the shortest period that fits, or the only one.
func announced(takes []take, lim *parvis.Limit) (take, bool) {
	var found, only take
	n := 0
	for _, t := range takes {
		r := t.b.rule
		if !r.Announced {
			continue
		}
		n, only = n+1, t
		fits := lim.Reset.IsZero() || r.Per == 0 || time.Until(lim.Reset) <= r.Per+DefaultMargin
		if lim.Max == r.Max && fits && (found.b == nil || r.Per < found.b.rule.Per) {
			found = t
		}
	}
	if found.b == nil && n == 1 {
		found = only
	}
	return found, found.b != nil
}

// tightest finds the rule that a refusal without a name most likely comes from. One of
// which much is left it does not come from.
func tightest(takes []take, lim *parvis.Limit, now int64) (take, bool) {
	var found take
	least := 0.1
	for _, t := range takes {
		r := t.b.rule
		if !lim.Reset.IsZero() && r.Per > 0 && time.Until(lim.Reset) > r.Per+DefaultMargin {
			continue
		}
		share := t.b.share(now)
		if !r.Announced {
			share = min(share, least)
		}
		if share <= least {
			found, least = t, share
		}
	}
	return found, found.b != nil
}

func (b *bucket) share(now int64) float64 {
	if b.lease != nil {
		return b.lease.share
	}
	if b.st.asking(b.rule) {
		return 0
	}
	return b.st.share(b.rule, now)
}
