package publish

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/parvis-go/parvis"
)

// Support says what an account can do in one place, with limits. A provider fills in the
// degrees through [Supporter]; [SupportOf] sets to no whatever the provider's interfaces
// cannot do. It is data, for programs and for people.
type Support struct {
	// Text and Title are the rules about lengths. An empty Title with Headline no means
	// that there is no title.
	Text  parvis.TextLimits `json:"text,omitempty"`
	Title parvis.TextLimits `json:"title,omitempty"`
	// WarningCounts tells that the content warning counts with the text.
	WarningCounts bool `json:"warning_counts,omitempty"`
	// TextOptional tells that a post may have no text even without media or poll.
	TextOptional bool `json:"text_optional,omitempty"`
	// Formats are the formats that the network itself understands, best first. Drafts
	// in another are converted.
	Formats []parvis.Format `json:"formats,omitempty"`
	// Media is what may be attached, Poll the rules of polls.
	Media MediaSupport `json:"media"`
	Poll  PollSupport  `json:"poll"`
	// Visibilities are the degrees that a draft may ask for.
	Visibilities []Visibility `json:"visibilities,omitempty"`

	// What a draft may carry.
	Headline   parvis.Support `json:"headline"` // a title
	Link       parvis.Support `json:"link"`     // a link card by itself
	Reply      parvis.Support `json:"reply"`
	Quote      parvis.Support `json:"quote"`
	Lang       parvis.Support `json:"lang"`
	Warning    parvis.Support `json:"warning"`
	Tags       parvis.Support `json:"tags"`
	Categories parvis.Support `json:"categories"`
	Slug       parvis.Support `json:"slug"`
	Excerpt    parvis.Support `json:"excerpt"`
	Canonical  parvis.Support `json:"canonical"`
	Sticky     parvis.Support `json:"sticky"`
	Schedule   WindowSupport  `json:"schedule"` // native scheduling

	// What can be done afterwards.
	Get       parvis.Support `json:"get"`
	Edit      parvis.Support `json:"edit"`
	Delete    parvis.Support `json:"delete"`
	Trash     parvis.Support `json:"trash"`
	React     parvis.Support `json:"react"`
	Reconcile parvis.Support `json:"reconcile"`
	Metrics   parvis.Support `json:"metrics"`
	Places    parvis.Support `json:"places"`
	PlaceEdit parvis.Support `json:"place_edit"`

	// Reactions are those that React takes; empty with React yes means any emoji.
	Reactions []Reaction `json:"reactions,omitempty"`
	// Key tells for how long the network remembers idempotency keys; no means that a
	// lost answer can only be reconciled.
	Key KeySupport `json:"key"`
	// Prices are what a post costs, in order; none is free. [Estimate] adds them up.
	Prices []Price `json:"prices,omitempty"`
	// MissingScopes are those that the account was not granted.
	MissingScopes []string `json:"missing_scopes,omitempty"`
}

// MediaSupport is what may be attached to a post. The zero value is nothing.
type MediaSupport struct {
	// Max is the number of files, Min the number that a post must have.
	Max int `json:"max"`
	Min int `json:"min,omitempty"`
	// Rules are tried in order; the first whose Type matches decides. A file that
	// matches none is refused.
	Rules []MediaRule `json:"rules,omitempty"`
	// Refused are types that the network has elsewhere and that are refused here, with the reason.
	Refused []MediaRefusal `json:"refused,omitempty"`
	// Alone lists the classes of which a post takes one and nothing else: "video", "audio".
	Alone []string `json:"alone,omitempty"`
	// Alt is the rule about alternative texts; Alt.Max 0 means that there are none.
	Alt parvis.TextLimit `json:"alt,omitzero"`
	// URL tells that the network fetches media from public addresses, Bytes that it
	// takes uploads.
	URL   bool `json:"url,omitempty"`
	Bytes bool `json:"bytes,omitempty"`
	// WithPoll tells that media and a poll go together.
	WithPoll bool `json:"with_poll,omitempty"`
}

// MediaRule limits one type of media.
type MediaRule struct {
	// Type is a MIME type or a class such as "image/*".
	Type string `json:"type"`
	// MaxBytes is the largest file, 0 unlimited.
	MaxBytes int64 `json:"max_bytes,omitempty"`
	// MaxPixels is the largest product of width and height, 0 unlimited.
	MaxPixels int64 `json:"max_pixels,omitempty"`
}

func (r MediaRule) matches(mime string) bool { return isType(mime, r.Type) }

// MediaRefusal says why one type of media cannot be sent here: an account without the
// right, a server without the service.
type MediaRefusal struct {
	// Type is a MIME type or a class such as "video/*".
	Type string `json:"type"`
	// Why is the reason, in one clause.
	Why string `json:"why"`
}

