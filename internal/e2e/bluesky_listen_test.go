package e2e

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/png"
	"iter"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	network "github.com/parvis-go/parvis/internal/e2e/servers/bluesky"
	"github.com/parvis-go/parvis/listen"
	"github.com/parvis-go/parvis/providers/bluesky"
)

// bskyEar is the provider acting as an account, and the account itself past it.
type bskyEar struct {
	t   *testing.T
	n   *network.Network
	who network.Account
	*bluesky.Client
}

func bskyHears(t *testing.T, n *network.Network, name string) *bskyEar {
	t.Helper()
	a := bskyAccount(t, n, name)
	c, err := bluesky.New(bluesky.Config{
		Tokens: parvis.StaticToken(a.Access), Client: "acme", Server: n.PDS, Firehose: n.PDS, Every: 200 * time.Millisecond, Settle: 2 * time.Second,
	}, nil)
	require.NoError(t, err)
	return &bskyEar{t, n, a, c}
}

// record writes a record past the provider, and returns its address and version.
func (e *bskyEar) record(collection string, fields map[string]any) map[string]string {
	e.t.Helper()
	fields["$type"] = collection
	if fields["createdAt"] == nil {
		fields["createdAt"] = time.Now().UTC().Format("2006-01-02T15:04:05.000Z")
	}
	var out struct{ URI, CID string }
	require.NoError(e.t, e.n.As(e.who).Post(e.t.Context(), "com.atproto.repo.createRecord", map[string]any{
		"repo": e.who.DID, "collection": collection, "record": fields,
	}, &out))
	return map[string]string{"uri": out.URI, "cid": out.CID}
}

func (e *bskyEar) post(text string) map[string]string {
	e.t.Helper()
	return e.record("app.bsky.feed.post", map[string]any{"text": text})
}

func (e *bskyEar) answer(text string, to map[string]string, more map[string]any) map[string]string {
	e.t.Helper()
	fields := map[string]any{"text": text, "reply": map[string]any{"root": to, "parent": to}}
	maps.Copy(fields, more)
	return e.record("app.bsky.feed.post", fields)
}

// bskyDot is a picture of one pixel.
func bskyDot(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, png.Encode(&b, image.NewGray(image.Rect(0, 0, 1, 1))))
	return b.Bytes()
}

func bskyPlace(id string) parvis.Place {
	return parvis.Place{Ref: parvis.Ref{Network: bluesky.Network, Kind: parvis.KindPlace, ID: id}}
}

func bskyRef(at map[string]string) parvis.Ref {
	return parvis.Ref{Client: "acme", Network: bluesky.Network, Kind: parvis.KindPost, ID: at["uri"]}
}

func bskyAll(t *testing.T, in iter.Seq2[listen.Event, error]) []listen.Event {
	t.Helper()
	var evs []listen.Event
	for ev, err := range in {
		require.NoError(t, err)
		evs = append(evs, ev)
	}
	return evs
}

// told shortens events to what they say.
func told(evs []listen.Event) []string {
	out := []string{}
	for _, ev := range evs {
		word := ev.Text.Plain
		if ev.Kind == listen.Reaction {
			word = ev.Reaction
		}
		out = append(out, strings.TrimSpace(fmt.Sprint(ev.Kind, " ", word)))
	}
	return out
}

