package outbox_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/publish"
	"github.com/parvis-go/parvis/publish/outbox"
)

func TestMentionsStandInTheText(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		draft publish.Draft
		legal []outbox.Mention
		want  string
	}{
		"French":         {publish.Draft{Text: "Un four.", Lang: "fr-FR"}, []outbox.Mention{{Kind: outbox.Partnership}}, "Collaboration commerciale\n\nUn four."},
		"English":        {publish.Draft{Text: "An oven.", Lang: "en"}, []outbox.Mention{{Kind: outbox.Advertising}}, "Advertising\n\nAn oven."},
		"both ends":      {publish.Draft{Text: "Un vin.", Lang: "fr"}, []outbox.Mention{{Kind: outbox.Alcohol}, {Kind: outbox.Advertising}}, "Publicité\n\nUn vin.\n\nL'abus d'alcool est dangereux pour la santé."},
		"placed":         {publish.Draft{Text: "Un four.", Lang: "fr"}, []outbox.Mention{{Kind: outbox.RetouchedImage, Place: outbox.End}, {Kind: outbox.Alcohol, Place: outbox.Start}}, "L'abus d'alcool est dangereux pour la santé.\n\nUn four.\n\nImages retouchées"},
		"own words":      {publish.Draft{Text: "Ein Ofen.", Lang: "de"}, []outbox.Mention{{Kind: outbox.Advertising, Text: "Anzeige"}}, "Anzeige\n\nEin Ofen."},
		"custom":         {publish.Draft{Text: "Un four."}, []outbox.Mention{{Kind: outbox.Custom, Text: "Offre jusqu'au 3."}}, "Un four.\n\nOffre jusqu'au 3."},
		"media alone":    {publish.Draft{Lang: "fr"}, []outbox.Mention{{Kind: outbox.VirtualImage}}, "Images virtuelles"},
		"Markdown":       {publish.Draft{Text: "# Un *four*", Lang: "fr", Format: parvis.Markdown}, []outbox.Mention{{Kind: outbox.Custom, Text: "*Offre"}}, "# Un *four*\n\n\\*Offre"},
		"HTML":           {publish.Draft{Text: "<p>Un four</p>", Lang: "fr", Format: parvis.HTML}, []outbox.Mention{{Kind: outbox.Custom, Text: "a < b"}, {Kind: outbox.Advertising}}, "<p>Publicité</p>\n\n<p>Un four</p>\n\n<p>a &lt; b</p>"},
		"tags stay away": {publish.Draft{Text: "x", Lang: "fr"}, []outbox.Mention{{Kind: outbox.Custom, Text: "https://acme.example/cgv"}}, "x\n\nhttps://acme.example/cgv"},
	} {
		p := outbox.Plan{Draft: tt.draft, Legal: tt.legal, Tagging: outbox.Tagging{Source: "s"}}
		assert.Equal(t, tt.want, p.Items(outbox.Target{})[0].Text, name)
	}
}

func TestMentionsStandInEachPost(t *testing.T) {
	t.Parallel()
	p := outbox.Plan{
		Draft: publish.Draft{Text: "Un four"}, Thread: []publish.Draft{{Text: "chaud"}, {Text: "hot", Lang: "en"}}, Comment: &publish.Draft{Text: "lien"},
		Langs: map[string]publish.Override{"fr": {Text: "Un four, ici"}}, Legal: []outbox.Mention{{Kind: outbox.Advertising}},
	}
	var texts []string
	for _, d := range p.Items(outbox.Target{Lang: "fr"}) {
		texts = append(texts, d.Text)
	}
	assert.Equal(t, []string{"Publicité\n\nUn four, ici", "Publicité\n\nchaud", "Advertising\n\nhot", "Publicité\n\nlien"}, texts)
}

func TestMentionsWithoutWordsAreRefused(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	for name, tt := range map[string]struct {
		lang string
		m    outbox.Mention
		want string
	}{
		"another language":    {"de", outbox.Mention{Kind: outbox.Advertising}, "no words in the language de"},
		"no language":         {"", outbox.Mention{Kind: outbox.Alcohol}, "is not known"},
		"gambling in English": {"en", outbox.Mention{Kind: outbox.Gambling}, "no words"},
		"custom":              {"fr", outbox.Mention{Kind: outbox.Custom, Text: " "}, "has no text"},
		"unknown kind":        {"fr", outbox.Mention{Kind: "tobacco", Text: "x"}, "no legal mention tobacco"},
		"unknown place":       {"fr", outbox.Mention{Kind: outbox.Advertising, Place: "middle"}, "middle"},
	} {
		p := b.plan("x")
		p.Draft.Lang, p.Legal = tt.lang, []outbox.Mention{tt.m}
		_, err := b.as("ana").Add(t.Context(), p)
		require.ErrorIs(t, err, parvis.ErrInvalid, name)
		require.ErrorContains(t, err, tt.want, name)
	}
}

func TestEveryKindSpeaks(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, k := range []outbox.MentionKind{outbox.Advertising, outbox.Partnership, outbox.RetouchedImage, outbox.VirtualImage, outbox.Alcohol, outbox.Gambling} {
		for _, lang := range []string{"fr", "FR-be", "en-GB"} {
			s := outbox.Mention{Kind: k}.Says(lang)
			if k == outbox.Gambling && lang == "en-GB" {
				assert.Empty(t, s)
				continue
			}
			assert.NotEmpty(t, s, "%s in %s", k, lang)
			assert.Equal(t, strings.TrimSpace(s), s)
			seen[s] = true
		}
	}
	assert.Len(t, seen, 11)
}

// The length is that of the text as it is sent.
func TestMentionsCount(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	p := b.plan(strings.Repeat("x", 490))
	p.Draft.Lang, p.Legal = "fr", []outbox.Mention{{Kind: outbox.Advertising}}
	p.When = outbox.Now()
	d := p.Items(p.Targets[0])[0]
	ps, err := publish.Check(t.Context(), b.acme, d)
	require.NoError(t, err)
	require.Len(t, ps, 1)
	assert.Equal(t, int64(501), ps[0].Value)
}
