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

func TestEdit(t *testing.T) {
	t.Parallel()
	c := newClock()
	town := fake.New(fake.Options{Now: c.Now})
	acme, ana, bob := town.Join("acme"), town.Join("ana"), town.Join("bob")
	town.Follow(ana, acme)
	p := post(t, acme, publish.Draft{Text: "Samdi", Lang: "fr", Media: []parvis.Media{pixel(t).WithAlt("un four")}})
	c.forward(time.Minute)
	media := p.Media[0].WithAlt("un grand four")
	edited, err := publish.Edit(t.Context(), acme, p.Ref, publish.Draft{Text: "Samedi @bob", Media: []parvis.Media{media}})
	require.NoError(t, err)
	assert.Equal(t, "Samedi @bob", edited.Text.Plain)
	assert.Empty(t, edited.Lang, "the whole content is replaced")
	assert.Equal(t, p.Media[0].Ref, edited.Media[0].Ref)
	assert.Equal(t, "un grand four", edited.Media[0].Alt)
	assert.Equal(t, p.Created, edited.Created)
	assert.Equal(t, c.now, edited.Edited)
	assert.Equal(t, publish.Published, edited.State)

	events := hear(t, ana, listen.Query{})
	require.Equal(t, []string{"post: Samdi", "edit: Samedi @bob"}, brief(events))
	assert.Equal(t, []string{"p1", "p1/v2"}, []string{events[0].ID, events[1].ID})
	assert.Equal(t, events[0].Ref, events[1].Ref)
	assert.Equal(t, c.now, events[1].Edited)
	assert.Equal(t, []string{"mention: Samedi @bob"}, brief(hear(t, bob, listen.Query{})), "for bob it is new")
}

func TestEditRefusals(t *testing.T) {
	t.Parallel()
	town := fake.New(fake.Options{})
	acme, ana := town.Join("acme"), town.Join("ana")
	other := say(t, ana, "hers")
	room := town.AddPlace("atelier", "channel")
	poll := &publish.Poll{Options: []string{"a", "b"}}
	p := post(t, acme, publish.Draft{Text: "mine", Poll: poll})
	later := post(t, acme, publish.Draft{Text: "later", At: time.Now().Add(time.Hour)})
	for name, d := range map[string]publish.Draft{
		"poll":       {Text: "x", Poll: &publish.Poll{Options: []string{"a", "c"}}},
		"place":      {Text: "x", Place: room},
		"visibility": {Text: "x", Visibility: publish.Private},
		"reply":      {Text: "x", ReplyTo: other.Ref},
		"quote":      {Text: "x", Quote: other.Ref},
	} {
		_, err := publish.Edit(t.Context(), acme, p.Ref, d)
		e := wantErr(t, err, parvis.ErrUnsupported, "immutable")
		assert.Contains(t, e.Message, name)
	}
	_, err := publish.Edit(t.Context(), acme, later.Ref, publish.Draft{Text: "x", At: time.Now().Add(2 * time.Hour)})
	wantErr(t, err, parvis.ErrUnsupported, "immutable")
	_, err = publish.Edit(t.Context(), acme, later.Ref, publish.Draft{Text: "x", At: later.At})
	require.NoError(t, err, "what does not change can be said again")
	_, err = publish.Edit(t.Context(), acme, p.Ref, publish.Draft{Text: "x", Poll: &publish.Poll{Options: []string{"a", "b"}}, Visibility: publish.Public})
	require.NoError(t, err)
	_, err = acme.Edit(t.Context(), p.Ref, publish.Draft{})
	wantErr(t, err, parvis.ErrInvalid, "validation_failed")
	_, err = publish.Edit(t.Context(), acme, other.Ref, publish.Draft{Text: "x"})
	wantErr(t, err, parvis.ErrPermission, "not_yours")
	_, err = publish.Edit(t.Context(), acme, parvis.Ref{Network: "fake", Kind: parvis.KindPost, ID: "p99"}, publish.Draft{Text: "x"})
	wantErr(t, err, parvis.ErrNotFound, "not_found")
	require.NoError(t, publish.Trash(t.Context(), acme, p.Ref))
	_, err = publish.Edit(t.Context(), acme, p.Ref, publish.Draft{Text: "x"})
	wantErr(t, err, parvis.ErrConflict, "wrong_state")
}

func TestEditWindow(t *testing.T) {
	t.Parallel()
	c := newClock()
	town := fake.New(fake.Options{Now: c.Now, EditWindow: time.Hour})
	acme := town.Join("acme")
	sup, err := publish.SupportOf(t.Context(), acme, parvis.Place{})
	require.NoError(t, err)
	assert.Equal(t, "partly: within 1h0m0s of publication", sup.Edit.String())
	p := say(t, acme, "one")
	c.forward(time.Hour)
	_, err = publish.Edit(t.Context(), acme, p.Ref, publish.Draft{Text: "two"})
	require.NoError(t, err)
	c.forward(time.Second)
	_, err = publish.Edit(t.Context(), acme, p.Ref, publish.Draft{Text: "three"})
	wantErr(t, err, parvis.ErrTooLate, "edit_window_closed")
	assert.Equal(t, []string{"two"}, texts(town))
}

