package providers

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/parvis-go/parvis"
)

const (
	helpReconnect = "somebody must connect the account again"
	helpLater     = "nothing needs to be done, it is tried again"
	// clockTolerance is how far two clocks may differ before anybody is told.
	clockTolerance = 2 * time.Minute
)

// failed deals with a refresh that brought no token. It returns a token if another
// process has stored one meanwhile.
func (e *entry) failed(ctx context.Context, st Standing, l Lease, cause error) (parvis.Token, error) {
	// What was found out is written down even if the pool is being closed.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	code := parvis.CodeOf(cause)
	if code == parvis.ErrAuth {
		return e.refused(ctx, st, l, cause)
	}
	sure := code == parvis.ErrRateLimited || code == parvis.ErrUnavailable || code == parvis.ErrInvalid || code == parvis.ErrAPIVersionRetired
	if err := l.End(ctx, !sure); err != nil {
		e.pool.o.Logger.Warn("the lease could not be ended, and runs out", "account", e.account.String(), "error", err)
	}
	if code == parvis.ErrInvalid || code == parvis.ErrAPIVersionRetired {
		return parvis.Token{}, e.passing(st.Token.Version, e.settings(st, cause))
	}
	return parvis.Token{}, e.passing(st.Token.Version, e.describe(st, cause))
}

// refused deals with a final answer: the grant is gone, or so the network says. Another
// process may have used the refresh token, so the store has the last word.
func (e *entry) refused(ctx context.Context, st Standing, l Lease, cause error) (parvis.Token, error) {
	now, err := e.look(ctx, -1)
	switch {
	case err != nil && errors.Is(err, parvis.ErrNotFound):
		return parvis.Token{}, e.noStore(err)
	case err != nil: // without the store nothing is final
		return parvis.Token{}, e.passing(st.Token.Version, e.describe(st, cause))
	case now.Lost.Condition == Lost:
		return parvis.Token{}, lostError(e.account, now.Lost)
	case now.Token.Version != st.Token.Version:
		return now.Token, nil
	}
	return parvis.Token{}, e.lose(ctx, st, e.reason(st, l, cause))
}

// reason says why an account is lost, and what the person must do.
func (e *entry) reason(st Standing, l Lease, cause error) Health {
	h := Health{Code: parvis.ErrAuth, Why: "the network no longer accepts the grant" + vendorOf(cause), Help: helpReconnect}
	if l.Unfinished {
		h.Why += "; an earlier refresh was cut off before its answer could be stored, so its refresh token may have been spent by that"
	}
	if help := e.clock(st); help != "" {
		h.Help += "; " + help
	}
	return h
}

// noRefresh is the reason for a token that cannot be renewed at all.
func noRefresh(valid bool) Health {
	why := "the token has expired, and the network gave none to renew it with"
	if valid {
		why = "the network refuses the token: it was revoked, or replaced"
	}
	return Health{Code: parvis.ErrAuth, Why: why, Help: helpReconnect}
}

// lose marks the account lost. Of all who try, one tells the program.
func (e *entry) lose(ctx context.Context, st Standing, h Health) error {
	h.Account, h.Condition, h.Time, h.Granted = e.account, Lost, e.pool.o.Now(), st.Token.Scopes
	first, err := e.pool.leaser.MarkLost(ctx, e.account, st.Token.Version, h)
	if err != nil {
		return e.passing(st.Token.Version, unavailable(e.account, "the account is lost, and the store did not take note of it", 0))
	}
	e.mu.Lock()
	e.forget()
	e.mu.Unlock()
	if now, err := e.look(ctx, -1); !first && err == nil && now.Lost.Condition != Lost {
		return unavailable(e.account, "the account was connected again this moment", e.pool.o.MinBackoff)
	}
	if first {
		e.pool.o.Logger.Warn("account lost", "account", e.account.String(), "why", h.Why, "help", h.Help)
		e.pool.o.Health(context.WithoutCancel(ctx), h)
	}
	return lostError(e.account, h)
}

// lostError is what callers get of an account that is lost.
func lostError(a parvis.Account, h Health) error {
	return &parvis.Error{
		Op: "token", Network: a.Network, Account: a.String(), Code: parvis.ErrAuth,
		Message: h.Why, Help: h.Help,
	}
}