func TestBlueskyNotifications(t *testing.T) {
	t.Parallel()
	n := bskyNetwork(t)
	al, bo := bskyHears(t, n, "al"), bskyHears(t, n, "bo")
	root := al.post("the root")
	bskySettled(t, n) // the app view tells nobody of an answer to what it has not seen yet
	picture, err := n.As(bo.who).Upload(t.Context(), "image/png", bskyDot(t))
	require.NoError(t, err)
	bo.answer("an answer", root, map[string]any{
		"langs": []string{"en"}, "labels": map[string]any{"$type": "com.atproto.label.defs#selfLabels", "values": []any{map[string]any{"val": "sexual"}}},
		"embed": map[string]any{"$type": "app.bsky.embed.images", "images": []any{map[string]any{"image": picture, "alt": "a dot"}}},
	})
	_, _, err = n.As(bo.who).Say(t.Context(), "see @"+al.who.Handle, "")
	require.NoError(t, err)
	bo.record("app.bsky.feed.like", map[string]any{"subject": root})
	bo.record("app.bsky.feed.repost", map[string]any{"subject": root})
	bo.record("app.bsky.graph.follow", map[string]any{"subject": al.who.DID})
	quote := bo.record("app.bsky.feed.post", map[string]any{"text": "a quote", "embed": map[string]any{"$type": "app.bsky.embed.record", "record": root}})
	bskySettled(t, n)

	evs := bskyAll(t, listen.To(t.Context(), al, listen.Query{}))
	assert.Equal(t, []string{"reply an answer", "mention see @" + al.who.Handle, "reaction like", "reaction repost", "follow", "mention a quote"}, told(evs))
	for i, ev := range evs {
		assert.Equal(t, bo.who.DID, ev.Author.Ref.ID)
		assert.Equal(t, bo.who.Handle, ev.Author.Handle)
		assert.Equal(t, "poll", ev.Source)
		assert.NotEmpty(t, ev.Raw)
		rest := bskyAll(t, listen.To(t.Context(), al, listen.Query{Since: ev.Cursor}))
		assert.Equal(t, told(evs[i+1:]), told(rest), "after event %d", i)
	}
	first := evs[0]
	assert.Equal(t, bskyRef(root), first.Parent)
	assert.Equal(t, bskyRef(root), first.Root)
	assert.Equal(t, "en", first.Lang)
	assert.Equal(t, "sexual", first.Warning)
	require.Len(t, first.Media, 1)
	assert.Equal(t, "a dot", first.Media[0].Alt)
	assert.Contains(t, first.Media[0].URL, "http", "the address comes from the app view")
	require.Len(t, evs[1].Text.Entities, 1)
	assert.Equal(t, parvis.EntityMention, evs[1].Text.Entities[0].Kind)
	assert.Equal(t, bskyRef(root), evs[2].Ref)
	assert.Equal(t, bskyRef(quote), evs[5].Ref)

	assert.Equal(t, []string{"reply an answer"}, told(bskyAll(t, listen.To(t.Context(), al, listen.Query{Kinds: listen.Reply}))))
	assert.Equal(t, "post the root", told(bskyAll(t, listen.To(t.Context(), al, listen.Query{Own: true})))[0])
	past := bskyAll(t, listen.Past(t.Context(), al, listen.Query{}))
	assert.Equal(t, "mention a quote", told(past)[0])
	assert.Len(t, past, len(evs))
	var unread struct{ Count int }
	require.NoError(t, n.As(al.who).Get(t.Context(), "app.bsky.notification.getUnreadCount", nil, &unread))
	assert.Equal(t, len(evs), unread.Count, "listening marks nothing as seen")

	var followers []string
	for p, err := range listen.MembersOf(t.Context(), al, parvis.Place{}) {
		require.NoError(t, err)
		followers = append(followers, p.Handle)
	}
	assert.Equal(t, []string{bo.who.Handle}, followers)
}

// A burst at one moment is larger than a page, so that it lies on both sides of its end.
func TestBlueskyBurstAtOneMoment(t *testing.T) {
	t.Parallel()
	n := bskyNetwork(t)
	al, bo := bskyHears(t, n, "al"), bskyHears(t, n, "bo")
	root := al.post("the root")
	bskySettled(t, n) // the app view tells nobody of an answer to what it has not seen yet
	moments := []time.Time{time.Now().Add(-3 * time.Second), time.Now().Add(-2 * time.Second), time.Now().Add(-time.Second)}
	want := 0
	for _, at := range moments {
		var writes []any
		for i := range 60 {
			writes = append(writes, map[string]any{"$type": "com.atproto.repo.applyWrites#create", "collection": "app.bsky.feed.post", "value": map[string]any{
				"$type": "app.bsky.feed.post", "text": fmt.Sprint("burst ", want+i), "createdAt": at.UTC().Format("2006-01-02T15:04:05.000Z"),
				"reply": map[string]any{"root": root, "parent": root},
			}})
		}
		require.NoError(t, n.As(bo.who).Post(t.Context(), "com.atproto.repo.applyWrites", map[string]any{"repo": bo.who.DID, "writes": writes}, nil))
		want += len(writes)
	}
	bskySettled(t, n)
	all := bskyAll(t, listen.To(t.Context(), al, listen.Query{}))
	require.Equal(t, want, len(all)) //nolint:testifylint // a hundred events would be printed
	seen := make(map[string]bool)
	for i, ev := range all {
		assert.False(t, seen[ev.ID])
		seen[ev.ID] = true
		assert.Less(t, len(ev.Cursor), 4096)
		if i%17 == 0 {
			rest := bskyAll(t, listen.To(t.Context(), al, listen.Query{Since: ev.Cursor}))
			assert.Equal(t, told(all[i+1:]), told(rest), "after event %d", i)
		}
	}
	assert.Equal(t, want, len(bskyAll(t, listen.Past(t.Context(), al, listen.Query{})))) //nolint:testifylint // as above
}

func TestBlueskyFollowsAndFindsWhatIsFiledLate(t *testing.T) {
	t.Parallel()
	n := bskyNetwork(t)
	al, bo := bskyHears(t, n, "al"), bskyHears(t, n, "bo")
	root := al.post("the root")
	bskySettled(t, n) // the app view tells nobody of an answer to what it has not seen yet
	bo.answer("one", root, nil)
	bskySettled(t, n)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var got []string
	var last listen.Cursor
	for ev, err := range listen.To(ctx, al, listen.Query{Follow: true}) {
		require.NoError(t, err)
		got, last = append(got, ev.Text.Plain), ev.Cursor
		switch ev.Text.Plain {
		case "one":
			bo.answer("two", root, nil)
		case "two":
			bo.answer("by a slow clock", root, map[string]any{"createdAt": time.Now().Add(-2 * time.Hour).UTC().Format("2006-01-02T15:04:05.000Z")})
		}
		if len(got) == 3 {
			break
		}
	}
	assert.Equal(t, []string{"one", "two", "by a slow clock"}, got)
	bo.answer("by a slower clock", root, map[string]any{"createdAt": time.Now().Add(-3 * time.Hour).UTC().Format("2006-01-02T15:04:05.000Z")})
	bskySettled(t, n)
	assert.Equal(t, []string{"reply by a slower clock"}, told(bskyAll(t, listen.To(t.Context(), al, listen.Query{Since: last}))))
}

