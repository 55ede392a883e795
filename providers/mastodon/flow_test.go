package mastodon_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/apitest"
	mastodontest "github.com/parvis-go/parvis/internal/apitest/mastodon"
	"github.com/parvis-go/parvis/providers"
	"github.com/parvis-go/parvis/providers/mastodon"
	"github.com/parvis-go/parvis/providers/oauth"
)

const (
	callback = "https://app.example/connect/callback"
	state    = "parvis-secret-state"
)

// flowRig is a server with somebody on it, and the flow.
type flowRig struct {
	t      testing.TB
	server *mastodontest.Server
	user   *mastodontest.User
	flow   *mastodon.Flow
	log    *logBuffer
	apps   *oauth.InMemory
}

func newFlowRig(t testing.TB, o mastodontest.Options) *flowRig {
	t.Helper()
	s := mastodontest.New(t, o)
	r := &flowRig{t: t, server: s, user: s.AddUser("acme"), log: new(logBuffer), apps: new(oauth.InMemory)}
	log := slog.New(slog.NewTextHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	r.flow = &mastodon.Flow{Name: "parvis", Website: "https://app.example", Apps: r.apps, Local: true, Options: &providers.Options{Logger: log, Retry: providers.Retry{Max: 1}}}
	return r
}

func (r *flowRig) input(powers ...string) providers.Input {
	return providers.Input{Values: map[string]string{"server": r.server.URL + "/@acme"}, Callback: callback, State: state, Powers: powers}
}

// visit is the user saying yes, or what the server sends back instead.
func (r *flowRig) visit(step providers.Step) url.Values {
	r.t.Helper()
	code, problem := r.server.Authorize(r.user, step.URL)
	if problem != "" {
		return url.Values{"state": {state}, "error": {problem}}
	}
	return url.Values{"state": {state}, "code": {code}}
}

func (r *flowRig) connect(powers ...string) (providers.Grant, error) {
	r.t.Helper()
	step, err := r.flow.Start(r.t.Context(), r.input(powers...))
	require.NoError(r.t, err)
	return r.flow.Finish(r.t.Context(), step, r.visit(step))
}

// wrong checks an error: its code, that it says what to do, and that it tells no secret.
func wrong(t testing.TB, err error, code parvis.Code, help string, secrets ...string) {
	t.Helper()
	require.ErrorIs(t, err, code)
	e, ok := errors.AsType[*parvis.Error](err)
	require.True(t, ok)
	assert.Contains(t, e.Help, help)
	assert.Equal(t, mastodon.Network, e.Network)
	for _, s := range append(secrets, "parvis-secret-") {
		assert.NotContains(t, fmt.Sprintf("%v %+v %#v", err, err, err), s, "a secret is in the error")
	}
}

func TestFlow(t *testing.T) {
	t.Parallel()
	for _, flavour := range flavours {
		t.Run(string(flavour), func(t *testing.T) {
			t.Parallel()
			r := newFlowRig(t, mastodontest.Options{Flavour: flavour})
			g, err := r.connect("publish", "listen")
			require.NoError(t, err)
			require.Len(t, g.Choices, 1)
			ch := g.Choices[0]
			assert.Equal(t, parvis.Account{Network: mastodon.Network, Host: r.server.Host(), ID: r.user.ID, Handle: "acme", Name: "Acme"}, ch.Account)
			assert.Equal(t, "profile", ch.Type)
			assert.True(t, ch.Token.Expiry.IsZero())
			assert.Contains(t, g.Scopes, "write:statuses")
			for _, l := range mastodon.Manifest().Lacking(g.Scopes, r.flow.Covers) {
				assert.NotContains(t, l.Powers, "publish", l.Scope)
			}

			c, err := mastodon.New(mastodon.Config{Server: r.server.URL, Tokens: fixed{ch.Token}}, nil)
			require.NoError(t, err)
			h, err := c.Probe(t.Context())
			require.NoError(t, err)
			assert.NotEqual(t, providers.Lost, h.Condition)
			require.NoError(t, r.flow.Revoke(t.Context(), ch.Account, ch.Token))
			require.NoError(t, r.flow.Revoke(t.Context(), ch.Account, ch.Token), "twice is no error")
			h, err = c.Probe(t.Context())
			require.NoError(t, err)
			assert.Equal(t, providers.Lost, h.Condition)
			assert.Contains(t, h.Help, "connect the account again")
			assert.NotContains(t, r.log.String(), ch.Token.Value, "the token was logged")
			assert.NotContains(t, r.log.String(), ch.Token.Extra["client_secret"], "the secret was logged")
			assert.NotContains(t, r.log.String(), "parvis-secret-", "a secret was logged")
			assert.Empty(t, r.server.Unknown())
		})
	}
}

// fixed is a source of one token.
type fixed struct{ t parvis.Token }

func (f fixed) Token(context.Context) (parvis.Token, error) { return f.t, nil }

// registrations counts how often an application was registered.
func (r *flowRig) registrations() int {
	n := 0
	for _, x := range r.server.Exchanges() {
		if x.Path == "/api/v1/apps" {
			n++
		}
	}
	return n
}

func TestApplicationsRegisterOnce(t *testing.T) {
	t.Parallel()
	r := newFlowRig(t, mastodontest.Options{})
	var all sync.WaitGroup
	for range 6 {
		all.Go(func() {
			_, err := r.flow.Start(t.Context(), r.input())
			assert.NoError(t, err)
		})
	}
	all.Wait()
	assert.Equal(t, 1, r.registrations())
	in := r.input()
	in.Callback = "https://other.example/cb"
	_, err := r.flow.Start(t.Context(), in)
	require.NoError(t, err)
	assert.Equal(t, 2, r.registrations(), "each redirect address has its own")

	// A server forgets applications that nobody uses.
	key := "mastodon " + r.server.URL + " " + callback
	require.NoError(t, r.apps.Remember(t.Context(), key, `{"client_id":"gone","client_secret":"parvis-secret-gone","scopes":["read"]}`))
	g, err := r.connect()
	require.NoError(t, err)
	assert.Len(t, g.Choices, 1)
	assert.Equal(t, 3, r.registrations())

	lost := errors.New("the disk is full")
	r.flow.Apps = badMemory{lost}
	_, err = r.flow.Start(t.Context(), r.input())
	require.ErrorIs(t, err, lost)
	r.flow.Apps = nil
	_, err = r.connect()
	require.NoError(t, err, "a flow remembers by itself")
}

type badMemory struct{ err error }

func (b badMemory) Recall(context.Context, string) (string, error) { return "", b.err }
func (b badMemory) Remember(context.Context, string, string) error { return b.err }

func TestWhoWaitsForARegistrationMayGiveUp(t *testing.T) {
	t.Parallel()
	r := newFlowRig(t, mastodontest.Options{})
	r.server.Faults.Inject(apitest.Fault{Kind: apitest.Hang, Match: func(q *http.Request) bool { return q.URL.Path == "/api/v1/apps" }})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := r.flow.Start(ctx, r.input())
		done <- err
	}()
	require.Eventually(t, func() bool { return r.server.Faults.Waiting() == 0 }, 5*time.Second, time.Millisecond)
	short, stop := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer stop()
	_, err := r.flow.Start(short, r.input())
	wrong(t, err, parvis.ErrUnavailable, "")
	cancel()
	require.Error(t, <-done)
	_, err = r.flow.Start(t.Context(), r.input())
	require.NoError(t, err)
}

