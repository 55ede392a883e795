package text

import (
	"unicode"
	"unicode/utf8"

	"github.com/parvis-go/parvis"
)

// Weights is a weighted way to count: every code point weighs something, an emoji
// sequence weighs the same whatever it is made of, and a link weighs the same whatever
// its length. [DefaultWeights] is the rule that [parvis.Weighted] stands for.
//
// The rule expects texts in normalisation form C, as keyboards and networks write them;
// a letter followed by a combining accent of its own weighs both.
type Weights struct {
	// Scale is what the weights are divided by to give a length.
	Scale int
	// Default is the weight of a code point outside Ranges, and of an emoji sequence.
	Default int
	// Ranges gives the weights of ranges of code points; they do not overlap and are in order.
	Ranges []WeightRange
	// Link is what each link counts, in units of length.
	Link int
}

// WeightRange is the weight of the code points First to Last, both included.
type WeightRange struct {
	First, Last rune
	Weight      int
}

// defaultWeights is never changed.
var defaultWeights = DefaultWeights()

// DefaultWeights returns version 3 of the published configuration: scale 100,
// weight 200, and weight 100 for Latin and its neighbours (0–4351), general punctuation
// and spaces (8192–8205, 8208–8223, 8242–8247). A link counts 23.
//
// https://github.com/twitter/twitter-text/blob/master/config/v3.json,
// explained at https://docs.x.com/fundamentals/counting-characters
func DefaultWeights() Weights {
	return Weights{
		Scale:   100,
		Default: 200,
		Ranges: []WeightRange{
			{First: 0, Last: 4351, Weight: 100},
			{First: 8192, Last: 8205, Weight: 100},
			{First: 8208, Last: 8223, Weight: 100},
			{First: 8242, Last: 8247, Weight: 100},
		},
		Link: 23,
	}
}

// Count measures s by w, with each link counted as w.Link where that is not 0.
func (w Weights) Count(s string) int {
	n, pos := 0, 0
	sc := scanner{s: s}
	for w.Link > 0 {
		sp, ok := sc.next()
		if !ok {
			break
		}
		if sp.kind == parvis.EntityLink {
			n += w.weigh(s[pos:sp.start])
			n += w.Link * w.Scale
			pos = sp.end
		}
	}
	return (n + w.weigh(s[pos:])) / max(w.Scale, 1)
}

// bare is Count without links.
func (w *Weights) bare(s string) int { return w.weigh(s) / max(w.Scale, 1) }

