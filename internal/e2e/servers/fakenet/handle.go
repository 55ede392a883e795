package fakenet

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/publish"
)

// problem is the body of an answer that is an error.
type problem struct {
	Error   string `json:"error"` // the network's own word
	Message string `json:"message"`
	Help    string `json:"help,omitempty"`
}

// errAbort closes the connection without an answer.
var errAbort = &parvis.Error{Code: parvis.ErrUnavailable, Message: "the connection is closed"}

// refuse is an error of the wire, beside those of the town.
func refuse(status int, word, message string) *parvis.Error {
	return &parvis.Error{Status: status, Vendor: word, Message: message}
}

// A visit is one request of a member.
type visit struct {
	s      *Server
	r      *http.Request
	m      *member
	fate   Fate
	faults Faults
}

// gone tells that the client is there no more.
func (v *visit) gone() bool { return v.r.Context().Err() != nil }

// ctx is for work that goes on without the client.
func (v *visit) ctx() context.Context { return context.WithoutCancel(v.r.Context()) }

// at stops at a point if the test wants that.
func (v *visit) at(p Point, what Visit) {
	if v.s.opt.At != nil {
		what.Account = v.m.id
		v.s.opt.At(p, what)
	}
}

// work takes the time that the request takes, whether anybody waits for it or not.
func (v *visit) work() {
	if v.fate == Slowed {
		time.Sleep(v.faults.SlowFor)
	}
}

// routes are all calls that there are. Each names its account by ?account=ID.
func (s *Server) routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /publish", s.door(true, (*visit).publish))
	mux.HandleFunc("GET /posts/{id}", s.door(false, (*visit).get))
	mux.HandleFunc("DELETE /posts/{id}", s.door(true, (*visit).remove))
	mux.HandleFunc("POST /posts/{id}/edit", s.door(true, (*visit).edit))
	mux.HandleFunc("GET /posts/{id}/metrics", s.door(false, (*visit).metrics))
	mux.HandleFunc("POST /media", s.door(true, (*visit).upload))
	mux.HandleFunc("GET /reconcile", s.door(false, (*visit).reconcile))
	mux.HandleFunc("GET /support", s.door(false, (*visit).support))
	mux.HandleFunc("GET /count", func(w http.ResponseWriter, _ *http.Request) { write(w, s.Count()) })
	return mux
}

// door is a call as it fares on the wire.
func (s *Server) door(changes bool, call func(*visit) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		id := r.URL.Query().Get("account")
		s.mu.Lock()
		m := s.members[id]
		s.mu.Unlock()
		if m == nil {
			writeError(w, refuse(http.StatusUnauthorized, "unknown_account", "no such account has joined"))
			return
		}
		v := &visit{s: s, r: r, m: m}
		v.fate, v.faults = s.fate(id, changes)
		switch v.fate {
		case Dropped:
			panic(http.ErrAbortHandler)
		case Unavailable:
			writeError(w, refuse(http.StatusServiceUnavailable, "unavailable", "the network is busy"))
			return
		case Limited:
			e := refuse(http.StatusTooManyRequests, "too_many_requests", "too many calls")
			e.RetryAfter = v.faults.RetryAfter
			writeError(w, e)
			return
		}
		answer, err := call(v)
		v.answer(w, answer, err)
	}
}

// answer tells the client how the call ended, or does not.
func (v *visit) answer(w http.ResponseWriter, answer any, err error) {
	switch v.fate {
	case Lost:
		panic(http.ErrAbortHandler)
	case Delayed:
		select {
		case <-time.After(v.faults.DelayFor):
		case <-v.r.Context().Done():
		}
	}
	switch {
	case err != nil:
		writeError(w, err)
	case answer == nil:
		w.WriteHeader(http.StatusNoContent)
	default:
		write(w, answer)
	}
}

func write(w http.ResponseWriter, v any) { writeStatus(w, http.StatusOK, v) }

func writeStatus(w http.ResponseWriter, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // the wire types hold nothing that JSON does not know
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(b) // a client that has gone misses it
}

// writeError answers with the network's own words. An error without a status is one of
// the wire, made by a fault of the town: the connection is closed.
func writeError(w http.ResponseWriter, err error) {
	e, ok := errors.AsType[*parvis.Error](err)
	if !ok || e.Status == 0 {
		panic(http.ErrAbortHandler)
	}
	if e.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.FormatFloat(e.RetryAfter.Seconds(), 'f', -1, 64))
	}
	word := cmp.Or(e.Vendor, "error")
	if e.Code == parvis.ErrRejected {
		word = wordRejected
	}
	message := e.Message
	if e.Err != nil {
		message += ": " + e.Err.Error()
	}
	writeStatus(w, e.Status, problem{Error: word, Message: message, Help: e.Help})
}

// inward is a draft in which posts have the town's IDs. s.mu is not held.
func (s *Server) inward(d publish.Draft) publish.Draft {
	s.mu.Lock()
	defer s.mu.Unlock()
	d.ReplyTo, d.Quote = s.refInward(d.ReplyTo), s.refInward(d.Quote)
	return d
}

func (s *Server) refInward(r parvis.Ref) parvis.Ref {
	if d := s.ledger.byID[r.ID]; d != nil && r.Kind == parvis.KindPost {
		r.ID = d.townID
	}
	return r
}

// idOf is the ID that clients have for the town's. s.mu is held.
func (s *Server) idOf(townID string) string {
	if d := s.ledger.byTown[townID]; d != nil {
		return d.ID
	}
	return townID
}

// outward is a post in which posts have the IDs that clients have, with the key that its
// author sent.
func (s *Server) outward(m *member, p publish.Post) publish.Post {
	s.mu.Lock()
	defer s.mu.Unlock()
	p.Key, p.Raw = "", nil
	if d := s.ledger.byTown[p.Ref.ID]; d != nil && d.Account == m.id {
		p.Key = d.Key
	}
	p.Ref.ID, p.ReplyTo.ID = s.idOf(p.Ref.ID), s.idOf(p.ReplyTo.ID)
	return p
}
