package providers

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/parvis-go/parvis"
)

// A PendingStore keeps what waits for a browser to come back: verifiers and keys of flows
// that have begun, and grants that wait for the choice. Both are secret, so what outlives
// the process must be encrypted. It is safe for concurrent use.
type PendingStore interface {
	// Put keeps pending under key for the time ttl. A key that is there is replaced.
	Put(ctx context.Context, key string, pending []byte, ttl time.Duration) error
	// Take returns what is under key and forgets it, so that of two who ask one gets it.
	// What is not there, or no longer, gives an error that matches [parvis.ErrNotFound].
	Take(ctx context.Context, key string) ([]byte, error)
}

// The bounds of a [PendingMemory].
const (
	maxPending      = 1000
	maxPendingBytes = 32 << 20
)

// PendingMemory is a [PendingStore] in the memory of one process. It keeps at most 1000
// entries and 32 MiB; when there is more, what ends first is dropped. The zero value is
// ready, and the handlers of several clients may share it.
type PendingMemory struct {
	mu      sync.Mutex
	entries map[string]pendingEntry
	size    int
}

type pendingEntry struct {
	data []byte
	ends time.Time
}

// Put implements [PendingStore]. What is larger than the whole store gives an error that
// matches [parvis.ErrInvalid].
func (m *PendingMemory) Put(_ context.Context, key string, pending []byte, ttl time.Duration) error {
	if len(pending) > maxPendingBytes {
		return &parvis.Error{Op: "connect", Code: parvis.ErrInvalid, Message: "there is too much to remember", Help: "connect fewer accounts at a time"}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.entries == nil {
		m.entries = map[string]pendingEntry{}
	}
	m.drop(key)
	for k, e := range m.entries {
		if !time.Now().Before(e.ends) {
			m.drop(k)
		}
	}
	for len(m.entries) >= maxPending || m.size+len(pending) > maxPendingBytes {
		m.drop(m.first())
	}
	m.entries[key] = pendingEntry{slices.Clone(pending), time.Now().Add(ttl)}
	m.size += len(pending)
	return nil
}

// Take implements [PendingStore].
func (m *PendingMemory) Take(_ context.Context, key string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e, ok := m.entries[key]
	m.drop(key)
	if !ok || !time.Now().Before(e.ends) {
		return nil, &parvis.Error{Op: "connect", Code: parvis.ErrNotFound, Message: "nothing waits under this key", Help: "start again"}
	}
	return e.data, nil
}

func (m *PendingMemory) drop(key string) {
	m.size -= len(m.entries[key].data)
	delete(m.entries, key)
}

// first is the key of the entry that ends first.
func (m *PendingMemory) first() string {
	return slices.MinFunc(slices.Collect(maps.Keys(m.entries)), func(a, b string) int {
		return m.entries[a].ends.Compare(m.entries[b].ends)
	})
}

// waiting is what waits for a browser: under the digest of the state while it is at the
// network, under that of a ticket while somebody chooses or reads the outcome.
type waiting struct {
	// Client, Flow, Callback and Browser are what it is bound to; of Browser, the digest.
	Client   string    `json:"client"`
	Flow     string    `json:"flow"`
	Callback string    `json:"callback"`
	Browser  string    `json:"browser"`
	Ends     time.Time `json:"ends"`
	// Exactly one of these is set.
	Step   *waitingStep  `json:"step,omitempty"`
	Grant  *waitingGrant `json:"grant,omitempty"`
	Notice *notice       `json:"notice,omitempty"`
}

type waitingStep struct {
	URL  string            `json:"url"`
	Keep map[string]string `json:"keep"`
}

// waitingGrant is a [Grant] with the secrets that the JSON of a token leaves out.
type waitingGrant struct {
	Choices []waitingChoice `json:"choices"`
	Scopes  []string        `json:"scopes"`
	Notes   []string        `json:"notes"`
}

type waitingChoice struct {
	Choice
	Value   string            `json:"value"`
	Refresh string            `json:"refresh"`
	Extra   map[string]string `json:"extra"`
}

func keepGrant(g Grant) *waitingGrant {
	w := &waitingGrant{Scopes: g.Scopes, Notes: g.Notes}
	for _, c := range g.Choices {
		w.Choices = append(w.Choices, waitingChoice{Choice: c, Value: c.Token.Value, Refresh: c.Token.Refresh, Extra: c.Token.Extra})
	}
	return w
}

// token is the token of a choice, whole again.
func (c waitingChoice) token() parvis.Token {
	t := c.Token
	t.Value, t.Refresh, t.Extra = c.Value, c.Refresh, maps.Clone(c.Extra)
	return t
}

// put keeps what waits under the digest of id, until it ends.
func (t *turn) put(ctx context.Context, kind, id string, w waiting) error {
	b, err := json.Marshal(w)
	if err != nil {
		return err
	}
	return t.pending.Put(ctx, digest(kind, id), b, time.Until(w.Ends))
}

// take takes what waits under the digest of id. Taking comes before looking, so that
// whoever presents an id that is not theirs makes it worthless. What is bound to
// something else gives a refusal.
func (t *turn) take(ctx context.Context, kind, id string) (waiting, error) {
	var w waiting
	if !isSecret(id) {
		return w, refusedUnknown
	}
	b, err := t.pending.Take(ctx, digest(kind, id))
	if parvis.CodeOf(err) == parvis.ErrNotFound {
		return w, refusedUnknown
	}
	if err == nil {
		err = json.Unmarshal(b, &w)
	}
	if err != nil {
		return w, err
	}
	return w, t.bound(w)
}

// bound reports whether w is of this client and browser, and not too old.
func (t *turn) bound(w waiting) error {
	switch {
	case !time.Now().Before(w.Ends):
		return refusedUnknown
	case w.Client != t.keeper.Client():
		return refusedOther
	case t.browser == "" || w.Browser != digest("browser", t.browser):
		return refusedBrowser
	}
	return nil
}

// bind returns what is bound to this client and browser.
func (t *turn) bind(flow string) waiting {
	return waiting{
		Client: t.keeper.Client(), Flow: flow, Callback: t.callbackOf(flow),
		Browser: digest("browser", t.browser), Ends: time.Now().Add(t.life),
	}
}
