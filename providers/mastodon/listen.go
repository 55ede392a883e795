package mastodon

import (
	"context"
	"errors"
	"iter"
	"math/rand/v2"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/recent"
	"github.com/parvis-go/parvis/listen"
)

// hearing is one run of a query.
type hearing struct {
	c      *Client
	q      listen.Query
	feed   feed
	server *server
	me     string
	source string // of the events that are being read
	// at is the newest item of the feed that was delivered or passed over; own is that of
	// the account's own posts, where these are heard beside the notifications.
	at, own position
	seen    recent.Set
	// answered are those answers below a post that were delivered, which come in no order.
	answered map[string]bool
	yield    func(listen.Event, error) bool
}

// errStopped ends a run whose reader has left.
var errStopped = errors.New("the reader has left")

// hear prepares a run of q.
func (c *Client) hear(ctx context.Context, q listen.Query) (*hearing, error) {
	f, err := feedOf(q)
	if err != nil {
		return nil, err
	}
	h := &hearing{c: c, q: q, feed: f}
	if h.at, h.own, err = positionsIn(f, q.Since); err != nil {
		return nil, err
	}
	me, err := c.me(ctx)
	if err != nil {
		return nil, err
	}
	h.me = me.ID
	h.server, err = c.info(ctx)
	return h, err
}

// Listen delivers what concerns the account, what is said in a place or with a hashtag,
// or the answers below a post: first all since q.Since, then, with q.Follow, what comes.
func (c *Client) Listen(ctx context.Context, q listen.Query) iter.Seq2[listen.Event, error] {
	return func(yield func(listen.Event, error) bool) {
		h, err := c.hear(ctx, q)
		if err == nil {
			h.yield = yield
			err = h.run(ctx)
		}
		if err != nil && !errors.Is(err, errStopped) {
			yield(listen.Event{Account: c.Account()}, err)
		}
	}
}

// run catches up, and then follows until ctx ends or something fails for good.
func (h *hearing) run(ctx context.Context) error {
	h.source = "poll"
	if err := h.catchUp(ctx); err != nil && (!h.q.Follow || fatal(err)) {
		return err
	}
	if !h.q.Follow {
		return nil
	}
	if h.server.stream != Off && h.feed.stream != "" {
		if err := h.stream(ctx); !errors.Is(err, parvis.ErrUnsupported) {
			return err
		}
	}
	return h.poll(ctx)
}

// fatal reports whether waiting does not mend err.
func fatal(err error) bool {
	return errors.Is(err, errStopped) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) ||
		!parvis.CodeOf(err).Transient()
}

// poll asks again and again.
func (h *hearing) poll(ctx context.Context) error {
	every := h.q.Every
	if every <= 0 {
		every = defaultEvery
	}
	for failures := 0; ; {
		wait := every
		if failures > 0 {
			wait = max(every, backoff(failures))
		}
		if err := wake(ctx, wait); err != nil {
			return err
		}
		err := h.catchUp(ctx)
		switch {
		case err == nil:
			failures = 0
		case fatal(err):
			return err
		case errors.Is(err, parvis.ErrBadAnswer) && failures >= 5:
			return err
		default:
			failures++
		}
	}
}

// wake waits for d. When ctx ends, it gives ctx's own error.
func wake(ctx context.Context, d time.Duration) error {
	if err := pause(ctx, d); err != nil {
		return ctx.Err()
	}
	return nil
}

// backoff is how long to wait after the n-th failure in a row: a second, doubled each
// time, to a minute, with jitter over the upper half.
func backoff(n int) time.Duration {
	d := min(time.Second<<min(n-1, 10), time.Minute)
	return d/2 + rand.N(d/2+1)
}

// deliver passes an event on, unless it came before or is not asked for.
func (h *hearing) deliver(ev listen.Event) error {
	if ev.Kind != listen.Gap && (!h.q.Wants(ev.Kind) || h.seen.Before(ev.ID)) {
		return nil
	}
	ev.Account, ev.Source = h.c.Account(), h.source
	ev.Cursor = h.cursor()
	if !h.yield(ev, nil) {
		return errStopped
	}
	return nil
}

// take delivers an item of the feed, or of the account's own posts, and moves on to it.
func (h *hearing) take(it item) error {
	at := &h.at
	if it.own {
		at = &h.own
	}
	at.reach(it.id)
	if !it.heard || !h.q.After.IsZero() && it.event.Time.Before(h.q.After) {
		return nil
	}
	return h.deliver(it.event)
}

func (h *hearing) gap(from, to time.Time, why string) error {
	return h.deliver(listen.Event{Kind: listen.Gap, Time: to, Gap: &listen.Hole{From: from, To: to, Why: why}})
}
