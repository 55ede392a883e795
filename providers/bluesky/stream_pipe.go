package bluesky

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"github.com/parvis-go/parvis"
)

// maxMessage bounds a message of a stream, in bytes. A commit may have two million bytes
// of blocks.
//
// https://github.com/bluesky-social/atproto/blob/main/lexicons/com/atproto/sync/subscribeRepos.json
const maxMessage = 5 << 20

var (
	errIdle     = errors.New("nothing more comes")
	errTooLarge = errors.New("a message is too large")
)

// pipe is an open stream. It is read and closed by one goroutine.
type pipe struct {
	ctx    context.Context //nolint:containedctx // the stream's own, ended by close
	cancel context.CancelFunc
	conn   *websocket.Conn
	done   chan struct{} // closed when the pinging has ended
	// reading tells that nothing has come since the reader began to wait.
	reading atomic.Bool
	// idle ends the stream if nothing comes for so long; 0 is never.
	idle time.Duration
}

// next returns the next message: [errIdle] if none comes, and [errTooLarge] for one that
// was read to its end without being held.
func (p *pipe) next() ([]byte, error) {
	var idle atomic.Bool
	if p.idle > 0 {
		t := time.AfterFunc(p.idle, func() { idle.Store(true); p.cancel() })
		defer t.Stop()
	}
	p.reading.Store(true)
	_, r, err := p.conn.Reader(p.ctx)
	p.reading.Store(false)
	if err != nil {
		if idle.Load() {
			return nil, errIdle
		}
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(r, maxMessage+1))
	if err != nil || len(b) <= maxMessage {
		return b, err
	}
	if _, err := io.Copy(io.Discard, r); err != nil {
		return nil, err
	}
	return nil, errTooLarge
}

func (p *pipe) close() {
	p.cancel()
	_ = p.conn.CloseNow()
	<-p.done
}

// ping asks every so often whether the host is there, and ends the stream if it says
// nothing at all. While the reader of the events is busy, nobody can tell.
func (p *pipe) ping() {
	defer close(p.done)
	for pause(p.ctx, silence/3) == nil {
		ctx, cancel := context.WithTimeout(p.ctx, silence*2/3)
		err := p.conn.Ping(ctx)
		cancel()
		if err != nil && p.reading.Load() {
			p.cancel()
			return
		}
	}
}

// open opens the stream where it is to go on, in the dialect of its host.
func (s *stream) open(ctx context.Context) (*pipe, error) {
	w := s.h.feed.wire
	base, err := url.Parse(w.address(&s.h.c.cfg))
	if err != nil || base.Host == "" {
		return nil, &parvis.Error{Code: parvis.ErrInvalid, Message: "the address of the " + w.name + " is none", Help: "write it as wss://host"}
	}
	for {
		fixed := s.choose(base)
		if err := s.fit(base.Host); err != nil {
			return nil, err
		}
		p, err := s.dial(ctx, *base)
		e, _ := errors.AsType[*parvis.Error](err)
		switch {
		case err == nil:
			return p, nil
		case e != nil && e.Vendor == "CursorTooOld" && s.at.seq > 0:
			s.at.seq = 0 // the host's clock tells where it can go on
		case e != nil && e.Code == parvis.ErrUnsupported && !fixed && s.dialect != w.dialects[len(w.dialects)-1]:
			s.dialect = w.dialects[slices.Index(w.dialects, s.dialect)+1]
		default:
			return nil, err
		}
	}
}

// choose finds the dialect by the address; fixed tells that it names the endpoint.
func (s *stream) choose(base *url.URL) (fixed bool) {
	w := s.h.feed.wire
	for _, d := range w.dialects {
		if strings.HasSuffix(base.Path, d.path()) {
			s.dialect = d
			return true
		}
	}
	if s.dialect == nil {
		s.dialect = w.dialects[0]
	}
	return false
}

// fit drops what of the position means nothing to the host that is to be asked.
func (s *stream) fit(host string) error {
	letter, now := s.dialect.letter(), time.Now()
	if s.at.host != host || s.at.dialect != letter {
		if s.at.seq > 0 && letter == (firehose{}).letter() {
			s.from = s.at.time.Add(-rewind)
		}
		s.at.host, s.at.dialect, s.at.seq = host, letter, 0
	}
	if letter == (legacy{}).letter() && !s.at.asked && now.Sub(s.at.time) > lookback {
		if err := s.h.deliver(gap(s.at.time, now.Add(-lookback), "the stream's host keeps 36 hours only")); err != nil {
			return err
		}
		s.at.time = now.Add(-lookback)
	}
	return nil
}

// dial opens a connection. It asks for no compression and follows no redirect.
func (s *stream) dial(ctx context.Context, u url.URL) (*pipe, error) {
	if !strings.HasSuffix(u.Path, s.dialect.path()) {
		u.Path = strings.TrimRight(u.Path, "/") + s.dialect.path()
	}
	params, protocol := s.dialect.params(s.at)
	u.RawQuery = url.Values(params).Encode()
	opt := &s.h.c.opt
	o := &websocket.DialOptions{
		HTTPHeader: http.Header{"User-Agent": {cmp.Or(opt.UserAgent, "parvis")}},
		HTTPClient: &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
	}
	if opt.HTTPClient != nil {
		o.HTTPClient.Transport = opt.HTTPClient.Transport
	}
	if protocol != "" {
		o.Subprotocols = []string{protocol}
	}
	ctx, cancel := context.WithCancel(ctx)
	timer := time.AfterFunc(silence, cancel)
	conn, resp, err := websocket.Dial(ctx, u.String(), o) //nolint:bodyclose // Dial has taken and closed it
	timer.Stop()
	if err != nil {
		cancel()
		return nil, dialError(resp, err)
	}
	conn.SetReadLimit(-1) // the reader has a limit of its own
	p := &pipe{ctx: ctx, cancel: cancel, conn: conn, done: make(chan struct{})}
	go p.ping()
	return p, nil
}

// dialError says why no connection came about.
func dialError(resp *http.Response, err error) error {
	e := &parvis.Error{Code: parvis.ErrUnavailable, Message: "the stream cannot be opened", Help: "try again later, or set another host", Err: err}
	if resp == nil {
		return e
	}
	var body []byte
	if resp.Body != nil {
		body, _ = io.ReadAll(io.LimitReader(resp.Body, 1024))
	}
	var said struct {
		Error string `json:"error"`
	}
	_ = json.Unmarshal(body, &said)
	e.Status, e.Vendor = resp.StatusCode, said.Error[:min(len(said.Error), 100)]
	switch e.Status {
	case http.StatusTooManyRequests:
		e.Code = parvis.ErrRateLimited
		if seconds, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && seconds > 0 {
			e.RetryAfter = time.Duration(min(seconds, 3600)) * time.Second
		}
	case http.StatusUnauthorized, http.StatusForbidden:
		e.Code, e.Help = parvis.ErrPermission, "ask the host's operator, or set another host"
	case http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusNotImplemented:
		e.Code, e.Help = parvis.ErrUnsupported, "set the address of another host"
	case http.StatusBadRequest:
		e.Code, e.Help = parvis.ErrInvalid, ""
	}
	return e
}
