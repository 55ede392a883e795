package ratelimit

import "math"

// idleSlack is how much later than here the network notices that a full bucket is no
// longer full: refilling begins when the call arrives there.
const idleSlack = second / 2

// rate is how many tokens come back in a second.
func (s *state) rate(r *rule) float64 {
	if r.Per <= 0 {
		return math.Inf(1)
	}
	return float64(s.max(r)) / r.Per.Seconds()
}

// capacity is the size of the bucket, which shrinks and grows with Max.
func (s *state) capacity(r *rule) float64 {
	return math.Max(1, float64(r.Burst)*float64(s.max(r))/float64(max(r.Max, 1)))
}

func (s *state) refill(r *rule, now int64) {
	if now <= s.Filled {
		return
	}
	s.Level = math.Min(s.capacity(r), s.Level+s.rate(r)*float64(now-s.Filled)/float64(second))
	s.Filled = now
}

func (s *state) spend(r *rule, now int64, cost int) {
	if s.Level >= s.capacity(r) {
		s.Filled = now + min(idleSlack, int64(r.Per)/100)
	}
	s.Level -= float64(cost)
}

func (s *state) waitTokens(r *rule, need int) int64 {
	missing := float64(need) - s.Level
	if missing <= 0 {
		return 0
	}
	return int64(math.Ceil(missing/s.rate(r)*float64(second))) + edge
}

// tellTokens takes over what remains if that is less than was reckoned, and a change of
// the number told.
func (s *state) tellTokens(r *rule, t told) {
	if t.max > 0 && t.max != r.Burst && t.max != r.Max {
		s.Max = max(1, r.Max*t.max/max(r.Burst, 1))
	} else {
		s.Max = 0
	}
	// The number told is rounded down, and was true a little while ago.
	ago := s.rate(r) * float64(race) / float64(second)
	s.Level = math.Min(s.Level, float64(t.left-s.Open.N)+1+ago)
	s.Probed = true
}
