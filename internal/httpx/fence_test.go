package httpx_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/httpx"
	"github.com/parvis-go/parvis/internal/sending"
)

// steps notes what happens to a call, in order.
type steps []string

func (s *steps) add(what string) { *s = append(*s, what) }

// Wait and Learn make it a limiter.
func (s *steps) Wait(context.Context, parvis.Call) error { s.add("limit"); return nil }
func (s *steps) Learn(parvis.Call, parvis.Limit)         {}

// Reserve and Left make it a meter.
func (s *steps) Reserve(context.Context, parvis.Call) (func(int), error) {
	s.add("reserve")
	return func(taken int) {
		if taken == 0 {
			s.add("give back")
		}
	}, nil
}
func (s *steps) Left(context.Context, parvis.Account) ([]parvis.Amount, error) { return nil, nil }

// noted is a body that tells when it is opened and closed.
func (s *steps) noted() httpx.Body {
	return httpx.Raw("text/plain", 2, func(context.Context) (io.ReadCloser, error) {
		s.add("open")
		return closing{strings.NewReader("hi"), func() { s.add("close") }}, nil
	})
}

type closing struct {
	io.Reader
	f func()
}

func (c closing) Close() error { c.f(); return nil }

// fencedClient is a client whose layers note their steps; the wire answers with the
// statuses in turn.
func fencedClient(t testing.TB, s *steps, statuses ...int) *httpx.Client {
	t.Helper()
	return newClient(t, "https://network.example", func(c *httpx.Config) {
		c.Limiter, c.Meter = s, s
		c.Auth = func(context.Context, *http.Request) error { s.add("auth"); return nil }
	}, onWire(func(r *http.Request) (*http.Response, error) {
		s.add("wire")
		if r.Body != nil {
			_, _ = io.Copy(io.Discard, r.Body)
			_ = r.Body.Close()
		}
		status := statuses[0]
		if len(statuses) > 1 {
			statuses = statuses[1:]
		}
		return answer(r, status, `{}`, "Location", "https://network.example/elsewhere"), nil
	}))
}

// fence answers with errs in turn, then lets everything pass.
func (s *steps) fence(ctx context.Context, errs ...error) context.Context {
	return sending.WithFence(ctx, func(context.Context) error {
		s.add("fence")
		if len(errs) == 0 {
			return nil
		}
		err := errs[0]
		errs = errs[1:]
		return err
	})
}

var paused = &parvis.Error{Code: parvis.ErrConflict, Message: "the client is paused", Help: "resume it"}

func TestFenceIsTheLastBeforeTheWire(t *testing.T) {
	t.Parallel()
	var s steps
	c := fencedClient(t, &s, 200)
	_, err := c.Do(s.fence(t.Context()), httpx.Request{Method: "POST", Path: "/x", Body: s.noted()})
	require.NoError(t, err)
	assert.Equal(t, steps{"limit", "reserve", "auth", "open", "fence", "wire", "close"}, s)
}

func TestFenceKeepsMutationsBack(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]httpx.Request{
		"POST":   {Method: "POST", Path: "/x"},
		"PUT":    {Method: "PUT", Path: "/x", Safe: true},
		"DELETE": {Method: "DELETE", Path: "/x"},
		"keyed":  {Method: "POST", Path: "/x", Safe: true, Header: http.Header{"Idempotency-Key": {"k"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var s steps
			r.Body = s.noted()
			_, err := fencedClient(t, &s, 200).Do(s.fence(t.Context(), paused), r)
			require.ErrorIs(t, err, parvis.ErrConflict)
			require.NotErrorIs(t, err, parvis.ErrUnknownOutcome)
			e := asError(t, err)
			assert.Contains(t, err.Error(), paused.Message)
			require.ErrorIs(t, err, error(paused), "who set the fence knows its error again")
			assert.Equal(t, "testnet:acme", e.Account)
			assert.Equal(t, steps{"limit", "reserve", "auth", "open", "fence", "close", "give back"}, s)
		})
	}
}

// pause is an error with a type of its own.
type pause struct{ of string }

func (p *pause) Error() string { return p.of + " is paused" }

func TestFenceErrorKeepsItsType(t *testing.T) {
	t.Parallel()
	var s steps
	for _, given := range []error{&pause{"acme"}, &parvis.Error{Code: parvis.ErrConflict, Message: "held", Err: &pause{"acme"}}} {
		_, err := fencedClient(t, &s, 200).Do(s.fence(t.Context(), given), httpx.Request{Method: "POST", Path: "/x"})
		p, ok := errors.AsType[*pause](err)
		require.True(t, ok)
		assert.Equal(t, "acme", p.of)
		assert.Contains(t, err.Error(), "acme is paused")
	}
	_, err := fencedClient(t, &s, 502).Do(s.fence(t.Context(), nil, &pause{"acme"}), httpx.Request{Method: "POST", Path: "/x", Safe: true})
	require.ErrorIs(t, err, parvis.ErrUnknownOutcome)
	_, ok := errors.AsType[*pause](err)
	assert.False(t, ok, "a try before it may have been taken")
}

func TestFenceLetsReadsPass(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"GET", "HEAD"} {
		var s steps
		_, err := fencedClient(t, &s, 200).Do(s.fence(t.Context(), paused), httpx.Request{Method: method, Path: "/x"})
		require.NoError(t, err)
		assert.NotContains(t, s, "fence")
	}
}

