package text

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// A tag is a start tag with the attributes that matter here.
type tag struct {
	name                               string
	href, src, alt, class, rel, number string
	selfClosing                        bool
	seen                               uint8 // a bit for each attribute that was there
}

// field returns where the attribute key is kept, or nil if it does not matter, as the second
// of its name does not.
func (t *tag) field(key string) *string {
	var field *string
	var bit uint8
	switch key {
	case "href":
		field, bit = &t.href, 1
	case "src":
		field, bit = &t.src, 2
	case "alt":
		field, bit = &t.alt, 4
	case "class":
		field, bit = &t.class, 8
	case "rel":
		field, bit = &t.rel, 16
	case "start":
		field, bit = &t.number, 32
	}
	if t.seen&bit != 0 {
		return nil
	}
	t.seen |= bit
	return field
}

// A sink receives what a piece of HTML consists of: names in lower case, text and
// attributes without character references.
type sink interface {
	open(t *tag)
	close(name string)
	text(s string)
}

// walk reads HTML into k. Comments and the contents of elements that show no text are left out.
// What servers usually send is scanned by hand; from the first thing on that is not so
// simple, the tokenizer does the work.
func walk(markup string, k sink) {
	var t tag
	for markup != "" {
		i := strings.IndexByte(markup, '<')
		if i < 0 {
			i = len(markup)
		}
		if i > 0 {
			k.text(unescape(markup[:i]))
			markup = markup[i:]
			continue
		}
		t = tag{}
		n, closing := scanTag(markup, &t)
		if n == 0 {
			tokenize(markup, k)
			return
		}
		if closing {
			k.close(t.name)
		} else {
			k.open(&t)
		}
		markup = markup[n:]
	}
}

