package e2e

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	mastodontest "github.com/parvis-go/parvis/internal/apitest/mastodon"
	"github.com/parvis-go/parvis/providers"
	"github.com/parvis-go/parvis/providers/all"
	"github.com/parvis-go/parvis/providers/mastodon"
	"github.com/parvis-go/parvis/publish"
)

// TestConnectMastodon registers with a server of the Mastodon API, goes through the
// pages, publishes with what the vault has kept, and takes it back.
func TestConnectMastodon(t *testing.T) {
	t.Parallel()
	server := mastodontest.New(t, mastodontest.Options{})
	somebody := server.AddUser("acme")
	s := newConnectSite(t, &mastodon.Flow{Name: "desk", Local: true})
	page, res := s.fill(s.get(s.srv.URL+"/connect/to/mastodon"), url.Values{"field.server": {server.URL}})
	require.Equal(t, http.StatusSeeOther, res.StatusCode, page)
	there, err := url.Parse(res.Header.Get("Location"))
	require.NoError(t, err)
	code, problem := server.Authorize(somebody, there.String())
	require.Empty(t, problem)

	back := s.srv.URL + "/connect/callback/mastodon?" + url.Values{"code": {code}, "state": {there.Query().Get("state")}}.Encode()
	page = s.get(back)
	assert.Contains(t, page, "acme")
	page, _ = s.fill(page, url.Values{"pick": {"0"}})
	assert.Contains(t, page, "Connected")
	assert.Contains(t, s.get(back), "finished before")

	accounts, err := s.keeper.Accounts(t.Context())
	require.NoError(t, err)
	require.Len(t, accounts, 1)
	a := accounts[0]
	opened, err := providers.Open(all.Openers(), providers.Settings{Network: a.Network, Account: a, Server: server.URL, Tokens: s.keeper.Tokens(a)}, nil)
	require.NoError(t, err)
	_, err = publish.To(t.Context(), opened.(publish.Publisher), publish.Draft{Text: "L'atelier ouvre samedi."})
	require.NoError(t, err)
	h, err := providers.Probe(t.Context(), opened)
	require.NoError(t, err)
	assert.Equal(t, "acme", h.Account.Handle)
	assert.NotEqual(t, providers.Lost, h.Condition, h.Why)

	require.NoError(t, providers.Disconnect(t.Context(), s.keeper, s.flows, a))
	s.empty()
	_, err = publish.To(t.Context(), opened.(publish.Publisher), publish.Draft{Text: "Encore ?"})
	require.ErrorIs(t, err, parvis.ErrAuth)
}
