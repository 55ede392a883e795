package fake_test

import (
	"encoding/json"
	"fmt"
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

// TestListenKinds has one thing of every kind happen.
func TestListenKinds(t *testing.T) {
	t.Parallel()
	town := fake.New(fake.Options{})
	acme := town.Add(fake.Member{Handle: "acme", Client: "c", Moderator: true})
	ana, bob := town.Join("ana"), town.Join("bob")
	town.Follow(acme, ana)
	p := say(t, acme, "root")
	said := say(t, ana, "a post")
	reply := answer(t, ana, p.Ref, "a reply")
	answer(t, bob, reply.Ref, "a reply below a reply")
	say(t, bob, "a mention of @acme")
	town.Message(bob, acme, "a message")
	require.NoError(t, publish.React(t.Context(), bob, parvis.Ref{Network: "fake", Kind: parvis.KindPost, ID: "p1"}, publish.Like))
	town.Follow(bob, acme)
	town.Follow(bob, acme)
	town.Report(bob, said.Ref, "a report")
	_, err := publish.Edit(t.Context(), ana, said.Ref, publish.Draft{Text: "an edit"})
	require.NoError(t, err)
	require.NoError(t, publish.Delete(t.Context(), ana, reply.Ref))
	say(t, bob, "nobody hears this")

	events := hear(t, acme, listen.Query{})
	assert.Equal(t, []string{
		"post: a post", "reply: a reply below a reply", "mention: a mention of @acme", "message: a message",
		"reaction like: root", "follow", "report: a report", "edit: an edit", "delete",
	}, brief(events))
	ids := map[string]bool{}
	for i, ev := range events {
		assert.Equal(t, acme.Account(), ev.Account)
		assert.NotEmpty(t, ev.ID)
		assert.False(t, ids[ev.ID], "every event has an ID of its own")
		ids[ev.ID] = true
		assert.Equal(t, "c", ev.Ref.Client)
		assert.Equal(t, "c", ev.Author.Ref.Client)
		assert.NotEmpty(t, ev.Cursor)
		assert.False(t, ev.Time.IsZero())
		assert.Equal(t, "poll", ev.Source)
		assert.True(t, json.Valid(ev.Raw))
		rest := hear(t, acme, listen.Query{Since: ev.Cursor})
		assert.Equal(t, brief(events[i+1:]), brief(rest), "a cursor leads to what is after it")
		kind := hear(t, acme, listen.Query{Kinds: ev.Kind})
		require.NotEmpty(t, kind)
		for _, k := range kind {
			assert.Equal(t, ev.Kind, k.Kind)
		}
	}
	assert.Equal(t, "r1", events[6].Ref.ID)
	assert.Equal(t, said.Ref.ID, events[6].Parent.ID, "a report is about its parent")
	assert.Equal(t, "bob", events[6].Author.Handle)
	assert.Equal(t, []string{"post: root"}, brief(hear(t, acme, listen.Query{Own: true})[:1]))
}

func TestListenToAPlace(t *testing.T) {
	t.Parallel()
	town := fake.New(fake.Options{})
	acme, ana, bob := town.Join("acme"), town.Join("ana"), town.Join("bob")
	room := town.AddPlace("atelier", "channel")
	p := post(t, ana, publish.Draft{Text: "in the room", Place: room})
	say(t, ana, "elsewhere")
	answer(t, bob, p.Ref, "answered")
	post(t, ana, publish.Draft{Text: "private", Place: room, Visibility: publish.Private})
	_, err := publish.Edit(t.Context(), ana, p.Ref, publish.Draft{Text: "still in the room"})
	require.NoError(t, err)
	events := hear(t, acme, listen.Query{Place: room})
	assert.Equal(t, []string{"post: in the room", "reply: answered", "edit: still in the room"}, brief(events))
	assert.Equal(t, "atelier", events[0].Place.Name)
	assert.Empty(t, hear(t, acme, listen.Query{}))
	_, err = last(listen.To(t.Context(), acme, listen.Query{Place: parvis.Place{Ref: parvis.Ref{Network: "fake", Kind: parvis.KindPlace, ID: "c9"}}}))
	wantCode(t, err, parvis.ErrNotFound)
}

func wantCode(t *testing.T, err error, code parvis.Code) {
	t.Helper()
	require.ErrorIs(t, err, code)
}

func TestListenToAThread(t *testing.T) {
	t.Parallel()
	town := fake.New(fake.Options{})
	acme, ana, bob := town.Join("acme"), town.Join("ana"), town.Join("bob")
	root := say(t, ana, "root")
	first := answer(t, bob, root.Ref, "first")
	answer(t, ana, first.Ref, "second")
	answer(t, bob, say(t, ana, "other").Ref, "not here")
	assert.Equal(t, []string{"reply: first", "reply: second"}, brief(hear(t, acme, listen.Query{Thread: root.Ref})))
	assert.Equal(t, []string{"reply: second"}, brief(hear(t, acme, listen.Query{Thread: first.Ref})))
	_, err := last(listen.To(t.Context(), acme, listen.Query{Thread: parvis.Ref{Network: "fake", Kind: parvis.KindPost, ID: "p99"}}))
	wantErr(t, err, parvis.ErrNotFound, "not_found")
}

func TestListenAfter(t *testing.T) {
	t.Parallel()
	c := newClock()
	town := fake.New(fake.Options{Now: c.Now})
	acme, ana := town.Join("acme"), town.Join("ana")
	say(t, ana, "old @acme")
	c.forward(time.Hour)
	say(t, ana, "new @acme")
	assert.Equal(t, []string{"mention: new @acme"}, brief(hear(t, acme, listen.Query{After: c.now})))
	assert.Equal(t, []string{"mention: new @acme"}, brief(all(t, acme.Listen(t.Context(), listen.Query{After: c.now}))))
}

func TestCursors(t *testing.T) {
	t.Parallel()
	town := fake.New(fake.Options{})
	acme, ana := town.Join("acme"), town.Join("ana")
	say(t, ana, "one @acme")
	for _, bad := range []listen.Cursor{"u2:1", "u1:2", "u1:-1", "u1:01", "u1:", "1", "u1:1 ", "u1:+1", "x"} {
		_, err := last(listen.To(t.Context(), acme, listen.Query{Since: bad}))
		wantErr(t, err, parvis.ErrInvalid, "bad_cursor")
		_, err = last(listen.Past(t.Context(), acme, listen.Query{Since: bad}))
		wantErr(t, err, parvis.ErrInvalid, "bad_cursor")
	}
	assert.Len(t, hear(t, acme, listen.Query{Since: "u1:0"}), 1)
	assert.Empty(t, hear(t, acme, listen.Query{Since: "u1:1"}))
}

// TestPages shows that long lists come in pages, each with a call, and that leaving the
// loop spares the rest.
func TestPages(t *testing.T) {
	t.Parallel()
	town := fake.New(fake.Options{})
	acme, ana := town.Join("acme"), town.Join("ana")
	const posts = 45
	for i := range posts {
		say(t, ana, fmt.Sprintf("%d @acme", i))
	}
	before := town.Calls()
	for name, seq := range map[string]func() int{
		"listen":  func() int { return len(hear(t, acme, listen.Query{})) },
		"history": func() int { return len(all(t, listen.Past(t.Context(), acme, listen.Query{}))) },
		"search":  func() int { return len(all(t, listen.Search(t.Context(), acme, listen.Query{Text: "acme"}))) },
	} {
		assert.Equal(t, posts, seq(), name)
		assert.Equal(t, 3, town.Calls()-before, name)
		before = town.Calls()
	}
	for range listen.To(t.Context(), acme, listen.Query{}) {
		break
	}
	for range listen.Past(t.Context(), acme, listen.Query{}) {
		break
	}
	assert.Equal(t, 2, town.Calls()-before)
}

func TestMutes(t *testing.T) {
	t.Parallel()
	c := newClock()
	town := fake.New(fake.Options{Now: c.Now})
	acme, ana, bob := town.Join("acme"), town.Join("ana"), town.Join("bob")
	root := say(t, acme, "root")
	said := func() []string {
		from := all(t, acme.Listen(t.Context(), listen.Query{Own: true}))
		answer(t, ana, root.Ref, "from ana")
		answer(t, bob, root.Ref, "from bob")
		say(t, bob, "@acme buy a Watch")
		say(t, bob, "@acme hello")
		return brief(hear(t, acme, listen.Query{Since: from[len(from)-1].Cursor}))
	}
	for name, m := range map[string]struct {
		on   parvis.Ref
		want []string
	}{
		"person":  {ana.Account().Ref(), []string{"reply: from bob", "mention: @acme buy a Watch", "mention: @acme hello"}},
		"thread":  {root.Ref, []string{"mention: @acme buy a Watch", "mention: @acme hello"}},
		"keyword": {parvis.Ref{Network: "fake", Kind: parvis.KindKeyword, ID: "WATCH"}, []string{"reply: from ana", "reply: from bob", "mention: @acme hello"}},
	} {
		act, err := moderate.Apply(t.Context(), acme, moderate.Action{Do: moderate.DoMute, On: m.on, Until: c.now.Add(time.Hour)})
		require.NoError(t, err, name)
		assert.Equal(t, m.want, said(), name)
		_, err = moderate.Undo(t.Context(), acme, act)
		require.NoError(t, err)
		assert.Len(t, said(), 4, name)
	}
	_, err := moderate.Apply(t.Context(), acme, moderate.Action{Do: moderate.DoMute, On: bob.Account().Ref(), Until: c.now.Add(time.Hour)})
	require.NoError(t, err)
	assert.Len(t, said(), 1)
	c.forward(time.Hour)
	assert.Len(t, said(), 4, "a mute ends by the clock")
}

func TestListenSupport(t *testing.T) {
	t.Parallel()
	town := fake.New(fake.Options{})
	sup, err := listen.SupportOf(t.Context(), town.Join("acme"), parvis.Place{})
	require.NoError(t, err)
	assert.False(t, sup.Kinds.Has(listen.Report))
	assert.Equal(t, listen.Push|listen.Webhook, sup.Delivery)
	_, err = last(listen.To(t.Context(), town.Join("acme"), listen.Query{Kinds: listen.Report}))
	require.ErrorIs(t, err, parvis.ErrUnsupported)
	sup, err = listen.SupportOf(t.Context(), town.Add(fake.Member{Handle: "mod", Moderator: true}), parvis.Place{})
	require.NoError(t, err)
	assert.True(t, sup.Kinds.Has(listen.Report))
	sup, err = listen.SupportOf(t.Context(), town.Add(fake.Member{Handle: "w", Scopes: []string{"write"}}), parvis.Place{})
	require.NoError(t, err)
	assert.Equal(t, []string{"read"}, sup.MissingScopes)
	assert.False(t, sup.History.OK())
	_, err = listen.SupportOf(t.Context(), town.Join("acme"), parvis.Place{Ref: parvis.Ref{Network: "fake", Kind: parvis.KindPlace, ID: "c1"}})
	require.ErrorIs(t, err, parvis.ErrNotFound)
}
