package bluesky_test

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/apitest"
	blueskytest "github.com/parvis-go/parvis/internal/apitest/bluesky"
	"github.com/parvis-go/parvis/moderate"
	"github.com/parvis-go/parvis/providers/bluesky"
)

// file makes acme report the answer to the labeler.
func (x scene) file() moderate.Act {
	x.t.Helper()
	c, _ := account(x.t, x.s, x.user, withLabeler)
	act, err := moderate.Report(x.t.Context(), c, x.answer, sells)
	require.NoError(x.t, err)
	return act
}

// queue is what waits for a decision.
func (x scene) queue() []moderate.Case {
	x.t.Helper()
	var all []moderate.Case
	for k, err := range moderate.PendingIn(x.t.Context(), x.mod, parvis.Place{}) {
		require.NoError(x.t, err)
		all = append(all, k)
	}
	return all
}

// journal is what was done about something, newest first.
func (x scene) journal(on parvis.Ref) []moderate.Do {
	x.t.Helper()
	var all []moderate.Do
	for e, err := range moderate.LogOf(x.t.Context(), x.mod, parvis.Place{}) {
		require.NoError(x.t, err)
		assert.NotEmpty(x.t, e.ID+e.Vendor)
		if e.On == on && e.Do != "" {
			all = append(all, e.Do)
		}
	}
	return all
}

func TestQueueAndDecisions(t *testing.T) {
	t.Parallel()
	x := newScene(t)
	require.Empty(t, x.queue())
	x.file()
	all := x.queue()
	require.Len(t, all, 1)
	k := all[0]
	assert.Equal(t, []string{"reported", "open", "Buy watches!", "sells watches", "spam", x.answer.ID},
		[]string{k.Why, k.State, k.Text.Plain, k.Note, k.Category, k.Ref.ID})
	assert.Equal(t, []parvis.Ref{x.answer, x.anaRef, x.acmeRef, x.anaRef}, []parvis.Ref{k.On, k.Author.Ref, k.Reporter.Ref, k.Also[0]})
	assert.False(t, k.Time.IsZero())
	x.file()
	assert.Equal(t, "open, 2 reports", x.queue()[0].State)

	closed := x.does(x.mod, moderate.Action{Do: moderate.DoResolve, On: k.Ref, Reason: sells}, "open > closed")
	require.Empty(t, x.queue())
	again, err := moderate.Resolve(t.Context(), x.mod, k.Ref, sells)
	require.NoError(t, err)
	assert.Nil(t, again.Inverse)
	x.undoes(x.mod, closed)
	x.does(x.mod, moderate.Action{Do: moderate.DoReopen, On: k.Ref, Label: "escalated"}, "open > escalated")
	require.Len(t, x.queue(), 1)
	idle, err := moderate.Reopen(t.Context(), x.mod, k.Ref, sells)
	require.NoError(t, err)
	assert.Equal(t, "escalated", idle.After, "what waits already is not opened")
	x.undoes(x.mod, x.does(x.mod, moderate.Action{Do: moderate.DoResolve, On: k.Ref}, "escalated > closed"))
	last := x.queue()[0]
	assert.Equal(t, "escalated, 3 reports", last.State, "opening it again was a report, too")
	assert.Equal(t, []string{x.acmeRef.ID, "sells watches"}, []string{last.Reporter.Ref.ID, last.Note})

	unknown := k.Ref
	unknown.ID = x.post.ID
	_, err = moderate.Resolve(t.Context(), x.mod, unknown, sells)
	require.ErrorIs(t, err, parvis.ErrNotFound, "there is no case about it")
	unknown.ID = "case seven"
	_, err = moderate.Resolve(t.Context(), x.mod, unknown, sells)
	require.ErrorIs(t, err, parvis.ErrInvalid)
}

