package text

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
)

type conversion struct{ name, in, want string }

func checkConversions(t *testing.T, from, to parvis.Format, cases []conversion) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := Convert(c.in, from, to)
			require.NoError(t, err)
			assert.Equal(t, c.want, got)
		})
	}
}

func TestPlainToHTML(t *testing.T) {
	t.Parallel()
	checkConversions(t, parvis.Plain, parvis.HTML, []conversion{
		{"nothing", "", ""},
		{"only space", " \n\n ", ""},
		{"one line", "Hello", "<p>Hello</p>"},
		{"lines and paragraphs", "a\nb\r\n\r\n\n c ", "<p>a<br>\nb</p>\n<p>c</p>"},
		{"escapes", `<b>&"x"</b>`, "<p>&lt;b&gt;&amp;&#34;x&#34;&lt;/b&gt;</p>"},
	})
}

func TestPlainToMarkdown(t *testing.T) {
	t.Parallel()
	checkConversions(t, parvis.Plain, parvis.Markdown, []conversion{
		{"words", "Hello, world!", "Hello, world!"},
		{"emphasis", "*a* _b_ snake_case ~c~ `d`", "\\*a\\* \\_b\\_ snake_case \\~c\\~ \\`d\\`"},
		{"lists and headings", "# a\n- b\n+ c\n1. d\n2) e\n2026 f", "\\# a  \n\\- b  \n\\+ c  \n1\\. d  \n2\\) e  \n2026 f"},
		{"paragraphs", "a\n\nb", "a\n\nb"},
		{"links", "see https://a.b/c_d_e and https://a.b/c.", "see <https://a.b/c_d_e> and https://a.b/c."},
		{"brackets", "[a](b) ![c] <d> &amp;", "\\[a\\](b) \\!\\[c\\] \\<d\\> \\&amp;"},
		{"indented", "    a", "a"},
		{"hashtag in a line", "a #b", "a #b"},
	})
}

func TestMarkdownToHTML(t *testing.T) {
	t.Parallel()
	checkConversions(t, parvis.Markdown, parvis.HTML, []conversion{
		{"emphasis", "**a** *b* ~~c~~ `d`", "<p><strong>a</strong> <em>b</em> <del>c</del> <code>d</code></p>"},
		{"link", "[a](https://b.c)", `<p><a href="https://b.c">a</a></p>`},
		{"bare link", "https://b.c/d", `<p><a href="https://b.c/d">https://b.c/d</a></p>`},
		{"bad link", "[a](javascript:x)", "<p>a</p>"},
		{"HTML inside", "a<br>b <script>x</script><b onclick=x>c</b>", "<p>a<br>b <b>c</b></p>"},
		{"list", "3. a\n4. b", "<ol start=\"3\">\n<li>a</li>\n<li>b</li>\n</ol>"},
		{"table", "|a|b|\n|-|-|\n|1|2|", "<table>\n<thead>\n<tr>\n<th>a</th>\n<th>b</th>\n</tr>\n</thead>\n<tbody>\n<tr>\n<td>1</td>\n<td>2</td>\n</tr>\n</tbody>\n</table>"},
		{"rule", "a\n\n---\n\nb", "<p>a</p>\n<hr>\n<p>b</p>"},
	})
}

func TestMarkdownToPlain(t *testing.T) {
	t.Parallel()
	checkConversions(t, parvis.Markdown, parvis.Plain, []conversion{
		{"emphasis", "**a** *b* ~~c~~ `d`", "a b c d"},
		{"link", "see [the site](https://b.c/d).", "see the site (https://b.c/d)."},
		{"link to itself", "see <https://b.c/d>, [b.c/d](https://b.c/d) and https://b.c.", "see https://b.c/d, b.c/d and https://b.c."},
		{"mail", "<a@b.c>", "a@b.c"},
		{"headings and paragraphs", "# a\n\nb\nc\n\nd", "a\n\nb c\n\nd"},
		{"hard break", "a  \nb\\\nc", "a\nb\nc"},
		{"lists", "- a\n- b\n  1. c\n  2. d", "- a\n- b\n  1. c\n  2. d"},
		{"quote", "> a\n>\n> b", "> a\n>\n> b"},
		{"code", "```go\na\n  b\n```", "a\n  b"},
		{"table", "|a|b|\n|-|-|\n|1|2|", "a | b\n1 | 2"},
		{"picture", "![a cat](https://b.c/d.png)", "a cat"},
	})
}

func TestHTMLToPlain(t *testing.T) {
	t.Parallel()
	checkConversions(t, parvis.HTML, parvis.Plain, []conversion{
		{"labels", `<p><a href="https://b.c/d">x</a>, <a href="https://b.c/">b.c</a></p>`, "x (https://b.c/d), b.c"},
		{"mentions and hashtags", `<a class="mention" href="https://b.c/@d">@d</a> <a rel="tag" href="https://b.c/t">#t</a>`, "@d #t"},
		{"relative links", `<a href="/d">x</a>`, "x"},
		{"structure", "<h2>a</h2><ul><li>b</li></ul>", "a\n\n- b"},
	})
}

