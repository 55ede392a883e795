package parvis_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
)

func TestErrorIsItsCodeAndItsCause(t *testing.T) {
	t.Parallel()
	err := error(&parvis.Error{Op: "publish", Network: "fake", Code: parvis.ErrUnsupported, Err: io.ErrUnexpectedEOF})
	wrapped := fmt.Errorf("outer: %w", err)
	require.ErrorIs(t, wrapped, parvis.ErrUnsupported)
	require.ErrorIs(t, wrapped, errors.ErrUnsupported)
	require.ErrorIs(t, wrapped, io.ErrUnexpectedEOF)
	require.NotErrorIs(t, wrapped, parvis.ErrInvalid)
	require.NotErrorIs(t, error(&parvis.Error{Code: parvis.ErrInvalid}), errors.ErrUnsupported)
	e, ok := errors.AsType[*parvis.Error](wrapped)
	require.True(t, ok)
	assert.Equal(t, "publish", e.Op)
	assert.Equal(t, parvis.ErrUnsupported, parvis.CodeOf(wrapped))
	assert.Equal(t, parvis.ErrAuth, parvis.CodeOf(fmt.Errorf("x: %w", parvis.ErrAuth)))
	assert.Empty(t, parvis.CodeOf(io.EOF))
}

func TestErrorText(t *testing.T) {
	t.Parallel()
	err := &parvis.Error{
		Op: "publish", Network: "blog", Code: parvis.ErrRateLimited, Message: "too many comments",
		Vendor: "comment_flood", RetryAfter: 15 * time.Second, Err: io.EOF, Help: "wait",
	}
	assert.Equal(t, "blog: publish: too many comments [comment_flood]; retry in 15s: EOF; wait", err.Error())
	assert.Equal(t, "not found", (&parvis.Error{Code: parvis.ErrNotFound}).Error())
}

func TestTransientCodes(t *testing.T) {
	t.Parallel()
	for _, c := range []parvis.Code{parvis.ErrRateLimited, parvis.ErrUnavailable, parvis.ErrBadAnswer} {
		assert.True(t, c.Transient(), c)
	}
	for _, c := range []parvis.Code{parvis.ErrUnknownOutcome, parvis.ErrInvalid, parvis.ErrAuth, parvis.ErrRejected} {
		assert.False(t, c.Transient(), c)
	}
}

func TestInCompletesOnceAndNeverOverwrites(t *testing.T) {
	t.Parallel()
	a := parvis.Account{Network: "fake", Handle: "acme"}
	require.NoError(t, parvis.In(nil, a, "publish", parvis.ErrUnavailable))

	bare := &parvis.Error{Code: parvis.ErrAuth}
	got := parvis.In(bare, a, "publish", parvis.ErrUnavailable).(*parvis.Error)
	assert.Equal(t, parvis.Error{Op: "publish", Network: "fake", Account: "fake:acme", Code: parvis.ErrAuth}, *got)
	assert.Empty(t, bare.Op, "the provider's error is not written to")

	full := &parvis.Error{Op: "upload", Network: "fake", Account: "fake:acme", Code: parvis.ErrInvalid}
	assert.Same(t, full, parvis.In(full, a, "publish", parvis.ErrUnavailable))

	plain := parvis.In(io.EOF, a, "publish", parvis.ErrUnknownOutcome)
	require.ErrorIs(t, plain, parvis.ErrUnknownOutcome)
	require.ErrorIs(t, plain, io.EOF)

	inner := fmt.Errorf("while uploading: %w", &parvis.Error{Code: parvis.ErrRateLimited, RetryAfter: time.Minute})
	e, _ := errors.AsType[*parvis.Error](parvis.In(inner, a, "publish", parvis.ErrUnavailable))
	assert.Equal(t, parvis.ErrRateLimited, e.Code, "a code further in is kept")
	assert.Equal(t, time.Minute, e.RetryAfter)

	canceled := parvis.In(context.Canceled, a, "listen", parvis.ErrUnavailable)
	require.ErrorIs(t, canceled, context.Canceled)
}
