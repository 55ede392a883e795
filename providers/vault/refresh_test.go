package vault_test

import (
	"context"
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

// expired stores a token that needs a refresh.
func (b *bench) expired(v *vault.Vault, a parvis.Account) {
	b.t.Helper()
	token := b.net.issue(a.ID)
	token.Expiry = time.Now().Add(-time.Minute)
	_, err := v.For(a.Client).Keep(b.t.Context(), a, token)
	require.NoError(b.t, err)
}

// TestOneRefreshAmongProcesses: four processes with eight callers each want an expired token.
func TestOneRefreshAmongProcesses(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	accounts := []parvis.Account{account("acme", "1"), account("acme", "2"), account("globex", "1b")}
	var vaults []*vault.Vault
	for range 4 {
		vaults = append(vaults, b.open())
	}
	for round := range 3 {
		for _, a := range accounts {
			b.expired(vaults[0], a)
		}
		var wg sync.WaitGroup
		for _, v := range vaults {
			for _, a := range accounts {
				v.For(a.Client).Tokens(a) // handles are cheap, and share the vault's pool
				for range 8 {
					wg.Go(func() {
						token, err := v.For(a.Client).Tokens(a).Renew(t.Context(), parvis.Token{Value: "parvis-secret-none"})
						assert.NoError(t, err)
						assert.True(t, token.Valid(time.Now()))
					})
				}
			}
		}
		wg.Wait()
		assert.Equal(t, (round+1)*len(accounts), b.net.count())
	}
	assert.False(t, b.net.twice, "an account was refreshed twice at once")
	assert.Zero(t, b.events())
}

// TestRefreshIsStored: the process that comes after finds the whole new token.
func TestRefreshIsStored(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	v := b.open()
	a := account("acme", "1")
	b.expired(v, a)
	token, err := v.For("acme").Tokens(a).Token(t.Context())
	require.NoError(t, err)
	stored, err := b.open().For("acme").Load(t.Context(), a)
	require.NoError(t, err)
	same(t, token, stored)
	assert.Equal(t, token.Version, stored.Version)
}

// TestLostOnceAmongProcesses: one of all processes tells the program; all say the same.
func TestLostOnceAmongProcesses(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	a := account("acme", "1")
	var vaults []*vault.Vault
	for range 4 {
		vaults = append(vaults, b.open())
	}
	b.expired(vaults[0], a)
	b.net.good["1"] = "" // revoked
	var wg sync.WaitGroup
	for _, v := range vaults {
		wg.Go(func() {
			_, err := v.For("acme").Tokens(a).Token(t.Context())
			e := clean(t, err, parvis.ErrAuth)
			assert.Contains(t, e.Message, "invalid_grant")
			assert.Contains(t, e.Help, "connect the account again")
		})
	}
	wg.Wait()
	assert.Equal(t, 1, b.events())
	assert.Equal(t, 1, b.net.count())

	late := b.open() // a process that starts later knows
	_, err := late.For("acme").Tokens(a).Token(t.Context())
	clean(t, err, parvis.ErrAuth)
	h, err := late.For("acme").Health(t.Context(), a)
	require.NoError(t, err)
	assert.Equal(t, providers.Lost, h.Condition)
	assert.Equal(t, b.health[0].Why, h.Why)
	assert.Equal(t, 1, b.net.count())

	changed, err := late.For("acme").Report(t.Context(), providers.Health{Account: a, Condition: providers.Healthy})
	require.NoError(t, err)
	assert.False(t, changed, "a probe does not bring it back")

	fresh := b.net.issue("1")
	old, err := late.For("acme").Load(t.Context(), a)
	require.NoError(t, err)
	fresh.Version = old.Version
	_, err = late.For("acme").Save(t.Context(), a, fresh)
	require.NoError(t, err)
	got, err := late.For("acme").Tokens(a).Token(t.Context())
	require.NoError(t, err, "a new token does")
	same(t, fresh, got)
	h, err = late.For("acme").Health(t.Context(), a)
	require.NoError(t, err)
	assert.Empty(t, h.Condition)
}

// TestLeaseRunsOut: a process stopped in the middle of a refresh holds the others up until
// its lease ends, no longer; and what it brings too late is not stored over theirs.
func TestLeaseRunsOut(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	short := func(o *vault.Options) {
		o.Tokens.Timeout, o.Tokens.Lease = 500*time.Millisecond, 800*time.Millisecond
	}
	first, second := b.open(short), b.open(short)
	a := account("acme", "1")
	b.expired(first, a)
	stuck, release := make(chan struct{}), make(chan struct{})
	var calls atomic.Int64
	b.net.during = func(context.Context) error {
		if calls.Add(1) == 1 { // it does not even listen to its context
			close(stuck)
			<-release
		}
		return nil
	}
	done := make(chan error, 1)
	var late parvis.Token
	go func() {
		var err error
		late, err = first.For("acme").Tokens(a).Token(t.Context())
		done <- err
	}()
	<-stuck
	// The first has rotated the token. This network answers the spent one once more.
	stored, err := second.For("acme").Load(t.Context(), a)
	require.NoError(t, err)
	b.net.mu.Lock()
	b.net.good["1"] = stored.Refresh
	b.net.mu.Unlock()
	began := time.Now()
	token, err := second.For("acme").Tokens(a).Token(t.Context())
	require.NoError(t, err)
	assert.Greater(t, time.Since(began), 100*time.Millisecond, "it waited for the lease")
	close(release)
	require.NoError(t, <-done)
	same(t, token, late)
}

// TestMayBeSpentByAnother: a refresh that was cut off in one process is remembered in the
// next, which says so if the network refuses.
func TestMayBeSpentByAnother(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	first, second := b.open(), b.open()
	a := account("acme", "1")
	b.expired(first, a)
	b.net.during = func(context.Context) error {
		return &parvis.Error{Op: "refresh", Code: parvis.ErrUnknownOutcome, Message: "the connection broke"}
	}
	_, err := first.For("acme").Tokens(a).Token(t.Context())
	clean(t, err, parvis.ErrUnavailable)
	_, err = second.For("acme").Tokens(a).Token(t.Context())
	e := clean(t, err, parvis.ErrAuth)
	assert.Contains(t, e.Message, "may have been spent")
	assert.Equal(t, 1, b.events())
}

// TestSurelyNotSpent: a refresh that surely did nothing leaves no such doubt.
func TestSurelyNotSpent(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	first, second := b.open(), b.open()
	a := account("acme", "1")
	b.expired(first, a)
	good := b.net.good["1"]
	b.net.during = func(context.Context) error {
		b.net.mu.Lock()
		defer b.net.mu.Unlock()
		b.net.good["1"], b.net.during = good, nil
		return &parvis.Error{Op: "refresh", Code: parvis.ErrRateLimited, Message: "too many"}
	}
	_, err := first.For("acme").Tokens(a).Token(t.Context())
	clean(t, err, parvis.ErrUnavailable)
	b.net.good["1"] = ""
	_, err = second.For("acme").Tokens(a).Token(t.Context())
	e := clean(t, err, parvis.ErrAuth)
	assert.NotContains(t, e.Message, "spent")
}

// TestMachineClockIsTold: the database's clock shows whose clock is wrong when the network
// refuses what is signed with it.
func TestMachineClockIsTold(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	v := b.open(func(o *vault.Options) { o.Tokens.Now = func() time.Time { return time.Now().Add(61 * time.Minute) } })
	a := account("acme", "1")
	b.expired(v, a)
	b.net.during = func(context.Context) error {
		return &parvis.Error{Op: "refresh", Code: parvis.ErrInvalid, Vendor: "invalid_client", Message: "the assertion is not yet valid"}
	}
	_, err := v.For("acme").Tokens(a).Token(t.Context())
	e := clean(t, err, parvis.ErrInvalid)
	assert.Contains(t, e.Help, "clock of this machine is wrong by about 1.0 hours")
	assert.Zero(t, b.events())
}

// TestFlowOfTheToken: a network with several ways to connect renews each token its own way.
func TestFlowOfTheToken(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	other := newTown()
	other.name = "town-password"
	v := b.open()
	v.Use(other)
	a := account("acme", "1")
	token := other.issue("1")
	token.Expiry = time.Now().Add(-time.Minute)
	_, err := v.For("acme").Keep(t.Context(), a, token)
	require.NoError(t, err)
	_, err = v.For("acme").Tokens(a).Token(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 1, other.count())
	assert.Equal(t, 0, b.net.count())
}

// TestOneRefresherForAll: a program may renew by other means than flows.
func TestOneRefresherForAll(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	v := b.open(func(o *vault.Options) { o.Flows, o.Refresher = nil, b.net })
	a := account("acme", "1")
	b.expired(v, a)
	_, err := v.For("acme").Tokens(a).Token(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 1, b.net.count())
}

// TestFoundAgain: the new token cannot be stored, and another process loses the account with
// the spent one. As soon as the database takes it, the account is well, and that is told.
func TestFoundAgain(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	short := func(o *vault.Options) {
		o.Tokens.Timeout, o.Tokens.Lease = 500*time.Millisecond, 800*time.Millisecond
		o.Tokens.MinBackoff = 100 * time.Millisecond
	}
	first, second := b.open(short), b.open(short)
	a := account("acme", "1")
	b.expired(first, a)
	_, err := b.db().ExecContext(t.Context(), `CREATE TRIGGER full BEFORE UPDATE OF sealed ON parvis_vault_tokens
		BEGIN SELECT raise(ABORT, 'database or disk is full'); END`)
	require.NoError(t, err)
	clean(t, tokenError(t, first, a), parvis.ErrUnavailable)
	clean(t, tokenError(t, second, a), parvis.ErrAuth)
	assert.Equal(t, 1, b.events())
	assert.Equal(t, 2, b.net.count())

	_, err = b.db().ExecContext(t.Context(), "DROP TRIGGER full")
	require.NoError(t, err)
	require.Eventually(t, func() bool { return b.events() == 2 }, 30*time.Second, 10*time.Millisecond)
	require.NoError(t, tokenError(t, first, a))
	require.NoError(t, tokenError(t, b.open(), a))
	assert.Equal(t, 2, b.net.count(), "the token that was kept is the one that serves")
	assert.Equal(t, providers.Lost, b.health[0].Condition)
	assert.Equal(t, providers.Healthy, b.health[1].Condition)
}
