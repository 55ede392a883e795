package mastodon

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/text"
	"github.com/parvis-go/parvis/providers/mastodon/internal/api"
	"github.com/parvis-go/parvis/publish"
)

// Publish posts d, with its files sent and processed first. Until the post itself is
// sent nothing can be out, so that a file that fails is never an unknown outcome. A file
// that an earlier attempt with the same [publish.Stages] has sent is not sent again, as
// long as the server has it.
func (c *Client) Publish(ctx context.Context, d publish.Draft) (publish.Post, error) {
	s, err := c.info(ctx)
	if err != nil {
		return publish.Post{}, notSent(err)
	}
	form, err := c.form(s, d)
	if err != nil {
		return publish.Post{}, err
	}
	sent, err := c.upload(ctx, d)
	if err != nil {
		return publish.Post{}, notSent(err)
	}
	form.MediaIDs = sent.ids
	st, err := c.create(ctx, s, form, d.Key)
	if err != nil && c.expired(ctx, sent, err) {
		st, err = c.createAnew(ctx, s, form, d)
	}
	if errors.Is(err, parvis.ErrDuplicate) {
		return c.original(ctx, d, err)
	}
	if err != nil {
		return publish.Post{}, err
	}
	return c.made(st, d)
}

// notSent takes back the doubt of a call that came before the post.
func notSent(err error) error {
	e, ok := errors.AsType[*parvis.Error](err)
	if !ok || e.Code != parvis.ErrUnknownOutcome && e.Code != parvis.ErrBadAnswer {
		return err
	}
	known := *e
	known.Code, known.Help = parvis.ErrUnavailable, "try again later: the post itself was not sent"
	return &known
}

// form translates d without its files.
func (c *Client) form(s *server, d publish.Draft) (api.StatusForm, error) {
	f := api.StatusForm{SpoilerText: d.Warning, Sensitive: d.Sensitive, Visibility: visibilityWord(d.Visibility), Language: d.Lang}
	var err error
	if f.Status, f.ContentType, err = body(s, d); err != nil {
		return f, err
	}
	if s.needsMedia && len(d.Media) == 0 && d.ReplyTo.IsZero() {
		return f, &parvis.Error{Code: parvis.ErrInvalid, Message: "this server takes no post without a picture", Help: "add one to Draft.Media"}
	}
	if !d.Place.IsZero() {
		return f, parvis.Unsupported(c.Account(), "publish", "posts go to the account's own timeline only")
	}
	if !d.ReplyTo.IsZero() {
		if f.InReplyToID, err = liveID(d.ReplyTo); err != nil {
			return f, err
		}
	}
	if !d.Quote.IsZero() {
		if !s.quotes {
			return f, parvis.Unsupported(c.Account(), "publish", "this server cannot quote: that takes version 7 of the API")
		}
		if f.QuotedStatusID, err = liveID(d.Quote); err != nil {
			return f, err
		}
	}
	if !d.At.IsZero() {
		if !d.At.After(time.Now()) { // some servers would date the post back
			return f, &parvis.Error{Code: parvis.ErrInvalid, Message: "the time is past", Help: "leave Draft.At empty to publish now"}
		}
		f.ScheduledAt = d.At.UTC().Format(time.RFC3339)
	}
	f.Poll = poll(d.Poll)
	return f, nil
}

// body returns the text and, on servers that know Markdown, its type. Markdown is sent as
// it is only if it fits with its marks.
func body(s *server, d publish.Draft) (status, contentType string, err error) {
	if s.markdown && d.Format != parvis.Plain {
		if md, err := d.TextIn(parvis.Markdown); err == nil && text.Fits(d.Warning+md, s.textLimits()) {
			return md, "text/markdown", nil
		}
	}
	status, err = d.TextIn(parvis.Plain)
	if s.markdown {
		contentType = "text/plain"
	}
	return status, contentType, err
}

// defaultPoll is how long a poll runs whose draft does not say; the server wants a figure.
const defaultPoll = 24 * time.Hour

func poll(p *publish.Poll) *api.PollForm {
	if p == nil {
		return nil
	}
	d := p.For
	if d == 0 {
		d = defaultPoll
	}
	return &api.PollForm{Options: p.Options, ExpiresIn: int64(d / time.Second), Multiple: p.Multiple, HideTotals: p.HideTotals}
}

// honours reports whether the server takes a post that comes again under its key for the
// same. Mastodon forgets the key of what it holds until a time:
// https://github.com/mastodon/mastodon/issues/30039.
func (s *server) honours(scheduled bool) bool {
	return s.key != keyIgnored && (s.key != keyStatus || !scheduled)
}

// notReadyTries is how often a post is sent again whose files are still being processed,
// although the server said that they were ready; see https://github.com/mastodon/mastodon/issues/21864.
const notReadyTries = 5

// create sends the post. A refusal because a file is still being processed took nothing,
// and is tried again once the file is ready.
func (c *Client) create(ctx context.Context, s *server, form api.StatusForm, key string) (api.Status, error) {
	for try := 0; ; try++ {
		k := api.Key{Value: key, Honoured: key != "" && s.honours(form.ScheduledAt != "")}
		if s.key == keyIgnored {
			k.Value = ""
		}
		if try > 0 && s.key == keyAnswer && key != "" {
			k.Value = key + "+" + string(rune('0'+try)) // the refusal would be repeated under the same key
		}
		st, err := c.api.Create(ctx, form, k)
		if err == nil || try == notReadyTries || len(form.MediaIDs) == 0 || !unprocessed(err) {
			return st, err
		}
		waited, waitErr := c.settle(ctx, form.MediaIDs)
		if waitErr != nil {
			return st, notSent(waitErr)
		}
		if !waited && !saysNotReady(err) {
			return st, err
		}
		if !waited {
			if err := pause(ctx, pollWait(try)); err != nil {
				return st, err
			}
		}
	}
}

