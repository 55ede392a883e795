package wordpress_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/apitest"
	site "github.com/parvis-go/parvis/internal/apitest/wordpress"
	"github.com/parvis-go/parvis/listen"
	"github.com/parvis-go/parvis/moderate"
	"github.com/parvis-go/parvis/providers"
	"github.com/parvis-go/parvis/providers/wordpress"
	"github.com/parvis-go/parvis/publish"
)

var (
	_ publish.Publisher   = (*wordpress.Client)(nil)
	_ publish.Supporter   = (*wordpress.Client)(nil)
	_ publish.Getter      = (*wordpress.Client)(nil)
	_ publish.Editor      = (*wordpress.Client)(nil)
	_ publish.Deleter     = (*wordpress.Client)(nil)
	_ publish.Trasher     = (*wordpress.Client)(nil)
	_ publish.Scheduler   = (*wordpress.Client)(nil)
	_ publish.Reconciler  = (*wordpress.Client)(nil)
	_ publish.Metrics     = (*wordpress.Client)(nil)
	_ publish.Places      = (*wordpress.Client)(nil)
	_ publish.PlaceEditor = (*wordpress.Client)(nil)
	_ listen.Listener     = (*wordpress.Client)(nil)
	_ listen.Supporter    = (*wordpress.Client)(nil)
	_ listen.History      = (*wordpress.Client)(nil)
	_ listen.Searcher     = (*wordpress.Client)(nil)
	_ listen.Members      = (*wordpress.Client)(nil)
	_ moderate.Moderator  = (*wordpress.Client)(nil)
	_ moderate.Supporter  = (*wordpress.Client)(nil)
	_ moderate.Pending    = (*wordpress.Client)(nil)
)

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	for name, cfg := range map[string]wordpress.Config{
		"no site":         {User: "a", Password: "b"},
		"bare host":       {Site: "blog.example", User: "a", Password: "b"},
		"other scheme":    {Site: "ftp://blog.example", User: "a", Password: "b"},
		"with a user":     {Site: "https://a:b@blog.example", User: "a", Password: "b"},
		"with a query":    {Site: "https://blog.example/?p=1", User: "a", Password: "b"},
		"no user":         {Site: "https://blog.example", Password: "b"},
		"user:password":   {Site: "https://blog.example", User: "a:b", Password: "b"},
		"no password":     {Site: "https://blog.example", User: "a"},
		"only spaces":     {Site: "https://blog.example", User: "a", Password: "  "},
		"negative size":   {Site: "https://blog.example", User: "a", Password: "b", MaxUpload: -1},
		"negative time":   {Site: "https://blog.example", User: "a", Password: "b", Every: -1},
		"API elsewhere":   {Site: "https://blog.example", User: "a", Password: "b", API: "https://api.example/wp-json/"},
		"API without tls": {Site: "https://blog.example", User: "a", Password: "b", API: "http://blog.example/wp-json/"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := wordpress.New(cfg, nil)
			require.ErrorIs(t, err, parvis.ErrInvalid)
			assert.NotContains(t, err.Error(), `"b"`)
		})
	}
}

func TestAccount(t *testing.T) {
	t.Parallel()
	c, err := wordpress.New(wordpress.Config{Site: "https://host.example/blog/", User: "acme", Password: "x y", Client: "acme inc"}, nil)
	require.NoError(t, err)
	assert.Equal(t, parvis.Account{Client: "acme inc", Network: "wordpress", Host: "host.example/blog", Handle: "acme"}, c.Account())

	s := site.New(t, site.Options{})
	c = open(t, s, "editor")
	_, err = publish.SupportOf(t.Context(), c, parvis.Place{})
	require.NoError(t, err)
	assert.Equal(t, "2", c.Account().ID)
	assert.Equal(t, "editor", c.Account().Name)
}

func TestConfigHidesThePassword(t *testing.T) {
	t.Parallel()
	cfg := wordpress.Config{Site: "https://blog.example", User: "acme", Password: "hush"}
	b, err := json.Marshal(cfg)
	require.NoError(t, err)
	for _, s := range []string{fmt.Sprintf("%v %+v %#v %s", cfg, cfg, cfg, cfg), cfg.LogValue().String(), string(b)} {
		assert.NotContains(t, s, "hush")
	}
}

func TestPasswordsWorkWithAndWithoutSpaces(t *testing.T) {
	t.Parallel()
	s := site.New(t, site.Options{})
	pw := s.User("editor").Password
	c := open(t, s, "editor", func(cfg *wordpress.Config) { cfg.Password = pw[:4] + " " + pw[4:8] + " " + pw[8:] })
	post(t, c, publish.Draft{Text: "x"})
	c = open(t, s, "editor", func(cfg *wordpress.Config) { cfg.User = s.User("editor").Email })
	post(t, c, publish.Draft{Text: "x by mail"})
	assert.Equal(t, "editor", c.Account().Handle, "the login name, once it is known")
}

