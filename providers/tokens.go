package providers

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/parvis-go/parvis"
)

// TokenOptions say how a [TokenPool] refreshes. A nil *TokenOptions is fine; so is every zero field.
type TokenOptions struct {
	// Early is how long before its expiry a token is refreshed. Zero is the smaller of
	// five minutes and a fifth of the token's lifetime; an [EarlyRefresher] says it for its
	// network. Up to half of it is left out at random, so that processes and accounts spread.
	Early time.Duration
	// Timeout bounds one refresh, from the request to the answer; 0 is 30 seconds.
	Timeout time.Duration
	// Lease is for how long one process may refresh an account alone, by the clock of a
	// [Leaser]. A process that dies in the middle holds the others up for that long. It is
	// longer than Timeout; 0 is Timeout and 15 seconds, and what is not longer than Timeout
	// becomes Timeout and a half.
	Lease time.Duration
	// MinBackoff is the pause after a first refresh that failed; it doubles with each
	// further one up to MaxBackoff, and is jittered. 0 is one second, and five minutes.
	MinBackoff, MaxBackoff time.Duration
	// Reread is for how long a token is taken from memory before the store is asked
	// whether another process has replaced or deleted it. 0 is five seconds; a negative
	// value asks every time.
	Reread time.Duration
	// Health hears that an account is lost, once, in one of all processes; and that it is
	// [Healthy], should a token that could not be stored before make it alive. It must return
	// soon. If that process is killed in this very moment nobody hears it; the store knows.
	Health func(context.Context, Health)
	// Logger gets a line per refresh, at the level Debug; failures at Warn. No secret is
	// ever in one. Nil discards.
	Logger *slog.Logger
	// Now is the clock that expiries are compared with; nil is [time.Now].
	Now func() time.Time
}

func (o *TokenOptions) orDefaults() TokenOptions {
	var v TokenOptions
	if o != nil {
		v = *o
	}
	def := func(d *time.Duration, to time.Duration) {
		if *d == 0 {
			*d = to
		}
	}
	def(&v.Timeout, 30*time.Second)
	def(&v.Lease, v.Timeout+15*time.Second)
	if v.Lease <= v.Timeout {
		v.Lease = v.Timeout + v.Timeout/2
	}
	def(&v.MinBackoff, time.Second)
	def(&v.MaxBackoff, 5*time.Minute)
	def(&v.Reread, 5*time.Second)
	if v.Health == nil {
		v.Health = func(context.Context, Health) {}
	}
	if v.Logger == nil {
		v.Logger = slog.New(slog.DiscardHandler)
	}
	if v.Now == nil {
		v.Now = time.Now
	}
	return v
}

// An EarlyRefresher is a [Refresher] of a network whose tokens want another lead than the
// default: those that renew only while they are valid, and only from a certain age on,
// such as Meta's tokens of 60 days, which are renewed from the 50th.
type EarlyRefresher interface {
	Refresher
	// Early is how long before its expiry t is to be refreshed; 0 is the default.
	Early(a parvis.Account, t parvis.Token) time.Duration
}

// A TokenPool gives the tokens of the accounts of one store, and keeps them fresh.
//
// A token is refreshed early; callers of a token that is still valid are not disturbed when
// that fails, and get ErrUnavailable with RetryAfter once it is not. Each account is
// refreshed once at a time: in this process among all that share the pool, and among all
// processes that share the store if that is a [Leaser]. A new token is saved before
// anybody gets it. One that cannot be saved is kept and saved as soon as the store works
// again; the refresh token that it replaced is never sent again meanwhile. An account
// whose grant is gone is marked lost, reported to [TokenOptions.Health] once, and gives
// ErrAuth from then on without asking the network, until a token is saved for it.
//
// A refresh that has begun goes on when the caller that caused it gives up, because its
// answer may be the only copy of the next refresh token. So a program ends with Close.
// A pool is safe for concurrent use.
type TokenPool struct {
	store     parvis.TokenStore
	leaser    Leaser
	refresher Refresher
	o         TokenOptions

	ctx    context.Context // of refreshes; ends with the pool, not with a caller
	cancel context.CancelFunc

	mu      sync.Mutex
	closed  bool
	running sync.WaitGroup
	entries map[accountKey]*entry
}

// NewTokenPool returns the pool of a store. r renews the tokens; [Refreshers] makes one
// of the flows of several networks. nil renews nothing: then tokens serve until they expire.
func NewTokenPool(store parvis.TokenStore, r Refresher, o *TokenOptions) *TokenPool {
	p := &TokenPool{store: store, refresher: r, o: o.orDefaults(), entries: map[accountKey]*entry{}}
	if l, ok := store.(Leaser); ok {
		p.leaser = l
	} else {
		p.leaser = &localLeaser{store: store, marks: map[accountKey]mark{}}
	}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	return p
}

// Tokens returns the token source of one account. All sources of an account that come
// from one pool share its refreshes. Nothing is read before the first call of Token.
//
// Token and Renew give an error that matches [parvis.ErrAuth] if there is no token or the
// account is lost, [parvis.ErrInvalid] if the application's own settings are wrong, and
// [parvis.ErrUnavailable] for everything that passes, the end of ctx among it.
func (p *TokenPool) Tokens(a parvis.Account) parvis.Renewer { return source{p, a} }

// Forget drops what is remembered of an account, so that the next call reads the store.
// Whoever writes to the store beside the pool calls it to be heard at once.
func (p *TokenPool) Forget(a parvis.Account) {
	e := p.entry(a)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.forget()
}

// Close waits for the refreshes that run, and for tokens that are not yet saved. When ctx
// ends first it gives up, with an error that matches [parvis.ErrUnavailable] and names the
// accounts whose new token is lost by that. Afterwards nothing is refreshed.
func (p *TokenPool) Close(ctx context.Context) error {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	done := make(chan struct{})
	go func() {
		p.running.Wait()
		close(done)
	}()
	select {
	case <-done:
		p.cancel()
		return nil
	case <-ctx.Done():
	}
	names := p.unfinished()
	p.cancel()
	<-done
	if len(names) == 0 {
		return nil
	}
	return closedEarly(names, ctx.Err())
}

// begin counts a refresh, unless the pool is closed.
func (p *TokenPool) begin() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	p.running.Add(1)
	return true
}

// unfinished names the accounts that are being refreshed or saved.
func (p *TokenPool) unfinished() (names []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, e := range p.entries {
		e.mu.Lock()
		if e.flight != nil || e.unsaved {
			names = append(names, e.account.String())
		}
		e.mu.Unlock()
	}
	return names
}

// entry returns what the pool knows of an account.
func (p *TokenPool) entry(a parvis.Account) *entry {
	p.mu.Lock()
	defer p.mu.Unlock()
	k := keyOf(a)
	e := p.entries[k]
	if e == nil {
		e = &entry{pool: p, account: a}
		p.entries[k] = e
	}
	return e
}

// accountKey is what makes an account itself; its names may change.
type accountKey struct {
	client, host, id string
	network          parvis.Network
}

func keyOf(a parvis.Account) accountKey { return accountKey{a.Client, a.Host, a.ID, a.Network} }

// String says nothing of what is inside.
func (p *TokenPool) String() string { return "token pool" }

// GoString is String, so that %#v is safe as well.
func (p *TokenPool) GoString() string { return p.String() }
