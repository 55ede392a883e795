package httpx

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/parvis-go/parvis"
)

// The defaults of [Config].
const (
	DefaultTimeout    = 30 * time.Second // per try
	DefaultUploadIdle = 60 * time.Second // without progress
	DefaultMaxBody    = 16 << 20         // bytes, after decompression
	DefaultTries      = 3
	DefaultMinWait    = 500 * time.Millisecond
	DefaultMaxWait    = 30 * time.Second
)

// MaxChallenges is how often one call is tried again because of challenges: an expired
// token and a nonce may come one after the other.
const MaxChallenges = 2

// RetryPolicy says how often and how patiently a call is repeated.
type RetryPolicy struct {
	// Max is the number of tries in all; 0 means [DefaultTries], 1 never repeats.
	Max int
	// MinWait is the first wait between tries, which doubles each time and is jittered;
	// 0 means [DefaultMinWait].
	MinWait time.Duration
	// MaxWait caps every wait; a server that asks for more is not tried again.
	// 0 means [DefaultMaxWait].
	MaxWait time.Duration
}

// Config makes a [Client]. Base is required.
type Config struct {
	// Account says for whom the client acts, in errors and to the limiter. It is asked at
	// every call, since a provider may learn its ID late. nil means the zero account.
	Account func() parvis.Account
	// Base is the address that every path is relative to, http or https; its own path is kept.
	Base string
	// Auth sets the credentials of r on every try, below retry and limit, with Header.Set
	// or on the query. It must not keep r. nil means none. Its error ends the call, except
	// that one that matches [parvis.ErrUnavailable] is retried.
	Auth func(ctx context.Context, r *http.Request) error
	// Challenge is asked about every answer that is not a 2xx. True means that the network
	// took nothing and wants the same request with other credentials, which Auth now has:
	// a nonce to sign, a token in the place of an expired one. The call is tried again at
	// once, mutations too, up to [MaxChallenges] times beyond the tries of Retry. nil means never.
	Challenge func(ctx context.Context, r *http.Request, answer *Response) bool
	// Meter is charged for every try; nil means that calls cost nothing.
	Meter parvis.Meter
	// Limiter paces the calls; nil means NewLimiter(Options{}).
	Limiter parvis.Limiter
	// Client gives the wire (Transport), the cookies (Jar) and a cap on the time of each
	// try (Timeout, which does not bind streams). It is not changed.
	// nil means [http.DefaultTransport].
	Client *http.Client
	// Logger gets one line per try; nil means none.
	Logger *slog.Logger
	// Retry is the policy of repeating; zero means the defaults.
	Retry RetryPolicy
	// Timeout bounds each try, until the whole answer is read; 0 means [DefaultTimeout].
	// Streamed bodies, unless the request has a Timeout, and [Client.Stream] are exempt.
	Timeout time.Duration
	// UploadIdle is how long a streamed body may make no progress; 0 means [DefaultUploadIdle].
	UploadIdle time.Duration
	// MaxBody is the largest answer in bytes, after decompression; 0 means [DefaultMaxBody].
	MaxBody int64
	// Errors is the network's dialect: it maps an answer that is an error, whatever its
	// status, to Code, Message, Vendor, Help and RetryAfter. It is asked about every
	// answer; nil means none, or that the status decides. An empty Code is filled from
	// the status. ErrUnavailable and ErrBadAnswer for a mutation that the server answered
	// with a 5xx become ErrUnknownOutcome.
	Errors func(*Response) *parvis.Error
	// Limits reads the network's rate headers; nil means [DefaultLimits].
	Limits func(http.Header) []parvis.Limit
	// UserAgent is sent with every request; "parvis" if empty.
	UserAgent string
	// Secrets gives strings that must never appear in logs or errors, besides what the
	// client finds by itself in headers, query and body. nil means none. See [StaticSecrets].
	Secrets func() []string
}

// StaticSecrets returns a value for [Config].Secrets that always gives s.
func StaticSecrets(s ...string) func() []string { return func() []string { return s } }

// A Client calls one network as one account. It is safe for concurrent use.
type Client struct {
	cfg      Config
	base     url.URL
	password string // of Base's user information
	wire     http.RoundTripper
	cap      time.Duration // the injected client's Timeout
	retry    *retryablehttp.Client
	template *http.Request
	agent    []string
	name     atomic.Pointer[named]
}

// named keeps an account beside its text, so that the text is made once.
type named struct {
	account parvis.Account
	text    string
}

