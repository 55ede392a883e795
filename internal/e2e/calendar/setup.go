// Package calendar is the proof of the outbox: what a test tells the worker processes that
// it starts, kills, stops and cuts off.
package calendar

import (
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/e2e/servers/fakenet"
)

// Client is whose calendar it is.
const Client = "acme"

// The named points of the outbox's work, at which a process may die.
const (
	LaneTaken    = "lane taken"
	BeforeIntent = "before the intent"
	IntentStored = "intent stored"
	AnswerCame   = "answer came"
	ResultStored = "result stored"
	BeforeAsking = "before the network is asked"
	Asked        = "the network was asked"
	BeforeLeave  = "before the lane is left"
)

// Points are all of them.
func Points() []string {
	return []string{LaneTaken, BeforeIntent, IntentStored, AnswerCame, ResultStored, BeforeAsking, Asked, BeforeLeave}
}

// A Setup is what a worker reads from its standard input, as one line of JSON. The lines
// that follow are orders: "go" ends a hold, and the end of the input stops the worker.
type Setup struct {
	// DB is the path of an SQLite file, or a postgres:// address.
	DB string
	// Journal is the journal mode of SQLite; empty is SQLite's own.
	Journal string
	// Towns, Sites and Homes are the accounts that there are.
	Towns []Town
	Sites []Site
	Homes []Home
	// The rest are options of the outbox.
	Workers                                    int
	Lease, Settle, Patience, Poll, VerifyAfter time.Duration
	// Timeout bounds one request to a network; 0 is the default of providers.
	Timeout time.Duration
	// Media is the folder that drafts call "assets"; empty is none.
	Media string
}

// A Town is an account of the fake network at URL.
type Town struct {
	URL     string
	Account parvis.Account
	Class   fakenet.Class
	// UploadFirst sends files by themselves; see [fakenet.Provider.UploadFirst].
	UploadFirst bool
}

// A Site is an account of a WordPress.
type Site struct{ URL, User, Password string }

// A Home is an account of Bluesky, with a token for its session.
type Home struct {
	Account       parvis.Account
	Server, Token string
}
