package e2e

import (
	"bytes"
	"context"
	"image"
	"image/jpeg"
	"image/png"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/apitest"
	network "github.com/parvis-go/parvis/internal/e2e/servers/bluesky"
	"github.com/parvis-go/parvis/providers"
	"github.com/parvis-go/parvis/providers/bluesky"
	"github.com/parvis-go/parvis/publish"
)

// noVideo is the address of a server that has no video service: the network's app view.
func noVideo(n *network.Network) string { return n.AppView }

// bskyWriter opens an account that posts, at the PDS or at a proxy before it.
func bskyWriter(t testing.TB, n *network.Network, a network.Account, server string, change ...func(*bluesky.Config)) *bluesky.Client {
	t.Helper()
	cfg := bluesky.Config{
		Server: server, Client: "acme", Tokens: parvis.StaticToken(a.Access), Video: noVideo(n),
		Account: parvis.Account{ID: a.DID, Handle: a.Handle},
	}
	for _, f := range change {
		f(&cfg)
	}
	c, err := bluesky.New(cfg, &providers.Options{
		HTTPClient: &http.Client{Transport: new(http.Transport)}, Retry: providers.Retry{MinWait: time.Millisecond},
	})
	require.NoError(t, err)
	return c
}

// bskyRecord reads a record past the provider.
func bskyRecord(t testing.TB, n *network.Network, a network.Account, uri string) map[string]any {
	t.Helper()
	at := strings.Split(strings.TrimPrefix(uri, "at://"), "/")
	require.Len(t, at, 3)
	var out struct{ Value map[string]any }
	require.NoError(t, n.As(a).Get(t.Context(), "com.atproto.repo.getRecord", url.Values{"repo": at[:1], "collection": at[1:2], "rkey": at[2:]}, &out))
	return out.Value
}

// bskyPosts counts the account's posts that hold a word, past the provider.
func bskyPosts(t testing.TB, n *network.Network, a network.Account, word string) int {
	t.Helper()
	var out struct {
		Records []struct{ Value struct{ Text string } }
	}
	require.NoError(t, n.As(a).Get(t.Context(), "com.atproto.repo.listRecords",
		url.Values{"repo": {a.DID}, "collection": {"app.bsky.feed.post"}, "limit": {"100"}}, &out))
	count := 0
	for _, r := range out.Records {
		if strings.Contains(r.Value.Text, word) {
			count++
		}
	}
	return count
}

func picture(t testing.TB, kind string) []byte {
	t.Helper()
	var b bytes.Buffer
	img := image.NewGray(image.Rect(0, 0, 64, 48))
	if kind == "jpeg" {
		require.NoError(t, jpeg.Encode(&b, img, nil))
	} else {
		require.NoError(t, png.Encode(&b, img))
	}
	return b.Bytes()
}

