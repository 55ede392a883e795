package wordpress_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/apitest"
	site "github.com/parvis-go/parvis/internal/apitest/wordpress"
	"github.com/parvis-go/parvis/providers/wordpress"
	"github.com/parvis-go/parvis/publish"
)

// sent is the body of the newest call that made a post.
func sent(t testing.TB, s *site.Server, path string) map[string]any {
	t.Helper()
	var m map[string]any
	require.NoError(t, json.Unmarshal(last(t, s, http.MethodPost, path).RequestBody, &m))
	return m
}

const postsPath = "/wp-json/wp/v2/posts"

func picture() parvis.Media { return parvis.FromBytes("four.png", []byte("\x89PNG\r\n\x1a\nrest")) }

func TestPublishSendsEveryField(t *testing.T) {
	t.Parallel()
	s := site.New(t, site.Options{})
	c := open(t, s, "editor")
	var progress atomic.Int64
	ctx := publish.WithProgress(t.Context(), func(p publish.Progress) { progress.Store(p.Sent) })
	got, err := publish.To(ctx, c, publish.Draft{
		Title: "Fours", Text: "Les *coulisses*", Format: parvis.Markdown, Slug: "fours", Excerpt: "Vite", Link: "https://acme.example/v/12",
		Sticky: true, Tags: []string{"#Four", " atelier ", ""}, Categories: []string{"Visites"},
		Media: []parvis.Media{parvis.FromBytes("plan.pdf", []byte("%PDF-1.4")), picture().WithAlt("Deux artisans"), picture()},
	})
	require.NoError(t, err)
	f := sent(t, s, postsPath)
	assert.Equal(t, "Fours", f["title"])
	assert.Equal(t, "fours", f["slug"])
	assert.Equal(t, "Vite", f["excerpt"])
	assert.Equal(t, true, f["sticky"])
	assert.Equal(t, "publish", f["status"])
	assert.NotContains(t, f, "date_gmt")
	assert.Len(t, f["tags"], 2)
	assert.Len(t, f["categories"], 1)
	assert.EqualValues(t, 3, f["featured_media"], "the first picture, not the first file")
	content := f["content"].(string)
	for _, part := range []string{"<p>Les <em>coulisses</em></p>", "plan.pdf", `alt="Deux artisans" class="wp-image-3"`, `class="wp-image-4"`, `<a href="https://acme.example/v/12">`} {
		assert.Contains(t, content, part)
	}
	require.Len(t, got.Media, 3)
	assert.Equal(t, "Deux artisans", got.Media[1].Alt)
	assert.Equal(t, publish.Published, got.State)
	assert.Equal(t, "Les coulisses\n\nhttps://acme.example/v/12", got.Text.Plain)
	assert.EqualValues(t, 12, progress.Load())
	x := last(t, s, http.MethodPost, "/wp-json/wp/v2/media")
	assert.Equal(t, `attachment; filename="four.png"`, x.RequestHeader.Get("Content-Disposition"))
	assert.Equal(t, "image/png", x.RequestHeader.Get("Content-Type"))
	order := ""
	for _, x := range s.Recorder.Exchanges() {
		if x.Method == http.MethodPost {
			order += strings.TrimPrefix(x.Path, "/wp-json/wp/v2/") + " "
		}
	}
	assert.Equal(t, "media media media tags tags categories posts ", order, "what people see comes last")
}

func TestPublishReusesWhatIsThere(t *testing.T) {
	t.Parallel()
	s := site.New(t, site.Options{})
	c := open(t, s, "editor")
	first := post(t, c, publish.Draft{Text: "a", Tags: []string{"Four"}, Media: []parvis.Media{picture().WithAlt("Un four")}})
	second := post(t, c, publish.Draft{Text: "b", Tags: []string{"four"}, Media: []parvis.Media{{Ref: first.Media[0].Ref}}})
	assert.Equal(t, 1, s.Uploads())
	assert.Equal(t, first.Media[0].URL, second.Media[0].URL)
	assert.Equal(t, "Un four", second.Media[0].Alt)
	assert.Equal(t, []any{float64(2)}, sent(t, s, postsPath)["tags"])
	bad := parvis.Ref{Network: "wordpress", Kind: parvis.KindMedia, ID: "../x"}
	_, err := publish.To(t.Context(), c, publish.Draft{Text: "c", Media: []parvis.Media{{Ref: bad}}})
	require.ErrorIs(t, err, parvis.ErrInvalid)
}

func TestTermsBeyondTheFirstPage(t *testing.T) {
	t.Parallel()
	s := site.New(t, site.Options{})
	c := open(t, s, "editor")
	var names []string
	for i := range 150 {
		names = append(names, "Atelier "+strings.Repeat("x", i+1))
	}
	post(t, c, publish.Draft{Text: "a", Categories: names})
	post(t, c, publish.Draft{Text: "b", Categories: []string{"atelier " + strings.Repeat("X", 1)}})
	assert.Equal(t, []any{float64(2)}, sent(t, s, postsPath)["categories"])
}

