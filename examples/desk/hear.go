package main

import (
	"context"
	"errors"
	"iter"
	"slices"
	"sync"
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

// Listen hears the accounts of the client into its feed until ctx ends, those that are
// connected later too.
func (c *Client) Listen(ctx context.Context) {
	var hearing sync.WaitGroup
	defer hearing.Wait()
	heard := map[*Account]bool{}
	for ctx.Err() == nil {
		accounts, changed := c.inUse()
		fresh := slices.DeleteFunc(slices.Clone(accounts), func(a *Account) bool { return heard[a] })
		clear(heard)
		for _, a := range accounts {
			heard[a] = true
		}
		if len(fresh) > 0 {
			hearing.Go(func() { c.hear(ctx, fresh) })
		}
		select {
		case <-changed:
		case <-ctx.Done():
		}
	}
}

// hear hears accounts as one stream, each as long as it is in use.
func (c *Client) hear(ctx context.Context, accounts []*Account) {
	var sources []listen.Source
	for _, a := range accounts {
		sources = append(sources, listen.Source{
			Listener: steady{Listener: a, inUse: a.inUse, note: func(err error) { c.note(a, err) }},
			Query:    listen.Query{Follow: true, Own: true},
		})
	}
	for ev, err := range listen.Merge(ctx, sources...) {
		a, ok := c.Acting(ev.Account)
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
	inUse context.Context //nolint:containedctx // ends when the account is disconnected
	note  func(error)     // told of every failure, and nil once it is well again
}

// Unwrap keeps the powers of the inner listener reachable.
func (s steady) Unwrap() any { return s.Listener }

// Listen implements [listen.Listener].
func (s steady) Listen(ctx context.Context, q listen.Query) iter.Seq2[listen.Event, error] {
	return func(yield func(listen.Event, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		defer context.AfterFunc(s.inUse, cancel)()
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
