package api

import (
	"context"
	"io"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/httpx"
)

// A Source is a file to send: its type, its exact length in bytes, and how to read it.
type Source struct {
	Mime string
	Size int64
	Open func(ctx context.Context) (io.ReadCloser, error)
}

// UploadBlob sends a file to the PDS and returns the reference for a record. What no
// record refers to is removed after a while. Sending the same content again gives the same.
//
// https://docs.bsky.app/docs/api/com-atproto-repo-upload-blob
func (c *Client) UploadBlob(ctx context.Context, op string, s Source) (Blob, error) {
	var out struct {
		Blob Blob `json:"blob"`
	}
	err := c.Procedure(ctx, Call{
		NSID: "com.atproto.repo.uploadBlob", Op: op, Body: httpx.Raw(s.Mime, s.Size, s.Open), Safe: true,
	}, &out)
	if err == nil && out.Blob.Ref.CID == "" {
		err = &parvis.Error{Op: op, Code: parvis.ErrBadAnswer, Message: "the answer to the upload names no blob"}
	}
	return out.Blob, err
}

// BlobURL returns the address under which the PDS at server gives out a blob.
//
// https://docs.bsky.app/docs/api/com-atproto-sync-get-blob
func BlobURL(server, did, cid string) string {
	if server == "" || did == "" || cid == "" {
		return ""
	}
	return server + "/xrpc/com.atproto.sync.getBlob?did=" + did + "&cid=" + cid
}
