package vault_test

import (
	"context"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers"
	"github.com/parvis-go/parvis/providers/vault"
)

var _ providers.Keeper = (*vault.Client)(nil)

func TestSaveAndLoad(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	c := b.open().For("acme")
	a := account("acme", "1")
	assert.Equal(t, "acme", c.Client())
	_, err := c.Load(t.Context(), a)
	clean(t, err, parvis.ErrNotFound)

	first := b.net.issue("1")
	v1, err := c.Save(t.Context(), a, first)
	require.NoError(t, err)
	_, err = c.Save(t.Context(), a, first)
	clean(t, err, parvis.ErrConflict)

	second := b.net.issue("1")
	second.Version = v1
	v2, err := c.Save(t.Context(), a, second)
	require.NoError(t, err)
	assert.Greater(t, v2, v1)
	_, err = c.Save(t.Context(), a, second)
	clean(t, err, parvis.ErrConflict)

	got, err := b.open().For("acme").Load(t.Context(), a) // another process
	require.NoError(t, err)
	same(t, second, got)
	assert.Equal(t, v2, got.Version)
	assert.WithinDuration(t, second.Expiry, got.Expiry, 50*time.Millisecond)
}

// TestVersionsAreNotUsedTwice: a process that holds an old version cannot write over an
// account that was deleted and connected again.
func TestVersionsAreNotUsedTwice(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	c := b.open().For("acme")
	a := account("acme", "1")
	old := b.net.issue("1")
	version, err := c.Save(t.Context(), a, old)
	require.NoError(t, err)
	require.NoError(t, c.Delete(t.Context(), a))
	require.NoError(t, c.Delete(t.Context(), a), "it is no error that it is gone")
	old.Version = version
	_, err = c.Save(t.Context(), a, old)
	clean(t, err, parvis.ErrConflict)
	_, err = c.Load(t.Context(), a)
	clean(t, err, parvis.ErrNotFound)

	old.Version = 0
	again, err := c.Save(t.Context(), a, old)
	require.NoError(t, err)
	assert.Greater(t, again, version)
}

// TestSaveOnce: of many processes that save over the same version, one succeeds.
func TestSaveOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	a := account("acme", "1")
	token := b.net.issue("1")
	for range 3 {
		var won atomic.Int64
		var version atomic.Int64
		var wg sync.WaitGroup
		for range 4 {
			c := b.open().For("acme")
			wg.Go(func() {
				v, err := c.Save(t.Context(), a, token)
				if err != nil {
					clean(t, err, parvis.ErrConflict)
					return
				}
				won.Add(1)
				version.Store(v)
			})
		}
		wg.Wait()
		require.EqualValues(t, 1, won.Load())
		token.Version = version.Load()
	}
}

func TestTokenWithoutExpiryOrExtras(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	c := b.open().For("acme")
	a := account("acme", "1")
	_, err := c.Keep(t.Context(), a, parvis.Token{Value: "parvis-secret-password"})
	require.NoError(t, err)
	got, err := c.Load(t.Context(), a)
	require.NoError(t, err)
	assert.True(t, got.Expiry.IsZero())
	assert.Nil(t, got.Scopes)
	assert.Nil(t, got.Extra)
	token, err := c.Tokens(a).Token(t.Context())
	require.NoError(t, err)
	assert.True(t, equal(token.Value, "parvis-secret-password"), "value differs")
	assert.Equal(t, 0, b.net.count())
}

// TestClocksOfProcesses: each process has another clock; all agree on how long the token lives.
func TestClocksOfProcesses(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	a := account("acme", "1")
	skewed := func(d time.Duration) func() time.Time { return func() time.Time { return time.Now().Add(d) } }
	with := func(d time.Duration) func(*vault.Options) {
		return func(o *vault.Options) { o.Tokens.Now = skewed(d) }
	}
	writer := b.open(with(-time.Hour)).For("acme")
	b.net.now = skewed(-time.Hour)
	_, err := writer.Keep(t.Context(), a, b.net.issue("1"))
	require.NoError(t, err)
	for _, d := range []time.Duration{-2 * time.Hour, 0, 90 * time.Minute} {
		c := b.open(with(d)).For("acme")
		got, err := c.Load(t.Context(), a)
		require.NoError(t, err)
		assert.WithinDuration(t, skewed(d)().Add(time.Hour), got.Expiry, time.Second)
		_, err = c.Tokens(a).Token(t.Context())
		require.NoError(t, err)
	}
	assert.Equal(t, 0, b.net.count(), "nobody took it for expired")
}

