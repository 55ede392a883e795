package mastodon_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/apitest"
	mastodontest "github.com/parvis-go/parvis/internal/apitest/mastodon"
	"github.com/parvis-go/parvis/moderate"
	"github.com/parvis-go/parvis/publish"
)

var why = moderate.Because("courtesy", "please be kind")

// doAndUndo does an action twice and takes it back.
func doAndUndo(t *testing.T, r *rig, a moderate.Action, before, after string) {
	t.Helper()
	done, err := moderate.Apply(r.ctx(), r.acme, a)
	require.NoError(t, err, a)
	assert.Equal(t, before, done.Before, a)
	assert.Equal(t, after, done.After, a)
	require.NotNil(t, done.Inverse, a)
	again, err := moderate.Apply(r.ctx(), r.acme, a)
	require.NoError(t, err, a)
	assert.Equal(t, after, again.Before, a)
	assert.Nil(t, again.Inverse, "nothing was done, so that nothing can be taken back")
	back, err := moderate.Undo(r.ctx(), r.acme, done)
	require.NoError(t, err, a)
	assert.Equal(t, before, back.After, a)
}

func TestOwnSide(t *testing.T) {
	t.Parallel()
	r := newRig(t, mastodontest.Options{})
	person := r.ref(parvis.KindPerson, r.ana.ID)
	theirs := r.ref(parvis.KindPost, r.server.Say(r.ana, "@acme bonjour", ""))
	own, err := publish.To(r.ctx(), r.acme, publish.Draft{Text: "À épingler"})
	require.NoError(t, err)
	for _, c := range []struct {
		do            moderate.Do
		on            parvis.Ref
		before, after string
	}{
		{moderate.DoBlock, person, "not blocked", "blocked"},
		{moderate.DoMute, person, "not muted", "muted"},
		{moderate.DoMute, theirs, "not muted", "muted"},
		{moderate.DoPin, own.Ref, "not pinned", "pinned"},
		{moderate.DoBlock, r.ref(parvis.KindDomain, "spam.example"), "not blocked", "blocked"},
		{moderate.DoMute, r.ref(parvis.KindKeyword, "montres"), "not muted", "muted"},
	} {
		doAndUndo(t, r, moderate.Action{Do: c.do, On: c.on, Reason: why}, c.before, c.after)
	}
	_, err = moderate.Remove(r.ctx(), r.acme, theirs, why)
	require.ErrorIs(t, err, errors.ErrUnsupported)
	assert.Contains(t, err.Error(), "report the post")
	_, err = moderate.Pin(r.ctx(), r.acme, theirs, why)
	require.ErrorIs(t, err, parvis.ErrInvalid, "only one's own posts can be pinned")
}

func TestMuteEnds(t *testing.T) {
	t.Parallel()
	r := newRig(t, mastodontest.Options{})
	until := time.Now().Add(2 * time.Hour)
	for _, on := range []parvis.Ref{r.ref(parvis.KindPerson, r.ana.ID), r.ref(parvis.KindKeyword, "promo")} {
		done, err := moderate.Apply(r.ctx(), r.acme, moderate.Action{Do: moderate.DoMute, On: on, Until: until})
		require.NoError(t, err)
		un, err := moderate.Undo(r.ctx(), r.acme, done)
		require.NoError(t, err)
		require.NotNil(t, un.Inverse)
		assert.WithinDuration(t, until, un.Inverse.Until, 3*time.Second, "what is muted again ends when it would have")
	}
}

