package fake_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/listen"
	"github.com/parvis-go/parvis/moderate"
	"github.com/parvis-go/parvis/providers/fake"
	"github.com/parvis-go/parvis/publish"
)

func past(t *testing.T, a *fake.Account, q listen.Query) []listen.Event {
	t.Helper()
	return all(t, listen.Past(t.Context(), a, q))
}

func TestHistory(t *testing.T) {
	t.Parallel()
	c := newClock()
	town := fake.New(fake.Options{Now: c.Now})
	acme, ana := town.Join("acme"), town.Join("ana")
	room := town.AddPlace("atelier", "channel")
	root := post(t, acme, publish.Draft{Text: "root", Place: room})
	var said []publish.Post
	for _, text := range []string{"one", "two", "three", "four"} {
		c.forward(time.Minute)
		said = append(said, answer(t, ana, root.Ref, text))
	}
	c.forward(time.Minute)
	_, err := publish.Edit(t.Context(), ana, said[0].Ref, publish.Draft{Text: "ONE"})
	require.NoError(t, err)
	require.NoError(t, publish.Delete(t.Context(), ana, said[1].Ref))
	require.NoError(t, publish.React(t.Context(), ana, root.Ref, publish.Like))
	town.Follow(ana, acme)

	got := past(t, acme, listen.Query{})
	assert.Equal(t, []string{"follow", "reaction like: root", "reply: four", "reply: three", "reply: ONE"}, reorder(brief(got)))
	for _, ev := range got {
		assert.Equal(t, "history", ev.Source)
	}
	heard := hear(t, acme, listen.Query{Kinds: listen.Edit})
	assert.Equal(t, heard[0].ID, got[len(got)-1].ID, "the same version has the same ID whichever way it comes")
	assert.Equal(t, []string{"reply: four", "reply: three"}, brief(past(t, acme, listen.Query{Kinds: listen.Reply, After: said[2].Created})))
	cursor := hear(t, acme, listen.Query{})[1].Cursor
	assert.Equal(t, []string{"reply: four", "reply: ONE"}, brief(past(t, acme, listen.Query{Kinds: listen.Reply, Since: cursor})),
		"what happened after the cursor")
	assert.Equal(t, []string{"reply: ONE", "reply: three", "reply: four"}, brief(past(t, acme, listen.Query{Thread: root.Ref})),
		"a conversation in its order")
	assert.Equal(t, []string{"reply: four", "reply: three", "reply: ONE", "post: root"},
		brief(past(t, town.Join("bob"), listen.Query{Place: room})), "a place, for a stranger")
	assert.Equal(t, []string{"post: root"}, brief(past(t, acme, listen.Query{Kinds: listen.Post, Own: true})))
}

// reorder puts the two events of one instant into one order.
func reorder(s []string) []string {
	if len(s) > 1 && s[1] == "follow" {
		s[0], s[1] = s[1], s[0]
	}
	return s
}

func TestSearch(t *testing.T) {
	t.Parallel()
	c := newClock()
	town := fake.New(fake.Options{Now: c.Now})
	acme, ana, mod := town.Join("acme"), town.Join("ana"), town.Add(fake.Member{Handle: "mod", Moderator: true})
	room := town.AddPlace("atelier", "channel")
	first := say(t, ana, "Le PARVIS est grand #ville")
	c.forward(time.Minute)
	answer(t, ana, first.Ref, "grand parvis, @acme")
	post(t, ana, publish.Draft{Text: "parvis caché", Visibility: publish.Followers})
	post(t, ana, publish.Draft{Text: "tagged", Tags: []string{"Ville"}, Place: room})
	hidden := say(t, ana, "parvis retiré")
	_, err := moderate.Remove(t.Context(), mod, hidden.Ref, moderate.Because("x"))
	require.NoError(t, err)
	gone := say(t, ana, "parvis parti")
	require.NoError(t, publish.Delete(t.Context(), ana, gone.Ref))
	say(t, acme, "mon parvis")

	search := func(q listen.Query) []string { return brief(all(t, listen.Search(t.Context(), acme, q))) }
	assert.Equal(t, []string{"mention: grand parvis, @acme", "post: Le PARVIS est grand #ville"}, search(listen.Query{Text: "parvis grand"}))
	assert.Equal(t, []string{"post: tagged", "post: Le PARVIS est grand #ville"}, search(listen.Query{Tag: "ville"}))
	assert.Equal(t, []string{"post: tagged"}, search(listen.Query{Tag: "ville", Place: room}))
	assert.Equal(t, []string{"mention: grand parvis, @acme"}, search(listen.Query{Text: "parvis", After: c.now}))
	assert.Equal(t, []string{"mention: grand parvis, @acme"}, search(listen.Query{Text: "parvis", Kinds: listen.Mention}))
	assert.Equal(t, []string{"mention: grand parvis, @acme"}, search(listen.Query{Text: "parvis", Thread: first.Ref}))
	assert.Len(t, search(listen.Query{Text: "parvis", Own: true}), 3)
	assert.Empty(t, search(listen.Query{Text: "parvis nowhere"}))

	ev := all(t, listen.Search(t.Context(), acme, listen.Query{Text: "grand @acme"}))[0]
	assert.Equal(t, hear(t, acme, listen.Query{})[0].ID, ev.ID)
	assert.Equal(t, "search", ev.Source)
	assert.Equal(t, first.Ref, ev.Parent)
	_, err = last(acme.Search(t.Context(), listen.Query{Text: "x", Thread: parvis.Ref{Kind: parvis.KindPost, ID: "p99"}}))
	wantErr(t, err, parvis.ErrNotFound, "not_found")
}

func TestMembers(t *testing.T) {
	t.Parallel()
	town := fake.New(fake.Options{})
	acme, ana, bob := town.Join("acme"), town.Join("ana"), town.Add(fake.Member{Handle: "bob", Bot: true})
	room := town.AddPlace("atelier", "channel")
	town.Follow(bob, acme)
	town.Follow(ana, acme)
	town.Follow(acme, acme)
	names := func(place parvis.Place) (out []string) {
		for _, p := range all(t, listen.MembersOf(t.Context(), acme, place)) {
			out = append(out, p.Handle)
		}
		return out
	}
	assert.Equal(t, []string{"ana", "bob"}, names(parvis.Place{}))
	assert.True(t, all(t, listen.MembersOf(t.Context(), acme, parvis.Place{}))[1].Bot)
	town.Unfollow(bob, acme)
	assert.Equal(t, []string{"ana"}, names(parvis.Place{}))
	assert.Empty(t, names(room))
	post(t, bob, publish.Draft{Text: "hi", Place: room})
	assert.Equal(t, []string{"bob"}, names(room))
	_, err := last(acme.Members(t.Context(), parvis.Place{Ref: parvis.Ref{Kind: parvis.KindPlace, ID: "c9"}}))
	wantErr(t, err, parvis.ErrNotFound, "not_found")
}
