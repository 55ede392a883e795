package oauth_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"strings"
	"sync"
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

// hs256 verifies as RFC 7515, appendix A.1 has it.
func hs256(key []byte) func(alg, text string, sig []byte) bool {
	return func(alg, text string, sig []byte) bool {
		mac := hmac.New(sha256.New, key)
		_, _ = mac.Write([]byte(text))
		return alg == "HS256" && hmac.Equal(mac.Sum(nil), sig)
	}
}

func rs256(key *rsa.PublicKey) func(alg, text string, sig []byte) bool {
	return func(alg, text string, sig []byte) bool {
		sum := sha256.Sum256([]byte(text))
		return alg == "RS256" && rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], sig) == nil
	}
}

func es256(key *ecdsa.PublicKey) func(alg, text string, sig []byte) bool {
	return func(alg, text string, sig []byte) bool {
		sum := sha256.Sum256([]byte(text))
		return alg == "ES256" && len(sig) == 64 &&
			ecdsa.Verify(key, sum[:], new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:]))
	}
}

// readToken takes a signed token apart and verifies it.
func readToken(t *testing.T, text string, verify func(alg, text string, sig []byte) bool) (header, claims map[string]any) {
	t.Helper()
	parts := strings.Split(text, ".")
	require.Len(t, parts, 3)
	sig, err := base64.RawURLEncoding.DecodeString(parts[2])
	require.NoError(t, err)
	for i, into := range []*map[string]any{&header, &claims} {
		b, err := base64.RawURLEncoding.DecodeString(parts[i])
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(b, into))
	}
	require.True(t, verify(fmt.Sprint(header["alg"]), parts[0]+"."+parts[1], sig), "the signature does not verify")
	return header, claims
}

var shared = []byte("parvis-secret-0123456789012345678901234567890")

func rsaKey(t testing.TB) *rsa.PrivateKey {
	t.Helper()
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	return k
}

func ecKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	return k
}

func TestSignedTokens(t *testing.T) {
	t.Parallel()
	rk, ek := rsaKey(t), ecKey(t)
	hs, err := oauth.HS256("k1", shared)
	require.NoError(t, err)
	rs, err := oauth.RS256("k1", rk)
	require.NoError(t, err)
	es, err := oauth.ES256("k1", ek)
	require.NoError(t, err)
	at := time.Unix(1_800_000_000, 0)
	for name, tc := range map[string]struct {
		signer oauth.Signer
		verify func(alg, text string, sig []byte) bool
	}{"HS256": {hs, hs256(shared)}, "RS256": {rs, rs256(&rk.PublicKey)}, "ES256": {es, es256(&ek.PublicKey)}} {
		for range 20 { // signatures of ECDSA differ, some have leading zeros
			text, err := tc.signer.Sign(oauth.Claims{Issuer: "me", Subject: "you", Audience: "/admin/", Unique: true, More: map[string]any{"iss": "other", "x": 1}}, at)
			require.NoError(t, err)
			header, claims := readToken(t, text, tc.verify)
			assert.Equal(t, map[string]any{"alg": name, "typ": "JWT", "kid": "k1"}, header)
			assert.NotEmpty(t, claims["jti"])
			delete(claims, "jti")
			assert.Equal(t, map[string]any{"iss": "me", "sub": "you", "aud": "/admin/", "iat": 1.8e9, "exp": 1.8e9 + 300, "x": 1.0}, claims)
		}
		assert.Equal(t, name+" key k1", fmt.Sprintf("%v", tc.signer))
		assert.Equal(t, name+" key k1", fmt.Sprintf("%#v", tc.signer))
	}
	_, err = oauth.Signer{}.Sign(oauth.Claims{}, at)
	require.ErrorIs(t, err, parvis.ErrInvalid)
	_, err = hs.Sign(oauth.Claims{More: map[string]any{"x": func() {}}}, at)
	require.ErrorIs(t, err, parvis.ErrInvalid)
}

