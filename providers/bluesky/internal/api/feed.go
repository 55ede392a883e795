package api

import (
	"context"
	"encoding/json"
	"maps"
	"net/url"
	"strconv"
	"time"

	"github.com/parvis-go/parvis"
)

// A Feed names a list of posts.
type Feed struct {
	// NSID is the method, and Query what it takes beside limit and cursor.
	NSID  string
	Query url.Values
}

// The lists of posts.
//
// https://docs.bsky.app/docs/api/app-bsky-feed-get-timeline
// https://docs.bsky.app/docs/api/app-bsky-feed-get-author-feed
// https://docs.bsky.app/docs/api/app-bsky-feed-get-list-feed
// https://docs.bsky.app/docs/api/app-bsky-feed-get-feed
// https://docs.bsky.app/docs/api/app-bsky-feed-search-posts
const (
	methodTimeline = "app.bsky.feed.getTimeline"
	methodAuthor   = "app.bsky.feed.getAuthorFeed"
	methodList     = "app.bsky.feed.getListFeed"
	methodFeed     = "app.bsky.feed.getFeed"
	methodSearch   = "app.bsky.feed.searchPosts"
)

// Timeline is what the people say whom the account follows.
func Timeline() Feed { return Feed{NSID: methodTimeline} }

// AuthorFeed is what one person posts and reposts, answers too.
func AuthorFeed(actor string) Feed {
	return Feed{NSID: methodAuthor, Query: url.Values{"actor": {actor}, "filter": {"posts_with_replies"}}}
}

// ListFeed is what the people on a list say.
func ListFeed(list string) Feed { return Feed{NSID: methodList, Query: url.Values{"list": {list}}} }

// GeneratorFeed is what a feed generator picks, in its own order.
func GeneratorFeed(feed string) Feed {
	return Feed{NSID: methodFeed, Query: url.Values{"feed": {feed}}}
}

// SearchFeed is what the search finds for words and hashtags, the newest first. The
// method wants words: without any it is asked for the hashtag as a word.
func SearchFeed(words, tag string) Feed {
	q := url.Values{"sort": {"latest"}, "q": {words}}
	if tag != "" {
		q.Set("tag", tag)
	}
	if words == "" {
		q.Set("q", "#"+tag)
	}
	return Feed{NSID: methodSearch, Query: q}
}

// Posts reads one page of a feed, each item as it was sent: app.bsky.feed.defs#feedViewPost,
// of a search #postView.
func (c *Client) Posts(ctx context.Context, at Paging, f Feed) (Page[json.RawMessage], error) {
	k := at.call(f.NSID)
	maps.Copy(k.Query, f.Query)
	var out struct {
		Feed   []json.RawMessage `json:"feed"`
		Posts  []json.RawMessage `json:"posts"`
		Cursor string            `json:"cursor"`
	}
	err := c.Query(ctx, k, &out)
	if f.NSID == methodSearch {
		out.Feed = out.Posts
	}
	return Page[json.RawMessage]{out.Feed, out.Cursor}, err
}

// A FeedItem is a post in a feed, and the repost that brought it there.
//
// https://github.com/bluesky-social/atproto/blob/main/lexicons/app/bsky/feed/defs.json
type FeedItem struct {
	Post PostView
	// Repost is the repost's record; zero is none. By and At say who did it and when.
	Repost Strong
	By     Actor
	At     time.Time
	Raw    json.RawMessage
}

// Reposted reports whether a repost brought the post there.
func (i *FeedItem) Reposted() bool { return i.By.DID != "" }

// DecodeFeedItem reads an item of a feed, or a bare post of a search. See [DecodePost].
func DecodeFeedItem(raw json.RawMessage) (FeedItem, error) {
	f := object(raw)
	post := f["post"]
	if post == nil {
		post = raw
	}
	out := FeedItem{Raw: raw}
	var err error
	if out.Post, err = DecodePost(post); err != nil {
		return out, err
	}
	if reason := object(f["reason"]); reason.kind() == "app.bsky.feed.defs#reasonRepost" {
		out.By = DecodeActor(reason["by"])
		out.Repost = Strong{URI: read[string](reason, "uri"), CID: read[string](reason, "cid")}
		out.At = ParseTime(read[string](reason, "indexedAt"))
	}
	return out, nil
}

// MaxDepth is how deep a thread can be asked for.
//
// https://docs.bsky.app/docs/api/app-bsky-feed-get-post-thread
const MaxDepth = 1000

// A Node is a post of a thread with the answers to it. Posts that are gone or blocked
// have no Post.
type Node struct {
	Type    string          `json:"$type"`
	Post    json.RawMessage `json:"post"`
	Replies []Node          `json:"replies"`
}

// Thread reads the post at uri with the answers below it.
func (c *Client) Thread(ctx context.Context, op, proxy, uri string) (Node, error) {
	var out struct {
		Thread Node `json:"thread"`
	}
	q := url.Values{"uri": {uri}, "depth": {strconv.Itoa(MaxDepth)}, "parentHeight": {"0"}}
	err := c.Query(ctx, Call{NSID: "app.bsky.feed.getPostThread", Op: op, Query: q, Proxy: proxy}, &out)
	if err == nil && out.Thread.Post == nil {
		err = &parvis.Error{Code: parvis.ErrNotFound, Message: "the post is gone, or its author and the account do not see each other"}
	}
	return out.Thread, err
}

func badItem(what string) error {
	return &parvis.Error{Code: parvis.ErrBadAnswer, Message: what + " of the answer cannot be read"}
}
