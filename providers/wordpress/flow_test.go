package wordpress_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/apitest"
	"github.com/parvis-go/parvis/internal/apitest/authserver"
	site "github.com/parvis-go/parvis/internal/apitest/wordpress"
	"github.com/parvis-go/parvis/providers"
	"github.com/parvis-go/parvis/providers/wordpress"
	"github.com/parvis-go/parvis/publish"
)

const (
	callback = "https://app.example/connect/callback?from=desk"
	state    = "parvis-secret-state"
	appID    = "4b1dc0de-0000-4000-8000-00000000acme"
)

// appUUID is the same with hexadecimal digits only.
var appUUID = strings.Replace(appID, "acme", "ac3e", 1)

func flowInput(s *authserver.WordPress) providers.Input {
	return providers.Input{Values: map[string]string{"site": s.URL + "/wp-admin/"}, Callback: callback, State: state}
}

// quick are options without patience, that log to b.
func quick(b *buffer) *providers.Options {
	return &providers.Options{Retry: providers.Retry{Max: 1}, Logger: slog.New(slog.NewTextHandler(b, &slog.HandlerOptions{Level: slog.LevelDebug}))}
}

// wrong checks an error: its code, that it says what to do, and that it tells no secret.
func wrong(t testing.TB, err error, code parvis.Code, help string) {
	t.Helper()
	require.ErrorIs(t, err, code)
	e, ok := errors.AsType[*parvis.Error](err)
	require.True(t, ok)
	assert.Contains(t, e.Help, help)
	assert.Equal(t, wordpress.Network, e.Network)
	for _, s := range []string{"parvis-secret-", "parvissecret"} {
		without(t, fmt.Sprintf("%v %+v %#v", err, err, err), s, "a secret is in the error")
	}
}

// without searches a text for a secret, and prints neither.
func without(t testing.TB, text, secret, what string) {
	t.Helper()
	if strings.Contains(text, secret) {
		t.Error(what)
	}
}

// fixed is a source of one token.
type fixed struct{ t parvis.Token }

func (f fixed) Token(context.Context) (parvis.Token, error) { return f.t, nil }

func TestFlow(t *testing.T) {
	t.Parallel()
	s := authserver.NewWordPress(t)
	var log buffer
	f := wordpress.Flow{Name: "desk", ID: appUUID, Local: true, Options: quick(&log)}
	step, err := f.Start(t.Context(), flowInput(s))
	require.NoError(t, err)
	u, err := url.Parse(step.URL)
	require.NoError(t, err)
	assert.Equal(t, "desk", u.Query().Get("app_name"))
	assert.Equal(t, appUUID, u.Query().Get("app_id"))
	assert.Contains(t, u.Query().Get("success_url"), "from=desk")

	back, page := s.Approve(step.URL, true)
	require.Empty(t, page)
	if back.Get("state") != state {
		t.Error("the state is not carried in the address")
	}
	g, err := f.Finish(t.Context(), step, back)
	require.NoError(t, err)
	require.Len(t, g.Choices, 1)
	ch := g.Choices[0]
	host := strings.TrimPrefix(s.URL, "http://")
	assert.Equal(t, parvis.Account{Network: "wordpress", Host: host, ID: "3", Handle: "acme", Name: "Acme"}, ch.Account)
	assert.Equal(t, "site", ch.Type)
	assert.Empty(t, ch.Problem)
	assert.Equal(t, map[string]string{"user": "acme", "site": s.URL}, ch.Token.Extra)
	assert.Contains(t, g.Scopes, "moderate_comments")

	c, err := wordpress.New(wordpress.Config{Site: s.URL, Tokens: fixed{ch.Token}}, quick(&log))
	require.NoError(t, err)
	h, err := c.Probe(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []providers.Lack{{Scope: "list_users", Powers: []string{"listen.members"}}}, h.Lacks)

	require.NoError(t, f.Revoke(t.Context(), ch.Account, ch.Token))
	assert.Zero(t, s.Passwords())
	require.NoError(t, f.Revoke(t.Context(), ch.Account, ch.Token), "what is gone already is no error")
	h, err = c.Probe(t.Context())
	require.NoError(t, err)
	assert.Equal(t, providers.Lost, h.Condition)
	for _, secret := range []string{"parvis-secret-", "parvissecret"} {
		without(t, log.String(), secret, "a secret was logged")
	}
	_, page = s.Approve(step.URL, true)
	assert.Contains(t, page, "unique")
}

