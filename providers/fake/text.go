package fake

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/publish"
)

// content is what the draft says, in the network's format. The draft has been checked, so
// that its text can be converted.
func (a *Account) content(d publish.Draft, files []*upload) content {
	c := content{
		title: d.Title, link: d.Link, lang: d.Lang, warning: d.Warning, sensitive: d.Sensitive, media: files,
		tags: slices.Clone(d.Tags), categories: slices.Clone(d.Categories), slug: d.Slug, excerpt: d.Excerpt, canonical: d.Canonical,
	}
	c.text.Plain, _ = d.TextIn(parvis.Plain)
	if f := a.n.sup.Formats; len(f) > 0 && f[0] != parvis.Plain {
		c.text.Markup, _ = d.TextIn(f[0])
		c.text.Format = f[0]
	}
	c.text.Entities = a.n.entities(c.text.Plain)
	return c
}

// entities finds links, hashtags, and mentions of people who are on the network.
func (n *Network) entities(s string) []parvis.Entity {
	var found []parvis.Entity
	before := ' '
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		e := parvis.Entity{Start: i}
		if !unicode.IsLetter(before) && !unicode.IsDigit(before) {
			n.entity(&e, s[i:])
		}
		if e.Kind == "" {
			before, i = r, i+size
			continue
		}
		e.End = i + e.End
		found = append(found, e)
		before, _ = utf8.DecodeLastRuneInString(s[:e.End])
		i = e.End
	}
	return found
}

// entity sets e to the entity with which s begins, if it does. End counts from there.
func (n *Network) entity(e *parvis.Entity, s string) {
	switch {
	case strings.HasPrefix(s, "https://") || strings.HasPrefix(s, "http://"):
		end := strings.IndexFunc(s, unicode.IsSpace)
		if end < 0 {
			end = len(s)
		}
		link := strings.TrimRight(s[:end], ".,;:!?)»\"'")
		e.Kind, e.End, e.Value, e.URL = parvis.EntityLink, len(link), link, link
	case s[0] == '@':
		name := strings.TrimRight(word(s[1:], "_.-"), ".-")
		if p := n.handles[name]; p != nil && name != "" {
			e.Kind, e.End, e.Value, e.URL = parvis.EntityMention, 1+len(name), name, n.address(name)
		}
	case s[0] == '#':
		if tag := word(s[1:], "_"); tag != "" {
			e.Kind, e.End, e.Value, e.URL = parvis.EntityHashtag, 1+len(tag), tag, n.address("tags/"+tag)
		}
	}
}

// word is the beginning of s that consists of letters, digits, marks and the characters in also.
func word(s, also string) string {
	end := strings.IndexFunc(s, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) && !strings.ContainsRune(also, r)
	})
	if end < 0 {
		return s
	}
	return s[:end]
}