// isType reports whether a MIME type is the wanted one, or of the wanted class.
func isType(mime, wanted string) bool {
	class, whole := strings.CutSuffix(wanted, "/*")
	return wanted == mime || whole && strings.HasPrefix(mime, class+"/") || wanted == "*/*"
}

// PollSupport is what a poll may be. MaxOptions 0 means no polls.
type PollSupport struct {
	MinOptions int              `json:"min_options,omitempty"`
	MaxOptions int              `json:"max_options,omitempty"`
	Option     parvis.TextLimit `json:"option,omitzero"`
	Shortest   time.Duration    `json:"shortest,omitempty"`
	Longest    time.Duration    `json:"longest,omitempty"`
	Multiple   bool             `json:"multiple,omitempty"`
}

// OK reports whether there are polls.
func (p PollSupport) OK() bool { return p.MaxOptions > 0 }

// String says it in words: "2–4 options, up to 50 characters".
func (p PollSupport) String() string {
	if !p.OK() {
		return "no"
	}
	s := fmt.Sprintf("%d–%d options", max(p.MinOptions, 2), p.MaxOptions)
	if p.Option.Max > 0 {
		s += fmt.Sprintf(", up to %d characters", p.Option.Max)
	}
	return s
}

// WindowSupport is support for something within a span of time from now.
type WindowSupport struct {
	parvis.Support
	// Least and Most bound how far ahead; 0 is unbounded.
	Least time.Duration `json:"least,omitempty"`
	Most  time.Duration `json:"most,omitempty"`
}

// KeySupport says how far the network honours idempotency keys.
type KeySupport struct {
	parvis.Support
	// For is how long a key is remembered; 0 with a yes means for ever.
	For time.Duration `json:"for,omitempty"`
}

// A Supporter gives the degrees of what a provider can do in a place. Every provider
// should be one; without it [Check] knows no limits.
type Supporter interface {
	// PublishSupport may call the network (once, then remember). A zero place is the default one.
	PublishSupport(ctx context.Context, place parvis.Place) (Support, error)
}

// SupportOf returns what p can do in place: what the provider says, narrowed to the
// interfaces that it has.
func SupportOf(ctx context.Context, p Publisher, place parvis.Place) (Support, error) {
	a := p.Account()
	if err := a.Owns(place.Ref); err != nil {
		return Support{}, parvis.In(err, a, "ask for support", parvis.ErrInvalid)
	}
	sup, err := supportFor(ctx, p, place)
	if err != nil {
		return Support{}, parvis.In(err, a, "ask for support", parvis.ErrUnavailable)
	}
	return sup, nil
}

func supportFor(ctx context.Context, p Publisher, place parvis.Place) (Support, error) {
	s, ok := parvis.As[Supporter](p)
	if !ok {
		return Support{}, parvis.Unsupported(p.Account(), "ask for support", "the provider does not say what it supports")
	}
	sup, err := s.PublishSupport(ctx, place)
	if err != nil {
		return Support{}, err
	}
	narrow[Getter](p, &sup.Get)
	narrow[Editor](p, &sup.Edit)
	narrow[Deleter](p, &sup.Delete)
	narrow[Trasher](p, &sup.Trash)
	narrow[Reactor](p, &sup.React)
	narrow[Reconciler](p, &sup.Reconcile)
	narrow[Metrics](p, &sup.Metrics)
	narrow[Places](p, &sup.Places)
	narrow[PlaceEditor](p, &sup.PlaceEdit)
	narrow[Scheduler](p, &sup.Schedule.Support)
	return sup, nil
}

// narrow sets s to no if p lacks the power T.
func narrow[T any](p any, s *parvis.Support) {
	if _, ok := parvis.As[T](p); !ok {
		*s = parvis.Support{Why: s.Why}
	}
}

// extra is a field of a draft that a network may have no place for.
type extra struct {
	field string
	used  bool
	sup   parvis.Support
}

func extras(d Draft, sup Support) []extra {
	return []extra{
		{"title", d.Title != "", sup.Headline},
		{"link", d.Link != "", sup.Link},
		{"lang", d.Lang != "", sup.Lang},
		{"warning", d.Warning != "" || d.Sensitive, sup.Warning},
		{"tags", len(d.Tags) > 0, sup.Tags},
		{"categories", len(d.Categories) > 0, sup.Categories},
		{"slug", d.Slug != "", sup.Slug},
		{"excerpt", d.Excerpt != "", sup.Excerpt},
		{"canonical", d.Canonical != "", sup.Canonical},
		{"sticky", d.Sticky, sup.Sticky},
		{"reply", !d.ReplyTo.IsZero(), sup.Reply},
		{"quote", !d.Quote.IsZero(), sup.Quote},
		{"schedule", !d.At.IsZero(), sup.Schedule.Support},
		{
			"visibility", d.Visibility != "" && !slices.Contains(sup.Visibilities, d.Visibility),
			parvis.Never("the network has no visibility " + string(d.Visibility)),
		},
	}
}
