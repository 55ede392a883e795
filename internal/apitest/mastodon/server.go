package mastodontest

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parvis-go/parvis/internal/apitest"
)

// Options are what a test may choose. The zero value is a Mastodon without rate limits.
type Options struct {
	// Flavour is which software it is; empty is [Mastodon].
	Flavour Flavour
	// Version is what the instance says of itself; empty is the flavour's own.
	Version string
	// Limits replace the flavour's where they are set.
	Limits Limits
	// RateLimits turns the published rate limits on.
	RateLimits bool
	// Processing is how many times GET /api/v1/media/:id answers 206 before a file that is
	// processed in the background is ready; 0 is once.
	Processing int
	// SlowImages lets pictures be processed in the background too, as before 4.0.0.
	SlowImages bool
	// BrokenKeys answers 500 when a key comes again, without posting again, as some builds
	// of Mastodon do (https://github.com/mastodon/mastodon/issues/40399).
	BrokenKeys bool
	// Private refuses every request without a user, as servers in limited federation mode do.
	Private bool
	// Path is where the server lives below its host: "/social".
	Path string
	// Thump is the time between heartbeats of a stream; 0 is 15 seconds.
	Thump time.Duration
}

// A Server is a running server of the Mastodon API. Its methods are safe for concurrent use.
type Server struct {
	// URL is its address, without a final slash.
	URL string
	// Faults stages failures in front of it.
	Faults apitest.Faults

	o       Options
	t       traits
	rec     apitest.Recorder
	http    *httptest.Server
	routes  *http.ServeMux
	limiter limiter
	streams hub

	mu      sync.Mutex
	frozen  time.Time
	lastID  id
	db      store
	unknown []string
	extra   []apitest.Exchange
	visited map[string]bool
}

// New starts a server that stops when the test ends.
func New(t testing.TB, o Options) *Server {
	if o.Flavour == "" {
		o.Flavour = Mastodon
	}
	o.Path = strings.TrimSuffix(o.Path, "/")
	s := &Server{o: o, t: traitsOf(o.Flavour)}
	s.t.limits = o.Limits.or(s.t.limits)
	if o.Version != "" {
		s.t.version = o.Version
	}
	s.db.init()
	s.routes = s.mux()
	s.http = httptest.NewServer(s.Faults.Wrap(http.HandlerFunc(s.split)))
	s.URL = s.http.URL + o.Path
	t.Cleanup(func() {
		s.CutStreams()
		s.http.CloseClientConnections()
		s.http.Close()
	})
	return s
}

// split sends streams past the recorder, which holds whole answers.
func (s *Server) split(w http.ResponseWriter, r *http.Request) {
	path, below := strings.CutPrefix(r.URL.Path, s.o.Path)
	if !below {
		http.NotFound(w, r)
		return
	}
	r.URL.Path = path
	r.URL.RawPath = ""
	if strings.HasPrefix(path, "/api/v1/streaming") && path != "/api/v1/streaming/health" && !s.lacks(r.Method, path) {
		s.stream(w, r)
		return
	}
	s.rec.Wrap(s.routes).ServeHTTP(w, r)
}

// Host is the server's host and port, which is also its domain in addresses.
func (s *Server) Host() string {
	u, err := url.Parse(s.URL)
	if err != nil {
		return ""
	}
	return u.Host
}

// Calls is how many requests reached the server, those that failed included.
func (s *Server) Calls() int { return s.Faults.Calls() }

// Exchanges returns every request and its answer so far. Streams are there with their
// request and status, without what they carried; see [Server.Sent].
func (s *Server) Exchanges() []apitest.Exchange {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append(s.rec.Exchanges(), s.extra...)
}

// Unknown lists what clients sent that the server does not know: endpoints, as
// "GET /api/v9/x", and parameters, as "POST /api/v1/statuses: txt". Real servers ignore
// unknown parameters, so does this one.
func (s *Server) Unknown() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.unknown)
}

func (s *Server) noteUnknown(what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Contains(s.unknown, what) {
		s.unknown = append(s.unknown, what)
	}
}

func (s *Server) visit(at string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.visited == nil {
		s.visited = map[string]bool{}
	}
	s.visited[at] = true
}

// Unvisited lists the endpoints that nobody has called yet, as "GET /api/v1/statuses/{id}".
func (s *Server) Unvisited() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for _, rt := range routes() {
		method, path, _ := strings.Cut(rt.at, " ")
		if !s.visited[rt.at] && !s.lacks(method, path) {
			out = append(out, rt.at)
		}
	}
	return out
}

// Clock is what time it is on the server.
func (s *Server) Clock() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now()
}

// SetNow stops the server's clock at t. The zero time lets it run again. What is due by
// then happens: scheduled statuses are published, polls end.
func (s *Server) SetNow(t time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.frozen = t
	s.publishDue()
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
