package bluesky

import (
	"slices"
	"strings"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/listen"
	"github.com/parvis-go/parvis/providers/bluesky/internal/api"
)

// said is the event that a post is for the account: an answer to it, a mention or a quote
// of it, or a post.
func (h *hearing) said(p *api.PostView) listen.Event {
	ev := h.about(p)
	ev.ID, ev.Kind, ev.Raw = versionID(p.Strong), listen.Post, p.Raw
	switch {
	case p.Author.DID == h.me:
	case authorOf(p.Parent.URI) == h.me:
		ev.Kind = listen.Reply
	case h.named(p):
		ev.Kind = listen.Mention
	}
	return ev
}

// about fills in what a post says, who said it, and when.
func (h *hearing) about(p *api.PostView) listen.Event {
	c := h.c
	ev := listen.Event{
		Ref: c.postRef(p.URI), Parent: c.postRef(p.Parent.URI), Root: c.postRef(p.Root.URI), Author: c.person(p.Author), Text: p.Text,
		Media: c.files(p.Files), Visibility: "public", Time: filed(p.Created, p.Indexed), URL: api.PostURL(p.URI, p.Author.Handle),
	}
	if len(p.Langs) > 0 {
		ev.Lang = p.Langs[0]
	}
	ev.Warning, ev.Status = labels(p.SelfLabels, p.Labels)
	return ev
}

// shared is the event of a post in a feed; if a repost brought it there, a reaction.
func (h *hearing) shared(i *api.FeedItem) listen.Event {
	if !i.Reposted() {
		ev := h.said(&i.Post)
		ev.Raw = i.Raw
		return ev
	}
	ev := h.about(&i.Post)
	ev.Kind, ev.Reaction, ev.Raw = listen.Reaction, "repost", i.Raw
	ev.ID, ev.Author, ev.Time = i.Repost.URI, h.c.person(i.By), i.At
	if ev.ID == "" {
		ev.ID = "repost/" + i.By.DID + "/" + i.Post.URI
	}
	return ev
}

// named reports whether a post mentions the account, or quotes a post of it.
func (h *hearing) named(p *api.PostView) bool {
	if authorOf(p.Quote.URI) == h.me {
		return true
	}
	me := api.ProfileURL(h.me)
	return slices.ContainsFunc(p.Text.Entities, func(e parvis.Entity) bool { return e.Kind == parvis.EntityMention && e.URL == me })
}

// versionID names one version of a record.
func versionID(s api.Strong) string { return s.URI + "#" + s.CID }

// authorOf returns the DID in the address of a record, "" if it is none.
func authorOf(uri string) string {
	rest, ok := strings.CutPrefix(uri, "at://")
	did, _, _ := strings.Cut(rest, "/")
	if !ok {
		return ""
	}
	return did
}

// filed is the time under which the app view files a record: the author's own, but no
// later than when it was indexed. A time that is missing or absurd does not count.
func filed(created, indexed time.Time) time.Time {
	if created.IsZero() || created.Unix() < 0 || !indexed.IsZero() && created.After(indexed) {
		return indexed
	}
	return created
}

// standing are the labels that say what the network's moderation makes of something,
// rather than warn of its content.
//
// https://docs.bsky.app/docs/advanced-guides/moderation#global-label-values
var standing = map[string]string{"!takedown": "taken down", "!hide": "hidden", "!warn": "warned", "spam": "spam"}

// labels returns the content warning and the state that labels make: those of the author,
// and of the labelers that the account's PDS asks for.
func labels(self []string, others []api.Label) (warning, status string) {
	words := slices.Clone(self)
	for _, l := range others {
		if !l.Neg && !slices.Contains(words, l.Val) {
			words = append(words, l.Val)
		}
	}
	words = slices.DeleteFunc(words, func(word string) bool {
		state := standing[word]
		if status == "" {
			status = state
		}
		return state != "" || word == "" || word[0] == '!'
	})
	return strings.Join(words, ", "), status
}
