package api

import (
	"encoding/json"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
)

const (
	did    = "did:plc:ewvi7nxzyoun6zhxrhs64oiz"
	uri    = "at://" + did + "/app.bsky.feed.post/3l6oveex3ii2l"
	cid    = "bafkreigccu7xpyiqq76la6fohbjh7kb354uxshrxadrqzsd75rcaljtnb4"
	blob   = `{"$type":"blob","ref":{"$link":"` + cid + `"},"mimeType":"image/png","size":70}`
	strong = `{"uri":"` + uri + `","cid":"` + cid + `"}`
)

// viewed is a post with these fields of its record and of the view.
func viewed(record, view string) string {
	return `{"uri":"` + uri + `","cid":"` + cid + `","author":{"did":"` + did + `","handle":"a.example"},"record":{"text":"é 👋 x","createdAt":"2026-01-02T03:04:05Z"` + record + `}` + view + `}`
}

func TestDecodePost(t *testing.T) {
	t.Parallel()
	v, err := DecodePost(json.RawMessage(viewed(
		`,"langs":["fr",1,"en"],"tags":["a"],"labels":{"$type":"x","values":[{"val":"porn"}]},"reply":{"root":`+strong+`,"parent":`+strong+`}`,
		`,"likeCount":4,"repostCount":3,"replyCount":2,"quoteCount":5,"bookmarkCount":1,"indexedAt":"2026-01-02T03:04:06.5+01:00",
		 "viewer":{"like":"at://x","replyDisabled":true,"embeddingDisabled":true,"bookmarked":true},"labels":[{"src":"did:x","uri":"at://y","val":"spam","cts":"z","neg":true}]`)))
	require.NoError(t, err)
	assert.Equal(t, Strong{uri, cid}, v.Strong)
	assert.Equal(t, Actor{DID: did, Handle: "a.example"}, v.Author)
	assert.Equal(t, []string{"fr", "en"}, v.Langs, "what is none is left out")
	assert.Equal(t, []string{"a"}, v.Tags)
	assert.Equal(t, []string{"porn"}, v.SelfLabels)
	assert.Equal(t, v.Strong, v.Root)
	assert.Equal(t, v.Strong, v.Parent)
	assert.Equal(t, Counts{Likes: 4, Reposts: 3, Replies: 2, Quotes: 5, Bookmarks: 1}, v.Counts)
	assert.Equal(t, Viewer{Like: "at://x", Bookmarked: true, NoReply: true, NoQuote: true}, v.Viewer)
	assert.Equal(t, []Label{{Src: "did:x", URI: "at://y", Val: "spam", CTS: "z", Neg: true}}, v.Labels)
	assert.Equal(t, time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), v.Created)
	assert.Equal(t, time.Date(2026, 1, 2, 2, 4, 6, 5e8, time.UTC), v.Indexed)
}

