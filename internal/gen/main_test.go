package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis/providers"
)

func TestTable(t *testing.T) {
	t.Parallel()
	got := table([]providers.Manifest{
		{Title: "A", Proof: "its own server", Powers: map[string]string{"publish": "yes", "publish.edit": "partly: within 48 hours"}},
		{Title: "B", Proof: "a real one", Powers: map[string]string{"listen": "yes"}},
	})
	assert.Contains(t, got, "| | A | B |\n|---|---|---|\n| **publish** | yes | – |\n")
	assert.Contains(t, got, "| publish.edit | partly [1] | – |")
	assert.Contains(t, got, "| **listen** | – | yes |")
	assert.Contains(t, got, "1. A, publish.edit: within 48 hours.\n")
}

func TestRunWritesOnceAndFindsStaleFiles(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "README.md")
	require.NoError(t, os.WriteFile(file, []byte("above\n"+begin+"\nold\n"+end+"\nbelow\n"), 0o600))
	require.Error(t, run(file, true), "stale")
	require.NoError(t, run(file, false))
	require.NoError(t, run(file, true), "fresh")
	b, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Contains(t, string(b), "above\n"+begin)
	assert.Contains(t, string(b), end+"\nbelow\n")
	assert.Contains(t, string(b), "| WordPress |")
	require.NoError(t, os.WriteFile(file, []byte("no marks"), 0o600))
	require.Error(t, run(file, false))
}
