package outbox_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/text"
	"github.com/parvis-go/parvis/publish"
	"github.com/parvis-go/parvis/publish/outbox"
)

// campaign tags everything.
var campaign = outbox.Tagging{Source: "{network}", Medium: "social", Campaign: "été 2026", Content: "{account}_{lang}_"}

const tags = "utm_source=fake&utm_medium=social&utm_campaign=%C3%A9t%C3%A9+2026&utm_content=acme_fr%5F"

func tagged(g outbox.Tagging, d publish.Draft) publish.Draft {
	p := outbox.Plan{Draft: d, Tagging: g}
	return p.Items(outbox.Target{Account: parvis.Account{Network: "fake", Handle: "acme"}, Lang: "fr"})[0]
}

func TestTagsLinks(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                                   "",
		"no link":                            "no link",
		"https://acme.example":               "https://acme.example/?" + tags,
		"https://acme.example/":              "https://acme.example/?" + tags,
		"HTTPS://ACME.example/Four":          "HTTPS://ACME.example/Four?" + tags,
		"http://acme.example:8080/a":         "http://acme.example:8080/a?" + tags,
		"https://acme.example/a?":            "https://acme.example/a?" + tags,
		"https://acme.example?a=1":           "https://acme.example?a=1&" + tags,
		"https://acme.example/a?z=1&a=é&b":   "https://acme.example/a?z=1&a=é&b&" + tags,
		"https://acme.example/a?a=1&":        "https://acme.example/a?a=1&" + tags,
		"https://acme.example/a#four":        "https://acme.example/a?" + tags + "#four",
		"https://acme.example/a?b=1#/c?d=1":  "https://acme.example/a?b=1&" + tags + "#/c?d=1",
		"https://acme.example/%C3%A9t%C3%A9": "https://acme.example/%C3%A9t%C3%A9?" + tags,
		"https://acme.example/?utm_source=x&utm_medium=x&utm_campaign=x&utm_content=x": "https://acme.example/?utm_source=x&utm_medium=x&utm_campaign=x&utm_content=x",
		"https://acme.example/?UTM_Source=x":                                           "https://acme.example/?UTM_Source=x&" + strings.TrimPrefix(tags, "utm_source=fake&"),
		"https://user:pw@acme.example/":                                                "https://user:pw@acme.example/",
		"ftp://acme.example/":                                                          "ftp://acme.example/",
		"https://acme.example/%zz":                                                     "https://acme.example/%zz",
	} {
		d := tagged(campaign, publish.Draft{Link: in, Text: "Voir " + in + ".", Canonical: in})
		assert.Equal(t, want, d.Link)
		assert.Equal(t, in, d.Canonical)
		if !strings.HasSuffix(in, "?") { // at the end of a sentence that is no part of the link
			assert.Equal(t, "Voir "+want+".", d.Text, in)
		}
		again := tagged(campaign, d)
		assert.Equal(t, want, again.Link, "once is enough")
		assert.Equal(t, d.Text, again.Text, "once is enough")
	}
}

func TestTagsOnlyTheHosts(t *testing.T) {
	t.Parallel()
	g := outbox.Tagging{Source: "s", Hosts: []string{"Acme.example", "a.b.example"}}
	for link, want := range map[string]bool{
		"https://acme.example/": true, "https://ACME.EXAMPLE/": true, "https://shop.acme.example/": true, "https://acme.example:444/": true,
		"https://notacme.example/": false, "https://acme.example.evil.example/": false, "https://b.example/": false, "https://x.a.b.example/": true,
		"https://evil.example/?acme.example": false, "https://evil.example/#@acme.example": false,
	} {
		d := tagged(g, publish.Draft{Link: link, Text: link})
		assert.Equal(t, want, d.Link != link, link)
		assert.Equal(t, d.Link, d.Text)
	}
}