func TestFlowRefusals(t *testing.T) {
	t.Parallel()
	r := newFlowRig(t, mastodontest.Options{})
	step, err := r.flow.Start(t.Context(), r.input("publish"))
	require.NoError(t, err)
	secret := step.Keep["client_secret"]
	_, err = r.flow.Finish(t.Context(), step, url.Values{"error": {"access_denied"}})
	wrong(t, err, parvis.ErrPermission, "allow the access", secret)
	_, err = r.flow.Finish(t.Context(), step, url.Values{"code": {"parvis-secret-wrong"}})
	wrong(t, err, parvis.ErrAuth, "start connecting again", secret)
	_, err = r.flow.Finish(t.Context(), step, url.Values{"code": {"parvis-secret-code"}, "iss": {"https://evil.example/"}})
	wrong(t, err, parvis.ErrInvalid, "mix up", secret)
	back := r.visit(step)
	back.Set("iss", r.server.URL+"/")
	g, err := r.flow.Finish(t.Context(), step, back)
	require.NoError(t, err)
	_, err = r.flow.Finish(t.Context(), step, back)
	wrong(t, err, parvis.ErrAuth, "start connecting again", secret)
	_, err = r.flow.Finish(t.Context(), providers.Step{}, back)
	wrong(t, err, parvis.ErrInvalid, "start connecting again")

	token := g.Choices[0].Token
	_, err = r.flow.Refresh(t.Context(), g.Choices[0].Account, token)
	wrong(t, err, parvis.ErrAuth, "connect the account again", token.Value)
	_, err = r.flow.Refresh(t.Context(), g.Choices[0].Account, parvis.Token{Value: "parvis-secret-x"})
	wrong(t, err, parvis.ErrInvalid, "connect the account again")
	wrong(t, r.flow.Revoke(t.Context(), g.Choices[0].Account, parvis.Token{Value: "parvis-secret-x"}), parvis.ErrInvalid, "again")
	token.Extra["client_secret"] = "parvis-secret-other"
	token.Refresh = "parvis-secret-refresh"
	_, err = r.flow.Refresh(t.Context(), g.Choices[0].Account, token)
	wrong(t, err, parvis.ErrInvalid, "ID and secret", token.Value)
}

