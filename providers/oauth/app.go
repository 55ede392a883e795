package oauth

import (
	"context"
	"log/slog"
	"maps"
	"net/url"
	"strings"
	"sync"
	"time"

	"golang.org/x/oauth2"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers"
)

// An App is what the network's developer page gives to an application.
type App struct {
	// ID is the client ID, app ID or consumer key.
	ID string
	// Secret is the client secret; an application that has none is a public client.
	Secret string `json:"-"`
}

// String hides the secret.
func (a App) String() string { return "app " + a.ID }

// GoString hides the secret.
func (a App) GoString() string { return a.String() }

// LogValue hides the secret.
func (a App) LogValue() slog.Value { return slog.StringValue(a.String()) }

// A Server is what the documentation of an authorization server says about it. It is data.
type Server struct {
	// Issuer is what the server calls itself in the parameter iss of its answers (RFC 9207).
	// If it is set, an answer with another iss is refused; empty ignores iss.
	Issuer string
	// IssuerRequired refuses answers without iss, for servers whose metadata has
	// authorization_response_iss_parameter_supported.
	IssuerRequired bool
	// Endpoint is where people are sent, and where tokens are had. An AuthStyle of
	// AutoDetect is AuthStyleInHeader, which RFC 6749 (section 2.3.1) makes every server
	// support: trying both would spend the code. An [App] without Secret sends its ID in
	// the form, whatever the style.
	Endpoint oauth2.Endpoint
	// RevokeURL is the endpoint of RFC 7009; empty if there is none.
	RevokeURL string
	// NoPKCE leaves PKCE out, for networks that do not know it.
	NoPKCE bool
	// Extra is added to the authorization address, such as access_type=offline.
	Extra url.Values
	// ScopeSeparator stands between scopes in the authorization address; a space if empty.
	ScopeSeparator string
	// CodeLife is how long a code may be exchanged; it is told to people whose code expired.
	CodeLife time.Duration
	// TokenLife is that of an access token whose answer does not tell; 0 is unknown.
	TokenLife time.Duration
	// Rotates tells that a refresh token serves once, and that each refresh gives the next.
	Rotates bool
	// Gone are error codes, beyond invalid_grant, with which the server says that a refresh
	// token is dead.
	Gone []string
	// LongLived is set for Meta's networks without refresh tokens.
	LongLived *LongLived
	// Page is where the settings of the application are, and Redirect what the setting for
	// redirect addresses is called there.
	Page, Redirect string
	// Docs are the pages that all this comes from.
	Docs []string
}

// LongLived are the endpoints at which Threads and Instagram exchange a token of an hour
// for one of 60 days, which renews itself instead of having a refresh token. Both are GET,
// with the token in access_token.
type LongLived struct {
	// ExchangeURL and ExchangeGrant turn the short token into a long one.
	ExchangeURL, ExchangeGrant string
	// RefreshURL and RefreshGrant turn a long token into the next.
	RefreshURL, RefreshGrant string
	// MinAge is how old a token must be before it can be renewed.
	MinAge time.Duration
}

// A Lister lists the accounts that a token gives access to. What it leaves out of a
// choice is filled: Token is t, and Scopes are those of t. o are the options to make calls with.
type Lister func(ctx context.Context, o *providers.Options, t parvis.Token) (providers.Grant, error)

// A Memory keeps what an application is told once: its ID and secret at a server that it
// registered with. Values are secret. A Memory is safe for concurrent use.
type Memory interface {
	// Recall returns what was remembered under key, or "" if nothing was.
	Recall(ctx context.Context, key string) (value string, err error)
	// Remember keeps value under key, in the place of what was there.
	Remember(ctx context.Context, key, value string) error
}

// InMemory is a [Memory] that lasts as long as the program. The zero value is ready.
type InMemory struct {
	mu     sync.Mutex
	values map[string]string
}

// Recall returns what was remembered under key. It never fails.
func (m *InMemory) Recall(_ context.Context, key string) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.values[key], nil
}

// Remember keeps value under key. It never fails.
func (m *InMemory) Remember(_ context.Context, key, value string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.values == nil {
		m.values = map[string]string{}
	}
	m.values[key] = value
	return nil
}

// The keys under which flows keep what they need in [parvis.Token].Extra. Moments are
// written in RFC 3339.
const (
	// ExtraIssued is when the token was had.
	ExtraIssued = "issued_at"
	// ExtraRefreshExpiry is when the refresh token ends.
	ExtraRefreshExpiry = "refresh_expires_at"
	// ExtraDataExpiry is when Meta stops giving data although the token is alive: 90 days
	// after the person last used the application.
	ExtraDataExpiry = "data_access_expires_at"
	// ExtraUser is the network's ID of the person who connected, where the account is not
	// a person.
	ExtraUser = "user_id"
	// ExtraPage is the page that an Instagram account hangs on.
	ExtraPage = "page_id"
	// ExtraSecret is the token secret of OAuth 1.0a.
	ExtraSecret = "token_secret"
)

// MustAct returns when somebody must connect an account again, whatever the program does:
// when the refresh token ends or, where there is none, the token, or when Meta's access to
// data ends, whichever is first. It is zero if nothing of the kind is known. It belongs
// into [providers.Health].Expiry.
func MustAct(t parvis.Token) time.Time {
	end := t.Expiry
	if t.Refresh != "" {
		end = moment(t.Extra[ExtraRefreshExpiry])
	}
	if data := moment(t.Extra[ExtraDataExpiry]); !data.IsZero() && (end.IsZero() || data.Before(end)) {
		end = data
	}
	return end
}

// moment reads a time of Extra; what is none is zero.
func moment(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return time.Time{}
	}
	return t
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// with returns a copy of extra that has value under key as well; "" changes nothing.
func with(extra map[string]string, key, value string) map[string]string {
	if value == "" {
		return extra
	}
	out := make(map[string]string, len(extra)+1)
	maps.Copy(out, extra)
	out[key] = value
	return out
}

func joinScopes(scopes []string) string { return strings.Join(scopes, " ") }
