package mastodontest

import (
	"slices"
	"strings"
	"time"
)

// store is everything that the server knows. Slices are in the order of ids.
type store struct {
	accounts      []*account
	tokens        map[string]*token
	apps          map[string]*app
	statuses      []*status
	media         []*media
	scheduled     []*scheduled
	notifications []*notification
	reports       []*report
	conversations []*conversation
	lists         []*list
	filters       []*filter
	edges         []*edge
	keys          map[string]*keyed
	grants        map[string]*grant
}

func (d *store) init() {
	d.tokens, d.apps, d.keys = map[string]*token{}, map[string]*app{}, map[string]*keyed{}
}

// account is a person, of here or of elsewhere.
type account struct {
	id                                     id
	name, domain, display, email           string
	role                                   Role
	created, lastPost                      time.Time
	bot, locked                            bool
	pending, disabled, silenced, suspended bool
	sensitized, unconfirmed, gone          bool
	domainBlocks                           []string
}

// acct is how people here write the account's address.
func (a *account) acct() string {
	if a.domain == "" {
		return a.name
	}
	return a.name + "@" + a.domain
}

type app struct {
	id                         id
	name, website              string
	clientID, secret, redirect string
	scopes                     []string
}

type token struct {
	text    string
	app     *app
	account *account // nil for a token of the app itself
	scopes  []string
	revoked bool
	created time.Time
}

type status struct {
	id                         id
	author                     *account
	text, warning, lang        string
	visibility                 string
	sensitive                  bool
	created, edited            time.Time
	replyTo, reblogOf, quoteOf *status
	media                      []*media
	poll                       *poll
	mentions                   []*account
	tags                       []string
	app                        *app
	deleted                    bool
	policy                     string
	edits                      []edit
}

// root is the first status of the thread.
func (st *status) root() *status {
	for st.replyTo != nil {
		st = st.replyTo
	}
	return st
}

// edit is a status as it was at one time.
type edit struct {
	text, warning string
	sensitive     bool
	at            time.Time
	media         []*media
	options       []string
}

type media struct {
	id                id
	owner             *account
	kind, mime        string
	size              int
	width, height     int
	description       string
	focus             *[2]float64
	waits             int // how many times it answers that it is being processed
	failed            bool
	status            *status
	scheduled, hidden bool
	name              string
}

type poll struct {
	id                 id
	options            []string
	multiple, hideTill bool
	expires            time.Time
	votes              map[*account][]int
	told               bool
}

type scheduled struct {
	id      id
	author  *account
	at      time.Time
	draft   draft
	app     *app
	deleted bool
}

type notification struct {
	id     id
	to     *account
	from   *account
	kind   string
	at     time.Time
	status *status
	report *report
}

type report struct {
	id                 id
	by, target         *account
	statuses           []*status
	comment, category  string
	rules              []string
	forwarded          bool
	created, updated   time.Time
	resolvedAt         time.Time
	resolvedBy, worker *account
}

// conversation is a direct thread as one of its people sees it.
type conversation struct {
	id     id
	owner  *account
	root   *status
	last   *status
	unread bool
	gone   bool
}

type list struct {
	id      id
	owner   *account
	title   string
	members []*account
}

type filter struct {
	id       id
	owner    *account
	title    string
	action   string
	context  []string
	expires  time.Time
	keywords []keyword
	deleted  bool
}

type keyword struct {
	id    id
	text  string
	whole bool
}

// edge is something that one account has with another, or with a status.
type edge struct {
	id     id
	kind   edgeKind
	from   *account
	to     *account
	status *status
	until  time.Time
	quiet  bool // a mute that covers notifications too
}

type edgeKind string

const (
	follows    edgeKind = "follow"
	blocks     edgeKind = "block"
	mutes      edgeKind = "mute"
	favourites edgeKind = "favourite"
	bookmarks  edgeKind = "bookmark"
	pins       edgeKind = "pin"
	threadMute edgeKind = "mute thread"
)

// edge finds one, or nil.
func (d *store) edge(k edgeKind, from, to *account, st *status) *edge {
	for _, e := range d.edges {
		if e.kind == k && e.from == from && e.to == to && e.status == st {
			return e
		}
	}
	return nil
}

// between reports whether from has k with to.
func (d *store) between(k edgeKind, from, to *account) bool { return d.edge(k, from, to, nil) != nil }

func (d *store) unlink(k edgeKind, from, to *account, st *status) bool {
	n := len(d.edges)
	d.edges = slices.DeleteFunc(d.edges, func(e *edge) bool {
		return e.kind == k && e.from == from && e.to == to && e.status == st
	})
	return len(d.edges) < n
}

// count is how many edges of a kind fit.
func (d *store) count(k edgeKind, fits func(*edge) bool) (n int) {
	for _, e := range d.edges {
		if e.kind == k && fits(e) {
			n++
		}
	}
	return n
}

// link adds an edge unless it is there. The caller holds s.mu.
func (s *Server) link(k edgeKind, from, to *account, st *status) *edge {
	if e := s.db.edge(k, from, to, st); e != nil {
		return e
	}
	e := &edge{id: s.nextID(), kind: k, from: from, to: to, status: st}
	s.db.edges = append(s.db.edges, e)
	return e
}

// account finds one by id; nil if there is none.
func (d *store) account(i id) *account {
	for _, a := range d.accounts {
		if a.id == i && !a.gone {
			return a
		}
	}
	return nil
}

// named finds an account by its address; the domain of this server may be there.
func (s *Server) named(acct string) *account {
	name, domain, _ := strings.Cut(acct, "@")
	if domain == s.Host() {
		domain = ""
	}
	for _, a := range s.db.accounts {
		if strings.EqualFold(a.name, name) && strings.EqualFold(a.domain, domain) && !a.gone {
			return a
		}
	}
	return nil
}

func (d *store) status(i id) *status {
	for _, st := range d.statuses {
		if st.id == i && !st.deleted {
			return st
		}
	}
	return nil
}
