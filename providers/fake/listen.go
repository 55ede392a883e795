package fake

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/listen"
)

// pageSize is how many things the network gives at a time.
const pageSize = 20

// cursor is the position after the entry with the number.
func (a *Account) cursor(seq int) listen.Cursor {
	return listen.Cursor(a.p.id + ":" + strconv.Itoa(seq))
}

// position reads a cursor of this account. Anything else is an error that matches
// [parvis.ErrInvalid].
func (a *Account) position(c listen.Cursor, end int) (int, error) {
	if c == "" {
		return 0, nil
	}
	digits, ok := strings.CutPrefix(string(c), a.p.id+":")
	pos, err := strconv.Atoi(digits)
	if !ok || err != nil || pos < 0 || pos > end || strconv.Itoa(pos) != digits {
		return 0, invalid("bad_cursor", "the cursor is not one of this account", "pass the Cursor of an event that the same account heard")
	}
	return pos, nil
}

// A stream is one listener's way through the log.
type stream struct {
	a     *Account
	q     listen.Query
	pos   int  // entries that are behind it
	begun bool // the first page has come
	live  bool // everything there was has come; what follows is pushed
}

// Listen delivers what the account hears: posts of people whom it follows, answers below
// its own posts, mentions, messages, reactions, follows, and reports if it is a
// moderator; in a place or thread, everything that it may see there. Answers of people
// it follows to somebody else are no posts. A cursor is good for ever.
//
// A stream that follows blocks until something happens, and mends passing failures: it
// tries again after RetryAfter, or after 1, 2, 4 seconds and so on, up to 30. When ctx
// ends, the last pair is an error that matches ctx's.
func (a *Account) Listen(ctx context.Context, q listen.Query) iter.Seq2[listen.Event, error] {
	return func(yield func(listen.Event, error) bool) {
		s := &stream{a: a, q: q}
		failures := 0
		for {
			batch, more, err := s.page(ctx)
			if err != nil && s.mends(ctx, err, &failures) {
				continue
			}
			if err != nil {
				yield(listen.Event{Account: a.Account()}, err)
				return
			}
			failures = 0
			for _, ev := range batch {
				if !yield(ev, nil) {
					return
				}
			}
			if more {
				continue
			}
			if !q.Follow {
				return
			}
			s.live = true
			if err := a.n.await(ctx, s.pos); err != nil {
				yield(listen.Event{Account: a.Account()}, parvis.In(err, a.Account(), "listen", parvis.ErrUnavailable))
				return
			}
		}
	}
}

// mends waits before the next try, if there may be one.
func (s *stream) mends(ctx context.Context, err error, failures *int) bool {
	if !s.q.Follow || !s.begun || ctx.Err() != nil || !parvis.CodeOf(err).Transient() {
		return false
	}
	pause := min(time.Second<<min(*failures, 5), 30*time.Second)
	if e, ok := errors.AsType[*parvis.Error](err); ok && e.RetryAfter > 0 {
		pause = e.RetryAfter
	}
	*failures++
	return sleep(ctx, pause) == nil
}

// page returns the next events, and whether there are more. What is pushed costs no call.
func (s *stream) page(ctx context.Context) (batch []listen.Event, more bool, err error) {
	c := reading("listen")
	c.pushed = s.live
	before := *s
	err = s.a.do(ctx, c, func() (err error) {
		if !s.begun {
			if s.pos, err = s.a.position(s.q.Since, len(s.a.n.entries)); err != nil {
				return err
			}
			if err = s.a.checkQuery(s.q); err != nil {
				return err
			}
			if s.q.Since != "" && s.a.fault(c.ops, StaleCursor) != nil {
				batch, err = s.stale()
				s.begun = err == nil
				return err
			}
		}
		size := pageSize
		if s.a.fault(c.ops, PartialPage) != nil {
			size = 1
		}
		batch, more = s.collect(size)
		batch = s.disturb(batch)
		s.begun = true
		return nil
	})
	if err != nil {
		*s = before // an answer that was lost is asked for again
		return nil, false, err
	}
	return batch, more, nil
}

// collect takes up to size events, and tells whether one more is there.
func (s *stream) collect(size int) (batch []listen.Event, more bool) {
	n := s.a.n
	for ; s.pos < len(n.entries); s.pos++ {
		e := n.entries[s.pos]
		kind := n.kindFor(s.a.p, e, s.q)
		if kind == 0 {
			continue
		}
		if len(batch) == size {
			return batch, true
		}
		batch = append(batch, s.a.deliver(e, kind, s.source()))
	}
	return batch, false
}

func (s *stream) source() string {
	if s.live {
		return "stream"
	}
	return "poll"
}

// deliver is the entry as the account hears it.
func (a *Account) deliver(e *entry, kind listen.Kind, source string) listen.Event {
	if e.it != nil && e.it.author != a.p && kind != listen.Delete && kind != listen.Reaction {
		e.it.views++
	}
	w := e.wire
	w.Type, w.Time = kind.String(), e.when(kind)
	if kind == listen.Delete {
		w.Post = w.Post.stub()
	}
	ev := a.event(w)
	ev.Source = source
	return ev
}

// disturb lets the faults of streams happen to the events of a page.
func (s *stream) disturb(batch []listen.Event) []listen.Event {
	ops := []string{"listen"}
	if len(batch) > 1 && s.a.fault(ops, OutOfOrder) != nil {
		batch[0], batch[1] = batch[1], batch[0]
		// Whoever stores the first cursor has not dealt with the second event yet.
		after := batch[0].Cursor
		pos, _ := s.a.position(batch[1].Cursor, len(s.a.n.entries))
		batch[0].Cursor, batch[1].Cursor = s.a.cursor(pos-1), after
	}
	if len(batch) > 0 && s.a.fault(ops, StreamGap) != nil {
		batch[0] = s.gap(batch[0], "the stream was interrupted")
	}
	if len(batch) > 0 && s.a.fault(ops, DuplicateEvent) != nil {
		batch = slices.Insert(batch, 1, batch[0])
	}
	return batch
}

// gap marks the place of an event that was lost.
func (s *stream) gap(lost listen.Event, why string) listen.Event {
	return listen.Event{
		ID: "gap/" + lost.ID, Cursor: lost.Cursor, Kind: listen.Gap, Account: s.a.Account(), Time: lost.Time,
		Source: lost.Source, Gap: &listen.Hole{From: lost.Time, To: lost.Time, Why: why},
	}
}

// stale forgets the older half of what came after the cursor, and marks the gap.
func (s *stream) stale() ([]listen.Event, error) {
	from := s.pos
	all, _ := s.collect(len(s.a.n.entries) + 1)
	if len(all) == 0 && !s.q.Follow {
		return nil, fail(parvis.ErrTooLate, "cursor_expired", "the network has forgotten the cursor, and there is nothing after it",
			"begin without a cursor")
	}
	now := s.a.n.opt.Now()
	hole := &listen.Hole{To: now, Why: "the network has forgotten the cursor"}
	if from > 0 {
		hole.From = s.a.n.entries[from-1].wire.Time
	}
	all = all[len(all)/2:]
	if len(all) > 0 {
		hole.To = all[0].Time
	}
	gap := listen.Event{
		ID: "gap/" + string(s.q.Since), Cursor: s.q.Since, Kind: listen.Gap, Account: s.a.Account(), Time: hole.To,
		Source: s.source(), Gap: hole,
	}
	return append([]listen.Event{gap}, all...), nil
}
