package outbox_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers/fake"
	"github.com/parvis-go/parvis/publish"
	"github.com/parvis-go/parvis/publish/outbox"
)

func TestRefusedBeforeAnythingIsStored(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	me := r.acme.Account()
	later := outbox.At("Europe/Paris", "2026-12-24 18:00")
	text := publish.Draft{Text: "Bonjour"}
	for _, tt := range []struct {
		name string
		plan outbox.Plan
		code error
		says string
	}{
		{"time in the past", outbox.Plan{Draft: text, When: outbox.At("Europe/Paris", "2026-11-23 09:59"), Targets: []outbox.Target{outbox.To(me)}}, parvis.ErrInvalid, "past"},
		{"no time", outbox.Plan{Draft: text, Targets: []outbox.Target{outbox.To(me)}}, parvis.ErrInvalid, "no time"},
		{"no such zone", outbox.Plan{Draft: text, When: outbox.At("Europe/Atlantis", "2026-12-24 18:00"), Targets: []outbox.Target{outbox.To(me)}}, parvis.ErrInvalid, "Atlantis"},
		{"no such day", outbox.Plan{Draft: text, When: outbox.At("Europe/Paris", "2026-02-30 18:00"), Targets: []outbox.Target{outbox.To(me)}}, parvis.ErrInvalid, "2026-02-30"},
		{"no target", outbox.Plan{Draft: text, When: later}, parvis.ErrInvalid, "no target"},
		{"target twice", outbox.Plan{Draft: text, When: later, Targets: []outbox.Target{outbox.To(me), outbox.To(me)}}, parvis.ErrInvalid, "twice"},
		{"another client's target", outbox.Plan{Draft: text, When: later, Targets: []outbox.Target{outbox.To(parvis.Account{Client: "rival", Network: "fake", ID: "1"})}}, parvis.ErrForeignClient, "another client"},
		{"another client's post", outbox.Plan{Draft: publish.Draft{Text: "x", ReplyTo: parvis.Ref{Client: "rival", Network: "fake", ID: "p1"}}, When: later, Targets: []outbox.Target{outbox.To(me)}}, parvis.ErrForeignClient, "another client"},
		{"its own key", outbox.Plan{Draft: publish.Draft{Text: "x", Key: "k"}, When: later, Targets: []outbox.Target{outbox.To(me)}}, parvis.ErrInvalid, "key"},
		{"its own time", outbox.Plan{Draft: publish.Draft{Text: "x", At: morning}, When: later, Targets: []outbox.Target{outbox.To(me)}}, parvis.ErrInvalid, "time of its own"},
		{"no such variant", outbox.Plan{Draft: text, When: later, Targets: []outbox.Target{outbox.To(me).In("de")}}, parvis.ErrInvalid, "de"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := r.cal.Add(t.Context(), tt.plan)
			require.ErrorIs(t, err, tt.code)
			assert.ErrorContains(t, err, tt.says)
			e, ok := errors.AsType[*parvis.Error](err)
			require.True(t, ok)
			assert.Equal(t, "schedule", e.Op)
		})
	}
	t.Cleanup(func() {
		var n int
		assert.NoError(t, r.db.QueryRow("SELECT count(*) FROM parvis_outbox_entries").Scan(&n))
		assert.Zero(t, n)
	})
}

func TestScheduleInTheUsersTransaction(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	_, err := r.db.Exec("CREATE TABLE orders (id INTEGER)")
	require.NoError(t, err)
	order := func(commit bool) outbox.Entry {
		tx, err := r.db.BeginTx(t.Context(), nil)
		require.NoError(t, err)
		defer tx.Rollback()
		_, err = tx.Exec("INSERT INTO orders VALUES (1)")
		require.NoError(t, err)
		e, err := r.cal.ScheduleTx(t.Context(), outbox.SQLTx(tx), publish.Draft{Text: "Merci"}, outbox.On(morning.Add(time.Minute)), r.acme.Account())
		require.NoError(t, err)
		if commit {
			require.NoError(t, tx.Commit())
		}
		return e
	}
	lost, kept := order(false), order(true)
	_, err = r.cal.Get(t.Context(), lost.ID)
	require.ErrorIs(t, err, parvis.ErrNotFound)
	assert.Equal(t, []string{"schedule scheduled"}, r.acts(t), "no record of what was rolled back")
	r.pass(t, time.Minute)
	r.is(t, kept, outbox.Published)
	assert.Len(t, r.texts(), 1)
}

// fullTrail is a trail that cannot record.
type fullTrail struct{ on string }

func (f fullTrail) Record(_ context.Context, r parvis.Record) error {
	if r.Op == f.on {
		return errors.New("the trail is full")
	}
	return nil
}

