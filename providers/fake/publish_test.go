package fake_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/listen"
	"github.com/parvis-go/parvis/providers/fake"
	"github.com/parvis-go/parvis/publish"
)

func TestPublishKeepsEverything(t *testing.T) {
	t.Parallel()
	town := fake.New(fake.Options{Limits: func(s *publish.Support) {
		s.Headline, s.Slug, s.Excerpt, s.Canonical = parvis.Full(), parvis.Full(), parvis.Full(), parvis.Full()
	}})
	acme := town.Join("acme")
	town.Join("ana")
	quoted := say(t, acme, "old news")
	room := town.AddPlace("atelier", "channel")
	p := post(t, acme, publish.Draft{
		Text: "Voir @ana et @nobody, https://acme.example/a, #Verre.", Title: "Samedi", Link: "https://acme.example", Lang: "fr",
		Warning: "chaleur", Sensitive: true, Tags: []string{"four"}, Categories: []string{"Ateliers"}, Slug: "samedi", Excerpt: "Bref",
		Canonical: "https://acme.example/samedi", Sticky: true, Quote: quoted.Ref, Place: room, Visibility: publish.Unlisted,
		Poll: &publish.Poll{Options: []string{"oui", "non"}, For: time.Hour}, Key: "k1",
	})
	assert.Equal(t, publish.Published, p.State)
	assert.Equal(t, "Samedi", p.Title)
	assert.Equal(t, "fr", p.Lang)
	assert.Equal(t, publish.Unlisted, p.Visibility)
	assert.Equal(t, "k1", p.Key)
	assert.Equal(t, "atelier", p.Place.Name)
	assert.Equal(t, room.Ref, p.Place.Ref)
	assert.Equal(t, acme.Account().Ref(), p.Author.Ref)
	var raw map[string]any
	require.NoError(t, json.Unmarshal(p.Raw, &raw))
	for field, want := range map[string]any{
		"link": "https://acme.example", "warning": "chaleur", "sensitive": true, "slug": "samedi",
		"excerpt": "Bref", "canonical": "https://acme.example/samedi", "pinned": true, "quote": "p1", "tags": []any{"four"},
		"categories": []any{"Ateliers"}, "status": "approved", "id": "p2",
	} {
		assert.Equal(t, want, raw[field], field)
	}
	assert.Contains(t, string(p.Raw), `"options":["oui","non"]`)
}

func TestEntities(t *testing.T) {
	t.Parallel()
	town := fake.New(fake.Options{})
	acme := town.Join("acme")
	town.Join("ana")
	town.Join("jean-luc")
	for text, want := range map[string][]string{
		"plain":                          nil,
		"@ana":                           {"mention ana @ana"},
		"@nobody and a@ana and x#y":      nil,
		"(@ana), @jean-luc.":             {"mention ana @ana", "mention jean-luc @jean-luc"},
		"#Verre, #été2026 # #":           {"hashtag Verre #Verre", "hashtag été2026 #été2026"},
		"see https://a.example/x?y=1#z.": {"link https://a.example/x?y=1#z https://a.example/x?y=1#z"},
		"«http://a.example»":             {"link http://a.example http://a.example"},
		"é@ana 日#本":                      nil,
		"👋@ana":                          {"mention ana @ana"},
		"@ana@ana":                       {"mention ana @ana"},
	} {
		p := say(t, acme, text)
		var got []string
		for _, e := range p.Text.Entities {
			got = append(got, string(e.Kind)+" "+e.Value+" "+p.Text.Plain[e.Start:e.End])
		}
		assert.Equal(t, want, got, text)
	}
}

