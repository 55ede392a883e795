package httpx_test

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/httpx"
)

var (
	readCall   = httpx.Request{Method: "GET", Path: "/x"}
	unsafeCall = httpx.Request{Method: "POST", Path: "/x", Body: httpx.JSON(1)}
	bareCall   = httpx.Request{Method: "DELETE", Path: "/x"}
	safeCall   = httpx.Request{Method: "PUT", Path: "/x", Body: httpx.JSON(1), Safe: true}
)

// hangUp breaks the connection without an answer.
func hangUp(w http.ResponseWriter, _ *http.Request) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err == nil {
		_ = conn.Close()
	}
}

func TestOutcomeByWhatTheServerDoes(t *testing.T) {
	t.Parallel()
	status := func(code int, header ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			for i := 0; i+1 < len(header); i += 2 {
				w.Header().Set(header[i], header[i+1])
			}
			w.WriteHeader(code)
		}
	}
	truncated := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, `{"id":`)
	}
	chunkCut := func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, `{"id":`)
		_ = http.NewResponseController(w).Flush()
		hangUp(w, r)
	}
	const one, all = 1, 3
	for _, c := range []struct {
		name                            string
		handler                         http.HandlerFunc
		read, unsafe, safe              parvis.Code
		readTries, unsafeTries, asTries int32
	}{
		{"hang up", hangUp, parvis.ErrUnavailable, parvis.ErrUnknownOutcome, parvis.ErrUnknownOutcome, all, one, all},
		{"500", status(500), parvis.ErrUnavailable, parvis.ErrUnknownOutcome, parvis.ErrUnknownOutcome, all, one, all},
		{"502", status(502), parvis.ErrUnavailable, parvis.ErrUnknownOutcome, parvis.ErrUnknownOutcome, all, one, all},
		{"503, come back much later", status(503, "Retry-After", "600"), parvis.ErrUnavailable, parvis.ErrUnknownOutcome, parvis.ErrUnknownOutcome, one, one, one},
		{"408", status(408), parvis.ErrUnavailable, parvis.ErrUnknownOutcome, parvis.ErrUnknownOutcome, all, one, all},
		{"501", status(501), parvis.ErrUnsupported, parvis.ErrUnsupported, parvis.ErrUnsupported, one, one, one},
		{"429, come back much later", status(429, "Retry-After", "600"), parvis.ErrRateLimited, parvis.ErrRateLimited, parvis.ErrRateLimited, one, one, one},
		{"truncated", truncated, parvis.ErrBadAnswer, parvis.ErrUnknownOutcome, parvis.ErrUnknownOutcome, all, one, all},
		{"truncated chunks", chunkCut, parvis.ErrBadAnswer, parvis.ErrUnknownOutcome, parvis.ErrUnknownOutcome, all, one, all},
		{"422", status(422), parvis.ErrInvalid, parvis.ErrInvalid, parvis.ErrInvalid, one, one, one},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for _, k := range []struct {
				r     httpx.Request
				code  parvis.Code
				tries int32
			}{{readCall, c.read, c.readTries}, {unsafeCall, c.unsafe, c.unsafeTries}, {bareCall, c.unsafe, c.unsafeTries}, {safeCall, c.safe, c.asTries}} {
				var tries atomic.Int32
				base := serve(t, func(w http.ResponseWriter, r *http.Request) {
					tries.Add(1)
					c.handler(w, r)
				})
				client := newClient(t, base, func(c *httpx.Config) { c.Limiter = &openLimiter{} })
				_, err := client.Do(t.Context(), k.r)
				require.ErrorIs(t, err, k.code, k.r.Method)
				assert.Equal(t, k.tries, tries.Load(), k.r.Method)
				e := asError(t, err)
				assert.Equal(t, parvis.Network("testnet"), e.Network)
				assert.Equal(t, "testnet:acme", e.Account)
			}
		})
	}
}

