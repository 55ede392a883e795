package parvis

import (
	"context"
	"log/slog"
	"time"
)

// A Token is what an account shows to its network. Its secrets never appear in
// formatted output, logs or JSON; a [TokenStore] reads the fields one by one.
type Token struct {
	// Value is the access token, password or key itself.
	Value string `json:"-"`
	// Refresh is the refresh token, where the network gives one.
	Refresh string `json:"-"`
	// Type is the scheme of the Authorization header; "Bearer" if empty.
	Type string `json:"type,omitempty"`
	// Expiry is when Value stops working; zero means never, or unknown.
	Expiry time.Time `json:"expiry,omitzero"`
	// Scopes are those that the network granted; nil means unknown.
	Scopes []string `json:"scopes,omitempty"`
	// Extra holds what else the flow needs to keep, such as a key or an instance; secret too.
	Extra map[string]string `json:"-"`
	// Version is the store's counter for compare-and-set; see [TokenStore].
	Version int64 `json:"version,omitempty"`
}

// String says that there is a token, not which.
func (t Token) String() string {
	if t.Value == "" {
		return "no token"
	}
	return "token [redacted]"
}

// GoString is String, so that %#v is safe as well.
func (t Token) GoString() string { return t.String() }

// LogValue makes log/slog write no secret.
func (t Token) LogValue() slog.Value { return slog.StringValue(t.String()) }

// Valid reports whether there is a token that has not expired at the time now.
func (t Token) Valid(now time.Time) bool {
	return t.Value != "" && (t.Expiry.IsZero() || now.Before(t.Expiry))
}

// A TokenSource gives the token to use now, refreshed if need be. Implementations are
// safe for concurrent use. A token that can no longer be refreshed gives an error that
// matches [ErrAuth]; a refresh that failed for a passing reason one that matches
// [ErrUnavailable].
type TokenSource interface {
	Token(ctx context.Context) (Token, error)
}

// A Renewer is a [TokenSource] that can replace a token before it expires. A provider
// calls Renew when the network refuses a token that looked valid: revoked, expired by
// the network's clock, or replaced by another process.
type Renewer interface {
	TokenSource
	// Renew returns a token other than refused: one that somebody else has stored since,
	// or a fresh one. Its errors are those of Token.
	Renew(ctx context.Context, refused Token) (Token, error)
}

// StaticToken is a [TokenSource] that always gives the same token, for
// networks whose tokens do not expire.
type StaticToken string

// Token returns the token, or an error that matches [ErrAuth] if it is empty.
func (s StaticToken) Token(context.Context) (Token, error) {
	if s == "" {
		return Token{}, &Error{Op: "token", Code: ErrAuth, Message: "there is no token", Help: "connect the account first"}
	}
	return Token{Value: string(s)}, nil
}

// String hides the token.
func (s StaticToken) String() string { return Token{Value: string(s)}.String() }

// GoString hides the token.
func (s StaticToken) GoString() string { return s.String() }

// LogValue hides the token.
func (s StaticToken) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText hides the token, so that a configuration can be printed as JSON.
func (s StaticToken) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// A TokenStore keeps tokens between runs. Save is a compare-and-set: it succeeds only if
// the stored version is t.Version, stores t with the next version, which it returns, and
// otherwise gives an error that matches [ErrConflict]. A new token is saved
// before its first use. Load of an account without a token gives [ErrNotFound].
type TokenStore interface {
	Load(ctx context.Context, a Account) (Token, error)
	Save(ctx context.Context, a Account, t Token) (version int64, err error)
	Delete(ctx context.Context, a Account) error
}
