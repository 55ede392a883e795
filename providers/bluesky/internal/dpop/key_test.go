package dpop

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// verify checks the signature of a JWS by the key in its own header, and returns its parts.
func verify(t testing.TB, jws string) (header map[string]any, claims map[string]any) {
	t.Helper()
	parts := strings.Split(jws, ".")
	require.Len(t, parts, 3)
	for i, out := range []*map[string]any{&header, &claims} {
		b, err := encoding.DecodeString(parts[i])
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(b, out))
	}
	sig, err := encoding.DecodeString(parts[2])
	require.NoError(t, err)
	require.Len(t, sig, 64)
	jwk, _ := header["jwk"].(map[string]any)
	require.NotNil(t, jwk)
	require.NotContains(t, jwk, "d", "the private half stays here")
	public, err := parsePoint(jwk["x"].(string), jwk["y"].(string))
	require.NoError(t, err)
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	r, s := new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:])
	require.True(t, ecdsa.Verify(public, sum[:], r, s), "the signature is good")
	return header, claims
}

func parsePoint(x, y string) (*ecdsa.PublicKey, error) {
	bx, err := encoding.DecodeString(x)
	if err != nil {
		return nil, err
	}
	by, err := encoding.DecodeString(y)
	if err != nil {
		return nil, err
	}
	return ecdsa.ParseUncompressedPublicKey(elliptic.P256(), append(append([]byte{4}, bx...), by...))
}

// TestThumbprint is the example of RFC 9449, figures 3 and 9.
func TestThumbprint(t *testing.T) {
	t.Parallel()
	j := JWK{Kty: "EC", Crv: "P-256", X: "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs", Y: "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA"}
	assert.Equal(t, "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I", j.Thumbprint())
	j.Kid, j.Use, j.Alg = "x", "sig", "ES256"
	assert.Equal(t, "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I", j.Thumbprint(), "other members do not count")
}

// TestProofsOfTheStandard verifies the proofs of RFC 9449, so that the check of this
// package's own proofs is known to be the standard's.
func TestProofsOfTheStandard(t *testing.T) {
	t.Parallel()
	_, claims := verify(t, "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19"+
		".eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ"+
		".2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg")
	assert.Equal(t, map[string]any{"jti": "-BwC3ESc6acc2lTc", "htm": "POST", "htu": "https://server.example.com/token", "iat": 1562262616.0}, claims)
}

func TestKeySurvivesStorage(t *testing.T) {
	t.Parallel()
	k, err := NewKey()
	require.NoError(t, err)
	text, err := k.Marshal()
	require.NoError(t, err)
	back, err := ParseKey(text)
	require.NoError(t, err)
	assert.Equal(t, k.Thumbprint(), back.Thumbprint())
	assert.Len(t, k.Public().X, 43)
	assert.Len(t, k.Public().Y, 43)
}

func TestBrokenKeys(t *testing.T) {
	t.Parallel()
	other, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	require.NoError(t, err)
	_, err = FromECDSA(other)
	require.Error(t, err)
	_, err = FromECDSA(nil)
	require.Error(t, err)
	for _, s := range []string{"", "!", "AAAA", strings.Repeat("A", 4000)} {
		_, err := ParseKey(s)
		require.Error(t, err, "%d characters", len(s))
	}
}

func TestKeyIsNeverPrinted(t *testing.T) {
	t.Parallel()
	k, err := NewKey()
	require.NoError(t, err)
	text, err := k.Marshal()
	require.NoError(t, err)
	d, err := k.private.Bytes()
	require.NoError(t, err)
	number := new(big.Int).SetBytes(d).String()
	asJSON, err := json.Marshal(k)
	require.NoError(t, err)
	for _, printed := range []string{fmt.Sprint(k), fmt.Sprintf("%#v %+v %s %v", k, k, k, k), string(asJSON), k.LogValue().String()} {
		require.False(t, strings.Contains(printed, text) || strings.Contains(printed, number), "a key is printed")
		assert.Contains(t, printed, "[redacted]")
	}
}

// FuzzParseKey reads what a store may have spoiled.
func FuzzParseKey(f *testing.F) {
	k, err := NewKey()
	require.NoError(f, err)
	text, err := k.Marshal()
	require.NoError(f, err)
	f.Add(text)
	f.Add("")
	f.Fuzz(func(t *testing.T, s string) {
		k, err := ParseKey(s)
		if err != nil {
			require.Nil(t, k)
			return
		}
		again, err := k.Marshal()
		require.NoError(t, err)
		back, err := ParseKey(again)
		require.NoError(t, err)
		require.Equal(t, k.Thumbprint(), back.Thumbprint())
	})
}
