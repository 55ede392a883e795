package ratelimit

import (
	"time"

	"github.com/parvis-go/parvis"
)

// day is a rolling day; the networks whose day has a date have [Rule].Midnight.
const day = 24 * time.Hour

// Documented returns the limits that a network publishes, as defaults that the caller may
// change; none for a network that publishes none, such as wordpress, or that is unknown.
// The slice is the caller's own. Networks: bluesky, mastodon, x, facebook, instagram,
// threads, linkedin, youtube.
func Documented(network parvis.Network) []Rule {
	var out []Rule
	switch network {
	case "bluesky":
		out = bluesky()
	case "mastodon":
		out = mastodon()
	case "x":
		out = x()
	case "facebook":
		out = append(meta(), Rule{Name: "pages", Kind: Usage, Per: day})
	case "instagram":
		out = instagram()
	case "threads":
		out = threads()
	case "linkedin":
		out = linkedin()
	case "youtube":
		out = youtube()
	}
	for i := range out {
		out[i].Network = network
	}
	return out
}

// The names of the AT Protocol's methods that write records, and of the login.
const (
	createRecord  = "com.atproto.repo.createRecord"
	putRecord     = "com.atproto.repo.putRecord"
	deleteRecord  = "com.atproto.repo.deleteRecord"
	applyWrites   = "com.atproto.repo.applyWrites"
	createSession = "com.atproto.server.createSession"
	updateHandle  = "com.atproto.identity.updateHandle"
)

// bluesky: https://docs.bsky.app/docs/advanced-guides/rate-limits. Names are as in the
// header RateLimit-Policy. A call of applyWrites costs the sum of its writes, as [parvis.Call].Cost.
func bluesky() []Rule {
	writes := []string{createRecord, putRecord, deleteRecord, applyWrites}
	points := map[string]int{createRecord: 3, putRecord: 2, deleteRecord: 1}
	window := func(name string, limit int, per time.Duration, endpoints ...string) Rule {
		return Rule{Name: name, Max: limit, Per: per, Endpoints: endpoints, Announced: true}
	}
	hour, daily := window("5000;w=3600", 5000, time.Hour, writes...), window("35000;w=86400", 35000, day, writes...)
	hour.Points, hour.Costs, daily.Points, daily.Costs = true, points, true, points
	address := window("3000;w=300", 3000, 5*time.Minute)
	address.Scope = Host
	return []Rule{
		hour, daily, address,
		window("30;w=300", 30, 5*time.Minute, createSession), window("300;w=86400", 300, day, createSession),
		window("10;w=300", 10, 5*time.Minute, updateHandle), window("50;w=86400", 50, day, updateHandle),
	}
}

// mastodon: https://docs.joinmastodon.org/api/rate-limits/; statuses:
// https://github.com/mastodon/mastodon/blob/main/app/lib/rate_limiter.rb. Answers tell of
// the tightest without naming it.
func mastodon() []Rule {
	return []Rule{
		{Name: "account", Max: 300, Per: 5 * time.Minute, Announced: true},
		{Name: "media", Max: 30, Per: 30 * time.Minute, Endpoints: []string{"POST /api/v*/media"}, Announced: true},
		{
			Name: "delete", Max: 30, Per: 30 * time.Minute, Announced: true,
			Endpoints: []string{"DELETE /api/v1/statuses/:id", "POST /api/v1/statuses/:id/unreblog"},
		},
		{Name: "statuses", Max: 300, Per: 3 * time.Hour, Endpoints: []string{"POST /api/v1/statuses"}, Announced: true},
	}
}