// weigh returns the sum of the weights in s.
func (w *Weights) weigh(s string) int {
	n := 0
	for i := 0; i < len(s); {
		if size := emojiLen(s[i:]); size > 0 {
			n += w.Default
			i += size
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		n += w.of(r)
		i += size
	}
	return n
}

// of returns the weight of r.
func (w *Weights) of(r rune) int {
	for i := range w.Ranges {
		if x := &w.Ranges[i]; r <= x.Last {
			if r >= x.First {
				return x.Weight
			}
			break
		}
	}
	return w.Default
}

const (
	joiner     = '\u200D' // zero width joiner
	emojiStyle = '\uFE0F' // variation selector 16
	textStyle  = '\uFE0E' // variation selector 15
	keycap     = '\u20E3' // combining enclosing keycap
)

// emojiLen returns the length in bytes of the emoji sequence that s begins with, or 0 if
// it begins with none. The grammar is that of https://unicode.org/reports/tr51/#EBNF_and_Regex.
// Characters that are emoji only when asked to be, such as © and digits, are when asked.
func emojiLen(s string) int {
	if s == "" {
		return 0
	}
	if s[0] < utf8.RuneSelf {
		return keycapLen(s)
	}
	n := emojiElementLen(s)
	for n > 0 && n < len(s) {
		r, size := utf8.DecodeRuneInString(s[n:])
		if r != joiner {
			break
		}
		next := emojiElementLen(s[n+size:])
		if next == 0 {
			break
		}
		n += size + next
	}
	return n
}

// keycapLen returns the length of a keycap sequence such as "1️⃣" at the start of s, or 0.
func keycapLen(s string) int {
	if c := s[0]; c != '#' && c != '*' && (c < '0' || c > '9') {
		return 0
	}
	n := 1
	r, size := utf8.DecodeRuneInString(s[n:])
	if r == emojiStyle {
		n += size
		r, size = utf8.DecodeRuneInString(s[n:])
	}
	if r != keycap {
		return 0
	}
	return n + size
}

// emojiElementLen returns the length of one element of an emoji sequence: a flag, or a base
// with its selector, skin tone, keycap or tags.
func emojiElementLen(s string) int {
	r, n := utf8.DecodeRuneInString(s)
	if isFlagLetter(r) {
		if r, size := utf8.DecodeRuneInString(s[n:]); isFlagLetter(r) {
			n += size
		}
		return n
	}
	if !unicode.Is(emojiBases, r) {
		return 0
	}
	next, size := utf8.DecodeRuneInString(s[n:])
	switch {
	case next == textStyle:
		return 0
	case next == emojiStyle, isSkinTone(next):
		n += size
		if next, size = utf8.DecodeRuneInString(s[n:]); next == keycap {
			n += size
		}
	case r < 0x100:
		return 0
	}
	for n < len(s) {
		tag, size := utf8.DecodeRuneInString(s[n:])
		if tag < 0xE0020 || tag > 0xE007F {
			break
		}
		n += size
	}
	return n
}

func isFlagLetter(r rune) bool { return r >= 0x1F1E6 && r <= 0x1F1FF }

func isSkinTone(r rune) bool { return r >= 0x1F3FB && r <= 0x1F3FF }

// emojiBases holds the code points that an emoji can begin with, but for ASCII and flags;
// property Emoji of https://www.unicode.org/Public/UCD/latest/ucd/emoji/emoji-data.txt.
// Above 0x1F000 it is wider than the property, which keeps it right for emoji to come.
var emojiBases = &unicode.RangeTable{
	R16: []unicode.Range16{
		{0x00A9, 0x00AE, 5},
		{0x203C, 0x2049, 13},
		{0x2122, 0x2139, 23},
		{0x2194, 0x2199, 1},
		{0x21A9, 0x21AA, 1},
		{0x231A, 0x231B, 1},
		{0x2328, 0x2328, 1},
		{0x23CF, 0x23CF, 1},
		{0x23E9, 0x23F3, 1},
		{0x23F8, 0x23FA, 1},
		{0x24C2, 0x24C2, 1},
		{0x25AA, 0x25AB, 1},
		{0x25B6, 0x25C0, 10},
		{0x25FB, 0x25FE, 1},
		{0x2600, 0x2604, 1},
		{0x260E, 0x2611, 3},
		{0x2614, 0x2615, 1},
		{0x2618, 0x261D, 5},
		{0x2620, 0x2620, 1},
		{0x2622, 0x2623, 1},
		{0x2626, 0x262A, 4},
		{0x262E, 0x262F, 1},
		{0x2638, 0x263A, 1},
		{0x2640, 0x2642, 2},
		{0x2648, 0x2653, 1},
		{0x265F, 0x2660, 1},
		{0x2663, 0x2663, 1},
		{0x2665, 0x2666, 1},
		{0x2668, 0x267B, 19},
		{0x267E, 0x267F, 1},
		{0x2692, 0x2697, 1},
		{0x2699, 0x2699, 1},
		{0x269B, 0x269C, 1},
		{0x26A0, 0x26A1, 1},
		{0x26A7, 0x26A7, 1},
		{0x26AA, 0x26AB, 1},
		{0x26B0, 0x26B1, 1},
		{0x26BD, 0x26BE, 1},
		{0x26C4, 0x26C5, 1},
		{0x26C8, 0x26C8, 1},
		{0x26CE, 0x26CF, 1},
		{0x26D1, 0x26D1, 1},
		{0x26D3, 0x26D4, 1},
		{0x26E9, 0x26EA, 1},
		{0x26F0, 0x26F5, 1},
		{0x26F7, 0x26FA, 1},
		{0x26FD, 0x26FD, 1},
		{0x2702, 0x2705, 3},
		{0x2708, 0x270D, 1},
		{0x270F, 0x2712, 3},
		{0x2714, 0x2716, 2},
		{0x271D, 0x2721, 4},
		{0x2728, 0x2728, 1},
		{0x2733, 0x2734, 1},
		{0x2744, 0x2747, 3},
		{0x274C, 0x274E, 2},
		{0x2753, 0x2755, 1},
		{0x2757, 0x2757, 1},
		{0x2763, 0x2764, 1},
		{0x2795, 0x2797, 1},
		{0x27A1, 0x27B0, 15},
		{0x27BF, 0x27BF, 1},
		{0x2934, 0x2935, 1},
		{0x2B05, 0x2B07, 1},
		{0x2B1B, 0x2B1C, 1},
		{0x2B50, 0x2B55, 5},
		{0x3030, 0x303D, 13},
		{0x3297, 0x3299, 2},
	},
	R32: []unicode.Range32{{0x1F000, 0x1F1E5, 1}, {0x1F200, 0x1FAFF, 1}},
}
