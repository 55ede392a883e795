package ratelimit

import (
	"math"
	"time"
)

const (
	second = int64(time.Second)

	// probeStep is how long the first call of a window goes alone while its answer is
	// awaited; then two may be out, then four, and so on.
	probeStep = int64(500 * time.Millisecond)
	// serialStep is the same for a limit whose number is being found out.
	serialStep = 10 * second
	// heardLag is how long an answer is awaited where answers are known to come.
	heardLag = 30 * second
	// silentLag is how long after it was let go a call reaches the network, where nobody
	// tells of its answer.
	silentLag = 2 * second
	// forgetful is how long a refusal without a number makes calls go one by one.
	forgetful = 10 * 60 * second
	// quiet is how long without a refusal makes the next one the first in a row.
	quiet = 3 * 60 * second
	// remembered is how long numbers are kept that differ from the rule's.
	remembered = 3600 * second
)

// state is what is known of one bucket. Times are nanoseconds since 1970.
type state struct {
	Max  int   `json:"max,omitempty"`  // as told or found out; 0 means that the rule's holds
	Per  int64 `json:"per,omitempty"`  // found out; 0 means that the rule's holds
	Born int64 `json:"born,omitempty"` // when counting began

	Open  ledger `json:"open,omitzero"`   // let go, not yet answered
	Heard bool   `json:"heard,omitempty"` // answers are told of
	Told  int64  `json:"told,omitempty"`  // when an answer last told what is left
	Hold  int64  `json:"hold,omitempty"`  // the network refuses until then

	Strikes int   `json:"strikes,omitempty"` // refusals in a row that did not say how long
	Refused int64 `json:"refused,omitempty"` // the last refusal
	Probed  bool  `json:"probed,omitempty"`  // the window has been told of
	Probe   int64 `json:"probe,omitempty"`   // when the call that asks for it left

	window
	found
	Log    ledger  `json:"log,omitzero"` // answered, within Per
	Level  float64 `json:"level,omitempty"`
	Filled int64   `json:"filled,omitempty"`
}

// ask is a wish to take.
type ask struct {
	cost, ahead int
	urgent      bool
	hasty       bool // cannot be held until another call's answer has come
}

func (s *state) max(r *rule) int {
	if s.Max > 0 {
		return s.Max
	}
	return r.Max
}

func (s *state) per(r *rule) int64 {
	if r.Per > 0 {
		return int64(r.Per)
	}
	return s.Per
}

// windowed reports whether the bucket has a window with a known end. The phase of one
// that nobody has told is unknown: no stretch of Per, wherever it begins, may then hold
// more than Max, as with the kind Sliding.
func (s *state) windowed(r *rule) bool { return r.Kind == Window && (r.Midnight != nil || s.Told != 0) }

// lag is when a call that was let go is taken as answered.
func (s *state) lag(r *rule) int64 {
	if s.Heard || r.Announced {
		return heardLag
	}
	if per := s.per(r); per > 0 {
		return min(per/100, silentLag) + r.leased
	}
	return silentLag + r.leased
}

// settle brings the state up to now.
func (s *state) settle(r *rule, now int64) {
	if s.Born == 0 {
		s.Born = now
		s.Level, s.Filled = float64(r.Burst), now
		if r.Midnight != nil {
			s.Left, s.Reset, s.Began = r.Max, r.end(now), now
		}
	}
	lag := s.lag(r)
	for {
		f, ok := s.Open.before(now - lag)
		if !ok {
			break
		}
		s.lost(r, f, lag)
	}
	if s.Hold != 0 && s.Hold <= now {
		s.Hold, s.Probed, s.Probe = 0, false, 0
	}
	switch {
	case s.windowed(r):
		s.roll(r, now)
	case r.Kind == Tokens:
		s.refill(r, now)
	case r.Kind != Usage:
		s.slide(r, now)
	}
}

// lost counts a call of which no answer was told: it may have been taken.
func (s *state) lost(r *rule, f flight, lag int64) {
	switch {
	case r.Kind == Tokens || r.Kind == Usage:
	case s.windowed(r):
		if s.Told < f.At+lag/2 {
			s.Left -= f.N
		}
	default:
		s.log(r, f.At+lag, f.N)
	}
}

// log notes what left the period's allowance at the time at. Of a limit that is only
// known from answers nothing is noted before the network has refused something.
func (s *state) log(r *rule, at int64, n int) {
	if r.learned && s.Refused == 0 {
		return
	}
	per := s.per(r)
	if per == 0 {
		per = unknownPeriod
	}
	s.Log.add(at, n, per/slots)
}

// share is what part of the allowance is left, from 0 to 1; 0 also where its size is unknown.
func (s *state) share(r *rule, now int64) float64 {
	s.settle(r, now)
	limit := s.max(r)
	switch {
	case s.Hold > now || limit == 0:
		return 0
	case r.Kind == Tokens:
		return s.Level / s.capacity(r)
	case r.Kind == Usage || s.windowed(r):
		return float64(s.Left-s.Open.N) / float64(limit)
	}
	return float64(limit-s.Log.N-s.Open.N) / float64(limit)
}

