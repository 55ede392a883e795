package httpx

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/ratelimit"
)

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
//
// A moment is counted from the answer's header Date, where there is one, since the two
// clocks may differ.
func RetryAfter(h http.Header, body []byte, now time.Time) time.Duration {
	now = ratelimit.Clock(h, now)
	for _, name := range [...]string{"Retry-After", "X-Ratelimit-Reset-After"} {
		if d := span(first(h, name), now); d > 0 {
			return d
		}
	}
	if d := bodyWait(body, now); d > 0 {
		return d
	}
	for _, name := range [...]string{"X-Ratelimit-Reset", "Ratelimit-Reset", "X-Rate-Limit-Reset"} {
		if d := span(first(h, name), now); d > 0 {
			return d
		}
	}
	return 0
}

// first returns the first value of a header whose name is given in canonical form.
func first(h http.Header, canonical string) string { return ratelimit.First(h, canonical) }

// span returns how far off the moment or span s is.
func span(s string, now time.Time) time.Duration { return ratelimit.Span(s, now) }

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
	return ratelimit.Seconds(ms / 1000)
}

func unquote(raw json.RawMessage) string {
	var s string
	if len(raw) > 0 && raw[0] == '"' && json.Unmarshal(raw, &s) == nil {
		return s
	}
	return string(raw)
}

// DefaultLimits reads the rate headers X-RateLimit-*, RateLimit-* and X-Rate-Limit-*; see
// [ratelimit.DefaultLimits].
func DefaultLimits(h http.Header) []parvis.Limit { return ratelimit.DefaultLimits(h) }
