package text

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"
)

func TestSanitize(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, markup, want string }{
		{"text", `a < b & "c"`, "a &lt; b &amp; &#34;c&#34;"},
		{
			"what is allowed", "<p>a<br><em>b</em><strong>c</strong><b>d</b><i>e</i><u>f</u><del>g</del><code>h</code></p>",
			"<p>a<br><em>b</em><strong>c</strong><b>d</b><i>e</i><u>f</u><del>g</del><code>h</code></p>",
		},
		{
			"blocks", "<h1>a</h1><pre>b</pre><blockquote>c</blockquote><ul><li>d</li></ul><ol start=3><li>e</li></ol><h6>f</h6>",
			"<h1>a</h1><pre>b</pre><blockquote>c</blockquote><ul><li>d</li></ul><ol><li>e</li></ol><h6>f</h6>",
		},
		{"strike", "<s>a</s><strike>b</strike>", "<del>a</del><del>b</del>"},
		{"link", `<a href="https://a.b/?x=1&amp;y=2" target="_blank" onclick="x()">l</a>`, `<a href="https://a.b/?x=1&amp;y=2" rel="nofollow noopener">l</a>`},
		{"mail", `<a href="mailto:a@b.c">l</a>`, `<a href="mailto:a@b.c" rel="nofollow noopener">l</a>`},
		{"script link", `<a href="javascript:alert(1)">l</a>`, "l"},
		{"hidden script link", "<a href=\"\x01java\tscript:alert(1)\">l</a>", "l"},
		{"referenced script link", `<a href="&#106;avascript&colon;alert(1)">l</a>`, "l"},
		{"data link", `<a href="data:text/html;base64,x">l</a>`, "l"},
		{"relative link", `<a href="/x">l</a><a href="//a.b">m</a>`, "lm"},
		{"quotes in an address", `<a href='https://a.b/"onclick="x'>l</a>`, `<a href="https://a.b/&#34;onclick=&#34;x" rel="nofollow noopener">l</a>`},
		{"picture", `<img src="https://a.b/c.png" alt="x &lt;y&gt;" onerror="x" width=1>`, `<img src="https://a.b/c.png" alt="x &lt;y&gt;">`},
		{"bad picture", `<img src="data:image/svg+xml,x" alt="x"><img src=x onerror=alert(1)>`, "x"},
		{"script", "a<script>x</script><style>y</style><iframe src=x>z</iframe>b", "ab"},
		{"attributes", `<p style="x" class="y" id="z" onmouseover="q">a</p>`, "<p>a</p>"},
		{"unknown elements", `<form><input><marquee>a</marquee><object>b</object></form><custom-x>c</custom-x>`, "ac"},
		{"svg", `<svg onload=alert(1)><a href="x">y</a></svg>z`, "z"},
		{"math", `<math><mtext><table><mglyph><style><img src=x onerror=alert(1)></style></mglyph></table></mtext></math>z`, "z"},
		{"comments", "a<!-- x --><!-->b", "ab"},
		{"not closed", "<p><b>a", "<p><b>a</b></p>"},
		{"closed in the wrong order", "<b><i>a</b></i>c", "<b><i>a</i></b>c"},
		{"stray end", "a</b></p></br>c", "ac"},
		{
			"link in a link", `<a href="https://a.b">x<a href="https://c.d">y</a></a>`,
			`<a href="https://a.b" rel="nofollow noopener">x</a><a href="https://c.d" rel="nofollow noopener">y</a>`,
		},
		{"paragraph in a paragraph", "<p>a<p>b<ul><li>c<li>d</ul>", "<p>a</p><p>b</p><ul><li>c</li><li>d</li></ul>"},
		{"heading in a heading", "<h1>a<h2>b</h2></h1>", "<h1>a</h1><h2>b</h2>"},
		{"control characters", "a\x00\x07b\r\nc", "ab\nc"},
		{"broken off", `<p>a<img src="https://a.b`, "<p>a</p>"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := Sanitize(c.markup)
			assert.Equal(t, c.want, got)
			assert.Equal(t, got, Sanitize(got), "idempotent")
			assertClean(t, got)
		})
	}
}

var allowed = map[string][]string{
	"p": nil, "br": nil, "a": {"href", "rel"}, "em": nil, "strong": nil, "b": nil, "i": nil, "u": nil, "del": nil, "code": nil, "pre": nil,
	"blockquote": nil, "ul": nil, "ol": nil, "li": nil, "h1": nil, "h2": nil, "h3": nil, "h4": nil, "h5": nil, "h6": nil, "img": {"src", "alt"},
	"html": nil, "head": nil, "body": nil,
}

// assertClean reads s as a browser would, and fails if anything is there that is not allowed.
func assertClean(t *testing.T, s string) {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(s))
	require.NoError(t, err)
	for n := range doc.Descendants() {
		assert.NotEqual(t, html.CommentNode, n.Type, "a comment in %q", s)
		if n.Type != html.ElementNode {
			continue
		}
		attrs, ok := allowed[n.Data]
		assert.True(t, ok, "element %s in %q", n.Data, s)
		assert.Empty(t, n.Namespace)
		for _, a := range n.Attr {
			assert.True(t, slices.Contains(attrs, a.Key), "attribute %s in %q", a.Key, s)
			if a.Key == "href" || a.Key == "src" {
				assert.Regexp(t, `^(?i)(https?://|mailto:)`, a.Val, s)
			}
			if a.Key == "rel" {
				assert.Equal(t, "nofollow noopener", a.Val)
			}
		}
	}
}

func TestSanitizeDeep(t *testing.T) {
	t.Parallel()
	got := Sanitize(strings.Repeat("<blockquote>", 10000) + "x")
	assert.Equal(t, maxOpen, strings.Count(got, "<blockquote>"))
	assert.Equal(t, maxOpen, strings.Count(got, "</blockquote>"))
	assertClean(t, got)
}
