package outbox_test

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers/fake"
	"github.com/parvis-go/parvis/publish"
	"github.com/parvis-go/parvis/publish/outbox"
)

// before is an account that does something before each post, and then asks whether the
// post may leave, as an HTTP client does.
type before struct {
	*member
	f func(ctx context.Context)
}

// member has another name than its method Account.
type member = fake.Account

func (b before) Publish(ctx context.Context, d publish.Draft) (publish.Post, error) {
	b.f(ctx)
	if err := publish.Leave(ctx); err != nil {
		return publish.Post{}, &parvis.Error{Code: parvis.ErrConflict, Message: "kept back", Err: err}
	}
	return b.member.Publish(ctx, d)
}

// TestNothingLeavesAfterTheLease: a worker that was asleep finds its account taken over.
func TestNothingLeavesAfterTheLease(t *testing.T) {
	t.Parallel()
	asleep := true
	var r *rig
	r = newRig(t, func(o *outbox.Options) {
		o.Lease, o.Settle = 400*time.Millisecond, time.Second
		o.Accounts = func(context.Context, parvis.Account) (publish.Publisher, error) {
			return before{r.acme, func(ctx context.Context) {
				if !asleep {
					return
				}
				asleep = false
				_, err := r.db.Exec("UPDATE parvis_outbox_lanes SET holder = 'another'")
				assert.NoError(t, err)
				assert.Eventually(t, func() bool { return publish.Leave(ctx) != nil }, 10*time.Second, 5*time.Millisecond)
			}}, nil
		}
	})
	e := r.add(t, "Bonjour", time.Minute)
	r.pass(t, time.Minute)
	assert.Empty(t, r.texts())
	r.is(t, e, outbox.Sending)
	require.Eventually(t, func() bool { // the other's lease ends, and somebody asks the network
		r.pass(t, time.Second)
		return r.get(t, e).State == outbox.Published
	}, 20*time.Second, 20*time.Millisecond)
	assert.Len(t, r.texts(), 1)
}

// TestPauseWhileUploading: the pause comes between two requests of one post.
func TestPauseWhileUploading(t *testing.T) {
	t.Parallel()
	var r *rig
	r = newRig(t, func(o *outbox.Options) {
		o.Accounts = func(context.Context, parvis.Account) (publish.Publisher, error) {
			return before{r.acme, func(ctx context.Context) {
				assert.NoError(t, r.cal.Pause(ctx, outbox.Everything, "recall"))
			}}, nil
		}
	})
	e := r.add(t, "Bonjour", time.Minute)
	r.pass(t, time.Minute)
	assert.Empty(t, r.texts())
	target := r.is(t, e, outbox.Scheduled)
	assert.Equal(t, "paused: recall", target.Reason)
	assert.Zero(t, target.Tries)
	assert.Equal(t, []string{"schedule scheduled", "send sending", "pause done", "publish scheduled"}, r.acts(t))
}

// file is an SQLite database in a file, as several processes open it.
func file(t *testing.T) func() *sql.DB {
	t.Helper()
	path := filepath.Join(t.TempDir(), "outbox.db")
	return func() *sql.DB {
		db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(NORMAL)")
		require.NoError(t, err)
		db.SetMaxOpenConns(1)
		t.Cleanup(func() { _ = db.Close() })
		return db
	}
}

// TestManyWorkersOneDatabase: three workers, 12 accounts, 240 posts, each once and in order.
func TestManyWorkersOneDatabase(t *testing.T) {
	t.Parallel()
	const workers, accounts, posts = 3, 12, 20
	town := fake.New(fake.Options{Latency: time.Millisecond})
	ps := make([]publish.Publisher, accounts)
	for i := range ps {
		ps[i] = town.Join(fmt.Sprint("acme", i))
	}
	open := file(t)
	ctx, cancel := context.WithCancel(t.Context())
	var mu sync.Mutex
	done := 0
	all := make(chan bool)
	var running sync.WaitGroup
	boxes := make([]*outbox.Outbox, workers)
	for i := range boxes {
		var err error
		boxes[i], err = outbox.Open(ctx, outbox.SQLite(open()), outbox.Options{
			Accounts: outbox.Publishers(ps...), VerifyAfter: -1, Late: 24 * time.Hour, Poll: 50 * time.Millisecond,
			Changed: func(c outbox.Change) {
				mu.Lock()
				defer mu.Unlock()
				if c.State == outbox.Published {
					if done++; done == accounts*posts {
						close(all)
					}
				}
			},
		})
		require.NoError(t, err)
		running.Go(func() { assert.NoError(t, boxes[i].Run(ctx)) })
	}
	var plans []outbox.Plan
	for i := range accounts * posts {
		plans = append(plans, outbox.Plan{
			Draft: publish.Draft{Text: fmt.Sprint("Bonjour ", i)}, When: outbox.Now(),
			Targets: []outbox.Target{outbox.To(ps[i%accounts].Account())},
		})
	}
	_, err := boxes[0].For("acme").AddAll(ctx, plans)
	require.NoError(t, err)
	select {
	case <-all:
	case <-time.After(60 * time.Second):
		t.Error("not all posts went out in a minute")
	}
	cancel()
	running.Wait()
	next := map[string]int{}
	for _, p := range town.Posts() {
		var n int
		_, err := fmt.Sscanf(p.Text.Plain, "Bonjour %d", &n)
		require.NoError(t, err)
		handle := p.Author.Handle
		assert.Equal(t, next[handle], n/accounts, "%s: %s", handle, p.Text.Plain)
		next[handle]++
	}
	assert.Len(t, town.Posts(), accounts*posts)
}

func TestOptionsAreChecked(t *testing.T) {
	t.Parallel()
	db := memory(t)
	_, err := outbox.Open(t.Context(), outbox.SQLite(db), outbox.Options{})
	require.ErrorIs(t, err, parvis.ErrInvalid)
	_, err = outbox.Open(t.Context(), outbox.SQLite(db), outbox.Options{Accounts: outbox.Publishers(), LinkKey: []byte("short")})
	require.ErrorIs(t, err, parvis.ErrInvalid)
}

// TestAccountOfAnother: what Options.Accounts opens must be the client's own.
func TestAccountOfAnother(t *testing.T) {
	t.Parallel()
	var r *rig
	wrong := false
	r = newRig(t, func(o *outbox.Options) {
		o.Accounts = func(context.Context, parvis.Account) (publish.Publisher, error) {
			if !wrong {
				return r.acme, nil
			}
			return r.town.Add(fake.Member{Handle: "rival", Client: "rival"}), nil
		}
	})
	e := r.add(t, "Bonjour", time.Minute)
	wrong = true
	r.pass(t, time.Minute)
	target := r.is(t, e, outbox.Held)
	assert.Equal(t, parvis.ErrForeignClient, target.Code)
	assert.Empty(t, r.texts())
}
