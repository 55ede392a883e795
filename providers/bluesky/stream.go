package bluesky

import (
	"context"
	"errors"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/recent"
	"github.com/parvis-go/parvis/listen"
	"github.com/parvis-go/parvis/providers/bluesky/internal/api"
	"github.com/parvis-go/parvis/providers/bluesky/internal/events"
)

const (
	// silence is how long a stream may not answer before it counts as broken.
	silence = 90 * time.Second
	// steady is how long a stream must hold for the next wait to be short again.
	steady = time.Minute
	// rewind is how far a stream is wound back when it goes on at another host, whose
	// numbers and clock are others.
	rewind = 10 * time.Second
	// patience is how often a stream that is not followed is opened before it fails.
	patience = 3
)

// A wire is a stream of everybody's records.
type wire struct {
	name string
	// address returns where it is.
	address func(*Config) string
	// dialects are those that its hosts may speak.
	dialects []dialect
}

// A dialect is how a host speaks: its endpoint, its cursors and its messages.
type dialect interface {
	// letter names the dialect in cursors.
	letter() string
	// path is the endpoint.
	path() string
	// params are those that resume at a position, and protocol the subprotocol to ask for.
	params(at *streamAt) (q map[string][]string, protocol string)
	// read reads a message.
	read(b []byte) (events.Message, error)
}

// stream is one run over a wire.
type stream struct {
	h       *hearing
	at      *streamAt
	dialect dialect
	seen    recent.Set          // the IDs of what was delivered
	told    map[uint64]struct{} // the posts that were delivered
	before  map[uint64]struct{} // what the cursor names, which may come again until then
	until   time.Time
	began   time.Time
	// from leaves out what a host without cursors by time gives again.
	from time.Time
}

// A brokenError is the end of a connection that had been made.
type brokenError struct {
	err   error
	heard bool // something came over it
}

// Error returns what broke the connection.
func (e *brokenError) Error() string { return e.err.Error() }

// Unwrap returns what broke the connection.
func (e *brokenError) Unwrap() error { return e.err }

// flow follows the feed's stream, reconnecting with longer and longer waits, and resumes
// where it was. Without q.Follow it ends when it has reached the present, or the host
// has nothing more for some time.
func (h *hearing) flow(ctx context.Context) error {
	s := &stream{h: h, began: time.Now(), told: make(map[uint64]struct{})}
	h.source = "stream"
	if err := s.resume(h.q); err != nil {
		return err
	}
	for failures := 0; ; {
		since := time.Now()
		err := s.connected(ctx)
		if err == nil || ctx.Err() != nil {
			return ctx.Err()
		}
		if broken, ok := errors.AsType[*brokenError](err); ok {
			if broken.heard || time.Since(since) >= steady {
				failures = 0
			}
			err = broken.err
		} else if fatal(err) {
			return err
		}
		if failures++; !h.q.Follow && failures >= patience || failures > 5 && errors.Is(err, parvis.ErrBadAnswer) {
			return err
		}
		wait := backoff(failures)
		if e, ok := errors.AsType[*parvis.Error](err); ok {
			wait = max(wait, e.RetryAfter)
		}
		if err := pause(ctx, wait); err != nil {
			return err
		}
	}
}

// connected makes one connection and reads until it breaks, or, if the stream is not
// followed, until the present.
func (s *stream) connected(ctx context.Context) error {
	p, err := s.open(ctx)
	if err != nil {
		return err
	}
	defer p.close()
	if !s.h.q.Follow {
		p.idle = s.h.c.settle()
	}
	for heard := false; ; heard = true {
		b, err := p.next()
		switch {
		case errors.Is(err, errIdle):
			return nil
		case errors.Is(err, errTooLarge):
			err = s.gap("a message of the stream was too large to be taken")
		case err != nil:
			return &brokenError{&parvis.Error{Code: parvis.ErrUnavailable, Message: "the stream broke", Help: "it is opened again if it is followed", Err: err}, heard}
		default:
			err = s.message(b)
		}
		if err != nil {
			return err
		}
		if !s.h.q.Follow && s.at.time.After(s.began) {
			return nil
		}
	}
}

// gap marks that something is missing here and now.
func (s *stream) gap(why string) error {
	return s.h.deliver(gap(s.at.time, time.Now(), why))
}

