package text

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/parvis-go/parvis"
)

// Cut returns s if it keeps all of ls, see [Fits], and otherwise the longest beginning of
// s that does with ellipsis behind it, ellipsis included. It never splits a grapheme cluster, nor
// a link, mention or hashtag; it prefers to end between words unless that costs more than half of
// the room, and leaves out white space before the ellipsis. Where not even the ellipsis has room
// it is left out, and where nothing has room the result is empty.
func Cut(s string, ls parvis.TextLimits, ellipsis string) string {
	if Fits(s, ls) {
		return s
	}
	if !Fits(ellipsis, ls) {
		ellipsis = ""
	}
	f := fitter{s: s, es: spans(s), ls: ls}
	ends := f.fitting(0, ellipsis, len(s))
	if len(ends) == 0 {
		return ellipsis
	}
	for i := wordEnd(s, 0, ends); i >= 0; i-- {
		kept := strings.TrimRightFunc(s[:ends[i]], unicode.IsSpace)
		if cut := kept + ellipsis; Fits(cut, ls) {
			return cut
		}
	}
	return ellipsis
}

// spans returns all entities of s.
func spans(s string) []span {
	var out []span
	sc := scanner{s: s}
	for sp, ok := sc.next(); ok; sp, ok = sc.next() {
		out = append(out, sp)
	}
	return out
}

// A fitter finds how much of s, from some place on, keeps the limits.
type fitter struct {
	s  string
	es []span // the entities of s that must not be cut
	ls parvis.TextLimits
}

// fitting returns the places where s[start:limit] may be cut so that what is before, and suffix
// behind it, keep the limits: in order, start itself not included.
func (f *fitter) fitting(start int, suffix string, limit int) []int {
	fits := func(end int) bool { return Fits(f.s[start:end]+suffix, f.ls) }
	var ends []int
	check := 64
	c := clustersOf(f.s[start:limit])
	for e := 0; c.next(); {
		end := start + c.end
		for e < len(f.es) && f.es[e].end <= end {
			e++
		}
		if e < len(f.es) && f.es[e].start < end && end != limit {
			continue
		}
		ends = append(ends, end)
		if len(ends) == check && fits(end) {
			check *= 2
		} else if len(ends) == check {
			break
		}
	}
	low, high := 0, len(ends)
	for low < high {
		if mid := (low + high) / 2; fits(ends[mid]) {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return ends[:low]
}

// wordEnd returns the index of the last of ends that lies between words, as long as it is in
// the second half of what could be kept, and else the last index.
func wordEnd(s string, start int, ends []int) int {
	last := len(ends) - 1
	for i := last; i >= 0 && 2*(ends[i]-start) >= ends[last]-start; i-- {
		if betweenWords(s, ends[i]) {
			return i
		}
	}
	return last
}

// betweenWords reports whether the place i of s is not inside a word. Scripts that
// put no space between words have a word in each character.
func betweenWords(s string, i int) bool {
	before, _ := utf8.DecodeLastRuneInString(s[:i])
	after, _ := utf8.DecodeRuneInString(s[i:])
	if i == 0 || i == len(s) || unicode.IsSpace(before) || unicode.IsSpace(after) {
		return true
	}
	return isUnspaced(before) || isUnspaced(after) && !isWord(before)
}

// isUnspaced reports whether r belongs to a script that puts no space between words.
func isUnspaced(r rune) bool {
	return r == 'ー' || r >= 0x0E00 &&
		unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar)
}
