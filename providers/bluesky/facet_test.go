package bluesky

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/publish"
)

// found writes what marks finds as "kind:shown→value".
func found(s string) []string {
	var out []string
	for _, e := range marks(s, nil) {
		shown := s[e.Start:e.End]
		value := e.Value
		if e.Kind == parvis.EntityLink {
			value = e.URL
		}
		out = append(out, string(e.Kind)+":"+shown+"→"+value)
	}
	return out
}

func mention(shown string) string { return "mention:" + shown + "→" + strings.TrimPrefix(shown, "@") }
func link(shown string) string    { return "link:" + shown + "→" + shown }
func bare(shown string) string    { return "link:" + shown + "→https://" + shown }
func topic(shown string) string {
	return "hashtag:" + shown + "→" + strings.TrimPrefix(strings.TrimPrefix(shown, "#"), "＃")
}

// The cases are those that the network's own client library is specified by, in
// https://github.com/bluesky-social/atproto/blob/main/packages/api/tests/rich-text-detection.test.ts.
func TestMarksAsTheOfficialClient(t *testing.T) {
	t.Parallel()
	family := "👨‍👩‍👧‍👧"
	for text, want := range map[string][]string{
		"no mention":                                            nil,
		"@handle.com middle end":                                {mention("@handle.com")},
		"start @handle.com end":                                 {mention("@handle.com")},
		"start middle @handle.com":                              {mention("@handle.com")},
		"@handle.com @handle.com @handle.com":                   {mention("@handle.com"), mention("@handle.com"), mention("@handle.com")},
		"@full123-chars.test":                                   {mention("@full123-chars.test")},
		"not@right":                                             nil,
		"@handle.com!@#$chars":                                  {mention("@handle.com")},
		"@handle.com\n@handle.com":                              {mention("@handle.com"), mention("@handle.com")},
		"parenthetical (@handle.com)":                           {mention("@handle.com")},
		family + " @handle.com " + family:                       {mention("@handle.com")},
		"start https://middle.com end":                          {link("https://middle.com")},
		"start https://middle.com/foo/bar end":                  {link("https://middle.com/foo/bar")},
		"start https://middle.com/foo/bar?baz=bux end":          {link("https://middle.com/foo/bar?baz=bux")},
		"start https://middle.com/foo/bar?baz=bux#hash end":     {link("https://middle.com/foo/bar?baz=bux#hash")},
		"https://newline1.com\nhttps://newline2.com":            {link("https://newline1.com"), link("https://newline2.com")},
		family + " https://middle.com " + family:                {link("https://middle.com")},
		"start middle.com end":                                  {bare("middle.com")},
		"start middle.com/foo/bar?baz=bux#hash end":             {bare("middle.com/foo/bar?baz=bux#hash")},
		"newline1.com\nnewline2.com":                            {bare("newline1.com"), bare("newline2.com")},
		"a example.com/index.php php link":                      {bare("example.com/index.php")},
		"a trailing bsky.app: colon":                            {bare("bsky.app")},
		"not.. a..url ..here":                                   nil,
		"e.g.":                                                  nil,
		"something-cool.jpg":                                    nil,
		"website.com.jpg":                                       nil,
		"e.g./foo":                                              nil,
		"website.com.jpg/foo":                                   nil,
		"https://foo.com https://bar.com/whatever":              {link("https://foo.com"), link("https://bar.com/whatever")},
		"punctuation https://foo.com, https://bar.com/x; or y.": {link("https://foo.com"), link("https://bar.com/x")},
		"parenthentical (https://foo.com)":                      {link("https://foo.com")},
		"except for https://foo.com/thing_(cool)":               {link("https://foo.com/thing_(cool)")},
		"#a":                               {topic("#a")},
		"#a #b":                            {topic("#a"), topic("#b")},
		"#1":                               nil,
		"#1a":                              {topic("#1a")},
		"body #tag body":                   {topic("#tag")},
		"body #1":                          nil,
		"body #a1":                         {topic("#a1")},
		"#":                                nil,
		"#?":                               nil,
		"text #":                           nil,
		"text # text":                      nil,
		"body #" + strings.Repeat("a", 64): {topic("#" + strings.Repeat("a", 64))},
		"body #" + strings.Repeat("a", 65): nil,
		"body #double#tag":                 {topic("#double#tag")},
		"body ##tag":                       {"hashtag:##tag→#tag"},
		"its a #tag?":                      {topic("#tag")},
		"some #n0n3s@n5e!":                 {topic("#n0n3s@n5e")},
		"works #with,punctuation":          {topic("#with,punctuation")},
		"strips trailing #punctuation, #like. #this!":            {topic("#punctuation"), topic("#like"), topic("#this")},
		"strips #multi_trailing___":                              {topic("#multi_trailing")},
		"works with #🦋 emoji, and #butter🦋fly":                   {topic("#🦋"), topic("#butter🦋fly")},
		"#same #same #but #diff":                                 {topic("#same"), topic("#same"), topic("#but"), topic("#diff")},
		"this #️⃣tag should not be a tag":                        nil,
		"this ##️⃣tag should be a tag":                           {"hashtag:##️⃣tag→#️⃣tag"},
		"this #t\nag should be a tag":                            {topic("#t")},
		"no match (\\u200B): #\u200B":                            nil,
		"no match (\\u200Ba): #\u200Ba":                          nil,
		"match (a\\u200Bb): #a\u200Bb":                           {topic("#a")},
		"match (ab\\u200B): #ab\u200B":                           {topic("#ab")},
		"no match (\\u20e2tag): #\u20E2tag":                      nil,
		"no match (a\\u20e2b): #a\u20E2b":                        {topic("#a")},
		"full width number sign: ＃tag":                           {topic("＃tag")},
		"an underscore goes on: @handle.com_x":                   nil,
		"overlap #see(https://foo.com) and @handle.com/x":        {link("https://foo.com"), mention("@handle.com")},
		"javascript:alert(1) and ftp://foo.com are not for here": nil,
		"une adresse : https://exemple.fr/été, et la suite":      {link("https://exemple.fr/été")},
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			got := found(text)
			if len(want) == 0 {
				assert.Empty(t, got)
				return
			}
			assert.Equal(t, want, got)
		})
	}
}

