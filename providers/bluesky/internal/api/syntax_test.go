package api

import (
	"encoding/base64"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
)

func claimsOf(t testing.TB, jws string) string {
	t.Helper()
	parts := strings.Split(jws, ".")
	require.Len(t, parts, 3)
	b, err := base64.RawURLEncoding.DecodeString(parts[1])
	require.NoError(t, err)
	return string(b)
}

func jwt(claims string) string {
	return "e30." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".c2ln"
}

// The examples of the specifications.
func TestSyntax(t *testing.T) {
	t.Parallel()
	for s, valid := range map[string]bool{
		"did:plc:z72i7hdynmk6r22z27h6tvur": true, "did:web:blueskyweb.xyz": true, "did:method:val:two": true,
		"did:m:v": true, "did:method::::val": true, "did:key:zQ3shZc2QzApp2oymGvQbzP8eKheVshBHbU4ZYjeXqwSKEn6N": true,
		"did:METHOD:val": false, "did:m123:val": false, "DID:method:val": false, "did:method:": false, "did:method:val/two": false,
		"did:method:val?two": false, "did:method:val#two": false, "did:plc:a%": false, "": false, "did:plc:" + strings.Repeat("a", 2048): false,
	} {
		assert.Equal(t, valid, ValidDID(s), s)
	}
	for s, valid := range map[string]bool{
		"jay.bsky.social": true, "8.cn": true, "name.t--t": true, "XX.LCS.MIT.EDU": true, "a.co": true, "xn--notarealidn.com": true,
		"jo@hn.test": false, "💩.test": false, "john..test": false, "xn--bcher-.tld": false, "john.0": false, "cn.8": false,
		"www.masełkowski.pl.com": false, "org": false, "name.org.": false, ".a.b": false, strings.Repeat("a.", 130) + "com": false,
	} {
		assert.Equal(t, valid, ValidHandle(s), s)
	}
	for s, valid := range map[string]bool{
		"com.example.fooBar": true, "net.users.bob.ping": true, "a-0.b-1.c": true, "a.b.c": true, "cn.8.lex.stuff": true,
		"com.exa💩ple.thing": false, "com.example": false, "com.example.3": false, "a.b.c.": false, "com.example.foo-bar": false,
	} {
		assert.Equal(t, valid, ValidNSID(s), s)
	}
	for s, valid := range map[string]bool{
		"3jui7kd54zh2y": true, "self": true, "example.com": true, "~1.2-3_": true, "dHJ1ZQ": true, "pre:fix": true, "_": true,
		"alpha/beta": false, ".": false, "..": false, "@handle": false, "any space": false, "any+space": false, "": false,
		"number[3]": false, "HASH#": false, strings.Repeat("o", 513): false,
	} {
		assert.Equal(t, valid, ValidRKey(s), s)
	}
}

func TestURI(t *testing.T) {
	t.Parallel()
	u, err := ParseURI("at://did:plc:alice234567/app.bsky.feed.post/3jui7kd54zh2y")
	require.NoError(t, err)
	assert.Equal(t, URI{"did:plc:alice234567", "app.bsky.feed.post", "3jui7kd54zh2y"}, u)
	assert.Equal(t, "at://did:plc:alice234567/app.bsky.feed.post/3jui7kd54zh2y", u.String())
	for _, s := range []string{
		"", "at://", "at://did:plc:a", "at://did:plc:a/app.bsky.feed.post", "at://did:plc:a/app.bsky.feed.post/", "https://did:plc:a/a.b.c/x",
		"at://did:plc:a/a.b.c/x/y", "at://did:plc:a/a.b.c/x#y", "at://did:plc:a/a.b.c/..", "at://user/a.b.c/x", "at://did:plc:a/../x",
	} {
		_, err := ParseURI(s)
		require.ErrorIs(t, err, parvis.ErrInvalid, s)
	}
}

