package parvis

import "errors"

// Level says how far something is possible. The zero Level is No.
type Level int8

// The levels.
const (
	No      Level = iota // not at all
	Partial              // with restrictions, given in [Support.Why]
	Yes                  // fully
)

// String returns "no", "partly" or "yes".
func (l Level) String() string {
	switch l {
	case Yes:
		return "yes"
	case Partial:
		return "partly"
	}
	return "no"
}

// MarshalText implements [encoding.TextMarshaler] with [Level.String].
func (l Level) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// UnmarshalText reads what [Level.MarshalText] wrote.
func (l *Level) UnmarshalText(b []byte) error {
	switch string(b) {
	case "yes":
		*l = Yes
	case "partly":
		*l = Partial
	case "no", "":
		*l = No
	default:
		return &Error{Op: "read level", Code: ErrInvalid, Message: "unknown level " + string(b)}
	}
	return nil
}

// Support is the answer to "can it?" for one power: whether, and why not or not fully.
// The zero Support is a plain no.
//
// Support may only narrow what a provider's interfaces say: no where the method exists
// (an old server, a missing scope, not a moderator here), never yes where it does not.
type Support struct {
	Level Level `json:"level"`
	// Why explains a no or a partly, in one clause.
	Why string `json:"why,omitempty"`
	// Scope is the scope or role that is missing, if that is the reason.
	Scope string `json:"scope,omitempty"`
}

// Full is plain support.
func Full() Support { return Support{Level: Yes} }

// Partly is support with a restriction.
func Partly(why string) Support { return Support{Level: Partial, Why: why} }

// Never is no support, with the reason.
func Never(why string) Support { return Support{Why: why} }

// OK reports whether the thing is possible, at least partly.
func (s Support) OK() bool { return s.Level > No }

// String returns the level, with the reason if there is one: "partly: within 48 hours".
func (s Support) String() string {
	if s.Why == "" {
		return s.Level.String()
	}
	return s.Level.String() + ": " + s.Why
}

// Err returns nil if s is OK, and otherwise the typed error for the operation op:
// [ErrPermission] if a scope is missing, else [ErrUnsupported].
func (s Support) Err(a Account, op string) error {
	if s.OK() {
		return nil
	}
	why := s.Why
	if why == "" {
		why = "the network has no such thing"
	}
	e := &Error{Op: op, Network: a.Network, Account: a.String(), Code: ErrUnsupported, Message: why}
	if s.Scope != "" {
		e.Code = ErrPermission
		e.Help = "connect the account again and grant " + s.Scope
	}
	return e
}

// As returns the first value in p's chain of Unwrap methods that is a T. Doors use it
// to find a power behind a wrapper; a provider that wraps another has a method
// Unwrap() any and so keeps every power of the inner one reachable.
func As[T any](p any) (T, bool) {
	for p != nil {
		if t, ok := p.(T); ok {
			return t, true
		}
		w, ok := p.(interface{ Unwrap() any })
		if !ok {
			break
		}
		p = w.Unwrap()
	}
	var zero T
	return zero, false
}

// Power returns p as a T, or the error of a provider that lacks the power: it matches
// [ErrUnsupported] and names the operation op.
func Power[T any](p any, a Account, op string) (T, error) {
	t, ok := As[T](p)
	if !ok {
		return t, Unsupported(a, op, "the network has no such thing")
	}
	return t, nil
}

// In adds to err what it does not yet say: the operation and the account. Doors call it
// once, on the way out. An err that is no [*Error] becomes one with the code fallback.
// A nil err stays nil.
func In(err error, a Account, op string, fallback Code) error {
	if err == nil {
		return nil
	}
	e, ok := err.(*Error) //nolint:errorlint // only the outermost error may be completed; one further in is somebody else's
	if !ok {
		if inner, found := errors.AsType[*Error](err); found {
			return &Error{
				Op: op, Network: a.Network, Account: a.String(), Code: inner.Code,
				RetryAfter: inner.RetryAfter, Status: inner.Status, Vendor: inner.Vendor, Help: inner.Help, Err: err,
			}
		}
		return &Error{Op: op, Network: a.Network, Account: a.String(), Code: fallback, Err: err}
	}
	if e.Op != "" && e.Network != "" && e.Account != "" {
		return err
	}
	c := *e
	if c.Op == "" {
		c.Op = op
	}
	if c.Network == "" {
		c.Network = a.Network
	}
	if c.Account == "" {
		c.Account = a.String()
	}
	return &c
}
