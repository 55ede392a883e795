package providers_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers"
)

var acme = parvis.Account{Client: "acme", Network: "town", Host: "town.example", ID: "7", Handle: "acme"}

// tokenNetwork issues tokens whose refresh tokens serve once, and kills the account when one
// comes twice.
type tokenNetwork struct {
	life time.Duration // of access tokens
	now  func() time.Time

	mu     sync.Mutex
	serial int
	good   string // the only refresh token that is good
	calls  int
	busy   int // refreshes at this moment
	twice  bool
	// before and after are called around the rotation; an error is the answer.
	before, after func(ctx context.Context, call int) error
	edit          func(t *parvis.Token)
}

func newTokenNetwork() *tokenNetwork { return &tokenNetwork{life: time.Hour, now: time.Now} }

// issue makes the next token.
func (n *tokenNetwork) issue() parvis.Token {
	n.serial++
	n.good = fmt.Sprintf("parvis-secret-refresh-%d", n.serial)
	return parvis.Token{
		Value: fmt.Sprintf("parvis-secret-access-%d", n.serial), Refresh: n.good, Expiry: n.now().Add(n.life),
		Scopes: []string{"read", "write"}, Extra: map[string]string{"key": "parvis-secret-key", "flow": "town"},
	}
}

// Refresh implements [providers.Refresher].
func (n *tokenNetwork) Refresh(ctx context.Context, _ parvis.Account, t parvis.Token) (parvis.Token, error) {
	n.mu.Lock()
	n.calls++
	call := n.calls
	n.busy++
	n.twice = n.twice || n.busy > 1
	n.mu.Unlock()
	defer func() {
		n.mu.Lock()
		n.busy--
		n.mu.Unlock()
	}()
	if n.before != nil {
		if err := n.before(ctx, call); err != nil {
			return parvis.Token{}, err
		}
	}
	fresh, err := n.rotate(t)
	if err != nil {
		return fresh, err
	}
	if n.after != nil {
		if err := n.after(ctx, call); err != nil {
			return parvis.Token{}, err
		}
	}
	return fresh, nil
}

func (n *tokenNetwork) rotate(t parvis.Token) (parvis.Token, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if t.Refresh != n.good {
		n.good = ""
		return parvis.Token{}, &parvis.Error{Op: "refresh", Code: parvis.ErrAuth, Vendor: "invalid_grant", Message: "the refresh token is not good"}
	}
	fresh := n.issue()
	if n.edit != nil {
		n.edit(&fresh)
	}
	return fresh, nil
}

func (n *tokenNetwork) count() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.calls
}

// flakyStore is a store that fails on demand.
type flakyStore struct {
	providers.Keeper
	mu         sync.Mutex
	load, save error
	saves      int
}

func (f *flakyStore) set(load, save error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.load, f.save = load, save
}

func (f *flakyStore) Load(ctx context.Context, a parvis.Account) (parvis.Token, error) {
	f.mu.Lock()
	err := f.load
	f.mu.Unlock()
	if err != nil {
		return parvis.Token{}, err
	}
	return f.Keeper.Load(ctx, a)
}

func (f *flakyStore) Save(ctx context.Context, a parvis.Account, t parvis.Token) (int64, error) {
	f.mu.Lock()
	f.saves++
	err := f.save
	f.mu.Unlock()
	if err != nil {
		return 0, err
	}
	return f.Keeper.Save(ctx, a, t)
}

// poolRig is a pool over a store in memory, with everything that it says.
type poolRig struct {
	t     *testing.T
	net   *tokenNetwork
	store *flakyStore
	pool  *providers.TokenPool
	log   bytes.Buffer

	mu     sync.Mutex
	health []providers.Health
}

// newPoolRig stores a first token. o may be nil.
func newPoolRig(t *testing.T, o *providers.TokenOptions) *poolRig {
	t.Helper()
	r := &poolRig{t: t, net: newTokenNetwork(), store: &flakyStore{Keeper: providers.Memory("acme")}}
	if o == nil {
		o = &providers.TokenOptions{}
	}
	if o.Now != nil {
		r.net.now = o.Now
	}
	o.Logger = slog.New(slog.NewTextHandler(&r.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	o.Health = func(_ context.Context, h providers.Health) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.health = append(r.health, h)
	}
	r.pool = providers.NewTokenPool(r.store, r.net, o)
	r.put(r.net.issue())
	return r
}

// put stores a token in the place of the one that is there.
func (r *poolRig) put(t parvis.Token) {
	r.t.Helper()
	old, err := r.store.Keeper.Load(r.t.Context(), acme)
	if err != nil {
		require.ErrorIs(r.t, err, parvis.ErrNotFound)
	}
	t.Version = old.Version
	_, err = r.store.Keeper.Save(r.t.Context(), acme, t)
	require.NoError(r.t, err)
}

// token asks for the token, and returns its number.
func (r *poolRig) token() (int, error) {
	r.t.Helper()
	t, err := r.pool.Tokens(acme).Token(r.t.Context())
	return tokenNumber(t), err
}

// want asks for the token, which must have that number.
func (r *poolRig) want(n int) {
	r.t.Helper()
	got, err := r.token()
	require.NoError(r.t, err)
	require.Equal(r.t, n, got, "number of the token")
}

// tokenNumber returns the number of a token that the network issued, which is no secret.
func tokenNumber(t parvis.Token) (n int) {
	_, _ = fmt.Sscanf(t.Value, "parvis-secret-access-%d", &n)
	return n
}

// close ends the pool, and looks for secrets in what it said.
func (r *poolRig) close() {
	r.t.Helper()
	require.NoError(r.t, r.pool.Close(r.t.Context()))
	assert.Zero(r.t, strings.Count(r.log.String(), "parvis-secret-"), "a secret was logged")
	assert.Zero(r.t, strings.Count(fmt.Sprintf("%+v", r.health), "parvis-secret-"), "a secret is in the health")
}

// sameSecret compares secrets for assertions that do not print them.
func sameSecret(a, b string) bool { return a == b }

// cleanError asserts that an error has that code, says what to do, and holds no secret.
func cleanError(t *testing.T, err error, code parvis.Code) *parvis.Error {
	t.Helper()
	require.Error(t, err)
	e, ok := errors.AsType[*parvis.Error](err)
	require.True(t, ok, "it is an error of this module")
	assert.Equal(t, code, e.Code)
	assert.NotEmpty(t, e.Message)
	assert.NotEmpty(t, e.Help)
	for _, s := range []string{err.Error(), fmt.Sprintf("%+v", err), fmt.Sprintf("%#v", err), fmt.Sprintf("%+v", e.Err)} {
		assert.Zero(t, strings.Count(s, "parvis-secret-"), "a secret is in the error")
	}
	return e
}

func failsWith(code parvis.Code) func(context.Context, int) error {
	return func(context.Context, int) error {
		return &parvis.Error{Op: "refresh", Code: code, Message: "it failed"}
	}
}
