package bluesky_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/apitest"
	"github.com/parvis-go/parvis/moderate"
	"github.com/parvis-go/parvis/providers/bluesky"
)

var sells = moderate.Reason{Rule: "advertising", Text: "sells watches", Category: "spam"}

func TestMutesOfPersons(t *testing.T) {
	t.Parallel()
	x := newScene(t)
	act := x.does(x.acme, moderate.Action{Do: moderate.DoMute, On: x.anaRef}, "not muted > muted")
	again, err := moderate.Mute(t.Context(), x.acme, x.anaRef, sells)
	require.NoError(t, err)
	assert.Nil(t, again.Inverse, "there is nothing to take back")
	x.undoes(x.acme, act)
	_, err = moderate.Apply(t.Context(), x.acme, moderate.Action{Do: moderate.DoMute, On: x.anaRef, Label: "likes"})
	require.ErrorIs(t, err, parvis.ErrInvalid)
	_, err = moderate.Mute(t.Context(), x.acme, x.acmeRef, sells)
	require.ErrorIs(t, err, parvis.ErrInvalid)
	for _, do := range []moderate.Do{moderate.DoMute, moderate.DoBlock, moderate.DoReport} {
		nobody := x.anaRef
		nobody.ID = "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa"
		_, err := moderate.Apply(t.Context(), x.acme, moderate.Action{Do: do, On: nobody})
		require.ErrorIs(t, err, parvis.ErrNotFound, do)
		_, err = moderate.Apply(t.Context(), x.acme, moderate.Action{Do: do, On: x.answer, Until: time.Now().Add(time.Hour)})
		require.ErrorIs(t, err, parvis.ErrUnsupported, "%s ends by itself nowhere", do)
	}
}

func TestMutesOfThreads(t *testing.T) {
	t.Parallel()
	x := newScene(t)
	act := x.does(x.acme, moderate.Action{Do: moderate.DoMute, On: x.answer}, "not muted > muted")
	again, err := moderate.Mute(t.Context(), x.acme, x.post, sells)
	require.NoError(t, err)
	assert.Nil(t, again.Inverse, "the first post is of the same thread")
	x.undoes(x.acme, act)
}

func TestBlocks(t *testing.T) {
	t.Parallel()
	const blocks = "app.bsky.graph.block"
	x := newScene(t)
	act := x.does(x.acme, moderate.Action{Do: moderate.DoBlock, On: x.anaRef}, "not blocked > blocked")
	require.Len(t, x.s.Records(x.acmeRef.ID, blocks), 1)
	again, err := moderate.Block(t.Context(), x.acme, x.anaRef, sells)
	require.NoError(t, err)
	assert.Nil(t, again.Inverse)
	x.undoes(x.acme, act)
	require.Empty(t, x.s.Records(x.acmeRef.ID, blocks))
	_, err = x.user.Write(blocks, map[string]any{"subject": x.anaRef.ID, "createdAt": "2026-01-01T00:00:00Z"})
	require.NoError(t, err)
	unblocked := x.does(x.acme, moderate.Action{Do: moderate.DoUnblock, On: x.anaRef}, "blocked > not blocked")
	require.Empty(t, x.s.Records(x.acmeRef.ID, blocks), "a block under another key is found")
	x.undoes(x.acme, unblocked)
	require.Len(t, x.s.Records(x.acmeRef.ID, blocks), 1)
	for _, kind := range []apitest.Kind{apitest.ErrorAfter, apitest.CutAfter, apitest.Truncated} {
		x := newScene(t)
		x.s.Faults.Inject(apitest.Fault{Kind: kind, Times: 1, Match: calls("createRecord")})
		x.does(x.acme, moderate.Action{Do: moderate.DoBlock, On: x.anaRef}, "not blocked > blocked")
		require.Len(t, x.s.Records(x.acmeRef.ID, blocks), 1, kind)
	}
	lost := newScene(t)
	lost.s.Faults.Inject(apitest.Fault{Kind: apitest.ErrorBefore, Times: 1, Match: calls("createRecord")})
	_, err = moderate.Block(t.Context(), lost.acme, lost.anaRef, sells)
	require.ErrorIs(t, err, parvis.ErrUnknownOutcome, "it is not there, and may still be on its way")
	require.Empty(t, lost.s.Records(lost.acmeRef.ID, blocks))
}

func calls(method string) func(*http.Request) bool {
	return func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, method) }
}

