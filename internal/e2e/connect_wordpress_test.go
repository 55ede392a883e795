package e2e

import (
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	server "github.com/parvis-go/parvis/internal/e2e/servers/wordpress"
	"github.com/parvis-go/parvis/providers"
	"github.com/parvis-go/parvis/providers/all"
	"github.com/parvis-go/parvis/providers/wordpress"
	"github.com/parvis-go/parvis/publish"
)

// An editor is somebody who is logged in to a real WordPress with a browser.
type editor struct {
	t       *testing.T
	site    blog
	browser *http.Client
}

const editorPassword = "parvis-secret-editor"

func newEditor(t *testing.T, site blog) *editor {
	t.Helper()
	_, err := site.Eval(t.Context(), `wp_set_password("`+editorPassword+`", get_user_by("login", "editor")->ID);`)
	require.NoError(t, err)
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	e := &editor{t, site, &http.Client{Jar: jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if !strings.HasPrefix(r.URL.String(), site.URL) {
			return http.ErrUseLastResponse
		}
		return nil
	}}}
	e.do(http.MethodGet, site.URL+"/wp-login.php", nil)
	e.do(http.MethodPost, site.URL+"/wp-login.php", url.Values{
		"log": {"editor"}, "pwd": {editorPassword}, "testcookie": {"1"}, "wp-submit": {"Log In"},
	})
	return e
}

func (e *editor) do(method, address string, form url.Values) (string, *http.Response) {
	e.t.Helper()
	r, err := http.NewRequestWithContext(e.t.Context(), method, address, strings.NewReader(form.Encode()))
	require.NoError(e.t, err)
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	resp, err := e.browser.Do(r)
	require.NoError(e.t, err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	require.NoError(e.t, err)
	return string(b), resp
}

var hidden = regexp.MustCompile(`name="(_wpnonce|action|app_id|success_url|reject_url)" value="([^"]*)"`)

// answer clicks approve or reject on WordPress's own page, and returns where that leads.
func (e *editor) answer(page, verdict string) string {
	e.t.Helper()
	body, resp := e.do(http.MethodGet, page, nil)
	require.Equal(e.t, http.StatusOK, resp.StatusCode)
	form := url.Values{verdict: {"1"}, "app_name": {"desk"}}
	for _, m := range hidden.FindAllStringSubmatch(body, -1) {
		form.Set(m[1], html.UnescapeString(m[2]))
	}
	_, resp = e.do(http.MethodPost, e.site.URL+"/wp-admin/authorize-application.php", form)
	require.Equal(e.t, http.StatusFound, resp.StatusCode)
	return resp.Header.Get("Location")
}

// TestConnectWordPress goes through the pages to a real WordPress's page for application
// passwords and back, publishes with what the vault has kept, and takes it back.
func TestConnectWordPress(t *testing.T) {
	t.Parallel()
	site := wordpressSite(t, "connect", server.Settings{Permalinks: server.Pretty})
	s := newConnectSite(t, wordpress.Flow{Name: "desk", ID: "4b1dc0de-0000-4000-8000-00000000ac3e", Local: true})
	person := newEditor(t, site)
	begin := func() string {
		page, res := s.fill(s.get(s.srv.URL+"/connect/to/wordpress"), url.Values{"field.site": {site.URL}})
		require.Equal(t, http.StatusSeeOther, res.StatusCode, page)
		return res.Header.Get("Location")
	}

	page := s.get(person.answer(begin(), "reject"))
	assert.Contains(t, page, "declined")
	s.empty()

	back := person.answer(begin(), "approve")
	page = s.get(back)
	assert.Contains(t, page, "editor")
	assert.Empty(t, s.at.RawQuery, "the password is in no address any more")
	choice := s.at
	assert.Contains(t, s.get(back), "finished before", "a callback is taken once")
	s.at = choice
	page, _ = s.fill(page, url.Values{"pick": {"0"}})
	assert.Contains(t, page, "Connected")

	accounts, err := s.keeper.Accounts(t.Context())
	require.NoError(t, err)
	require.Len(t, accounts, 1)
	a := accounts[0]
	opened, err := providers.Open(all.Openers(), providers.Settings{Network: a.Network, Account: a, Server: site.URL, Tokens: s.keeper.Tokens(a)}, nil)
	require.NoError(t, err)
	post, err := publish.To(t.Context(), opened.(publish.Publisher), publish.Draft{Title: "Atelier", Text: "L'atelier ouvre samedi."})
	require.NoError(t, err)
	assert.Equal(t, publish.Published, post.State)
	h, err := providers.Probe(t.Context(), opened)
	require.NoError(t, err)
	assert.NotEqual(t, providers.Lost, h.Condition)

	require.NoError(t, providers.Disconnect(t.Context(), s.keeper, s.flows, a))
	s.empty()
	_, err = publish.To(t.Context(), opened.(publish.Publisher), publish.Draft{Text: "Encore ?"})
	require.ErrorIs(t, err, parvis.ErrAuth, "WordPress has forgotten the password")
}
