package api

import (
	"encoding/json"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/parvis-go/parvis"
)

// Web is where people read posts; addresses of posts, persons and hashtags lie below it.
const Web = "https://bsky.app"

// A PostView is a post as the app view shows it, or as its repository keeps it.
//
// https://github.com/bluesky-social/atproto/blob/main/lexicons/app/bsky/feed/defs.json
type PostView struct {
	Strong
	// Author is who wrote it. Of a bare record only the DID is known.
	Author Actor
	// Text has the facets as entities, with offsets in bytes, in order and not overlapping.
	// Facets that lie outside the text, split a character or lead nowhere are left out.
	Text parvis.Text
	// Files are the pictures or the video.
	Files []File
	// Card is the link card; nil is none.
	Card *CardView
	// Quote is the record that it shows inside; zero is none.
	Quote Strong
	// Root and Parent are what it answers: the first post of the thread and the one before.
	Root, Parent Strong
	// Langs are BCP 47 tags, Tags hashtags beside the text.
	Langs, Tags []string
	// SelfLabels are the values that the author put on it, Labels those of labelers and
	// of the author that the app view shows. A record has the first only.
	SelfLabels []string
	Labels     []Label
	// Created is the author's time, Indexed that of the app view; zero where unknown.
	Created, Indexed time.Time
	// Counts are the app view's, and Viewer what the account has done to the post.
	Counts Counts
	Viewer Viewer
	// Raw is what was read.
	Raw json.RawMessage
}

// An Actor is a person as the app view shows them.
//
// https://github.com/bluesky-social/atproto/blob/main/lexicons/app/bsky/actor/defs.json
type Actor struct {
	DID     string `json:"did"`
	Handle  string `json:"handle"`
	Name    string `json:"displayName"`
	Avatar  string `json:"avatar"`
	Created string `json:"createdAt"`
	// Labels are those on the account.
	Labels []Label `json:"labels"`
}

// A Label is a word that a labeler, or the author, has put on something.
//
// https://github.com/bluesky-social/atproto/blob/main/lexicons/com/atproto/label/defs.json
type Label struct {
	Src string `json:"src"`
	URI string `json:"uri"`
	CID string `json:"cid,omitempty"`
	Val string `json:"val"`
	Neg bool   `json:"neg,omitempty"`
	CTS string `json:"cts"`
	Exp string `json:"exp,omitempty"`
}

// Counts are the figures about a post.
type Counts struct {
	Likes     int `json:"likeCount"`
	Reposts   int `json:"repostCount"`
	Replies   int `json:"replyCount"`
	Quotes    int `json:"quoteCount"`
	Bookmarks int `json:"bookmarkCount"`
}

// Viewer is what the account has done to a post, the addresses of its own like and
// repost, and what its author or thread does not let the account do.
type Viewer struct {
	Like       string `json:"like"`
	Repost     string `json:"repost"`
	Bookmarked bool   `json:"bookmarked"`
	NoReply    bool   `json:"replyDisabled"`
	NoQuote    bool   `json:"embeddingDisabled"`
}

// A File is a picture or a video of a post. URL and Preview are the app view's addresses,
// that of a video is a playlist; a bare record has none. Width and Height are a ratio.
type File struct {
	Blob          Blob
	Alt           string
	Width, Height int
	URL, Preview  string
}

// A CardView is a link card as it is shown.
type CardView struct {
	URI         string `json:"uri"`
	Title       string `json:"title"`
	Description string `json:"description"`
	Thumb       string `json:"-"`
}

// DecodePost reads a post as the app view shows it (app.bsky.feed.defs#postView). What
// has no address or no record gives [parvis.ErrBadAnswer]; anything else that is not as it
// should be is left out.
func DecodePost(raw json.RawMessage) (PostView, error) {
	f := object(raw)
	v := PostView{
		Strong:  Strong{URI: read[string](f, "uri"), CID: read[string](f, "cid")},
		Author:  DecodeActor(f["author"]),
		Labels:  list[Label](f, "labels"),
		Indexed: ParseTime(read[string](f, "indexedAt")),
		Viewer:  read[Viewer](f, "viewer"),
		Raw:     raw,
	}
	_ = json.Unmarshal(raw, &v.Counts) // as far as it goes
	return v, v.fill(object(f["record"]), object(f["embed"]))
}

// DecodeRecord reads a post as its repository keeps it, and as streams deliver it. See [DecodePost].
func DecodeRecord(r Record) (PostView, error) {
	at, _ := ParseURI(r.URI)
	v := PostView{Strong: r.Strong, Author: Actor{DID: at.Authority}, Raw: r.Value}
	return v, v.fill(object(r.Value), nil)
}

// DecodeActor reads a person.
func DecodeActor(raw json.RawMessage) Actor {
	f := object(raw)
	return Actor{
		DID: read[string](f, "did"), Handle: read[string](f, "handle"), Name: read[string](f, "displayName"),
		Avatar: read[string](f, "avatar"), Created: read[string](f, "createdAt"), Labels: list[Label](f, "labels"),
	}
}

