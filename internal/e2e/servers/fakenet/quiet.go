package fakenet

import (
	"context"
	"fmt"
	"net"
	"net/http"

	"github.com/parvis-go/parvis"
)

// Quiet waits until no request is being worked on, also of clients that have gone. A
// request that is on its way may still arrive: after killing clients, call Drain.
func (s *Server) Quiet() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.busy > 0 {
		s.idle.Wait()
	}
}

// Drain waits until all clients have ended and nothing is being worked on: nothing will
// come then that they have sent. Call it before counting, when the processes under test
// have been killed. The error is ctx's, in words, if connections are still open by then;
// clients in this process keep theirs until they close their idle connections.
func (s *Server) Drain(ctx context.Context) error {
	if s.http != nil {
		if err := s.flush(ctx); err != nil {
			return s.fail("the network does not answer itself", err)
		}
	}
	defer context.AfterFunc(ctx, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.idle.Broadcast()
	})()
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.busy > 0 || s.conns > 0 {
		if err := ctx.Err(); err != nil {
			return s.fail(fmt.Sprintf("%d connections are open and %d requests are being worked on", s.conns, s.busy), err)
		}
		s.idle.Wait()
	}
	return nil
}

func (s *Server) fail(message string, err error) error {
	return &parvis.Error{Op: "drain", Code: parvis.ErrUnavailable, Message: message, Help: "end all clients first", Err: err}
}

// flush makes a connection of its own and waits for an answer on it. Connections are
// accepted one after the other, so that all that were made before are known then.
func (s *Server) flush(ctx context.Context) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+"/count", http.NoBody)
	if err != nil {
		return err
	}
	resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

// connected counts connections.
func (s *Server) connected(_ net.Conn, state http.ConnState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch state {
	case http.StateNew:
		s.conns++
	case http.StateClosed, http.StateHijacked:
		if s.conns--; s.conns == 0 {
			s.idle.Broadcast()
		}
	}
}

// begin counts a request in, unless the server is closed.
func (s *Server) begin() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.busy++
	}
	return !s.closed
}

func (s *Server) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.busy--; s.busy == 0 {
		s.idle.Broadcast()
	}
}