// createAnew sends the files of d again that had expired, and the post with them.
func (c *Client) createAnew(ctx context.Context, s *server, form api.StatusForm, d publish.Draft) (api.Status, error) {
	sent, err := c.upload(ctx, d)
	if err != nil {
		return api.Status{}, notSent(err)
	}
	form.MediaIDs = sent.ids
	key := d.Key
	if s.key == keyAnswer && key != "" {
		key += "+m" // the refusal would be repeated under the same key
	}
	return c.create(ctx, s, form, key)
}

// unprocessed reports whether err is a refusal that files still being processed may have
// caused. Its words depend on the account's language.
func unprocessed(err error) bool {
	e, ok := errors.AsType[*parvis.Error](err)
	return ok && e.Status == http.StatusUnprocessableEntity
}

func saysNotReady(err error) bool {
	e, ok := errors.AsType[*parvis.Error](err)
	return ok && api.NotReady(e.Vendor)
}

// original finds the post that an earlier attempt under the same key made.
func (c *Client) original(ctx context.Context, d publish.Draft, refusal error) (publish.Post, error) {
	post, err := c.find(ctx, lookout{draft: d, since: time.Now().Add(-keptKey), newest: true})
	if err != nil {
		return publish.Post{}, refusal
	}
	return post, nil
}

// keptKey is how far back a post is looked for whose key is refused.
const keptKey = 24 * time.Hour

// made reads the answer to a post: a status, or with a time a scheduled one.
func (c *Client) made(st api.Status, d publish.Draft) (publish.Post, error) {
	if !d.At.IsZero() {
		s, err := api.DecodeScheduled(st.Raw)
		if err == nil && s.Value.ScheduledAt != "" {
			post := c.waiting(s)
			post.Key = d.Key
			return post, nil
		}
	}
	if st.ID == "" {
		return publish.Post{}, &parvis.Error{Code: parvis.ErrUnknownOutcome, Message: "the server's answer to the post has no id"}
	}
	post := c.post(&st)
	post.Key = d.Key
	return post, nil
}

// Get reads a post, also one that waits.
func (c *Client) Get(ctx context.Context, post parvis.Ref) (publish.Post, error) {
	id, scheduled, err := postID(post)
	if err != nil {
		return publish.Post{}, err
	}
	if scheduled {
		s, err := c.api.ScheduledOne(ctx, id)
		if err != nil {
			return publish.Post{}, err
		}
		return c.waiting(s), nil
	}
	st, err := c.api.Status(ctx, id)
	if err != nil {
		return publish.Post{}, err
	}
	return c.post(&st), nil
}

// Delete removes a post of the account, or one that waits. If the answer is lost, the
// server is asked whether the post is still there.
func (c *Client) Delete(ctx context.Context, post parvis.Ref) error {
	id, scheduled, err := postID(post)
	if err != nil {
		return err
	}
	remove := c.api.Delete
	if scheduled {
		remove = c.api.Unschedule
	}
	err = remove(ctx, id)
	if !errors.Is(err, parvis.ErrUnknownOutcome) {
		return err
	}
	if _, again := c.Get(ctx, post); errors.Is(again, parvis.ErrNotFound) {
		return nil
	}
	return err
}

// verbs are the reactions; see https://docs.joinmastodon.org/methods/statuses/#favourite.
var verbs = map[publish.Reaction]string{publish.Like: "favourite", publish.Repost: "reblog", publish.Bookmark: "bookmark"}

// React likes, reposts or bookmarks a post.
func (c *Client) React(ctx context.Context, post parvis.Ref, r publish.Reaction) error {
	return c.react(ctx, post, r, true)
}

// Unreact takes that back.
func (c *Client) Unreact(ctx context.Context, post parvis.Ref, r publish.Reaction) error {
	return c.react(ctx, post, r, false)
}

func (c *Client) react(ctx context.Context, post parvis.Ref, r publish.Reaction, on bool) error {
	id, err := liveID(post)
	if err != nil {
		return err
	}
	verb, ok := verbs[r]
	if !ok {
		return parvis.Unsupported(c.Account(), "react", "the network has no reaction "+string(r))
	}
	s, err := c.info(ctx)
	if err != nil {
		return err
	}
	if r == publish.Repost && s.software != mastodon {
		// That a second repost is none is documented of Mastodon only.
		if st, err := c.api.Status(ctx, id); err != nil || st.Reblogged == on {
			return err
		}
	}
	if !on {
		verb = "un" + verb
	}
	_, err = c.api.Act(ctx, id, verb)
	return err
}

// Metrics returns the counts of a post; see https://docs.joinmastodon.org/entities/Status/#reblogs_count.
func (c *Client) Metrics(ctx context.Context, post parvis.Ref) ([]publish.Metric, error) {
	id, err := liveID(post)
	if err != nil {
		return nil, err
	}
	st, err := c.api.Status(ctx, id)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	all := []publish.Metric{
		{Name: "replies_count", Means: "replies", Value: float64(st.RepliesCount), At: now},
		{Name: "reblogs_count", Means: "reposts", Value: float64(st.ReblogsCount), At: now},
		{Name: "favourites_count", Means: "likes", Value: float64(st.FavouritesCount), At: now},
	}
	if st.QuotesKnown {
		all = append(all, publish.Metric{Name: "quotes_count", Means: "quotes", Value: float64(st.QuotesCount), At: now})
	}
	return all, nil
}
