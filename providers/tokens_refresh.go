package providers

import (
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"time"

	"github.com/parvis-go/parvis"
)

// refresh is one flight, from the lease to the stored token. It runs under the pool's
// context: a caller that gives up does not take it along.
func (e *entry) refresh(f *flight, version int64) {
	ctx := e.pool.ctx
	st, lease, began, err := e.lease(ctx, version)
	if err != nil {
		e.land(f, parvis.Token{}, err)
		return
	}
	if lease.End == nil { // somebody else was faster
		e.land(f, st.Token, nil)
		return
	}
	if st.Token.Refresh == "" {
		e.land(f, parvis.Token{}, e.lose(ctx, st, noRefresh(st.Token.Valid(e.pool.o.Now()))))
		return
	}
	answer, err := e.ask(ctx, st, began)
	if err != nil {
		t, err := e.failed(ctx, st, lease, err)
		e.land(f, t, err)
		return
	}
	e.save(ctx, f, e.accept(st, answer))
}

// lease waits until this process may refresh the account. A Lease without End means that
// there is no need any more: the Standing has a newer token, which is valid. began is
// from when the lease counts at the earliest.
func (e *entry) lease(ctx context.Context, version int64) (st Standing, l Lease, began time.Time, err error) {
	until := time.Now().Add(3 * e.pool.o.Lease)
	for wait := 10 * time.Millisecond; ; wait = min(2*wait, 250*time.Millisecond) {
		if st, err = e.look(ctx, -1); err != nil {
			return st, l, began, e.noStore(err)
		}
		if st.Lost.Condition == Lost {
			return st, l, began, lostError(e.account, st.Lost)
		}
		if st.Token.Version != version && st.Token.Valid(e.pool.o.Now()) {
			return st, l, began, nil
		}
		began = time.Now()
		l, err = e.pool.leaser.Lease(ctx, e.account, st.Token.Version, e.pool.o.Lease)
		if err == nil || !conflict(err) {
			return st, l, began, e.noStore(err)
		}
		if time.Now().After(until) {
			return st, l, began, e.passing(st.Token.Version, unavailable(e.account, "another process is refreshing the token, and does not come to an end", 0))
		}
		pause := wait/2 + rand.N(wait)
		if left := retryAfter(err); left > 0 {
			pause = min(pause, left)
		}
		pauseFor(ctx, pause)
	}
}

// ask calls the network, within both the timeout and the lease.
func (e *entry) ask(ctx context.Context, st Standing, began time.Time) (parvis.Token, error) {
	left := e.pool.o.Lease - time.Since(began)
	if left < e.pool.o.Timeout/2 || e.pool.refresher == nil {
		return parvis.Token{}, e.noTime()
	}
	ctx, cancel := context.WithTimeout(ctx, min(left, e.pool.o.Timeout))
	defer cancel()
	t, err := e.pool.refresher.Refresh(ctx, e.account, copyToken(st.Token))
	if err == nil && t.Value == "" {
		return t, &parvis.Error{Code: parvis.ErrUnknownOutcome, Message: "the answer has no token"}
	}
	return t, err
}

func (e *entry) noTime() error {
	if e.pool.refresher == nil {
		return &parvis.Error{
			Code: parvis.ErrInvalid, Message: "nothing is configured that renews this token",
			Help: "pass the flow of " + string(e.account.Network) + " that connected the account",
		}
	}
	return &parvis.Error{Code: parvis.ErrUnavailable, Message: "this process was stopped for too long"}
}

// accept merges an answer into the token that it renews: what the answer leaves out stays.
func (e *entry) accept(st Standing, answer parvis.Token) parvis.Token {
	t, old := copyToken(answer), copyToken(st.Token)
	t.Version = old.Version
	if t.Refresh == "" {
		t.Refresh = old.Refresh
	}
	if t.Type == "" {
		t.Type = old.Type
	}
	if len(t.Scopes) == 0 {
		t.Scopes = old.Scopes
	}
	extra := old.Extra
	for k, v := range t.Extra {
		if extra == nil {
			extra = map[string]string{}
		}
		if v != "" || extra[k] == "" {
			extra[k] = v
		}
	}
	t.Extra = maps.Clone(extra)
	e.checkClock(&t)
	return t
}

