package providers_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers"
	"github.com/parvis-go/parvis/providers/fake"
	"github.com/parvis-go/parvis/publish"
)

func TestConnectAnAccount(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	b := r.browser()
	page := b.get("/acme/connect/", http.StatusOK)
	assert.Contains(t, page, "Town")
	assert.Contains(t, page, "Village")
	assert.Contains(t, b.leave("acme", "town"), "May <b>desk.example</b> act for you")

	back := b.decide(allow("acme", "read", "write"))
	page = b.get(back, http.StatusOK)
	assert.Regexp(t, `^/acme/connect/choose/[\w-]{43}$`, b.at.Path)
	assert.Empty(t, b.at.RawQuery, "the code is not in the address of a page")
	assert.Contains(t, page, "town:acme")
	assert.Contains(t, page, "<code>moderate</code>: without it there is no moderate, moderate.pending, moderate.log")
	assert.Contains(t, page, `<th scope="row">publish</th><td><code>write</code> </td><td>yes</td>`)
	assert.Contains(t, page, "News (category)")
	assert.Contains(t, page, "checked", "the only account is ticked")
	assert.Equal(t, page, b.get(b.at.String(), http.StatusOK), "the page can be loaded again")
	r.empty()

	a := r.town.Join("acme").Account()
	page = b.post(b.at.String(), url.Values{"pick": {"0"}}, http.StatusOK)
	assert.Contains(t, page, "<b>town:acme</b>")
	assert.Contains(t, page, `href="/home"`)
	assert.Regexp(t, `^/acme/connect/result/`, b.at.Path)
	a.Client = "acme"
	assert.Equal(t, []parvis.Account{a}, r.done)
	token, ok := r.token("acme", a)
	require.True(t, ok)
	assert.ElementsMatch(t, []string{"read", "write"}, token.Scopes)
	assert.Equal(t, "town", token.Extra[providers.FlowKey])
	assert.NotContains(t, token.Extra, providers.PlaceKey)
	_, ok = r.token("martin", a)
	assert.False(t, ok)

	opened, err := r.town.Open(t.Context(), a, providers.NewTokenPool(r.keepers["acme"], nil, nil).Tokens(a))
	require.NoError(t, err)
	_, err = publish.To(t.Context(), opened, publish.Draft{Text: "connected"})
	require.NoError(t, err)
}

func TestConnectAgainReplacesTheToken(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	a := r.town.Join("acme").Account()
	var before parvis.Token
	for i := range 2 {
		b := r.browser()
		b.leave("acme", "town")
		page := b.get(b.decide(allow("acme", "read", "write", "moderate")), http.StatusOK)
		assert.Equal(t, i == 1, strings.Contains(page, "It is connected already"))
		assert.NotContains(t, page, "Not granted")
		place := parvis.Ref{Network: "town", Kind: parvis.KindPlace, ID: "c1"}
		if i == 1 {
			assert.Contains(t, page, place.String())
			b.post(b.at.String(), url.Values{"pick": {"0"}, "place.0": {place.String()}}, http.StatusOK)
		} else {
			b.post(b.at.String(), url.Values{"pick": {"0"}}, http.StatusOK)
		}
		now, ok := r.token("acme", a)
		require.True(t, ok)
		require.True(t, now.Value != before.Value && now.Version > before.Version)
		before = now
	}
	assert.Equal(t, "parvis://acme@town/place/c1", before.Extra[providers.PlaceKey])
}

func TestConnectDenied(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	b := r.browser()
	b.leave("acme", "town")
	page := b.get(b.decide(url.Values{"decision": {"deny"}}), http.StatusOK)
	assert.Regexp(t, `^/acme/connect/result/`, b.at.Path)
	assert.Contains(t, page, "It was not allowed")
	assert.Contains(t, page, "access_denied")
	assert.Contains(t, page, "Start again, and allow it.")
	assert.Equal(t, page, b.get(b.at.String(), http.StatusOK))
	r.empty()
}

func TestConnectNothingChosen(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	b := r.browser()
	b.leave("acme", "town")
	b.get(b.decide(allow("acme", "read")), http.StatusOK)
	choice := b.at.String()
	assert.Contains(t, b.post(choice, nil, http.StatusUnprocessableEntity), "No account was chosen.")
	assert.Contains(t, b.post(choice, url.Values{"pick": {"0"}, "place.0": {"parvis://town/place/none"}}, http.StatusUnprocessableEntity), "has no such place")
	assert.Contains(t, b.post(choice, url.Values{"pick": {"7"}}, http.StatusUnprocessableEntity), "No account was chosen.")
	assert.Contains(t, b.post(choice, url.Values{"pick": {"0"}, "cancel": {"1"}}, http.StatusOK), "Nothing was connected")
	assert.Contains(t, b.get(choice, http.StatusOK), "Too late, or done already", "leaving ends it")
	r.empty()
}

