package bluesky

import (
	"bytes"
	"context"
	"io"
	"net/url"
	"slices"
	"strings"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers/bluesky/internal/api"
	"github.com/parvis-go/parvis/providers/bluesky/internal/card"
	"github.com/parvis-go/parvis/publish"
)

// pages is the CardFetcher for who has none.
type pages struct{ fetch *card.Fetcher }

func (p pages) Fetch(ctx context.Context, address string) (Card, error) {
	page, err := p.fetch.Fetch(ctx, address)
	if err != nil {
		return Card{}, err
	}
	return Card{URL: address, Title: page.Title, Description: page.Description, Image: page.Image, ImageType: page.ImageType}, nil
}

// cards returns what fetches pages.
func (c *Client) cards() CardFetcher {
	if c.cfg.Cards != nil {
		return c.cfg.Cards
	}
	return pages{&card.Fetcher{UserAgent: c.opt.UserAgent}}
}

// card builds the card of a link. The network builds none by itself. A page that cannot be
// read gets one with its address as the title, and a picture that cannot be had is left
// out: no post fails because of a page.
func (c *Client) card(ctx context.Context, link string) (any, []publish.Warning, error) {
	u := webAddress(link)
	if u == nil {
		return nil, nil, &parvis.Error{Code: parvis.ErrInvalid, Message: "the link is not an http or https address"}
	}
	var warnings []publish.Warning
	warn := func(text string) { warnings = append(warnings, publish.Warning{Field: "link", Text: text}) }
	out := api.Card{URI: u.String(), Title: strings.TrimSuffix(u.Host+u.Path, "/")}
	page, err := c.cards().Fetch(ctx, link)
	switch {
	case ctx.Err() != nil:
		return nil, nil, &parvis.Error{Code: parvis.ErrUnavailable, Message: "given up while reading the linked page", Err: ctx.Err()}
	case err != nil:
		warn("the card shows the address alone: " + err.Error())
	case page.Title != "":
		out.Title = strings.ToValidUTF8(page.Title, "\uFFFD")
	}
	out.Description = strings.ToValidUTF8(page.Description, "\uFFFD")
	if err == nil && len(page.Image) > 0 {
		blob, err := c.thumb(ctx, page)
		if ctx.Err() != nil {
			return nil, nil, err
		}
		if err != nil {
			warn("the card has no picture: " + err.Error())
		} else {
			out.Thumb = &blob
		}
	}
	return api.External{Type: api.EmbedExternal, External: out}, warnings, nil
}

// webAddress reads an address of the web; nil is any other. Its String is the form in
// which records have it.
func webAddress(link string) *url.URL {
	u, err := url.Parse(link)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil
	}
	return u
}

// thumb sends the picture of a card, without its metadata.
func (c *Client) thumb(ctx context.Context, page Card) (api.Blob, error) {
	if !slices.Contains(imageTypes, page.ImageType) {
		return api.Blob{}, &parvis.Error{Code: parvis.ErrInvalid, Message: "the network shows no " + page.ImageType}
	}
	pic, err := measure(bytes.NewReader(page.Image), page.ImageType)
	if err != nil {
		return api.Blob{}, err
	}
	if pic.size > maxThumbBytes {
		return api.Blob{}, &parvis.Error{Code: parvis.ErrInvalid, Message: "it has more than a million bytes"}
	}
	return c.api.UploadBlob(ctx, "publish", api.Source{Mime: page.ImageType, Size: pic.size, Open: func(context.Context) (io.ReadCloser, error) {
		return io.NopCloser(newCleaner(bytes.NewReader(page.Image), page.ImageType, pic.size)), nil
	}})
}
