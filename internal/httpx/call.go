package httpx

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/sending"
)

// mode says what the caller wants of the answer.
type mode int8

const (
	whole     mode = iota // read to its end
	wholeJSON             // read to its end, and JSON is due
	stream                // left open
)

// call is one call with all its tries. It is the context of its requests, so that each
// layer finds it. Only the trace's two flags are used by more than one goroutine.
type call struct {
	context.Context // the caller's
	c               *Client
	req             Request
	body            *payload
	mode            mode
	read            bool // GET and HEAD: nothing can have been done
	safe            bool // may be repeated
	keyed           bool // net/http may repeat it
	limit           parvis.Call
	account         *named
	trace           httptrace.ClientTrace
	traced          atomic.Bool // the wire tells when it has a connection
	left            atomic.Bool // it had one, so that bytes may have left
	probed          bool        // see nextBody

	try    int // from 0
	began  time.Time
	tryCtx context.Context
	cancel context.CancelFunc
	idle   *time.Timer
	source *source
	own    error // a failure of this side, before the wire or instead of it
	fenced bool  // the fence kept the last try back
	sent   *http.Request
	target *url.URL // of the first try
	query  string   // of target, before the credentials

	wired      bool            // the try came as far as the wire
	challenges int             // that were answered
	fresh      bool            // the credentials are, after a challenge
	charge     func(taken int) // of what the meter has reserved

	waiting   bool // for the next try
	taken     bool // some try may have taken effect
	retryable bool
	wait      time.Duration // that the server asks for
	answer    *Response
	open      *http.Response
	err       *parvis.Error
}

type callKey struct{}

// Value finds the call itself, and else what the caller's context holds.
func (k *call) Value(key any) any {
	if key == (callKey{}) {
		return k
	}
	return k.Context.Value(key)
}

func callOf(ctx context.Context) *call {
	k, _ := ctx.Value(callKey{}).(*call)
	return k
}

// start checks r and prepares its call.
func (c *Client) start(ctx context.Context, r Request, m mode) (*call, error) {
	k := &call{Context: ctx, c: c, req: r, mode: m, account: c.accountName()}
	if k.req.Method == "" {
		k.req.Method = http.MethodGet
	}
	if k.req.Endpoint == "" {
		path, _, _ := strings.Cut(k.req.Path, "?")
		k.req.Endpoint = k.req.Method + " " + path
	}
	k.read = k.req.Method == http.MethodGet || k.req.Method == http.MethodHead
	k.safe = k.read || r.Safe
	k.limit = parvis.Call{
		Network: k.account.account.Network, Host: c.base.Host, Client: k.account.account.Client, Account: k.account.text,
		Endpoint: k.req.Endpoint, Item: r.Item, Cost: r.Cost, Things: r.Things,
	}
	if r.Body != nil {
		k.body = r.Body.payload()
	}
	if k.body != nil && k.body.err != nil {
		e := k.req.invalid("the content of the request cannot be encoded", "change what is sent")
		e.Err = k.body.err
		return nil, k.finish(e)
	}
	return k, nil
}

// run makes the tries and returns what came of the last one.
func (k *call) run() (*Response, error) {
	req, e := k.request()
	if e != nil {
		return nil, k.finish(e)
	}
	rr := retryablehttp.Request{Request: req}
	if k.body != nil {
		if err := rr.SetBody(retryablehttp.ReaderFunc(k.nextBody)); err != nil {
			return nil, k.finish(k.req.invalid("the content of the request cannot be read", ""))
		}
		rr.ContentLength = k.body.size
	}
	_, err := k.c.retry.Do(&rr) //nolint:bodyclose // judge has read and closed it, or Stream hands it on
	if k.waiting && err != nil {
		k.err.Code, k.err.Err = parvis.ErrUnavailable, err
		k.err.Message += "; the call was given up before the next try"
	}
	if k.err == nil {
		return k.answer, nil
	}
	return k.answer, k.finish(k.outcome(k.err))
}

// request builds the request that the tries share.
func (k *call) request() (*http.Request, *parvis.Error) {
	u, e := k.c.url(&k.req)
	if e != nil {
		return nil, e
	}
	k.target, k.query = u, u.RawQuery
	ctx := context.Context(k)
	if !k.read {
		k.trace.GetConn, k.trace.GotConn = k.getConn, k.gotConn
		ctx = httptrace.WithClientTrace(ctx, &k.trace)
	}
	req := k.c.template.WithContext(ctx)
	req.Method, req.URL, req.Header = k.req.Method, u, k.header()
	k.keyed = len(req.Header["Idempotency-Key"]) > 0 || len(req.Header["X-Idempotency-Key"]) > 0
	return req, nil
}

// getConn notes that the wire looks for a connection. It does so a second time in one
// try only if it knows that nothing was written on the first, or if the request carries
// a key that makes net/http replay it.
func (k *call) getConn(string) {
	k.traced.Store(true)
	if !k.safe && !k.keyed {
		k.left.Store(false)
	}
}

func (k *call) gotConn(httptrace.GotConnInfo) { k.left.Store(true) }

