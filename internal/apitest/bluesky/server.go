package blueskytest

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/parvis-go/parvis/internal/apitest"
)

// Options are what a test may choose. The zero value is a PDS without rate limits.
type Options struct {
	// RateLimits turns the published rate limits on.
	RateLimits bool
	// BlobLimit is the largest blob in bytes; 0 is the 5 MiB of a PDS by default.
	//
	// https://docs.bsky.app/docs/advanced-guides/rate-limits
	BlobLimit int64
	// Grace is how long a refresh token that was used still works; 0 is the two hours of a PDS.
	Grace time.Duration
}

// A Server is a running server. Its methods are safe for concurrent use.
type Server struct {
	// URL is its address, without a final slash.
	URL string
	// Faults stages failures in front of it.
	Faults apitest.Faults

	o    Options
	rec  apitest.Recorder
	http *httptest.Server

	mu      sync.Mutex
	frozen  time.Time
	lastTID uint64
	unknown []string
	limits  limiter
	db      store
}

// New starts a server that stops when the test ends.
func New(t testing.TB, o Options) *Server {
	if o.BlobLimit == 0 {
		o.BlobLimit = 5 << 20
	}
	if o.Grace == 0 {
		o.Grace = 2 * time.Hour
	}
	s := &Server{o: o, db: newStore()}
	s.http = httptest.NewServer(s.Faults.Wrap(s.rec.Wrap(s.mux())))
	s.URL = s.http.URL
	t.Cleanup(func() {
		s.http.CloseClientConnections()
		s.http.Close()
	})
	return s
}

// Calls is how many requests reached the server, those that failed included.
func (s *Server) Calls() int { return s.Faults.Calls() }

// Exchanges returns every request and its answer so far.
func (s *Server) Exchanges() []apitest.Exchange { return s.rec.Exchanges() }

// Unknown lists what clients sent that the server does not know: methods, as
// "app.bsky.feed.nothing", and parameters, as "app.bsky.feed.getPosts: uri". Real servers
// ignore unknown parameters, so does this one.
func (s *Server) Unknown() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.unknown)
}

func (s *Server) noteUnknown(what string) {
	if !slices.Contains(s.unknown, what) {
		s.unknown = append(s.unknown, what)
	}
}

// Clock is what time it is on the server.
func (s *Server) Clock() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now()
}

// SetNow stops the server's clock at t. The zero time lets it run again.
func (s *Server) SetNow(t time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.frozen = t
}

// Advance stops the server's clock d later than it is now.
func (s *Server) Advance(d time.Duration) { s.SetNow(s.Clock().Add(d)) }

// now is the server's time. The caller holds s.mu.
func (s *Server) now() time.Time {
	if s.frozen.IsZero() {
		return time.Now().UTC()
	}
	return s.frozen.UTC()
}

// timeForm is how the network writes times.
//
// https://atproto.com/specs/lexicon#datetime
const timeForm = "2006-01-02T15:04:05.000Z"

func (s *Server) mux() http.Handler {
	m := http.NewServeMux()
	m.HandleFunc("/xrpc/{nsid}", s.xrpc)
	m.HandleFunc("GET /.well-known/atproto-did", s.wellKnownDID)
	m.HandleFunc("GET /{did}", s.document)
	return m
}
