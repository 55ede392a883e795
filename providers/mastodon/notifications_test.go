package mastodon

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/listen"
	"github.com/parvis-go/parvis/providers/mastodon/internal/api"
	"github.com/parvis-go/parvis/publish"
)

// TestNotificationTypes translates each type that the documentation lists, and Pleroma's own.
func TestNotificationTypes(t *testing.T) {
	t.Parallel()
	c, err := New(Config{Server: "https://m.example", Client: "acme", Tokens: parvis.StaticToken("t")}, nil)
	require.NoError(t, err)
	h := &hearing{c: c, me: "7"}
	const status = `"status":{"id":"50","visibility":"%s","in_reply_to_account_id":"%s","edited_at":"2026-11-20T10:00:00.000Z",` +
		`"account":{"id":"8"},"mentions":[%s],"quote":{"state":"accepted","quoted_status":{"id":"40"}}}`
	plain := fmt.Sprintf(status, "public", "", "")
	const edited = "status/50@2026-11-20T10:00:00.000Z"
	for _, x := range []struct {
		kind, more string
		want       string // kind, ID, author, reference, then what is special
	}{
		{"mention", fmt.Sprintf(status, "public", "7", `{"id":"7"}`), "reply " + edited + " 8 50 "},
		{"mention", fmt.Sprintf(status, "public", "9", `{"id":"7"}`), "mention " + edited + " 8 50 "},
		{"mention", fmt.Sprintf(status, "direct", "7", `{"id":"7"}`), "message " + edited + " 8 50 "},
		{"mention", plain, "mention " + edited + " 8 50 "},
		{"status", plain, "post " + edited + " 8 50 "},
		{"quote", plain, "mention " + edited + " 8 50 parent=40"},
		{"favourite", plain, "reaction notification/1 9 50 like"},
		{"reblog", plain, "reaction notification/1 9 50 repost"},
		{"pleroma:emoji_reaction", plain + `,"emoji":"🔥"`, "reaction notification/1 9 50 🔥"},
		{"follow", "", "follow notification/1 9 9 "},
		{"follow_request", "", "follow notification/1 9 9 held"},
		{"admin.sign_up", "", "follow notification/1 9 9 "},
		{"poll", plain, "edit notification/1  50 "},
		{"update", plain, "edit " + edited + " 9 50 "},
		{"quoted_update", plain, "edit " + edited + " 9 50 "},
		{"admin.report", `"report":{"id":"3","category":"spam","comment":"x","status_ids":["60"],"target_account":{"id":"8"}}`, "report report/3 9 3 openparent=60"},
		{"admin.report", `"report":{"id":"3","action_taken":true,"target_account":{"id":"8"}}`, "report report/3 9 3 resolvedparent=8"},
		{"moderation_warning", `"moderation_warning":{"id":"4","action":"silence","text":"calme"}`, "message notification/1   silence"},
		{"mention", "", ""},
		{"quote", "", ""},
		{"severed_relationships", "", ""},
		{"something_new", plain, ""},
	} {
		more := ""
		if x.more != "" {
			more = "," + x.more
		}
		n, err := api.DecodeNotification([]byte(`{"id":"1","type":"` + x.kind + `","created_at":"2026-11-20T10:00:01.000Z","account":{"id":"9"}` + more + "}"))
		require.NoError(t, err, x.more)
		it := h.notification(&n)
		assert.Equal(t, "1", it.id)
		if x.want == "" {
			assert.False(t, it.heard, x.kind)
			continue
		}
		ev := it.event
		got := fmt.Sprintf("%s %s %s %s %s%s", ev.Kind, ev.ID, ev.Author.Ref.ID, ev.Ref.ID, ev.Reaction, ev.Status)
		if x.kind == "quote" || x.kind == "admin.report" {
			got += "parent=" + ev.Parent.ID
		}
		assert.Equal(t, x.want, got, x.kind)
		assert.Equal(t, string(n.Raw), string(ev.Raw), "the whole notification")
	}
}

func TestTypesFor(t *testing.T) {
	t.Parallel()
	on := func(s software) *server { return &server{software: s} }
	assert.Nil(t, typesFor(0, on(mastodon)))
	assert.Equal(t, []string{"mention"}, typesFor(listen.Reply, on(mastodon)))
	assert.Equal(t, []string{"mention", "quote"}, typesFor(listen.Mention, on(mastodon)))
	assert.Equal(t, []string{"mention"}, typesFor(listen.Mention, on(gotosocial)), "types that it does not know are refused")
	assert.Equal(t, []string{"favourite", "reblog", "pleroma:emoji_reaction"}, typesFor(listen.Reaction, on(akkoma)))
	assert.Nil(t, typesFor(listen.Reply, on(unknown)))
}

func TestRepostIsAReaction(t *testing.T) {
	t.Parallel()
	c, err := New(Config{Server: "https://m.example", Tokens: parvis.StaticToken("t")}, nil)
	require.NoError(t, err)
	st, err := api.DecodeStatus([]byte(`{"id":"2","account":{"id":"9"},"reblog":{"id":"1","content":"<p>x</p>","account":{"id":"8"},"uri":"u"}}`))
	require.NoError(t, err)
	ev := (&hearing{c: c, me: "7"}).said(&st)
	assert.Equal(t, listen.Reaction, ev.Kind)
	assert.Equal(t, []string{"repost", "1", "9", "x", "u", "status/2"}, []string{ev.Reaction, ev.Ref.ID, ev.Author.Ref.ID, ev.Text.Plain, ev.URL, ev.ID})
}

func TestMentionsHaveWholeHandles(t *testing.T) {
	t.Parallel()
	st, err := api.DecodeStatus([]byte(`{"content":"<a href=\"https://e.example/@ana\" class=\"u-url mention\">@<span>ana</span></a>","mentions":[{"acct":"ana@e.example","url":"https://e.example/@ana"}]}`))
	require.NoError(t, err)
	text := words(&st)
	assert.Equal(t, "@ana", text.Plain)
	require.Len(t, text.Entities, 1)
	assert.Equal(t, "ana@e.example", text.Entities[0].Value)
}

func TestRead(t *testing.T) {
	t.Parallel()
	c, err := New(Config{Server: "https://m.example", Client: "acme", Tokens: parvis.StaticToken("t")}, nil)
	require.NoError(t, err)
	const raw = `{"id":"5","content":"<p>x</p>","visibility":"private","url":"https://m.example/@ana/5","account":{"id":"8","acct":"ana"},"edited_at":"2026-11-20T10:00:00Z",` +
		`"media_attachments":[{"id":"6","type":"image","url":null,"remote_url":"https://e.example/a.png","description":"un four"}]}`
	post, err := c.Read([]byte(raw))
	require.NoError(t, err)
	assert.Equal(t, parvis.Ref{Client: "acme", Network: Network, Host: "m.example", Kind: parvis.KindPost, ID: "5"}, post.Ref)
	assert.Equal(t, publish.Followers, post.Visibility)
	assert.JSONEq(t, raw, string(post.Raw))
	assert.Equal(t, 2026, post.Edited.Year())
	require.Len(t, post.Media, 1)
	assert.Equal(t, []string{"image/png", "un four", "https://e.example/a.png"}, []string{post.Media[0].Type, post.Media[0].Alt, post.Media[0].URL})
	for _, bad := range []string{"", "{", "[]", `{"content":"x"}`} {
		_, err := c.Read([]byte(bad))
		require.ErrorIs(t, err, parvis.ErrBadAnswer, bad)
	}
}
