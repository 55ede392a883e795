package bluesky

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers/bluesky/internal/api"
	"github.com/parvis-go/parvis/publish"
)

// React likes or reposts a post, which is a public record of the account, or bookmarks it
// for the account alone. Doing so twice is no error.
func (c *Client) React(ctx context.Context, post parvis.Ref, r publish.Reaction) error {
	return c.react(ctx, post, r, true)
}

// Unreact takes that back.
func (c *Client) Unreact(ctx context.Context, post parvis.Ref, r publish.Reaction) error {
	return c.react(ctx, post, r, false)
}

func (c *Client) react(ctx context.Context, post parvis.Ref, r publish.Reaction, on bool) error {
	op := "react"
	if !on {
		op = "unreact"
	}
	collection := map[publish.Reaction]string{publish.Like: api.Likes, publish.Repost: api.Reposts}[r]
	if collection == "" && r != publish.Bookmark {
		return parvis.Unsupported(c.Account(), op, "the network has no reaction "+string(r))
	}
	v, err := c.find(ctx, op, post)
	if errors.Is(err, parvis.ErrNotFound) {
		v, err = c.early(ctx, op, post, err)
	}
	if err != nil {
		return notSent(err)
	}
	if r == publish.Bookmark {
		return c.api.Bookmark(ctx, op, c.cfg.AppView, v.Strong, on)
	}
	records, err := c.reactions(ctx, collection, v)
	if err != nil {
		return notSent(err)
	}
	if on {
		return c.mark(ctx, records, v.Strong)
	}
	for _, at := range records {
		if err := c.api.Delete(ctx, op, at); err != nil {
			return err
		}
	}
	return nil
}

// early looks for somebody else's post that the app view does not show yet. The account's
// own have been looked for already.
func (c *Client) early(ctx context.Context, op string, post parvis.Ref, missing error) (api.PostView, error) {
	at, err := postAt(post)
	if err != nil || c.own(at) {
		return api.PostView{}, missing
	}
	return c.kept(ctx, op, at)
}

// reactions returns where the account's like or repost of v may be: first where this
// client puts it, then where the app view has seen it.
func (c *Client) reactions(ctx context.Context, collection string, v api.PostView) ([]api.URI, error) {
	did, err := c.did(ctx)
	if err != nil {
		return nil, err
	}
	all := []api.URI{{Authority: did, Collection: collection, RKey: api.KeyTID(did, collection+" "+v.URI)}}
	seen := v.Viewer.Like
	if collection == api.Reposts {
		seen = v.Viewer.Repost
	}
	if at, err := api.ParseURI(seen); err == nil && at.Authority == did && at.Collection == collection && !slices.Contains(all, at) {
		all = append(all, at)
	}
	return all, nil
}

// mark writes the record, unless the repository has one of those that it may be.
func (c *Client) mark(ctx context.Context, records []api.URI, post api.Strong) error {
	for _, at := range records {
		if _, err := c.api.Get(ctx, "react", at); !errors.Is(err, parvis.ErrNotFound) {
			return notSent(err)
		}
	}
	at := records[0]
	_, err := c.api.Create(ctx, "react", at, api.Subject{Type: at.Collection, Subject: post, CreatedAt: api.FormatTime(time.Now())})
	if errors.Is(err, parvis.ErrUnknownOutcome) {
		if _, look := c.api.Get(ctx, "react", at); look == nil {
			return nil
		}
	}
	return err
}