// fill reads the record and the app view's account of its embed.
func (v *PostView) fill(record, shown fields) error {
	if v.URI == "" || record == nil {
		return &parvis.Error{Code: parvis.ErrBadAnswer, Message: "the answer holds no post where one is due"}
	}
	v.Text.Plain = read[string](record, "text")
	v.Text.Entities = entities(v.Text.Plain, list[Facet](record, "facets"))
	v.Langs, v.Tags = list[string](record, "langs"), list[string](record, "tags")
	for _, l := range list[SelfLabel](object(record["labels"]), "values") {
		v.SelfLabels = append(v.SelfLabels, l.Val)
	}
	reply := object(record["reply"])
	v.Root, v.Parent = read[Strong](reply, "root"), read[Strong](reply, "parent")
	v.Created = ParseTime(read[string](record, "createdAt"))
	v.embed(object(record["embed"]), shown)
	return nil
}

// embed reads what the record embeds, with the addresses that the app view gives it.
func (v *PostView) embed(e, shown fields) {
	if shown.kind() != e.kind() {
		shown = nil
	}
	switch e.kind() {
	case EmbedImages:
		v.pictures(e, shown, "images")
	case EmbedGallery:
		v.pictures(e, shown, "items")
	case EmbedVideo:
		file := File{Blob: read[Blob](e, "video"), Alt: read[string](e, "alt"), URL: read[string](shown, "playlist"), Preview: read[string](shown, "thumbnail")}
		v.Files = append(v.Files, file.sized(e))
	case EmbedExternal:
		card := read[CardView](e, "external")
		card.Thumb = read[string](object(shown["external"]), "thumb")
		v.Card = &card
	case EmbedRecord:
		v.Quote = read[Strong](e, "record")
	case EmbedBoth:
		v.Quote = read[Strong](object(e["record"]), "record")
		v.embed(object(e["media"]), object(shown["media"]))
	}
}

func (v *PostView) pictures(e, shown fields, name string) {
	views := read[[]json.RawMessage](shown, name)
	for i, raw := range read[[]json.RawMessage](e, name) {
		f := object(raw)
		file := File{Blob: read[Blob](f, "image"), Alt: read[string](f, "alt")}
		if i < len(views) {
			view := object(views[i])
			file.URL, file.Preview = read[string](view, "fullsize"), read[string](view, "thumb")
			if file.Preview == "" {
				file.Preview = read[string](view, "thumbnail")
			}
		}
		v.Files = append(v.Files, file.sized(f))
	}
}

func (f File) sized(from fields) File {
	a := read[Aspect](from, "aspectRatio")
	f.Width, f.Height = a.Width, a.Height
	return f
}

// entities returns the facets of s that can be shown: those that lie in s, split no
// character, do not overlap, and lead to a web page, a person or a tag.
func entities(s string, facets []Facet) []parvis.Entity {
	var out []parvis.Entity
	for _, f := range facets {
		from, to := f.Index.Start, f.Index.End
		if from < 0 || to > len(s) || from >= to || !boundary(s, from) || !boundary(s, to) {
			continue
		}
		for _, feature := range f.Features {
			if e, ok := feature.entity(s[from:to]); ok {
				e.Start, e.End = from, to
				out = place(out, e)
				break
			}
		}
	}
	return out
}

func boundary(s string, i int) bool { return i == len(s) || utf8.RuneStart(s[i]) }

// place inserts e in order, unless it overlaps one that is there: the first one counts.
func place(es []parvis.Entity, e parvis.Entity) []parvis.Entity {
	i := len(es)
	for i > 0 && es[i-1].Start >= e.End {
		i--
	}
	if i > 0 && es[i-1].End > e.Start {
		return es
	}
	es = append(es, parvis.Entity{})
	copy(es[i+1:], es[i:])
	es[i] = e
	return es
}

// entity returns what a feature makes of a stretch of text.
func (f Feature) entity(shown string) (parvis.Entity, bool) {
	switch f.Type {
	case FacetMention:
		e := parvis.Entity{Kind: parvis.EntityMention, Value: strings.TrimPrefix(shown, "@"), URL: ProfileURL(f.DID)}
		return e, strings.HasPrefix(f.DID, "did:")
	case FacetLink:
		u, err := url.Parse(f.URI)
		ok := err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
		return parvis.Entity{Kind: parvis.EntityLink, Value: f.URI, URL: f.URI}, ok
	case FacetTag:
		return parvis.Entity{Kind: parvis.EntityHashtag, Value: f.Tag, URL: Web + "/hashtag/" + url.PathEscape(f.Tag)}, f.Tag != ""
	}
	return parvis.Entity{}, false
}

// ProfileURL returns the page of a person, by DID or handle.
func ProfileURL(actor string) string { return Web + "/profile/" + actor }

// PostURL returns the page of the post at uri, which is empty if uri is not a post's. The
// handle reads better than the DID; it may be empty or invalid ("handle.invalid").
func PostURL(uri, handle string) string {
	at, err := ParseURI(uri)
	if err != nil || at.Collection != Posts {
		return ""
	}
	if handle == "" || handle == "handle.invalid" {
		handle = at.Authority
	}
	return ProfileURL(handle) + "/post/" + at.RKey
}
