package text

import (
	"strings"
	"sync"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/renderer/html"

	"github.com/parvis-go/parvis"
)

// renderer reads CommonMark with the extensions that networks write, and leaves HTML in
// it for the cleaner to judge.
var renderer = sync.OnceValue(func() goldmark.Markdown {
	return goldmark.New(
		goldmark.WithExtensions(extension.Table, extension.Strikethrough, extension.Linkify),
		goldmark.WithRendererOptions(html.WithUnsafe()),
	)
})

func htmlFromMarkdown(s string) (string, error) {
	var b strings.Builder
	if err := renderer().Convert([]byte(validUTF8(s)), &b); err != nil {
		return "", &parvis.Error{Op: "convert text", Code: parvis.ErrInvalid, Message: "the Markdown cannot be read", Err: err}
	}
	c := cleaner{wide: true}
	return strings.TrimRight(c.clean(b.String()), "\n"), nil
}

// escapeMarkdown returns the plain text s as Markdown that shows the same. Addresses stay links.
// lineStart tells that s begins a line; with breaks, line breaks are kept as such.
func escapeMarkdown(s string, lineStart, breaks bool) string {
	var b strings.Builder
	b.Grow(len(s) + 16)
	e := escaper{b: &b, lineStart: lineStart, breaks: breaks}
	pos := 0
	sc := scanner{s: s}
	for sp, ok := sc.next(); ok; sp, ok = sc.next() {
		if sp.kind != parvis.EntityLink {
			continue
		}
		e.escape(s[pos:sp.start], s[sp.start:])
		pos = sp.end
		if link := s[sp.start:sp.end]; strings.ContainsAny(link, "*_~[]|&(){}!'^$") || !isASCII(link) {
			b.WriteString("<" + link + ">")
		} else {
			b.WriteString(link)
		}
		e.lineStart = false
	}
	e.escape(s[pos:], "")
	return b.String()
}

// An escaper writes plain text as Markdown.
type escaper struct {
	b                 *strings.Builder
	lineStart, breaks bool
}

// escape writes s, which is followed by rest.
func (e *escaper) escape(s, rest string) {
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '\r':
			continue
		case c == '\n':
			e.newline(s[:i], s[i+1:])
			continue
		case e.lineStart && (c == ' ' || c == '\t'):
			continue // indented text would be code
		case strings.IndexByte("\\`*_[]<>&~|", c) >= 0:
			if c != '_' || !within(s, i) {
				e.b.WriteByte('\\')
			}
		case e.lineStart && strings.IndexByte("#+-=:", c) >= 0:
			e.b.WriteByte('\\')
		case e.lineStart && c >= '0' && c <= '9':
			i += e.number(s[i:])
			e.lineStart = false
			continue
		case c == '!' && (strings.HasPrefix(s[i+1:], "[") || i+1 == len(s) && strings.HasPrefix(rest, "[")):
			e.b.WriteByte('\\')
		}
		e.lineStart = false
		e.b.WriteByte(c)
	}
}

// number writes the digits that s begins with, and escapes what would make them the mark of a
// list item. It returns how many bytes were written after the first.
func (e *escaper) number(s string) int {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	e.b.WriteString(s[:n])
	if n < len(s) && (s[n] == '.' || s[n] == ')') {
		e.b.WriteByte('\\')
		e.b.WriteByte(s[n])
		n++
	}
	return n - 1
}

// newline writes a line break between before and after: a hard one between two lines of text.
func (e *escaper) newline(before, after string) {
	if e.breaks && !e.lineStart && strings.TrimSpace(firstLine(after)) != "" && before != "" {
		e.b.WriteString("  ")
	}
	e.b.WriteByte('\n')
	e.lineStart = true
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// within reports whether the byte at i is between letters or digits of one word.
func within(s string, i int) bool {
	return i > 0 && i+1 < len(s) && isAlnum(s[i-1]) && isAlnum(s[i+1])
}