// refused asserts that a visit ended at the list of networks, with the reason.
func (b *browser) refused(page, why string) {
	b.r.t.Helper()
	assert.Regexp(b.r.t, `/connect/$`, b.at.Path)
	assert.Contains(b.r.t, page, why)
	assert.Contains(b.r.t, page, "Nothing was stored.")
	assert.NotContains(b.r.t, b.at.RawQuery, "code=")
	assert.Equal(b.r.t, http.StatusOK, b.last.StatusCode)
}

func TestTwoBrowsersOneState(t *testing.T) {
	t.Parallel()
	for _, stranger := range []string{"with a cookie of its own", "without a cookie"} {
		r := newRig(t)
		b, other := r.browser(), r.browser()
		b.leave("acme", "town")
		back := b.decide(allow("acme", "read"))
		if stranger == "with a cookie of its own" {
			other.get("/acme/connect/", http.StatusOK)
		}
		other.refused(other.get(back, http.StatusOK), "started in another browser")
		b.refused(b.get(back, http.StatusOK), "finished before, or took too long")
		r.empty()
	}
}

func TestReplayedCallback(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	b := r.browser()
	b.leave("acme", "town")
	back := b.decide(allow("acme", "read"))
	b.get(back, http.StatusOK)
	choice := b.at.String()
	b.refused(b.get(back, http.StatusOK), "finished before")
	r.empty()
	b.get(choice, http.StatusOK) // what the first visit brought stays
	b.post(choice, url.Values{"pick": {"0"}}, http.StatusOK)
	assert.Len(t, r.done, 1)
	b.refused(b.post(choice, url.Values{"pick": {"0"}}, http.StatusOK), "finished before")
	assert.Len(t, r.done, 1, "a choice is made once")
}

// A code that somebody stole is worth nothing with a state and a browser of the thief.
func TestStolenCode(t *testing.T) {
	t.Parallel()
	for _, client := range []string{"acme", "martin"} {
		r := newRig(t)
		b, thief := r.browser(), r.browser()
		b.leave("acme", "town")
		stolen, err := url.Parse(b.decide(allow("acme", "read", "write")))
		require.NoError(t, err)
		thief.leave(client, "town")
		own, err := url.Parse(thief.decide(url.Values{"decision": {"deny"}}))
		require.NoError(t, err)
		q := url.Values{"state": {own.Query().Get("state")}, "code": {stolen.Query().Get("code")}}
		page := thief.get(own.Scheme+"://"+own.Host+own.Path+"?"+q.Encode(), http.StatusOK)
		assert.Contains(t, page, "The network refused")
		assert.Contains(t, page, "invalid_grant")
		r.empty()
	}
}

func TestCallbackOfAnotherClient(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	b := r.browser()
	b.get("/martin/connect/", http.StatusOK)
	b.leave("acme", "town")
	back := b.decide(allow("acme", "read"))
	b.refused(b.get(strings.Replace(back, "/acme/", "/martin/", 1), http.StatusOK), "another client or network")
	assert.Equal(t, "/martin/connect/", b.at.Path)
	b.refused(b.get(back, http.StatusOK), "finished before")
	r.empty()
}

// Two clients may share an address, if the program knows for whom somebody works.
func TestCallbackOfAnotherClientAtTheSameAddress(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	pending := new(providers.PendingMemory)
	logged := "acme"
	handlers := map[string]http.Handler{}
	for client, k := range r.keepers {
		var err error
		handlers[client], err = providers.Connect(k, r.flows(), &providers.ConnectOptions{Base: site + "/both/connect/", Pending: pending})
		require.NoError(t, err)
	}
	r.mux.HandleFunc("/both/connect/", func(w http.ResponseWriter, req *http.Request) { handlers[logged].ServeHTTP(w, req) })
	b := r.browser()
	b.leave("both", "town")
	back := b.decide(allow("acme", "read"))
	logged = "martin"
	b.refused(b.get(back, http.StatusOK), "another client or network")
	logged = "acme"
	b.leave("both", "town")
	b.get(b.decide(allow("acme", "read")), http.StatusOK)
	logged = "martin"
	b.post(b.at.String(), url.Values{"pick": {"0"}}, http.StatusForbidden) // the form is of the other client
	b.refused(b.get(b.at.String(), http.StatusOK), "another client or network")
	r.empty()
}

func TestCallbackOfAnotherFlow(t *testing.T) {
	t.Parallel()
	for _, flow := range []string{"village", "none"} {
		r := newRig(t)
		b := r.browser()
		b.leave("acme", "town")
		back := b.decide(allow("acme", "read"))
		b.refused(b.get(strings.Replace(back, "/callback/town", "/callback/"+flow, 1), http.StatusOK), "another client or network")
		b.refused(b.get(back, http.StatusOK), "finished before")
		r.empty()
	}
}