func TestFlowStates(t *testing.T) {
	t.Parallel()
	r := newFlowRig(t, mastodontest.Options{})
	r.user.SetState(mastodontest.Disabled, true)
	_, err := r.connect()
	require.ErrorIs(t, err, parvis.ErrPermission)
	require.ErrorContains(t, err, "currently disabled")
}

func TestFlowAddresses(t *testing.T) {
	t.Parallel()
	f := &mastodon.Flow{}
	assert.Equal(t, "server", f.Form().Fields[0].Name)
	assert.Equal(t, "mastodon", f.Form().Name)
	for _, typed := range []string{"", "http://mastodon.example", "localhost", "https://127.0.0.1:1", "10.0.0.8", "@acme", "https://user:parvis-secret-pw@mastodon.example"} {
		_, err := f.Start(t.Context(), providers.Input{Values: map[string]string{"server": typed}, Callback: callback, State: state})
		wrong(t, err, parvis.ErrInvalid, "")
	}
	r := newFlowRig(t, mastodontest.Options{})
	in := r.input()
	in.Callback = ""
	_, err := r.flow.Start(t.Context(), in)
	wrong(t, err, parvis.ErrInvalid, "browser comes back")
	in = r.input("fly")
	_, err = r.flow.Start(t.Context(), in)
	wrong(t, err, parvis.ErrInvalid, "publish")
}

// elsewhere is a server that is not as it should be.
func elsewhere(t *testing.T, do http.HandlerFunc) (*mastodon.Flow, providers.Input) {
	t.Helper()
	s := httptest.NewServer(do)
	t.Cleanup(s.Close)
	return &mastodon.Flow{Local: true, Options: &providers.Options{Retry: providers.Retry{Max: 1}}},
		providers.Input{Values: map[string]string{"server": s.URL}, Callback: callback, State: state}
}

func TestServersThatAreNotAsTheyShould(t *testing.T) {
	t.Parallel()
	answer := func(status int, kind, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", kind)
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}
	}
	for name, tc := range map[string]struct {
		do   http.HandlerFunc
		code parvis.Code
		help string
	}{
		"another site":        {answer(200, "text/html", "<html>hello</html>"), parvis.ErrInvalid, "server with the Mastodon API"},
		"nothing there":       {answer(404, "text/html", "no"), parvis.ErrInvalid, "server with the Mastodon API"},
		"maintenance":         {answer(503, "text/html", "later"), parvis.ErrUnavailable, ""},
		"an empty app":        {answer(200, "application/json", "{}"), parvis.ErrInvalid, "server with the Mastodon API"},
		"moved":               {http.RedirectHandler("https://social.example/", http.StatusMovedPermanently).ServeHTTP, parvis.ErrInvalid, "https://social.example"},
		"endpoints elsewhere": {answer(200, "application/json", `{"token_endpoint":"https://evil.example/token"}`), parvis.ErrInvalid, "own pages"},
		"endpoints of a host that begins so": {func(w http.ResponseWriter, r *http.Request) {
			_ = json.NewEncoder(w).Encode(map[string]string{"token_endpoint": "http://" + r.Host + ".evil.example/token"})
		}, parvis.ErrInvalid, "own pages"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, in := elsewhere(t, tc.do)
			_, err := f.Start(t.Context(), in)
			wrong(t, err, tc.code, tc.help)
		})
	}
}

