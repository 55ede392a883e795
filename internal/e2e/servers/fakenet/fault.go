package fakenet

import (
	"math/rand/v2"
	"time"
)

// A Fate is what happens to one request. The zero Fate is that nothing goes wrong.
type Fate string

// The fates.
const (
	// Dropped closes the connection before the request is taken.
	Dropped Fate = "dropped"
	// Lost closes the connection after the request was carried out, and before the answer.
	Lost Fate = "lost"
	// Delayed holds the answer back for [Faults.DelayFor] after the request was carried out.
	Delayed Fate = "delayed"
	// Slowed carries the request out only after [Faults.SlowFor], whether the client is
	// still there or not.
	Slowed Fate = "slowed"
	// Unavailable answers 503 before the request is taken.
	Unavailable Fate = "unavailable"
	// Limited answers 429 with Retry-After before the request is taken.
	Limited Fate = "limited"
)

// The defaults of [Faults].
const (
	DefaultDelay      = 100 * time.Millisecond
	DefaultSlow       = 200 * time.Millisecond
	DefaultRetryAfter = time.Second
)

// Faults say how often requests meet each [Fate], from 0 (never) to 1 (always). A request
// meets one fate at most: where the sum is above 1, the last ones named here come too short.
type Faults struct {
	Drop, Lose, Delay, Slow, Unavailable, Limit float64
	// DelayFor, SlowFor and RetryAfter belong to the fates Delayed, Slowed and Limited;
	// 0 is [DefaultDelay], [DefaultSlow] and [DefaultRetryAfter].
	DelayFor, SlowFor, RetryAfter time.Duration
}

func (f Faults) withDefaults() Faults {
	for _, x := range []struct {
		d     *time.Duration
		usual time.Duration
	}{{&f.DelayFor, DefaultDelay}, {&f.SlowFor, DefaultSlow}, {&f.RetryAfter, DefaultRetryAfter}} {
		if *x.d <= 0 {
			*x.d = x.usual
		}
	}
	return f
}

// draw chooses a fate.
func (f Faults) draw(rng *rand.Rand) Fate {
	at := rng.Float64()
	for _, x := range []struct {
		p    float64
		fate Fate
	}{{f.Drop, Dropped}, {f.Lose, Lost}, {f.Delay, Delayed}, {f.Slow, Slowed}, {f.Unavailable, Unavailable}, {f.Limit, Limited}} {
		if at < x.p {
			return x.fate
		}
		at -= x.p
	}
	return ""
}

// An injected fate waits for its request.
type injected struct {
	account string
	fate    Fate
}

// Inject makes the next requests of an account that change something (publish, edit,
// delete, upload) meet these fates, one each and in this order; an empty account is any. The zero
// Fate lets a request pass. They come before those that are drawn.
func (s *Server) Inject(account string, fates ...Fate) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range fates {
		s.injected = append(s.injected, injected{account, f})
	}
}

// SetFaults replaces [Options.Faults] and [Options.Reads] from the next request on. What is
// injected stays.
func (s *Server) SetFaults(changes, reads Faults) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opt.Faults, s.opt.Reads = changes.withDefaults(), reads.withDefaults()
}

// fate returns what is to happen to a request of the account, and how long things take.
func (s *Server) fate(account string, changes bool) (Fate, Faults) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !changes {
		f := s.opt.Reads.draw(s.rng)
		s.count(f)
		return f, s.opt.Reads
	}
	for i, in := range s.injected {
		if in.account == "" || in.account == account {
			s.injected = append(s.injected[:i:i], s.injected[i+1:]...)
			s.count(in.fate)
			return in.fate, s.opt.Faults
		}
	}
	f := s.opt.Faults.draw(s.rng)
	s.count(f)
	return f, s.opt.Faults
}

func (s *Server) count(f Fate) {
	s.tally.Requests++
	if f != "" {
		s.tally.Fates[f]++
	}
}
