package vault_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers"
	"github.com/parvis-go/parvis/providers/vault"
)

// openWith opens the file with other keys.
func (b *bench) openWith(keys vault.KeyService) (*vault.Vault, error) {
	b.t.Helper()
	return vault.Open(b.t.Context(), vault.SQLite(b.db()), keys, b.options())
}

// bytes is the whole file.
func (b *bench) bytes() string {
	b.t.Helper()
	data, err := os.ReadFile(b.file)
	require.NoError(b.t, err)
	return string(data)
}

// fill stores tokens, a flow and a registration.
func (b *bench) fill(v *vault.Vault, n int) map[parvis.Account]parvis.Token {
	b.t.Helper()
	tokens := map[parvis.Account]parvis.Token{}
	for i := range n {
		a := account(fmt.Sprintf("client-%d", i%3), fmt.Sprint(i))
		tokens[a] = b.net.issue(a.ID)
		_, err := v.For(a.Client).Keep(b.t.Context(), a, tokens[a])
		require.NoError(b.t, err)
	}
	require.NoError(b.t, v.For("acme").Put(b.t.Context(), "parvis-secret-state", []byte("parvis-secret-verifier"), time.Hour))
	require.NoError(b.t, v.Remember(b.t.Context(), "app", []byte("parvis-secret-app")))
	return tokens
}

// readable asserts that everything that fill stored can be read.
func (b *bench) readable(v *vault.Vault, tokens map[parvis.Account]parvis.Token) {
	b.t.Helper()
	for a, want := range tokens {
		got, err := v.For(a.Client).Load(b.t.Context(), a)
		require.NoError(b.t, err)
		same(b.t, want, got)
	}
	value, err := v.Recall(b.t.Context(), "app")
	require.NoError(b.t, err)
	assert.True(b.t, equal(string(value), "parvis-secret-app"), "registration differs")
}

// TestWrongKeyChangesNothing: it says so, and the file is byte for byte the same.
func TestWrongKeyChangesNothing(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	tokens := b.fill(b.open(), 3)
	before := b.bytes()
	for name, keys := range map[string]vault.KeyService{
		"another key": vault.Key(keyB), "other keys": vault.Keys(keyB, []byte(strings.Repeat("parvis-secret-8-", 2))),
		"another service": stubborn{}, "a service that lies": liar{}, "a service with short keys": liar{short: true},
	} {
		_, err := b.openWith(keys)
		e := clean(t, err, parvis.ErrInvalid)
		assert.Contains(t, e.Message, "another key", name)
		assert.Contains(t, e.Help, "nothing was changed", name)
	}
	assert.True(t, equal(before, b.bytes()), "the file was changed")
	b.readable(b.open(), tokens)
}

// stubborn is a key service that does not know the key.
type stubborn struct{}

func (stubborn) Current(context.Context) (string, error) { return "projects/p/keys/k", nil }
func (stubborn) Wrap(context.Context, []byte) (string, []byte, error) {
	return "projects/p/keys/k", []byte("wrapped"), nil
}

func (stubborn) Unwrap(_ context.Context, id string, _ []byte) ([]byte, error) {
	return nil, fmt.Errorf("key %s: %w", id, parvis.ErrNotFound)
}

// liar is a key service that unwraps to something else, as one without authentication may.
type liar struct {
	stubborn
	short bool
}

func (l liar) Unwrap(context.Context, string, []byte) ([]byte, error) {
	if l.short {
		return keyB[:16], nil
	}
	return keyB, nil
}

func TestBadKeys(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, keys := range []vault.KeyService{vault.Key(nil), vault.Key(keyA[:16]), vault.Keys(keyA, keyB[:31])} {
		_, err := b.openWith(keys)
		e := clean(t, err, parvis.ErrInvalid)
		assert.Contains(t, e.Message, "32")
	}
	_, err := os.Stat(b.file)
	require.ErrorIs(t, err, os.ErrNotExist, "nothing was made")
}

// service is a key service elsewhere, which may be out of reach.
type service struct {
	mu     sync.Mutex
	down   bool
	kept   map[string][]byte
	unwrap int
}

func (s *service) Current(context.Context) (string, error) { return "service/1", nil }

func (s *service) Wrap(_ context.Context, key []byte) (string, []byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	name := fmt.Sprintf("parcel %d", len(s.kept))
	s.kept[name] = append([]byte(nil), key...)
	return "service/1", []byte(name), nil
}

func (s *service) Unwrap(_ context.Context, _ string, wrapped []byte) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unwrap++
	if s.down {
		return nil, errors.New("dial tcp: connection refused")
	}
	return s.kept[string(wrapped)], nil
}

