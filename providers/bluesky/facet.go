package bluesky

import (
	"context"
	"errors"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/text"
	"github.com/parvis-go/parvis/providers/bluesky/internal/api"
	"github.com/parvis-go/parvis/publish"
)

// The lengths of a tag, in the text or beside it.
//
// https://github.com/bluesky-social/atproto/blob/main/lexicons/app/bsky/richtext/facet.json
const (
	maxTagGraphemes = 64
	maxTagBytes     = 640
)

// body returns the text of a draft as readers see it, and the stretches of it that mean
// more than their letters, with offsets in bytes, in order and not overlapping. Markdown
// and HTML become plain text whose labels are links.
func body(d publish.Draft) (string, []parvis.Entity, error) {
	if d.Format == parvis.Plain {
		s := strings.ToValidUTF8(d.Text, "\uFFFD")
		return s, marks(s, nil), nil
	}
	markup, err := d.TextIn(parvis.HTML)
	if err != nil {
		return "", nil, err
	}
	t := text.FromHTML(markup)
	return t.Plain, marks(t.Plain, t.Entities), nil
}

// marks finds the links, mentions and hashtags in s, as the network's own app does, beside
// the anchors that the markup had. Where two overlap, anchors go before links, links
// before mentions, and mentions before hashtags.
func marks(s string, anchors []parvis.Entity) []parvis.Entity {
	var out []parvis.Entity
	add := func(es []parvis.Entity) {
		for _, e := range es {
			i, _ := slices.BinarySearchFunc(out, e, func(a, b parvis.Entity) int { return a.Start - b.Start })
			if i > 0 && out[i-1].End > e.Start || i < len(out) && out[i].Start < e.End {
				continue
			}
			out = slices.Insert(out, i, e)
		}
	}
	add(links(anchors))
	add(links(text.Entities(s, text.BareDomains())))
	add(mentions(s))
	add(hashtags(s))
	return out
}

// links returns those of es that lead to a web page.
func links(es []parvis.Entity) []parvis.Entity {
	var out []parvis.Entity
	for _, e := range es {
		lower := strings.ToLower(e.URL)
		if e.Kind != parvis.EntityLink || e.Start >= e.End || !strings.HasPrefix(lower, "http://") && !strings.HasPrefix(lower, "https://") {
			continue
		}
		e.URL = strings.ReplaceAll(e.URL, " ", "%20")
		e.Value = e.URL
		out = append(out, e)
	}
	return out
}

// mentions finds @handle: at the beginning, after white space or an opening bracket, and
// with the syntax of a handle. Value is the handle in lower case.
//
// https://docs.bsky.app/docs/advanced-guides/post-richtext
func mentions(s string) []parvis.Entity {
	var out []parvis.Entity
	for i := 0; i < len(s); i++ {
		if s[i] != '@' || !begins(s, i, true) {
			continue
		}
		end := i + 1
		for end < len(s) && inHandle(s[end]) {
			end++
		}
		whole := end
		for end > i+1 && (s[end-1] == '.' || s[end-1] == '-') {
			end--
		}
		cut := end == whole && end < len(s) && s[end] == '_' // the word goes on
		if handle := strings.ToLower(s[i+1 : end]); !cut && api.ValidHandle(handle) {
			out = append(out, parvis.Entity{Kind: parvis.EntityMention, Start: i, End: end, Value: handle})
		}
		i = max(i, end-1)
	}
	return out
}

func inHandle(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '-'
}

// begins reports whether something that starts at i begins a word: at the start of s, after
// white space or, if bracket is set, after an opening bracket.
func begins(s string, i int, bracket bool) bool {
	if i == 0 {
		return true
	}
	r, _ := utf8.DecodeLastRuneInString(s[:i])
	return isSpace(r) || bracket && r == '('
}

func isSpace(r rune) bool { return unicode.IsSpace(r) || r == '\uFEFF' }

// hashtags finds # with what follows up to white space or an invisible character, without
// punctuation at its end: at the start or after white space, and with something that is
// neither a digit nor punctuation. Value has no #.
func hashtags(s string) []parvis.Entity {
	var out []parvis.Entity
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		if r != '#' && r != '＃' || !begins(s, i, false) {
			i += size
			continue
		}
		start, end := i+size, tagEnd(s, i+size)
		i = max(end, start)
		if strings.HasPrefix(s[start:], "\uFE0F") { // the keycap
			continue
		}
		tag := s[start:end]
		if !strings.ContainsFunc(tag, wordy) {
			continue
		}
		tag = strings.TrimRightFunc(tag, unicode.IsPunct)
		if fitsTag(tag) {
			out = append(out, parvis.Entity{Kind: parvis.EntityHashtag, Start: start - size, End: start + len(tag), Value: tag})
		}
	}
	return out
}

// tagEnd returns where the hashtag whose letters begin at i ends.
func tagEnd(s string, i int) int {
	for j, r := range s[i:] {
		if isSpace(r) || strings.ContainsRune("\u00AD\u2060\u200A\u200B\u200C\u200D\u20E2", r) {
			return i + j
		}
	}
	return len(s)
}

// wordy reports whether r makes more of a hashtag than a number.
func wordy(r rune) bool { return (r < '0' || r > '9') && !unicode.IsPunct(r) }

func fitsTag(tag string) bool {
	return tag != "" && len(tag) <= maxTagBytes && text.CountUnit(tag, parvis.Graphemes) <= maxTagGraphemes
}

// facets makes the entities of a text facets. Mentions of handles that nobody has stay
// plain text, and are told in warnings.
func (c *Client) facets(ctx context.Context, es []parvis.Entity) ([]api.Facet, []publish.Warning, error) {
	var out []api.Facet
	var warnings []publish.Warning
	known := map[string]string{}
	for _, e := range es {
		f := api.Feature{Type: api.FacetLink, URI: e.URL}
		switch e.Kind {
		case parvis.EntityHashtag:
			f = api.Feature{Type: api.FacetTag, Tag: e.Value}
		case parvis.EntityMention:
			did, asked := known[e.Value]
			if !asked {
				var err error
				if did, err = c.mentioned(ctx, e.Value); err != nil {
					return nil, nil, err
				}
				known[e.Value] = did
				if did == "" {
					warnings = append(warnings, publish.Warning{Field: "text", Text: "@" + e.Value + " is nobody on the network, and stays plain text"})
				}
			}
			if did == "" {
				continue
			}
			f = api.Feature{Type: api.FacetMention, DID: did}
		}
		out = append(out, api.Facet{Index: api.Slice{Start: e.Start, End: e.End}, Features: []api.Feature{f}})
	}
	return out, warnings, nil
}

// mentioned returns the DID of a handle, or "" if nobody has it.
func (c *Client) mentioned(ctx context.Context, handle string) (string, error) {
	if a := c.Account(); a.ID != "" && strings.EqualFold(a.Handle, handle) {
		return a.ID, nil
	}
	did, err := c.api.ResolveHandle(ctx, "publish", handle)
	if errors.Is(err, parvis.ErrNotFound) || errors.Is(err, parvis.ErrInvalid) {
		return "", nil
	}
	if err == nil && !api.ValidDID(did) {
		return "", nil
	}
	return did, err
}
