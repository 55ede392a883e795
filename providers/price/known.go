package price

import (
	"time"

	"github.com/parvis-go/parvis"
)

func usd(micros int64) parvis.Amount { return parvis.Amount{Unit: "USD", Micros: micros} }

// X returns the price list of X's pay-per-use plan, of February 2026. A post with a link
// costs about thirteen times one without. Prices are those of the public list; what a
// contract says otherwise goes in front of them.
//
// https://docs.x.com/x-api/getting-started/pricing
func X() []Price {
	const network = "x"
	return []Price{
		{network, "post create", usd(15_000)},
		{network, "post create with link", usd(200_000)},
		{network, "summoned reply", usd(10_000)},
		{network, "post read", usd(5_000)},
		{network, "owned read", usd(1_000)},
		{network, "user read", usd(10_000)},
		{network, "follower read", usd(10_000)},
		{network, "message read", usd(10_000)},
		{network, "message create", usd(15_000)},
		{network, "like read", usd(1_000)},
		{network, "count", usd(5_000)},
		// The list has 0.005 to 0.010 for these; the higher counts until a bill says otherwise.
		{network, "manage", usd(10_000)},
	}
}

// YouTubeUnit is the unit of YouTube's quota, YouTubeUpload and YouTubeSearch those of
// the two methods that have a quota of their own.
const (
	YouTubeUnit   = "youtube units"
	YouTubeUpload = "youtube uploads"
	YouTubeSearch = "youtube searches"
)

// YouTube returns the quota costs of the YouTube Data API, of June 2026: a method that
// writes takes 50 units, one that lists 1, and uploads and searches are counted by themselves.
//
// https://developers.google.com/youtube/v3/determine_quota_cost
func YouTube() []Price {
	const network = "youtube"
	unit := func(name string, n int64) parvis.Amount { return parvis.Amount{Unit: name, Micros: n * 1e6} }
	prices := []Price{
		{network, "videos.insert", unit(YouTubeUpload, 1)},
		{network, "search.list", unit(YouTubeSearch, 1)},
		{network, "captions.insert", unit(YouTubeUnit, 400)},
		{network, "captions.update", unit(YouTubeUnit, 450)},
		{network, "*", unit(YouTubeUnit, 1)},
	}
	for _, method := range []string{
		"videos.update", "videos.delete", "videos.rate", "thumbnails.set", "comments.insert", "comments.update",
		"comments.delete", "comments.setModerationStatus", "commentThreads.insert", "playlists.insert", "playlists.update",
		"playlists.delete", "playlistItems.insert", "playlistItems.update", "playlistItems.delete", "captions.delete",
		"liveChatMessages.insert", "liveChatMessages.delete", "liveChatBans.insert", "liveChatBans.delete",
	} {
		prices = append(prices, Price{network, method, unit(YouTubeUnit, 50)})
	}
	return prices
}

// YouTubeQuota returns YouTube's default quota of a project as budgets: 10,000 units, 100
// uploads and 100 searches a day, which begins at midnight in the zone pacific,
// America/Los_Angeles.
//
// https://developers.google.com/youtube/v3/determine_quota_cost
func YouTubeQuota(pacific *time.Location) []Budget {
	quota := func(unit string, n int64) Budget {
		return Budget{Network: "youtube", Amount: parvis.Amount{Unit: unit, Micros: n * 1e6}, Per: Daily, Zone: pacific}
	}
	return []Budget{quota(YouTubeUnit, 10_000), quota(YouTubeUpload, 100), quota(YouTubeSearch, 100)}
}