func TestDelete(t *testing.T) {
	t.Parallel()
	town := fake.New(fake.Options{})
	acme, ana := town.Join("acme"), town.Join("ana")
	town.Follow(ana, acme)
	p := say(t, acme, "oops")
	wantErr(t, publish.Delete(t.Context(), ana, p.Ref), parvis.ErrPermission, "not_yours")
	require.NoError(t, publish.Delete(t.Context(), acme, p.Ref))
	wantErr(t, publish.Delete(t.Context(), acme, p.Ref), parvis.ErrNotFound, "not_found")
	_, err := publish.Get(t.Context(), acme, p.Ref)
	wantErr(t, err, parvis.ErrNotFound, "not_found")
	assert.Empty(t, town.Posts())
	events := hear(t, ana, listen.Query{})
	require.Equal(t, []string{"delete"}, brief(events))
	assert.Equal(t, p.Ref, events[0].Ref)
	assert.NotContains(t, string(events[0].Raw), "oops")
	assert.Equal(t, []string{"follow"}, brief(hear(t, acme, listen.Query{})), "what one does oneself is no news")
	assert.Equal(t, []string{"follow", "delete"}, brief(hear(t, acme, listen.Query{Own: true})))
}

func TestTrash(t *testing.T) {
	t.Parallel()
	town := fake.New(fake.Options{})
	acme, ana := town.Join("acme"), town.Join("ana")
	town.Follow(ana, acme)
	p := say(t, acme, "perhaps")
	_, err := publish.Restore(t.Context(), acme, p.Ref)
	wantErr(t, err, parvis.ErrConflict, "wrong_state")
	require.NoError(t, publish.Trash(t.Context(), acme, p.Ref))
	wantErr(t, publish.Trash(t.Context(), acme, p.Ref), parvis.ErrConflict, "wrong_state")
	assert.Empty(t, town.Posts())
	_, err = publish.Get(t.Context(), acme, p.Ref)
	require.ErrorIs(t, err, parvis.ErrNotFound)
	back, err := publish.Restore(t.Context(), acme, p.Ref)
	require.NoError(t, err)
	assert.Equal(t, publish.Published, back.State)
	assert.Equal(t, []string{"perhaps"}, texts(town))
	events := hear(t, ana, listen.Query{})
	assert.Equal(t, []string{"post: perhaps", "delete", "edit: perhaps"}, brief(events))
	assert.Equal(t, []string{"p1", "p1/v2", "p1/v3"}, []string{events[0].ID, events[1].ID, events[2].ID})
}

// TestRestoreStates shows that what comes back is in the state that it had.
func TestRestoreStates(t *testing.T) {
	t.Parallel()
	c := newClock()
	town := fake.New(fake.Options{Now: c.Now, HoldReplies: true})
	acme, ana := town.Join("acme"), town.Join("ana")
	root := say(t, acme, "root")
	held := answer(t, ana, root.Ref, "held")
	later := post(t, ana, publish.Draft{Text: "later", At: c.now.Add(time.Hour)})
	missed := post(t, ana, publish.Draft{Text: "missed", At: c.now.Add(time.Hour)})
	for _, p := range []publish.Post{held, later, missed} {
		require.NoError(t, publish.Trash(t.Context(), ana, p.Ref))
	}
	for _, p := range []publish.Post{held, later} {
		back, err := publish.Restore(t.Context(), ana, p.Ref)
		require.NoError(t, err)
		assert.Equal(t, p.State, back.State)
	}
	c.forward(2 * time.Hour)
	assert.Equal(t, []string{"root", "later"}, texts(town), "what waits in the trash does not go out")
	back, err := publish.Restore(t.Context(), ana, missed.Ref)
	require.NoError(t, err)
	assert.Equal(t, publish.Published, back.State, "its time is past, so it goes out now")
}

func TestReactions(t *testing.T) {
	t.Parallel()
	town := fake.New(fake.Options{})
	acme, ana := town.Join("acme"), town.Join("ana")
	p := say(t, acme, "Bonjour")
	ctx := t.Context()
	for range 2 {
		require.NoError(t, publish.React(ctx, ana, p.Ref, publish.Like), "doing it twice is no error")
	}
	require.NoError(t, publish.React(ctx, ana, p.Ref, publish.Repost))
	require.NoError(t, publish.React(ctx, ana, p.Ref, "🎉"))
	require.NoError(t, publish.React(ctx, ana, p.Ref, publish.Bookmark))
	require.NoError(t, publish.Unreact(ctx, ana, p.Ref, "🎉"))
	require.NoError(t, publish.Unreact(ctx, ana, p.Ref, "🎉"))
	events := hear(t, acme, listen.Query{})
	assert.Equal(t, []string{"reaction like: Bonjour", "reaction repost: Bonjour", "reaction 🎉: Bonjour"}, brief(events), "bookmarks are private")
	assert.Equal(t, p.Ref, events[0].Ref)
	assert.Equal(t, "ana", events[0].Author.Handle)
	got, err := publish.Get(ctx, acme, p.Ref)
	require.NoError(t, err)
	assert.Contains(t, string(got.Raw), `"reactions":{"bookmark":1,"like":1,"repost":1}`)
	wantErr(t, publish.React(ctx, ana, p.Ref, " "), parvis.ErrInvalid, "bad_reaction")
	gone := parvis.Ref{Network: "fake", Kind: parvis.KindPost, ID: "p9"}
	wantErr(t, publish.React(ctx, ana, gone, publish.Like), parvis.ErrNotFound, "not_found")
	wantErr(t, publish.Unreact(ctx, ana, gone, publish.Like), parvis.ErrNotFound, "not_found")

	require.NoError(t, publish.Unreact(ctx, ana, p.Ref, publish.Like))
	require.NoError(t, publish.React(ctx, ana, p.Ref, publish.Like))
	again := hear(t, acme, listen.Query{})
	assert.Len(t, again, 4)
	assert.NotEqual(t, again[0].ID, again[3].ID, "another like is another event")
}

