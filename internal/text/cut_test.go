package text

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
)

func limit(n int, u parvis.Unit) parvis.TextLimits { return parvis.TextLimits{{Max: n, Unit: u}} }

func TestCut(t *testing.T) {
	t.Parallel()
	g := func(n int) parvis.TextLimits { return limit(n, parvis.Graphemes) }
	for _, c := range []struct {
		name, s  string
		ls       parvis.TextLimits
		ellipsis string
		want     string
	}{
		{"fits", "Hello", g(5), "…", "Hello"},
		{"no limit", "Hello", nil, "…", "Hello"},
		{"between words", "Hello wonderful world", g(20), "…", "Hello wonderful…"},
		{"a word that fits exactly", "Hello wonderful world", g(16), "…", "Hello wonderful…"},
		{"inside a long word", "Hi Donaudampfschifffahrt", g(10), "…", "Hi Donaud…"},
		{"no ellipsis", "Hello world", g(7), "", "Hello"},
		{"ellipsis of three", "Hello world", g(8), "...", "Hello..."},
		{"ellipsis has no room", "Hello", g(2), "...", "He"},
		{"only the ellipsis has room", "Hello", g(1), "…", "…"},
		{"nothing has room", family, limit(3, parvis.Bytes), "...", "..."},
		{"nothing at all", family, limit(2, parvis.Bytes), "...", ""},
		{"clusters stay whole", "a" + family + family, limit(40, parvis.Bytes), "…", "a" + family + "…"},
		{"accents stay whole", strings.Repeat(eAccent, 4), limit(7, parvis.Bytes), "", strings.Repeat(eAccent, 2)},
		{"links stay whole", "see https://example.com/page now", g(20), "…", "see…"},
		{"links that fit stay", "see https://example.com/page now", g(30), "…", "see https://example.com/page…"},
		{"weighed links fit", "see https://example.com/page now", parvis.TextLimits{{Max: 10, Unit: parvis.Graphemes, Link: 5}}, "…", "see https://example.com/page…"},
		{"mentions stay whole", "hi @ana@social.example bye", g(12), "…", "hi…"},
		{"hashtags stay whole", "hi #artisanat bye", g(9), "…", "hi…"},
		{"Japanese has no spaces", "東京都に行きました", g(5), "…", "東京都に…"},
		{"all rules are kept", "éééééééééé", parvis.TextLimits{{Max: 9, Unit: parvis.Graphemes}, {Max: 9, Unit: parvis.Bytes}}, "…", "ééé…"},
		{"weighted", "日本語日本語", limit(7, parvis.Weighted), "…", "日本…"},
		{"lines count as words", "Hello\nworld and more", g(8), "…", "Hello…"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := Cut(c.s, c.ls, c.ellipsis)
			assert.Equal(t, c.want, got)
			assert.True(t, Fits(got, c.ls))
		})
	}
}

func TestSplit(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, s string
		max     int
		want    []string
	}{
		{"fits", "Hello ", 10, []string{"Hello "}},
		{"empty", "", 10, []string{""}},
		{"paragraphs", "One two.\n\nThree four. Five.\n\nSix.", 20, []string{"One two.", "Three four. Five.", "Six."}},
		{"lines", "One two\nthree four five six", 16, []string{"One two", "three four five", "six"}},
		{"sentences", "One two! Three four? Five six.", 21, []string{"One two! Three four?", "Five six."}},
		{"initials are no sentences", "Bonjour M. Dupont du Sud", 17, []string{"Bonjour M. Dupont", "du Sud"}},
		{"quoted sentences", "« Un deux ! » Trois quatre", 18, []string{"« Un deux ! »", "Trois quatre"}},
		{"Japanese sentences", "東京です。大阪です。京都です。", 9, []string{"東京です。", "大阪です。", "京都です。"}},
		{"words", "one two three four", 9, []string{"one two", "three", "four"}},
		{"graphemes", "abcdefghij", 4, []string{"abcd", "efgh", "ij"}},
		{"emoji", strings.Repeat(family, 3), 2, []string{family + family, family}},
		{"links stay whole", "go to https://a.example/b now", 22, []string{"go to", "https://a.example/b", "now"}},
		{"links too long for a piece are broken", "https://a.example/abcdef", 10, []string{"https://a.", "example/ab", "cdef"}},
		{"space around is left out", "  one two  three ", 8, []string{"one two", "three"}},
		{"only space", strings.Repeat(" ", 9), 4, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, c.want, Split(c.s, limit(c.max, parvis.Graphemes), nil))
		})
	}
}

func TestSplitTooLong(t *testing.T) {
	t.Parallel()
	pieces := Split("a"+family, limit(8, parvis.Bytes), nil)
	assert.Equal(t, "a"+family, strings.Join(pieces, ""), "a cluster is broken between its characters")
	for _, p := range pieces {
		assert.LessOrEqual(t, len(p), 8)
	}
	assert.Equal(t, []string{"a", "é", "b"}, Split("aéb", limit(1, parvis.Bytes), nil), "a character never is")
}

func number(i, n int) string { return fmt.Sprintf(" (%d/%d)", i, n) }

func TestSplitNumbered(t *testing.T) {
	t.Parallel()
	assert.Equal(t, []string{"Short."}, Split("Short.", limit(10, parvis.Graphemes), number), "one piece has no number")
	assert.Equal(t,
		[]string{"One two (1/3)", "three (2/3)", "four (3/3)"},
		Split("One two three four", limit(13, parvis.Graphemes), number))

	long := strings.TrimSpace(strings.Repeat("word ", 400))
	pieces := Split(long, limit(40, parvis.Graphemes), number)
	require.Greater(t, len(pieces), 9, "numbers of two digits")
	words := 0
	for i, p := range pieces {
		assert.True(t, Fits(p, limit(40, parvis.Graphemes)), p)
		assert.True(t, strings.HasSuffix(p, number(i+1, len(pieces))), p)
		words += strings.Count(p, "word")
	}
	assert.Equal(t, 400, words)

	assert.Equal(t, []string{"abc", "def"}, Split("abcdef", limit(3, parvis.Graphemes), number), "no room for numbers")
}

func TestSplitAllRules(t *testing.T) {
	t.Parallel()
	ls := parvis.TextLimits{{Max: 20, Unit: parvis.Graphemes, Link: 10}, {Max: 60, Unit: parvis.Bytes}}
	s := "日本語の長い文章です。" + strings.Repeat("これは続きの文です。", 5) + " https://example.com/" + strings.Repeat("x", 30) + " fin"
	pieces := Split(s, ls, nil)
	for _, p := range pieces {
		assert.True(t, Fits(p, ls), p)
	}
	assert.Equal(t, strings.ReplaceAll(s, " ", ""), strings.ReplaceAll(strings.Join(pieces, ""), " ", ""))
	assert.Contains(t, pieces[len(pieces)-1], "https://example.com/"+strings.Repeat("x", 30))
}
