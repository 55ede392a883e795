package bluesky

import (
	"cmp"
	"strconv"
	"time"

	"github.com/parvis-go/parvis/providers/bluesky/internal/api"
	"github.com/parvis-go/parvis/providers/bluesky/internal/events"
)

// firehoseWire is com.atproto.sync.subscribeRepos: everybody's commits, signed and in
// DAG-CBOR, of a relay or of one PDS.
var firehoseWire = &wire{
	name:     "firehose",
	address:  func(c *Config) string { return cmp.Or(c.Firehose, DefaultFirehose) },
	dialects: []dialect{firehose{}},
}

// firehose is the protocol of event streams. Its cursor is the number of the last
// message; there is none by time. Without one the stream begins with what comes, with 0 at
// the oldest that the host has.
//
// https://atproto.com/specs/event-stream#sequence-numbers
type firehose struct{}

func (firehose) letter() string { return "f" }

func (firehose) path() string { return "/xrpc/com.atproto.sync.subscribeRepos" }

func (firehose) params(at *streamAt) (map[string][]string, string) {
	if at.seq == 0 && at.asked && time.Since(at.time) < rewind {
		return nil, ""
	}
	return map[string][]string{"cursor": {strconv.FormatInt(at.seq, 10)}}, ""
}

func (firehose) read(b []byte) (events.Message, error) {
	return events.Frame(b, func(collection string) bool { return collection == api.Posts })
}
