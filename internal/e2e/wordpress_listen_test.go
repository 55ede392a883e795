package e2e

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	server "github.com/parvis-go/parvis/internal/e2e/servers/wordpress"
	"github.com/parvis-go/parvis/listen"
	"github.com/parvis-go/parvis/publish"
)

func TestWordPressSevenCommentsAtOneTime(t *testing.T) {
	t.Parallel()
	b := openSite(t)
	post := published(t, b.as(t, "author"), publish.Draft{Text: unique(t)})
	word := unique(t)
	at := time.Now().UTC().Add(-time.Minute).Truncate(time.Second)
	want := make(map[string]bool)
	for i := range 7 {
		var c saidComment
		_, err := b.admin(t.Context(), "POST", "comments", map[string]any{
			"post": post.Ref.ID, "content": fmt.Sprintf("%s number %d", word, i),
			"date_gmt": at.Format("2006-01-02T15:04:05"),
		}, &c)
		require.NoError(t, err)
		want[strconv.Itoa(c.ID)] = true
	}
	c := b.as(t, "editor")
	q := listen.Query{Kinds: listen.Comment}
	for len(want) > 0 {
		var got listen.Event
		for ev, err := range listen.To(t.Context(), c, q) {
			require.NoError(t, err)
			q.Since = ev.Cursor
			if strings.Contains(ev.Text.Plain, word) {
				got = ev
				break // a new listener for each
			}
		}
		require.True(t, want[got.Ref.ID], "heard %q, still expected: %v", got.Ref.ID, want)
		delete(want, got.Ref.ID)
		assert.True(t, got.Time.Equal(at))
	}
	assert.Empty(t, heard(t, c, q, word), "heard twice")
}

func TestWordPressAcrossTheHourThatComesTwice(t *testing.T) {
	t.Parallel()
	b := moderatedSite(t)
	post := published(t, b.as(t, "author"), publish.Draft{Text: unique(t)})
	word := unique(t)
	say := func(at string) {
		var c saidComment
		_, err := b.admin(t.Context(), "POST", "comments", map[string]any{"post": post.Ref.ID, "content": word + " at " + at, "date_gmt": at}, &c)
		require.NoError(t, err)
	}
	c := b.as(t, "editor")
	say("2026-10-25T00:50:00") // 02:50 in Paris, before the clock went back
	first := heard(t, c, listen.Query{}, word)
	require.Len(t, first, 1)
	say("2026-10-25T01:10:00") // 02:10 in Paris, after it did
	second := heard(t, c, listen.Query{Since: first[0].Cursor}, word)
	require.Len(t, second, 1)
	assert.Contains(t, second[0].Text.Plain, "01:10")
}

func TestWordPressHearsEditsAndTheTrash(t *testing.T) {
	t.Parallel()
	b := openSite(t)
	author, editor := b.as(t, "author"), b.as(t, "editor")
	word := unique(t)
	post := published(t, author, publish.Draft{Text: word})
	evs := heard(t, editor, listen.Query{}, word)
	require.Len(t, evs, 1)
	assert.Equal(t, listen.Post, evs[0].Kind)
	assert.Equal(t, "author", evs[0].Author.Name)

	_, err := publish.Edit(t.Context(), author, post.Ref, publish.Draft{Text: word + " changed"})
	require.NoError(t, err)
	q := listen.Query{Since: evs[0].Cursor}
	evs = heard(t, editor, q, word)
	require.Len(t, evs, 1)
	assert.Equal(t, listen.Edit, evs[0].Kind)
	assert.Equal(t, word+" changed", evs[0].Text.Plain)

	require.NoError(t, publish.Trash(t.Context(), author, post.Ref))
	gone := 0
	for ev, err := range listen.To(t.Context(), editor, listen.Query{Since: evs[0].Cursor}) {
		require.NoError(t, err)
		if ev.Kind == listen.Delete && ev.Ref == post.Ref {
			gone++
		}
	}
	assert.Equal(t, 1, gone)
}

func TestWordPressHearsWhatCronPublishesLate(t *testing.T) {
	t.Parallel()
	b := wordpressSite(t, "late", server.Settings{Permalinks: server.Pretty})
	author, editor := b.as(t, "author"), b.as(t, "editor")
	late := published(t, author, publish.Draft{Text: unique(t), Title: "late", At: time.Now().Add(2 * time.Hour)})
	// An hour ago was its time, and nobody has visited the site since.
	_, err := b.Eval(t.Context(), `$at = gmdate('Y-m-d H:i:s', time() - 3600); $id = `+late.Ref.ID+`;
		$wpdb->update($wpdb->posts, ['post_date' => $at, 'post_date_gmt' => $at], ['ID' => $id]);
		wp_clear_scheduled_hook('publish_future_post', [$id]);
		wp_schedule_single_event(time() - 3600, 'publish_future_post', [$id]);`)
	require.NoError(t, err)
	published(t, author, publish.Draft{Text: unique(t), Title: "newer"})
	q := listen.Query{Kinds: listen.Post}
	var titles []string
	for range 2 {
		for ev, err := range listen.To(t.Context(), editor, q) {
			require.NoError(t, err)
			titles, q.Since = append(titles, ev.Title), ev.Cursor
		}
		require.NoError(t, b.Cron(t.Context()))
	}
	assert.Equal(t, []string{"Hello world!", "newer", "late"}, titles)
}
