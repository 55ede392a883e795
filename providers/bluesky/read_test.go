package bluesky

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers/bluesky/internal/api"
	"github.com/parvis-go/parvis/publish"
)

const (
	erase = "com.atproto.repo.deleteRecord"
	none  = `{"posts":[]}`
)

var ownPost = parvis.Ref{Client: "acme", Network: Network, Kind: parvis.KindPost, ID: "at://" + acmeDID + "/app.bsky.feed.post/3l6oveex3ii2l"}

// TestGet: whether an own post is there, its repository says; others' are as they are shown.
func TestGet(t *testing.T) {
	t.Parallel()
	there, absent := []answer{{file: "record_image.json"}}, []answer{{status: 400, body: missing}}
	for name, c := range map[string]struct {
		ref     parvis.Ref
		answers map[string][]answer
		code    error
		text    string
		image   string
	}{
		"own, not shown yet":     {ownPost, map[string][]answer{get: there, views: {{body: none}}}, nil, "bonjour", pds + "/xrpc/com.atproto.sync.getBlob?did=" + acmeDID + "&cid=bafkreigccu7xpyiqq76la6fohbjh7kb354uxshrxadrqzsd75rcaljtnb4"},
		"own, shown":             {ownPost, map[string][]answer{get: there, views: {{file: "views_own.json"}}}, nil, "bonjour", "https://cdn.example/full/1@jpeg"},
		"own, gone and shown":    {ownPost, map[string][]answer{get: absent, views: {{file: "views_own.json"}}}, parvis.ErrNotFound, "", ""},
		"another's":              {anaPost, map[string][]answer{views: {{file: "views.json"}}}, nil, "hello", ""},
		"another's, not shown":   {anaPost, map[string][]answer{get: there, views: {{body: none}}}, parvis.ErrNotFound, "", ""},
		"the app view is broken": {anaPost, map[string][]answer{views: {{body: `{"posts":[{}]}`}}}, parvis.ErrBadAnswer, "", ""},
		"no post":                {parvis.Ref{Network: Network, Kind: parvis.KindPost, ID: "at://x"}, nil, parvis.ErrInvalid, "", ""},
		"a person":               {parvis.Ref{Network: Network, Kind: parvis.KindPerson, ID: anaDID}, nil, parvis.ErrInvalid, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, _ := newWired(t, c.answers)
			got, err := p.Get(t.Context(), c.ref)
			if c.code != nil {
				require.ErrorIs(t, err, c.code)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, c.ref, got.Ref)
			assert.Equal(t, c.text, got.Text.Plain)
			assert.Equal(t, time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC), got.Created)
			if c.image != "" {
				require.Len(t, got.Media, 1)
				assert.Equal(t, c.image, got.Media[0].URL)
				assert.Equal(t, "Un four", got.Media[0].Alt)
				assert.Equal(t, "https://bsky.app/profile/acme.example/post/3l6oveex3ii2l", got.URL)
			}
		})
	}
}

func TestRead(t *testing.T) {
	t.Parallel()
	p, _ := newWired(t, nil)
	all, err := api.DecodePost([]byte(`{"uri":"` + anaPost.ID + `","record":{"text":"hello"},"author":{"did":"` + anaDID + `","handle":"handle.invalid"}}`))
	require.NoError(t, err)
	got, err := p.Read(all.Raw)
	require.NoError(t, err)
	assert.Equal(t, "https://bsky.app/profile/"+anaDID+"/post/3l6oveex3ii2l", got.URL, "a broken handle leads nowhere")
	assert.Equal(t, "https://bsky.app/profile/"+anaDID, got.Author.URL)
	for _, raw := range []string{"", "null", "[]", `{"uri":"x"}`, `{"record":{}}`} {
		_, err := p.Read([]byte(raw))
		require.ErrorIs(t, err, parvis.ErrBadAnswer, raw)
	}
}

func TestDelete(t *testing.T) {
	t.Parallel()
	p, w := newWired(t, map[string][]answer{get: {{file: "record.json"}}, erase: {{status: 500, body: "{}"}, {body: "{}"}}})
	require.NoError(t, p.Delete(t.Context(), ownPost))
	assert.Equal(t, 2, w.called(erase), "deleting can be repeated")
	assert.JSONEq(t, `{"repo":"`+acmeDID+`","collection":"app.bsky.feed.post","rkey":"3l6oveex3ii2l"}`, string(w.bodies[erase][0]))
	p, w = newWired(t, map[string][]answer{get: {{status: 400, body: missing}}})
	require.ErrorIs(t, p.Delete(t.Context(), ownPost), parvis.ErrNotFound)
	require.ErrorIs(t, p.Delete(t.Context(), anaPost), parvis.ErrPermission)
	assert.Zero(t, w.called(erase))
}

