package oauth

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"math/big"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/httpx"
	"github.com/parvis-go/parvis/internal/public"
)

func unpad(t *testing.T, s string) []byte {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(s)
	require.NoError(t, err)
	return b
}

func number(t *testing.T, s string) *big.Int { return new(big.Int).SetBytes(unpad(t, s)) }

// payload is that of all examples of RFC 7515, appendix A.
const payload = "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}"

// TestVectorHS256 is RFC 7515, appendix A.1.
func TestVectorHS256(t *testing.T) {
	t.Parallel()
	s, err := HS256("", unpad(t, "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"))
	require.NoError(t, err)
	got, err := s.compact([]byte("{\"typ\":\"JWT\",\r\n \"alg\":\"HS256\"}"), []byte(payload))
	require.NoError(t, err)
	assert.Equal(t, "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ."+
		"dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", got)
}

// TestVectorRS256 is RFC 7515, appendix A.2.
func TestVectorRS256(t *testing.T) {
	t.Parallel()
	key := &rsa.PrivateKey{
		PublicKey: rsa.PublicKey{E: 65537, N: number(t, "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMs"+
			"D1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdV"+
			"MTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ")},
		D: number(t, "Eq5xpGnNCivDflJsRQBXHx1hdR1k6Ulwe2JZD50LpXyWPEAeP88vLNO97IjlA7_GQ5sLKMgvfTeXZx9SE-7YwVol2NXOoAJe46sui395IW_GO-pWJ1O0"+
			"BkTGoVEn2bKVRUCgu-GjBVaYLU6f3l9kJfFNS3E0QbVdxzubSu3Mkqzjkn439X0M_V51gfpRLI9JYanrC4D4qAdGcopV_0ZHHzQlBjudU2QvXt4ehNYT"+
			"CBr6XCLQUShb1juUO1ZdiYoFaFQT5Tw8bGUl_x_jTj3ccPDVZFD9pIuhLhBOneufuBiB4cS98l2SR_RQyGWSeWjnczT0QU91p1DhOVRuOopznQ"),
		Primes: []*big.Int{
			number(t, "4BzEEOtIpmVdVEZNCqS7baC4crd0pqnRH_5IB3jw3bcxGn6QLvnEtfdUdiYrqBdss1l58BQ3KhooKeQTa9AB0Hw_Py5PJdTJNPY8cQn7ouZ2KKDcmnPG"+
				"BY5t7yLc1QlQ5xHdwW1VhvKn-nXqhJTBgIPgtldC-KDV5z-y2XDwGUc"),
			number(t, "uQPEfgmVtjL0Uyyx88GZFF1fOunH3-7cepKmtH4pxhtCoHqpWmT8YAmZxaewHgHAjLYsp1ZSe7zFYHj7C6ul7TjeLQeZD_YwD66t62wDmpe_HlB-TnBA"+
				"-njbglfIsRLtXlnDzQkv5dTltRJ11BKBBypeeF6689rjcJIDEz9RWdc"),
		},
	}
	s, err := RS256("", key)
	require.NoError(t, err)
	got, err := s.compact([]byte(`{"alg":"RS256"}`), []byte(payload))
	require.NoError(t, err)
	assert.Equal(t, "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ."+
		"cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZ"+
		"cAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-e"+
		"OkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw", got)
}

