package fake_test

import (
	"context"
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

// TestCallFaults tries every fault that any call can meet on a call that changes
// something and on one that reads.
func TestCallFaults(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind          fake.FaultKind
		change, read  parvis.Code
		vendor        string
		status        int
		took, arrived bool
		after         time.Duration
	}{
		{kind: fake.RateLimited, change: parvis.ErrRateLimited, read: parvis.ErrRateLimited, vendor: "too_many_requests", status: 429, arrived: true, after: time.Minute},
		{kind: fake.RateLimitedSilent, change: parvis.ErrRateLimited, read: parvis.ErrRateLimited, vendor: "too_many_requests", status: 429, arrived: true},
		{kind: fake.ErrorBefore, change: parvis.ErrUnknownOutcome, read: parvis.ErrUnavailable, vendor: "internal_error", status: 500, arrived: true},
		{kind: fake.ErrorAfter, change: parvis.ErrUnknownOutcome, read: parvis.ErrUnavailable, vendor: "bad_gateway", status: 502, took: true, arrived: true},
		{kind: fake.CutBefore, change: parvis.ErrUnavailable, read: parvis.ErrUnavailable, vendor: "connection refused"},
		{kind: fake.CutAfter, change: parvis.ErrUnknownOutcome, read: parvis.ErrUnavailable, vendor: "connection reset", took: true, arrived: true},
		{kind: fake.Timeout, change: parvis.ErrUnknownOutcome, read: parvis.ErrUnavailable, vendor: "timeout", took: true, arrived: true},
		{kind: fake.TruncatedAnswer, change: parvis.ErrUnknownOutcome, read: parvis.ErrBadAnswer, vendor: "unexpected EOF", status: 200, took: true, arrived: true},
		{kind: fake.Outage, change: parvis.ErrUnavailable, read: parvis.ErrUnavailable, vendor: "outage", status: 503},
		{kind: fake.VersionRetired, change: parvis.ErrAPIVersionRetired, read: parvis.ErrAPIVersionRetired, vendor: "version_retired", status: 410, arrived: true},
		{kind: fake.ExpiredToken, change: parvis.ErrAuth, read: parvis.ErrAuth, vendor: "token_expired", status: 401, arrived: true},
		{kind: fake.RevokedToken, change: parvis.ErrAuth, read: parvis.ErrAuth, vendor: "token_revoked", status: 401, arrived: true},
		{kind: fake.MissingScope, change: parvis.ErrPermission, read: parvis.ErrPermission, vendor: "insufficient_scope", status: 403, arrived: true},
	} {
		t.Run(string(c.kind), func(t *testing.T) {
			t.Parallel()
			town := fake.New(fake.Options{})
			acme := town.Join("acme")
			seed := say(t, acme, "seed")
			calls := town.Calls()
			fail := func(err error, code parvis.Code) {
				e := wantErr(t, err, code, c.vendor)
				assert.Equal(t, c.status, e.Status)
				assert.Equal(t, c.after, e.RetryAfter)
				assert.Equal(t, 0, town.Faults(), "it is used up")
				town.Clear()
			}
			town.Inject(fake.Fault{Kind: c.kind})
			_, err := publish.To(t.Context(), acme, publish.Draft{Text: "Bonjour"})
			fail(err, c.change)
			_, unknown := publish.AttemptOf(err)
			assert.Equal(t, c.change == parvis.ErrUnknownOutcome, unknown, "what is unknown can be reconciled")
			assert.Equal(t, c.took, town.Count("Bonjour") == 1)
			assert.Equal(t, c.arrived, town.Calls() == calls+1)

			town.Inject(fake.Fault{Kind: c.kind})
			_, err = publish.Get(t.Context(), acme, seed.Ref)
			fail(err, c.read)
			town.Inject(fake.Fault{Kind: c.kind})
			_, err = last(listen.To(t.Context(), acme, listen.Query{Own: true}))
			fail(err, c.read)
			_, err = publish.Get(t.Context(), acme, seed.Ref)
			require.NoError(t, err, "once is once")
		})
	}
}

