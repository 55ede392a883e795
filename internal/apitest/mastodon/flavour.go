package mastodontest

import (
	"time"

	"github.com/parvis-go/parvis"
)

// A Flavour is a server software that speaks the Mastodon API.
type Flavour string

// The flavours. They differ in what their documentation says they do.
const (
	Mastodon   Flavour = "mastodon"
	GoToSocial Flavour = "gotosocial"
	Pleroma    Flavour = "pleroma"
	Pixelfed   Flavour = "pixelfed"
	Friendica  Flavour = "friendica"
)

// Limits are the numbers that the instance publishes and enforces. A zero field takes the
// flavour's default.
type Limits struct {
	// Characters bounds warning and text together, counted as the flavour counts.
	Characters int
	// Media is how many attachments a status may have.
	Media int
	// Description bounds the text that describes a picture, in characters.
	Description int
	// ImageBytes and VideoBytes bound one file.
	ImageBytes, VideoBytes int
	// PollOptions and PollCharacters bound a poll.
	PollOptions, PollCharacters int
	// PollMin and PollMax bound how long a poll is open.
	PollMin, PollMax time.Duration
	// Pins is how many statuses an account may pin.
	Pins int
}

// or returns l with d's numbers where l has none.
func (l Limits) or(d Limits) Limits {
	set := func(p *int, d int) {
		if *p == 0 {
			*p = d
		}
	}
	set(&l.Characters, d.Characters)
	set(&l.Media, d.Media)
	set(&l.Description, d.Description)
	set(&l.ImageBytes, d.ImageBytes)
	set(&l.VideoBytes, d.VideoBytes)
	set(&l.PollOptions, d.PollOptions)
	set(&l.PollCharacters, d.PollCharacters)
	set(&l.Pins, d.Pins)
	if l.PollMin == 0 {
		l.PollMin = d.PollMin
	}
	if l.PollMax == 0 {
		l.PollMax = d.PollMax
	}
	return l
}

// keyRule is what a server does with an Idempotency-Key that it has seen.
type keyRule int

const (
	keyIgnored  keyRule = iota // posts again
	keyStatus                  // answers with the first status
	keyResponse                // answers with the first answer, refusals included
	keyRefused                 // refuses
)

// traits are what sets one flavour apart.
type traits struct {
	version  string // as GET /api/v1/instance says it
	api      int    // api_versions.mastodon of GET /api/v2/instance; 0 = none
	software string // as nodeinfo names it
	limits   Limits
	key      keyRule
	keyTTL   time.Duration
	unit     parvis.Unit
	url      int      // what a link counts; 0 = its own length, and mentions with their domain
	lacks    []string // prefixes of routes that it does not have, "METHOD /path" or "/path"
}

// mastodonLimits are the defaults that https://docs.joinmastodon.org/entities/Instance/
// and https://docs.joinmastodon.org/user/posting/ name.
func mastodonLimits() Limits {
	return Limits{
		Characters: 500, Media: 4, Description: 1500, ImageBytes: 16777216, VideoBytes: 103809024,
		PollOptions: 4, PollCharacters: 50, PollMin: 5 * time.Minute, PollMax: 2629746 * time.Second, Pins: 5,
	}
}

func traitsOf(f Flavour) traits {
	switch f {
	case GoToSocial:
		return goToSocial()
	case Pleroma:
		return pleroma()
	case Pixelfed:
		return pixelfed()
	case Friendica:
		return friendica()
	}
	return traits{
		version: "4.5.0", api: 7, software: "mastodon", limits: mastodonLimits(),
		key: keyStatus, keyTTL: time.Hour, unit: parvis.Graphemes, url: 23,
	}
}

// goToSocial is https://docs.gotosocial.org: its own limits, code points instead of
// graphemes, no idempotency.
func goToSocial() traits {
	l := Limits{
		Characters: 5000, Media: 6, Description: 5000, ImageBytes: 40 << 20, VideoBytes: 40 << 20,
		PollOptions: 6, PollCharacters: 50, PollMin: 5 * time.Minute, PollMax: 2629746 * time.Second, Pins: 10,
	}
	return traits{
		version: "0.20.0+git-1a2b3c4", software: "gotosocial", limits: l, unit: parvis.CodePoints,
		lacks: []string{
			"/api/v1/domain_blocks", "POST /api/v1/admin/reports/{id}/assign_to_self", "POST /api/v1/admin/reports/{id}/unassign",
			"POST /api/v1/admin/reports/{id}/reopen", "PUT /api/v1/admin/reports", "POST /api/v1/admin/accounts/{id}/enable",
			"POST /api/v1/admin/accounts/{id}/unsilence", "POST /api/v1/admin/accounts/{id}/unsensitive",
			"POST /api/v1/admin/accounts/{id}/unsuspend", "/api/v1/notifications/unread_count",
		},
	}
}

// pleroma is https://docs.pleroma.social: the answer to a key is stored whole. For how long
// is not documented; here it is six hours.
func pleroma() traits {
	l := mastodonLimits()
	l.Characters, l.Media, l.PollOptions, l.PollCharacters = 5000, 1000, 20, 200
	return traits{
		version: "2.7.2 (compatible; Pleroma 2.7.0)", software: "pleroma", limits: l, unit: parvis.Graphemes,
		key: keyResponse, keyTTL: 6 * time.Hour,
	}
}

// pixelfed is https://docs.pixelfed.org: pictures only, no edits, streams or staff API.
func pixelfed() traits {
	l := mastodonLimits()
	l.Media, l.Description, l.ImageBytes, l.VideoBytes = 4, 1000, 15000<<10, 15000<<10
	return traits{
		version: "3.5.3 (compatible; Pixelfed 0.12.4)", software: "pixelfed", limits: l, unit: parvis.CodePoints,
		key: keyRefused, keyTTL: time.Hour,
		lacks: []string{
			"PUT /api/v1/statuses", "/api/v1/scheduled_statuses", "/api/v1/streaming", "/api/v1/admin",
			"/api/v2/admin", "/api/v1/polls", "/api/v1/reports", "GET /api/v1/statuses/{id}/source", "GET /api/v1/statuses/{id}/history",
		},
	}
}

// friendica is https://wiki.friendi.ca/docs/api-mastodon: no limits worth the name, no
// streams, staff API, filters or votes.
func friendica() traits {
	l := mastodonLimits()
	l.Characters, l.Media = 200000, 100
	return traits{
		version: "2.8.0 (compatible; Friendica 2024.12)", software: "friendica", limits: l, unit: parvis.CodePoints,
		lacks: []string{
			"/api/v1/streaming", "/api/v1/admin", "/api/v2/admin", "/api/v2/filters", "/api/v1/domain_blocks",
			"POST /api/v1/polls", "PUT /api/v1/scheduled_statuses", "GET /api/v1/statuses/{id}/history",
		},
	}
}