// TestVectorES256 verifies the signature of RFC 7515, appendix A.3, and one made with its
// key, by the same code: signatures of ECDSA are never the same.
func TestVectorES256(t *testing.T) {
	t.Parallel()
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), unpad(t, "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"))
	require.NoError(t, err)
	public, err := key.PublicKey.Bytes()
	require.NoError(t, err)
	point := append(unpad(t, "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"), unpad(t, "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0")...)
	require.Equal(t, point, public[1:], "the public key of the example")
	s, err := ES256("", key)
	require.NoError(t, err)
	got, err := s.compact([]byte(`{"alg":"ES256"}`), []byte(payload))
	require.NoError(t, err)
	const signed = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
	for _, text := range []string{got, signed + ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"} {
		cut := strings.LastIndexByte(text, '.')
		assert.Equal(t, signed, text[:cut])
		sig := unpad(t, text[cut+1:])
		require.Len(t, sig, 64)
		sum := sha256.Sum256([]byte(text[:cut]))
		assert.True(t, ecdsa.Verify(&key.PublicKey, sum[:], new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:])))
	}
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]answer{
		`{"access_token":"a","token_type":"Bearer","expires_in":3600,"refresh_token":"r","scope":"x y"}`: {access: "a", refresh: "r", life: time.Hour, scopes: []string{"x", "y"}},
		`{"access_token":"a","expires_in":"3600","scope":"x,y"}`:                                         {access: "a", life: time.Hour, scopes: []string{"x", "y"}},
		`{"access_token":"a","expires_in":3600.5,"scope":["x","y"]}`:                                     {access: "a", life: 3600*time.Second + 500*time.Millisecond, scopes: []string{"x", "y"}},
		`{"access_token":"a","token_type":"DPoP","refresh_token_expires_in":60}`:                         {access: "a", kind: "DPoP", refreshLife: time.Minute},
		`{"access_token":"a","expires_in":null,"scope":""}`:                                              {access: "a", scopes: []string{}},
		`{"access_token":"a","expires_in":-1}`:                                                           {access: "a"},
		`{"access_token":"a","expires_in":1e300}`:                                                        {access: "a"},
		`{"access_token":"a","user_id":12345,"permissions":["p"]}`:                                       {access: "a", user: "12345", scopes: []string{"p"}},
		`{"data":[{"access_token":"a","user_id":"7","permissions":"p,q"}]}`:                              {access: "a", user: "7", scopes: []string{"p", "q"}},
		`access_token=a&expires=60`:                                                                      {access: "a", life: time.Minute},
	} {
		got, err := parseAnswer([]byte(body))
		require.NoError(t, err)
		assert.True(t, assert.ObjectsAreEqual(want, got), body)
	}
	for _, body := range []string{``, `{}`, `[]`, `null`, `"a"`, `{"access_token":""}`, `{"access_token":{}}`, `{"access_token":`, `a=b`, `%zz`, `<html>`} {
		_, err := parseAnswer([]byte(body))
		require.ErrorIs(t, err, errNoToken, body)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]refusal{
		`{"error":"invalid_grant","error_description":"x"}`:                    {"invalid_grant", "x"},
		`{"error":{"message":"m","type":"OAuthException","code":190}}`:         {"190", "m"},
		`{"error":{"code":401,"status":"UNAUTHENTICATED","message":"m"}}`:      {"UNAUTHENTICATED", "m"},
		`{"title":"Forbidden","detail":"d","status":403}`:                      {"Forbidden", "d"},
		`{"errors":[{"code":135,"message":"Timestamp out of bounds."}]}`:       {"135", "Timestamp out of bounds."},
		`{"error_type":"OAuthException","code":400,"error_message":"Invalid"}`: {"OAuthException", "Invalid"},
		`{"status":426,"code":"NONEXISTENT_VERSION","message":"not active"}`:   {"NONEXISTENT_VERSION", "not active"},
		`error=invalid_client&error_description=no`:                            {"invalid_client", "no"},
		`oauth_problem=nonce_used`:                                             {"nonce_used", ""},
		``:                                                                     {}, `[]`: {}, `{"errors":[]}`: {}, `{"errors":["x"]}`: {}, `{"error":7.5}`: {"7.5", ""}, `%zz`: {},
	} {
		assert.Equal(t, want, parseRefusal([]byte(body)), body)
	}
	assert.Empty(t, parseRefusal([]byte(`{"error":"`+strings.Repeat("x", 1<<17)+`"}`)))
	assert.Equal(t, "a: b", refusal{"a", "b"}.vendor())
	assert.Equal(t, "b", refusal{"", "b"}.vendor())
	assert.Equal(t, "a", refusal{"a", ""}.vendor())
}

