package providers

import (
	"context"
	"net/url"

	"github.com/parvis-go/parvis"
)

// A Flow connects accounts of one network. Most flows send somebody to a page of the
// network and take what comes back with them; those for passwords, bot tokens and keys
// need no visit. [Connect] drives flows; a program may also do it by hand. A Flow is safe
// for concurrent use and keeps nothing between its calls.
//
// A flow that can also renew what it obtained is a [Refresher], one that can give it back
// a [Revoker].
type Flow interface {
	// Form describes the network and what somebody must fill in before the flow starts.
	Form() Form
	// Start begins. It gives an error that matches [parvis.ErrInvalid] for wrong values,
	// before the network is touched where that can be known.
	Start(ctx context.Context, in Input) (Step, error)
	// Finish takes the step that Start returned and the parameters with which the network
	// sent the browser back. A refusal by the person or network is [parvis.ErrPermission]
	// or [parvis.ErrAuth], with what to do next.
	Finish(ctx context.Context, s Step, back url.Values) (Grant, error)
}

// A Form is what a flow wants to know before it starts.
type Form struct {
	// Network and Title name the network. Scopes, powers and notes are in the Manifest.
	Manifest Manifest `json:"manifest"`
	// Way is how this flow connects, as people say it: "OAuth", "app password". A network
	// with several ways has several flows, whose Name differ.
	Way string `json:"way"`
	// Name names the flow in addresses: "bluesky", "bluesky-password".
	Name string `json:"name"`
	// Fields are to be filled in; none means that a click is enough.
	Fields []Field `json:"fields,omitempty"`
}

// A Field is one thing that somebody types.
type Field struct {
	Name  string `json:"name"`
	Label string `json:"label"`
	// Help says where to find it; Example is one.
	Help    string `json:"help,omitempty"`
	Example string `json:"example,omitempty"`
	// Secret is not shown while it is typed, and never shown again.
	Secret bool `json:"secret,omitempty"`
	// Optional may stay empty.
	Optional bool `json:"optional,omitempty"`
}

// Input is what a flow starts with.
type Input struct {
	// Values are the fields of the form, by name.
	Values map[string]string
	// Callback is the address that the network sends the browser back to.
	Callback string
	// State goes to the network and comes back with the browser. It is made by the
	// caller, who checks it: the flow only passes it on.
	State string
	// Powers are those that are wanted, as [Powers] names them; empty is all that the
	// manifest lists. They decide which scopes are asked for.
	Powers []string
}

// A Step is a flow that has begun.
type Step struct {
	// URL is the page of the network to send the browser to. If it is empty the flow is
	// over, and Grant is what it gave.
	URL string
	// Keep is what Finish needs again: the PKCE verifier, a key, the server that was
	// chosen. It is secret, and stays on the server that called Start.
	Keep map[string]string
	// Grant is set by flows that need no visit.
	Grant *Grant
}

// A Grant is what a network allowed.
type Grant struct {
	// Choices are the accounts that the grant gives access to. Each has a token of its own.
	Choices []Choice
	// Scopes are those granted; nil means that the network does not say.
	Scopes []string
	// Notes are for the person who connects: what was not found, and why that may be.
	Notes []string
}

// A Choice is one account that can be connected.
type Choice struct {
	// Account is the account. Its Client is set by whoever keeps it.
	Account parvis.Account
	// Token acts for it. [Connect] notes the name of the flow in its Extra, under [FlowKey].
	Token parvis.Token
	// Type is the network's word for what it is: "page", "profile", "channel", "site".
	Type string
	// URL and Avatar let people recognise it.
	URL, Avatar string
	// Places are where it may post, if it is a matter of choice.
	Places []parvis.Place
	// Problem is why it cannot be connected, or only partly: a missing role, a page that
	// is not published. Empty is fine.
	Problem string
}

// A Refresher is a [Flow] whose tokens expire and can be renewed.
type Refresher interface {
	// Refresh returns the token that takes the place of t. Where refresh tokens serve
	// once, t.Refresh must not be used again if it succeeds. What the answer leaves out
	// (a refresh token, scopes, Extra) is kept from t. A token that renews itself, without
	// a refresh token, is its own: Token.Refresh is the same as Token.Value.
	//
	// Errors: [parvis.ErrAuth] only if the network said that the grant is gone for good
	// (invalid_grant and the like); [parvis.ErrUnknownOutcome] if the request left and no
	// clear answer came, so that t.Refresh may be spent; [parvis.ErrRateLimited] and
	// [parvis.ErrUnavailable] if it surely is not; [parvis.ErrInvalid] for a mistake in
	// the application's own settings (its id, secret or redirect address).
	Refresh(ctx context.Context, a parvis.Account, t parvis.Token) (parvis.Token, error)
}

// A Revoker is a [Flow] that can tell the network to forget a token.
type Revoker interface {
	// Revoke ends t at the network. A token that is gone already is no error. A network
	// that has no such thing gives [parvis.ErrUnsupported], which keeps nobody from
	// forgetting the token.
	Revoke(ctx context.Context, a parvis.Account, t parvis.Token) error
}

// A Coverer is a [Flow] whose network has scopes that include others.
type Coverer interface {
	// Covers reports whether the granted scopes include the one needed.
	Covers(granted []string, needed string) bool
}
