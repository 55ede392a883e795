package providers

import (
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/parvis-go/parvis"
)

// Memory returns a [Keeper] that forgets everything when the program ends, for tests and
// for programs that connect anew each time. It is safe for concurrent use, refuses
// accounts of another client with [parvis.ErrForeignClient], and those without a network
// or an ID with [parvis.ErrInvalid].
func Memory(client string) Keeper {
	return &memory{client: client, tokens: map[accountKey]parvis.Token{}}
}

type memory struct {
	client  string
	mu      sync.Mutex
	counter int64 // versions are never used twice, not even after a Delete
	tokens  map[accountKey]parvis.Token
}

// Client implements [Keeper].
func (m *memory) Client() string { return m.client }

// Load implements [parvis.TokenStore].
func (m *memory) Load(_ context.Context, a parvis.Account) (parvis.Token, error) {
	if err := CheckAccount(m.client, "load token", a); err != nil {
		return parvis.Token{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	t, ok := m.tokens[keyOf(a)]
	if !ok {
		return parvis.Token{}, &parvis.Error{
			Op: "load token", Network: a.Network, Account: a.String(), Code: parvis.ErrNotFound,
			Message: "the account is not connected", Help: "connect it first",
		}
	}
	return copyToken(t), nil
}

// Save implements [parvis.TokenStore].
func (m *memory) Save(_ context.Context, a parvis.Account, t parvis.Token) (int64, error) {
	if err := CheckAccount(m.client, "save token", a); err != nil {
		return 0, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.tokens[keyOf(a)].Version != t.Version {
		return 0, &parvis.Error{
			Op: "save token", Network: a.Network, Account: a.String(), Code: parvis.ErrConflict,
			Message: "the stored token is another one by now", Help: "load it again",
		}
	}
	t = copyToken(t)
	m.counter++
	t.Version = m.counter
	m.tokens[keyOf(a)] = t
	return t.Version, nil
}

// Delete implements [parvis.TokenStore].
func (m *memory) Delete(_ context.Context, a parvis.Account) error {
	if err := CheckAccount(m.client, "delete token", a); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.tokens, keyOf(a))
	return nil
}

// String says nothing of what is inside.
func (m *memory) String() string { return "tokens of " + m.client + " in memory" }

// GoString is String, so that %#v is safe as well.
func (m *memory) GoString() string { return m.String() }

// CheckAccount returns nil if a store of that client may keep the token of a: an error
// that matches [parvis.ErrForeignClient] if the account is another client's, and then one
// that matches [parvis.ErrInvalid] if the client, the network or the ID is missing.
func CheckAccount(client, op string, a parvis.Account) error {
	e := &parvis.Error{Op: op, Network: a.Network, Account: a.String(), Code: parvis.ErrInvalid}
	switch {
	case a.Client != "" && a.Client != client:
		e.Code, e.Message, e.Help = parvis.ErrForeignClient, "the account belongs to another client", "use the store of its own client"
	case client == "":
		e.Message, e.Help = "the store has no client", "open it for the organisation that the account speaks for"
	case a.Client == "":
		e.Message, e.Help = "the account names no client", "set Account.Client to "+client
	case a.Network == "":
		e.Message, e.Help = "the account names no network", "set Account.Network"
	case a.ID == "":
		e.Message, e.Help = "the account has no ID", "ask the network who it is first"
	default:
		return nil
	}
	return e
}

// copyToken returns t with slices and maps of its own.
func copyToken(t parvis.Token) parvis.Token {
	t.Scopes, t.Extra = slices.Clone(t.Scopes), maps.Clone(t.Extra)
	return t
}
