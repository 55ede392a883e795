package bluesky

import (
	"cmp"
	"strconv"
	"time"

	"github.com/parvis-go/parvis/providers/bluesky/internal/api"
	"github.com/parvis-go/parvis/providers/bluesky/internal/events"
)

// jetstreamWire is Jetstream: everybody's records as JSON, filtered by collection. Hosts
// speak the newer dialect, the older one, or both.
var jetstreamWire = &wire{
	name:     "Jetstream",
	address:  func(c *Config) string { return cmp.Or(c.Jetstream, DefaultJetstream) },
	dialects: []dialect{modern{}, legacy{}},
}

// firstMicros is the least cursor that Jetstream reads as a time in microseconds since
// 1970 rather than as a number. It lies before everything that a host keeps.
//
// https://github.com/bluesky-social/jetstream/blob/main/lexicons/network/bsky/jetstream/subscribeEvents.json
const firstMicros = 1_000_000_000_000_000

// lookback is how far back hosts go that speak the older dialect; an older cursor begins
// there without a word.
//
// https://github.com/bluesky-social/jetstream/blob/main/docs/README.md
const lookback = 36 * time.Hour

// modern is network.bsky.jetstream.subscribeEvents. Its cursor is a number, inclusive, or
// a time.
//
// https://github.com/bluesky-social/jetstream/blob/main/lexicons/network/bsky/jetstream/subscribeEvents.json
type modern struct{}

func (modern) letter() string { return "m" }

func (modern) path() string { return "/xrpc/network.bsky.jetstream.subscribeEvents" }

func (modern) params(at *streamAt) (map[string][]string, string) {
	cursor := max(at.micros(), firstMicros)
	if at.seq > 0 {
		cursor = at.seq
	}
	return map[string][]string{
		"kinds": {"commit"}, "collections": {api.Posts}, "cursor": {strconv.FormatInt(cursor, 10)},
	}, "xrpc.v1.json"
}

func (modern) read(b []byte) (events.Message, error) { return events.Jetstream(b) }

// legacy is the endpoint /subscribe. Its cursor is a time in microseconds.
//
// https://github.com/bluesky-social/jetstream-legacy#consuming-jetstream
type legacy struct{}

func (legacy) letter() string { return "l" }

func (legacy) path() string { return "/subscribe" }

func (legacy) params(at *streamAt) (map[string][]string, string) {
	return map[string][]string{
		"wantedCollections": {api.Posts}, "cursor": {strconv.FormatInt(max(at.micros(), firstMicros), 10)},
	}, ""
}

// read leaves the number out: hosts that have one do not take it back in every version.
func (legacy) read(b []byte) (events.Message, error) {
	m, err := events.Jetstream(b)
	m.Seq = 0
	return m, err
}
