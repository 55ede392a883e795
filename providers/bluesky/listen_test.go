package bluesky

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/listen"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func TestEveryReasonIsHeard(t *testing.T) {
	t.Parallel()
	v := &view{}
	about := fmt.Sprintf(`{"subject":{"uri":"at://%s/app.bsky.feed.post/root","cid":"r"}}`, earMe)
	for i, reason := range []string{
		"reply", "mention", "quote", "subscribed-post", "like", "repost", "like-via-repost", "repost-via-repost", "follow", "starterpack-joined", "verified", "something-new",
	} {
		record := about
		if i < 4 {
			record = reply("says " + reason)
		}
		v.notify(noon.Add(time.Duration(i)*time.Second), reason, fmt.Sprint("k", i), record)
	}
	c := ear(t, v, Config{})
	evs := collect(t, listen.To(t.Context(), c, listen.Query{}))
	assert.Equal(t, []string{
		"reply says reply", "mention says mention", "mention says quote", "post says subscribed-post", "reaction like", "reaction repost",
		"reaction like", "reaction repost", "follow", "follow", "reaction verified", "reaction something-new",
	}, words(evs))
	ids := make(map[string]bool)
	for i, ev := range evs {
		assert.False(t, ids[ev.ID], ev.ID)
		ids[ev.ID] = true
		assert.Equal(t, noon.Add(time.Duration(i)*time.Second), ev.Time)
		assert.Equal(t, earBo, ev.Author.Ref.ID)
		assert.Equal(t, "acme", ev.Ref.Client)
		assert.Equal(t, v.notices[i].raw, string(ev.Raw), "as it was sent")
		if ev.Kind == listen.Reaction {
			assert.Equal(t, "at://"+earMe+"/app.bsky.feed.post/root", ev.Ref.ID)
		}
	}
	for _, call := range v.asked() {
		assert.NotContains(t, call, "updateSeen")
	}
	collect(t, listen.To(t.Context(), c, listen.Query{Kinds: listen.Reply | listen.Follow}))
	assert.Contains(t, v.asked()[0], "reasons=follow&reasons=reply&reasons=starterpack-joined")
}

func TestTiesOnBothSidesOfAPage(t *testing.T) {
	t.Parallel()
	v := &view{page: 10}
	for i := range 37 {
		v.notify(noon.Add(time.Duration(i/9)*time.Millisecond), "reply", fmt.Sprintf("k%02d", i), reply(fmt.Sprint(i)))
	}
	c := ear(t, v, Config{})
	evs := collect(t, listen.To(t.Context(), c, listen.Query{}))
	require.Len(t, evs, 37)
	for i, ev := range evs {
		assert.Equal(t, fmt.Sprint("reply ", i), words(evs[i : i+1])[0])
		rest := collect(t, listen.To(t.Context(), c, listen.Query{Since: ev.Cursor}))
		require.Equal(t, words(evs[i+1:]), words(rest))
	}
	assert.Len(t, collect(t, listen.Past(t.Context(), c, listen.Query{})), 37)
}

func TestMoreAtOneMomentThanAPageHolds(t *testing.T) {
	t.Parallel()
	v := &view{page: 5}
	v.notify(noon.Add(-time.Second), "reply", "before", reply("before"))
	for i := range 12 {
		v.notify(noon, "reply", fmt.Sprintf("k%02d", i), reply("same"))
	}
	v.notify(noon.Add(time.Second), "reply", "after", reply("after"))
	evs := collect(t, listen.To(t.Context(), ear(t, v, Config{}), listen.Query{}))
	got := words(evs)
	assert.Equal(t, "reply before", got[0])
	assert.Equal(t, "reply after", got[len(got)-1])
	gaps := 0
	for _, ev := range evs {
		if ev.Kind == listen.Gap {
			gaps++
			assert.Equal(t, noon, ev.Gap.From)
		}
	}
	assert.Equal(t, 1, gaps, "what the network does not list is a gap")
}

