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

func TestReports(t *testing.T) {
	t.Parallel()
	c := newCourt(t)
	second := c.town.Add(fake.Member{Handle: "second", Moderator: true})
	bob := c.town.Join("bob")
	filed, err := moderate.Apply(t.Context(), bob, moderate.Action{
		Do: moderate.DoReport, On: c.ana.Account().Ref(), With: []parvis.Ref{c.reply.Ref},
		Reason: moderate.Reason{Rule: "ads", Text: "she sells watches", Category: "spam"},
	})
	require.NoError(t, err)
	assert.Equal(t, parvis.Ref{Network: "fake", Kind: parvis.KindReport, ID: "r1"}, filed.Made)
	assert.Nil(t, filed.Inverse)
	c.clock.forward(time.Minute)
	c.town.Report(bob, c.reply.Ref, "publicité")
	c.town.Report(bob, parvis.Ref{Network: "fake", Kind: parvis.KindPost, ID: "p99"}, "nothing")

	events := hear(t, c.mod, listen.Query{Kinds: listen.Report})
	assert.Equal(t, []string{"report: she sells watches", "report: publicité"}, brief(events))
	assert.Equal(t, []string{"u3", "p2"}, []string{events[0].Parent.ID, events[1].Parent.ID})
	assert.Len(t, hear(t, second, listen.Query{Kinds: listen.Report}), 2, "every moderator hears of it")

	cases := all(t, moderate.PendingIn(t.Context(), c.mod, parvis.Place{}))
	require.Len(t, cases, 2, "oldest first")
	assert.Equal(t, filed.Made, cases[0].Ref)
	assert.Equal(t, "reported", cases[0].Why)
	assert.Equal(t, c.ana.Account().Ref(), cases[0].On)
	assert.Equal(t, []parvis.Ref{c.reply.Ref}, cases[0].Also)
	assert.Equal(t, "ana", cases[0].Author.Handle)
	assert.Equal(t, "bob", cases[0].Reporter.Handle)
	assert.Equal(t, "spam", cases[0].Category)
	assert.Equal(t, "open", cases[0].State)
	assert.Equal(t, "reply", cases[1].Text.Plain)
	assert.Equal(t, "publicité", cases[1].Note)
	assert.True(t, json.Valid(cases[0].Raw))
	assert.Empty(t, all(t, moderate.PendingIn(t.Context(), c.acme, parvis.Place{})), "reports are for moderators")
	bad := moderate.Action{Do: moderate.DoReport, On: c.reply.Ref, With: []parvis.Ref{{Network: "fake", Kind: parvis.KindPost, ID: "p99"}}}
	_, err = moderate.Apply(t.Context(), bob, bad)
	wantErr(t, err, parvis.ErrNotFound, "not_found")
}

func TestReportOnAMessage(t *testing.T) {
	t.Parallel()
	c := newCourt(t)
	ref := c.town.Message(c.ana, c.acme, "rude")
	act, err := moderate.Report(t.Context(), c.acme, ref, moderate.Because("tone"))
	require.NoError(t, err)
	assert.Equal(t, parvis.KindReport, act.Made.Kind)
	_, err = c.town.Join("bob").Moderate(t.Context(), moderate.Action{Do: moderate.DoReport, On: ref})
	wantErr(t, err, parvis.ErrNotFound, "not_found")
}

// TestSettleReports tries every act on a report from every state.
func TestSettleReports(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]struct {
		first         moderate.Do // by another moderator
		do            moderate.Do
		before, after string
		inverse       moderate.Do
	}{
		"resolve":            {"", moderate.DoResolve, "open", "resolved", moderate.DoReopen},
		"resolve resolved":   {moderate.DoResolve, moderate.DoResolve, "resolved", "resolved", ""},
		"reopen":             {moderate.DoResolve, moderate.DoReopen, "resolved", "open", moderate.DoResolve},
		"reopen open":        {"", moderate.DoReopen, "open", "open", ""},
		"assign":             {"", moderate.DoAssign, "unassigned", "assigned to mod", moderate.DoUnassign},
		"assign again":       {moderate.DoAssign, moderate.DoAssign, "assigned to second", "assigned to mod", ""},
		"unassign":           {"", moderate.DoUnassign, "unassigned", "unassigned", ""},
		"unassign another's": {moderate.DoAssign, moderate.DoUnassign, "assigned to second", "unassigned", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCourt(t)
			second := c.town.Add(fake.Member{Handle: "second", Moderator: true})
			c.town.Report(c.acme, c.reply.Ref, "x")
			report := parvis.Ref{Network: "fake", Kind: parvis.KindReport, ID: "r1"}
			if s.first != "" {
				c.do(t, second, s.first, report)
			}
			act := c.do(t, c.mod, s.do, report)
			assert.Equal(t, s.before, act.Before)
			assert.Equal(t, s.after, act.After)
			open := s.after != "resolved"
			assert.Equal(t, open, len(all(t, moderate.PendingIn(t.Context(), c.mod, parvis.Place{}))) == 1)
			if s.inverse == "" {
				assert.Nil(t, act.Inverse)
				return
			}
			require.NotNil(t, act.Inverse)
			assert.Equal(t, s.inverse, act.Inverse.Do)
			back, err := moderate.Undo(t.Context(), c.mod, act)
			require.NoError(t, err)
			assert.Equal(t, s.before, back.After)
		})
	}
}

