package httpx_test

import (
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/httpx"
)

func TestClientRefusesWhileItKnowsThatItIsLimited(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		status int
		body   string
		header []string
	}{
		{"429", 429, "", []string{"Retry-After", "60"}},
		{"429, time in the body", 429, `{"retry_after":60}`, nil},
		{"nothing remains", 200, "{}", []string{"X-RateLimit-Remaining", "0", "X-RateLimit-Limit", "5", "X-RateLimit-Reset", "60"}},
		{"dialect", 200, `{"ok":false}`, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				calls := 0
				client := newClient(t, "https://host.example", func(cfg *httpx.Config) {
					cfg.Errors = func(r *httpx.Response) *parvis.Error {
						if string(r.Body) == `{"ok":false}` {
							return &parvis.Error{Code: parvis.ErrRateLimited, RetryAfter: time.Minute}
						}
						return nil
					}
				}, onWire(func(r *http.Request) (*http.Response, error) {
					if calls++; calls == 1 {
						return answer(r, c.status, c.body, c.header...), nil
					}
					return answer(r, 200, "{}"), nil
				}))
				_, _ = client.Do(t.Context(), unsafeCall)
				_, err := client.Do(t.Context(), unsafeCall)
				require.ErrorIs(t, err, parvis.ErrRateLimited)
				assert.Equal(t, 1, calls, "the network was not touched")
				e := asError(t, err)
				assert.GreaterOrEqual(t, e.RetryAfter, time.Minute)
				assert.Less(t, e.RetryAfter, time.Minute+4*time.Second, "clocks differ by little")
				assert.Equal(t, "testnet:acme", e.Account)
				<-time.After(e.RetryAfter)
				_, err = client.Do(t.Context(), unsafeCall)
				require.NoError(t, err)
			})
		})
	}
}

func TestLimiterOfAnotherKind(t *testing.T) {
	t.Parallel()
	l := &openLimiter{}
	client := newClient(t, "https://host.example", func(c *httpx.Config) {
		c.Limiter = l
		c.Limits = func(http.Header) []parvis.Limit { return []parvis.Limit{{Name: "a"}, {Name: "b"}} }
	}, onWire(func(r *http.Request) (*http.Response, error) {
		_, _ = io.Copy(io.Discard, r.Body)
		return answer(r, 200, "{}"), nil
	}))
	_, err := client.Do(t.Context(), httpx.Request{Method: "POST", Path: "/x/1", Endpoint: "POST /x/:id", Cost: 2, Body: httpx.JSON(1)})
	require.NoError(t, err)
	assert.Equal(t, []parvis.Limit{{Name: "a"}, {Name: "b"}}, l.learned)
	assert.Equal(t, []parvis.Call{{Network: "testnet", Host: "host.example", Account: "testnet:acme", Endpoint: "POST /x/:id", Cost: 2}}, l.waits)
}
