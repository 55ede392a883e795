package httpx_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis/internal/httpx"
)

// lines returns what was logged, one map for each line.
func lines(t *testing.T, b *lockedBuffer) []map[string]any {
	t.Helper()
	var all []map[string]any
	for line := range strings.Lines(b.String()) {
		var m map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &m))
		delete(m, "time")
		all = append(all, m)
	}
	return all
}

func TestOneLinePerTry(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log lockedBuffer
		tries := 0
		client := newClient(t, "https://host.example", func(c *httpx.Config) {
			c.Logger = slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		}, onWire(func(r *http.Request) (*http.Response, error) {
			<-time.After(250 * time.Millisecond)
			if tries++; tries == 1 {
				return answer(r, 503, "down", "X-Request-Id", "r-1"), nil
			}
			return answer(r, 200, "{}"), nil
		}))
		_, err := client.Do(t.Context(), httpx.Request{Path: "/x", Query: url.Values{"token": {"sesame"}, "q": {"a b"}, "i": {"xyz"}}})
		require.NoError(t, err)
		common := map[string]any{
			"account": "testnet:acme", "method": "GET", "host": "host.example",
			"path": "/x?i=[redacted]&q=a+b&token=[redacted]", "duration": 250e6,
		}
		first := map[string]any{
			"level": "WARN", "msg": "call failed, trying again", "try": 1.0, "status": 503.0,
			"request_id": "r-1", "code": "unavailable", "error": "the server answered 503 Service Unavailable to GET /x",
		}
		second := map[string]any{"level": "DEBUG", "msg": "call", "try": 2.0, "status": 200.0}
		for k, v := range common {
			first[k], second[k] = v, v
		}
		assert.Equal(t, []map[string]any{first, second}, lines(t, &log))
	})
}

func TestLastFailureIsLoggedAsDebug(t *testing.T) {
	t.Parallel()
	var log lockedBuffer
	client := newClient(t, "https://host.example", func(c *httpx.Config) {
		c.Logger = slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}, onWire(func(r *http.Request) (*http.Response, error) { return answer(r, 404, ""), nil }))
	_, err := client.Do(t.Context(), readCall)
	require.Error(t, err)
	got := lines(t, &log)
	require.Len(t, got, 1)
	assert.Equal(t, "DEBUG", got[0]["level"])
	assert.Equal(t, "call failed", got[0]["msg"])
	assert.Equal(t, "not found", got[0]["code"])
}

func TestLogIsQuietUnlessAsked(t *testing.T) {
	t.Parallel()
	var log lockedBuffer
	h := &asking{Handler: slog.NewTextHandler(&log, nil)}
	client := newClient(t, "https://host.example", func(c *httpx.Config) { c.Logger = slog.New(h) },
		onWire(func(r *http.Request) (*http.Response, error) { return answer(r, 200, "{}"), nil }))
	_, err := client.Do(t.Context(), readCall)
	require.NoError(t, err)
	assert.Empty(t, log.String())
	assert.Zero(t, h.handled)
}

// asking counts what it is made to handle.
type asking struct {
	slog.Handler
	handled int
}

func (a *asking) Handle(ctx context.Context, r slog.Record) error {
	a.handled++
	return a.Handler.Handle(ctx, r)
}
