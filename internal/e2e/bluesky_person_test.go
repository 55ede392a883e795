package e2e

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	network "github.com/parvis-go/parvis/internal/e2e/servers/bluesky"
)

// A person sits at a browser and answers the pages of a PDS.
type person struct {
	t      testing.TB
	pds    string
	client *http.Client
}

func newPerson(t testing.TB, pds string) *person {
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	return &person{t, pds, &http.Client{
		Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// allow logs in at the page, gives the scopes, and returns what the browser carries back.
func (p *person) allow(page string, a network.Account, scope string) url.Values {
	p.t.Helper()
	p.open(page)
	p.api(page, "sign-in", map[string]any{"locale": "en", "username": a.Handle, "password": a.Password, "remember": true}, nil)
	input := map[string]any{"did": a.DID}
	if scope != "" {
		input["scope"] = scope
	}
	return p.answer(page, "consent", input)
}

// deny logs in at the page and refuses.
func (p *person) deny(page string) url.Values {
	p.t.Helper()
	p.open(page)
	return p.answer(page, "reject", map[string]any{})
}

// open visits the page, which gives the browser its cookies.
func (p *person) open(page string) {
	p.t.Helper()
	resp := p.get(page, "")
	require.Equal(p.t, http.StatusOK, resp.StatusCode)
}

// answer posts a decision and follows to where the server sends the browser.
func (p *person) answer(page, name string, input map[string]any) url.Values {
	p.t.Helper()
	var out struct{ URL string }
	p.api(page, name, input, &out)
	resp := p.get(out.URL, page)
	require.Equal(p.t, http.StatusSeeOther, resp.StatusCode)
	back, err := resp.Location()
	require.NoError(p.t, err)
	return back.Query()
}

// get visits an address by hand or, with from, from that page.
func (p *person) get(address, from string) *http.Response {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet, address, nil)
	require.NoError(p.t, err)
	req.Header.Set("Sec-Fetch-Site", "none")
	if from != "" {
		req.Header.Set("Sec-Fetch-Site", "same-origin")
		req.Header.Set("Referer", from)
	}
	req.Header.Set("Sec-Fetch-Mode", "navigate")
	req.Header.Set("Sec-Fetch-Dest", "document")
	resp, err := p.client.Do(req)
	require.NoError(p.t, err)
	_, err = io.Copy(io.Discard, resp.Body)
	require.NoError(p.t, err)
	require.NoError(p.t, resp.Body.Close())
	return resp
}

func (p *person) api(page, name string, input map[string]any, out any) {
	p.t.Helper()
	body, err := json.Marshal(input)
	require.NoError(p.t, err)
	req, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost, p.pds+"/@atproto/oauth-provider/~api/"+name, bytes.NewReader(body))
	require.NoError(p.t, err)
	for _, c := range p.client.Jar.Cookies(req.URL) {
		if c.Name == "csrf-token" {
			req.Header.Set("X-Csrf-Token", c.Value)
		}
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Origin", p.pds)
	req.Header.Set("Referer", page)
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	req.Header.Set("Sec-Fetch-Mode", "same-origin")
	resp, err := p.client.Do(req)
	require.NoError(p.t, err)
	defer resp.Body.Close()
	require.Equal(p.t, http.StatusOK, resp.StatusCode, name)
	if out != nil {
		require.NoError(p.t, json.NewDecoder(resp.Body).Decode(out))
	}
}