// TestMutationFaults shows that a lost answer is an unknown outcome for everything that
// changes something, and that a limited call changes nothing.
func TestMutationFaults(t *testing.T) {
	t.Parallel()
	mutations := map[string]func(context.Context, *court) error{
		"edit": func(ctx context.Context, c *court) error {
			_, err := publish.Edit(ctx, c.acme, c.root.Ref, publish.Draft{Text: "x"})
			return err
		},
		"delete": func(ctx context.Context, c *court) error { return publish.Delete(ctx, c.acme, c.root.Ref) },
		"trash":  func(ctx context.Context, c *court) error { return publish.Trash(ctx, c.acme, c.root.Ref) },
		"restore": func(ctx context.Context, c *court) error {
			_, err := publish.Restore(ctx, c.acme, c.root.Ref)
			return err
		},
		"react": func(ctx context.Context, c *court) error { return publish.React(ctx, c.acme, c.root.Ref, publish.Like) },
		"unreact": func(ctx context.Context, c *court) error {
			return publish.Unreact(ctx, c.acme, c.root.Ref, publish.Like)
		},
		"create place": func(ctx context.Context, c *court) error {
			_, err := publish.CreatePlace(ctx, c.acme, parvis.Place{Name: "x"})
			return err
		},
		"update place": func(ctx context.Context, c *court) error {
			_, err := publish.UpdatePlace(ctx, c.mod, c.town.AddPlace("y", "z"))
			return err
		},
		"delete place": func(ctx context.Context, c *court) error {
			return publish.DeletePlace(ctx, c.mod, c.town.AddPlace("y", "z").Ref)
		},
		"reschedule": func(ctx context.Context, c *court) error {
			_, err := c.acme.Reschedule(ctx, c.root.Ref, c.clock.now.Add(time.Hour))
			return err
		},
		"unschedule": func(ctx context.Context, c *court) error { return publish.Unschedule(ctx, c.acme, c.root.Ref) },
		"moderate": func(ctx context.Context, c *court) error {
			_, err := moderate.Hide(ctx, c.acme, c.reply.Ref, moderate.Reason{})
			return err
		},
		"hide": func(ctx context.Context, c *court) error {
			_, err := moderate.Hide(ctx, c.acme, c.reply.Ref, moderate.Reason{})
			return err
		},
	}
	for op, do := range mutations {
		t.Run(op, func(t *testing.T) {
			t.Parallel()
			c := newCourt(t)
			c.town.Inject(fake.Fault{Kind: fake.CutAfter, Op: op})
			wantErr(t, do(t.Context(), c), parvis.ErrUnknownOutcome, "connection reset")
			c = newCourt(t)
			c.town.Inject(fake.Fault{Kind: fake.RateLimited, Op: op, RetryAfter: 7 * time.Second})
			e := wantErr(t, do(t.Context(), c), parvis.ErrRateLimited, "too_many_requests")
			assert.Equal(t, 7*time.Second, e.RetryAfter)
			assert.Equal(t, []string{"root", "reply"}, texts(c.town), "nothing was taken")
		})
	}
}

// TestReadFaults shows that a lost answer to what reads is no unknown outcome.
func TestReadFaults(t *testing.T) {
	t.Parallel()
	reads := map[string]func(context.Context, *court) error{
		"scheduled": func(ctx context.Context, c *court) error {
			_, err := last(publish.ScheduledPosts(ctx, c.acme))
			return err
		},
		"metrics": func(ctx context.Context, c *court) error {
			_, err := publish.MetricsOf(ctx, c.acme, c.root.Ref)
			return err
		},
		"places": func(ctx context.Context, c *court) error { _, err := last(publish.PlacesOf(ctx, c.acme)); return err },
		"history": func(ctx context.Context, c *court) error {
			_, err := last(listen.Past(ctx, c.acme, listen.Query{}))
			return err
		},
		"search": func(ctx context.Context, c *court) error {
			_, err := last(listen.Search(ctx, c.acme, listen.Query{Text: "x"}))
			return err
		},
		"members": func(ctx context.Context, c *court) error {
			_, err := last(listen.MembersOf(ctx, c.acme, parvis.Place{}))
			return err
		},
		"pending": func(ctx context.Context, c *court) error {
			_, err := last(moderate.PendingIn(ctx, c.acme, parvis.Place{}))
			return err
		},
		"log": func(ctx context.Context, c *court) error {
			_, err := last(moderate.LogOf(ctx, c.acme, parvis.Place{}))
			return err
		},
		"reconcile": func(ctx context.Context, c *court) error {
			_, err := publish.Reconcile(ctx, c.acme, publish.Attempt{Account: c.acme.Account(), Draft: publish.Draft{Text: "root"}})
			return err
		},
	}
	for op, do := range reads {
		t.Run(op, func(t *testing.T) {
			t.Parallel()
			c := newCourt(t)
			c.town.Inject(fake.Fault{Kind: fake.ErrorAfter, Op: op})
			wantErr(t, do(t.Context(), c), parvis.ErrUnavailable, "bad_gateway")
			c.town.Inject(fake.Fault{Kind: fake.TruncatedAnswer, Op: op})
			wantErr(t, do(t.Context(), c), parvis.ErrBadAnswer, "unexpected EOF")
			require.NoError(t, do(t.Context(), c))
		})
	}
}

func TestFaultSelection(t *testing.T) {
	t.Parallel()
	town := fake.New(fake.Options{})
	acme, ana := town.Join("acme"), town.Join("ana")
	town.Inject(fake.Fault{Kind: fake.Outage, Op: "publish", Account: "ana", Times: 2})
	town.Inject(fake.Fault{Kind: fake.ExpiredToken, Account: "ana"})
	assert.Equal(t, 2, town.Faults())
	p := say(t, acme, "not me")
	try := func(a *fake.Account) error {
		_, err := publish.To(t.Context(), a, publish.Draft{Text: "x"})
		return err
	}
	require.ErrorIs(t, try(ana), parvis.ErrUnavailable, "the first that fits")
	_, err := publish.Get(t.Context(), ana, p.Ref)
	require.ErrorIs(t, err, parvis.ErrAuth, "the first does not fit reads")
	require.ErrorIs(t, try(ana), parvis.ErrUnavailable)
	assert.Equal(t, 0, town.Faults())
	require.NoError(t, try(ana))

	town.Inject(fake.Fault{Kind: fake.Outage, Times: -1})
	for range 5 {
		require.ErrorIs(t, try(acme), parvis.ErrUnavailable)
	}
	assert.Equal(t, 1, town.Faults())
	town.Clear()
	assert.Equal(t, 0, town.Faults())
	require.NoError(t, try(acme))
}