func TestKeys(t *testing.T) {
	t.Parallel()
	rk, ek := rsaKey(t), ecKey(t)
	p8, err := x509.MarshalPKCS8PrivateKey(rk)
	require.NoError(t, err)
	e8, err := x509.MarshalPKCS8PrivateKey(ek)
	require.NoError(t, err)
	sec, err := x509.MarshalECPrivateKey(ek)
	require.NoError(t, err)
	enc := func(kind string, b []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: b}))
	}
	for text, alg := range map[string]string{
		enc("PRIVATE KEY", p8): "RS256", enc("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rk)): "RS256",
		enc("PRIVATE KEY", e8): "ES256", enc("EC PRIVATE KEY", sec): "ES256",
		" " + strings.ReplaceAll(enc("PRIVATE KEY", e8), "\n", `\n`): "ES256",
	} {
		s, err := oauth.ParseKey("k", text)
		require.NoError(t, err)
		assert.Equal(t, alg+" key k", s.String())
	}
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	require.NoError(t, err)
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	require.NoError(t, err)
	b384, err := x509.MarshalPKCS8PrivateKey(p384)
	require.NoError(t, err)
	for _, bad := range []string{"", "x", enc("PRIVATE KEY", []byte("x")), enc("PRIVATE KEY", b384), enc("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(small))} {
		_, err := oauth.ParseKey("k", bad)
		require.ErrorIs(t, err, parvis.ErrInvalid)
	}
	for _, bad := range []string{"", "id", "id:", ":" + hex.EncodeToString(shared), "id:xyz", "id:" + hex.EncodeToString(shared[:31])} {
		_, err := oauth.HexKey(bad)
		require.ErrorIs(t, err, parvis.ErrInvalid)
	}
	_, err = oauth.RS256("", nil)
	require.ErrorIs(t, err, parvis.ErrInvalid)
	_, err = oauth.ES256("", nil)
	require.ErrorIs(t, err, parvis.ErrInvalid)
}

// ghost is a network of the kind of Ghost's Admin API.
func ghost(r *rig) *oauth.JWT {
	return &oauth.JWT{
		Manifest: providers.Manifest{Network: "ghost", Title: "Ghost"}, Claims: oauth.Claims{Audience: "/admin/"}, Type: "Ghost", Options: r.options(),
		Check: func(ctx context.Context, o *providers.Options, t parvis.Token) (providers.Choice, error) {
			q, err := http.NewRequestWithContext(ctx, http.MethodGet, authserver.URL+"/ghost/api/admin/site/", nil)
			if err != nil {
				return providers.Choice{}, err
			}
			q.Header.Set("Authorization", t.Type+" "+t.Value)
			resp, err := o.HTTPClient.Do(q)
			if err != nil {
				return providers.Choice{}, &parvis.Error{Code: parvis.ErrUnavailable, Err: err}
			}
			defer resp.Body.Close()
			if resp.StatusCode != 200 {
				return providers.Choice{}, &parvis.Error{Code: parvis.ErrAuth, Message: "the site does not accept the key", Help: "check the key"}
			}
			return providers.Choice{Account: parvis.Account{Host: "auth.example", ID: "1"}, Type: "site"}, nil
		},
	}
}

func TestServiceKeys(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, authserver.Options{})
		r.server.AddKey("k9", authserver.Key{Verify: hs256(shared)})
		j := ghost(r)
		assert.Equal(t, []providers.Field{{Name: "key", Label: "Key", Secret: true}}, j.Form().Fields)
		in := providers.Input{Values: map[string]string{"key": " k9:" + hex.EncodeToString(shared) + "\n"}}
		step, err := j.Start(t.Context(), in)
		require.NoError(t, err)
		require.NotNil(t, step.Grant)
		assert.Empty(t, step.URL)
		ch := step.Grant.Choices[0]
		assert.Equal(t, parvis.Network("ghost"), ch.Account.Network)
		assert.True(t, strings.HasPrefix(ch.Token.Value, "k9:"), "the key is what is kept")

		src := j.Source(source{token: ch.Token})
		one, err := src.Token(t.Context())
		require.NoError(t, err)
		header, claims := readToken(t, one.Value, hs256(shared))
		assert.Equal(t, "k9", header["kid"])
		assert.InDelta(t, 300, claims["exp"].(float64)-claims["iat"].(float64), 0)
		assert.Equal(t, "Ghost", one.Type)
		time.Sleep(2 * time.Minute)
		two, err := src.Token(t.Context())
		require.NoError(t, err)
		same(t, one.Value, two.Value, "a token is used for half its life: it")
		time.Sleep(time.Minute)
		three, err := src.Token(t.Context())
		require.NoError(t, err)
		other(t, one.Value, three.Value, "the token of later")

		in.Values["key"] = "k8:" + hex.EncodeToString(shared)
		_, err = j.Start(t.Context(), in)
		is(t, err, parvis.ErrAuth, "check the key")
		in.Values["key"] = "nonsense"
		_, err = j.Start(t.Context(), in)
		is(t, err, parvis.ErrInvalid, "new key")
		in.Values["key"] = " "
		_, err = j.Start(t.Context(), in)
		is(t, err, parvis.ErrInvalid, "fill it in")
		_, err = j.Finish(t.Context(), step, nil)
		is(t, err, parvis.ErrUnsupported, "grant of its start")
		_, err = j.Source(source{err: parvis.ErrAuth}).Token(t.Context())
		require.ErrorIs(t, err, parvis.ErrAuth)
		_, err = j.Source(source{token: parvis.Token{Value: "x"}}).Token(t.Context())
		require.ErrorIs(t, err, parvis.ErrInvalid)
	})
}

