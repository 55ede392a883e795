package providers_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers"
)

// A stub is a flow that does what it is told.
type stub struct {
	form   providers.Form
	start  func(providers.Input) (providers.Step, error)
	finish func(providers.Step, url.Values) (providers.Grant, error)
	revoke error
}

func (s stub) Form() providers.Form {
	f := s.form
	f.Manifest.Network, f.Manifest.Title = "fake", "Stub"
	if f.Name == "" {
		f.Name = "stub"
	}
	return f
}

func (s stub) Start(_ context.Context, in providers.Input) (providers.Step, error) {
	return s.start(in)
}

func (s stub) Finish(_ context.Context, st providers.Step, back url.Values) (providers.Grant, error) {
	return s.finish(st, back)
}

func (s stub) Revoke(context.Context, parvis.Account, parvis.Token) error { return s.revoke }

func (s stub) Covers(granted []string, needed string) bool {
	for _, g := range granted {
		if g == needed || strings.HasPrefix(needed, g+":") {
			return true
		}
	}
	return false
}

// passwords is a flow like those for application passwords.
func passwords(start func(providers.Input) (providers.Step, error)) stub {
	return stub{start: start, form: providers.Form{Way: "password", Fields: []providers.Field{
		{Name: "server", Label: "Server", Example: "https://blog.example"},
		{Name: "password", Label: "Password", Secret: true},
		{Name: "note", Label: "Note", Optional: true},
	}}}
}

func choice(id, value string) providers.Choice {
	return providers.Choice{Account: parvis.Account{Network: "fake", ID: id, Handle: id}, Token: parvis.Token{Value: value}}
}

func TestFormsNeverShowSecretsAgain(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	var got providers.Input
	answer := errors.New("")
	r.mount("/s/", r.keepers["acme"], []providers.Flow{passwords(func(in providers.Input) (providers.Step, error) {
		got = in
		return providers.Step{}, answer
	})}, func(o *providers.ConnectOptions) { o.Powers = []string{"publish"} })
	b := r.browser()
	page := b.get("/s/to/stub", http.StatusOK)
	assert.Contains(t, page, `type="password" autocomplete="off" required`)
	page = b.post("/s/to/stub", url.Values{"field.server": {" https://blog.example "}, "field.note": {"<i>"}}, http.StatusUnprocessableEntity)
	assert.Contains(t, page, "Something is missing")
	assert.Contains(t, page, `aria-invalid`)
	assert.Contains(t, page, `value="https://blog.example"`)
	assert.Contains(t, page, `value="&lt;i&gt;"`)
	assert.Empty(t, got.State, "the flow was not started")

	filled := url.Values{"field.server": {"https://blog.example"}, "field.password": {"parvis-secret-pw 1"}}
	for err, want := range map[error]string{
		&parvis.Error{Code: parvis.ErrAuth, Message: "the password parvis-secret-pw 1 is wrong", Help: "make another at https://blog.example", Vendor: "incorrect_password"}: "The password [redacted] is wrong.",
		fmt.Errorf("dial parvis-secret-pw 1: %w", errors.New("boom")):                                            "Something failed on this side.",
		&parvis.Error{Code: parvis.ErrInvalid}:                                                                   "Correct it, then try again.",
		&parvis.Error{Code: parvis.ErrUnavailable, Message: "the site does not answer", RetryAfter: time.Minute}: "Try again in some minutes.",
	} {
		answer = err
		page = b.post("/s/to/stub", filled, http.StatusUnprocessableEntity)
		assert.Contains(t, page, want)
		assert.NotContains(t, page, "boom", "what nobody expected is for the log")
	}
	assert.Contains(t, r.log.String(), "boom")
	assert.Equal(t, "https://desk.example/s/callback/stub", got.Callback)
	assert.Equal(t, []string{"publish"}, got.Powers)
	assert.Len(t, got.State, 43)
	same := got.Values["password"] == "parvis-secret-pw 1"
	assert.True(t, same, "a password is passed on as it was typed")
}