// x: https://docs.x.com/x-api/fundamentals/rate-limits.
func x() []Rule {
	const quarter = 15 * time.Minute
	window := func(name string, limit int, per time.Duration, endpoints ...string) Rule {
		return Rule{Name: name, Max: limit, Per: per, Endpoints: endpoints, Announced: true}
	}
	app := window("app 24 h", 10000, day, "POST /2/tweets")
	app.Scope = Application
	return []Rule{
		app,
		window("posts", 100, quarter, "POST /2/tweets"),
		{Name: "posts 3 h", Kind: Sliding, Max: 300, Per: 3 * time.Hour, Endpoints: []string{"POST /2/tweets", "POST /2/users/:id/retweets"}},
		window("delete", 50, quarter, "DELETE /2/tweets/:id"),
		window("hidden", 50, quarter, "PUT /2/tweets/:id/hidden"),
		window("mute", 50, quarter, "POST /2/users/:id/muting"),
		window("unmute", 50, quarter, "DELETE /2/users/:id/muting/:id"),
		window("mentions", 300, quarter, "GET /2/users/:id/mentions"),
		window("search", 300, quarter, "GET /2/tweets/search/recent"),
		window("media", 500, quarter, "POST /2/media/upload"),
		window("metadata", 500, quarter, "POST /2/media/metadata"),
		window("messages", 15, quarter, "POST /2/dm_conversations/*"),
		window("user 24 h", 1440, day, "POST /2/dm_conversations/*"),
		window("events", 15, quarter, "GET /2/dm_events"),
		window("me", 75, quarter, "GET /2/users/me"),
	}
}

// meta is what calls of an app share: https://developers.facebook.com/docs/graph-api/overview/rate-limiting.
// Its page advises to slow down before the percentages reach 100.
func meta() []Rule {
	return []Rule{{Name: "app", Kind: Usage, Scope: Application, Per: time.Hour}}
}

// instagram: https://developers.facebook.com/docs/instagram-platform/content-publishing;
// the guide says 100 posts a day and its reference 50.
func instagram() []Rule {
	return append(meta(),
		Rule{Name: "instagram", Kind: Usage, Per: day},
		Rule{Name: "posts", Kind: Sliding, Max: 50, Per: day, Endpoints: []string{"POST /:id/media_publish"}},
		Rule{Name: "containers", Kind: Sliding, Max: 400, Per: day, Endpoints: []string{"POST /:id/media"}},
	)
}

// threads: https://developers.facebook.com/docs/threads/troubleshooting#rate-limits. A
// call that publishes an answer has the Item "reply".
func threads() []Rule {
	publish := []string{"POST /:id/threads_publish"}
	return append(meta(),
		Rule{Name: "threads", Kind: Usage, Per: day},
		Rule{Name: "posts", Kind: Sliding, Max: 250, Per: day, Endpoints: publish, Costs: map[string]int{"reply": 0}},
		Rule{Name: "replies", Kind: Sliding, Max: 1000, Per: day, Endpoints: publish, Costs: map[string]int{"reply": 1, publish[0]: 0}},
		Rule{Name: "deletes", Kind: Sliding, Max: 100, Per: day, Endpoints: []string{"DELETE /:id"}},
	)
}

// linkedin: https://learn.microsoft.com/en-us/linkedin/shared/api-guide/concepts/rate-limits.
// The numbers are unpublished, per endpoint, for the app and for each member.
func linkedin() []Rule {
	return []Rule{
		{Name: "app", Scope: Application, Each: true, Midnight: time.UTC},
		{Name: "member", Each: true, Midnight: time.UTC},
	}
}

// youtube: https://developers.google.com/youtube/v3/determine_quota_cost. Endpoints are
// the methods' names: "videos.insert".
func youtube() []Rule {
	zone, err := time.LoadLocation("America/Los_Angeles")
	if err != nil {
		zone = time.FixedZone("PST", -8*60*60) // an hour late in summer, which is safe
	}
	costs := map[string]int{"search.list": 0, "videos.insert": 0}
	for _, method := range [...]string{
		"comments.insert", "comments.update", "comments.delete", "comments.setModerationStatus", "commentThreads.insert",
		"videos.update", "videos.delete", "videos.rate", "thumbnails.set", "playlistItems.insert", "liveChatMessages.insert",
		"liveChatMessages.delete", "liveChatBans.insert", "liveChatBans.delete",
	} {
		costs[method] = 50
	}
	return []Rule{
		{Name: "units", Scope: Application, Max: 10000, Midnight: zone, Costs: costs},
		{Name: "uploads", Scope: Application, Max: 100, Midnight: zone, Endpoints: []string{"videos.insert"}},
		{Name: "searches", Scope: Application, Max: 100, Midnight: zone, Endpoints: []string{"search.list"}},
	}
}
