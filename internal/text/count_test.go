package text

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/parvis-go/parvis"
)

const (
	family  = "👨‍👩‍👧‍👦" // four people and three joiners
	flag    = "🇫🇷"
	wales   = "🏴󠁧󠁢󠁷󠁬󠁳󠁿" // a black flag and tags
	thumb   = "👍🏽"      // with a skin tone
	heart   = "❤️"      // with the emoji selector
	cap1    = "1️⃣"     // a digit, the selector and the keycap
	eAccent = "e\u0301" // a letter and a combining accent
)

func TestCountUnit(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		s                                           string
		graphemes, points, utf16, byteCnt, weighted int
	}{
		{"", 0, 0, 0, 0, 0},
		{"hello", 5, 5, 5, 5, 5},
		{"a\r\nb", 3, 4, 4, 4, 4},
		{"été", 3, 3, 3, 5, 3},
		{eAccent, 1, 2, 2, 3, 2},
		{family, 1, 7, 11, 25, 2},
		{flag, 1, 2, 4, 8, 2},
		{flag + flag, 2, 4, 8, 16, 4},
		{wales, 1, 7, 14, 28, 2},
		{thumb, 1, 2, 4, 8, 2},
		{heart, 1, 2, 2, 6, 2},
		{cap1, 1, 3, 3, 7, 2},
		{"1", 1, 1, 1, 1, 1},
		{"#\u20E3", 1, 2, 2, 4, 2},
		{"©", 1, 1, 1, 2, 1},
		{"©\uFE0F", 1, 2, 2, 5, 2},
		{"☎\uFE0E", 1, 2, 2, 6, 4},
		{"日本語", 3, 3, 3, 9, 6},
		{"한국", 2, 2, 2, 6, 4},
		{"مرحبا", 5, 5, 5, 10, 5},
		{"\u200Fאב", 3, 3, 3, 7, 4},
		{"“a”…", 4, 4, 4, 10, 5},
		{"\u2010–\u2019\u2032", 4, 4, 4, 12, 4},
		{"\u200E\u202F", 2, 2, 2, 6, 4},
		{"𝒳", 1, 1, 2, 4, 2},
		{"\xff\xfe", 2, 2, 2, 2, 4},
	} {
		assert.Equal(t, c.graphemes, CountUnit(c.s, parvis.Graphemes), "graphemes of %+q", c.s)
		assert.Equal(t, c.graphemes, CountUnit(c.s, ""), "the default unit of %+q", c.s)
		assert.Equal(t, c.points, CountUnit(c.s, parvis.CodePoints), "code points of %+q", c.s)
		assert.Equal(t, c.utf16, CountUnit(c.s, parvis.UTF16), "UTF-16 units of %+q", c.s)
		assert.Equal(t, c.byteCnt, CountUnit(c.s, parvis.Bytes), "bytes of %+q", c.s)
		assert.Equal(t, c.weighted, CountUnit(c.s, parvis.Weighted), "weight of %+q", c.s)
	}
}

func TestCount(t *testing.T) {
	t.Parallel()
	links := parvis.TextLimit{Unit: parvis.CodePoints, Link: 23}
	local := parvis.TextLimit{Unit: parvis.Graphemes, LocalMention: true}
	both := parvis.TextLimit{Unit: parvis.Graphemes, Link: 23, LocalMention: true}
	for _, c := range []struct {
		name string
		s    string
		l    parvis.TextLimit
		want int
	}{
		{"a short link counts more than it has", "http://a.b", links, 23},
		{"a long link counts less", "see https://example.com/" + strings.Repeat("x", 500), links, 27},
		{"two links", "http://a.b http://a.b", links, 47},
		{"punctuation around links counts", "(https://example.com/a_(b)).", links, 26},
		{"no link without a dot", "http://localhost", links, 16},
		{"links count as written by default", "http://a.b", parvis.TextLimit{Unit: parvis.Bytes}, 10},
		{"bare domains count as written", "example.com", links, 11},
		{"remote part of a mention is free", "@ana@social.example hi", local, 7},
		{"local mention counts", "@ana hi", local, 7},
		{"dotted handle counts whole", "@ana.example.com", local, 16},
		{"mail address counts whole", "ana@social.example", local, 18},
		{"mention counts whole without the rule", "@ana@social.example", links, 19},
		{"both", "@ana@social.example http://a.b 👩‍👩‍👧", both, 4 + 1 + 23 + 1 + 1},
		{"weighted with links", "日本 https://example.com/日本", parvis.TextLimit{Unit: parvis.Weighted, Link: 23}, 28},
		{"a negative link weight is nothing", "http://a.b x", parvis.TextLimit{Unit: parvis.Bytes, Link: -5}, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, c.want, Count(c.s, c.l))
		})
	}
}

func TestWeights(t *testing.T) {
	t.Parallel()
	w := DefaultWeights()
	assert.Equal(t, 28, w.Count("日本 https://example.com/path?query=1"))
	assert.Equal(t, 2, w.Count(family))
	w.Link = 0
	assert.Equal(t, len("http://a.b"), w.Count("http://a.b"))

	half := Weights{Scale: 2, Default: 2, Ranges: []WeightRange{{First: 'a', Last: 'z', Weight: 1}}}
	assert.Equal(t, 3, half.Count("abcdé"), "four halves and one whole")
	assert.Equal(t, 3, Weights{Default: 1}.Count("abc"), "no scale is a scale of one")
}

func TestWeightedEmoji(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]int{
		"👩🏾‍🚀":       2, // joined, with a skin tone
		"🏳️‍🌈":       2, // selector before the joiner
		"🇫":          2, // half a flag
		"👍👍":         4,
		"👍\u200D":    3, // a joiner that joins nothing
		"👍\u200Da":   4,
		"1\uFE0F":    3, // a digit with a selector but no keycap
		"*":          1,
		"→\uFE0F":    4, // not an emoji
		"🫠":          2,
		heart + "‍🔥": 2,
	} {
		assert.Equal(t, want, CountUnit(s, parvis.Weighted), "%+q", s)
	}
}

func TestFits(t *testing.T) {
	t.Parallel()
	ls := parvis.TextLimits{{Max: 3, Unit: parvis.Graphemes}, {Max: 10, Unit: parvis.Bytes}}
	assert.True(t, Fits("abc", ls))
	assert.False(t, Fits("abcd", ls), "too many graphemes")
	assert.False(t, Fits(family, ls), "too many bytes")
	assert.True(t, Fits(strings.Repeat("x", 1000), nil), "no rules")
	assert.True(t, Fits(strings.Repeat("x", 1000), parvis.TextLimits{{Unit: parvis.Bytes}}), "no maximum")
	assert.True(t, Fits("", parvis.TextLimits{{Max: 5, Min: 2, Unit: parvis.Bytes}}), "Min is not looked at")
}

func TestFingerprint(t *testing.T) {
	t.Parallel()
	want := Fingerprint("Les Coulisses de l’ATELIER à 10 h")
	assert.Len(t, want, 64)
	for _, same := range []string{
		"les coulisses de l’atelier à 10 h", "\n Les\tCoulisses  de\u00A0l’atelier\n\nÀ 10 h ", "LES COULISSES DE L’ATELIER À 10 H",
	} {
		assert.Equal(t, want, Fingerprint(same), same)
	}
	assert.Equal(t, Fingerprint("ΟΔΥΣΣΕΥΣ"), Fingerprint("οδυσσευς"))
	for _, other := range []string{"", "les coulisses de l’atelier à 11 h", "lescoulisses de l’atelier à 10 h"} {
		assert.NotEqual(t, want, Fingerprint(other), other)
	}
}