func TestTakedowns(t *testing.T) {
	t.Parallel()
	x := newScene(t)
	ctx := t.Context()
	x.file()
	down := x.does(x.mod, moderate.Action{Do: moderate.DoRemove, On: x.answer, Reason: sells}, "visible > taken down")
	require.Empty(t, x.queue())
	_, err := moderate.Mute(ctx, x.acme, x.answer, sells)
	require.ErrorIs(t, err, parvis.ErrNotFound, "nobody sees it")
	again, err := moderate.Remove(ctx, x.mod, x.answer, sells)
	require.NoError(t, err)
	assert.Nil(t, again.Inverse)
	x.undoes(x.mod, down)
	require.Len(t, x.queue(), 1, "the case is open again")
	x.undoes(x.mod, x.does(x.mod, moderate.Action{Do: moderate.DoBan, On: x.anaRef}, "visible > taken down"))

	end := time.Now().Add(36 * time.Hour)
	ban := x.does(x.mod, moderate.Action{Do: moderate.DoBan, On: x.anaRef, Until: end}, "visible > taken down")
	_, err = moderate.Apply(ctx, x.mod, moderate.Action{Do: moderate.DoBan, On: x.anaRef, Until: end.Add(48 * time.Hour)})
	require.ErrorIs(t, err, parvis.ErrConflict, "a ban is not made longer")
	lifted := x.undoes(x.mod, ban)
	require.NotNil(t, lifted.Inverse)
	assert.WithinDuration(t, end, lifted.Inverse.Until, time.Hour, "the ban would come back with its end")

	gone := x.answer
	gone.ID += "x"
	for _, do := range []moderate.Do{moderate.DoRemove, moderate.DoLabel} {
		_, err := moderate.Apply(ctx, x.mod, moderate.Action{Do: do, On: gone, Label: "spam"})
		require.ErrorIs(t, err, parvis.ErrNotFound, do)
	}
}

func TestLabels(t *testing.T) {
	t.Parallel()
	x := newScene(t)
	for _, on := range []parvis.Ref{x.answer, x.anaRef} {
		act := x.does(x.mod, moderate.Action{Do: moderate.DoLabel, On: on, Label: "spam"}, "not labelled spam > labelled spam")
		again, err := moderate.Label(t.Context(), x.mod, on, "spam", sells)
		require.NoError(t, err)
		assert.Nil(t, again.Inverse)
		x.does(x.mod, moderate.Action{Do: moderate.DoLabel, On: on, Label: "rude"}, "not labelled rude > labelled rude")
		x.undoes(x.mod, act)
		idle, err := moderate.Unlabel(t.Context(), x.mod, on, "spam", sells)
		require.NoError(t, err)
		assert.Nil(t, idle.Inverse)
		assert.Equal(t, []moderate.Do{moderate.DoUnlabel, moderate.DoLabel, moderate.DoLabel}, x.journal(on))
	}
	for _, label := range []string{"two words", "a,b", strings.Repeat("x", 129)} {
		_, err := moderate.Label(t.Context(), x.mod, x.answer, label, sells)
		require.ErrorIs(t, err, parvis.ErrInvalid, label)
	}
}

// What Ozone has done without a clear answer is not done twice, since it knows the event.
func TestOzoneDoesNothingTwice(t *testing.T) {
	t.Parallel()
	for _, kind := range []apitest.Kind{apitest.ErrorAfter, apitest.CutAfter, apitest.Truncated, apitest.ErrorBefore, apitest.CutBefore} {
		x := newScene(t)
		for _, a := range []moderate.Action{
			{Do: moderate.DoLabel, On: x.answer, Label: "spam"}, {Do: moderate.DoRemove, On: x.answer}, {Do: moderate.DoRestore, On: x.answer},
		} {
			x.s.Faults.Inject(apitest.Fault{Kind: kind, Times: 1, Match: calls("emitEvent")})
			act, err := moderate.Apply(t.Context(), x.mod, a)
			require.NoError(t, err, "%s %s", kind, a.Do)
			assert.NotNil(t, act.Inverse)
		}
		assert.Equal(t, []moderate.Do{moderate.DoRestore, moderate.DoRemove, moderate.DoLabel}, x.journal(x.answer), kind)
	}
}

