package text

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
)

func TestFromHTMLPlain(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, markup, want string }{
		{"nothing", "", ""},
		{"only markup", "<p></p><br><div> </div>", ""},
		{"paragraphs", "<p>One</p><p>Two</p>", "One\n\nTwo"},
		{"breaks", "<p>One<br>Two<br/>Three<br />Four</p>", "One\nTwo\nThree\nFour"},
		{"two breaks", "One<br><br>Two", "One\n\nTwo"},
		{"references", "<p>a &amp; b &lt;c&gt; &quot;d&quot; &#39;e&#39; &eacute;&#233;&#xe9;&nbsp;!</p>", "a & b <c> \"d\" 'e' ééé\u00A0!"},
		{"escaped only once", "&amp;lt;b&amp;gt;", "&lt;b&gt;"},
		{"white space collapses", "<p>  a \n\t b  </p>\n\n  <p> c </p>", "a b\n\nc"},
		{"space between elements", "<b>a</b> <i>b</i>c", "a bc"},
		{"blocks", "<h1>T</h1><div>a</div><div>b</div><section>c</section>", "T\n\na\nb\nc"},
		{"list", "<p>x</p><ul><li>a</li><li>b</li></ul><p>y</p>", "x\n\n- a\n- b\n\ny"},
		{"open items", "<ul><li>a<li>b</ul>", "- a\n- b"},
		{"numbers", "<ol><li>a</li><li>b</li></ol>", "1. a\n2. b"},
		{"numbers from", `<ol start="7"><li>a</li><li>b</li></ol>`, "7. a\n8. b"},
		{"nested lists", "<ul><li>a<ol><li>b<br>c</li></ol></li><li>d</li></ul>", "- a\n  1. b\n     c\n- d"},
		{"paragraphs in items", "<ul><li><p>a</p><p>b</p></li></ul>", "- a\n\n  b"},
		{"quote", "<blockquote><p>a</p><p>b</p></blockquote>c", "> a\n>\n> b\n\nc"},
		{"quote in quote", "<blockquote>a<blockquote>b</blockquote></blockquote>", "> a\n>\n> > b"},
		{"pre", "<pre>a\n  b\n\nc</pre>d  e", "a\n  b\n\nc\n\nd e"},
		{"line ends in pre", "<pre>a\r\nb\rc\n</pre>", "a\nb\nc"},
		{"rule", "a<hr>b", "a\n\n---\n\nb"},
		{"picture", `a <img src="x.png" alt="a cat"> b`, "a a cat b"},
		{"table", "<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr></table>", "a | b\n1 | 2"},
		{"scripts", "a<script>alert('<b>')</script><style>p{}</style>b", "ab"},
		{"other hidden things", "a<svg><text>x</text></svg><template><p>y</p></template><textarea>z</textarea><noscript><i>n</i></noscript>b", "ab"},
		{"nested hidden things", "a<svg><svg></svg>x</svg>b", "ab"},
		{"comments", "a<!-- <b>x</b> --><!doctype html><?php x ?>b", "ab"},
		{"upper case", "<P>a<BR>b</P>", "a\nb"},
		{"odd attributes", `<p class=x data-y='z' hidden>a</p><p title="a>b">c</p>`, "a\n\nc"},
		{"not tags", "1 < 2 > 1 <3 <", "1 < 2 > 1 <3 <"},
		{"broken off tag", `a <a href="x`, "a"},
		{"unknown elements", "<foo><bar>a</bar></foo>", "a"},
		{"stray ends", "</p></ul></li></blockquote>a</pre></b>", "a"},
		{"control characters", "a\x00b\x01c\x1b[0m", "abc[0m"},
		{"not UTF-8", "a\xffb", "a\uFFFDb"},
		{"scripts of the world", "<p>日本語 مرحبا " + family + "</p>", "日本語 مرحبا " + family},
		{"description list", "<dl><dt>a</dt><dd>b</dd></dl>", "a\nb"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := FromHTML(c.markup)
			assert.Equal(t, c.want, got.Plain)
			assert.Equal(t, c.markup, got.Markup)
			assert.Equal(t, parvis.HTML, got.Format)
		})
	}
}

func TestFromHTMLEntities(t *testing.T) {
	t.Parallel()
	got := FromHTML(status)
	assert.Equal(t, "Samedi, l’atelier ouvre ses portes à 10 h & ferme à 18 h. Venez avec @ana et découvrez les coulisses de la fabrication, "+
		"du premier croquis à la dernière couche de vernis.\n\nProgramme complet : https://atelier.example/2026/portes-ouvertes/programme\n"+
		"Entrée libre #Artisanat", got.Plain)
	require.Len(t, got.Entities, 3)
	want := []struct{ kind, shown, value, url string }{
		{"mention", "@ana", "ana", "https://social.example/@ana"},
		{"link", "https://atelier.example/2026/portes-ouvertes/programme", "https://atelier.example/2026/portes-ouvertes/programme", "https://atelier.example/2026/portes-ouvertes/programme"},
		{"hashtag", "#Artisanat", "Artisanat", "https://social.example/tags/Artisanat"},
	}
	for i, e := range got.Entities {
		assert.Equal(t, want[i].kind, string(e.Kind))
		assert.Equal(t, want[i].shown, got.Plain[e.Start:e.End])
		assert.Equal(t, want[i].value, e.Value)
		assert.Equal(t, want[i].url, e.URL)
	}
}

