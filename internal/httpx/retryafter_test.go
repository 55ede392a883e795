package httpx_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/httpx"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func headers(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i+1 < len(pairs); i += 2 {
		h.Set(pairs[i], pairs[i+1])
	}
	return h
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	const s = time.Second
	for _, c := range []struct {
		name   string
		header http.Header
		body   string
		want   time.Duration
	}{
		{"nothing", nil, "", 0},
		{"seconds", headers("Retry-After", "120"), "", 120 * s},
		{"seconds, spaces", headers("Retry-After", " 5 "), "", 5 * s},
		{"seconds, fraction", headers("Retry-After", "0.25"), "", s / 4},
		{"HTTP date", headers("Retry-After", "Sat, 21 Nov 2026 12:01:00 GMT"), "", 60 * s},
		{"HTTP date, RFC 850", headers("Retry-After", "Saturday, 21-Nov-26 12:01:00 GMT"), "", 60 * s},
		{"epoch seconds", headers("Retry-After", "1795262460"), "", 60 * s},
		{"epoch milliseconds", headers("Retry-After", "1795262460500"), "", 60*s + s/2},
		{"ISO 8601", headers("Retry-After", "2026-11-21T12:00:30Z"), "", 30 * s},
		{"ISO 8601, microseconds", headers("Retry-After", "2026-11-21T12:00:30.123456Z"), "", 30*s + 123456*time.Microsecond},
		{"ISO 8601, offset", headers("Retry-After", "2026-11-21T13:00:30+01:00"), "", 30 * s},
		{"ISO 8601, no zone", headers("Retry-After", "2026-11-21T12:00:30"), "", 30 * s},
		{"ISO 8601, blank", headers("Retry-After", "2026-11-21 12:00:30 UTC"), "", 30 * s},

		{"X-RateLimit-Reset ISO", headers("X-RateLimit-Reset", "2026-11-21T12:05:00.000000Z"), "", 300 * s},
		{"X-RateLimit-Reset epoch", headers("X-RateLimit-Reset", "1795262700"), "", 300 * s},
		{"X-RateLimit-Reset epoch, fraction", headers("X-RateLimit-Reset", "1795262400.500"), "", s / 2},
		{"X-RateLimit-Reset seconds left", headers("X-Ratelimit-Reset", "283"), "", 283 * s},
		{"RateLimit-Reset epoch", headers("RateLimit-Reset", "1795262700"), "", 300 * s},
		{"RateLimit-Reset seconds left", headers("Ratelimit-Reset", "17"), "", 17 * s},
		{"x-rate-limit-reset", headers("x-rate-limit-reset", "1795263300"), "", 900 * s},
		{"X-RateLimit-Reset-After", headers("X-RateLimit-Reset-After", "1.5", "X-RateLimit-Reset", "1795263300"), "", 3 * s / 2},

		{"body retry_after", nil, `{"message":"limited","retry_after":64.5,"global":false}`, 64*s + s/2},
		{"body retry_after, text", nil, `{"retry_after":"3"}`, 3 * s},
		{"body retry_after_ms", nil, `{"errcode":"M_LIMIT_EXCEEDED","retry_after_ms":2500}`, 5 * s / 2},
		{"body parameters", nil, `{"ok":false,"parameters":{"retry_after":35}}`, 35 * s},
		{"body backoff", nil, `{"items":[],"backoff":10}`, 10 * s},
		{"body extras", nil, ` {"errors":["slow"],"extras":{"wait_seconds":12,"time_left":"12 s"}}`, 12 * s},
		{"body is not an object", nil, `[1]`, 0},
		{"body is cut", nil, `{"retry_after":5`, 0},
		{"body of other types", nil, `{"retry_after":{"a":1},"parameters":[1],"extras":"x","backoff":null}`, 0},

		{"header before body", headers("Retry-After", "1"), `{"retry_after":9}`, s},
		{"body before reset", headers("X-RateLimit-Reset", "300"), `{"retry_after":9}`, 9 * s},
		{"unreadable header, then body", headers("Retry-After", "soon"), `{"retry_after":9}`, 9 * s},

		{"negative", headers("Retry-After", "-5"), "", 0},
		{"zero", headers("Retry-After", "0"), "", 0},
		{"past date", headers("Retry-After", "Sat, 21 Nov 2026 11:00:00 GMT"), "", 0},
		{"past epoch", headers("X-RateLimit-Reset", "1695262700"), "", 0},
		{"30 days", headers("Retry-After", "2592000"), "", 30 * 24 * time.Hour},
		{"more than 30 days", headers("Retry-After", "2592001"), "", 0},
		{"far date", headers("Retry-After", "2099-01-01T00:00:00Z"), "", 0},
		{"far epoch", headers("Retry-After", "4102444800"), "", 0},
		{"no number", headers("Retry-After", "NaN"), "", 0},
		{"infinite", headers("Retry-After", "Inf"), "", 0},
		{"overflow", headers("Retry-After", "1e300"), "", 0},
		{"between spans and moments", headers("Retry-After", "500000000"), "", 0},
		{"gibberish", headers("Retry-After", "a while"), "", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			assert.InDelta(t, c.want, httpx.RetryAfter(c.header, []byte(c.body), noon), float64(time.Microsecond))
		})
	}
}

