package bluesky

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/listen"
)

const settleMillis = 10_000

func TestPositions(t *testing.T) {
	t.Parallel()
	var p position
	assert.False(t, p.knows("a", 1000))
	p.add("a", 1_000_000_000, settleMillis)
	p.add("b", 1_000_000_000, settleMillis)
	assert.True(t, p.knows("a", 1_000_000_000))
	assert.False(t, p.knows("c", 1_000_000_000), "another one of the same moment")
	assert.False(t, p.knows("c", 1_000_000_000-reach), "what is filed late")
	assert.True(t, p.knows("c", 1_000_000_000-reach-1), "what is older than can be filed late")
	p.add("late", 900_000_000, settleMillis)
	assert.True(t, p.knows("late", 900_000_000))
	assert.EqualValues(t, 1_000_000_000-reach, p.from, "what is filed late moves nothing back")

	got, ok := parsePosition(p.text(settleMillis), false)
	require.True(t, ok)
	assert.Equal(t, p.from, got.from)
	assert.Equal(t, p.marks, got.marks)
	p.add("d", 1_000_000_000+2*reach, settleMillis)
	assert.Len(t, p.marks, 1, "what lies behind is not kept one by one")
	assert.True(t, p.knows("a", 1_000_000_000))
}

func TestPositionsStayShort(t *testing.T) {
	t.Parallel()
	var p position
	for i := range 5000 {
		id, at := fmt.Sprint(i), int64(1_000_000_000+200*i)
		p.add(id, at, settleMillis)
		require.True(t, p.knows(id, at))
	}
	assert.LessOrEqual(t, len(p.marks), heldMarks+1)
	text := p.text(settleMillis)
	assert.Less(t, len(text), 2500)
	got, ok := parsePosition(text, false)
	require.True(t, ok)
	for i := range 5000 {
		require.True(t, got.knows(fmt.Sprint(i), int64(1_000_000_000+200*i)))
	}
	assert.False(t, got.knows("late", 1_000_000_000+200*4999-settleMillis))

	var same position // a thousand at one moment must all be remembered
	for i := range 1500 {
		same.add(fmt.Sprint(i), 1_000_000_000, settleMillis)
	}
	got, ok = parsePosition(same.text(settleMillis), false)
	require.True(t, ok)
	for i := range 1500 {
		require.True(t, got.knows(fmt.Sprint(i), 1_000_000_000))
	}
	assert.False(t, got.knows("another", 1_000_000_000))
}

func TestLoosePositionsKnowByNameAlone(t *testing.T) {
	t.Parallel()
	p := position{loose: true}
	for i := range 300 {
		p.add(fmt.Sprint(i), int64(1000-i), settleMillis)
	}
	assert.Len(t, p.marks, keepMarks)
	got, ok := parsePosition(p.text(settleMillis), true)
	require.True(t, ok)
	assert.True(t, got.knows("299", 0))
	assert.False(t, got.knows("0", 1000), "what was long ago may be shown again")
	assert.False(t, got.knows("old", -5))
}

func TestForeignCursors(t *testing.T) {
	t.Parallel()
	h := &hearing{feed: feed{name: "notices"}, strands: []*strand{{}}, c: &Client{}}
	h.strands[0].at.add("a", 1000, settleMillis)
	own := h.cursor()
	require.NoError(t, h.resume(own))
	require.NoError(t, h.resume(""))
	other := &hearing{feed: feed{name: "home"}, strands: []*strand{{}}, c: &Client{}}
	require.ErrorIs(t, other.resume(own), parvis.ErrInvalid)
	for _, c := range []listen.Cursor{"x", "b1/x/", own + "/", own + ",", own + "1", own[:len(own)-1], "b1//", "b2" + own[2:], own + ",-1.AAAAAA"} {
		assert.ErrorIs(t, h.resume(c), parvis.ErrInvalid, string(c))
	}
	_, ok := parseStreamAt(own, "notices")
	assert.False(t, ok)
}

func FuzzPosition(f *testing.F) {
	var p position
	p.add("a", 1_000_000_000, settleMillis)
	p.add("b", 1_000_000_500, settleMillis)
	f.Add(p.text(settleMillis), false)
	f.Add("0,.AAAAAA", true)
	f.Add("zzzz,zz.______", false)
	f.Fuzz(func(t *testing.T, s string, loose bool) {
		p, ok := parsePosition(s, loose)
		if !ok {
			return
		}
		text := p.text(settleMillis)
		again, ok := parsePosition(text, loose)
		if !ok || again.text(settleMillis) != text {
			t.Fatalf("%q is written as %q, and that as %q", s, text, again.text(settleMillis))
		}
		p.add("new", 5, settleMillis)
	})
}

func FuzzStreamCursor(f *testing.F) {
	a := &streamAt{dialect: "m", host: "host.example", seq: 5, marks: []uint64{1, 2}}
	f.Add(string(a.cursor("jetstream")))
	f.Add("s1/x/f//0/0/")
	f.Fuzz(func(t *testing.T, s string) {
		a, ok := parseStreamAt(listen.Cursor(s), "jetstream")
		if !ok {
			return
		}
		again, ok := parseStreamAt(a.cursor("jetstream"), "jetstream")
		if !ok || again.cursor("jetstream") != a.cursor("jetstream") {
			t.Fatalf("%q", s)
		}
	})
}