func TestPublishFormats(t *testing.T) {
	t.Parallel()
	plain, blog := fake.New(fake.Options{}), fake.New(fake.Options{Limits: func(s *publish.Support) {
		s.Formats = []parvis.Format{parvis.HTML}
	}})
	d := publish.Draft{Text: "**Bonjour** monde", Format: parvis.Markdown}
	p := post(t, plain.Join("acme"), d)
	assert.Equal(t, "Bonjour monde", p.Text.Plain)
	assert.Empty(t, p.Text.Markup)
	p = post(t, blog.Join("acme"), d)
	assert.Equal(t, "Bonjour monde", p.Text.Plain)
	assert.Equal(t, parvis.HTML, p.Text.Format)
	assert.Contains(t, p.Text.Markup, "<strong>Bonjour</strong>")
}

// TestPublishRefusals calls the provider past the door: the network judges by itself.
func TestPublishRefusals(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		draft  publish.Draft
		code   parvis.Code
		vendor string
		field  string
	}{
		"long":       {publish.Draft{Text: strings.Repeat("x", 501)}, parvis.ErrInvalid, "validation_failed", "text"},
		"empty":      {publish.Draft{}, parvis.ErrInvalid, "validation_failed", "text"},
		"title":      {publish.Draft{Text: "x", Title: "y"}, parvis.ErrInvalid, "validation_failed", "title"},
		"visibility": {publish.Draft{Text: "x", Visibility: "odd"}, parvis.ErrInvalid, "validation_failed", "visibility"},
		"poll":       {publish.Draft{Text: "x", Poll: &publish.Poll{Options: []string{"a"}}}, parvis.ErrInvalid, "validation_failed", "poll.options"},
		"poll and media": {
			publish.Draft{Text: "x", Poll: &publish.Poll{Options: []string{"a", "b"}}, Media: []parvis.Media{pixel(t)}},
			parvis.ErrInvalid, "validation_failed", "poll",
		},
		"answer":    {publish.Draft{Text: "x", ReplyTo: parvis.Ref{Network: "fake", Kind: parvis.KindPost, ID: "p9"}}, parvis.ErrNotFound, "not_found", ""},
		"quote":     {publish.Draft{Text: "x", Quote: parvis.Ref{Network: "fake", Kind: parvis.KindPost, ID: "p9"}}, parvis.ErrNotFound, "not_found", ""},
		"place":     {publish.Draft{Text: "x", Place: parvis.Place{Ref: parvis.Ref{Network: "fake", Kind: parvis.KindPlace, ID: "c9"}}}, parvis.ErrNotFound, "not_found", ""},
		"too soon":  {publish.Draft{Text: "x", At: time.Now().Add(time.Minute)}, parvis.ErrInvalid, "bad_time", ""},
		"past":      {publish.Draft{Text: "x", At: time.Now().Add(-time.Minute)}, parvis.ErrInvalid, "bad_time", ""},
		"too late":  {publish.Draft{Text: "x", At: time.Now().AddDate(2, 0, 0)}, parvis.ErrInvalid, "bad_time", ""},
		"no option": {publish.Draft{Text: "x", Poll: &publish.Poll{Options: []string{"a", strings.Repeat("b", 51)}}}, parvis.ErrInvalid, "validation_failed", "poll.options[1]"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			town := fake.New(fake.Options{})
			p, err := town.Join("acme").Publish(t.Context(), c.draft)
			wantErr(t, err, c.code, c.vendor)
			assert.Zero(t, p)
			problems, _ := errors.AsType[publish.Problems](err)
			if c.field != "" {
				require.Len(t, problems, 1)
				assert.Equal(t, c.field, problems[0].Field)
			}
			assert.Equal(t, 0, town.Count(""), "nothing was posted")
		})
	}
}

func TestReplies(t *testing.T) {
	t.Parallel()
	town := fake.New(fake.Options{})
	acme, ana := town.Join("acme"), town.Join("ana")
	room := town.AddPlace("atelier", "channel")
	root := post(t, acme, publish.Draft{Text: "root", Place: room})
	first := answer(t, ana, root.Ref, "first")
	second := answer(t, acme, first.Ref, "second")
	assert.Equal(t, root.Ref, first.ReplyTo)
	assert.Equal(t, room.Ref, first.Place.Ref, "answers are where the post is")
	events := all(t, ana.Listen(t.Context(), listen.Query{Kinds: listen.Reply}))
	require.Len(t, events, 2)
	assert.Equal(t, []string{"reply: first", "reply: second"}, brief(events))
	assert.Equal(t, first.Ref, events[1].Parent)
	assert.Equal(t, root.Ref, events[1].Root)
	assert.Equal(t, second.Ref, events[1].Ref)
}

