package ratelimit

import (
	"encoding/json"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/parvis-go/parvis"
	engine "github.com/parvis-go/parvis/internal/ratelimit"
)

// maxLimits bounds how many limits one answer is believed to tell of.
const maxLimits = 64

// triple is the usual three headers of a limit, with names in canonical form.
type triple struct{ limit, remaining, reset string }

// read returns the limit that the headers tell. A reset that is a moment is counted from
// the server's own clock.
func (t triple) read(h http.Header, name string) (parvis.Limit, bool) {
	left, ok := engine.Count(engine.First(h, t.remaining))
	if !ok {
		return parvis.Limit{}, false
	}
	l := parvis.Limit{Name: name, Remaining: left, Reset: when(h, engine.First(h, t.reset))}
	l.Max, _ = engine.Count(engine.First(h, t.limit))
	return l, true
}

// when returns the moment s, or zero.
func when(h http.Header, s string) time.Time {
	now := time.Now()
	if d := engine.Span(s, engine.Clock(h, now)); d > 0 {
		return now.Add(d)
	}
	return time.Time{}
}

// left returns the moment s seconds from now, or zero.
func left(s string) time.Time {
	v, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	if d := engine.Seconds(v); err == nil && d > 0 {
		return time.Now().Add(d)
	}
	return time.Time{}
}

func (t triple) list(h http.Header, name string) []parvis.Limit {
	if l, ok := t.read(h, name); ok {
		return []parvis.Limit{l}
	}
	return nil
}

var (
	plain   = triple{"Ratelimit-Limit", "Ratelimit-Remaining", "Ratelimit-Reset"}
	prefix  = triple{"X-Ratelimit-Limit", "X-Ratelimit-Remaining", "X-Ratelimit-Reset"}
	twitter = triple{"X-Rate-Limit-Limit", "X-Rate-Limit-Remaining", "X-Rate-Limit-Reset"}
	appDay  = triple{"X-App-Limit-24hour-Limit", "X-App-Limit-24hour-Remaining", "X-App-Limit-24hour-Reset"}
	userDay = triple{"X-User-Limit-24hour-Limit", "X-User-Limit-24hour-Remaining", "X-User-Limit-24hour-Reset"}
)

// AtprotoHeaders reads RateLimit-Limit, -Remaining, -Reset (seconds since 1970) and -Policy,
// which names the limit: "3000;w=300".
//
// https://docs.bsky.app/docs/advanced-guides/rate-limits
func AtprotoHeaders(h http.Header) []parvis.Limit {
	return plain.list(h, strings.TrimSpace(cut(engine.First(h, "Ratelimit-Policy"))))
}

// MastodonHeaders reads X-RateLimit-Limit, -Remaining and -Reset (ISO 8601), which tell of
// the tightest of several limits without saying which.
//
// https://docs.joinmastodon.org/api/rate-limits/
func MastodonHeaders(h http.Header) []parvis.Limit { return prefix.list(h, "") }

// XHeaders reads x-rate-limit-* (seconds since 1970), and the limits of a day, which it
// names "app 24 h" and "user 24 h".
//
// https://docs.x.com/x-api/fundamentals/rate-limits
func XHeaders(h http.Header) []parvis.Limit {
	out := twitter.list(h, "")
	out = append(out, appDay.list(h, "app 24 h")...)
	return append(out, userDay.list(h, "user 24 h")...)
}

// GitHubHeaders reads X-RateLimit-* (seconds since 1970); X-RateLimit-Resource names the limit.
//
// https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
func GitHubHeaders(h http.Header) []parvis.Limit {
	return prefix.list(h, cut(engine.First(h, "X-Ratelimit-Resource")))
}

// DiscordHeaders reads X-RateLimit-Limit, -Remaining, -Reset-After (seconds with a
// fraction, else -Reset, since 1970) and -Bucket, which names the limit. A refusal by the
// limit of all calls (X-RateLimit-Global) is named "global".
//
// https://discord.com/developers/docs/topics/rate-limits
func DiscordHeaders(h http.Header) []parvis.Limit {
	if engine.First(h, "X-Ratelimit-Global") == "true" || engine.First(h, "X-Ratelimit-Scope") == "global" {
		return []parvis.Limit{{Name: "global", Exceeded: true, Reset: left(engine.First(h, "Retry-After"))}}
	}
	out := prefix.list(h, cut(engine.First(h, "X-Ratelimit-Bucket")))
	if at := left(engine.First(h, "X-Ratelimit-Reset-After")); len(out) > 0 && !at.IsZero() {
		out[0].Reset = at
	}
	return out
}

