package text

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/parvis-go/parvis"
)

// linkAt returns the link whose scheme begins at i, if there is one.
func linkAt(s string, i int) span {
	n := schemeLen(s[i:])
	if n == 0 || i > 0 && (isAlnum(s[i-1]) || s[i-1] == '_') {
		return span{}
	}
	host, dotted := hostEnd(s, i+n, isHost)
	if !dotted {
		return span{}
	}
	return span{kind: parvis.EntityLink, start: i, end: pathEnd(s, portEnd(s, host))}
}

// schemeLen returns the length of the "http://" or "https://" that s begins with, or 0.
func schemeLen(s string) int {
	if len(s) < len("http://") || !strings.EqualFold(s[:4], "http") {
		return 0
	}
	n := 4
	if s[n] == 's' || s[n] == 'S' {
		n++
	}
	if !strings.HasPrefix(s[n:], "://") {
		return 0
	}
	return n + 3
}

// hostEnd returns the end of the host name at i, labels of runes that ok accepts, and of
// hyphens and underscores inside them, joined by single dots; and whether there is a dot.
func hostEnd(s string, i int, ok func(rune) bool) (end int, dotted bool) {
	end = i
	dots := 0
	for j := i; j < len(s); {
		label := j
		for j < len(s) {
			r, size := utf8.DecodeRuneInString(s[j:])
			inner := (r == '-' || r == '_') && j > label
			if !inner && (r == utf8.RuneError || !ok(r)) {
				break
			}
			j += size
			if !inner {
				end = j
			}
		}
		if end <= label {
			break
		}
		if label > i {
			dots++
		}
		if j != end || j >= len(s) || s[j] != '.' {
			break
		}
		j++
	}
	return end, dots > 0
}

// isHost reports whether r can be part of a host name of any script.
func isHost(r rune) bool {
	if r < utf8.RuneSelf {
		return isAlnum(byte(r))
	}
	return unicode.In(r, unicode.L, unicode.Mn, unicode.Mc, unicode.Nd)
}

// portEnd returns the end of the ":8080" at i, or i if there is none.
func portEnd(s string, i int) int {
	if i >= len(s) || s[i] != ':' {
		return i
	}
	j := i + 1
	for j < len(s) && s[j] >= '0' && s[j] <= '9' {
		j++
	}
	if j == i+1 {
		return i
	}
	return j
}

// pathEnd returns the end of the path, query and fragment at i.
func pathEnd(s string, i int) int {
	if i >= len(s) || s[i] != '/' && s[i] != '?' && s[i] != '#' {
		return i
	}
	var round, square int // closing brackets minus opening ones
	end := i
	for end < len(s) {
		r, size := utf8.DecodeRuneInString(s[end:])
		if endsLink(r) {
			break
		}
		countBracket(r, &round, &square, 1)
		end += size
	}
	for end > i {
		r, size := utf8.DecodeLastRuneInString(s[i:end])
		if !trailsLink(r, round, square) {
			break
		}
		countBracket(r, &round, &square, -1)
		end -= size
	}
	return end
}

func countBracket(r rune, round, square *int, by int) {
	switch r {
	case '(':
		*round -= by
	case ')':
		*round += by
	case '[':
		*square -= by
	case ']':
		*square += by
	}
}

// endsLink reports whether r cannot be part of a link.
func endsLink(r rune) bool {
	if r < utf8.RuneSelf {
		return r <= ' ' || r == 0x7F || strings.ContainsRune("<>\"`\\", r)
	}
	if strings.ContainsRune("。、，；：？！…”»", r) || r == utf8.RuneError {
		return true
	}
	return unicode.In(r, unicode.Z, unicode.C, unicode.So, unicode.Sk, unicode.Ps, unicode.Pe, unicode.Pi)
}

// trailsLink reports whether r, the last character of a link, is punctuation of the text around it.
func trailsLink(r rune, round, square int) bool {
	switch r {
	case ')':
		return round > 0
	case ']':
		return square > 0
	case '(', '[', '.', ',', ':', ';', '!', '?', '\'', '*', '_', '~':
		return true
	}
	return r >= utf8.RuneSelf && unicode.IsPunct(r)
}

// domainAt returns the link without a scheme that begins at i, if there is one, and where to
// go on looking if there is none.
func domainAt(s string, i int) (span, int) {
	end, dotted := hostEnd(s, i, isHost)
	if i > 0 {
		if r, _ := utf8.DecodeLastRuneInString(s[:i]); isWord(r) || strings.ContainsRune("@.-/:\\#=", r) {
			return span{}, end
		}
	}
	host := s[i:end]
	last := strings.LastIndexByte(host, '.')
	if !dotted || end < len(s) && s[end] == '@' || !topLevel(host[last+1:]) {
		return span{}, end
	}
	return span{kind: parvis.EntityLink, start: i, end: pathEnd(s, portEnd(s, end)), bare: true}, end
}

// topLevel reports whether label is a well-known top-level domain.
func topLevel(label string) bool {
	if label == "" || len(label) > 10 || strings.ContainsRune(label, ' ') {
		return false
	}
	at := strings.Index(topLevels, " "+label+" ")
	return at >= 0
}

// topLevels holds the country codes and the generic domains in wide use.
// https://www.iana.org/domains/root/db
const topLevels = " ac ad ae af ag ai al am ao aq ar as at au aw ax az ba bb bd be bf bg bh bi bj bm bn bo br bs bt bw by bz " +
	"ca cc cd cf cg ch ci ck cl cm cn co cr cu cv cw cx cy cz de dj dk dm do dz ec ee eg er es et eu fi fj fk fm fo fr " +
	"ga gd ge gf gg gh gi gl gm gn gp gq gr gs gt gu gw gy hk hm hn hr ht hu id ie il im in io iq ir is it je jm jo jp " +
	"ke kg kh ki km kn kp kr kw ky kz la lb lc li lk lr ls lt lu lv ly ma mc md me mg mh mk ml mm mn mo mp mq mr ms mt mu mv mw mx my mz " +
	"na nc ne nf ng ni nl no np nr nu nz om pa pe pf pg ph pk pl pm pn pr ps pt pw py qa re ro rs ru rw sa sb sc sd se sg sh si sk sl sm sn so sr ss st su sv sx sy sz " +
	"tc td tf tg th tj tk tl tm tn to tr tt tv tw tz ua ug uk us uy uz va vc ve vg vi vn vu wf ws ye yt za zm zw " +
	"com org net edu gov mil int info biz name pro aero coop museum jobs mobi travel tel cat asia post xxx arpa " +
	"app art bar bio blog cafe camp care chat city cloud club coach codes community company design dev digital email events example " +
	"family farm film fun fund games global green group guide guru help host house ink lab land law life link live loan love ltd market media " +
	"moda money movie network news ninja one online page party photo photos place plus press pub red rent rest rocks run sale school science " +
	"services shop show site social software solar space store studio style sucks support systems team tech today tools top tours town toys tube " +
	"vet video vip voyage watch web website wiki win wine work works world wtf xyz yoga zone paris bzh corsica alsace berlin london brussels quebec "
