package bluesky

import (
	"encoding/json"
	"slices"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/listen"
	"github.com/parvis-go/parvis/providers/bluesky/internal/api"
)

// reasons are what the reasons for notifications become. What is not among them is a
// reaction with the reason as its word.
//
// https://docs.bsky.app/docs/api/app-bsky-notification-list-notifications
var reasons = map[string]struct {
	kind listen.Kind
	word string // of a reaction
}{
	api.ReasonReply:         {listen.Reply, ""},
	api.ReasonMention:       {listen.Mention, ""},
	api.ReasonQuote:         {listen.Mention, ""},
	api.ReasonSubscribed:    {listen.Post, ""},
	api.ReasonLike:          {listen.Reaction, "like"},
	api.ReasonLikeViaRepost: {listen.Reaction, "like"},
	api.ReasonRepost:        {listen.Reaction, "repost"},
	api.ReasonRepostVia:     {listen.Reaction, "repost"},
	api.ReasonFollow:        {listen.Follow, ""},
	api.ReasonStarterPack:   {listen.Follow, ""},
}

// noticeKinds are those that notifications have.
const noticeKinds = listen.Post | listen.Reply | listen.Mention | listen.Reaction | listen.Follow

// reasonsFor returns the reasons to ask for, so that the server leaves the others out;
// nil is all. Reactions take all, since their reasons are open.
func reasonsFor(kinds listen.Kind) []string {
	if kinds == 0 || kinds.Has(noticeKinds) || kinds&listen.Reaction != 0 {
		return nil
	}
	var out []string
	for reason, r := range reasons {
		if kinds&r.kind != 0 {
			out = append(out, reason)
		}
	}
	slices.Sort(out)
	return out
}

// notice reads a notification.
func (h *hearing) notice(raw json.RawMessage) (item, error) {
	n, err := api.DecodeNotification(raw)
	if err != nil {
		return item{}, err
	}
	ev, err := h.notified(&n)
	if err != nil {
		return item{}, err
	}
	ev.Raw = raw
	return item{key: n.Indexed.UnixMilli(), id: ev.ID, event: ev, heard: true}, nil
}

// notified is the event of a notification.
func (h *hearing) notified(n *api.Notification) (listen.Event, error) {
	r, ok := reasons[n.Reason]
	if !ok {
		r.kind, r.word = listen.Reaction, n.Reason
	}
	switch r.kind {
	case listen.Reaction:
		return h.reaction(n, r.word), nil
	case listen.Follow:
		ev := h.done(n)
		ev.Kind, ev.Ref = listen.Follow, ev.Author.Ref
		return ev, nil
	}
	p, err := api.DecodeRecord(api.Record{Strong: n.Strong, Value: n.Record})
	if err != nil {
		return listen.Event{}, err
	}
	p.Author, p.Indexed, p.Labels = n.Author, n.Indexed, n.Labels
	ev := h.about(&p)
	ev.ID, ev.Kind, ev.Time = versionID(n.Strong), r.kind, n.Indexed
	return ev, nil
}

// done is what all events have that are no posts.
func (h *hearing) done(n *api.Notification) listen.Event {
	author := h.c.person(n.Author)
	return listen.Event{ID: n.URI, Author: author, Time: n.Indexed, URL: author.URL}
}

// reaction is the event of a like, a repost, or something that later versions of the
// network have brought. It is about the post that its record names, or of which the network
// says so; about nobody's post, it is about its author.
func (h *hearing) reaction(n *api.Notification, word string) listen.Event {
	ev := h.done(n)
	ev.Kind, ev.Reaction = listen.Reaction, word
	if n.Reason != word {
		ev.ID += "#" + n.Reason // one like may come both ways
	}
	for _, uri := range [...]string{n.Subject(), n.About} {
		at, err := api.ParseURI(uri)
		if err == nil && at.Collection == api.Posts && ev.Ref.IsZero() {
			ev.Ref, ev.URL = h.c.postRef(uri), api.PostURL(uri, "")
		}
	}
	if ev.Ref.IsZero() {
		ev.Ref = h.c.ref(parvis.KindPerson, n.Author.DID)
	}
	if _, known := reasons[n.Reason]; !known {
		ev.ID = n.URI + "#" + n.Reason
	}
	return ev
}
