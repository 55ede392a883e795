package e2e

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/apitest"
	stage "github.com/parvis-go/parvis/internal/apitest/wordpress"
	server "github.com/parvis-go/parvis/internal/e2e/servers/wordpress"
	"github.com/parvis-go/parvis/providers"
	"github.com/parvis-go/parvis/providers/providertest"
	"github.com/parvis-go/parvis/providers/wordpress"
)

// blog is a real site as tests use it.
type blog struct{ *server.Site }

var wordpressServer = sync.OnceValues(func() (*server.Server, error) {
	s, err := server.Start(context.Background())
	if err == nil {
		atExit(s.Close)
	}
	return s, err
})

// sites are those that were started, by name.
var sites sync.Map

// wordpressSite returns the site of that name, which the first test that asks sets up.
func wordpressSite(t testing.TB, name string, set server.Settings) blog {
	t.Helper()
	start := sync.OnceValues(func() (*server.Site, error) {
		s, err := wordpressServer()
		if err != nil {
			return nil, err
		}
		return s.Site(context.Background(), name, set)
	})
	once, _ := sites.LoadOrStore(name, start)
	w, err := once.(func() (*server.Site, error))()
	require.NoError(t, err)
	return blog{w}
}

// as opens an account of the site.
func (b blog) as(t testing.TB, login string) *wordpress.Client {
	t.Helper()
	c, err := wordpress.New(wordpress.Config{Site: b.URL, User: login, Password: b.Users[login].Password, Settle: -1}, nil)
	require.NoError(t, err)
	return c
}

// a call is one request past the provider.
type call struct {
	login, password string
	method, path    string
	body            any
}

// ask makes the call and decodes the answer into out.
func (b blog) ask(ctx context.Context, c call, out any) (http.Header, error) {
	payload, err := json.Marshal(c.body)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, c.method, b.URL+"/?rest_route=/wp/v2/"+c.path, bytes.NewReader(payload))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	if c.login != "" {
		req.SetBasicAuth(c.login, c.password)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode >= 300 {
		return nil, fmt.Errorf("%s %s: %s: %s", c.method, c.path, resp.Status, answer)
	}
	return resp.Header, json.Unmarshal(answer, out)
}

func (b blog) admin(ctx context.Context, method, path string, body, out any) (http.Header, error) {
	return b.ask(ctx, call{login: "admin", password: b.Users["admin"].Password, method: method, path: path, body: body}, out)
}

// A stranger is a subscriber who has just joined.
type stranger struct {
	id              int
	login, password string
}

// stranger makes a subscriber, since WordPress lets nobody but moderators say two things
// within 15 seconds.
func (b blog) stranger(ctx context.Context) (stranger, error) {
	s := stranger{login: "reader" + strings.ToLower(rand.Text()[:12])}
	var user struct {
		ID int `json:"id"`
	}
	_, err := b.admin(ctx, "POST", "users", map[string]any{
		"username": s.login, "email": s.login + "@example.org",
		"password": rand.Text(), "roles": []string{"subscriber"},
	}, &user)
	if err != nil {
		return s, err
	}
	var pass struct {
		Password string `json:"password"`
	}
	_, err = b.admin(ctx, "POST", "users/"+strconv.Itoa(user.ID)+"/application-passwords", map[string]any{"name": "e2e"}, &pass)
	s.id, s.password = user.ID, pass.Password
	return s, err
}

type saidComment struct {
	ID     int    `json:"id"`
	Post   int    `json:"post"`
	Status string `json:"status"`
}

// comment makes the stranger say something.
func (b blog) comment(ctx context.Context, s stranger, post, parent int, text string) (saidComment, error) {
	var c saidComment
	_, err := b.ask(ctx, call{
		login: s.login, password: s.password, method: "POST", path: "comments",
		body: map[string]any{"post": post, "parent": parent, "content": text},
	}, &c)
	return c, err
}

// say is the Say of a rig whose account is on the given host.
func (b blog) say(ctx context.Context, host string, x providertest.Saying) (parvis.Ref, error) {
	post, parent := 1, 0
	switch x.ReplyTo.Kind {
	case parvis.KindPost:
		post, _ = strconv.Atoi(x.ReplyTo.ID)
	case parvis.KindComment:
		var c saidComment
		if _, err := b.admin(ctx, "GET", "comments/"+x.ReplyTo.ID, nil, &c); err != nil {
			return parvis.Ref{}, err
		}
		post, parent = c.Post, c.ID
	}
	who, err := b.stranger(ctx)
	if err != nil {
		return parvis.Ref{}, err
	}
	c, err := b.comment(ctx, who, post, parent, x.Text)
	return parvis.Ref{Network: wordpress.Network, Host: host, Kind: parvis.KindComment, ID: strconv.Itoa(c.ID)}, err
}

// count is how many posts, pages and comments hold text, the trash left out.
func (b blog) count(ctx context.Context, text string) (int, error) {
	sum := 0
	for _, path := range []string{"posts&status=publish,future,draft,pending,private", "pages&status=publish,future,draft,pending,private", "comments&status=all"} {
		var items []json.RawMessage
		h, err := b.admin(ctx, "GET", path+"&context=edit&search="+url.QueryEscape(text), nil, &items)
		if err != nil {
			return 0, err
		}
		n, err := strconv.Atoi(h.Get("X-WP-Total"))
		if err != nil {
			return 0, err
		}
		sum += n
	}
	return sum, nil
}

// buffer is a log that may be read while it is written.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// rig opens the login behind a proxy that can fail.
func (b blog) rig(t testing.TB, login string) *providertest.Rig {
	t.Helper()
	target, err := url.Parse(b.URL)
	require.NoError(t, err)
	var faults apitest.Faults
	front := httptest.NewServer(faults.Wrap(&httputil.ReverseProxy{
		Rewrite:  func(r *httputil.ProxyRequest) { r.SetURL(target) },
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError), // clients that hang up are what is tested
	}))
	t.Cleanup(front.Close)
	var log buffer
	password := b.Users[login].Password
	c, err := wordpress.New(wordpress.Config{Site: front.URL, API: front.URL + "/wp-json/", User: login, Password: password, Settle: -1},
		&providers.Options{Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})), Timeout: 3 * time.Second})
	require.NoError(t, err)
	host := c.Account().Host
	return &providertest.Rig{
		Account: c,
		Say:     func(ctx context.Context, x providertest.Saying) (parvis.Ref, error) { return b.say(ctx, host, x) },
		Count:   b.count,
		Calls:   faults.Calls,
		Break:   stage.Stage(t, &faults),
		Secrets: []string{password, base64.StdEncoding.EncodeToString([]byte(login + ":" + password))},
		Log:     &log,
	}
}