// TestFenceIsNotTriedAgain: a code that otherwise means another try, and one that is not
// of this module.
func TestFenceIsNotTriedAgain(t *testing.T) {
	t.Parallel()
	claim := errors.New("the claim is lost")
	for _, given := range []error{claim, &parvis.Error{Code: parvis.ErrUnavailable, Message: "no database", Err: claim}} {
		var s steps
		_, err := fencedClient(t, &s, 200).Do(s.fence(t.Context(), given), httpx.Request{Method: "POST", Path: "/x", Safe: true})
		require.ErrorIs(t, err, parvis.ErrUnavailable)
		require.NotErrorIs(t, err, parvis.ErrUnknownOutcome)
		require.ErrorIs(t, err, claim)
		assert.Equal(t, steps{"limit", "reserve", "auth", "fence", "give back"}, s)
	}
}

// TestFenceIsAskedBeforeEveryTry: what the fence keeps back after a try that may have
// taken effect is not "surely not sent".
func TestFenceIsAskedBeforeEveryTry(t *testing.T) {
	t.Parallel()
	var s steps
	_, err := fencedClient(t, &s, 502).Do(s.fence(t.Context(), nil, paused), httpx.Request{Method: "POST", Path: "/x", Safe: true})
	require.ErrorIs(t, err, parvis.ErrUnknownOutcome)
	require.NotErrorIs(t, err, error(paused), "nor may the fence take it for sent never")
	assert.Equal(t, steps{"limit", "reserve", "auth", "fence", "wire", "limit", "reserve", "auth", "fence", "give back"}, s)

	s = nil
	_, err = fencedClient(t, &s, 429).Do(s.fence(t.Context(), nil, paused), httpx.Request{Method: "POST", Path: "/x"})
	require.ErrorIs(t, err, parvis.ErrConflict, "the first try was refused: nothing was taken")
	require.NotErrorIs(t, err, parvis.ErrUnknownOutcome)

	s = nil
	_, err = fencedClient(t, &s, 307, 200).Do(s.fence(t.Context(), nil, paused), httpx.Request{Method: "POST", Path: "/x"})
	require.ErrorIs(t, err, parvis.ErrConflict, "a redirect repeats the request")
	assert.Equal(t, "give back", s[len(s)-1])
}

// TestCredentialsAreNotFenced: a token is renewed on the way, by another client under the
// same context.
func TestCredentialsAreNotFenced(t *testing.T) {
	t.Parallel()
	var s steps
	renewals := 0
	tokens := newClient(t, "https://login.example", onWire(func(r *http.Request) (*http.Response, error) {
		renewals++
		return answer(r, 200, `{}`), nil
	}))
	renew := func(ctx context.Context) error {
		_, err := tokens.Do(ctx, httpx.Request{Method: "POST", Path: "/token"})
		return err
	}
	tries := 0
	c := newClient(t, "https://network.example", func(c *httpx.Config) {
		c.Auth = func(ctx context.Context, _ *http.Request) error { return renew(ctx) }
		c.Challenge = func(ctx context.Context, _ *http.Request, a *httpx.Response) bool {
			return a.Status == 401 && renew(ctx) == nil
		}
	}, onWire(func(r *http.Request) (*http.Response, error) {
		if tries++; tries == 1 {
			return answer(r, 401, `{}`), nil
		}
		return answer(r, 200, `{}`), nil
	}))
	_, err := c.Do(s.fence(t.Context()), httpx.Request{Method: "POST", Path: "/x"})
	require.NoError(t, err)
	assert.Equal(t, 3, renewals)
	assert.Equal(t, steps{"fence", "fence"}, s, "one for each try of the call itself")
}

func TestPatienceBoundsTheSleepBeforeATry(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		patience time.Duration // negative is none set
		took     time.Duration
		tries    int
		left     time.Duration
	}{
		{"no patience set", -1, 20 * time.Second, 2, 0},
		{"enough", 25 * time.Second, 20 * time.Second, 2, 0},
		{"too little", 5 * time.Second, 0, 1, 20 * time.Second},
		{"none", 0, 0, 1, 20 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				tries := 0
				client := newClient(t, "https://network.example", func(c *httpx.Config) {
					c.Limiter, c.Retry = &openLimiter{}, httpx.RetryPolicy{}
				}, onWire(func(r *http.Request) (*http.Response, error) {
					if tries++; tries == 1 {
						return answer(r, 429, `{}`, "Retry-After", "20"), nil
					}
					return answer(r, 200, `{}`), nil
				}))
				ctx := t.Context()
				if c.patience >= 0 {
					ctx = sending.WithPatience(ctx, c.patience)
				}
				began := time.Now()
				_, err := client.Do(ctx, httpx.Request{Method: "POST", Path: "/x"})
				assert.Equal(t, c.took, time.Since(began))
				assert.Equal(t, c.tries, tries)
				if c.left == 0 {
					require.NoError(t, err)
					return
				}
				require.ErrorIs(t, err, parvis.ErrRateLimited)
				assert.Equal(t, c.left, asError(t, err).RetryAfter)
			})
		})
	}
}

// TestPatienceHoldsForTheDefaultLimiter: what an answer told of a limit makes the next
// call an error at once, with the time.
func TestPatienceHoldsForTheDefaultLimiter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, "https://network.example", onWire(func(r *http.Request) (*http.Response, error) {
			return answer(r, 429, `{}`, "Retry-After", "1"), nil
		}))
		ctx := sending.WithPatience(t.Context(), 100*time.Millisecond)
		for range 2 {
			began := time.Now()
			_, err := c.Do(ctx, httpx.Request{Method: "POST", Path: "/x"})
			require.ErrorIs(t, err, parvis.ErrRateLimited)
			assert.Positive(t, asError(t, err).RetryAfter)
			assert.Zero(t, time.Since(began))
		}
	})
}