func TestNoActWithoutItsRecord(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(o *outbox.Options) { o.Audit = fullTrail{"schedule"} })
	_, err := r.cal.Schedule(t.Context(), publish.Draft{Text: "Bonjour"}, outbox.Now(), r.acme.Account())
	require.Error(t, err)
	_, err = r.box.Drain(t.Context())
	require.NoError(t, err)
	assert.Empty(t, r.texts())

	r = newRig(t, func(o *outbox.Options) { o.Audit = fullTrail{"send"} })
	e := r.add(t, "Bonjour", time.Minute)
	r.clock.add(time.Minute)
	_, err = r.box.Drain(t.Context())
	require.ErrorContains(t, err, "the trail is full")
	assert.Empty(t, r.texts(), "nothing is sent whose intent cannot be recorded")
	r.is(t, e, outbox.Scheduled)
}

func TestClientsAreApart(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	e := r.add(t, "Bonjour", time.Minute)
	rival := r.box.For("rival").As("rené")
	ctx := t.Context()
	for name, door := range map[string]func() error{
		"get":      func() error { _, err := rival.Get(ctx, e.ID); return err },
		"submit":   func() error { _, err := rival.Submit(ctx, e.ID); return err },
		"move":     func() error { _, err := rival.Move(ctx, e.ID, outbox.Now()); return err },
		"edit":     func() error { _, err := rival.Edit(ctx, e.ID, e.Plan); return err },
		"cancel":   func() error { _, err := rival.Cancel(ctx, e.ID); return err },
		"withdraw": func() error { _, err := rival.Withdraw(ctx, e.ID, "x"); return err },
		"retry":    func() error { _, err := rival.Retry(ctx, e.ID, e.Targets[0].ID); return err },
		"resolve": func() error {
			_, err := rival.Resolve(ctx, e.ID, e.Targets[0].ID, outbox.Resolution{})
			return err
		},
	} {
		require.ErrorIs(t, door(), parvis.ErrNotFound, name)
	}
	_, err := r.box.For("").Get(ctx, e.ID)
	require.ErrorIs(t, err, parvis.ErrNotFound)
	_, err = r.box.For("").Cancel(ctx, e.ID)
	require.ErrorIs(t, err, parvis.ErrInvalid)
	assert.Equal(t, []string{"schedule scheduled"}, r.acts(t))
}

// only lets a person do some acts.
type only map[string][]string

func (o only) May(_ context.Context, who, act, _ string) error {
	if slices.Contains(o[who], act) {
		return nil
	}
	return &parvis.Error{Code: parvis.ErrPermission, Message: who + " may not " + act}
}

func TestRoles(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(o *outbox.Options) { o.Roles = only{"claire": {"schedule", "pause"}, "paul": {"draft"}} })
	paul := r.box.For("acme").As("paul")
	d, err := paul.Save(t.Context(), outbox.Plan{Draft: publish.Draft{Text: "Bonjour"}, When: outbox.Now(), Targets: []outbox.Target{outbox.To(r.acme.Account())}})
	require.NoError(t, err)
	_, err = paul.Submit(t.Context(), d.ID)
	require.ErrorIs(t, err, parvis.ErrPermission)
	require.ErrorIs(t, paul.Pause(t.Context(), outbox.Everything, "x"), parvis.ErrPermission)
	require.ErrorIs(t, r.box.Pause(t.Context(), outbox.Everything, "x", "paul"), parvis.ErrPermission)
	_, err = r.cal.Submit(t.Context(), d.ID)
	require.NoError(t, err)
	r.pass(t, 0)
	r.is(t, d, outbox.Published)
}

func TestMove(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	e := r.add(t, "Bonjour", time.Hour)
	e, err := r.cal.Move(t.Context(), e.ID, outbox.At("Europe/Paris", "2026-11-23 10:05"))
	require.NoError(t, err)
	assert.Equal(t, morning.Add(5*time.Minute), e.At)
	_, err = r.cal.Move(t.Context(), e.ID, outbox.At("Europe/Paris", "2026-11-22 10:05"))
	require.ErrorIs(t, err, parvis.ErrInvalid)
	r.pass(t, 5*time.Minute)
	r.is(t, e, outbox.Published)
	_, err = r.cal.Move(t.Context(), e.ID, outbox.At("Europe/Paris", "2026-12-24 10:05"))
	require.ErrorIs(t, err, parvis.ErrTooLate)
	r.pass(t, 24*time.Hour)
	assert.Len(t, r.texts(), 1)
}

func TestMoveOfWhatIsHeldLetsItGo(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	e := r.add(t, "Bonjour", time.Minute)
	r.pass(t, 5*time.Hour)
	r.is(t, e, outbox.Held)
	_, err := r.cal.Move(t.Context(), e.ID, outbox.On(r.clock.now().Add(time.Hour)))
	require.NoError(t, err)
	r.pass(t, time.Hour)
	r.is(t, e, outbox.Published)
}