func TestNothingLeftIsUnavailableAndRetried(t *testing.T) {
	t.Parallel()
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	untrusted := httptest.NewUnstartedServer(http.NotFoundHandler())
	untrusted.Config.ErrorLog = log.New(io.Discard, "", 0)
	untrusted.StartTLS()
	t.Cleanup(untrusted.Close)
	for _, c := range []struct {
		name, base string
		dial       func(context.Context, string, string) (net.Conn, error)
		tries      int32
	}{
		{"refused", closed.URL, nil, 3},
		{"no such name", "http://host.example", func(context.Context, string, string) (net.Conn, error) {
			return nil, &net.DNSError{Err: "no such host", Name: "host.example", IsNotFound: true}
		}, 3},
		{"reset before the handshake ended", "https://host.example", func(context.Context, string, string) (net.Conn, error) {
			a, b := net.Pipe()
			_ = b.Close()
			return a, nil
		}, 3},
		{"bad certificate", untrusted.URL, nil, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var tries atomic.Int32
			dial := c.dial
			if dial == nil {
				dial = (&net.Dialer{}).DialContext
			}
			client := newClient(t, c.base, func(cfg *httpx.Config) {
				cfg.Client = &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, n, a string) (net.Conn, error) {
					tries.Add(1)
					return dial(ctx, n, a)
				}}}
			})
			_, err := client.Do(t.Context(), unsafeCall)
			require.ErrorIs(t, err, parvis.ErrUnavailable)
			require.NotErrorIs(t, err, parvis.ErrUnknownOutcome)
			assert.Equal(t, c.tries, tries.Load())
			assert.NotEmpty(t, asError(t, err).Help)
			assert.NotContains(t, err.Error(), "/x", "the address may hold secrets")
		})
	}
	_, err := newClient(t, closed.URL).Do(t.Context(), unsafeCall)
	assert.ErrorIs(t, err, syscall.ECONNREFUSED, "the cause can be asked for")
}

// A server that dies while the client keeps a connection to it must not turn the next
// call into an unknown outcome.
func TestDeadServerBehindAKeptConnection(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hc, stop := bubble(func(http.ResponseWriter, *http.Request) {})
		client := newClient(t, "http://host.example", func(c *httpx.Config) { c.Client = hc })
		_, err := client.Do(t.Context(), unsafeCall)
		require.NoError(t, err)
		stop()
		synctest.Wait()
		_, err = client.Do(t.Context(), unsafeCall)
		require.ErrorIs(t, err, parvis.ErrUnavailable)
	})
}

// The wire looks for a second connection within one try when it knows that nothing was
// written on the first.
func TestWireThatTriesAnotherConnection(t *testing.T) {
	t.Parallel()
	wire := func(r *http.Request) (*http.Response, error) {
		trace := httptrace.ContextClientTrace(r.Context())
		trace.GetConn("host.example:443")
		trace.GotConn(httptrace.GotConnInfo{Reused: true})
		trace.GetConn("host.example:443")
		return nil, &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
	}
	_, err := newClient(t, "https://host.example", onWire(wire)).Do(t.Context(), unsafeCall)
	require.ErrorIs(t, err, parvis.ErrUnavailable)
	// With a key, net/http also replays what was written.
	_, err = newClient(t, "https://host.example", onWire(wire)).Do(t.Context(), safeCall)
	require.ErrorIs(t, err, parvis.ErrUnknownOutcome)
}

// net/http replays by itself what carries a key; a caller who sets one must say Safe,
// and if he does not, nothing is claimed.
func TestKeyWithoutSafe(t *testing.T) {
	t.Parallel()
	keyed := unsafeCall
	keyed.Header = http.Header{"Idempotency-Key": {"k"}}
	_, err := newClient(t, "https://host.example", onWire(func(r *http.Request) (*http.Response, error) {
		trace := httptrace.ContextClientTrace(r.Context())
		trace.GetConn("host.example:443")
		trace.GotConn(httptrace.GotConnInfo{Reused: true})
		trace.GetConn("host.example:443")
		return nil, &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
	})).Do(t.Context(), keyed)
	require.ErrorIs(t, err, parvis.ErrUnknownOutcome)
}

func TestCookiesDoNotPileUp(t *testing.T) {
	t.Parallel()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	jar.SetCookies(&url.URL{Scheme: "https", Host: "host.example"}, []*http.Cookie{{Name: "a", Value: "1"}})
	var cookies []string
	client := newClient(t, "https://host.example", onWire(func(r *http.Request) (*http.Response, error) {
		cookies = append(cookies, r.Header.Get("Cookie"))
		return answer(r, 503, ""), nil
	}), func(c *httpx.Config) { c.Client.Jar = jar })
	_, err = client.Do(t.Context(), readCall)
	require.ErrorIs(t, err, parvis.ErrUnavailable)
	assert.Equal(t, []string{"a=1", "a=1", "a=1"}, cookies)
}

