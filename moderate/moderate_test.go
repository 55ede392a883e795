package moderate_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/moderate"
)

// A stub moderator keeps the state of one comment.
type stub struct {
	account parvis.Account
	state   string
	calls   int
	err     error
}

func newStub() *stub {
	return &stub{account: parvis.Account{Client: "acme", Network: "stub", ID: "1"}, state: "approved"}
}

func (s *stub) Account() parvis.Account { return s.account }

func (s *stub) ModerateSupport(context.Context, parvis.Place) (moderate.Support, error) {
	comment := []parvis.Kind{parvis.KindComment}
	return moderate.Support{
		Actions: []moderate.Ability{
			{Do: moderate.DoHold, On: comment, Support: parvis.Full(), Undo: true},
			{Do: moderate.DoApprove, On: comment, Support: parvis.Full(), Undo: true},
			{Do: moderate.DoSpam, On: comment, Support: parvis.Full(), Undo: true},
			{Do: moderate.DoLabel, On: comment, Support: parvis.Full()},
			{Do: moderate.DoTimeOut, On: []parvis.Kind{parvis.KindPerson}, Support: parvis.Full()},
			{Do: moderate.DoBan, On: []parvis.Kind{parvis.KindPerson}, Support: parvis.Support{Why: "only administrators may", Scope: "admin"}},
		},
		Pending: parvis.Full(), Log: parvis.Full(),
	}, nil
}

func (s *stub) Moderate(_ context.Context, a moderate.Action) (moderate.Act, error) {
	s.calls++
	if s.err != nil {
		return moderate.Act{}, s.err
	}
	act := moderate.Act{Before: s.state}
	s.state = map[moderate.Do]string{moderate.DoHold: "hold", moderate.DoApprove: "approved", moderate.DoSpam: "spam"}[a.Do]
	act.After = s.state
	back := map[string]moderate.Do{"hold": moderate.DoHold, "approved": moderate.DoApprove, "spam": moderate.DoSpam}[act.Before]
	if a.Do != moderate.DoLabel {
		act.Inverse = &moderate.Action{Do: back, On: a.On}
	}
	return act, nil
}

var (
	comment = parvis.Ref{Client: "acme", Network: "stub", Kind: parvis.KindComment, ID: "7"}
	person  = parvis.Ref{Client: "acme", Network: "stub", Kind: parvis.KindPerson, ID: "2"}
)

func TestUndoGoesBackToTheStateBefore(t *testing.T) {
	t.Parallel()
	s, ctx := newStub(), context.Background()
	s.state = "spam"
	act, err := moderate.Hold(ctx, s, comment, moderate.Because("advertising", "Merci de lire la charte."))
	require.NoError(t, err)
	assert.Equal(t, "hold", s.state)
	assert.Equal(t, s.account, act.Account)
	assert.False(t, act.Time.IsZero())
	assert.Equal(t, "Merci de lire la charte.", act.Action.Reason.Text)

	undone, err := moderate.Undo(ctx, s, act)
	require.NoError(t, err)
	assert.Equal(t, "spam", s.state, "not approved: it was spam before")
	assert.Equal(t, act.Before, undone.After)

	r := act.Record()
	assert.Equal(t, "hold", r.Op)
	assert.Equal(t, "advertising", r.Reason)
	assert.Equal(t, "spam → hold", r.Detail)
}

func TestRefusedBeforeTheNetwork(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, ctx := newStub(), context.Background()
		foreign := comment
		foreign.Client = "rival"
		why := moderate.Because("x")
		do := func(_ moderate.Act, err error) error { return err }
		for name, tt := range map[string]struct {
			err  error
			want error
		}{
			"foreign":            {do(moderate.Hide(ctx, s, foreign, why)), parvis.ErrForeignClient},
			"foreign companion":  {do(moderate.Apply(ctx, s, moderate.Action{Do: moderate.DoHold, On: comment, With: []parvis.Ref{foreign}})), parvis.ErrForeignClient},
			"nothing":            {do(moderate.Hold(ctx, s, parvis.Ref{}, why)), parvis.ErrInvalid},
			"no such action":     {do(moderate.Hide(ctx, s, comment, why)), errors.ErrUnsupported},
			"not on a person":    {do(moderate.Hold(ctx, s, person, why)), errors.ErrUnsupported},
			"scope":              {do(moderate.Ban(ctx, s, person, why)), parvis.ErrPermission},
			"label missing":      {do(moderate.Label(ctx, s, comment, "", why)), parvis.ErrInvalid},
			"end missing":        {do(moderate.TimeOut(ctx, s, person, time.Time{}, why)), parvis.ErrInvalid},
			"end past":           {do(moderate.TimeOut(ctx, s, person, time.Now(), why)), parvis.ErrInvalid},
			"undo of foreign":    {do(moderate.Undo(ctx, s, moderate.Act{Action: moderate.Action{On: foreign}, Inverse: &moderate.Action{}})), parvis.ErrForeignClient},
			"undo without one":   {do(moderate.Undo(ctx, s, moderate.Act{Action: moderate.Action{Do: moderate.DoPurge, On: comment}})), errors.ErrUnsupported},
			"check does nothing": {moderate.Check(ctx, s, moderate.Action{Do: moderate.DoBan, On: person}), parvis.ErrPermission},
		} {
			require.ErrorIs(t, tt.err, tt.want, name)
		}
		require.NoError(t, moderate.Check(ctx, s, moderate.Action{Do: moderate.DoHold, On: comment}))
		assert.Zero(t, s.calls)
	})
}

func TestUndoOfSomethingGoneSaysSo(t *testing.T) {
	t.Parallel()
	s := newStub()
	act, err := moderate.Spam(context.Background(), s, comment, moderate.Because("x"))
	require.NoError(t, err)
	s.err = &parvis.Error{Code: parvis.ErrNotFound}
	_, err = moderate.Undo(context.Background(), s, act)
	require.ErrorIs(t, err, parvis.ErrNotFound)
	assert.Contains(t, err.Error(), "gone since")
	s.err = errors.New("cut")
	_, err = moderate.Undo(context.Background(), s, act)
	require.ErrorIs(t, err, parvis.ErrUnknownOutcome)
}

func TestListsNeedTheirInterface(t *testing.T) {
	t.Parallel()
	for _, err := range moderate.PendingIn(context.Background(), newStub(), parvis.Place{}) {
		require.ErrorIs(t, err, errors.ErrUnsupported)
	}
	for _, err := range moderate.LogOf(context.Background(), newStub(), parvis.Place{}) {
		require.ErrorIs(t, err, errors.ErrUnsupported)
	}
	sup, err := moderate.SupportOf(context.Background(), newStub(), parvis.Place{})
	require.NoError(t, err)
	assert.False(t, sup.Pending.OK())
}

func TestVocabularyIsWhole(t *testing.T) {
	t.Parallel()
	seen := map[moderate.Do]bool{}
	for _, d := range moderate.Dos() {
		assert.False(t, seen[d], d)
		seen[d] = true
		if inv := d.Inverse(); inv != "" && d != moderate.DoApprove {
			assert.Equal(t, d, inv.Inverse(), d)
		}
	}
	for _, final := range []moderate.Do{moderate.DoPurge, moderate.DoWarn, moderate.DoReport} {
		assert.Empty(t, final.Inverse(), final)
	}
}