func TestReportToStaff(t *testing.T) {
	t.Parallel()
	r := newRig(t, mastodontest.Options{})
	bad := r.server.Say(r.ana, "Achetez !", "")
	more := r.server.Say(r.ana, "Achetez encore !", "")
	done, err := moderate.Apply(r.ctx(), r.acme, moderate.Action{
		Do: moderate.DoReport, On: r.ref(parvis.KindPost, bad),
		Reason: moderate.Reason{Text: "de la réclame", Category: "spam", Note: "pour nous"}, With: []parvis.Ref{r.ref(parvis.KindPost, more)},
	})
	require.NoError(t, err)
	assert.Equal(t, parvis.KindReport, done.Made.Kind)
	assert.Nil(t, done.Inverse)
	all := r.server.Reports()
	require.Len(t, all, 1)
	assert.Equal(t, "spam", all[0].Category)
	assert.Equal(t, "de la réclame", all[0].Comment)
	assert.ElementsMatch(t, []string{bad, more}, all[0].Statuses)

	_, err = moderate.Report(r.ctx(), r.acme, r.ref(parvis.KindPerson, r.ana.ID), moderate.Reason{Rule: "1"})
	require.NoError(t, err)
	assert.Equal(t, "violation", r.server.Reports()[1].Category)
	_, err = moderate.Report(r.ctx(), r.acme, r.ref(parvis.KindPerson, r.ana.ID), moderate.Reason{Rule: "nowhere", Category: "violation"})
	require.ErrorIs(t, err, parvis.ErrInvalid)
	_, err = moderate.Report(r.ctx(), r.acme, r.ref(parvis.KindPerson, r.ana.ID), moderate.Reason{Category: "rude"})
	require.ErrorIs(t, err, parvis.ErrInvalid)
	_, err = moderate.Report(r.ctx(), r.acme, r.ref(parvis.KindPerson, r.ana.ID), moderate.Reason{Text: strings.Repeat("é", 1001)})
	require.ErrorIs(t, err, parvis.ErrInvalid)
}

func TestStaffMeasures(t *testing.T) {
	t.Parallel()
	r := newStaffRig(t, mastodontest.Options{}, mastodontest.RoleAdmin)
	on := r.ref(parvis.KindPerson, r.ana.ID)
	for _, c := range []struct {
		do    moderate.Do
		label string
		after string
	}{
		{moderate.DoLabel, "sensitive", "sensitive"}, {moderate.DoLock, "", "disabled"}, {moderate.DoLimit, "", "limited"}, {moderate.DoBan, "", "suspended"},
	} {
		doAndUndo(t, r, moderate.Action{Do: c.do, On: on, Label: c.label, Reason: why}, "active", c.after)
	}
	_, err := moderate.Warn(r.ctx(), r.acme, on, why)
	require.NoError(t, err)
	_, err = moderate.Label(r.ctx(), r.acme, on, "rude", why)
	require.ErrorIs(t, err, errors.ErrUnsupported)
}

func TestStaffMeasureWithoutAnswer(t *testing.T) {
	t.Parallel()
	r := newStaffRig(t, mastodontest.Options{}, mastodontest.RoleAdmin)
	acting := func(q *http.Request) bool { return strings.HasSuffix(q.URL.Path, "/action") }
	r.server.Faults.Inject(apitest.Fault{Kind: apitest.CutAfter, Match: acting})
	done, err := moderate.Limit(r.ctx(), r.acme, r.ref(parvis.KindPerson, r.ana.ID), why)
	require.NoError(t, err, "the state shows that it was done")
	assert.Equal(t, "limited", done.After)
	r.server.Faults.Inject(apitest.Fault{Kind: apitest.CutBefore, Match: acting, Times: 5})
	_, err = moderate.Ban(r.ctx(), r.acme, r.ref(parvis.KindPerson, r.ana.ID), why)
	require.ErrorIs(t, err, parvis.ErrUnknownOutcome)
}

func TestReportsAndPending(t *testing.T) {
	t.Parallel()
	r := newStaffRig(t, mastodontest.Options{}, mastodontest.RoleModerator)
	bad := r.server.Say(r.ana, "Achetez !", "")
	ana := r.as(r.ana.Token)
	var made []parvis.Ref
	for range 3 {
		done, err := moderate.Report(r.ctx(), ana, r.ref(parvis.KindPost, bad), moderate.Reason{Text: "moi-même"})
		require.NoError(t, err)
		made = append(made, done.Made)
	}
	waiting := r.server.AddUser("nouveau")
	waiting.SetState(mastodontest.Pending, true)
	cases := collect(t, moderate.PendingIn(r.ctx(), r.acme, parvis.Place{}))
	require.Len(t, cases, 4)
	for i, ref := range made {
		assert.Equal(t, ref.ID, cases[i].Ref.ID, "oldest first")
		assert.Equal(t, r.ref(parvis.KindPost, bad), cases[i].On)
		assert.Equal(t, "Achetez !", cases[i].Text.Plain)
		assert.Equal(t, "ana", cases[i].Author.Handle)
	}
	assert.Equal(t, "held", cases[3].Why)
	assert.Equal(t, waiting.ID, cases[3].On.ID)

	report := made[0]
	doAndUndo(t, r, moderate.Action{Do: moderate.DoAssign, On: report}, "open", "open, assigned to acme")
	doAndUndo(t, r, moderate.Action{Do: moderate.DoResolve, On: report}, "open", "resolved")

	done, err := moderate.Approve(r.ctx(), r.acme, r.ref(parvis.KindPerson, waiting.ID), why)
	require.NoError(t, err)
	assert.Equal(t, "pending", done.Before)
	assert.Nil(t, done.Inverse)
	_, err = moderate.Reject(r.ctx(), r.acme, r.ref(parvis.KindPerson, waiting.ID), why)
	require.ErrorIs(t, err, parvis.ErrConflict)
	other := r.server.AddUser("autre")
	other.SetState(mastodontest.Pending, true)
	_, err = moderate.Reject(r.ctx(), r.acme, r.ref(parvis.KindPerson, other.ID), why)
	require.NoError(t, err)
}

