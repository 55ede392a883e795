package api

import (
	"context"
	"encoding/json"
	"net/url"
	"time"
)

// PageSize is how many items a page is asked to have: as many as the app view gives.
const PageSize = "100"

// Paging says which page of a list is wanted, of which app view, and what for.
type Paging struct {
	Op, Proxy, Cursor string
}

// A Page is one page of a list, newest first. Cursor leads to the next one; "" is the end.
type Page[T any] struct {
	Items  []T
	Cursor string
}

// The reasons for notifications. The set is open.
//
// https://github.com/bluesky-social/atproto/blob/main/lexicons/app/bsky/notification/listNotifications.json
const (
	ReasonReply         = "reply"
	ReasonMention       = "mention"
	ReasonQuote         = "quote"
	ReasonLike          = "like"
	ReasonRepost        = "repost"
	ReasonLikeViaRepost = "like-via-repost"
	ReasonRepostVia     = "repost-via-repost"
	ReasonFollow        = "follow"
	ReasonStarterPack   = "starterpack-joined"
	ReasonSubscribed    = "subscribed-post"
)

// A Notification says that a record concerns the account.
//
// https://docs.bsky.app/docs/api/app-bsky-notification-list-notifications
type Notification struct {
	// Strong is the record: a post, a like, a follow.
	Strong
	Author Actor
	Reason string
	// About is the address of the account's own record that it is about, if any.
	About string
	// Record is the record itself.
	Record json.RawMessage
	Labels []Label
	// Indexed is when the app view files it: the earlier of its author's time and its own.
	Indexed time.Time
	Raw     json.RawMessage
}

// Subject returns the address of the post that the record, a like or repost, names.
func (n *Notification) Subject() string {
	return read[Strong](object(n.Record), "subject").URI
}

// DecodeNotification reads a notification. What has no address, reason or time gives
// [parvis.ErrBadAnswer].
func DecodeNotification(raw json.RawMessage) (Notification, error) {
	f := object(raw)
	n := Notification{
		Strong: Strong{URI: read[string](f, "uri"), CID: read[string](f, "cid")}, Author: DecodeActor(f["author"]),
		Reason: read[string](f, "reason"), About: read[string](f, "reasonSubject"), Record: f["record"],
		Labels: list[Label](f, "labels"), Indexed: ParseTime(read[string](f, "indexedAt")), Raw: raw,
	}
	if n.URI == "" || n.Reason == "" || n.Author.DID == "" || n.Indexed.IsZero() {
		return n, badItem("a notification")
	}
	return n, nil
}

// Notifications reads one page of the account's notifications, each as it was sent. It
// does not mark them as seen. Empty reasons are all.
func (c *Client) Notifications(ctx context.Context, at Paging, reasons []string) (Page[json.RawMessage], error) {
	k := at.call("app.bsky.notification.listNotifications")
	if len(reasons) > 0 {
		k.Query["reasons"] = reasons
	}
	var out struct {
		Items  []json.RawMessage `json:"notifications"`
		Cursor string            `json:"cursor"`
	}
	err := c.Query(ctx, k, &out)
	return Page[json.RawMessage]{out.Items, out.Cursor}, err
}

// call returns the call of a method for one page.
func (p Paging) call(nsid string) Call {
	q := url.Values{"limit": {PageSize}}
	if p.Cursor != "" {
		q.Set("cursor", p.Cursor)
	}
	return Call{NSID: nsid, Op: p.Op, Query: q, Proxy: p.Proxy}
}