func FuzzAnswer(f *testing.F) {
	for _, s := range []string{`{"access_token":"a","expires_in":3600,"scope":["x"]}`, `{"data":[{"access_token":"a"}]}`, `access_token=a&expires=9`, `{"access_token":"a","expires_in":"NaN"}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		a, err := parseAnswer(body)
		if (err == nil) != (a.access != "") || a.life < 0 || a.life > maxLife || a.refreshLife < 0 || a.refreshLife > maxLife {
			t.Fatal("an answer is a token and lives, or an error")
		}
		now := time.Unix(1_800_000_000, 0)
		tok := Server{}.token(a, []string{"asked"}, now)
		if tok.Scopes == nil || !tok.Expiry.IsZero() && !tok.Expiry.After(now) {
			t.Fatal("scopes must be known, and a token must not be over when it begins")
		}
		for _, scope := range tok.Scopes {
			if scope == "" {
				t.Fatal("an empty scope")
			}
		}
	})
}

func FuzzRefusal(f *testing.F) {
	for _, s := range []string{`{"error":"invalid_grant"}`, `{"error":{"code":190,"error_subcode":458,"message":"m"}}`, `{"errors":[{"code":1}]}`, `error=x`, `<html>`} {
		f.Add(400, []byte(s))
	}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		a := &httpx.Response{Status: status, Header: http.Header{}, Body: body}
		for p := exchanging; p <= asserting; p++ {
			e := Server{Gone: []string{"gone"}}.refuse(p, "https://app.example/cb")(a)
			if e != nil && e.Code == parvis.ErrAuth && !strings.Contains(strings.ToLower(string(body)), "invalid") && !strings.Contains(string(body), "gone") {
				// Escapes of JSON may spell the code without these letters.
				if !strings.Contains(string(body), `\`) && !strings.Contains(string(body), "%") {
					t.Fatal("an account was given up without the network's word")
				}
			}
		}
		if e := GraphError(status, http.Header{}, body); e != nil && e.Code == "" {
			t.Fatal("an error without a code")
		}
	})
}

func FuzzCallback(f *testing.F) {
	for _, s := range []string{"code=a&state=b", "error=access_denied", "error=invalid_scope&error_description=Scope+a.b", "code=a&iss=x", "error_code=100&error_message=x", "code=%23_"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, query string) {
		back, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		w := newWire(parvis.Account{Network: "x"}, nil)
		code, err := Server{Issuer: "https://issuer.example"}.callback(w, back, "https://app.example/cb")
		if (err == nil) != (code != "") {
			t.Fatal("a code or an error")
		}
		if err != nil && parvis.CodeOf(err) == "" {
			t.Fatal("an error without a code")
		}
		if err != nil && len(err.Error()) > 2000 {
			t.Fatal("an error too long to be read")
		}
	})
}

func FuzzAddress(f *testing.F) {
	for _, s := range []string{"mastodon.example", "@acme@mastodon.example", "https://blog.example/news/", "http://127.0.0.1:3000", "https://[::1]/", "https://a.example:99999", "https://user@a.example"} {
		f.Add(s, true)
		f.Add(s, false)
	}
	f.Fuzz(func(t *testing.T, typed string, local bool) {
		u, err := ParseAddress(typed, local)
		if err != nil {
			return
		}
		if u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Scheme != "https" && (!local || u.Scheme != "http") {
			t.Fatalf("%q became %q", typed, u)
		}
		if ip, err := netip.ParseAddr(u.Hostname()); err == nil && !local && !public.Addr(ip) {
			t.Fatalf("%q is a private address", typed)
		}
		again, err := ParseAddress(u.String(), local)
		if err != nil || again.String() != u.String() {
			t.Fatalf("%q is read as %q, and that not as itself", typed, u)
		}
	})
}

func FuzzBaseString(f *testing.F) {
	f.Add("https://a.example/x?b=1&a=%20", "c=d+e")
	f.Fuzz(func(t *testing.T, address, form string) {
		u, err := url.Parse(address)
		if err != nil {
			return
		}
		r := &http.Request{
			Method: http.MethodPost, URL: u, Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}},
			Body: io.NopCloser(strings.NewReader(form)),
		}
		base, err := BaseString(r, nil)
		if _, bad := url.ParseQuery(form); (err != nil) != (bad != nil) {
			t.Fatalf("%q: %v", form, err)
		}
		if err == nil && strings.Count(base, "&") != 2 {
			t.Fatalf("%q has not three parts", base)
		}
	})
}

func TestPublicOnly(t *testing.T) {
	t.Parallel()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://localhost:1/", nil)
	require.NoError(t, err)
	_, err = PublicOnly().Do(req)
	require.ErrorIs(t, err, parvis.ErrInvalid, "a name that leads inside is refused as well")
}
