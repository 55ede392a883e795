package dpop

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func parse(t testing.TB, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	require.NoError(t, err)
	return u
}

func TestProof(t *testing.T) {
	t.Parallel()
	k, err := NewKey()
	require.NoError(t, err)
	now := time.Unix(1_700_000_000, 0)
	for name, c := range map[string]struct {
		p    Proof
		htu  string
		more map[string]any
	}{
		"to a token endpoint": {Proof{Method: "POST", URL: parse(t, "https://server.example/token"), Time: now}, "https://server.example/token", nil},
		"query and fragment are left out": {
			Proof{Method: "GET", URL: parse(t, "https://pds.example/xrpc/a.b.c?x=parvis-secret-q#f"), Time: now}, "https://pds.example/xrpc/a.b.c", nil,
		},
		"with a nonce": {
			Proof{Method: "POST", URL: parse(t, "http://localhost:2583/oauth/par"), Nonce: "n1", Time: now},
			"http://localhost:2583/oauth/par",
			map[string]any{"nonce": "n1"},
		},
		// The token and its hash are those of RFC 9449, section 7.1.
		"with a token": {
			Proof{Method: "GET", URL: parse(t, "HTTPS://Resource.Example:443/protectedresource"), Token: "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU", Time: now},
			"https://resource.example/protectedresource",
			map[string]any{"ath": "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo"},
		},
		"without a path": {Proof{Method: "GET", URL: parse(t, "https://pds.example"), Time: now}, "https://pds.example/", nil},
		"escaped":        {Proof{Method: "GET", URL: parse(t, "https://pds.example/a%2Fb"), Time: now}, "https://pds.example/a%2Fb", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			jws, err := k.Proof(c.p)
			require.NoError(t, err)
			header, claims := verify(t, jws)
			assert.Equal(t, "dpop+jwt", header["typ"])
			assert.Equal(t, "ES256", header["alg"])
			assert.InDelta(t, 1.7e9, claims["iat"], 0)
			assert.Equal(t, c.p.Method, claims["htm"])
			assert.Equal(t, c.htu, claims["htu"])
			assert.GreaterOrEqual(t, len(claims["jti"].(string)), 20)
			want := 4 + len(c.more)
			assert.Len(t, claims, want)
			for name, v := range c.more {
				assert.Equal(t, v, claims[name])
			}
		})
	}
}

func TestProofsServeOnce(t *testing.T) {
	t.Parallel()
	k, err := NewKey()
	require.NoError(t, err)
	seen := map[any]bool{}
	for range 50 {
		jws, err := k.Proof(Proof{Method: "GET", URL: parse(t, "https://pds.example/x"), Time: time.Now()})
		require.NoError(t, err)
		_, claims := verify(t, jws)
		require.False(t, seen[claims["jti"]])
		seen[claims["jti"]] = true
	}
}

func TestOrigin(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"https://PDS.example":          "https://pds.example",
		"https://pds.example:443/x":    "https://pds.example",
		"http://pds.example:80":        "http://pds.example",
		"http://pds.example:443":       "http://pds.example:443",
		"http://localhost:2583/a?b":    "http://localhost:2583",
		"http://[::1]:2583/":           "http://[::1]:2583",
		"http://[::1]/":                "http://[::1]",
		"https://user@pds.example:444": "https://pds.example:444",
	} {
		assert.Equal(t, want, Origin(parse(t, in)), in)
	}
}

func nonce(v string) http.Header { return http.Header{"Dpop-Nonce": {v}} }

func TestNonces(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var n Nonces
		assert.Empty(t, n.Get("https://a.example", 0))
		n.Learn("https://a.example", nonce("one"))
		n.Learn("https://b.example", nonce("two"))
		n.Learn("https://a.example", http.Header{})
		n.Learn("https://a.example", nonce(strings.Repeat("x", 2000)))
		assert.Equal(t, "one", n.Get("https://a.example", 0), "neither silence nor nonsense replaces a nonce")
		assert.Equal(t, "two", n.Get("https://b.example", 0), "each server has its own")
		time.Sleep(time.Minute)
		assert.Empty(t, n.Get("https://a.example", 50*time.Second))
		assert.Equal(t, "one", n.Get("https://a.example", 0))
		n.Learn("https://a.example", nonce("three"))
		assert.Equal(t, "three", n.Get("https://a.example", 50*time.Second))
	})
}

func TestNoncesAreBounded(t *testing.T) {
	t.Parallel()
	var n Nonces
	for i := range 3 * maxOrigins {
		n.Learn(fmt.Sprintf("https://%d.example", i), nonce("x"))
	}
	assert.LessOrEqual(t, len(n.last), maxOrigins)
}

func TestNoncesAreShared(t *testing.T) {
	t.Parallel()
	var n Nonces
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			n.Learn("https://a.example", nonce(fmt.Sprint(i)))
			assert.NotEmpty(t, n.Get("https://a.example", 0))
		})
	}
	wg.Wait()
}
