package mastodon

import (
	"slices"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/listen"
	"github.com/parvis-go/parvis/providers/mastodon/internal/api"
)

// noticeKinds are what the types of notifications become; see
// https://docs.joinmastodon.org/entities/Notification/#type. A mention is a Reply if it
// answers the account, and a Message if only those mentioned see it.
var noticeKinds = []struct {
	kind listen.Kind
	word string
	only software // empty: all of them
}{
	{listen.Reply | listen.Mention | listen.Message, "mention", unknown},
	{listen.Post, "status", unknown},
	{listen.Reaction, "favourite", unknown},
	{listen.Reaction, "reblog", unknown},
	{listen.Follow, "follow", unknown},
	{listen.Follow, "follow_request", unknown},
	{listen.Edit, "poll", unknown},
	{listen.Edit, "update", mastodon},
	{listen.Edit, "quoted_update", mastodon},
	{listen.Mention, "quote", mastodon},
	{listen.Follow, "admin.sign_up", mastodon},
	{listen.Follow, "admin.sign_up", gotosocial},
	{listen.Report, "admin.report", mastodon},
	{listen.Message, "moderation_warning", mastodon},
	{listen.Reaction, "pleroma:emoji_reaction", pleroma},
	{listen.Reaction, "pleroma:emoji_reaction", akkoma},
}

// typesFor returns the types to ask for, so that the server leaves the others out; nil is
// all. Some servers refuse types that they do not know.
func typesFor(kinds listen.Kind, s *server) []string {
	if kinds == 0 || s.software == unknown || s.software == pixelfed || s.software == friendica {
		return nil
	}
	var types []string
	for _, n := range noticeKinds {
		if n.kind&kinds != 0 && (n.only == unknown || n.only == s.software) {
			types = append(types, n.word)
		}
	}
	return types
}

// notification translates a notification. What has no meaning here, such as that
// relations were severed, is not heard.
func (h *hearing) notification(n *api.Notification) item {
	ev := listen.Event{ID: "notification/" + n.ID, Author: h.c.person(&n.Account), Time: when(n.CreatedAt)}
	if n.Status != nil {
		ev = h.about(ev, n.Status)
	}
	switch n.Type {
	case "mention", "status", "quote":
		if n.Status == nil {
			return item{id: n.ID}
		}
		ev = h.spoken(n)
	case "favourite":
		ev.Kind, ev.Reaction = listen.Reaction, "like"
	case "reblog":
		ev.Kind, ev.Reaction = listen.Reaction, "repost"
	case "pleroma:emoji_reaction":
		ev.Kind, ev.Reaction = listen.Reaction, n.Emoji
	case "follow", "admin.sign_up":
		ev.Kind, ev.Ref = listen.Follow, ev.Author.Ref
	case "follow_request":
		ev.Kind, ev.Ref, ev.Status = listen.Follow, ev.Author.Ref, "held"
	case "update", "quoted_update":
		ev.Kind, ev.ID = listen.Edit, versionID(n.Status, ev.ID)
	case "poll":
		ev.Kind, ev.Author = listen.Edit, parvis.Person{} // that a poll ended is nobody's doing
	case "admin.report":
		ev = h.report(ev, n.Report)
	case "moderation_warning":
		ev.Kind, ev.Author = listen.Message, parvis.Person{}
		if n.Warning != nil {
			ev.Status, ev.Text = n.Warning.Action, parvis.Text{Plain: n.Warning.Text}
		}
	default:
		return item{id: n.ID}
	}
	ev.Account, ev.Raw = h.c.Account(), n.Raw
	return item{id: n.ID, event: ev, heard: true}
}

// spoken is the event of a notification that somebody said something.
func (h *hearing) spoken(n *api.Notification) listen.Event {
	ev := h.said(n.Status)
	switch {
	case n.Type == "quote":
		ev.Kind, ev.Parent = listen.Mention, h.c.ref(parvis.KindPost, quotedID(n.Status))
	case n.Type == "mention" && ev.Kind == listen.Post:
		ev.Kind = listen.Mention // named in a way that the list of mentions does not show
	}
	return ev
}

// report fills in what was reported. The author is who reported it.
func (h *hearing) report(ev listen.Event, r *api.Report) listen.Event {
	ev.Kind = listen.Report
	if r == nil {
		return ev
	}
	ev.ID = "report/" + r.ID
	ev.Ref, ev.Parent = h.c.ref(parvis.KindReport, r.ID), h.c.ref(parvis.KindPerson, r.Target.ID)
	if len(r.StatusIDs) > 0 {
		ev.Parent = h.c.ref(parvis.KindPost, r.StatusIDs[0])
	}
	ev.Text, ev.Title, ev.Status = parvis.Text{Plain: r.Comment}, r.Category, "open"
	if r.ActionTaken {
		ev.Status = "resolved"
	}
	return ev
}

// about fills in the post that an event is about.
func (h *hearing) about(ev listen.Event, st *api.Status) listen.Event {
	ev.Ref, ev.Parent = h.c.ref(parvis.KindPost, st.ID), h.c.ref(parvis.KindPost, st.InReplyToID)
	ev.Text, ev.Warning, ev.Media = words(st), st.SpoilerText, h.c.files(st.Media)
	ev.Lang, ev.Visibility, ev.Edited, ev.URL = st.Language, string(visibility(st.Visibility)), when(st.EditedAt), st.URL
	if ev.URL == "" {
		ev.URL = st.URI
	}
	return ev
}

// said is the event that a post is for the account: an answer to it, a mention of it, a
// message to it, or a post. A repost is a reaction to the post inside it.
func (h *hearing) said(st *api.Status) listen.Event {
	about := st
	if st.Reblog != nil {
		about = st.Reblog
	}
	ev := h.about(listen.Event{
		ID: versionID(st, ""), Account: h.c.Account(), Kind: listen.Post,
		Author: h.c.person(&st.Account), Time: when(st.CreatedAt), Raw: st.Raw,
	}, about)
	named := slices.ContainsFunc(st.Mentions, func(m api.Mention) bool { return m.ID == h.me })
	switch {
	case st.Reblog != nil:
		ev.Kind, ev.Reaction = listen.Reaction, "repost"
	case st.Visibility == "direct":
		ev.Kind = listen.Message
	case st.InReplyToAccountID == h.me && st.Account.ID != h.me:
		ev.Kind = listen.Reply
	case named:
		ev.Kind = listen.Mention
	}
	return ev
}

// versionID names one version of a post; if there is none, otherwise.
func versionID(st *api.Status, otherwise string) string {
	switch {
	case st == nil || st.ID == "":
		return otherwise
	case st.EditedAt != "":
		return "status/" + st.ID + "@" + st.EditedAt
	}
	return "status/" + st.ID
}