func TestHidesAnswersBelowOwnThreads(t *testing.T) {
	t.Parallel()
	x := newScene(t)
	act := x.does(x.acme, moderate.Action{Do: moderate.DoHide, On: x.answer}, "visible > hidden")
	again, err := moderate.Hide(t.Context(), x.acme, x.answer, sells)
	require.NoError(t, err)
	assert.Nil(t, again.Inverse)
	x.undoes(x.acme, act)
	for name, ref := range map[string]parvis.Ref{"a first post": x.post, "somebody else's thread": x.answer} {
		_, err := moderate.Hide(t.Context(), x.ana, ref, sells)
		require.ErrorIs(t, err, parvis.ErrPermission, name)
	}
}

func TestLocksAndUnlocks(t *testing.T) {
	t.Parallel()
	x := newScene(t)
	ctx := t.Context()
	lock := x.does(x.acme, moderate.Action{Do: moderate.DoLock, On: x.post}, "open > locked")
	unlock := x.does(x.acme, moderate.Action{Do: moderate.DoUnlock, On: x.post}, "locked > open")
	x.undoes(x.acme, x.undoes(x.acme, unlock))
	_, err := moderate.Undo(ctx, x.acme, lock)
	require.NoError(t, err)

	limited := bluesky.Gate{Closed: true, Mentioned: true, Followers: true}
	_, err = x.acme.Gate(ctx, x.post, limited)
	require.NoError(t, err)
	for _, do := range []moderate.Do{moderate.DoLock, moderate.DoUnlock} {
		act, err := moderate.Apply(ctx, x.acme, moderate.Action{Do: do, On: x.post})
		require.NoError(t, err)
		assert.Contains(t, act.Before, "restricted")
		x.undoes(x.acme, act)
		before, err := x.acme.Gate(ctx, x.post, limited)
		require.NoError(t, err)
		assert.Equal(t, limited, before, "the rules of before are back after %s", do)
	}
	_, err = moderate.Apply(ctx, x.acme, moderate.Action{Do: moderate.DoUnlock, On: x.post, Label: "everybody"})
	require.ErrorIs(t, err, parvis.ErrInvalid)
	for _, ref := range []parvis.Ref{x.post, x.answer} {
		_, err = moderate.Lock(ctx, x.ana, ref, sells)
		require.ErrorIs(t, err, parvis.ErrPermission)
	}
}

func TestPins(t *testing.T) {
	t.Parallel()
	x := newScene(t)
	second, err := x.user.Say("Fermé dimanche.", "")
	require.NoError(t, err)
	other := x.post
	other.ID = second
	pinned := func() string {
		p, _ := x.s.Records(x.acmeRef.ID, "app.bsky.actor.profile")[0]["pinnedPost"].(map[string]any)
		uri, _ := p["uri"].(string)
		return uri
	}
	first := x.does(x.acme, moderate.Action{Do: moderate.DoPin, On: x.post}, "not pinned > pinned")
	moved := x.does(x.acme, moderate.Action{Do: moderate.DoPin, On: other}, "not pinned > pinned")
	assert.Equal(t, second, pinned())
	idle, err := moderate.Unpin(t.Context(), x.acme, x.post, sells)
	require.NoError(t, err)
	assert.Nil(t, idle.Inverse, "another post is pinned, and stays so")
	_, err = moderate.Undo(t.Context(), x.acme, moved)
	require.NoError(t, err)
	assert.Equal(t, x.post.ID, pinned())
	x.undoes(x.acme, first)
	assert.Empty(t, pinned())
	_, err = moderate.Pin(t.Context(), x.acme, x.answer, sells)
	require.ErrorIs(t, err, parvis.ErrPermission)
}

