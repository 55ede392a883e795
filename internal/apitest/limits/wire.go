package limits

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"
)

// Policy tells of the tightest rule as the AT Protocol's servers do: RateLimit-*, with
// the end of the window in whole seconds since 1970, and the policy.
func Policy(h http.Header, states []State) {
	st := states[0]
	for _, other := range states[1:] {
		if other.Left*st.Rule.Max < st.Left*other.Rule.Max {
			st = other
		}
	}
	h.Set("RateLimit-Limit", fmt.Sprint(st.Rule.Max))
	h.Set("RateLimit-Remaining", fmt.Sprint(st.Left))
	h.Set("RateLimit-Reset", fmt.Sprint(st.Reset.Unix()))
	h.Set("RateLimit-Policy", st.Rule.Name)
}

// Fields tells of all rules, in the structured fields of the IETF's draft, with seconds left.
func Fields(h http.Header, states []State) {
	for _, st := range states {
		h.Add("RateLimit-Policy", fmt.Sprintf("%q;q=%d;w=%d", st.Rule.Name, st.Rule.Max, int(st.Rule.Per.Seconds())))
		h.Add("RateLimit", fmt.Sprintf("%q;r=%d;t=%d", st.Rule.Name, st.Left, int(st.Reset.Sub(st.Now).Seconds())+1))
	}
}

// Wire is an [http.RoundTripper] to a handler. Each way takes between Min and Max.
type Wire struct {
	Handler  http.Handler
	Min, Max time.Duration
	mu       sync.Mutex
	random   *rand.Rand
}

// NewWire returns a wire whose delays are those of seed.
func NewWire(h http.Handler, shortest, longest time.Duration, seed uint64) *Wire {
	return &Wire{Handler: h, Min: shortest, Max: longest, random: rand.New(rand.NewPCG(seed, seed))}
}

// RoundTrip implements [http.RoundTripper].
func (w *Wire) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		defer r.Body.Close()
	}
	if err := w.delay(r.Context()); err != nil {
		return nil, err
	}
	rec := httptest.NewRecorder()
	w.Handler.ServeHTTP(rec, r)
	if err := w.delay(r.Context()); err != nil {
		return nil, err
	}
	resp := rec.Result()
	resp.Request = r
	return resp, nil
}

func (w *Wire) delay(ctx context.Context) error {
	w.mu.Lock()
	d := w.Min + time.Duration(w.random.Int64N(int64(w.Max-w.Min)+1))
	w.mu.Unlock()
	return pause(ctx, d)
}

// pause waits for d, or until ctx ends.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Stranger calls s by itself until ctx ends, at random moments, so many times a second on average.
func Stranger(ctx context.Context, s *Server, pace float64, seed uint64) {
	random := rand.New(rand.NewPCG(seed, 7))
	for {
		if pause(ctx, time.Duration(random.ExpFloat64()/pace*float64(time.Second))) != nil {
			return
		}
		r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/", nil)
		r.Header.Set(StrangerHeader, "1")
		s.ServeHTTP(httptest.NewRecorder(), r)
	}
}

// Precise tells of the first rule with the time to its end in seconds with a fraction:
// X-RateLimit-* and X-RateLimit-Reset-After, and the rule's name in X-RateLimit-Bucket.
func Precise(h http.Header, states []State) {
	st := states[0]
	h.Set("X-RateLimit-Limit", fmt.Sprint(st.Rule.Max))
	h.Set("X-RateLimit-Remaining", fmt.Sprint(st.Left))
	h.Set("X-RateLimit-Reset-After", fmt.Sprintf("%.3f", st.Reset.Sub(st.Now).Seconds()))
	h.Set("X-RateLimit-Bucket", st.Rule.Name)
}
