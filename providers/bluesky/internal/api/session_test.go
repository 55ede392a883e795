package api

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers/bluesky/internal/dpop"
)

const (
	pds   = "https://pds.example"
	alice = "did:plc:alice234567"
)

func plainToken(value string) parvis.Token {
	return parvis.Token{Value: value, Refresh: "parvis-secret-refresh", Extra: map[string]string{ExtraDID: alice, ExtraHandle: "alice.example", ExtraPDS: pds}}
}

func bound(t testing.TB, value string) parvis.Token {
	t.Helper()
	k, err := dpop.NewKey()
	require.NoError(t, err)
	text, err := k.Marshal()
	require.NoError(t, err)
	tok := plainToken(value)
	tok.Type, tok.Extra[ExtraKey] = TypeDPoP, text
	return tok
}

func post() Call {
	return Call{NSID: "com.atproto.repo.createRecord", Op: "publish", Input: map[string]string{"a": "b"}, Points: 3}
}

func TestBearer(t *testing.T) {
	t.Parallel()
	w := &wire{answer: func(*http.Request) *http.Response { return reply(200, `{"uri":"at://x"}`) }}
	c := client(t, w, plain{plainToken("parvis-secret-a")}, "")
	var out Strong
	k := post()
	k.Proxy, k.Labelers = "did:web:mod.example#atproto_labeler", []string{"did:plc:one", "did:plc:two"}
	require.NoError(t, c.Procedure(t.Context(), k, &out))
	assert.Equal(t, "at://x", out.URI)
	r := w.asked[0]
	assert.Equal(t, "https://pds.example/xrpc/com.atproto.repo.createRecord", r.URL.String())
	require.True(t, strings.HasPrefix(r.Header.Get("Authorization"), "Bearer parvis-secret-a"), "the token goes along")
	assert.Empty(t, r.Header.Get("Dpop"))
	assert.Equal(t, "did:web:mod.example#atproto_labeler", r.Header.Get("Atproto-Proxy"))
	assert.Equal(t, []string{"did:plc:one", "did:plc:two"}, r.Header.Values("Atproto-Accept-Labelers"))
	assert.JSONEq(t, `{"a":"b"}`, w.bodies[0])
	did, err := c.DID(t.Context())
	require.NoError(t, err)
	assert.Equal(t, alice, did)
	server, err := c.Server(t.Context())
	require.NoError(t, err)
	assert.Equal(t, pds, server)
}

// TestExpiredTokenIsReplacedOnce also under a mutation: the server has taken nothing.
func TestExpiredTokenIsReplacedOnce(t *testing.T) {
	t.Parallel()
	for name, refusal := range map[string]func() *http.Response{
		"expired":   func() *http.Response { return reply(400, `{"error":"ExpiredToken","message":"Token has expired"}`) },
		"invalid":   func() *http.Response { return reply(400, `{"error":"InvalidToken"}`) },
		"by OAuth":  func() *http.Response { return reply(401, `{"error":"invalid_token"}`) },
		"by header": func() *http.Response { return reply(401, ``, "Www-Authenticate", `DPoP error="invalid_token"`) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &source{token: plainToken("parvis-secret-old"), next: []parvis.Token{plainToken("parvis-secret-new")}}
			w := &wire{answer: func(r *http.Request) *http.Response {
				if strings.HasSuffix(r.Header.Get("Authorization"), "-new") {
					return reply(200, `{}`)
				}
				return refusal()
			}}
			c := client(t, w, s, "")
			require.NoError(t, c.Procedure(t.Context(), post(), nil))
			assert.Len(t, w.asked, 2)
			assert.Equal(t, 1, s.renewed)
			assert.Equal(t, w.bodies[0], w.bodies[1])

			s.next = []parvis.Token{plainToken("parvis-secret-bad"), plainToken("parvis-secret-worse")}
			s.token = plainToken("parvis-secret-old")
			err := c.Procedure(t.Context(), post(), nil)
			require.ErrorIs(t, err, parvis.ErrAuth)
			assert.Len(t, w.asked, 4, "a new token that is refused, too, is the end")
		})
	}
}

