package sending_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/sending"
)

func TestFenceIsAskedWithTheContextAtHand(t *testing.T) {
	t.Parallel()
	type mark struct{}
	require.NoError(t, sending.Fence(t.Context()), "without a fence everything may leave")

	paused := errors.New("paused")
	var got []any
	ctx := sending.WithFence(t.Context(), func(ctx context.Context) error {
		got = append(got, ctx.Value(mark{}))
		return paused
	})
	require.ErrorIs(t, sending.Fence(context.WithValue(ctx, mark{}, "try")), paused)
	assert.Equal(t, []any{"try"}, got)

	require.NoError(t, sending.Fence(sending.WithFence(ctx, nil)))
	require.NoError(t, sending.Fence(sending.Unfenced(ctx)))
	assert.Equal(t, t.Context(), sending.Unfenced(t.Context()), "nothing is wrapped for nothing")
	assert.Len(t, got, 1)
}

// lost is an error that its maker must know again.
var lost = &parvis.Error{Code: parvis.ErrConflict, Message: "the lease is lost", RetryAfter: time.Minute}

func TestFenceKeepsItsOwnError(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		own  error
		code parvis.Code
		wait time.Duration
	}{
		"of this module": {lost, parvis.ErrConflict, time.Minute},
		"of another":     {context.DeadlineExceeded, parvis.ErrUnavailable, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := sending.Fence(sending.WithFence(t.Context(), func(context.Context) error { return c.own }))
			e, ok := errors.AsType[*parvis.Error](err)
			require.True(t, ok)
			assert.Equal(t, c.code, e.Code)
			assert.Equal(t, c.wait, e.RetryAfter)
			in := parvis.In(err, parvis.Account{Network: "testnet"}, "publish", parvis.ErrUnknownOutcome)
			require.ErrorIs(t, in, c.own, "also when the doors have completed it")
		})
	}
}

func TestPatience(t *testing.T) {
	t.Parallel()
	_, ok := sending.Patience(t.Context())
	assert.False(t, ok)
	for give, want := range map[time.Duration]time.Duration{time.Second: time.Second, 0: 0, -time.Second: 0} {
		d, ok := sending.Patience(sending.WithPatience(t.Context(), give))
		assert.True(t, ok)
		assert.Equal(t, want, d)
	}
}