func TestHTMLToMarkdown(t *testing.T) {
	t.Parallel()
	checkConversions(t, parvis.HTML, parvis.Markdown, []conversion{
		{"emphasis", "<b>a</b> <strong>b</strong> <em>c</em> <i>d</i> <del>e</del>", "**a** **b** *c* *d* ~~e~~"},
		{"space around emphasis", "a<b> b </b>c", "a **b** c"},
		{"empty emphasis", "a<b></b><i> </i>c", "a c"},
		{"emphasis in emphasis", "<b><strong>a</strong></b>", "**a**"},
		{"emphasis over paragraphs", "<b><p>a</p><p>b</p></b>", "a\n\nb"},
		{"link", `<a href="https://b.c/d">x</a>`, "[x](https://b.c/d)"},
		{"link to itself", `<a href="https://b.c/d_e">https://b.c/d_e</a>`, "<https://b.c/d_e>"},
		{"emphasised link", `<b><a href="https://b.c">x</a></b>`, "**[x](https://b.c)**"},
		{"odd address", `<a href="https://b.c/(d) e">x</a>`, "[x](https://b.c/%28d%29%20e)"},
		{"headings", "<h1>a</h1><h3>b</h3>", "# a\n\n### b"},
		{"lists", "<ul><li>a<ol><li>b</li></ol></li><li>c</li></ul>", "- a\n  1. b\n- c"},
		{"quote", "<blockquote><p>a</p><p>b</p></blockquote>", "> a\n>\n> b"},
		{"break", "a<br>b<br>", "a  \nb"},
		{"code", "<code>a*b`c</code> <code>`</code>", "``a*b`c`` `` ` ``"},
		{"code block", "<pre><code>a\n  *b*\n\nc</code></pre>d", "```\na\n  *b*\n\nc\n```\n\nd"},
		{"code block with fences", "<pre>```</pre>", "````\n```\n````"},
		{"picture", `<img src="https://b.c/d.png" alt="a [cat]"><img src="x" alt="y">`, "![a \\[cat\\]](https://b.c/d.png)y"},
		{"rule", "a<hr>b", "a\n\n---\n\nb"},
		{"table", "<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td><p>2</p><p>|</p></td></tr></table>x", "| a | b |\n| --- | --- |\n| 1 | 2 \\| |\n\nx"},
		{"escapes", "<p># a *b*</p>", "\\# a \\*b\\*"},
		{"script", "a<script>x</script>", "a"},
	})
}

func TestConvertSame(t *testing.T) {
	t.Parallel()
	for _, f := range []parvis.Format{parvis.Plain, parvis.Markdown, parvis.HTML} {
		got, err := Convert("<b>*a*", f, f)
		require.NoError(t, err)
		assert.Equal(t, "<b>*a*", got)
	}
	for _, pair := range [][2]parvis.Format{{"bbcode", parvis.Plain}, {parvis.HTML, "rtf"}, {"x", "x"}} {
		_, err := Convert("a", pair[0], pair[1])
		assert.ErrorIs(t, err, parvis.ErrInvalid, "%v", pair)
	}
}

// texts are plain texts that every round trip must bring back.
var texts = []string{
	"Hello, world!",
	"One\nTwo\n\nThree & four < five > six \"seven\" 'eight'",
	"*stars* _lines_ `ticks` ~~tildes~~ [brackets](round) ![x] \\ | # not a heading",
	"# no heading\n- no list\n+ nor here\n1. nor numbers\n2) nor these\n> no quote\n--- no rule\n=== no title\n``` no code",
	"See https://example.com/a_b_c(d)?x=1&y=*2* and (https://example.com/path).",
	"Ask @ana@social.example or ana_b@mail.example about #artisanat_2026",
	"日本語 مرحبا " + family + flag + thumb + heart,
	"été\u00A0! «\u00A0oui\u00A0»",
	"a <script>alert(1)</script> &amp; &lt;b&gt; &eacute;",
	"5 * 3 * 2 = 30; a_b_c; C:\\dir\\file; 100 %; 50 $",
	"| a | b |\n| --- | --- |\n| 1 | 2 |",
	"[1]: https://example.com/x \"title\"\n: x",
}

func TestRoundTrips(t *testing.T) {
	t.Parallel()
	for _, s := range texts {
		for _, f := range []parvis.Format{parvis.HTML, parvis.Markdown} {
			there, err := Convert(s, parvis.Plain, f)
			require.NoError(t, err)
			back, err := Convert(there, f, parvis.Plain)
			require.NoError(t, err)
			assert.Equal(t, s, back, "by %s: %q", f, there)
		}
	}
}

func TestMarkdownRoundTrips(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"# a\n\nb **c** *d* ~~e~~ `f`", "- a\n- b\n  - c", "1. a\n2. b", "> a\n>\n> b", "[a](https://b.c)", "<https://b.c/d>",
		"```\na\n  b\n```", "| a | b |\n| --- | --- |\n| 1 | 2 |", "a  \nb", "![a](https://b.c/d.png)", "a\n\n---\n\nb",
	} {
		markup, err := Convert(s, parvis.Markdown, parvis.HTML)
		require.NoError(t, err)
		back, err := Convert(markup, parvis.HTML, parvis.Markdown)
		require.NoError(t, err)
		assert.Equal(t, s, back, markup)
	}
}

func TestMarkdownBombs(t *testing.T) {
	t.Parallel()
	for _, piece := range []string{"*", "_", "[", "![", "(", "<", "`", "> ", "- ", "#", "a*", "**a ", "[a](", "|", "\\", "&", "~"} {
		s := strings.Repeat(piece, 20000/len(piece))
		_, err := Convert(s, parvis.Markdown, parvis.Plain)
		require.NoError(t, err)
	}
}
