package vault_test

import (
	"context"
	"errors"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers"
	"github.com/parvis-go/parvis/providers/vault"
)

// islet is a network without refresh or revocation.
type islet struct{}

func (islet) Form() providers.Form {
	return providers.Form{Name: "islet", Manifest: providers.Manifest{Network: "islet"}}
}

func (islet) Start(context.Context, providers.Input) (providers.Step, error) {
	return providers.Step{}, nil
}

func (islet) Finish(context.Context, providers.Step, url.Values) (providers.Grant, error) {
	return providers.Grant{}, nil
}

// TestOffBoard: what was revoked is erased; what could not be is kept, unusable, until it
// is tried again; other clients notice nothing.
func TestOffBoard(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	v := b.open()
	v.Use(islet{})
	acme := v.For("acme")
	good, bad := account("acme", "1"), account("acme", "2")
	isle, unknown := account("acme", "3"), account("acme", "4")
	isle.Network, unknown.Network = "islet", "nowhere"
	for _, a := range []parvis.Account{good, bad, isle, unknown, account("globex", "9")} {
		token := b.net.issue(a.ID)
		if a == isle {
			token.Extra = nil
		}
		_, err := v.For(a.Client).Keep(t.Context(), a, token)
		require.NoError(t, err)
	}
	require.NoError(t, acme.Put(t.Context(), "parvis-secret-state", []byte("1"), time.Minute))
	b.net.revoke = func(a parvis.Account) error {
		if a == bad {
			return errors.New("Post https://town.example?token=parvis-secret-access-2: connection refused")
		}
		return nil
	}
	other := b.open()
	for range 2 {
		token, err := other.For("acme").Tokens(good).Token(t.Context())
		require.NoError(t, err)
		_ = token
	}

	report, err := acme.OffBoard(t.Context())
	require.NoError(t, err)
	byID := map[string]vault.Departure{}
	for _, d := range report {
		byID[d.Account.ID] = d
	}
	require.Len(t, byID, 4)
	assert.Equal(t, vault.Departure{Account: good, Revoked: true, Erased: true}, byID["1"])
	assert.Equal(t, []string{"1"}, b.net.revoked)

	assert.False(t, byID["2"].Revoked || byID["2"].Erased)
	require.ErrorIs(t, byID["2"].Err, parvis.ErrUnknownOutcome)
	assert.False(t, leaks(byID["2"].Err.Error()))
	assert.Contains(t, byID["2"].Help, "OffBoard again")

	assert.True(t, byID["3"].Erased && !byID["3"].Revoked && byID["3"].Err == nil)
	assert.Contains(t, byID["3"].Help, "settings")

	assert.False(t, byID["4"].Erased)
	require.ErrorIs(t, byID["4"].Err, parvis.ErrInvalid)
	assert.Contains(t, byID["4"].Help, "flow of nowhere")

	for _, a := range []parvis.Account{bad, unknown} { // kept, but no token is given out
		e := clean(t, tokenError(t, b.open(), a), parvis.ErrAuth)
		assert.Contains(t, e.Message, "off-boarded")
	}
	clean(t, tokenError(t, v, good), parvis.ErrAuth)
	_, err = acme.Take(t.Context(), "parvis-secret-state")
	clean(t, err, parvis.ErrNotFound)
	require.NoError(t, tokenError(t, v, account("globex", "9")))
	assert.Zero(t, b.events(), "leaving is not trouble")

	b.net.revoke = nil
	report, err = acme.OffBoard(t.Context())
	require.NoError(t, err)
	require.Len(t, report, 2)
	assert.Equal(t, []string{"1", "2"}, b.net.revoked)
	n, err := acme.Erase(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 1, n)
	list, err := acme.Accounts(t.Context())
	require.NoError(t, err)
	assert.Empty(t, list)
	assert.Equal(t, 1, b.number("SELECT count(*) FROM parvis_vault_tokens"))
}

func tokenError(t *testing.T, v *vault.Vault, a parvis.Account) error {
	t.Helper()
	_, err := v.For(a.Client).Tokens(a).Token(t.Context())
	return err
}

// TestOffBoardOfDeadTokens: a token that is gone already needs no revocation.
func TestOffBoardOfDeadTokens(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	v := b.open()
	a := account("acme", "1")
	_, err := v.For("acme").Keep(t.Context(), a, b.net.issue("1"))
	require.NoError(t, err)
	b.net.revoke = func(parvis.Account) error { return &parvis.Error{Code: parvis.ErrAuth} }
	report, err := v.For("acme").OffBoard(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []vault.Departure{{Account: a, Revoked: true, Erased: true}}, report)
}

// TestOffBoardWaitsForRefresh: a refresh that is under way brings a token that must not
// stay behind at the network.
func TestOffBoardWaitsForRefresh(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	v, other := b.open(), b.open()
	a := account("acme", "1")
	b.expired(v, a)
	started, release := make(chan struct{}), make(chan struct{})
	b.net.during = func(context.Context) error { close(started); <-release; return nil }
	done := make(chan error, 1)
	go func() {
		_, err := other.For("acme").Tokens(a).Token(t.Context())
		done <- err
	}()
	<-started
	go func() {
		<-time.After(100 * time.Millisecond)
		close(release)
	}()
	report, err := v.For("acme").OffBoard(t.Context())
	require.NoError(t, err)
	require.NoError(t, <-done)
	require.Len(t, report, 1)
	require.NoError(t, report[0].Err, "the newest token is the one that is revoked")
	assert.True(t, report[0].Revoked && report[0].Erased)
	assert.Zero(t, b.number("SELECT count(*) FROM parvis_vault_tokens"))
}

// TestComingBack: an account that is connected again while it waits to be revoked is well.
func TestComingBack(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	v := b.open()
	a := account("acme", "1")
	_, err := v.For("acme").Keep(t.Context(), a, b.net.issue("1"))
	require.NoError(t, err)
	b.net.revoke = func(parvis.Account) error { return &parvis.Error{Code: parvis.ErrUnavailable, Message: "down"} }
	_, err = v.For("acme").OffBoard(t.Context())
	require.NoError(t, err)
	clean(t, tokenError(t, v, a), parvis.ErrAuth)
	_, err = v.For("acme").Keep(t.Context(), a, b.net.issue("1"))
	require.NoError(t, err)
	require.NoError(t, tokenError(t, v, a))
}

func TestOffBoardEndsWithContext(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	v := b.open()
	a := account("acme", "1")
	_, err := v.For("acme").Keep(t.Context(), a, b.net.issue("1"))
	require.NoError(t, err)
	_, err = b.db().ExecContext(t.Context(), "UPDATE parvis_vault_tokens SET lease = 'somebody', lease_until = 9000000000000000")
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = v.For("acme").OffBoard(ctx)
	clean(t, err, parvis.ErrUnavailable)
	require.ErrorIs(t, err, context.DeadlineExceeded)
}
