package ratelimit_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers/ratelimit"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// at0 makes it noon in the bubble.
func at0() { <-time.After(time.Until(noon)) }

func headers(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i+1 < len(pairs); i += 2 {
		h.Add(pairs[i], pairs[i+1])
	}
	return h
}

type reader = func(http.Header) []parvis.Limit

// TestHeaders reads what the networks' pages give as examples, at noon.
func TestHeaders(t *testing.T) {
	t.Parallel()
	in := func(d time.Duration) time.Time { return noon.Add(d) }
	for _, c := range []struct {
		name   string
		read   reader
		header http.Header
		want   []parvis.Limit
	}{
		{
			"atproto", ratelimit.AtprotoHeaders, headers("RateLimit-Limit", "3000", "RateLimit-Remaining", "2998",
				"RateLimit-Reset", "1795262700", "RateLimit-Policy", "3000;w=300"),
			[]parvis.Limit{{Name: "3000;w=300", Max: 3000, Remaining: 2998, Reset: in(5 * time.Minute)}},
		},
		{
			"atproto, the clock here is an hour behind", ratelimit.AtprotoHeaders, headers("RateLimit-Limit", "3000", "RateLimit-Remaining", "1",
				"RateLimit-Reset", "1795266300", "RateLimit-Policy", "3000;w=300", "Date", "Sat, 21 Nov 2026 13:00:00 GMT"),
			[]parvis.Limit{{Name: "3000;w=300", Max: 3000, Remaining: 1, Reset: in(5 * time.Minute)}},
		},
		{
			"Mastodon", ratelimit.MastodonHeaders, headers("X-RateLimit-Limit", "300", "X-RateLimit-Remaining", "299",
				"X-RateLimit-Reset", "2026-11-21T12:05:00.000000Z"),
			[]parvis.Limit{{Max: 300, Remaining: 299, Reset: in(5 * time.Minute)}},
		},
		{
			"X", ratelimit.XHeaders, headers("x-rate-limit-limit", "100", "x-rate-limit-remaining", "99", "x-rate-limit-reset", "1795263300",
				"x-app-limit-24hour-limit", "10000", "x-app-limit-24hour-remaining", "9000", "x-app-limit-24hour-reset", "1795266000",
				"x-user-limit-24hour-limit", "1440", "x-user-limit-24hour-remaining", "0", "x-user-limit-24hour-reset", "1795266000"),
			[]parvis.Limit{
				{Max: 100, Remaining: 99, Reset: in(15 * time.Minute)},
				{Name: "app 24 h", Max: 10000, Remaining: 9000, Reset: in(time.Hour)},
				{Name: "user 24 h", Max: 1440, Reset: in(time.Hour)},
			},
		},
		{
			"Meta, application", ratelimit.MetaHeaders, headers("X-App-Usage", `{"call_count":28,"total_time":25.2,"total_cputime":90.5}`),
			[]parvis.Limit{{Name: "app", Max: 100, Remaining: 9}},
		},
		{
			"Meta, business", ratelimit.MetaHeaders, headers("X-Business-Use-Case-Usage",
				`{"112130216863063":[{"type":"pages","call_count":1,"total_cputime":1,"total_time":1,"estimated_time_to_regain_access":0}],
			"10153848260347724":[{"type":"pages","call_count":97,"total_cputime":23,"total_time":23,"estimated_time_to_regain_access":0},
			{"type":"instagram","call_count":100,"total_cputime":1,"total_time":1,"estimated_time_to_regain_access":19}]}`),
			[]parvis.Limit{
				{Name: "instagram", Max: 100, Reset: in(19 * time.Minute), Exceeded: true},
				{Name: "pages", Max: 100, Remaining: 3},
			},
		},
		{
			"Discord", ratelimit.DiscordHeaders, headers("X-RateLimit-Limit", "5", "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "1795262401.5",
				"X-RateLimit-Reset-After", "1.5", "X-RateLimit-Bucket", "abcd1234"),
			[]parvis.Limit{{Name: "abcd1234", Max: 5, Reset: in(1500 * time.Millisecond)}},
		},
		{
			"Discord, all calls", ratelimit.DiscordHeaders, headers("Retry-After", "65", "X-RateLimit-Global", "true", "X-RateLimit-Scope", "global"),
			[]parvis.Limit{{Name: "global", Exceeded: true, Reset: in(65 * time.Second)}},
		},
		{
			"Reddit", ratelimit.RedditHeaders, headers("X-Ratelimit-Used", "5", "X-Ratelimit-Remaining", "595.0", "X-Ratelimit-Reset", "283"),
			[]parvis.Limit{{Max: 600, Remaining: 595, Reset: in(283 * time.Second)}},
		},
		{
			"GitHub", ratelimit.GitHubHeaders, headers("x-ratelimit-limit", "5000", "x-ratelimit-remaining", "4987", "x-ratelimit-reset", "1795266000",
				"x-ratelimit-resource", "core"),
			[]parvis.Limit{{Name: "core", Max: 5000, Remaining: 4987, Reset: in(time.Hour)}},
		},
		{"Slack", ratelimit.SlackHeaders, headers("Retry-After", "30"), []parvis.Limit{{Exceeded: true, Reset: in(30 * time.Second)}}},
		{
			"Discourse", ratelimit.DiscourseHeaders, headers("Retry-After", "12", "Discourse-Rate-Limit-Error-Code", "ip_10_secs_limit"),
			[]parvis.Limit{{Name: "ip_10_secs_limit", Exceeded: true, Reset: in(12 * time.Second)}},
		},
		{
			"Mattermost", ratelimit.MattermostHeaders, headers("X-Ratelimit-Limit", "10", "X-Ratelimit-Remaining", "9", "X-Ratelimit-Reset", "1"),
			[]parvis.Limit{{Max: 10, Remaining: 9, Reset: in(time.Second)}},
		},
		{
			"IETF", ratelimit.IETFHeaders, headers("RateLimit-Policy", `"burst";q=100;w=60,"daily";q=1000;w=86400`, "RateLimit", `"burst";r=50;t=30, "daily";r=7;t=3600`),
			[]parvis.Limit{
				{Name: "burst", Max: 100, Remaining: 50, Reset: in(30 * time.Second)},
				{Name: "daily", Max: 1000, Remaining: 7, Reset: in(time.Hour)},
			},
		},
		{
			"IETF, older draft", ratelimit.IETFHeaders, headers("RateLimit-Limit", "100, 100;w=10", "RateLimit-Remaining", "50", "RateLimit-Reset", "5"),
			[]parvis.Limit{{Max: 100, Remaining: 50, Reset: in(5 * time.Second)}},
		},
		{
			"IETF, a name with separators", ratelimit.IETFHeaders, headers("RateLimit", `"a,b;c";r=1`),
			[]parvis.Limit{{Name: "a,b;c", Remaining: 1}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				at0()
				got := c.read(c.header)
				for i := range got {
					if !got[i].Reset.IsZero() {
						got[i].Reset = got[i].Reset.UTC().Round(0)
					}
				}
				assert.Equal(t, c.want, got)
				assert.Empty(t, c.read(http.Header{}), "nothing is made up")
			})
		})
	}
}