func TestTagsTexts(t *testing.T) {
	t.Parallel()
	g := outbox.Tagging{Source: "s"}
	for name, tt := range map[string]struct {
		format   parvis.Format
		in, want string
	}{
		"plain":            {"", "Ici : https://a.example/x, là (https://b.example/y).", "Ici : https://a.example/x?utm_source=s, là (https://b.example/y?utm_source=s)."},
		"bare domain":      {"", "acme.example/x", "acme.example/x"},
		"e-mail":           {"", "https://a.example@b.example/", "https://a.example@b.example/"},
		"would swallow":    {"", "https://a.example:x", "https://a.example:x"},
		"twice":            {"", "https://a.example/ https://a.example/", "https://a.example/?utm_source=s https://a.example/?utm_source=s"},
		"Markdown":         {parvis.Markdown, "[Four](https://a.example/x \"Titre\") et <https://b.example/> et https://c.example/.", "[Four](https://a.example/x?utm_source=s \"Titre\") et <https://b.example/?utm_source=s> et https://c.example/?utm_source=s."},
		"reference":        {parvis.Markdown, "[Four][1]\n\n[1]: https://a.example/x", "[Four][1]\n\n[1]: https://a.example/x?utm_source=s"},
		"label":            {parvis.Markdown, "[https://a.example/](https://a.example/)", "[https://a.example/](https://a.example/?utm_source=s)"},
		"picture":          {parvis.Markdown, "![x](https://a.example/x.png)", "![x](https://a.example/x.png)"},
		"linked picture":   {parvis.Markdown, "[![x](https://a.example/x.png)](https://a.example/)", "[![x](https://a.example/x.png)](https://a.example/?utm_source=s)"},
		"code":             {parvis.Markdown, "`https://a.example/` https://a.example/\n\n    https://a.example/\n\n```\nhttps://a.example/\n```", "`https://a.example/` https://a.example/?utm_source=s\n\n    https://a.example/\n\n```\nhttps://a.example/\n```"},
		"escape":           {parvis.Markdown, `[x](https://a.example/a\_b) [x](https://a.example/?utm\_source=x)`, `[x](https://a.example/a\_b?utm_source=s) [x](https://a.example/?utm\_source=x)`},
		"reference in URL": {parvis.Markdown, "[x](https://a.example/?a&amp;b=1)", "[x](https://a.example/?a&amp;b=1&utm_source=s)"},
		"HTML in Markdown": {parvis.Markdown, `<a href="https://a.example/">x</a> https://a.example/`, `<a href="https://a.example/">x</a> https://a.example/?utm_source=s`},
		"HTML":             {parvis.HTML, `<p>A <a class="x" href='https://a.example/?a=1&amp;b=2'>https://a.example/</a> <br/>&amp; https://a.example/<!-- x --></p>`, `<p>A <a class="x" href="https://a.example/?a=1&amp;b=2&amp;utm_source=s">https://a.example/</a> <br/>&amp; https://a.example/<!-- x --></p>`},
		"other HTML":       {parvis.HTML, `<img src="https://a.example/x.png"><a name=x><a HREF=/x><A href=mailto:a@a.example>x</a><script>"<a href=https://a.example/>"</script>`, `<img src="https://a.example/x.png"><a name=x><a HREF=/x><A href=mailto:a@a.example>x</a><script>"<a href=https://a.example/>"</script>`},
		"cut-off HTML":     {parvis.HTML, `<a href="https://a.example/">x</a><a href="https://a`, `<a href="https://a.example/?utm_source=s">x</a><a href="https://a`},
	} {
		d := publish.Draft{Text: tt.in, Format: tt.format}
		got := tagged(g, d)
		assert.Equal(t, tt.want, got.Text, name)
		assert.Equal(t, got.Text, tagged(g, got).Text, name)
	}
}

func TestTaggingIsChecked(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	for name, g := range map[string]outbox.Tagging{
		"no source":           {Campaign: "x"},
		"hosts alone":         {Hosts: []string{"acme.example"}},
		"unknown placeholder": {Source: "{netwrok}"},
		"a scheme":            {Source: "x", Hosts: []string{"https://acme.example"}},
		"a star":              {Source: "x", Hosts: []string{"*.acme.example"}},
	} {
		p := b.plan("x")
		p.Tagging = g
		_, err := b.as("ana").Add(t.Context(), p)
		require.ErrorIs(t, err, parvis.ErrInvalid, name)
	}
}

func TestTaggedPostIsSent(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	p := b.plan("Voir https://acme.example/four")
	p.Thread = []publish.Draft{{Text: "et https://acme.example/"}}
	p.Comment = &publish.Draft{Text: "ou https://other.example/"}
	p.Tagging = outbox.Tagging{Source: "{network}", Medium: "social", Hosts: []string{"acme.example"}}
	p.When = outbox.Now()
	e := b.add("ana", p)
	assert.Equal(t, p.Draft.Text, e.Draft.Text, "what was written stays as it was")
	b.drain()
	assert.Equal(t, []string{
		"Voir https://acme.example/four?utm_source=fake&utm_medium=social",
		"et https://acme.example/?utm_source=fake&utm_medium=social",
		"ou https://other.example/",
	}, b.texts())
}

