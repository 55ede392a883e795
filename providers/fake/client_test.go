package fake_test

import (
	"encoding/json"
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

// TestForeignReferences hands every door a reference of another client: it is refused,
// and the network is not called.
func TestForeignReferences(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	town := fake.New(fake.Options{})
	one := town.Add(fake.Member{Handle: "acme", Client: "one", Moderator: true})
	two := town.Add(fake.Member{Handle: "acme", Client: "two", Moderator: true})
	p := say(t, two, "of two")
	place, err := publish.CreatePlace(ctx, two, parvis.Place{Name: "of two"})
	require.NoError(t, err)
	act, err := moderate.Pin(ctx, two, p.Ref, moderate.Reason{})
	require.NoError(t, err)
	calls := town.Calls()

	for name, try := range map[string]func() error{
		"reply": func() error { _, err := publish.To(ctx, one, publish.Draft{Text: "x", ReplyTo: p.Ref}); return err },
		"quote": func() error { _, err := publish.To(ctx, one, publish.Draft{Text: "x", Quote: p.Ref}); return err },
		"place": func() error { _, err := publish.To(ctx, one, publish.Draft{Text: "x", Place: place}); return err },
		"media": func() error {
			m := parvis.Media{Ref: parvis.Ref{Client: "two", Network: "fake", Kind: parvis.KindMedia, ID: "f1"}}
			_, err := publish.To(ctx, one, publish.Draft{Text: "x", Media: []parvis.Media{m}})
			return err
		},
		"get":        func() error { _, err := publish.Get(ctx, one, p.Ref); return err },
		"edit":       func() error { _, err := publish.Edit(ctx, one, p.Ref, publish.Draft{Text: "x"}); return err },
		"delete":     func() error { return publish.Delete(ctx, one, p.Ref) },
		"trash":      func() error { return publish.Trash(ctx, one, p.Ref) },
		"restore":    func() error { _, err := publish.Restore(ctx, one, p.Ref); return err },
		"react":      func() error { return publish.React(ctx, one, p.Ref, publish.Like) },
		"unreact":    func() error { return publish.Unreact(ctx, one, p.Ref, publish.Like) },
		"metrics":    func() error { _, err := publish.MetricsOf(ctx, one, p.Ref); return err },
		"reschedule": func() error { _, err := publish.Reschedule(ctx, one, p.Ref, time.Now().Add(time.Hour)); return err },
		"unschedule": func() error { return publish.Unschedule(ctx, one, p.Ref) },
		"reconcile": func() error {
			_, err := publish.Reconcile(ctx, one, publish.Attempt{Account: two.Account(), Draft: publish.Draft{Text: "of two"}})
			return err
		},
		"create place": func() error {
			_, err := publish.CreatePlace(ctx, one, parvis.Place{Name: "x", Parent: place.Ref})
			return err
		},
		"update place": func() error { _, err := publish.UpdatePlace(ctx, one, place); return err },
		"delete place": func() error { return publish.DeletePlace(ctx, one, place.Ref) },
		"listen":       func() error { _, err := last(listen.To(ctx, one, listen.Query{Place: place})); return err },
		"thread":       func() error { _, err := last(listen.To(ctx, one, listen.Query{Thread: p.Ref})); return err },
		"history":      func() error { _, err := last(listen.Past(ctx, one, listen.Query{Thread: p.Ref})); return err },
		"search": func() error {
			_, err := last(listen.Search(ctx, one, listen.Query{Text: "x", Place: place}))
			return err
		},
		"members": func() error { _, err := last(listen.MembersOf(ctx, one, place)); return err },
		"hide":    func() error { _, err := moderate.Hide(ctx, one, p.Ref, moderate.Reason{}); return err },
		"undo":    func() error { _, err := moderate.Undo(ctx, one, act); return err },
		"pending": func() error { _, err := last(moderate.PendingIn(ctx, one, place)); return err },
		"log":     func() error { _, err := last(moderate.LogOf(ctx, one, place)); return err },
	} {
		require.ErrorIs(t, try(), parvis.ErrForeignClient, name)
	}
	assert.Equal(t, calls, town.Calls(), "nothing reached the network")
	assert.Equal(t, []string{"of two"}, texts(town))
}

// TestReferencesCarryTheClient looks for a reference without the client in everything
// that the network hands out.
func TestReferencesCarryTheClient(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	town := fake.New(fake.Options{HoldReplies: true, Host: "town.example"})
	acme := town.Add(fake.Member{Handle: "acme", Client: "c", Moderator: true})
	ana := town.Join("ana")
	town.Follow(ana, acme)
	place, err := publish.CreatePlace(ctx, acme, parvis.Place{Name: "outer"})
	require.NoError(t, err)
	place, err = publish.CreatePlace(ctx, acme, parvis.Place{Name: "inner", Parent: place.Ref})
	require.NoError(t, err)
	root := post(t, acme, publish.Draft{Text: "root", Place: place, Media: []parvis.Media{pixel(t)}})
	held := answer(t, ana, root.Ref, "held")
	town.Report(ana, root.Ref, "x")
	act, err := moderate.Apply(ctx, acme, moderate.Action{Do: moderate.DoWarn, On: acme.Account().Ref()})
	require.NoError(t, err)
	mine := held.Ref
	mine.Client = "c"
	reply, err := publish.Get(ctx, acme, mine)
	require.NoError(t, err)

	handed := []any{
		root, reply, place, act, all(t, publish.PlacesOf(ctx, acme)),
		hear(t, acme, listen.Query{Own: true}), all(t, listen.Past(ctx, acme, listen.Query{Own: true})),
		all(t, listen.Search(ctx, acme, listen.Query{Text: "root", Own: true})), all(t, listen.MembersOf(ctx, acme, parvis.Place{})),
		all(t, moderate.PendingIn(ctx, acme, parvis.Place{})), all(t, moderate.LogOf(ctx, acme, parvis.Place{})),
	}
	refs := 0
	for _, v := range handed {
		b, err := json.Marshal(v)
		require.NoError(t, err)
		var tree any
		require.NoError(t, json.Unmarshal(b, &tree))
		walk(tree, func(s string) {
			r, err := parvis.ParseRef(s)
			if err != nil || r.IsZero() {
				return
			}
			refs++
			assert.Equal(t, "c", r.Client, s)
			assert.Equal(t, "town.example", r.Host, s)
			assert.NoError(t, acme.Account().Owns(r))
		})
	}
	assert.Greater(t, refs, 30)
}

// walk calls f for every string in a tree of JSON.
func walk(tree any, f func(string)) {
	switch v := tree.(type) {
	case string:
		f(v)
	case []any:
		for _, x := range v {
			walk(x, f)
		}
	case map[string]any:
		for _, x := range v {
			walk(x, f)
		}
	}
}

// TestKeysAreSecret shows that nobody else learns an account's idempotency keys.
func TestKeysAreSecret(t *testing.T) {
	t.Parallel()
	town := fake.New(fake.Options{})
	acme, ana := town.Join("acme"), town.Join("ana")
	p := post(t, acme, publish.Draft{Text: "x", Key: "k-1234"})
	own, err := publish.Get(t.Context(), acme, p.Ref)
	require.NoError(t, err)
	assert.Equal(t, "k-1234", own.Key)
	theirs, err := publish.Get(t.Context(), ana, p.Ref)
	require.NoError(t, err)
	assert.Empty(t, theirs.Key)
	assert.NotContains(t, string(theirs.Raw), "k-1234")
	assert.Empty(t, town.Posts()[0].Key)
}

// TestLimits shows that a network can be made to have less, or more.
func TestLimits(t *testing.T) {
	t.Parallel()
	blog := fake.New(fake.Options{Name: "blog", Limits: func(s *publish.Support) {
		s.Headline, s.Title = parvis.Full(), parvis.TextLimits{{Max: 10, Unit: parvis.CodePoints}}
		s.Schedule.Support, s.Poll = parvis.Never("it has no clock"), publish.PollSupport{}
		s.Media.WithPoll = true
	}}).Join("acme")
	_, err := publish.To(t.Context(), blog, publish.Draft{Text: "x", Title: "Samedi", On: map[parvis.Network]publish.Override{"blog": {Text: "for blogs"}}})
	require.NoError(t, err)
	_, err = publish.To(t.Context(), blog, publish.Draft{Text: "x", Title: "Samedi prochain"})
	require.ErrorIs(t, err, parvis.ErrInvalid)
	_, err = publish.To(t.Context(), blog, publish.Draft{Text: "x", Poll: &publish.Poll{Options: []string{"a", "b"}}})
	require.ErrorIs(t, err, parvis.ErrUnsupported)
	_, err = blog.Publish(t.Context(), publish.Draft{Text: "x", At: time.Now().Add(time.Hour)})
	require.ErrorIs(t, err, parvis.ErrUnsupported)
	found := all(t, listen.Search(t.Context(), blog, listen.Query{Text: "for blogs", Own: true}))
	require.Len(t, found, 1)
	assert.Equal(t, "Samedi", found[0].Title)
	assert.Equal(t, parvis.Network("blog"), found[0].Ref.Network)
	assert.Equal(t, "https://blog.example/p1", found[0].URL)
}