// TestBlueskyPublishWhole publishes what a post can hold, and reads it back from both the
// repository and the app view.
func TestBlueskyPublishWhole(t *testing.T) {
	t.Parallel()
	n := bskyNetwork(t)
	ana, ben := bskyAccount(t, n, "ana"), bskyAccount(t, n, "ben")
	c := bskyWriter(t, n, ana, n.PDS)
	ctx := t.Context()
	jpg := picture(t, "jpeg")
	secret := "taken at 48.8566N"
	jpg = append(append(bytes.Clone(jpg[:2]), append([]byte{0xFF, 0xFE, 0, byte(len(secret) + 2)}, secret...)...), jpg[2:]...)
	post, err := publish.To(ctx, c, publish.Draft{
		Text: "👋 [L'atelier](https://acme.example/a) avec @" + ben.Handle + " et @nobody-at-all.test, voir b.example/c #four", Format: parvis.Markdown,
		Lang: "fr", Tags: []string{"bois", "#fer"}, Sensitive: true,
		Media: []parvis.Media{parvis.FromBytes("a.jpg", jpg).WithAlt("Un four"), parvis.FromBytes("b.png", picture(t, "png"))},
	})
	require.NoError(t, err)
	require.Len(t, post.Warnings, 1)
	assert.Contains(t, post.Warnings[0].Text, "nobody-at-all.test")
	assert.Equal(t, "https://bsky.app/profile/"+ana.Handle+"/post/"+post.Ref.ID[strings.LastIndexByte(post.Ref.ID, '/')+1:], post.URL)
	early, err := publish.Get(ctx, c, post.Ref)
	require.NoError(t, err, "a post can be read at once")
	bskySettled(t, n)
	late, err := publish.Get(ctx, c, post.Ref)
	require.NoError(t, err)
	for _, got := range []publish.Post{post, early, late} {
		assert.Equal(t, post.Ref, got.Ref)
		assert.Equal(t, post.URL, got.URL)
		assert.Equal(t, "👋 L'atelier avec @"+ben.Handle+" et @nobody-at-all.test, voir b.example/c #four", got.Text.Plain)
		var marks []string
		for _, e := range got.Text.Entities {
			marks = append(marks, string(e.Kind)+" "+got.Text.Plain[e.Start:e.End]+" "+e.URL)
		}
		assert.Equal(t, []string{
			"link L'atelier https://acme.example/a", "mention @" + ben.Handle + " https://bsky.app/profile/" + ben.DID,
			"link b.example/c https://b.example/c", "hashtag #four https://bsky.app/hashtag/four",
		}, marks)
		assert.Equal(t, "fr", got.Lang)
		assert.Equal(t, "graphic-media", got.Warning)
		assert.WithinDuration(t, post.Created, got.Created, 0)
		assert.Equal(t, ana.DID, got.Author.Ref.ID)
		require.Len(t, got.Media, 2)
		assert.Equal(t, "Un four", got.Media[0].Alt)
	}
	rec := bskyRecord(t, n, ana, post.Ref.ID)
	assert.Equal(t, []any{"bois", "fer"}, rec["tags"])
	first := rec["embed"].(map[string]any)["images"].([]any)[0].(map[string]any)
	assert.Equal(t, map[string]any{"width": 64.0, "height": 48.0}, first["aspectRatio"])
	assert.InDelta(t, len(jpg)-len(secret)-4, first["image"].(map[string]any)["size"], 0, "the comment is not sent")
	var heard struct{ Notifications []struct{ Reason string } }
	require.NoError(t, n.As(ben).Get(ctx, "app.bsky.notification.listNotifications", nil, &heard))
	require.Len(t, heard.Notifications, 1)
	assert.Equal(t, "mention", heard.Notifications[0].Reason)

	again, err := publish.To(ctx, c, publish.Draft{Text: "the same picture", Media: late.Media[:1]})
	require.NoError(t, err, "a file that was posted can be posted again")
	assert.Equal(t, late.Media[0].Ref, again.Media[0].Ref)
}

// TestBlueskyPublishKey: a key makes one post, whatever happens to the answers.
func TestBlueskyPublishKey(t *testing.T) {
	t.Parallel()
	n := bskyNetwork(t)
	a := bskyAccount(t, n, "key")
	ctx := t.Context()
	var faults apitest.Faults
	c := bskyWriter(t, n, a, bskyFront(t, n, &faults))
	creates := func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "createRecord") }
	for _, kind := range []apitest.Kind{apitest.ErrorAfter, apitest.CutAfter, apitest.Truncated, apitest.ErrorBefore, apitest.CutBefore} {
		word := strings.ReplaceAll(string(kind), " ", "")
		faults.Inject(apitest.Fault{Kind: kind, Match: creates})
		post, err := publish.To(ctx, c, publish.Draft{Text: "one " + word, Key: "key " + word})
		require.NoError(t, err, kind)
		assert.Equal(t, 1, bskyPosts(t, n, a, word), kind)
		again, err := publish.To(ctx, c, publish.Draft{Text: "one " + word, Key: "key " + word})
		require.NoError(t, err, kind)
		assert.Equal(t, post.Ref, again.Ref)
		assert.Equal(t, 1, bskyPosts(t, n, a, word), kind)
	}
	require.Zero(t, faults.Waiting())
	_, err := publish.To(ctx, c, publish.Draft{Text: "another", Key: "key errorafter"})
	require.ErrorIs(t, err, parvis.ErrConflict)

	faults.Inject(apitest.Fault{Kind: apitest.ErrorBefore, Match: creates, Times: -1})
	_, err = publish.To(ctx, c, publish.Draft{Text: "never there"})
	require.ErrorIs(t, err, parvis.ErrUnknownOutcome)
	attempt, ok := publish.AttemptOf(err)
	require.True(t, ok)
	faults.Clear()
	_, err = publish.Reconcile(ctx, c, attempt)
	require.ErrorIs(t, err, parvis.ErrNotFound)
	sent, err := publish.To(ctx, c, attempt.Draft)
	require.NoError(t, err)
	found, err := publish.Reconcile(ctx, c, attempt)
	require.NoError(t, err)
	assert.Equal(t, sent.Ref, found.Ref)

	var wg sync.WaitGroup
	refs := make([]parvis.Ref, 4)
	for i := range refs {
		wg.Go(func() {
			post, err := publish.To(ctx, c, publish.Draft{Text: "all at once", Key: "race"})
			assert.NoError(t, err)
			refs[i] = post.Ref
		})
	}
	wg.Wait()
	assert.Equal(t, []parvis.Ref{refs[0], refs[0], refs[0], refs[0]}, refs)
	assert.Equal(t, 1, bskyPosts(t, n, a, "all at once"))
}

