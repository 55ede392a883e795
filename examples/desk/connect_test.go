package main

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers/fake"
	"github.com/parvis-go/parvis/publish"
)

// submit sends the form of a connect page, which has a token of its own.
func (b *browser) submit(page string, form url.Values, status int) string {
	b.t.Helper()
	_, inner, ok := strings.Cut(page, `<div class="pc">`)
	require.True(b.t, ok, page)
	m := csrfField.FindStringSubmatch(inner)
	require.NotNil(b.t, m, page)
	b.csrf = m[1]
	return b.post(b.last.Path, form, status)
}

// consent starts a flow and answers on the consent page; it returns the page after it.
func (b *browser) consent(slug string, network parvis.Network, decision url.Values) string {
	b.t.Helper()
	page := b.get("/"+slug+"/connect/", http.StatusOK)
	assert.Contains(b.t, page, "Connect an account")
	page = b.get("/"+slug+"/connect/to/"+string(network), http.StatusOK)
	page = b.submit(page, url.Values{}, http.StatusOK)
	require.True(b.t, strings.HasPrefix(b.last.Path, "/sites/"), page)
	return b.post(strings.TrimPrefix(b.last.String(), b.url), decision, http.StatusOK)
}

func (b *browser) connect(slug string, network parvis.Network, handle string, scopes ...string) string {
	b.t.Helper()
	page := b.consent(slug, network, url.Values{"decision": {"allow"}, "handle": {handle}, "scope": scopes})
	return b.submit(page, url.Values{"pick": {"0"}}, http.StatusOK)
}

func TestConnectedAccountsTakePartAtOnce(t *testing.T) {
	t.Parallel()
	b := visitDesk(t)
	page := b.connect("acme", murmure, "atelier", "read", "write", "moderate")
	assert.Contains(t, page, "murmure:atelier")
	assert.Contains(t, page, "Parvis <span>desk</span>", "it is one of the desk's pages")
	assert.Contains(t, page, `href="/acme/accounts"`)

	page = b.get("/acme/accounts", http.StatusOK)
	assert.Contains(t, page, "@atelier")
	assert.Contains(t, page, "Health: <b>healthy</b>")
	assert.NotContains(t, b.get("/boulangerie-martin/accounts", http.StatusOK), "@atelier")
	page = b.get("/acme/compose", http.StatusOK)
	assert.Contains(t, page, `value="murmure-atelier" checked`)
	assert.Equal(t, 1, strings.Count(page, `id="text_murmure"`), "what is different is so for a network")

	page = b.post("/acme/publish", url.Values{
		"to": {"murmure", "murmure-atelier"}, "text": {"from both"}, "text_murmure": {"on murmure"}, "key": {"k"},
	}, http.StatusOK)
	assert.Equal(t, 2, strings.Count(page, ">published<"))
	a := b.account("acme", "murmure-atelier")
	assert.Equal(t, 2, a.Net.Count("on murmure"), "both accounts speak on the network")

	b.await("acme", func(i Item) bool { return i.Account == a && i.Mine })
	post, err := publish.To(t.Context(), a, publish.Draft{Text: "news of the workshop"})
	require.NoError(t, err)
	post.Ref.Client = "" // zoe is nobody's client
	_, err = publish.To(t.Context(), a.Net.Join("zoe"), publish.Draft{Text: "lovely work", ReplyTo: post.Ref})
	require.NoError(t, err)
	it := b.await("acme", saying("lovely work"))
	assert.Same(t, a, it.Account, "what is said to it is heard")
	b.post("/acme/act", url.Values{"account": {"murmure-atelier"}, "do": {"on:hide"}, "on": {it.Event.Ref.String()}}, http.StatusOK)
	acts := b.client("acme").Book.Acts()
	require.Len(t, acts, 1)
	page = b.post("/acme/undo", url.Values{"act": {acts[0].ID}}, http.StatusOK)
	assert.Contains(t, page, "Undone: hide.")
	assert.Equal(t, "connect", last(b.client("acme").Book.Records(10)).Op)
}

func last(rs []parvis.Record) parvis.Record { return rs[len(rs)-1] }

func TestConnectDeniedAtTheDesk(t *testing.T) {
	t.Parallel()
	b := visitDesk(t)
	page := b.consent("acme", agora, url.Values{"decision": {"deny"}})
	assert.Contains(t, page, "It was not allowed")
	assert.Len(t, b.client("acme").Accounts(), 3)
}

