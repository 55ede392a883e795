package bluesky

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers/bluesky/internal/api"
	"github.com/parvis-go/parvis/publish"
)

// Get reads a post. Whether one of the account's own is there, its repository says, since
// the app view is late both in showing posts and in forgetting them; what it looks like,
// the app view says as soon as it shows it. Others' posts are as the app view shows them.
func (c *Client) Get(ctx context.Context, post parvis.Ref) (publish.Post, error) {
	v, err := c.find(ctx, "get post", post)
	if err != nil {
		return publish.Post{}, err
	}
	return c.post(v), nil
}

// find reads a post as Get says.
func (c *Client) find(ctx context.Context, op string, ref parvis.Ref) (api.PostView, error) {
	at, err := postAt(ref)
	if err != nil {
		return api.PostView{}, err
	}
	if _, err := c.did(ctx); err != nil {
		return api.PostView{}, err
	}
	var record api.PostView
	if c.own(at) {
		if record, err = c.kept(ctx, op, at); err != nil {
			return api.PostView{}, err
		}
	}
	views, err := c.api.PostViews(ctx, op, c.cfg.AppView, at.String())
	switch {
	case err != nil:
		return api.PostView{}, err
	case len(views) > 0:
		return views[0], nil
	case record.URI != "":
		return record, nil
	}
	return api.PostView{}, gone()
}

// gone is the error of a post that is not there.
func gone() error {
	return &parvis.Error{
		Code: parvis.ErrNotFound, Message: "the post is not there, or not shown to this account",
		Help: "it may have been deleted or hidden; a new one takes a moment to be shown",
	}
}

// kept reads a post from its repository.
func (c *Client) kept(ctx context.Context, op string, at api.URI) (api.PostView, error) {
	rec, err := c.api.Get(ctx, op, at)
	if err != nil {
		return api.PostView{}, err
	}
	v, err := api.DecodeRecord(rec)
	if err != nil {
		return v, err
	}
	server, err := c.api.Server(ctx)
	if err != nil {
		return v, err
	}
	for i := range v.Files {
		f := &v.Files[i]
		f.URL = api.BlobURL(server, at.Authority, f.Blob.Ref.CID)
	}
	v.Raw, err = json.Marshal(rec)
	return v, err
}

// shown reads a post as find does, and waits until the app view shows one that is there.
func (c *Client) shown(ctx context.Context, op string, ref parvis.Ref) (api.PostView, error) {
	until := time.Now().Add(c.settle())
	for try := 0; ; try++ {
		v, err := c.find(ctx, op, ref)
		if err != nil || !v.Indexed.IsZero() {
			return v, err
		}
		if time.Now().After(until) {
			return v, &parvis.Error{
				Code: parvis.ErrUnavailable, Message: "the post is there, and the app view does not show it yet", Help: "try again later",
			}
		}
		if err := wait(ctx, pollWait(try)); err != nil {
			return v, err
		}
	}
}

// pollWait is how long to wait before asking for the try-th time: from a quarter of a
// second, doubled each time, to five seconds.
func pollWait(try int) time.Duration {
	d := min(250*time.Millisecond<<min(try, 10), 5*time.Second)
	return d - rand.N(d/4)
}

// wait waits for d, or until ctx ends, with the error of a call that was given up.
func wait(ctx context.Context, d time.Duration) error {
	if err := pause(ctx, d); err != nil {
		return &parvis.Error{Code: parvis.ErrUnavailable, Message: "given up while waiting", Err: err}
	}
	return nil
}

// DefaultSettle is how long a record may take to appear in the app view: usually it is
// less than a second, and minutes when the network is busy.
const DefaultSettle = 10 * time.Second

// Read normalises a post as the app view shows it, for payloads that were stored or that
// came another way than through this client. The result keeps raw as its Raw; raw must
// not be changed afterwards. What is not a post gives [parvis.ErrBadAnswer].
//
// The object is app.bsky.feed.defs#postView of
// https://github.com/bluesky-social/atproto/blob/main/lexicons/app/bsky/feed/defs.json.
func (c *Client) Read(raw []byte) (publish.Post, error) {
	v, err := api.DecodePost(raw)
	if err != nil {
		return publish.Post{}, parvis.In(err, c.Account(), "read post", parvis.ErrBadAnswer)
	}
	return c.post(v), nil
}

// post returns what the network has of a post.
func (c *Client) post(v api.PostView) publish.Post {
	author := c.author(v.Author)
	p := publish.Post{
		Ref: c.postRef(v.URI), URL: api.PostURL(v.URI, author.Handle), State: publish.Published, Author: author,
		Text: v.Text, Media: c.files(v.Files), ReplyTo: c.postRef(v.Parent.URI), Visibility: publish.Public,
		Warning: warningOf(v.SelfLabels), Created: v.Created, Raw: v.Raw,
	}
	if len(v.Langs) > 0 {
		p.Lang = v.Langs[0]
	}
	return p
}

