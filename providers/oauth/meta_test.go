package oauth_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/apitest"
	"github.com/parvis-go/parvis/internal/apitest/authserver"
	"github.com/parvis-go/parvis/providers"
	"github.com/parvis-go/parvis/providers/oauth"
)

// all are the tasks of somebody who may do everything.
var all = []string{"ADVERTISE", "ANALYZE", "CREATE_CONTENT", "MANAGE", "MESSAGING", "MODERATE"}

// city is a set of pages that is found by both ways only, one page by both.
func city() authserver.Meta {
	return authserver.Meta{
		App:   authserver.Client{ID: "4711", Secret: "parvis-secret-fb", Redirects: []string{callback}},
		Floor: 21, Proof: true, PerPage: 2,
		Pages: []authserver.Page{
			{ID: "1", Name: "One", Username: "one", Tasks: all, Direct: true, Instagram: "901"},
			{ID: "2", Name: "Two", Tasks: all, Direct: true},
			{ID: "3", Name: "Three", Tasks: []string{"ANALYZE"}, Direct: true},
			{ID: "4", Name: "Four", Tasks: []string{"CREATE_CONTENT"}, Direct: true, Hidden: true},
			{ID: "5", Name: "Five", Tasks: []string{"CREATE_CONTENT"}, Direct: true},
			{ID: "6", Name: "Six", Tasks: all},
			{ID: "7", Name: "Seven"},
			{ID: "8", Name: "Eight", Tasks: all, Instagram: "908"},
		},
		Businesses: []authserver.Business{
			{ID: "b1", Name: "Acme", Owned: []string{"2", "6", "7"}}, {ID: "b2", Name: "Bolt", Clients: []string{"8"}}, {ID: "b3", Name: "Empty"},
		},
	}
}

func ids(g providers.Grant) []string {
	var out []string
	for _, c := range g.Choices {
		out = append(out, string(c.Account.Network)+":"+c.Account.ID)
	}
	return out
}

func TestFacebookFindsEveryPage(t *testing.T) {
	t.Parallel()
	for _, empty := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			m := city()
			m.EmptyFirst = empty
			r := newRig(t, authserver.Options{Meta: m})
			fb := oauth.Facebook(r.app, r.site)
			g := r.must(fb, authserver.Answer{})
			assert.Equal(t, []string{"facebook:1", "facebook:2", "facebook:3", "facebook:4", "facebook:5", "facebook:6", "facebook:7", "facebook:8"}, ids(g))
			problems := map[string]string{}
			for _, c := range g.Choices {
				problems[c.Account.ID] = c.Problem
				assert.Equal(t, "page", c.Type)
				if c.Account.ID != "7" {
					assert.True(t, r.server.Alive(c.Token.Value))
				}
				assert.True(t, c.Token.Expiry.IsZero(), "the token of a page has no end")
				assert.Equal(t, "77", c.Token.Extra[oauth.ExtraUser])
				assert.Equal(t, time.Now().Add(90*24*time.Hour).Unix(), oauth.MustAct(c.Token).Unix())
			}
			assert.Contains(t, problems["3"], "CREATE_CONTENT is missing")
			assert.Contains(t, problems["4"], "not published")
			assert.Contains(t, problems["5"], "MODERATE is missing")
			assert.Contains(t, problems["7"], "no role on this page")
			assert.Empty(t, problems["1"]+problems["2"]+problems["6"]+problems["8"])
			assert.Contains(t, g.Scopes, "pages_manage_posts")
			assert.Contains(t, strings.Join(g.Notes, " "), "was not ticked in Facebook's dialog")
			time.Sleep(61 * 24 * time.Hour)
			assert.True(t, r.server.Alive(g.Choices[0].Token.Value), "it was derived from a long-lived token")
		})
	}
}