func TestWireThatTellsNothing(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err  error
		code parvis.Code
	}{
		{io.ErrUnexpectedEOF, parvis.ErrUnknownOutcome},
		{&net.OpError{Op: "read", Err: syscall.ECONNRESET}, parvis.ErrUnknownOutcome},
		{&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}, parvis.ErrUnavailable},
		{&net.DNSError{Err: "no such host"}, parvis.ErrUnavailable},
	} {
		client := newClient(t, "https://host.example", onWire(func(*http.Request) (*http.Response, error) { return nil, c.err }))
		_, err := client.Do(t.Context(), unsafeCall)
		require.ErrorIs(t, err, c.code)
		assert.ErrorIs(t, err, c.err)
	}
}

func TestSecondTrySucceeds(t *testing.T) {
	t.Parallel()
	for _, r := range []httpx.Request{readCall, safeCall} {
		var bodies []string
		base := serve(t, func(w http.ResponseWriter, r *http.Request) {
			b, _ := io.ReadAll(r.Body)
			if bodies = append(bodies, string(b)); len(bodies) == 1 {
				hangUp(w, r)
			}
		})
		_, err := newClient(t, base).Do(t.Context(), r)
		require.NoError(t, err, r.Method)
		require.Len(t, bodies, 2)
		assert.Equal(t, bodies[0], bodies[1], "each try sends the whole body")
	}
}

func TestSafeMutationThatMayHaveWorkedStaysUnknown(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]parvis.Code{
		429: parvis.ErrUnknownOutcome, 401: parvis.ErrUnknownOutcome, 403: parvis.ErrUnknownOutcome,
		404: parvis.ErrNotFound, 409: parvis.ErrConflict, 422: parvis.ErrInvalid,
	} {
		var tries atomic.Int32
		base := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if tries.Add(1) == 1 {
				hangUp(w, r)
				return
			}
			w.Header().Set("Retry-After", "3000")
			w.WriteHeader(status)
		})
		_, err := newClient(t, base).Do(t.Context(), safeCall)
		require.ErrorIs(t, err, want, status)
		assert.Equal(t, int32(2), tries.Load())
	}
}

func TestTriesAreConfigured(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 2, 5} {
		tries := 0
		client := newClient(t, "https://host.example", func(c *httpx.Config) { c.Retry.Max = n },
			onWire(func(r *http.Request) (*http.Response, error) { tries++; return answer(r, 503, ""), nil }))
		_, err := client.Do(t.Context(), readCall)
		require.ErrorIs(t, err, parvis.ErrUnavailable)
		assert.Equal(t, n, tries)
	}
}

func TestBackoffGrowsWithinItsBounds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var at []time.Time
		client := newClient(t, "https://host.example", func(c *httpx.Config) {
			c.Retry = httpx.RetryPolicy{Max: 6, MinWait: time.Second, MaxWait: 5 * time.Second}
		}, onWire(func(r *http.Request) (*http.Response, error) {
			at = append(at, time.Now())
			return answer(r, 500, ""), nil
		}))
		_, err := client.Do(t.Context(), readCall)
		require.ErrorIs(t, err, parvis.ErrUnavailable)
		require.Len(t, at, 6)
		for i, most := range []time.Duration{1, 2, 4, 5, 5} {
			most *= time.Second
			d := at[i+1].Sub(at[i])
			assert.LessOrEqual(t, d, most+1)
			assert.GreaterOrEqual(t, d, most/2)
		}
	})
}

func TestRetryAfterIsHonoured(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		status int
		body   string
		header []string
		r      httpx.Request
		wait   time.Duration
	}{
		{"429 of a read", 429, "", []string{"Retry-After", "7"}, readCall, 7 * time.Second},
		{"429 of a mutation", 429, "", []string{"Retry-After", "7"}, unsafeCall, 7 * time.Second},
		{"429 in the body", 429, `{"parameters":{"retry_after":9}}`, nil, unsafeCall, 9 * time.Second},
		{"503 of a read", 503, "", []string{"Retry-After", "20"}, readCall, 20 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				tries := 0
				began := time.Now()
				client := newClient(t, "https://host.example", func(cfg *httpx.Config) {
					cfg.Retry = httpx.RetryPolicy{}
				}, onWire(func(r *http.Request) (*http.Response, error) {
					if tries++; tries == 1 {
						return answer(r, c.status, c.body, c.header...), nil
					}
					return answer(r, 200, "{}"), nil
				}))
				_, err := client.Do(t.Context(), c.r)
				require.NoError(t, err)
				assert.Equal(t, 2, tries)
				assert.Equal(t, c.wait, time.Since(began))
			})
		})
	}
}

