package process_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis/internal/e2e/servers/process"
)

func TestProcessEndsWhenItIsTold(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	doomed := filepath.Join(dir, "doomed")
	require.NoError(t, os.Mkdir(doomed, 0o755))
	p, err := process.Start(process.Spec{
		Args: []string{"sh", "-c", `trap 'echo ended; exit' TERM; echo up $WHO >&2; while :; do sleep 0.05; done`},
		Env:  []string{"WHO=here"}, Log: filepath.Join(dir, "log"), Remove: doomed,
	})
	require.NoError(t, err)
	require.NoError(t, p.Await(t.Context(), 10*time.Second, func(context.Context) error {
		if p.Log() == "" {
			return errors.New("nothing yet")
		}
		return nil
	}))
	p.Stop()
	p.Stop()
	assert.Contains(t, p.Log(), "up here\n")
	assert.Contains(t, p.Log(), "ended\n")
	assert.NoDirExists(t, doomed)
}

func TestAwaitShowsTheLog(t *testing.T) {
	t.Parallel()
	p, err := process.Start(process.Spec{Args: []string{"sh", "-c", "echo it is broken; sleep 60"}, Log: filepath.Join(t.TempDir(), "log")})
	require.NoError(t, err)
	defer p.Stop()
	err = p.Await(t.Context(), 200*time.Millisecond, func(context.Context) error { return errors.New("no answer") })
	require.ErrorContains(t, err, "no answer")
	assert.ErrorContains(t, err, "it is broken")
}

func TestPortsDiffer(t *testing.T) {
	t.Parallel()
	ports, err := process.Ports(5)
	require.NoError(t, err)
	seen := map[int]bool{}
	for _, p := range ports {
		assert.False(t, seen[p])
		seen[p] = true
	}
	assert.Len(t, seen, 5)
}

func TestAwaitEndsWithTheProgram(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p, err := process.Start(process.Spec{Args: []string{"echo", "it is broken"}, Log: filepath.Join(dir, "log"), Remove: dir})
	require.NoError(t, err)
	defer p.Stop()
	err = p.Await(t.Context(), time.Minute, func(context.Context) error { return errors.New("no answer") })
	require.ErrorContains(t, err, "the server has ended: no answer")
	assert.ErrorContains(t, err, "it is broken")
}
