package publish

import (
	"slices"
	"strings"

	"github.com/parvis-go/parvis/internal/text"
)

// An Option changes how a door treats a draft. Without options a draft that does not fit
// is refused whole, with every problem listed.
type Option string

// Stricter rules, for clients whose policy asks for them.
const (
	// RequireAlt refuses pictures, videos and sounds without alternative text.
	RequireAlt Option = "require alt"
	// RequireLang refuses drafts that do not say their language.
	RequireLang Option = "require lang"
)

// Adaptations: what may be changed in a draft to make it fit. Whatever is done is
// listed in [Post.Warnings].
const (
	// Shorten cuts a text that is too long, at a word, and ends it with "…".
	Shorten Option = "shorten"
	// DropPoll leaves out a poll that the network does not take.
	DropPoll Option = "drop poll"
	// DropMedia leaves out the media that are too many, and all where there can be none.
	DropMedia Option = "drop media"
	// DropExtras leaves out what the network has no place for: title, link card, tags,
	// categories, language, warning, slug, excerpt, canonical address, stickiness.
	DropExtras Option = "drop extras"
)

func has(opts []Option, o Option) bool { return slices.Contains(opts, o) }

// adapt changes d as far as opts allow and lists what it did.
func adapt(d Draft, sup Support, opts []Option) (Draft, []Warning) {
	var did []Warning
	note := func(field, what string) { did = append(did, Warning{field, what}) }
	if has(opts, DropPoll) && d.Poll != nil && !sup.Poll.OK() {
		d.Poll = nil
		note("poll", "dropped: the network takes no polls here")
	}
	if has(opts, DropMedia) && len(d.Media) > sup.Media.Max {
		d.Media = d.Media[:sup.Media.Max]
		note("media", "dropped those over the limit")
	}
	if has(opts, DropExtras) {
		for _, x := range extras(d, sup) {
			if x.used && !x.sup.OK() && d.drop(x.field) {
				note(x.field, "dropped: the network has no place for it")
			}
		}
	}
	if has(opts, Shorten) {
		if s, short := shorten(d, sup); short {
			d.Text, d.Format = s, ""
			note("text", "shortened")
		}
	}
	return d, did
}

func shorten(d Draft, sup Support) (string, bool) {
	s, err := d.TextIn("")
	if err != nil {
		return "", false
	}
	cut := text.Cut(s, sup.Text, "…")
	return cut, strings.TrimSpace(cut) != "" && cut != s
}
