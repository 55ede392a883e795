package providers_test

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers"
)

func TestPendingIsTakenOnce(t *testing.T) {
	t.Parallel()
	var m providers.PendingMemory
	data := []byte("data")
	require.NoError(t, m.Put(t.Context(), "k", data, time.Minute))
	data[0] = 'x'
	var taken atomic.Int32
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			b, err := m.Take(t.Context(), "k")
			if err == nil {
				taken.Add(1)
				assert.Equal(t, "data", string(b), "it keeps a copy")
			} else {
				assert.ErrorIs(t, err, parvis.ErrNotFound)
			}
		})
	}
	all.Wait()
	assert.EqualValues(t, 1, taken.Load())
}

func TestPendingEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var m providers.PendingMemory
		require.NoError(t, m.Put(t.Context(), "a", []byte("a"), time.Minute))
		require.NoError(t, m.Put(t.Context(), "b", []byte("b"), 2*time.Minute))
		require.NoError(t, m.Put(t.Context(), "b", []byte("new"), 2*time.Minute))
		time.Sleep(time.Minute)
		_, err := m.Take(t.Context(), "a")
		require.ErrorIs(t, err, parvis.ErrNotFound)
		b, err := m.Take(t.Context(), "b")
		require.NoError(t, err)
		assert.Equal(t, "new", string(b))
	})
}

func TestPendingIsBounded(t *testing.T) {
	t.Parallel()
	var m providers.PendingMemory
	for i := range 1001 {
		require.NoError(t, m.Put(t.Context(), strconv.Itoa(i), []byte("x"), time.Hour+time.Duration(i)*time.Second))
	}
	_, err := m.Take(t.Context(), "0")
	require.ErrorIs(t, err, parvis.ErrNotFound, "what ends first makes room")
	_, err = m.Take(t.Context(), "1")
	require.NoError(t, err)

	half := make([]byte, 20<<20)
	require.NoError(t, m.Put(t.Context(), "large", half, 2*time.Hour))
	require.NoError(t, m.Put(t.Context(), "larger", half, 3*time.Hour))
	_, err = m.Take(t.Context(), "large")
	require.ErrorIs(t, err, parvis.ErrNotFound)
	_, err = m.Take(t.Context(), "larger")
	require.NoError(t, err)
	require.ErrorIs(t, m.Put(t.Context(), "huge", make([]byte, 33<<20), time.Hour), parvis.ErrInvalid)
}

func ExamplePendingMemory() {
	ctx := context.Background()
	var m providers.PendingMemory
	_ = m.Put(ctx, "key", []byte("waits"), time.Minute)
	b, err := m.Take(ctx, "key")
	fmt.Println(string(b), err)
	_, err = m.Take(ctx, "key")
	fmt.Println(err)
	// Output:
	// waits <nil>
	// connect: nothing waits under this key; start again
}