func TestEdit(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	e := r.add(t, "Bonjur", time.Minute)
	p := e.Plan
	p.Draft.Text = "Bonjour"
	edited, err := r.cal.Edit(t.Context(), e.ID, p)
	require.NoError(t, err)
	assert.NotEqual(t, e.Hash, edited.Hash)
	assert.Equal(t, e.At, edited.At)
	assert.NotEqual(t, e.Targets[0].ID, edited.Targets[0].ID, "another text has another key")
	r.pass(t, time.Minute)
	r.is(t, e, outbox.Published)
	assert.Equal(t, []string{"Bonjour"}, r.texts())

	p.Draft.Text = "Bonjour à tous"
	_, err = r.cal.Edit(t.Context(), e.ID, p)
	require.NoError(t, err)
	r.pass(t, 0)
	target := r.is(t, e, outbox.Published)
	assert.Equal(t, []string{"Bonjour à tous"}, r.texts())
	assert.Equal(t, "Bonjour à tous", target.Posts[0].Text.Plain)

	p.Targets = append(p.Targets, outbox.To(parvis.Account{Network: "fake", ID: "other"}))
	_, err = r.cal.Edit(t.Context(), e.ID, p)
	require.ErrorIs(t, err, parvis.ErrConflict)
}

func TestEditThatTheNetworkRefuses(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	e := r.add(t, "Bonjour", time.Minute)
	r.pass(t, time.Minute)
	r.town.Inject(fake.Fault{Kind: fake.MissingScope, Op: "edit"})
	p := e.Plan
	p.Draft.Text = "Bonsoir"
	_, err := r.cal.Edit(t.Context(), e.ID, p)
	require.NoError(t, err)
	r.pass(t, 0)
	target := r.is(t, e, outbox.Published)
	assert.Contains(t, target.Reason, "edit failed")
	assert.Equal(t, parvis.ErrPermission, target.Code)
	assert.Equal(t, []string{"Bonjour"}, r.texts())
}

func TestCancelAndWithdraw(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	e := r.add(t, "un", time.Minute)
	_, err := r.cal.Withdraw(t.Context(), e.ID, "x")
	require.ErrorIs(t, err, parvis.ErrTooLate)
	_, err = r.cal.Cancel(t.Context(), e.ID)
	require.NoError(t, err)
	r.pass(t, time.Minute)
	r.is(t, e, outbox.Cancelled)
	assert.Empty(t, r.texts())
	_, err = r.cal.Move(t.Context(), e.ID, outbox.Now())
	require.ErrorIs(t, err, parvis.ErrTooLate)
	_, err = r.cal.Edit(t.Context(), e.ID, e.Plan)
	require.ErrorIs(t, err, parvis.ErrTooLate)

	e = r.add(t, "un", time.Minute, func(p *outbox.Plan) { p.Thread = []publish.Draft{{Text: "deux"}} })
	r.pass(t, time.Minute)
	assert.Len(t, r.texts(), 2)
	_, err = r.cal.Cancel(t.Context(), e.ID)
	require.ErrorIs(t, err, parvis.ErrTooLate)
	require.NoError(t, r.cal.Pause(t.Context(), outbox.Everything, "crisis"))
	_, err = r.cal.Withdraw(t.Context(), e.ID, "recall")
	require.NoError(t, err)
	r.pass(t, 0)
	assert.Equal(t, "recall", r.is(t, e, outbox.Withdrawn).Reason)
	assert.Empty(t, r.texts(), "a pause does not keep posts up")
}

func TestExpiry(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	e := r.add(t, "Aujourd'hui seulement", time.Minute, func(p *outbox.Plan) { p.Expire = 12 * time.Hour })
	r.pass(t, time.Minute)
	r.pass(t, 12*time.Hour-time.Second)
	r.is(t, e, outbox.Published)
	r.pass(t, time.Second)
	r.is(t, e, outbox.Withdrawn)
	assert.Empty(t, r.texts())
}

