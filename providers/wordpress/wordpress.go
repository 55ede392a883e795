package wordpress

import (
	"cmp"
	"context"
	_ "embed"
	"encoding/base64"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/httpx"
	"github.com/parvis-go/parvis/providers"
	"github.com/parvis-go/parvis/providers/wordpress/internal/api"
)

// Network is the name of the network in accounts and references.
const Network parvis.Network = "wordpress"

// The defaults of [Config].
const (
	// DefaultEvery is how often a followed site is asked.
	DefaultEvery = time.Minute
	// DefaultScheduleAhead is how far ahead a post must lie for WordPress to keep it:
	// wp_insert_post publishes at once what is less than a minute away.
	//
	// https://developer.wordpress.org/reference/functions/wp_insert_post/
	DefaultScheduleAhead = time.Minute
	// DefaultFlood is the time that WordPress wants between two comments of one author.
	//
	// https://developer.wordpress.org/reference/functions/wp_check_comment_flood/
	DefaultFlood = 15 * time.Second
	// DefaultSettle is PHP's own limit on the time of a request, after which a request
	// that got no answer has surely ended.
	//
	// https://www.php.net/manual/en/info.configuration.php#ini.max-execution-time
	DefaultSettle = 30 * time.Second
	// DefaultOverlap is how long what is dated earlier may become visible late.
	DefaultOverlap = 2 * time.Minute
)

// maxWait bounds the wait between tries, so that a comment that came too soon is an
// error with its RetryAfter, not a call that takes long.
const maxWait = 10 * time.Second

// Config says which site and as whom. Site is required, and either User and Password or Tokens.
type Config struct {
	// Site is the address of the site: "https://blog.acme.example", with the path if it
	// lies below one.
	Site string
	// User is the login name or e-mail address, not the name of the application.
	User string
	// Password is an application password, with or without the spaces that it is shown with.
	Password string `json:"-"`
	// Tokens gives the password in the place of User and Password, as [Flow] and
	// [PasswordFlow] make it: Value is the password, Extra["user"] the login name and
	// Extra["site"] the address of the site, which must be Site.
	Tokens parvis.TokenSource `json:"-"`
	// Client is the organisation that the account speaks for.
	Client string

	// API is the root of the REST API, such as "https://host/wp-json/" or
	// "https://host/?rest_route=/"; empty asks the site.
	API string
	// MaxUpload is the largest file in bytes. The API does not tell what the host allows;
	// 0 leaves the check to the site.
	MaxUpload int64
	// Every is how often a followed site is asked; 0 is [DefaultEvery].
	Every time.Duration
	// ScheduleAhead is the least time ahead of a scheduled post; 0 is [DefaultScheduleAhead].
	ScheduleAhead time.Duration
	// Flood is the wait after a comment that came too soon; 0 is [DefaultFlood].
	Flood time.Duration
	// Settle is how long after an attempt its absence is believed; until then Reconcile
	// answers [parvis.ErrUnknownOutcome] with the time to wait. 0 is [DefaultSettle], less
	// than 0 believes it at once.
	Settle time.Duration
	// Overlap is how far back each poll looks for what became visible late;
	// 0 is [DefaultOverlap].
	Overlap time.Duration
	// NoMark leaves the hash of the key out of posts. Reconcile then compares texts, and
	// cannot tell two posts with the same text from one.
	NoMark bool
}

// String hides the password.
func (c Config) String() string { return "wordpress: " + c.User + " on " + c.Site }

// GoString hides the password.
func (c Config) GoString() string { return c.String() }

// LogValue hides the password.
func (c Config) LogValue() slog.Value { return slog.StringValue(c.String()) }

// A Client is one account on one site. It has every power of the three verbs but
// reactions, webhooks and a moderation log. It is safe for concurrent use.
type Client struct {
	cfg  Config
	host string
	api  *api.Client
	me   *api.Lazy[api.User]
	last *api.Lazy[api.User] // who it was, though it may have to be asked again
	zone *api.Lazy[bool]     // whether the site's clock changes twice a year
}

// New checks cfg and returns the account. It does not call the site. A Site that is no
// http or https address, or a missing user or password, gives [parvis.ErrInvalid].
func New(cfg Config, opts *providers.Options) (*Client, error) {
	site, err := url.Parse(strings.TrimRight(cfg.Site, "/"))
	switch {
	case err != nil || site.Scheme != "https" && site.Scheme != "http" || site.Host == "" || site.User != nil || site.RawQuery != "" || site.Fragment != "":
		return nil, invalid("the site is not an http or https address", "write it as https://blog.example, without a user and query")
	case cfg.Tokens != nil && cfg.Password != "":
		return nil, invalid("there is a password and a source of passwords", "set Config.Tokens or Config.Password, not both")
	case cfg.Tokens == nil && cfg.User == "" || strings.Contains(cfg.User, ":"):
		return nil, invalid("the user is missing or holds a colon", "use the login name of the account")
	case cfg.Tokens == nil && bare(cfg.Password) == "":
		return nil, invalid("the password is missing", "make an application password in the user's profile")
	case cfg.MaxUpload < 0 || cfg.Every < 0 || cfg.ScheduleAhead < 0 || cfg.Flood < 0 || cfg.Overlap < 0:
		return nil, invalid("a size or time is negative", "leave it zero for the default")
	}
	c := &Client{
		cfg: withDefaults(cfg), host: site.Host + site.EscapedPath(), me: api.NewLazy[api.User](),
		last: api.NewLazy[api.User](), zone: api.NewLazy[bool](),
	}
	h, err := httpx.New(c.wire(site, opts))
	if err != nil {
		return nil, err
	}
	if c.api, err = api.New(h, site, cfg.API); err != nil {
		return nil, err
	}
	return c, nil
}