// TestRenewalDecides: a renewal that fails for a passing reason makes the call fail for
// that reason, not as if the account were lost.
func TestRenewalDecides(t *testing.T) {
	t.Parallel()
	w := &wire{answer: func(*http.Request) *http.Response { return reply(400, `{"error":"ExpiredToken"}`) }}
	for _, code := range []parvis.Code{parvis.ErrUnavailable, parvis.ErrAuth, parvis.ErrPermission} {
		s := &source{token: plainToken("parvis-secret-old"), err: &parvis.Error{Code: code, Message: "said the renewal"}}
		err := client(t, w, s, "").Procedure(t.Context(), post(), nil)
		require.ErrorIs(t, err, code)
		assert.Contains(t, err.Error(), "said the renewal")
	}
	err := client(t, w, plain{plainToken("parvis-secret-old")}, "").Procedure(t.Context(), post(), nil)
	require.ErrorIs(t, err, parvis.ErrAuth)
	assert.Contains(t, err.Error(), "connect the account again")
	assert.NotContains(t, err.Error(), "parvis-secret")
}

// TestNonce: a server that wants a nonce gets the request again, with the nonce and
// another proof, and the nonce of each answer is used from then on.
func TestNonce(t *testing.T) {
	t.Parallel()
	want := "one"
	seen := map[string]bool{}
	w := &wire{}
	w.answer = func(r *http.Request) *http.Response {
		proof := r.Header.Get("Dpop")
		require.NotEmpty(t, proof)
		assert.False(t, seen[proof], "each proof serves once")
		seen[proof] = true
		if !strings.Contains(claimsOf(t, proof), `"nonce":"`+want+`"`) {
			return reply(401, `{"error":"use_dpop_nonce"}`, "Dpop-Nonce", want, "Www-Authenticate", `DPoP error="use_dpop_nonce"`)
		}
		return reply(200, `{}`, "Dpop-Nonce", want)
	}
	c := client(t, w, plain{bound(t, "parvis-secret-a")}, "")
	require.NoError(t, c.Procedure(t.Context(), post(), nil))
	assert.Len(t, w.asked, 2)
	require.True(t, strings.HasPrefix(w.asked[1].Header.Get("Authorization"), "DPoP parvis-secret-a"), "the scheme is DPoP")
	require.NoError(t, c.Query(t.Context(), Call{NSID: "a.b.c", Query: map[string][]string{"x": {"y"}}}, nil))
	assert.Len(t, w.asked, 3, "the nonce is remembered")
	assert.Contains(t, claimsOf(t, w.asked[2].Header.Get("Dpop")), `"htu":"https://pds.example/xrpc/a.b.c"`)
	want = "two"
	require.NoError(t, c.Procedure(t.Context(), post(), nil))
	assert.Len(t, w.asked, 5)
}

// TestNonceThenToken: both challenges in one call.
func TestNonceThenToken(t *testing.T) {
	t.Parallel()
	old, fresh := bound(t, "parvis-secret-old"), bound(t, "parvis-secret-new")
	s := &source{token: old, next: []parvis.Token{fresh}}
	w := &wire{answer: func(r *http.Request) *http.Response {
		switch {
		case !strings.Contains(claimsOf(t, r.Header.Get("Dpop")), `"nonce":"n"`):
			return reply(401, `{"error":"use_dpop_nonce"}`, "Dpop-Nonce", "n")
		case strings.HasSuffix(r.Header.Get("Authorization"), "old"):
			return reply(401, `{"error":"invalid_token"}`)
		}
		return reply(200, `{}`)
	}}
	require.NoError(t, client(t, w, s, "").Procedure(t.Context(), post(), nil))
	assert.Len(t, w.asked, 3)
}

// TestServerThatNeverHasEnough is not asked for ever.
func TestServerThatNeverHasEnough(t *testing.T) {
	t.Parallel()
	w := &wire{answer: func(*http.Request) *http.Response {
		return reply(401, `{"error":"use_dpop_nonce"}`, "Dpop-Nonce", "again")
	}}
	err := client(t, w, plain{bound(t, "parvis-secret-a")}, "").Procedure(t.Context(), post(), nil)
	require.ErrorIs(t, err, parvis.ErrAuth)
	assert.LessOrEqual(t, len(w.asked), 3)
}

func TestBrokenKey(t *testing.T) {
	t.Parallel()
	tok := bound(t, "parvis-secret-a")
	tok.Extra[ExtraKey] = "parvis-secret-broken"
	w := &wire{answer: func(*http.Request) *http.Response { return reply(200, `{}`) }}
	err := client(t, w, plain{tok}, "").Procedure(t.Context(), post(), nil)
	require.ErrorIs(t, err, parvis.ErrAuth)
	assert.Contains(t, err.Error(), "Extra")
	assert.NotContains(t, err.Error(), "parvis-secret")
	assert.Empty(t, w.asked)
}

