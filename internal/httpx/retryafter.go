package httpx

import (
	"bytes"
	"encoding/json"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/parvis-go/parvis"
)

// maxRetryAfter is the longest wait that is believed.
const maxRetryAfter = 30 * 24 * time.Hour

// RetryAfter returns how long an answer asks to wait, in every dialect that networks
// use, or 0 where it does not say, or says something absurd: negative, past, or more
// than 30 days. The first that can be read counts, in this order:
//
//   - the header Retry-After (https://www.rfc-editor.org/rfc/rfc9110#field.retry-after):
//     seconds, also with a fraction, an HTTP date, seconds or milliseconds since 1970, or ISO 8601;
//   - the header X-RateLimit-Reset-After, in seconds;
//   - the JSON fields retry_after (seconds), retry_after_ms, parameters.retry_after,
//     backoff and extras.wait_seconds of body;
//   - the headers X-RateLimit-Reset, RateLimit-Reset and X-Rate-Limit-Reset, in any of these units.
func RetryAfter(h http.Header, body []byte, now time.Time) time.Duration {
	for _, name := range [...]string{"Retry-After", "X-Ratelimit-Reset-After"} {
		if d := span(first(h, name), now); d > 0 {
			return d
		}
	}
	if d := bodyWait(body, now); d > 0 {
		return d
	}
	for _, p := range dialects {
		if d := span(first(h, p.reset), now); d > 0 {
			return d
		}
	}
	return 0
}

// first returns the first value of a header whose name is given in canonical form.
func first(h http.Header, canonical string) string {
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

// span returns how far off the moment or span s is.
func span(s string, now time.Time) time.Duration {
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
	return seconds(v)
}

func seconds(v float64) time.Duration {
	if math.IsNaN(v) || v <= 0 || v > maxRetryAfter.Seconds() {
		return 0
	}
	return time.Duration(v * float64(time.Second))
}

func believable(d time.Duration) time.Duration {
	if d <= 0 || d > maxRetryAfter {
		return 0
	}
	return d
}

// bodyWait reads the wait that a JSON object asks for.
func bodyWait(body []byte, now time.Time) time.Duration {
	body = bytes.TrimLeft(body, " \t\r\n")
	if len(body) == 0 || body[0] != '{' || len(body) > 64<<10 {
		return 0
	}
	var b struct {
		RetryAfter   json.RawMessage `json:"retry_after"`
		RetryAfterMS json.RawMessage `json:"retry_after_ms"`
		Backoff      json.RawMessage `json:"backoff"`
		Parameters   json.RawMessage `json:"parameters"`
		Extras       json.RawMessage `json:"extras"`
	}
	if json.Unmarshal(body, &b) != nil {
		return 0
	}
	var inner struct {
		RetryAfter  json.RawMessage `json:"retry_after"`
		WaitSeconds json.RawMessage `json:"wait_seconds"`
	}
	_ = json.Unmarshal(b.Parameters, &inner)
	_ = json.Unmarshal(b.Extras, &inner)
	for _, raw := range [...]json.RawMessage{b.RetryAfter, inner.RetryAfter, b.Backoff, inner.WaitSeconds} {
		if d := span(unquote(raw), now); d > 0 {
			return d
		}
	}
	ms, _ := strconv.ParseFloat(unquote(b.RetryAfterMS), 64)
	return seconds(ms / 1000)
}

func unquote(raw json.RawMessage) string {
	var s string
	if len(raw) > 0 && raw[0] == '"' && json.Unmarshal(raw, &s) == nil {
		return s
	}
	return string(raw)
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
// [RetryAfter] knows. Discord's X-RateLimit-Bucket becomes the limit's name.
func DefaultLimits(h http.Header) []parvis.Limit {
	for _, d := range dialects {
		remaining := first(h, d.remaining)
		if remaining == "" {
			continue
		}
		n, ok := count(remaining)
		if !ok {
			continue
		}
		l := parvis.Limit{Name: first(h, "X-Ratelimit-Bucket"), Remaining: n}
		l.Max, _ = count(first(h, d.limit))
		l.Reset = resetTime(h, d)
		return []parvis.Limit{l}
	}
	return nil
}

func resetTime(h http.Header, d dialect) time.Time {
	now := time.Now()
	if d.after != "" {
		if s := span(first(h, d.after), now); s > 0 {
			return now.Add(s)
		}
	}
	if s := span(first(h, d.reset), now); s > 0 {
		return now.Add(s)
	}
	return time.Time{}
}

// count reads a number of calls: "300", "299.0", "100, 100;w=60".
func count(s string) (int, bool) {
	s, _, _ = strings.Cut(s, ",")
	s, _, _ = strings.Cut(s, ";")
	v, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	if err != nil || math.IsNaN(v) || v < 0 || v > math.MaxInt32 {
		return 0, false
	}
	return int(v), true
}
