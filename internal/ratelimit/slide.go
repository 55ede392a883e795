package ratelimit

import "time"

// found is the search for a number that the network does not tell.
type found struct {
	Found  bool  `json:"found,omitempty"`  // Max was found out
	Good   int   `json:"good,omitempty"`   // what the network has taken in a period
	Full   int64 `json:"full,omitempty"`   // when Max last held a call back
	Raised int64 `json:"raised,omitempty"` // when Max was last changed
	Step   int   `json:"step,omitempty"`   // by how much it is raised next
	Calm   int   `json:"calm,omitempty"`   // periods without a refusal before it is raised
}

const (
	// calm is how many full periods without a refusal make a found number worth raising.
	calm = 8
	// calmest bounds the patience that grows with each refusal.
	calmest = 1024
	// edge keeps a call from arriving in the very moment in which another leaves the period.
	edge = int64(time.Millisecond)
	// unknownPeriod is how long calls are remembered whose period is unknown.
	unknownPeriod = int64(25 * time.Hour)
)

// periods are the lengths that networks use, in seconds.
var periods = [...]int64{1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 3 * 3600, 6 * 3600, 12 * 3600, 24 * 3600}

// slide forgets what has left the period.
func (s *state) slide(r *rule, now int64) {
	per := s.per(r)
	if per == 0 {
		per = unknownPeriod
	}
	for {
		if _, ok := s.Log.before(now - per - edge); !ok {
			break
		}
	}
	if s.Found && s.Max > 0 && now-s.Raised > per*int64(s.Calm) && now-s.Full < per {
		s.Max += s.Step
		s.Step, s.Raised = min(2*s.Step, max(s.Max/8, 1)), now
	}
}

func (s *state) waitSlide(r *rule, now int64, need int) int64 {
	limit, per := s.max(r), s.per(r)
	if per == 0 {
		return 0
	}
	missing := need - (limit - s.Log.N - s.Open.N)
	if missing <= 0 {
		return 0
	}
	s.Full = now
	rounds := int64((missing - 1) / limit)
	missing -= int(rounds) * limit
	for _, f := range s.Log.List {
		if missing -= f.N; missing <= 0 {
			return max(f.At+per+edge+1-now, 1) + rounds*per
		}
	}
	for _, f := range s.Open.List {
		if missing -= f.N; missing <= 0 {
			return max(f.At+per+edge+1-now, probeStep) + rounds*per
		}
	}
	return per
}

// tellSlide notes what remains where no end is told: what is missing, somebody else took.
func (s *state) tellSlide(r *rule, now int64, t told) {
	s.Told, s.Probed = now, true
	if mine := s.max(r) - s.Log.N - s.Open.N; t.left < mine {
		s.log(r, now, mine-t.left)
	}
}

// serial reports whether calls go one by one: nobody knows how many are allowed, or the
// number that is known to be good is used up.
func (s *state) serial(r *rule, now int64) bool {
	switch {
	case s.windowed(r) || r.Kind == Tokens || r.Kind == Usage || !s.Heard && r.learned:
		return false
	case s.max(r) == 0:
		return !r.learned || s.Refused != 0 && now-s.Refused < forgetful
	}
	return s.Found && s.Max > s.Good && s.Log.N+s.Open.N >= s.Good
}

// estimate finds the number from a refusal: what was taken in the period that ends at
// reset. A period that began before counting did tells too little to go by.
func (s *state) estimate(r *rule, now, reset int64) {
	if s.Per == 0 && r.Per == 0 {
		if reset <= now {
			return
		}
		s.Per = period(reset - now)
	} else if r.Per == 0 && reset-now > s.Per {
		s.Per, s.Found, s.Max = period(reset-now), false, 0
	}
	per := s.per(r)
	end := max(reset, now)
	if r.learned && s.Refused == 0 {
		s.Born = end // nothing was counted before
	}
	whole := s.Born <= end-per+min(second, per/10)
	if reset > now && !whole {
		s.Born = reset // the next period is seen from its beginning
	}
	n := s.Log.since(end-per) + s.Open.N
	if limit := s.max(r); !whole || n <= 0 || limit > 0 && n >= limit && !s.Found {
		return
	}
	s.Max, s.Good, s.Found = n, n, true
	s.Calm, s.Step, s.Raised = min(max(2*s.Calm, calm), calmest), 1, now
}

// period is the shortest length in use that is not below d.
func period(d int64) int64 {
	for _, p := range periods {
		if p*second >= d {
			return p * second
		}
	}
	return d
}