// message takes one message.
func (s *stream) message(b []byte) error {
	m, err := s.dialect.read(b)
	if err != nil {
		return s.gap("a message of the stream could not be read")
	}
	switch m.Kind {
	case events.Failure:
		return s.failure(&m)
	case events.Info:
		return s.notice(&m)
	case events.Commit:
		err = s.commit(&m)
	case events.Other:
		return nil
	}
	s.at.reach(&m)
	return err
}

// failure is the end of the stream, as the host gives it.
func (s *stream) failure(m *events.Message) error {
	broken := &parvis.Error{Code: parvis.ErrUnavailable, Message: "the stream's host ended it", Vendor: m.Name, Help: "it is opened again if it is followed"}
	if m.Name == events.FutureCursor {
		if err := s.gap("the stream's host numbers anew, and has nothing from before"); err != nil {
			return err
		}
		s.at.seq, s.from = 0, s.at.time.Add(-rewind)
	}
	return &brokenError{broken, false}
}

// notice is what the host says about the stream.
func (s *stream) notice(m *events.Message) error {
	switch m.Name {
	case events.OutdatedCursor:
		if !s.at.time.IsZero() && !s.at.asked {
			return s.gap("the stream's host has forgotten what came after the cursor")
		}
	case events.FutureCursor:
		// The host numbers anew; its clock still tells where to go on.
		s.at.seq = 0
		return &brokenError{&parvis.Error{Code: parvis.ErrUnavailable, Message: "the stream's host numbers anew", Vendor: m.Name}, false}
	}
	return nil
}

// commit delivers what a commit changed.
func (s *stream) commit(m *events.Message) error {
	if m.Seq > 0 && m.Seq <= s.at.seq || m.Time.Before(s.from) {
		return nil
	}
	seq := s.at.seq
	for i := range m.Changes {
		s.at.reach(m)
		if i < len(m.Changes)-1 {
			s.at.seq = seq // whoever stops here gets the rest
		}
		if err := s.change(m, &m.Changes[i]); err != nil {
			return err
		}
	}
	if m.Lost != "" {
		return s.gap(m.Lost)
	}
	return nil
}

// change delivers one record that was made or removed. Changes of posts are not shown by
// the app view, and not delivered.
func (s *stream) change(m *events.Message, c *events.Change) error {
	uri := api.URI{Authority: m.DID, Collection: c.Collection, RKey: c.RKey}.String()
	switch {
	case c.Collection != api.Posts:
		return nil
	case c.Action == events.Delete:
		return s.deleted(m, c, uri)
	case c.Action != events.Create:
		return nil
	}
	v, err := api.DecodeRecord(api.Record{Strong: api.Strong{URI: uri, CID: c.CID}, Value: c.Record})
	if err != nil {
		return s.gap("a post of the stream could not be read")
	}
	v.Author.DID, v.Indexed = m.DID, m.Time
	ev := s.h.said(&v)
	ev.Raw = c.Raw
	return s.deliver(m, ev, fingerprint(uri))
}

func (s *stream) deleted(m *events.Message, c *events.Change, uri string) error {
	narrow := s.h.q.Text != "" || s.h.q.Tag != ""
	if _, told := s.told[fingerprint(uri)]; narrow && !told {
		return nil
	}
	ev := listen.Event{
		ID: "delete/" + uri + "@" + m.Rev, Kind: listen.Delete, Ref: s.h.c.postRef(uri), Time: m.Time,
		Author: s.h.c.person(api.Actor{DID: m.DID}), Raw: c.Raw,
	}
	return s.deliver(m, ev, fingerprint(ev.ID))
}

// deliver passes an event on, unless it came before. The mark is what cursors name it by:
// a post by its address, so that its deletion is known to concern it.
func (s *stream) deliver(m *events.Message, ev listen.Event, mark uint64) error {
	if !s.h.wants(&ev) {
		return nil
	}
	if _, known := s.before[mark]; known && !m.Time.After(s.until) || s.seen.Before(ev.ID) {
		return nil
	}
	if len(s.told) >= recent.Len {
		clear(s.told) // deletions mostly come soon
	}
	s.told[mark] = struct{}{}
	s.at.remember(mark)
	return s.h.deliver(ev)
}