// TestMove: an account that moves takes its client along, and no token goes to the old place.
func TestMove(t *testing.T) {
	t.Parallel()
	s := &source{token: plainToken("parvis-secret-a")}
	w := &wire{answer: func(*http.Request) *http.Response { return reply(200, `{}`) }}
	c := client(t, w, s, "")
	require.NoError(t, c.Query(t.Context(), Call{NSID: "a.b.c"}, nil))
	moved := plainToken("parvis-secret-b")
	moved.Extra[ExtraPDS] = "https://new.example/"
	s.token = moved
	require.NoError(t, c.Query(t.Context(), Call{NSID: "a.b.c"}, nil))
	assert.Equal(t, "pds.example", w.asked[0].URL.Host)
	assert.Equal(t, "new.example", w.asked[1].URL.Host)

	old, err := http.NewRequestWithContext(t.Context(), http.MethodGet, pds+"/xrpc/a.b.c", nil)
	require.NoError(t, err)
	err = c.session.authorize(t.Context(), old)
	require.ErrorIs(t, err, parvis.ErrUnavailable)
	assert.Empty(t, old.Header.Get("Authorization"))
}

func TestWithoutServerOrToken(t *testing.T) {
	t.Parallel()
	w := &wire{answer: func(*http.Request) *http.Response { return reply(200, `{}`) }}
	err := client(t, w, plain{parvis.Token{Value: "parvis-secret-a"}}, "").Query(t.Context(), Call{NSID: "a.b.c"}, nil)
	require.ErrorIs(t, err, parvis.ErrInvalid)
	assert.Contains(t, err.Error(), "Config.Server")
	err = client(t, w, plain{}, pds).Query(t.Context(), Call{NSID: "a.b.c"}, nil)
	require.ErrorIs(t, err, parvis.ErrAuth)
	assert.Empty(t, w.asked)
}

// TestPermission: a server that knows the token and says AuthenticationRequired means that
// this account may not.
func TestPermission(t *testing.T) {
	t.Parallel()
	w := &wire{answer: func(*http.Request) *http.Response {
		return reply(401, `{"error":"AuthenticationRequired","message":"not a moderator account"}`)
	}}
	s := &source{token: plainToken("parvis-secret-a")}
	err := client(t, w, s, "").Procedure(t.Context(), post(), nil)
	require.ErrorIs(t, err, parvis.ErrPermission)
	assert.Zero(t, s.renewed)
}

func TestLearnedLimits(t *testing.T) {
	t.Parallel()
	h := http.Header{}
	h.Set("RateLimit-Limit", "3000")
	h.Set("RateLimit-Remaining", "2999")
	h.Set("RateLimit-Policy", "3000; w=300")
	h.Set("RateLimit-Reset", "4102444800")
	l := Limits(h)
	require.Len(t, l, 1)
	assert.Equal(t, "3000;w=300", l[0].Name)
	assert.Equal(t, 3000, l[0].Max)
	assert.Equal(t, 2999, l[0].Remaining)
	assert.Equal(t, []parvis.Limit{{}}, Limits(http.Header{}), "an answer that says nothing")
}

// TestOwnName is asked of the server where the token does not tell.
func TestOwnName(t *testing.T) {
	t.Parallel()
	w := &wire{answer: func(*http.Request) *http.Response {
		return reply(200, `{"did":"`+alice+`","handle":"alice.example"}`)
	}}
	c := client(t, w, parvis.StaticToken("parvis-secret-opaque"), pds)
	did, err := c.DID(t.Context())
	require.NoError(t, err)
	assert.Equal(t, alice, did)
	assert.Equal(t, "alice.example", c.session.Peek().Handle)
	_, err = c.DID(t.Context())
	require.NoError(t, err)
	assert.Len(t, w.asked, 1, "it is asked once")
}

func TestSecretsAreHidden(t *testing.T) {
	t.Parallel()
	tok := bound(t, "parvis-secret-a")
	w := &wire{answer: func(r *http.Request) *http.Response {
		return reply(400, `{"error":"InvalidRequest","message":"you sent `+r.Header.Get("Authorization")+" "+tok.Extra[ExtraKey]+`"}`)
	}}
	err := client(t, w, plain{tok}, "").Procedure(t.Context(), post(), nil)
	require.Error(t, err)
	require.False(t, strings.Contains(err.Error(), "parvis-secret") || strings.Contains(err.Error(), tok.Extra[ExtraKey]), "a secret is told")
	var e *parvis.Error
	require.ErrorAs(t, err, &e)
}
