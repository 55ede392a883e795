package fake_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/listen"
	"github.com/parvis-go/parvis/moderate"
	"github.com/parvis-go/parvis/providers"
	"github.com/parvis-go/parvis/providers/fake"
	"github.com/parvis-go/parvis/publish"
)

func TestAccounts(t *testing.T) {
	t.Parallel()
	since := time.Date(2024, time.March, 1, 9, 0, 0, 0, time.UTC)
	town := fake.New(fake.Options{Host: "town.example"})
	acme := town.Add(fake.Member{Handle: "acme", Name: "Acme & Co", Client: "acme-sa", Followers: 240, Since: since})
	ana := town.Join("ana")

	assert.Equal(t, parvis.Account{Client: "acme-sa", Network: "fake", Host: "town.example", ID: "u1", Handle: "acme", Name: "Acme & Co"}, acme.Account())
	assert.Equal(t, parvis.Account{Network: "fake", Host: "town.example", ID: "u2", Handle: "ana", Name: "ana"}, ana.Account())

	p := say(t, acme, "Bonjour")
	assert.Equal(t, parvis.Ref{Client: "acme-sa", Network: "fake", Host: "town.example", Kind: parvis.KindPost, ID: "p1"}, p.Ref)
	assert.Equal(t, "https://town.example/p1", p.URL)
	town.Follow(ana, acme)
	seen, err := ana.Get(t.Context(), ana.Account().Ref())
	require.ErrorIs(t, err, parvis.ErrNotFound, "a person is no post: %v", seen)
	got := hear(t, ana, listen.Query{Kinds: listen.Post})
	assert.Empty(t, got, "what was said before one follows is not heard")
	seen, err = ana.Get(t.Context(), parvis.Ref{Network: "fake", Host: "town.example", Kind: parvis.KindPost, ID: "p1"})
	require.NoError(t, err)
	assert.Empty(t, seen.Ref.Client, "references carry the client of the account that sees them")
	assert.Equal(t, 241, seen.Author.Followers)
	assert.Equal(t, since, seen.Author.Since)
	assert.Equal(t, "Acme & Co", seen.Author.Name)
}

// TestSamePerson shows that a handle that is taken gives another account of the person.
func TestSamePerson(t *testing.T) {
	t.Parallel()
	town := fake.New(fake.Options{})
	one := town.Add(fake.Member{Handle: "acme", Client: "one", Moderator: true})
	two := town.Add(fake.Member{Handle: "acme", Client: "two"})
	assert.Equal(t, one.Account().ID, two.Account().ID)
	p := say(t, one, "Bonjour")
	err := publish.Delete(t.Context(), two, p.Ref)
	require.ErrorIs(t, err, parvis.ErrForeignClient)
	mine := p.Ref
	mine.Client = "two"
	require.NoError(t, publish.Delete(t.Context(), two, mine))
}

func TestPostsAndCount(t *testing.T) {
	t.Parallel()
	town := fake.New(fake.Options{})
	acme, ana := town.Join("acme"), town.Join("ana")
	first := say(t, acme, "one apple")
	answer(t, ana, first.Ref, "two apples")
	post(t, acme, publish.Draft{Text: "secret apple", Visibility: publish.Private})
	post(t, acme, publish.Draft{Text: "unlisted apple", Visibility: publish.Unlisted})
	later := post(t, acme, publish.Draft{Text: "later apple", At: time.Now().Add(time.Hour)})
	gone := say(t, acme, "gone apple")
	require.NoError(t, publish.Delete(t.Context(), acme, gone.Ref))
	trashed := say(t, acme, "trashed apple")
	require.NoError(t, publish.Trash(t.Context(), acme, trashed.Ref))
	town.Message(acme, ana, "an apple for you")

	assert.Equal(t, []string{"one apple", "two apples", "unlisted apple"}, texts(town))
	assert.Equal(t, 6, town.Count("apple"), "all but the deleted one and the message")
	assert.Equal(t, 0, town.Count("pear"))
	assert.Equal(t, publish.Scheduled, later.State)
}