func TestServiceKeysWithAWrongClock(t *testing.T) {
	t.Parallel()
	for _, ahead := range []time.Duration{time.Hour, -time.Hour} {
		r := newRig(t, authserver.Options{Ahead: ahead})
		r.server.AddKey("k9", authserver.Key{Verify: hs256(shared)})
		_, err := ghost(r).Start(t.Context(), providers.Input{Values: map[string]string{"key": "k9:" + hex.EncodeToString(shared)}})
		is(t, err, parvis.ErrInvalid, "the clock of this machine is wrong by about 1 h; set it")
	}
}

func assertion(r *rig, s oauth.Signer) oauth.Assertion {
	return oauth.Assertion{
		Network: "youtube", TokenURL: authserver.URL + "/token", Signer: s, Scopes: []string{"a", "b"}, Options: r.options(),
		Claims: oauth.Claims{Issuer: "robot@project.example", Subject: "77", Life: time.Hour}, Page: "https://console.example",
	}
}

func TestAssertions(t *testing.T) {
	t.Parallel()
	rk, ek := rsaKey(t), ecKey(t)
	rs, err := oauth.RS256("r", rk)
	require.NoError(t, err)
	es, err := oauth.ES256("e", ek)
	require.NoError(t, err)
	for _, s := range []oauth.Signer{rs, es} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, authserver.Options{Rules: authserver.Google()})
			r.server.AddKey("r", authserver.Key{Issuer: "robot@project.example", Verify: rs256(&rk.PublicKey)})
			r.server.AddKey("e", authserver.Key{Issuer: "robot@project.example", Verify: es256(&ek.PublicKey)})
			src := assertion(r, s).Source()
			var all sync.WaitGroup
			for range 8 {
				all.Go(func() {
					tok, err := src.Token(t.Context())
					assert.NoError(t, err)
					assert.True(t, r.server.Alive(tok.Value))
					assert.Equal(t, []string{"a", "b"}, tok.Scopes)
				})
			}
			all.Wait()
			assert.Equal(t, 1, r.server.Faults.Calls(), "one call for all")
			time.Sleep(58 * time.Minute)
			_, err := src.Token(t.Context())
			require.NoError(t, err)
			assert.Equal(t, 1, r.server.Faults.Calls())
			time.Sleep(90 * time.Second)
			_, err = src.Token(t.Context())
			require.NoError(t, err)
			assert.Equal(t, 2, r.server.Faults.Calls())
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			time.Sleep(time.Hour)
			_, err = src.Token(ctx)
			require.ErrorIs(t, err, context.Canceled)
		})
	}
}

