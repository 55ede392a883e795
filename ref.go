package parvis

import (
	"fmt"
	"net/url"
	"strings"
)

// Kind says what a [Ref] names.
type Kind string

// The kinds of things that a Ref names.
const (
	KindPost    Kind = "post"    // a post, status, article, topic, video
	KindComment Kind = "comment" // an answer that is not itself a post: a blog comment, a review's answer
	KindMessage Kind = "message" // a private or chat message
	KindPerson  Kind = "person"  // an account on the network
	KindPlace   Kind = "place"   // see [Place]
	KindReport  Kind = "report"  // a report or flag made to the network's moderators
	KindMedia   Kind = "media"   // an uploaded file
	KindDomain  Kind = "domain"  // a whole server; the ID is its host name
	KindKeyword Kind = "keyword" // a word or phrase; the ID is the text
)

// A Ref names one thing on one network, as an account of one client sees it.
// Refs are comparable, so they serve as map keys, and they are data: they survive
// JSON, text and databases. The zero Ref names nothing.
type Ref struct {
	// Client is the client whose account handed out the reference; see [Account.Owns].
	Client string `json:"client,omitempty"`
	// Network is the network of the thing.
	Network Network `json:"network,omitempty"`
	// Host is the server whose ID this is, for networks that have many.
	Host string `json:"host,omitempty"`
	// Kind says what the reference names.
	Kind Kind `json:"kind,omitempty"`
	// ID is the network's own identifier.
	ID string `json:"id,omitempty"`
}

// IsZero reports whether r names nothing.
func (r Ref) IsZero() bool { return r == Ref{} }

// String returns the reference in the form that [ParseRef] reads:
//
//	parvis://client@network/kind/id?host=mastodon.example
//
// Parts that are empty are left out, and every part is escaped as in URLs.
// The zero Ref is the empty string.
func (r Ref) String() string {
	if r.IsZero() {
		return ""
	}
	var b strings.Builder
	b.WriteString("parvis://")
	if r.Client != "" {
		b.WriteString(url.QueryEscape(r.Client))
		b.WriteByte('@')
	}
	b.WriteString(url.QueryEscape(string(r.Network)))
	b.WriteByte('/')
	b.WriteString(url.QueryEscape(string(r.Kind)))
	b.WriteByte('/')
	b.WriteString(url.QueryEscape(r.ID))
	if r.Host != "" {
		b.WriteString("?host=")
		b.WriteString(url.QueryEscape(r.Host))
	}
	return b.String()
}

// ParseRef reads a reference in the form that [Ref.String] writes.
// Anything else gives an error that matches [ErrInvalid].
func ParseRef(s string) (Ref, error) {
	if s == "" {
		return Ref{}, nil
	}
	rest, ok := strings.CutPrefix(s, "parvis://")
	if !ok {
		return Ref{}, badRef(s, "it does not begin with parvis://")
	}
	var r Ref
	rest, host, hasHost := strings.Cut(rest, "?host=")
	parts := strings.Split(rest, "/")
	if len(parts) != 3 {
		return Ref{}, badRef(s, "it wants a network, a kind and an ID")
	}
	client, network, hasClient := strings.Cut(parts[0], "@")
	if !hasClient {
		client, network = "", parts[0]
	}
	fields := [...]*string{&r.Client, (*string)(&r.Network), (*string)(&r.Kind), &r.ID, &r.Host}
	for i, raw := range [...]string{client, network, parts[1], parts[2], host} {
		v, err := url.QueryUnescape(raw)
		if err != nil {
			return Ref{}, badRef(s, err.Error())
		}
		*fields[i] = v
	}
	if r.Network == "" || r.Kind == "" || r.ID == "" || hasClient && r.Client == "" || hasHost && r.Host == "" {
		return Ref{}, badRef(s, "a part is empty")
	}
	return r, nil
}

func badRef(s, why string) error {
	if len(s) > 100 {
		s = s[:100] + "…"
	}
	return &Error{
		Op: "parse reference", Code: ErrInvalid,
		Message: fmt.Sprintf("%q is not a reference: %s", s, why),
		Help:    "references look like parvis://network/post/123",
	}
}

// MarshalText implements [encoding.TextMarshaler] with [Ref.String].
func (r Ref) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler] with [ParseRef].
func (r *Ref) UnmarshalText(b []byte) error {
	v, err := ParseRef(string(b))
	if err == nil {
		*r = v
	}
	return err
}
