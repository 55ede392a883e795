package outbox_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers/fake"
	"github.com/parvis-go/parvis/publish"
	"github.com/parvis-go/parvis/publish/outbox"
)

func TestGoesOutOnItsTimeAndNotBefore(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	e, err := r.cal.Schedule(t.Context(), publish.Draft{Text: "Bonjour"}, outbox.At("Europe/Paris", "2026-11-23 10:30"), r.acme.Account())
	require.NoError(t, err)
	assert.Equal(t, morning.Add(30*time.Minute), e.At)
	r.pass(t, 29*time.Minute)
	r.is(t, e, outbox.Scheduled)
	assert.Empty(t, r.texts())
	r.pass(t, time.Minute)
	target := r.is(t, e, outbox.Published)
	assert.Equal(t, []string{"Bonjour"}, r.texts())
	assert.Equal(t, r.town.Posts()[0].Ref.ID, target.Posts[0].Ref.ID)
	assert.Equal(t, []string{"schedule scheduled", "send sending", "publish published"}, r.acts(t))
	r.pass(t, 48*time.Hour)
	assert.Len(t, r.texts(), 1)
}

func TestOrderWithinAnAccount(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.add(t, "trois", 3*time.Minute)
	r.add(t, "un", time.Minute)
	r.add(t, "deux", 2*time.Minute)
	r.pass(t, 10*time.Minute)
	assert.Equal(t, []string{"un", "deux", "trois"}, r.texts())
}

// TestFailures: what becomes of a post whose first attempt ends badly, at once and later.
func TestFailures(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name         string
		fault        fake.Fault
		first, later outbox.State
		code         parvis.Code
		posts        int
	}{
		{name: "lost after", fault: fake.Fault{Kind: fake.CutAfter}, first: outbox.Published, later: outbox.Published, posts: 1},
		{name: "error after", fault: fake.Fault{Kind: fake.ErrorAfter}, first: outbox.Published, later: outbox.Published, posts: 1},
		{name: "lost before, unknown", fault: fake.Fault{Kind: fake.ErrorBefore}, first: outbox.Unknown, later: outbox.Published, posts: 1},
		{name: "refused connection", fault: fake.Fault{Kind: fake.CutBefore}, first: outbox.Scheduled, code: parvis.ErrUnavailable, later: outbox.Published, posts: 1},
		{name: "limited", fault: fake.Fault{Kind: fake.RateLimited}, first: outbox.Scheduled, code: parvis.ErrRateLimited, later: outbox.Published, posts: 1},
		{name: "rejected", fault: fake.Fault{Kind: fake.RejectedPost}, first: outbox.Failed, code: parvis.ErrRejected, later: outbox.Failed},
		{name: "revoked", fault: fake.Fault{Kind: fake.ExpiredToken}, first: outbox.Held, code: parvis.ErrAuth, later: outbox.Held},
		{name: "no scope", fault: fake.Fault{Kind: fake.MissingScope}, first: outbox.Held, code: parvis.ErrPermission, later: outbox.Held},
		{name: "held there", fault: fake.Fault{Kind: fake.HeldPost}, first: outbox.Pending, later: outbox.Pending, posts: 0},
		{name: "processing", fault: fake.Fault{Kind: fake.StillProcessing, Delay: time.Minute}, first: outbox.Pending, later: outbox.Published, posts: 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			e := r.add(t, "Bonjour", time.Minute)
			tt.fault.Op = "publish"
			r.town.Inject(tt.fault)
			r.pass(t, time.Minute)
			target := r.is(t, e, tt.first)
			if tt.first != outbox.Published {
				assert.NotEmpty(t, target.Reason)
			}
			if tt.code != "" {
				assert.Equal(t, tt.code, target.Code)
			}
			for range 40 {
				r.pass(t, time.Minute)
			}
			r.is(t, e, tt.later)
			assert.Len(t, r.texts(), tt.posts)
		})
	}
}