func TestReactionsThatAreListed(t *testing.T) {
	t.Parallel()
	town := fake.New(fake.Options{Limits: func(s *publish.Support) { s.Reactions = []publish.Reaction{publish.Like} }, HoldReplies: true})
	acme, ana := town.Join("acme"), town.Join("ana")
	p := say(t, acme, "Bonjour")
	require.NoError(t, publish.React(t.Context(), ana, p.Ref, publish.Like))
	require.ErrorIs(t, publish.React(t.Context(), ana, p.Ref, "🎉"), parvis.ErrUnsupported)
	wantErr(t, ana.React(t.Context(), p.Ref, "🎉"), parvis.ErrUnsupported, "unknown_reaction")
	held := answer(t, ana, p.Ref, "held")
	wantErr(t, acme.React(t.Context(), held.Ref, publish.Like), parvis.ErrConflict, "wrong_state")
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	town := fake.New(fake.Options{})
	acme, ana, bob := town.Join("acme"), town.Join("ana"), town.Join("bob")
	town.Follow(ana, acme)
	p := say(t, acme, "Bonjour")
	require.NoError(t, publish.React(t.Context(), ana, p.Ref, publish.Like))
	require.NoError(t, publish.React(t.Context(), bob, p.Ref, publish.Like))
	require.NoError(t, publish.React(t.Context(), bob, p.Ref, publish.Repost))
	gone := answer(t, ana, p.Ref, "gone")
	answer(t, ana, p.Ref, "stays")
	require.NoError(t, publish.Delete(t.Context(), ana, gone.Ref))
	post(t, bob, publish.Draft{Text: "voyez", Quote: p.Ref})
	hear(t, ana, listen.Query{})
	_, err := publish.Get(t.Context(), bob, p.Ref)
	require.NoError(t, err)
	_, err = publish.Get(t.Context(), acme, p.Ref)
	require.NoError(t, err)

	got, err := publish.MetricsOf(t.Context(), acme, p.Ref)
	require.NoError(t, err)
	figures := map[string]float64{}
	for _, m := range got {
		figures[m.Means] = m.Value
		assert.False(t, m.At.IsZero())
	}
	assert.Equal(t, map[string]float64{"likes": 2, "reposts": 1, "replies": 1, "quotes": 1, "views": 2}, figures)
	_, err = publish.MetricsOf(t.Context(), ana, p.Ref)
	wantErr(t, err, parvis.ErrPermission, "not_yours")
}

// TestBlocks shows what a block does to the two.
func TestBlocks(t *testing.T) {
	t.Parallel()
	town := fake.New(fake.Options{})
	acme, ana := town.Join("acme"), town.Join("ana")
	town.Follow(ana, acme)
	town.Follow(acme, ana)
	p := say(t, acme, "Bonjour")
	theirs := answer(t, ana, p.Ref, "rude")
	act, err := moderate.Block(t.Context(), acme, ana.Account().Ref(), moderate.Because("tone"))
	require.NoError(t, err)
	_, err = publish.Get(t.Context(), ana, p.Ref)
	require.ErrorIs(t, err, parvis.ErrNotFound)
	for a, to := range map[*fake.Account]parvis.Ref{ana: p.Ref, acme: theirs.Ref} {
		_, err = publish.To(t.Context(), a, publish.Draft{Text: "and", ReplyTo: to})
		wantErr(t, err, parvis.ErrPermission, "blocked")
	}
	wantErr(t, publish.React(t.Context(), acme, theirs.Ref, publish.Like), parvis.ErrPermission, "blocked")
	say(t, ana, "hey @acme")
	assert.Empty(t, hear(t, acme, listen.Query{Kinds: listen.Mention}))
	assert.Empty(t, all(t, listen.MembersOf(t.Context(), acme, parvis.Place{})), "a block ends following")
	_, err = moderate.Undo(t.Context(), acme, act)
	require.NoError(t, err)
	answer(t, ana, p.Ref, "sorry")
}