func TestReports(t *testing.T) {
	t.Parallel()
	x := newScene(t)
	for category, want := range map[string]string{
		"": "com.atproto.moderation.defs#reasonOther", "spam": "com.atproto.moderation.defs#reasonSpam",
		"legal": "com.atproto.moderation.defs#reasonViolation", "rude": "com.atproto.moderation.defs#reasonRude",
		"tools.ozone.report.defs#reasonHarassmentTroll": "tools.ozone.report.defs#reasonHarassmentTroll",
	} {
		for _, on := range []parvis.Ref{x.answer, x.anaRef} {
			act, err := moderate.Report(t.Context(), x.acme, on, moderate.Reason{Rule: "advertising", Category: category, Note: "for us only"})
			require.NoError(t, err)
			assert.Nil(t, act.Inverse)
			assert.Equal(t, parvis.KindReport, act.Made.Kind)
			all := x.s.Reports()
			last := all[len(all)-1]
			assert.Equal(t, []any{want, "advertising"}, []any{last["reasonType"], last["reason"]})
			subject := last["subject"].(map[string]any)
			assert.Contains(t, []any{subject["uri"], subject["did"]}, on.ID)
		}
	}
	count := len(x.s.Reports())
	for name, tt := range map[string]struct {
		a    moderate.Action
		want error
	}{
		"category": {moderate.Action{Reason: moderate.Reason{Category: "envy"}}, parvis.ErrInvalid},
		"too long": {moderate.Action{Reason: moderate.Reason{Text: strings.Repeat("é", 2001)}}, parvis.ErrInvalid},
		"more":     {moderate.Action{With: []parvis.Ref{x.anaRef}}, parvis.ErrUnsupported},
	} {
		tt.a.Do, tt.a.On = moderate.DoReport, x.answer
		_, err := moderate.Apply(t.Context(), x.acme, tt.a)
		require.ErrorIs(t, err, tt.want, name)
	}
	x.s.Faults.Inject(apitest.Fault{Kind: apitest.CutAfter, Times: 1, Match: calls("createReport")})
	_, err := moderate.Report(t.Context(), x.acme, x.answer, sells)
	require.ErrorIs(t, err, parvis.ErrUnknownOutcome, "a report is not sent again")
	assert.Len(t, x.s.Reports(), count+1)
	_, err = moderate.Report(t.Context(), x.acme, x.answer, moderate.Reason{Text: strings.Repeat("é", 2000)})
	require.NoError(t, err)
}

func TestListsOfPeople(t *testing.T) {
	t.Parallel()
	x := newScene(t)
	ctx := t.Context()
	list, err := x.acme.CreateModList(ctx, "Watches", "They sell watches")
	require.NoError(t, err)
	for range 2 {
		require.NoError(t, x.acme.AddToList(ctx, list.Ref, x.anaRef))
	}
	var on []string
	for p, err := range x.acme.Members(ctx, list) {
		require.NoError(t, err)
		on = append(on, p.Ref.ID)
	}
	assert.Equal(t, []string{x.anaRef.ID}, on)
	x.undoes(x.acme, x.does(x.acme, moderate.Action{Do: moderate.DoMute, On: list.Ref}, "not muted > muted"))
	x.undoes(x.acme, x.does(x.acme, moderate.Action{Do: moderate.DoBlock, On: list.Ref}, "not blocked > blocked"))
	require.ErrorIs(t, x.ana.AddToList(ctx, list.Ref, x.anaRef), parvis.ErrPermission)
	require.ErrorIs(t, x.acme.AddToList(ctx, x.post, x.anaRef), parvis.ErrInvalid)
	foreign := list.Ref
	foreign.Client = "rival"
	require.ErrorIs(t, x.acme.AddToList(ctx, foreign, x.anaRef), parvis.ErrForeignClient)
	require.ErrorIs(t, x.acme.DeleteList(ctx, foreign), parvis.ErrForeignClient)
	for range 2 {
		require.NoError(t, x.acme.RemoveFromList(ctx, list.Ref, x.anaRef))
	}
	require.NoError(t, x.acme.AddToList(ctx, list.Ref, x.anaRef))
	require.NoError(t, x.acme.DeleteList(ctx, list.Ref))
	assert.Empty(t, append(x.s.Records(x.acmeRef.ID, "app.bsky.graph.listitem"), x.s.Records(x.acmeRef.ID, "app.bsky.graph.list")...))
	require.ErrorIs(t, x.acme.AddToList(ctx, list.Ref, x.anaRef), parvis.ErrNotFound)
	for _, name := range []string{"", strings.Repeat("x", 65)} {
		_, err := x.acme.CreateModList(ctx, name, "")
		require.ErrorIs(t, err, parvis.ErrInvalid)
	}
}

func TestNothingBeginsAfterTheEnd(t *testing.T) {
	t.Parallel()
	x := newScene(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	before := x.s.Calls()
	_, err := x.acme.Moderate(ctx, moderate.Action{Do: moderate.DoPin, On: x.answer})
	require.ErrorIs(t, err, context.Canceled)
	assert.Equal(t, before, x.s.Calls())
}
