package fake

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/publish"
)

// Options are the settings of a [Network]. The zero value is a network called "fake"
// without limits on calls.
type Options struct {
	// Name is the network that accounts and references carry; empty is "fake".
	Name parvis.Network
	// Host is the server that accounts and references carry; empty is none.
	Host string
	// Now is the clock; nil is [time.Now].
	Now func() time.Time
	// Limits changes the degrees that accounts have by default: 500 graphemes, in which
	// links count 23; 4 pictures of 8 MiB or one video of 40 MiB; alternative texts of
	// 1500 graphemes; polls of 2 to 4 options of 50 graphemes for 5 minutes to 30 days;
	// no titles; native scheduling 5 minutes to a year ahead. It is called once, by [New].
	Limits func(*publish.Support)
	// HoldReplies makes answers of strangers wait for approval. A stranger is anybody but
	// moderators, the author of the first post, and the people whom that author follows.
	HoldReplies bool
	// EditWindow is how long after publication a post can be edited; 0 is for ever.
	EditWindow time.Duration
	// Latency is how long each call takes to reach the network.
	Latency time.Duration
	// TokenLife is how long access tokens serve that a [Flow] obtains; 0 is an hour.
	TokenLife time.Duration
	// RateLimit bounds the calls of each account; zero is none.
	RateLimit RateLimit
	// Meter is charged for every call. Its Endpoint is what the account does ("publish",
	// "listen", …), and the Item of a post with a link "publish with link". nil is free.
	Meter parvis.Meter
}

// A RateLimit allows Max calls in each span Per, which begins with the first call.
type RateLimit struct {
	Max int
	Per time.Duration
}

// A Member is somebody who joins a network.
type Member struct {
	// Handle is the name by which others address the member, without @.
	Handle string
	// Name is the display name; empty is the handle.
	Name string
	// Client is the organisation that the account speaks for.
	Client string
	// Moderator may do everything everywhere; Bot marks the account as automated.
	Moderator, Bot bool
	// Scopes are those granted, of "read", "write" and "moderate"; nil is all.
	Scopes []string
	// Followers is the number of followers beside those on this network in memory.
	Followers int
	// Since is when the account was made; zero is now.
	Since time.Time
}

// A Network is a whole network in memory. It is safe for concurrent use.
type Network struct {
	opt Options
	sup publish.Support

	mu      sync.Mutex
	people  []*person
	handles map[string]*person
	items   []*item          // posts, answers and messages, as they came
	byID    map[string]*item // the same
	waiting []*item          // those that come out by the clock
	places  []*place
	reports []*report
	uploads map[string]*upload
	entries []*entry         // what happened, as listeners hear it
	acts    []logged         // the network's own moderation log
	keys    map[string]keyed // idempotency keys, by person and key
	faults  []*Fault
	calls   int
	wake    chan struct{} // closed when something happened; nil if nobody waits
	last    map[string]int
	revoked []*Account // whose tokens a fault revoked

	codes     map[string]code   // by code
	accesses  map[string]*grant // by access token
	refreshes map[string]*grant // by refresh token, spent ones too
}

// New returns an empty network.
func New(o Options) *Network {
	o.Name = cmp.Or(o.Name, "fake")
	clock := o.Now
	if clock == nil {
		clock = time.Now
	}
	o.Now = func() time.Time { return plain(clock()) }
	n := &Network{
		opt: o, sup: degrees(o), handles: map[string]*person{}, byID: map[string]*item{},
		uploads: map[string]*upload{}, keys: map[string]keyed{}, last: map[string]int{},
		codes: map[string]code{}, accesses: map[string]*grant{}, refreshes: map[string]*grant{},
	}
	if o.Limits != nil {
		o.Limits(&n.sup)
	}
	return n
}

// Join makes an ordinary account of no client. A handle that is taken gives another
// value that acts as the same person.
func (n *Network) Join(handle string) *Account { return n.Add(Member{Handle: handle}) }

