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

// court is a network with a moderator, the author of a post, and one who answered it.
type court struct {
	town           *fake.Network
	clock          *clock
	mod, acme, ana *fake.Account
	root, reply    publish.Post
}

func newCourt(t *testing.T) *court {
	t.Helper()
	c := &court{clock: newClock()}
	c.town = fake.New(fake.Options{Now: c.clock.Now})
	c.mod, c.acme, c.ana = c.town.Add(fake.Member{Handle: "mod", Moderator: true}), c.town.Join("acme"), c.town.Join("ana")
	c.root = say(t, c.acme, "root")
	c.reply = answer(t, c.ana, c.root.Ref, "reply")
	return c
}

func (c *court) do(t *testing.T, a *fake.Account, do moderate.Do, on parvis.Ref) moderate.Act {
	t.Helper()
	act, err := moderate.Apply(t.Context(), a, moderate.Action{Do: do, On: on, Reason: moderate.Because("rule")})
	require.NoError(t, err)
	return act
}

// TestVerdicts tries every act on content from every state: where it leads, and what
// leads back.
func TestVerdicts(t *testing.T) {
	t.Parallel()
	paths := map[string][]moderate.Do{
		"visible": nil, "hidden": {moderate.DoHide}, "held": {moderate.DoHold}, "spam": {moderate.DoSpam},
		"rejected": {moderate.DoReject}, "removed": {moderate.DoRemove}, "removed spam": {moderate.DoSpam, moderate.DoRemove},
	}
	type want struct {
		after   string // "" is a conflict
		inverse moderate.Do
	}
	for from, wants := range map[string]map[moderate.Do]want{
		"visible": {
			moderate.DoHide: {"hidden", moderate.DoUnhide}, moderate.DoUnhide: {"visible", ""}, moderate.DoHold: {"held", moderate.DoApprove},
			moderate.DoApprove: {"visible", ""}, moderate.DoReject: {"rejected", moderate.DoApprove}, moderate.DoSpam: {"spam", moderate.DoUnspam},
			moderate.DoUnspam: {"visible", ""}, moderate.DoRemove: {"removed", moderate.DoRestore}, moderate.DoRestore: {"visible", ""},
		},
		"hidden": {
			moderate.DoHide: {"hidden", ""}, moderate.DoUnhide: {"visible", moderate.DoHide}, moderate.DoHold: {"held", moderate.DoHide},
			moderate.DoApprove: {}, moderate.DoReject: {"rejected", moderate.DoHide}, moderate.DoSpam: {"spam", moderate.DoHide},
			moderate.DoUnspam: {"hidden", ""}, moderate.DoRemove: {"removed", moderate.DoRestore}, moderate.DoRestore: {"hidden", ""},
		},
		"held": {
			moderate.DoHide: {"hidden", moderate.DoHold}, moderate.DoUnhide: {}, moderate.DoHold: {"held", ""},
			moderate.DoApprove: {"visible", moderate.DoHold}, moderate.DoReject: {"rejected", moderate.DoHold}, moderate.DoSpam: {"spam", moderate.DoHold},
			moderate.DoUnspam: {"held", ""}, moderate.DoRemove: {"removed", moderate.DoRestore}, moderate.DoRestore: {"held", ""},
		},
		"spam": {
			moderate.DoHide: {"hidden", moderate.DoSpam}, moderate.DoUnhide: {}, moderate.DoHold: {"held", moderate.DoSpam},
			moderate.DoApprove: {"visible", moderate.DoSpam}, moderate.DoReject: {"rejected", moderate.DoSpam}, moderate.DoSpam: {"spam", ""},
			moderate.DoUnspam: {"visible", moderate.DoSpam}, moderate.DoRemove: {"removed", moderate.DoRestore}, moderate.DoRestore: {"spam", ""},
		},
		"rejected": {
			moderate.DoHide: {"hidden", moderate.DoReject}, moderate.DoUnhide: {}, moderate.DoHold: {"held", moderate.DoReject},
			moderate.DoApprove: {"visible", moderate.DoReject}, moderate.DoReject: {"rejected", ""}, moderate.DoSpam: {"spam", moderate.DoReject},
			moderate.DoUnspam: {"rejected", ""}, moderate.DoRemove: {"removed", moderate.DoRestore}, moderate.DoRestore: {"rejected", ""},
		},
		"removed": {
			moderate.DoHide: {}, moderate.DoUnhide: {}, moderate.DoHold: {}, moderate.DoApprove: {}, moderate.DoReject: {},
			moderate.DoSpam: {}, moderate.DoUnspam: {}, moderate.DoRemove: {"removed", ""}, moderate.DoRestore: {"visible", moderate.DoRemove},
		},
		"removed spam": {moderate.DoRestore: {"spam", moderate.DoRemove}},
	} {
		for do, w := range wants {
			t.Run(from+"/"+string(do), func(t *testing.T) {
				t.Parallel()
				c := newCourt(t)
				for _, step := range paths[from] {
					c.do(t, c.acme, step, c.reply.Ref)
				}
				act, err := moderate.Apply(t.Context(), c.acme, moderate.Action{Do: do, On: c.reply.Ref})
				if w.after == "" {
					wantErr(t, err, parvis.ErrConflict, "wrong_state")
					return
				}
				require.NoError(t, err)
				checkWayBack(t, c, act, w.after, w.inverse)
			})
		}
	}
}

