package providertest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/moderate"
	"github.com/parvis-go/parvis/providers"
	"github.com/parvis-go/parvis/publish"
)

// A Harness opens accounts under test. The author of a provider writes one.
type Harness interface {
	// Open returns a rig that no other case uses. What it starts is stopped with t.Cleanup.
	Open(t testing.TB) *Rig
}

// HarnessFunc is a function that serves as a [Harness].
type HarnessFunc func(t testing.TB) *Rig

// Open calls f.
func (f HarnessFunc) Open(t testing.TB) *Rig { return f(t) }

// A Rig is one account under test, and what the suite needs to know of its network by
// other means than the provider. Only Account is required. What is left nil keeps the
// cases that need it from applying, which [Run] reports.
//
// The functions may be called from several goroutines.
type Rig struct {
	// Account is the account under test: one that may post, and implements the
	// interfaces of the verbs that the network has.
	Account providers.Provider
	// Say makes somebody else say something that the account should hear, and returns
	// its reference as Account would give it: an answer to s.ReplyTo or, if that is
	// zero, a mention. nil means that there is nobody else.
	Say func(ctx context.Context, s Saying) (parvis.Ref, error)
	// Count returns how many posts and answers that hold text the network has, waiting
	// ones included and deleted ones not, asked past the provider. nil means that this
	// cannot be known.
	Count func(ctx context.Context, text string) (int, error)
	// Calls returns how many requests have reached the network; nil means unknown.
	Calls func() int
	// Break stages the failure f of the next call with its meaning, often enough that
	// a provider that tries reads again still meets it. It reports false for a failure
	// that cannot be staged here. nil means that none can be.
	Break func(f Fault) bool
	// Draft returns the smallest draft with this text that can be published;
	// nil is Draft{Text: text}.
	Draft func(text string) publish.Draft
	// Secrets are the tokens, passwords and keys of the account, in every spelling in
	// which they are sent. None may appear in an error or in Log.
	Secrets []string
	// Log is what the provider has logged; nil means that it is not captured.
	Log fmt.Stringer
	// Settle waits until what was just done can be heard, read and counted; nil is at once.
	Settle func(ctx context.Context) error
	// Moderate returns the actions worth trying on something by somebody else: an
	// answer or its author. nil is every action that Support lists for its kind.
	Moderate func(on parvis.Ref) []moderate.Action
	// Image returns a picture that the network accepts; nil is a small PNG of the suite's own.
	Image func() []byte

	mu   sync.Mutex
	seen []error
}

// A Saying is what somebody else says to the account.
type Saying struct {
	// Text is the text as the person types it.
	Text string
	// ReplyTo is what it answers; zero for a mention.
	ReplyTo parvis.Ref
}

// A Fault is a failure to stage; see [Rig].Break.
type Fault struct {
	Kind FaultKind
	// Op is the call that fails: "publish", "listen" or "moderate".
	Op string
	// RetryAfter is what the network asks for with RateLimited.
	RetryAfter time.Duration
}

// A FaultKind is a way in which a network fails.
type FaultKind string

// The ways of failing.
const (
	// RateLimited: the network refuses, took nothing, and says when to come back.
	RateLimited FaultKind = "rate limited"
	// ServerErrorBefore and ServerErrorAfter: the server fails (a status 500), before or
	// after it has done what was asked.
	ServerErrorBefore FaultKind = "server error before"
	ServerErrorAfter  FaultKind = "server error after"
	// CutBefore and CutAfter: the connection breaks before the request arrives, or
	// after it was carried out and before the answer.
	CutBefore FaultKind = "cut before"
	CutAfter  FaultKind = "cut after"
	// Timeout: the request arrives and no answer comes within the provider's patience.
	Timeout FaultKind = "timeout"
	// BadToken: the network no longer takes the token or password.
	BadToken FaultKind = "bad token"
	// Truncated and TooLarge: the call is carried out, and the answer breaks off or is
	// larger than any honest one.
	Truncated FaultKind = "truncated"
	TooLarge  FaultKind = "too large"
	// Redirect: the answer leads to another host. The harness runs that host and fails
	// the test if a secret arrives there.
	Redirect FaultKind = "redirect"
	// Forbidden: the account may not do that.
	Forbidden FaultKind = "forbidden"
	// VersionRetired: the network no longer speaks this version of its API.
	VersionRetired FaultKind = "version retired"
)

// saw notes an error that a case met, so that it is searched for secrets, and returns it.
func (r *Rig) saw(err error) error {
	if err != nil {
		r.mu.Lock()
		r.seen = append(r.seen, err)
		r.mu.Unlock()
	}
	return err
}