func TestCallbackThatCannotBeRead(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	b := r.browser()
	b.get("/acme/connect/", http.StatusOK)
	for _, q := range []string{"", "?code=parvis-secret-c", "?state=parvis-secret-s", "?state=a&state=b", "?%zz"} {
		b.refused(b.get("/acme/connect/callback/town"+q, http.StatusOK), "cannot be read")
	}
	state := strings.Repeat("A", 43)
	b.refused(b.get("/acme/connect/callback/town?code=parvis-secret-c&state="+state, http.StatusOK), "finished before")
	for _, path := range []string{"/acme/connect//callback/town?code=c", "/acme/connect/./callback/town?code=c"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, site+path, http.NoBody)
		require.NoError(t, err)
		res, err := inside{r.handler("acme")}.RoundTrip(req)
		require.NoError(t, err)
		assert.Equal(t, http.StatusNotFound, res.StatusCode, "no redirect that takes a code along")
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodHead, site+"/acme/connect/callback/town?state="+state, http.NoBody)
	require.NoError(t, err)
	b.do(req, http.StatusMethodNotAllowed)
	r.empty()
}

// handler is a client's handler without the mux before it.
func (r *rig) handler(client string) http.Handler {
	h, err := providers.Connect(r.keepers[client], r.flows(), &providers.ConnectOptions{Base: site + "/" + client + "/connect/"})
	require.NoError(r.t, err)
	return h
}

// What waits for the choice belongs to the browser that came back.
func TestChoiceOfAnotherBrowser(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	b, other := r.browser(), r.browser()
	b.leave("acme", "town")
	b.get(b.decide(allow("acme", "read")), http.StatusOK)
	choice := b.at.String()
	other.get("/acme/connect/to/town", http.StatusOK)
	other.refused(other.post(choice, url.Values{"pick": {"0"}}, http.StatusOK), "another browser")
	b.refused(b.get(choice, http.StatusOK), "finished before")
	for _, id := range []string{"x", strings.Repeat("A", 43)} {
		b.refused(b.get("/acme/connect/choose/"+id, http.StatusOK), "finished before")
		b.refused(b.get("/acme/connect/result/"+id, http.StatusOK), "finished before")
	}
	r.empty()
}

func TestTicketsAreForTheirOwnPage(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	b := r.browser()
	b.leave("acme", "town")
	b.get(b.decide(allow("acme", "read")), http.StatusOK)
	b.refused(b.get(strings.Replace(b.at.String(), "/choose/", "/result/", 1), http.StatusOK), "another client or network")
	b.leave("acme", "town")
	b.get(b.decide(url.Values{"decision": {"deny"}}), http.StatusOK)
	b.refused(b.get(strings.Replace(b.at.String(), "/result/", "/choose/", 1), http.StatusOK), "another client or network")
	r.empty()
}

func TestDisconnect(t *testing.T) {
	t.Parallel()
	town := fake.New(fake.Options{})
	flows := []providers.Flow{town.Flow("https://fake.example/consent")}
	k := providers.Memory("acme")
	token := town.Token("acme")
	a := town.Join("acme").Account()
	a.Client = "acme"
	_, err := k.Save(t.Context(), a, token)
	require.NoError(t, err)
	opened, err := town.Open(t.Context(), a, providers.NewTokenPool(k, nil, nil).Tokens(a))
	require.NoError(t, err)

	broken := stub{revoke: &parvis.Error{Code: parvis.ErrUnavailable, Message: "the network is down"}}
	err = providers.Disconnect(t.Context(), k, []providers.Flow{broken}, a)
	require.ErrorIs(t, err, parvis.ErrUnavailable)
	_, err = k.Load(t.Context(), a)
	require.NoError(t, err, "it can be tried again")

	require.NoError(t, providers.Disconnect(t.Context(), k, flows, a))
	_, err = k.Load(t.Context(), a)
	require.ErrorIs(t, err, parvis.ErrNotFound)
	h, err := providers.Probe(t.Context(), opened)
	require.NoError(t, err)
	assert.Equal(t, providers.Lost, h.Condition, "the network has forgotten it too")
	require.NoError(t, providers.Disconnect(t.Context(), k, flows, a), "twice is nothing")

	_, err = k.Save(t.Context(), a, parvis.Token{Value: "parvis-secret-gone"})
	require.NoError(t, err)
	gone := stub{revoke: &parvis.Error{Code: parvis.ErrAuth, Message: "the token is unknown"}}
	require.NoError(t, providers.Disconnect(t.Context(), k, []providers.Flow{gone}, a))
	_, err = k.Load(t.Context(), a)
	require.ErrorIs(t, err, parvis.ErrNotFound)

	a.Client = "martin"
	require.ErrorIs(t, providers.Disconnect(t.Context(), k, flows, a), parvis.ErrForeignClient)
}