func TestUnexpectedErrorsAreANumberInTheLog(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.mount("/s/", r.keepers["acme"], []providers.Flow{stub{
		start: func(in providers.Input) (providers.Step, error) {
			return providers.Step{URL: in.Callback + "?state=" + in.State + "&code=parvis-secret-code", Keep: map[string]string{"v": "parvis-secret-verifier"}}, nil
		},
		finish: func(s providers.Step, back url.Values) (providers.Grant, error) {
			return providers.Grant{}, fmt.Errorf("panic at %s with %s", back.Get("code"), s.Keep["v"])
		},
	}})
	b := r.browser()
	b.get("/s/to/stub", http.StatusOK)
	page := b.post("/s/to/stub", nil, http.StatusOK)
	assert.Contains(t, page, "Something failed on this side.")
	_, id, ok := strings.Cut(page, "in the log: <code>")
	require.True(t, ok)
	assert.Contains(t, r.log.String(), "id="+id[:8])
	assert.Contains(t, r.log.String(), "panic at [redacted] with [redacted]")
	assert.Regexp(t, `^/s/result/`, b.at.Path)
}

func TestOnlyWhatWasChosenIsStored(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	poor := choice("poor", "parvis-secret-poor")
	poor.Problem = "the page is not published"
	poor.URL, poor.Avatar = "javascript:alert(1)", "https://pics.example/poor.png"
	r.mount("/s/", r.keepers["acme"], []providers.Flow{stub{start: func(providers.Input) (providers.Step, error) {
		return providers.Step{Grant: &providers.Grant{
			Choices: []providers.Choice{choice("one", "parvis-secret-one"), choice("two", "parvis-secret-two"), poor, choice("none", "")},
			Notes:   []string{"One page was <not> found."},
		}}, nil
	}}})
	b := r.browser()
	b.get("/s/to/stub", http.StatusOK)
	page := b.post("/s/to/stub", nil, http.StatusOK)
	assert.Contains(t, page, "One page was &lt;not&gt; found.")
	assert.Contains(t, page, "the page is not published")
	assert.Contains(t, page, "https://pics.example/poor.png")
	assert.NotContains(t, page, "javascript")
	assert.NotContains(t, page, " checked", "of several, nobody chooses for the person")
	assert.Contains(t, page, `value="3" disabled`)
	assert.Contains(t, page, "does not say what it granted")
	assert.Contains(t, b.post(b.at.String(), url.Values{"pick": {"1", "3"}}, http.StatusUnprocessableEntity), "cannot be connected")
	b.post(b.at.String(), url.Values{"pick": {"1", "2"}}, http.StatusOK)
	for id, want := range map[string]bool{"one": false, "two": true, "poor": true, "none": false} {
		token, ok := r.token("acme", choice(id, "").Account)
		assert.Equal(t, want, ok, id)
		assert.True(t, !ok || token.Value == "parvis-secret-"+id)
	}
	assert.Len(t, r.done, 2)
}

func TestScopesThatIncludeOthers(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := stub{start: func(providers.Input) (providers.Step, error) {
		return providers.Step{Grant: &providers.Grant{Choices: []providers.Choice{choice("one", "parvis-secret-one")}, Scopes: []string{"write"}}}, nil
	}}
	s.form.Manifest.Scopes = map[string][]string{"publish": {"write:posts"}, "listen": {"read"}, "moderate": {"admin"}}
	r.mount("/s/", r.keepers["acme"], []providers.Flow{s}, func(o *providers.ConnectOptions) { o.Powers = []string{"publish", "listen"} })
	b := r.browser()
	assert.Contains(t, b.get("/s/to/stub", http.StatusOK), "<code>write:posts</code> <code>read</code>")
	page := b.post("/s/to/stub", nil, http.StatusOK)
	assert.Contains(t, page, "<code>read</code>: without it there is no listen")
	assert.NotContains(t, page, "<code>write:posts</code>: without it")
	assert.NotContains(t, page, "admin", "nobody wanted that")
	b.post(b.at.String(), url.Values{"pick": {"0"}}, http.StatusOK)
	token, _ := r.token("acme", choice("one", "").Account)
	assert.Equal(t, []string{"write"}, token.Scopes, "what the grant says holds for its tokens")
}

