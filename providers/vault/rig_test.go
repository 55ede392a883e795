package vault_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite" // the driver of these tests

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers"
	"github.com/parvis-go/parvis/providers/vault"
)

// Keys of 32 bytes.
var (
	keyA = []byte("parvis-secret-key-a-of-32-bytes!")
	keyB = []byte("parvis-secret-key-b-of-32-bytes!")
)

func account(client, id string) parvis.Account {
	return parvis.Account{Client: client, Network: "town", Host: "town.example", ID: id, Handle: "h" + id, Name: "Name " + id}
}

// town is a network whose refresh tokens serve once, as one program sees it: the state may be
// shared by several.
type town struct {
	*townState
	name string // of the flow
	now  func() time.Time
}

type townState struct {
	mu      sync.Mutex
	serial  int
	good    map[string]string // by account
	busy    map[string]bool
	calls   int
	twice   bool
	revoked []string // IDs of accounts
	life    time.Duration
	during  func(ctx context.Context) error // in the middle of a refresh, after the rotation
	revoke  func(a parvis.Account) error
}

func newTown() *town {
	return &town{&townState{good: map[string]string{}, busy: map[string]bool{}, life: time.Hour}, "town", time.Now}
}

// Form implements [providers.Flow].
func (n *town) Form() providers.Form {
	return providers.Form{Name: n.name, Manifest: providers.Manifest{Network: "town", Title: "Town"}}
}

// Start implements [providers.Flow].
func (n *town) Start(context.Context, providers.Input) (providers.Step, error) {
	return providers.Step{}, nil
}

// Finish implements [providers.Flow].
func (n *town) Finish(context.Context, providers.Step, url.Values) (providers.Grant, error) {
	return providers.Grant{}, nil
}

// issue makes the next token of an account.
func (n *town) issue(id string) parvis.Token {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.serial++
	n.good[id] = fmt.Sprintf("parvis-secret-refresh-%d", n.serial)
	return parvis.Token{
		Value: fmt.Sprintf("parvis-secret-access-%d", n.serial), Refresh: n.good[id], Expiry: n.now().Add(n.life),
		Type: "DPoP", Scopes: []string{"read", "write"}, Extra: map[string]string{"key": "parvis-secret-dpop", providers.FlowKey: n.name},
	}
}

// Refresh implements [providers.Refresher].
func (n *town) Refresh(ctx context.Context, a parvis.Account, t parvis.Token) (parvis.Token, error) {
	n.mu.Lock()
	n.calls++
	n.twice = n.twice || n.busy[a.ID]
	n.busy[a.ID] = true
	good, during := n.good[a.ID] == t.Refresh, n.during
	n.mu.Unlock()
	defer func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		n.busy[a.ID] = false
	}()
	if !good {
		return parvis.Token{}, &parvis.Error{Op: "refresh", Code: parvis.ErrAuth, Vendor: "invalid_grant", Message: "the refresh token is not good"}
	}
	fresh := n.issue(a.ID)
	if during != nil {
		if err := during(ctx); err != nil {
			return parvis.Token{}, err
		}
	}
	return fresh, nil
}

// Revoke implements [providers.Revoker].
func (n *town) Revoke(_ context.Context, a parvis.Account, t parvis.Token) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.revoke != nil {
		if err := n.revoke(a); err != nil {
			return err
		}
	}
	if n.good[a.ID] != t.Refresh {
		return errors.New("another token is to be revoked")
	}
	n.good[a.ID] = ""
	n.revoked = append(n.revoked, a.ID)
	return nil
}

func (n *town) count() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.calls
}

// bench is an SQLite file, what programs that open it say, and the network.
type bench struct {
	t    *testing.T
	file string
	net  *town
	log  lockedBuffer

	mu     sync.Mutex
	health []providers.Health
}

// lockedBuffer is a log that several programs write.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{t: t, file: filepath.Join(t.TempDir(), "vault.db"), net: newTown()}
	t.Cleanup(func() {
		assert.False(t, leaks(b.log.String()), "a secret was logged")
		b.mu.Lock()
		defer b.mu.Unlock()
		assert.False(t, leaks(fmt.Sprintf("%+v", b.health)), "a secret is in the health")
	})
	return b
}

// db opens the file anew, as another process would.
func (b *bench) db() *sql.DB {
	b.t.Helper()
	db, err := sql.Open("sqlite", b.file)
	require.NoError(b.t, err)
	b.t.Cleanup(func() { require.NoError(b.t, db.Close()) })
	return db
}

func (b *bench) options() *vault.Options {
	return &vault.Options{
		Flows:  []providers.Flow{b.net},
		Logger: slog.New(slog.NewTextHandler(&b.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Health: func(_ context.Context, h providers.Health) {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.health = append(b.health, h)
		},
	}
}

// open opens the vault as another process would. edit may change the options.
func (b *bench) open(edit ...func(*vault.Options)) *vault.Vault {
	b.t.Helper()
	o := b.options()
	for _, e := range edit {
		e(o)
	}
	v, err := vault.Open(b.t.Context(), vault.SQLite(b.db()), vault.Key(keyA), o)
	require.NoError(b.t, err)
	b.t.Cleanup(func() { require.NoError(b.t, v.Close(context.WithoutCancel(b.t.Context()))) })
	return v
}

// events returns how many health events there were.
func (b *bench) events() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.health)
}

// equal compares secrets for assertions that do not print them.
func equal(a, b string) bool { return a == b }

// same asserts that two tokens have the same secrets, without showing them.
func same(t *testing.T, want, got parvis.Token) {
	t.Helper()
	assert.True(t, equal(want.Value, got.Value), "value differs")
	assert.True(t, equal(want.Refresh, got.Refresh), "refresh token differs")
	assert.Equal(t, want.Type, got.Type)
	assert.Equal(t, want.Scopes, got.Scopes)
	assert.True(t, equal(fmt.Sprint(want.Extra), fmt.Sprint(got.Extra)), "extra differs")
}

// clean asserts that an error has that code, says what happened and what to do, and holds no secret.
func clean(t *testing.T, err error, code parvis.Code) *parvis.Error {
	t.Helper()
	require.Error(t, err)
	e, ok := errors.AsType[*parvis.Error](err)
	require.True(t, ok, "it is an error of this module: %T", err)
	assert.Equal(t, code, e.Code, e.Message)
	assert.NotEmpty(t, e.Message)
	assert.NotEmpty(t, e.Help)
	for _, s := range []string{err.Error(), fmt.Sprintf("%+v", err), fmt.Sprintf("%#v", err), fmt.Sprintf("%+v", e.Err)} {
		assert.False(t, leaks(s), "a secret is in the error")
	}
	return e
}
