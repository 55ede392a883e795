package parvis

import (
	"fmt"
	"strings"
)

// Format says how a text is written.
type Format string

// The formats of texts. The zero Format is plain text.
const (
	Plain    Format = ""
	Markdown Format = "markdown"
	HTML     Format = "html"
)

// A Text is something that somebody said, in plain text and as the network wrote it.
type Text struct {
	// Plain is the text that a person reads, without markup.
	Plain string `json:"plain"`
	// Markup is the original as the network delivered it; empty where it is plain.
	// It comes from strangers: sanitise it before showing it in a page.
	Markup string `json:"markup,omitempty"`
	// Format says what Markup is written in.
	Format Format `json:"format,omitempty"`
	// Entities are the links, mentions and hashtags in Plain, in order, not overlapping.
	Entities []Entity `json:"entities,omitempty"`
}

// String returns the plain text.
func (t Text) String() string { return t.Plain }

// EntityKind says what an [Entity] is.
type EntityKind string

// The kinds of entities in a text.
const (
	EntityLink    EntityKind = "link"
	EntityMention EntityKind = "mention"
	EntityHashtag EntityKind = "hashtag"
)

// An Entity is a stretch of a text that means more than its letters.
type Entity struct {
	Kind EntityKind `json:"kind"`
	// Start and End delimit the stretch as text[Start:End]. The unit is bytes of UTF-8
	// unless whoever made the entity says otherwise.
	Start int `json:"start"`
	End   int `json:"end"`
	// Value is what is meant: the address of a link, a handle without @, a tag without #.
	Value string `json:"value"`
	// URL is where the entity leads, if that is known.
	URL string `json:"url,omitempty"`
}

// Unit is what a network counts when it measures a text.
type Unit string

// The units in which networks measure texts.
const (
	Graphemes  Unit = "graphemes"   // what a reader sees as one character (UAX #29)
	CodePoints Unit = "code points" // Unicode code points
	UTF16      Unit = "UTF-16 units"
	Bytes      Unit = "bytes"    // bytes of UTF-8
	Weighted   Unit = "weighted" // code points outside Latin and its neighbours, and emoji, count two
)

// A TextLimit is one rule about the length of a text.
type TextLimit struct {
	// Max is the largest length allowed, in Unit; 0 means no limit is known.
	Max int `json:"max,omitempty"`
	// Min is the smallest length allowed, in Unit.
	Min int `json:"min,omitempty"`
	// Unit is what is counted.
	Unit Unit `json:"unit,omitempty"`
	// Link, if not 0, is what each link counts, whatever its length.
	Link int `json:"link,omitempty"`
	// LocalMention tells that of a mention such as @user@host.example only @user counts.
	LocalMention bool `json:"local_mention,omitempty"`
}

// String returns the rule in words: "500 graphemes (links count 23)".
func (l TextLimit) String() string {
	if l.Max == 0 {
		return "unlimited"
	}
	s := fmt.Sprintf("%d %s", l.Max, l.Unit)
	if l.Link > 0 {
		s += fmt.Sprintf(" (links count %d)", l.Link)
	}
	return s
}

// TextLimits are the rules that a text must keep, all of them.
// None means that the network has no text there at all, or that no limit is known.
type TextLimits []TextLimit

// String returns the rules in words, joined by "and".
func (ls TextLimits) String() string {
	words := make([]string, len(ls))
	for i, l := range ls {
		words[i] = l.String()
	}
	return strings.Join(words, " and ")
}
