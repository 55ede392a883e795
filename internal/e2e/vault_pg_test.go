package e2e

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers"
	"github.com/parvis-go/parvis/providers/vault"
	"github.com/parvis-go/parvis/providers/vault/vaultpg"
)

// The keys of the vaults.
var (
	keyOne = vault.Key([]byte("parvis-secret-key-number-one-32b"))
	keyTwo = vault.Key([]byte("parvis-secret-key-number-two-32b"))
	keyAll = vault.Keys([]byte("parvis-secret-key-number-two-32b"), []byte("parvis-secret-key-number-one-32b"))
)

// book is a network that renews and revokes, and counts.
type book struct{ refreshed, revoked atomic.Int64 }

func (*book) Form() providers.Form {
	return providers.Form{Name: "torture", Manifest: providers.Manifest{Network: "torture"}}
}

func (*book) Start(context.Context, providers.Input) (providers.Step, error) {
	return providers.Step{}, errors.ErrUnsupported
}

func (*book) Finish(context.Context, providers.Step, url.Values) (providers.Grant, error) {
	return providers.Grant{}, errors.ErrUnsupported
}

func (b *book) Refresh(_ context.Context, _ parvis.Account, t parvis.Token) (parvis.Token, error) {
	n := b.refreshed.Add(1)
	return parvis.Token{
		Value: fmt.Sprintf("parvis-secret-access-%d", n), Refresh: fmt.Sprintf("parvis-secret-refresh-%d", n),
		Expiry: time.Now().Add(time.Hour), Extra: t.Extra,
	}, nil
}

func (b *book) Revoke(context.Context, parvis.Account, parvis.Token) error {
	b.revoked.Add(1)
	return nil
}

func openVault(t *testing.T, pool *pgxpool.Pool, key vault.KeyService, b *book) *vault.Vault {
	t.Helper()
	v, err := vault.Open(t.Context(), vaultpg.Pool(pool), key, &vault.Options{Refresher: b, Flows: []providers.Flow{b}})
	require.NoError(t, err)
	return v
}

// contents is everything that the tables hold, as text.
func contents(t *testing.T, pool *pgxpool.Pool) string {
	t.Helper()
	var all strings.Builder
	for _, table := range tables(t, pool) {
		rows, err := pool.Query(t.Context(), "select x::text from "+table+" x order by 1")
		require.NoError(t, err)
		for rows.Next() {
			var line string
			require.NoError(t, rows.Scan(&line))
			all.WriteString(table + " " + line + "\n")
		}
		require.NoError(t, rows.Err())
	}
	return all.String()
}

func TestVaultOnPostgreSQL(t *testing.T) {
	t.Parallel()
	pool, network := postgres(t), &book{}
	v := openVault(t, pool, keyOne, network)
	acme := parvis.Account{Client: "acme", Network: "torture", ID: "1", Handle: "acme"}
	stale := parvis.Token{Value: "parvis-secret-old", Refresh: "parvis-secret-spent", Expiry: time.Now().Add(-time.Minute)}
	_, err := v.For("acme").Keep(t.Context(), acme, stale)
	require.NoError(t, err)
	_, err = v.For("bellavista").Load(t.Context(), acme)
	require.ErrorIs(t, err, parvis.ErrForeignClient)

	// Four vaults, as four processes have them, want the token at the same moment.
	var got sync.Map
	var wg sync.WaitGroup
	for range 4 {
		other := openVault(t, pool, keyOne, network)
		for range 4 {
			wg.Go(func() {
				token, err := other.For("acme").Tokens(acme).Token(context.Background())
				if assert.NoError(t, err) {
					got.Store(token.Value, true)
				}
			})
		}
	}
	wg.Wait()
	assert.EqualValues(t, 1, network.refreshed.Load(), "one refresh serves all")
	n := 0
	got.Range(func(any, any) bool { n++; return true })
	assert.Equal(t, 1, n)

	before := contents(t, pool)
	if strings.Contains(before, "parvis-secret-") {
		t.Error("the tables hold a secret in the clear")
	}
	_, err = vault.Open(t.Context(), vaultpg.Pool(pool), keyTwo, nil)
	require.ErrorIs(t, err, parvis.ErrInvalid)
	assert.ErrorContains(t, err, "key")
	same := before == contents(t, pool)
	assert.True(t, same, "a wrong key changed something")
}

func TestVaultRotatesItsKeysOnPostgreSQL(t *testing.T) {
	t.Parallel()
	pool, network := postgres(t), &book{}
	old := openVault(t, pool, keyOne, network)
	for i := range 200 {
		a := parvis.Account{Client: "acme", Network: "torture", ID: fmt.Sprint(i)}
		_, err := old.For("acme").Keep(t.Context(), a, parvis.Token{Value: fmt.Sprintf("parvis-secret-%d", i)})
		require.NoError(t, err)
	}
	both := openVault(t, pool, keyAll, network)
	var wg sync.WaitGroup
	for range 2 { // two processes rotate, while a third writes
		wg.Go(func() { assert.NoError(t, both.Rotate(context.Background())) })
	}
	wg.Go(func() {
		for i := range 50 {
			a := parvis.Account{Client: "acme", Network: "torture", ID: fmt.Sprint(i)}
			_, err := both.For("acme").Keep(context.Background(), a, parvis.Token{Value: fmt.Sprintf("parvis-secret-new-%d", i)})
			assert.NoError(t, err)
		}
	})
	wg.Wait()
	require.NoError(t, both.Rotate(t.Context()))
	alone := openVault(t, pool, keyTwo, network)
	accounts, err := alone.For("acme").Accounts(t.Context())
	require.NoError(t, err)
	require.Len(t, accounts, 200)
	for i := range 200 {
		want := fmt.Sprintf("parvis-secret-%d", i)
		if i < 50 {
			want = fmt.Sprintf("parvis-secret-new-%d", i)
		}
		token, err := alone.For("acme").Load(t.Context(), parvis.Account{Client: "acme", Network: "torture", ID: fmt.Sprint(i)})
		require.NoError(t, err)
		same := token.Value == want
		assert.True(t, same, "the token of %d is another", i)
	}
}

func TestClientLeavesTheVaultOnPostgreSQL(t *testing.T) {
	t.Parallel()
	pool, network := postgres(t), &book{}
	v := openVault(t, pool, keyOne, network)
	for _, client := range []string{"acme", "bellavista"} {
		for i := range 3 {
			a := parvis.Account{Client: client, Network: "torture", ID: fmt.Sprint(i)}
			_, err := v.For(client).Keep(t.Context(), a, parvis.Token{Value: "parvis-secret-" + client})
			require.NoError(t, err)
		}
		require.NoError(t, v.For(client).Put(t.Context(), "state", []byte("parvis-secret-verifier"), time.Minute))
	}
	left, err := v.For("acme").OffBoard(t.Context())
	require.NoError(t, err)
	assert.Len(t, left, 3)
	assert.EqualValues(t, 3, network.revoked.Load())
	all := contents(t, pool)
	assert.NotContains(t, all, "acme", "nothing of the client is left")
	assert.Contains(t, all, "bellavista")

	var taken atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := v.For("bellavista").Take(context.Background(), "state"); err == nil {
				taken.Add(1)
			} else {
				assert.ErrorIs(t, err, parvis.ErrNotFound)
			}
		})
	}
	wg.Wait()
	assert.EqualValues(t, 1, taken.Load(), "what waits is taken once")
}