func TestManifestAgreesWithTheProvider(t *testing.T) {
	t.Parallel()
	o := wordpress.Opener()
	assert.Equal(t, wordpress.Network, o.Manifest.Network)
	assert.Empty(t, providers.Disagreements(o.Manifest, o.Zero))
	s := site.New(t, site.Options{})
	p, err := o.Open(providers.Settings{Server: s.URL, User: "admin", Secret: s.User("admin").Password, Client: "acme"}, nil)
	require.NoError(t, err)
	assert.Equal(t, "acme", p.Account().Client)
	sup, err := moderate.SupportOf(t.Context(), p.(moderate.Moderator), parvis.Place{})
	require.NoError(t, err)
	listed := make(map[string][]parvis.Kind)
	for _, a := range sup.Actions {
		listed[string(a.Do)] = append(listed[string(a.Do)], a.On...)
	}
	assert.Len(t, o.Manifest.Actions, len(listed))
	for do, kinds := range o.Manifest.Actions {
		assert.ElementsMatch(t, kinds, listed[do], do)
	}
	_, err = o.Open(providers.Settings{Server: s.URL}, nil)
	require.ErrorIs(t, err, parvis.ErrInvalid)
}

func TestTheSiteIsAskedOnceWhoItIs(t *testing.T) {
	t.Parallel()
	s := site.New(t, site.Options{})
	c := open(t, s, "editor")
	for range 3 {
		_, err := publish.SupportOf(t.Context(), c, parvis.Place{})
		require.NoError(t, err)
	}
	assert.Equal(t, 2, s.Calls(), "one for the API's place, one for the account")
}

func TestDiscovery(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		o   site.Options
		api string
		n   int // calls for the first post
	}{
		"by link":          {site.Options{}, "", 3},
		"by link, plain":   {site.Options{Plain: true}, "", 3},
		"by trying":        {site.Options{Hidden: true}, "", 4},
		"by trying twice":  {site.Options{Hidden: true, Plain: true}, "", 5},
		"configured":       {site.Options{Hidden: true}, "/wp-json", 2},
		"configured plain": {site.Options{Hidden: true, Plain: true}, "/?rest_route=/", 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := site.New(t, tc.o)
			c := open(t, s, "editor", func(cfg *wordpress.Config) {
				if tc.api != "" {
					cfg.API = s.URL + tc.api
				}
			})
			post(t, c, publish.Draft{Text: "Bonjour"})
			assert.Equal(t, 1, s.Count("Bonjour"))
			assert.Equal(t, tc.n, s.Calls())
		})
	}
}

func TestASiteWithoutAPI(t *testing.T) {
	t.Parallel()
	s := site.New(t, site.Options{Hidden: true})
	s.Faults.Inject(apitest.Fault{Kind: apitest.Forbidden, Status: http.StatusNotFound, Times: -1, Match: func(r *http.Request) bool { return r.Method == http.MethodGet }})
	_, err := publish.To(t.Context(), open(t, s, "editor"), publish.Draft{Text: "x"})
	require.ErrorIs(t, err, errors.ErrUnsupported)
	assert.Contains(t, err.Error(), "no WordPress REST API")
}

func TestASiteThatSendsTheAPIElsewhere(t *testing.T) {
	t.Parallel()
	s := site.New(t, site.Options{Hidden: true})
	s.Faults.Inject(apitest.Fault{
		Kind: apitest.Forbidden, Status: http.StatusOK, Match: func(r *http.Request) bool { return r.Method == http.MethodHead },
		Header: http.Header{"Link": {`<https://www.blog.example/wp-json/>; rel="https://api.w.org/"`}},
	})
	_, err := publish.To(t.Context(), open(t, s, "editor"), publish.Draft{Text: "x"})
	require.ErrorIs(t, err, parvis.ErrInvalid)
	assert.Contains(t, err.Error(), "https://www.blog.example", "with the address to use")
}

func TestWrongPassword(t *testing.T) {
	t.Parallel()
	s := site.New(t, site.Options{})
	c := open(t, s, "editor", func(cfg *wordpress.Config) { cfg.Password = "not the right one" })
	_, err := publish.To(t.Context(), c, publish.Draft{Text: "x"})
	require.ErrorIs(t, err, parvis.ErrAuth)
	for _, err := range listen.To(t.Context(), c, listen.Query{}) {
		require.ErrorIs(t, err, parvis.ErrAuth)
	}
	_, err = moderate.Hold(t.Context(), c, parvis.Ref{Network: "wordpress", Kind: parvis.KindComment, ID: "1"}, moderate.Reason{})
	require.ErrorIs(t, err, parvis.ErrAuth)
}

func TestRevokedPasswordEndsAStream(t *testing.T) {
	t.Parallel()
	for _, login := range []string{"editor", "author", "contributor"} {
		s := site.New(t, site.Options{})
		c := open(t, s, login)
		_, err := listen.SupportOf(t.Context(), c, parvis.Place{})
		require.NoError(t, err)
		s.Revoke(login)
		var last error
		for _, err := range listen.To(t.Context(), c, listen.Query{}) {
			last = err
		}
		require.ErrorIs(t, last, parvis.ErrAuth, login)
	}
}
