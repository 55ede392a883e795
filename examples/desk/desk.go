package main

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers/vault"
	"github.com/parvis-go/parvis/publish"
	"github.com/parvis-go/parvis/publish/outbox"
)

// A Desk is everything that the program knows: the clients whose accounts it works with,
// and the town that lives on the networks.
type Desk struct {
	Clients []*Client
	town    *town
	safe    *safe
	planner *planner
}

// newDesk opens the networks, with a little life on them already. Close ends it.
func newDesk(ctx context.Context) (*Desk, error) {
	w := newWorld()
	safe, err := openSafe(ctx, w)
	if err != nil {
		return nil, err
	}
	for _, c := range w.clients {
		c.keeper = safe.For(c.Slug)
	}
	d := &Desk{Clients: w.clients, safe: safe}
	if err = w.connect(ctx); err == nil {
		d.town = newTown(w)
		err = d.town.Settle(ctx)
	}
	if err == nil {
		d.planner, err = openPlanner(ctx, safe.db, w)
	}
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// Close forgets all tokens and calendars. [Desk.Work] must have ended.
func (d *Desk) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return d.safe.Close(ctx)
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

// Work sends what is due on the calendars until ctx ends, and what is just being sent.
func (d *Desk) Work(ctx context.Context) error { return d.planner.box.Run(ctx) }

// touch tells the pages of a client that an entry of its calendar has changed.
func (d *Desk) touch(client, entry string) {
	if c, ok := d.Client(client); ok {
		c.Live.Touch(entry)
	}
}

// A Client is an organisation that the desk works for. What is kept of it lies in its own
// Feed, Book and calendar, which no other client's page can reach.
type Client struct {
	// Slug names it in addresses, and in every parvis.Account and parvis.Ref; Title is what people read.
	Slug, Title string
	Feed        *Feed
	Book        *Book
	Live        *live // what changes on its calendar
	keeper      *vault.Client
	sites       []*site

	mu       sync.Mutex
	accounts []*Account
	changed  chan struct{} // closed when accounts changes
	health   map[string]health
}

// Accounts are those in use.
func (c *Client) Accounts() []*Account {
	accounts, _ := c.inUse()
	return accounts
}

// inUse returns the accounts in use, and a channel that is closed when they change.
func (c *Client) inUse() ([]*Account, <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.accounts), c.changed
}

// join takes an account into use, in the place of the one with its key.
func (c *Client) join(a *Account) {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.IndexFunc(c.accounts, func(old *Account) bool { return old.Key() == a.Key() })
	if i < 0 {
		c.accounts = append(c.accounts, a)
	} else {
		c.accounts[i].leave()
		c.accounts[i] = a
	}
	c.change(a)
}

// part takes an account out of use.
func (c *Client) part(a *Account) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.accounts = slices.DeleteFunc(c.accounts, func(b *Account) bool { return a == b })
	a.leave()
	c.change(a)
}

// change forgets how listening to a went, and tells who waits.
func (c *Client) change(a *Account) {
	delete(c.health, a.Key())
	close(c.changed)
	c.changed = make(chan struct{})
}

// Account finds the client's account with a key.
func (c *Client) Account(key string) (*Account, bool) {
	return c.find(func(a *Account) bool { return a.Key() == key })
}

// Acting finds the account of the client that acts as a.
func (c *Client) Acting(a parvis.Account) (*Account, bool) {
	return c.find(func(b *Account) bool {
		own := b.Account()
		return a.Client == own.Client && a.Network == own.Network && a.Host == own.Host && a.ID == own.ID
	})
}

func (c *Client) find(match func(*Account) bool) (*Account, bool) {
	accounts := c.Accounts()
	i := slices.IndexFunc(accounts, match)
	if i < 0 {
		return nil, false
	}
	return accounts[i], true
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
	n := a.Key()
	if err == nil {
		delete(c.health, n)
		return
	}
	if a.inUse.Err() != nil {
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
	for _, a := range c.accounts {
		if h, ok := c.health[a.Key()]; ok {
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
	planned, _ := errors.AsType[outbox.Problems](err)
	for _, p := range planned {
		one := p.Problem
		if p.Account != (parvis.Account{}) {
			one.Text = p.Account.String() + ": " + one.Text
		}
		t.Problems = append(t.Problems, one)
	}
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
