package parvis_test

import (
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
)

func TestMediaOpensAsOftenAsCalled(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "four.txt")
	require.NoError(t, os.WriteFile(file, []byte("hello"), 0o600))
	fsys := fstest.MapFS{"dir/four.txt": {Data: []byte("hello")}}
	for name, m := range map[string]parvis.Media{
		"bytes":  parvis.FromBytes("four.txt", []byte("hello")),
		"fs":     parvis.FromFS(fsys, "dir/four.txt"),
		"file":   parvis.FromFile(file),
		"reader": parvis.FromReader("four.txt", 5, func(context.Context) (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("hello")), nil }),
	} {
		require.True(t, m.CanOpen(), name)
		assert.Equal(t, "four.txt", m.Name, name)
		assert.EqualValues(t, 5, m.Size, name)
		for range 2 {
			rc, err := m.Open(context.Background())
			require.NoError(t, err, name)
			b, err := io.ReadAll(rc)
			require.NoError(t, err, name)
			require.NoError(t, rc.Close(), name)
			assert.Equal(t, "hello", string(b), name)
		}
	}
}

func TestMediaThatCannotBeOpened(t *testing.T) {
	t.Parallel()
	for _, m := range []parvis.Media{parvis.FromURL("https://acme.example/a/four.jpg"), {Name: "x"}, parvis.FromFile("/nonexistent/four.jpg")} {
		_, err := m.Open(context.Background())
		require.ErrorIs(t, err, parvis.ErrInvalid)
	}
	assert.Equal(t, "four.jpg", parvis.FromURL("https://acme.example/a/four.jpg").Name)
}

func TestMediaIsData(t *testing.T) {
	t.Parallel()
	m := parvis.FromBytes("four.jpg", []byte("x")).WithAlt("Deux artisans").WithType("image/jpeg").WithFocus(-0.5, 1)
	b, err := json.Marshal(m)
	require.NoError(t, err)
	assert.JSONEq(t, `{"name":"four.jpg","type":"image/jpeg","size":1,"alt":"Deux artisans","focus":{"x":-0.5,"y":1}}`, string(b))
	var back parvis.Media
	require.NoError(t, json.Unmarshal(b, &back))
	assert.False(t, back.CanOpen(), "the bytes do not travel")
}

func TestMediaReadBackGetTheirContentAgain(t *testing.T) {
	t.Parallel()
	m := parvis.Media{
		Name: "four.jpg", Type: "image/jpeg", Size: 5, Alt: "Un four", Focus: &parvis.Focus{X: 1},
		Source: "assets:four.jpg", SHA256: "2cf24dba", Ref: parvis.Ref{ID: "f1"}, URL: "https://acme.example/four.jpg", Preview: "p",
	}
	_, err := m.Open(t.Context())
	require.ErrorIs(t, err, parvis.ErrInvalid)
	full := m.WithContent(func(context.Context) (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("hello")), nil })
	require.True(t, full.CanOpen())
	require.False(t, m.CanOpen(), "the original stays as it was")
	rc, err := full.Open(t.Context())
	require.NoError(t, err)
	b, err := io.ReadAll(rc)
	require.NoError(t, err)
	assert.Equal(t, "hello", string(b))
	want, err := json.Marshal(m)
	require.NoError(t, err)
	got, err := json.Marshal(full)
	require.NoError(t, err)
	assert.JSONEq(t, string(want), string(got))
}