func TestAssertionsThatAreRefused(t *testing.T) {
	t.Parallel()
	rk := rsaKey(t)
	rs, err := oauth.RS256("r", rk)
	require.NoError(t, err)
	r := newRig(t, authserver.Options{Rules: authserver.Google()})
	_, err = assertion(r, rs).Source().Token(t.Context())
	is(t, err, parvis.ErrAuth, "check the key, its ID and the account that it belongs to at https://console.example")
	_, err = assertion(r, oauth.Signer{}).Source().Token(t.Context())
	is(t, err, parvis.ErrInvalid, "")
	r.server.Faults.Inject(apitest.Fault{Kind: apitest.ErrorBefore, Status: 200, Body: "{}"})
	_, err = assertion(r, rs).Source().Token(t.Context())
	is(t, err, parvis.ErrUnknownOutcome, "")

	late := newRig(t, authserver.Options{Rules: authserver.Google(), Ahead: -time.Hour})
	late.server.AddKey("r", authserver.Key{Issuer: "robot@project.example", Verify: rs256(&rk.PublicKey)})
	_, err = assertion(late, rs).Source().Token(t.Context())
	is(t, err, parvis.ErrInvalid, "the clock of this machine is wrong by about 1 h; set it")
}

func TestSecrets(t *testing.T) {
	t.Parallel()
	var seen parvis.Token
	s := &oauth.Secret{
		Manifest: providers.Manifest{Network: "testnet"}, Way: "bot token",
		Check: func(_ context.Context, _ *providers.Options, t parvis.Token) (providers.Choice, error) {
			seen = t
			if t.Value != "parvis-secret-bot" {
				return providers.Choice{}, &parvis.Error{Code: parvis.ErrAuth, Message: "the network does not know the token", Help: "make a new one"}
			}
			return providers.Choice{Account: parvis.Account{ID: "5"}, Token: parvis.Token{Scopes: []string{"all"}, Extra: map[string]string{"more": "1"}}}, nil
		},
	}
	f := s.Form()
	assert.Equal(t, []providers.Field{{Name: "secret", Label: "Bot token", Secret: true}}, f.Fields)
	assert.Equal(t, "testnet", f.Name)
	step, err := s.Start(t.Context(), providers.Input{Values: map[string]string{"secret": " parvis-secret-bot\n"}})
	require.NoError(t, err)
	ch := step.Grant.Choices[0]
	same(t, ch.Token.Value, "parvis-secret-bot", "the token")
	assert.Equal(t, parvis.Account{Network: "testnet", ID: "5"}, ch.Account)
	assert.Equal(t, map[string]string{"more": "1"}, ch.Token.Extra)
	assert.Equal(t, []string{"all"}, step.Grant.Scopes)
	_, err = s.Start(t.Context(), providers.Input{Values: map[string]string{"secret": "parvis-secret-other"}})
	is(t, err, parvis.ErrAuth, "make a new one")
	_, err = s.Start(t.Context(), providers.Input{})
	is(t, err, parvis.ErrInvalid, "fill it in")
	_, err = s.Finish(t.Context(), step, nil)
	is(t, err, parvis.ErrUnsupported, "")

	s.Fields = []providers.Field{{Name: "user", Label: "User", Help: "your login"}, {Name: "secret", Secret: true}, {Name: "hint", Optional: true}}
	_, err = s.Start(t.Context(), providers.Input{Values: map[string]string{"secret": "parvis-secret-bot"}})
	is(t, err, parvis.ErrInvalid, "your login")
	_, err = s.Start(t.Context(), providers.Input{Values: map[string]string{"user": "a\r\nb", "secret": "parvis-secret-bot"}})
	is(t, err, parvis.ErrInvalid, "line break")
	_, err = s.Start(t.Context(), providers.Input{Values: map[string]string{"user": "ana", "secret": "parvis-secret-bot"}})
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"user": "ana"}, seen.Extra)
	s.Check = nil
	_, err = s.Start(t.Context(), providers.Input{Values: map[string]string{"user": "ana", "secret": "parvis-secret-bot"}})
	is(t, err, parvis.ErrInvalid, "set Check")
}
