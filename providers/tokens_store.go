package providers

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/parvis-go/parvis"
)

// A Leaser is a [parvis.TokenStore] that several processes share. It lets one of them at a
// time refresh an account, and keeps what the others must know.
type Leaser interface {
	// Look is Load with everything else that is known. An account without a token gives
	// [parvis.ErrNotFound].
	Look(ctx context.Context, a parvis.Account) (Standing, error)
	// Lease gives the sole right to refresh the token of that version for ttl, by the
	// store's own clock, and notes in the same transaction that its refresh token is about
	// to be used. [parvis.ErrConflict] means no: with RetryAfter another process has the
	// right for so long at most, without it the token has another version by now or the
	// account is lost.
	Lease(ctx context.Context, a parvis.Account, version int64, ttl time.Duration) (Lease, error)
	// MarkLost notes that the token of that version is gone for good, ends its lease, and
	// reports whether this call was the one that changed it. The version stays, so that
	// a Save that was under way still succeeds; a Save makes the account alive again.
	MarkLost(ctx context.Context, a parvis.Account, version int64, h Health) (bool, error)
}

// A Lease is the sole right to refresh one account. A Save of the account ends it too.
type Lease struct {
	// Unfinished tells that an earlier refresh with the same token began and nothing is
	// known of its end: the refresh token may be spent.
	Unfinished bool
	// End gives the right back. spent tells that the refresh token may have been used:
	// then the note that it was stays. It is no error that the lease has run out.
	End func(ctx context.Context, spent bool) error
}

// A Standing is what a [Leaser] knows of an account.
type Standing struct {
	// Token is the stored token, its Expiry by the clock of this process.
	Token parvis.Token
	// Issued is when it was stored, by the same clock; zero means unknown.
	Issued time.Time
	// Lost tells why the token cannot be used any more, if its Condition is [Lost].
	Lost Health
	// Skew is how far the store's clock is ahead of this process's.
	Skew time.Duration
}

// localLeaser is the Leaser of a store that is not one: it works in one process, where
// the pool sees to it that an account is refreshed once at a time.
type localLeaser struct {
	store parvis.TokenStore
	mu    sync.Mutex
	marks map[accountKey]mark
}

// mark is what a localLeaser remembers of one version of a token.
type mark struct {
	version int64
	intent  bool
	lost    Health
}

func (l *localLeaser) Look(ctx context.Context, a parvis.Account) (Standing, error) {
	t, err := l.store.Load(ctx, a)
	if err != nil {
		return Standing{}, err
	}
	st := Standing{Token: t}
	l.mu.Lock()
	defer l.mu.Unlock()
	if m := l.marks[keyOf(a)]; m.version == t.Version {
		st.Lost = m.lost
	}
	return st, nil
}

func (l *localLeaser) Lease(_ context.Context, a parvis.Account, version int64, _ time.Duration) (Lease, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	m := l.marks[keyOf(a)]
	if m.version != version {
		m = mark{version: version}
	}
	before := m.intent
	m.intent = true
	l.marks[keyOf(a)] = m
	return Lease{Unfinished: before, End: func(_ context.Context, spent bool) error {
		l.mu.Lock()
		defer l.mu.Unlock()
		if m, ok := l.marks[keyOf(a)]; ok && m.version == version {
			m.intent = spent || before
			l.marks[keyOf(a)] = m
		}
		return nil
	}}, nil
}

func (l *localLeaser) MarkLost(_ context.Context, a parvis.Account, version int64, h Health) (bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if m := l.marks[keyOf(a)]; m.version == version && m.lost.Condition == Lost {
		return false, nil
	}
	l.marks[keyOf(a)] = mark{version: version, lost: h}
	return true, nil
}

// conflict reports whether the store has another version.
func conflict(err error) bool { return errors.Is(err, parvis.ErrConflict) }
