package bluesky

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers/bluesky/internal/api"
	"github.com/parvis-go/parvis/publish"
)

// The limits of files; the servers check them when the post is made.
//
// https://github.com/bluesky-social/atproto/tree/main/lexicons/app/bsky/embed
const (
	maxImages     = 4
	maxImageBytes = 2_000_000
	maxVideoBytes = 300_000_000
	maxThumbBytes = 1_000_000
	// maxAlt is the limit of the network's own app; the servers have none.
	//
	// https://github.com/bluesky-social/social-app/blob/main/src/lib/constants.ts
	maxAlt = 2000
)

// imageTypes are those that the app view shows.
var imageTypes = []string{"image/jpeg", "image/png", "image/webp", "image/gif"}

// embed builds what a post shows beside its text: files or a card, and a quoted post
// beside either.
func (c *Client) embed(ctx context.Context, d publish.Draft) (any, []publish.Warning, error) {
	var quote *api.Quote
	if !d.Quote.IsZero() {
		q, err := c.quote(ctx, d.Quote)
		if err != nil {
			return nil, nil, err
		}
		quote = q
	}
	beside, warnings, err := c.attached(ctx, d)
	switch {
	case err != nil:
		return nil, nil, err
	case quote != nil && beside != nil:
		return api.QuoteWithMedia{Type: api.EmbedBoth, Record: *quote, Media: beside}, warnings, nil
	case quote != nil:
		return *quote, warnings, nil
	}
	return beside, warnings, nil
}

// quote returns the embed of a quoted post.
func (c *Client) quote(ctx context.Context, ref parvis.Ref) (*api.Quote, error) {
	v, err := c.target(ctx, ref)
	if err != nil {
		return nil, err
	}
	if v.Viewer.NoQuote {
		return nil, &parvis.Error{
			Code: parvis.ErrPermission, Message: "the author does not let the post be quoted", Help: "answer it, or link to it, instead",
		}
	}
	return &api.Quote{Type: api.EmbedRecord, Record: v.Strong}, nil
}

// attached sends the files or the card of a draft, and returns their embed; nil is none.
func (c *Client) attached(ctx context.Context, d publish.Draft) (any, []publish.Warning, error) {
	switch {
	case d.Link != "":
		return c.card(ctx, d.Link)
	case len(d.Media) == 0:
		return nil, nil, nil
	}
	kinds := make([]string, len(d.Media))
	for i, m := range d.Media {
		info, err := publish.Inspect(ctx, m)
		if err != nil {
			return nil, nil, err
		}
		kinds[i] = info.Type
	}
	if strings.HasPrefix(kinds[0], "video/") {
		if len(kinds) > 1 {
			return nil, nil, &parvis.Error{Code: parvis.ErrInvalid, Message: "a video goes alone", Help: "leave the other files out"}
		}
		v, err := c.uploadVideo(ctx, d.Media[0], kinds[0], publish.MediaStage(d, 0))
		return v, nil, err
	}
	if len(kinds) > maxImages {
		return nil, nil, &parvis.Error{Code: parvis.ErrInvalid, Message: "there are more pictures than the 4 that a post takes", Help: "leave some out"}
	}
	e := api.Images{Type: api.EmbedImages}
	for _, kind := range kinds {
		if !slices.Contains(imageTypes, kind) {
			return nil, nil, &parvis.Error{Code: parvis.ErrInvalid, Message: "the network takes no " + kind + " beside or as a picture", Help: "send JPEG, PNG, WebP or GIF"}
		}
	}
	for i, m := range d.Media {
		img, err := c.uploadImage(ctx, m, kinds[i], publish.MediaStage(d, i))
		if err != nil {
			return nil, nil, err
		}
		e.Images = append(e.Images, img)
	}
	return e, nil, nil
}

// uploadImage returns a picture as posts have it: the one that an earlier attempt has sent
// and kept under name, or a new one.
func (c *Client) uploadImage(ctx context.Context, m parvis.Media, kind, name string) (api.Image, error) {
	if !m.Ref.IsZero() {
		blob, err := blobOf(m)
		return api.Image{Image: blob, Alt: m.Alt}, err
	}
	img, err := publish.Staged(ctx, name, func(ctx context.Context) (api.Image, error) { return c.sendImage(ctx, m, kind) })
	img.Alt = m.Alt
	return img, err
}

// dropMedia forgets the files of d that earlier attempts have sent.
func dropMedia(ctx context.Context, d publish.Draft) error {
	for i := range d.Media {
		name := publish.MediaStage(d, i)
		if err := publish.DropStage(ctx, name); err != nil {
			return err
		}
		if err := publish.DropStage(ctx, jobStage(name)); err != nil {
			return err
		}
	}
	return nil
}

// blobGone reports whether err says that the server has a file no more: it removes what
// no record refers to after a while.
//
// https://docs.bsky.app/docs/api/com-atproto-repo-upload-blob
func blobGone(err error) bool {
	switch api.Name(err) {
	case "BlobNotFound":
		return true
	case "InvalidRequest":
		e, _ := errors.AsType[*parvis.Error](err)
		return strings.Contains(strings.ToLower(e.Vendor), "could not find blob")
	}
	return false
}

// sendImage sends a picture without its metadata. It is read twice: the first time to
// learn how long it will be, so that nothing of it has to be held.
func (c *Client) sendImage(ctx context.Context, m parvis.Media, kind string) (api.Image, error) {
	var img api.Image
	pic, err := inspect(ctx, m, kind)
	if err != nil {
		return img, err
	}
	if pic.size > maxImageBytes {
		return img, &parvis.Error{Code: parvis.ErrInvalid, Message: "the picture has more than the 2,000,000 bytes that the network takes", Help: "make it smaller"}
	}
	if pic.width > 0 && pic.height > 0 {
		img.Aspect = &api.Aspect{Width: pic.width, Height: pic.height}
	}
	tracked := publish.Tracked(ctx, c.Account(), m)
	img.Image, err = c.api.UploadBlob(ctx, "publish", api.Source{Mime: kind, Size: pic.size, Open: func(ctx context.Context) (io.ReadCloser, error) {
		rc, err := tracked.Open(ctx)
		if err != nil {
			return nil, err
		}
		return cleaned{newCleaner(rc, kind, pic.size), rc}, nil
	}})
	return img, err
}

// cleaned is a file that is read through a cleaner.
type cleaned struct {
	io.Reader
	io.Closer
}

// inspect reads a picture once, to its end.
func inspect(ctx context.Context, m parvis.Media, kind string) (picture, error) {
	rc, err := m.Open(ctx)
	if err != nil {
		return picture{}, err
	}
	defer rc.Close()
	pic, err := measure(rc, kind)
	if errors.Is(err, errImage) {
		return pic, &parvis.Error{Code: parvis.ErrInvalid, Message: "media " + m.Name + " is no " + kind, Help: "send the picture in another format", Err: err}
	}
	if err != nil {
		return pic, &parvis.Error{Code: parvis.ErrInvalid, Message: "media " + m.Name + " cannot be read", Err: err}
	}
	return pic, nil
}

// blobOf returns the reference to a file that the account has posted before.
func blobOf(m parvis.Media) (api.Blob, error) {
	if m.Ref.Kind != parvis.KindMedia || m.Type == "" || m.Size <= 0 {
		return api.Blob{}, &parvis.Error{
			Code: parvis.ErrInvalid, Message: "the reference is not to a file of a post, or its type and size are not known",
			Help: "pass the media as Get returned it",
		}
	}
	return api.NewBlob(m.Ref.ID, m.Type, m.Size), nil
}
