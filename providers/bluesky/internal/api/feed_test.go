package api

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
)

const barePost = `{"uri":"at://did:plc:bo/app.bsky.feed.post/1","cid":"c","author":{"did":"did:plc:bo"},"record":{"text":"hi"},"indexedAt":"2026-03-01T12:00:00.000Z"}`

func TestFeedItems(t *testing.T) {
	t.Parallel()
	for _, in := range []string{barePost, `{"post":` + barePost + `}`, `{"post":` + barePost + `,"reason":{"$type":"app.bsky.feed.defs#reasonPin"}}`} {
		i, err := DecodeFeedItem(json.RawMessage(in))
		require.NoError(t, err)
		assert.Equal(t, "hi", i.Post.Text.Plain)
		assert.False(t, i.Reposted(), in)
		assert.Equal(t, in, string(i.Raw))
	}
	i, err := DecodeFeedItem(json.RawMessage(`{"post":` + barePost + `,"reason":{"$type":"app.bsky.feed.defs#reasonRepost","by":{"did":"did:plc:al"},` +
		`"uri":"at://did:plc:al/app.bsky.feed.repost/2","cid":"d","indexedAt":"2026-03-01T13:00:00.000Z"}}`))
	require.NoError(t, err)
	assert.True(t, i.Reposted())
	assert.Equal(t, "did:plc:al", i.By.DID)
	assert.Equal(t, Strong{"at://did:plc:al/app.bsky.feed.repost/2", "d"}, i.Repost)
	assert.Equal(t, time.Date(2026, 3, 1, 13, 0, 0, 0, time.UTC), i.At)
	for _, in := range []string{"", "null", "[]", `{"post":{}}`, `{"post":7}`} {
		_, err := DecodeFeedItem(json.RawMessage(in))
		assert.ErrorIs(t, err, parvis.ErrBadAnswer, in)
	}
}

func TestNotifications(t *testing.T) {
	t.Parallel()
	n, err := DecodeNotification(json.RawMessage(`{"uri":"at://did:plc:bo/app.bsky.feed.like/1","cid":"c","author":{"did":"did:plc:bo","handle":"bo.test"},"reason":"like",` +
		`"reasonSubject":"at://did:plc:me/app.bsky.feed.post/2","record":{"subject":{"uri":"at://did:plc:me/app.bsky.feed.post/2","cid":"d"}},` +
		`"indexedAt":"2026-03-01T12:00:00.000Z","labels":[{"val":"spam","src":"did:plc:x"},7]}`))
	require.NoError(t, err)
	assert.Equal(t, ReasonLike, n.Reason)
	assert.Equal(t, "at://did:plc:me/app.bsky.feed.post/2", n.Subject())
	assert.Equal(t, n.Subject(), n.About)
	assert.Len(t, n.Labels, 1, "what is no label is left out")
	for _, in := range []string{"", "{}", `{"uri":"at://x","reason":"like","author":{"did":"d"},"indexedAt":"never"}`, `{"uri":7}`} {
		_, err := DecodeNotification(json.RawMessage(in))
		assert.ErrorIs(t, err, parvis.ErrBadAnswer, in)
	}
}

func TestFeeds(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "#go", SearchFeed("", "go").Query.Get("q"), "the search wants words")
	assert.Equal(t, "go", SearchFeed("", "go").Query.Get("tag"))
	assert.Equal(t, "two words", SearchFeed("two words", "go").Query.Get("q"))
	assert.Equal(t, "latest", SearchFeed("x", "").Query.Get("sort"))
	assert.False(t, SearchFeed("x", "").Query.Has("tag"))
	k := Paging{Op: "listen", Proxy: "did:web:a#b", Cursor: "c"}.call("a.b.c")
	assert.Equal(t, "cursor=c&limit=100", k.Query.Encode())
	assert.Equal(t, "did:web:a#b", k.Proxy)
}

func TestThreadsNest(t *testing.T) {
	t.Parallel()
	var n Node
	require.NoError(t, json.Unmarshal([]byte(`{"post":`+barePost+`,"replies":[{"post":`+barePost+`,"replies":[{"$type":"app.bsky.feed.defs#blockedPost","blocked":true}]}]}`), &n))
	require.Len(t, n.Replies, 1)
	require.Len(t, n.Replies[0].Replies, 1)
	assert.Empty(t, n.Replies[0].Replies[0].Post)
}