func TestDecodePostEmbeds(t *testing.T) {
	t.Parallel()
	file := File{Blob: NewBlob(cid, "image/png", 70), Alt: "alt", Width: 16, Height: 9}
	with := func(f File, url, preview string) File { f.URL, f.Preview = url, preview; return f }
	image := `{"image":` + blob + `,"alt":"alt","aspectRatio":{"width":16,"height":9}}`
	for name, c := range map[string]struct {
		record, view string
		want         PostView
	}{
		"images":      {`{"$type":"app.bsky.embed.images","images":[` + image + `]}`, `{"$type":"app.bsky.embed.images#view","images":[{"thumb":"t","fullsize":"f"}]}`, PostView{Files: []File{with(file, "f", "t")}}},
		"no view":     {`{"$type":"app.bsky.embed.images","images":[` + image + `]}`, `{}`, PostView{Files: []File{file}}},
		"other view":  {`{"$type":"app.bsky.embed.images","images":[` + image + `]}`, `{"$type":"app.bsky.embed.external#view","images":[{"fullsize":"f"}]}`, PostView{Files: []File{file}}},
		"fewer views": {`{"$type":"app.bsky.embed.images","images":[` + image + `,` + image + `]}`, `{"$type":"app.bsky.embed.images#view","images":[{"fullsize":"f"}]}`, PostView{Files: []File{with(file, "f", ""), file}}},
		"gallery":     {`{"$type":"app.bsky.embed.gallery","items":[` + image + `]}`, `{"$type":"app.bsky.embed.gallery#view","items":[{"thumbnail":"t","fullsize":"f"}]}`, PostView{Files: []File{with(file, "f", "t")}}},
		"video":       {`{"$type":"app.bsky.embed.video","video":` + blob + `,"alt":"alt","aspectRatio":{"width":16,"height":9}}`, `{"$type":"app.bsky.embed.video#view","playlist":"p","thumbnail":"t"}`, PostView{Files: []File{with(file, "p", "t")}}},
		"card":        {`{"$type":"app.bsky.embed.external","external":{"uri":"u","title":"t","description":"d"}}`, `{"$type":"app.bsky.embed.external#view","external":{"thumb":"i"}}`, PostView{Card: &CardView{URI: "u", Title: "t", Description: "d", Thumb: "i"}}},
		"quote":       {`{"$type":"app.bsky.embed.record","record":` + strong + `}`, `{"$type":"app.bsky.embed.record#view","record":{"notFound":true}}`, PostView{Quote: Strong{uri, cid}}},
		"both": {
			`{"$type":"app.bsky.embed.recordWithMedia","record":{"record":` + strong + `},"media":{"$type":"app.bsky.embed.images","images":[` + image + `]}}`,
			`{"$type":"app.bsky.embed.recordWithMedia#view","media":{"$type":"app.bsky.embed.images#view","images":[{"fullsize":"f"}]}}`,
			PostView{Quote: Strong{uri, cid}, Files: []File{with(file, "f", "")}},
		},
		"unknown": {`{"$type":"x.y.z"}`, `{}`, PostView{}},
		"nested":  {`{"$type":"app.bsky.embed.recordWithMedia","media":{"$type":"app.bsky.embed.recordWithMedia","media":{}}}`, `{}`, PostView{}},
		"no list": {`{"$type":"app.bsky.embed.images","images":"x"}`, `{}`, PostView{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v, err := DecodePost(json.RawMessage(viewed(`,"embed":`+c.record, `,"embed":`+c.view)))
			require.NoError(t, err)
			assert.Equal(t, c.want.Files, v.Files)
			assert.Equal(t, c.want.Card, v.Card)
			assert.Equal(t, c.want.Quote, v.Quote)
		})
	}
}