func TestRateHeadersDoNotDelayOtherFailures(t *testing.T) {
	t.Parallel()
	tries := 0
	client := newClient(t, "https://host.example", onWire(func(r *http.Request) (*http.Response, error) {
		tries++
		return answer(r, 502, "", "X-RateLimit-Remaining", "200", "X-RateLimit-Reset", "280"), nil
	}))
	_, err := client.Do(t.Context(), readCall)
	require.ErrorIs(t, err, parvis.ErrUnavailable)
	assert.Equal(t, 3, tries)
	assert.Zero(t, asError(t, err).RetryAfter)
}

func TestTooManyRequestsInTheEnd(t *testing.T) {
	t.Parallel()
	tries := 0
	client := newClient(t, "https://host.example", func(c *httpx.Config) { c.Limiter = &openLimiter{} },
		onWire(func(r *http.Request) (*http.Response, error) {
			tries++
			return answer(r, 429, "", "Retry-After", "0.000000001"), nil
		}))
	_, err := client.Do(t.Context(), unsafeCall)
	require.ErrorIs(t, err, parvis.ErrRateLimited)
	assert.Equal(t, 3, tries)

	tries = 0
	client = newClient(t, "https://host.example", onWire(func(r *http.Request) (*http.Response, error) {
		tries++
		return answer(r, 429, "", "Retry-After", "3600"), nil
	}))
	_, err = client.Do(t.Context(), unsafeCall)
	require.ErrorIs(t, err, parvis.ErrRateLimited)
	assert.Equal(t, 1, tries)
	assert.Equal(t, time.Hour, asError(t, err).RetryAfter)
}

func TestContextEnded(t *testing.T) {
	t.Parallel()
	t.Run("before", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		client := newClient(t, "https://host.example", onWire(func(*http.Request) (*http.Response, error) {
			t.Error("sent")
			return nil, io.EOF
		}))
		_, err := client.Do(ctx, unsafeCall)
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorIs(t, err, parvis.ErrUnavailable)
	})
	t.Run("while dialling", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			hung := make(chan struct{})
			defer close(hung)
			tr := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
				<-hung
				return nil, net.ErrClosed
			}}
			client := newClient(t, "https://host.example", func(c *httpx.Config) { c.Client = &http.Client{Transport: tr} })
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			_, err := client.Do(ctx, unsafeCall)
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.ErrorIs(t, err, parvis.ErrUnavailable)
			require.NotErrorIs(t, err, parvis.ErrUnknownOutcome)
		})
	})
	for name, c := range map[string]struct {
		r    httpx.Request
		want parvis.Code
	}{
		"after a read left":          {readCall, parvis.ErrUnavailable},
		"after a mutation left":      {unsafeCall, parvis.ErrUnknownOutcome},
		"after a safe mutation left": {safeCall, parvis.ErrUnknownOutcome},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				hc, stop := bubble(func(_ http.ResponseWriter, r *http.Request) {
					_, _ = io.Copy(io.Discard, r.Body)
					<-r.Context().Done()
				})
				defer stop()
				client := newClient(t, "http://host.example", func(cfg *httpx.Config) { cfg.Client = hc })
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				_, err := client.Do(ctx, c.r)
				require.ErrorIs(t, err, c.want)
				require.ErrorIs(t, err, context.DeadlineExceeded)
			})
		})
	}
	t.Run("cause of its own", func(t *testing.T) {
		t.Parallel()
		reason := errors.New("the desk closes")
		ctx, cancel := context.WithCancelCause(t.Context())
		base := serve(t, func(_ http.ResponseWriter, r *http.Request) { cancel(reason); <-r.Context().Done() })
		_, err := newClient(t, base).Do(ctx, readCall)
		require.ErrorIs(t, err, context.Canceled)
	})
}

func TestContextEndedBetweenTries(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]parvis.Code{429: parvis.ErrUnavailable, 503: parvis.ErrUnknownOutcome} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			client := newClient(t, "https://host.example", func(c *httpx.Config) { c.Retry = httpx.RetryPolicy{} },
				onWire(func(r *http.Request) (*http.Response, error) {
					return answer(r, status, "", "Retry-After", "20"), nil
				}))
			_, err := client.Do(ctx, safeCall)
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.ErrorIs(t, err, want, strconv.Itoa(status))
		})
	}
}