var all = []reader{
	ratelimit.AtprotoHeaders, ratelimit.MastodonHeaders, ratelimit.XHeaders, ratelimit.MetaHeaders, ratelimit.DiscordHeaders,
	ratelimit.RedditHeaders, ratelimit.GitHubHeaders, ratelimit.SlackHeaders, ratelimit.IETFHeaders, ratelimit.MattermostHeaders,
	ratelimit.DiscourseHeaders,
}

// FuzzHeaders: whatever servers send, numbers are not negative, names are short, there
// are few limits, and no reset is past or more than a month away.
func FuzzHeaders(f *testing.F) {
	f.Add("300", "299", "2026-11-21T12:05:00Z", `"a";r=1;t=2`)
	f.Add("5", "0.5", "1.5", `{"1":[{"type":"pages","call_count":99.9,"estimated_time_to_regain_access":1e99}]}`)
	f.Add("-1", "NaN", "1e400", `{"call_count":-5,"total_time":1e308}`)
	f.Add("x", strings.Repeat("9", 99), "Sat, 21 Nov 2026 12:01:00 GMT", strings.Repeat(`"q;,";r=1,`, 100))
	f.Fuzz(func(t *testing.T, limit, remaining, reset, rest string) {
		h := http.Header{}
		for _, p := range []string{"X-Ratelimit-", "Ratelimit-", "X-Rate-Limit-", "X-App-Limit-24hour-", "X-User-Limit-24hour-"} {
			h[p+"Limit"], h[p+"Remaining"], h[p+"Reset"] = []string{limit}, []string{remaining}, []string{reset}
		}
		for _, name := range []string{
			"Ratelimit", "Ratelimit-Policy", "X-App-Usage", "X-Business-Use-Case-Usage", "X-Ratelimit-Bucket",
			"X-Ratelimit-Resource", "Discourse-Rate-Limit-Error-Code",
		} {
			h[name] = []string{rest}
		}
		h["Retry-After"], h["X-Ratelimit-Reset-After"], h["X-Ratelimit-Used"] = []string{reset}, []string{reset}, []string{limit}
		for i, read := range all {
			got := read(h)
			if len(got) > 66 {
				t.Fatalf("%d: %d limits", i, len(got))
			}
			for _, l := range got {
				until := time.Until(l.Reset)
				if l.Max < 0 || l.Remaining < 0 || len(l.Name) > 64 || !l.Reset.IsZero() && (until < -time.Second || until > 31*24*time.Hour) {
					t.Fatalf("%d: %+v", i, l)
				}
			}
		}
	})
}