func TestNeverSentBlindly(t *testing.T) {
	t.Parallel()
	var r *rig
	r = newRig(t, func(o *outbox.Options) {
		o.Accounts = func(context.Context, parvis.Account) (publish.Publisher, error) { return mute{r.acme}, nil }
	})
	e := r.add(t, "Bonjour", time.Minute)
	r.town.Inject(fake.Fault{Kind: fake.CutAfter, Op: "publish"})
	for range 60 {
		r.pass(t, time.Minute)
	}
	target := r.is(t, e, outbox.Unknown)
	assert.Equal(t, parvis.ErrUnknownOutcome, target.Code)
	assert.Contains(t, target.Reason, "Resolve")
	assert.Zero(t, target.Next)
	assert.Len(t, r.texts(), 1, "sent once, and never again")

	_, err := r.cal.Resolve(t.Context(), e.ID, target.ID, outbox.Resolution{Out: true})
	require.ErrorIs(t, err, parvis.ErrInvalid, "what is out has a reference")
	_, err = r.cal.Resolve(t.Context(), e.ID, target.ID, outbox.Resolution{Out: true, Ref: r.town.Posts()[0].Ref})
	require.NoError(t, err)
	r.pass(t, time.Minute)
	target = r.is(t, e, outbox.Published)
	assert.Equal(t, r.town.Posts()[0].Ref.ID, target.Posts[0].Ref.ID)
	assert.Len(t, r.texts(), 1)
}

func TestResolvedAsNotOutIsSentAgain(t *testing.T) {
	t.Parallel()
	var r *rig
	r = newRig(t, func(o *outbox.Options) {
		o.Accounts = func(context.Context, parvis.Account) (publish.Publisher, error) { return mute{r.acme}, nil }
	})
	e := r.add(t, "Bonjour", time.Minute)
	r.town.Inject(fake.Fault{Kind: fake.ErrorBefore, Op: "publish"})
	r.pass(t, time.Minute)
	target := r.is(t, e, outbox.Unknown)
	_, err := r.cal.Resolve(t.Context(), e.ID, target.ID, outbox.Resolution{})
	require.NoError(t, err)
	r.pass(t, 0)
	r.is(t, e, outbox.Published)
	assert.Len(t, r.texts(), 1)
}

func TestSettleTimeBeforeAnAbsenceIsBelieved(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(o *outbox.Options) { o.Settle = time.Minute })
	e := r.add(t, "Bonjour", time.Minute)
	r.town.Inject(fake.Fault{Kind: fake.ErrorBefore, Op: "publish"})
	r.pass(t, time.Minute)
	r.is(t, e, outbox.Unknown)
	r.pass(t, 59*time.Second)
	r.is(t, e, outbox.Unknown)
	assert.Empty(t, r.texts())
	r.pass(t, time.Second)
	r.is(t, e, outbox.Published)
}

func TestOneNetworksFailureBlocksNoOther(t *testing.T) {
	t.Parallel()
	var other *fake.Network
	var r *rig
	r = newRig(t, func(o *outbox.Options) {
		other = fake.New(fake.Options{Name: "other", Now: o.Now})
		o.Accounts = outbox.Publishers(other.Join("acme"))
		theirs := o.Accounts
		o.Accounts = func(ctx context.Context, a parvis.Account) (publish.Publisher, error) {
			if a.Network == "other" {
				return theirs(ctx, a)
			}
			return r.acme, nil
		}
	})
	r.town.Inject(fake.Fault{Kind: fake.Outage, Times: -1})
	e := r.add(t, "Bonjour", time.Minute, func(p *outbox.Plan) {
		p.Targets = append(p.Targets, outbox.To(parvis.Account{Network: "other", Handle: "acme"}))
	})
	r.pass(t, time.Minute)
	e = r.get(t, e)
	assert.Equal(t, outbox.Scheduled, e.State)
	assert.Equal(t, outbox.Scheduled, e.Targets[0].State)
	assert.Equal(t, outbox.Published, e.Targets[1].State, e.Targets[1].Reason)
	r.town.Clear()
	r.pass(t, time.Minute)
	r.is(t, e, outbox.Published)
}

