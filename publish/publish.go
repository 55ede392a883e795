package publish

import (
	"context"
	"encoding/json"
	"time"

	"github.com/parvis-go/parvis"
)

// A Publisher acts as one account that can post. It is safe for concurrent use.
type Publisher interface {
	// Account names the account that this value acts as.
	Account() parvis.Account
	// Publish sends one draft. Programs call [To] instead, which checks first.
	Publish(ctx context.Context, d Draft) (Post, error)
}

// State is where an attempt to publish ended.
type State string

// The states of a post, drawn in the package comment.
const (
	Published State = "published"
	Scheduled State = "scheduled"
	Pending   State = "pending"
	Held      State = "held"
	Rejected  State = "rejected"
	Unknown   State = "unknown"
	// NotSent is the state of an attempt that failed before the network took anything.
	NotSent State = "not sent"
)

// A Post is what a network has.
type Post struct {
	// Ref names the post.
	Ref parvis.Ref `json:"ref"`
	// URL is the address under which people see it; empty where there is none (yet).
	URL string `json:"url,omitempty"`
	// State is where it stands.
	State State `json:"state"`
	// Author is whose post it is, if the network's answer says.
	Author parvis.Person `json:"author,omitzero"`
	// Title and Text are what the network shows, which may differ from the draft.
	Title string      `json:"title,omitempty"`
	Text  parvis.Text `json:"text"`
	// Media are the attached files, with the network's alternative texts.
	Media []parvis.Media `json:"media,omitempty"`
	// Place is where it was posted; zero for the default place.
	Place parvis.Place `json:"place,omitzero"`
	// ReplyTo is what it answers, if anything.
	ReplyTo parvis.Ref `json:"reply_to,omitzero"`
	// Visibility is who may see it.
	Visibility Visibility `json:"visibility,omitempty"`
	// Lang is the language that the network has noted.
	Lang string `json:"lang,omitempty"`
	// Warning is the content warning in front of it.
	Warning string `json:"warning,omitempty"`
	// Created, Edited and At are when it was made, last changed, and, if it is
	// scheduled, when it goes out.
	Created time.Time `json:"created,omitzero"`
	Edited  time.Time `json:"edited,omitzero"`
	At      time.Time `json:"at,omitzero"`
	// Key is the idempotency key that it was sent with.
	Key string `json:"key,omitempty"`
	// Warnings list what was changed or dropped on request; see [Adaptation].
	Warnings []Warning `json:"warnings,omitempty"`
	// Raw is the network's answer, whole.
	Raw json.RawMessage `json:"raw,omitempty"`
}

// A Warning says what was changed in a draft to make it fit, because the caller asked for it.
type Warning struct {
	// Field is the part of the draft: "text", "poll", "media[2]".
	Field string `json:"field"`
	// Text says what was done to it.
	Text string `json:"text"`
}

// String returns "field: text".
func (w Warning) String() string { return w.Field + ": " + w.Text }
