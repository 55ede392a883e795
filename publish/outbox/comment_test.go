package outbox_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
)

func TestComments(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	e := b.add("ana", b.plan("Bonjour"))
	for _, text := range []string{"un", "deux", "trois"} { // the clock stands still
		m, err := b.as("claire").Comment(t.Context(), e.ID, text)
		require.NoError(t, err)
		assert.Equal(t, "claire", m.Person)
		assert.Equal(t, e.ID, m.Entry)
		assert.NotEmpty(t, m.ID)
	}
	ms, err := b.as("").Comments(t.Context(), e.ID)
	require.NoError(t, err)
	require.Len(t, ms, 3)
	for i, text := range []string{"un", "deux", "trois"} {
		assert.Equal(t, text, ms[i].Text)
		assert.Equal(t, e.Hash, ms[i].Hash)
		assert.Equal(t, b.now(), ms[i].At)
		assert.False(t, ms[i].Asks)
		assert.Empty(t, ms[i].Via)
	}
	assert.Equal(t, "ana schedule, claire comment, claire comment, claire comment", b.ops())
	assert.Equal(t, e.Hash, b.get(e.ID).Hash, "a comment changes nothing")
	assert.Equal(t, e.Version, b.get(e.ID).Version)
}

func TestCommentsAreRefused(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	e := b.add("ana", b.plan("Bonjour"))
	for name, text := range map[string]string{
		"empty": " \n", "too long": strings.Repeat("x", 16<<10+1), "no UTF-8": "a\xff", "a zero byte": "a\x00b",
	} {
		_, err := b.as("claire").Comment(t.Context(), e.ID, text)
		require.ErrorIs(t, err, parvis.ErrInvalid, name)
	}
	_, err := b.box.For("rival").Comment(t.Context(), e.ID, "x")
	require.ErrorIs(t, err, parvis.ErrNotFound)
	_, err = b.box.For("rival").Comments(t.Context(), e.ID)
	require.ErrorIs(t, err, parvis.ErrNotFound)
	ms, err := b.as("").Comments(t.Context(), e.ID)
	require.NoError(t, err)
	assert.Empty(t, ms)
}