func TestFacebookWithInstagram(t *testing.T) {
	t.Parallel()
	r := newRig(t, authserver.Options{Meta: city()})
	fb := oauth.Facebook(r.app, r.site)
	fb.Instagram = true
	g := r.must(fb, authserver.Answer{})
	require.Len(t, g.Choices, 10)
	ig := g.Choices[1]
	assert.Equal(t, parvis.Account{Network: "instagram", ID: "901", Handle: "ig_one"}, ig.Account)
	assert.Equal(t, "instagram account", ig.Type)
	assert.Equal(t, "1", ig.Token.Extra[oauth.ExtraPage])
	same(t, ig.Token.Value, g.Choices[0].Token.Value, "the token of its page")
	assert.Empty(t, g.Choices[0].Token.Extra[oauth.ExtraPage])
}

func TestFacebookExplainsWhatIsMissing(t *testing.T) {
	t.Parallel()
	t.Run("not ticked", func(t *testing.T) {
		t.Parallel()
		r := newRig(t, authserver.Options{Meta: city()})
		fb := oauth.Facebook(r.app, r.site)
		g := r.must(fb, authserver.Answer{Pages: []string{"1", "99"}, Without: []string{"business_management"}})
		assert.Equal(t, []string{"facebook:1"}, ids(g))
		notes := strings.Join(g.Notes, "\n")
		assert.Contains(t, notes, "Declined in Facebook's dialog: business_management.")
		assert.Contains(t, notes, "business_management was not granted")
		assert.Contains(t, notes, "Pages were ticked in the dialog and cannot be read")
		assert.Contains(t, notes, "99")
	})
	t.Run("none", func(t *testing.T) {
		t.Parallel()
		r := newRig(t, authserver.Options{Meta: authserver.Meta{App: city().App}})
		g := r.must(oauth.Facebook(r.app, r.site), authserver.Answer{})
		assert.Empty(t, g.Choices)
		assert.Contains(t, strings.Join(g.Notes, "\n"), "No page was found")
	})
	t.Run("closed business", func(t *testing.T) {
		t.Parallel()
		m := city()
		m.ClosedBusiness = true
		r := newRig(t, authserver.Options{Meta: m})
		g := r.must(oauth.Facebook(r.app, r.site), authserver.Answer{})
		assert.Len(t, g.Choices, 5)
		assert.Contains(t, strings.Join(g.Notes, "\n"), "The pages of Acme (owned_pages) could not be listed: not found.")
	})
}

func TestFacebookSettings(t *testing.T) {
	t.Parallel()
	r := newRig(t, authserver.Options{Meta: city()})
	_, err := r.connect(oauth.Facebook(r.app, r.site), authserver.Answer{Decline: true})
	is(t, err, parvis.ErrPermission, "allow the access")

	wrong := oauth.Facebook(oauth.App{ID: r.app.ID, Secret: "parvis-secret-wrong"}, r.site)
	_, err = r.connect(wrong, authserver.Answer{})
	require.Error(t, err)
	assert.Contains(t, err.Error(), "secret of the application")

	fb := oauth.Facebook(r.app, r.site)
	step, err := fb.Start(t.Context(), input())
	require.NoError(t, err)
	answer, err := r.server.Visit(r.ana, step.URL, authserver.Answer{})
	require.NoError(t, err)
	step.Keep["redirect"] = "https://app.example/other"
	_, err = fb.Finish(t.Context(), step, answer)
	is(t, err, parvis.ErrInvalid, "the redirect URIs of Facebook Login at https://developers.facebook.com/apps")
	step.Keep["redirect"] = callback
	_, err = fb.Finish(t.Context(), step, answer)
	require.NoError(t, err)
	_, err = fb.Finish(t.Context(), step, answer)
	is(t, err, parvis.ErrAuth, "start connecting again")

	fb.Config = "c0nfig"
	step, err = fb.Start(t.Context(), input())
	require.NoError(t, err)
	u, err := url.Parse(step.URL)
	require.NoError(t, err)
	assert.Equal(t, "c0nfig", u.Query().Get("config_id"))
	assert.False(t, u.Query().Has("scope"))
	in := input()
	in.Callback = "https://evil.example/cb"
	step, err = fb.Start(t.Context(), in)
	require.NoError(t, err)
	_, err = r.server.Visit(r.ana, step.URL, authserver.Answer{})
	require.ErrorContains(t, err, "URL blocked")
}

