package main

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/listen"
)

// How long a broken stream waits before it tries again, at first and at most, and how
// long it must last to count as well.
const (
	firstWait = 250 * time.Millisecond
	mostWait  = 5 * time.Second
	wellAfter = time.Second
)

// Listen hears all accounts of the client as one stream, into its feed, until ctx ends.
func (c *Client) Listen(ctx context.Context) {
	var sources []listen.Source
	for _, a := range c.Accounts {
		sources = append(sources, listen.Source{
			Listener: steady{Listener: a, note: func(err error) { c.note(a, err) }},
			Query:    listen.Query{Follow: true, Own: true},
		})
	}
	for ev, err := range listen.Merge(ctx, sources...) {
		a, ok := c.Account(string(ev.Account.Network))
		switch {
		case !ok:
		case err != nil && ctx.Err() == nil:
			c.note(a, err)
		case err == nil:
			c.Feed.Add(a, ev)
		}
	}
}

// steady is a Listener that begins again where it was when its network fails, so that
// one network's bad hour is no end of the stream. Cursors see to it that nothing is lost.
type steady struct {
	listen.Listener
	note func(error) // told of every failure, and nil once it is well again
}

// Unwrap keeps the powers of the inner listener reachable.
func (s steady) Unwrap() any { return s.Listener }

// Listen implements [listen.Listener].
func (s steady) Listen(ctx context.Context, q listen.Query) iter.Seq2[listen.Event, error] {
	return func(yield func(listen.Event, error) bool) {
		for wait := firstWait; ctx.Err() == nil; wait = min(2*wait, mostWait) {
			began := q.Since
			more, err := s.try(ctx, &q, yield)
			if !more {
				return
			}
			if q.Since != began {
				wait = firstWait
			}
			if e, ok := errors.AsType[*parvis.Error](err); ok {
				wait = max(wait, min(e.RetryAfter, time.Minute))
			}
			pause(ctx, wait)
		}
	}
}

// try listens until the stream breaks; more is false if the reader has left.
func (s steady) try(ctx context.Context, q *listen.Query, yield func(listen.Event, error) bool) (more bool, err error) {
	well := time.AfterFunc(wellAfter, func() { s.note(nil) })
	defer well.Stop()
	for ev, err := range s.Listener.Listen(ctx, *q) {
		if err != nil {
			if well.Stop(); ctx.Err() == nil {
				s.note(err)
			}
			return true, err
		}
		if ev.Cursor != "" {
			q.Since = ev.Cursor
		}
		if !yield(ev, nil) {
			return false, nil
		}
	}
	return true, nil
}

// pause waits for d, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
