package main

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/publish"
)

// A Desk is everything that the program knows: the clients whose accounts it works with,
// and the town that lives on the networks.
type Desk struct {
	Clients []*Client
	town    *town
}

// newDesk opens the networks, with a little life on them already.
func newDesk(ctx context.Context) (*Desk, error) {
	w := newWorld()
	d := &Desk{Clients: w.clients, town: newTown(w)}
	return d, d.town.Settle(ctx)
}

// Client finds a client by its slug.
func (d *Desk) Client(slug string) (*Client, bool) {
	i := slices.IndexFunc(d.Clients, func(c *Client) bool { return c.Slug == slug })
	if i < 0 {
		return nil, false
	}
	return d.Clients[i], true
}

// Listen hears for every client until ctx ends.
func (d *Desk) Listen(ctx context.Context) {
	var all sync.WaitGroup
	for _, c := range d.Clients {
		all.Go(func() { c.Listen(ctx) })
	}
	all.Wait()
}

// A Client is an organisation that the desk works for. What is kept of it lies in its own
// Feed and Book, which no other client's page can reach.
type Client struct {
	// Slug names it in addresses, and in every parvis.Account and parvis.Ref; Title is what people read.
	Slug, Title string
	Accounts    []*Account
	Feed        *Feed
	Book        *Book

	mu     sync.Mutex
	health map[parvis.Network]health
}

// Account finds the client's account on a network.
func (c *Client) Account(network string) (*Account, bool) {
	i := slices.IndexFunc(c.Accounts, func(a *Account) bool { return a.Key() == network })
	if i < 0 {
		return nil, false
	}
	return c.Accounts[i], true
}

// A health is how listening to one account goes.
type health struct {
	Account *Account
	Trouble *trouble
	Since   time.Time
}

// note keeps how listening to a goes: nil is well.
func (c *Client) note(a *Account, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := a.Account().Network
	if err == nil {
		delete(c.health, n)
		return
	}
	h, ill := c.health[n]
	if !ill {
		h = health{Account: a, Since: time.Now()}
	}
	h.Trouble = explain(err)
	c.health[n] = h
}

// Troubled lists the accounts that are not heard at the moment.
func (c *Client) Troubled() []health {
	c.mu.Lock()
	defer c.mu.Unlock()
	var ill []health
	for _, a := range c.Accounts {
		if h, ok := c.health[a.Account().Network]; ok {
			ill = append(ill, h)
		}
	}
	return ill
}

// A trouble is an error as the pages show it: what happened, and what to do next.
type trouble struct {
	Code     parvis.Code
	Message  string
	Help     string
	Vendor   string
	Wait     time.Duration
	Problems publish.Problems
}

// explain reads an error. Nil stays nil.
func explain(err error) *trouble {
	if err == nil {
		return nil
	}
	t := &trouble{Code: parvis.CodeOf(err), Message: err.Error()}
	if e, ok := errors.AsType[*parvis.Error](err); ok {
		t.Message, t.Help, t.Vendor, t.Wait = e.Message, e.Help, e.Vendor, e.RetryAfter
		if t.Message == "" {
			t.Message = string(e.Code)
		}
	}
	t.Problems, _ = errors.AsType[publish.Problems](err)
	// What the library says to programs, the desk says to people in its own words.
	if t.Help == "" || len(t.Problems) > 0 || t.Code == parvis.ErrUnknownOutcome {
		t.Help = advice[t.Code]
	}
	return t
}

// remedies are what the desk offers against a broken rule.
var remedies = map[string]string{
	"length":      "shorten it, write another text for this network, or tick “Shorten what is too long”",
	"unsupported": "tick “Leave out what a network has no place for”",
	"count":       "tick “Leave out pictures that are too many”",
}

// fault is a problem in the words of the desk: what is wrong, and which of its own
// controls helps, in place of the function that a program would call.
func fault(p publish.Problem) string {
	what := p.Text
	if remedy := remedies[p.Rule]; remedy != "" && (p.Limit == 0 || p.Value > p.Limit) {
		what += ": " + remedy
	}
	return what
}

// advice says what to do about each kind of failure, where the network's own error does not.
var advice = map[parvis.Code]string{
	parvis.ErrInvalid:           "Change what is listed, then publish again. Nothing was sent.",
	parvis.ErrUnsupported:       "This network cannot do that. Leave it out, or do it there by hand.",
	parvis.ErrForeignClient:     "That belongs to another client. Nothing was done.",
	parvis.ErrAuth:              "Connect the account again.",
	parvis.ErrPermission:        "Ask somebody with the right role, or connect the account again with the missing scope.",
	parvis.ErrNotFound:          "It is gone. Reload the page.",
	parvis.ErrDuplicate:         "The network has it already. Look at the timeline before sending it again.",
	parvis.ErrConflict:          "It changed meanwhile. Reload the page, then decide.",
	parvis.ErrTooLate:           "The time for that is over.",
	parvis.ErrRejected:          "The network refused the content. Change what it says.",
	parvis.ErrRateLimited:       "The network took nothing. Wait, then send again.",
	parvis.ErrUnavailable:       "The network took nothing. Send again later.",
	parvis.ErrUnknownOutcome:    "It may be out there. Reconcile; do not send it again blindly.",
	parvis.ErrAPIVersionRetired: "The network no longer speaks this version of its API. Update the program.",
	parvis.ErrBadAnswer:         "The answer could not be read. Try again; nothing was changed.",
}