func TestFacebookVersions(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		version string
		refuse  bool
		help    string
	}{
		"below our floor":       {"v20.0", false, "configure version v21.0 or newer"},
		"answered by the floor": {"v22.0", false, "configure version v23.0 or newer"},
		"refused by the server": {"v22.0", true, "configure version v23.0 or newer"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := city()
			m.Floor, m.Refuse = 23, tc.refuse
			r := newRig(t, authserver.Options{Meta: m})
			r.site.Version = tc.version
			fb := oauth.Facebook(r.app, r.site)
			step, err := fb.Start(t.Context(), input())
			if err == nil {
				var answer url.Values
				answer, err = r.server.Visit(r.ana, step.URL, authserver.Answer{})
				require.NoError(t, err)
				_, err = fb.Finish(t.Context(), step, answer)
			}
			is(t, err, parvis.ErrAPIVersionRetired, tc.help)
		})
	}
	for _, bad := range []string{"26.0", "latest", "v", "v0.0"} {
		_, err := oauth.Facebook(oauth.App{ID: "1"}, &oauth.Site{Version: bad}).Start(t.Context(), input())
		is(t, err, parvis.ErrInvalid, "v26.0")
	}
}

func TestFacebookCodeIsNotSentTwice(t *testing.T) {
	t.Parallel()
	r := newRig(t, authserver.Options{Meta: city()})
	r.site.Options.Retry = providers.Retry{Max: 4, MinWait: time.Millisecond}
	for _, kind := range []apitest.Kind{apitest.CutAfter, apitest.ErrorAfter} {
		before := r.server.Faults.Calls()
		r.server.Faults.Inject(apitest.Fault{Kind: kind})
		_, err := r.connect(oauth.Facebook(r.app, r.site), authserver.Answer{})
		is(t, err, parvis.ErrUnknownOutcome, "start connecting again")
		assert.Equal(t, before+1, r.server.Faults.Calls())
	}
}

func TestFacebookWithoutDebugToken(t *testing.T) {
	t.Parallel()
	r := newRig(t, authserver.Options{Meta: city()})
	r.server.Faults.Inject(apitest.Fault{Kind: apitest.ErrorBefore, Match: func(q *http.Request) bool { return strings.HasSuffix(q.URL.Path, "/debug_token") }})
	g := r.must(oauth.Facebook(r.app, r.site), authserver.Answer{})
	assert.Len(t, g.Choices, 8)
	assert.WithinDuration(t, time.Now().Add(90*24*time.Hour), oauth.MustAct(g.Choices[0].Token), time.Minute)
	r.server.Faults.Inject(apitest.Fault{Kind: apitest.ErrorBefore, Match: func(q *http.Request) bool { return strings.HasSuffix(q.URL.Path, "/me/accounts") }})
	_, err := r.connect(oauth.Facebook(r.app, r.site), authserver.Answer{})
	is(t, err, parvis.ErrUnavailable, "")
}

func TestFacebookHealth(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, authserver.Options{Meta: city()})
		fb := oauth.Facebook(r.app, r.site)
		fb.Manifest.Scopes = map[string][]string{"publish": {"pages_manage_posts"}}
		g := r.must(fb, authserver.Answer{})
		look := func(i int) providers.Health {
			h, err := fb.Inspect(t.Context(), g.Choices[i].Account, g.Choices[i].Token)
			require.NoError(t, err)
			return h
		}
		h := look(0)
		assert.Equal(t, providers.Healthy, h.Condition)
		assert.Equal(t, "v26.0", h.API)
		assert.Equal(t, time.Now().Add(90*24*time.Hour).Unix(), h.Expiry.Unix())

		r.server.DeletePage("1")
		h = look(0)
		assert.Equal(t, providers.Lost, h.Condition)
		assert.Equal(t, parvis.ErrNotFound, h.Code)
		assert.Contains(t, h.Help, "if the page was deleted")

		for subcode, why := range map[int]string{458: "removed the application", 459: "confirm who they are", 460: "changed their password", 463: "has expired", 467: "no longer valid", 492: "no role on the page"} {
			r.server.Kill(g.Choices[1].Token.Value, subcode)
			h = look(1)
			assert.Equal(t, providers.Lost, h.Condition, subcode)
			assert.Contains(t, h.Why, why)
			assert.Contains(t, h.Help, "connect the account again")
		}
		time.Sleep(85 * 24 * time.Hour)
		assert.Equal(t, providers.Expiring, look(5).Condition)
		time.Sleep(6 * 24 * time.Hour)
		assert.Equal(t, providers.Lost, look(5).Condition)

		r.server.Faults.Inject(apitest.Fault{Kind: apitest.ErrorBefore})
		assert.Equal(t, providers.Unreachable, look(5).Condition)
		fb.Manifest.Scopes["publish"] = []string{"more"}
		g.Choices[5].Token.Extra = nil
		h = look(5)
		assert.Equal(t, providers.Limited, h.Condition)
		assert.Equal(t, []providers.Lack{{Scope: "more", Powers: []string{"publish"}}}, h.Lacks)
	})
}

