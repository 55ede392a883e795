package mastodontest

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/text"
)

// part is a piece of a status's text: plain text, or one of the others.
type part struct {
	kind partKind
	text string // as it was written
	name string // of a mention "user", or of a hashtag, without the sign
	host string // of a mention, "" for this server
}

type partKind int

const (
	plain partKind = iota
	link
	mention
	hashtag
)

var (
	// linkStart is a link as far as its host; hosts need a dot and a top level of letters.
	linkStart = regexp.MustCompile(`^(?i)https?://(?:[\p{L}\p{N}_-]+\.)+(?:\p{L}{2,}|xn--[a-z0-9-]+)(?::\d+)?`)
	// linkRest is what may follow the host.
	linkRest = regexp.MustCompile(`^[/?#][^\s<>"\p{Zs}]*`)
	// mentionText is a name, and perhaps where it lives.
	mentionText = regexp.MustCompile(`^@([A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?)(?:@([\p{L}\p{N}_](?:[\p{L}\p{N}_.:-]*[\p{L}\p{N}_])?))?`)
	// hashtagText has a letter or an underscore somewhere, so that #1 is none.
	hashtagText = regexp.MustCompile(`^#([\p{L}\p{N}\p{M}_·]*[\p{L}_][\p{L}\p{N}\p{M}_·]*)`)
)

// parts cuts a status's text into its links, mentions and hashtags, and what is between.
// See https://docs.joinmastodon.org/user/posting/.
func parts(s string) []part {
	var out []part
	from := 0
	for i := 0; i < len(s); {
		p := partAt(s, i)
		if p.kind == plain {
			_, size := utf8.DecodeRuneInString(s[i:])
			i += size
			continue
		}
		if from < i {
			out = append(out, part{text: s[from:i]})
		}
		out = append(out, p)
		i += len(p.text)
		from = i
	}
	if from < len(s) {
		out = append(out, part{text: s[from:]})
	}
	return out
}

// partAt is what begins at i; plain if nothing does.
func partAt(s string, i int) part {
	before, _ := utf8.DecodeLastRuneInString(s[:i])
	inWord := i > 0 && (unicode.IsLetter(before) || unicode.IsDigit(before) || before == '_')
	switch s[i] {
	case 'h', 'H':
		if start := linkStart.FindString(s[i:]); start != "" && !inWord && !strings.ContainsRune("@#$/", before) {
			return part{kind: link, text: trimLink(start + linkRest.FindString(s[i+len(start):]))}
		}
	case '@':
		if m := mentionText.FindStringSubmatch(s[i:]); m != nil && !inWord && !strings.ContainsRune("=/", before) {
			return part{kind: mention, text: m[0], name: m[1], host: m[2]}
		}
	case '#':
		if m := hashtagText.FindStringSubmatch(s[i:]); m != nil && !inWord && !strings.ContainsRune("/)&", before) {
			return part{kind: hashtag, text: m[0], name: m[1]}
		}
	}
	return part{}
}

// trimLink takes off what ends the sentence and not the link.
func trimLink(l string) string {
	for l != "" {
		last, size := utf8.DecodeLastRuneInString(l)
		closing := last == ')' && strings.Count(l, ")") > strings.Count(l, "(")
		if !closing && !strings.ContainsRune(".,:;!?'*…]}", last) {
			break
		}
		l = l[:len(l)-size]
	}
	return l
}

// length is what the server counts against its limit. Mastodon counts grapheme clusters,
// a link as 23 and a mention without its domain, and the warning as it is; Pleroma counts
// grapheme clusters and makes no exceptions, the others code points.
func (s *Server) length(body, warning string) int {
	if s.t.url == 0 {
		return s.units(warning) + s.units(body)
	}
	var b strings.Builder
	b.WriteString(warning)
	for _, p := range parts(body) {
		switch p.kind {
		case link:
			b.WriteString(strings.Repeat("x", s.t.url))
		case mention:
			b.WriteString("@" + p.name)
		default:
			b.WriteString(p.text)
		}
	}
	return text.CountUnit(b.String(), parvis.Graphemes)
}

// CountUnits is what the server counts of a text and its warning against the limit.
func (s *Server) CountUnits(body, warning string) int { return s.length(body, warning) }
