package api

import (
	"context"
	"net/http"
	"net/url"

	"github.com/parvis-go/parvis/internal/httpx"
)

// Upload sends a file and reports whether it has been processed already; see
// https://docs.joinmastodon.org/methods/media/#v2. Version is 2, or 1 on servers that have
// no other. A file that no status takes up is forgotten, so that sending it again is safe.
func (c *Client) Upload(ctx context.Context, version int, fields url.Values, f httpx.File) (Media, bool, error) {
	route := "/api/v2/media"
	if version == 1 {
		route = "/api/v1/media"
	}
	r := at("POST", route, "")
	r.Body, r.Safe = httpx.Multipart(fields, f), true
	return c.file(ctx, r)
}

// MediaState reads an uploaded file and reports whether it has been processed; see
// https://docs.joinmastodon.org/methods/media/#get.
func (c *Client) MediaState(ctx context.Context, id string) (Media, bool, error) {
	return c.file(ctx, at("GET", "/api/v1/media/:id", id))
}

func (c *Client) file(ctx context.Context, r httpx.Request) (Media, bool, error) {
	answer, err := c.http.JSON(ctx, r, nil)
	if err != nil {
		return Media{}, false, err
	}
	ready := answer.Status != http.StatusAccepted && answer.Status != http.StatusPartialContent
	m, err := decodeMedia(answer.Body)
	if err == nil && m.ID == "" && ready {
		err = errNoID
	}
	if err != nil && (ready || len(answer.Body) > 0) {
		return Media{}, false, unreadable(r, answer.Status, err)
	}
	return m, ready, nil
}

// decodeMedia reads one file.
func decodeMedia(b []byte) (Media, error) {
	d := newScanner(b)
	var m Media
	d.object(func(d *scanner, key string) { d.mediaField(&m, key) })
	return m, d.end()
}
