package outbox_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/publish"
	"github.com/parvis-go/parvis/publish/outbox"
)

func TestLanguageVariants(t *testing.T) {
	t.Parallel()
	p := outbox.Plan{
		Draft: publish.Draft{
			Text: "Bonjour", Lang: "fr", Title: "Titre",
			On: map[parvis.Network]publish.Override{"short": {Text: "Slt"}, "titled": {Title: "T"}},
		},
		Langs: map[string]publish.Override{"de": {Text: "Guten Tag"}, "en": {Text: "Hello", Lang: "en-GB", Title: "Title"}},
	}
	for _, tt := range []struct {
		network, lang     string
		text, title, sent string
	}{
		{"fake", "", "Bonjour", "Titre", "fr"},
		{"fake", "de", "Guten Tag", "Titre", "de"},
		{"fake", "en", "Hello", "Title", "en-GB"},
		{"titled", "en", "Hello", "T", "en-GB"},
		{"short", "de", "Slt", "Titre", "de"},
	} {
		items := p.Items(outbox.Target{Account: parvis.Account{Network: parvis.Network(tt.network)}, Lang: tt.lang})
		require.Len(t, items, 1)
		assert.Equal(t, tt.text, items[0].Text)
		assert.Equal(t, tt.title, items[0].Title)
		assert.Equal(t, tt.sent, items[0].Lang)
		assert.Empty(t, items[0].On)
	}
	assert.Len(t, p.Draft.On, 2, "the plan is not written to")
	assert.Equal(t, "Bonjour", p.Draft.Text)
}

func TestPlansThatContradictTheOutbox(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	at := b.now().Add(time.Hour)
	for name, change := range map[string]func(*outbox.Plan){
		"key of a thread":  func(p *outbox.Plan) { p.Thread = []publish.Draft{{Text: "x", Key: "k"}} },
		"time of comment":  func(p *outbox.Plan) { p.Comment = &publish.Draft{Text: "x", At: at} },
		"time of override": func(p *outbox.Plan) { p.Draft.On = map[parvis.Network]publish.Override{"fake": {At: at}} },
		"time of variant":  func(p *outbox.Plan) { p.Langs = map[string]publish.Override{"fr": {At: at}} },
		"nameless variant": func(p *outbox.Plan) { p.Langs = map[string]publish.Override{"": {Text: "x"}} },
	} {
		p := b.plan("x")
		change(&p)
		_, err := b.as("ana").Add(t.Context(), p)
		require.ErrorIs(t, err, parvis.ErrInvalid, name)
	}
}

// What is read back from the database has the hash that it was stored with, or it would
// never be sent.
func TestHashOutlivesStorage(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	for name, change := range map[string]func(*outbox.Plan){
		"plain":    func(*outbox.Plan) {},
		"no UTF-8": func(p *outbox.Plan) { p.Draft.Text = "a\xffb \\ufffd \\\xfe \uFFFD" },
		"HTML":     func(p *outbox.Plan) { p.Draft.Text = "<b>&\u2028" },
		"empty things": func(p *outbox.Plan) {
			p.Options, p.Thread, p.Draft.Tags = []publish.Option{}, []publish.Draft{}, []string{}
		},
		"poll": func(p *outbox.Plan) { p.Draft.Poll = &publish.Poll{Options: []string{"a", "b"}, For: time.Hour} },
		"focus": func(p *outbox.Plan) {
			p.Draft.Media = []parvis.Media{parvis.FromURL("https://acme.example/a.png").WithFocus(0.1, -0.3)}
		},
	} {
		p := b.plan("x")
		change(&p)
		raw, err := json.Marshal(p)
		require.NoError(t, err)
		var back outbox.Plan
		require.NoError(t, json.Unmarshal(raw, &back))
		assert.Equal(t, outbox.HashOf("acme", p), outbox.HashOf("acme", back), name)
	}
	p := b.plan("a\xffb")
	p.When = outbox.Now()
	e := b.add("ana", p)
	b.drain()
	assert.Equal(t, outbox.Published, b.get(e.ID).State)
	assert.Equal(t, []string{"a\uFFFDb"}, b.texts())
}
