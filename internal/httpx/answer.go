package httpx

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/parvis-go/parvis"
)

var errTooLarge = errors.New("the answer is too large")

// maxExact is the largest announced length for which memory is taken at once; a
// larger answer grows as it really arrives.
const maxExact = 64 << 10

// buffers holds the memory in which answers of unknown length are collected.
var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// readBody reads the answer to its end, up to limit bytes after decompression. With an
// error it returns what was read before.
func readBody(resp *http.Response, limit int64) ([]byte, error) {
	n := resp.ContentLength
	switch {
	case resp.Request.Method == http.MethodHead:
		return nil, nil // the length is that of the answer to a GET
	case n > limit && resp.StatusCode < 300:
		return nil, errTooLarge
	case n == 0:
		return nil, nil
	case n > 0 && n <= maxExact:
		return readExact(resp.Body, int(n), limit)
	}
	buf := buffers.Get().(*bytes.Buffer)
	buf.Reset()
	_, err := buf.ReadFrom(io.LimitReader(resp.Body, limit+1))
	b := bytes.Clone(buf.Bytes())
	if buf.Cap() <= 1<<20 {
		buffers.Put(buf)
	}
	if int64(len(b)) > limit {
		return b[:limit], errTooLarge
	}
	return b, err
}

// readExact reads n bytes and the end that must follow.
func readExact(r io.Reader, n int, limit int64) ([]byte, error) {
	b := make([]byte, 0, n+1)
	for {
		m, err := r.Read(b[len(b):cap(b)])
		b = b[:len(b)+m]
		switch {
		case err == io.EOF && len(b) < n:
			return b, io.ErrUnexpectedEOF
		case err == io.EOF:
			return b, nil
		case err != nil:
			return b, err
		case int64(len(b)) > limit:
			return b[:limit], errTooLarge
		case len(b) == cap(b):
			return b, errTooLarge
		}
	}
}

// openBody is the body of a stream, whose context ends with it.
type openBody struct {
	io.ReadCloser
	cancel context.CancelFunc
}

// Close ends the stream.
func (b *openBody) Close() error {
	err := b.ReadCloser.Close()
	b.cancel()
	return err
}

// decode decodes an answer in JSON.
func (k *call) decode(a *Response, out any) error {
	switch {
	case isHTML(a.Header):
		return k.finish(k.unreadable(errHTML))
	case out == nil || k.req.Method == http.MethodHead:
		return nil
	case len(a.Body) == 0 && noContent(a.Status):
		return nil
	}
	if err := json.Unmarshal(a.Body, out); err != nil {
		return k.finish(k.unreadable(err))
	}
	return nil
}

var errHTML = errors.New("it is a web page where JSON was due")

func isHTML(h http.Header) bool {
	t := first(h, "Content-Type")
	return len(t) >= 9 && strings.EqualFold(t[:9], "text/html")
}

func noContent(status int) bool {
	return status == http.StatusAccepted || status == http.StatusNoContent ||
		status == http.StatusResetContent || status == http.StatusNotModified
}

// unreadable is the error of an answer that says success and cannot be read.
func (k *call) unreadable(err error) *parvis.Error {
	e := &parvis.Error{
		Code: parvis.ErrBadAnswer, Message: "the answer cannot be read", Err: err,
		Help: "try again; if it persists, check the address and version of the server",
	}
	switch {
	case k.Context.Err() != nil:
		e.Code, e.Message, e.Help = parvis.ErrUnavailable, "the call was given up while the answer came in", ""
		e.Err = errors.Join(k.Context.Err(), err)
	case errors.Is(err, errTooLarge):
		e.Message = "the answer is larger than " + strconv.FormatInt(k.c.cfg.MaxBody, 10) + " bytes"
		e.Err, e.Help = nil, "ask for less at a time"
	case errors.Is(err, io.ErrUnexpectedEOF):
		e.Message = "the answer is truncated"
	case k.tryCtx != nil && k.tryCtx.Err() != nil:
		e.Code, e.Message, e.Help = parvis.ErrUnavailable, "the answer came too slowly", "try again later"
	}
	if k.answer != nil {
		e.Status = k.answer.Status
	}
	if !k.read {
		e.Code, e.Help = parvis.ErrUnknownOutcome, helpUnknown
	}
	return e
}
