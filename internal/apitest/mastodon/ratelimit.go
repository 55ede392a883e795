package mastodontest

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// limiter counts requests in windows that begin at whole multiples of their length, as
// Mastodon's do. The server's lock guards it.
type limiter struct{ counts map[string]int }

// rule is one rate limit as it applies to one request.
type rule struct {
	name, whom string
	limit      int
	period     time.Duration
}

// What is limited, by https://docs.joinmastodon.org/api/rate-limits/ and, where that page
// is silent, by https://github.com/mastodon/mastodon/blob/main/config/initializers/rack_attack.rb.
const (
	perToken, perUser, perAddress = 300, 1500, 300
	perMedia, perDelete           = 30, 30
	perPages                      = 300
	shortWindow                   = 5 * time.Minute
	pageWindow                    = 15 * time.Minute
	longWindow                    = 30 * time.Minute
)

var (
	mediaPath    = regexp.MustCompile(`^/api/v\d+/media$`)
	unreblogPath = regexp.MustCompile(`^/api/v1/statuses/\d+/unreblog$`)
	statusPath   = regexp.MustCompile(`^/api/v1/statuses/\d+$`)
)

// rulesFor are those that apply to a request; several can overlap.
func (s *Server) rulesFor(r *http.Request) []rule {
	t := s.db.tokens[bearer(r)]
	if s.o.Flavour == GoToSocial || t == nil || t.account == nil {
		return []rule{{"address", "", perAddress, shortWindow}}
	}
	user := s.text(t.account.id)
	out := []rule{{"token", t.text, perToken, shortWindow}, {"user", user, perUser, shortWindow}}
	q, path := r.URL.Query(), r.URL.Path
	if q.Has("max_id") || q.Has("min_id") || q.Has("since_id") {
		out = append(out, rule{"pages", user, perPages, pageWindow})
	}
	if r.Method == http.MethodPost && mediaPath.MatchString(path) {
		out = append(out, rule{"media", user, perMedia, longWindow})
	}
	if r.Method == http.MethodPost && unreblogPath.MatchString(path) || r.Method == http.MethodDelete && statusPath.MatchString(path) {
		out = append(out, rule{"delete", user, perDelete, longWindow})
	}
	return out
}

// limited counts a request, refuses it if a limit is over, and says how much is left of
// the tightest.
func (s *Server) limited(rt route, next http.HandlerFunc) http.Handler {
	_, path, _ := strings.Cut(rt.at, " ")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.o.RateLimits || !strings.HasPrefix(path, "/api") {
			next(w, r)
			return
		}
		if s.count(w.Header(), r) {
			next(w, r)
			return
		}
		text := textTooMany
		if s.o.Flavour == GoToSocial {
			text = "rate limit reached"
		}
		write(w, http.StatusTooManyRequests, obj{"error": text})
	})
}

// count adds one to everything that applies and sets the headers; false if one is over.
func (s *Server) count(h http.Header, r *http.Request) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	ok, tightest := true, 0
	for i, ru := range s.rulesFor(r) {
		left := ru.limit - s.limiter.add(ru, s.now(), 1)
		if left < 0 {
			ok = false
		}
		if i == 0 || left < tightest {
			tightest = left
			ru.tell(h, left, s.now())
		}
	}
	return ok
}

// add counts n more in the current window and returns how many there are.
func (l *limiter) add(r rule, now time.Time, n int) int {
	if l.counts == nil {
		l.counts = map[string]int{}
	}
	key := r.name + " " + r.whom + " " + itoa(int(now.Unix()/int64(r.period.Seconds())))
	l.counts[key] += n
	return l.counts[key]
}

// tell sets the headers. The end of the window is ISO 8601 with microseconds.
func (r rule) tell(h http.Header, left int, now time.Time) {
	period := int64(r.period.Seconds())
	reset := now.Add(time.Duration(period-now.Unix()%period) * time.Second)
	h.Set("X-RateLimit-Limit", itoa(r.limit))
	h.Set("X-RateLimit-Remaining", itoa(max(left, 0)))
	h.Set("X-RateLimit-Reset", reset.UTC().Format("2006-01-02T15:04:05.000000Z"))
}

// family counts what an account makes of one kind, and refuses what is too much. The
// headers then speak of the family if that is tighter.
// See https://github.com/mastodon/mastodon/blob/main/app/lib/rate_limiter.rb.
func (l *limiter) family(c *call, name string) error {
	if !c.s.o.RateLimits || c.s.o.Flavour != Mastodon {
		return nil
	}
	r := map[string]rule{"statuses": {"statuses", "", 300, 3 * time.Hour}, "reports": {"reports", "", 400, 24 * time.Hour}}[name]
	r.whom = c.s.text(c.me.id)
	if l.add(r, c.s.now(), 0) >= r.limit {
		r.tell(c.header, 0, c.s.now())
		return refuse(http.StatusTooManyRequests, textTooMany)
	}
	left := r.limit - l.add(r, c.s.now(), 1)
	others, err := strconv.Atoi(c.header.Get("X-RateLimit-Remaining"))
	if name == "statuses" && err == nil && left < others {
		r.tell(c.header, left, c.s.now())
	}
	return nil
}
