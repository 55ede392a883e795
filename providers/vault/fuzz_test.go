package vault

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
)

// FuzzRow: what is in a row never makes a token out of nothing, never panics, and a
// token that is sealed opens as it was.
func FuzzRow(f *testing.F) {
	f.Add([]byte(`{"v":"parvis-secret-1","r":"parvis-secret-2","t":"DPoP","s":["read"],"x":{"key":"parvis-secret-3"}}`))
	f.Add([]byte(`{"v":1}`))
	f.Add([]byte(`{}`))
	f.Add([]byte(`null`))
	f.Add([]byte(``))
	f.Add(bytes.Repeat([]byte("["), 10_000))
	key := newAEAD(bytes.Repeat([]byte{7}, keySize))
	a := parvis.Account{Client: "acme", Network: "town", ID: "1"}
	f.Fuzz(func(t *testing.T, row []byte) {
		_, err := openToken(key, a, 1, row)
		require.ErrorIs(t, err, parvis.ErrInvalid, "nobody without the key makes a row")

		token, err := decodeToken(row)
		if err != nil {
			require.ErrorIs(t, err, errFormat)
			return
		}
		sealed, err := sealToken(key, a, 5, token)
		require.NoError(t, err)
		again, err := openToken(key, a, 5, sealed)
		require.NoError(t, err)
		assert.True(t, token.Value == again.Value && token.Refresh == again.Refresh && len(token.Extra) == len(again.Extra), "the token differs")
		_, err = openToken(key, a, 6, sealed)
		require.ErrorIs(t, err, parvis.ErrInvalid, "the version is bound")
		a := a
		a.Client = "globex"
		_, err = openToken(key, a, 5, sealed)
		require.ErrorIs(t, err, parvis.ErrInvalid, "the client is bound")
	})
}

func TestBindIsUnambiguous(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, parts := range [][]string{{"a", "b"}, {"ab"}, {"a", "", "b"}, {"", "ab"}, {"ab", ""}, {}, {""}, {"\x01a"}} {
		s := string(bind(parts...))
		assert.False(t, seen[s], parts)
		seen[s] = true
	}
}
