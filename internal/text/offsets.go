package text

import (
	"slices"
	"unicode/utf8"

	"github.com/parvis-go/parvis"
)

// Offsets returns the entities es of s, whose offsets are in bytes, with offsets in the
// unit u: bytes, code points, UTF-16 units or graphemes. Any other unit gives code points.
// An offset inside a character or grapheme moves outwards, one outside s to its nearest
// end. It passes over s once, es need not be in order, and es itself is not changed.
func Offsets(s string, es []parvis.Entity, u parvis.Unit) []parvis.Entity {
	if len(es) == 0 {
		return nil
	}
	out := slices.Clone(es)
	marks := make([]mark, 0, 2*len(out))
	for i := range out {
		e := &out[i]
		e.Start = min(max(e.Start, 0), len(s))
		e.End = min(max(e.End, e.Start), len(s))
		marks = append(marks, mark{at: &e.Start}, mark{at: &e.End, end: true})
	}
	slices.SortStableFunc(marks, func(a, b mark) int { return *a.at - *b.at })
	c := cursor{s: s, unit: u, clusters: clustersOf(s)}
	for _, m := range marks {
		*m.at = c.to(*m.at, m.end)
	}
	return out
}

// A mark is one offset to express in another unit.
type mark struct {
	at  *int
	end bool
}

// A cursor walks over a text and knows how many units it has passed.
type cursor struct {
	s        string
	unit     parvis.Unit
	clusters clusters
	// The character or cluster before next is the last one passed; n is the count
	// of units before next, and prev that before the last one passed.
	next, n       int
	last, prevCnt int
}

// to returns the units before the byte offset at, which never goes back.
func (c *cursor) to(at int, end bool) int {
	for c.next < at {
		c.last, c.prevCnt = c.next, c.n
		c.step()
	}
	if c.next > at && at > c.last && !end {
		return c.prevCnt
	}
	if c.next > at && at <= c.last {
		return c.prevCnt
	}
	return c.n
}

// step passes one character or cluster.
func (c *cursor) step() {
	if c.unit == parvis.Graphemes && c.clusters.next() {
		c.next = c.clusters.end
		c.n++
		return
	}
	r, size := utf8.DecodeRuneInString(c.s[c.next:])
	c.next += size
	switch {
	case c.unit == parvis.Bytes:
		c.n += size
	case c.unit == parvis.UTF16 && r > 0xFFFF:
		c.n += 2
	default:
		c.n++
	}
}