// checkWayBack checks where an act has led, and that its inverse leads back.
func checkWayBack(t *testing.T, c *court, act moderate.Act, after string, inverse moderate.Do) {
	t.Helper()
	assert.Equal(t, after, act.After)
	assert.Equal(t, after == "visible", len(c.town.Posts()) == 2, "outsiders see what is visible and nothing else")
	if inverse == "" {
		assert.Nil(t, act.Inverse)
		assert.Equal(t, act.Before, act.After)
		return
	}
	require.NotNil(t, act.Inverse)
	assert.Equal(t, inverse, act.Inverse.Do)
	back, err := moderate.Undo(t.Context(), c.acme, act)
	require.NoError(t, err)
	assert.Equal(t, act.After, back.Before)
	assert.Equal(t, act.Before, back.After, "undo leads back to the very state")
}

// TestModerationIsHeard shows what listeners hear of it.
func TestModerationIsHeard(t *testing.T) {
	t.Parallel()
	c := newCourt(t)
	bob := c.town.Join("bob")
	answer(t, bob, c.reply.Ref, "below")
	mention := answer(t, c.ana, c.root.Ref, "hey @bob")
	act := c.do(t, c.acme, moderate.DoRemove, mention.Ref)
	_, err := moderate.Undo(t.Context(), c.acme, act)
	require.NoError(t, err)
	c.do(t, c.acme, moderate.DoHide, mention.Ref)
	assert.Equal(t, []string{"delete"}, brief(hear(t, bob, listen.Query{})), "it is hidden now, so bob hears no more than that")
	c.do(t, c.acme, moderate.DoUnhide, mention.Ref)
	assert.Equal(t, []string{"mention: hey @bob", "delete", "edit: hey @bob"}, brief(hear(t, bob, listen.Query{})))
	forAna := all(t, c.ana.Listen(t.Context(), listen.Query{Kinds: listen.Edit, Own: true}))
	require.Equal(t, []string{"edit: hey @bob", "edit: hey @bob"}, brief(forAna), "its author sees what became of it")
	assert.Equal(t, []string{"removed", "approved"}, []string{forAna[0].Status, forAna[1].Status})
}

