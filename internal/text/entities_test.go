package text

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/parvis-go/parvis"
)

// found lists the entities of s as they stand in it.
func found(s string, kind parvis.EntityKind, o ...Option) []string {
	out := []string{}
	for _, e := range Entities(s, o...) {
		if e.Kind == kind {
			out = append(out, s[e.Start:e.End])
		}
	}
	return out
}

func TestLinks(t *testing.T) {
	t.Parallel()
	for s, want := range map[string][]string{
		"":                             {},
		"no link: http:// or https://": {},
		"http://localhost:8080/x":      {},
		"https://example.com":          {"https://example.com"},
		"HTTPS://Example.COM/A":        {"HTTPS://Example.COM/A"},
		"see https://example.com.":     {"https://example.com"},
		"https://example.com/a, https://example.com/b!": {"https://example.com/a", "https://example.com/b"},
		"https://example.com/?q=a&b=c#d;":               {"https://example.com/?q=a&b=c#d"},
		"(https://example.com/a)":                       {"https://example.com/a"},
		"https://en.example/wiki/Go_(game)":             {"https://en.example/wiki/Go_(game)"},
		"(https://en.example/wiki/Go_(game))":           {"https://en.example/wiki/Go_(game)"},
		"(see https://en.example/a_(b_(c)d)).":          {"https://en.example/a_(b_(c)d)"},
		"[x](https://example.com/a)":                    {"https://example.com/a"},
		"https://example.com/a[1]]":                     {"https://example.com/a[1]"},
		"https://example.com/a(":                        {"https://example.com/a"},
		"<https://example.com/a>":                       {"https://example.com/a"},
		"«https://example.com/a»":                       {"https://example.com/a"},
		"“https://example.com/a”":                       {"https://example.com/a"},
		"\"https://example.com/a\"":                     {"https://example.com/a"},
		"https://example.com/a…":                        {"https://example.com/a"},
		"https://example.com/a👍":                        {"https://example.com/a"},
		"https://example.com:8080/a":                    {"https://example.com:8080/a"},
		"https://example.com: yes":                      {"https://example.com"},
		"https://münchen.example/straße":                {"https://münchen.example/straße"},
		"https://例え.jp/パス":                              {"https://例え.jp/パス"},
		"詳しくはhttps://example.com/a。次":                   {"https://example.com/a"},
		"https://example.com（日本）":                       {"https://example.com"},
		"\u200Fhttps://example.com/a\u200F":             {"https://example.com/a"},
		"xhttps://example.com":                          {},
		"https://-example.com":                          {},
		"https://example..com":                          {},
		"https://sub.a-b.example/":                      {"https://sub.a-b.example/"},
		"https://example.com/@ana/1#x":                  {"https://example.com/@ana/1#x"},
		"https://192.0.2.1/x":                           {"https://192.0.2.1/x"},
		"https://a.b\nhttps://c.d":                      {"https://a.b", "https://c.d"},
		"https://fr.example/L’Équipe":                   {"https://fr.example/L’Équipe"},
	} {
		assert.Equal(t, want, found(s, parvis.EntityLink), "%q", s)
	}
}

func TestMentions(t *testing.T) {
	t.Parallel()
	for s, want := range map[string][]string{
		"@ana":                        {"@ana"},
		"@ana, @bob; (@cy) \"@dan\"":  {"@ana", "@bob", "@cy", "@dan"},
		"@ana.":                       {"@ana"},
		"@ana's and @bob’s":           {"@ana", "@bob"},
		"@ana@social.example.":        {"@ana@social.example"},
		"@ana@social.example:":        {"@ana@social.example"},
		"@ana.social.example":         {"@ana.social.example"},
		"@ana-b.c_d":                  {"@ana-b.c_d"},
		"@ana...and":                  {"@ana"},
		"@ana_":                       {"@ana_"},
		"@ana@münchen.example":        {"@ana@münchen.example"},
		"@ana@nodot":                  {"@ana"},
		"@ana@":                       {"@ana"},
		"Hello.@ana":                  {"@ana"},
		"—@ana—":                      {"@ana"},
		"日本@ana日本":                    {"@ana"},
		"ana@mail.example":            {},
		"a.b+c@mail.example":          {},
		"a-@mail.example":             {},
		"élan@mail.example":           {},
		"<ana@mail.example>":          {},
		"https://social.example/@ana": {},
		"path/@ana":                   {},
		"@":                           {},
		"@ @@ @!":                     {},
		"@@ana":                       {},
		"@renée":                      {},
		"@1st":                        {"@1st"},
		"\u200F@ana\u200F":            {"@ana"},
		"👍@ana👍":                      {"@ana"},
		"@ana\u00A0@bob":              {"@ana", "@bob"},
	} {
		assert.Equal(t, want, found(s, parvis.EntityMention), "%q", s)
	}
}

