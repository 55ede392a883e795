package outbox_test

import (
	"context"
	"database/sql"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/moderate/audit"
	"github.com/parvis-go/parvis/providers/fake"
	"github.com/parvis-go/parvis/publish"
	"github.com/parvis-go/parvis/publish/outbox"
)

// memory is an SQLite database in memory.
func memory(t testing.TB) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", ":memory:")
	require.NoError(t, err)
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// A clock is set by the test.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// A rig is a town with one account, and an outbox under a clock that the test sets.
type rig struct {
	clock *clock
	town  *fake.Network
	acme  *fake.Account
	db    *sql.DB
	trail *audit.Trail
	box   *outbox.Outbox
	cal   *outbox.Client
}

// morning is when tests begin: 10 o'clock in Paris.
var morning = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

func newRig(t *testing.T, change ...func(*outbox.Options)) *rig {
	t.Helper()
	r := &rig{clock: &clock{t: morning}, db: memory(t)}
	r.town = fake.New(fake.Options{Now: r.clock.now})
	r.acme = r.town.Join("acme")
	var err error
	r.trail, err = audit.Open(t.Context(), audit.SQLite(r.db))
	require.NoError(t, err)
	o := outbox.Options{Accounts: outbox.Publishers(r.acme), Audit: r.trail, Now: r.clock.now, VerifyAfter: -1}
	for _, c := range change {
		c(&o)
	}
	r.box, err = outbox.Open(t.Context(), outbox.SQLite(r.db), o)
	require.NoError(t, err)
	r.cal = r.box.For("acme").As("claire")
	return r
}

// add schedules a text for so long from now.
func (r *rig) add(t *testing.T, text string, in time.Duration, change ...func(*outbox.Plan)) outbox.Entry {
	t.Helper()
	p := outbox.Plan{
		Draft: publish.Draft{Text: text}, When: outbox.On(r.clock.now().Add(in)),
		Targets: []outbox.Target{outbox.To(r.acme.Account())},
	}
	for _, c := range change {
		c(&p)
	}
	e, err := r.cal.Add(t.Context(), p)
	require.NoError(t, err)
	return e
}

// pass lets time pass and does what is due then.
func (r *rig) pass(t *testing.T, d time.Duration) {
	t.Helper()
	r.clock.add(d)
	_, err := r.box.Drain(t.Context())
	require.NoError(t, err)
}

func (r *rig) get(t *testing.T, e outbox.Entry) outbox.Entry {
	t.Helper()
	e, err := r.cal.Get(t.Context(), e.ID)
	require.NoError(t, err)
	return e
}

// is asserts the state of an entry and returns its first target.
func (r *rig) is(t *testing.T, e outbox.Entry, want outbox.State) outbox.Target {
	t.Helper()
	e = r.get(t, e)
	assert.Equal(t, want, e.State, "%s", e.Targets[0].Reason)
	return e.Targets[0]
}

// acts are the operations and outcomes that were recorded.
func (r *rig) acts(t *testing.T) []string {
	t.Helper()
	var acts []string
	for rec, err := range r.trail.For("acme").Records(t.Context(), audit.Query{}) {
		require.NoError(t, err)
		acts = append(acts, rec.Op+" "+rec.Outcome)
	}
	return acts
}

// texts are what the town has, the first first.
func (r *rig) texts() []string {
	var out []string
	for _, p := range r.town.Posts() {
		out = append(out, p.Text.Plain)
	}
	return out
}

// mute is a publisher without any other power: neither keys nor lookups.
type mute struct{ p *fake.Account }

func (m mute) PublishSupport(ctx context.Context, place parvis.Place) (publish.Support, error) {
	s, err := m.p.PublishSupport(ctx, place)
	s.Key = publish.KeySupport{Support: parvis.Never("this network knows no keys")}
	return s, err
}

func (m mute) Account() parvis.Account { return m.p.Account() }

func (m mute) Publish(ctx context.Context, d publish.Draft) (publish.Post, error) {
	return m.p.Publish(ctx, d)
}
