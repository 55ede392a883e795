package text

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
)

var units = []parvis.Unit{parvis.Graphemes, parvis.CodePoints, parvis.UTF16, parvis.Bytes, parvis.Weighted}

func addTexts(f *testing.F) {
	for _, s := range texts {
		f.Add(s)
	}
	f.Add(ascii)
	f.Add(mixed)
	f.Add("0\xd200")        // a byte that begins a character but is alone
	f.Add("@ana\U000E0073") // a mention that something attaches to
	f.Add("\xff\r\n" + wales + cap1 + eAccent + "\u200D\u200F#\u20E3")
}

func addMarkups(f *testing.F) {
	addTexts(f)
	f.Add(status)
	f.Add(`<ul><li><a href=x>a</a><ol start="3"><li>b<pre> c` + "\n" + `</pre></ol></ul><table><tr><td>1<td>2</table><code>x</code>`)
	f.Add(`<h1>a<b>b<a href="https://a.b/&amp;">c</b></a><img src="https://a.b" alt='"'><svg><p>x</svg><!--x--><s>y</s>`)
	for piece := range bombs() {
		f.Add(piece + piece + "x" + piece)
	}
}

func FuzzCount(f *testing.F) {
	addTexts(f)
	f.Fuzz(func(t *testing.T, s string) {
		half := len(s) / 2
		for _, u := range units {
			n := CountUnit(s, u)
			require.GreaterOrEqual(t, n, 0)
			require.LessOrEqual(t, n, 2*len(s))
			require.LessOrEqual(t, n, CountUnit(s[:half], u)+CountUnit(s[half:], u), "%s of the whole and the halves", u)
			require.LessOrEqual(t, Count(s, parvis.TextLimit{Unit: u, LocalMention: true}), n)
			links := 0
			for _, e := range Entities(s) {
				if e.Kind == parvis.EntityLink {
					links++
				}
			}
			require.LessOrEqual(t, Count(s, parvis.TextLimit{Unit: u, Link: 23}), CountUnit(stripLinks(s), u)+23*links)
		}
	})
}

// stripLinks puts a line break, which joins with nothing, in the place of each link.
func stripLinks(s string) string {
	var b strings.Builder
	pos := 0
	for _, e := range Entities(s) {
		if e.Kind == parvis.EntityLink {
			b.WriteString(s[pos:e.Start] + "\x00")
			pos = e.End
		}
	}
	return b.String() + s[pos:]
}

// checkEntities fails unless es are in order, not overlapping, and on boundaries of characters.
func checkEntities(t *testing.T, s string, es []parvis.Entity) {
	t.Helper()
	pos := 0
	for _, e := range es {
		require.LessOrEqual(t, pos, e.Start)
		require.Less(t, e.Start, e.End)
		require.LessOrEqual(t, e.End, len(s))
		require.True(t, utf8.RuneStart(s[e.Start]))
		require.True(t, e.End == len(s) || utf8.RuneStart(s[e.End]) || !utf8.ValidString(s))
		pos = e.End
	}
}

func FuzzEntities(f *testing.F) {
	addTexts(f)
	f.Fuzz(func(t *testing.T, s string) {
		for _, opts := range [][]Option{nil, {BareDomains()}} {
			es := Entities(s, opts...)
			checkEntities(t, s, es)
			for _, e := range es {
				shown := s[e.Start:e.End]
				require.True(t, utf8.ValidString(shown))
				require.NotEmpty(t, e.Value)
				require.False(t, strings.ContainsFunc(shown, unicode.IsSpace))
				require.True(t, strings.HasSuffix(e.Value, strings.TrimLeft(shown, "@#＃")), "%q shows %q", e.Value, shown)
			}
		}
	})
}

func FuzzOffsets(f *testing.F) {
	for i, s := range texts {
		f.Add(s, i, 2*i)
	}
	f.Fuzz(func(t *testing.T, s string, start, end int) {
		es := append(Entities(s), parvis.Entity{Start: start, End: end})
		for _, u := range units[:4] {
			got := Offsets(s, es, u)
			require.Len(t, got, len(es))
			for i, e := range got {
				require.GreaterOrEqual(t, e.Start, 0)
				require.LessOrEqual(t, e.Start, e.End)
				require.LessOrEqual(t, e.End, CountUnit(s, u))
				if i < len(es)-1 && u != parvis.Graphemes {
					require.Equal(t, CountUnit(s[:es[i].Start], u), e.Start, "start in %s", u)
					require.Equal(t, CountUnit(s[:es[i].End], u), e.End, "end in %s", u)
				}
			}
		}
	})
}