func TestDeauthorize(t *testing.T) {
	t.Parallel()
	r := newRig(t, authserver.Options{Meta: city()})
	fb := oauth.Facebook(r.app, r.site)
	g := r.must(fb, authserver.Answer{})
	_, isRevoker := any(fb).(providers.Revoker)
	assert.False(t, isRevoker, "one page would take all others along")
	ch := g.Choices[0]
	is(t, fb.Deauthorize(t.Context(), ch.Account, parvis.Token{Value: "parvis-secret-x"}), parvis.ErrInvalid, "Business integrations")
	require.NoError(t, fb.Deauthorize(t.Context(), ch.Account, ch.Token))
	for _, c := range g.Choices {
		assert.False(t, c.Token.Value != "" && r.server.Alive(c.Token.Value))
	}
}

func TestThreadsAndInstagram(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(oauth.App, *oauth.Site) *oauth.Code{"threads": oauth.Threads, "instagram": oauth.Instagram} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, authserver.Options{})
			f := open(r.app, r.site)
			step, err := f.Start(t.Context(), input("publish"))
			require.NoError(t, err)
			u, err := url.Parse(step.URL)
			require.NoError(t, err)
			assert.NotContains(t, u.Query().Get("scope"), " ")
			answer, err := r.server.VisitThreads(r.ana, step.URL)
			require.NoError(t, err)
			g, err := f.Finish(t.Context(), step, answer)
			require.NoError(t, err)
			require.Len(t, g.Choices, 1)
			ch := g.Choices[0]
			assert.Equal(t, parvis.Account{Network: parvis.Network(name), ID: "77", Handle: "ana", Name: "Ana Lima"}, ch.Account)
			assert.Equal(t, time.Now().Add(60*24*time.Hour).Unix(), ch.Token.Expiry.Unix())
			assert.Equal(t, ch.Token.Expiry.Unix(), oauth.MustAct(ch.Token).Unix())
			same(t, ch.Token.Refresh, ch.Token.Value, "it renews itself: the refresh token")
			assert.Equal(t, "12345678901234568", ch.Token.Extra[oauth.ExtraUser][:17])

			time.Sleep(time.Hour)
			_, err = f.Refresh(t.Context(), ch.Account, ch.Token)
			e := is(t, err, parvis.ErrUnavailable, "the token itself serves meanwhile")
			assert.Equal(t, 23*time.Hour, e.RetryAfter.Round(time.Second))
			time.Sleep(24 * time.Hour)
			next, err := f.Refresh(t.Context(), ch.Account, ch.Token)
			require.NoError(t, err)
			assert.True(t, next.Value != ch.Token.Value && next.Refresh == next.Value)
			_, err = f.Refresh(t.Context(), ch.Account, ch.Token)
			is(t, err, parvis.ErrAuth, "connect the account again")
			r.server.Faults.Inject(apitest.Fault{Kind: apitest.CutAfter})
			_, err = f.Refresh(t.Context(), ch.Account, next)
			is(t, err, parvis.ErrUnknownOutcome, "")
			_, err = f.Finish(t.Context(), step, answer)
			require.Error(t, err, "a code serves once")
		})
	}
}