// TestBlueskyPublishThread answers, quotes, and goes on with a thread whose item failed.
func TestBlueskyPublishThread(t *testing.T) {
	t.Parallel()
	n := bskyNetwork(t)
	ana, ben := bskyAccount(t, n, "ana"), bskyAccount(t, n, "ben")
	ctx := t.Context()
	var faults apitest.Faults
	c, other := bskyWriter(t, n, ana, bskyFront(t, n, &faults)), bskyWriter(t, n, ben, n.PDS)
	drafts := []publish.Draft{{Text: "one"}, {Text: "two"}, {Text: "three"}}
	count := 0
	faults.Inject(apitest.Fault{Kind: apitest.RateLimited, RetryAfter: time.Hour, Match: func(r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, "createRecord") {
			count++
		}
		return count == 3
	}})
	posts, err := publish.Thread(ctx, c, drafts)
	require.ErrorIs(t, err, parvis.ErrRateLimited)
	require.Len(t, posts, 2)
	posts, err = publish.Thread(ctx, bskyWriter(t, n, ana, n.PDS), drafts, posts...)
	require.NoError(t, err)
	require.Len(t, posts, 3)
	reply := bskyRecord(t, n, ana, posts[2].Ref.ID)["reply"].(map[string]any)
	assert.Equal(t, posts[0].Ref.ID, reply["root"].(map[string]any)["uri"])
	assert.Equal(t, posts[1].Ref.ID, reply["parent"].(map[string]any)["uri"])
	assert.Equal(t, posts[1].Ref, posts[2].ReplyTo)

	answer, err := publish.To(ctx, other, publish.Draft{Text: "an answer", ReplyTo: posts[2].Ref})
	require.NoError(t, err, "what the app view does not show yet can be answered")
	quote, err := publish.To(ctx, other, publish.Draft{Text: "look", Quote: posts[0].Ref, Media: []parvis.Media{parvis.FromBytes("a.png", picture(t, "png"))}})
	require.NoError(t, err)
	bskySettled(t, n)
	var thread struct {
		Thread struct {
			Post struct{ ReplyCount, QuoteCount int }
		}
	}
	require.NoError(t, n.As(ana).Get(ctx, "app.bsky.feed.getPostThread", url.Values{"uri": {posts[0].Ref.ID}}, &thread))
	assert.Equal(t, 1, thread.Thread.Post.ReplyCount)
	assert.Equal(t, 1, thread.Thread.Post.QuoteCount)
	got, err := publish.Get(ctx, c, quote.Ref)
	require.NoError(t, err)
	assert.Len(t, got.Media, 1)
	assert.Contains(t, got.Media[0].URL, "http", "the app view's address")
	require.ErrorIs(t, publish.Delete(ctx, c, answer.Ref), parvis.ErrPermission)
	require.NoError(t, publish.Delete(ctx, other, answer.Ref))
	_, err = publish.Get(ctx, other, answer.Ref)
	require.ErrorIs(t, err, parvis.ErrNotFound, "at once, although the app view shows it for a while")
	require.ErrorIs(t, publish.Delete(ctx, other, answer.Ref), parvis.ErrNotFound)
	require.ErrorIs(t, publish.React(ctx, other, answer.Ref, publish.Like), parvis.ErrNotFound)
	_, err = publish.To(ctx, other, publish.Draft{Text: "to what is gone", ReplyTo: answer.Ref})
	require.ErrorIs(t, err, parvis.ErrNotFound)
}