// wait returns how long it takes until a may be taken; 0 means that it may now.
func (s *state) wait(r *rule, now int64, a ask) int64 {
	s.settle(r, now)
	if s.Hold > now {
		return s.Hold - now
	}
	if d := s.alone(r, now); d > 0 && !a.hasty {
		return d
	}
	limit := s.max(r)
	keep := 0
	if !a.urgent {
		keep = int(r.reserve * float64(limit))
	}
	need := min(a.cost, max(limit-keep, 1)) + a.ahead
	switch {
	case r.Kind == Usage:
		return s.waitUsage(r, now)
	case r.Kind == Tokens:
		return s.waitTokens(r, min(a.cost, max(r.Burst-keep, 1))+a.ahead+keep)
	case limit == 0:
		return 0
	case s.windowed(r):
		return s.waitWindow(r, now, need+keep)
	}
	return s.waitSlide(r, now, need+keep)
}

// alone returns how long a call must wait because another is out whose answer tells more.
func (s *state) alone(r *rule, now int64) int64 {
	out := len(s.Open.List)
	if out == 0 {
		return 0
	}
	var step int64
	switch {
	case s.serial(r, now):
		step = serialStep
	case !s.Probed && s.Probe > 0 && (r.Announced || s.Told != 0 || s.Refused != 0):
		step = probeStep
	default:
		return 0
	}
	rounds := max(now-s.Probe, 0) / step
	if rounds >= 30 || out < 1<<rounds {
		return 0
	}
	return s.Probe + (rounds+1)*step - now
}

// take counts what was let go.
func (s *state) take(r *rule, now int64, cost int) {
	if (!s.Probed || s.serial(r, now)) && (s.Probe == 0 || len(s.Open.List) == 0) {
		s.Probe = now
	}
	s.Open.add(now, cost, 0)
	s.Mine += cost
	if r.Kind == Tokens {
		s.spend(r, now, cost)
	}
}

// giveBack undoes take for what was not sent.
func (s *state) giveBack(r *rule, cost int) {
	n := s.Open.newest(cost)
	s.Mine -= n
	if r.Kind == Tokens {
		s.Level += float64(n)
	}
}

// told is what an answer said; reset is 0 if it did not say when.
type told struct {
	max, left int
	reset     int64
}

// tell notes what the answer to a call of that cost said of this limit.
func (s *state) tell(r *rule, now int64, t told, cost int) {
	s.settle(r, now)
	s.Heard = true
	switch r.Kind {
	case Usage:
		s.Open.oldest(cost)
		s.tellUsage(now, t)
		return
	case Tokens:
		s.Open.oldest(cost)
		s.tellTokens(r, t)
		return
	}
	switch {
	case t.max == r.Max:
		s.Max = 0
	case t.max > 0:
		s.Max = t.max
	case s.max(r) == 0:
		s.Max = t.left + cost
	}
	if r.Kind == Window && t.reset > now {
		s.Open.oldest(cost)
		s.tellWindow(r, now, t, cost)
		return
	}
	if s.asking(r) { // the window before, by a clock that is behind
		s.Mine -= min(s.Open.oldest(cost), s.Mine)
		return
	}
	s.answered(r, now, cost)
	if s.windowed(r) {
		s.Left = min(s.Left, t.left)
	} else if s.per(r) > 0 {
		s.tellSlide(r, now, t)
	}
}

// answered notes that the network answered a call and said nothing of this limit.
func (s *state) answered(r *rule, now int64, cost int) {
	s.settle(r, now)
	s.Heard, s.Probed = true, true
	n := s.Open.oldest(cost)
	switch {
	case n == 0 || r.Kind == Tokens || r.Kind == Usage:
	case s.windowed(r):
		s.Left -= n
	default:
		s.log(r, now, n)
	}
}

// seen notes that an answer told of other limits only: nothing is to be waited for.
func (s *state) seen() {
	if s.Told == 0 {
		s.Probed = true
	}
}

// exceed notes that the network refused a call of that cost, until reset if that is not 0.
func (s *state) exceed(r *rule, now, reset int64, cost int) {
	s.settle(r, now)
	if !s.windowed(r) && r.Kind != Tokens && r.Kind != Usage {
		if left := cost - s.Open.newest(cost); left > 0 {
			s.Log.newest(left)
		}
		s.estimate(r, now, reset)
	}
	s.early(r, now)
	if now-s.Refused > quiet {
		s.Strikes = 0
	}
	s.Refused = now
	if s.Level = math.Min(s.Level, 0); !s.asking(r) {
		s.Left = min(s.Left, 0)
	}
	switch {
	case reset > now:
		s.Hold, s.Strikes = max(s.Hold, reset), 0
		return
	case s.Hold > now:
		return
	case r.Midnight != nil:
		s.spent(r, cost)
		return
	case s.windowed(r) && s.Reset > now && s.Probed:
		return
	case r.Per > 0 && r.Per <= 15*time.Minute:
		s.Hold = now + int64(r.Per)
		return
	}
	s.Hold = now + min(second<<s.Strikes, 60*second)
	s.Strikes = min(s.Strikes+1, 6)
}

// idle reports whether the state tells nothing that a new one would not.
func (s *state) idle(r *rule, now int64) bool {
	s.settle(r, now)
	if r.learned && s.Told == 0 && s.Refused == 0 {
		return true
	}
	if s.Open.N != 0 || s.Hold > now || s.Log.N != 0 || s.Found || now-s.Refused < forgetful {
		return false
	}
	if s.windowed(r) {
		full := s.Left >= s.max(r) && r.Midnight == nil || s.Reset == 0 || r.Midnight != nil && s.Mine == 0
		return full && (r.learned || s.Max == 0 || now-s.Told > remembered)
	}
	if r.Kind == Tokens {
		return s.Level >= float64(r.Burst)
	}
	return r.Kind != Usage || now-s.Told > int64(r.Per)
}