func TestBodyOfMarkup(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		draft publish.Draft
		text  string
		found []string
	}{
		"markdown": {
			publish.Draft{Format: parvis.Markdown, Text: "Voyez [l'atelier](https://acme.example/a) et https://b.example, @ana.test #four"},
			"Voyez l'atelier et https://b.example, @ana.test #four",
			[]string{"l'atelier https://acme.example/a", "https://b.example https://b.example", "@ana.test ana.test", "#four four"},
		},
		"html": {
			publish.Draft{Format: parvis.HTML, Text: `<p>A <a href="https://acme.example/a b">b &amp; c</a></p><p><a href="javascript:x()">d</a> <a href="mailto:a@b.example">mail</a></p>`},
			"A b & c\n\nd mail",
			[]string{"b & c https://acme.example/a%20b"},
		},
		"label that looks like a link": {
			publish.Draft{Format: parvis.Markdown, Text: "[www.acme.example](https://acme.example/long/way)"},
			"www.acme.example",
			[]string{"www.acme.example https://acme.example/long/way"},
		},
		"broken letters": {publish.Draft{Text: "a\xff #b"}, "a\uFFFD #b", []string{"#b b"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, es, err := body(c.draft)
			require.NoError(t, err)
			assert.Equal(t, c.text, s)
			var got []string
			for _, e := range es {
				got = append(got, s[e.Start:e.End]+" "+e.Value)
			}
			assert.Equal(t, c.found, got)
		})
	}
	_, _, err := body(publish.Draft{Text: "x", Format: "bbcode"})
	require.ErrorIs(t, err, parvis.ErrInvalid)
}

func FuzzMarks(f *testing.F) {
	for _, s := range []string{
		"a @b.com (c.com) #d #️⃣ ＃e https://f.com/(g) @h_i.com", "👨‍👩‍👧‍👧#x @é.com https://é.fr/ü", "##\uFE0F @.. @-.com #", "\xff#\xfe@a.b",
		"[a](https://b.com) <a href=\"https://c.com\">#d @e.com</a>",
	} {
		f.Add(s, byte(len(s)))
	}
	formats := []parvis.Format{parvis.Plain, parvis.Markdown, parvis.HTML}
	f.Fuzz(func(t *testing.T, s string, format byte) {
		if len(s) > 4000 {
			return
		}
		out, es, err := body(publish.Draft{Text: s, Format: formats[int(format)%len(formats)]})
		if err != nil {
			return
		}
		require.True(t, utf8.ValidString(out))
		end := 0
		for _, e := range es {
			require.GreaterOrEqual(t, e.Start, end, "facets are in order and do not overlap")
			require.Greater(t, e.End, e.Start)
			require.LessOrEqual(t, e.End, len(out))
			require.True(t, utf8.RuneStart(out[e.Start]))
			require.True(t, e.End == len(out) || utf8.RuneStart(out[e.End]))
			if e.Kind == parvis.EntityLink {
				require.Regexp(t, `(?i)^https?://\S`, e.URL)
			}
			if e.Kind == parvis.EntityHashtag {
				require.True(t, fitsTag(e.Value))
			}
			end = e.End
		}
	})
}
