package oauth_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/apitest/authserver"
	"github.com/parvis-go/parvis/providers"
	"github.com/parvis-go/parvis/providers/oauth"
)

const (
	callback = "https://app.example/connect/callback"
	state    = "parvis-secret-state-1"
	mark     = "parvis-secret-"
)

// rig is an authorization server, somebody with an account there, and a registered application.
type rig struct {
	t      testing.TB
	server *authserver.Server
	ana    *authserver.Person
	app    oauth.App
	log    *logBuffer
	site   *oauth.Site
}

func newRig(t testing.TB, o authserver.Options) *rig {
	t.Helper()
	r := &rig{t: t, server: authserver.New(o), log: new(logBuffer), app: oauth.App{ID: "app-1", Secret: "parvis-secret-app/+ &"}}
	if o.Meta.App.ID != "" {
		r.app = oauth.App{ID: o.Meta.App.ID, Secret: o.Meta.App.Secret}
	}
	r.server.AddClient(authserver.Client{ID: r.app.ID, Secret: r.app.Secret, Redirects: []string{callback}})
	r.ana = r.server.AddPerson(authserver.Person{ID: "77", Name: "Ana Lima", Handle: "ana", Channel: "Ana's pottery"})
	r.site = &oauth.Site{Auth: authserver.URL, Token: authserver.URL, API: authserver.URL, Options: r.options()}
	t.Cleanup(func() { without(t, r.log.String(), mark, "a secret was logged") })
	return r
}

// options are those of flows that talk to the server, with a log that is searched for secrets.
func (r *rig) options() *providers.Options {
	return &providers.Options{
		HTTPClient: r.server.Client(), Retry: providers.Retry{Max: 1},
		Logger: slog.New(slog.NewTextHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
}

func input(powers ...string) providers.Input {
	return providers.Input{Callback: callback, State: state, Powers: powers}
}

// connect goes all the way.
func (r *rig) connect(f providers.Flow, a authserver.Answer, powers ...string) (providers.Grant, error) {
	r.t.Helper()
	step, err := f.Start(r.t.Context(), input(powers...))
	require.NoError(r.t, err)
	back, err := r.server.Visit(r.ana, step.URL, a)
	require.NoError(r.t, err)
	same(r.t, back.Get("state"), state, "the state")
	return f.Finish(r.t.Context(), step, back)
}

func (r *rig) must(f providers.Flow, a authserver.Answer, powers ...string) providers.Grant {
	r.t.Helper()
	g, err := r.connect(f, a, powers...)
	require.NoError(r.t, err)
	return g
}

// is checks an error: its code, that it says what to do, and that no secret is in it.
func is(t testing.TB, err error, code parvis.Code, help string) *parvis.Error {
	t.Helper()
	require.Error(t, err)
	all := fmt.Sprintf("%v %+v %#v", err, err, err)
	without(t, all, mark, "a secret is in the error")
	require.ErrorIs(t, err, code)
	e, ok := errors.AsType[*parvis.Error](err)
	require.True(t, ok)
	assert.Equal(t, code, e.Code, e.Error())
	assert.NotEmpty(t, e.Message)
	assert.Contains(t, e.Help, help)
	assert.NotEmpty(t, e.Network)
	return e
}

// back is what a browser comes back with.
func back(pairs ...string) url.Values {
	v := url.Values{"state": {state}}
	for i := 0; i < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return v
}

// logBuffer collects a log.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// same compares secrets without printing them.
func same(t testing.TB, got, want, what string) {
	t.Helper()
	if got != want {
		t.Errorf("%s differs", what)
	}
}

// other is the opposite of same.
func other(t testing.TB, got, before, what string) {
	t.Helper()
	if got == before || got == "" {
		t.Errorf("%s is not new", what)
	}
}

// without searches a text for a secret, and prints neither.
func without(t testing.TB, text, secret, what string) {
	t.Helper()
	if strings.Contains(text, secret) {
		t.Error(what)
	}
}