// A failing keeper fails for one account.
type failing struct {
	providers.Keeper
	id   string
	err  error
	miss int // conflicts before it works
}

func (f *failing) Save(ctx context.Context, a parvis.Account, t parvis.Token) (int64, error) {
	if f.miss > 0 {
		f.miss--
		return 0, &parvis.Error{Code: parvis.ErrConflict}
	}
	if f.err != nil && a.ID == f.id {
		return 0, f.err
	}
	return f.Keeper.Save(ctx, a, t)
}

func TestWhatCouldNotBeStoredCanBeChosenAgain(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	k := &failing{Keeper: r.keepers["acme"], id: "two", err: errors.New("disk full"), miss: 2}
	r.mount("/s/", k, []providers.Flow{stub{start: func(providers.Input) (providers.Step, error) {
		return providers.Step{Grant: &providers.Grant{Choices: []providers.Choice{
			choice("one", "parvis-secret-one"), choice("two", "parvis-secret-two"), choice("three", "parvis-secret-three"),
		}}}, nil
	}}})
	b := r.browser()
	b.get("/s/to/stub", http.StatusOK)
	b.post("/s/to/stub", nil, http.StatusOK)
	page := b.post(b.at.String(), url.Values{"pick": {"0", "1", "2"}}, http.StatusUnprocessableEntity)
	assert.Contains(t, page, "Connected: <b>fake:one</b>")
	assert.NotContains(t, page, "disk full")
	assert.Contains(t, page, "fake:two")
	require.Len(t, r.done, 1)
	k.err = nil
	page = b.post(b.at.String(), url.Values{"pick": {"0", "1"}}, http.StatusOK)
	assert.Contains(t, page, "<b>fake:two</b>, <b>fake:three</b>")
	assert.Len(t, r.done, 3)
}

// A keeping keeper takes accounts in its own way.
type keeping struct {
	providers.Keeper
	kept []parvis.Account
}

func (k *keeping) Keep(_ context.Context, a parvis.Account, _ parvis.Token) (parvis.Account, error) {
	a.Name = "as kept"
	k.kept = append(k.kept, a)
	return a, nil
}

func TestKeepersMayKeepInTheirOwnWay(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	k := &keeping{Keeper: r.keepers["acme"]}
	r.mount("/s/", k, []providers.Flow{stub{start: func(providers.Input) (providers.Step, error) {
		return providers.Step{Grant: &providers.Grant{Choices: []providers.Choice{choice("one", "parvis-secret-one")}}}, nil
	}}}, func(o *providers.ConnectOptions) {
		o.Done = func(_ context.Context, as []parvis.Account) error {
			r.done = as
			return &parvis.Error{Code: parvis.ErrUnavailable, Message: "the account cannot be opened now"}
		}
	})
	b := r.browser()
	b.get("/s/to/stub", http.StatusOK)
	b.post("/s/to/stub", nil, http.StatusOK)
	page := b.post(b.at.String(), url.Values{"pick": {"0"}}, http.StatusOK)
	assert.Contains(t, page, "Connected, but not in use yet")
	assert.Contains(t, page, "The account cannot be opened now.")
	assert.Equal(t, k.kept, r.done)
}

func TestVisitsEnd(t *testing.T) {
	t.Parallel()
	for _, wait := range []time.Duration{9 * time.Minute, 10 * time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t)
			b := r.browser()
			b.leave("acme", "town")
			back := b.decide(allow("acme", "read"))
			if wait == 9*time.Minute {
				// The code of the fake network serves for a minute only, so it refuses.
				time.Sleep(wait)
				assert.Contains(t, b.get(back, http.StatusOK), "invalid_grant")
				b.leave("acme", "town")
				b.get(b.decide(allow("acme", "read")), http.StatusOK)
				choice := b.at.String()
				time.Sleep(wait)
				b.get(choice, http.StatusOK)
				time.Sleep(time.Minute)
				b.refused(b.get(choice, http.StatusOK), "took too long") // looking at it is no extension
				return
			}
			time.Sleep(wait)
			b.refused(b.get(back, http.StatusOK), "took too long")
			r.empty()
		})
	}
}

