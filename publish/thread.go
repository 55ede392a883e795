package publish

import (
	"context"
	"crypto/rand"
	"fmt"
	"strconv"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/text"
)

// A ThreadError tells at which item a thread stopped. It wraps the item's error, so
// [errors.Is] and [errors.AsType] see through it, to an [*UnknownError] if there is one.
type ThreadError struct {
	// At is the index of the item that failed; items before it are out.
	At int
	// Key is the key of the whole thread: set it as the first draft's Key when resuming,
	// so that an item sent twice is the same item where the network honours keys.
	Key string
	Err error
}

// Error says which item failed and why.
func (e *ThreadError) Error() string { return fmt.Sprintf("thread item %d: %v", e.At, e.Err) }

// Unwrap returns the item's error.
func (e *ThreadError) Unwrap() error { return e.Err }

// Thread publishes drafts as a chain of replies: each item answers the one before it.
// It returns the posts that are out, in order.
//
// If an item fails, the rest is not sent, and the error is a [*ThreadError]. To resume at
// that item, call Thread again with the same drafts and the posts already out as done;
// they are not sent again. If the item's outcome is unknown, reconcile first and, if it
// is out after all, append it to done.
//
// An item that the network holds, schedules or still processes stops the thread too: the
// next one has nothing to answer yet.
func Thread(ctx context.Context, p Publisher, drafts []Draft, done ...Post) ([]Post, error) {
	a := p.Account()
	if len(done) > len(drafts) {
		return done, &parvis.Error{
			Op: "publish thread", Network: a.Network, Account: a.String(), Code: parvis.ErrInvalid,
			Message: fmt.Sprintf("%d posts are done of %d drafts", len(done), len(drafts)),
			Help:    "pass the drafts of the whole thread, and the posts that came of the first of them",
		}
	}
	if len(drafts) == 0 {
		return nil, nil
	}
	for _, post := range done {
		if err := a.Owns(post.Ref); err != nil {
			return done, parvis.In(err, a, "publish thread", parvis.ErrInvalid)
		}
	}
	key := drafts[0].Key
	if key == "" {
		key = rand.Text()
	}
	posts := append([]Post(nil), done...)
	for i := len(done); i < len(drafts); i++ {
		d := drafts[i]
		if i > 0 {
			d.ReplyTo = posts[i-1].Ref
			d.Key = key + "-" + strconv.Itoa(i)
		} else {
			d.Key = key
		}
		post, err := To(ctx, p, d)
		if err != nil {
			return posts, &ThreadError{At: i, Key: key, Err: err}
		}
		posts = append(posts, post)
		if post.State != Published && i+1 < len(drafts) {
			return posts, &ThreadError{At: i + 1, Key: key, Err: &parvis.Error{
				Op: "publish thread", Network: a.Network,
				Account: a.String(), Code: parvis.ErrConflict,
				Message: fmt.Sprintf("item %d is %s, so the next has nothing to answer yet", i, post.State),
				Help:    "resume when publish.Get says that it is published",
			}}
		}
	}
	return posts, nil
}

// Split cuts a draft whose text is too long for p into the drafts of a [Thread], at
// paragraphs, sentences or words. The first keeps the media, poll, title and schedule;
// all keep language, visibility and warning. A draft that fits comes back alone.
func Split(ctx context.Context, p Publisher, d Draft) ([]Draft, error) {
	a := p.Account()
	d = d.For(a.Network)
	sup, err := supportFor(ctx, p, d.Place)
	if err != nil {
		return nil, parvis.In(err, a, "split", parvis.ErrUnavailable)
	}
	s, err := d.TextIn(parvis.Plain)
	if err != nil {
		return nil, parvis.In(err, a, "split", parvis.ErrInvalid)
	}
	pieces := text.Split(s, sup.Text, nil)
	if len(pieces) <= 1 {
		return []Draft{d}, nil
	}
	drafts := make([]Draft, len(pieces))
	for i, piece := range pieces {
		if i == 0 {
			drafts[i] = d
		} else {
			drafts[i] = Draft{Lang: d.Lang, Visibility: d.Visibility, Warning: d.Warning, Place: d.Place}
		}
		drafts[i].Text, drafts[i].Format = piece, parvis.Plain
	}
	return drafts, nil
}
