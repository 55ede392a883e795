package limits_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis/internal/apitest/limits"
)

// ask makes one call at once.
func ask(t *testing.T, s *limits.Server) *http.Response {
	t.Helper()
	resp, err := limits.NewWire(s, 0, 0, 1).RoundTrip(httptest.NewRequest(http.MethodGet, "/", nil))
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	return resp
}

// taken is how many calls go before one is refused.
func taken(t *testing.T, s *limits.Server) (n int) {
	t.Helper()
	for ask(t, s).StatusCode == http.StatusOK {
		n++
	}
	return n
}

// TestKinds: how many calls go at once, after half a period, and after a whole one more.
func TestKinds(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		rule               limits.Rule
		first, half, whole int
	}{
		"fixed":   {limits.Rule{Kind: limits.Fixed, Max: 10, Per: time.Minute}, 10, 10, 10}, // the window ends within the half
		"sliding": {limits.Rule{Kind: limits.Sliding, Max: 10, Per: time.Minute}, 10, 0, 10},
		"tokens":  {limits.Rule{Kind: limits.Tokens, Max: 10, Per: time.Minute, Burst: 4}, 4, 4, 4},
		"points": {limits.Rule{
			Kind: limits.Fixed, Max: 10, Per: time.Minute,
			Cost: func(*http.Request) int { return 3 },
		}, 3, 3, 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := limits.New(limits.Options{Rules: []limits.Rule{c.rule}, Offset: 40 * time.Second})
				assert.Equal(t, c.first, taken(t, s))
				<-time.After(30 * time.Second)
				assert.Equal(t, c.half, taken(t, s))
				<-time.After(time.Minute)
				assert.Equal(t, c.whole, taken(t, s))
				assert.Equal(t, 3, s.Stats().Refused)
			})
		})
	}
}

func TestTells(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := limits.New(limits.Options{
			Rules: []limits.Rule{{Name: "a", Max: 2, Per: time.Minute}, {Name: "b", Max: 100, Per: time.Hour}},
			Tell: func(h http.Header, states []limits.State) {
				limits.Policy(h, states)
				limits.Precise(h, states)
			},
			Skew: time.Hour, Dated: true,
		})
		h := ask(t, s).Header
		assert.Equal(t, "a", h.Get("RateLimit-Policy"), "the tightest")
		assert.Equal(t, "1", h.Get("RateLimit-Remaining"))
		assert.Equal(t, "60.000", h.Get("X-RateLimit-Reset-After"))
		date, err := http.ParseTime(h.Get("Date"))
		require.NoError(t, err)
		assert.Equal(t, time.Hour, time.Until(date).Round(time.Second))
		ask(t, s)
		resp := ask(t, s)
		assert.Equal(t, http.StatusTooManyRequests, resp.StatusCode)
		assert.Equal(t, "60", resp.Header.Get("Retry-After"))
		s.Cut(0, 5)
		assert.Equal(t, 3, taken(t, s))
	})
}

func TestStrangerIsCountedApart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := limits.New(limits.Options{Rules: []limits.Rule{{Max: 100, Per: time.Hour}}})
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		limits.Stranger(ctx, s, 1, 1)
		st := s.Stats()
		assert.Positive(t, st.Used)
		assert.Zero(t, st.Taken+st.Refused)
	})
}
