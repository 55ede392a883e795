package fake_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/moderate"
	"github.com/parvis-go/parvis/providers/fake"
	"github.com/parvis-go/parvis/publish"
)

func TestBannedCannotAct(t *testing.T) {
	t.Parallel()
	town := fake.New(fake.Options{})
	mod, ana := town.Add(fake.Member{Handle: "mod", Moderator: true}), town.Join("ana")
	root, own := say(t, mod, "root"), say(t, ana, "mine")
	room := town.AddPlace("atelier", "channel")
	in := moderate.Action{Do: moderate.DoBan, On: ana.Account().Ref(), Place: room}
	act, err := moderate.Apply(t.Context(), mod, in)
	require.NoError(t, err)
	say(t, ana, "elsewhere I may")
	_, err = publish.To(t.Context(), ana, publish.Draft{Text: "here", Place: room})
	wantErr(t, err, parvis.ErrPermission, "banned")
	_, err = moderate.Undo(t.Context(), mod, act)
	require.NoError(t, err)
	post(t, ana, publish.Draft{Text: "here", Place: room})

	_, err = moderate.Ban(t.Context(), mod, ana.Account().Ref(), moderate.Because("spam"))
	require.NoError(t, err)
	for what, try := range map[string]func() error{
		"publish": func() error { _, err := publish.To(t.Context(), ana, publish.Draft{Text: "x"}); return err },
		"reply": func() error {
			_, err := publish.To(t.Context(), ana, publish.Draft{Text: "x", ReplyTo: root.Ref})
			return err
		},
		"edit":  func() error { _, err := publish.Edit(t.Context(), ana, own.Ref, publish.Draft{Text: "x"}); return err },
		"react": func() error { return publish.React(t.Context(), ana, root.Ref, publish.Like) },
		"place": func() error { _, err := publish.CreatePlace(t.Context(), ana, parvis.Place{Name: "x"}); return err },
	} {
		e := wantErr(t, try(), parvis.ErrPermission, "banned")
		assert.Equal(t, "ask the moderators", e.Help, what)
	}
	require.NoError(t, publish.Delete(t.Context(), ana, own.Ref), "what one has said can be taken back")
}

func TestTimeOutEndsByTheClock(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		town := fake.New(fake.Options{})
		mod, ana := town.Add(fake.Member{Handle: "mod", Moderator: true}), town.Join("ana")
		_, err := moderate.TimeOut(t.Context(), mod, ana.Account().Ref(), time.Now().Add(time.Hour), moderate.Because("tone"))
		require.NoError(t, err)
		time.Sleep(time.Hour - time.Second)
		_, err = publish.To(t.Context(), ana, publish.Draft{Text: "x"})
		e := wantErr(t, err, parvis.ErrPermission, "timed out")
		assert.Equal(t, "wait until 2000-01-01T01:00:00Z", e.Help)
		time.Sleep(time.Second)
		say(t, ana, "sorry")
	})
}

func TestLocks(t *testing.T) {
	t.Parallel()
	town := fake.New(fake.Options{})
	mod, acme, ana := town.Add(fake.Member{Handle: "mod", Moderator: true}), town.Join("acme"), town.Join("ana")
	room := town.AddPlace("atelier", "channel")
	root := post(t, acme, publish.Draft{Text: "root", Place: room})
	first := answer(t, ana, root.Ref, "first")
	act, err := moderate.Lock(t.Context(), acme, root.Ref, moderate.Because("calm"))
	require.NoError(t, err)
	for _, to := range []parvis.Ref{root.Ref, first.Ref} {
		_, err := publish.To(t.Context(), ana, publish.Draft{Text: "more", ReplyTo: to})
		wantErr(t, err, parvis.ErrPermission, "locked")
	}
	answer(t, acme, root.Ref, "the author may")
	answer(t, mod, root.Ref, "so may moderators")
	_, err = moderate.Undo(t.Context(), acme, act)
	require.NoError(t, err)
	answer(t, ana, root.Ref, "more")

	_, err = moderate.Lock(t.Context(), mod, room.Ref, moderate.Because("calm"))
	require.NoError(t, err)
	for _, d := range []publish.Draft{{Text: "x", Place: room}, {Text: "x", ReplyTo: root.Ref}} {
		_, err := publish.To(t.Context(), ana, d)
		wantErr(t, err, parvis.ErrPermission, "locked")
	}
	post(t, mod, publish.Draft{Text: "closed", Place: room})
}
