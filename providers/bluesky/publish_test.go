package bluesky

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/png"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers/bluesky/internal/api"
	"github.com/parvis-go/parvis/publish"
)

// free is a limiter that lets everything pass.
type free struct{}

func (free) Wait(context.Context, parvis.Call) error { return nil }
func (free) Learn(parvis.Call, parvis.Limit)         {}

type noCards struct{}

func (noCards) Fetch(context.Context, string) (Card, error) {
	return Card{}, errors.New("no page in tests")
}

type oneCard struct{ card Card }

func (o oneCard) Fetch(context.Context, string) (Card, error) { return o.card, nil }

const (
	create  = "com.atproto.repo.createRecord"
	get     = "com.atproto.repo.getRecord"
	upload  = "com.atproto.repo.uploadBlob"
	resolve = "com.atproto.identity.resolveHandle"
	views   = "app.bsky.feed.getPosts"
	missing = `{"error":"RecordNotFound","message":"Could not locate record"}`
	noOne   = `{"error":"InvalidRequest","message":"Unable to resolve handle"}`
)

var anaPost = parvis.Ref{Client: "acme", Network: Network, Kind: parvis.KindPost, ID: "at://" + anaDID + "/app.bsky.feed.post/3l6oveex3ii2l"}

func pngOf(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, png.Encode(&b, image.NewGray(image.Rect(0, 0, 16, 9))))
	return b.Bytes()
}

// TestPublishRequests checks what is sent, word by word.
func TestPublishRequests(t *testing.T) {
	t.Parallel()
	img := parvis.FromBytes("a.png", pngOf(t))
	created := map[string][]answer{
		create: {{file: "created.json"}}, upload: {{file: "blob.json"}}, views: {{file: "views.json"}}, resolve: {{body: `{"did":"` + anaDID + `"}`}},
	}
	for name, c := range map[string]struct {
		draft publish.Draft
		cards CardFetcher
	}{
		"plain":            {draft: publish.Draft{Text: "Bonjour 👋 @ana.example, voir https://acme.example/a #four", Lang: "fr", Tags: []string{"#bois"}}},
		"links":            {draft: publish.Draft{Text: "Voir [l'atelier](https://acme.example/a)", Format: parvis.Markdown}},
		"images":           {draft: publish.Draft{Text: "deux", Media: []parvis.Media{img.WithAlt("Un four"), img}, Sensitive: true}},
		"labels":           {draft: publish.Draft{Text: "x", Warning: "Nudity, sexual", Sensitive: true}},
		"words":            {draft: publish.Draft{Text: "x", Warning: "Chaleur", Media: []parvis.Media{img}}},
		"reply":            {draft: publish.Draft{Text: "oui", ReplyTo: anaPost}},
		"quote":            {draft: publish.Draft{Quote: anaPost}},
		"quote with media": {draft: publish.Draft{Text: "voir", Quote: anaPost, Media: []parvis.Media{img.WithAlt("x")}}},
		"card":             {draft: publish.Draft{Text: "lire", Link: "https://acme.example/a"}, cards: oneCard{Card{Title: "L'atelier", Description: "Du bois", Image: pngOf(t), ImageType: "image/png"}}},
		"quote with card":  {draft: publish.Draft{Quote: anaPost, Link: "https://acme.example/a/"}},
		"image again": {draft: publish.Draft{Text: "x", Media: []parvis.Media{{
			Ref: parvis.Ref{Client: "acme", Network: Network, Kind: parvis.KindMedia, ID: "bafkreigccu7xpyiqq76la6fohbjh7kb354uxshrxadrqzsd75rcaljtnb4"}, Type: "image/png", Size: 70, Alt: "encore",
		}}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, w := newWired(t, created, func(cfg *Config) {
				if c.cards != nil {
					cfg.Cards = c.cards
				}
			})
			c.draft.Key = "3l6oveex3ii2l"
			post, err := publish.To(t.Context(), p, c.draft)
			require.NoError(t, err)
			w.wrote(t, strings.ReplaceAll(name, " ", "_")+".json")
			assert.Equal(t, publish.Published, post.State)
			assert.Equal(t, "https://bsky.app/profile/acme.example/post/3l6oveex3ii2l", post.URL)
			assert.Equal(t, c.draft.Key, post.Key)
			assert.JSONEq(t, string(golden(t, "created.json")), string(post.Raw))
			assert.Equal(t, acmeDID, post.Author.Ref.ID)
		})
	}
}