func TestThread(t *testing.T) {
	t.Parallel()
	town := fake.New(fake.Options{})
	acme, ana := town.Join("acme"), town.Join("ana")
	town.Follow(ana, acme)
	posts, err := publish.Thread(t.Context(), acme, []publish.Draft{{Text: "one"}, {Text: "two"}, {Text: "three"}})
	require.NoError(t, err)
	require.Len(t, posts, 3)
	assert.Equal(t, posts[1].Ref, posts[2].ReplyTo)
	assert.Equal(t, []string{"post: one", "post: two", "post: three"}, brief(hear(t, ana, listen.Query{Kinds: listen.Post})),
		"followers hear a thread")
	answer(t, acme, say(t, town.Join("bob"), "hi").Ref, "hi bob")
	assert.Len(t, hear(t, ana, listen.Query{Kinds: listen.Post}), 3, "and no answers to others")
}

func TestVisibility(t *testing.T) {
	t.Parallel()
	town := fake.New(fake.Options{})
	acme, ana, bob, eve := town.Join("acme"), town.Join("ana"), town.Join("bob"), town.Join("eve")
	mod := town.Add(fake.Member{Handle: "mod", Moderator: true})
	town.Follow(ana, acme)
	for v, seers := range map[publish.Visibility]string{
		publish.Public: "ana bob eve mod", publish.Unlisted: "ana bob eve mod", publish.Followers: "ana eve", publish.Direct: "eve", publish.Private: "",
	} {
		p := post(t, acme, publish.Draft{Text: "for @eve", Visibility: v})
		var got []string
		for _, a := range []*fake.Account{ana, bob, eve, mod} {
			if _, err := publish.Get(t.Context(), a, p.Ref); err == nil {
				got = append(got, a.Account().Handle)
			} else {
				require.ErrorIs(t, err, parvis.ErrNotFound)
			}
		}
		assert.Equal(t, seers, strings.Join(got, " "), v)
		own, err := publish.Get(t.Context(), acme, p.Ref)
		require.NoError(t, err)
		assert.Equal(t, v, own.Visibility)
	}
}

func TestIdempotencyKey(t *testing.T) {
	t.Parallel()
	c := newClock()
	town := fake.New(fake.Options{Now: c.Now})
	acme, ana := town.Join("acme"), town.Join("ana")
	d := publish.Draft{Text: "once", Key: "k"}
	first := post(t, acme, d)
	c.forward(59 * time.Minute)
	assert.Equal(t, first.Ref, post(t, acme, d).Ref)
	assert.NotEqual(t, first.Ref, post(t, ana, d).Ref, "keys are each account's own")
	assert.Equal(t, 2, town.Count("once"))
	require.NoError(t, publish.Delete(t.Context(), acme, first.Ref))
	_, err := publish.To(t.Context(), acme, d)
	wantErr(t, err, parvis.ErrDuplicate, "key_used")
	c.forward(time.Minute)
	assert.NotEqual(t, first.Ref, post(t, acme, d).Ref, "after an hour the key is forgotten")
}

