package oauth_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/apitest"
	"github.com/parvis-go/parvis/internal/apitest/authserver"
	"github.com/parvis-go/parvis/providers/oauth"
)

func request(t *testing.T, method, address, form string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(form))
	require.NoError(t, err)
	if form != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	} else {
		r.Body = http.NoBody
	}
	return r
}

// TestBaseString is the example of RFC 5849, section 3.4.1.
func TestBaseString(t *testing.T) {
	t.Parallel()
	r := request(t, http.MethodPost, "http://EXAMPLE.com:80/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b", "c2&a3=2+q")
	got, err := oauth.BaseString(r, url.Values{
		"oauth_consumer_key": {"9djdj82h48djs9d2"}, "oauth_token": {"kkk9d7dh3k39sjv7"}, "oauth_signature_method": {"HMAC-SHA1"},
		"oauth_timestamp": {"137131201"}, "oauth_nonce": {"7d8f3e4a"},
	})
	require.NoError(t, err)
	assert.Equal(t, "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D%25253D%26c%2540%3D%26c2%3D%26"+
		"oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26oauth_signature_method%3DHMAC-SHA1%26oauth_timestamp%3D137131201%26"+
		"oauth_token%3Dkkk9d7dh3k39sjv7", got)
	require.NoError(t, r.ParseForm(), "the body is put back")
	assert.Equal(t, []string{"2 q"}, r.PostForm["a3"])
}

// TestSignatures are those of RFC 5849, section 1.2, and of X's page on creating a signature.
func TestSignatures(t *testing.T) {
	t.Parallel()
	printer := oauth.App{ID: "dpf43f3p2l4k3l03", Secret: "kd94hf93k423kf44"}
	x := oauth.Signature{
		App:   oauth.App{ID: "xvz1evFS4wEEPTGEFPHBog", Secret: "kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw"},
		Token: "370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb", Version: "1.0", TokenSecret: "LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE",
	}
	const status = "status=Hello%20Ladies%20%2b%20Gentlemen%2c%20a%20signed%20OAuth%20request%21"
	for name, tc := range map[string]struct {
		sig                         oauth.Signature
		method, address, form       string
		nonce                       string
		at                          int64
		want, callback, verifierArg string
	}{
		"request token": {
			sig: oauth.Signature{App: printer, Callback: "http://printer.example.com/ready"}, method: "POST", address: "https://photos.example.net/initiate",
			nonce: "wIjqoS", at: 137131200, want: "74KNZJeDHnMBp0EMJ9ZHt/XKycU=",
		},
		"access token": {
			sig:    oauth.Signature{App: printer, Token: "hh5s93j4hdidpola", TokenSecret: "hdhd0244k9j7ao03", Verifier: "hfdp7dh39dks9884"},
			method: "POST", address: "https://photos.example.net:443/token", nonce: "walatlh", at: 137131201, want: "gKgrFCywp7rO0OXSjdot/IHF7IU=",
		},
		"resource": {
			sig:    oauth.Signature{App: printer, Token: "nnch734d00sl2jdk", TokenSecret: "pfkkdhi9sl3r4s00"},
			method: "GET", address: "http://photos.example.net/photos?file=vacation.jpg&size=original", nonce: "chapoH", at: 137131202,
			want: "MdpQcU8iPSUjWoN/UDMsK2sui9I=",
		},
		"X": {
			sig: x, method: "POST", address: "https://api.twitter.com/1.1/statuses/update.json?include_entities=true", form: status,
			nonce: "kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg", at: 1318622958, want: "hCtSmYh+iHYCEqBWrE7C7hYmtUk=",
		},
		"X today": {
			sig: x, method: "POST", address: "https://api.x.com/1.1/statuses/update.json?include_entities=true", form: status,
			nonce: "kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg", at: 1318622958, want: "Ls93hJiZbQ3akF3HF3x1Bz8/zU4=",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := request(t, tc.method, tc.address, tc.form)
			require.NoError(t, tc.sig.SignAt(r, tc.nonce, time.Unix(tc.at, 0)))
			header := r.Header.Get("Authorization")
			assert.True(t, strings.HasPrefix(header, `OAuth oauth_`))
			assert.Contains(t, header, `oauth_signature="`+url.QueryEscape(tc.want)+`"`)
		})
	}
}

func TestSignaturesAreNew(t *testing.T) {
	t.Parallel()
	s := oauth.Signature{App: oauth.App{ID: "1", Secret: "parvis-secret-c"}, Token: "parvis-secret-t", TokenSecret: "parvis-secret-s"}
	seen := map[string]bool{}
	for range 50 {
		r := request(t, "GET", "https://api.example/x", "")
		require.NoError(t, s.Sign(r))
		h := r.Header.Get("Authorization")
		assert.False(t, seen[h], "a nonce came twice")
		assert.NotContains(t, h, "PLAINTEXT")
		seen[h] = true
	}
	big := request(t, "POST", "https://api.example/x", "a="+strings.Repeat("x", 1<<20))
	require.ErrorContains(t, s.Sign(big), "too large")
	json := request(t, "POST", "https://api.example/x", `{"a":1}`)
	json.Header.Set("Content-Type", "application/json")
	require.NoError(t, s.Sign(json), "what is no form is not read")
}

