package fakenet

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
)

// errNoAnswer is what a client sees of a connection that was closed without an answer.
var errNoAnswer = errors.New("the connection was closed without an answer")

// Transport returns a wire to the server without a socket: calls cost what the server does
// and no time on a network, for benchmarks and tests in one process. Any address leads to
// the server. A call whose context ends returns, and the server goes on with it.
func (s *Server) Transport() http.RoundTripper { return wire{s} }

type wire struct{ s *Server }

// RoundTrip lets the server answer r.
func (t wire) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		closeBody(r)
		return nil, err
	}
	// What the client keeps in its context stays on its side of the wire.
	ctx, hangUp := context.WithCancel(context.Background())
	stop := context.AfterFunc(r.Context(), hangUp)
	in := r.Clone(ctx)
	if in.Body == nil {
		in.Body = http.NoBody
	}
	if !t.s.begin() {
		stop()
		hangUp()
		closeBody(r)
		return nil, errNoAnswer
	}
	answered := make(chan *http.Response, 1)
	go func() { // it ends with the handler, for which Quiet and Close wait
		defer t.s.end()
		defer hangUp()
		defer stop()
		answered <- t.s.perform(in)
		closeBody(r)
	}()
	select {
	case resp := <-answered:
		if resp == nil {
			return nil, errNoAnswer
		}
		resp.Request = r
		return resp, nil
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
}

func closeBody(r *http.Request) {
	if r.Body != nil {
		_ = r.Body.Close()
	}
}

// perform returns the answer, or nil if the connection is closed instead.
func (s *Server) perform(r *http.Request) (resp *http.Response) {
	rec := &recorder{header: http.Header{}}
	defer func() {
		if p := recover(); p != nil && p != http.ErrAbortHandler {
			panic(p)
		} else if p != nil {
			resp = nil
		}
	}()
	s.mux.ServeHTTP(rec, r)
	return rec.response()
}

// A recorder keeps an answer.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header returns the answer's header.
func (r *recorder) Header() http.Header { return r.header }

// WriteHeader sets the status; the first call counts.
func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
}

// Write adds to the body.
func (r *recorder) Write(b []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	return r.body.Write(b)
}

func (r *recorder) response() *http.Response {
	r.WriteHeader(http.StatusOK)
	return &http.Response{
		StatusCode: r.status, Status: http.StatusText(r.status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: r.header, Body: io.NopCloser(&r.body), ContentLength: int64(r.body.Len()),
	}
}
