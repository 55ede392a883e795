package outbox_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/moderate/audit"
	"github.com/parvis-go/parvis/providers/fake"
	"github.com/parvis-go/parvis/publish"
	"github.com/parvis-go/parvis/publish/outbox"
)

// A bench is an outbox on a fake network, with a clock of its own.
type bench struct {
	t     testing.TB
	town  *fake.Network
	acme  *fake.Account
	box   *outbox.Outbox
	trail *audit.Trail
	mu    sync.Mutex
	at    time.Time
}

// newBench opens one. Its clock shows 10:00 in Paris.
func newBench(t testing.TB, change func(*outbox.Options)) *bench {
	t.Helper()
	b := &bench{t: t, town: fake.New(fake.Options{}), at: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)}
	b.acme = b.town.Join("acme")
	db := memory(t)
	trail, err := audit.Open(t.Context(), audit.SQLite(db))
	require.NoError(t, err)
	b.trail = trail
	opts := outbox.Options{Accounts: outbox.Publishers(b.acme), Audit: trail, Now: b.now, LinkKey: []byte("parvis-secret-link-key-of-32-bytes-and-more"), VerifyAfter: -1}
	if change != nil {
		change(&opts)
	}
	b.box, err = outbox.Open(t.Context(), outbox.SQLite(db), opts)
	require.NoError(t, err)
	return b
}

func (b *bench) now() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.at
}

func (b *bench) pass(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.at = b.at.Add(d)
}

func (b *bench) as(person string) *outbox.Client { return b.box.For("acme").As(person) }

func (b *bench) drain() {
	b.t.Helper()
	_, err := b.box.Drain(b.t.Context())
	require.NoError(b.t, err)
}

// plan is a post for 11:00.
func (b *bench) plan(text string) outbox.Plan {
	return outbox.Plan{
		Draft: publish.Draft{Text: text}, When: outbox.At("Europe/Paris", "2026-11-23 11:00"),
		Targets: []outbox.Target{outbox.To(b.acme.Account())},
	}
}

func (b *bench) add(person string, p outbox.Plan) outbox.Entry {
	b.t.Helper()
	e, err := b.as(person).Add(b.t.Context(), p)
	require.NoError(b.t, err)
	return e
}

func (b *bench) get(id string) outbox.Entry {
	b.t.Helper()
	e, err := b.as("").Get(b.t.Context(), id)
	require.NoError(b.t, err)
	return e
}

func (b *bench) require(rules ...outbox.Rule) {
	b.t.Helper()
	require.NoError(b.t, b.as("boss").RequireApproval(b.t.Context(), rules...))
}

// texts are what the network shows.
func (b *bench) texts() []string {
	var out []string
	for _, p := range b.town.Posts() {
		out = append(out, p.Text.Plain)
	}
	return out
}

// ops are what the trail says was done, in order.
func (b *bench) ops() string {
	b.t.Helper()
	var out []string
	for r, err := range b.trail.For("acme").Records(b.t.Context(), audit.Query{}) {
		require.NoError(b.t, err)
		out = append(out, r.Actor+" "+r.Op)
	}
	return strings.Join(out, ", ")
}

// roles let people do what they list.
type roles map[string]string

func (r roles) May(_ context.Context, who, act, _ string) error {
	if strings.Contains(" "+r[who]+" ", " "+act+" ") {
		return nil
	}
	return &parvis.Error{Code: parvis.ErrPermission, Message: who + " may not " + act}
}

// failing is a recorder that fails while err is set.
type failing struct {
	next parvis.Recorder
	err  error
}

func (f *failing) Record(ctx context.Context, r parvis.Record) error {
	if f.err != nil {
		return f.err
	}
	return f.next.Record(ctx, r)
}