func TestKeyService(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	s := &service{kept: map[string][]byte{}}
	v, err := b.openWith(s)
	require.NoError(t, err)
	tokens := b.fill(v, 5)
	b.readable(v, tokens)
	assert.Equal(t, 1, s.unwrap, "it is not asked for each token")

	s.down = true
	_, err = b.openWith(s)
	clean(t, err, parvis.ErrUnavailable)
	b.readable(v, tokens)
	s.down = false
	require.NoError(t, v.Rotate(t.Context()))
	again, err := b.openWith(s)
	require.NoError(t, err)
	b.readable(again, tokens)
	_, err = b.openWith(vault.Key(keyA))
	clean(t, err, parvis.ErrInvalid)
}

// TestChangeOfKey goes the way that the package comment describes.
func TestChangeOfKey(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	old := b.open()
	tokens := b.fill(old, 120)
	both, err := b.openWith(vault.Keys(keyA, keyB))
	require.NoError(t, err)
	b.readable(both, tokens)
	turned, err := b.openWith(vault.Keys(keyB, keyA))
	require.NoError(t, err)
	b.readable(turned, tokens)
	b.readable(both, tokens)

	// A process that was forgotten goes on with the old key, and is noticed.
	a := account("client-0", "0")
	tokens[a] = b.net.issue("0")
	_, err = old.For("client-0").Keep(t.Context(), a, tokens[a])
	require.NoError(t, err)
	b.readable(turned, tokens)

	require.NoError(t, turned.Rotate(t.Context()))
	b.readable(turned, tokens)
	b.readable(both, tokens)
	only, err := b.openWith(vault.Key(keyB))
	require.NoError(t, err)
	b.readable(only, tokens)
	value, err := only.For("acme").Take(t.Context(), "parvis-secret-state")
	require.NoError(t, err)
	assert.True(t, equal(string(value), "parvis-secret-verifier"), "flow differs")
	_, err = b.openWith(vault.Key(keyA))
	clean(t, err, parvis.ErrInvalid)
	_, err = old.For("client-0").Keep(t.Context(), a, tokens[a])
	clean(t, err, parvis.ErrInvalid)
}

// TestRotateWhileOthersWork: tokens are refreshed, connected and read in three processes
// while a fourth rotates again and again; nothing is lost.
func TestRotateWhileOthersWork(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	rotator := b.open()
	b.fill(rotator, 60)
	var wg sync.WaitGroup
	for p := range 3 {
		v := b.open()
		a := account(fmt.Sprintf("client-%d", p), fmt.Sprint(p))
		wg.Go(func() {
			for n := range 8 {
				b.work(v, a, fmt.Sprintf("parvis-secret-state-%d-%d", p, n))
			}
		})
	}
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	for working := true; working; {
		assert.NoError(t, rotator.Rotate(t.Context()))
		select {
		case <-done:
			working = false
		case <-time.After(5 * time.Millisecond):
		}
	}
	b.one(rotator)
	late := b.open()
	list, err := late.For("client-0").Accounts(t.Context())
	require.NoError(t, err)
	for _, a := range list {
		_, err := late.For("client-0").Load(t.Context(), a)
		require.NoError(t, err)
	}
	assert.Zero(t, b.events())
}

// work uses every kind of sealed row once.
func (b *bench) work(v *vault.Vault, a parvis.Account, key string) {
	c := v.For(a.Client)
	token, err := c.Load(b.t.Context(), a)
	assert.NoError(b.t, err)
	_, err = c.Tokens(a).Renew(b.t.Context(), token)
	assert.NoError(b.t, err)
	assert.NoError(b.t, c.Put(b.t.Context(), key, []byte(key), time.Minute))
	got, err := c.Take(b.t.Context(), key)
	assert.NoError(b.t, err)
	assert.True(b.t, equal(string(got), key), "flow differs")
}

// one asserts that after a rotation a single data key is left.
func (b *bench) one(v *vault.Vault) {
	b.t.Helper()
	require.NoError(b.t, v.Rotate(b.t.Context()))
	assert.Equal(b.t, 1, b.number("SELECT count(*) FROM parvis_vault_keys"))
}

func (b *bench) number(query string) (n int) {
	b.t.Helper()
	require.NoError(b.t, b.db().QueryRowContext(b.t.Context(), query).Scan(&n))
	return n
}

