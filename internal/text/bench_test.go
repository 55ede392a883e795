package text

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/parvis-go/parvis"
)

// status is HTML of the size and kind that a timeline is full of.
const status = `<p>Samedi, l’atelier ouvre ses portes à 10 h &amp; ferme à 18 h. Venez avec ` +
	`<span class="h-card" translate="no"><a href="https://social.example/@ana" class="u-url mention">@<span>ana</span></a></span> ` +
	`et découvrez les coulisses de la fabrication, du premier croquis à la dernière couche de vernis.</p>` +
	`<p>Programme complet : <a href="https://atelier.example/2026/portes-ouvertes/programme" target="_blank" rel="nofollow noopener" translate="no">` +
	`<span class="invisible">https://</span><span class="ellipsis">atelier.example/2026/portes-ouve</span><span class="invisible">rtes/programme</span></a>` +
	`<br>Entrée libre <a href="https://social.example/tags/Artisanat" class="mention hashtag" rel="tag">#<span>Artisanat</span></a></p>`

func BenchmarkFromHTML(b *testing.B) {
	b.ReportAllocs()
	b.SetBytes(int64(len(status)))
	for b.Loop() {
		FromHTML(status)
	}
}

func BenchmarkFromHTMLTokenizer(b *testing.B) {
	b.ReportAllocs()
	b.SetBytes(int64(len(status)))
	for b.Loop() {
		tokenize(status, &plain{})
	}
}

func BenchmarkSanitize(b *testing.B) {
	b.ReportAllocs()
	b.SetBytes(int64(len(status)))
	for b.Loop() {
		Sanitize(status)
	}
}

func BenchmarkConvert(b *testing.B) {
	s, _ := Convert(status, parvis.HTML, parvis.Markdown)
	b.ReportAllocs()
	for b.Loop() {
		_, _ = Convert(s, parvis.Markdown, parvis.HTML)
	}
}

var (
	ascii = strings.Repeat("Plain words of a post, with https://example.com/path?a=b and @user@host.example. ", 6)
	mixed = strings.Repeat("Été à la plage 👩‍👩‍👧 avec https://example.com/path?a=b et @user@host.example. ", 6)
)

func BenchmarkCount(b *testing.B) {
	for name, s := range map[string]string{"ascii": ascii, "mixed": mixed} {
		for _, u := range []parvis.Unit{parvis.Graphemes, parvis.CodePoints, parvis.UTF16, parvis.Weighted} {
			b.Run(name+"/"+string(u), func(b *testing.B) {
				l := parvis.TextLimit{Unit: u, Link: 23, LocalMention: true}
				b.ReportAllocs()
				b.SetBytes(int64(len(s)))
				for b.Loop() {
					Count(s, l)
				}
			})
		}
	}
}

func BenchmarkEntities(b *testing.B) {
	b.ReportAllocs()
	b.SetBytes(int64(len(mixed)))
	for b.Loop() {
		Entities(mixed)
	}
}

func BenchmarkSplit(b *testing.B) {
	ls := parvis.TextLimits{{Max: 300, Unit: parvis.Graphemes}, {Max: 3000, Unit: parvis.Bytes}}
	b.ReportAllocs()
	for b.Loop() {
		Split(mixed, ls, nil)
	}
}

func TestAllocations(t *testing.T) { //nolint:paralleltest // AllocsPerRun counts for the whole process
	for _, u := range []parvis.Unit{parvis.Graphemes, parvis.CodePoints, parvis.UTF16, parvis.Bytes, parvis.Weighted} {
		l := parvis.TextLimit{Unit: u, Link: 23, LocalMention: true}
		assert.Zero(t, testing.AllocsPerRun(100, func() { Count(ascii, l) }), "ASCII in %s", u)
		assert.Zero(t, testing.AllocsPerRun(100, func() { Count(mixed, l) }), "mixed in %s", u)
	}
	assert.LessOrEqual(t, testing.AllocsPerRun(100, func() { FromHTML(status) }), 6.0)
}
