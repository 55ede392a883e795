package api

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"

	"github.com/parvis-go/parvis"
)

// A Created is what the server answers to a new record, with the answer itself.
type Created struct {
	Strong
	Raw json.RawMessage
}

// CreatePost writes a post under a record key. It is not repeated by itself: whoever gets
// no clear answer reads the record back.
//
// https://docs.bsky.app/docs/api/com-atproto-repo-create-record
func (c *Client) CreatePost(ctx context.Context, at URI, p Post) (Created, error) {
	in := map[string]any{"repo": at.Authority, "collection": at.Collection, "rkey": at.RKey, "record": p}
	var out Created
	err := c.Procedure(ctx, Call{NSID: "com.atproto.repo.createRecord", Op: "publish", Input: in, Points: 3}, &out.Raw)
	if err != nil {
		return Created{}, err
	}
	if json.Unmarshal(out.Raw, &out.Strong) != nil || out.URI == "" || out.CID == "" {
		return Created{}, &parvis.Error{Op: "publish", Code: parvis.ErrUnknownOutcome, Message: "the server's answer to the post has no address"}
	}
	return out, nil
}

// PostsPage is how many posts can be asked for at once.
const PostsPage = 25

// PostViews returns the posts at the addresses, as far as the app view shows them to the
// account: those that are gone, hidden, or not there yet are left out. The proxy is the
// app view that is asked; empty is the server's own choice.
//
// https://docs.bsky.app/docs/api/app-bsky-feed-get-posts
func (c *Client) PostViews(ctx context.Context, op, proxy string, uris ...string) ([]PostView, error) {
	var all []PostView
	for page := range slices.Chunk(uris, PostsPage) {
		var out struct {
			Posts []json.RawMessage `json:"posts"`
		}
		k := Call{NSID: "app.bsky.feed.getPosts", Op: op, Query: url.Values{"uris": page}, Proxy: proxy}
		if err := c.Query(ctx, k, &out); err != nil {
			return nil, err
		}
		for _, raw := range out.Posts {
			v, err := DecodePost(raw)
			if err != nil {
				return nil, parvis.In(err, c.account(), op, parvis.ErrBadAnswer)
			}
			all = append(all, v)
		}
	}
	return all, nil
}

// Bookmark adds a post to the account's private bookmarks, or takes it out. Doing so
// twice is no error.
//
// https://docs.bsky.app/docs/api/app-bsky-bookmark-create-bookmark,
// https://docs.bsky.app/docs/api/app-bsky-bookmark-delete-bookmark
func (c *Client) Bookmark(ctx context.Context, op, proxy string, post Strong, on bool) error {
	k := Call{NSID: "app.bsky.bookmark.createBookmark", Op: op, Input: post, Proxy: proxy, Safe: true}
	if !on {
		k.NSID, k.Input = "app.bsky.bookmark.deleteBookmark", map[string]string{"uri": post.URI}
	}
	return c.Procedure(ctx, k, nil)
}

// ServiceToken returns a token with which another service can be called as the account:
// the service with the DID aud, the method lxm only, until the Unix time exp (0 is a minute).
//
// https://docs.bsky.app/docs/api/com-atproto-server-get-service-auth
func (c *Client) ServiceToken(ctx context.Context, op string, q url.Values) (string, error) {
	var out struct {
		Token string `json:"token"`
	}
	err := c.Query(ctx, Call{NSID: "com.atproto.server.getServiceAuth", Op: op, Query: q}, &out)
	if err == nil && out.Token == "" {
		err = &parvis.Error{Op: op, Code: parvis.ErrBadAnswer, Message: "the server gave no token for the service"}
	}
	return out.Token, err
}

// ServerDID returns the DID of the account's PDS, as it says itself.
//
// https://docs.bsky.app/docs/api/com-atproto-server-describe-server
func (c *Client) ServerDID(ctx context.Context, op string) (string, error) {
	var out struct {
		DID string `json:"did"`
	}
	err := c.Query(ctx, Call{NSID: "com.atproto.server.describeServer", Op: op}, &out)
	if err == nil && !ValidDID(out.DID) {
		err = &parvis.Error{Op: op, Code: parvis.ErrBadAnswer, Message: "the server does not say who it is"}
	}
	return out.DID, err
}

// Swap writes a record if its present version is the one with that CID; an empty one is
// that there is none. A record that is another one now gives [parvis.ErrConflict].
//
// https://docs.bsky.app/docs/api/com-atproto-repo-put-record
func (c *Client) Swap(ctx context.Context, op string, at URI, record any, cid string) error {
	in := map[string]any{"repo": at.Authority, "collection": at.Collection, "rkey": at.RKey, "record": record, "swapRecord": nil}
	points := 3
	if cid != "" {
		in["swapRecord"], points = cid, 2
	}
	return c.Procedure(ctx, Call{NSID: "com.atproto.repo.putRecord", Op: op, Input: in, Points: points}, nil)
}

// DeleteIf removes a record if its present version is the one with that CID. A record
// that is another one now gives [parvis.ErrConflict].
//
// https://docs.bsky.app/docs/api/com-atproto-repo-delete-record
func (c *Client) DeleteIf(ctx context.Context, op string, at URI, cid string) error {
	in := map[string]any{"repo": at.Authority, "collection": at.Collection, "rkey": at.RKey, "swapRecord": cid}
	return c.Procedure(ctx, Call{NSID: "com.atproto.repo.deleteRecord", Op: op, Input: in, Points: 1}, nil)
}
