package fake

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/publish"
)

// A call is one request to the network.
type call struct {
	// ops are its names, as Fault.Op has them; the last names it in errors.
	ops []string
	// scope is what the account needs to be granted.
	scope string
	// changes tells that it changes something that others can see, so that a lost answer
	// leaves its outcome unknown.
	changes bool
	// pushed tells that the network itself sends, over a connection that is open: it
	// takes no time and counts as no call.
	pushed bool
	// item is its name in price lists, if that is not op.
	item string
	// body sends what goes with it, before the network takes it; nil is nothing.
	body func(context.Context) error
}

func (c call) op() string { return c.ops[len(c.ops)-1] }

func reading(op string) call { return call{ops: []string{op}, scope: scopeRead} }

func changing(op string) call { return call{ops: []string{op}, scope: scopeWrite, changes: true} }

// do makes a call: effect runs under the network's lock, unless a fault, a limit, the
// token or the scopes keep it from that.
func (a *Account) do(ctx context.Context, c call, effect func() error) error {
	return parvis.In(a.try(ctx, c, effect), a.Account(), c.op(), parvis.ErrUnavailable)
}

func (a *Account) try(ctx context.Context, c call, effect func() error) error {
	if err := ctx.Err(); err != nil {
		return &parvis.Error{Code: parvis.ErrUnavailable, Message: "nothing was sent", Help: "try again with a context that lives", Err: err}
	}
	a.n.mu.Lock()
	f := cmp.Or(a.fault(c.ops, callFaults...), &Fault{})
	a.n.mu.Unlock()
	switch f.Kind {
	case CutBefore:
		return withStatus(fail(parvis.ErrUnavailable, "connection refused", "the connection was refused", "try again later"), 0)
	case Outage:
		return fail(parvis.ErrUnavailable, "outage", "the network is down", "try again later")
	}
	if a.tokens != nil {
		if _, err := a.present(ctx); err != nil {
			return err
		}
	}
	pay, err := a.pay(ctx, c)
	if err != nil {
		return err
	}
	if c.changes || c.body != nil {
		if err := publish.Leave(ctx); err != nil {
			pay(&parvis.Error{Code: parvis.ErrUnavailable}) // nothing is sent
			return err
		}
	}
	defer func() { pay(err) }()
	err = a.send(ctx, c, f, effect)
	return err
}

// pay sets the price of a call aside, and returns what settles it.
func (a *Account) pay(ctx context.Context, c call) (func(error), error) {
	if a.n.opt.Meter == nil || c.pushed {
		return func(error) {}, nil
	}
	acc := a.Account()
	settle, err := a.n.opt.Meter.Reserve(ctx, parvis.Call{
		Network: acc.Network, Host: acc.Host, Client: acc.Client, Account: acc.String(), Endpoint: c.op(), Item: c.item,
	})
	if err != nil || settle == nil {
		return func(error) {}, err
	}
	return func(err error) {
		taken := 1
		if code := parvis.CodeOf(err); code == parvis.ErrUnavailable || code == parvis.ErrRateLimited {
			taken = 0
		}
		settle(taken)
	}, nil
}

// Budget tells what is left of the budgets of [Options.Meter] for the account's client.
func (a *Account) Budget(ctx context.Context) ([]parvis.Amount, error) {
	if a.n.opt.Meter == nil {
		return nil, nil
	}
	return a.n.opt.Meter.Left(ctx, a.Account())
}

// send carries the call to the network.
func (a *Account) send(ctx context.Context, c call, f *Fault, effect func() error) error {
	if !c.pushed {
		if err := sleep(ctx, a.n.opt.Latency); err != nil {
			return lost(c, "", "the call was broken off", err)
		}
	}
	if c.body != nil {
		if err := c.body(ctx); err != nil {
			return err
		}
	}
	return a.answer(ctx, c, f, a.take(c, f, effect))
}

// take lets the network have the call.
func (a *Account) take(c call, f *Fault, effect func() error) error {
	a.n.mu.Lock()
	defer a.n.mu.Unlock()
	if !c.pushed {
		a.n.calls++
	}
	a.n.tick()
	if err := a.admit(c, f); err != nil {
		return err
	}
	return effect()
}

