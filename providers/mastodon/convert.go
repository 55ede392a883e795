package mastodon

import (
	"path"
	"strings"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/text"
	"github.com/parvis-go/parvis/providers/mastodon/internal/api"
	"github.com/parvis-go/parvis/publish"
)

// ref names a thing on this server.
func (c *Client) ref(kind parvis.Kind, id string) parvis.Ref {
	if id == "" {
		return parvis.Ref{}
	}
	return parvis.Ref{Client: c.cfg.Client, Network: Network, Host: c.host, Kind: kind, ID: id}
}

// idOf returns the ID of a thing of one of the kinds.
func idOf(r parvis.Ref, kinds ...parvis.Kind) (string, error) {
	for _, k := range kinds {
		if r.Kind == k && r.ID != "" {
			return r.ID, nil
		}
	}
	return "", &parvis.Error{
		Code: parvis.ErrInvalid, Message: "the reference " + r.String() + " is not to a " + string(kinds[0]),
		Help: "pass a reference that this account gave out",
	}
}

// scheduledPrefix marks the IDs of posts that wait, which the server numbers by themselves.
const scheduledPrefix = "scheduled/"

// postID returns the ID of a post or message, and whether it is one that waits.
func postID(r parvis.Ref) (id string, scheduled bool, err error) {
	id, err = idOf(r, parvis.KindPost, parvis.KindMessage, parvis.KindComment)
	if err != nil {
		return "", false, err
	}
	id, scheduled = strings.CutPrefix(id, scheduledPrefix)
	return id, scheduled, nil
}

// liveID is postID for what waiting posts cannot do.
func liveID(r parvis.Ref) (string, error) {
	id, scheduled, err := postID(r)
	if err == nil && scheduled {
		err = &parvis.Error{Code: parvis.ErrConflict, Message: "the post is not out yet", Help: "wait until it is, or unschedule it"}
	}
	return id, err
}

// when reads a time as servers write it: RFC 3339, or a date alone. Anything else is zero.
func when(s string) time.Time {
	if len(s) < len(time.DateOnly) {
		return time.Time{}
	}
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t
	}
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return time.Time{}
	}
	return t
}

func (c *Client) person(a *api.Account) parvis.Person {
	return parvis.Person{
		Ref: c.ref(parvis.KindPerson, a.ID), Handle: a.Acct, Name: a.DisplayName, URL: a.URL,
		Avatar: a.Avatar, Bot: a.Bot, Followers: a.FollowersCount, Since: when(a.CreatedAt),
	}
}

// words returns what a status says. Mentions get the handle that the server knows them by.
func words(st *api.Status) parvis.Text {
	if st.Content == "" {
		return parvis.Text{}
	}
	t := text.FromHTML(st.Content)
	for i := range t.Entities {
		e := &t.Entities[i]
		if e.Kind != parvis.EntityMention {
			continue
		}
		for j := range st.Mentions {
			if m := &st.Mentions[j]; m.URL == e.URL && m.Acct != "" {
				e.Value = m.Acct
			}
		}
	}
	return t
}

// mimes are the types of the files that servers keep, by the ending of their address:
// they tell a class only, "image" or "gifv"; see https://docs.joinmastodon.org/entities/MediaAttachment/#type.
var mimes = map[string]string{
	".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png", ".gif": "image/gif", ".webp": "image/webp",
	".avif": "image/avif", ".mp4": "video/mp4", ".webm": "video/webm", ".mov": "video/quicktime", ".mp3": "audio/mpeg", ".ogg": "audio/ogg",
	".m4a": "audio/mp4", ".flac": "audio/flac", ".wav": "audio/wav",
}

func (c *Client) files(all []api.Media) []parvis.Media {
	if len(all) == 0 {
		return nil
	}
	out := make([]parvis.Media, len(all))
	for i := range all {
		m := &all[i]
		url := m.URL
		if url == "" {
			url = m.RemoteURL
		}
		out[i] = parvis.Media{Ref: c.ref(parvis.KindMedia, m.ID), Type: mimes[path.Ext(url)], Alt: m.Description, URL: url, Preview: m.PreviewURL}
		if f := m.Meta.Focus; f != nil {
			out[i].Focus = &parvis.Focus{X: f.X, Y: f.Y}
		}
	}
	return out
}

// visibility translates a server's word; see https://docs.joinmastodon.org/entities/Status/#visibility.
// "local" and the like, which only some servers have, stay as they are.
func visibility(word string) publish.Visibility {
	switch word {
	case "private", "mutuals_only":
		return publish.Followers
	case "direct":
		return publish.Direct
	}
	return publish.Visibility(word)
}

// visibilityWord is the way back.
func visibilityWord(v publish.Visibility) string {
	if v == publish.Followers {
		return "private"
	}
	return string(v)
}

// post returns a status that is out.
func (c *Client) post(st *api.Status) publish.Post {
	p := publish.Post{
		Ref: c.ref(parvis.KindPost, st.ID), URL: st.URL, State: publish.Published, Author: c.person(&st.Account),
		Text: words(st), Media: c.files(st.Media), ReplyTo: c.ref(parvis.KindPost, st.InReplyToID),
		Visibility: visibility(st.Visibility), Lang: st.Language, Warning: st.SpoilerText, Created: when(st.CreatedAt), Edited: when(st.EditedAt), Raw: st.Raw,
	}
	if p.URL == "" {
		p.URL = st.URI
	}
	return p
}

// waiting returns a status that the server holds until its time.
func (c *Client) waiting(s api.Whole[api.Scheduled]) publish.Post {
	v := s.Value
	return publish.Post{
		Ref: c.ref(parvis.KindPost, scheduledPrefix+v.ID), State: publish.Scheduled, Text: parvis.Text{Plain: v.Params.Text},
		Media: c.files(v.Media), ReplyTo: c.ref(parvis.KindPost, string(v.Params.InReplyToID)), Visibility: visibility(v.Params.Visibility),
		Lang: v.Params.Language, At: when(v.ScheduledAt), Raw: s.Raw,
	}
}
