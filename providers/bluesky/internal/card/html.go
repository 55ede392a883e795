package card

import (
	"bytes"
	"cmp"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html"
)

// The lengths of what a card shows, in characters; what is longer is cut.
const (
	maxTitle       = 300
	maxDescription = 1000
)

// meta is what the head of a page says of it.
type meta struct {
	og, twitter, plain texts
	base               string
}

// texts are the fields in one vocabulary.
type texts struct{ title, description, image string }

func (m meta) title() string {
	return cut(cmp.Or(m.og.title, m.twitter.title, m.plain.title), maxTitle)
}

func (m meta) description() string {
	return cut(cmp.Or(m.og.description, m.twitter.description, m.plain.description), maxDescription)
}

func (m meta) image() string { return cmp.Or(m.og.image, m.twitter.image, m.plain.image) }

// read finds what the head of a page says: Open Graph (https://ogp.me), the cards of
// Twitter (https://developer.x.com/en/docs/x-for-websites/cards/overview/markup) and the
// page's own title and description. Of two fields with one name the first counts. Pages
// may put their head anywhere, so all of b is looked at, but for what stands in scripts.
func read(b []byte) meta {
	var m meta
	z := html.NewTokenizer(bytes.NewReader(b))
	z.SetMaxBuf(MaxHTML)
	inTitle, svg := false, 0
	for {
		switch z.Next() {
		case html.ErrorToken:
			return m
		case html.TextToken:
			if inTitle {
				first(&m.plain.title, string(z.Text()))
			}
		case html.EndTagToken:
			name, _ := z.TagName()
			inTitle = false
			if string(name) == "svg" {
				svg = max(svg-1, 0)
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			name, more := z.TagName()
			tag := string(name)
			inTitle = tag == "title" && svg == 0 // a picture's title is not the page's
			if tag == "svg" {
				svg++
			}
			if more && (tag == "meta" || tag == "base" || tag == "link") {
				m.tag(tag, attributes(z))
			}
		}
	}
}

// attributes reads those of the current tag that matter.
func attributes(z *html.Tokenizer) map[string]string {
	out := map[string]string{}
	for {
		key, value, more := z.TagAttr()
		switch k := string(key); k {
		case "property", "name", "content", "href", "rel":
			if _, there := out[k]; !there {
				out[k] = string(value)
			}
		}
		if !more {
			return out
		}
	}
}

// tag notes what a tag of the head says.
func (m *meta) tag(tag string, a map[string]string) {
	if tag == "base" {
		first(&m.base, a["href"])
		return
	}
	if tag == "link" {
		if strings.EqualFold(a["rel"], "image_src") {
			first(&m.plain.image, a["href"])
		}
		return
	}
	value := a["content"]
	switch strings.ToLower(strings.TrimSpace(cmp.Or(a["property"], a["name"]))) {
	case "og:title":
		first(&m.og.title, value)
	case "og:description":
		first(&m.og.description, value)
	case "og:image", "og:image:url", "og:image:secure_url":
		first(&m.og.image, value)
	case "twitter:title":
		first(&m.twitter.title, value)
	case "twitter:description":
		first(&m.twitter.description, value)
	case "twitter:image", "twitter:image:src":
		first(&m.twitter.image, value)
	case "description":
		first(&m.plain.description, value)
	}
}

// first sets what is not set yet, with white space put in order.
func first(field *string, value string) {
	if *field == "" {
		*field = strings.Join(strings.Fields(strings.ToValidUTF8(value, "\uFFFD")), " ")
	}
}

// cut shortens s to n characters.
func cut(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return strings.TrimSpace(string([]rune(s)[:n-1])) + "…"
}
