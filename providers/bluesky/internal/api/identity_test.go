package api

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
)

func document(did, handle, server string) string {
	return fmt.Sprintf(`{"@context":["https://www.w3.org/ns/did/v1"],"id":%q,"alsoKnownAs":["at://%s"],"service":[`+
		`{"id":"#atproto_pds","type":"AtprotoPersonalDataServer","serviceEndpoint":%q}]}`, did, handle, server)
}

// names is a resolver of a small world.
func names(dns map[string][]string, web map[string]string) (*Resolver, *wire) {
	w := &wire{answer: func(r *http.Request) *http.Response {
		if body, ok := web[r.URL.String()]; ok {
			return reply(200, body)
		}
		return reply(404, "not found")
	}}
	return &Resolver{HTTP: &http.Client{Transport: w}, TXT: func(_ context.Context, name string) ([]string, error) {
		if v, ok := dns[name]; ok {
			return v, nil
		}
		return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
	}}, w
}

func TestResolve(t *testing.T) {
	t.Parallel()
	const plc, bob = "did:plc:alice234567", "did:web:bob.example"
	dns := map[string][]string{
		"_atproto.alice.example": {"v=spf1", "did=" + plc}, "_atproto.thief.example": {"did=" + plc},
		"_atproto.two.example": {"did=did:plc:one", "did=did:plc:two"}, "_atproto.bob.example": {"did=" + bob},
		"_atproto.lost.example": {"did=did:plc:lost"}, "_atproto.homeless.example": {"did=did:plc:homeless"},
		"_atproto.inner.example": {"did=did:plc:inner"}, "_atproto.odd.example": {"did=did:odd:one"},
	}
	web := map[string]string{
		"https://plc.directory/" + plc:                      document(plc, "Alice.example", pds),
		"https://bob.example/.well-known/did.json":          document(bob, "bob.example", pds),
		"https://file.example/.well-known/atproto-did":      plc + "\n",
		"https://plc.directory/did:plc:homeless":            `{"id":"did:plc:homeless","alsoKnownAs":["at://homeless.example"]}`,
		"https://plc.directory/did:plc:inner":               document("did:plc:inner", "inner.example", "http://127.0.0.1:80"),
		"https://page.example/.well-known/atproto-did":      "<html>",
		"https://plc.directory/did:plc:other":               document(plc, "alice.example", pds),
		"https://plc.directory/did:plc:liar":                document("did:plc:liar", "alice.example", pds),
		"https://plc.directory/did:plc:unreadable":          "{",
		"https://dns-is-down.example/.well-known/other-did": "",
	}
	for typed, want := range map[string]struct {
		id   Identity
		code parvis.Code
	}{
		"alice.example":             {Identity{plc, "alice.example", pds}, ""},
		" @ALICE.example\n":         {Identity{plc, "alice.example", pds}, ""},
		"at://alice.example":        {Identity{plc, "alice.example", pds}, ""},
		"\u2068alice.example\u2069": {Identity{plc, "alice.example", pds}, ""},
		plc:                         {Identity{plc, "alice.example", pds}, ""},
		bob:                         {Identity{bob, "bob.example", pds}, ""},
		"bob.example":               {Identity{bob, "bob.example", pds}, ""},
		"did:plc:liar":              {Identity{"did:plc:liar", "", pds}, ""}, // its handle leads elsewhere
		"thief.example":             {code: parvis.ErrInvalid},               // the account does not use that handle
		"file.example":              {code: parvis.ErrInvalid},
		"two.example":               {code: parvis.ErrNotFound},
		"page.example":              {code: parvis.ErrNotFound},
		"nobody.example":            {code: parvis.ErrNotFound},
		"lost.example":              {code: parvis.ErrNotFound},
		"homeless.example":          {code: parvis.ErrNotFound},
		"inner.example":             {code: parvis.ErrInvalid}, // a server that is not public
		"odd.example":               {code: parvis.ErrInvalid},
		"did:plc:other":             {code: parvis.ErrBadAnswer},
		"did:plc:unreadable":        {code: parvis.ErrBadAnswer},
		"not a handle":              {code: parvis.ErrInvalid},
		"":                          {code: parvis.ErrInvalid},
		"did:web:localhost":         {code: parvis.ErrInvalid},
		"did:web:a:b":               {code: parvis.ErrInvalid},
		"did:web:10.0.0.1":          {code: parvis.ErrInvalid},
	} {
		t.Run(typed, func(t *testing.T) {
			t.Parallel()
			r, _ := names(dns, web)
			id, err := r.Resolve(t.Context(), typed)
			if want.code == "" {
				require.NoError(t, err)
				assert.Equal(t, want.id, id)
				return
			}
			require.ErrorIs(t, err, want.code)
			assert.Equal(t, Identity{}, id)
		})
	}
}

// TestResolverThatIsDown does not call an account unknown.
func TestResolverThatIsDown(t *testing.T) {
	t.Parallel()
	r := &Resolver{
		HTTP: &http.Client{Transport: &wire{answer: func(*http.Request) *http.Response { return reply(503, "") }}},
		TXT:  func(context.Context, string) ([]string, error) { return nil, errors.New("server misbehaving") },
	}
	_, err := r.Resolve(t.Context(), "alice.example")
	require.ErrorIs(t, err, parvis.ErrUnavailable)
	_, err = r.Resolve(t.Context(), alice)
	require.ErrorIs(t, err, parvis.ErrUnavailable)
	r.Service = "https://names.example"
	_, err = r.Handle(t.Context(), "alice.example")
	require.ErrorIs(t, err, parvis.ErrUnavailable)
}

