package httpx

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/url"
	"sync"
	"time"

	"github.com/parvis-go/parvis"
)

// A Body is the content of a request: [JSON], [Form], [Multipart] or [Raw].
// It can be sent more than once.
type Body interface{ payload() *payload }

// payload is the one kind of Body: bytes, or a source that is opened for each try.
type payload struct {
	kind []string // the Content-Type
	size int64    // -1 means unknown
	data []byte
	open func(context.Context) (io.ReadCloser, error) // nil for data
	form url.Values                                   // of which some are secret
	err  error
}

func (p *payload) payload() *payload { return p }

// The content types are shared by all requests; net/http does not write to header values.
var (
	typeJSON = []string{"application/json"}
	typeForm = []string{"application/x-www-form-urlencoded"}
)

// JSON returns v encoded by [json.Marshal]. What cannot be encoded makes the call fail
// with [parvis.ErrInvalid].
func JSON(v any) Body {
	b, err := json.Marshal(v)
	return &payload{kind: typeJSON, data: b, size: int64(len(b)), err: err}
}

// Form returns values in the encoding of HTML forms.
func Form(values url.Values) Body {
	b := []byte(values.Encode())
	return &payload{kind: typeForm, data: b, size: int64(len(b)), form: values}
}

// Raw returns size bytes (0 or less if that is not known) of the given content type that
// open reads. They are streamed, not held. open is called once for each try, and the
// call fails with [parvis.ErrInvalid] if it gives more or less than size.
func Raw(contentType string, size int64, open func(ctx context.Context) (io.ReadCloser, error)) Body {
	if size <= 0 {
		size = -1
	}
	return &payload{kind: []string{contentType}, size: size, open: open}
}

// source is one pass over a streamed body. Close may be called during Read, as net/http
// does. When its context ends it closes itself: net/http waits for a Read that blocks.
type source struct {
	from *payload
	read int64 // by the one reader

	mu     sync.Mutex
	ctx    context.Context // of the try
	rc     io.ReadCloser
	err    error // the source's own failure
	closed bool
	stop   func() bool   // ends the watch over ctx
	idle   *time.Timer   // put back at every progress; nil means none
	every  time.Duration // what idle is set to
	after  time.Duration // and when all is read
}

var (
	errClosed  = errors.New("the body is closed")
	errStalled = errors.New("the upload made no progress in time")
	errNothing = errors.New("the body has no content to open")
	errShort   = errors.New("the body is shorter than was said")
	errLong    = errors.New("the body is longer than was said")
)

// bind sets the context of the try and the timer that a lack of progress lets run out.
func (s *source) bind(ctx context.Context, idle *time.Timer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ctx, s.idle = ctx, idle
}

// start opens the source, once.
func (s *source) start() (io.ReadCloser, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.err != nil:
		return nil, s.err
	case s.closed:
		return nil, errClosed
	case s.rc != nil:
		return s.rc, nil
	}
	s.rc, s.err = s.from.open(s.ctx)
	if s.err == nil && s.rc == nil {
		s.err = errNothing
	}
	if s.err == nil {
		s.stop = context.AfterFunc(s.ctx, func() { _ = s.Close() })
	}
	return s.rc, s.err
}

// Read reads on, and puts the idle timer back.
func (s *source) Read(p []byte) (int, error) {
	rc, err := s.start()
	if err != nil {
		return 0, err
	}
	n, err := rc.Read(p)
	s.read += int64(n)
	if s.from.size >= 0 {
		n, err = s.measure(rc, n, err)
	}
	s.progress(n, err)
	return n, err
}

// measure holds the last bytes back until it is known that none follow, so that a body
// of the wrong length never makes a complete request.
func (s *source) measure(rc io.Reader, n int, err error) (int, error) {
	var one [1]byte
	for s.read == s.from.size && err == nil {
		var m int
		m, err = rc.Read(one[:])
		s.read += int64(m)
	}
	switch {
	case s.read > s.from.size:
		return 0, errLong
	case err == io.EOF && s.read < s.from.size:
		return n, errShort
	}
	return n, err
}

// progress notes how a Read ended. A failure after Close is not the source's own.
func (s *source) progress(n int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil && err != io.EOF && !s.closed {
		s.err = err
	}
	switch {
	case s.idle == nil || s.closed:
	case err == io.EOF:
		s.idle.Reset(s.after)
	case n > 0:
		s.idle.Reset(s.every)
	}
}

// Close closes what was opened.
func (s *source) Close() error {
	s.mu.Lock()
	rc, was := s.rc, s.closed
	s.closed = true
	if s.stop != nil {
		s.stop()
	}
	s.mu.Unlock()
	if was || rc == nil {
		return nil
	}
	return rc.Close()
}

// failure returns the source's own failure as the error of the call, or nil.
func (s *source) failure() *parvis.Error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		return nil
	}
	if e, ok := errors.AsType[*parvis.Error](s.err); ok {
		c := *e
		return &c
	}
	return &parvis.Error{
		Code: parvis.ErrInvalid, Message: "the content to send cannot be read",
		Help: "check the file and its size", Err: s.err,
	}
}