func TestSnapshots(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	e := r.add(t, "Bonjour", time.Minute, func(p *outbox.Plan) { p.Snapshots = []time.Duration{24 * time.Hour, time.Hour} })
	r.pass(t, time.Minute)
	ana := r.town.Join("ana")
	require.NoError(t, publish.React(t.Context(), ana, r.town.Posts()[0].Ref, publish.Like))
	r.pass(t, time.Hour)
	require.NoError(t, publish.React(t.Context(), r.town.Join("bob"), r.town.Posts()[0].Ref, publish.Like))
	r.pass(t, 23*time.Hour)
	shots, err := r.cal.Snapshots(t.Context(), e.ID)
	require.NoError(t, err)
	require.Len(t, shots, 2)
	likes := func(s outbox.Snapshot) float64 {
		for _, m := range s.Metrics {
			if m.Means == "likes" {
				return m.Value
			}
		}
		return -1
	}
	assert.Equal(t, time.Hour, shots[0].Age)
	assert.InDelta(t, 1, likes(shots[0]), 0)
	assert.Equal(t, 24*time.Hour, shots[1].Age)
	assert.InDelta(t, 2, likes(shots[1]), 0)
	_, err = r.box.For("rival").Snapshots(t.Context(), e.ID)
	require.ErrorIs(t, err, parvis.ErrNotFound)
}

func TestReadBack(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(o *outbox.Options) { o.VerifyAfter = 10 * time.Second })
	good, gone := r.add(t, "un", time.Minute), r.add(t, "deux", time.Minute)
	r.pass(t, time.Minute)
	target := r.is(t, gone, outbox.Published)
	require.NoError(t, publish.Delete(t.Context(), r.acme, target.Posts[0].Ref))
	r.pass(t, 10*time.Second)
	target = r.is(t, good, outbox.Published)
	assert.Empty(t, target.Faults)
	assert.Equal(t, r.clock.now(), target.Verified)
	target = r.is(t, gone, outbox.Published)
	require.Len(t, target.Faults, 1)
	assert.Contains(t, target.Faults[0], "cannot be seen")
}

func TestNativeScheduling(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	native := func(p *outbox.Plan) { p.Native = true }
	e := r.add(t, "Bonjour", time.Hour, native)
	r.pass(t, time.Minute)
	target := r.is(t, e, outbox.Native)
	assert.Contains(t, target.Reason, "network holds it")
	_, err := r.cal.Move(t.Context(), e.ID, outbox.On(morning.Add(2*time.Hour)))
	require.NoError(t, err)
	r.pass(t, 0)
	for p, err := range publish.ScheduledPosts(t.Context(), r.acme) {
		require.NoError(t, err)
		assert.Equal(t, morning.Add(2*time.Hour), p.At.UTC())
	}
	r.pass(t, 2*time.Hour)
	r.is(t, e, outbox.Published)
	assert.Equal(t, []string{"Bonjour"}, r.texts())

	e = r.add(t, "Pas celui-ci", time.Hour, native)
	r.pass(t, time.Minute)
	r.is(t, e, outbox.Native)
	_, err = r.cal.Cancel(t.Context(), e.ID)
	require.NoError(t, err)
	r.pass(t, 0)
	r.is(t, e, outbox.Cancelled)
	r.pass(t, 3*time.Hour)
	assert.Len(t, r.texts(), 1)

	soon := r.add(t, "Trop tôt pour le réseau", time.Minute, native)
	r.pass(t, 0)
	r.is(t, soon, outbox.Scheduled)
	r.pass(t, time.Minute)
	r.is(t, soon, outbox.Published)
}

func TestSaveSubmit(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	d, err := r.cal.Save(t.Context(), outbox.Plan{Draft: publish.Draft{Text: "Idée"}, Targets: []outbox.Target{outbox.To(r.acme.Account())}})
	require.NoError(t, err)
	assert.Equal(t, outbox.Draft, d.State)
	r.pass(t, time.Hour)
	r.is(t, d, outbox.Draft)
	d, err = r.cal.Submit(t.Context(), d.ID)
	require.NoError(t, err)
	assert.Equal(t, outbox.Approved, d.State, "it has no time yet")
	d, err = r.cal.Move(t.Context(), d.ID, outbox.On(r.clock.now().Add(time.Hour)))
	require.NoError(t, err)
	assert.Equal(t, outbox.Scheduled, d.State)
	r.pass(t, time.Hour)
	r.is(t, d, outbox.Published)
}

// TestAnEditedFailureHasANewKey: some networks replay a refusal under its key.
func TestAnEditedFailureHasANewKey(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	e := r.add(t, "Bonjur", time.Minute)
	r.town.Inject(fake.Fault{Kind: fake.RejectedPost, Op: "publish"})
	r.pass(t, time.Minute)
	target := r.is(t, e, outbox.Failed)
	p := e.Plan
	p.Draft.Text = "Bonjour"
	_, err := r.cal.Edit(t.Context(), e.ID, p)
	require.NoError(t, err)
	_, err = r.cal.Retry(t.Context(), e.ID, target.ID)
	require.NoError(t, err)
	r.pass(t, 0)
	target = r.is(t, e, outbox.Published)
	assert.NotEqual(t, target.ID, target.Posts[0].Key)
	assert.Equal(t, []string{"Bonjour"}, r.texts())
}