func TestOneFromStartToCall(t *testing.T) {
	t.Parallel()
	r := newRig(t, authserver.Options{})
	one := oauth.XOne(r.app, r.site)
	assert.Equal(t, "x-oauth1", one.Form().Name)
	g := r.must(one, authserver.Answer{})
	require.Len(t, g.Choices, 1)
	ch := g.Choices[0]
	assert.Equal(t, "ana", ch.Account.Handle)
	assert.True(t, ch.Token.Expiry.IsZero())
	assert.Equal(t, "OAuth", ch.Token.Type)
	assert.Equal(t, "77", ch.Token.Extra[oauth.ExtraUser])

	sign := oauth.SignedBy(r.app, source{token: ch.Token})
	q := request(t, "GET", authserver.URL+"/2/users/me?user.fields=a%20b&x=%2B", "")
	require.NoError(t, sign(t.Context(), q))
	resp, err := r.server.Client().Do(q)
	require.NoError(t, err)
	assert.Equal(t, 200, resp.StatusCode)
	resp, err = r.server.Client().Do(q)
	require.NoError(t, err)
	assert.Equal(t, 401, resp.StatusCode, "the same nonce again")

	bare := ch.Token
	bare.Extra = nil
	require.ErrorIs(t, oauth.SignedBy(r.app, source{token: bare})(t.Context(), q), parvis.ErrAuth)
	require.ErrorIs(t, oauth.SignedBy(r.app, source{err: parvis.ErrUnavailable})(t.Context(), q), parvis.ErrUnavailable)
}

// source is a source of one token, or of an error.
type source struct {
	token parvis.Token
	err   error
}

func (s source) Token(context.Context) (parvis.Token, error) { return s.token, s.err }

func TestOneRefusals(t *testing.T) {
	t.Parallel()
	r := newRig(t, authserver.Options{})
	one := oauth.XOne(r.app, r.site)
	_, err := r.connect(one, authserver.Answer{Decline: true})
	is(t, err, parvis.ErrPermission, "allow the access")

	step, err := one.Start(t.Context(), input())
	require.NoError(t, err)
	answer, err := r.server.Visit(r.ana, step.URL, authserver.Answer{})
	require.NoError(t, err)
	_, err = one.Finish(t.Context(), step, url.Values{"oauth_token": {"parvis-secret-other"}, "oauth_verifier": answer["oauth_verifier"]})
	is(t, err, parvis.ErrInvalid, "start connecting again")
	_, err = one.Finish(t.Context(), step, url.Values{"oauth_token": answer["oauth_token"]})
	is(t, err, parvis.ErrInvalid, "start connecting again")
	_, err = one.Finish(t.Context(), step, url.Values{"oauth_token": answer["oauth_token"], "oauth_verifier": {"parvis-secret-wrong"}})
	is(t, err, parvis.ErrAuth, "start connecting again")
	_, err = one.Finish(t.Context(), step, answer)
	is(t, err, parvis.ErrAuth, "start connecting again")

	in := input()
	in.Callback = "https://other.example/cb"
	_, err = one.Start(t.Context(), in)
	is(t, err, parvis.ErrInvalid, "register exactly https://other.example/cb under Callback URI / Redirect URL at https://developer.x.com")

	bad := oauth.XOne(oauth.App{ID: r.app.ID, Secret: "parvis-secret-wrong"}, r.site)
	_, err = bad.Start(t.Context(), input())
	is(t, err, parvis.ErrInvalid, "ID and secret")
	_, err = oauth.XOne(oauth.App{ID: "x"}, r.site).Start(t.Context(), input())
	is(t, err, parvis.ErrInvalid, "ID and secret")
}

func TestOneWithAWrongClock(t *testing.T) {
	t.Parallel()
	for ahead, want := range map[time.Duration]string{time.Hour: "about 1 h", -time.Hour: "about 1 h", 20 * time.Minute: "about 20 min", 96 * time.Hour: "about 4 d"} {
		r := newRig(t, authserver.Options{Ahead: ahead})
		_, err := oauth.XOne(r.app, r.site).Start(t.Context(), input())
		e := is(t, err, parvis.ErrInvalid, "the clock of this machine is wrong by "+want+"; set it")
		assert.Contains(t, e.Vendor, "135")
	}
	r := newRig(t, authserver.Options{Ahead: time.Minute})
	r.must(oauth.XOne(r.app, r.site), authserver.Answer{})
}

func TestOneAnswersThatAreOdd(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		fault apitest.Fault
		code  parvis.Code
		help  string
	}{
		"not confirmed": {apitest.Fault{Kind: apitest.ErrorBefore, Status: 200, Body: "oauth_token=parvis-secret-1&oauth_token_secret=parvis-secret-2"}, parvis.ErrUnsupported, "older version"},
		"no token":      {apitest.Fault{Kind: apitest.ErrorBefore, Status: 200, Body: "oauth_callback_confirmed=true"}, parvis.ErrBadAnswer, "try again"},
		"no form":       {apitest.Fault{Kind: apitest.ErrorBefore, Status: 200, Body: "%zz"}, parvis.ErrUnknownOutcome, "start"},
		"problem":       {apitest.Fault{Kind: apitest.ErrorBefore, Status: 401, Body: "oauth_problem=timestamp_refused"}, parvis.ErrInvalid, "check the clock"},
		"dead":          {apitest.Fault{Kind: apitest.ErrorBefore, Status: 401, Body: "oauth_problem=token_expired"}, parvis.ErrAuth, "start"},
		"page":          {apitest.Fault{Kind: apitest.HTMLError}, parvis.ErrUnavailable, "firewall"},
		"503":           {apitest.Fault{Kind: apitest.ErrorBefore, Status: 503}, parvis.ErrUnknownOutcome, ""},
		"429":           {apitest.Fault{Kind: apitest.RateLimited, RetryAfter: time.Minute}, parvis.ErrRateLimited, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, authserver.Options{})
			r.server.Faults.Inject(tc.fault)
			_, err := oauth.XOne(r.app, r.site).Start(t.Context(), input())
			is(t, err, tc.code, tc.help)
		})
	}
}