// TestPublishRefusesBefore: what the network has no place for is not sent.
func TestPublishRefusesBefore(t *testing.T) {
	t.Parallel()
	img := parvis.FromBytes("a.png", pngOf(t))
	many := []string{"1", "2", "3", "4", "5", "6", "7", "8", "9"}
	for name, c := range map[string]struct {
		draft publish.Draft
		code  parvis.Code
	}{
		"link and media": {publish.Draft{Text: "x", Link: "https://a.example", Media: []parvis.Media{img}}, parvis.ErrUnsupported},
		"place":          {publish.Draft{Text: "x", Place: parvis.Place{Name: "y"}}, parvis.ErrUnsupported},
		"poll":           {publish.Draft{Text: "x", Poll: &publish.Poll{Options: []string{"a", "b"}}}, parvis.ErrUnsupported},
		"visibility":     {publish.Draft{Text: "x", Visibility: publish.Followers}, parvis.ErrUnsupported},
		"tags":           {publish.Draft{Text: "x", Tags: many}, parvis.ErrInvalid},
		"long tag":       {publish.Draft{Text: "x", Tags: []string{strings.Repeat("é", 65)}}, parvis.ErrInvalid},
		"empty tag":      {publish.Draft{Text: "x", Tags: []string{"#"}}, parvis.ErrInvalid},
		"long warning":   {publish.Draft{Text: "x", Warning: strings.Repeat("a", 129)}, parvis.ErrInvalid},
		"system label":   {publish.Draft{Text: "x", Warning: "!takedown"}, parvis.ErrInvalid},
		"no post":        {publish.Draft{Text: "x", ReplyTo: parvis.Ref{Network: Network, Kind: parvis.KindPost, ID: "at://" + anaDID + "/app.bsky.feed.like/3l6oveex3ii2l"}}, parvis.ErrInvalid},
		"no picture":     {publish.Draft{Text: "x", Media: []parvis.Media{parvis.FromBytes("a.png", []byte("hello")).WithType("image/png")}}, parvis.ErrInvalid},
		"five pictures":  {publish.Draft{Text: "x", Media: []parvis.Media{img, img, img, img, img}}, parvis.ErrInvalid},
		"mime of a file": {publish.Draft{Text: "x", Media: []parvis.Media{{Ref: parvis.Ref{Network: Network, Kind: parvis.KindMedia, ID: "b"}}}}, parvis.ErrInvalid},
		"no web link":    {publish.Draft{Text: "x", Link: "ftp://a.example"}, parvis.ErrInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, w := newWired(t, nil)
			_, err := p.Publish(t.Context(), c.draft)
			require.ErrorIs(t, err, c.code)
			assert.Empty(t, w.calls)
		})
	}
}

// TestPublishFindsOut: without a clear answer the record is read back, and sent once more
// only if it is not there.
func TestPublishFindsOut(t *testing.T) {
	t.Parallel()
	lost := answer{status: 500, body: `{"error":"InternalServerError","message":"Internal Server Error"}`}
	absent := answer{status: 400, body: missing}
	for name, c := range map[string]struct {
		create, get []answer
		code        error
		creates     int
	}{
		"it is there":           {[]answer{lost}, []answer{{file: "record.json"}}, nil, 1},
		"it is not, and is now": {[]answer{lost, {file: "created.json"}}, []answer{absent}, nil, 2},
		"it is there at last":   {[]answer{lost}, []answer{absent, {file: "record.json"}}, nil, 2},
		"it does not come":      {[]answer{lost}, []answer{absent}, parvis.ErrUnknownOutcome, 2},
		"it cannot be told":     {[]answer{lost}, []answer{{status: 503, body: "{}"}}, parvis.ErrUnknownOutcome, 1},
		"it is another":         {[]answer{lost}, []answer{{file: "record_other.json"}}, parvis.ErrConflict, 1},
		"the answer says so":    {[]answer{{status: 409, body: `{"error":"DuplicateCreate"}`}}, []answer{{file: "record.json"}}, nil, 1},
		"it is refused":         {[]answer{{status: 400, body: `{"error":"InvalidRequest","message":"no"}`}}, nil, parvis.ErrInvalid, 1},
		"the answer is empty":   {[]answer{{body: `{}`}}, []answer{absent}, parvis.ErrUnknownOutcome, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, w := newWired(t, map[string][]answer{create: c.create, get: c.get})
			post, err := p.Publish(t.Context(), publish.Draft{Text: "bonjour", Key: "3l6oveex3ii2l"})
			assert.Equal(t, c.creates, w.called(create))
			if c.code != nil {
				require.ErrorIs(t, err, c.code)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, "at://"+acmeDID+"/app.bsky.feed.post/3l6oveex3ii2l", post.Ref.ID)
			assert.Equal(t, "bonjour", post.Text.Plain)
			assert.NotEmpty(t, post.Raw)
		})
	}
}

