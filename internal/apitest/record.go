package apitest

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"sync"
)

// An Exchange is one request and its answer, as the network saw them.
type Exchange struct {
	Method        string
	Path          string // as it was sent, without the query
	Query         url.Values
	RequestHeader http.Header
	RequestBody   []byte
	Status        int
	Header        http.Header
	Body          []byte
}

// A Recorder keeps every exchange that passes through it. The zero value is ready. It is
// safe for concurrent use. It holds bodies in memory, so streams do not pass through it.
type Recorder struct {
	mu        sync.Mutex
	exchanges []Exchange
}

// Wrap returns h with r listening. Put it below [Faults.Wrap], so that what the server
// itself answered is kept.
func (r *Recorder) Wrap(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(io.LimitReader(req.Body, maxRequest))
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		req.Body = io.NopCloser(bytes.NewReader(body))
		x := Exchange{
			Method: req.Method, Path: req.URL.EscapedPath(), Query: req.URL.Query(),
			RequestHeader: req.Header.Clone(), RequestBody: body,
		}
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, req)
		x.Status, x.Header, x.Body = rec.Code, rec.Header().Clone(), bytes.Clone(rec.Body.Bytes())
		r.mu.Lock()
		r.exchanges = append(r.exchanges, x)
		r.mu.Unlock()
		copyHead(w, rec)
		w.WriteHeader(rec.Code)
		_, _ = w.Write(rec.Body.Bytes())
	})
}

// Exchanges returns what was recorded so far, oldest first.
func (r *Recorder) Exchanges() []Exchange {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.exchanges)
}

// Reset forgets what was recorded.
func (r *Recorder) Reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.exchanges = nil
}