func TestALongListIsReadInParts(t *testing.T) {
	t.Parallel()
	v := &view{page: 4}
	const many = 4*heldPages*2 + 50
	for i := range many {
		v.notify(noon.Add(time.Duration(i)*time.Second), "reply", fmt.Sprintf("k%04d", i), reply(fmt.Sprint(i)))
	}
	evs := collect(t, listen.To(t.Context(), ear(t, v, Config{}), listen.Query{}))
	require.Len(t, evs, many)
	for i, ev := range evs {
		require.Equal(t, fmt.Sprint(i), ev.Text.Plain)
	}
}

func TestWhatCannotBeReadIsAGapOnce(t *testing.T) {
	t.Parallel()
	v := &view{notices: []notice{{noon, `{"uri":"at://x"}`}}}
	v.notify(noon.Add(time.Second), "reply", "a", reply("good"))
	c := ear(t, v, Config{})
	evs := collect(t, listen.To(t.Context(), c, listen.Query{}))
	assert.ElementsMatch(t, []string{"reply good", "gap"}, words(evs))
	assert.Empty(t, collect(t, listen.To(t.Context(), c, listen.Query{Since: evs[1].Cursor})))
}

func TestFollowing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		v := &view{}
		v.notify(time.Now(), "reply", "a", reply("one"))
		c := ear(t, v, Config{Every: time.Minute})
		began := time.Now()
		got := []string{}
		for ev, err := range listen.To(t.Context(), c, listen.Query{Follow: true}) {
			require.NoError(t, err)
			got = append(got, ev.Text.Plain)
			switch len(got) {
			case 1:
				v.mu.Lock()
				v.fail = []int{http.StatusServiceUnavailable, http.StatusBadGateway}
				v.mu.Unlock()
				v.notify(time.Now(), "reply", "b", reply("two"))
			case 2: // late by a day, but for a minute
				v.notify(began.Add(-24*time.Hour+5*time.Minute), "reply", "c", reply("late"))
			}
			if len(got) == 3 {
				break
			}
		}
		assert.Equal(t, []string{"one", "two", "late"}, got)
		took := time.Since(began)
		assert.GreaterOrEqual(t, took, 4*time.Minute, "once a minute, failures too")
		assert.Less(t, took, 5*time.Minute)
	})
}