// nextBody returns the body for one more pass. go-retryablehttp asks once more than it
// sends, to learn the length, which is known already.
func (k *call) nextBody() (io.Reader, error) {
	if !k.probed {
		k.probed = true
		return nil, nil
	}
	switch {
	case k.body.open == nil && len(k.body.data) == 0:
		return http.NoBody, nil
	case k.body.open == nil:
		return bytes.NewReader(k.body.data), nil // of a known type, it leaves together with the header
	}
	s := &source{from: k.body, every: k.c.cfg.UploadIdle, after: max(k.c.cfg.UploadIdle, k.c.cfg.Timeout)}
	if k.source = s; k.tryCtx != nil { // a redirect, or net/http's own replay
		s.bind(k.tryCtx, k.idle)
	}
	return s, nil
}

// begin returns the context of the current try, which a redirect shares.
func (k *call) begin(ctx context.Context) context.Context {
	if k.tryCtx != nil {
		return k.tryCtx
	}
	k.began, k.waiting = time.Now(), false
	d := k.c.cfg.Timeout
	if k.req.Timeout != 0 {
		d = k.req.Timeout
	}
	switch {
	case k.mode == stream:
		d = -1
	case k.source != nil:
		if k.req.Timeout <= 0 {
			d = -1
		}
		stalled, cancel := context.WithCancelCause(ctx)
		ctx, k.cancel = stalled, func() { cancel(nil) }
		k.idle = time.AfterFunc(k.c.cfg.UploadIdle, func() { cancel(errStalled) })
	}
	if k.c.cap > 0 && k.mode != stream && (d < 0 || k.c.cap < d) {
		d = k.c.cap
	}
	k.tryCtx = ctx
	switch {
	case d > 0:
		outer := k.cancel
		k.tryCtx, k.cancel = context.WithTimeout(ctx, d)
		if outer != nil {
			inner := k.cancel
			k.cancel = func() { inner(); outer() }
		}
	case k.cancel == nil:
		k.tryCtx, k.cancel = context.WithCancel(ctx)
	}
	if k.source != nil {
		k.source.bind(k.tryCtx, k.idle)
	}
	return k.tryCtx
}

// end releases what the try holds, unless its answer is still open.
func (k *call) end() {
	if k.open == nil && k.cancel != nil {
		if k.idle != nil {
			k.idle.Stop()
		}
		k.cancel()
	}
	k.tryCtx, k.cancel, k.idle, k.source, k.own = nil, nil, nil, nil, nil
	k.wired = false
	k.left.Store(false)
	k.traced.Store(false)
	k.try++
}

// renew gives the next try its own header and address: what a broken try has left
// running may still read those that it was sent with, and credentials must not pile up.
func renew(r *http.Request) error {
	k := callOf(r.Context())
	u := *k.target
	u.RawQuery = k.query
	r.URL, r.Header = &u, k.header()
	return nil
}

// chain is the part below the retries: limit → auth → wire.
type chain struct{ c *Client }

// RoundTrip waits for the limiter, sets the credentials, opens the body, asks the fence
// and sends.
func (t *chain) RoundTrip(r *http.Request) (*http.Response, error) {
	k := callOf(r.Context())
	hop, err := t.prepare(k, r)
	if err == nil && !k.read {
		err = sending.Fence(hop.Context())
		k.fenced = err != nil
	}
	if err != nil {
		k.own = err
		if r.Body != nil {
			_ = r.Body.Close()
		}
		return nil, err
	}
	k.sent, k.wired = hop, true
	resp, err := t.c.wire.RoundTrip(hop)
	if resp != nil && resp.Request == nil {
		resp.Request = hop
	}
	return resp, err
}

func (t *chain) prepare(k *call, r *http.Request) (*http.Request, error) {
	if err := t.c.cfg.Limiter.Wait(r.Context(), k.limit); err != nil {
		return nil, err
	}
	if t.c.cfg.Meter != nil && k.charge == nil {
		settle, err := t.c.cfg.Meter.Reserve(r.Context(), k.limit)
		if err != nil {
			return nil, err
		}
		k.charge = settle
	}
	hop := r.WithContext(k.begin(r.Context()))
	if k.keyed && !k.safe {
		forbidReplay(hop)
	}
	if t.c.cfg.Auth != nil {
		k.sent = hop
		// A token that Auth renews on the way is no part of what the fence protects.
		if err := t.c.cfg.Auth(sending.Unfenced(hop.Context()), hop); err != nil {
			return nil, err
		}
		if !sameOrigin(hop.URL, &t.c.base) {
			return nil, k.req.invalid("the credentials changed the host of the request", "")
		}
	}
	if s, ok := r.Body.(*source); ok {
		if _, err := s.start(); err != nil {
			return nil, s.failure()
		}
	}
	return hop, nil
}

// forbidReplay keeps net/http from repeating a mutation by itself because it carries an
// idempotency key, which this network does not honour: a body that cannot be had again
// stops it.
func forbidReplay(hop *http.Request) {
	hop.GetBody = nil
	if hop.Body == nil || hop.Body == http.NoBody {
		hop.Body = io.NopCloser(bytes.NewReader(nil))
	}
}

// lastURL is the address of the last try, with all that is secret in it.
func (k *call) lastURL() *url.URL {
	if k.sent == nil {
		return nil
	}
	return k.sent.URL
}