func invalid(what, help string) error {
	return &parvis.Error{Op: "open", Network: Network, Code: parvis.ErrInvalid, Message: what, Help: help}
}

func withDefaults(cfg Config) Config {
	cfg.Every = cmp.Or(cfg.Every, DefaultEvery)
	cfg.ScheduleAhead = cmp.Or(cfg.ScheduleAhead, DefaultScheduleAhead)
	cfg.Flood = cmp.Or(cfg.Flood, DefaultFlood)
	cfg.Settle = cmp.Or(cfg.Settle, DefaultSettle)
	cfg.Overlap = cmp.Or(cfg.Overlap, DefaultOverlap)
	return cfg
}

// wire returns the settings of the HTTP client.
func (c *Client) wire(site *url.URL, opts *providers.Options) httpx.Config {
	if opts == nil {
		opts = &providers.Options{}
	}
	login := base64.StdEncoding.EncodeToString([]byte(c.cfg.User + ":" + c.cfg.Password))
	return httpx.Config{
		Account: c.Account,
		Base:    site.Scheme + "://" + site.Host,
		Auth:    c.authorize,
		Limiter: opts.Limiter, Meter: opts.Meter,
		Client:    opts.HTTPClient,
		Logger:    opts.Logger,
		Timeout:   opts.Timeout,
		Retry:     httpx.RetryPolicy{Max: opts.Retry.Max, MinWait: opts.Retry.MinWait, MaxWait: cmp.Or(opts.Retry.MaxWait, maxWait)},
		MaxBody:   opts.MaxAnswer,
		Errors:    c.judge,
		UserAgent: opts.UserAgent,
		Secrets:   httpx.StaticSecrets(c.cfg.Password, bare(c.cfg.Password), login),
	}
}

// authorize sets the login name and password of now.
//
// https://developer.wordpress.org/rest-api/using-the-rest-api/authentication/#basic-authentication-with-application-passwords
func (c *Client) authorize(ctx context.Context, r *http.Request) error {
	user, password := c.cfg.User, c.cfg.Password
	if c.cfg.Tokens != nil {
		t, err := c.cfg.Tokens.Token(ctx)
		if err != nil {
			return err
		}
		if site := t.Extra[keySite]; site != "" && strings.TrimRight(site, "/") != strings.TrimRight(c.cfg.Site, "/") {
			return &parvis.Error{Code: parvis.ErrInvalid, Message: "the password is that of another site", Help: "open the site that the account was connected on"}
		}
		user, password = cmp.Or(t.Extra[keyUser], user), t.Value
	}
	if user == "" || bare(password) == "" {
		return &parvis.Error{Code: parvis.ErrAuth, Message: "there is no login name or password", Help: "connect the account first"}
	}
	r.SetBasicAuth(user, password)
	return nil
}

// bare is an application password without the spaces that people see it with.
func bare(password string) string { return strings.ReplaceAll(password, " ", "") }

// Account names the account. Its ID is empty until the site was first asked.
func (c *Client) Account() parvis.Account {
	me, _ := c.last.Peek()
	a := parvis.Account{Client: c.cfg.Client, Network: Network, Host: c.host, Handle: cmp.Or(me.Username, c.cfg.User), Name: me.Name}
	if me.ID != 0 {
		a.ID = itoa(me.ID)
	}
	return a
}

// whoami returns the account's own user, with its capabilities. It is asked for once,
// and again after the site refused a call for want of rights.
//
// https://developer.wordpress.org/rest-api/reference/users/#retrieve-a-user-2
func (c *Client) whoami(ctx context.Context, op string) (api.User, error) {
	return c.me.Get(ctx, func(ctx context.Context) (api.User, error) {
		var u api.User
		_, err := c.api.Do(ctx, api.Call{Op: op, Route: "/wp/v2/users/me", Query: url.Values{"context": {"edit"}}}, &u)
		if err == nil && u.ID == 0 {
			err = &parvis.Error{Op: op, Code: parvis.ErrBadAnswer, Message: "the site did not say who the account is"}
		}
		if err == nil {
			c.last.Set(u)
		}
		return u, err
	})
}

//go:embed manifest.json
var manifest []byte

// Manifest describes the network and how far this provider goes.
func Manifest() providers.Manifest { return providers.MustManifest(manifest) }

// Opener opens sites by [providers.Settings]: Server is the site, User the login name,
// Secret the application password.
func Opener() providers.Opener {
	return providers.Opener{
		Manifest: Manifest(),
		Zero:     (*Client)(nil),
		Open: func(s providers.Settings, o *providers.Options) (providers.Provider, error) {
			c, err := New(Config{Site: s.At(), User: s.User, Password: s.Secret, Tokens: s.Tokens, Client: s.For()}, o)
			if err != nil {
				return nil, err
			}
			return c, nil
		},
	}
}
