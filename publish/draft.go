package publish

import (
	"cmp"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/text"
)

// A Draft is what somebody wants to say, for any network. It is data: it can be stored,
// shown, compared and sent over a wire. Its zero value says nothing, and every field may
// stay empty as long as the network does not want it.
type Draft struct {
	// Text is the body, written in Format.
	Text   string        `json:"text,omitempty"`
	Format parvis.Format `json:"format,omitempty"`
	// Title is the headline, for networks that have one.
	Title string `json:"title,omitempty"`
	// Media are the files that go with it, in order.
	Media []parvis.Media `json:"media,omitempty"`
	// Link is an address to show as a card, apart from links in the text.
	Link string `json:"link,omitempty"`
	// Poll asks a question with choices.
	Poll *Poll `json:"poll,omitempty"`
	// ReplyTo makes it an answer; Quote shows another post inside this one.
	ReplyTo parvis.Ref `json:"reply_to,omitzero"`
	Quote   parvis.Ref `json:"quote,omitzero"`
	// Place is where it goes; zero is the account's own timeline.
	Place parvis.Place `json:"place,omitzero"`
	// Visibility is who may see it; zero is the account's default.
	Visibility Visibility `json:"visibility,omitempty"`
	// Lang is the language as a BCP 47 tag such as "fr".
	Lang string `json:"lang,omitempty"`
	// Warning is a content warning that readers see first.
	Warning string `json:"warning,omitempty"`
	// Sensitive asks the network to veil the media.
	Sensitive bool `json:"sensitive,omitempty"`
	// Tags are hashtags or tags, without #. Networks that have no tags beside the text refuse them.
	Tags []string `json:"tags,omitempty"`
	// Categories are names of a blog's or forum's categories.
	Categories []string `json:"categories,omitempty"`
	// Slug, Excerpt and Canonical are for search engines: the last part of the
	// address, the summary, and the address of the original.
	Slug      string `json:"slug,omitempty"`
	Excerpt   string `json:"excerpt,omitempty"`
	Canonical string `json:"canonical,omitempty"`
	// Sticky keeps the post at the top of its place.
	Sticky bool `json:"sticky,omitempty"`
	// At asks the network to hold the post until then (native scheduling); zero is now.
	At time.Time `json:"at,omitzero"`
	// On changes the draft for single networks.
	On map[parvis.Network]Override `json:"on,omitempty"`
	// Key identifies the intention to post: two attempts with one key are the same post.
	// [To] makes a random one if it is empty. Networks that honour keys get it; for
	// others it helps [Reconcile].
	Key string `json:"key,omitempty"`
}

// An Override replaces parts of a draft for one network. Empty fields replace nothing.
type Override struct {
	Text       string         `json:"text,omitempty"`
	Format     parvis.Format  `json:"format,omitempty"`
	Title      string         `json:"title,omitempty"`
	Media      []parvis.Media `json:"media,omitempty"`
	Link       string         `json:"link,omitempty"`
	Place      parvis.Place   `json:"place,omitzero"`
	Visibility Visibility     `json:"visibility,omitempty"`
	Lang       string         `json:"lang,omitempty"`
	Warning    string         `json:"warning,omitempty"`
	Tags       []string       `json:"tags,omitempty"`
	Categories []string       `json:"categories,omitempty"`
	Slug       string         `json:"slug,omitempty"`
	Excerpt    string         `json:"excerpt,omitempty"`
	Canonical  string         `json:"canonical,omitempty"`
	At         time.Time      `json:"at,omitzero"`
	// Drop names fields of the draft that this network does not get: "poll", "media",
	// "link", "title", "tags", "categories", "warning", "quote".
	Drop []string `json:"drop,omitempty"`
}

// For returns the draft as it is for the network n: with the override for n applied,
// and without any overrides. If an override brings a text, its Format counts for that text.
func (d Draft) For(n parvis.Network) Draft {
	o, ok := d.On[n]
	d.On = nil
	if !ok {
		return d
	}
	for _, field := range o.Drop {
		d.drop(field)
	}
	if o.Text != "" {
		d.Text, d.Format = o.Text, o.Format
	}
	d.Title = cmp.Or(o.Title, d.Title)
	d.Link = cmp.Or(o.Link, d.Link)
	d.Place = cmp.Or(o.Place, d.Place)
	d.Visibility = cmp.Or(o.Visibility, d.Visibility)
	d.Lang = cmp.Or(o.Lang, d.Lang)
	d.Warning = cmp.Or(o.Warning, d.Warning)
	d.Slug = cmp.Or(o.Slug, d.Slug)
	d.Excerpt = cmp.Or(o.Excerpt, d.Excerpt)
	d.Canonical = cmp.Or(o.Canonical, d.Canonical)
	d.At = cmp.Or(o.At, d.At)
	d.Media = either(o.Media, d.Media)
	d.Tags = either(o.Tags, d.Tags)
	d.Categories = either(o.Categories, d.Categories)
	return d
}

func either[T any](a, b []T) []T {
	if len(a) > 0 {
		return a
	}
	return b
}

// drop empties one field by its JSON name and reports whether there is such a field.
func (d *Draft) drop(field string) bool {
	switch field {
	case "poll":
		d.Poll = nil
	case "media":
		d.Media = nil
	case "link":
		d.Link = ""
	case "title":
		d.Title = ""
	case "tags":
		d.Tags = nil
	case "categories":
		d.Categories = nil
	case "warning":
		d.Warning, d.Sensitive = "", false
	case "quote":
		d.Quote = parvis.Ref{}
	case "lang":
		d.Lang = ""
	case "excerpt":
		d.Excerpt = ""
	case "slug":
		d.Slug = ""
	case "canonical":
		d.Canonical = ""
	case "sticky":
		d.Sticky = false
	default:
		return false
	}
	return true
}

// TextIn returns the draft's text converted from its own format to f, for providers
// whose network wants f.
func (d Draft) TextIn(f parvis.Format) (string, error) {
	s, err := text.Convert(d.Text, d.Format, f)
	if err != nil {
		return "", &parvis.Error{Code: parvis.ErrInvalid, Message: "the text cannot be converted", Err: err}
	}
	return s, nil
}

// A Poll asks a question with choices; the draft's text is the question.
type Poll struct {
	// Options are the choices, in order.
	Options []string `json:"options"`
	// Multiple lets people choose more than one.
	Multiple bool `json:"multiple,omitempty"`
	// For is how long people may vote; 0 is the network's default, or 24 hours where it has none.
	For time.Duration `json:"for,omitempty"`
	// HideTotals hides the counts until the end, where the network can.
	HideTotals bool `json:"hide_totals,omitempty"`
}

// Visibility is who may see a post.
type Visibility string

// The degrees of visibility; networks have some of them.
const (
	Public    Visibility = "public"    // everybody
	Unlisted  Visibility = "unlisted"  // everybody who has the link; not in public lists
	Followers Visibility = "followers" // followers, subscribers, members
	Direct    Visibility = "direct"    // only the people mentioned
	Private   Visibility = "private"   // only the account and its team
)
