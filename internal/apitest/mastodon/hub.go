package mastodontest

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
)

// stream is one subscription. A WebSocket connection can have several.
type stream struct {
	name, tag string
	list      *list
	me        *account
	token     *token
	line      *line
	labels    []string // as WebSocket messages name it
}

// line is one connection that events go out on.
type line struct {
	out  chan event
	done chan struct{}
	once sync.Once
}

func newLine() *line { return &line{out: make(chan event, 4096), done: make(chan struct{})} }

func (l *line) cut() { l.once.Do(func() { close(l.done) }) }

// event is one thing that happened, on its way out.
type event struct {
	name    string
	payload string
	none    bool // there is no payload
	labels  []string
}

// A Sent is an event that a stream was given.
type Sent struct {
	// Stream is the stream's name, "user" or "hashtag:local"; Event what happened.
	Stream, Event string
	// Payload is the JSON of a status or a notification, or an id. Filters that changed
	// have none.
	Payload string
}

// hub knows the subscriptions.
type hub struct {
	mu       sync.Mutex
	streams  []*stream
	sent     []Sent
	fragment int
	changed  chan struct{}
}

func (h *hub) add(x *stream) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.streams = append(h.streams, x)
	h.wake()
}

// wake lets everybody look again who waits for the number of streams. The caller holds h.mu.
func (h *hub) wake() {
	if h.changed != nil {
		close(h.changed)
		h.changed = nil
	}
}

// remove forgets the streams that fit.
func (h *hub) remove(fits func(*stream) bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.streams = slices.DeleteFunc(h.streams, fits)
	h.wake()
}

// cut ends the connections of the streams that fit.
func (h *hub) cut(fits func(*stream) bool) {
	for _, x := range h.open() {
		if fits(x) {
			x.line.cut()
		}
	}
}

func (h *hub) open() []*stream {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.streams)
}

func (h *hub) pieces() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.fragment
}

// rawText is a payload that is no JSON.
type rawText string

// pushFor sends one event to the streams that fit, each with its own payload; a nil one
// is none. The caller holds s.mu.
func (s *Server) pushFor(name string, fits func(*stream) bool, payload func(*stream) any) {
	for _, x := range s.streams.open() {
		if !fits(x) {
			continue
		}
		e := event{name: name, labels: x.labels}
		switch p := payload(x).(type) {
		case nil:
			e.none = true
		case rawText:
			e.payload = string(p)
		default:
			body, err := json.Marshal(p)
			if err != nil {
				panic(err)
			}
			e.payload = string(body)
		}
		select {
		case x.line.out <- e:
			s.streams.note(Sent{x.name, name, e.payload})
		default:
			x.line.cut() // nobody reads it
		}
	}
}

func (h *hub) note(x Sent) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.sent = append(h.sent, x)
}

// Sent lists the events that streams were given so far.
func (s *Server) Sent() []Sent {
	s.streams.mu.Lock()
	defer s.streams.mu.Unlock()
	return slices.Clone(s.streams.sent)
}

// Streams is how many subscriptions there are.
func (s *Server) Streams() int { return len(s.streams.open()) }

// WaitStreams returns when there are at least n subscriptions, or ctx ends.
func (s *Server) WaitStreams(ctx context.Context, n int) error {
	h := &s.streams
	for {
		h.mu.Lock()
		have := len(h.streams)
		if h.changed == nil {
			h.changed = make(chan struct{})
		}
		changed := h.changed
		h.mu.Unlock()
		if have >= n {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// CutStreams ends every stream as a broken network does, without a goodbye.
func (s *Server) CutStreams() { s.streams.cut(func(*stream) bool { return true }) }

// Fragment makes streams send everything in pieces of n bytes: chunks of their own for
// server-sent events, frames of their own for WebSockets. 0 sends events whole.
func (s *Server) Fragment(n int) {
	s.streams.mu.Lock()
	defer s.streams.mu.Unlock()
	s.streams.fragment = n
}
