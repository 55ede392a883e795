package listen

import (
	"context"
	"encoding/json"
	"iter"
	"strings"
	"time"

	"github.com/parvis-go/parvis"
)

// A Listener acts as one account that hears what is said. It is safe for concurrent use.
type Listener interface {
	// Account names the account that this value acts as.
	Account() parvis.Account
	// Listen delivers events as the package comment says. Programs call [To] instead,
	// which checks the query, drops duplicates and leaves out the account's own posts.
	Listen(ctx context.Context, q Query) iter.Seq2[Event, error]
}

// A Kind is what an event is. Kinds are bits, so a set of them is a Kind too:
// Reply|Mention.
type Kind uint16

// The kinds of events.
const (
	Post     Kind = 1 << iota // somebody posted
	Reply                     // somebody answered one of the account's posts
	Comment                   // somebody commented: on a blog post, a video, a product
	Mention                   // somebody named the account, elsewhere than in a reply to it
	Message                   // somebody wrote to the account privately, or in a chat
	Reaction                  // somebody liked, reposted or otherwise reacted
	Follow                    // somebody follows, subscribed or joined
	Review                    // somebody rated the organisation
	Report                    // somebody reported something to the moderators
	Edit                      // something that was delivered has changed
	Delete                    // something that was delivered is gone
	Gap                       // something may be missing here; see Event.Gap
)

var kindNames = [...]string{
	"post", "reply", "comment", "mention", "message", "reaction",
	"follow", "review", "report", "edit", "delete", "gap",
}

// Has reports whether the set k contains all of x.
func (k Kind) Has(x Kind) bool { return k&x == x }

// String returns the names in the set, joined by "|".
func (k Kind) String() string {
	var names []string
	for i, name := range kindNames {
		if k&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, "|")
}

// MarshalText implements [encoding.TextMarshaler] with [Kind.String].
func (k Kind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads what [Kind.MarshalText] wrote.
func (k *Kind) UnmarshalText(b []byte) error {
	var set Kind
	for name := range strings.SplitSeq(string(b), "|") {
		bit := Kind(0)
		for i, known := range kindNames {
			if name == known {
				bit = 1 << i
			}
		}
		if bit == 0 && name != "" {
			return &parvis.Error{
				Op: "read kind", Code: parvis.ErrInvalid, Message: "unknown kind " + name,
				Help: "the kinds are " + strings.Join(kindNames[:], ", "),
			}
		}
		set |= bit
	}
	*k = set
	return nil
}

// A Cursor is a position in what one listener hears. It is opaque, and means something
// to the account and query that it came from only. The zero Cursor is the beginning.
type Cursor string

// A Query says what to listen to.
type Query struct {
	// Kinds are those to deliver; 0 is all that the account can hear. Gap is always delivered.
	Kinds Kind `json:"kinds,omitempty"`
	// Since is where to begin, exclusive. Zero is the beginning of what the network
	// still has, or of After.
	Since Cursor `json:"since,omitempty"`
	// After leaves out what was said before that time.
	After time.Time `json:"after,omitzero"`
	// Place restricts to one place; zero is wherever the account hears.
	Place parvis.Place `json:"place,omitzero"`
	// Thread restricts to answers below one post, at any depth.
	Thread parvis.Ref `json:"thread,omitzero"`
	// Text and Tag restrict a search: words as the network's search takes them, and a
	// hashtag without #.
	Text string `json:"text,omitempty"`
	Tag  string `json:"tag,omitempty"`
	// Own also delivers what the account itself said.
	Own bool `json:"own,omitempty"`
	// Follow goes on after everything there is has been delivered.
	Follow bool `json:"follow,omitempty"`
	// Every is how often to ask a network that is polled; 0 is its default.
	Every time.Duration `json:"every,omitempty"`
}

// Wants reports whether the query asks for events of kind k.
func (q Query) Wants(k Kind) bool { return q.Kinds == 0 || k == Gap || q.Kinds&k != 0 }

// An Event is something that was said or done, in the same shape for every network.
type Event struct {
	// ID is stable: the same event has the same ID whichever way it came, and another
	// version of it (an edit) has another.
	ID string `json:"id"`
	// Cursor is where to resume after this event.
	Cursor Cursor `json:"cursor,omitempty"`
	// Kind is one kind.
	Kind Kind `json:"kind"`
	// Account is the account that heard it.
	Account parvis.Account `json:"account"`
	// Ref names the thing said, or, for reactions, edits and deletions, the thing that they are about.
	Ref parvis.Ref `json:"ref,omitzero"`
	// Parent is what it answers, Root the beginning of the thread, where the network says.
	Parent parvis.Ref `json:"parent,omitzero"`
	Root   parvis.Ref `json:"root,omitzero"`
	// Author is who said or did it.
	Author parvis.Person `json:"author,omitzero"`
	// Place is where.
	Place parvis.Place `json:"place,omitzero"`
	// Title and Text are what was said.
	Title string      `json:"title,omitempty"`
	Text  parvis.Text `json:"text,omitzero"`
	// Warning is the content warning in front of it.
	Warning string `json:"warning,omitempty"`
	// Media are the attached files, by address.
	Media []parvis.Media `json:"media,omitempty"`
	// Lang is the language, if the network says.
	Lang string `json:"lang,omitempty"`
	// Reaction is the kind of reaction: "like", "repost", an emoji.
	Reaction string `json:"reaction,omitempty"`
	// Visibility is who can see it, in the words of publish.Visibility; empty if the
	// network does not say.
	Visibility string `json:"visibility,omitempty"`
	// Status is the state in the network's own moderation, if it says: "held", "approved", "spam".
	Status string `json:"status,omitempty"`
	// Time is when it was said, Edited when it was last changed.
	Time   time.Time `json:"time,omitzero"`
	Edited time.Time `json:"edited,omitzero"`
	// URL is the page where people see it.
	URL string `json:"url,omitempty"`
	// Source is the way it came: "poll", "stream", "webhook", "search", "history".
	Source string `json:"source,omitempty"`
	// Gap is set on events of kind Gap.
	Gap *Hole `json:"gap,omitempty"`
	// Raw is what the network sent, whole and unchanged.
	Raw json.RawMessage `json:"raw,omitempty"`
}

// A Hole is a stretch in which events may be missing.
type Hole struct {
	// From and To bound it in time; zero is unknown.
	From time.Time `json:"from,omitzero"`
	To   time.Time `json:"to,omitzero"`
	// Why says what happened.
	Why string `json:"why"`
}
