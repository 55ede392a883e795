package main

import (
	"context"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers/fake"
	"github.com/parvis-go/parvis/publish"
)

// The three networks of the town.
const (
	murmure = parvis.Network("murmure") // short messages; one server for everybody
	carnet  = parvis.Network("carnet")  // blogs; a site of its own for each client
	agora   = parvis.Network("agora")   // forums; a site of its own for each client
)

// natures say what each network is, for people.
var natures = map[parvis.Network]string{
	murmure: "Short messages: 300 graphemes, no titles",
	carnet:  "A blog: titles, categories, scheduling; strangers’ comments are held",
	agora:   "A forum: places, titles, long texts",
}

// member is an account on a network. The alias gives the embedded field below a name
// that leaves the method Account in sight.
type member = fake.Account

// An Account is one of a client's accounts: a full provider, with the network that it is
// on. It is in use until it is disconnected, or connected again.
type Account struct {
	*member
	Net   *fake.Network
	key   string
	inUse context.Context //nolint:containedctx // it is the life of the account, which no call bounds
	leave context.CancelFunc
}

// newAccount takes m into use for the client with the slug. The account of the client's
// own name is called after its network, others after both.
func newAccount(m *member, n *fake.Network, slug string) *Account {
	a := &Account{member: m, Net: n, key: string(m.Account().Network)}
	if h := m.Account().Handle; h != slug {
		a.key += "-" + h
	}
	a.inUse, a.leave = context.WithCancel(context.Background())
	return a
}

// Key names the account among those of its client.
func (a *Account) Key() string { return a.key }

// Network names the network that the account is on.
func (a *Account) Network() string { return string(a.Account().Network) }

// Nature says what sort of network the account is on.
func (a *Account) Nature() string { return natures[a.Account().Network] }

// Handle is the account as people write it, without @.
func (a *Account) Handle() string { return a.Account().Handle }

// Host is the site of the account, or empty where the network is one place.
func (a *Account) Host() string { return a.Account().Host }

// A world is the networks, with the clients' accounts on them.
type world struct {
	clients []*Client
	nets    []*site
}

// A site is one network with the client that people talk to there.
type site struct {
	net     *fake.Network
	name    parvis.Network
	host    string
	clients []*Client
	own     map[*Client]*fake.Account // as whom the clients are there
}

// connect connects each client's own accounts, as somebody would on the connect page.
func (w *world) connect(ctx context.Context) error {
	for _, s := range w.nets {
		for _, c := range s.clients {
			a, err := c.keeper.Keep(ctx, s.own[c].Account(), s.net.Token(c.Slug))
			if err == nil {
				err = c.Open(ctx, a)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// newWorld makes the networks and the clients' people there. Everybody shares the network of
// short messages; there only the account itself keeps two clients apart.
func newWorld() *world {
	acme := &Client{Slug: "acme", Title: "Acme, glassblowers"}
	martin := &Client{Slug: "boulangerie-martin", Title: "Boulangerie Martin"}
	w := &world{clients: []*Client{acme, martin}}
	for _, c := range w.clients {
		c.Feed, c.Book, c.Live, c.health, c.changed = newFeed(), newBook(), newLive(), map[string]health{}, make(chan struct{})
	}
	w.add(fake.Options{Name: murmure, Limits: shortMessages}, acme, martin)
	for _, c := range w.clients {
		w.add(fake.Options{Name: carnet, Host: "blog." + c.Slug + ".example", Limits: blog, HoldReplies: true}, c)
		forum := w.add(fake.Options{Name: agora, Host: "forum." + c.Slug + ".example", Limits: forum}, c)
		for _, place := range []string{"News", "Questions and help", "Off topic"} {
			forum.AddPlace(place, "category")
		}
	}
	return w
}

// add makes a network with an account for each of the clients, who moderate only sites
// of their own.
func (w *world) add(o fake.Options, clients ...*Client) *fake.Network {
	n := fake.New(o)
	s := &site{net: n, name: o.Name, host: o.Host, clients: clients, own: map[*Client]*fake.Account{}}
	w.nets = append(w.nets, s)
	for _, c := range clients {
		m := fake.Member{
			Handle: c.Slug, Name: c.Title, Client: c.Slug, Moderator: o.Host != "",
			Followers: 240, Since: time.Date(2024, time.March, 1, 9, 0, 0, 0, time.UTC),
		}
		s.own[c] = n.Add(m)
		c.sites = append(c.sites, s)
	}
	return n
}

func shortMessages(s *publish.Support) {
	s.Text = parvis.TextLimits{{Max: 300, Unit: parvis.Graphemes, Link: 23}}
	none(s, "a short message has no such part")
	s.Schedule.Support = parvis.Never("short messages go out at once")
}

func blog(s *publish.Support) {
	s.Text = parvis.TextLimits{{Max: 60_000, Unit: parvis.Bytes}}
	s.Title = parvis.TextLimits{{Max: 80, Unit: parvis.CodePoints}}
	s.Headline, s.Categories, s.Tags = parvis.Full(), parvis.Full(), parvis.Full()
	s.Slug, s.Excerpt, s.Canonical, s.Sticky = parvis.Full(), parvis.Full(), parvis.Full(), parvis.Full()
	s.Warning = parvis.Never("a blog has no content warnings")
	s.Poll = publish.PollSupport{}
}

func forum(s *publish.Support) {
	s.Text = parvis.TextLimits{{Max: 10_000, Unit: parvis.CodePoints}}
	none(s, "a forum has no such part")
	s.Title = parvis.TextLimits{{Max: 120, Unit: parvis.CodePoints}}
	s.Headline, s.Tags, s.Sticky = parvis.Full(), parvis.Full(), parvis.Full()
	s.Schedule.Support = parvis.Never("the forum publishes at once")
}

// none takes away what only blogs and forums have.
func none(s *publish.Support, why string) {
	no := parvis.Never(why)
	s.Headline, s.Categories, s.Tags, s.Slug, s.Excerpt, s.Canonical, s.Sticky = no, no, no, no, no, no, no
	s.Title = nil
}
