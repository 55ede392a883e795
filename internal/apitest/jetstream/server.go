// Package jetstream is a server of Jetstream, the stream of everybody's records, for
// tests. It speaks the endpoint /subscribe and network.bsky.jetstream.subscribeEvents and
// enforces what their documentation says of cursors, filters, limits and refusals.
//
// https://github.com/bluesky-social/jetstream/blob/main/lexicons/network/bsky/jetstream/subscribeEvents.json
// https://github.com/bluesky-social/jetstream/blob/main/docs/README.md
package jetstream

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"
)

// The paths of the endpoints.
const (
	Legacy = "/subscribe"
	Modern = "/xrpc/network.bsky.jetstream.subscribeEvents"
)

// An Event is one change of a record, as the host saw it.
type Event struct {
	Seq                              int64
	Seen                             time.Time
	DID, Operation, Collection, RKey string
	CID                              string
	Record                           json.RawMessage
}

// A Server is one host with its own numbers. The zero value is not ready; see [New].
type Server struct {
	mu      sync.Mutex
	log     []Event
	next    int64
	floor   int64 // the least number that is still kept
	news    chan struct{}
	without map[string]bool // the endpoints that the host does not have
	refused int             // how many of the next connections are refused
	kick    context.CancelFunc
	failure string
	context context.Context //nolint:containedctx // it ends the connections of a time
	queries []http.Request
}

// New returns a host whose first event has the number first.
func New(first int64) *Server {
	s := &Server{next: first, floor: first, news: make(chan struct{}), without: make(map[string]bool)}
	s.context, s.kick = context.WithCancel(context.Background())
	return s
}

// Start serves s until stop is called; base begins with ws.
func (s *Server) Start() (base string, stop func()) {
	h := httptest.NewServer(s)
	return "ws" + h.URL[len("http"):], func() { s.Break(); h.Close() }
}

// Without makes the host answer 404 to an endpoint.
func (s *Server) Without(path string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.without[path] = true
}

// Refuse makes the host answer 503 to the next n connections.
func (s *Server) Refuse(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refused = n
}

// Add appends an event, numbers it, and sends it to whoever listens. An event without a
// time is seen now.
func (s *Server) Add(e Event) Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	e.Seq = s.next
	s.next++
	if e.Seen.IsZero() {
		e.Seen = time.Now()
	}
	e.Seen = e.Seen.UTC().Truncate(time.Microsecond)
	s.log = append(s.log, e)
	close(s.news)
	s.news = make(chan struct{})
	return e
}

// Forget makes the host keep only what is numbered floor and above.
func (s *Server) Forget(floor int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.floor = floor
	for len(s.log) > 0 && s.log[0].Seq < floor {
		s.log = s.log[1:]
	}
}

// Break cuts all connections.
func (s *Server) Break() { s.Fail("") }

// Fail ends all connections with an error frame, such as ConsumerTooSlow.
func (s *Server) Fail(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failure = name
	s.kick()
	s.context, s.kick = context.WithCancel(context.Background())
}

// Asked returns the queries of the connections that were asked for, oldest first.
func (s *Server) Asked() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]string, len(s.queries))
	for i := range s.queries {
		out[i] = s.queries[i].URL.RequestURI()
	}
	return out
}

// ServeHTTP is the host.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.queries = append(s.queries, *r)
	missing, busy := s.without[r.URL.Path], s.refused > 0
	if busy {
		s.refused--
	}
	s.mu.Unlock()
	switch {
	case busy:
		refuse(w, http.StatusServiceUnavailable, "Unavailable", "the host is starting")
	case missing || r.URL.Path != Legacy && r.URL.Path != Modern:
		refuse(w, http.StatusNotFound, "NotFound", "there is nothing here")
	default:
		s.subscribe(w, r)
	}
}

// refuse answers as XRPC does, before the connection is upgraded.
//
// https://atproto.com/specs/xrpc#error-responses
func refuse(w http.ResponseWriter, status int, name, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": name, "message": message})
}