func TestLog(t *testing.T) {
	t.Parallel()
	c := newCourt(t)
	room := c.town.AddPlace("atelier", "channel")
	inRoom := post(t, c.ana, publish.Draft{Text: "in the room", Place: room})
	c.do(t, c.acme, moderate.DoHide, c.reply.Ref)
	c.do(t, c.acme, moderate.DoHide, c.reply.Ref) // changes nothing
	c.clock.forward(time.Minute)
	c.do(t, c.mod, moderate.DoBan, c.ana.Account().Ref())
	c.do(t, c.mod, moderate.DoRemove, inRoom.Ref)
	c.do(t, c.mod, moderate.DoLock, room.Ref)
	c.do(t, c.acme, moderate.DoMute, c.ana.Account().Ref())
	c.do(t, c.acme, moderate.DoReport, c.ana.Account().Ref())

	entries := all(t, moderate.LogOf(t.Context(), c.mod, parvis.Place{}))
	var dos []moderate.Do
	for _, e := range entries {
		dos = append(dos, e.Do)
		assert.Equal(t, "rule", e.Note)
		assert.True(t, json.Valid(e.Raw))
	}
	assert.Equal(t, []moderate.Do{moderate.DoLock, moderate.DoRemove, moderate.DoBan, moderate.DoHide}, dos, "newest first, without what is private")
	assert.Equal(t, []string{"l4", "l3", "l2", "l1"}, []string{entries[0].ID, entries[1].ID, entries[2].ID, entries[3].ID})
	assert.Equal(t, "acme", entries[3].By.Handle)
	assert.Equal(t, c.reply.Ref, entries[3].On)
	assert.Equal(t, c.clock.now, entries[0].Time)
	assert.Len(t, all(t, moderate.LogOf(t.Context(), c.mod, room)), 2)
	assert.Len(t, all(t, moderate.LogOf(t.Context(), c.acme, parvis.Place{})), 1, "its own acts")
	assert.Empty(t, all(t, moderate.LogOf(t.Context(), c.ana, parvis.Place{})))
}

func TestPendingInAPlace(t *testing.T) {
	t.Parallel()
	town := fake.New(fake.Options{HoldReplies: true})
	mod, ana := town.Add(fake.Member{Handle: "mod", Moderator: true}), town.Join("ana")
	room, other := town.AddPlace("atelier", "channel"), town.AddPlace("other", "channel")
	root := post(t, mod, publish.Draft{Text: "root", Place: room})
	held := answer(t, ana, root.Ref, "held")
	town.Report(ana, root.Ref, "x")
	town.Report(ana, mod.Account().Ref(), "of no place")
	assert.Len(t, all(t, moderate.PendingIn(t.Context(), mod, parvis.Place{})), 3)
	in := all(t, moderate.PendingIn(t.Context(), mod, room))
	require.Len(t, in, 2)
	assert.Equal(t, held.Ref, in[0].Ref)
	assert.Empty(t, all(t, moderate.PendingIn(t.Context(), mod, other)))
	nowhere := parvis.Place{Ref: parvis.Ref{Kind: parvis.KindPlace, ID: "c9"}}
	_, err := last(mod.Pending(t.Context(), nowhere))
	wantErr(t, err, parvis.ErrNotFound, "not_found")
	_, err = last(mod.Log(t.Context(), nowhere))
	wantErr(t, err, parvis.ErrNotFound, "not_found")
}
