package apitest_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis/internal/apitest"
)

// stage is a server that counts what reaches it, behind faults.
type stage struct {
	*httptest.Server
	faults apitest.Faults
	done   atomic.Int32
}

func newStage(t *testing.T) *stage {
	t.Helper()
	s := &stage{}
	s.Server = httptest.NewServer(s.faults.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.done.Add(1)
		w.Header().Set("X-Real", "yes")
		_, _ = io.WriteString(w, "you said "+string(body))
	})))
	t.Cleanup(s.Close)
	return s
}

func (s *stage) post(ctx context.Context, t *testing.T, body string) (*http.Response, string, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL+"/x", strings.NewReader(body))
	require.NoError(t, err)
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	if err != nil {
		return nil, "", err
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	return resp, string(got), err
}

func TestFaultsThatAnswer(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		fault  apitest.Fault
		status int
		header [2]string
		done   int32
	}{
		"rate limited":    {apitest.Fault{Kind: apitest.RateLimited, RetryAfter: 1500 * time.Millisecond}, 429, [2]string{"Retry-After", "2"}, 0},
		"silent limit":    {apitest.Fault{Kind: apitest.RateLimited}, 429, [2]string{"Retry-After", ""}, 0},
		"error before":    {apitest.Fault{Kind: apitest.ErrorBefore}, 500, [2]string{}, 0},
		"error after":     {apitest.Fault{Kind: apitest.ErrorAfter}, 500, [2]string{}, 1},
		"own status":      {apitest.Fault{Kind: apitest.ErrorBefore, Status: 503, Header: http.Header{"X-A": {"b"}}}, 503, [2]string{"X-A", "b"}, 0},
		"redirect":        {apitest.Fault{Kind: apitest.Redirect, To: "http://elsewhere.invalid/"}, 307, [2]string{"Location", "http://elsewhere.invalid/"}, 0},
		"unauthorized":    {apitest.Fault{Kind: apitest.Unauthorized}, 401, [2]string{}, 0},
		"forbidden":       {apitest.Fault{Kind: apitest.Forbidden}, 403, [2]string{"Content-Type", "application/json"}, 0},
		"html":            {apitest.Fault{Kind: apitest.HTMLError}, 403, [2]string{"Content-Type", "text/html; charset=UTF-8"}, 0},
		"retired":         {apitest.Fault{Kind: apitest.Gone426}, 426, [2]string{}, 0},
		"gone":            {apitest.Fault{Kind: apitest.Gone}, 410, [2]string{}, 0},
		"slow":            {apitest.Fault{Kind: apitest.Slow, Delay: time.Millisecond}, 200, [2]string{"X-Real", "yes"}, 1},
		"not this method": {apitest.Fault{Kind: apitest.Gone, Match: func(r *http.Request) bool { return r.Method == "GET" }}, 200, [2]string{"X-Real", "yes"}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			s.faults.Inject(tc.fault)
			resp, _, err := s.post(t.Context(), t, "a")
			require.NoError(t, err)
			assert.Equal(t, tc.status, resp.StatusCode)
			if tc.header[0] != "" {
				assert.Equal(t, tc.header[1], resp.Header.Get(tc.header[0]))
			}
			assert.Equal(t, tc.done, s.done.Load())
			assert.Equal(t, 1, s.faults.Calls())
		})
	}
}

func TestFaultsThatCut(t *testing.T) {
	t.Parallel()
	for kind, done := range map[apitest.Kind]int32{apitest.CutBefore: 0, apitest.CutAfter: 1, apitest.Truncated: 1} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			s.faults.Inject(apitest.Fault{Kind: kind})
			_, body, err := s.post(t.Context(), t, "hello")
			require.Error(t, err)
			assert.NotContains(t, body, "hello")
			assert.Equal(t, done, s.done.Load())
			assert.Zero(t, s.faults.Waiting())
		})
	}
}

func TestHangEndsWithTheClient(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.faults.Inject(apitest.Fault{Kind: apitest.Hang})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, _, err := s.post(ctx, t, "a")
	require.ErrorIs(t, err, context.DeadlineExceeded)
	assert.EqualValues(t, 1, s.done.Load())
}

func TestHugeGoesOn(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.faults.Inject(apitest.Fault{Kind: apitest.Huge})
	resp, body, err := s.post(t.Context(), t, "a")
	require.NoError(t, err)
	assert.Equal(t, "yes", resp.Header.Get("X-Real"))
	assert.Len(t, body, 1<<20)
}

func TestFaultsAreUsedUp(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.faults.Inject(apitest.Fault{Kind: apitest.Gone, Times: 2})
	s.faults.Inject(apitest.Fault{Kind: apitest.Forbidden, Times: -1})
	var got []int
	for range 4 {
		resp, _, err := s.post(t.Context(), t, "a")
		require.NoError(t, err)
		got = append(got, resp.StatusCode)
	}
	assert.Equal(t, []int{410, 410, 403, 403}, got)
	s.faults.Clear()
	resp, body, err := s.post(t.Context(), t, "b")
	require.NoError(t, err)
	assert.Equal(t, 200, resp.StatusCode)
	assert.Equal(t, "you said b", body)
	assert.Equal(t, 5, s.faults.Calls())
}

func TestSlowWaitsItsDelay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var faults apitest.Faults
		faults.Inject(apitest.Fault{Kind: apitest.Slow, Delay: time.Minute})
		start := time.Now()
		h := faults.Wrap(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
		assert.Equal(t, time.Minute, time.Since(start))
	})
}
