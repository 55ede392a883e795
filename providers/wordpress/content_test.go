package wordpress

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/publish"
)

func TestMarksGoWhereWordPressMakesNoParagraphOfThem(t *testing.T) {
	t.Parallel()
	m := mark{hash: hashOf("k")}
	for name, tc := range map[string]struct{ in, want string }{
		"paragraphs": {"<p>a</p>\n<p>b</p>", "<p>a</p>\n<p>b" + m.String() + "</p>"},
		"list":       {"<ul><li>a</li></ul>", "<ul><li>a" + m.String() + "</li></ul>"},
		"figure":     {`<figure><img src="x"/></figure>`, `<figure><img src="x"/>` + m.String() + `</figure>`},
		"text":       {"plain", "plain" + m.String()},
		"nothing":    {"", m.String()},
		"blocks":     {"<!-- wp:paragraph --><p>a</p><!-- /wp:paragraph -->", "<!-- wp:paragraph --><p>a</p><!-- /wp:paragraph -->" + m.String()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := m.with(tc.in)
			assert.Equal(t, tc.want, got)
			back, cut := cutMark(got)
			assert.Equal(t, tc.in, back)
			assert.Equal(t, m, cut)
		})
	}
}

func TestMarksAreReadBack(t *testing.T) {
	t.Parallel()
	for _, m := range []mark{{}, {hash: hashOf("a")}, {status: "private"}, {hash: hashOf("b"), status: "publish"}} {
		rest, got := cutMark("<p>x</p>" + m.String())
		assert.Equal(t, m, got)
		assert.Equal(t, "<p>x</p>", rest)
	}
	for _, s := range []string{"", "<!-- ~ -->", "<!-- ~XYZ -->", "<!-- ~bhjk publish -->", "<!--~" + hashOf("a") + "-->", "<!-- more -->"} {
		rest, got := cutMark(s)
		assert.Zero(t, got, s)
		assert.Equal(t, s, rest)
	}
}

func TestHashesTellKeysApart(t *testing.T) {
	t.Parallel()
	assert.Len(t, hashOf("a"), hashLen)
	assert.NotRegexp(t, `[aeiouy0-9]`, hashOf("a"), "a search must not find it")
	assert.NotEqual(t, hashOf("a"), hashOf("b"))
	assert.NotContains(t, hashOf("secret"), "secret")
}

func FuzzCutMark(f *testing.F) {
	f.Add("<p>a<!-- ~bhjkqvxzbhjkqvxzbhjk publish --></p>")
	f.Add("<!-- ~- trash --><!-- ~- draft -->")
	f.Fuzz(func(t *testing.T, s string) {
		rest, _ := cutMark(s)
		m := mark{hash: hashOf("k"), status: "draft"}
		back, got := cutMark(m.with(rest))
		if strings.Contains(rest, "<!-- ~") {
			return // a mark that another mark was cut out of
		}
		require.Equal(t, m, got)
		require.Equal(t, rest, back)
	})
}

func TestBodies(t *testing.T) {
	t.Parallel()
	body, err := bodyOf(publish.Draft{Text: "a & b\n\nc", Link: "https://acme.example/?a=1&b=2"}, nil)
	require.NoError(t, err)
	assert.Equal(t, "<p>a &amp; b</p>\n<p>c</p>\n"+`<p><a href="https://acme.example/?a=1&amp;b=2">https://acme.example/?a=1&amp;b=2</a></p>`, body)
	body, err = bodyOf(publish.Draft{Text: "**a**", Format: parvis.Markdown}, nil)
	require.NoError(t, err)
	assert.Equal(t, "<p><strong>a</strong></p>", body)
	body, err = bodyOf(publish.Draft{Text: "<h2>a</h2>", Format: parvis.HTML}, nil)
	require.NoError(t, err)
	assert.Equal(t, "<h2>a</h2>", body)
}

func TestCommentBodies(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		d    publish.Draft
		want string
	}{
		"plain":      {publish.Draft{Text: " a < b & \"c\"\n\nd "}, "a &lt; b &amp; &#34;c&#34;\n\nd"},
		"markdown":   {publish.Draft{Text: "**a**\n\nb", Format: parvis.Markdown}, "<strong>a</strong>\n\nb"},
		"html":       {publish.Draft{Text: "<p>a<br>b</p><p>c</p>", Format: parvis.HTML}, "a\nb\n\nc"},
		"line ends":  {publish.Draft{Text: "<p>a<br />b</p>", Format: parvis.HTML}, "a\nb"},
		"just words": {publish.Draft{Text: "Merci !"}, "Merci !"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := commentBody(tc.d)
			require.NoError(t, err)
			assert.Equal(t, tc.want, got)
		})
	}
}

func TestShapesIgnoreWhatWordPressPolishes(t *testing.T) {
	t.Parallel()
	assert.Equal(t, shape(`<p>"It's" 3 x 4 -- done...</p>`), shape("<p>&#8220;It&#8217;s&#8221; 3 × 4 – done…</p>\n"))
	assert.NotEqual(t, shape("<p>Saturday</p>"), shape("<p>Sunday</p>"))
}