func TestStaffNeedsScopeAndRole(t *testing.T) {
	t.Parallel()
	r := newStaffRig(t, mastodontest.Options{}, mastodontest.RoleUser)
	on := r.ref(parvis.KindPerson, r.ana.ID)
	_, err := moderate.Ban(r.ctx(), r.acme, on, why)
	require.ErrorIs(t, err, parvis.ErrPermission)
	for _, err := range moderate.PendingIn(r.ctx(), r.acme, parvis.Place{}) {
		require.ErrorIs(t, err, parvis.ErrPermission)
	}
	staff := newStaffRig(t, mastodontest.Options{}, mastodontest.RoleAdmin)
	narrow := staff.as(staff.user.NewToken("read", "write"))
	_, err = moderate.Ban(staff.ctx(), narrow, staff.ref(parvis.KindPerson, staff.ana.ID), why)
	require.ErrorIs(t, err, parvis.ErrPermission)
	var e *parvis.Error
	require.ErrorAs(t, err, &e)
	assert.NotEmpty(t, e.Help)
}

// TestSupportHolds tries every action that a server of the family says it can do, and
// finds that none is then refused as unsupported.
func TestSupportHolds(t *testing.T) {
	t.Parallel()
	for _, f := range flavours {
		t.Run(string(f), func(t *testing.T) {
			t.Parallel()
			r := newStaffRig(t, mastodontest.Options{Flavour: f}, mastodontest.RoleAdmin)
			own, err := publish.To(r.ctx(), r.acme, draft(t, f, "à moi"))
			require.NoError(t, err)
			theirs := r.ref(parvis.KindPost, r.server.Say(r.ana, "@acme à elle", ""))
			reported := moderate.Act{}
			sup, err := moderate.SupportOf(r.ctx(), r.acme, parvis.Place{})
			require.NoError(t, err)
			if sup.Can(moderate.DoReport, parvis.KindPost).OK() {
				reported, err = moderate.Report(r.ctx(), r.acme, theirs, why)
				require.NoError(t, err)
			}
			on := map[parvis.Kind]parvis.Ref{
				parvis.KindPerson: r.ref(parvis.KindPerson, r.ana.ID), parvis.KindDomain: r.ref(parvis.KindDomain, "spam.example"),
				parvis.KindKeyword: r.ref(parvis.KindKeyword, "promo"), parvis.KindReport: reported.Made, parvis.KindPost: theirs,
			}
			for _, ab := range sup.Actions {
				for _, kind := range ab.On {
					a := moderate.Action{Do: ab.Do, On: on[kind], Reason: why}
					if ab.Do == moderate.DoPin || ab.Do == moderate.DoUnpin {
						a.On = own.Ref
					}
					if len(ab.Labels) > 0 {
						a.Label = ab.Labels[0]
					}
					done, err := r.acme.Moderate(r.ctx(), a)
					switch {
					case !ab.OK():
						require.Error(t, err, "%s %s", ab.Do, kind)
					case errors.Is(err, parvis.ErrConflict): // nobody waits for approval
					default:
						require.NoError(t, err, "%s %s", ab.Do, kind)
						assert.True(t, ab.Undo || done.Inverse == nil, "%s %s", ab.Do, kind)
					}
				}
			}
		})
	}
}