func TestReconcile(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		key     string
		wait    time.Duration
		before  string // posted before the attempt
		taken   bool
		deleted bool
		edited  bool
		want    parvis.Code
	}{
		"edited, by key":     {key: "k", taken: true, edited: true},
		"edited, by text":    {key: "k", wait: 2 * time.Hour, taken: true, edited: true, want: parvis.ErrUnknownOutcome},
		"by key":             {key: "k", taken: true},
		"by key, not there":  {key: "k", before: "Bonjour", want: parvis.ErrNotFound},
		"by text":            {key: "k", wait: 2 * time.Hour, taken: true},
		"by text, not there": {key: "k", wait: 2 * time.Hour, want: parvis.ErrNotFound},
		"by text, but older": {key: "k", wait: 2 * time.Hour, before: "Bonjour", want: parvis.ErrNotFound},
		"without key":        {taken: true},
		"deleted, by key":    {key: "k", taken: true, deleted: true, want: parvis.ErrConflict},
		"deleted, by text":   {key: "k", wait: 2 * time.Hour, taken: true, deleted: true, want: parvis.ErrConflict},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clk := newClock()
			town := fake.New(fake.Options{Now: clk.Now})
			acme := town.Join("acme")
			if c.before != "" {
				say(t, acme, c.before)
				clk.forward(10 * time.Minute)
			}
			attempt := publish.Attempt{Account: acme.Account(), Started: clk.now, Draft: publish.Draft{Text: "Bonjour", Key: c.key}}
			if c.taken {
				town.Inject(fake.Fault{Kind: fake.CutAfter, Op: "publish"})
				_, err := acme.Publish(t.Context(), attempt.Draft)
				require.ErrorIs(t, err, parvis.ErrUnknownOutcome)
			}
			if c.deleted {
				require.NoError(t, acme.Delete(t.Context(), parvis.Ref{Kind: parvis.KindPost, ID: "p1"}))
			}
			text := "Bonjour"
			if c.edited {
				text = "Bonsoir"
				_, err := acme.Edit(t.Context(), parvis.Ref{Kind: parvis.KindPost, ID: "p1"}, publish.Draft{Text: text})
				require.NoError(t, err)
			}
			clk.forward(c.wait)
			p, err := publish.Reconcile(t.Context(), acme, attempt)
			if c.want != "" {
				require.ErrorIs(t, err, c.want)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, text, p.Text.Plain)
			assert.Equal(t, "p1", p.Ref.ID)
		})
	}
}

func TestMessages(t *testing.T) {
	t.Parallel()
	town := fake.New(fake.Options{})
	acme, ana, bob := town.Add(fake.Member{Handle: "acme", Client: "c"}), town.Join("ana"), town.Join("bob")
	ref := town.Message(ana, acme, "Une question")
	assert.Equal(t, parvis.Ref{Client: "c", Network: "fake", Kind: parvis.KindMessage, ID: "m1"}, ref)
	events := hear(t, acme, listen.Query{})
	require.Len(t, events, 1)
	assert.Equal(t, listen.Message, events[0].Kind)
	assert.Equal(t, ref, events[0].Ref)
	assert.Equal(t, "direct", events[0].Visibility)
	back := answer(t, acme, ref, "Oui ?")
	assert.Equal(t, parvis.KindMessage, back.Ref.Kind)
	got := hear(t, ana, listen.Query{})
	require.Equal(t, []string{"message: Oui ?"}, brief(got))
	assert.Equal(t, "m1", got[0].Parent.ID)
	answer(t, ana, parvis.Ref{Network: "fake", Kind: parvis.KindMessage, ID: "m1"}, "et encore")
	assert.Len(t, hear(t, acme, listen.Query{}), 2, "an answer to one's own message goes to the other")
	assert.Empty(t, hear(t, bob, listen.Query{}))
	_, err := publish.Get(t.Context(), bob, parvis.Ref{Network: "fake", Kind: parvis.KindMessage, ID: "m1"})
	require.ErrorIs(t, err, parvis.ErrNotFound)
	assert.Empty(t, town.Posts())
	require.NoError(t, publish.Delete(t.Context(), acme, back.Ref))
	assert.Equal(t, []string{"delete"}, brief(hear(t, ana, listen.Query{Kinds: listen.Message | listen.Delete})),
		"what is gone is not delivered any more, but that it is gone")
}
