package providers

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/parvis-go/parvis"
)

// earlyWait is how long the caller that begins an early refresh waits for it, before it
// goes on with the old token. Waiting at all keeps short programs from ending in the middle.
const earlyWait = 3 * time.Second

// source is the token source of one account.
type source struct {
	p *TokenPool
	a parvis.Account
}

// String says nothing of what is inside.
func (s source) String() string { return "tokens of " + s.a.String() }

// GoString is String, so that %#v is safe as well.
func (s source) GoString() string { return s.String() }

// entry is what the pool knows of one account.
type entry struct {
	pool    *TokenPool
	account parvis.Account

	mu      sync.Mutex
	seen    Standing  // what was read last
	seenAt  time.Time // zero: nothing
	reads   uint64    // counts changes of seen, so that a slow read does not undo a newer one
	flight  *flight   // the refresh under way
	unsaved bool      // the flight has a new token that the store would not take yet
	early   lead      // when the token is due
	back    pause     // after failures
	skewed  time.Duration
}

// lead is the moment from which a version of the token is to be refreshed.
type lead struct {
	version int64
	due     time.Time
}

// pause keeps a version of the token from being tried again too soon.
type pause struct {
	version int64
	fails   int
	until   time.Time
	err     error
}

// flight is one refresh and those who wait for it.
type flight struct {
	done  chan struct{}
	token parvis.Token
	err   error
}

// Token implements [parvis.TokenSource].
func (s source) Token(ctx context.Context) (parvis.Token, error) {
	e := s.p.entry(s.a)
	st, err := e.look(ctx, s.p.o.Reread)
	if err != nil {
		return parvis.Token{}, e.noStore(err)
	}
	t, now := st.Token, s.p.o.Now()
	valid := t.Valid(now)
	switch {
	case st.Lost.Condition == Lost:
		return parvis.Token{}, lostError(s.a, st.Lost)
	case valid && (t.Refresh == "" || now.Before(e.due(st, now))):
		return copyToken(t), nil
	}
	f, _, err := e.join(t.Version)
	if err != nil {
		return ifValid(t, valid, err)
	}
	fresh, err := f.wait(ctx, valid)
	if err != nil {
		return ifValid(t, t.Valid(s.p.o.Now()), err)
	}
	return copyToken(fresh), nil
}

// ifValid gives the old token while it serves, unless the account is lost.
func ifValid(t parvis.Token, valid bool, err error) (parvis.Token, error) {
	if valid && parvis.CodeOf(err) != parvis.ErrAuth {
		return copyToken(t), nil //nolint:nilerr // the failure passes, and does not disturb who has a good token
	}
	return parvis.Token{}, err
}

// Renew implements [parvis.Renewer]. Each refusal leads to one refresh at most.
func (s source) Renew(ctx context.Context, refused parvis.Token) (parvis.Token, error) {
	e := s.p.entry(s.a)
	for range 3 {
		st, err := e.look(ctx, -1)
		if err != nil {
			return parvis.Token{}, e.noStore(err)
		}
		switch {
		case st.Lost.Condition == Lost:
			return parvis.Token{}, lostError(s.a, st.Lost)
		case st.Token.Value != refused.Value && st.Token.Valid(s.p.o.Now()):
			return copyToken(st.Token), nil
		}
		f, begun, err := e.join(st.Token.Version)
		if err != nil {
			return parvis.Token{}, err
		}
		fresh, err := f.wait(ctx, false)
		switch {
		case err != nil:
			return parvis.Token{}, err
		case fresh.Value != refused.Value:
			return copyToken(fresh), nil
		case begun: // no second refresh for one refusal
			return parvis.Token{}, unavailable(s.a, "the network renews the token with the same one", 0)
		}
	}
	return parvis.Token{}, unavailable(s.a, "the token is replaced all the time", 0)
}

// wait returns what the flight brought. With short it gives up soon.
func (f *flight) wait(ctx context.Context, short bool) (parvis.Token, error) {
	var late <-chan time.Time
	if short {
		t := time.NewTimer(earlyWait)
		defer t.Stop()
		late = t.C
	}
	select {
	case <-f.done:
		return f.token, f.err
	case <-late:
		return parvis.Token{}, &parvis.Error{Op: "token", Code: parvis.ErrUnavailable, Message: "the refresh takes long", Help: "try again"}
	case <-ctx.Done():
		return parvis.Token{}, &parvis.Error{
			Op: "token", Code: parvis.ErrUnavailable, Message: "the caller did not wait for the refresh, which goes on",
			Help: "try again", Err: ctx.Err(),
		}
	}
}

// look returns what is known of the account, no older than age; a negative age asks the store.
func (e *entry) look(ctx context.Context, age time.Duration) (Standing, error) {
	e.mu.Lock()
	st, at, reads := e.seen, e.seenAt, e.reads
	e.mu.Unlock()
	if !at.IsZero() && age >= 0 && time.Since(at) < age {
		return st, nil
	}
	read, err := e.pool.leaser.Look(ctx, e.account)
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case err == nil:
		if e.reads == reads {
			e.saw(read)
		}
		return read, nil
	case errors.Is(err, parvis.ErrNotFound):
		e.forget()
	case age >= 0 && !at.IsZero() && st.Token.Valid(e.pool.o.Now()):
		return st, nil // the store is out of order; what it said last still serves
	}
	return Standing{}, err
}

// saw remembers what the store said. e.mu is held.
func (e *entry) saw(st Standing) { e.seen, e.seenAt = st, time.Now(); e.reads++ }

// forget makes the next look read the store. e.mu is held.
func (e *entry) forget() { e.seen, e.seenAt = Standing{}, time.Time{}; e.reads++ }

// due returns when the token is to be refreshed early. The random part is drawn once for
// each version, or asking often would make it disappear.
func (e *entry) due(st Standing, now time.Time) time.Time {
	t := st.Token
	if t.Expiry.IsZero() {
		return now.Add(time.Hour)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.early.version == t.Version && !e.early.due.IsZero() {
		return e.early.due
	}
	early := e.pool.o.Early
	if r, ok := e.pool.refresher.(EarlyRefresher); ok && early == 0 {
		early = r.Early(e.account, t)
	}
	issued := st.Issued
	if issued.IsZero() {
		issued = now
	}
	life := t.Expiry.Sub(issued)
	if early == 0 {
		early = min(5*time.Minute, life/5)
	}
	// A token that was due as soon as it is issued would be refreshed by every call.
	if early = min(early, life/2); early > 1 {
		early -= rand.N(early / 2)
	}
	e.early = lead{t.Version, t.Expiry.Add(-early)}
	return e.early.due
}

// join returns the refresh under way, or begins one. An error says why none is begun now.
func (e *entry) join(version int64) (f *flight, begun bool, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch wait := time.Until(e.back.until); {
	case e.unsaved:
		return nil, false, unavailable(e.account, "the new token is not yet stored", e.pool.o.MinBackoff)
	case e.flight != nil:
		return e.flight, false, nil
	case e.back.version == version && wait > 0:
		return nil, false, again(e.back.err, wait)
	case !e.pool.begin():
		return nil, false, unavailable(e.account, "the token pool is closed", 0)
	}
	f = &flight{done: make(chan struct{})}
	e.flight = f
	go func() {
		defer e.pool.running.Done()
		e.refresh(f, version)
	}()
	return f, true, nil
}

// land ends the flight for those who wait.
func (e *entry) land(f *flight, t parvis.Token, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	f.token, f.err = t, err
	e.flight = nil
	close(f.done)
}