func TestResolverService(t *testing.T) {
	t.Parallel()
	r, w := names(nil, map[string]string{
		"https://names.example/xrpc/com.atproto.identity.resolveHandle?handle=alice.example": `{"did":"` + alice + `"}`,
		"https://names.example/xrpc/com.atproto.identity.resolveHandle?handle=odd.example":   `{"did":"odd"}`,
	})
	r.Service = "https://names.example/"
	did, err := r.Handle(t.Context(), "alice.example")
	require.NoError(t, err)
	assert.Equal(t, alice, did)
	_, err = r.Handle(t.Context(), "odd.example")
	require.ErrorIs(t, err, parvis.ErrBadAnswer)
	w.answer = func(*http.Request) *http.Response {
		return reply(400, `{"error":"HandleNotFound","message":"Unable to resolve handle"}`)
	}
	_, err = r.Handle(t.Context(), "nobody.example")
	require.ErrorIs(t, err, parvis.ErrNotFound)
}

// TestIdentitiesAreRememberedForATime and failures are not.
func TestIdentitiesAreRememberedForATime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		web := map[string]string{}
		r, w := names(nil, web)
		_, err := r.Document(t.Context(), alice)
		require.ErrorIs(t, err, parvis.ErrNotFound)
		web["https://plc.directory/"+alice] = document(alice, "alice.example", pds)
		for range 3 {
			_, err = r.Document(t.Context(), alice)
			require.NoError(t, err)
		}
		assert.Len(t, w.asked, 2)
		time.Sleep(IdentityTTL)
		_, err = r.Document(t.Context(), alice)
		require.NoError(t, err)
		assert.Len(t, w.asked, 3)
		r.Forget(alice)
		_, err = r.Document(t.Context(), alice)
		require.NoError(t, err)
		assert.Len(t, w.asked, 4)
	})
}

func TestFetchIsBounded(t *testing.T) {
	t.Parallel()
	big := strings.Repeat("x", maxDocument+2)
	for name, answer := range map[string]func(*http.Request) *http.Response{
		"too large": func(*http.Request) *http.Response { return reply(200, big) },
		"a circle":  func(r *http.Request) *http.Response { return reply(302, "", "Location", r.URL.String()) },
		"inwards": func(r *http.Request) *http.Response {
			return reply(302, "", "Location", "http://169.254.169.254/latest/meta-data")
		},
		"to this machine": func(*http.Request) *http.Response { return reply(302, "", "Location", "https://localhost/x") },
		"an error":        func(*http.Request) *http.Response { return reply(500, "") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := &wire{answer: answer}
			r := &Resolver{HTTP: &http.Client{Transport: w}}
			_, err := r.Document(t.Context(), alice)
			require.ErrorIs(t, err, parvis.ErrUnavailable)
			assert.LessOrEqual(t, len(w.asked), 1+maxHops)
			for _, q := range w.asked {
				assert.Equal(t, "plc.directory", q.URL.Host)
			}
		})
	}
}

// FuzzDocument: a document that is accepted is that of the DID, and its server is an
// address that may be called.
func FuzzDocument(f *testing.F) {
	f.Add(document(alice, "alice.example", pds))
	f.Add(document(alice, "a", "http://10.0.0.1"))
	f.Add(`{"id":"` + alice + `","service":[{"id":"#atproto_pds","serviceEndpoint":{"a":1}}],"alsoKnownAs":[""]}`)
	recorded, err := os.ReadFile("testdata/did.json")
	require.NoError(f, err)
	f.Add(string(recorded))
	f.Fuzz(func(t *testing.T, s string) {
		d, err := ParseDocument([]byte(s), alice)
		if err != nil {
			return
		}
		require.Equal(t, alice, d.ID)
		if h := d.Handle(); h != "" {
			require.True(t, ValidHandle(h))
		}
		if server, err := d.PDS(false); err == nil {
			require.True(t, strings.HasPrefix(strings.ToLower(server), "https://"))
		}
	})
}

// TestRealDocument is one of the PLC directory, of the software that the network runs on.
func TestRealDocument(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("testdata/did.json")
	require.NoError(t, err)
	d, err := ParseDocument(b, "did:plc:azy4vhfy5l35ktlluucgfmne")
	require.NoError(t, err)
	assert.Equal(t, "core1.test", d.Handle())
	_, err = d.PDS(false)
	require.ErrorIs(t, err, parvis.ErrInvalid)
	server, err := d.PDS(true)
	require.NoError(t, err)
	assert.Equal(t, "http://localhost:2583", server)
	assert.Empty(t, d.Endpoint("atproto_labeler"))
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	for address, want := range map[string][2]bool{ // public, and with loopback
		"https://pds.example": {true, true}, "https://pds.example:8443": {true, true}, "https://93.184.215.14": {true, true},
		"http://pds.example": {}, "http://localhost:2583": {false, true}, "http://127.0.0.1:1": {false, true}, "http://[::1]": {false, true},
		"https://localhost": {false, true}, "https://x.localhost.": {false, true}, "https://10.0.0.1": {}, "https://192.168.1.1": {},
		"https://169.254.169.254": {}, "https://[fe80::1]": {}, "https://[fd00::1]": {}, "https://100.64.0.1": {}, "https://0.0.0.0": {},
		"https://[::ffff:10.0.0.1]": {}, "https://[64:ff9b::a00:1]": {}, "https://224.0.0.1": {}, "https://255.255.255.255": {},
		"ftp://pds.example": {}, "https://user:pw@pds.example": {}, "https://pds.example?x": {}, "https://": {}, "pds.example": {}, "": {},
	} {
		_, err := CheckAddress(address, false)
		assert.Equal(t, want[0], err == nil, "%s: %v", address, err)
		_, err = CheckAddress(address, true)
		assert.Equal(t, want[1], err == nil, "%s with loopback: %v", address, err)
	}
}

// TestGuard looks at what a name resolves to, which is what counts.