func TestThreadResumesWhereItStopped(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	e := r.add(t, "un", time.Minute, func(p *outbox.Plan) {
		p.Thread = []publish.Draft{{Text: "deux"}, {Text: "trois"}}
		p.Comment = &publish.Draft{Text: "premier commentaire"}
	})
	r.clock.add(time.Minute)
	r.town.Inject(fake.Fault{Kind: fake.ErrorBefore, Op: "reconcile"}) // keeps it from being cleared up at once
	limited := &afterTwo{town: r.town}
	limited.arm()
	_, err := r.box.Drain(t.Context())
	require.NoError(t, err)
	for range 10 {
		r.pass(t, time.Minute)
	}
	target := r.is(t, e, outbox.Published)
	assert.Equal(t, []string{"un", "deux", "trois", "premier commentaire"}, r.texts())
	require.Len(t, target.Posts, 4)
	for i, p := range r.town.Posts()[1:] {
		assert.Equal(t, r.town.Posts()[i].Ref.ID, p.ReplyTo.ID)
	}
}

// afterTwo cuts the connection for the first post of the thread, and again for one more.
type afterTwo struct{ town *fake.Network }

func (a *afterTwo) arm() {
	a.town.Inject(fake.Fault{Kind: fake.CutBefore, Op: "publish"})
	a.town.Inject(fake.Fault{Kind: fake.ErrorAfter, Op: "publish"})
}

func TestALimitRestsTheWholeAccount(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for i, s := range []string{"un", "deux", "trois"} {
		r.add(t, s, time.Duration(i+1)*time.Second)
	}
	r.town.Inject(fake.Fault{Kind: fake.RateLimited, Op: "publish", RetryAfter: 10 * time.Minute})
	r.pass(t, time.Minute)
	calls := r.town.Calls()
	r.pass(t, 9*time.Minute)
	assert.Equal(t, calls, r.town.Calls(), "nothing is tried while the limit holds")
	r.pass(t, time.Minute)
	assert.Equal(t, []string{"un", "deux", "trois"}, r.texts())
}

func TestMissedSlot(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		late  time.Duration
		slept time.Duration
		want  outbox.State
	}{
		{"within the default tolerance", 0, time.Hour, outbox.Published},
		{"after the default tolerance", 0, 24 * time.Hour, outbox.Held},
		{"within its own", 48 * time.Hour, 24 * time.Hour, outbox.Published},
		{"after its own", time.Minute, 2 * time.Minute, outbox.Held},
		{"for ever", -1, 1000 * time.Hour, outbox.Published},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			e := r.add(t, "Bonjour", time.Minute, func(p *outbox.Plan) { p.Late = tt.late })
			r.pass(t, time.Minute+tt.slept)
			target := r.is(t, e, tt.want)
			if tt.want != outbox.Held {
				return
			}
			assert.Contains(t, target.Reason, "missed")
			assert.Empty(t, r.texts())
			_, err := r.cal.Retry(t.Context(), e.ID, target.ID)
			require.NoError(t, err)
			r.pass(t, 0)
			r.is(t, e, outbox.Published)
		})
	}
}

func TestClockSetBack(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	first := r.add(t, "un", time.Minute)
	second := r.add(t, "deux", 30*time.Minute)
	r.pass(t, time.Minute)
	r.is(t, first, outbox.Published)
	r.pass(t, -2*time.Hour)
	r.is(t, first, outbox.Published)
	r.is(t, second, outbox.Scheduled)
	r.pass(t, 2*time.Hour+30*time.Minute)
	r.is(t, second, outbox.Published)
	assert.Equal(t, []string{"un", "deux"}, r.texts())
}

