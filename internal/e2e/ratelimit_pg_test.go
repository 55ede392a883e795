package e2e

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/apitest/limits"
	"github.com/parvis-go/parvis/internal/httpx"
	"github.com/parvis-go/parvis/providers/ratelimit"
	"github.com/parvis-go/parvis/providers/ratelimit/ratelimitpg"
)

// limitJob is what a process of the test is told to do.
type limitJob struct {
	DSN, Base string
	Rule      ratelimit.Rule
	For       time.Duration
}

// jobVariable holds the job of a process that the test starts.
const jobVariable = "PARVIS_E2E_RATELIMIT_JOB"

// TestRateLimitWorker is one of the processes. Without a job there is nothing to do.
func TestRateLimitWorker(t *testing.T) {
	text, ok := os.LookupEnv(jobVariable)
	if !ok {
		return
	}
	var job limitJob
	require.NoError(t, json.Unmarshal([]byte(text), &job))
	ctx, cancel := context.WithTimeout(t.Context(), job.For)
	defer cancel()
	pool, err := pgxpool.New(t.Context(), job.DSN)
	require.NoError(t, err)
	defer pool.Close()
	l, err := ratelimit.Shared(t.Context(), ratelimitpg.Pool(pool), []ratelimit.Rule{job.Rule},
		&ratelimit.SharedOptions{Options: ratelimit.Options{MaxWait: time.Minute}})
	require.NoError(t, err)
	client, err := httpx.New(httpx.Config{
		Base: job.Base, Client: &http.Client{Transport: &http.Transport{}}, Limits: ratelimit.DiscordHeaders, Limiter: l,
		Account: func() parvis.Account { return parvis.Account{Network: "testnet", Handle: "acme"} },
	})
	require.NoError(t, err)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for ctx.Err() == nil {
				if _, err := client.Do(ctx, httpx.Request{Path: "/", Endpoint: "GET /"}); err != nil && ctx.Err() == nil {
					assert.ErrorIs(t, err, parvis.ErrRateLimited)
				}
			}
		})
	}
	wg.Wait()
	require.NoError(t, l.Close())
}

// TestRateLimitProcessesOnPostgreSQL: four processes share one allowance through
// PostgreSQL; none is refused, and the allowance is used.
func TestRateLimitProcessesOnPostgreSQL(t *testing.T) {
	const span, count, limit = 3 * time.Second, 4, 200
	pool := postgres(t)
	server := limits.New(limits.Options{Tell: limits.Precise, Rules: []limits.Rule{{Name: "w", Kind: limits.Fixed, Max: limit, Per: span}}})
	web := httptest.NewServer(server)
	defer web.Close()
	self, err := os.Executable()
	require.NoError(t, err)
	job, err := json.Marshal(limitJob{
		DSN: pool.Config().ConnString(), Base: web.URL, For: count*span - span/10,
		Rule: ratelimit.Rule{Name: "w", Max: limit, Per: span, Announced: true},
	})
	require.NoError(t, err)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			cmd := exec.CommandContext(t.Context(), self, "-test.run", "^TestRateLimitWorker$")
			cmd.Env = append(os.Environ(), jobVariable+"="+string(job))
			out, err := cmd.CombinedOutput()
			assert.NoError(t, err, string(out))
		})
	}
	wg.Wait()
	st := server.Stats()
	share := float64(st.Used) / (limit * count)
	t.Logf("%.1f %% used, %d refused; by window %v", 100*share, st.Refused, st.UsedIn)
	assert.GreaterOrEqual(t, share, 0.95)
	assert.LessOrEqual(t, st.Refused, 1)
}