func TestFormsAreOfTheirBrowser(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	b := r.browser()
	fresh := r.browser()
	fresh.post("/acme/connect/to/town", nil, http.StatusForbidden)
	b.get("/acme/connect/to/town", http.StatusOK)
	for _, token := range []string{"", "x", strings.Repeat("0", 64)} {
		page := b.post("/acme/connect/to/town", url.Values{"csrf": {token}}, http.StatusForbidden)
		assert.Contains(t, page, "another visit")
	}
	fresh.csrf = b.csrf
	fresh.get("/acme/connect/", http.StatusOK)
	fresh.post("/acme/connect/to/town", nil, http.StatusForbidden) // a token goes with its cookie
	for header, value := range map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, site+"/acme/connect/to/town", strings.NewReader(url.Values{"csrf": {b.csrf}}.Encode()))
		require.NoError(t, err)
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set(header, value)
		b.do(req, http.StatusForbidden)
	}
	b.post("/acme/connect/to/none", nil, http.StatusNotFound)
	b.get("/acme/connect/to/none", http.StatusNotFound)
	b.post("/acme/connect/to/town", url.Values{"field.handle": {strings.Repeat("x", 2<<20)}}, http.StatusBadRequest)
	r.empty()
}

func TestPagesKeepToThemselves(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	b := r.browser()
	for _, path := range []string{"", "to/town", "to/none", "callback/town", "choose/x", "connect.css"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, site+"/acme/connect/"+path, http.NoBody)
		require.NoError(t, err)
		req.Host = "evil.example"
		res, err := inside{r.handler("acme")}.RoundTrip(req)
		require.NoError(t, err)
		head := res.Header
		policy := head.Get("Content-Security-Policy")
		assert.Contains(t, policy, "default-src 'none'")
		assert.Contains(t, policy, "frame-ancestors 'none'")
		assert.NotContains(t, policy, "unsafe")
		assert.NotContains(t, policy, "http:", "only where the pages themselves are")
		assert.Equal(t, "no-referrer", head.Get("Referrer-Policy"))
		if path != "connect.css" {
			assert.Equal(t, "no-store", head.Get("Cache-Control"))
		}
		assert.NotContains(t, head.Get("Location"), "evil.example")
		for _, c := range res.Cookies() {
			assert.Equal(t, "__Secure-parvis_connect", c.Name)
			assert.Equal(t, "/acme/connect/", c.Path)
			assert.True(t, c.Secure && c.HttpOnly && c.SameSite == http.SameSiteLaxMode)
		}
	}
	page := b.get("/acme/connect/to/town", http.StatusOK)
	assert.NotContains(t, page, "<script")
	assert.NotContains(t, page, " style=")
	assert.Contains(t, page, `<label for="f-handle">`)
	assert.Contains(t, b.get("/acme/connect/connect.css", http.StatusOK), "prefers-color-scheme: dark")
	b.leave("acme", "town")
	assert.Equal(t, "https://desk.example/acme/connect/callback/town", b.callback().String(), "it is not the Host header's")
}

func TestProgramsPutTheirLookAroundThePages(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(o *providers.ConnectOptions) {
		o.Render = func(w http.ResponseWriter, _ *http.Request, p providers.ConnectPage) {
			w.WriteHeader(p.Status)
			fmt.Fprintf(w, "<title>%s at Acme</title><link href=%s>%s", p.Title, p.Style, p.Body)
		}
	})
	page := r.browser().get("/acme/connect/", http.StatusOK)
	assert.Contains(t, page, "<title>Connect an account at Acme</title><link href=/acme/connect/connect.css>")
	assert.Contains(t, page, "<h1>Connect an account</h1>")
}

