package api

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestKeyTID(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "3l6oveex3ii2l", KeyTID(did, "3l6oveex3ii2l"), "a TID stands for itself")
	seen := map[string]bool{}
	from, to := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 2, 13, 0, 0, 0, 0, time.UTC)
	for i := range 20000 {
		key := KeyTID(did, "key "+strconv.Itoa(i))
		require.False(t, seen[key])
		seen[key] = true
		at, _, ok := ParseTID(key)
		require.True(t, ok, key)
		require.False(t, at.Before(from) || at.After(to), "%v is not plausible", at)
	}
	assert.NotEqual(t, KeyTID(did, "a"), KeyTID("did:web:a.example", "a"))
	assert.NotEqual(t, KeyTID(did, "a"), KeyTID(did, "a-1"))
}

func TestValidTID(t *testing.T) {
	t.Parallel()
	// https://atproto.com/specs/tid
	for s, want := range map[string]bool{
		"3jzfcijpj2z2a": true, "7777777777777": true, "3zzzzzzzzzzzz": true, "2222222222222": true,
		"3jzfcijpj2z21": false, "0000000000000": false, "3jzfcijpj2z2aa": false, "3jzfcijpj2z2": false, "222": false,
		"3jzf-cij-pj2z-2a": false, "zzzzzzzzzzzzz": false, "kjzfcijpj2z2a": false, "3JZFCIJPJ2Z2A": false, "": false,
	} {
		assert.Equal(t, want, ValidTID(s), s)
	}
	now := NowTID()
	at, _, ok := ParseTID(now)
	require.True(t, ok)
	assert.WithinDuration(t, time.Now(), at, time.Minute)
}

func FuzzKeyTID(f *testing.F) {
	f.Add("did:plc:x", "key")
	f.Add("", "3jzfcijpj2z2a")
	f.Fuzz(func(t *testing.T, did, key string) {
		tid := KeyTID(did, key)
		require.True(t, ValidTID(tid))
		at, clock, ok := ParseTID(tid)
		require.True(t, ok)
		require.Equal(t, tid, TID(at, clock))
		require.Equal(t, tid, KeyTID(did, tid), "the record key of a key is its own record key")
	})
}