// TestDeterministic shows that the same calls give the same network.
func TestDeterministic(t *testing.T) {
	t.Parallel()
	run := func() []string {
		c := newClock()
		c.now = time.Date(2026, time.May, 4, 10, 0, 0, 0, time.UTC)
		town := fake.New(fake.Options{Now: c.Now})
		acme, ana := town.Join("acme"), town.Join("ana")
		town.Follow(ana, acme)
		p := say(t, acme, "Bonjour @ana #salut")
		answer(t, ana, p.Ref, "Bonjour")
		require.NoError(t, publish.React(t.Context(), ana, p.Ref, publish.Like))
		_, err := moderate.Block(t.Context(), acme, ana.Account().Ref(), moderate.Reason{})
		require.NoError(t, err)
		var raw []string
		for _, a := range []*fake.Account{acme, ana} {
			for _, ev := range all(t, a.Listen(t.Context(), listen.Query{})) {
				raw = append(raw, ev.ID+" "+string(ev.Cursor)+" "+string(ev.Raw))
			}
		}
		return raw
	}
	first := run()
	assert.NotEmpty(t, first)
	assert.Equal(t, first, run())
}

func TestManifest(t *testing.T) {
	t.Parallel()
	m := fake.Manifest()
	assert.Equal(t, parvis.Network("fake"), m.Network)
	assert.Empty(t, providers.Disagreements(m, (*fake.Account)(nil)))
	assert.Equal(t, providers.Powers(), providers.Describe((*fake.Account)(nil)), "it has every power")

	town := fake.New(fake.Options{})
	sup, err := moderate.SupportOf(t.Context(), town.Add(fake.Member{Handle: "mod", Moderator: true}), parvis.Place{})
	require.NoError(t, err)
	actions := map[string][]parvis.Kind{}
	for _, a := range sup.Actions {
		actions[string(a.Do)] = append(actions[string(a.Do)], a.On...)
	}
	assert.Equal(t, m.Actions, actions)
	for _, do := range moderate.Dos() {
		assert.Contains(t, actions, string(do), "the whole vocabulary is there")
	}
}

// TestConcurrent has everybody do everything at the same time; the race detector watches.
func TestConcurrent(t *testing.T) {
	t.Parallel()
	const people, rounds = 8, 8
	town := fake.New(fake.Options{HoldReplies: true})
	mod := town.Add(fake.Member{Handle: "mod", Moderator: true})
	root := say(t, mod, "root")
	var wg sync.WaitGroup
	for i := range people {
		a := town.Join(fmt.Sprintf("p%d", i))
		wg.Go(func() {
			for j := range rounds {
				busy(t, town, mod, a, root.Ref, fmt.Sprintf("text %d of %d", j, i))
			}
		})
	}
	wg.Wait()
	assert.Equal(t, people*rounds, town.Count("text "))
	assert.Len(t, town.Posts(), people*rounds+1, "every answer was approved")
	assert.Len(t, all(t, moderate.PendingIn(t.Context(), mod, parvis.Place{})), people*rounds, "what is left are the reports")
}

// busy is one round of a person's and a moderator's day.
func busy(t *testing.T, town *fake.Network, mod, a *fake.Account, root parvis.Ref, text string) {
	ctx := t.Context()
	p, err := publish.To(ctx, a, publish.Draft{Text: text, ReplyTo: root})
	assert.NoError(t, err)
	_, err = moderate.Approve(ctx, mod, p.Ref, moderate.Reason{})
	assert.NoError(t, err)
	assert.NoError(t, publish.React(ctx, a, root, publish.Like))
	_, err = publish.Edit(ctx, a, p.Ref, publish.Draft{Text: text + "!"})
	assert.NoError(t, err)
	town.Follow(a, mod)
	town.Report(a, root, "note")
	town.Message(a, mod, "hello")
	for _, err := range listen.To(ctx, mod, listen.Query{}) {
		assert.NoError(t, err)
	}
	for _, err := range listen.Search(ctx, a, listen.Query{Text: text}) {
		assert.NoError(t, err)
	}
	_, err = publish.MetricsOf(ctx, a, p.Ref)
	assert.NoError(t, err)
	_ = town.Posts()
	_ = town.Calls()
}
