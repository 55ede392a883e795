package parvis

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// A Code says what kind of failure an [Error] is. Every Code is itself an error, so it
// serves as the sentinel for [errors.Is].
type Code string

// The codes, from "ask a person" to "try later". A program that handles these handles
// every network.
const (
	// ErrInvalid: the network will not take this input, ever. Change it. What can be
	// known beforehand is found before the network is touched.
	ErrInvalid Code = "invalid"
	// ErrUnsupported: the network, this server or this place cannot do that.
	// It also matches [errors.ErrUnsupported].
	ErrUnsupported Code = "unsupported"
	// ErrForeignClient: the reference belongs to another client. Nothing was done.
	ErrForeignClient Code = "foreign client"
	// ErrAuth: the token or password is missing, expired or revoked. Connect the account again.
	ErrAuth Code = "authentication"
	// ErrPermission: the account is known but may not do that: scope, role or block.
	ErrPermission Code = "permission"
	// ErrNotFound: the thing is not there, or not visible to this account.
	ErrNotFound Code = "not found"
	// ErrDuplicate: the network has this already; an earlier attempt probably succeeded.
	ErrDuplicate Code = "duplicate"
	// ErrConflict: the thing changed, or is not in a state that allows this. Read it again, then decide.
	ErrConflict Code = "conflict"
	// ErrTooLate: the time in which this was possible is over, as with an edit window
	// or a cursor that the network has forgotten.
	ErrTooLate Code = "too late"
	// ErrRejected: the network looked at the content and refused it (policy, spam, failed processing).
	ErrRejected Code = "rejected"
	// ErrRateLimited: wait [Error.RetryAfter]. The network took nothing.
	ErrRateLimited Code = "rate limited"
	// ErrBudget: the call costs more than is left of the client's budget. Nothing was sent.
	ErrBudget Code = "over budget"
	// ErrUnavailable: the network failed or cannot be reached, and surely took nothing. Try later.
	ErrUnavailable Code = "unavailable"
	// ErrUnknownOutcome: sent, and no clear answer came. It may be out there:
	// reconcile, never send again blindly.
	ErrUnknownOutcome Code = "unknown outcome"
	// ErrAPIVersionRetired: the network no longer speaks the configured version of its API.
	ErrAPIVersionRetired Code = "API version retired"
	// ErrBadAnswer: the network answered with something that cannot be read:
	// truncated, too large, or not in its own format. Nothing was changed by the call.
	ErrBadAnswer Code = "bad answer"
)

// Error returns the code in words.
func (c Code) Error() string { return string(c) }

// Is makes ErrUnsupported match [errors.ErrUnsupported].
func (c Code) Is(target error) bool {
	return c == ErrUnsupported && target == errors.ErrUnsupported
}

// Transient reports whether the same call may succeed later without anybody changing anything.
func (c Code) Transient() bool {
	return c == ErrRateLimited || c == ErrUnavailable || c == ErrBadAnswer
}

// An Error is any failure that this module reports. It never holds a token or password.
type Error struct {
	// Op is what was being done: "publish", "listen", "hide".
	Op string
	// Network and Account say where.
	Network Network
	Account string
	// Code says what kind of failure it is.
	Code Code
	// Message says what happened, in one clause without a final full stop.
	Message string
	// Vendor is the network's own error code or text, as it gave it, cut to a sane length.
	Vendor string
	// Status is the HTTP status of the answer, or 0.
	Status int
	// RetryAfter is how long to wait before trying again, or 0 where the network did not say.
	RetryAfter time.Duration
	// Help says what to do next.
	Help string
	// Err is the cause, or nil.
	Err error
}

// Error returns one line: where, what was done, what happened, the network's own code,
// and what to do next.
func (e *Error) Error() string {
	var b strings.Builder
	part := func(sep, s string) {
		if s == "" {
			return
		}
		if b.Len() > 0 {
			b.WriteString(sep)
		}
		b.WriteString(s)
	}
	part("", string(e.Network))
	part(": ", e.Op)
	if e.Message != "" {
		part(": ", e.Message)
	} else {
		part(": ", string(e.Code))
	}
	if e.Vendor != "" {
		b.WriteString(" [" + e.Vendor + "]")
	}
	if e.RetryAfter > 0 {
		fmt.Fprintf(&b, "; retry in %v", e.RetryAfter.Round(time.Second))
	}
	if e.Err != nil {
		part(": ", e.Err.Error())
	}
	part("; ", e.Help)
	return b.String()
}

// Unwrap returns the code and the cause.
func (e *Error) Unwrap() []error {
	if e.Err == nil {
		return []error{e.Code}
	}
	return []error{e.Code, e.Err}
}

// CodeOf returns the code of the first [*Error] in err's tree, or "" if there is none.
func CodeOf(err error) Code {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	if c, ok := errors.AsType[Code](err); ok {
		return c
	}
	return ""
}

// Unsupported returns the error for a power that a network does not have, with the reason.
// It matches [ErrUnsupported] and [errors.ErrUnsupported].
func Unsupported(a Account, op, why string) error {
	return &Error{Op: op, Network: a.Network, Account: a.String(), Code: ErrUnsupported, Message: why}
}
