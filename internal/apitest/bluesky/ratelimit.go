package blueskytest

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// limiter counts in windows that begin with their first call, as the PDS's do.
type limiter map[string]*window

type window struct {
	spent int
	ends  time.Time
}

// rule is one rate limit as it applies to one call.
type rule struct {
	key    string
	points int
	period time.Duration
	cost   int
}

// rules are those that apply to a call.
//
// https://docs.bsky.app/docs/advanced-guides/rate-limits
func (s *Server) rules(c *call) []rule {
	out := []rule{{"ip", 3000, 5 * time.Minute, 1}}
	if c.m.nsid == "com.atproto.server.createSession" {
		who := strings.ToLower(c.str("identifier"))
		return append(out, rule{"login 5m " + who, 30, 5 * time.Minute, 1}, rule{"login 24h " + who, 300, 24 * time.Hour, 1})
	}
	if cost := writeCost(c); cost > 0 {
		out = append(out, rule{"writes 1h " + c.me.did, 5000, time.Hour, cost}, rule{"writes 24h " + c.me.did, 35000, 24 * time.Hour, cost})
	}
	return out
}

func writeCost(c *call) int {
	switch strings.TrimPrefix(c.m.nsid, "com.atproto.repo.") {
	case "createRecord":
		return createPoints
	case "putRecord":
		return updatePoints
	case "deleteRecord":
		return deletePoints
	case "applyWrites":
		sum := 0
		writes, _ := c.in["writes"].([]any)
		for _, w := range writes {
			o, _ := w.(obj)
			sum += map[string]int{"create": createPoints, "update": updatePoints, "delete": deletePoints}[kindOf(o)[strings.LastIndex(kindOf(o), "#")+1:]]
		}
		return sum
	}
	return 0
}

// count charges a call, says what is left of the limit that is nearest to its end, and
// refuses the call if one is over.
func (s *Server) count(c *call) error {
	if !s.o.RateLimits {
		return nil
	}
	if s.limits == nil {
		s.limits = limiter{}
	}
	var tightest rule
	left := 0
	for _, r := range s.rules(c) {
		w := s.limits[r.key]
		if w == nil || !s.now().Before(w.ends) {
			w = &window{ends: s.now().Add(r.period)}
			s.limits[r.key] = w
		}
		w.spent += r.cost
		if n := r.points - w.spent; tightest.key == "" || n < left {
			tightest, left = r, n
		}
	}
	wait := s.limits[tightest.key].ends.Sub(s.now())
	c.h.Set("RateLimit-Limit", strconv.Itoa(tightest.points))
	c.h.Set("RateLimit-Remaining", strconv.Itoa(max(left, 0)))
	c.h.Set("RateLimit-Reset", strconv.FormatInt(s.now().Add(wait).Unix(), 10))
	c.h.Set("RateLimit-Policy", strconv.Itoa(tightest.points)+";w="+strconv.Itoa(int(tightest.period.Seconds())))
	if left >= 0 {
		return nil
	}
	c.h.Set("Retry-After", strconv.Itoa(int((wait+time.Second-1)/time.Second)))
	return refuse(http.StatusTooManyRequests, "RateLimitExceeded", "Rate Limit Exceeded")
}