func TestTermMadeBySomebodyElseMeanwhile(t *testing.T) {
	t.Parallel()
	s := site.New(t, site.Options{})
	c := open(t, s, "editor")
	post(t, c, publish.Draft{Text: "a", Tags: []string{"Four"}})
	s.Faults.Inject(apitest.Fault{Kind: apitest.Forbidden, Status: 200, Body: "[]", // the search does not see it
		Match: func(r *http.Request) bool { return r.Method == "GET" && strings.HasSuffix(r.URL.Path, "/tags") }})
	post(t, c, publish.Draft{Text: "b", Tags: []string{"Four"}})
	assert.Equal(t, []any{float64(2)}, sent(t, s, postsPath)["tags"])
}

func TestPublishToPlaces(t *testing.T) {
	t.Parallel()
	s := site.New(t, site.Options{})
	c := open(t, s, "editor")
	var page, category parvis.Place
	for pl, err := range publish.PlacesOf(t.Context(), c) {
		require.NoError(t, err)
		switch pl.Type {
		case "pages":
			page = pl
		case "category":
			category = pl
		}
	}
	got := post(t, c, publish.Draft{Title: "Contact", Text: "Rue des Fours", Place: page})
	assert.True(t, strings.HasPrefix(got.Ref.ID, "page:"))
	again, err := publish.Get(t.Context(), c, got.Ref)
	require.NoError(t, err)
	assert.Equal(t, "Contact", again.Title)
	assert.Equal(t, page, again.Place)
	for _, d := range []publish.Draft{{Tags: []string{"a"}}, {Categories: []string{"a"}}, {Sticky: true}} {
		d.Text, d.Place = "x", page
		_, err = publish.To(t.Context(), c, d)
		require.ErrorIs(t, err, errors.ErrUnsupported)
	}
	post(t, c, publish.Draft{Text: "x", Place: category, Categories: []string{"Visites"}})
	assert.Equal(t, []any{float64(1), float64(2)}, sent(t, s, postsPath)["categories"])
	_, err = publish.To(t.Context(), c, publish.Draft{Text: "x", Place: parvis.Place{Ref: parvis.Ref{Network: "wordpress", Kind: parvis.KindPlace, ID: "attic"}}})
	require.ErrorIs(t, err, parvis.ErrInvalid)
	_, err = publish.To(t.Context(), open(t, s, "author"), publish.Draft{Text: "x", Place: page})
	require.ErrorIs(t, err, parvis.ErrPermission)
}

func TestVisibilityAndRole(t *testing.T) {
	t.Parallel()
	s := site.New(t, site.Options{})
	got := post(t, open(t, s, "author"), publish.Draft{Text: "x", Visibility: publish.Private})
	assert.Equal(t, publish.Private, got.Visibility)
	assert.Equal(t, publish.Published, got.State)
	_, err := publish.To(t.Context(), open(t, s, "author"), publish.Draft{Text: "x", Visibility: publish.Private, At: time.Now().Add(time.Hour)})
	require.ErrorIs(t, err, errors.ErrUnsupported)
	assert.Equal(t, publish.Held, post(t, open(t, s, "contributor"), publish.Draft{Text: "x"}).State)
	before := s.Calls()
	sub := open(t, s, "subscriber")
	_, err = publish.To(t.Context(), sub, publish.Draft{Text: "x"})
	require.ErrorIs(t, err, parvis.ErrPermission)
	assert.Contains(t, err.Error(), "the role subscriber may not write posts")
	assert.Equal(t, 2, s.Calls()-before, "nothing was tried")
}

func TestComments(t *testing.T) {
	t.Parallel()
	s := site.New(t, site.Options{Moderated: true, Flood: wordpress.DefaultFlood})
	author, sub := open(t, s, "author"), open(t, s, "subscriber")
	article := post(t, author, publish.Draft{Text: "Portes ouvertes"})
	held, err := publish.To(t.Context(), sub, publish.Draft{Text: "À quelle heure ?", ReplyTo: article.Ref})
	require.NoError(t, err)
	assert.Equal(t, publish.Held, held.State)
	assert.Equal(t, article.Ref, held.ReplyTo)
	nested := post(t, author, publish.Draft{Text: "Dix <heures>", ReplyTo: held.Ref})
	assert.Equal(t, held.Ref, nested.ReplyTo)
	assert.Equal(t, publish.Published, nested.State)
	f := sent(t, s, "/wp-json/wp/v2/comments")
	assert.Equal(t, "Dix &lt;heures&gt;", f["content"])
	assert.EqualValues(t, 1, f["parent"])

	_, err = publish.To(t.Context(), sub, publish.Draft{Text: "À quelle heure ?", ReplyTo: article.Ref})
	require.ErrorIs(t, err, parvis.ErrDuplicate)
	_, err = publish.To(t.Context(), sub, publish.Draft{Text: "Et dimanche ?", ReplyTo: article.Ref})
	require.ErrorIs(t, err, parvis.ErrRateLimited)
	e, _ := errors.AsType[*parvis.Error](err)
	assert.Equal(t, wordpress.DefaultFlood, e.RetryAfter)
	assert.Equal(t, "comment_flood", e.Vendor)
}

