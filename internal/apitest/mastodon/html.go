package mastodontest

import (
	"html"
	"regexp"
	"strings"
	"unicode/utf8"
)

var (
	linkPrefix = regexp.MustCompile(`^https?://(?:www\.)?`)
	paragraph  = regexp.MustCompile(`\n\n+`)
)

// shownLink is how much of a link people see, in characters.
const shownLink = 30

// html is the text as the API gives it: paragraphs, and links whose scheme and tail are
// in spans of the class invisible.
// See https://docs.joinmastodon.org/api/guidelines/#formatting.
func (s *Server) html(text string) string {
	if text == "" {
		return ""
	}
	var b strings.Builder
	for _, p := range parts(text) {
		switch p.kind {
		case link:
			b.WriteString(linkHTML(p.text))
		case mention:
			b.WriteString(s.mentionHTML(p))
		case hashtag:
			b.WriteString(`<a href="` + html.EscapeString(s.URL+"/tags/"+p.name) + `" class="mention hashtag" rel="tag">#<span>` +
				html.EscapeString(p.name) + `</span></a>`)
		default:
			b.WriteString(html.EscapeString(p.text))
		}
	}
	joined := strings.ReplaceAll(b.String(), "\r\n", "\n")
	paragraphs := paragraph.Split(joined, -1)
	for i, p := range paragraphs {
		paragraphs[i] = "<p>" + strings.ReplaceAll(p, "\n", "<br />") + "</p>"
	}
	return strings.Join(paragraphs, "")
}

func linkHTML(url string) string {
	prefix := linkPrefix.FindString(url)
	shown, tail, class := url[len(prefix):], "", ""
	if utf8.RuneCountInString(shown) > shownLink {
		runes := []rune(shown)
		shown, tail, class = string(runes[:shownLink]), string(runes[shownLink:]), "ellipsis"
	}
	e := html.EscapeString
	return `<a href="` + e(url) + `" target="_blank" rel="nofollow noopener" translate="no"><span class="invisible">` + e(prefix) +
		`</span><span class="` + class + `">` + e(shown) + `</span><span class="invisible">` + e(tail) + `</span></a>`
}

func (s *Server) mentionHTML(p part) string {
	a := s.named(p.text[1:])
	if a == nil {
		return html.EscapeString(p.text)
	}
	return `<span class="h-card" translate="no"><a href="` + html.EscapeString(s.profile(a)) + `" class="u-url mention">@<span>` +
		html.EscapeString(a.name) + `</span></a></span>`
}

// profile is the address of an account's page.
func (s *Server) profile(a *account) string {
	if a.domain != "" {
		return "https://" + a.domain + "/@" + a.name
	}
	return s.URL + "/@" + a.name
}
