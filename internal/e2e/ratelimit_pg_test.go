package e2e

import (
	"context"
	"encoding/json"
	"errors"
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

// limitWorker is one of the processes: it calls as fast as the limiter lets it until its
// time is over. See TestMain.
func limitWorker(ctx context.Context, text string) error {
	var job limitJob
	if err := json.Unmarshal([]byte(text), &job); err != nil {
		return err
	}
	pool, err := pgxpool.New(ctx, job.DSN)
	if err != nil {
		return err
	}
	defer pool.Close()
	l, err := ratelimit.Shared(ctx, ratelimitpg.Pool(pool), []ratelimit.Rule{job.Rule},
		&ratelimit.SharedOptions{Options: ratelimit.Options{MaxWait: time.Minute}})
	if err != nil {
		return err
	}
	client, err := httpx.New(httpx.Config{
		Base: job.Base, Client: &http.Client{Transport: &http.Transport{}}, Limits: ratelimit.DiscordHeaders, Limiter: l,
		Account: func() parvis.Account { return parvis.Account{Network: "testnet", Handle: "acme"} },
	})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, job.For)
	defer cancel()
	var lanes sync.WaitGroup
	failed := make(chan error, 4)
	for range cap(failed) {
		lanes.Go(func() {
			for ctx.Err() == nil {
				_, err := client.Do(ctx, httpx.Request{Path: "/", Endpoint: "GET /"})
				if err != nil && ctx.Err() == nil && !errors.Is(err, parvis.ErrRateLimited) {
					failed <- err
					return
				}
			}
		})
	}
	lanes.Wait()
	close(failed)
	return errors.Join(<-failed, l.Close())
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
			cmd := exec.CommandContext(t.Context(), self)
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
