package oauth

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"maps"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/httpx"
	"github.com/parvis-go/parvis/providers"
)

// wire makes the calls of one run of a flow.
type wire struct {
	account parvis.Account
	options providers.Options
	seen    *witness
}

// newWire returns a wire for the network, whose calls go through o.
func newWire(a parvis.Account, o *providers.Options) *wire {
	w := &wire{account: a}
	if o != nil {
		w.options = *o
	}
	client := http.Client{}
	if w.options.HTTPClient != nil {
		client = *w.options.HTTPClient
	}
	w.seen = &witness{next: client.Transport}
	if w.seen.next == nil {
		w.seen.next = http.DefaultTransport //nolint:forbidigo // the program has injected none
	}
	client.Transport = w.seen
	w.options.HTTPClient = &client
	return w
}

// A call is one request to an endpoint.
type call struct {
	op, method, url string
	query           url.Values
	header          http.Header
	form            url.Values // of a POST
	auth            func(context.Context, *http.Request) error
	errors          func(*httpx.Response) *parvis.Error
	secrets         []string
	once            bool // never repeated
	safe            bool // may be repeated although it is a POST
}

// do makes the call. out is decoded from JSON unless it is nil.
func (w *wire) do(ctx context.Context, c call, out any) (*httpx.Response, error) {
	u, err := url.Parse(c.url)
	if err != nil || u.Host == "" {
		return nil, w.fault(c.op, parvis.ErrInvalid, "the address of an endpoint is wrong", "write it as https://host/path")
	}
	o, base := w.options, url.URL{Scheme: u.Scheme, Host: u.Host}
	retry := httpx.RetryPolicy(o.Retry)
	if c.once {
		retry.Max = 1
	}
	h, err := httpx.New(httpx.Config{
		Account: func() parvis.Account { return w.account }, Base: base.String(), Auth: c.auth, Meter: o.Meter, Limiter: o.Limiter,
		Client: o.HTTPClient, Logger: o.Logger, Retry: retry, Timeout: o.Timeout, MaxBody: cmp.Or(o.MaxAnswer, 1<<22),
		Errors: c.errors, UserAgent: o.UserAgent, Secrets: httpx.StaticSecrets(c.secrets...),
	})
	if err != nil {
		return nil, parvis.In(err, w.account, c.op, parvis.ErrInvalid)
	}
	r := httpx.Request{Method: c.method, Path: u.EscapedPath(), Query: u.Query(), Header: http.Header{"Accept": {"application/json"}}, Op: c.op, Safe: c.safe}
	r.Endpoint = cmp.Or(c.method, http.MethodGet) + " " + u.Path
	maps.Copy(r.Query, c.query)
	maps.Copy(r.Header, c.header)
	if c.form != nil {
		r.Body = httpx.Form(c.form)
	}
	if out == nil {
		return h.Do(ctx, r)
	}
	return h.JSON(ctx, r, out)
}

// fault makes an error of this flow. Message and help hold no secrets.
func (w *wire) fault(op string, code parvis.Code, message, help string) *parvis.Error {
	return &parvis.Error{Op: op, Network: w.account.Network, Account: w.account.String(), Code: code, Message: message, Help: help}
}

// changed is for a GET that changes something at the network: no answer is
// [parvis.ErrUnavailable] only if the request surely did not leave.
func (w *wire) changed(err error) error {
	e, ok := errors.AsType[*parvis.Error](err)
	if !ok || e.Code != parvis.ErrUnavailable && e.Code != parvis.ErrBadAnswer || w.seen.neverSent() {
		return err
	}
	c := *e
	c.Code, c.Help = parvis.ErrUnknownOutcome, "the network may have done it; find out before it is tried again"
	return &c
}

// bearer sets an access token.
func bearer(token string) func(context.Context, *http.Request) error {
	return func(_ context.Context, r *http.Request) error {
		r.Header.Set("Authorization", "Bearer "+token)
		return nil
	}
}

// witness is a transport that notes the clock of the servers, and whether the last
// request left.
type witness struct {
	next http.RoundTripper

	mu     sync.Mutex
	skew   time.Duration
	skewed bool
	left   bool
}

// RoundTrip passes r on.
func (w *witness) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := w.next.RoundTrip(r)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.left = err == nil || !beforeSending(err)
	if err == nil {
		w.skew, w.skewed = Skew(resp.Header, time.Now())
	}
	return resp, err
}

func (w *witness) neverSent() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return !w.left
}

// clock returns how wrong the clock is, if the last answer showed it.
func (w *witness) clock() (time.Duration, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.skew, w.skewed
}

// beforeSending reports whether err proves that there was no connection.
func beforeSending(err error) bool {
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" {
		return true
	}
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return true
	}
	_, ok := errors.AsType[*tls.CertificateVerificationError](err)
	return ok
}

// note adds to a grant that the clock is wrong.
func (w *wire) note(g *providers.Grant) {
	if skew, ok := w.seen.clock(); ok {
		help := ClockHelp(skew)
		g.Notes = append(g.Notes, strings.ToUpper(help[:1])+help[1:]+".")
	}
}

// explain turns a refusal into one that blames the clock, if that is wrong and what was
// refused depends on it.
func (w *wire) explain(err error) error {
	e, ok := errors.AsType[*parvis.Error](err)
	skew, wrong := w.seen.clock()
	if !ok || !wrong || e.Code != parvis.ErrAuth && e.Code != parvis.ErrInvalid {
		return err
	}
	c := *e
	c.Code, c.Help = parvis.ErrInvalid, ClockHelp(skew)
	return &c
}