func TestHoldReplies(t *testing.T) {
	t.Parallel()
	town := fake.New(fake.Options{HoldReplies: true})
	acme, ana, bob := town.Join("acme"), town.Join("ana"), town.Join("bob")
	mod := town.Add(fake.Member{Handle: "mod", Moderator: true})
	town.Follow(acme, bob)
	root := say(t, acme, "root")
	stranger := answer(t, ana, root.Ref, "from a stranger, @bob")
	assert.Equal(t, publish.Held, stranger.State)
	assert.Equal(t, publish.Published, answer(t, bob, root.Ref, "from a friend").State)
	assert.Equal(t, publish.Published, answer(t, mod, root.Ref, "from a moderator").State)
	assert.Equal(t, publish.Published, answer(t, acme, root.Ref, "from the author").State)
	assert.Empty(t, hear(t, bob, listen.Query{Kinds: listen.Mention}), "nobody but who decides hears of it")
	events := hear(t, acme, listen.Query{Kinds: listen.Reply})
	require.Equal(t, "reply: from a stranger, @bob", brief(events)[0])
	assert.Equal(t, "held", events[0].Status)
	_, err := publish.Get(t.Context(), bob, stranger.Ref)
	require.ErrorIs(t, err, parvis.ErrNotFound)
	_, err = publish.Edit(t.Context(), ana, stranger.Ref, publish.Draft{Text: "from ana, @bob"})
	require.NoError(t, err)

	for _, a := range []*fake.Account{acme, mod} {
		cases := all(t, moderate.PendingIn(t.Context(), a, parvis.Place{}))
		require.Len(t, cases, 1)
		assert.Equal(t, stranger.Ref, cases[0].Ref)
		assert.Equal(t, stranger.Ref, cases[0].On)
		assert.Equal(t, "held", cases[0].Why)
		assert.Equal(t, "from ana, @bob", cases[0].Text.Plain)
		assert.Equal(t, "ana", cases[0].Author.Handle)
	}
	assert.Empty(t, all(t, moderate.PendingIn(t.Context(), ana, parvis.Place{})), "its author does not decide")
	_, err = moderate.Approve(t.Context(), ana, stranger.Ref, moderate.Reason{})
	wantErr(t, err, parvis.ErrPermission, "not_yours")

	act, err := moderate.Approve(t.Context(), acme, stranger.Ref, moderate.Because("fine"))
	require.NoError(t, err)
	assert.Equal(t, "held", act.Before)
	assert.Equal(t, "visible", act.After)
	assert.Equal(t, []string{"mention: from ana, @bob"}, brief(hear(t, bob, listen.Query{Kinds: listen.Mention})))
	edits := hear(t, acme, listen.Query{Kinds: listen.Edit})
	require.Len(t, edits, 2)
	assert.Equal(t, []string{"held", "approved"}, []string{edits[0].Status, edits[1].Status})
	assert.Empty(t, all(t, moderate.PendingIn(t.Context(), mod, parvis.Place{})))
}