func FuzzFromHTML(f *testing.F) {
	addMarkups(f)
	f.Fuzz(func(t *testing.T, s string) {
		got := FromHTML(s)
		require.True(t, utf8.ValidString(got.Plain))
		require.Equal(t, s, got.Markup)
		checkEntities(t, got.Plain, got.Entities)
		for _, e := range got.Entities {
			_, ok := safeURL(e.URL, true)
			require.True(t, ok, "address %q", e.URL)
		}

		var p plain // the scanner and the tokenizer agree
		tokenize(validUTF8(s), &p)
		p.endAnchor()
		require.Equal(t, string(p.b), got.Plain)
		require.Len(t, got.Entities, len(p.es))
		for i, e := range p.es {
			require.Equal(t, e.URL, got.Entities[i].URL)
		}
	})
}

func FuzzSanitize(f *testing.F) {
	addMarkups(f)
	f.Fuzz(func(t *testing.T, s string) {
		got := Sanitize(s)
		require.True(t, utf8.ValidString(got))
		require.Equal(t, got, Sanitize(got), "idempotent")
		assertClean(t, got)
	})
}

func FuzzConvert(f *testing.F) {
	addMarkups(f)
	f.Add("# a\n\n- b\n  1. **c** [d](https://e.f)\n\n> g\n\n|a|\n|-|\n|b|\n\n```\nx\n```")
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) > 2000 {
			return
		}
		formats := []parvis.Format{parvis.Plain, parvis.Markdown, parvis.HTML}
		for _, from := range formats {
			for _, to := range formats {
				got, err := Convert(s, from, to)
				require.NoError(t, err)
				if from == to {
					require.Equal(t, s, got)
				} else {
					require.True(t, utf8.ValidString(got))
				}
			}
		}
		markup, _ := Convert(s, parvis.Plain, parvis.HTML)
		assertClean(t, markup)
		back, _ := Convert(markup, parvis.HTML, parvis.Plain)
		require.Equal(t, squeeze(validUTF8(s)), squeeze(back), "text to HTML and back")
	})
}

// squeeze leaves out white space and control characters.
func squeeze(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || r < ' ' {
			return -1
		}
		return r
	}, s)
}

func fuzzLimits(n, m uint16, link uint8) parvis.TextLimits {
	return parvis.TextLimits{
		{Max: 4 + int(n%600), Unit: units[n%5], Link: int(link % 30), LocalMention: link%2 == 1},
		{Max: 4 + int(m%3000), Unit: units[m%5]},
	}
}

func addCuts(f *testing.F) {
	for i, s := range append(texts, ascii, mixed, strings.Repeat(family, 9)) {
		f.Add(s, uint16(7*i), uint16(40+i), uint8(i))
		f.Add(s, uint16(30+i), uint16(300+i), uint8(0))
	}
}

func FuzzSplit(f *testing.F) {
	addCuts(f)
	f.Fuzz(func(t *testing.T, s string, n, m uint16, link uint8) {
		ls := fuzzLimits(n, m, link)
		pieces := Split(s, ls, nil)
		for _, p := range pieces {
			if len(pieces) > 1 {
				require.NotEmpty(t, p)
			}
			require.True(t, Fits(p, ls) || utf8.RuneCountInString(p) == 1, "%q is longer than %v", p, ls)
		}
		if utf8.ValidString(s) { // else the bytes around a cut may make a character
			require.Equal(t, noSpace(s), noSpace(strings.Join(pieces, "")))
		}

		numbered := Split(s, ls, number)
		for i, p := range numbered {
			require.True(t, Fits(p, ls) || utf8.RuneCountInString(p) == 1, "%q is longer than %v", p, ls)
			numbered[i] = strings.TrimSuffix(p, number(i+1, len(numbered)))
		}
		if utf8.ValidString(s) {
			require.Equal(t, noSpace(s), noSpace(strings.Join(numbered, "")))
		}
	})
}

func noSpace(s string) string { return strings.Join(strings.Fields(s), "") }

func FuzzCut(f *testing.F) {
	addCuts(f)
	f.Fuzz(func(t *testing.T, s string, n, m uint16, link uint8) {
		ls := fuzzLimits(n, m, link)
		got := Cut(s, ls, "…")
		require.True(t, Fits(got, ls), "%q is longer than %v", got, ls)
		if Fits(s, ls) {
			require.Equal(t, s, got)
			return
		}
		kept, ok := strings.CutSuffix(got, "…")
		require.True(t, ok || got == "" || strings.HasPrefix(s, got))
		require.True(t, strings.HasPrefix(s, kept), "%q is no beginning", kept)
		for _, e := range Entities(s) {
			assert.False(t, e.Start < len(kept) && len(kept) < e.End, "%q is cut", s[e.Start:e.End])
		}
	})
}