// TestBlueskyPublishReactions likes, reposts and bookmarks, also what was liked elsewhere,
// and reads the counts.
func TestBlueskyPublishReactions(t *testing.T) {
	t.Parallel()
	n := bskyNetwork(t)
	ana, ben := bskyAccount(t, n, "ana"), bskyAccount(t, n, "ben")
	ctx := t.Context()
	c, other := bskyWriter(t, n, ana, n.PDS), bskyWriter(t, n, ben, n.PDS)
	post, err := publish.To(ctx, c, publish.Draft{Text: "like this"})
	require.NoError(t, err)
	counts := func() map[string]int {
		bskySettled(t, n)
		all, err := publish.MetricsOf(ctx, c, post.Ref)
		require.NoError(t, err)
		out := map[string]int{}
		for _, m := range all {
			out[m.Means] = int(m.Value)
		}
		return out
	}
	all := []publish.Reaction{publish.Like, publish.Repost, publish.Bookmark}
	for _, r := range all {
		require.NoError(t, publish.React(ctx, other, post.Ref, r))
		require.NoError(t, publish.React(ctx, other, post.Ref, r), "twice is no error, before the app view knows")
	}
	assert.Equal(t, map[string]int{"likes": 1, "reposts": 1, "replies": 0, "quotes": 0, "bookmarks": 1}, counts())
	for _, r := range all {
		require.NoError(t, publish.React(ctx, other, post.Ref, r))
	}
	assert.Equal(t, 1, counts()["likes"])
	for _, r := range all {
		require.NoError(t, publish.Unreact(ctx, other, post.Ref, r))
		require.NoError(t, publish.Unreact(ctx, other, post.Ref, r))
	}
	require.NoError(t, publish.React(ctx, other, post.Ref, publish.Like), "the app view still shows the old like")
	assert.Equal(t, map[string]int{"likes": 1, "reposts": 0, "replies": 0, "quotes": 0, "bookmarks": 0}, counts())
	require.NoError(t, publish.Unreact(ctx, other, post.Ref, publish.Like))

	bskySettled(t, n)
	var view struct{ Posts []struct{ CID string } }
	require.NoError(t, n.As(ben).Get(ctx, "app.bsky.feed.getPosts", url.Values{"uris": {post.Ref.ID}}, &view))
	require.NoError(t, n.As(ben).Post(ctx, "com.atproto.repo.createRecord", map[string]any{
		"repo": ben.DID, "collection": "app.bsky.feed.like",
		"record": map[string]any{"createdAt": "2026-01-02T03:04:05.000Z", "subject": map[string]any{"uri": post.Ref.ID, "cid": view.Posts[0].CID}},
	}, nil))
	assert.Equal(t, 1, counts()["likes"], "liked in another app")
	require.NoError(t, publish.React(ctx, other, post.Ref, publish.Like))
	require.NoError(t, publish.Unreact(ctx, other, post.Ref, publish.Like))
	assert.Equal(t, 0, counts()["likes"])
}

// TestBlueskyPublishGate closes a thread, hides an answer, and undoes both.
func TestBlueskyPublishGate(t *testing.T) {
	t.Parallel()
	n := bskyNetwork(t)
	ana, ben := bskyAccount(t, n, "ana"), bskyAccount(t, n, "ben")
	ctx := t.Context()
	c, other := bskyWriter(t, n, ana, n.PDS), bskyWriter(t, n, ben, n.PDS)
	post, err := publish.To(ctx, c, publish.Draft{Text: "who may answer?"})
	require.NoError(t, err)
	answer, err := publish.To(ctx, other, publish.Draft{Text: "me", ReplyTo: post.Ref})
	require.NoError(t, err)
	require.NoError(t, c.HideReply(ctx, post.Ref, answer.Ref))
	require.NoError(t, c.HideReply(ctx, post.Ref, answer.Ref))
	before, err := c.Gate(ctx, post.Ref, bluesky.Gate{Closed: true, Mentioned: true, Following: true, NoQuotes: true})
	require.NoError(t, err)
	assert.Equal(t, bluesky.Gate{}, before)
	gate := "at://" + ana.DID + "/app.bsky.feed.threadgate/" + post.Ref.ID[strings.LastIndexByte(post.Ref.ID, '/')+1:]
	assert.Equal(t, []any{answer.Ref.ID}, bskyRecord(t, n, ana, gate)["hiddenReplies"], "closing the thread shows nothing again")
	bskySettled(t, n)
	_, err = publish.To(ctx, other, publish.Draft{Text: "me again", ReplyTo: post.Ref})
	require.ErrorIs(t, err, parvis.ErrPermission)
	_, err = publish.To(ctx, other, publish.Draft{Text: "look", Quote: post.Ref})
	require.ErrorIs(t, err, parvis.ErrPermission)

	before, err = c.Gate(ctx, post.Ref, before)
	require.NoError(t, err)
	assert.Equal(t, bluesky.Gate{Closed: true, Mentioned: true, Following: true, NoQuotes: true}, before)
	require.NoError(t, c.UnhideReply(ctx, post.Ref, answer.Ref))
	require.NoError(t, c.UnhideReply(ctx, post.Ref, answer.Ref))
	err = n.As(ana).Get(ctx, "com.atproto.repo.getRecord", url.Values{"repo": {ana.DID}, "collection": {"app.bsky.feed.threadgate"}, "rkey": {gate[strings.LastIndexByte(gate, '/')+1:]}}, nil)
	refusal := new(network.Refusal)
	require.ErrorAs(t, err, &refusal)
	assert.Equal(t, "RecordNotFound", refusal.Name, "a gate that says nothing is taken away")
	bskySettled(t, n)
	_, err = publish.To(ctx, other, publish.Draft{Text: "me again", ReplyTo: post.Ref, Quote: post.Ref})
	require.NoError(t, err)
	_, err = other.Gate(ctx, post.Ref, bluesky.Gate{Closed: true})
	require.ErrorIs(t, err, parvis.ErrPermission)
	_, err = other.Gate(ctx, answer.Ref, bluesky.Gate{Closed: true})
	require.ErrorIs(t, err, parvis.ErrInvalid)
}

