package wordpress

import (
	"encoding/json"
	"strings"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/text"
	"github.com/parvis-go/parvis/providers/wordpress/internal/api"
	"github.com/parvis-go/parvis/publish"
)

// WordPress's words for the status of posts.
//
// https://wordpress.org/documentation/article/post-status/
const (
	statusPublish = "publish"
	statusFuture  = "future"
	statusPending = "pending"
	statusPrivate = "private"
	statusDraft   = "draft"
	statusTrash   = "trash"
)

// stateOf maps the status of a post.
func stateOf(status string) publish.State {
	switch status {
	case statusPublish, statusPrivate:
		return publish.Published
	case statusFuture:
		return publish.Scheduled
	case statusTrash:
		return publish.Rejected
	}
	return publish.Held // pending, draft, and what plugins add
}

// markupOf returns the HTML to show of a text. The stored form is truer, if it is HTML
// already; texts of the classic editor become HTML only when they are shown (wpautop).
func markupOf(r api.Rendered) string {
	s := r.Rendered
	if strings.Contains(r.Raw, "<p") || strings.Contains(r.Raw, "<!-- wp:") {
		s = r.Raw
	}
	s, _ = cutMark(s)
	return strings.TrimSpace(s)
}

// textOf returns a text with its files taken out.
func (c *Client) textOf(r api.Rendered) (parvis.Text, []parvis.Media) {
	markup := markupOf(r)
	words, files := c.takeFigures(markup)
	t := text.FromHTML(words)
	t.Markup, t.Format = markup, parvis.HTML
	return t, files
}

// plain returns a title or name as people read it.
func plain(r api.Rendered) string {
	if r.Raw != "" && !strings.ContainsAny(r.Raw, "<&") {
		return r.Raw
	}
	return text.FromHTML(r.Rendered).Plain
}

// post returns what the site has as a post of the SDK.
func (c *Client) post(p api.Post, raw json.RawMessage) publish.Post {
	body, files := c.textOf(p.Content)
	out := publish.Post{
		Ref: c.postRef(p.ID, p.Type), URL: p.Link, State: stateOf(p.Status), Title: plain(p.Title), Text: body,
		Author: c.authorOf(p), Media: files, Visibility: publish.Public,
		Created: p.Date.Time, Edited: p.Modified.Time, Raw: raw,
	}
	if p.Status == statusPrivate {
		out.Visibility = publish.Private
	}
	if p.Type == "page" {
		out.Place = c.pagesPlace()
	}
	if p.Status == statusFuture {
		out.At, out.Created, out.Edited = p.Date.Time, out.Created.UTC(), out.Edited.UTC()
	}
	if !out.Edited.After(out.Created) {
		out.Edited = out.Created
	}
	return out
}

// authorOf returns the author of a post, with the name if the answer has it or it is the
// account itself.
func (c *Client) authorOf(p api.Post) parvis.Person {
	for _, u := range p.Embedded.Author {
		if u.ID == p.Author && u.ID != 0 {
			return c.personOf(u)
		}
	}
	if me, ok := c.last.Peek(); ok && me.ID == p.Author {
		return c.personOf(me)
	}
	return parvis.Person{Ref: c.personRef(p.Author), Followers: -1}
}

// WordPress's words for the status of comments.
//
// https://developer.wordpress.org/reference/functions/wp_set_comment_status/
const (
	commentApproved    = "approved"
	commentHold        = "hold"
	commentSpam        = "spam"
	commentTrash       = "trash"
	commentPostTrashed = "post-trashed" // its post is in the trash
)

// answer returns a comment as a post of the SDK.
func (c *Client) answer(m api.Comment, raw json.RawMessage) publish.Post {
	out := publish.Post{
		Ref: c.commentRef(m.ID), URL: m.Link, State: publish.Published, Author: c.speaker(m), Text: commentText(m),
		ReplyTo: c.parentOf(m), Visibility: publish.Public, Created: m.Date.Time, Raw: raw,
	}
	switch m.Status {
	case commentApproved:
	case commentSpam, commentTrash, commentPostTrashed:
		out.State = publish.Rejected
	default:
		out.State = publish.Held
	}
	return out
}

func commentText(m api.Comment) parvis.Text {
	s, _ := cutMark(m.Content.Rendered)
	t := text.FromHTML(strings.TrimSpace(s))
	t.Format = parvis.HTML
	return t
}

// parentOf is what a comment answers: another comment, or the post.
func (c *Client) parentOf(m api.Comment) parvis.Ref {
	if m.Parent != 0 {
		return c.commentRef(m.Parent)
	}
	return c.postRef(m.Post, m.PostType())
}

// speaker is the author of a comment, who need not have an account.
func (c *Client) speaker(m api.Comment) parvis.Person {
	p := parvis.Person{
		Ref: c.personRef(m.Author), Name: text.FromHTML(m.AuthorName).Plain, URL: m.AuthorURL,
		Avatar: m.Avatars["96"], Followers: -1,
	}
	if me, ok := c.last.Peek(); ok && me.ID == m.Author {
		p.Handle = me.Slug
	}
	return p
}
