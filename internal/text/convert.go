package text

import (
	"strings"

	"golang.org/x/net/html"

	"github.com/parvis-go/parvis"
)

// Convert rewrites s, written in from, in the format to. A text that is already in
// that format is returned as it is. Formats other than plain text, Markdown and HTML give
// an error that matches [parvis.ErrInvalid].
//
// Plain text keeps links readable: "label (https://…)", or the address alone where the two agree.
// HTML made of plain text has <p> and <br>, and everything else escaped. HTML made of Markdown
// (CommonMark with tables, strikethrough and bare links) holds no active content: scripts, forms and
// dangerous addresses are left out, as [Sanitize] does.
//
// Reading Markdown made to be slow takes time that grows with the square of its length, about
// half a second for 40 kB: limit the length of what strangers send.
func Convert(s string, from, to parvis.Format) (string, error) {
	for _, f := range []parvis.Format{from, to} {
		if f != parvis.Plain && f != parvis.Markdown && f != parvis.HTML {
			return "", &parvis.Error{
				Op: "convert text", Code: parvis.ErrInvalid,
				Message: "unknown format " + string(f),
				Help:    "use parvis.Plain, parvis.Markdown or parvis.HTML",
			}
		}
	}
	switch {
	case from == to:
		return s, nil
	case from == parvis.Plain && to == parvis.HTML:
		return htmlFromPlain(s), nil
	case from == parvis.Plain:
		return escapeMarkdown(validUTF8(s), true, true), nil
	case from == parvis.HTML && to == parvis.Markdown:
		return markdownFromHTML(s), nil
	case from == parvis.HTML:
		return plainFromHTML(s), nil
	}
	markup, err := htmlFromMarkdown(s)
	if err == nil && to == parvis.Plain {
		markup = plainFromHTML(markup)
	}
	return markup, err
}

// htmlFromPlain makes a paragraph of what is between blank lines, and a <br> of each line break.
func htmlFromPlain(s string) string {
	var b strings.Builder
	open := false
	for line := range strings.Lines(validUTF8(s)) {
		line = strings.TrimFunc(line, func(r rune) bool { return r <= ' ' })
		switch {
		case line == "":
			if open {
				b.WriteString("</p>\n")
			}
			open = false
			continue
		case open:
			b.WriteString("<br>\n")
		default:
			b.WriteString("<p>")
		}
		open = true
		b.WriteString(html.EscapeString(line))
	}
	if open {
		b.WriteString("</p>")
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// plainFromHTML is the text of FromHTML with the addresses of links behind their labels.
func plainFromHTML(markup string) string {
	s, es := plainHTML(markup)
	var b strings.Builder
	pos := 0
	for _, e := range es {
		b.WriteString(s[pos:e.End])
		pos = e.End
		if e.Value == e.URL && schemeless(e.URL) != schemeless(s[e.Start:e.End]) && !isRelative(e.URL) {
			b.WriteString(" (" + strings.ReplaceAll(e.URL, " ", "%20") + ")")
		}
	}
	b.WriteString(s[pos:])
	return b.String()
}

// schemeless returns what two spellings of one address have in common.
func schemeless(s string) string {
	for _, scheme := range []string{"https://", "http://", "mailto:"} {
		if len(s) >= len(scheme) && strings.EqualFold(s[:len(scheme)], scheme) {
			s = s[len(scheme):]
		}
	}
	return strings.TrimSuffix(s, "/")
}

func isRelative(s string) bool {
	_, absolute := safeURL(s, false)
	return !absolute
}
