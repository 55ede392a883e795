package parvis_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
)

func TestTokensNeverShowTheirSecrets(t *testing.T) {
	t.Parallel()
	const secret, refresh, extra = "s3cr3t-value", "s3cr3t-refresh", "s3cr3t-extra"
	tok := parvis.Token{Value: secret, Refresh: refresh, Extra: map[string]string{"key": extra}, Scopes: []string{"write"}}
	var log bytes.Buffer
	l := slog.New(slog.NewJSONHandler(&log, nil))
	l.Info("x", "token", tok, "source", parvis.StaticToken(secret))
	asJSON, err := json.Marshal(map[string]any{"t": tok, "s": parvis.StaticToken(secret)})
	require.NoError(t, err)
	out := log.String() + string(asJSON)
	for _, v := range []any{tok, parvis.StaticToken(secret), &tok, struct{ T parvis.Token }{tok}} {
		out += fmt.Sprintf("%v %+v %#v %s", v, v, v, v)
	}
	assert.NotContains(t, out, "s3cr3t")
	assert.Contains(t, out, "redacted")
}

func TestTokenValid(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 29, 2, 30, 0, 0, time.UTC)
	assert.False(t, parvis.Token{}.Valid(now))
	assert.True(t, parvis.Token{Value: "x"}.Valid(now), "no expiry is for ever")
	assert.True(t, parvis.Token{Value: "x", Expiry: now.Add(time.Second)}.Valid(now))
	assert.False(t, parvis.Token{Value: "x", Expiry: now}.Valid(now))
}

func TestStaticToken(t *testing.T) {
	t.Parallel()
	tok, err := parvis.StaticToken("abc").Token(context.Background())
	require.NoError(t, err)
	assert.Equal(t, "abc", tok.Value)
	_, err = parvis.StaticToken("").Token(context.Background())
	require.ErrorIs(t, err, parvis.ErrAuth)
}