// unescape resolves the character references in a text.
func unescape(s string) string {
	i := strings.IndexByte(s, '&')
	if i < 0 {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	rest := s
	for i >= 0 {
		c, size := reference(rest[i:])
		if size == 0 {
			return html.UnescapeString(s)
		}
		b.WriteString(rest[:i])
		b.WriteByte(c)
		rest = rest[i+size:]
		i = strings.IndexByte(rest, '&')
	}
	b.WriteString(rest)
	return b.String()
}

// reference returns the character that the reference at the start of s stands for, and
// the length of the reference; 0 if it is not one of those that every server writes.
func reference(s string) (c byte, size int) {
	switch {
	case strings.HasPrefix(s, "&amp;"):
		return '&', 5
	case strings.HasPrefix(s, "&#39;"):
		return '\'', 5
	case strings.HasPrefix(s, "&#34;"):
		return '"', 5
	case strings.HasPrefix(s, "&quot;"):
		return '"', 6
	case strings.HasPrefix(s, "&lt;"):
		return '<', 4
	case strings.HasPrefix(s, "&gt;"):
		return '>', 4
	}
	return 0, 0
}

// scanTag reads the tag that s begins with into t and returns its length, or 0 if the
// tokenizer has to read it.
func scanTag(s string, t *tag) (n int, closing bool) {
	i := 1
	if i < len(s) && s[i] == '/' {
		closing = true
		i++
	}
	start := i
	for i < len(s) && (s[i] >= 'a' && s[i] <= 'z' || i > start && s[i] >= '0' && s[i] <= '9') {
		i++
	}
	t.name = s[start:i]
	if t.name == "" || i >= len(s) || hidesText(t.name) {
		return 0, false
	}
	for s[i] == ' ' && !closing {
		for i < len(s) && s[i] == ' ' {
			i++
		}
		size := scanAttr(s[i:], t)
		i += size
		if i >= len(s) {
			return 0, false
		}
		if size == 0 {
			break
		}
	}
	if s[i] == '/' && !closing && i+1 < len(s) {
		t.selfClosing = true
		i++
	}
	if s[i] != '>' {
		return 0, false
	}
	return i + 1, closing
}

// scanAttr reads the attribute key="value" that s begins with into t and returns its
// length, or 0 if there is none of this form.
func scanAttr(s string, t *tag) int {
	i := 0
	for i < len(s) && (s[i] >= 'a' && s[i] <= 'z' || s[i] == '-') {
		i++
	}
	if i == 0 || !strings.HasPrefix(s[i:], `="`) {
		return 0
	}
	start := i + 2
	size := strings.IndexByte(s[start:], '"')
	if size < 0 {
		return 0
	}
	field := t.field(s[:i])
	if field != nil {
		value := s[start : start+size]
		if !plainValue(value) {
			return 0
		}
		*field = unescape(value)
	}
	return start + size + 1
}

// plainValue reports whether the value of an attribute has no character references but those that
// every server writes, which mean the same everywhere, and nothing that is to be replaced.
func plainValue(s string) bool {
	for i := range len(s) {
		switch s[i] {
		case '\r', 0:
			return false
		case '&':
			if _, size := reference(s[i:]); size == 0 {
				return false
			}
		}
	}
	return true
}

// tokenize is walk with the tokenizer.
func tokenize(markup string, k sink) {
	z := html.NewTokenizer(strings.NewReader(markup))
	var hidden string // the element whose contents are left out, and how often it is open
	depth := 0
	for {
		switch kind := z.Next(); kind {
		case html.ErrorToken:
			return
		case html.TextToken:
			if depth == 0 {
				k.text(string(z.Text()))
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			t := readTag(z)
			t.selfClosing = kind == html.SelfClosingTagToken
			switch {
			case depth > 0 && t.name == hidden && !t.selfClosing:
				depth++
			case depth > 0:
			case hidesText(t.name):
				if !t.selfClosing || isRaw(t.name) {
					hidden, depth = t.name, 1
				}
			default:
				k.open(&t)
			}
		case html.EndTagToken:
			name, _ := z.TagName()
			if depth == 0 {
				k.close(atom.String(name))
			} else if string(name) == hidden {
				depth--
			}
		}
	}
}

func readTag(z *html.Tokenizer) tag {
	name, more := z.TagName()
	t := tag{name: atom.String(name)}
	for more {
		var key, value []byte
		key, value, more = z.TagAttr()
		if field := t.field(atom.String(key)); field != nil {
			*field = string(value)
		}
	}
	return t
}

// hidesText reports whether the contents of the element are no text of the page.
func hidesText(name string) bool {
	switch name {
	case "svg", "math", "template", "object", "canvas", "audio", "video", "select", "datalist":
		return true
	}
	return isRaw(name)
}

// isRaw reports whether the element's contents are not markup.
func isRaw(name string) bool {
	switch name {
	case "script", "style", "textarea", "title", "iframe", "noembed", "noframes", "noscript", "plaintext", "xmp":
		return true
	}
	return false
}

// safeURL returns the address as a browser would read it, if it is absolute and its scheme is
// http, https or mailto; relative addresses pass where relative is set.
func safeURL(s string, relative bool) (string, bool) {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c == 0x7F {
			s = tidyURL(s)
			break
		}
	}
	i := strings.IndexAny(s, ":/?#")
	if i < 0 || s[i] != ':' {
		return s, relative && s != ""
	}
	switch scheme := s[:i]; {
	case strings.EqualFold(scheme, "http"), strings.EqualFold(scheme, "https"):
		return s, len(s) > i+3 && s[i+1:i+3] == "//"
	case strings.EqualFold(scheme, "mailto"):
		return s, len(s) > i+1
	}
	return "", false
}

// tidyURL returns s without control characters and without spaces around it.
func tidyURL(s string) string {
	return strings.Trim(strings.Map(func(r rune) rune {
		if isControl(r) {
			return -1
		}
		return r
	}, s), " ")
}

func isControl(r rune) bool { return r < ' ' || r == 0x7F }
