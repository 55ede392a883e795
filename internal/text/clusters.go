package text

import (
	"unicode/utf8"

	"github.com/clipperhouse/uax29/v2/graphemes"
)

// clusters walks over the grapheme clusters of a text. A byte that is not UTF-8 is a
// cluster of its own.
type clusters struct {
	s   string
	end int // of the cluster
	run int // where the stretch of valid UTF-8 ends that the iterator has
	at  int // where that stretch begins
	it  graphemes.Iterator[string]
}

func clustersOf(s string) clusters { return clusters{s: s, it: *graphemes.FromString("")} }

// next goes to the next cluster, and reports whether there is one.
func (c *clusters) next() bool {
	if c.end == c.run {
		if c.end == len(c.s) {
			return false
		}
		c.at = c.end
		c.run += validPrefix(c.s[c.end:])
		if c.run == c.at {
			c.end++
			c.run = c.end
			return true
		}
		c.it.SetText(c.s[c.at:c.run])
	}
	c.it.Next()
	c.end = c.at + c.it.End()
	return true
}

// validPrefix returns the length of the valid UTF-8 that s begins with.
func validPrefix(s string) int {
	if utf8.ValidString(s) {
		return len(s)
	}
	for i, r := range s {
		if r == utf8.RuneError {
			if _, size := utf8.DecodeRuneInString(s[i:]); size == 1 {
				return i
			}
		}
	}
	return len(s)
}