// TestEntities: facets come from strangers, and only those that can be shown are.
func TestFacetsOfStrangers(t *testing.T) {
	t.Parallel()
	facet := func(from, to string, feature string) string {
		return `{"index":{"byteStart":` + from + `,"byteEnd":` + to + `},"features":[` + feature + `]}`
	}
	link := `{"$type":"app.bsky.richtext.facet#link","uri":"https://a.example"}`
	for name, c := range map[string]struct {
		facets string
		want   []string
	}{
		"link":               {facet("3", "7", link), []string{"link 👋 https://a.example"}},
		"out of order":       {facet("8", "9", link) + "," + facet("0", "2", link), []string{"link é https://a.example", "link x https://a.example"}},
		"mention":            {facet("8", "9", `{"$type":"app.bsky.richtext.facet#mention","did":"`+did+`"}`), []string{"mention x https://bsky.app/profile/" + did}},
		"tag":                {facet("8", "9", `{"$type":"app.bsky.richtext.facet#tag","tag":"a b"}`), []string{"hashtag x https://bsky.app/hashtag/a%20b"}},
		"second feature":     {facet("8", "9", `{"$type":"x.y#z"},`+link), []string{"link x https://a.example"}},
		"overlap":            {facet("0", "7", link) + "," + facet("3", "9", link), []string{"link é 👋 https://a.example"}},
		"inside":             {facet("0", "9", link) + "," + facet("3", "7", link), []string{"link é 👋 x https://a.example"}},
		"splits a character": {facet("1", "7", link) + "," + facet("3", "5", link), nil},
		"outside":            {facet("8", "10", link) + "," + facet("-1", "2", link) + "," + facet("7", "3", link) + "," + facet("3", "3", link), nil},
		"too large":          {facet("0", "99999999999999999999", link), nil},
		"script":             {facet("8", "9", `{"$type":"app.bsky.richtext.facet#link","uri":"javascript:alert(1)"}`), nil},
		"no DID":             {facet("8", "9", `{"$type":"app.bsky.richtext.facet#mention","did":"x"}`), nil},
		"no tag":             {facet("8", "9", `{"$type":"app.bsky.richtext.facet#tag"}`), nil},
		"no facet":           {`1,"x",null,{}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v, err := DecodePost(json.RawMessage(viewed(`,"facets":[`+c.facets+`]`, "")))
			require.NoError(t, err)
			var got []string
			for _, e := range v.Text.Entities {
				got = append(got, string(e.Kind)+" "+v.Text.Plain[e.Start:e.End]+" "+e.URL)
			}
			assert.Equal(t, c.want, got)
		})
	}
}

func TestDecodeRecord(t *testing.T) {
	t.Parallel()
	v, err := DecodeRecord(Record{Strong: Strong{uri, cid}, Value: json.RawMessage(`{"text":"x"}`)})
	require.NoError(t, err)
	assert.Equal(t, Actor{DID: did}, v.Author)
	assert.True(t, v.Created.IsZero())
	for _, value := range []string{"", "null", "1"} {
		_, err = DecodeRecord(Record{Strong: Strong{uri, cid}, Value: json.RawMessage(value)})
		require.ErrorIs(t, err, parvis.ErrBadAnswer)
	}
}

func TestPostAddresses(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "https://bsky.app/profile/a.example/post/3l6oveex3ii2l", PostURL(uri, "a.example"))
	assert.Equal(t, "https://bsky.app/profile/"+did+"/post/3l6oveex3ii2l", PostURL(uri, "handle.invalid"))
	assert.Empty(t, PostURL("at://"+did+"/app.bsky.feed.like/3l6oveex3ii2l", ""))
	assert.Empty(t, PostURL("", ""))
	assert.Equal(t, "https://p.example/xrpc/com.atproto.sync.getBlob?did="+did+"&cid="+cid, BlobURL("https://p.example", did, cid))
	assert.Empty(t, BlobURL("", did, cid))
}

func FuzzDecodePost(f *testing.F) {
	f.Add([]byte(viewed(`,"facets":[{"index":{"byteStart":3,"byteEnd":7},"features":[{"$type":"app.bsky.richtext.facet#link","uri":"https://a.example"}]}]`, `,"likeCount":1`)))
	f.Add([]byte(viewed(`,"embed":{"$type":"app.bsky.embed.recordWithMedia","media":{"$type":"app.bsky.embed.images","images":[{"image":`+blob+`}]}}`, `,"viewer":1`)))
	f.Add([]byte(`{"uri":1,"record":[]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		v, err := DecodePost(raw)
		if err != nil {
			require.ErrorIs(t, err, parvis.ErrBadAnswer)
			return
		}
		end := 0
		for _, e := range v.Text.Entities {
			require.GreaterOrEqual(t, e.Start, end)
			require.Greater(t, e.End, e.Start)
			require.LessOrEqual(t, e.End, len(v.Text.Plain))
			require.True(t, utf8.ValidString(v.Text.Plain[e.Start:e.End]))
			require.Regexp(t, "^(?i)https?://", e.URL)
			end = e.End
		}
	})
}
