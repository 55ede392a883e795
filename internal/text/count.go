package text

import (
	"strings"
	"unicode/utf8"

	"github.com/parvis-go/parvis"
)

// Count measures s by the rule l: in l.Unit, with each link counted as l.Link where
// that is not 0, and only the "@user" of "@user@host.example" where l.LocalMention is
// set. Links are those that [Entities] finds without options. Bare domains count as
// they are written. Count does not allocate.
func Count(s string, l parvis.TextLimit) int {
	if l.Link == 0 && !l.LocalMention {
		return CountUnit(s, l.Unit)
	}
	n, pos := 0, 0
	sc := scanner{s: s}
	for {
		sp, ok := sc.next()
		if !ok {
			return n + CountUnit(s[pos:], l.Unit)
		}
		switch {
		case sp.kind == parvis.EntityLink && l.Link != 0:
			n += CountUnit(s[pos:sp.start], l.Unit) + max(l.Link, 0)
			pos = sp.end
		case sp.kind == parvis.EntityMention && l.LocalMention && sp.local < sp.end:
			n += CountUnit(s[pos:sp.local], l.Unit)
			pos = sp.end
		}
	}
}

// CountUnit measures s in a bare unit: links and mentions count as they are written.
// An empty or unknown unit counts graphemes. It does not allocate.
//
// Graphemes are the extended clusters of https://unicode.org/reports/tr29/.
// For [parvis.Weighted] see [Weights].
func CountUnit(s string, u parvis.Unit) int {
	switch u {
	case parvis.Bytes:
		return len(s)
	case parvis.CodePoints:
		return utf8.RuneCountInString(s)
	case parvis.UTF16:
		return countUTF16(s)
	case parvis.Weighted:
		return defaultWeights.bare(s)
	}
	return countGraphemes(s)
}

// Fits reports whether s is no longer than any of the rules in ls allows.
// A rule without a Max allows every length; Min is not looked at.
func Fits(s string, ls parvis.TextLimits) bool {
	for _, l := range ls {
		if l.Max > 0 && Count(s, l) > l.Max {
			return false
		}
	}
	return true
}

// isASCII reports whether s holds no byte above 0x7F.
func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func countGraphemes(s string) int {
	if isASCII(s) {
		return len(s) - strings.Count(s, "\r\n")
	}
	n := 0
	for c := clustersOf(s); c.next(); {
		n++
	}
	return n
}

func countUTF16(s string) int {
	n := 0
	for _, r := range s {
		n++
		if r > 0xFFFF {
			n++
		}
	}
	return n
}
