package text

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/parvis-go/parvis"
)

// An Option changes what [Entities] looks for.
type Option func(*scanner)

// BareDomains makes [Entities] find addresses without a scheme as well, such as
// "example.com/page", where the last label is a well-known top-level domain in lower
// case. Their Value and URL begin with "https://".
func BareDomains() Option { return func(sc *scanner) { sc.bare = true } }

// Entities finds the links, mentions and hashtags in the plain text s, in order and not
// overlapping, with offsets in bytes.
//
//   - A link begins with http:// or https:// and has a host with a dot. It ends before
//     white space, quotes, angle brackets and symbols; punctuation at its end and
//     brackets that it did not open are not part of it.
//   - A mention is @user, @user@host.example or @user.host.example; an e-mail address is none.
//     Its Value has no leading @.
//   - A hashtag is # and letters, digits, marks and underscores of any script, at least one of
//     them a letter. Its Value has no #.
func Entities(s string, o ...Option) []parvis.Entity {
	sc := scanner{s: s}
	for _, opt := range o {
		opt(&sc)
	}
	var es []parvis.Entity
	for {
		sp, ok := sc.next()
		if !ok {
			return es
		}
		es = append(es, sp.entity(s))
	}
}

// A span is an entity found in a text; local is where the "@user" of a mention ends.
type span struct {
	kind              parvis.EntityKind
	start, end, local int
	bare              bool
}

func (sp span) entity(s string) parvis.Entity {
	e := parvis.Entity{Kind: sp.kind, Start: sp.start, End: sp.end, Value: s[sp.start:sp.end]}
	switch sp.kind {
	case parvis.EntityLink:
		if sp.bare {
			e.Value = "https://" + e.Value
		}
		e.URL = e.Value
	case parvis.EntityMention:
		e.Value = e.Value[1:]
	case parvis.EntityHashtag:
		_, size := utf8.DecodeRuneInString(e.Value)
		e.Value = e.Value[size:]
	}
	return e
}

// A scanner finds the entities of s one by one without allocating.
type scanner struct {
	s    string
	i    int // what lies before is done
	bare bool
}

// next returns the next entity, or false at the end.
func (sc *scanner) next() (span, bool) {
	s := sc.s
	for sc.i < len(s) {
		i := sc.i
		var sp span
		switch s[i] {
		case 'h', 'H':
			sp = linkAt(s, i)
		case '@':
			sp = mentionAt(s, i)
		case '#':
			sp = hashtagAt(s, i, 1)
		case 0xEF: // may be the full-width #
			if strings.HasPrefix(s[i:], "＃") {
				sp = hashtagAt(s, i, len("＃"))
			}
		}
		if sp.end == 0 && sc.bare && (isAlnum(s[i]) || s[i] >= utf8.RuneSelf && utf8.RuneStart(s[i])) {
			var skip int
			sp, skip = domainAt(s, i)
			sc.i = max(sc.i, skip-1)
		}
		if sp.end > 0 {
			sc.i = sp.end
			return sp, true
		}
		sc.i++
	}
	return span{}, false
}

// mentionAt returns the mention that begins with the @ at i, if there is one.
func mentionAt(s string, i int) span {
	if i > 0 && !mentionMayFollow(s, i) {
		return span{}
	}
	local := handleEnd(s, i+1)
	if local == i+1 {
		return span{}
	}
	end := local
	if local < len(s) && s[local] == '@' {
		if host, dotted := hostEnd(s, local+1, isLatinHost); dotted {
			end = host
		}
	}
	if r, _ := utf8.DecodeRuneInString(s[end:]); r >= utf8.RuneSelf && isLatinHost(r) {
		return span{}
	}
	return span{kind: parvis.EntityMention, start: i, end: end, local: local}
}

// mentionMayFollow reports whether an @ at i can begin a mention, judged by what is before:
// not the local part of an e-mail address, nor a path.
func mentionMayFollow(s string, i int) bool {
	r, size := utf8.DecodeLastRuneInString(s[:i])
	switch {
	case strings.ContainsRune("@#$%&+=/_", r):
		return false
	case r == '-':
		before, _ := utf8.DecodeLastRuneInString(s[:i-size])
		return !isWord(before)
	case r == 'ー' || unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai):
		return true // scripts that put no space between words
	}
	return !isWord(r)
}

// handleEnd returns the end of the handle at i: ASCII words joined by single dots or hyphens.
func handleEnd(s string, i int) int {
	end := i
	for j := i; ; {
		for j < len(s) && (isAlnum(s[j]) || s[j] == '_') {
			j++
		}
		if j == end && end != i || j == i {
			return end
		}
		end = j
		if j+1 >= len(s) || s[j] != '.' && s[j] != '-' || !isAlnum(s[j+1]) && s[j+1] != '_' {
			return end
		}
		j++
	}
}

// hashtagAt returns the hashtag that begins with the # at i, which takes size bytes.
func hashtagAt(s string, i, size int) span {
	if i > 0 {
		if r, _ := utf8.DecodeLastRuneInString(s[:i]); isWord(r) || strings.ContainsRune("#＃@&/=", r) {
			return span{}
		}
	}
	end, letter := i+size, false
	for j := end; j < len(s); {
		r, n := utf8.DecodeRuneInString(s[j:])
		joins := r == '·' || r == '・' || r == '\u200C'
		if !joins && !isWord(r) {
			break
		}
		j += n
		if !joins {
			end = j
		}
		letter = letter || unicode.IsLetter(r)
	}
	if !letter {
		return span{}
	}
	return span{kind: parvis.EntityHashtag, start: i, end: end}
}

// isWord reports whether r can be part of a word: letters, marks, digits, underscore.
func isWord(r rune) bool {
	if r < utf8.RuneSelf {
		return r >= 0 && (isAlnum(byte(r)) || r == '_')
	}
	return unicode.In(r, unicode.L, unicode.M, unicode.N) && r != emojiStyle && r != textStyle && r != keycap
}

func isAlnum(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// isLatinHost reports whether r can be part of a host name in Latin letters.
func isLatinHost(r rune) bool {
	if r < utf8.RuneSelf {
		return isAlnum(byte(r))
	}
	return unicode.Is(unicode.Latin, r) || unicode.Is(unicode.Mn, r)
}