// TestMetricsWait: a new post is waited for, and no longer than Settle.
func TestMetricsWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		there := []answer{{file: "record_image.json"}}
		p, w := newWired(t, map[string][]answer{get: there, views: {{body: none}, {body: none}, {file: "views_own.json"}}}, func(c *Config) { c.Settle = time.Minute })
		all, err := p.Metrics(t.Context(), ownPost)
		require.NoError(t, err)
		assert.Equal(t, 3, w.called(views))
		got := map[string]float64{}
		for _, m := range all {
			got[m.Name+" "+m.Means] = m.Value
		}
		assert.Equal(t, map[string]float64{"likeCount likes": 4, "repostCount reposts": 3, "replyCount replies": 2, "quoteCount quotes": 5, "bookmarkCount bookmarks": 1}, got)
		p, _ = newWired(t, map[string][]answer{get: there, views: {{body: none}}}, func(c *Config) { c.Settle = time.Minute })
		began := time.Now()
		_, err = p.Metrics(t.Context(), ownPost)
		require.ErrorIs(t, err, parvis.ErrUnavailable)
		assert.InDelta(t, time.Minute, time.Since(began), float64(6*time.Second))
	})
}

func TestReconcile(t *testing.T) {
	t.Parallel()
	d := publish.Draft{Text: "bonjour", Key: "3l6oveex3ii2l"}
	for name, c := range map[string]struct {
		draft publish.Draft
		get   answer
		code  error
	}{
		"there":     {d, answer{file: "record.json"}, nil},
		"not there": {d, answer{status: 400, body: missing}, parvis.ErrNotFound},
		"another":   {publish.Draft{Text: "bonsoir", Key: d.Key}, answer{file: "record.json"}, parvis.ErrConflict},
		"no key":    {publish.Draft{Text: "bonjour"}, answer{file: "record.json"}, parvis.ErrUnknownOutcome},
		"broken":    {d, answer{status: 503, body: "{}"}, parvis.ErrUnavailable},
		"a card":    {publish.Draft{Link: "https://a.example/été", Key: d.Key}, answer{body: `{"uri":"` + ownPost.ID + `","cid":"x","value":{"text":"","embed":{"$type":"app.bsky.embed.external","external":{"uri":"https://a.example/%C3%A9t%C3%A9","title":"t","description":""}}}}`}, nil},
		"no card":   {publish.Draft{Text: "bonjour", Link: "https://a.example/", Key: d.Key}, answer{file: "record.json"}, parvis.ErrConflict},
		"pictures":  {publish.Draft{Text: "bonjour", Key: d.Key, Media: []parvis.Media{parvis.FromBytes("a.png", nil).WithAlt("Un four")}}, answer{file: "record_image.json"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, w := newWired(t, map[string][]answer{get: {c.get}})
			got, err := p.Reconcile(t.Context(), publish.Attempt{Draft: c.draft})
			assert.Zero(t, w.called(create))
			if c.code != nil {
				require.ErrorIs(t, err, c.code)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, ownPost, got.Ref)
			assert.Equal(t, d.Key, got.Key)
		})
	}
}

// TestReact: what the repository has decides, not what the app view shows.
func TestReact(t *testing.T) {
	t.Parallel()
	shown, there, absent := []answer{{file: "views_liked.json"}}, answer{file: "record.json"}, answer{status: 400, body: missing}
	for name, c := range map[string]struct {
		on              bool
		views, get      []answer
		create          []answer
		creates, erases int
		code            error
	}{
		"new":                        {true, []answer{{file: "views.json"}}, []answer{absent}, []answer{{file: "created.json"}}, 1, 0, nil},
		"liked here":                 {true, []answer{{file: "views.json"}}, []answer{there}, nil, 0, 0, nil},
		"liked elsewhere":            {true, shown, []answer{absent, there}, nil, 0, 0, nil},
		"shown, and not there":       {true, shown, []answer{absent}, []answer{{file: "created.json"}}, 1, 0, nil},
		"not shown yet":              {true, []answer{{body: none}}, []answer{{file: "record.json"}, absent}, []answer{{file: "created.json"}}, 1, 0, nil},
		"no post":                    {true, []answer{{body: none}}, []answer{absent}, nil, 0, 0, parvis.ErrNotFound},
		"answer lost, there":         {true, []answer{{file: "views.json"}}, []answer{absent, there}, []answer{{status: 500, body: "{}"}}, 1, 0, nil},
		"answer lost, and not there": {true, []answer{{file: "views.json"}}, []answer{absent}, []answer{{status: 500, body: "{}"}}, 1, 0, parvis.ErrUnknownOutcome},
		"take back both":             {false, shown, nil, nil, 0, 2, nil},
		"take back what is not":      {false, []answer{{file: "views.json"}}, nil, nil, 0, 1, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, w := newWired(t, map[string][]answer{views: c.views, get: c.get, create: c.create, erase: {{body: "{}"}}})
			do := p.React
			if !c.on {
				do = p.Unreact
			}
			err := do(t.Context(), anaPost, publish.Like)
			if c.code != nil {
				require.ErrorIs(t, err, c.code)
			} else {
				require.NoError(t, err)
			}
			assert.Equal(t, c.creates, w.called(create))
			assert.Equal(t, c.erases, w.called(erase))
		})
	}
	p, w := newWired(t, nil)
	require.ErrorIs(t, p.React(t.Context(), anaPost, "🎉"), parvis.ErrUnsupported)
	assert.Empty(t, w.calls)
}
