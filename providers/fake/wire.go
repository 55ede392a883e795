package fake

import (
	"slices"
	"strings"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/listen"
	"github.com/parvis-go/parvis/publish"
)

// The network's own format, in which Raw holds its answers and webhooks bring events.
// Everything is named by its ID; the first letter says what it is: a post, a message, a
// user, a channel, a report, a file.

type wireEvent struct {
	ID   string    `json:"id"`
	Type string    `json:"type"`
	For  string    `json:"for,omitempty"` // whose event it is, in deliveries
	Seq  int       `json:"seq,omitempty"`
	Time time.Time `json:"time"`
	// By is who did it, Post what it is about, On what a report or a reaction is about.
	By       wirePerson `json:"by"`
	Post     *wirePost  `json:"post,omitempty"`
	On       string     `json:"on,omitempty"`
	Reaction string     `json:"reaction,omitempty"`
	Note     string     `json:"note,omitempty"`
}

type wirePerson struct {
	ID        string    `json:"id"`
	Handle    string    `json:"handle,omitempty"`
	Name      string    `json:"name,omitempty"`
	Bot       bool      `json:"bot,omitempty"`
	Followers int       `json:"followers"`
	Since     time.Time `json:"since,omitzero"`
}

type wirePlace struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Type string `json:"type,omitempty"`
}

type wireMedia struct {
	ID     string        `json:"id"`
	Name   string        `json:"name,omitempty"`
	Type   string        `json:"type"`
	Size   int64         `json:"size,omitempty"`
	SHA256 string        `json:"sha256,omitempty"`
	Alt    string        `json:"alt,omitempty"`
	URL    string        `json:"url"`
	Focus  *parvis.Focus `json:"focus,omitempty"`
}

type wirePost struct {
	ID         string         `json:"id"`
	Author     wirePerson     `json:"author"`
	Parent     string         `json:"parent,omitempty"`
	Root       string         `json:"root,omitempty"`
	Quote      string         `json:"quote,omitempty"`
	Place      *wirePlace     `json:"place,omitempty"`
	Title      string         `json:"title,omitempty"`
	Text       parvis.Text    `json:"text,omitzero"`
	Link       string         `json:"link,omitempty"`
	Warning    string         `json:"warning,omitempty"`
	Sensitive  bool           `json:"sensitive,omitempty"`
	Lang       string         `json:"lang,omitempty"`
	Tags       []string       `json:"tags,omitempty"`
	Categories []string       `json:"categories,omitempty"`
	Slug       string         `json:"slug,omitempty"`
	Excerpt    string         `json:"excerpt,omitempty"`
	Canonical  string         `json:"canonical,omitempty"`
	Labels     []string       `json:"labels,omitempty"`
	Media      []wireMedia    `json:"media,omitempty"`
	Poll       *publish.Poll  `json:"poll,omitempty"`
	Visibility string         `json:"visibility,omitempty"`
	Status     string         `json:"status"`
	Pinned     bool           `json:"pinned,omitempty"`
	Locked     bool           `json:"locked,omitempty"`
	Reactions  map[string]int `json:"reactions,omitempty"`
	Created    time.Time      `json:"created"`
	Edited     time.Time      `json:"edited,omitzero"`
	At         time.Time      `json:"at,omitzero"`
	URL        string         `json:"url,omitempty"`
}

func (n *Network) wirePerson(p *person) wirePerson {
	return wirePerson{ID: p.id, Handle: p.handle, Name: p.name, Bot: p.bot, Followers: len(p.followers) + p.others, Since: p.since}
}

func (n *Network) wirePlace(id string) *wirePlace {
	if pl := n.place(id); pl != nil {
		return &wirePlace{ID: pl.id, Name: pl.name, Type: pl.typ}
	}
	return nil
}

