package card

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRead(t *testing.T) {
	t.Parallel()
	type says struct{ title, description, image string }
	for name, c := range map[string]struct {
		page string
		want says
	}{
		"nothing":             {"", says{}},
		"title":               {"<head><title> A\n  page </title></head>", says{title: "A page"}},
		"first counts":        {"<title>A</title><title>B</title>", says{title: "A"}},
		"open graph first":    {`<title>A</title><meta name="twitter:title" content="B"><meta property="og:title" content="C">`, says{title: "C"}},
		"twitter second":      {`<title>A</title><meta name="twitter:title" content="B">`, says{title: "B"}},
		"names in capitals":   {`<META NAME="Description" CONTENT="d">`, says{description: "d"}},
		"name for property":   {`<meta name="og:title" content="C">`, says{title: "C"}},
		"empty is none":       {`<meta property="og:title" content=" "><title>A</title>`, says{title: "A"}},
		"secure image":        {`<meta property="og:image:secure_url" content="https://a.example/i">`, says{image: "https://a.example/i"}},
		"in a script":         {`<script>"<title>A</title>"</script><!-- <title>B</title> --><title>C</title>`, says{title: "C"}},
		"a picture's title":   {`<svg><title>A</title></svg><title>B</title>`, says{title: "B"}},
		"entities":            {`<title>A &lt;b&gt; &eacute;</title>`, says{title: "A <b> é"}},
		"attribute once":      {`<meta property="og:title" content="A" content="B">`, says{title: "A"}},
		"cut":                 {`<title>` + strings.Repeat("é", 400) + `</title>`, says{title: strings.Repeat("é", 299) + "…"}},
		"unfinished":          {`<title>A</title><meta property="og:desc`, says{title: "A"}},
		"not UTF-8 in a name": {"<title>a\xffb</title>", says{title: "a\uFFFDb"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := read([]byte(c.page))
			assert.Equal(t, c.want, says{m.title(), m.description(), m.image()})
		})
	}
}

func TestDecode(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		page, kind, want string
		unknown          bool
	}{
		"says nothing":          {"é", "text/html", "é", false},
		"says nothing, Latin":   {"\xE9t\xE9", "text/html", "été", false},
		"cut in a character":    {"été\xC3", "", "été\xC3", false},
		"said by the server":    {"\x93a\x94", "text/html; charset=\"Windows-1252\"", "“a”", false},
		"said by the page":      {"<meta charset='latin1'>\xE9", "text/html", "<meta charset='latin1'>é", false},
		"said by http-equiv":    {`<meta http-equiv=Content-Type content="text/html; charset=ISO-8859-1">` + "\xE9", "", `<meta http-equiv=Content-Type content="text/html; charset=ISO-8859-1">é`, false},
		"the server goes first": {"<meta charset=latin1>é", "text/html; charset=UTF-8", "<meta charset=latin1>é", false},
		"marked":                {"\xEF\xBB\xBFé", "text/html; charset=latin1", "é", false},
		"unknown":               {"x", "text/html; charset=koi8-r", "", true},
		"no value":              {"charset é", "", "charset é", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, known := decode([]byte(c.page), c.kind)
			assert.Equal(t, c.want, string(got))
			assert.Equal(t, c.unknown, !known)
		})
	}
}

func FuzzRead(f *testing.F) {
	for _, s := range []string{
		`<title>A</title><meta property="og:title" content="B"><base href=/x>`, "<svg><title>", "<meta charset=latin1>\xE9<title>", "<script><!--<title>x",
		`<meta name=description content="` + strings.Repeat("a", 2000),
	} {
		f.Add([]byte(s), "text/html; charset=latin1")
	}
	f.Fuzz(func(t *testing.T, page []byte, kind string) {
		b, known := decode(page, kind)
		if !known {
			return
		}
		m := read(b)
		for s, limit := range map[string]int{m.title(): maxTitle, m.description(): maxDescription} {
			require.True(t, utf8.ValidString(s))
			require.LessOrEqual(t, utf8.RuneCountInString(s), limit)
			require.Equal(t, strings.TrimSpace(s), s)
			require.NotContains(t, s, "\n")
		}
	})
}
