package limits

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// A Kind is how an allowance comes back.
type Kind int

// The kinds.
const (
	Fixed   Kind = iota // at the end of each window
	Sliding             // each call Per after it
	Tokens              // evenly, up to Burst
)

// A Rule is a limit that the server keeps.
type Rule struct {
	Name  string
	Kind  Kind
	Max   int
	Per   time.Duration
	Burst int // of Tokens
	// Cost is what a request takes; nil means 1.
	Cost func(r *http.Request) int
}

// Options set up a [Server].
type Options struct {
	Rules []Rule
	// Tell writes what is left into the headers of an answer; nil tells nothing.
	Tell func(h http.Header, states []State)
	// Offset is how far into its first window the server is when it starts.
	Offset time.Duration
	// Skew is how far the server's clock is ahead.
	Skew time.Duration
	// Dated answers have the header Date.
	Dated bool
	// Silent refusals do not say when to come back.
	Silent bool
}

// A State is what is left of a rule, by the server's clock.
type State struct {
	Rule  Rule
	Left  int
	Reset time.Time // the end of the window, or when the allowance is full again
	Back  time.Time // when the cheapest call fits again
	Now   time.Time
}

// A Server keeps limits. It is an [http.Handler], safe for concurrent use.
type Server struct {
	o     Options
	mu    sync.Mutex
	start time.Time
	rules []*counter
	stats Stats
}

// Stats are what a server has counted.
type Stats struct {
	// Taken and Refused count the answers 200 and 429 that were not the stranger's.
	Taken, Refused int
	// Used is what was taken of the first rule, by everybody.
	Used int
	// PerWindow has the refusals by window of the first rule, from the server's start.
	PerWindow map[int]int
	// UsedIn has what was taken of the first rule, by window.
	UsedIn map[int]int
}

// StrangerHeader marks the calls of somebody who shares the allowance.
const StrangerHeader = "X-Stranger"

// New returns a server.
func New(o Options) *Server {
	s := &Server{o: o, start: time.Now().Add(-o.Offset), stats: Stats{PerWindow: map[int]int{}, UsedIn: map[int]int{}}}
	for _, r := range o.Rules {
		s.rules = append(s.rules, &counter{rule: r, level: float64(r.Burst), filled: s.start})
	}
	return s
}

// Stats returns what was counted so far.
func (s *Server) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stats
}

// Cut changes the number of the rule at i.
func (s *Server) Cut(i, limit int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules[i].rule.Max = limit
}

// ServeHTTP takes the request if every rule allows it.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	ok := true
	for _, c := range s.rules {
		c.settle(now, s.start)
		ok = ok && c.left(now) >= c.cost(r)
	}
	var back time.Time
	states := make([]State, 0, len(s.rules))
	for i, c := range s.rules {
		if ok {
			c.take(now, c.cost(r))
			if i == 0 {
				s.stats.Used += c.cost(r)
				s.stats.UsedIn[c.index(now, s.start)] += c.cost(r)
			}
		} else if c.left(now) < c.cost(r) {
			if b := c.back(now, s.start, c.cost(r)); b.After(back) {
				back = b
			}
		}
		st := c.state(now, s.start)
		st.Reset, st.Back, st.Now = st.Reset.Add(s.o.Skew), st.Back.Add(s.o.Skew), now.Add(s.o.Skew)
		states = append(states, st)
	}
	s.answer(w, r, ok, back.Sub(now), states)
}

func (s *Server) answer(w http.ResponseWriter, r *http.Request, ok bool, back time.Duration, states []State) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	if s.o.Dated {
		h.Set("Date", time.Now().Add(s.o.Skew).UTC().Format(http.TimeFormat))
	}
	if s.o.Tell != nil {
		s.o.Tell(h, states)
	}
	stranger := r.Header.Get(StrangerHeader) != ""
	if !ok {
		if !s.o.Silent {
			h.Set("Retry-After", strconv.Itoa(int(math.Ceil(back.Seconds()))))
		}
		if !stranger {
			s.stats.Refused++
			s.stats.PerWindow[s.rules[0].index(time.Now(), s.start)]++
		}
		w.WriteHeader(http.StatusTooManyRequests)
		fmt.Fprint(w, `{"error":"rate limited"}`)
		return
	}
	if !stranger {
		s.stats.Taken++
	}
	fmt.Fprint(w, `{}`)
}

// counter is a rule with its state.
type counter struct {
	rule   Rule
	window int // Fixed: which
	used   int
	log    []entry // Sliding
	level  float64 // Tokens
	filled time.Time
}

type entry struct {
	at time.Time
	n  int
}

func (c *counter) cost(r *http.Request) int {
	if c.rule.Cost == nil {
		return 1
	}
	return c.rule.Cost(r)
}

// index is which stretch of Per since the server's start now lies in.
func (c *counter) index(now, start time.Time) int { return int(now.Sub(start) / c.rule.Per) }

func (c *counter) settle(now, start time.Time) {
	switch c.rule.Kind {
	case Fixed:
		if i := c.index(now, start); i != c.window {
			c.window, c.used = i, 0
		}
	case Sliding:
		for len(c.log) > 0 && now.Sub(c.log[0].at) >= c.rule.Per {
			c.used -= c.log[0].n
			c.log = c.log[1:]
		}
	case Tokens:
		c.level = min(float64(c.rule.Burst), c.level+c.rate()*now.Sub(c.filled).Seconds())
		c.filled = now
	}
}

func (c *counter) rate() float64 { return float64(c.rule.Max) / c.rule.Per.Seconds() }

func (c *counter) left(time.Time) int {
	if c.rule.Kind == Tokens {
		return int(math.Floor(c.level + 1e-9))
	}
	return max(c.rule.Max-c.used, 0)
}

func (c *counter) take(now time.Time, n int) {
	switch c.rule.Kind {
	case Tokens:
		c.level -= float64(n)
		return
	case Sliding:
		c.log = append(c.log, entry{now, n})
	case Fixed:
	}
	c.used += n
}

// back is when n fit again.
func (c *counter) back(now, start time.Time, n int) time.Time {
	switch c.rule.Kind {
	case Fixed:
		return start.Add(time.Duration(c.window+1) * c.rule.Per)
	case Tokens:
		return now.Add(time.Duration((float64(n) - c.level) / c.rate() * float64(time.Second)))
	case Sliding:
		missing := n - (c.rule.Max - c.used)
		for _, e := range c.log {
			if missing -= e.n; missing <= 0 {
				return e.at.Add(c.rule.Per)
			}
		}
	}
	return now
}

func (c *counter) state(now, start time.Time) State {
	st := State{Rule: c.rule, Left: c.left(now), Back: c.back(now, start, 1)}
	switch c.rule.Kind {
	case Fixed:
		st.Reset = c.back(now, start, 1)
	case Sliding:
		st.Reset = now.Add(c.rule.Per)
	case Tokens:
		st.Reset = now.Add(time.Duration((float64(c.rule.Burst) - c.level) / c.rate() * float64(time.Second)))
	}
	return st
}
