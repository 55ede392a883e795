package bench

import (
	"context"
	"log/slog"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/moderate/audit"
	"github.com/parvis-go/parvis/publish"
	"github.com/parvis-go/parvis/publish/outbox"
)

// longest is how long a benchmark waits for something that ought to come.
const longest = 20 * time.Minute

// A mute account's network takes every post, after a time if it has a delay, and keeps none.
type mute struct {
	account parvis.Account
	n       int // of the account
	delay   time.Duration
	took    func(account int, d publish.Draft)
	posts   atomic.Int64
}

// Account implements [publish.Publisher].
func (m *mute) Account() parvis.Account { return m.account }

// PublishSupport implements [publish.Supporter]: nobody need ask the network.
func (m *mute) PublishSupport(context.Context, parvis.Place) (publish.Support, error) {
	return publish.Support{Text: parvis.TextLimits{{Max: 500, Unit: parvis.Graphemes}}}, nil
}

// Publish implements [publish.Publisher]. It asks whether the post may leave, as all do.
func (m *mute) Publish(ctx context.Context, d publish.Draft) (publish.Post, error) {
	if err := publish.Leave(ctx); err != nil {
		return publish.Post{}, err
	}
	if m.took != nil {
		m.took(m.n, d)
	}
	if m.delay > 0 {
		time.Sleep(m.delay)
	}
	id := strconv.FormatInt(m.posts.Add(1), 10)
	return publish.Post{Ref: parvis.Ref{Client: m.account.Client, Network: m.account.Network, Kind: parvis.KindPost, ID: id}, State: publish.Published}, nil
}

// A rig is an outbox whose accounts are mute.
type rig struct {
	accounts int
	posts    int           // that are to be published
	trail    bool          // every act is recorded
	workers  int           // accounts that are served at a time; 0 is the default
	delay    time.Duration // of the network
	took     func(account int, d publish.Draft)
	now      func() time.Time
	tell     func() // of each publication

	box       *outbox.Outbox
	mutes     []*mute
	published atomic.Int64
	done      chan struct{}
	trouble   chan string
	warnings  atomic.Int64
}

// open opens the outbox in a database.
func (r *rig) open(ctx context.Context, p place) error {
	r.done, r.trouble = make(chan struct{}), make(chan string, 1)
	publishers := make([]publish.Publisher, r.accounts)
	r.mutes = make([]*mute, r.accounts)
	for i := range r.mutes {
		n := strconv.Itoa(i)
		a := parvis.Account{Client: "acme", Network: "mute", ID: n, Handle: "account" + n}
		r.mutes[i] = &mute{account: a, n: i, delay: r.delay, took: r.took}
		publishers[i] = r.mutes[i]
	}
	opts := outbox.Options{
		Accounts: outbox.Publishers(publishers...), Workers: r.workers, VerifyAfter: -1, Now: r.now, Changed: r.changed,
		Logger: slog.New(slog.NewTextHandler(complaints{r}, &slog.HandlerOptions{Level: slog.LevelWarn})),
	}
	if r.trail {
		trail, err := audit.Open(ctx, p.trail)
		if err != nil {
			return err
		}
		opts.Audit = trail
	}
	box, err := outbox.Open(ctx, p.box, opts)
	r.box = box
	return err
}

func (r *rig) mustOpen(b *testing.B, p place) *rig {
	b.Helper()
	if err := r.open(b.Context(), p); err != nil {
		b.Fatal(err)
	}
	return r
}

// changed counts what is out.
func (r *rig) changed(c outbox.Change) {
	switch c.State {
	case outbox.Published:
		if r.tell != nil {
			r.tell()
		}
		if r.published.Add(1) == int64(r.posts) {
			close(r.done)
		}
	case outbox.Held, outbox.Failed, outbox.Unknown:
		r.stop("target " + c.Target + " is " + string(c.State) + ": " + c.Reason)
	}
}

// stop ends run, which fails with what is said first.
func (r *rig) stop(why string) {
	select {
	case r.trouble <- why:
	default:
	}
}

// patience is how many warnings of the outbox are too many: whatever it fails at, it tries
// again, and the figures would be those of failing.
const patience = 20

// complaints is where the outbox tells what goes wrong.
type complaints struct{ r *rig }

// Write implements [io.Writer].
func (c complaints) Write(line []byte) (int, error) {
	if c.r.warnings.Add(1) == patience {
		c.r.stop(string(line))
	}
	return len(line), nil
}

// schedule adds the posts, in turn to each of the accounts, and returns how long that took.
// Their texts count them.
func (r *rig) schedule(b *testing.B, when func(i int) outbox.When) time.Duration {
	b.Helper()
	plans := make([]outbox.Plan, r.posts)
	for i := range plans {
		plans[i] = outbox.Plan{
			Draft: publish.Draft{Text: strconv.Itoa(i)}, When: when(i), Late: -1,
			Targets: []outbox.Target{outbox.To(r.mutes[i%r.accounts].account)},
		}
	}
	began := time.Now()
	if _, err := r.box.For("acme").AddAll(b.Context(), plans); err != nil {
		b.Fatal(err)
	}
	return time.Since(began)
}

func atOnceDue(int) outbox.When { return outbox.Now() }

// run returns how long the outbox takes from its start to the last publication.
func (r *rig) run(b *testing.B) time.Duration {
	b.Helper()
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	over := make(chan error, 1)
	began := time.Now()
	go func() { over <- r.box.Run(ctx) }()
	var took time.Duration
	select {
	case <-r.done:
		took = time.Since(began)
	case why := <-r.trouble:
		b.Error(why)
	case <-time.After(longest):
		b.Errorf("%d of %d posts are out after %v", r.published.Load(), r.posts, longest)
	}
	cancel()
	if err := <-over; err != nil {
		b.Error(err)
	}
	if b.Failed() {
		b.FailNow()
	}
	return took
}