// Add makes an account. A handle that is taken gives another value that acts as the same
// person, for m's client and with m's scopes; the person stays as it was.
func (n *Network) Add(m Member) *Account {
	n.mu.Lock()
	defer n.mu.Unlock()
	p := n.handles[m.Handle]
	if p == nil {
		p = &person{
			id: n.next("u"), handle: m.Handle, name: cmp.Or(m.Name, m.Handle), moderator: m.Moderator, bot: m.Bot,
			others: m.Followers, since: plain(cmp.Or(m.Since, n.opt.Now())), follows: map[string]bool{}, followers: map[string]bool{}, marks: marks{},
		}
		n.people = append(n.people, p)
		n.handles[m.Handle] = p
	}
	return &Account{n: n, p: p, client: m.Client, scopes: slices.Clone(m.Scopes)}
}

// AddPlace makes a place, such as a channel or a category, that belongs to the network.
func (n *Network) AddPlace(name, typ string) parvis.Place {
	n.mu.Lock()
	defer n.mu.Unlock()
	pl := n.addPlace(parvis.Place{Name: name, Type: typ}, nil)
	return n.outsider().place(pl.id)
}

// Follow makes who follow whom, who hears of it. Doing it twice is nothing.
func (n *Network) Follow(who, whom *Account) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.tick()
	if who.p == whom.p || who.p.follows[whom.p.id] {
		return
	}
	who.p.follows[whom.p.id], whom.p.followers[who.p.id] = true, true
	n.emitFollow(who.p, whom.p)
}

// Unfollow ends it.
func (n *Network) Unfollow(who, whom *Account) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.tick()
	who.p.unfollow(whom.p)
}

// Calls returns how many calls reached the network, of all accounts.
func (n *Network) Calls() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.calls
}

// Uploads returns how many files were uploaded, of all accounts.
func (n *Network) Uploads() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.last["f"]
}

// ForgetUploads makes the network forget the files that belong to no post, as networks do
// after a while.
func (n *Network) ForgetUploads() {
	n.mu.Lock()
	defer n.mu.Unlock()
	posted := map[string]bool{}
	for _, it := range n.items {
		for _, f := range it.media {
			posted[f.id] = true
		}
	}
	maps.DeleteFunc(n.uploads, func(id string, _ *upload) bool { return !posted[id] })
}

// Posts returns everything that is visible on the network, posts and answers, oldest
// first, as somebody without an account sees it.
func (n *Network) Posts() []publish.Post {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.tick()
	var posts []publish.Post
	for _, it := range n.chronological() {
		if n.open(it) {
			posts = append(posts, n.outsider().post(it))
		}
	}
	return posts
}

// Count returns how many posts and answers hold text, in whatever state but deleted.
func (n *Network) Count(text string) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.tick()
	count := 0
	for _, it := range n.items {
		if it.kind == parvis.KindPost && it.state != deleted && strings.Contains(it.text.Plain, text) {
			count++
		}
	}
	return count
}

// plain is t as networks write it: in UTC, by the clock on the wall.
func plain(t time.Time) time.Time { return t.UTC().Round(0) }

// next returns the next identifier with the prefix: "p1", "p2".
func (n *Network) next(prefix string) string {
	n.last[prefix]++
	return fmt.Sprintf("%s%d", prefix, n.last[prefix])
}

// outsider is nobody's account, for what everybody sees.
func (n *Network) outsider() *Account { return &Account{n: n, p: &person{}} }

// chronological returns the items in the order in which they appeared.
func (n *Network) chronological() []*item {
	items := slices.Clone(n.items)
	slices.SortStableFunc(items, func(a, b *item) int { return a.created.Compare(b.created) })
	return items
}

// address is the page of something.
func (n *Network) address(id string) string {
	return "https://" + cmp.Or(n.opt.Host, string(n.opt.Name)+".example") + "/" + id
}