// TestPublishBeforeThePost: what fails before the post is sent is never in doubt.
func TestPublishBeforeThePost(t *testing.T) {
	t.Parallel()
	broken := answer{status: 500, body: `{"error":"InternalServerError"}`}
	img := parvis.FromBytes("a.png", pngOf(t))
	for name, c := range map[string]struct {
		answers map[string][]answer
		draft   publish.Draft
		code    parvis.Code
	}{
		"handle":       {map[string][]answer{resolve: {broken}}, publish.Draft{Text: "@ana.example"}, parvis.ErrUnavailable},
		"upload":       {map[string][]answer{upload: {broken}}, publish.Draft{Media: []parvis.Media{img}}, parvis.ErrUnavailable},
		"nameless":     {map[string][]answer{upload: {{body: `{"blob":{}}`}}}, publish.Draft{Media: []parvis.Media{img}}, parvis.ErrUnavailable},
		"parent":       {map[string][]answer{views: {broken}}, publish.Draft{Text: "x", ReplyTo: anaPost}, parvis.ErrUnavailable},
		"no parent":    {map[string][]answer{views: {{body: `{"posts":[]}`}}, get: {{status: 400, body: missing}}}, publish.Draft{Text: "x", ReplyTo: anaPost}, parvis.ErrNotFound},
		"closed":       {map[string][]answer{views: {{file: "views_closed.json"}}}, publish.Draft{Text: "x", ReplyTo: anaPost}, parvis.ErrPermission},
		"no quotes":    {map[string][]answer{views: {{file: "views_closed.json"}}}, publish.Draft{Text: "x", Quote: anaPost}, parvis.ErrPermission},
		"token":        {map[string][]answer{resolve: {{status: 400, body: `{"error":"ExpiredToken"}`}}}, publish.Draft{Text: "@ana.example"}, parvis.ErrAuth},
		"broken media": {nil, publish.Draft{Media: []parvis.Media{parvis.FromReader("a.png", 0, func(context.Context) (io.ReadCloser, error) { return nil, errors.New("no") })}}, parvis.ErrInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, w := newWired(t, c.answers)
			_, err := p.Publish(t.Context(), c.draft)
			require.ErrorIs(t, err, c.code)
			assert.Zero(t, w.called(create))
		})
	}
}

// TestPublishWarns: what could not be done as asked is told, and the post is out.
func TestPublishWarns(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		draft publish.Draft
		cards CardFetcher
		want  string
	}{
		"nobody":        {publish.Draft{Text: "@ana.example @ana.example"}, nil, "text: @ana.example is nobody on the network, and stays plain text"},
		"no page":       {publish.Draft{Link: "https://a.example/b"}, nil, "link: the card shows the address alone: no page in tests"},
		"large picture": {publish.Draft{Link: "https://a.example/b"}, oneCard{Card{Image: append(jpegOf(t, 3, 3)[:2:2], bytes.Repeat([]byte{0xFF, 0xEE, 0xFF, 0xFE}, 1)...), ImageType: "image/jpeg"}}, "link: the card has no picture: the file is broken, or not of the type that it says"},
		"SVG":           {publish.Draft{Link: "https://a.example/b"}, oneCard{Card{Image: []byte("<svg>"), ImageType: "image/svg+xml"}}, "link: the card has no picture: the network shows no image/svg+xml"},
		"free warning":  {publish.Draft{Text: "x", Warning: "Chaleur"}, nil, "warning: kept as a label that apps do not show: the network knows porn, sexual, nudity, graphic-media, !no-unauthenticated only"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, w := newWired(t, map[string][]answer{create: {{file: "created.json"}}, resolve: {{status: 400, body: noOne}}}, func(cfg *Config) {
				if c.cards != nil {
					cfg.Cards = c.cards
				}
			})
			post, err := publish.To(t.Context(), p, c.draft)
			require.NoError(t, err)
			require.Len(t, post.Warnings, 1)
			assert.Equal(t, c.want, post.Warnings[0].String())
			assert.LessOrEqual(t, w.called(resolve), 1, "a handle is asked for once")
		})
	}
}

func TestKeyIsStable(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "3l6oveex3ii2l", api.KeyTID(acmeDID, "3l6oveex3ii2l"))
	one := api.KeyTID(acmeDID, "launch")
	assert.Equal(t, "3luhmre6m77ji", one, "records of years ago are found by it: it never changes")
	assert.NotEqual(t, one, api.KeyTID(anaDID, "launch"), "one key of two accounts does not tell that they belong together")
}