type cardOf bluesky.Card

func (c cardOf) Fetch(context.Context, string) (bluesky.Card, error) { return bluesky.Card(c), nil }

// TestBlueskyPublishLimits: what the network refuses is refused before, and what is at the
// limit is taken; cards are shown, and there is no video here.
func TestBlueskyPublishLimits(t *testing.T) {
	t.Parallel()
	n := bskyNetwork(t)
	a := bskyAccount(t, n, "lim")
	ctx := t.Context()
	c := bskyWriter(t, n, a, n.PDS, func(cfg *bluesky.Config) {
		cfg.Cards = cardOf{Title: "The workshop", Description: "Wood", Image: picture(t, "png"), ImageType: "image/png"}
	})
	sup, err := publish.SupportOf(ctx, c, parvis.Place{})
	require.NoError(t, err)
	for _, rule := range sup.Media.Rules {
		assert.NotEqual(t, "video/mp4", rule.Type, "the network answers 501")
	}
	for _, text := range []string{strings.Repeat("é", 300), strings.Repeat("👨‍👩‍👧‍👧", 120)} {
		_, err := publish.To(ctx, c, publish.Draft{Text: text})
		require.NoError(t, err)
		_, err = publish.To(ctx, c, publish.Draft{Text: text + text})
		require.ErrorIs(t, err, parvis.ErrInvalid)
	}
	tags := []string{strings.Repeat("é", 64), "b", "c", "d", "e", "f", "g", "h"}
	_, err = publish.To(ctx, c, publish.Draft{Text: "tags", Tags: tags})
	require.NoError(t, err)
	_, err = publish.To(ctx, c, publish.Draft{Text: "tags", Tags: append(tags, "i")})
	require.ErrorIs(t, err, parvis.ErrInvalid)
	post, err := publish.To(ctx, c, publish.Draft{Text: "card", Link: "https://acme.example/a", Warning: "Heat and fire"})
	require.NoError(t, err)
	bskySettled(t, n)
	var view struct {
		Posts []struct {
			Embed struct{ External map[string]any }
		}
	}
	require.NoError(t, n.As(a).Get(ctx, "app.bsky.feed.getPosts", url.Values{"uris": {post.Ref.ID}}, &view))
	card := view.Posts[0].Embed.External
	assert.Equal(t, "The workshop", card["title"])
	assert.Contains(t, card["thumb"], "http")
	got, err := publish.Get(ctx, c, post.Ref)
	require.NoError(t, err)
	assert.Equal(t, "Heat and fire", got.Warning)
	_, err = publish.To(ctx, c, publish.Draft{Text: "both", Link: "https://acme.example/a", Media: []parvis.Media{parvis.FromBytes("a.png", picture(t, "png"))}})
	require.ErrorIs(t, err, parvis.ErrUnsupported)
}
