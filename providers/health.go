package providers

import (
	"context"
	"time"

	"github.com/parvis-go/parvis"
)

// Condition is the health of an account in one word.
type Condition string

// The conditions, from well to lost.
const (
	// Healthy: the account can be used.
	Healthy Condition = "healthy"
	// Limited: it can be used, but scopes or roles are missing.
	Limited Condition = "limited"
	// Expiring: it can be used, and somebody must connect it again before Health.Expiry.
	Expiring Condition = "expiring"
	// Unreachable: the network did not answer, or refused for now. Nothing is known to be wrong
	// with the account, and nobody needs to do anything.
	Unreachable Condition = "unreachable"
	// Outdated: the network no longer speaks the configured version of its API.
	Outdated Condition = "outdated"
	// Lost: the token is gone for good, and somebody must connect the account again.
	Lost Condition = "lost"
)

// Health is what a probe found out about an account. It is data, and an event when it
// differs from what was known before.
type Health struct {
	Account   parvis.Account `json:"account"`
	Condition Condition      `json:"condition"`
	// Time is when it was found out.
	Time time.Time `json:"time"`
	// Expiry is when somebody must act, or zero: a token that renews itself has none.
	Expiry time.Time `json:"expiry,omitzero"`
	// Granted are the scopes of the token, nil if the network does not say; Lacks those
	// that are missing, with what they cost.
	Granted []string `json:"granted,omitempty"`
	Lacks   []Lack   `json:"lacks,omitempty"`
	// API is the version of the network's interface or software that answered, if it says.
	API string `json:"api,omitempty"`
	// Why says what is wrong, in one clause; Help what the person responsible must do.
	Why  string `json:"why,omitempty"`
	Help string `json:"help,omitempty"`
	// Code is the code of the error behind it, if there was one.
	Code parvis.Code `json:"code,omitempty"`
}

// A Prober can tell how an account is. Every provider should be one.
type Prober interface {
	// Probe asks the network with the cheapest call that needs the token. What it finds
	// is in Health, a failure too; the error is ctx's alone.
	Probe(ctx context.Context) (Health, error)
}