func TestToggles(t *testing.T) {
	t.Parallel()
	in := func(c *court, d time.Duration) time.Time { return c.clock.now.Add(d) }
	for _, p := range []struct {
		set, unset moderate.Do
		on         func(c *court) parvis.Ref
		label      string
		until      bool
		word       string
	}{
		{set: moderate.DoBan, unset: moderate.DoUnban, word: "banned"},
		{set: moderate.DoBan, unset: moderate.DoUnban, until: true, word: "banned"},
		{set: moderate.DoTimeOut, unset: moderate.DoTimeIn, until: true, word: "timed out"},
		{set: moderate.DoLimit, unset: moderate.DoUnlimit, word: "limited"},
		{set: moderate.DoMute, unset: moderate.DoUnmute, word: "muted"},
		{set: moderate.DoMute, unset: moderate.DoUnmute, until: true, word: "muted"},
		{set: moderate.DoBlock, unset: moderate.DoUnblock, word: "blocked"},
		{set: moderate.DoLabel, unset: moderate.DoUnlabel, label: "rude", word: "labelled rude"},
		{set: moderate.DoLabel, unset: moderate.DoUnlabel, label: "rude", word: "labelled rude", on: func(c *court) parvis.Ref { return c.reply.Ref }},
		{set: moderate.DoLock, unset: moderate.DoUnlock, word: "locked", on: func(c *court) parvis.Ref { return c.root.Ref }},
		{set: moderate.DoLock, unset: moderate.DoUnlock, word: "locked", on: func(c *court) parvis.Ref { return c.town.AddPlace("x", "y").Ref }},
		{set: moderate.DoPin, unset: moderate.DoUnpin, word: "pinned", on: func(c *court) parvis.Ref { return c.root.Ref }},
	} {
		t.Run(string(p.set)+" "+p.word, func(t *testing.T) {
			t.Parallel()
			c := newCourt(t)
			a := moderate.Action{Do: p.set, On: c.ana.Account().Ref(), Label: p.label}
			if p.on != nil {
				a.On = p.on(c)
			}
			word := p.word
			if p.until {
				a.Until = in(c, time.Hour)
				word += " until " + a.Until.Format(time.RFC3339)
			}
			apply := func(a moderate.Action) moderate.Act {
				act, err := moderate.Apply(t.Context(), c.mod, a)
				require.NoError(t, err)
				return act
			}
			first := apply(a)
			assert.Equal(t, "not "+p.word, first.Before)
			assert.Equal(t, word, first.After)
			assert.Equal(t, p.unset, first.Inverse.Do)
			again := apply(a)
			assert.Nil(t, again.Inverse, "it is so already")
			assert.Equal(t, word, again.Before)
			off := apply(moderate.Action{Do: p.unset, On: a.On, Label: p.label})
			assert.Equal(t, "not "+p.word, off.After)
			require.NotNil(t, off.Inverse)
			assert.Equal(t, p.set, off.Inverse.Do)
			back, err := moderate.Undo(t.Context(), c.mod, off)
			require.NoError(t, err)
			assert.Equal(t, word, back.After, "undo brings it back as it was, with its end")
			if p.until {
				longer := a
				longer.Until = in(c, 2*time.Hour)
				act := apply(longer)
				require.NotNil(t, act.Inverse)
				assert.Equal(t, a.Until, act.Inverse.Until, "what takes a longer one back is the shorter one")
				c.clock.forward(3 * time.Hour)
				assert.Equal(t, "not "+p.word, apply(moderate.Action{Do: p.unset, On: a.On}).Before, "it ends by the clock")
			}
		})
	}
}

func TestLimitAndLabels(t *testing.T) {
	t.Parallel()
	c := newCourt(t)
	bob := c.town.Join("bob")
	c.town.Follow(bob, c.ana)
	c.do(t, c.mod, moderate.DoLimit, c.ana.Account().Ref())
	p := say(t, c.ana, "to @acme and all")
	assert.NotContains(t, texts(c.town), "to @acme and all")
	assert.Equal(t, []string{"post: to @acme and all"}, brief(hear(t, bob, listen.Query{})), "followers hear it")
	assert.Empty(t, hear(t, c.acme, listen.Query{Kinds: listen.Mention}), "others do not")
	_, err := publish.Get(t.Context(), c.acme, p.Ref)
	require.ErrorIs(t, err, parvis.ErrNotFound)

	for _, l := range []string{"sensitive", "ai"} {
		_, err = moderate.Label(t.Context(), c.mod, c.reply.Ref, l, moderate.Because("x"))
		require.NoError(t, err)
	}
	got, err := publish.Get(t.Context(), c.mod, c.reply.Ref)
	require.NoError(t, err)
	assert.Contains(t, string(got.Raw), `"labels":["ai","sensitive"]`)
}