func TestBlueskyPlacesThreadsAndSearch(t *testing.T) {
	t.Parallel()
	n := bskyNetwork(t)
	al, bo, cy := bskyHears(t, n, "al"), bskyHears(t, n, "bo"), bskyHears(t, n, "cy")
	word := strings.ToLower(bo.who.Handle[:10])
	al.record("app.bsky.graph.follow", map[string]any{"subject": bo.who.DID})
	root := cy.post("root " + word)
	first := bo.answer("first "+word, root, nil)
	bo.record("app.bsky.feed.post", map[string]any{"text": "second " + word, "reply": map[string]any{"root": root, "parent": first}})
	bo.record("app.bsky.feed.repost", map[string]any{"subject": root})
	list := al.record("app.bsky.graph.list", map[string]any{"name": "people", "purpose": "app.bsky.graph.defs#curatelist"})
	al.record("app.bsky.graph.listitem", map[string]any{"list": list["uri"], "subject": cy.who.DID})
	bskySettled(t, n)
	hear := func(q listen.Query) []string { return told(bskyAll(t, listen.To(t.Context(), al, q))) }
	assert.Equal(t, []string{"post root " + word}, hear(listen.Query{Place: bskyPlace("author/" + cy.who.DID)}))
	assert.Equal(t, []string{"post root " + word}, hear(listen.Query{Place: bskyPlace("list/" + list["uri"])}))
	assert.Contains(t, hear(listen.Query{Place: bskyPlace("home")}), "reaction repost")
	assert.Equal(t, []string{"post first " + word}, hear(listen.Query{Place: bskyPlace("author/" + bo.who.DID), Text: "FIRST"}))
	assert.Equal(t, []string{"post first " + word, "post second " + word}, hear(listen.Query{Thread: bskyRef(root)}))
	assert.Equal(t, []string{"post second " + word}, hear(listen.Query{Thread: bskyRef(first)}))
	assert.Equal(t, []string{"post root " + word, "post first " + word, "post second " + word}, hear(listen.Query{Text: word}))
	assert.Equal(t, []string{"post second " + word, "post first " + word, "post root " + word},
		told(bskyAll(t, listen.Search(t.Context(), al, listen.Query{Text: word}))))
	var people []string
	for p, err := range listen.MembersOf(t.Context(), al, bskyPlace("list/"+list["uri"])) {
		require.NoError(t, err)
		people = append(people, p.Ref.ID)
	}
	assert.Equal(t, []string{cy.who.DID}, people)
}

func TestBlueskyFirehose(t *testing.T) {
	t.Parallel()
	n := bskyNetwork(t)
	al, bo := bskyHears(t, n, "al"), bskyHears(t, n, "bo")
	word := strings.ToLower(bo.who.Handle[:10])
	root := al.post("mine " + word)
	bskySettled(t, n)
	q := listen.Query{Place: bskyPlace("firehose"), Text: word}
	one := bo.post("one " + word)
	bo.answer("two "+word, root, nil)
	evs := bskyAll(t, listen.To(t.Context(), al, q))
	require.Equal(t, []string{"post one " + word, "reply two " + word}, told(evs))
	assert.Equal(t, bskyRef(one), evs[0].Ref)
	assert.Equal(t, bskyRef(root), evs[1].Parent)
	assert.Equal(t, bo.who.DID, evs[1].Author.Ref.ID)
	assert.Contains(t, string(evs[1].Raw), `"text":"two `+word)
	q.Since = evs[0].Cursor
	assert.Equal(t, told(evs[1:]), told(bskyAll(t, listen.To(t.Context(), al, q))))

	bskySettled(t, n)
	polled := bskyAll(t, listen.To(t.Context(), al, listen.Query{Kinds: listen.Reply}))
	if assert.Len(t, polled, 1) {
		assert.Equal(t, evs[1].ID, polled[0].ID, "the same event has the same ID whichever way it comes")
	}

	q.Since, q.Follow = evs[1].Cursor, true
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	last := bo.post("three " + word)
	var kinds []string
	for ev, err := range listen.To(ctx, al, q) {
		require.NoError(t, err)
		kinds = append(kinds, ev.Kind.String())
		if ev.Kind == listen.Delete {
			assert.Equal(t, bskyRef(last), ev.Ref)
			break
		}
		require.NoError(t, n.As(bo.who).Post(ctx, "com.atproto.repo.deleteRecord", map[string]any{
			"repo": bo.who.DID, "collection": "app.bsky.feed.post", "rkey": last["uri"][strings.LastIndex(last["uri"], "/")+1:],
		}, nil))
	}
	assert.Equal(t, []string{"post", "delete"}, kinds)
}