// TestServersWithFewScopes: those that do not know a fine scope are asked for a coarse one.
func TestServersWithFewScopes(t *testing.T) {
	t.Parallel()
	var registered []string
	f, in := elsewhere(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch r.URL.Path {
		case "/api/v1/apps":
			scopes := r.FormValue("scopes")
			registered = append(registered, scopes)
			if strings.Contains(scopes, ":") {
				w.WriteHeader(http.StatusUnprocessableEntity)
				_, _ = io.WriteString(w, `{"error":"Validation failed: Scopes doesn't match configured on the server."}`)
				return
			}
			_, _ = io.WriteString(w, `{"client_id":"1","client_secret":"parvis-secret-app"}`)
		default:
			w.WriteHeader(http.StatusNotFound)
			_, _ = io.WriteString(w, `{"error":"Not Found"}`)
		}
	})
	in.Powers = []string{"publish", "listen", "moderate"}
	step, err := f.Start(t.Context(), in)
	require.NoError(t, err)
	require.Len(t, registered, 2)
	assert.Contains(t, registered[0], "admin:write:reports")
	assert.NotContains(t, registered[0], "profile", "a server without metadata is older than that scope")
	assert.Equal(t, "read write follow push", registered[1])
	u, err := url.Parse(step.URL)
	require.NoError(t, err)
	assert.Equal(t, "read write", u.Query().Get("scope"))
	assert.False(t, u.Query().Has("code_challenge"), "PKCE is for servers that say so")
	assert.True(t, strings.HasPrefix(step.URL, in.Values["server"]+"/oauth/authorize?"))
}

func TestScopesCover(t *testing.T) {
	t.Parallel()
	f := new(mastodon.Flow)
	for _, tc := range []struct {
		granted []string
		needed  string
		want    bool
	}{
		{[]string{"read"}, "read:statuses", true},
		{[]string{"read:statuses"}, "read:statuses", true},
		{[]string{"admin:read"}, "admin:read:accounts", true},
		{[]string{"follow"}, "write:mutes", true},
		{[]string{"read:statuses"}, "read", false},
		{[]string{"write"}, "read:statuses", false},
		{[]string{"admin:write"}, "write:statuses", false},
		{nil, "read", false},
		{[]string{}, "read", false},
	} {
		assert.Equal(t, tc.want, f.Covers(tc.granted, tc.needed), tc)
	}
}

// Tokens of Pleroma end and can be renewed.
func TestTokensThatEnd(t *testing.T) {
	t.Parallel()
	f, in := elsewhere(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.FormValue("grant_type") != "refresh_token" || r.FormValue("refresh_token") != "parvis-secret-old" || r.FormValue("client_id") != "1" {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"error":"invalid_grant"}`)
			return
		}
		_, _ = io.WriteString(w, `{"access_token":"parvis-secret-new","refresh_token":"parvis-secret-next","expires_in":600}`)
	})
	old := parvis.Token{Value: "parvis-secret-a", Refresh: "parvis-secret-old", Extra: map[string]string{"server": in.Values["server"], "client_id": "1", "client_secret": "parvis-secret-c"}}
	next, err := f.Refresh(t.Context(), parvis.Account{Network: mastodon.Network, ID: "7"}, old)
	require.NoError(t, err)
	assert.True(t, next.Value == "parvis-secret-new" && next.Refresh == "parvis-secret-next")
	assert.Equal(t, "1", next.Extra["client_id"])
	assert.WithinDuration(t, time.Now().Add(10*time.Minute), next.Expiry, time.Minute)
	_, err = f.Refresh(t.Context(), parvis.Account{Network: mastodon.Network, ID: "7"}, next)
	wrong(t, err, parvis.ErrAuth, "connect the account again")
}
