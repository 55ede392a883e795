package fake

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/listen"
	"github.com/parvis-go/parvis/moderate"
	"github.com/parvis-go/parvis/publish"
)

// An Account acts as one person on a [Network], for one client. It is a full provider,
// safe for concurrent use. [Network.Join] and [Network.Add] make one.
type Account struct {
	n      *Network
	p      *person
	client string
	scopes []string           // nil is all
	tokens parvis.TokenSource // nil needs none

	// These are guarded by n.mu.
	revoked   bool
	window    time.Time // when the span of the rate limit began
	used      int       // calls in that span
	delivered int       // entries that Deliver has sent
}

var (
	_ publish.Publisher   = (*Account)(nil)
	_ publish.Supporter   = (*Account)(nil)
	_ publish.Getter      = (*Account)(nil)
	_ publish.Editor      = (*Account)(nil)
	_ publish.Deleter     = (*Account)(nil)
	_ publish.Trasher     = (*Account)(nil)
	_ publish.Reactor     = (*Account)(nil)
	_ publish.Scheduler   = (*Account)(nil)
	_ publish.Reconciler  = (*Account)(nil)
	_ publish.Metrics     = (*Account)(nil)
	_ publish.Places      = (*Account)(nil)
	_ publish.PlaceEditor = (*Account)(nil)
	_ listen.Listener     = (*Account)(nil)
	_ listen.Supporter    = (*Account)(nil)
	_ listen.History      = (*Account)(nil)
	_ listen.Searcher     = (*Account)(nil)
	_ listen.Webhooks     = (*Account)(nil)
	_ listen.Members      = (*Account)(nil)
	_ moderate.Moderator  = (*Account)(nil)
	_ moderate.Supporter  = (*Account)(nil)
	_ moderate.Pending    = (*Account)(nil)
	_ moderate.Log        = (*Account)(nil)
)

// Account names the account.
func (a *Account) Account() parvis.Account {
	return parvis.Account{Client: a.client, Network: a.n.opt.Name, Host: a.n.opt.Host, ID: a.p.id, Handle: a.p.handle, Name: a.p.name}
}

// ref is a reference as the account hands it out. An empty id gives the zero Ref.
func (a *Account) ref(k parvis.Kind, id string) parvis.Ref {
	if id == "" {
		return parvis.Ref{}
	}
	return parvis.Ref{Client: a.client, Network: a.n.opt.Name, Host: a.n.opt.Host, Kind: k, ID: id}
}

// refTo is the reference of the item with that ID, if there is one.
func (a *Account) refTo(id string) parvis.Ref {
	if it := a.n.byID[id]; it != nil {
		return a.ref(it.kind, id)
	}
	return parvis.Ref{}
}

// who is p as the account sees it.
func (a *Account) who(p *person) parvis.Person {
	return parvis.Person{
		Ref: a.ref(parvis.KindPerson, p.id), Handle: p.handle, Name: p.name, URL: a.n.address(p.handle),
		Bot: p.bot, Followers: len(p.followers) + p.others, Since: p.since,
	}
}

// A person is somebody on the network. Guarded by Network.mu, but for what never changes:
// id, handle, name, moderator, bot.
type person struct {
	id, handle, name   string
	moderator, bot     bool
	others             int // followers elsewhere
	since              time.Time
	follows, followers map[string]bool // by person ID
	marks              marks
}

func (p *person) unfollow(whom *person) {
	delete(p.follows, whom.id)
	delete(whom.followers, p.id)
}

// A mark is something that holds for a person, post or place until it is taken away or
// its time is over: "banned" in a place, "muted" somebody, "labelled" something.
type mark struct{ what, where string }

// marks are the marks that something has, with their end; zero is none.
type marks map[mark]time.Time

func (m marks) has(k mark, now time.Time) bool {
	until, ok := m[k]
	return ok && (until.IsZero() || now.Before(until))
}

// labels returns the labels among the marks, sorted.
func (m marks) labels() []string {
	var labels []string
	for k := range m {
		if k.what == "labelled" {
			labels = append(labels, k.where)
		}
	}
	slices.Sort(labels)
	return labels
}

// person returns the person with that ID, or nil. The person "u3" is the third.
func (n *Network) person(id string) *person {
	i, err := strconv.Atoi(strings.TrimPrefix(id, "u"))
	if err != nil || i < 1 || i > len(n.people) || n.people[i-1].id != id {
		return nil
	}
	return n.people[i-1]
}

// hears collects who hears of something, and as what. The first kind given counts.
type hears map[string]listen.Kind

func (h hears) add(k listen.Kind, ids ...string) {
	for _, id := range ids {
		if _, ok := h[id]; !ok && id != "" {
			h[id] = k
		}
	}
}
