package outbox

import (
	"context"
	"errors"
	"io"

	"github.com/parvis-go/parvis/publish"
)

// MediaStore keeps copies of media.
type MediaStore interface {
	Put(ctx context.Context, sha256 string, r io.Reader) error
	Open(ctx context.Context, sha256 string) (io.ReadCloser, error)
}

var errMedia = errors.New("media")

func (c *Client) keepMedia(_ context.Context, p Plan) (Plan, error) { return p, nil }

func (b *Outbox) openMedia(_ context.Context, d publish.Draft) (publish.Draft, error) { return d, nil }