// RedditHeaders reads X-Ratelimit-Used, -Remaining (with a fraction) and -Reset (seconds
// left). Max is the sum of both numbers, if both are told.
//
// https://support.reddithelp.com/hc/en-us/articles/16160319875092-Reddit-Data-API-Wiki
func RedditHeaders(h http.Header) []parvis.Limit {
	l, ok := prefix.read(h, "")
	if !ok {
		return nil
	}
	l.Max = 0
	if used, ok := engine.Count(engine.First(h, "X-Ratelimit-Used")); ok {
		l.Max = used + l.Remaining
	}
	l.Reset = left(engine.First(h, prefix.reset))
	return []parvis.Limit{l}
}

// MattermostHeaders reads X-Ratelimit-Limit, -Remaining and -Reset (seconds left).
//
// https://developers.mattermost.com/api-documentation/#/#rate-limiting
func MattermostHeaders(h http.Header) []parvis.Limit {
	out := prefix.list(h, "")
	if len(out) > 0 {
		out[0].Reset = left(engine.First(h, prefix.reset))
	}
	return out
}

// SlackHeaders reads Retry-After, which Slack and others send with a refusal only.
//
// https://docs.slack.dev/apis/web-api/rate-limits
func SlackHeaders(h http.Header) []parvis.Limit { return refused(h, "") }

// DiscourseHeaders reads Retry-After; Discourse-Rate-Limit-Error-Code names the limit.
//
// https://meta.discourse.org/t/available-settings-for-global-rate-limits-and-throttling/78612
func DiscourseHeaders(h http.Header) []parvis.Limit {
	return refused(h, cut(engine.First(h, "Discourse-Rate-Limit-Error-Code")))
}

func refused(h http.Header, name string) []parvis.Limit {
	if at := when(h, engine.First(h, "Retry-After")); !at.IsZero() {
		return []parvis.Limit{{Name: name, Exceeded: true, Reset: at}}
	}
	return nil
}

// MetaHeaders reads X-App-Usage, named "app", and X-Business-Use-Case-Usage, whose limits
// have the name of their type ("pages", "instagram"). Remaining is 100 less the largest of
// the percentages, of the object that has used most. A limit that says how many minutes
// access is lost for is Exceeded.
//
// https://developers.facebook.com/docs/graph-api/overview/rate-limiting
func MetaHeaders(h http.Header) []parvis.Limit {
	var out []parvis.Limit
	var app usage
	if s := engine.First(h, "X-App-Usage"); s != "" && json.Unmarshal([]byte(s), &app) == nil {
		out = append(out, app.limit("app"))
	}
	var business map[string][]usage
	if s := engine.First(h, "X-Business-Use-Case-Usage"); s != "" && json.Unmarshal([]byte(s), &business) == nil {
		worst := map[string]parvis.Limit{}
		for _, list := range business {
			for _, u := range list {
				l := u.limit(cut(strings.ToLower(u.Type)))
				if w, ok := worst[l.Name]; !ok || l.Remaining < w.Remaining || l.Exceeded && !w.Exceeded {
					worst[l.Name] = l
				}
			}
		}
		for _, l := range worst {
			out = append(out, l)
		}
		slices.SortFunc(out, func(a, b parvis.Limit) int { return strings.Compare(a.Name, b.Name) })
	}
	return out[:min(len(out), maxLimits)]
}

// usage is one object of Meta's headers: percentages, and minutes.
type usage struct {
	Type    string  `json:"type"`
	Calls   float64 `json:"call_count"`
	CPU     float64 `json:"total_cputime"`
	Time    float64 `json:"total_time"`
	Regain  float64 `json:"estimated_time_to_regain_access"`
	Percent float64 `json:"acc_id_util_pct"`
}

func (u usage) limit(name string) parvis.Limit {
	used := min(max(u.Calls, u.CPU, u.Time, u.Percent, 0), 100)
	l := parvis.Limit{Name: name, Max: 100, Remaining: 100 - int(math.Ceil(used))}
	if d := engine.Seconds(u.Regain * 60); d > 0 {
		l.Exceeded, l.Remaining, l.Reset = true, 0, time.Now().Add(d)
	}
	return l
}

// cut makes a name of what a stranger sent: at most 64 bytes.
func cut(s string) string { return strings.ToValidUTF8(s[:min(len(s), 64)], "") }