func TestPermissions(t *testing.T) {
	t.Parallel()
	c := newCourt(t)
	bob := c.town.Join("bob")
	apply := func(a *fake.Account, do moderate.Do, on parvis.Ref) error {
		_, err := a.Moderate(t.Context(), moderate.Action{Do: do, On: on, Until: c.clock.now.Add(time.Hour), Label: "x"})
		return err
	}
	for _, do := range []moderate.Do{moderate.DoBan, moderate.DoTimeOut, moderate.DoLimit, moderate.DoWarn, moderate.DoLabel} {
		wantErr(t, apply(c.acme, do, c.ana.Account().Ref()), parvis.ErrPermission, "not_a_moderator")
		_, err := moderate.Apply(t.Context(), c.acme, moderate.Action{Do: do, On: c.ana.Account().Ref(), Until: time.Now().Add(time.Hour), Label: "x"})
		require.ErrorIs(t, err, parvis.ErrPermission, "the door knows beforehand")
	}
	for _, do := range []moderate.Do{moderate.DoHide, moderate.DoRemove, moderate.DoHold, moderate.DoSpam, moderate.DoReject} {
		wantErr(t, apply(bob, do, c.reply.Ref), parvis.ErrPermission, "not_yours")
		wantErr(t, apply(c.ana, do, c.reply.Ref), parvis.ErrPermission, "not_yours")
		wantErr(t, apply(c.acme, do, c.root.Ref), parvis.ErrPermission, "not_yours")
	}
	wantErr(t, apply(c.ana, moderate.DoLock, c.root.Ref), parvis.ErrPermission, "not_yours")
	wantErr(t, apply(c.acme, moderate.DoPurge, c.reply.Ref), parvis.ErrPermission, "not_a_moderator")
	require.NoError(t, apply(c.acme, moderate.DoPin, c.root.Ref))

	gone := parvis.Ref{Network: "fake", Kind: parvis.KindPost, ID: "p99"}
	for _, do := range []moderate.Do{moderate.DoHide, moderate.DoPurge, moderate.DoWarn, moderate.DoLabel, moderate.DoPin, moderate.DoReport, moderate.DoMute} {
		wantErr(t, apply(c.mod, do, gone), parvis.ErrNotFound, "not_found")
	}
	wantErr(t, apply(bob, moderate.DoHide, gone), parvis.ErrNotFound, "not_found")
	nobody := parvis.Ref{Network: "fake", Kind: parvis.KindPerson, ID: "u99"}
	for _, do := range []moderate.Do{moderate.DoBan, moderate.DoBlock, moderate.DoWarn, moderate.DoReport} {
		wantErr(t, apply(c.mod, do, nobody), parvis.ErrNotFound, "not_found")
	}
	wantErr(t, apply(c.mod, moderate.DoLock, parvis.Ref{Kind: parvis.KindPlace, ID: "c9"}), parvis.ErrNotFound, "not_found")
	wantErr(t, apply(c.mod, moderate.DoResolve, parvis.Ref{Kind: parvis.KindReport, ID: "r9"}), parvis.ErrNotFound, "not_found")
	wantErr(t, apply(c.mod, moderate.DoBan, c.root.Ref), parvis.ErrUnsupported, "unknown_action")
	wantErr(t, apply(c.acme, moderate.DoBlock, c.acme.Account().Ref()), parvis.ErrInvalid, "yourself")
}

func TestBadActions(t *testing.T) {
	t.Parallel()
	c := newCourt(t)
	who := c.ana.Account().Ref()
	for vendor, a := range map[string]moderate.Action{
		"until_missing": {Do: moderate.DoTimeOut, On: who},
		"until_past":    {Do: moderate.DoBan, On: who, Until: c.clock.now},
		"label_missing": {Do: moderate.DoLabel, On: who},
	} {
		_, err := c.mod.Moderate(t.Context(), a)
		wantErr(t, err, parvis.ErrInvalid, vendor)
	}
	_, err := c.mod.Moderate(t.Context(), moderate.Action{Do: moderate.DoBan, On: who, Place: parvis.Place{Ref: parvis.Ref{Kind: parvis.KindPlace, ID: "c9"}}})
	wantErr(t, err, parvis.ErrNotFound, "not_found")
	later := post(t, c.mod, publish.Draft{Text: "later", At: time.Now().Add(time.Hour)})
	_, err = c.mod.Moderate(t.Context(), moderate.Action{Do: moderate.DoHide, On: later.Ref})
	wantErr(t, err, parvis.ErrConflict, "wrong_state")
}