// TestRotateGoesOn: a rotation that was cut off is taken up, not begun anew.
func TestRotateGoesOn(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	v := b.open()
	tokens := b.fill(v, 200)
	// The third page is not written: the program is stopped there.
	_, err := b.db().ExecContext(t.Context(), `CREATE TRIGGER stop BEFORE UPDATE OF key_seq ON parvis_vault_tokens
		WHEN (SELECT count(*) FROM parvis_vault_tokens WHERE key_seq = 2) >= 120 BEGIN SELECT raise(ABORT, 'stopped'); END`)
	require.NoError(t, err)
	clean(t, v.Rotate(t.Context()), parvis.ErrUnavailable)
	assert.Equal(t, 100, b.number("SELECT count(*) FROM parvis_vault_tokens WHERE key_seq = 2"))
	_, err = b.db().ExecContext(t.Context(), "DROP TRIGGER stop")
	require.NoError(t, err)
	b.readable(b.open(), tokens)

	require.NoError(t, b.open().Rotate(t.Context()))
	assert.Equal(t, 200, b.number("SELECT count(*) FROM parvis_vault_tokens WHERE key_seq = 2"))
	assert.Equal(t, 1, b.number("SELECT count(*) FROM parvis_vault_keys"))
	b.readable(v, tokens)
}

// TestRowsAreBound: rows that are swapped, or moved to another client, do not open; and a
// rotation leaves them as they are and names them.
func TestRowsAreBound(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]string{
		"moved to another client":  "UPDATE parvis_vault_tokens SET client = 'globex' WHERE id = '0'",
		"moved to another host":    "UPDATE parvis_vault_tokens SET host = 'other.example', client = 'globex' WHERE id = '0'",
		"put into another's place": "UPDATE parvis_vault_tokens SET sealed = (SELECT sealed FROM parvis_vault_tokens WHERE id = '0'), client = 'globex' WHERE id = '1'",
		"another version":          "UPDATE parvis_vault_tokens SET version = version + 1, client = 'client-0' WHERE id = '0'",
		"cut short":                "UPDATE parvis_vault_tokens SET sealed = x'00' WHERE id = '0'",
		"another key":              "UPDATE parvis_vault_tokens SET key_seq = 77 WHERE id = '0'",
	} {
		b := newBench(t)
		v := b.open()
		b.fill(v, 2)
		_, err := b.db().ExecContext(t.Context(), change)
		require.NoError(t, err)
		broken := 0
		for _, client := range []string{"client-0", "client-1", "globex"} {
			list, err := v.For(client).Accounts(t.Context())
			require.NoError(t, err)
			for _, a := range list {
				if _, err := v.For(client).Load(t.Context(), a); err != nil {
					broken++
					clean(t, err, parvis.ErrInvalid)
					_, err = v.For(client).Tokens(a).Token(t.Context())
					clean(t, err, parvis.ErrInvalid)
				}
			}
		}
		assert.Equal(t, 1, broken, name)
		assert.Zero(t, b.events(), "a damaged row is not a lost account")
		if name != "another key" {
			e := clean(t, v.Rotate(t.Context()), parvis.ErrInvalid)
			assert.Contains(t, e.Message, "town:")
		}
	}
}

// TestKeysShowNothing formats everything that a program could print by mistake.
func TestKeysShowNothing(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	v := b.open()
	b.fill(v, 1)
	keys := vault.Keys(keyA, keyB)
	shown := []any{
		v, v.For("client-0"), keys,
		vault.Options{},
		b.options().Tokens,
		struct{ K vault.KeyService }{keys},
		struct{ V *vault.Vault }{v},
		v.For("client-0").Tokens(account("client-0", "0")), v.For("acme").Tokens(account("client-0", "0")),
		vault.Departure{Account: account("client-0", "0")},
		vault.SQLite((*sql.DB)(nil)),
		providers.Lease{},
	}
	for _, value := range shown {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
			assert.False(t, leaks(fmt.Sprintf(verb, value)), "%T with %s", value, verb)
		}
	}
}

// TestRotateKeepsNeededKeys: a value that does not open keeps the key that it may need.
func TestRotateKeepsNeededKeys(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	v := b.open()
	tokens := b.fill(v, 2)
	_, err := b.db().ExecContext(t.Context(), "UPDATE parvis_vault_values SET sealed = x'00' WHERE kind = 'pending'")
	require.NoError(t, err)
	for range 2 {
		e := clean(t, v.Rotate(t.Context()), parvis.ErrInvalid)
		assert.Contains(t, e.Message, "pending")
		assert.Equal(t, 2, b.number("SELECT count(*) FROM parvis_vault_keys"))
	}
	b.readable(b.open(), tokens)
}
