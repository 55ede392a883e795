// Package refresh is the torture of refreshing: an authorization server whose refresh
// tokens serve once, which loses answers before and after it has rotated a token, and
// workers in processes of their own that share one vault and are killed.
package refresh

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Rules are how the server treats tokens.
type Rules struct {
	// Life is how long an access token works.
	Life time.Duration
	// Grace is how long a refresh token that was used once is answered with the same new
	// tokens again, as long as those have not been used, as a Bluesky PDS does. 0 means
	// that using it again ends the grant, as RFC 9700 asks for.
	Grace time.Duration
	// Lose is how often, of a hundred requests, the answer is lost before the rotation,
	// after it, and how often the rotation happens when the client has given up.
	Before, After, Late int
	// Stall is how long a lost answer takes; longer than the client's patience.
	Stall time.Duration
}

// A Server is the authorization server, and the network that takes its tokens.
type Server struct {
	rules Rules

	mu     sync.Mutex
	rng    *rand.Rand
	grants map[string]*grant // by account
	owner  map[string]*grant // by any refresh or access token that it ever gave
	Tally  Tally
}

// A Tally is what happened.
type Tally struct {
	Refreshes, Repeated, LostBefore, LostAfter, LostLate, Overlaps, Replays, Unknown, Uses, Refused int
}

// grant is what one account has.
type grant struct {
	account         string
	refresh, access string
	before          string // the refresh token that was rotated last
	until           time.Time
	expires         time.Time
	used, dead      bool
	rotated         int
	inFlight        map[*visit]bool
}

// A visit is one request for new tokens. It overlaps if another one for the account comes
// while it is being answered and its client is still there.
type visit struct {
	client context.Context //nolint:containedctx // it tells whether the client is gone
	met    bool
}

// NewServer returns a server with accounts named a0, a1, …
func NewServer(r Rules, accounts int) *Server {
	s := &Server{rules: r, rng: rand.New(rand.NewPCG(1, 2)), grants: map[string]*grant{}, owner: map[string]*grant{}}
	for i := range accounts {
		g := &grant{account: fmt.Sprintf("a%d", i)}
		s.grants[g.account] = g
		s.rotate(g)
	}
	return s
}

// Tokens returns the tokens that an account has now.
func (s *Server) Tokens(account string) (access, refresh string, expires time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.grants[account]
	return g.access, g.refresh, g.expires
}

// Dead returns the accounts whose grants have ended.
func (s *Server) Dead() (dead []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, g := range s.grants {
		if g.dead {
			dead = append(dead, g.account)
		}
	}
	return dead
}

// Now returns the tally so far.
func (s *Server) Now() Tally {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.Tally
}

func (s *Server) rotate(g *grant) {
	g.rotated++
	g.before, g.until, g.used = g.refresh, time.Now().Add(s.rules.Grace), false
	g.refresh = fmt.Sprintf("parvis-secret-refresh-%s-%d", g.account, g.rotated)
	g.access = fmt.Sprintf("parvis-secret-access-%s-%d", g.account, g.rotated)
	g.expires = time.Now().Add(s.rules.Life)
	s.owner[g.refresh], s.owner[g.access] = g, g
}

// ServeHTTP answers POST /token as RFC 6749 section 6 says, and GET /use as a network does.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/token":
		s.token(w, r)
	case "/use":
		s.use(w, r)
	default:
		http.NotFound(w, r)
	}
}

func (s *Server) use(w http.ResponseWriter, r *http.Request) {
	token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Tally.Uses++
	g := s.owner[token]
	if g == nil || g.dead || g.access != token || !time.Now().Before(g.expires) {
		s.Tally.Refused++
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	g.used = true
	w.WriteHeader(http.StatusNoContent)
}

func (s *Server) token(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil || r.Form.Get("grant_type") != "refresh_token" || r.Form.Get("client_id") != "app" {
		refuse(w, "invalid_request")
		return
	}
	token := r.Form.Get("refresh_token")
	v := &visit{client: r.Context()}
	g := s.enter(token, v)
	if g == nil {
		refuse(w, "invalid_grant")
		return
	}
	left := sync.OnceFunc(func() { s.leave(g, v) })
	defer left()
	time.Sleep(time.Millisecond) // it does some work, so that two requests can meet
	switch fate := s.fate(); fate {
	case "before":
		s.stall(r)
	case "late":
		s.stall(r)
		_, _ = s.take(g, token)
	case "after":
		_, _ = s.take(g, token)
		left()
		s.stall(r)
	default:
		answer, ok := s.take(g, token)
		left()
		if !ok {
			refuse(w, "invalid_grant")
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(answer)
		return
	}
	panic(http.ErrAbortHandler)
}

// stall waits until the client has given up, or for as long as it is told.
func (s *Server) stall(r *http.Request) {
	select {
	case <-time.After(s.rules.Stall):
	case <-r.Context().Done():
	}
}

func (s *Server) enter(token string, v *visit) *grant {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.owner[token]
	if g == nil {
		s.Tally.Unknown++
		return nil
	}
	for other := range g.inFlight {
		other.met = true
	}
	if g.inFlight == nil {
		g.inFlight = map[*visit]bool{}
	}
	g.inFlight[v] = true
	return g
}

// leave ends a visit. That a client has gone, killed or out of patience, is known here a
// little later than there: a visit that met another waits for that news.
func (s *Server) leave(g *grant, v *visit) {
	s.mu.Lock()
	delete(g.inFlight, v)
	met := v.met
	s.mu.Unlock()
	if !met {
		return
	}
	select {
	case <-v.client.Done():
	case <-time.After(150 * time.Millisecond):
		s.mu.Lock()
		s.Tally.Overlaps++
		s.mu.Unlock()
	}
}

func (s *Server) fate() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch n := s.rng.IntN(100); {
	case n < s.rules.Before:
		s.Tally.LostBefore++
		return "before"
	case n < s.rules.Before+s.rules.After:
		s.Tally.LostAfter++
		return "after"
	case n < s.rules.Before+s.rules.After+s.rules.Late:
		s.Tally.LostLate++
		return "late"
	}
	return ""
}

// take rotates the tokens of g for token, or repeats what it gave last.
func (s *Server) take(g *grant, token string) (map[string]any, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case g.dead:
		return nil, false
	case token == g.refresh:
		s.Tally.Refreshes++
		s.rotate(g)
	case token == g.before && !g.used && time.Now().Before(g.until):
		s.Tally.Repeated++
	default:
		s.Tally.Replays++
		g.dead = true
		return nil, false
	}
	return map[string]any{
		"access_token": g.access, "refresh_token": g.refresh, "token_type": "Bearer",
		"expires_in": max(0, time.Until(g.expires).Seconds()),
	}, true
}

func refuse(w http.ResponseWriter, code string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusBadRequest)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": code, "error_description": "the token serves no more"})
}
