package providers

import (
	"cmp"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/parvis-go/parvis"
)

// Options are what the constructors of all providers take beside their own Config. A nil
// *Options is fine; so is every zero field.
type Options struct {
	// HTTPClient makes the requests; nil is a client of the provider's own. Its Transport
	// is the place for tracing, proxies and recording.
	HTTPClient *http.Client
	// Logger gets one line per request, at the level Debug; failures at Warn. Secrets are
	// cut out. Nil discards.
	Logger *slog.Logger
	// Limiter shares allowances between accounts and processes; nil keeps the network's
	// documented ones for this value alone.
	Limiter parvis.Limiter
	// Meter counts what calls cost, and refuses what a client's budget does not pay for;
	// nil counts nothing.
	Meter parvis.Meter
	// UserAgent names the application to the network; empty is "parvis".
	UserAgent string
	// Timeout bounds one request that does not upload; 0 is 30 seconds.
	Timeout time.Duration
	// MaxAnswer bounds an answer in bytes, after decompression; 0 is 16 MiB.
	MaxAnswer int64
	// Retry says how patiently calls are repeated that are safe to repeat.
	Retry Retry
}

// Retry says how often and how patiently a call is repeated that failed for a passing
// reason. Only reads are, and mutations that surely took no effect or that the network
// knows again by their key.
type Retry struct {
	// Max is the number of tries in all; 0 is 3, 1 never repeats.
	Max int
	// MinWait is the first wait, which doubles each time and is jittered; 0 is half a second.
	MinWait time.Duration
	// MaxWait caps every wait; a network that asks for more is not tried again. 0 is 30 seconds.
	MaxWait time.Duration
}

// A Provider is what every provider is: somebody on a network. The verbs are found by
// type assertion, or with [parvis.As].
type Provider interface {
	Account() parvis.Account
}

// Settings are what it takes to open an account, as a configuration file has it.
type Settings struct {
	// Network is the provider's name.
	Network parvis.Network `json:"network"`
	// Client is the organisation that the account speaks for.
	Client string `json:"client,omitempty"`
	// Server is the site or instance: "https://blog.acme.example".
	Server string `json:"server,omitempty"`
	// User is the login name, where there is one.
	User string `json:"user,omitempty"`
	// Secret is the password or token.
	Secret string `json:"-"`
	// Account and Tokens open an account that was connected, in the place of Client, User
	// and Secret: Tokens is what the vault gives for Account. An empty Server is then the
	// account's host, by https.
	Account parvis.Account     `json:"account,omitzero"`
	Tokens  parvis.TokenSource `json:"-"`
}

// An Opener opens accounts of one network by [Settings].
type Opener struct {
	Manifest Manifest
	// Open checks the settings and returns the provider. It does not call the network.
	Open func(s Settings, o *Options) (Provider, error)
	// Zero is a nil pointer of the provider's type, for [Describe].
	Zero any
}

// At returns Server or, for an account that was connected, the https address of its host.
func (s Settings) At() string {
	if s.Server == "" && s.Tokens != nil && s.Account.Host != "" {
		return "https://" + s.Account.Host
	}
	return s.Server
}

// For returns Client or, for an account that was connected, its client.
func (s Settings) For() string { return cmp.Or(s.Client, s.Account.Client) }

// Open finds the opener for s.Network among openers and calls it. An unknown name gives
// an error that matches [parvis.ErrInvalid] and lists the known ones.
func Open(openers []Opener, s Settings, o *Options) (Provider, error) {
	i := slices.IndexFunc(openers, func(op Opener) bool { return op.Manifest.Network == s.Network })
	if i < 0 {
		var known []string
		for _, op := range openers {
			known = append(known, string(op.Manifest.Network))
		}
		return nil, &parvis.Error{
			Op: "open", Network: s.Network, Code: parvis.ErrInvalid,
			Message: "no provider has this name", Help: "the known networks are " + strings.Join(known, ", "),
		}
	}
	return openers[i].Open(s, o)
}
