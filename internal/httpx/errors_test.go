package httpx_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/httpx"
)

func TestStatusMapping(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]parvis.Code{
		400: parvis.ErrInvalid, 401: parvis.ErrAuth, 402: parvis.ErrPermission, 403: parvis.ErrPermission,
		404: parvis.ErrNotFound, 405: parvis.ErrUnsupported, 409: parvis.ErrConflict, 410: parvis.ErrNotFound,
		412: parvis.ErrConflict, 413: parvis.ErrInvalid, 415: parvis.ErrInvalid, 418: parvis.ErrInvalid,
		422: parvis.ErrInvalid, 423: parvis.ErrConflict, 425: parvis.ErrUnavailable, 426: parvis.ErrAPIVersionRetired,
		429: parvis.ErrRateLimited, 451: parvis.ErrPermission, 500: parvis.ErrUnavailable, 501: parvis.ErrUnsupported,
		502: parvis.ErrUnavailable, 503: parvis.ErrUnavailable, 504: parvis.ErrUnavailable, 520: parvis.ErrUnavailable,
		300: parvis.ErrInvalid, 599: parvis.ErrUnavailable,
	} {
		client := newClient(t, "https://host.example", func(c *httpx.Config) { c.Limiter = &openLimiter{} },
			onWire(func(r *http.Request) (*http.Response, error) { return answer(r, status, `{"error":"why"}`), nil }))
		resp, err := client.JSON(t.Context(), httpx.Request{Path: "/x", Op: "listen", Endpoint: "GET /x"}, nil)
		require.ErrorIs(t, err, want, status)
		e := asError(t, err)
		assert.Equal(t, status, e.Status)
		assert.Equal(t, status, resp.Status)
		assert.Equal(t, "listen", e.Op)
		assert.JSONEq(t, `{"error":"why"}`, e.Vendor)
		assert.Contains(t, e.Message, "GET /x")
	}
}

func TestVendorTextIsFitToShow(t *testing.T) {
	t.Parallel()
	client := newClient(t, "https://host.example", onWire(func(r *http.Request) (*http.Response, error) {
		return answer(r, 422, "bad\x1b[31m\r\ninput\x00 \u202e"+strings.Repeat("é", 1000)+"\xff"), nil
	}))
	_, err := client.Do(t.Context(), readCall)
	v := asError(t, err).Vendor
	assert.True(t, strings.HasPrefix(v, "bad[31m input éé"), v)
	assert.Len(t, []rune(v), 301)
	assert.NotContains(t, err.Error(), "\n")
}

func TestErrorsHook(t *testing.T) {
	t.Parallel()
	hook := func(r *httpx.Response) *parvis.Error {
		switch {
		case strings.Contains(string(r.Body), "duplicate"):
			return &parvis.Error{Code: parvis.ErrDuplicate, Message: "posted before", Vendor: "187", Help: "look", Err: errors.New("cause")}
		case strings.Contains(string(r.Body), "slow down"):
			return &parvis.Error{Code: parvis.ErrRateLimited, RetryAfter: time.Hour}
		case strings.Contains(string(r.Body), "down"):
			return &parvis.Error{Code: parvis.ErrUnavailable, Vendor: "E1"}
		case strings.Contains(string(r.Body), "words only"):
			return &parvis.Error{Vendor: "E2", Message: "in the network's words"}
		}
		return nil
	}
	for _, c := range []struct {
		name   string
		status int
		body   string
		r      httpx.Request
		want   parvis.Code
	}{
		{"a 2xx that is an error", 200, "duplicate", unsafeCall, parvis.ErrDuplicate},
		{"a 4xx", 403, "duplicate", unsafeCall, parvis.ErrDuplicate},
		{"a 5xx that is certain", 500, "duplicate", unsafeCall, parvis.ErrDuplicate},
		{"a 5xx that is not, mutation", 500, "down", unsafeCall, parvis.ErrUnknownOutcome},
		{"a 5xx that is not, read", 500, "down", readCall, parvis.ErrUnavailable},
		{"a 4xx that is unavailable, mutation", 400, "down", unsafeCall, parvis.ErrUnavailable},
		{"limited by a 200", 200, "slow down", unsafeCall, parvis.ErrRateLimited},
		{"no code", 404, "words only", readCall, parvis.ErrNotFound},
		{"nil means the status", 401, "", readCall, parvis.ErrAuth},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			client := newClient(t, "https://host.example", func(c *httpx.Config) { c.Errors = hook },
				onWire(func(r *http.Request) (*http.Response, error) { return answer(r, c.status, c.body), nil }))
			_, err := client.JSON(t.Context(), c.r, nil)
			require.ErrorIs(t, err, c.want)
			e := asError(t, err)
			assert.Equal(t, c.status, e.Status)
			assert.NotEmpty(t, e.Message)
			assert.Equal(t, "testnet:acme", e.Account)
			if c.want == parvis.ErrDuplicate {
				assert.Equal(t, "testnet: posted before [187]: cause; look", e.Error())
			}
		})
	}
}

func TestErrorsHookResultMayBeShared(t *testing.T) {
	t.Parallel()
	shared := &parvis.Error{Code: parvis.ErrRejected, Message: "spam"}
	client := newClient(t, "https://host.example", func(c *httpx.Config) {
		c.Errors = func(*httpx.Response) *parvis.Error { return shared }
	}, onWire(func(r *http.Request) (*http.Response, error) { return answer(r, 200, "{}"), nil }))
	_, err := client.Do(t.Context(), unsafeCall)
	require.ErrorIs(t, err, parvis.ErrRejected)
	assert.Equal(t, parvis.Error{Code: parvis.ErrRejected, Message: "spam"}, *shared)
}

func TestCausesCanBeAskedFor(t *testing.T) {
	t.Parallel()
	client := newClient(t, "https://host.example", onWire(func(*http.Request) (*http.Response, error) {
		return nil, &net.OpError{Op: "read", Err: context.DeadlineExceeded}
	}))
	_, err := client.Do(t.Context(), readCall)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	timeout, ok := errors.AsType[interface {
		error
		Timeout() bool
	}](err)
	require.True(t, ok)
	assert.True(t, timeout.Timeout())

	client = newClient(t, "https://host.example", onWire(func(*http.Request) (*http.Response, error) { return nil, io.ErrUnexpectedEOF }))
	_, err = client.Do(t.Context(), readCall)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
}

func TestInvalidHeaderIsNotRetried(t *testing.T) {
	t.Parallel()
	base := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("reached") })
	tries := 0
	client := newClient(t, base, func(c *httpx.Config) {
		c.Auth = func(_ context.Context, r *http.Request) error {
			tries++
			r.Header.Set("Authorization", "Bearer sesame\nopen")
			return nil
		}
	})
	_, err := client.Do(t.Context(), readCall)
	require.Error(t, err)
	assert.Equal(t, 1, tries)
	assert.NotContains(t, err.Error(), "sesame")
}
