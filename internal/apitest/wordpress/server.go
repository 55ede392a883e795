package wordpress

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parvis-go/parvis/internal/apitest"
)

// Options set up a [Server].
type Options struct {
	// Plain switches pretty permalinks off: the API is at /?rest_route= only.
	Plain bool
	// Hidden leaves out the Link header that leads to the API.
	Hidden bool
	// Moderated holds comments of everybody but moderators, as comment_moderation does.
	Moderated bool
	// NoTrash deletes at once, as a site with EMPTY_TRASH_DAYS 0 does.
	NoTrash bool
	// Flood is the least time between two comments of one person, moderators excepted.
	// A stock WordPress has 15 seconds; 0 is none.
	Flood time.Duration
	// Zone is the site's time zone, by which WordPress compares dates; nil is UTC.
	Zone *time.Location
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

// A Server is a WordPress site in memory.
type Server struct {
	// URL is the site's address, without a slash at the end.
	URL string
	// Faults stages failures in front of the site and counts calls.
	Faults apitest.Faults
	// Recorder keeps what was said.
	Recorder apitest.Recorder

	o  Options
	mu sync.Mutex
	state
}

// New starts a site on the loopback, with one user of each role, the category
// "Uncategorized" and the post "Hello world!". It ends with t.
func New(t testing.TB, o Options) *Server {
	t.Helper()
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Server{o: o}
	front := httptest.NewServer(s.Faults.Wrap(s.Recorder.Wrap(http.HandlerFunc(s.serve))))
	t.Cleanup(front.Close)
	s.URL = front.URL
	s.install()
	return s
}

// Calls is how many requests came.
func (s *Server) Calls() int { return s.Faults.Calls() }

// User returns the user with that login.
func (s *Server) User(login string) User {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, u := range s.users {
		if u.Login == login {
			return *u
		}
	}
	return User{}
}

// Count is how many posts, pages and comments hold text, the trash left out.
func (s *Server) Count(text string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, p := range s.posts {
		if p.status != "trash" && strings.Contains(p.title+p.content+p.excerpt, text) {
			n++
		}
	}
	for _, c := range s.comments {
		if (c.status == "hold" || c.status == "approved") && strings.Contains(c.content, text) {
			n++
		}
	}
	return n
}

// Cron publishes what is due, as WordPress's own cron does: without touching any date.
func (s *Server) Cron() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.posts {
		if p.status == "future" && !p.date.After(s.now()) {
			p.status = "publish"
		}
	}
}

// Revoke makes the user's application password invalid.
func (s *Server) Revoke(login string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, u := range s.users {
		if u.Login == login {
			u.Password = ""
		}
	}
}

// Uploads is how many files the site has.
func (s *Server) Uploads() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.files)
}

// Transport answers calls without a network, so that a test can have its own time
// (testing/synctest).
func (s *Server) Transport() http.RoundTripper {
	h := s.Faults.Wrap(s.Recorder.Wrap(http.HandlerFunc(s.serve)))
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		if err := r.Context().Err(); err != nil {
			return nil, err
		}
		in := r.Clone(r.Context())
		if in.Body == nil {
			in.Body = http.NoBody
		}
		in.RequestURI, in.RemoteAddr = "", "192.0.2.1:1"
		w := httptest.NewRecorder()
		h.ServeHTTP(w, in)
		resp := w.Result()
		resp.Request = r
		return resp, nil
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

// RoundTrip calls f.
func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// now is the time in the resolution of WordPress.
func (s *Server) now() time.Time { return s.o.Now().UTC().Truncate(time.Second) }

// serve answers one request.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	route, isAPI := s.route(r)
	if !s.o.Hidden {
		w.Header().Set("Link", "<"+s.root()+`>; rel="https://api.w.org/"`)
	}
	if !isAPI {
		s.page(w, r)
		return
	}
	q := &request{Request: r, s: s, route: strings.Trim(route, "/"), header: w.Header(), user: s.login(r)}
	answer, e := q.dispatch()
	if e != nil {
		e.write(w)
		return
	}
	q.write(w, answer)
}

func (s *Server) root() string {
	if s.o.Plain {
		return s.URL + "/index.php?rest_route=/"
	}
	return s.URL + "/wp-json/"
}

// route returns the API's route of a request.
func (s *Server) route(r *http.Request) (string, bool) {
	if r.URL.Query().Has("rest_route") && (r.URL.Path == "/" || r.URL.Path == "/index.php") {
		return r.URL.Query().Get("rest_route"), true
	}
	if rest, ok := strings.CutPrefix(r.URL.Path, "/wp-json"); ok && !s.o.Plain {
		return rest, true
	}
	return "", false
}

// page is what the site shows to people.
func (s *Server) page(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=UTF-8")
	if r.URL.Path != "/" {
		w.WriteHeader(http.StatusNotFound)
	}
	_, _ = w.Write([]byte("<!DOCTYPE html><title>Parvis</title>"))
}

// login returns the user of a request, or nobody. A wrong password makes a visitor: that
// is what a real WordPress 6.1 does.
func (s *Server) login(r *http.Request) *User {
	name, password, ok := r.BasicAuth()
	if !ok {
		return &User{}
	}
	for _, u := range s.users {
		if (u.Login == name || u.Email == name) && u.Password != "" && u.Password == letters(password) {
			return u
		}
	}
	return &User{}
}

// letters is a password without what WordPress ignores in it.
func letters(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, s)
}