// author returns the author of a post. The account itself has always the same names, so
// that the addresses of its posts do not depend on where they were read.
func (c *Client) author(a api.Actor) parvis.Person {
	if own := c.Account(); own.ID != "" && own.ID == a.DID {
		a.Handle, a.Name = own.Handle, cmp.Or(a.Name, own.Name)
	}
	return c.person(a)
}

// person returns an account of the network. Only its profile tells how many follow it.
func (c *Client) person(a api.Actor) parvis.Person {
	p := parvis.Person{
		Ref: c.personRef(a.DID), Handle: a.Handle, Name: a.Name, Avatar: a.Avatar, Followers: -1, Since: api.ParseTime(a.Created),
		Bot: slices.ContainsFunc(a.Labels, func(l api.Label) bool { return l.Val == "bot" && !l.Neg && l.Src == a.DID }),
	}
	if a.DID != "" {
		p.URL = api.ProfileURL(cmp.Or(handleOf(a.Handle), a.DID))
	}
	return p
}

// handleOf returns a handle, unless it is the one that stands for a broken one.
//
// https://atproto.com/specs/handle
func handleOf(handle string) string {
	if handle == "handle.invalid" {
		return ""
	}
	return handle
}

// files returns the files of a post. Each has a reference, under which it can be posted again.
func (c *Client) files(all []api.File) []parvis.Media {
	if len(all) == 0 {
		return nil
	}
	out := make([]parvis.Media, len(all))
	for i, f := range all {
		out[i] = parvis.Media{
			Ref: c.ref(parvis.KindMedia, f.Blob.Ref.CID), Type: f.Blob.Mime, Size: f.Blob.Size, Alt: f.Alt, URL: f.URL, Preview: f.Preview,
		}
	}
	return out
}

// Metrics returns the app view's counts of a post; the network counts no views. A post
// that is not shown yet is waited for, up to Config.Settle.
//
// https://docs.bsky.app/docs/api/app-bsky-feed-get-posts
func (c *Client) Metrics(ctx context.Context, post parvis.Ref) ([]publish.Metric, error) {
	v, err := c.shown(ctx, "metrics", post)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	count := func(name, means string, n int) publish.Metric {
		return publish.Metric{Name: name, Means: means, Value: float64(max(n, 0)), At: now}
	}
	return []publish.Metric{
		count("likeCount", "likes", v.Counts.Likes), count("repostCount", "reposts", v.Counts.Reposts),
		count("replyCount", "replies", v.Counts.Replies), count("quoteCount", "quotes", v.Counts.Quotes),
		count("bookmarkCount", "bookmarks", v.Counts.Bookmarks),
	}, nil
}

// Delete removes a post of the account. One of somebody else's gives
// [parvis.ErrPermission], and one that is gone [parvis.ErrNotFound].
func (c *Client) Delete(ctx context.Context, post parvis.Ref) error {
	at, err := postAt(post)
	if err != nil {
		return err
	}
	if _, err := c.did(ctx); err != nil {
		return notSent(err)
	}
	if !c.own(at) {
		return notOwn("delete")
	}
	// Deleting what is not there is no error of the server.
	if _, err := c.api.Get(ctx, "delete", at); err != nil {
		return err
	}
	return c.api.Delete(ctx, "delete", at)
}

func notOwn(what string) error {
	return &parvis.Error{
		Code: parvis.ErrPermission, Message: "the post is somebody else's: only its author can " + what + " it",
		Help: "use a post of this account",
	}
}

// Reconcile reads the record that the attempt's Key stands for. It is there, or the
// attempt made no post: sending it again under its Key makes no second one, even if the
// first is still on its way.
func (c *Client) Reconcile(ctx context.Context, t publish.Attempt) (publish.Post, error) {
	if t.Draft.Key == "" {
		return publish.Post{}, &parvis.Error{
			Code: parvis.ErrUnknownOutcome, Message: "the attempt has no key by which its post could be found",
			Help: "look at the account's posts",
		}
	}
	did, err := c.did(ctx)
	if err != nil {
		return publish.Post{}, err
	}
	v, err := c.kept(ctx, "reconcile", api.URI{Authority: did, Collection: api.Posts, RKey: api.KeyTID(did, t.Draft.Key)})
	switch {
	case errors.Is(err, parvis.ErrNotFound):
		return publish.Post{}, &parvis.Error{Code: parvis.ErrNotFound, Message: "the post is not there", Help: "it may be sent again under the same Key"}
	case err != nil:
		return publish.Post{}, err
	case !meant(v, t.Draft):
		return publish.Post{}, taken()
	}
	post := c.post(v)
	post.Key = t.Draft.Key
	return post, nil
}
