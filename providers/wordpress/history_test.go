package wordpress_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	site "github.com/parvis-go/parvis/internal/apitest/wordpress"
	"github.com/parvis-go/parvis/listen"
	"github.com/parvis-go/parvis/providers/wordpress"
	"github.com/parvis-go/parvis/publish"
)

func TestHistorySearchAndMembers(t *testing.T) {
	t.Parallel()
	now, o := ticking()
	s := site.New(t, o)
	author, c := open(t, s, "author"), open(t, s, "editor")
	for i := range 130 {
		now.step(time.Second)
		p := post(t, author, publish.Draft{Text: fmt.Sprint("post ", i), Tags: []string{"Four"}})
		said(t, s, p.Ref, fmt.Sprint("comment ", i))
	}
	past := gather(t, listen.Past(t.Context(), c, listen.Query{}))
	require.Len(t, past, 261)
	for i, ev := range past[1:] {
		require.False(t, ev.Time.After(past[i].Time), "newest first")
	}
	assert.Equal(t, "history", past[0].Source)
	assert.Len(t, gather(t, listen.Past(t.Context(), c, listen.Query{After: now.Now().Add(-9 * time.Second)})), 20)
	middle := past[100]
	since := gather(t, listen.Past(t.Context(), c, listen.Query{Since: middle.Cursor}))
	assert.InDelta(t, 100, len(since), 2)
	resumed := hear(t, c, listen.Query{Since: middle.Cursor})
	assert.InDelta(t, 100, len(resumed), 2, "and forwards from there")

	found := gather(t, listen.Search(t.Context(), c, listen.Query{Text: "129"}))
	assert.Equal(t, []string{"comment comment 129", "post post 129"}, sorted(texts(found)))
	assert.Len(t, gather(t, listen.Search(t.Context(), c, listen.Query{Tag: "#four"})), 130, "posts only")
	assert.Empty(t, gather(t, listen.Search(t.Context(), c, listen.Query{Tag: "unknown"})))

	names := func(c *wordpress.Client) (out []string) {
		for p, err := range listen.MembersOf(t.Context(), c, parvis.Place{}) {
			require.NoError(t, err)
			out = append(out, p.Handle)
		}
		return out
	}
	assert.Equal(t, []string{"admin", "author"}, names(c), "an editor sees who has published")
	assert.Len(t, names(open(t, s, "admin")), 135)
	for _, err := range listen.MembersOf(t.Context(), c, parvis.Place{Ref: parvis.Ref{Network: "wordpress", Kind: parvis.KindPlace, ID: "posts"}}) {
		require.ErrorIs(t, err, parvis.ErrUnsupported)
	}
}

func sorted(s []string) []string {
	if len(s) == 2 && s[0] > s[1] {
		s[0], s[1] = s[1], s[0]
	}
	return s
}