// FuzzRetryAfter: whatever servers send, the wait is between 0 and 30 days.
func FuzzRetryAfter(f *testing.F) {
	for _, s := range []string{
		"120", "1.5", "-1", "1795262460", "1795262460500", "2026-11-21T12:00:30.123456Z",
		"Sat, 21 Nov 2026 12:01:00 GMT", "1e400", "0x1p60", "NaN", "",
	} {
		f.Add(s, `{"retry_after":`+s+`}`)
	}
	f.Add("", `{"parameters":{"retry_after":3},"extras":{"wait_seconds":4},"retry_after_ms":5}`)
	f.Fuzz(func(t *testing.T, header, body string) {
		for _, name := range []string{"Retry-After", "X-Ratelimit-Reset", "X-Ratelimit-Reset-After", "Ratelimit-Reset"} {
			h := http.Header{name: {header}, "X-Ratelimit-Remaining": {header}, "X-Ratelimit-Limit": {header}}
			d := httpx.RetryAfter(h, []byte(body), noon)
			if d < 0 || d > 30*24*time.Hour {
				t.Fatalf("%v for %q %q", d, header, body)
			}
			for _, l := range httpx.DefaultLimits(h) {
				if l.Max < 0 || l.Remaining < 0 || !l.Reset.IsZero() && time.Until(l.Reset) > 31*24*time.Hour {
					t.Fatalf("%+v for %q", l, header)
				}
			}
		}
	})
}

func TestDefaultLimits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		in := func(d time.Duration) time.Time { return now.Add(d) }
		for name, c := range map[string]struct {
			header http.Header
			want   []parvis.Limit
		}{
			"none":     {headers("Content-Type", "text/plain"), nil},
			"no count": {headers("X-RateLimit-Limit", "300"), nil},
			"Mastodon": {
				headers("X-RateLimit-Limit", "300", "X-RateLimit-Remaining", "299",
					"X-RateLimit-Reset", in(5*time.Minute).UTC().Format("2006-01-02T15:04:05.000000Z")),
				[]parvis.Limit{{Max: 300, Remaining: 299, Reset: in(5 * time.Minute)}},
			},
			"atproto": {
				headers("RateLimit-Limit", "3000", "RateLimit-Remaining", "0", "RateLimit-Policy", "3000;w=300", "RateLimit-Reset", "120"),
				[]parvis.Limit{{Max: 3000, Remaining: 0, Reset: in(2 * time.Minute)}},
			},
			"X": {
				headers("x-rate-limit-limit", "15", "x-rate-limit-remaining", "3", "x-rate-limit-reset", "60"),
				[]parvis.Limit{{Max: 15, Remaining: 3, Reset: in(time.Minute)}},
			},
			"Discord": {
				headers("X-RateLimit-Limit", "5", "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "1",
					"X-RateLimit-Reset-After", "1.5", "X-RateLimit-Bucket", "abcd"),
				[]parvis.Limit{{Name: "abcd", Max: 5, Remaining: 0, Reset: in(1500 * time.Millisecond)}},
			},
			"Reddit": {
				headers("X-Ratelimit-Used", "5", "X-Ratelimit-Remaining", "595.0", "X-Ratelimit-Reset", "283"),
				[]parvis.Limit{{Remaining: 595, Reset: in(283 * time.Second)}},
			},
			"list":      {headers("RateLimit-Limit", "10, 10;w=1", "RateLimit-Remaining", "9"), []parvis.Limit{{Max: 10, Remaining: 9}}},
			"gibberish": {headers("X-RateLimit-Limit", "many", "X-RateLimit-Remaining", "few"), nil},
			"negative":  {headers("X-RateLimit-Remaining", "-1"), nil},
		} {
			got := httpx.DefaultLimits(c.header)
			if assert.Len(t, got, len(c.want), name) && len(got) > 0 {
				assert.WithinDuration(t, c.want[0].Reset, got[0].Reset, time.Microsecond, name)
				got[0].Reset = c.want[0].Reset
				assert.Equal(t, c.want, got, name)
			}
		}
	})
}
