package vault_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers/vault"
)

// leaks reports whether a secret of these tests is in s: as it is, in hexadecimal, in
// Base64 at each of its three offsets, or as Go prints bytes.
func leaks(s string) bool {
	const mark = "parvis-secret-"
	forms := []string{mark, hex.EncodeToString([]byte(mark)), strings.Trim(fmt.Sprintf("%d", []byte(mark)), "[]")}
	for pad := range 3 {
		e := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", pad) + mark))
		forms = append(forms, e[4:len(e)-4])
	}
	for _, f := range forms {
		if strings.Contains(s, f) {
			return true
		}
	}
	return false
}

func TestLeaksFindsSecrets(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"x parvis-secret-1", hex.EncodeToString([]byte("a parvis-secret-1")), fmt.Sprintf("%d", []byte("ab parvis-secret-1")),
		base64.StdEncoding.EncodeToString([]byte("a parvis-secret-1")), base64.RawURLEncoding.EncodeToString([]byte("ab parvis-secret-1")),
		base64.StdEncoding.EncodeToString([]byte("abc parvis-secret-1")),
	} {
		assert.True(t, leaks(s), len(s))
	}
	assert.False(t, leaks("nothing of the kind"))
}

// TestNoSecretAnywhere runs everything, in every way it can go wrong, and searches the
// files of the database and everything that was said. Errors are searched by clean,
// logs and health when the bench ends.
func TestNoSecretAnywhere(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	v := b.open()
	tokens := b.fill(v, 3)
	lost, passing := account("acme", "lost"), account("acme", "passing")
	b.expired(v, lost)
	b.net.good["lost"] = ""
	_, err := v.For("acme").Tokens(lost).Token(t.Context())
	clean(t, err, parvis.ErrAuth)
	b.expired(v, passing)
	_, err = v.For("acme").Tokens(passing).Token(t.Context())
	require.NoError(t, err)
	_, err = v.For("acme").Take(t.Context(), "parvis-secret-unknown")
	clean(t, err, parvis.ErrNotFound)
	_, err = v.Recall(t.Context(), "parvis-secret-unknown")
	clean(t, err, parvis.ErrNotFound)
	require.NoError(t, v.For("acme").Put(t.Context(), "parvis-secret-state-2", []byte("parvis-secret-verifier"), time.Hour))
	clean(t, v.For("acme").Put(t.Context(), "parvis-secret-state-2", []byte("parvis-secret-verifier"), time.Hour), parvis.ErrConflict)
	require.NoError(t, v.Rotate(t.Context()))
	_, err = b.openWith(vault.Key(keyB))
	clean(t, err, parvis.ErrInvalid)
	report, err := v.For("acme").OffBoard(t.Context())
	require.NoError(t, err)
	b.readable(v, tokens)

	for _, value := range []any{v, v.For("acme"), report, vault.Key(keyA), tokens, b.options()} {
		text := fmt.Sprintf("%v %+v %#v", value, value, value)
		assert.False(t, leaks(text), "%T", value)
		if data, err := json.Marshal(value); err == nil {
			assert.False(t, leaks(string(data)), "%T as JSON", value)
		}
	}
	files, err := filepath.Glob(b.file + "*")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, f := range files {
		data, err := os.ReadFile(f)
		require.NoError(t, err)
		assert.False(t, leaks(string(data)), "a secret is in %s", filepath.Base(f))
	}
	assert.False(t, leaks(b.log.String()), "a secret was logged")
	assert.NotEmpty(t, b.log.String())
}
