package main

import (
	"crypto/rand"
	"crypto/subtle"
	"net/http"
	"slices"
	"sync"

	"github.com/parvis-go/parvis"
)

// people are those who work at the desk; whoever clicks is named in the activity log.
var people = []string{"Claire", "Malik", "Jo"}

// maxSessions bounds how many browsers are remembered at a time; the oldest goes first.
const maxSessions = 64

// A session is one browser. Its fields below mu are guarded by it.
type session struct {
	id   string
	csrf string

	mu    sync.Mutex
	who   string
	flash *flash
	image *parvis.Media
}

// A flash is something to say once, on the next page.
type flash struct {
	Text    string
	Trouble *trouble
	// Link is an address to pass on.
	Link string
	// Item and Reply bring an answer that could not be sent back into its form.
	Item, Reply string
}

// ok reports whether token is the session's own, in constant time.
func (s *session) ok(token string) bool {
	return subtle.ConstantTimeCompare([]byte(token), []byte(s.csrf)) == 1
}

// Who is the person at the desk.
func (s *session) Who() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.who
}

// be changes the person at the desk; unknown names change nothing.
func (s *session) be(who string) {
	if !slices.Contains(people, who) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.who = who
}

// say leaves f for the next page.
func (s *session) say(f flash) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.flash = &f
}

// said takes what was left by say.
func (s *session) said() *flash {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.flash
	s.flash = nil
	return f
}

// keep remembers the picture of the draft under way, because a page cannot put a file
// back into its form. Nil forgets it.
func (s *session) keep(m *parvis.Media) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.image = m
}

// kept is what keep remembered.
func (s *session) kept() *parvis.Media {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.image
}

// sessions are the browsers that have visited.
type sessions struct {
	cookie string // its name holds the port: cookies do not tell ports apart

	mu    sync.Mutex
	byID  map[string]*session
	order []string
}

// of returns the session of r, or a new one, whose cookie it sets, for requests that
// only read. It is nil for others that have none.
func (ss *sessions) of(w http.ResponseWriter, r *http.Request) *session {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	if c, err := r.Cookie(ss.cookie); err == nil {
		if s, ok := ss.byID[c.Value]; ok {
			return s
		}
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return nil
	}
	s := &session{id: rand.Text(), csrf: rand.Text(), who: people[0]}
	if len(ss.order) >= maxSessions {
		delete(ss.byID, ss.order[0])
		ss.order = ss.order[1:]
	}
	ss.byID[s.id] = s
	ss.order = append(ss.order, s.id)
	http.SetCookie(w, &http.Cookie{Name: ss.cookie, Value: s.id, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode}) //nolint:gosec // Secure would keep it from a page on plain loopback
	return s
}
