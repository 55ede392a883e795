package wordpress

import (
	"encoding/json"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers/wordpress/internal/api"
	"github.com/parvis-go/parvis/publish"
)

func fixture(t testing.TB, name string, out any) json.RawMessage {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name + ".json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(b, out))
	return b
}

func TestPostOfARealSite(t *testing.T) {
	t.Parallel()
	c := bench(t)
	var p api.Post
	raw := fixture(t, "post", &p)
	got := c.post(p, raw)
	assert.Equal(t, c.ref(parvis.KindPost, "4"), got.Ref)
	assert.Equal(t, publish.Published, got.State)
	assert.Equal(t, "Portes ouvertes", got.Title)
	assert.Equal(t, "L’atelier ouvre samedi.", got.Text.Plain)
	assert.Equal(t, parvis.HTML, got.Text.Format)
	assert.NotContains(t, got.Text.Markup, "<!--", "the mark is nobody's business")
	assert.Equal(t, "editor", got.Author.Name)
	assert.Equal(t, "https://blog.example/author/editor/", got.Author.URL)
	assert.Equal(t, publish.Public, got.Visibility)
	assert.Equal(t, 2026, got.Created.Year())
	assert.Equal(t, time.UTC, got.Created.Location())
	assert.JSONEq(t, string(raw), string(got.Raw))
	_, m := cutMark(p.Content.Raw)
	assert.Equal(t, "bhjkqvxzbhjkqvxzbhjk", m.hash)
}

func TestCommentsOfARealSite(t *testing.T) {
	t.Parallel()
	c := bench(t)
	var ms []api.Comment
	fixture(t, "comments", &ms)
	require.Len(t, ms, 3)
	reply, first := ms[0], ms[1]
	assert.Equal(t, "Dix heures.", commentText(reply).Plain)
	assert.Equal(t, c.commentRef(1), c.answer(reply, nil).ReplyTo)
	got := c.answer(first, nil)
	assert.Equal(t, "À quelle heure ?", got.Text.Plain)
	assert.Equal(t, publish.Held, got.State)
	assert.Equal(t, c.postRef(4, "post"), got.ReplyTo)
	assert.Equal(t, c.personRef(4), got.Author.Ref)
	assert.Equal(t, "sub", got.Author.Name)
	assert.Equal(t, "A WordPress Commenter", c.speaker(ms[2]).Name)
	assert.True(t, c.speaker(ms[2]).Ref.IsZero(), "somebody without an account")
}

func TestStates(t *testing.T) {
	t.Parallel()
	for status, want := range map[string]publish.State{
		"publish": publish.Published, "private": publish.Published, "future": publish.Scheduled,
		"pending": publish.Held, "draft": publish.Held, "wc-processing": publish.Held, "trash": publish.Rejected,
	} {
		assert.Equal(t, want, stateOf(status), status)
	}
	c := bench(t)
	for status, want := range map[string]publish.State{
		"approved": publish.Published, "hold": publish.Held, "spam": publish.Rejected,
		"trash": publish.Rejected, "post-trashed": publish.Rejected, "odd": publish.Held,
	} {
		assert.Equal(t, want, c.answer(api.Comment{Status: status}, nil).State, status)
	}
}

func TestMeOfARealSite(t *testing.T) {
	t.Parallel()
	var me api.User
	fixture(t, "me", &me)
	assert.Equal(t, "editor", me.Username)
	assert.Equal(t, []string{"editor"}, me.Roles)
	assert.True(t, me.Capabilities["moderate_comments"])
	assert.False(t, me.Capabilities["list_users"])
	assert.True(t, rightsOf(me, posts).others.OK())
	assert.Equal(t, "the role editor may not list users", may(me, "list_users", "list users").Why)
}

func TestTextOfTheClassicEditor(t *testing.T) {
	t.Parallel()
	c := bench(t)
	got, _ := c.textOf(api.Rendered{Raw: "a\n\nb", Rendered: "<p>a</p>\n<p>b</p>\n"})
	assert.Equal(t, "a\n\nb", got.Plain)
	assert.Equal(t, `A "B"`, plain(api.Rendered{Raw: `A "B"`, Rendered: "A &#8220;B&#8221;"}))
	assert.Equal(t, "A & B", plain(api.Rendered{Rendered: "A &#038; B"}))
}

func FuzzDecodePost(f *testing.F) {
	for _, name := range []string{"post", "media", "me"} {
		b, err := os.ReadFile("testdata/" + name + ".json")
		require.NoError(f, err)
		f.Add(b)
	}
	f.Add([]byte(`{"id":-1,"date_gmt":"0000-00-00T00:00:00","title":"x","content":{"raw":"<figure class=wp-block-image>"},"_embedded":{"author":[{"code":"x"}]}}`))
	c := bench(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		var p api.Post
		if json.Unmarshal(b, &p) != nil {
			return
		}
		post := c.post(p, b)
		require.NotEmpty(t, post.State)
		require.Equal(t, parvis.KindPost, post.Ref.Kind)
		require.NotContains(t, post.Text.Plain, "\x00")
	})
}

func FuzzDecodeComment(f *testing.F) {
	f.Add([]byte(`{"id":1,"post":2,"content":{"rendered":"<p>a"},"_links":{"up":[{}]},"author_avatar_urls":[]}`))
	c := bench(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		var m api.Comment
		if json.Unmarshal(b, &m) != nil {
			return
		}
		require.NotEmpty(t, c.answer(m, b).State)
		fam := &family{head: 1, parents: map[int]int{m.ID: m.Parent, m.Parent: m.ID}}
		fam.has(m) // ends, also where parents go in a circle
	})
}
