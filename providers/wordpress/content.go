package wordpress

import (
	"crypto/sha256"
	"html"
	"regexp"
	"strings"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/text"
	"github.com/parvis-go/parvis/publish"
)

// mark is the HTML comment in which a post carries what only this package reads: the hash
// of the key that it was published with and, in the trash, the status that it had.
// WordPress keeps comments in the texts of all roles, also of those whose HTML it filters
// (wp_kses), and pages do not show them. Its search looks into them, though, so that
// nothing in a mark may be a word that people look for.
type mark struct {
	hash   string // as hashOf makes them, or ""
	status string // or ""
}

// letters are eight that make no words, and hashLen how many of them a hash has: 60 bits.
const (
	letters = "bhjkqvxz"
	hashLen = 20
)

var markPattern = regexp.MustCompile(`<!-- ~([bhjkqvxz]{20}|-)(?: ([a-z]{1,20}))? -->`)

// hashOf returns the hash of a key as marks have it.
func hashOf(key string) string {
	sum := sha256.Sum256([]byte("parvis wordpress " + key))
	b := make([]byte, hashLen)
	for i := range b {
		b[i] = letters[sum[i]&7]
	}
	return string(b)
}

func (m mark) String() string {
	switch {
	case m == mark{}:
		return ""
	case m.status == "":
		return "<!-- ~" + m.hash + " -->"
	case m.hash == "":
		return "<!-- ~- " + m.status + " -->"
	}
	return "<!-- ~" + m.hash + " " + m.status + " -->"
}

// cutMark returns a text without its mark, and the mark. Of several the first counts.
func cutMark(s string) (string, mark) {
	all := markPattern.FindStringSubmatch(s)
	if all == nil {
		return s, mark{}
	}
	return markPattern.ReplaceAllString(s, ""), mark{hash: strings.TrimPrefix(all[1], "-"), status: all[2]}
}

// tails are ends of elements inside which a comment is harmless. WordPress (wpautop)
// makes an empty paragraph of one that stands by itself.
var tails = []string{"</p>", "</li>", "</figcaption>", "</figure>", "</h1>", "</h2>", "</h3>", "</h4>", "</h5>", "</h6>", "</td>"}

// with returns the HTML text s with m in it.
func (m mark) with(s string) string {
	at := len(s)
	if !strings.Contains(s, "<!-- wp:") {
		last := -1
		for _, tail := range tails {
			last = max(last, strings.LastIndex(s, tail))
		}
		if last >= 0 {
			at = last
		}
	}
	return s[:at] + m.String() + s[at:]
}

// bodyOf returns the HTML of a draft's text, link and files.
func bodyOf(d publish.Draft, files []upload) (string, error) {
	body, err := d.TextIn(parvis.HTML)
	if err != nil {
		return "", err
	}
	parts := make([]string, 0, len(files)+2)
	if strings.TrimSpace(body) != "" {
		parts = append(parts, body)
	}
	for _, f := range files {
		parts = append(parts, f.markup())
	}
	if d.Link != "" {
		parts = append(parts, linkBlock(d.Link))
	}
	return strings.Join(parts, "\n"), nil
}

// linkBlock is the paragraph that shows a draft's link.
func linkBlock(link string) string {
	if link == "" {
		return ""
	}
	u := html.EscapeString(link)
	return `<p><a href="` + u + `">` + u + `</a></p>`
}

// commentBody returns the text of a comment. WordPress shows comments as HTML in which
// line breaks count (comment_text), so paragraphs become blank lines.
func commentBody(d publish.Draft) (string, error) {
	if d.Format == parvis.Plain {
		return html.EscapeString(strings.TrimSpace(d.Text)), nil
	}
	s, err := d.TextIn(parvis.HTML)
	if err != nil {
		return "", err
	}
	s = strings.NewReplacer("<p>", "", "</p>\n", "\n\n", "</p>", "\n\n", "<br>\n", "\n", "<br>", "\n", "<br/>", "\n", "<br />", "\n").Replace(s)
	return strings.TrimSpace(s), nil
}

// shape is what the eye keeps of a text: WordPress makes curly quotes and long dashes of
// straight ones (wptexturize), so those count alike.
func shape(markup string) string {
	s := text.FromHTML(markup).Plain
	s = strings.NewReplacer("“", `"`, "”", `"`, "«", `"`, "»", `"`, "″", `"`, "„", `"`, "‘", "'", "’", "'", "′", "'", "–", "-", "—", "-",
		"…", "...", "×", "x", "---", "-", "--", "-").Replace(s)
	return text.Fingerprint(strings.ReplaceAll(s, "--", "-"))
}