// TestForeignClient: each door refuses an account of another client before anything else.
func TestForeignClient(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	v := b.open()
	theirs := account("globex", "1")
	kept := b.net.issue("1")
	_, err := v.For("globex").Keep(t.Context(), theirs, kept)
	require.NoError(t, err)
	before, err := os.ReadFile(b.file)
	require.NoError(t, err)

	for _, door := range doors() {
		clean(t, door(t.Context(), v.For("acme"), theirs), parvis.ErrForeignClient)
		theirs := theirs
		theirs.Network, theirs.ID = "", "" // what else is wrong comes second
		clean(t, door(t.Context(), v.For("acme"), theirs), parvis.ErrForeignClient)
	}
	list, err := v.For("acme").Accounts(t.Context())
	require.NoError(t, err)
	assert.Empty(t, list)
	gone, err := v.For("acme").OffBoard(t.Context())
	require.NoError(t, err)
	assert.Empty(t, gone)

	after, err := os.ReadFile(b.file)
	require.NoError(t, err)
	assert.True(t, equal(string(before), string(after)), "the database was changed")
}

// doors are the methods that take an account.
func doors() map[string]func(context.Context, *vault.Client, parvis.Account) error {
	return map[string]func(context.Context, *vault.Client, parvis.Account) error{
		"Load": func(ctx context.Context, c *vault.Client, a parvis.Account) error {
			_, err := c.Load(ctx, a)
			return err
		},
		"Save": func(ctx context.Context, c *vault.Client, a parvis.Account) error {
			_, err := c.Save(ctx, a, parvis.Token{Value: "parvis-secret-1"})
			return err
		},
		"Keep": func(ctx context.Context, c *vault.Client, a parvis.Account) error {
			_, err := c.Keep(ctx, a, parvis.Token{Value: "parvis-secret-1"})
			return err
		},
		"Delete": func(ctx context.Context, c *vault.Client, a parvis.Account) error { return c.Delete(ctx, a) },
		"Health": func(ctx context.Context, c *vault.Client, a parvis.Account) error {
			_, err := c.Health(ctx, a)
			return err
		},
		"Report": func(ctx context.Context, c *vault.Client, a parvis.Account) error {
			_, err := c.Report(ctx, providers.Health{Account: a, Condition: providers.Healthy})
			return err
		},
		"Token": func(ctx context.Context, c *vault.Client, a parvis.Account) error {
			_, err := c.Tokens(a).Token(ctx)
			return err
		},
		"Renew": func(ctx context.Context, c *vault.Client, a parvis.Account) error {
			_, err := c.Tokens(a).Renew(ctx, parvis.Token{})
			return err
		},
	}
}

func TestBadInput(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	v := b.open()
	for what, a := range map[string]parvis.Account{
		"no network":  {Client: "acme", ID: "1"},
		"no ID":       {Client: "acme", Network: "town"},
		"zero byte":   {Client: "acme", Network: "town", ID: "a\x00b"},
		"not a text":  {Client: "acme", Network: "town", ID: "1", Name: "\xff"},
		"not a host":  {Client: "acme", Network: "town", ID: "1", Host: "\xff"},
		"only client": {Client: "acme"},
	} {
		for name, door := range doors() {
			err := door(t.Context(), v.For("acme"), a)
			require.ErrorIs(t, err, parvis.ErrInvalid, "%s: %s", name, what)
		}
	}
	for name, door := range doors() {
		if name != "Keep" { // it sets the client
			require.ErrorIs(t, door(t.Context(), v.For("acme"), parvis.Account{Network: "town", ID: "1"}), parvis.ErrInvalid, name)
		}
		require.ErrorIs(t, door(t.Context(), v.For(""), parvis.Account{Network: "town", ID: "1"}), parvis.ErrInvalid, name)
	}
	nobody := v.For("")
	_, err := nobody.Accounts(t.Context())
	clean(t, err, parvis.ErrInvalid)
	_, err = nobody.OffBoard(t.Context())
	clean(t, err, parvis.ErrInvalid)
	_, err = nobody.Erase(t.Context())
	clean(t, err, parvis.ErrInvalid)
	clean(t, nobody.Put(t.Context(), "parvis-secret-state", nil, time.Minute), parvis.ErrInvalid)
	_, err = nobody.Take(t.Context(), "parvis-secret-state")
	clean(t, err, parvis.ErrInvalid)
}