func TestTimeouts(t *testing.T) {
	t.Parallel()
	silent := func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	}
	loris := func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		for {
			if _, err := io.WriteString(w, " "); err != nil {
				return
			}
			_ = http.NewResponseController(w).Flush()
			select {
			case <-r.Context().Done():
				return
			case <-time.After(time.Second):
			}
		}
	}
	for _, c := range []struct {
		name    string
		handler http.HandlerFunc
		r       httpx.Request
		change  func(*httpx.Config)
		code    parvis.Code
		took    time.Duration
	}{
		{"no header, read", silent, readCall, nil, parvis.ErrUnavailable, 30 * time.Second},
		{"no header, mutation", silent, unsafeCall, nil, parvis.ErrUnknownOutcome, 30 * time.Second},
		{"slow body, read", loris, readCall, nil, parvis.ErrUnavailable, 30 * time.Second},
		{"slow body, mutation", loris, unsafeCall, nil, parvis.ErrUnknownOutcome, 30 * time.Second},
		{"configured", silent, readCall, func(c *httpx.Config) { c.Timeout = 5 * time.Second }, parvis.ErrUnavailable, 5 * time.Second},
		{"of the injected client", silent, readCall, func(c *httpx.Config) { c.Client.Timeout = 3 * time.Second }, parvis.ErrUnavailable, 3 * time.Second},
		{"of the call", silent, httpx.Request{Path: "/", Timeout: 2 * time.Minute}, nil, parvis.ErrUnavailable, 2 * time.Minute},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				hc, stop := bubble(c.handler)
				defer stop()
				client := newClient(t, "http://host.example", func(cfg *httpx.Config) {
					cfg.Client, cfg.Retry.Max = hc, 1
					if c.change != nil {
						c.change(cfg)
					}
				})
				began := time.Now()
				_, err := client.Do(t.Context(), c.r)
				require.ErrorIs(t, err, c.code)
				require.ErrorIs(t, err, context.DeadlineExceeded)
				assert.Equal(t, c.took, time.Since(began))
			})
		})
	}
}

func TestEachTryHasItsOwnTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		tries := 0
		client := newClient(t, "https://host.example", func(c *httpx.Config) { c.Timeout = 10 * time.Second },
			onWire(func(r *http.Request) (*http.Response, error) {
				if tries++; tries < 3 {
					<-r.Context().Done()
					return nil, r.Context().Err()
				}
				return answer(r, 200, "{}"), nil
			}))
		began := time.Now()
		_, err := client.Do(t.Context(), readCall)
		require.NoError(t, err)
		assert.InDelta(t, 20*time.Second, time.Since(began), 10)
	})
}

func TestStreamIsNotTimed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hc, stop := bubble(func(w http.ResponseWriter, _ *http.Request) {
			<-time.After(10 * time.Minute)
			w.WriteHeader(http.StatusOK)
			_ = http.NewResponseController(w).Flush()
			<-time.After(10 * time.Hour)
			_, _ = io.WriteString(w, "late")
		})
		defer stop()
		hc.Timeout = time.Second
		client := newClient(t, "http://host.example", func(c *httpx.Config) { c.Client = hc })
		resp, err := client.Stream(t.Context(), httpx.Request{Path: "/"})
		require.NoError(t, err)
		b, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		assert.Equal(t, "late", string(b))
		require.NoError(t, resp.Body.Close())
	})
}

// net/http would replay a request with this header on a connection that breaks.
func TestKeyThatTheNetworkDoesNotHonourIsNoLeaveToRepeat(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]httpx.Body{"body": httpx.JSON(1), "none": nil} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var keyed atomic.Int32
			base := serve(t, func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				if r.Header.Get("Idempotency-Key") != "" {
					assert.Equal(t, "PATCH", r.Method)
					keyed.Add(1)
					hangUp(w, r)
				}
			})
			client := newClient(t, base)
			_, err := client.Do(t.Context(), readCall)
			require.NoError(t, err, "there is a connection to reuse")
			_, err = client.Do(t.Context(), httpx.Request{
				Method: "PATCH", Path: "/", Body: body,
				Header: http.Header{"Idempotency-Key": {"k"}},
			})
			require.ErrorIs(t, err, parvis.ErrUnknownOutcome)
			assert.Equal(t, int32(1), keyed.Load())
		})
	}
}
