package vault_test

import (
	"bytes"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers/vault"
)

// TestTakeOnce: of many processes that take a flow, one gets it.
func TestTakeOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	const state = "parvis-secret-state"
	require.NoError(t, b.open().For("acme").Put(t.Context(), state, []byte("parvis-secret-verifier"), time.Minute))
	var won atomic.Int64
	var wg sync.WaitGroup
	for range 6 {
		c := b.open().For("acme")
		wg.Go(func() {
			got, err := c.Take(t.Context(), state)
			if err == nil {
				won.Add(1)
				assert.True(t, equal(string(got), "parvis-secret-verifier"), "flow differs")
				return
			}
			clean(t, err, parvis.ErrNotFound)
		})
	}
	wg.Wait()
	assert.EqualValues(t, 1, won.Load())
}

// TestTakeOfAnotherClient: a flow belongs to the client that began it, and stays for it.
func TestTakeOfAnotherClient(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	v := b.open()
	require.NoError(t, v.For("acme").Put(t.Context(), "parvis-secret-state", []byte("1"), time.Minute))
	_, err := v.For("globex").Take(t.Context(), "parvis-secret-state")
	clean(t, err, parvis.ErrNotFound)
	require.NoError(t, v.For("globex").Put(t.Context(), "parvis-secret-state", []byte("2"), time.Minute), "keys of clients are apart")
	got, err := v.For("acme").Take(t.Context(), "parvis-secret-state")
	require.NoError(t, err)
	assert.Equal(t, "1", string(got))
}

// TestFlowExpires: the database's clock decides, and what expired is erased.
func TestFlowExpires(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	c := b.open().For("acme")
	for _, key := range []string{"parvis-secret-1", "parvis-secret-2"} {
		require.NoError(t, c.Put(t.Context(), key, []byte("1"), time.Minute))
	}
	_, err := b.db().ExecContext(t.Context(), "UPDATE parvis_vault_values SET until = until - 60000000")
	require.NoError(t, err)
	_, err = c.Take(t.Context(), "parvis-secret-1")
	clean(t, err, parvis.ErrNotFound)
	require.NoError(t, c.Put(t.Context(), "parvis-secret-3", []byte("1"), time.Minute))
	assert.Equal(t, 1, b.number("SELECT count(*) FROM parvis_vault_values"))
}

func TestBadFlows(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	v := b.open()
	c := v.For("acme")
	large := bytes.Repeat([]byte{1}, vault.MaxValue+1)
	clean(t, c.Put(t.Context(), "", nil, time.Minute), parvis.ErrInvalid)
	clean(t, c.Put(t.Context(), "parvis-secret-1", large, time.Minute), parvis.ErrInvalid)
	clean(t, c.Put(t.Context(), "parvis-secret-1", nil, 0), parvis.ErrInvalid)
	clean(t, c.Put(t.Context(), "parvis-secret-1", nil, 25*time.Hour), parvis.ErrInvalid)
	clean(t, v.Remember(t.Context(), "", nil), parvis.ErrInvalid)
	clean(t, v.Remember(t.Context(), "parvis-secret-1", large), parvis.ErrInvalid)
	require.NoError(t, v.Remember(t.Context(), "parvis-secret-1", large[1:]))
	assert.Equal(t, 1, b.number("SELECT count(*) FROM parvis_vault_values"))
}

func TestRemember(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	v := b.open()
	_, err := v.Recall(t.Context(), "town.example")
	clean(t, err, parvis.ErrNotFound)
	for _, value := range []string{"parvis-secret-app-1", "parvis-secret-app-2", ""} {
		require.NoError(t, v.Remember(t.Context(), "town.example", []byte(value)))
		got, err := b.open().Recall(t.Context(), "town.example")
		require.NoError(t, err)
		assert.True(t, equal(string(got), value), "registration differs")
	}
	_, err = v.Recall(t.Context(), "other.example")
	clean(t, err, parvis.ErrNotFound)
	_, err = v.For("acme").Erase(t.Context())
	require.NoError(t, err)
	_, err = v.Recall(t.Context(), "town.example")
	require.NoError(t, err, "it is the application's, not the client's")
}

// TestValuesAreBound: a row that is moved to another key does not open.
func TestValuesAreBound(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	v := b.open()
	require.NoError(t, v.Remember(t.Context(), "a", []byte("parvis-secret-a")))
	require.NoError(t, v.Remember(t.Context(), "b", []byte("parvis-secret-b")))
	_, err := b.db().ExecContext(t.Context(), "UPDATE parvis_vault_values SET sealed = (SELECT max(sealed) FROM parvis_vault_values)")
	require.NoError(t, err)
	_, errA := v.Recall(t.Context(), "a")
	_, errB := v.Recall(t.Context(), "b")
	assert.NotEqual(t, errA == nil, errB == nil, "one of them is the moved one")
	if errA == nil {
		errA = errB
	}
	clean(t, errA, parvis.ErrInvalid)
}