func TestFlowRefusals(t *testing.T) {
	t.Parallel()
	s := authserver.NewWordPress(t)
	var log buffer
	f := wordpress.Flow{Local: true, Options: quick(&log)}
	step, err := f.Start(t.Context(), flowInput(s))
	require.NoError(t, err)
	back, page := s.Approve(step.URL, false)
	require.Empty(t, page)
	if back.Get("state") != state {
		t.Error("the state is not carried in the address")
	}
	_, err = f.Finish(t.Context(), step, back)
	wrong(t, err, parvis.ErrPermission, "approve")
	_, err = f.Finish(t.Context(), step, url.Values{"success": {"false"}, "error": {"disabled"}})
	wrong(t, err, parvis.ErrUnsupported, "whoever runs the site")
	_, err = f.Finish(t.Context(), step, url.Values{"user_login": {"acme"}})
	wrong(t, err, parvis.ErrInvalid, "start connecting again")
	_, err = f.Finish(t.Context(), providers.Step{}, back)
	wrong(t, err, parvis.ErrInvalid, "start connecting again")

	calls := s.Faults.Calls()
	for _, other := range []string{"https://evil.example", "", "::"} {
		_, err = f.Finish(t.Context(), step, url.Values{"user_login": {"acme"}, "password": {"parvissecret00"}, "site_url": {other}})
		wrong(t, err, parvis.ErrInvalid, "start connecting again")
	}
	assert.Equal(t, calls, s.Faults.Calls(), "the password of another site is sent to nobody")
	_, err = f.Finish(t.Context(), step, url.Values{"user_login": {"acme"}, "password": {"parvissecret00"}, "site_url": {s.URL}})
	wrong(t, err, parvis.ErrAuth, "application password")
}

func TestFlowWrongInput(t *testing.T) {
	t.Parallel()
	s := authserver.NewWordPress(t)
	for name, tc := range map[string]struct {
		flow wordpress.Flow
		edit func(*providers.Input)
		code parvis.Code
		help string
	}{
		"no site":       {wordpress.Flow{Local: true}, func(in *providers.Input) { in.Values = nil }, parvis.ErrInvalid, "https"},
		"not allowed":   {wordpress.Flow{}, func(*providers.Input) {}, parvis.ErrInvalid, "https"},
		"private":       {wordpress.Flow{}, func(in *providers.Input) { in.Values["site"] = "https://10.1.1.1" }, parvis.ErrInvalid, "public"},
		"no callback":   {wordpress.Flow{Local: true}, func(in *providers.Input) { in.Callback = "/x" }, parvis.ErrInvalid, "https://host/path"},
		"http callback": {wordpress.Flow{}, func(in *providers.Input) { in.Callback, in.Values["site"] = "http://app.example/", "blog.example" }, parvis.ErrInvalid, "begins with https"},
		"no state":      {wordpress.Flow{Local: true}, func(in *providers.Input) { in.State = "" }, parvis.ErrInvalid, "random"},
		"no UUID":       {wordpress.Flow{Local: true, ID: appID}, func(*providers.Input) {}, parvis.ErrInvalid, "keep it"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := flowInput(s)
			tc.edit(&in)
			_, err := tc.flow.Start(t.Context(), in)
			wrong(t, err, tc.code, tc.help)
		})
	}
}

