package bluesky

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"math/rand/v2"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/listen"
)

// hearing is one run of a query.
type hearing struct {
	c       *Client
	op      string
	q       listen.Query
	feed    feed
	me      string // the account's DID
	source  string
	strands []*strand
	// flowing is where a stream is; nil for lists.
	flowing *streamAt
	// below is what a thread was seen to have; see [hearing.answers].
	below *below
	yield func(listen.Event, error) bool
}

// errStopped ends a run whose reader has left.
var errStopped = errors.New("the reader has left")

// hear prepares a run of q.
func (c *Client) hear(ctx context.Context, op string, q listen.Query) (*hearing, error) {
	f, err := feedOf(q)
	if err != nil {
		return nil, err
	}
	h := &hearing{c: c, op: op, q: q, feed: f, source: "poll"}
	if h.me, err = c.did(ctx); err != nil {
		return nil, err
	}
	h.strands = h.strandsOf(f)
	if f.wire != nil {
		return h, nil
	}
	return h, h.resume(q.Since)
}

// Listen delivers what concerns the account, what is said in a place, by anybody with
// certain words, or below a post: first all since q.Since, then, with q.Follow, what
// comes. The places are
//
//   - the zero place: the account's notifications, and with q.Own its own posts too;
//   - home: what those say and repost whom the account follows;
//   - author/DID: what one person says and reposts;
//   - list/AT-URI: what the people on a list say;
//   - feed/AT-URI: what a feed generator picks, in its own order: of every reading, what
//     was not among the last two hundred posts delivered;
//   - jetstream and firehose: what everybody posts, pushed by [Config].Jetstream and
//     [Config].Firehose.
//
// In a place q.Text and q.Tag leave out what does not have all those words, compared
// without regard to case, or the hashtag. Without a place they are searched for.
//
// Notifications, timelines and searches are asked for every q.Every, as the network pushes
// none; what is filed up to a day late is still found, among the last two hundred things.
// Of an answer that the app view indexes before the post that it answers, there is no
// notification; it is in the thread. Notifications are not marked as seen.
// A notification whose reason is not known is a Reaction with the reason as its word.
//
// Posts are never edited: the app view ignores it. Deletions are delivered by the two
// streams only: of all posts, and with q.Text or q.Tag of those that this run delivered
// and the last 64 before it.
// On streams the author is a DID only, and what they say of whole accounts and
// repositories is left out. A stream without q.Since and q.After begins with
// all that its host still keeps.
func (c *Client) Listen(ctx context.Context, q listen.Query) iter.Seq2[listen.Event, error] {
	return c.run(ctx, "listen", q, func(h *hearing) error {
		if h.feed.wire != nil {
			return h.flow(ctx)
		}
		return h.follow(ctx)
	})
}

// run runs read over a hearing of q, and passes its error on.
func (c *Client) run(ctx context.Context, op string, q listen.Query, read func(*hearing) error) iter.Seq2[listen.Event, error] {
	return func(yield func(listen.Event, error) bool) {
		h, err := c.hear(ctx, op, q)
		if err == nil {
			h.yield = yield
			err = read(h)
		}
		if err != nil && !errors.Is(err, errStopped) {
			a := c.Account()
			yield(listen.Event{Account: a}, parvis.In(err, a, op, parvis.ErrUnavailable))
		}
	}
}

// follow catches up and, if asked to, does so again and again.
func (h *hearing) follow(ctx context.Context) error {
	for failures := 0; ; {
		err := h.catchUp(ctx)
		switch {
		case err == nil:
			failures = 0
		case !h.q.Follow || fatal(err) || errors.Is(err, parvis.ErrBadAnswer) && failures >= 5:
			return err
		default:
			failures++
		}
		if !h.q.Follow {
			return nil
		}
		if err := pause(ctx, h.wait(failures, err)); err != nil {
			return err
		}
	}
}

// fatal reports whether waiting does not mend err.
func fatal(err error) bool {
	return errors.Is(err, errStopped) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) ||
		!parvis.CodeOf(err).Transient()
}

// wait is how long the network is left alone, with jitter so that many accounts do not
// ask at once.
func (h *hearing) wait(failures int, err error) time.Duration {
	every := h.q.Every
	if every <= 0 {
		every = cmp.Or(h.c.cfg.Every, DefaultEvery)
	}
	every += rand.N(every/10 + 1)
	if failures > 0 {
		every = max(every, backoff(failures))
	}
	if e, ok := errors.AsType[*parvis.Error](err); ok {
		every = max(every, e.RetryAfter)
	}
	return every
}

// backoff is how long to wait after the n-th failure in a row: a second, doubled each
// time, to a minute, with jitter over the upper half.
func backoff(n int) time.Duration {
	d := min(time.Second<<min(n-1, 10), time.Minute)
	return d/2 + rand.N(d/2+1)
}

// pause waits for d, or until ctx ends, which gives its error.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// catchUp delivers what is new, oldest first.
func (h *hearing) catchUp(ctx context.Context) error {
	if h.feed.thread != "" {
		return h.answers(ctx)
	}
	for it, err := range h.news(ctx) {
		if err == nil {
			err = h.take(it)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// take delivers an item, and moves on to it.
func (h *hearing) take(it item) error {
	it.strand.at.add(it.id, it.key, h.c.settle().Milliseconds())
	if !it.heard {
		return nil
	}
	return h.deliver(it.event)
}

// deliver passes an event on if it is asked for.
func (h *hearing) deliver(ev listen.Event) error {
	if ev.Kind != listen.Gap && !h.wants(&ev) {
		return nil
	}
	ev.Account, ev.Source, ev.Cursor = h.c.Account(), h.source, h.cursor()
	if !h.yield(ev, nil) {
		return errStopped
	}
	return nil
}

// wants reports whether the query asks for an event.
func (h *hearing) wants(ev *listen.Event) bool {
	return h.q.Wants(ev.Kind) && (h.q.Own || ev.Kind == listen.Delete || ev.Author.Ref.ID != h.me) &&
		(h.q.After.IsZero() || !ev.Time.Before(h.q.After)) && (!h.feed.match || ev.Kind == listen.Delete || matches(&ev.Text, h.q.Text, h.q.Tag))
}

// settle is how long the app view may take to show what its PDS has.
func (c *Client) settle() time.Duration { return cmp.Or(c.cfg.Settle, DefaultSettle) }

var (
	_ listen.Listener  = (*Client)(nil)
	_ listen.Supporter = (*Client)(nil)
	_ listen.History   = (*Client)(nil)
	_ listen.Searcher  = (*Client)(nil)
	_ listen.Members   = (*Client)(nil)
)