// New returns a client. A Base that is not an absolute http or https address, or a
// negative setting, gives an error that matches [parvis.ErrInvalid].
func New(cfg Config) (*Client, error) {
	base, err := parseBase(cfg.Base)
	if err != nil {
		return nil, err
	}
	if cfg.Timeout < 0 || cfg.UploadIdle < 0 || cfg.MaxBody < 0 ||
		cfg.Retry.Max < 0 || cfg.Retry.MinWait < 0 || cfg.Retry.MaxWait < 0 {
		return nil, &parvis.Error{
			Op: "configure", Code: parvis.ErrInvalid,
			Message: "a timeout, size or retry setting is negative", Help: "leave it zero for the default",
		}
	}
	c := &Client{cfg: withDefaults(cfg), base: *base}
	c.password, _ = base.User.Password()
	c.agent = []string{c.cfg.UserAgent}
	c.template = &http.Request{Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}
	c.retry = c.newRetry()
	return c, nil
}

func withDefaults(cfg Config) Config {
	if cfg.Account == nil {
		cfg.Account = func() parvis.Account { return parvis.Account{} }
	}
	if cfg.Limiter == nil {
		cfg.Limiter = NewLimiter(Options{})
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Limits == nil {
		cfg.Limits = DefaultLimits
	}
	cfg.Retry.Max = cmp.Or(cfg.Retry.Max, DefaultTries)
	cfg.Retry.MinWait = cmp.Or(cfg.Retry.MinWait, DefaultMinWait)
	cfg.Retry.MaxWait = cmp.Or(cfg.Retry.MaxWait, DefaultMaxWait)
	cfg.Timeout = cmp.Or(cfg.Timeout, DefaultTimeout)
	cfg.UploadIdle = cmp.Or(cfg.UploadIdle, DefaultUploadIdle)
	cfg.MaxBody = cmp.Or(cfg.MaxBody, DefaultMaxBody)
	cfg.UserAgent = cmp.Or(cfg.UserAgent, "parvis")
	return cfg
}

// newRetry builds the retry layer on a copy of the injected client whose transport is
// this package's chain.
func (c *Client) newRetry() *retryablehttp.Client {
	hc := http.Client{}
	if c.cfg.Client != nil {
		hc = *c.cfg.Client
	}
	c.wire, c.cap = hc.Transport, hc.Timeout
	if c.wire == nil {
		c.wire = http.DefaultTransport //nolint:forbidigo // the program has injected none
	}
	hc.Transport, hc.Timeout, hc.CheckRedirect = &chain{c}, 0, checkRedirect
	return &retryablehttp.Client{
		HTTPClient:   &hc,
		RetryMax:     c.cfg.Retry.Max - 1 + MaxChallenges,
		RetryWaitMin: c.cfg.Retry.MinWait,
		RetryWaitMax: c.cfg.Retry.MaxWait,
		CheckRetry:   checkRetry,
		Backoff:      backoff,
		PrepareRetry: renew,
		ErrorHandler: retryablehttp.PassthroughErrorHandler,
	}
}

// accountName returns the account and its text, which is made anew only when the account changes.
func (c *Client) accountName() *named {
	a := c.cfg.Account()
	if n := c.name.Load(); n != nil && n.account == a {
		return n
	}
	n := &named{a, a.String()}
	c.name.Store(n)
	return n
}

func parseBase(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		return nil, &parvis.Error{
			Op: "configure", Code: parvis.ErrInvalid,
			Message: "the base address is not an absolute http or https address",
			Help:    "write it as https://host or https://host/prefix",
		}
	}
	u.Path = strings.TrimRight(u.Path, "/")
	u.RawPath = strings.TrimRight(u.RawPath, "/")
	return u, nil
}

// Do sends r and reads the whole answer, up to MaxBody. The error is a [*parvis.Error];
// if the server answered, the answer comes with it.
func (c *Client) Do(ctx context.Context, r Request) (*Response, error) {
	k, err := c.start(ctx, r, whole)
	if err != nil {
		return nil, err
	}
	return k.run()
}

// JSON is Do for a call that answers in JSON, which is decoded into out unless that is
// nil or the answer has no content (202, 204, 205, 304 or HEAD). An answer that is not
// JSON, or does not fit out, gives [parvis.ErrBadAnswer] after a read and
// [parvis.ErrUnknownOutcome] after a mutation.
func (c *Client) JSON(ctx context.Context, r Request, out any) (*Response, error) {
	k, err := c.start(ctx, r, wholeJSON)
	if err != nil {
		return nil, err
	}
	answer, err := k.run()
	if err != nil {
		return answer, err
	}
	return answer, k.decode(answer, out)
}

// Stream sends r and returns the answer with its body open, for server-sent events and
// large downloads; the caller closes it. Only ctx bounds its time, and MaxBody does not
// apply. An answer that is not a 2xx gives an error as with [Client.Do].
func (c *Client) Stream(ctx context.Context, r Request) (*http.Response, error) {
	k, err := c.start(ctx, r, stream)
	if err != nil {
		return nil, err
	}
	if _, err := k.run(); err != nil {
		return nil, err
	}
	return k.open, nil
}