// admit returns the error of a call that the network does not let through.
func (a *Account) admit(c call, f *Fault) error {
	switch f.Kind {
	case RevokedToken:
		a.revoked = true
		a.n.revoked = append(a.n.revoked, a)
	case ExpiredToken:
		return fail(parvis.ErrAuth, "token_expired", "the token has expired", "refresh it, or connect the account again")
	case MissingScope:
		return unscoped(c.scope)
	case VersionRetired:
		return fail(parvis.ErrAPIVersionRetired, "version_retired", "this version of the API is retired",
			"configure a later version, or update the module")
	case RateLimited:
		return limited(cmp.Or(f.RetryAfter, time.Minute))
	case RateLimitedSilent:
		return limited(0)
	case ErrorBefore:
		return withStatus(lost(c, "internal_error", "the server failed", nil), http.StatusInternalServerError)
	}
	if a.revoked {
		return fail(parvis.ErrAuth, "token_revoked", "the token was revoked", "connect the account again")
	}
	if !a.granted(c.scope) {
		return unscoped(c.scope)
	}
	if c.pushed {
		return nil
	}
	return a.count()
}

// count counts a call against the rate limit.
func (a *Account) count() error {
	limit, now := a.n.opt.RateLimit, a.n.opt.Now()
	if limit.Max <= 0 {
		return nil
	}
	if !now.Before(a.window.Add(limit.Per)) {
		a.window, a.used = now, 0
	}
	if a.used >= limit.Max {
		return limited(a.window.Add(limit.Per).Sub(now))
	}
	a.used++
	return nil
}

// answer is what the caller learns of how the call ended.
func (a *Account) answer(ctx context.Context, c call, f *Fault, err error) error {
	switch f.Kind {
	case ErrorAfter:
		return withStatus(lost(c, "bad_gateway", "the server failed", nil), http.StatusBadGateway)
	case CutAfter:
		return lost(c, "connection reset", "the connection was lost before the answer", nil)
	case Timeout:
		return lost(c, "timeout", "no answer came in time", cmp.Or(sleep(ctx, f.Delay), context.DeadlineExceeded))
	case TruncatedAnswer:
		if c.changes {
			return withStatus(lost(c, "unexpected EOF", "the answer is cut short", nil), http.StatusOK)
		}
		return fail(parvis.ErrBadAnswer, "unexpected EOF", "the answer is cut short", "try again")
	case Slow:
		if late := sleep(ctx, f.Delay); late != nil {
			return lost(c, "", "the call was broken off before the answer", late)
		}
	}
	return err
}

// sleep waits for d, or until ctx ends.
func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// statuses are those with which the network answers errors, unless it says another.
var statuses = map[parvis.Code]int{
	parvis.ErrInvalid: http.StatusUnprocessableEntity, parvis.ErrUnsupported: http.StatusUnprocessableEntity,
	parvis.ErrRejected: http.StatusUnprocessableEntity, parvis.ErrAuth: http.StatusUnauthorized, parvis.ErrPermission: http.StatusForbidden,
	parvis.ErrNotFound: http.StatusNotFound, parvis.ErrDuplicate: http.StatusConflict, parvis.ErrConflict: http.StatusConflict,
	parvis.ErrTooLate: http.StatusGone, parvis.ErrAPIVersionRetired: http.StatusGone, parvis.ErrRateLimited: http.StatusTooManyRequests,
	parvis.ErrUnavailable: http.StatusServiceUnavailable, parvis.ErrBadAnswer: http.StatusOK,
}

// fail is an error of the network, with its own word for it and what to do.
func fail(code parvis.Code, vendor, msg, help string) *parvis.Error {
	return &parvis.Error{Code: code, Status: statuses[code], Vendor: vendor, Message: msg, Help: help}
}

// withStatus gives an error another status; 0 is that of no answer.
func withStatus(e *parvis.Error, status int) *parvis.Error {
	e.Status = status
	return e
}

// lost is the error of a call that got no clear answer.
func lost(c call, vendor, msg string, cause error) *parvis.Error {
	e := withStatus(fail(parvis.ErrUnavailable, vendor, msg, "try again later"), 0)
	if c.changes {
		e.Code, e.Help = parvis.ErrUnknownOutcome, "read it again to see whether it happened"
		if slices.Contains(c.ops, "publish") {
			e.Help = "find out with publish.Reconcile before sending again"
		}
	}
	e.Err = cause
	return e
}

func limited(after time.Duration) error {
	e := fail(parvis.ErrRateLimited, "too_many_requests", "too many calls", "wait, then try again")
	e.RetryAfter = after
	return e
}

func unscoped(scope string) error {
	return fail(parvis.ErrPermission, "insufficient_scope", "the scope "+scope+" was not granted",
		"connect the account again and grant "+scope)
}

func missing(what string) error {
	return fail(parvis.ErrNotFound, "not_found", "there is no such "+what, "check the reference; it may be gone")
}

func forbidden(vendor, msg, help string) error {
	return fail(parvis.ErrPermission, vendor, msg, help)
}

func conflict(msg, help string) error {
	return fail(parvis.ErrConflict, "wrong_state", msg, help)
}

func invalid(vendor, msg, help string) *parvis.Error {
	return fail(parvis.ErrInvalid, vendor, msg, help)
}
