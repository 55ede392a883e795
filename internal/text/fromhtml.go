package text

import (
	"strings"
	"unicode/utf8"

	"github.com/parvis-go/parvis"
)

// FromHTML reads HTML from strangers. Plain is what a page would show, with a blank line between
// paragraphs, "- " before list items, "> " before quoted lines, alternative texts in the
// place of pictures, and nothing of scripts, styles and comments. Markup is the original.
//
// Entities are the anchors, with offsets in bytes into Plain: of class "hashtag" or rel
// "tag" hashtags, of class "mention" mentions, and all other links. The URL is the href, which is
// http, https, mailto or relative. An anchor whose address is partly hidden, in spans of class
// "invisible", shows all of it, and one without a text shows its address. Addresses that
// are no anchors are no entities; [Entities] finds those.
func FromHTML(markup string) parvis.Text {
	t := parvis.Text{Markup: markup, Format: parvis.HTML}
	t.Plain, t.Entities = plainHTML(markup)
	return t
}

// plainHTML returns the text of markup and its anchors.
func plainHTML(markup string) (string, []parvis.Entity) {
	p := plain{}
	p.b = make([]byte, 0, len(markup))
	if n := strings.Count(markup, "<a "); n > 0 {
		p.es = make([]parvis.Entity, 0, min(n, 64))
	}
	walk(validUTF8(markup), &p)
	p.endAnchor()
	s := string(p.b)
	for i := range p.es {
		e := &p.es[i]
		switch shown := s[e.Start:e.End]; e.Kind {
		case parvis.EntityMention:
			e.Value = strings.TrimPrefix(shown, "@")
		case parvis.EntityHashtag:
			e.Value = strings.TrimPrefix(strings.TrimPrefix(shown, "#"), "＃")
		default:
			e.Value = e.URL
		}
	}
	if len(p.es) == 0 {
		p.es = nil
	}
	return s, p.es
}

func validUTF8(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

// plain is the sink that lays out plain text.
type plain struct {
	flow
	es    []parvis.Entity
	href  string // of the open anchor; empty if none is open
	kind  parvis.EntityKind
	cells int // in the open table row
}

func (p *plain) text(s string) { p.words(s) }

func (p *plain) open(t *tag) {
	switch t.name {
	case "span":
	case "a":
		p.endAnchor()
		p.openAnchor(t)
	case "img":
		p.words(t.alt)
	case "hr":
		p.block(2)
		p.write("---")
		p.block(2)
	case "td", "th":
		if p.cells++; p.cells > 1 {
			p.words(" | ")
		}
	default:
		if t.name == "tr" {
			p.cells = 0
		}
		p.openBlock(t)
	}
}

func (p *plain) close(name string) {
	switch name {
	case "span":
	case "a":
		p.endAnchor()
	default:
		p.closeBlock(name)
	}
}

func (p *plain) openAnchor(t *tag) {
	href, ok := safeURL(t.href, true)
	if !ok {
		return
	}
	p.href, p.waits, p.kind = href, true, parvis.EntityLink
	if hasWord(t.class, "hashtag") || hasWord(t.rel, "tag") {
		p.kind = parvis.EntityHashtag
	} else if hasWord(t.class, "mention") {
		p.kind = parvis.EntityMention
	}
}

// endAnchor makes the open anchor an entity.
func (p *plain) endAnchor() {
	if p.href == "" {
		return
	}
	if p.waits && schemeLen(p.href) > 0 {
		p.kind = parvis.EntityLink
		p.words(strings.ReplaceAll(p.href, " ", "%20"))
	}
	if !p.waits {
		p.es = append(p.es, parvis.Entity{Kind: p.kind, Start: p.start, End: len(p.b), URL: p.href})
	}
	p.href, p.waits = "", false
}

// hasWord reports whether word is one of the words in list, as in a class attribute.
func hasWord(list, word string) bool {
	for list != "" {
		i := strings.Index(list, word)
		if i < 0 {
			return false
		}
		end := i + len(word)
		if (i == 0 || isSpace(list[i-1])) && (end == len(list) || isSpace(list[end])) {
			return true
		}
		list = list[end:]
	}
	return false
}
