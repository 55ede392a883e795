package wordpress

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers/wordpress/internal/api"
)

// bench is a client that calls nobody.
func bench(t testing.TB) *Client {
	t.Helper()
	c, err := New(Config{Site: "https://blog.example", User: "acme", Password: "abcd efgh"}, nil)
	require.NoError(t, err)
	c.last.Set(api.User{ID: 2, Username: "acme", Name: "Acme", Slug: "acme"})
	return c
}

func TestFiguresAreTakenOut(t *testing.T) {
	t.Parallel()
	image := upload{Media: api.Media{ID: 7, MIME: "image/png", SourceURL: "https://blog.example/a.png"}, alt: `a "b"`}
	video := upload{Media: api.Media{ID: 8, MIME: "video/mp4", SourceURL: "https://blog.example/v.mp4"}, alt: "Un four"}
	sound := upload{Media: api.Media{ID: 9, MIME: "audio/mpeg", SourceURL: "https://blog.example/s.mp3"}}
	paper := upload{Media: api.Media{ID: 10, MIME: "application/pdf", SourceURL: "https://blog.example/p.pdf"}, name: "p.pdf"}
	c := bench(t)
	for name, tc := range map[string]struct {
		in, rest string
		urls     []string
	}{
		"none":     {"<p>a</p>", "<p>a</p>", nil},
		"picture":  {"<p>a</p>\n" + image.markup(), "<p>a</p>", []string{"https://blog.example/a.png"}},
		"all":      {"<p>a</p>" + image.markup() + video.markup() + sound.markup() + paper.markup() + "<p>b</p>", "<p>a</p><p>b</p>", []string{"https://blog.example/a.png", "https://blog.example/v.mp4", "https://blog.example/s.mp3"}},
		"in text":  {`<p>a <img src="x.png" alt="x"> b</p>`, `<p>a <img src="x.png" alt="x"> b</p>`, []string{"x.png"}},
		"nested":   {`<figure class="wp-block-image"><figure>x</figure><img src="y"></figure>z`, "z", []string{"y"}},
		"not ours": {`<figure class="quote">a</figure><img>`, `<figure class="quote">a</figure><img>`, nil},
		"unclosed": {`<figure class="wp-block-image"><p>all the text`, `<figure class="wp-block-image"><p>all the text`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rest, files := c.takeFigures(tc.in)
			assert.Equal(t, tc.rest, rest)
			var urls []string
			for _, f := range files {
				urls = append(urls, f.URL)
			}
			assert.Equal(t, tc.urls, urls)
		})
	}
	_, files := c.takeFigures(image.markup())
	require.Len(t, files, 1)
	assert.Equal(t, c.ref(parvis.KindMedia, "7"), files[0].Ref)
	assert.Equal(t, `a "b"`, files[0].Alt)
	assert.Equal(t, "a.png", files[0].Name)
}

func FuzzTakeFigures(f *testing.F) {
	f.Add(`<figure class="wp-block-image"><img src="a" class="wp-image-3"/></figure><p>x`)
	f.Add(`<div class="wp-block-file"><a href="x"></div></div>`)
	c := bench(f)
	f.Fuzz(func(t *testing.T, s string) {
		rest, files := c.takeFigures(s)
		require.LessOrEqual(t, len(rest), len(s), "it only takes away")
		for _, m := range files {
			require.NotEmpty(t, m.URL)
		}
	})
}

func TestFileNames(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, kind, want string }{
		{"four.jpg", "image/jpeg", "four.jpg"},
		{"four é.png", "image/png", "four é.png"},
		{"four", "image/png", "four.png"},
		{"", "video/mp4", "file.mp4"},
		{`a"b` + "\r\n" + `c;d%e/f\g.png`, "image/png", "a-b--c-d-e-f-g.png"},
		{"..", "image/gif", "file.gif"},
	} {
		assert.Equal(t, tc.want, fileName(tc.name, tc.kind))
	}
}

func TestReferences(t *testing.T) {
	t.Parallel()
	c := bench(t)
	for _, tc := range []struct {
		ref  parvis.Ref
		want string
	}{
		{c.postRef(12, "post"), "/wp/v2/posts/12"},
		{c.postRef(12, "page"), "/wp/v2/pages/12"},
		{c.commentRef(3), "/wp/v2/comments/3"},
	} {
		got, err := c.find("x", tc.ref)
		require.NoError(t, err)
		assert.Equal(t, tc.want, got.path())
	}
	for _, id := range []string{"", "0", "-1", "01", "1x", "page:", "page:x", "../1", "1/2", "99999999999999999999"} {
		_, err := c.find("x", c.ref(parvis.KindPost, id))
		assert.ErrorIs(t, err, parvis.ErrInvalid, id)
	}
	_, err := c.find("x", c.ref(parvis.KindPerson, "1"))
	require.ErrorIs(t, err, parvis.ErrInvalid)
	for _, id := range []string{"category:0", "category:x", "3", "media", "category:3/4"} {
		_, err := c.locate("x", c.ref(parvis.KindPlace, id))
		assert.ErrorIs(t, err, parvis.ErrInvalid, id)
	}
	got, err := c.locate("x", c.ref(parvis.KindPlace, "category:3"))
	require.NoError(t, err)
	assert.Equal(t, spot{route: posts, category: 3}, got)
	u, err := url.Parse("https://h" + target{route: posts, id: 1}.path())
	require.NoError(t, err)
	assert.Equal(t, "/wp/v2/posts/1", u.Path)
}