// passing notes that the refresh is to be tried again later, and says so.
func (e *entry) passing(version int64, err *parvis.Error) error {
	e.mu.Lock()
	if e.back.version != version {
		e.back = pause{version: version}
	}
	wait := max(err.RetryAfter, jittered(min(e.pool.o.MinBackoff<<min(e.back.fails, 20), e.pool.o.MaxBackoff)))
	e.back.fails++
	e.back.until = time.Now().Add(wait)
	err.RetryAfter = wait
	e.back.err = err
	e.mu.Unlock()
	e.pool.o.Logger.Warn("a refresh failed", "account", e.account.String(), "error", err)
	return err
}

// again is the error of a refresh that is not tried yet.
func again(err error, wait time.Duration) error {
	e, ok := errors.AsType[*parvis.Error](err)
	if !ok {
		return err
	}
	c := *e
	c.RetryAfter = wait
	return &c
}

// describe turns a failure of the network into the caller's error. The cause is told, not
// wrapped: that the outcome of a refresh is unknown says nothing about the caller's own
// call, and a foreign error may quote the request with its secrets.
func (e *entry) describe(st Standing, cause error) *parvis.Error {
	err := unavailable(e.account, "the token could not be refreshed"+vendorOf(cause), retryAfter(cause))
	if c, ok := errors.AsType[*parvis.Error](cause); ok {
		err.Vendor, err.Status = c.Vendor, c.Status
		if c.Message != "" {
			err.Message = "the token could not be refreshed: " + c.Message
		}
	}
	if help := e.clock(st); help != "" {
		err.Help += "; " + help
	}
	return err
}

// settings is the error for a mistake in the application's own settings.
func (e *entry) settings(st Standing, cause error) *parvis.Error {
	err := e.describe(st, cause)
	err.Code = parvis.CodeOf(cause)
	err.Help = "check the application's id, secret and redirect address; the account itself is well"
	if c, ok := errors.AsType[*parvis.Error](cause); ok && c.Help != "" {
		err.Help = c.Help
	}
	if help := e.clock(st); help != "" {
		err.Help += "; " + help
	}
	return err
}

// clock says what is wrong with this machine's clock, as far as that can be told.
func (e *entry) clock(st Standing) string {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.skewed > 0 {
		return clockHelp(e.skewed)
	}
	if st.Skew.Abs() > clockTolerance {
		return clockHelp(st.Skew)
	}
	return ""
}

func clockHelp(d time.Duration) string {
	return "the clock of this machine is wrong by about " + roughly(d) + ": set it"
}

func roughly(d time.Duration) string {
	if d = d.Abs(); d >= time.Hour {
		return fmt.Sprintf("%.1f hours", d.Hours())
	}
	return fmt.Sprintf("%.0f minutes", max(d.Minutes(), 1))
}

// vendorOf returns the network's own code in parentheses, or nothing.
func vendorOf(err error) string {
	if e, ok := errors.AsType[*parvis.Error](err); ok && e.Vendor != "" {
		return " (" + e.Vendor + ")"
	}
	return ""
}

func retryAfter(err error) time.Duration {
	if e, ok := errors.AsType[*parvis.Error](err); ok {
		return e.RetryAfter
	}
	return 0
}

// unavailable is the error for what passes by itself.
func unavailable(a parvis.Account, message string, retry time.Duration) *parvis.Error {
	return &parvis.Error{
		Op: "token", Network: a.Network, Account: a.String(), Code: parvis.ErrUnavailable,
		Message: message, RetryAfter: retry, Help: helpLater,
	}
}

// noStore is the error for a store that failed: an account without a token is one for a
// person, the program's own mistakes stay what they are, and all else passes.
func (e *entry) noStore(err error) error {
	if err == nil {
		return nil
	}
	switch code := parvis.CodeOf(err); code {
	case parvis.ErrNotFound:
		return &parvis.Error{
			Op: "token", Network: e.account.Network, Account: e.account.String(), Code: parvis.ErrAuth,
			Message: "the account is not connected", Help: "connect it first", Err: parvis.ErrNotFound,
		}
	case parvis.ErrAuth, parvis.ErrInvalid, parvis.ErrForeignClient, parvis.ErrUnavailable:
		return err
	}
	out := unavailable(e.account, "the token store failed", 0)
	out.Err = err
	return out
}

// closedEarly is the error of a pool that was closed before it had stored everything.
func closedEarly(names []string, err error) error {
	return &parvis.Error{
		Op: "close", Code: parvis.ErrUnavailable,
		Message: fmt.Sprintf("the refresh of these accounts was cut off: %v", names),
		Help:    "their refresh tokens may be spent; should the network refuse them, they must be connected again", Err: err,
	}
}