// FuzzParseURI: what is accepted is written as it was read, and safe in a path.
func FuzzParseURI(f *testing.F) {
	f.Add("at://did:plc:alice234567/app.bsky.feed.post/3jui7kd54zh2y")
	f.Add("at://bob.test/a.b.c/self")
	f.Add("at://did:plc:a/a.b.c/..")
	f.Fuzz(func(t *testing.T, s string) {
		u, err := ParseURI(s)
		if err != nil {
			return
		}
		require.Equal(t, s, u.String())
		require.NotContains(t, u.RKey, "/")
		require.NotEqual(t, "..", u.RKey)
	})
}

func TestTID(t *testing.T) {
	t.Parallel()
	at, clock, ok := ParseTID("3jzfcijpj2z2a")
	require.True(t, ok)
	assert.Equal(t, "3jzfcijpj2z2a", TID(at, clock))
	assert.Equal(t, 2023, at.UTC().Year())
	assert.Equal(t, "2222222222222", TID(time.UnixMicro(0), 0))
	now := time.Date(2026, 11, 21, 12, 0, 0, 123456000, time.UTC)
	assert.Less(t, TID(now, 1023), TID(now.Add(time.Microsecond), 0), "keys sort as their moments do")
	assert.Less(t, TID(now, 1), TID(now, 2))
	back, clock, ok := ParseTID(TID(now, 7))
	require.True(t, ok)
	assert.True(t, back.Equal(now))
	assert.EqualValues(t, 7, clock)
	for _, s := range []string{"7777777777777", "3zzzzzzzzzzzz"} {
		_, _, ok := ParseTID(s)
		assert.True(t, ok, s)
	}
	// The invalid ones of https://atproto.com/specs/tid
	for _, s := range []string{"3jzfcijpj2z21", "0000000000000", "3jzfcijpj2z2aa", "3jzfcijpj2z2", "3jzf-cij-pj2z-2a", "zzzzzzzzzzzzz", "kjzfcijpj2z2a", "czzzzzzzzzzzz", ""} {
		_, _, ok := ParseTID(s)
		assert.False(t, ok, s)
	}
}

// FuzzTID: what is read as a key is written as the same key.
func FuzzTID(f *testing.F) {
	f.Add("3jzfcijpj2z2a")
	f.Add("bzzzzzzzzzzzz")
	f.Fuzz(func(t *testing.T, s string) {
		at, clock, ok := ParseTID(s)
		if ok {
			require.Equal(t, s, TID(at, clock))
		}
	})
}

func TestJWT(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0)
	for claims, want := range map[string]time.Time{
		`{"iat":1795306690,"exp":1795313890}`: now.Add(2 * time.Hour), // by the span: the server's clock is another one
		`{"exp":1800000060}`:                  now.Add(time.Minute),
		`{"iat":1800000060,"exp":1800000000}`: now,
		`{"exp":-1}`:                          {},
		`{"exp":1e300}`:                       {},
		`{"exp":"x"}`:                         {},
		`{}`:                                  {},
		`x`:                                   {},
	} {
		assert.True(t, want.Equal(ParseJWT(jwt(claims)).Until(now)), "%s gives %v", claims, ParseJWT(jwt(claims)).Until(now))
	}
	assert.Equal(t, alice, ParseJWT(jwt(`{"sub":"`+alice+`"}`)).DID())
	assert.Empty(t, ParseJWT(jwt(`{"sub":"somebody"}`)).DID())
	for _, s := range []string{"", "a.b", "a.!.c", "a.b.c.d", strings.Repeat("a", maxJWT+1) + ".e30.x"} {
		assert.Equal(t, Claims{}, ParseJWT(s))
	}
}

// FuzzJWTExpiry: whatever a token says, its end is never absurd.
func FuzzJWTExpiry(f *testing.F) {
	f.Add(jwt(`{"iat":1795306690,"exp":1795313890}`))
	f.Add(jwt(`{"iat":-5e18,"exp":9e18}`))
	f.Add("a.b.c")
	now := time.Unix(1_800_000_000, 0)
	f.Fuzz(func(t *testing.T, s string) {
		end := ParseJWT(s).Until(now)
		if !end.IsZero() {
			require.Less(t, math.Abs(end.Sub(now).Hours()), 101*365*24.0*2)
		}
	})
}
