package ratelimit

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/parvis-go/parvis"
)

// MaxSpan is the longest wait that is believed.
const MaxSpan = 30 * 24 * time.Hour

// First returns the first value of a header whose name is given in canonical form.
func First(h http.Header, canonical string) string {
	if v := h[canonical]; len(v) > 0 {
		return v[0]
	}
	return ""
}

// layouts are the ways of ISO 8601 that servers write; fractions are read with each.
var layouts = [...]string{
	time.RFC3339, "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05",
	"2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05 MST", "2006-01-02 15:04:05",
}

// Span returns how far off the moment or span s is: seconds, also with a fraction, an HTTP
// date, seconds or milliseconds since 1970, or ISO 8601. It is 0 for what cannot be read,
// is past, or is more than [MaxSpan] off.
func Span(s string, now time.Time) time.Duration {
	s = strings.TrimSpace(s)
	if s == "" || len(s) > 64 {
		return 0
	}
	if v, err := strconv.ParseFloat(s, 64); err == nil {
		return numberSpan(v, now)
	}
	if s[0] > '9' { // an HTTP date begins with the day of the week
		if t, err := http.ParseTime(s); err == nil {
			return believable(t.Sub(now))
		}
		return 0
	}
	for _, layout := range layouts {
		if t, err := time.Parse(layout, s); err == nil {
			return believable(t.Sub(now))
		}
	}
	return 0
}

// numberSpan tells by its size whether v is seconds left, seconds since 1970 or
// milliseconds since 1970.
func numberSpan(v float64, now time.Time) time.Duration {
	switch {
	case math.IsNaN(v) || v <= 0 || v > 1e13:
		return 0
	case v >= 1e11:
		return believable(time.UnixMilli(int64(v)).Sub(now))
	case v >= 1e9:
		whole, fraction := math.Modf(v)
		return believable(time.Unix(int64(whole), int64(fraction*1e9)).Sub(now))
	}
	return Seconds(v)
}

// Seconds is v seconds, or 0 if that is not believable.
func Seconds(v float64) time.Duration {
	if math.IsNaN(v) || v <= 0 || v > MaxSpan.Seconds() {
		return 0
	}
	return time.Duration(v * float64(time.Second))
}

func believable(d time.Duration) time.Duration {
	if d <= 0 || d > MaxSpan {
		return 0
	}
	return d
}

// dialect is one family of rate headers, with names in canonical form.
type dialect struct{ limit, remaining, reset, after string }

var dialects = [...]dialect{
	{"X-Ratelimit-Limit", "X-Ratelimit-Remaining", "X-Ratelimit-Reset", "X-Ratelimit-Reset-After"},
	{"Ratelimit-Limit", "Ratelimit-Remaining", "Ratelimit-Reset", ""},
	{"X-Rate-Limit-Limit", "X-Rate-Limit-Remaining", "X-Rate-Limit-Reset", ""},
}

// DefaultLimits reads the rate headers X-RateLimit-*, RateLimit-* and X-Rate-Limit-*,
// of which the first family that is there counts, with any of the units that
// [Span] knows. Discord's X-RateLimit-Bucket becomes the limit's name.
func DefaultLimits(h http.Header) []parvis.Limit {
	for _, d := range dialects {
		remaining := First(h, d.remaining)
		if remaining == "" {
			continue
		}
		n, ok := Count(remaining)
		if !ok {
			continue
		}
		l := parvis.Limit{Name: First(h, "X-Ratelimit-Bucket"), Remaining: n}
		l.Max, _ = Count(First(h, d.limit))
		l.Reset = resetTime(h, d)
		return []parvis.Limit{l}
	}
	return nil
}

func resetTime(h http.Header, d dialect) time.Time {
	now := time.Now()
	clock := Clock(h, now)
	if d.after != "" {
		if s := Span(First(h, d.after), now); s > 0 {
			return now.Add(s)
		}
	}
	if s := Span(First(h, d.reset), clock); s > 0 {
		return now.Add(s)
	}
	return time.Time{}
}

// Count reads a number of calls: "300", "299.0", "100, 100;w=60".
func Count(s string) (int, bool) {
	s, _, _ = strings.Cut(s, ",")
	s, _, _ = strings.Cut(s, ";")
	v, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	if err != nil || math.IsNaN(v) || v < 0 || v > math.MaxInt32 {
		return 0, false
	}
	return int(v), true
}

// Clock is what the server's clock showed when it answered, by the header Date; now if
// there is none. Against it a reset that is a moment is right, whatever clock is wrong.
// Since Date is rounded down to seconds, the wait is up to a second longer than need be.
//
// https://www.rfc-editor.org/rfc/rfc9110#field.date
func Clock(h http.Header, now time.Time) time.Time {
	date := First(h, "Date")
	if date == "" {
		return now
	}
	if t, err := http.ParseTime(date); err == nil {
		return t
	}
	return now
}
