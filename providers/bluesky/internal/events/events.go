// Package events reads the messages of the streams of everybody's records: those of
// Jetstream, in its older and its newer form, and the frames of
// com.atproto.sync.subscribeRepos. Both become a [Message].
//
// https://github.com/bluesky-social/jetstream
// https://atproto.com/specs/event-stream
package events

import (
	"encoding/json"
	"errors"
	"time"
)

// A Kind is what a message is.
type Kind int

// The kinds of messages. Other is one that a later version of the protocol has brought.
const (
	Other    Kind = iota
	Commit        // records were created, updated or deleted
	Identity      // a handle or the like has changed
	Account       // an account was activated, deactivated, deleted or taken down
	Sync          // a repository was brought to a new state without saying what changed
	Info          // a notice about the stream, named by Name
	Failure       // the stream ends, for the reason in Name
)

// The names of notices and failures.
//
// https://atproto.com/specs/event-stream
const (
	OutdatedCursor  = "OutdatedCursor"
	FutureCursor    = "FutureCursor"
	ConsumerTooSlow = "ConsumerTooSlow"
)

// A Message is one message of a stream.
type Message struct {
	Kind Kind
	// Seq is the position in the stream; 0 where the stream has none.
	Seq int64
	// Time is when the stream's host saw it, to the microsecond.
	Time time.Time
	// DID is whose repository it is about, and Rev the revision that a commit made.
	DID, Rev string
	// Changes are those of a commit.
	Changes []Change
	// Lost tells that a commit holds records that cannot be read from the message, and why.
	Lost string
	// Name and Text are those of a notice or failure.
	Name, Text string
}

// The actions of a [Change].
const (
	Create = "create"
	Update = "update"
	Delete = "delete"
)

// A Change is one record that was created, updated or deleted.
type Change struct {
	Action, Collection, RKey string
	// CID is the version of the record, and Record the record itself as JSON; both are
	// empty for deletions.
	CID    string
	Record json.RawMessage
	// Raw is what the stream sent: of Jetstream the message, of a frame the record as JSON.
	Raw json.RawMessage
}

// ErrForm is a message that is not in the form of its stream.
var ErrForm = errors.New("events: the message is not in the form of its stream")
