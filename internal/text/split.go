package text

import (
	"math"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/parvis-go/parvis"
)

// Split cuts s into pieces that each keep all of ls, see [Fits]: between paragraphs where
// that leaves no piece too short, else between lines or sentences, else between words, else
// between grapheme clusters. White space around the cuts is left out and nothing else. A link,
// mention, hashtag or cluster is only broken if it has no room in a piece of its own.
//
// number, if not nil, returns what is put behind piece i of n, i from 1, such as " (2/5)". It must
// not be longer for smaller numbers. A text that needs no cut gets none, and is returned as it is.
// Where the suffix leaves no room for a text, there is none.
//
// A single character that is longer than a limit is a piece all the same.
func Split(s string, ls parvis.TextLimits, number func(i, n int) string) []string {
	if Fits(s, ls) {
		return []string{s}
	}
	f := fitter{s: s, es: spans(s), ls: ls}
	if number == nil {
		pieces, _ := f.split("", math.MaxInt)
		return pieces
	}
	for most := 9; most <= len(s)*10; most = most*10 + 9 {
		pieces, ok := f.split(number(most, most), most)
		if ok && f.number(pieces, number) {
			return pieces
		}
		if !ok && len(pieces) < most {
			break
		}
	}
	pieces, _ := f.split("", math.MaxInt)
	return pieces
}

// number puts the numbers behind the pieces, and reports whether they still keep the limits.
func (f *fitter) number(pieces []string, number func(i, n int) string) bool {
	for i, p := range pieces {
		pieces[i] = p + number(i+1, len(pieces))
		if !Fits(pieces[i], f.ls) {
			return false
		}
	}
	return true
}

// split returns the pieces of the text, each with room for suffix, at most of them.
// It reports false if there are more, or if one does not keep the limits.
func (f *fitter) split(suffix string, most int) ([]string, bool) {
	var pieces []string
	g := *f // consumes its entities
	end := len(strings.TrimRightFunc(f.s, unicode.IsSpace))
	for at := f.skipSpace(0, end); at < end; at = f.skipSpace(at, end) {
		if len(pieces) == most {
			return pieces, false
		}
		next := g.pieceEnd(at, end, suffix)
		if next == at {
			if suffix != "" {
				return pieces, false
			}
			_, size := utf8.DecodeRuneInString(f.s[at:])
			next = at + size
		}
		pieces = append(pieces, strings.TrimRightFunc(f.s[at:next], unicode.IsSpace))
		at = next
	}
	return pieces, true
}

// skipSpace returns the first place from at on that is not white space, end at most.
func (f *fitter) skipSpace(at, end int) int {
	return end - len(strings.TrimLeftFunc(f.s[at:end], unicode.IsSpace))
}

// pieceEnd returns where the piece that begins at start ends; start if not even a character has room.
func (f *fitter) pieceEnd(start, end int, suffix string) int {
	for len(f.es) > 0 && f.es[0].end <= start {
		f.es = f.es[1:]
	}
	ends := f.fitting(start, suffix, end)
	for len(ends) > 0 {
		i := bestEnd(f.s, start, end, ends)
		piece := strings.TrimRightFunc(f.s[start:ends[i]], unicode.IsSpace)
		if Fits(piece+suffix, f.ls) {
			return ends[i]
		}
		ends = ends[:i]
	}
	if len(f.es) > 0 && f.es[0].start <= start { // an entity that is too long for any piece
		bare := fitter{s: f.s, ls: f.ls}
		limit := f.es[0].end
		f.es = f.es[1:]
		if ends := bare.fitting(start, suffix, limit); len(ends) > 0 {
			return ends[len(ends)-1]
		}
	}
	return f.runeEnd(start, end, suffix)
}

// runeEnd is pieceEnd for a cluster that is too long for any piece.
func (f *fitter) runeEnd(start, end int, suffix string) int {
	at := start
	for at < end {
		_, size := utf8.DecodeRuneInString(f.s[at:end])
		if !Fits(f.s[start:at+size]+suffix, f.ls) {
			break
		}
		at += size
	}
	return at
}

// bestEnd returns the index of the end that reads best among those that fit.
func bestEnd(s string, start, end int, ends []int) int {
	last := len(ends) - 1
	if ends[last] == end {
		return last
	}
	least := start + (ends[last]-start)/3
	for _, good := range []func(string, int) bool{afterParagraph, afterSentence} {
		for i := last; i >= 0 && ends[i] > least; i-- {
			if good(s, ends[i]) {
				return i
			}
		}
	}
	for i := last; i >= 0; i-- {
		if betweenWords(s, ends[i]) {
			return i
		}
	}
	return last
}

// afterParagraph reports whether a blank line begins at i.
func afterParagraph(s string, i int) bool {
	rest := strings.TrimLeft(s[i:min(i+64, len(s))], " \t\r")
	rest, ok := strings.CutPrefix(rest, "\n")
	return ok && strings.HasPrefix(strings.TrimLeft(rest, " \t\r"), "\n")
}

// afterSentence reports whether a line or sentence ends at i.
func afterSentence(s string, i int) bool {
	r, _ := utf8.DecodeRuneInString(s[i:])
	if r == '\n' || r == '\r' {
		return true
	}
	before := strings.TrimRight(s[max(0, i-16):i], "\"')]”’» \u00A0\u202F")
	last, size := utf8.DecodeLastRuneInString(before)
	switch {
	case strings.ContainsRune("。！？", last):
		return !strings.ContainsRune("。！？」』", r)
	case !unicode.IsSpace(r):
		return false
	case closesQuote(s[i:]):
		return false
	case last == '.':
		return !isInitial(before[:len(before)-size])
	}
	return strings.ContainsRune("!?…؟۔", last)
}

// closesQuote reports whether the next thing in s is the end of a quotation.
func closesQuote(s string) bool {
	r, _ := utf8.DecodeRuneInString(strings.TrimLeftFunc(s[:min(len(s), 16)], unicode.IsSpace))
	return r == '»' || r == '”'
}

// isInitial reports whether s ends with a single capital letter, as "M" in "M. Dupont".
func isInitial(s string) bool {
	r, size := utf8.DecodeLastRuneInString(s)
	before, _ := utf8.DecodeLastRuneInString(s[:len(s)-size])
	return unicode.IsUpper(r) && !isWord(before)
}