func TestHashtags(t *testing.T) {
	t.Parallel()
	for s, want := range map[string][]string{
		"#go":                     {"#go"},
		"#go, #rust. (#c)":        {"#go", "#rust", "#c"},
		"#1 #2024 #_ #1_0":        {},
		"#2024a #a1 #a_b #_a":     {"#2024a", "#a1", "#a_b", "#_a"},
		"#été #E\u0301te\u0301":   {"#été", "#E\u0301te\u0301"},
		"#日本語 ＃全角":                {"#日本語", "＃全角"},
		"#مرحبا":                  {"#مرحبا"},
		"#می\u200Cخواهم":          {"#می\u200Cخواهم"},
		"#col·laborar·":           {"#col·laborar"},
		"#go-lang":                {"#go"},
		"#go#rust":                {"#go"},
		"##go":                    {},
		"a#go é#go 1#go _#go":     {},
		"&#39; &#x27;":            {},
		"/#go =#go":               {},
		"C# F#.":                  {},
		"#️⃣ #":                   {},
		"#go👍":                    {"#go"},
		"https://example.com/#go": {},
		"#go\n#rust":              {"#go", "#rust"},
	} {
		assert.Equal(t, want, found(s, parvis.EntityHashtag), "%q", s)
	}
}

func TestBareDomains(t *testing.T) {
	t.Parallel()
	for s, want := range map[string][]string{
		"example.com":                        {"example.com"},
		"see acme.fr/page?x=1, or www.a.org": {"acme.fr/page?x=1", "www.a.org"},
		"https://example.com/a acme.fr":      {"https://example.com/a", "acme.fr"},
		"ana@mail.example.com":               {},
		"@ana.example.com":                   {},
		"e.g. i.e. 1.5 file.txt":             {},
		"End.Then Start":                     {},
		"acme.fr.":                           {"acme.fr"},
		"(acme.fr)":                          {"acme.fr"},
		"path/acme.fr ../acme.fr":            {},
		"été.fr":                             {"été.fr"},
		"acme.fr@x":                          {},
		"acme.FR":                            {},
	} {
		assert.Equal(t, want, found(s, parvis.EntityLink, BareDomains()), "%q", s)
	}
	assert.Empty(t, Entities("example.com"), "only on request")
	e := Entities("see acme.fr", BareDomains())[0]
	assert.Equal(t, parvis.Entity{Kind: parvis.EntityLink, Start: 4, End: 11, Value: "https://acme.fr", URL: "https://acme.fr"}, e)
}

func TestEntities(t *testing.T) {
	t.Parallel()
	assert.Nil(t, Entities("nothing here"))
	assert.Equal(t, []parvis.Entity{
		{Kind: parvis.EntityMention, Start: 4, End: 23, Value: "ana@social.example"},
		{Kind: parvis.EntityHashtag, Start: 24, End: 30, Value: "été"},
		{Kind: parvis.EntityLink, Start: 32, End: 50, Value: "https://example.fr", URL: "https://example.fr"},
		{Kind: parvis.EntityHashtag, Start: 52, End: 61, Value: "全角"},
	}, Entities("é, @ana@social.example #été (https://example.fr) ＃全角"))
}

// TestEntitiesLinear feeds what would take quadratic time if a place were looked at again and again.
func TestEntitiesLinear(t *testing.T) {
	t.Parallel()
	for _, piece := range []string{"@", "#", "h", "http://", "https://a.", "a.", "a.b@", "@a.", "@a@b.", "#a", "(", "https://a.b/((", "https://a.b/))", "é", "＃"} {
		s := strings.Repeat(piece, 1<<20/len(piece))
		_ = Entities(s)
		_ = Entities(s, BareDomains())
		_ = Count(s, parvis.TextLimit{Unit: parvis.Weighted, Link: 23, LocalMention: true})
	}
}

func TestOffsets(t *testing.T) {
	t.Parallel()
	s := "é👨‍👩‍👧‍👦 @ana 日本 https://example.com 👍🏽"
	es := Entities(s)
	for u, want := range map[parvis.Unit][2][2]int{
		parvis.Bytes:      {{28, 32}, {40, 59}},
		parvis.CodePoints: {{9, 13}, {17, 36}},
		parvis.UTF16:      {{13, 17}, {21, 40}},
		parvis.Graphemes:  {{3, 7}, {11, 30}},
		parvis.Weighted:   {{9, 13}, {17, 36}},
	} {
		got := Offsets(s, es, u)
		for i, w := range want {
			assert.Equal(t, [2]int{got[i].Start, got[i].End}, w, "%s of entity %d", u, i)
			assert.Equal(t, es[i].Value, got[i].Value)
		}
	}
	assert.Equal(t, 28, es[0].Start, "the entities given stay as they are")
	assert.Nil(t, Offsets(s, nil, parvis.UTF16))
}

func TestOffsetsOdd(t *testing.T) {
	t.Parallel()
	s := "a" + family + "b"
	at := func(start, end int, u parvis.Unit) [2]int {
		e := Offsets(s, []parvis.Entity{{Start: start, End: end}}, u)[0]
		return [2]int{e.Start, e.End}
	}
	assert.Equal(t, [2]int{1, 2}, at(5, 8, parvis.Graphemes), "inside a cluster both move outwards")
	assert.Equal(t, [2]int{1, 2}, at(2, 3, parvis.CodePoints), "inside a character too")
	assert.Equal(t, [2]int{1, 5}, at(2, 3, parvis.Bytes), "in bytes too")
	assert.Equal(t, [2]int{0, 3}, at(-7, 1000, parvis.Graphemes), "outside the text")
	assert.Equal(t, [2]int{3, 3}, at(1000, -1, parvis.Graphemes), "backwards")

	es := Offsets("日本 a b", []parvis.Entity{{Start: 9, End: 10}, {Start: 0, End: 6}, {Start: 7, End: 8}}, parvis.UTF16)
	assert.Equal(t, []parvis.Entity{{Start: 5, End: 6}, {Start: 0, End: 2}, {Start: 3, End: 4}}, es, "in any order")
}
