package parvis_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
)

func TestSupportSaysYesNoAndWhy(t *testing.T) {
	t.Parallel()
	a := parvis.Account{Network: "fake"}
	require.NoError(t, parvis.Full().Err(a, "edit"))
	require.NoError(t, parvis.Partly("within 48 hours").Err(a, "edit"))
	assert.Equal(t, "partly: within 48 hours", parvis.Partly("within 48 hours").String())
	assert.Equal(t, "no", parvis.Support{}.String())

	err := parvis.Never("posts cannot be changed").Err(a, "edit")
	require.ErrorIs(t, err, errors.ErrUnsupported)
	assert.Equal(t, "fake: edit: posts cannot be changed", err.Error())

	err = parvis.Support{Why: "the scope write is missing", Scope: "write"}.Err(a, "edit")
	require.ErrorIs(t, err, parvis.ErrPermission)
	assert.Contains(t, err.Error(), "grant write")
}

func TestLevelsAreText(t *testing.T) {
	t.Parallel()
	for _, l := range []parvis.Level{parvis.No, parvis.Partial, parvis.Yes} {
		b, err := json.Marshal(l)
		require.NoError(t, err)
		var back parvis.Level
		require.NoError(t, json.Unmarshal(b, &back))
		assert.Equal(t, l, back)
	}
	var l parvis.Level
	require.ErrorIs(t, l.UnmarshalText([]byte("perhaps")), parvis.ErrInvalid)
}

type (
	editor          interface{ Edit() string }
	bareProvider    struct{}
	editingProvider struct{}
)

func (editingProvider) Edit() string { return "edited" }

type wrapper struct{ inner any }

func (w wrapper) Unwrap() any { return w.inner }

func TestAsWalksWrappers(t *testing.T) {
	t.Parallel()
	e, ok := parvis.As[editor](wrapper{wrapper{editingProvider{}}})
	require.True(t, ok)
	assert.Equal(t, "edited", e.Edit())
	_, ok = parvis.As[editor](wrapper{bareProvider{}})
	assert.False(t, ok)
	_, ok = parvis.As[editor](nil)
	assert.False(t, ok)
	_, err := parvis.Power[editor](bareProvider{}, parvis.Account{Network: "fake"}, "edit")
	require.ErrorIs(t, err, errors.ErrUnsupported)
}
