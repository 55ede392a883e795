package api

import (
	"context"
	"encoding/json"
	"net/url"
)

// A Strong is a strong reference: a record in one version.
//
// https://github.com/bluesky-social/atproto/blob/main/lexicons/com/atproto/repo/strongRef.json
type Strong struct {
	URI string `json:"uri"`
	CID string `json:"cid"`
}

// A Record is a record as a repository keeps it.
type Record struct {
	Strong
	Value json.RawMessage `json:"value"`
}

// Create writes a new record into the account's repository. An empty rkey lets the server
// choose one. A record that is there under the rkey makes the server answer with an
// error, of which it is not known what it means: read it back.
//
// https://docs.bsky.app/docs/api/com-atproto-repo-create-record
func (c *Client) Create(ctx context.Context, op string, at URI, record any) (Strong, error) {
	in := map[string]any{"repo": at.Authority, "collection": at.Collection, "record": record}
	if at.RKey != "" {
		in["rkey"] = at.RKey
	}
	var out Strong
	err := c.Procedure(ctx, Call{NSID: "com.atproto.repo.createRecord", Op: op, Input: in, Points: 3}, &out)
	return out, err
}

// Put writes a record at its address, whether or not there is one. With swap, only if
// the present version is that CID. It is idempotent.
//
// https://docs.bsky.app/docs/api/com-atproto-repo-put-record
func (c *Client) Put(ctx context.Context, op string, at URI, record any, swap string) (Strong, error) {
	in := map[string]any{"repo": at.Authority, "collection": at.Collection, "rkey": at.RKey, "record": record}
	if swap != "" {
		in["swapRecord"] = swap
	}
	var out Strong
	err := c.Procedure(ctx, Call{NSID: "com.atproto.repo.putRecord", Op: op, Input: in, Points: 3, Safe: swap == ""}, &out)
	return out, err
}

// Get reads a record from its repository. What is not there is [parvis.ErrNotFound].
//
// https://docs.bsky.app/docs/api/com-atproto-repo-get-record
func (c *Client) Get(ctx context.Context, op string, at URI) (Record, error) {
	var out Record
	q := url.Values{"repo": {at.Authority}, "collection": {at.Collection}, "rkey": {at.RKey}}
	err := c.Query(ctx, Call{NSID: "com.atproto.repo.getRecord", Op: op, Query: q}, &out)
	return out, err
}

// Delete removes a record of the account. One that is not there is no error.
//
// https://docs.bsky.app/docs/api/com-atproto-repo-delete-record
func (c *Client) Delete(ctx context.Context, op string, at URI) error {
	in := map[string]any{"repo": at.Authority, "collection": at.Collection, "rkey": at.RKey}
	return c.Procedure(ctx, Call{NSID: "com.atproto.repo.deleteRecord", Op: op, Input: in, Points: 1, Safe: true}, nil)
}