func TestCommentsOnWhatIsNotThere(t *testing.T) {
	t.Parallel()
	s := site.New(t, site.Options{})
	c := open(t, s, "editor")
	for _, ref := range []parvis.Ref{
		{Network: "wordpress", Kind: parvis.KindPost, ID: "99"},
		{Network: "wordpress", Kind: parvis.KindComment, ID: "99"},
	} {
		_, err := publish.To(t.Context(), c, publish.Draft{Text: "x", ReplyTo: ref})
		require.ErrorIs(t, err, parvis.ErrNotFound)
	}
	_, err := publish.To(t.Context(), c, publish.Draft{Text: "x", ReplyTo: parvis.Ref{Network: "wordpress", Kind: parvis.KindPlace, ID: "posts"}})
	require.ErrorIs(t, err, parvis.ErrInvalid)
	article := post(t, c, publish.Draft{Text: "x"})
	_, err = publish.To(t.Context(), c, publish.Draft{Text: "x", Title: "t", ReplyTo: article.Ref})
	require.ErrorIs(t, err, errors.ErrUnsupported)
	_, err = publish.To(t.Context(), c, publish.Draft{Text: "x", Media: []parvis.Media{picture()}, ReplyTo: article.Ref})
	require.ErrorIs(t, err, errors.ErrUnsupported)
	assert.Zero(t, s.Uploads())
}

func uploads(r *http.Request) bool {
	return r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/media")
}

func TestLostUploadIsNotAnUnknownPost(t *testing.T) {
	t.Parallel()
	for _, kind := range []apitest.Kind{apitest.CutAfter, apitest.ErrorAfter, apitest.Truncated} {
		s := site.New(t, site.Options{})
		c := open(t, s, "editor")
		s.Faults.Inject(apitest.Fault{Kind: kind, Match: uploads})
		d := publish.Draft{Text: "Portes ouvertes", Media: []parvis.Media{picture()}, Key: "k"}
		_, err := publish.To(t.Context(), c, d)
		require.ErrorIs(t, err, parvis.ErrUnavailable, kind)
		require.NotErrorIs(t, err, parvis.ErrUnknownOutcome, "the post was not sent")
		assert.Zero(t, s.Count("Portes"))
		post(t, c, d)
		assert.Equal(t, 1, s.Count("Portes"))
	}
}

func TestUploadsThatCannotBe(t *testing.T) {
	t.Parallel()
	s := site.New(t, site.Options{})
	c := open(t, s, "editor", func(cfg *wordpress.Config) { cfg.MaxUpload = 100 })
	_, err := publish.To(t.Context(), c, publish.Draft{Text: "x", Media: []parvis.Media{parvis.FromBytes("a.png", make([]byte, 101)).WithType("image/png")}})
	require.ErrorIs(t, err, parvis.ErrInvalid)
	assert.Contains(t, err.Error(), "101 bytes, 100 allowed")
	_, err = publish.To(t.Context(), c, publish.Draft{Text: "x", Media: []parvis.Media{parvis.FromBytes("a.exe", []byte("MZ"))}})
	require.ErrorIs(t, err, parvis.ErrInvalid)
	_, err = publish.To(t.Context(), c, publish.Draft{Text: "x", Media: []parvis.Media{parvis.FromURL("https://acme.example/a.png")}})
	require.ErrorIs(t, err, errors.ErrUnsupported)
	assert.Zero(t, s.Uploads())
	assert.Zero(t, s.Count("x<"))
}

func TestUploadsAreStreamed(t *testing.T) {
	t.Parallel()
	s := site.New(t, site.Options{})
	opened := 0
	m := parvis.FromReader("long.mp4", 0, func(context.Context) (io.ReadCloser, error) {
		opened++
		return io.NopCloser(io.LimitReader(zeros{}, 5<<20)), nil
	}).WithType("video/mp4").WithAlt("Un four")
	post(t, open(t, s, "author"), publish.Draft{Text: "x", Media: []parvis.Media{m}})
	x := last(t, s, http.MethodPost, "/wp-json/wp/v2/media")
	assert.Len(t, x.RequestBody, 5<<20)
	assert.Equal(t, "Un four", x.Query.Get("caption"))
	assert.Contains(t, sent(t, s, postsPath)["content"], "<figcaption>Un four</figcaption>")
	assert.LessOrEqual(t, opened, 3, "to check, to sniff and to send")
}

func TestDraftKeyIsMarkedUnlessSwitchedOff(t *testing.T) {
	t.Parallel()
	s := site.New(t, site.Options{})
	post(t, open(t, s, "editor"), publish.Draft{Text: "a", Key: "the key"})
	content := sent(t, s, postsPath)["content"].(string)
	assert.Regexp(t, `^<p>a<!-- ~[bhjkqvxz]{20} --></p>$`, content)
	assert.NotContains(t, content, "the key")
	post(t, open(t, s, "editor", func(cfg *wordpress.Config) { cfg.NoMark = true }), publish.Draft{Text: "b", Key: "the key"})
	assert.Equal(t, "<p>b</p>", sent(t, s, postsPath)["content"])
}

// zeros never ends.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
