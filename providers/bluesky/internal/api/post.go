package api

import (
	"encoding/json"
	"strings"
	"time"
)

// The collections of posts, of what is done to them, and of their gates.
//
// https://github.com/bluesky-social/atproto/tree/main/lexicons/app/bsky/feed
const (
	Posts       = "app.bsky.feed.post"
	Likes       = "app.bsky.feed.like"
	Reposts     = "app.bsky.feed.repost"
	ThreadGates = "app.bsky.feed.threadgate"
	PostGates   = "app.bsky.feed.postgate"
)

// The types of embeds.
//
// https://github.com/bluesky-social/atproto/tree/main/lexicons/app/bsky/embed
const (
	EmbedImages   = "app.bsky.embed.images"
	EmbedGallery  = "app.bsky.embed.gallery"
	EmbedVideo    = "app.bsky.embed.video"
	EmbedExternal = "app.bsky.embed.external"
	EmbedRecord   = "app.bsky.embed.record"
	EmbedBoth     = "app.bsky.embed.recordWithMedia"
)

// The features of facets.
//
// https://github.com/bluesky-social/atproto/blob/main/lexicons/app/bsky/richtext/facet.json
const (
	FacetMention = "app.bsky.richtext.facet#mention"
	FacetLink    = "app.bsky.richtext.facet#link"
	FacetTag     = "app.bsky.richtext.facet#tag"
)

// SelfLabelsType is the type of a record's own labels.
//
// https://github.com/bluesky-social/atproto/blob/main/lexicons/com/atproto/label/defs.json
const SelfLabelsType = "com.atproto.label.defs#selfLabels"

// A Post is a post as it is written.
//
// https://github.com/bluesky-social/atproto/blob/main/lexicons/app/bsky/feed/post.json
type Post struct {
	Type      string      `json:"$type"`
	Text      string      `json:"text"`
	Facets    []Facet     `json:"facets,omitempty"`
	Reply     *Reply      `json:"reply,omitempty"`
	Embed     any         `json:"embed,omitempty"`
	Langs     []string    `json:"langs,omitempty"`
	Labels    *SelfLabels `json:"labels,omitempty"`
	Tags      []string    `json:"tags,omitempty"`
	CreatedAt string      `json:"createdAt"`
}

// A Reply says what a post answers.
type Reply struct {
	Root   Strong `json:"root"`
	Parent Strong `json:"parent"`
}

// A Facet marks a stretch of a text. The index counts bytes of UTF-8, the end is exclusive.
type Facet struct {
	Index    Slice     `json:"index"`
	Features []Feature `json:"features"`
}

// A Slice is a stretch of a text.
type Slice struct {
	Start int `json:"byteStart"`
	End   int `json:"byteEnd"`
}

// A Feature says what a stretch is: a mention with its DID, a link with its URI, or a tag.
type Feature struct {
	Type string `json:"$type"`
	DID  string `json:"did,omitempty"`
	URI  string `json:"uri,omitempty"`
	Tag  string `json:"tag,omitempty"`
}

// SelfLabels are the labels that an author puts on a record.
type SelfLabels struct {
	Type   string      `json:"$type"`
	Values []SelfLabel `json:"values"`
}

// A SelfLabel is one of them.
type SelfLabel struct {
	Val string `json:"val"`
}

// A Blob is a file that a PDS keeps, as records refer to it.
//
// https://atproto.com/specs/data-model#blob-type
type Blob struct {
	Type string `json:"$type"`
	Ref  Link   `json:"ref"`
	Mime string `json:"mimeType"`
	Size int64  `json:"size"`
}

// A Link is a content identifier inside a record.
type Link struct {
	CID string `json:"$link"`
}

// NewBlob returns the reference to a file with that CID.
func NewBlob(cid, mime string, size int64) Blob {
	return Blob{Type: "blob", Ref: Link{CID: cid}, Mime: mime, Size: size}
}

// An Aspect is the ratio of width to height.
type Aspect struct {
	Width  int `json:"width"`
	Height int `json:"height"`
}

// An Image is one picture of an embed.
type Image struct {
	Image  Blob    `json:"image"`
	Alt    string  `json:"alt"`
	Aspect *Aspect `json:"aspectRatio,omitempty"`
}

// Images is the embed of pictures.
type Images struct {
	Type   string  `json:"$type"`
	Images []Image `json:"images"`
}

// Video is the embed of a video.
type Video struct {
	Type     string    `json:"$type"`
	Video    Blob      `json:"video"`
	Captions []Caption `json:"captions,omitempty"`
	Alt      string    `json:"alt,omitempty"`
	Aspect   *Aspect   `json:"aspectRatio,omitempty"`
}

// A Caption is a WebVTT file of subtitles in one language.
type Caption struct {
	Lang string `json:"lang"`
	File Blob   `json:"file"`
}

// External is the embed of a link card.
type External struct {
	Type     string `json:"$type"`
	External Card   `json:"external"`
}

// A Card shows a page. The thumb is a picture of up to a million bytes.
type Card struct {
	URI         string `json:"uri"`
	Title       string `json:"title"`
	Description string `json:"description"`
	Thumb       *Blob  `json:"thumb,omitempty"`
}

// Quote is the embed of another record.
type Quote struct {
	Type   string `json:"$type"`
	Record Strong `json:"record"`
}

// QuoteWithMedia is the embed of another record and of files or a card beside it.
type QuoteWithMedia struct {
	Type   string `json:"$type"`
	Record Quote  `json:"record"`
	Media  any    `json:"media"`
}

// A Subject is a like or repost as it is written.
type Subject struct {
	Type      string `json:"$type"`
	Subject   Strong `json:"subject"`
	CreatedAt string `json:"createdAt"`
}

// timeForm is how records write times: the preferred form of the data model.
//
// https://atproto.com/specs/lexicon#datetime
const timeForm = "2006-01-02T15:04:05.000Z"

// FormatTime writes a time as records do: in UTC, with milliseconds.
func FormatTime(t time.Time) string { return t.UTC().Format(timeForm) }

// ParseTime reads a time of a record. What is none is zero.
func ParseTime(s string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}

// fields is a JSON object whose values are read one by one, so that one that is not as it
// should be spoils no other: records come from strangers, and not every server checks them.
type fields map[string]json.RawMessage

// object reads raw as an object; what is none has no fields.
func object(raw json.RawMessage) fields {
	var f fields
	if json.Unmarshal(raw, &f) != nil {
		return nil
	}
	return f
}

// read returns a field, or the zero value if it is missing or of another type.
func read[T any](f fields, name string) T {
	var v T
	if raw, ok := f[name]; ok && json.Unmarshal(raw, &v) != nil {
		var zero T
		return zero
	}
	return v
}

// list returns the elements of a field, those left out that are of another type.
func list[T any](f fields, name string) []T {
	var out []T
	for _, raw := range read[[]json.RawMessage](f, name) {
		var v T
		if json.Unmarshal(raw, &v) == nil {
			out = append(out, v)
		}
	}
	return out
}

// kind returns the type of an object without the "#view" of what the app view shows.
func (f fields) kind() string {
	return strings.TrimSuffix(read[string](f, "$type"), "#view")
}
