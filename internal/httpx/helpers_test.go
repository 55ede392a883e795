package httpx_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/httpx"
)

// wireFunc is a wire made of a function.
type wireFunc func(*http.Request) (*http.Response, error)

func (f wireFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// answer makes a response.
func answer(r *http.Request, status int, body string, header ...string) *http.Response {
	h := http.Header{"Content-Type": {"application/json"}}
	for i := 0; i+1 < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	return &http.Response{
		StatusCode: status, Header: h, ContentLength: int64(len(body)),
		Body: io.NopCloser(strings.NewReader(body)), Request: r,
	}
}

// newClient returns a client of the server at base, changed by change.
func newClient(t testing.TB, base string, change ...func(*httpx.Config)) *httpx.Client {
	t.Helper()
	cfg := httpx.Config{
		Account: func() parvis.Account { return parvis.Account{Network: "testnet", Handle: "acme"} },
		Base:    base,
		Retry:   httpx.RetryPolicy{MinWait: 1, MaxWait: 2},
		Client:  &http.Client{Transport: &http.Transport{}},
	}
	for _, f := range change {
		f(&cfg)
	}
	c, err := httpx.New(cfg)
	require.NoError(t, err)
	return c
}

// serve runs h and returns its address.
func serve(t testing.TB, h http.HandlerFunc) string {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return srv.URL
}

// onWire makes the client use f as its wire.
func onWire(f wireFunc) func(*httpx.Config) {
	return func(c *httpx.Config) { c.Client = &http.Client{Transport: f} }
}

// asError returns err as the error that all of this package's are.
func asError(t testing.TB, err error) *parvis.Error {
	t.Helper()
	e, ok := errors.AsType[*parvis.Error](err)
	require.True(t, ok, "not a *parvis.Error: %T %v", err, err)
	return e
}

// pipes is a listener without a network, so that a real server and a real transport
// live in a synctest bubble.
type pipes struct {
	conns chan net.Conn
	once  sync.Once
	done  chan struct{}
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn), done: make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error { p.once.Do(func() { close(p.done) }); return nil }

func (*pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "unix"} }

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case p.conns <- theirs:
		return ours, nil
	case <-p.done:
		return nil, &net.OpError{Op: "dial", Err: errors.New("connection refused")}
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// bubble runs h on a server inside the current synctest bubble, returns its wire, and
// a function that ends both.
func bubble(h http.HandlerFunc) (*http.Client, func()) {
	p := newPipes()
	srv := &http.Server{Handler: h}
	done := make(chan struct{})
	go func() { defer close(done); _ = srv.Serve(p) }()
	tr := &http.Transport{DialContext: p.dial}
	return &http.Client{Transport: tr}, func() {
		tr.CloseIdleConnections()
		_ = srv.Close()
		<-done
	}
}

// wait counts how often a limiter was asked, and lets everything pass.
type openLimiter struct {
	mu      sync.Mutex
	waits   []parvis.Call
	learned []parvis.Limit
}

func (l *openLimiter) Wait(_ context.Context, c parvis.Call) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waits = append(l.waits, c)
	return nil
}

func (l *openLimiter) Learn(_ parvis.Call, lim parvis.Limit) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.learned = append(l.learned, lim)
}
