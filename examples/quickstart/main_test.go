package main

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRun(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	require.NoError(t, run(&out))
	assert.Equal(t, `published: Bonjour ! L'atelier ouvre samedi. (https://fake.example/p1)
reply from ana: Achetez mes montres !!
hide: visible → hidden, posts in sight: 1
unhide: hidden → visible, posts in sight: 2
`, out.String())
}

// TestRunTwice shows that a run leaves nothing behind that another would see.
func TestRunTwice(t *testing.T) {
	t.Parallel()
	var first, second strings.Builder
	require.NoError(t, run(&first))
	require.NoError(t, run(&second))
	assert.Equal(t, first.String(), second.String())
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("disk full") }

// TestRunWithoutOutput shows that an output that fails keeps the run from nothing.
func TestRunWithoutOutput(t *testing.T) {
	t.Parallel()
	require.NoError(t, run(fullDisk{}))
}
