package ratelimit

import "math"

// window is what is known of a fixed window.
//
// What an answer says remains was true when the network handled that call. It has counted
// every call that was answered before, and may or may not have counted those that are
// out. So what is surely left is the smallest number told, less all that is out.
type window struct {
	Left  int   `json:"left,omitempty"`  // the smallest told in this window; calls that are out come off it
	Reset int64 `json:"reset,omitempty"` // its end; 0 means unknown
	Sure  bool  `json:"sure,omitempty"`  // its end was told, not reckoned
	Prev  int64 `json:"prev,omitempty"`  // the end of the one before
	Span  int64 `json:"span,omitempty"`  // the longest time to an end that was told
	Late  int64 `json:"late,omitempty"`  // how long after its end a window was seen to go on

	// Who else takes from the allowance, and how fast.
	Began int64   `json:"began,omitempty"` // when the window began, or was first told of
	Mine  int     `json:"mine,omitempty"`  // let go in this window, and out when it began
	Base  int     `json:"base,omitempty"`  // used by others before it was first told of
	Seen  bool    `json:"seen,omitempty"`  // Base is known
	Pace  float64 `json:"pace,omitempty"`  // of others, per second
}

const (
	// sameWindow is how far apart two statements of one end may be: servers round to
	// seconds, and so does the clock in their answers.
	sameWindow = 2 * second
	// race is the time between what an answer told and the next call's arrival.
	race = 350 * second / 1000
	// stale is how old an answer may be that is relied on where others take as well.
	stale = 2 * second
	// wary is how many times over the others must have had time to use up what is left,
	// before calls wait for an answer that tells: unheard, they may have become faster.
	wary = 8
	// fade is how much of the pace of others is believed from one window to the next.
	fade = 0.9
)

// guard is how long after the end of a window the next one is believed in: clocks differ,
// and servers round. It is free, since an allowance is used up long before its end.
func (s *state) guard(r *rule) int64 {
	length := s.per(r)
	if length == 0 {
		length = s.Span
	}
	g := min(int64(r.margin), length/10)
	return min(max(g, s.Late), max(length/2, g))
}

// roll begins the next window once this one has ended.
func (s *state) roll(r *rule, now int64) {
	if s.Reset == 0 || now < s.Reset+s.guard(r) {
		return
	}
	s.Prev, s.Left, s.Sure, s.Began = s.Reset, s.max(r), false, s.Reset
	s.Mine, s.Base, s.Seen = s.Open.N, 0, true
	s.Probed, s.Probe = false, 0
	if s.Pace *= fade; s.Pace < 1e-4 {
		s.Pace = 0
	}
	switch per := s.per(r); {
	case r.Midnight != nil:
		s.Reset = r.end(now)
		if s.Calm--; s.Calm == 0 {
			s.Max = 0
		}
	case per > 0:
		s.Reset += (1 + (now-s.Reset)/per) * per
	default:
		s.Reset = 0
	}
}

func (s *state) waitWindow(r *rule, now int64, need int) int64 {
	if s.Reset == 0 {
		return 0
	}
	end := s.Reset + s.guard(r) - now
	free := s.Left - s.Open.N
	if age := now - s.Told; s.Pace > 0 && s.Told != 0 && age > stale {
		taken := s.Pace * float64(age) / float64(second)
		if taken >= float64(free) && s.Sure {
			return end
		}
		if s.Open.N > 0 && wary*taken >= float64(free) {
			return probeStep
		}
	}
	free -= s.others(r)
	if need <= free {
		return 0
	}
	limit := max(s.max(r), 1)
	rounds := max(need-max(free, 0)-1, 0) / limit
	return max(end, 1) + int64(rounds)*s.per(r)
}

// others is what is left to those who share the allowance: what they may take between an
// answer and the arrival of the next call, at most a hundredth of the allowance or one.
func (s *state) others(r *rule) int {
	if s.Pace == 0 {
		return 0
	}
	x := s.Pace * float64(race) / float64(second)
	return min(int(math.Ceil(x+3*math.Sqrt(x))), max(s.max(r)/100, 1))
}

// tellWindow notes an answer that told the end of its window.
func (s *state) tellWindow(r *rule, now int64, t told, cost int) {
	tolerance := sameWindow
	if per := s.per(r); per > 0 {
		tolerance = min(tolerance, per/4)
	}
	switch {
	case s.Prev != 0 && near(t.reset, s.Prev, tolerance):
		s.Mine -= min(cost, s.Mine) // an answer of the window before, overtaken by its end
		return
	case s.Told == 0:
		s.Left, s.Reset, s.Sure, s.Began, s.Log = t.left, t.reset, true, now, ledger{}
	case !s.Sure || s.Reset == 0:
		s.Left, s.Reset, s.Sure = t.left, t.reset, true
	case near(t.reset, s.Reset, tolerance):
		s.Left, s.Reset = min(s.Left, t.left), max(s.Reset, t.reset)
	case t.reset > s.Reset: // it ends later than was told before
		s.Left, s.Reset = min(s.Left, t.left), t.reset
	case t.left < s.Left: // another window, which is tighter
		s.Left, s.Reset = t.left, t.reset
	}
	s.Told, s.Probed = now, true
	s.Span = max(s.Span, t.reset-now)
	s.strangers(r, now)
}

// strangers finds out who else takes. That is certain only while no call is out.
func (s *state) strangers(r *rule, now int64) {
	if s.Open.N != 0 {
		return
	}
	taken := s.max(r) - s.Left - s.Mine
	if !s.Seen {
		s.Base, s.Seen = taken, true
		return
	}
	if taken -= s.Base; taken > 0 {
		elapsed := max(now-s.Began, second)
		s.Pace = max(s.Pace, float64(taken)*float64(second)/float64(elapsed))
	}
}

// spent notes that the allowance of a day is used up. If its size was unknown and the day
// was seen from its beginning, it is known now, for a week.
func (s *state) spent(r *rule, cost int) {
	s.Hold = s.Reset + s.guard(r)
	if s.max(r) == 0 && s.Prev != 0 {
		s.Max, s.Calm = max(s.Mine-cost, 1), 7
	}
}

// asking reports whether a new window is believed in of which no answer has told.
func (s *state) asking(r *rule) bool { return s.windowed(r) && !s.Probed && s.Prev != 0 }

// early notes that the network still refuses in what should be a new window.
func (s *state) early(r *rule, now int64) {
	if s.asking(r) {
		s.Late = max(s.Late, now-s.Prev+second)
	}
}

func near(a, b, tolerance int64) bool { return max(a-b, b-a) <= tolerance }