func (n *Network) wirePost(it *item) *wirePost {
	now := n.opt.Now()
	w := &wirePost{
		ID: it.id, Author: n.wirePerson(it.author), Parent: it.parent, Root: it.root, Quote: it.quote,
		Place: n.wirePlace(it.place), Title: it.title, Text: it.text, Link: it.link, Warning: it.warning, Sensitive: it.sensitive,
		Lang: it.lang, Tags: slices.Clone(it.tags), Categories: slices.Clone(it.categories), Slug: it.slug, Excerpt: it.excerpt,
		Canonical: it.canonical, Labels: it.marks.labels(), Poll: it.poll, Visibility: string(it.visibility), Status: status(it.state),
		Pinned: it.marks.has(mark{"pinned", ""}, now), Locked: it.marks.has(mark{"locked", ""}, now),
		Created: it.created, Edited: it.edited,
	}
	for _, f := range it.media {
		w.Media = append(w.Media, wireMedia{
			ID: f.id, Name: f.media.Name, Type: f.media.Type, Size: f.media.Size, SHA256: f.hash,
			Alt: f.media.Alt, URL: f.media.URL, Focus: f.media.Focus,
		})
	}
	for r := range it.reactions {
		if w.Reactions == nil {
			w.Reactions = map[string]int{}
		}
		w.Reactions[r.what]++
	}
	if it.state == scheduled {
		w.At = it.at
	}
	if it.live() {
		w.URL = n.address(it.id)
	}
	return w
}

// stub is what is left of a post that is gone.
func (w *wirePost) stub() *wirePost {
	return &wirePost{
		ID: w.ID, Author: w.Author, Parent: w.Parent, Root: w.Root, Place: w.Place, Visibility: w.Visibility,
		Status: w.Status, Created: w.Created,
	}
}

// status is the network's word for a state in its moderation.
func status(s state) string {
	if s == visible {
		return "approved"
	}
	return string(s)
}

// refOf is the reference of the thing with the ID, as the account hands it out.
func (a *Account) refOf(id string) parvis.Ref {
	if id == "" {
		return parvis.Ref{}
	}
	return a.ref(kindOf(id), id)
}

// kindOf says what an ID names, or nothing if it is no ID of this network.
func kindOf(id string) parvis.Kind {
	switch id[0] {
	case 'p':
		return parvis.KindPost
	case 'm':
		return parvis.KindMessage
	case 'u':
		return parvis.KindPerson
	case 'c':
		return parvis.KindPlace
	case 'r':
		return parvis.KindReport
	case 'f':
		return parvis.KindMedia
	}
	return ""
}

// event is w as the account hears it.
func (a *Account) event(w wireEvent) listen.Event {
	var kind listen.Kind
	_ = kind.UnmarshalText([]byte(w.Type)) // a type that is not known is no kind, which webhooks refuse
	ev := listen.Event{
		ID: w.ID, Kind: kind, Account: a.Account(), Author: a.heard(w.By), Time: w.Time,
		Reaction: w.Reaction, Raw: marshal(w),
	}
	if w.Seq > 0 {
		ev.Cursor = a.cursor(w.Seq)
	}
	switch {
	case kind == listen.Report:
		ev.Ref, ev.Parent, ev.Text = a.refOf(w.ID), a.refOf(w.On), parvis.Text{Plain: w.Note}
	case kind == listen.Follow:
		ev.Ref = ev.Author.Ref
	case w.Post != nil:
		a.about(&ev, w.Post)
	}
	return ev
}

// about fills in the content that an event is about.
func (a *Account) about(ev *listen.Event, p *wirePost) {
	ev.Ref, ev.Parent, ev.Root = a.refOf(p.ID), a.refOf(p.Parent), a.refOf(p.Root)
	if p.Place != nil {
		ev.Place = parvis.Place{Ref: a.refOf(p.Place.ID), Name: p.Place.Name, Type: p.Place.Type, URL: a.n.address(p.Place.ID)}
	}
	ev.Title, ev.Text, ev.Warning, ev.Lang = p.Title, p.Text, p.Warning, p.Lang
	ev.Visibility, ev.Status, ev.Edited, ev.URL = p.Visibility, p.Status, p.Edited, p.URL
	for _, m := range p.Media {
		ev.Media = append(ev.Media, parvis.Media{Ref: a.refOf(m.ID), Name: m.Name, Type: m.Type, Size: m.Size, Alt: m.Alt, URL: m.URL, Focus: m.Focus})
	}
}

func (a *Account) heard(p wirePerson) parvis.Person {
	if p.ID == "" {
		return parvis.Person{}
	}
	return parvis.Person{
		Ref: a.refOf(p.ID), Handle: p.Handle, Name: p.Name, URL: a.n.address(strings.TrimPrefix(p.Handle, "@")),
		Bot: p.Bot, Followers: p.Followers, Since: p.Since,
	}
}
