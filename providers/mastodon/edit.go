package mastodon

import (
	"context"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers/mastodon/internal/api"
	"github.com/parvis-go/parvis/publish"
)

// Edit replaces text, warning, language, files and poll by those of d: what d does not
// have is taken away. Files that are to stay are those of the post, as Get returned them,
// with the alternative texts that they are to have. See
// https://docs.joinmastodon.org/methods/statuses/#edit.
//
// What a post answers and quotes, who may see it, and its time cannot be changed; a d
// that wants it gives [parvis.ErrUnsupported]. Changing the choices of a poll resets its votes.
func (c *Client) Edit(ctx context.Context, post parvis.Ref, d publish.Draft) (publish.Post, error) {
	id, err := liveID(post)
	if err != nil {
		return publish.Post{}, err
	}
	s, err := c.info(ctx)
	if err != nil {
		return publish.Post{}, notSent(err)
	}
	if !s.edit {
		return publish.Post{}, parvis.Unsupported(c.Account(), "edit", "this server cannot edit posts")
	}
	if err := c.fixed(ctx, id, d); err != nil {
		return publish.Post{}, notSent(err)
	}
	form := api.EditForm{SpoilerText: d.Warning, Sensitive: d.Sensitive, Language: d.Lang, Poll: poll(d.Poll)}
	if form.Status, form.ContentType, err = body(s, d); err != nil {
		return publish.Post{}, err
	}
	sent, err := c.upload(ctx, d)
	if err != nil {
		return publish.Post{}, notSent(err)
	}
	form.MediaIDs = sent.ids
	form.MediaAttributes = attributes(d.Media)
	st, err := c.api.Edit(ctx, id, form)
	if err != nil {
		return publish.Post{}, err
	}
	return c.post(&st), nil
}

// attributes returns the texts and points of those files that the post has already.
func attributes(all []parvis.Media) []api.MediaAttribute {
	var out []api.MediaAttribute
	for _, m := range all {
		if m.Ref.IsZero() {
			continue
		}
		a := api.MediaAttribute{ID: m.Ref.ID, Description: m.Alt}
		if m.Focus != nil {
			a.Focus = focus(m.Focus)
		}
		out = append(out, a)
	}
	return out
}

// fixed refuses a draft that would change what cannot be changed.
func (c *Client) fixed(ctx context.Context, id string, d publish.Draft) error {
	if !d.At.IsZero() {
		return c.cannotChange("the time")
	}
	if d.ReplyTo.IsZero() && d.Quote.IsZero() && d.Visibility == "" {
		return nil
	}
	now, err := c.api.Status(ctx, id)
	if err != nil {
		return err
	}
	switch {
	case !d.ReplyTo.IsZero() && d.ReplyTo.ID != now.InReplyToID:
		return c.cannotChange("what the post answers")
	case !d.Quote.IsZero() && d.Quote.ID != quotedID(&now):
		return c.cannotChange("what the post quotes")
	case d.Visibility != "" && d.Visibility != visibility(now.Visibility):
		return c.cannotChange("who may see the post")
	}
	return nil
}

func (c *Client) cannotChange(what string) error {
	return parvis.Unsupported(c.Account(), "edit", what+" cannot be changed after publication")
}

// quotedID returns the ID of what st quotes.
func quotedID(st *api.Status) string {
	switch {
	case st.Quote == nil:
		return ""
	case st.Quote.QuotedStatus != nil:
		return st.Quote.QuotedStatus.ID
	}
	return st.Quote.QuotedStatusID
}