// links are the addresses in a plain text.
func links(s string) []parvis.Entity {
	var out []parvis.Entity
	for _, e := range text.Entities(s) {
		if e.Kind == parvis.EntityLink {
			out = append(out, e)
		}
	}
	return out
}

func FuzzTag(f *testing.F) {
	for _, s := range []string{
		"https://acme.example/?a=1#b", "[x](https://acme.example/x(y))", `<a href="https://acme.example/?a&amp;b">x</a>`,
		"https://acme.example.evil.example/", "https://acme.example)…", "`https://acme.example/`", "<https://acme.example>", "https://x:y@acme.example",
		"https://acme.example?#", "[a]: https://acme.example/\n\n[a]", "https://acme.example/&amp;", "https://acme.example:", "http://acme.example_",
		"![](https://acme.example/)[](https://acme.example/)", "<script><a href=https://acme.example>", "<a href=https://acme.example", "https://acme.example/\\_",
	} {
		for format := range 3 {
			f.Add(s, format, "été_")
		}
	}
	f.Fuzz(func(t *testing.T, s string, format int, value string) {
		format &= 3
		if format == 3 || len(s) > 2000 {
			return
		}
		d := publish.Draft{Text: s, Format: []parvis.Format{parvis.Plain, parvis.Markdown, parvis.HTML}[format], Link: s}
		g := outbox.Tagging{Source: "x" + value, Term: value, Hosts: []string{"acme.example"}}
		got := tagged(g, d)
		again := tagged(g, got)
		require.Equal(t, got.Text, again.Text, "tagging twice is tagging once")
		require.Equal(t, got.Link, again.Link, "tagging twice is tagging once")
		sameLink(t, d.Link, got.Link, value)
		none := tagged(outbox.Tagging{Source: "x", Hosts: []string{"nowhere.invalid"}}, d)
		require.Equal(t, s, none.Text, "links of other hosts stay")
		if format > 0 {
			was, is := hrefs(t, d), hrefs(t, got)
			require.Len(t, is, len(was))
			for i := range is {
				sameLink(t, was[i], is[i], value)
			}
			return
		}
		before, after := links(s), links(got.Text)
		require.Len(t, after, len(before))
		back, done := "", 0
		for i := range after {
			sameLink(t, before[i].Value, after[i].Value, value)
			back += got.Text[done:after[i].Start] + s[before[i].Start:before[i].End]
			done = after[i].End
		}
		require.Equal(t, s, back+got.Text[done:], "what is no link stays")
	})
}

// hrefs are where the anchors of a text lead.
func hrefs(t *testing.T, d publish.Draft) []string {
	t.Helper()
	markup, err := text.Convert(d.Text, d.Format, parvis.HTML)
	require.NoError(t, err)
	var out []string
	z := html.NewTokenizer(strings.NewReader(markup))
	for kind := z.Next(); kind != html.ErrorToken; kind = z.Next() {
		if tok := z.Token(); (kind == html.StartTagToken || kind == html.SelfClosingTagToken) && tok.Data == "a" {
			i := slices.IndexFunc(tok.Attr, func(a html.Attribute) bool { return a.Key == "href" })
			if i >= 0 {
				out = append(out, strings.TrimSpace(tok.Attr[i].Val))
			}
		}
	}
	return out
}

// sameLink requires that two links lead to the same place, the second perhaps with tags.
func sameLink(t *testing.T, before, after, value string) {
	t.Helper()
	if before == after {
		return
	}
	u, err := url.Parse(before)
	require.NoError(t, err)
	v, err := url.Parse(after)
	require.NoError(t, err, after)
	require.True(t, strings.EqualFold(u.Hostname(), "acme.example") || strings.HasSuffix(strings.ToLower(u.Hostname()), ".acme.example"), before)
	require.Equal(t, u.Host, v.Host)
	require.Equal(t, u.Scheme, v.Scheme)
	require.Equal(t, strings.TrimSuffix(u.EscapedPath(), "/"), strings.TrimSuffix(v.EscapedPath(), "/"))
	require.Equal(t, u.Fragment, v.Fragment)
	require.True(t, strings.HasPrefix(v.RawQuery, u.RawQuery), "the parameters that were there come first")
	was, is := u.Query(), v.Query()
	for k, vs := range was {
		require.Equal(t, vs, is[k])
	}
	if !was.Has("utm_source") && is.Has("utm_source") {
		require.Equal(t, "x"+strings.ToValidUTF8(value, "\uFFFD"), is.Get("utm_source"))
	}
}