func TestPurge(t *testing.T) {
	t.Parallel()
	c := newCourt(t)
	c.do(t, c.acme, moderate.DoSpam, c.reply.Ref)
	act := c.do(t, c.mod, moderate.DoPurge, c.reply.Ref)
	assert.Equal(t, "spam", act.Before)
	assert.Equal(t, "purged", act.After)
	_, err := moderate.Undo(t.Context(), c.mod, act)
	require.ErrorIs(t, err, parvis.ErrUnsupported)
	_, err = publish.Get(t.Context(), c.mod, c.reply.Ref)
	require.ErrorIs(t, err, parvis.ErrNotFound)
	assert.Equal(t, 0, c.town.Count("reply"))
}

func TestWarn(t *testing.T) {
	t.Parallel()
	c := newCourt(t)
	act, err := moderate.Warn(t.Context(), c.mod, c.ana.Account().Ref(), moderate.Because("tone", "Restons", "polis"))
	require.NoError(t, err)
	assert.Nil(t, act.Inverse)
	assert.Equal(t, parvis.KindMessage, act.Made.Kind)
	c.do(t, c.mod, moderate.DoWarn, c.reply.Ref)
	events := hear(t, c.ana, listen.Query{Kinds: listen.Message})
	assert.Equal(t, []string{"message: Restons polis", "message: You broke a rule: rule"}, brief(events))
	assert.Equal(t, "mod", events[0].Author.Handle)
}

func TestRawOfActs(t *testing.T) {
	t.Parallel()
	c := newCourt(t)
	act := c.do(t, c.acme, moderate.DoHide, c.reply.Ref)
	var raw map[string]string
	require.NoError(t, json.Unmarshal(act.Raw, &raw))
	assert.Equal(t, map[string]string{"action": "hide", "on": "p2", "before": "visible", "after": "hidden"}, raw)
	assert.Equal(t, c.acme.Account(), act.Account)
	assert.Equal(t, c.clock.now, act.Time)
}

func TestModerateSupport(t *testing.T) {
	t.Parallel()
	town := fake.New(fake.Options{})
	sup, err := moderate.SupportOf(t.Context(), town.Join("acme"), parvis.Place{})
	require.NoError(t, err)
	assert.Equal(t, "partly: answers below your own posts", sup.Can(moderate.DoHide, parvis.KindPost).String())
	assert.Equal(t, "partly: your own posts", sup.Can(moderate.DoPin, parvis.KindPost).String())
	assert.Equal(t, "yes", sup.Can(moderate.DoBlock, parvis.KindPerson).String())
	no := sup.Can(moderate.DoBan, parvis.KindPerson)
	assert.False(t, no.OK())
	require.ErrorIs(t, no.Err(parvis.Account{}, "ban"), parvis.ErrPermission)
	sup, err = moderate.SupportOf(t.Context(), town.Add(fake.Member{Handle: "r", Moderator: true, Scopes: []string{"read"}}), parvis.Place{})
	require.NoError(t, err)
	assert.Equal(t, []string{"moderate"}, sup.MissingScopes)
	assert.Equal(t, "moderate", sup.Can(moderate.DoBan, parvis.KindPerson).Scope)
	assert.False(t, sup.Log.OK())
	_, err = moderate.SupportOf(t.Context(), town.Join("acme"), parvis.Place{Ref: parvis.Ref{Network: "fake", Kind: parvis.KindPlace, ID: "c1"}})
	require.ErrorIs(t, err, parvis.ErrNotFound)
}
