package e2e

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/moderate/audit"
	"github.com/parvis-go/parvis/moderate/audit/auditpg"
	"github.com/parvis-go/parvis/providers/fake"
	"github.com/parvis-go/parvis/publish"
	"github.com/parvis-go/parvis/publish/outbox"
	"github.com/parvis-go/parvis/publish/outbox/outboxpg"
)

// TestOutboxDoorsOnPostgres goes through what people do with an entry, on PostgreSQL: in the
// user's own transaction, with approval, a pause, an edit of what is out, and a withdrawal.
func TestOutboxDoorsOnPostgres(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	var mu sync.Mutex
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	clock := func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		return now
	}
	town := fake.New(fake.Options{Now: clock})
	acme := town.Join("acme")
	pool := postgres(t)
	trail, err := audit.Open(ctx, auditpg.Pool(pool))
	require.NoError(t, err)
	box, err := outbox.Open(ctx, outboxpg.Pool(pool), outbox.Options{
		Accounts: outbox.Publishers(acme), Audit: trail, Now: clock, LinkKey: []byte("parvis-secret-link-key-of-32-bytes"),
	})
	require.NoError(t, err)
	claire, malik := box.For("acme").As("claire"), box.For("acme").As("malik")
	pass := func(d time.Duration) {
		mu.Lock()
		now = now.Add(d)
		mu.Unlock()
		_, err := box.Drain(ctx)
		require.NoError(t, err)
	}
	is := func(id string, want outbox.State) outbox.Target {
		t.Helper()
		e, err := claire.Get(ctx, id)
		require.NoError(t, err)
		assert.Equal(t, want, e.State, "%s", e.Targets[0].Reason)
		return e.Targets[0]
	}

	// In the user's transaction: both or neither.
	_, err = pool.Exec(ctx, "CREATE TABLE orders (id INTEGER)")
	require.NoError(t, err)
	var ids []string
	for _, commit := range []bool{false, true} {
		tx, err := pool.Begin(ctx)
		require.NoError(t, err)
		_, err = tx.Exec(ctx, "INSERT INTO orders VALUES (1)")
		require.NoError(t, err)
		e, err := claire.ScheduleTx(ctx, outboxpg.Tx(tx), publish.Draft{Text: "Merci"}, outbox.On(now.Add(time.Minute)), acme.Account())
		require.NoError(t, err)
		ids = append(ids, e.ID)
		if commit {
			require.NoError(t, tx.Commit(ctx))
		} else {
			require.NoError(t, tx.Rollback(ctx))
		}
	}
	_, err = claire.Get(ctx, ids[0])
	require.ErrorIs(t, err, parvis.ErrNotFound)
	pass(time.Minute)
	is(ids[1], outbox.Published)

	// Approval, voided by an edit, and given by a link.
	require.NoError(t, malik.RequireApproval(ctx, outbox.Rule{Need: 1}))
	e, err := claire.Schedule(ctx, publish.Draft{Text: "Bonjur"}, outbox.On(now.Add(time.Hour)), acme.Account())
	require.NoError(t, err)
	is(e.ID, outbox.Review)
	_, err = claire.Approve(ctx, e.ID, e.Hash)
	require.ErrorIs(t, err, parvis.ErrPermission)
	old := e.Hash
	p := e.Plan
	p.Draft.Text = "Bonjour"
	e, err = claire.Edit(ctx, e.ID, p)
	require.NoError(t, err)
	_, err = malik.Approve(ctx, e.ID, old)
	require.ErrorIs(t, err, parvis.ErrConflict)
	link, err := malik.Link(ctx, e.ID, "Madame Martin", time.Hour)
	require.NoError(t, err)
	reviewer, err := box.OpenLink(ctx, link)
	require.NoError(t, err)
	_, err = reviewer.Approve(ctx)
	require.NoError(t, err)

	// A pause, and what came due meanwhile.
	require.NoError(t, malik.Pause(ctx, outbox.OnNetwork("fake"), "recall"))
	pass(time.Hour)
	assert.Equal(t, "paused: recall", is(e.ID, outbox.Scheduled).Reason)
	require.NoError(t, malik.Resume(ctx, outbox.OnNetwork("fake")))
	pass(time.Minute)
	is(e.ID, outbox.Published)
	pass(time.Minute)
	assert.NotZero(t, is(e.ID, outbox.Published).Verified)

	// Out of the network again, on the record.
	_, err = malik.Withdraw(ctx, e.ID, "wrong price")
	require.NoError(t, err)
	pass(0)
	is(e.ID, outbox.Withdrawn)
	assert.Len(t, town.Posts(), 1)
	var acts []string
	for r, err := range trail.For("acme").Records(ctx, audit.Query{}) {
		require.NoError(t, err)
		acts = append(acts, r.Actor+" "+r.Op)
	}
	assert.Subset(t, acts, []string{"claire schedule", "claire edit", "Madame Martin approve", "malik pause", "malik withdraw", " withdraw"})
}

// TestEditOfAPostThatIsJustTakenUp: a worker stores its intent while an edit is on its way.
// The edit must not remove what is being sent, or the post would go out twice.
func TestEditOfAPostThatIsJustTakenUp(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	acme := fake.New(fake.Options{}).Join("acme")
	pool := postgres(t)
	box, err := outbox.Open(ctx, outboxpg.Pool(pool), outbox.Options{Accounts: outbox.Publishers(acme)})
	require.NoError(t, err)
	claire := box.For("acme").As("claire")
	e, err := claire.Schedule(ctx, publish.Draft{Text: "Bonjur"}, outbox.On(time.Now().Add(time.Hour)), acme.Account())
	require.NoError(t, err)

	worker, err := pool.Begin(ctx)
	require.NoError(t, err)
	_, err = worker.Exec(ctx, "UPDATE parvis_outbox_targets SET state = 'sending', version = version + 1 WHERE id = $1", e.Targets[0].ID)
	require.NoError(t, err)
	edited := make(chan error, 1)
	go func() {
		p := e.Plan
		p.Draft.Text = "Bonjour"
		_, err := claire.Edit(ctx, e.ID, p)
		edited <- err
	}()
	require.Eventually(t, func() bool {
		var waits int
		err := pool.QueryRow(ctx, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'").Scan(&waits)
		return err == nil && waits > 0
	}, 20*time.Second, 10*time.Millisecond, "the edit waits for the worker")
	require.NoError(t, worker.Commit(ctx))
	require.ErrorIs(t, <-edited, parvis.ErrConflict)
	after, err := claire.Get(ctx, e.ID)
	require.NoError(t, err)
	require.Len(t, after.Targets, 1)
	assert.Equal(t, outbox.Sending, after.Targets[0].State)
	assert.Equal(t, "Bonjur", after.Draft.Text)
}
