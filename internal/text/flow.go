package text

import (
	"bytes"
	"slices"
	"strings"
)

// maxNesting is how many lists and quotes inside one another a flow shows.
const maxNesting = 16

// A flow lays out text line by line as a page would show it: white space is collapsed, blocks
// are apart, and list items and quotes have their marks before every line.
type flow struct {
	b       []byte
	breaks  int    // line breaks due before the next text, for blocks
	forced  int    // the same, as the text itself asks for
	space   bool   // a space is due before the next text
	before  string // what to write directly before the next text
	hard    string // what ends a line that the text itself breaks
	waits   bool   // start is to be set when the next text is written
	outside int    // how much of before does not belong to it
	start   int    // where the text began that was waited for
	pre     int    // how many elements that keep white space are open
	nest    []level
}

// A level is an open list, list item or quote.
type level struct {
	name        string
	first, rest string // what the first line and the other lines begin with
	used        bool   // the first line is written
	count       int    // items so far, of an ordered list
}

// block makes the next text begin n lines further down, 1 being the next line.
func (f *flow) block(n int) {
	f.breaks = max(f.breaks, n)
	f.space = false
}

// lineBreak makes the next text begin on a line of its own, and counts.
func (f *flow) lineBreak() {
	f.forced++
	f.space = false
}

// atLineStart reports whether the next text begins a line.
func (f *flow) atLineStart() bool { return len(f.b) == 0 || f.breaks > 0 || f.forced > 0 }

// lead writes what is due before the next text.
func (f *flow) lead() {
	switch n := max(f.breaks, f.forced); {
	case len(f.b) == 0:
		f.beginLine()
	case n > 0:
		if n == f.forced && n == 1 {
			f.b = append(f.b, f.hard...)
		}
		for range n - 1 {
			f.b = append(f.b, '\n')
			f.blankLine()
		}
		f.b = append(f.b, '\n')
		f.beginLine()
	case f.space:
		f.b = append(f.b, ' ')
	}
	f.breaks, f.forced, f.space = 0, 0, false
	if f.waits {
		f.waits = false
		f.start = len(f.b) + min(f.outside, len(f.before))
	}
	if f.before != "" {
		f.b = append(f.b, f.before...)
		f.before = ""
	}
}

func (f *flow) beginLine() {
	for i := range f.nest {
		l := &f.nest[i]
		if l.used {
			f.b = append(f.b, l.rest...)
		} else {
			f.b = append(f.b, l.first...)
			l.used = true
		}
	}
}

func (f *flow) blankLine() {
	for i := range f.nest {
		if f.nest[i].used {
			f.b = append(f.b, f.nest[i].rest...)
		}
	}
	f.b = bytes.TrimRight(f.b, " ")
}

// write puts s where it belongs, as it is.
func (f *flow) write(s string) {
	f.lead()
	f.b = append(f.b, s...)
}

// words writes the text s with white space collapsed, or kept inside pre. Control
// characters are left out.
func (f *flow) words(s string) {
	if f.pre > 0 {
		f.lines(s)
		return
	}
	for i := 0; i < len(s); {
		if c := s[i]; c <= ' ' {
			f.space = f.space || isSpace(c)
			i++
			continue
		}
		j := i + 1
		for j < len(s) && (s[j] > ' ' || s[j] == ' ' && j+1 < len(s) && s[j+1] > ' ') {
			j++
		}
		f.write(s[i:j])
		i = j
	}
}

// lines writes s with its white space and line breaks.
func (f *flow) lines(s string) {
	for i := 0; i < len(s); {
		j := i
		for j < len(s) && (s[j] >= ' ' || s[j] == '\t') {
			j++
		}
		if j > i {
			f.write(s[i:j])
		}
		if j < len(s) && (s[j] == '\n' || s[j] == '\r' && !strings.HasPrefix(s[j+1:], "\n")) {
			f.lineBreak()
		}
		i = j + 1
	}
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f' }

// push opens a list, list item or quote.
func (f *flow) push(l level) {
	if len(f.nest) < maxNesting {
		f.nest = append(f.nest, l)
	}
}

// pop closes the innermost level called name, and those inside it.
func (f *flow) pop(name string) {
	for i, v := range slices.Backward(f.nest) {
		if v.name == name {
			f.nest = f.nest[:i]
			return
		}
	}
}

// inList reports whether a list is open.
func (f *flow) inList() bool {
	for i := range f.nest {
		if f.nest[i].name == "ul" || f.nest[i].name == "ol" {
			return true
		}
	}
	return false
}