func TestFailuresOfListening(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]parvis.Code{500: parvis.ErrUnavailable, 401: parvis.ErrAuth, 403: parvis.ErrPermission, 429: parvis.ErrRateLimited} {
		for _, follow := range []bool{false, true} {
			if follow && want.Transient() {
				continue
			}
			v := &view{fail: []int{status, status, status, status}}
			var last error
			for ev, err := range listen.To(t.Context(), ear(t, v, Config{}), listen.Query{Follow: follow}) {
				last = err
				assert.Empty(t, ev.ID)
			}
			require.ErrorIs(t, last, want)
			e, ok := errors.AsType[*parvis.Error](last)
			require.True(t, ok)
			assert.Equal(t, "listen", e.Op)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, err := range listen.To(ctx, ear(t, &view{}, Config{}), listen.Query{}) {
		assert.ErrorIs(t, err, context.Canceled)
	}
}

func TestMediaOfNotificationsAreCompleted(t *testing.T) {
	t.Parallel()
	picture := `{"$type":"app.bsky.feed.post","text":"look","createdAt":"2026-03-01T12:00:00.000Z","embed":{"$type":"app.bsky.embed.images",` +
		`"images":[{"alt":"a dot","image":{"$type":"blob","ref":{"$link":"bafkrei"},"mimeType":"image/png","size":1}}]}}`
	v := &view{posts: map[string]string{}}
	v.notify(noon, "mention", "a", picture)
	v.notify(noon.Add(time.Second), "mention", "gone", picture)
	uri := "at://" + earBo + "/app.bsky.feed.post/a"
	v.posts[uri] = fmt.Sprintf(`{"uri":%q,"cid":"bafya","author":{"did":%q,"handle":"bo.test"},"record":%s,"indexedAt":"2026-03-01T12:00:00.000Z",`+
		`"embed":{"$type":"app.bsky.embed.images#view","images":[{"thumb":"https://cdn.example/t","fullsize":"https://cdn.example/f","alt":"a dot"}]}}`, uri, earBo, picture)
	evs := collect(t, listen.To(t.Context(), ear(t, v, Config{}), listen.Query{}))
	require.Len(t, evs, 2)
	require.Len(t, evs[0].Media, 1)
	assert.Equal(t, "https://cdn.example/f", evs[0].Media[0].URL)
	require.Len(t, evs[1].Media, 1, "what is gone meanwhile stays as it is")
	assert.Equal(t, "a dot", evs[1].Media[0].Alt)
}

func TestPlaces(t *testing.T) {
	t.Parallel()
	list, gen := "at://did:plc:bo/app.bsky.graph.list/l", "at://did:plc:bo/app.bsky.feed.generator/g"
	posts := []json.RawMessage{postView(earBo, "2", "the second one", noon.Add(time.Second)), postView(earBo, "1", "the first one", noon), postView(earMe, "0", "mine", noon)}
	v := &view{feeds: map[string][]json.RawMessage{
		"app.bsky.feed.getTimeline ": posts, "app.bsky.feed.getAuthorFeed did:plc:bo": posts, "app.bsky.feed.getListFeed " + list: posts,
		"app.bsky.feed.searchPosts one": posts, "app.bsky.feed.searchPosts #tag": posts, "app.bsky.feed.getFeed " + gen: {posts[1], posts[0]},
	}}
	c := ear(t, v, Config{})
	want := []string{"post the first one", "post the second one"}
	for _, q := range []listen.Query{{Place: place("home")}, {Place: place("author/did:plc:bo")}, {Place: place("list/" + list)}, {Text: "one"}, {Tag: "#tag"}, {Place: place("feed/" + gen)}} {
		evs := collect(t, listen.To(t.Context(), c, q))
		assert.Equal(t, want, words(evs))
		q.Since = evs[0].Cursor
		assert.Equal(t, want[1:], words(collect(t, listen.To(t.Context(), c, q))))
	}
	assert.Equal(t, want[1:], words(collect(t, listen.To(t.Context(), c, listen.Query{Place: place("home"), Text: "SECOND"}))))
	assert.Contains(t, words(collect(t, listen.To(t.Context(), c, listen.Query{Place: place("home"), Own: true}))), "post mine")
	assert.Equal(t, "post the second one", words(collect(t, listen.Search(t.Context(), c, listen.Query{Text: "one"})))[0])
	for _, id := range []string{"nowhere", "author/", "list/x", "feed/", "author/not a handle"} {
		for _, err := range listen.To(t.Context(), c, listen.Query{Place: place(id)}) {
			assert.ErrorIs(t, err, parvis.ErrInvalid, id)
		}
	}
}

func TestThreads(t *testing.T) {
	t.Parallel()
	node := func(rkey, text string, at time.Time, count int, replies ...string) string {
		post := strings.Replace(string(postView(earBo, rkey, text, at)), `"indexedAt"`, fmt.Sprintf(`"replyCount":%d,"indexedAt"`, count), 1)
		return `{"$type":"app.bsky.feed.defs#threadViewPost","post":` + post + `,"replies":[` + strings.Join(replies, ",") + `]}`
	}
	uri := func(rkey string) string { return "at://" + earBo + "/app.bsky.feed.post/" + rkey }
	gone := `{"$type":"app.bsky.feed.defs#notFoundPost","uri":"at://x/y/z","notFound":true}`
	v := &view{threads: map[string]string{
		uri("root"): `{"thread":` + node("root", "root", noon, 2, node("b", "second", noon.Add(2*time.Second), 0), gone,
			node("a", "first", noon.Add(time.Second), 1, node("deep", "deep", noon.Add(3*time.Second), 1))) + `}`,
		uri("deep"):   `{"thread":` + node("deep", "deep", noon, 1, node("deeper", "deeper", noon.Add(4*time.Second), 3)) + `}`,
		uri("deeper"): `{"thread":` + node("deeper", "deeper", noon, 3) + `}`,
	}}
	c := ear(t, v, Config{})
	q := listen.Query{Thread: c.postRef(uri("root"))}
	evs := collect(t, listen.To(t.Context(), c, q))
	assert.Equal(t, []string{"post first", "post second", "post deep", "post deeper"}, words(evs))
	for i, ev := range evs {
		assert.Equal(t, c.postRef(uri("root")), ev.Root)
		rest := q
		rest.Since = ev.Cursor
		assert.Equal(t, words(evs[i+1:]), words(collect(t, listen.To(t.Context(), c, rest))))
	}
	assert.Equal(t, []string{"post second", "post first", "post deep", "post deeper"}, words(collect(t, listen.Past(t.Context(), c, q))), "in the network's order")
	for _, err := range listen.To(t.Context(), c, listen.Query{Thread: c.postRef(uri("nothing"))}) {
		assert.ErrorIs(t, err, parvis.ErrNotFound)
	}
}

func TestMembersAndSupport(t *testing.T) {
	t.Parallel()
	v := &view{people: []string{`{"did":"did:plc:a","handle":"a.test"}`, `{"did":"did:plc:a","handle":"a.test"}`, `{"handle":"nobody"}`, `{"did":"did:plc:b","handle":"b.test"}`}}
	c := ear(t, v, Config{})
	var got []string
	for p, err := range listen.MembersOf(t.Context(), c, parvis.Place{}) {
		require.NoError(t, err)
		got = append(got, p.Handle)
	}
	assert.Equal(t, []string{"a.test", "b.test"}, got)
	for _, id := range []string{"", "home", "jetstream", "firehose", "author/did:plc:bo"} {
		var at parvis.Place
		if id != "" {
			at = place(id)
		}
		sup, err := listen.SupportOf(t.Context(), c, at)
		require.NoError(t, err)
		assert.NotZero(t, sup.Kinds)
		assert.NotZero(t, sup.Delivery)
		assert.NotEmpty(t, sup.Resume.Why)
	}
	for _, read := range []func(context.Context, listen.Listener, listen.Query) func(func(listen.Event, error) bool){
		func(ctx context.Context, l listen.Listener, q listen.Query) func(func(listen.Event, error) bool) {
			return listen.Past(ctx, l, q)
		},
		func(ctx context.Context, l listen.Listener, q listen.Query) func(func(listen.Event, error) bool) {
			return listen.Search(ctx, l, q)
		},
	} {
		for _, err := range read(t.Context(), c, listen.Query{Place: place("jetstream"), Text: "x"}) {
			assert.ErrorIs(t, err, parvis.ErrUnsupported)
		}
	}
}

func TestMatching(t *testing.T) {
	t.Parallel()
	tagged := []parvis.Entity{{Kind: parvis.EntityHashtag, Value: "Go"}}
	for _, x := range []struct {
		text, words, tag string
		want             bool
	}{
		{"Acme is great", "acme", "", true},
		{"Acmeist", "acme", "", false},
		{"macme", "acme", "", false},
		{"the acme, again", "ACME again", "", true},
		{"acmes acme", "acme", "", true},
		{"Zürich", "zürich", "", true},
		{"東京タワー", "東京", "", true},
		{"no", "", "go", true},
		{"no", "", "#rust", false},
		{"no", "", "", true},
		{"acme2", "acme", "", false},
		{"@acme!", "acme", "", true},
	} {
		assert.Equal(t, x.want, matches(&parvis.Text{Plain: x.text, Entities: tagged}, x.words, x.tag), "%q %q %q", x.text, x.words, x.tag)
	}
}

func FuzzNotification(f *testing.F) {
	v := &view{}
	v.notify(noon, "reply", "a", reply("text"))
	v.notify(noon, "like", "b", `{"subject":{"uri":"at://did:plc:me/app.bsky.feed.post/root"}}`)
	f.Add(v.notices[0].raw)
	f.Add(v.notices[1].raw)
	f.Add(`{"uri":1}`)
	h := &hearing{c: ear(f, v, Config{}), me: earMe}
	f.Fuzz(func(t *testing.T, raw string) {
		it, err := h.notice([]byte(raw))
		if err != nil {
			return
		}
		ev := it.event
		if ev.ID == "" || ev.Kind == 0 || ev.Kind&(ev.Kind-1) != 0 || ev.Time.IsZero() || ev.Ref.IsZero() || ev.Author.Ref.IsZero() || string(ev.Raw) != raw {
			t.Fatalf("%+v", ev)
		}
		for _, e := range ev.Text.Entities {
			if e.Start < 0 || e.End > len(ev.Text.Plain) || e.Start >= e.End {
				t.Fatalf("%+v in %q", e, ev.Text.Plain)
			}
		}
	})
}