func TestFromHTMLAnchors(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, markup, plain, kind, shown, url string }{
		{"label", `see <a href="https://a.b/c">the site</a>.`, "see the site.", "link", "the site", "https://a.b/c"},
		{"space inside", `see <a href="https://a.b"> the site </a>now`, "see the site now", "link", "the site", "https://a.b"},
		{"references in the address", `<a href="https://a.b/?x=1&amp;y=&quot;2&quot;">l</a>`, "l", "link", "l", `https://a.b/?x=1&y="2"`},
		{"odd references in the address", `<a href="https://a.b/?x=1&copy=2&eacute;">l</a>`, "l", "link", "l", "https://a.b/?x=1&copy=2é"},
		{"address in capitals", `<A HREF='HTTPS://A.B'>l</A>`, "l", "link", "l", "HTTPS://A.B"},
		{"control characters in the address", "<a href=\" ht\ntps://a.b \">l</a>", "l", "link", "l", "https://a.b"},
		{"NUL in the address", "<a href=\"https://a.b/\x00\">l</a>", "l", "link", "l", "https://a.b/\uFFFD"},
		{"no label", `<a href="https://a.b/c"></a>`, "https://a.b/c", "link", "https://a.b/c", "https://a.b/c"},
		{"picture as label", `<a href="https://a.b"><img alt="cat"></a>`, "cat", "link", "cat", "https://a.b"},
		{"rel tag", `<a href="https://a.b/t/go" rel="nofollow tag">#go</a>`, "#go", "hashtag", "#go", "https://a.b/t/go"},
		{"mention by class", `<a class="u-url mention" href="/u/ana">@ana</a>`, "@ana", "mention", "@ana", "/u/ana"},
		{"words that hold the classes", `<a class="mentions xmention" rel="tags" href="https://a.b">x</a>`, "x", "link", "x", "https://a.b"},
		{"mail", `<a href="mailto:a@b.c">write</a>`, "write", "link", "write", "mailto:a@b.c"},
		{"not closed", `<a href="https://a.b">l`, "l", "link", "l", "https://a.b"},
		{"over paragraphs", `<a href="https://a.b"><p>x</p><p>y</p></a>`, "x\n\ny", "link", "x\n\ny", "https://a.b"},
		{"in a list", `<ul><li><a href="https://a.b">x</a></li></ul>`, "- x", "link", "x", "https://a.b"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := FromHTML(c.markup)
			assert.Equal(t, c.plain, got.Plain)
			require.Len(t, got.Entities, 1)
			e := got.Entities[0]
			assert.Equal(t, c.kind, string(e.Kind))
			assert.Equal(t, c.shown, got.Plain[e.Start:e.End])
			assert.Equal(t, c.url, e.URL)
		})
	}
	for _, markup := range []string{
		`<a>x</a>`, `<a name="x">x</a>`, `<a href="">x</a>`, `<a href="javascript:alert(1)">x</a>`, `<a href=" JaVa` + "\n" + `Script:x">x</a>`,
		`<a href="data:text/html,x">x</a>`, `<a href="vbscript:x">x</a>`, `<a href="https:x">x</a>`,
	} {
		got := FromHTML(markup)
		assert.Equal(t, "x", got.Plain, markup)
		assert.Nil(t, got.Entities, markup)
	}
	nested := FromHTML(`<a href="https://a.b">x<a href="https://c.d">y</a>z</a>`)
	require.Len(t, nested.Entities, 2)
	assert.Equal(t, "xyz", nested.Plain)
	assert.Equal(t, [2]int{1, 2}, [2]int{nested.Entities[1].Start, nested.Entities[1].End})
}

// bombs are inputs that make careless readers slow, deep or big.
func bombs() map[string]string {
	const n = 1 << 20
	out := map[string]string{}
	for _, piece := range []string{
		"<", "<<p>", "<b>", "<a>", `<a href="https://a.b">`, "<blockquote>", "<ul><li>", "<ol><li>", "<pre>", "<table><tr><td>", "</b>", "<br>", "&", "&amp", "&#",
		"<!--", "<!", "</", "<a ", `<a x="`, "<svg>", "<script>", "<p>x", "<h1><b>", "<b><p>", "<code>`", "\x00", "\xff", "<strong><em><del>x",
	} {
		out[piece] = strings.Repeat(piece, n/len(piece))
	}
	return out
}

func TestHTMLBombs(t *testing.T) {
	t.Parallel()
	for piece, s := range bombs() {
		got := FromHTML(s)
		assert.True(t, utf8.ValidString(got.Plain), "%q", piece)
		assert.Less(t, len(got.Plain), 20*len(s)+1, "%q", piece)
		assert.Less(t, len(Sanitize(s)), 20*len(s)+1, "%q", piece)
		_, err := Convert(s, parvis.HTML, parvis.Markdown)
		require.NoError(t, err)
	}
}