func TestConnectAgainWithOtherScopes(t *testing.T) {
	t.Parallel()
	b := visitDesk(t)
	before := b.account("acme", murmure)
	page := b.connect("acme", murmure, "acme", "read", "write")
	assert.Contains(t, page, "murmure:acme")
	require.Len(t, b.client("acme").Accounts(), 3, "the account takes its own place")
	now := b.account("acme", murmure)
	assert.NotSame(t, before, now)
	require.Error(t, before.inUse.Err(), "nobody listens as the one before")
	page = b.get("/acme/accounts", http.StatusOK)
	assert.Contains(t, page, "Health: <b>limited</b>")
	assert.Contains(t, page, "Not granted: <code>moderate</code>, so there is no moderate, moderate.pending, moderate.log")
	_, err := publish.To(t.Context(), now, publish.Draft{Text: "still speaking"})
	require.NoError(t, err)
	b.await("acme", saying("still speaking"))
}

func TestDisconnectAtTheDesk(t *testing.T) {
	t.Parallel()
	b := visitDesk(t)
	a := b.account("acme", agora)
	page := b.post("/acme/disconnect", url.Values{"account": {"agora"}}, http.StatusOK)
	assert.Contains(t, page, "is disconnected")
	assert.NotContains(t, page, `id="sheet-agora"`)
	_, err := publish.To(t.Context(), a, publish.Draft{Title: "t", Text: "gone"})
	require.ErrorIs(t, err, parvis.ErrAuth, "the network has forgotten the token")
	_, err = b.client("acme").keeper.Load(t.Context(), a.Account())
	require.ErrorIs(t, err, parvis.ErrNotFound)
	b.post("/acme/disconnect", url.Values{"account": {"agora"}}, http.StatusNotFound)
	assert.Len(t, b.client("boulangerie-martin").Accounts(), 3)
	for range 30 {
		require.NoError(t, b.desk.town.Step(t.Context()), "the town lives on")
	}
	for _, key := range []string{"murmure", "carnet"} {
		page = b.post("/acme/disconnect", url.Values{"account": {key}}, http.StatusOK)
	}
	assert.Contains(t, page, "No account is connected.")
	b.get("/acme/compose", http.StatusOK)
	assert.Contains(t, b.connect("acme", agora, "acme", "read", "write", "moderate"), "Connected")
	assert.Len(t, b.client("acme").Accounts(), 1)
}

func TestOpenRefusesAccountsOfElsewhere(t *testing.T) {
	t.Parallel()
	d, err := openDesk(t)
	require.NoError(t, err)
	c := d.Clients[0]
	for _, a := range []parvis.Account{
		{Client: "acme", Network: "elsewhere", ID: "u1"},
		{Client: "acme", Network: carnet, Host: "blog.boulangerie-martin.example", ID: "u1"},
		{Client: "acme", Network: murmure, ID: "u99"},
	} {
		require.Error(t, c.Open(t.Context(), a), a)
	}
	assert.Len(t, c.Accounts(), 3)
	_, err = (&world{}).Refresh(t.Context(), parvis.Account{}, parvis.Token{})
	require.ErrorIs(t, err, parvis.ErrInvalid)
}

// Tokens of the town live for an hour; the vault renews them where each site is.
func TestTokensAreRenewedAtTheirSite(t *testing.T) {
	t.Parallel()
	d, err := openDesk(t)
	require.NoError(t, err)
	for _, c := range d.Clients {
		for _, a := range c.Accounts() {
			tokens := c.keeper.Tokens(a.Account())
			now, err := tokens.Token(t.Context())
			require.NoError(t, err)
			next, err := tokens.Renew(t.Context(), now)
			require.NoError(t, err, a.Account())
			assert.True(t, next.Value != now.Value && next.Refresh != now.Refresh)
			_, err = publish.To(t.Context(), a, publish.Draft{Title: "t", Text: "renewed"}, publish.DropExtras)
			assert.NoError(t, err)
		}
	}
}

func TestDisconnectThatFailsSaysSo(t *testing.T) {
	t.Parallel()
	b := visitDesk(t)
	c := b.client("acme")
	require.NoError(t, b.desk.safe.db.Close())
	page := b.post("/acme/disconnect", url.Values{"account": {"agora"}}, http.StatusOK)
	assert.Contains(t, page, "It was not disconnected.")
	assert.Len(t, c.Accounts(), 3)
}

func TestKeysOfAccounts(t *testing.T) {
	t.Parallel()
	n := fake.New(fake.Options{Name: agora})
	assert.Equal(t, "agora", newAccount(n.Join("acme"), n, "acme").Key())
	assert.Equal(t, "agora-zoe", newAccount(n.Join("zoe"), n, "acme").Key())
}