func TestPause(t *testing.T) {
	t.Parallel()
	for name, stop := range map[string]struct{ pause, resume func(*rig) error }{
		"client": {
			func(r *rig) error { return r.cal.Pause(t.Context(), outbox.Everything, "crisis") },
			func(r *rig) error { return r.cal.Resume(t.Context(), outbox.Everything) },
		},
		"network": {
			func(r *rig) error { return r.cal.Pause(t.Context(), outbox.OnNetwork("fake"), "crisis") },
			func(r *rig) error { return r.cal.Resume(t.Context(), outbox.OnNetwork("fake")) },
		},
		"account": {
			func(r *rig) error { return r.cal.Pause(t.Context(), outbox.OnAccount(r.acme.Account()), "crisis") },
			func(r *rig) error { return r.cal.Resume(t.Context(), outbox.OnAccount(r.acme.Account())) },
		},
		"account by its handle": {
			func(r *rig) error {
				return r.cal.Pause(t.Context(), outbox.OnAccount(parvis.Account{Network: "fake", Handle: "acme"}), "crisis")
			},
			func(r *rig) error {
				return r.cal.Resume(t.Context(), outbox.OnAccount(parvis.Account{Network: "fake", Handle: "acme"}))
			},
		},
		"all": {
			func(r *rig) error { return r.box.Pause(t.Context(), outbox.Everything, "crisis", "claire") },
			func(r *rig) error { return r.box.Resume(t.Context(), outbox.Everything, "claire") },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			e := r.add(t, "Bonjour", time.Minute)
			require.NoError(t, stop.pause(r))
			pauses, err := r.cal.Pauses(t.Context())
			require.NoError(t, err)
			require.Len(t, pauses, 1)
			assert.Equal(t, "claire", pauses[0].Person)
			r.pass(t, 30*time.Minute)
			assert.Contains(t, r.is(t, e, outbox.Scheduled).Reason, "paused: crisis")
			assert.Empty(t, r.texts())
			require.NoError(t, stop.resume(r))
			r.pass(t, time.Minute)
			r.is(t, e, outbox.Published)
		})
	}
}

func TestPauseOfOthers(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	e := r.add(t, "Bonjour", time.Minute)
	require.NoError(t, r.box.For("rival").Pause(t.Context(), outbox.Everything, "crisis"))
	require.NoError(t, r.cal.Pause(t.Context(), outbox.OnNetwork("elsewhere"), "crisis"))
	require.ErrorIs(t, r.box.For("rival").Pause(t.Context(), outbox.OnAccount(parvis.Account{Client: "acme", Network: "fake", ID: "1"}), "x"), parvis.ErrForeignClient)
	r.pass(t, time.Minute)
	r.is(t, e, outbox.Published)
}

// TestResumeAsksAgain: what waited too long under a pause is not let out by itself.
func TestResumeAsksAgain(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	e := r.add(t, "Bonjour", time.Minute)
	require.NoError(t, r.cal.Pause(t.Context(), outbox.Everything, "crisis"))
	r.pass(t, 30*time.Hour)
	require.NoError(t, r.cal.Resume(t.Context(), outbox.Everything))
	r.pass(t, 0)
	assert.Contains(t, r.is(t, e, outbox.Held).Reason, "missed")
}

// TestPauseAtTheLastMoment: the pause comes after the worker has taken the post up.
func TestPauseAtTheLastMoment(t *testing.T) {
	t.Parallel()
	var r *rig
	pausing := false
	r = newRig(t, func(o *outbox.Options) {
		o.Accounts = func(ctx context.Context, _ parvis.Account) (publish.Publisher, error) {
			if pausing {
				return r.acme, r.cal.Pause(ctx, outbox.Everything, "recall")
			}
			return r.acme, nil
		}
	})
	e := r.add(t, "Bonjour", time.Minute)
	pausing = true
	r.pass(t, time.Minute)
	assert.Empty(t, r.texts())
	assert.Contains(t, r.is(t, e, outbox.Scheduled).Reason, "recall")
}

// keyed honours keys and has no lookup.
type keyed struct{ mute }

func (k keyed) PublishSupport(ctx context.Context, place parvis.Place) (publish.Support, error) {
	return k.p.PublishSupport(ctx, place)
}

// TestAKeyWaitsForTheSettleTime: some networks note a key only when they have made the post,
// so what is sent again too early may be made twice.
func TestAKeyWaitsForTheSettleTime(t *testing.T) {
	t.Parallel()
	var r *rig
	r = newRig(t, func(o *outbox.Options) {
		o.Settle = time.Minute
		o.Accounts = func(context.Context, parvis.Account) (publish.Publisher, error) { return keyed{mute{r.acme}}, nil }
	})
	e := r.add(t, "Bonjour", time.Minute)
	r.town.Inject(fake.Fault{Kind: fake.ErrorAfter, Op: "publish"})
	r.pass(t, time.Minute)
	r.is(t, e, outbox.Unknown)
	calls := r.town.Calls()
	r.pass(t, 59*time.Second)
	assert.Equal(t, calls, r.town.Calls(), "nothing is sent before the settle time is over")
	r.pass(t, time.Second)
	r.is(t, e, outbox.Published)
	assert.Len(t, r.texts(), 1)
}