func TestRevokedTokenIsFinal(t *testing.T) {
	t.Parallel()
	town := fake.New(fake.Options{})
	acme := town.Join("acme")
	town.Inject(fake.Fault{Kind: fake.RevokedToken, Op: "publish"})
	for range 2 {
		_, err := publish.To(t.Context(), acme, publish.Draft{Text: "x"})
		wantErr(t, err, parvis.ErrAuth, "token_revoked")
	}
	_, err := last(listen.To(t.Context(), acme, listen.Query{}))
	wantErr(t, err, parvis.ErrAuth, "token_revoked")
	say(t, town.Join("ana"), "others are not concerned")
	town.Clear()
	say(t, acme, "back again")
}

func TestFaultsOfPosts(t *testing.T) {
	t.Parallel()
	c := newClock()
	town := fake.New(fake.Options{Now: c.Now})
	acme, mod := town.Join("acme"), town.Add(fake.Member{Handle: "mod", Moderator: true})
	town.Inject(fake.Fault{Kind: fake.HeldPost})
	held := say(t, acme, "held")
	assert.Equal(t, publish.Held, held.State)
	assert.Empty(t, town.Posts())
	require.Len(t, all(t, moderate.PendingIn(t.Context(), mod, parvis.Place{})), 1)
	_, err := moderate.Approve(t.Context(), mod, held.Ref, moderate.Reason{})
	require.NoError(t, err)
	assert.Equal(t, []string{"held"}, texts(town))

	town.Inject(fake.Fault{Kind: fake.RejectedPost, Op: "publish"})
	outs := publish.ToAll(t.Context(), publish.Draft{Text: "bad"}, acme)
	assert.Equal(t, publish.Rejected, outs[0].State)
	wantErr(t, outs[0].Err, parvis.ErrRejected, "content_policy")
	assert.Equal(t, 0, town.Count("bad"))

	town.Inject(fake.Fault{Kind: fake.StillProcessing, Delay: 10 * time.Second})
	pending := say(t, acme, "a film")
	assert.Equal(t, publish.Pending, pending.State)
	c.forward(10*time.Second - 1)
	got, err := publish.Get(t.Context(), acme, pending.Ref)
	require.NoError(t, err)
	assert.Equal(t, publish.Pending, got.State)
	c.forward(1)
	got, err = publish.Get(t.Context(), acme, pending.Ref)
	require.NoError(t, err)
	assert.Equal(t, publish.Published, got.State)
	assert.Equal(t, []string{"held", "a film"}, texts(town))
}

func TestMediaFailed(t *testing.T) {
	t.Parallel()
	for _, op := range []string{"", "publish", "upload"} {
		town := fake.New(fake.Options{})
		acme := town.Join("acme")
		town.Inject(fake.Fault{Kind: fake.MediaFailed, Op: op})
		say(t, acme, "without media nothing fails")
		_, err := publish.To(t.Context(), acme, publish.Draft{Text: "film", Media: []parvis.Media{pixel(t)}})
		e := wantErr(t, err, parvis.ErrRejected, "media_failed")
		assert.Contains(t, e.Message, "four.png")
		assert.Equal(t, 0, town.Count("film"))
	}
}

// TestUploadFaults shows that a lost upload leaves no doubt: nothing was posted.
func TestUploadFaults(t *testing.T) {
	t.Parallel()
	for _, kind := range []fake.FaultKind{fake.ErrorBefore, fake.ErrorAfter, fake.CutAfter, fake.Timeout} {
		town := fake.New(fake.Options{})
		town.Inject(fake.Fault{Kind: kind, Op: "upload"})
		_, err := publish.To(t.Context(), town.Join("acme"), publish.Draft{Text: "film", Media: []parvis.Media{pixel(t)}})
		require.ErrorIs(t, err, parvis.ErrUnavailable, kind)
		assert.Equal(t, 0, town.Count("film"))
	}
}

func TestPartialPageOfLists(t *testing.T) {
	t.Parallel()
	town := fake.New(fake.Options{})
	acme := town.Join("acme")
	for _, name := range []string{"a", "b", "c"} {
		town.AddPlace(name, "channel")
	}
	town.Inject(fake.Fault{Kind: fake.PartialPage, Op: "places"})
	before := town.Calls()
	assert.Len(t, all(t, publish.PlacesOf(t.Context(), acme)), 3, "nothing is lost")
	assert.Equal(t, 2, town.Calls()-before, "a page of one, and the rest")
}
