package text

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
)

// TestCutEverywhere cuts every text at every length in every unit.
func TestCutEverywhere(t *testing.T) {
	t.Parallel()
	for _, s := range append(texts, family+flag+wales+thumb+heart+cap1+eAccent) {
		for _, u := range units {
			longest := ""
			for n := 1; n <= CountUnit(s, u); n++ {
				got := Cut(s, limit(n, u), "…")
				require.True(t, Fits(got, limit(n, u)), "%q has room for %d %s", got, n, u)
				require.True(t, utf8.ValidString(got))
				if kept, ok := strings.CutSuffix(got, "…"); ok && got != s {
					require.True(t, strings.HasPrefix(s, kept))
					longest = kept
				}
			}
			require.Equal(t, s, Cut(s, limit(max(1, CountUnit(s, u)), u), "…"), "a text that just fits")
			require.True(t, strings.HasPrefix(s, longest))
		}
	}
}

// TestSplitEverywhere splits every text at every length in every unit.
func TestSplitEverywhere(t *testing.T) {
	t.Parallel()
	for _, s := range append(texts, family+flag+wales+thumb+heart+cap1+eAccent, mixed) {
		for _, u := range units {
			for n := 4; n <= CountUnit(s, u); n += 1 + n/8 {
				pieces := Split(s, limit(n, u), nil)
				for _, p := range pieces {
					require.True(t, Fits(p, limit(n, u)), "%q has room for %d %s", p, n, u)
					require.Equal(t, strings.TrimSpace(p), p, "no space at the ends")
					require.NotEmpty(t, p)
				}
				require.Equal(t, noSpace(s), noSpace(strings.Join(pieces, "")))
			}
		}
	}
}

// TestSplitWholeEntities splits a text whose entities all have room.
func TestSplitWholeEntities(t *testing.T) {
	t.Parallel()
	var want []string
	for _, e := range Entities(mixed) {
		want = append(want, e.Value)
	}
	for n := 40; n < 400; n += 13 {
		var got []string
		for _, p := range Split(mixed, limit(n, parvis.Graphemes), number) {
			for _, e := range Entities(p) {
				got = append(got, e.Value)
			}
		}
		require.Equal(t, want, got, "in pieces of %d", n)
	}
}

// TestOffsetsByCounting compares with counting from the start for each offset.
func TestOffsetsByCounting(t *testing.T) {
	t.Parallel()
	for _, s := range append(texts, mixed, ascii, family+"#a "+flag+" @ana "+cap1+"http://a.b") {
		es := Entities(s, BareDomains())
		for _, u := range units[:4] {
			for i, e := range Offsets(s, es, u) {
				assert.Equal(t, CountUnit(s[:es[i].Start], u), e.Start, "%q in %s", s, u)
				assert.Equal(t, CountUnit(s[:es[i].End], u), e.End, "%q in %s", s, u)
			}
		}
	}
}

// TestScannerAgrees reads each markup with the scanner and with the tokenizer alone.
func TestScannerAgrees(t *testing.T) {
	t.Parallel()
	for _, markup := range []string{
		status, "", "<", "<a", "<a>", "</a>", "</a >", "<a/>", "<a />", "<br/>", "<p >x</p>", `<p class="a"id="b">x`, `<p class="a">x`, `<p class="a>x`,
		`<a href="&#x68;ttps://a.b">x</a>`, `<a href="https://a.b?x&amp;y">x</a>`, `<a href="https://a.b?x&y">x</a>`, `<a href="" href="https://a.b">x</a>`,
		"a&amp;b&copy;c&d", "a&lt;b&gt;", "&#39;&#34;&quot;", "&amp", "<3 &", "<!doctype html><p>x", "<p><!-- y -->x", "<script>x</script>y",
		"<title>x</title>y", "<svg><p>x</svg>y", "<P>x</P>", "<my-x>a</my-x>", "<h1>a</h1><h2>b</h2>", "<p>a\r\nb</p>", "<pre>a\rb</pre>", "<a\nhref=\"https://a.b\">x</a>",
		"x</script>y", "<plaintext>a<b>c", "<noscript><p>a</p></noscript>b", "<textarea><p></textarea>b", "<a  href=\"https://a.b\"  >x</a>", "<img alt=\"&amp;\">",
	} {
		var p plain
		tokenize(markup, &p)
		p.endAnchor()
		got, es := plainHTML(markup)
		assert.Equal(t, string(p.b), got, markup)
		if assert.Len(t, es, len(p.es), markup) {
			for i := range es {
				assert.Equal(t, p.es[i].URL, es[i].URL, markup)
				assert.Equal(t, p.es[i].Start, es[i].Start, markup)
				assert.Equal(t, p.es[i].End, es[i].End, markup)
			}
		}
	}
}

func TestSafeURL(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"https://a.b": "https://a.b", "HTTP://a.b": "HTTP://a.b", " https://a.b\n": "https://a.b", "ht\ttps://a.b": "https://a.b",
		"mailto:a@b.c": "mailto:a@b.c", "https://a.b/x y": "https://a.b/x y",
	} {
		got, ok := safeURL(in, false)
		assert.True(t, ok, in)
		assert.Equal(t, want, got)
	}
	for _, in := range []string{
		"", " ", "x", "/x", "//a.b", "#x", "?x:y", "https:", "https:/", "https://", "http:a", "mailto:", "javascript:x", "JAVASCRIPT:x", "java\x00script:x",
		"\x01javascript:x", "data:x", "vbscript:x", "file:///x", "blob:https://a.b", "ftp://a.b", ":x", "https&colon;//a.b", "x:https://a.b",
	} {
		_, ok := safeURL(in, false)
		assert.False(t, ok, "%q", in)
	}
	for in, want := range map[string]bool{"/x": true, "x": true, "//a.b": true, "#x": true, "": false, "javascript:x": false, "x:y": false} {
		_, ok := safeURL(in, true)
		assert.Equal(t, want, ok, "%q", in)
	}
}

func TestHasWord(t *testing.T) {
	t.Parallel()
	for list, want := range map[string]bool{
		"": false, "tag": true, "nofollow tag": true, "tag nofollow": true, "a\ttag\nb": true, "tags": false, "xtag": false, "tagtag tag": true, "tag-x": false,
	} {
		assert.Equal(t, want, hasWord(list, "tag"), "%q", list)
	}
}

func TestClusters(t *testing.T) {
	t.Parallel()
	for s, want := range map[string][]string{
		"":                      nil,
		"ab":                    {"a", "b"},
		"a\r\nb":                {"a", "\r\n", "b"},
		family + flag:           {family, flag},
		"\xff" + eAccent:        {"\xff", eAccent},
		"0\xd200":               {"0", "\xd2", "0", "0"},
		"é\xff\xfeé\xff":        {"é", "\xff", "\xfe", "é", "\xff"},
		"\uFFFDa":               {"\uFFFD", "a"},
		"नि" + "ड\u0903\u200Dà": {"नि", "ड\u0903\u200D", "à"},
	} {
		var got []string
		start := 0
		for c := clustersOf(s); c.next(); start = c.end {
			got = append(got, s[start:c.end])
		}
		assert.Equal(t, want, got, "%+q", s)
	}
}