// checkClock looks at a token that was issued this moment. If it seems to have expired,
// one of the clocks is wrong: its expiry means nothing here, and it serves until it is refused.
func (e *entry) checkClock(t *parvis.Token) {
	now := e.pool.o.Now()
	var skew time.Duration
	if !t.Expiry.IsZero() && !now.Before(t.Expiry) {
		skew = now.Sub(t.Expiry)
		t.Expiry = time.Time{}
		e.pool.o.Logger.Warn("a new token looks expired", "account", e.account.String(), "clock", clockHelp(skew))
	}
	e.mu.Lock()
	e.skewed = skew
	e.mu.Unlock()
}

// save stores the new token, and only then hands it out. While the store does not take it,
// those who wait get an error after a few tries, and storing goes on.
func (e *entry) save(ctx context.Context, f *flight, t parvis.Token) {
	landed, lost := false, false
	for try := 0; ; try++ {
		if landed { // another process may have tried the spent refresh token meanwhile
			st, err := e.look(ctx, -1)
			lost = err == nil && st.Lost.Condition == Lost && st.Token.Version == t.Version
		}
		saved, err := e.saveOnce(ctx, t)
		if err == nil && lost {
			e.found(ctx)
		}
		if err == nil || ctx.Err() != nil || parvis.CodeOf(err) == parvis.ErrAuth {
			e.mu.Lock()
			e.unsaved = err != nil && ctx.Err() != nil
			e.mu.Unlock()
			if !landed {
				e.land(f, saved, err)
			}
			return
		}
		e.pool.o.Logger.Warn("a new token could not be stored, and is kept", "account", e.account.String(), "error", err)
		if try == 2 {
			landed = true
			e.mu.Lock()
			e.unsaved = true
			e.mu.Unlock()
			e.land(f, parvis.Token{}, err)
		}
		pauseFor(ctx, jittered(min(e.pool.o.MinBackoff<<min(try, 10)/4, 10*time.Second)))
	}
}

// found tells that an account which was reported lost is well: its new token was kept all along.
func (e *entry) found(ctx context.Context) {
	e.pool.o.Logger.Info("account found again", "account", e.account.String())
	e.pool.o.Health(context.WithoutCancel(ctx), Health{
		Account: e.account, Condition: Healthy, Time: e.pool.o.Now(),
		Why: "the new token, which could not be stored before, is stored now",
	})
}

// saveOnce stores the token. If the store has another one by now, that one is returned:
// somebody connected the account again, or the answer to an earlier try was lost.
func (e *entry) saveOnce(ctx context.Context, t parvis.Token) (parvis.Token, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	version, err := e.pool.store.Save(ctx, e.account, t)
	if err == nil {
		t.Version = version
		e.stored(t)
		return t, nil
	}
	if conflict(err) {
		st, err := e.look(ctx, -1)
		switch {
		case err == nil && st.Lost.Condition == Lost:
			return parvis.Token{}, lostError(e.account, st.Lost)
		case err == nil && st.Token.Version != t.Version:
			return st.Token, nil
		case err == nil:
			return parvis.Token{}, unavailable(e.account, "the store refuses the version that it gave out", 0)
		case errors.Is(err, parvis.ErrNotFound):
			return parvis.Token{}, e.noStore(err) // deleted meanwhile: it is not brought back
		}
	}
	return parvis.Token{}, e.noStore(err)
}

// stored remembers a token that was saved this moment, and forgets earlier failures.
func (e *entry) stored(t parvis.Token) {
	e.pool.o.Logger.Debug("token refreshed", "account", e.account.String(), "expiry", t.Expiry)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.saw(Standing{Token: t, Issued: e.pool.o.Now(), Skew: e.seen.Skew})
	e.back = pause{}
}

// pauseFor waits, or until ctx ends.
func pauseFor(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// jittered returns between half of d and d.
func jittered(d time.Duration) time.Duration { return d/2 + rand.N(d/2+1) }