func TestSitesThatMakeNoPasswords(t *testing.T) {
	t.Parallel()
	var log buffer
	f := wordpress.Flow{Local: true, Options: quick(&log)}
	s := authserver.NewWordPress(t)
	s.Off = true
	_, err := f.Start(t.Context(), flowInput(s))
	wrong(t, err, parvis.ErrUnsupported, "reach the site by https")
	s.Off, s.Admin = false, "https://admin.acme.example"
	step, err := f.Start(t.Context(), flowInput(s))
	require.NoError(t, err)
	back, _ := s.Approve(step.URL, true)
	back.Set("site_url", "https://admin.acme.example")
	_, err = f.Finish(t.Context(), step, back)
	require.NoError(t, err, "the pages of the admin may be on another host")
	s.Admin = "::"
	_, err = f.Start(t.Context(), flowInput(s))
	wrong(t, err, parvis.ErrUnsupported, "https")
	s.Faults.Inject(apitest.Fault{Kind: apitest.ErrorBefore, Status: 503, Times: -1})
	_, err = f.Start(t.Context(), flowInput(s))
	wrong(t, err, parvis.ErrUnavailable, "")
}

func TestPasswordFlow(t *testing.T) {
	t.Parallel()
	s := authserver.NewWordPress(t)
	var log buffer
	f := wordpress.PasswordFlow{Local: true, Options: quick(&log)}
	assert.Equal(t, "wordpress-password", f.Form().Name)
	assert.True(t, f.Form().Fields[2].Secret)
	assert.Equal(t, "wordpress", wordpress.Flow{}.Form().Name)
	pw := s.Make()
	in := providers.Input{Values: map[string]string{"site": s.URL, "user": " acme@acme.example ", "password": " " + pw[:4] + " " + pw[4:] + "\n"}}
	step, err := f.Start(t.Context(), in)
	require.NoError(t, err)
	ch := step.Grant.Choices[0]
	assert.Equal(t, "acme", ch.Token.Extra["user"], "the login name, not the address")
	_, err = f.Finish(t.Context(), step, nil)
	wrong(t, err, parvis.ErrUnsupported, "grant of its start")
	in.Values["password"] = "parvissecret"
	_, err = f.Start(t.Context(), in)
	wrong(t, err, parvis.ErrAuth, "application password")
	in.Values["password"] = "  "
	_, err = f.Start(t.Context(), in)
	wrong(t, err, parvis.ErrInvalid, "profile")
	in.Values["site"] = "ftp://x"
	_, err = f.Start(t.Context(), in)
	wrong(t, err, parvis.ErrInvalid, "https")

	for role, problem := range map[string]string{"subscriber": "may not write posts", "contributor": "not publish them"} {
		s.Role = role
		in.Values["site"], in.Values["password"] = s.URL, pw
		step, err = f.Start(t.Context(), in)
		require.NoError(t, err)
		assert.Contains(t, step.Grant.Choices[0].Problem, problem)
	}
	s.Old = true
	wrong(t, f.Revoke(t.Context(), ch.Account, ch.Token), parvis.ErrUnsupported, "user's profile")
	s.Old = false
	s.Faults.Inject(apitest.Fault{Kind: apitest.ErrorBefore, Times: -1, Match: func(r *http.Request) bool { return r.Method == http.MethodDelete }})
	require.ErrorIs(t, f.Revoke(t.Context(), ch.Account, ch.Token), parvis.ErrUnknownOutcome)
	s.Faults.Clear()
	s.Faults.Inject(apitest.Fault{Kind: apitest.ErrorBefore, Status: 200, Body: `{"uuid":"../../posts/1"}`, Match: func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/introspect") }})
	wrong(t, f.Revoke(t.Context(), ch.Account, ch.Token), parvis.ErrBadAnswer, "profile")
	require.NoError(t, f.Revoke(t.Context(), ch.Account, ch.Token))
	wrong(t, f.Revoke(t.Context(), ch.Account, parvis.Token{}), parvis.ErrInvalid, "")
}

func TestTokensInThePlaceOfAPassword(t *testing.T) {
	t.Parallel()
	s := site.New(t, site.Options{})
	token := parvis.Token{Value: s.User("editor").Password, Extra: map[string]string{"user": "editor", "site": s.URL + "/"}}
	c, err := wordpress.New(wordpress.Config{Site: s.URL, Tokens: fixed{token}, Settle: -1}, nil)
	require.NoError(t, err)
	post(t, c, publish.Draft{Text: "by a token"})
	assert.Equal(t, 1, s.Count("by a token"))
	assert.Equal(t, "editor", c.Account().Handle)

	token.Extra = nil
	c, err = wordpress.New(wordpress.Config{Site: s.URL, User: "editor", Tokens: fixed{token}}, nil)
	require.NoError(t, err)
	post(t, c, publish.Draft{Text: "with the user of the configuration"})
	calls := s.Calls()
	for _, bad := range []parvis.Token{{Value: token.Value, Extra: map[string]string{"user": "editor", "site": "https://other.example"}}, {Value: ""}, {Value: token.Value}} {
		c, err = wordpress.New(wordpress.Config{Site: s.URL, API: s.URL + "/wp-json/", Tokens: fixed{bad}}, nil)
		require.NoError(t, err)
		_, err = publish.To(t.Context(), c, publish.Draft{Text: "x"})
		require.Error(t, err)
	}
	assert.Equal(t, calls, s.Calls(), "a password is never sent to another site")
	_, err = wordpress.New(wordpress.Config{Site: s.URL, User: "a", Password: "b", Tokens: fixed{token}}, nil)
	require.ErrorIs(t, err, parvis.ErrInvalid)
}

func TestProbe(t *testing.T) {
	t.Parallel()
	s := authserver.NewWordPress(t)
	token := parvis.Token{Value: s.Make(), Extra: map[string]string{"user": "acme"}}
	var log buffer
	look := func(t *testing.T, tok parvis.Token) providers.Health {
		t.Helper()
		c, err := wordpress.New(wordpress.Config{Site: s.URL, Client: "acme", Tokens: fixed{tok}}, quick(&log))
		require.NoError(t, err)
		h, err := c.Probe(t.Context())
		require.NoError(t, err)
		assert.Equal(t, "acme", h.Account.Client)
		assert.False(t, h.Time.IsZero())
		return h
	}
	s.Role = "administrator"
	h := look(t, token)
	assert.Equal(t, providers.Healthy, h.Condition)
	assert.Equal(t, "wp/v2", h.API)
	assert.Equal(t, "3", h.Account.ID)
	assert.Empty(t, h.Lacks)
	s.Role = "subscriber"
	h = look(t, token)
	assert.Equal(t, providers.Limited, h.Condition)
	assert.Contains(t, h.Why, "may not write posts")
	assert.Contains(t, h.Help, "role")
	h = look(t, parvis.Token{Value: "parvissecret", Extra: token.Extra})
	assert.Equal(t, providers.Lost, h.Condition)
	assert.Contains(t, h.Help, "new application password")
	for name, tc := range map[string]struct {
		fault apitest.Fault
		want  providers.Condition
	}{
		"maintenance": {apitest.Fault{Kind: apitest.ErrorBefore, Status: 503, Header: http.Header{"Content-Type": {"text/html"}}, Body: "<html>maintenance"}, providers.Unreachable},
		"500":         {apitest.Fault{Kind: apitest.ErrorBefore}, providers.Unreachable},
		"cut":         {apitest.Fault{Kind: apitest.CutBefore}, providers.Unreachable},
		"firewall":    {apitest.Fault{Kind: apitest.HTMLError}, providers.Unreachable},
		"too many":    {apitest.Fault{Kind: apitest.RateLimited}, providers.Unreachable},
		"no API":      {apitest.Fault{Kind: apitest.ErrorBefore, Status: 404, Body: `{"code":"rest_no_route","message":"No route"}`}, providers.Unreachable},
	} {
		tc.fault.Match = func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/users/me") }
		tc.fault.Times = -1 // net/http repeats a read on its own
		s.Faults.Inject(tc.fault)
		h = look(t, token)
		s.Faults.Clear()
		assert.Equal(t, tc.want, h.Condition, name)
		assert.NotEmpty(t, h.Why, name)
		without(t, h.Why+h.Help, "parvissecret", name)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	c, err := wordpress.New(wordpress.Config{Site: s.URL, Tokens: fixed{token}}, quick(&log))
	require.NoError(t, err)
	_, err = c.Probe(ctx)
	require.ErrorIs(t, err, context.Canceled)
	without(t, log.String(), "parvissecret", "a password was logged")
}