func TestKeepAndAccounts(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	c := b.open().For("acme")
	bare := account("", "2")
	kept, err := c.Keep(t.Context(), bare, b.net.issue("2"))
	require.NoError(t, err)
	assert.Equal(t, account("acme", "2"), kept)
	_, err = c.Keep(t.Context(), account("acme", "1"), b.net.issue("1"))
	require.NoError(t, err)
	again := b.net.issue("2")
	renamed := kept
	renamed.Handle, renamed.Name = "new", ""
	_, err = c.Keep(t.Context(), renamed, again)
	require.NoError(t, err, "whatever is there is replaced")
	got, err := c.Load(t.Context(), kept)
	require.NoError(t, err)
	same(t, again, got)

	list, err := c.Accounts(t.Context())
	require.NoError(t, err)
	renamed.Name = kept.Name
	assert.Equal(t, []parvis.Account{account("acme", "1"), renamed}, list)
}

func TestHealthIsKept(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	c := b.open().For("acme")
	a := account("acme", "1")
	_, err := c.Health(t.Context(), a)
	clean(t, err, parvis.ErrNotFound)
	_, err = c.Report(t.Context(), providers.Health{Account: a, Condition: providers.Healthy})
	clean(t, err, parvis.ErrNotFound)
	_, err = c.Keep(t.Context(), a, b.net.issue("1"))
	require.NoError(t, err)
	h, err := c.Health(t.Context(), a)
	require.NoError(t, err)
	assert.Equal(t, providers.Health{Account: a}, h)

	for i, step := range []struct {
		condition providers.Condition
		changed   bool
	}{{providers.Healthy, true}, {providers.Healthy, false}, {providers.Limited, true}, {providers.Limited, false}, {providers.Healthy, true}} {
		found := providers.Health{Account: a, Condition: step.condition, Time: time.Now().UTC(), API: "4.6", Lacks: []providers.Lack{{Scope: "admin", Powers: []string{"moderate"}}}}
		changed, err := c.Report(t.Context(), found)
		require.NoError(t, err)
		assert.Equal(t, step.changed, changed, i)
		got, err := b.open().For("acme").Health(t.Context(), a)
		require.NoError(t, err)
		assert.Equal(t, found, got)
	}
	assert.Equal(t, 3, b.events())
}

// TestNewerTables: a program that is older than the tables leaves them alone.
func TestNewerTables(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.open()
	db := b.db()
	_, err := db.ExecContext(t.Context(), "INSERT INTO parvis_migrations VALUES ('vault', 99, 0)")
	require.NoError(t, err)
	_, err = vault.Open(t.Context(), vault.SQLite(db), vault.Key(keyA), nil)
	e := clean(t, err, parvis.ErrConflict)
	assert.Contains(t, e.Message, "99")
}

func TestDatabaseGone(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	db := b.db()
	v, err := vault.Open(t.Context(), vault.SQLite(db), vault.Key(keyA), b.options())
	require.NoError(t, err)
	require.NoError(t, db.Close())
	a := account("acme", "1")
	for _, door := range doors() {
		clean(t, door(t.Context(), v.For("acme"), a), parvis.ErrUnavailable)
	}
	_, err = v.Recall(t.Context(), "x")
	clean(t, err, parvis.ErrUnavailable)
	clean(t, v.Remember(t.Context(), "x", nil), parvis.ErrUnavailable)
	clean(t, v.Rotate(t.Context()), parvis.ErrUnavailable)
	_, err = v.For("acme").Accounts(t.Context())
	clean(t, err, parvis.ErrUnavailable)
	_, err = v.For("acme").OffBoard(t.Context())
	clean(t, err, parvis.ErrUnavailable)
	_, err = vault.Open(t.Context(), vault.SQLite(db), vault.Key(keyA), nil)
	clean(t, err, parvis.ErrUnavailable)
}
