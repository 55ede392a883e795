package ratelimit

// The kind Usage: answers tell what part of an allowance is used, in percent, and nothing
// of its size. Up to three quarters of the stop calls go freely, from there one by one,
// and at the stop only as many as find out whether it is over.

// tellUsage notes the percentage that an answer told.
func (s *state) tellUsage(now int64, t told) {
	s.Left, s.Told, s.Probed = t.left, now, true
	if t.reset > now && t.left <= 0 {
		s.Hold = max(s.Hold, t.reset)
	}
}

func (s *state) waitUsage(r *rule, now int64) int64 {
	if s.Told == 0 || now-s.Told > max(int64(r.Per), second) {
		return 0
	}
	used := 100 - s.Left
	out := s.Open.N > 0
	switch {
	case used >= r.Max:
		pause := max(int64(r.Per)/100*int64(1+used-r.Max), second)
		if out {
			return pause
		}
		return max(s.Told+pause-now, 0)
	case out && used*4 >= r.Max*3:
		return probeStep
	}
	return 0
}