func TestPendingStoreThatFails(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	store := &brokenStore{PendingMemory: new(providers.PendingMemory)}
	r.mount("/s/connect/", r.keepers["acme"], r.flows(), func(o *providers.ConnectOptions) { o.Pending = store })
	b := r.browser()
	b.leave("s", "town")
	back := b.decide(allow("acme", "read"))
	store.err = errors.New("database is gone")
	page := b.get(back, http.StatusOK)
	b.refused(page, "something failed on this side")
	assert.NotContains(t, page, "database")
	assert.Contains(t, r.log.String(), "database is gone")
	b.get("/s/connect/to/town", http.StatusOK)
	assert.Contains(t, b.post("/s/connect/to/town", nil, http.StatusUnprocessableEntity), "Something failed on this side.")
	r.empty()
}

type brokenStore struct {
	*providers.PendingMemory
	err error
}

func (s *brokenStore) Put(ctx context.Context, key string, b []byte, ttl time.Duration) error {
	if s.err != nil {
		return s.err
	}
	return s.PendingMemory.Put(ctx, key, b, ttl)
}

func (s *brokenStore) Take(ctx context.Context, key string) ([]byte, error) {
	if s.err != nil {
		return nil, s.err
	}
	return s.PendingMemory.Take(ctx, key)
}

func TestConnectRefusesWhatItCannotUse(t *testing.T) {
	t.Parallel()
	k := providers.Memory("acme")
	good := "https://desk.example/connect/"
	named := func(name string) providers.Flow { return stub{form: providers.Form{Name: name}} }
	for name, try := range map[string]struct {
		k     providers.Keeper
		flows []providers.Flow
		o     *providers.ConnectOptions
	}{
		"no options":     {k, nil, nil},
		"no keeper":      {nil, nil, &providers.ConnectOptions{Base: good}},
		"no base":        {k, nil, &providers.ConnectOptions{}},
		"plain http":     {k, nil, &providers.ConnectOptions{Base: "http://desk.example/connect/"}},
		"no scheme":      {k, nil, &providers.ConnectOptions{Base: "desk.example/connect/"}},
		"another scheme": {k, nil, &providers.ConnectOptions{Base: "ftp://desk.example/"}},
		"a user":         {k, nil, &providers.ConnectOptions{Base: "https://a@desk.example/"}},
		"a query":        {k, nil, &providers.ConnectOptions{Base: good + "?x=1"}},
		"a fragment":     {k, nil, &providers.ConnectOptions{Base: good + "#x"}},
		"a loose path":   {k, nil, &providers.ConnectOptions{Base: "https://desk.example/a/../connect/"}},
		"an escape":      {k, nil, &providers.ConnectOptions{Base: "https://desk.example/a%2Fb/"}},
		"a long life":    {k, nil, &providers.ConnectOptions{Base: good, Lifetime: 2 * time.Hour}},
		"a power":        {k, nil, &providers.ConnectOptions{Base: good, Powers: []string{"fly"}}},
		"a flow's name":  {k, []providers.Flow{named("../x")}, &providers.ConnectOptions{Base: good}},
		"a flow twice":   {k, []providers.Flow{named("a"), named("a")}, &providers.ConnectOptions{Base: good}},
	} {
		_, err := providers.Connect(try.k, try.flows, try.o)
		require.ErrorIs(t, err, parvis.ErrInvalid, name)
		e, _ := errors.AsType[*parvis.Error](err)
		assert.NotEmpty(t, e.Help, name)
	}
	for _, base := range []string{good, "https://desk.example", "http://127.0.0.1:8420/a/connect", "http://localhost:1/", "http://[::1]:8080/x/"} {
		_, err := providers.Connect(k, nil, &providers.ConnectOptions{Base: base})
		require.NoError(t, err, base)
	}
}

func TestNoNetworkAtAll(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.mount("/none/", providers.Memory("acme"), nil)
	assert.Contains(t, r.browser().get("/none/", http.StatusOK), "No network is set up here.")
}