// as opens acme behind a server that says what role it has, or answers getConfig otherwise.
func (x scene) as(status int, answer string, asked *int) *bluesky.Client {
	x.t.Helper()
	target, err := url.Parse(x.s.URL)
	require.NoError(x.t, err)
	pass := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }}
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !calls("getConfig")(r) {
			pass.ServeHTTP(w, r)
			return
		}
		*asked++
		assert.Equal(x.t, blueskytest.Labeler+"#atproto_labeler", r.Header.Get("Atproto-Proxy"))
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(answer))
	}))
	x.t.Cleanup(front.Close)
	c, _ := account(x.t, x.s, x.user, withLabeler, func(cfg *bluesky.Config) { cfg.Server = front.URL })
	return c
}

func TestRolesInTheTeam(t *testing.T) {
	t.Parallel()
	role := func(name string) string { return `{"viewer":{"role":"tools.ozone.team.defs#role` + name + `"}}` }
	for name, tt := range map[string]struct {
		status          int
		answer          string
		decides, labels bool
	}{
		"admin":       {200, role("Admin"), true, true},
		"moderator":   {200, role("Moderator"), true, true},
		"triage":      {200, role("Triage"), true, false},
		"verifier":    {200, role("Verifier"), false, false},
		"outsider":    {401, `{"error":"AuthenticationRequired","message":"not a moderator account"}`, false, false},
		"disabled":    {401, `{"error":"MemberDisabled","message":"member is disabled"}`, false, false},
		"no labeler":  {400, `{"error":"InvalidRequest","message":"could not resolve proxy did"}`, false, false},
		"no such way": {501, `{"error":"MethodNotImplemented","message":"Method Not Implemented"}`, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := newScene(t)
			asked := 0
			c := x.as(tt.status, tt.answer, &asked)
			for range 2 {
				sup, err := moderate.SupportOf(t.Context(), c, parvis.Place{})
				require.NoError(t, err)
				assert.Equal(t, tt.labels, sup.Can(moderate.DoLabel, parvis.KindPost).OK())
				assert.Equal(t, tt.labels, sup.Can(moderate.DoBan, parvis.KindPerson).OK())
				assert.Equal(t, []bool{tt.decides, tt.decides, tt.decides},
					[]bool{sup.Can(moderate.DoResolve, parvis.KindReport).OK(), sup.Pending.OK(), sup.Log.OK()})
				assert.True(t, sup.Can(moderate.DoMute, parvis.KindPerson).OK())
			}
			assert.Equal(t, 1, asked, "the role is remembered")
			if !tt.labels {
				_, err := c.Moderate(t.Context(), moderate.Action{Do: moderate.DoRemove, On: x.answer})
				require.ErrorIs(t, err, parvis.ErrPermission)
				assert.Empty(t, x.journal(x.answer))
			}
		})
	}
	x := newScene(t)
	asked := 0
	c := x.as(502, `{"error":"UpstreamFailure"}`, &asked)
	_, err := moderate.SupportOf(t.Context(), c, parvis.Place{})
	require.ErrorIs(t, err, parvis.ErrUnavailable, "who does not answer has not refused")
	was := asked
	_, err = moderate.SupportOf(t.Context(), c, parvis.Place{})
	require.ErrorIs(t, err, parvis.ErrUnavailable)
	assert.Greater(t, asked, was, "it is asked again")
}

func TestWithoutLabelerThereIsNoTeam(t *testing.T) {
	t.Parallel()
	x := newScene(t)
	before := x.s.Calls()
	sup, err := moderate.SupportOf(t.Context(), x.acme, parvis.Place{})
	require.NoError(t, err)
	assert.Contains(t, sup.Pending.Why, "Config.Ozone")
	_, err = moderate.Remove(t.Context(), x.acme, x.answer, sells)
	require.ErrorIs(t, err, parvis.ErrUnsupported)
	room := parvis.Place{Ref: x.post}
	room.Ref.Kind = parvis.KindPlace
	_, err = moderate.Apply(t.Context(), x.acme, moderate.Action{Do: moderate.DoMute, On: x.anaRef, Place: room})
	require.ErrorIs(t, err, parvis.ErrUnsupported)
	for _, err := range x.mod.Pending(t.Context(), room) {
		require.ErrorIs(t, err, parvis.ErrUnsupported)
	}
	assert.Equal(t, before, x.s.Calls())
}
