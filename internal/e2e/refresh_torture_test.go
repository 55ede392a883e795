package e2e

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/e2e/refresh"
	"github.com/parvis-go/parvis/providers/vault"
	"github.com/parvis-go/parvis/providers/vault/vaultpg"
)

// tortureKey is the vault's key.
const tortureKey = "parvis-secret-key-of-32-letters!"

// A torture is one run: four workers with wrong clocks on one vault, a server that loses
// answers, and a hangman.
type torture struct {
	dsn      string
	accounts int
	rules    refresh.Rules
	wanted   int           // refreshes
	every    time.Duration // between kills; 0 kills nobody
	within   time.Duration

	server *refresh.Server
	url    string
	mu     sync.Mutex
	lines  []string
	kills  int
}

// said notes what a worker prints.
func (r *torture) said(line string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lines = append(r.lines, line)
}

// with returns the lines that begin with word.
func (r *torture) with(word string) (lines []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, l := range r.lines {
		if strings.HasPrefix(l, word) {
			lines = append(lines, l)
		}
	}
	return lines
}

// A worker is one process.
type worker struct {
	cmd  *exec.Cmd
	in   io.Closer
	read chan struct{} // closed when all that it printed was read
}

func (r *torture) start(t *testing.T, program string, skew time.Duration) *worker {
	cmd := exec.Command(program, "-db", r.dsn, "-server", r.url, "-key", tortureKey,
		"-accounts", fmt.Sprint(r.accounts), "-skew", skew.String())
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	cmd.Stderr = os.Stderr
	require.NoError(t, cmd.Start())
	w := &worker{cmd, in, make(chan struct{})}
	go func() {
		defer close(w.read)
		for s := bufio.NewScanner(out); s.Scan(); {
			r.said(s.Text())
		}
	}()
	return w
}

// kill ends the process as a power cut would.
func (w *worker) kill() {
	_ = w.cmd.Process.Kill()
	w.wait()
}

// wait waits until it has ended, and returns how.
func (w *worker) wait() error {
	<-w.read
	return w.cmd.Wait()
}

// run lets the workers work until the server has given as many tokens as are wanted.
func (r *torture) run(t *testing.T, db vault.DB) {
	program := filepath.Join(t.TempDir(), "worker")
	build := exec.Command("go", "build", "-o", program, "./refresh/worker")
	out, err := build.CombinedOutput()
	require.NoError(t, err, string(out))
	r.server = refresh.NewServer(r.rules, r.accounts)
	front := httptest.NewServer(r.server)
	defer front.Close()
	r.url = front.URL
	r.fill(t, db)

	skews := []time.Duration{0, time.Hour, -time.Hour, 90 * time.Second}
	workers := make([]*worker, len(skews))
	for i, skew := range skews {
		workers[i] = r.start(t, program, skew)
	}
	ctx, cancel := context.WithTimeout(t.Context(), r.within)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	next := time.Now().Add(time.Second)
	for ctx.Err() == nil && r.server.Now().Refreshes < r.wanted {
		<-tick.C
		if r.every > 0 && time.Now().After(next) {
			i := rand.IntN(len(workers))
			workers[i].kill()
			workers[i] = r.start(t, program, skews[i])
			r.kills++
			next = time.Now().Add(r.every)
		}
	}
	for _, w := range workers {
		_ = w.in.Close()
	}
	for _, w := range workers {
		assert.NoError(t, w.wait())
	}
	tally := r.server.Now()
	t.Logf("%d refreshes and %d repeated for %d accounts by 4 processes, %d kills; answers lost: %d before, %d after, %d late; %d uses, %d with a token that had expired",
		tally.Refreshes, tally.Repeated, r.accounts, r.kills, tally.LostBefore, tally.LostAfter, tally.LostLate, tally.Uses, tally.Refused)
	assert.GreaterOrEqual(t, tally.Refreshes, r.wanted, "too slow: %v were not enough", r.within)
	assert.Zero(t, tally.Overlaps, "an account was refreshed twice at once")
	assert.Zero(t, tally.Unknown, "a token was used that the server never gave")
	assert.Empty(t, r.with("FAILED"))
}

// fill connects the accounts.
func (r *torture) fill(t *testing.T, db vault.DB) {
	v, err := vault.Open(t.Context(), db, vault.Key([]byte(tortureKey)), nil)
	require.NoError(t, err)
	for i := range r.accounts {
		id := fmt.Sprintf("a%d", i)
		access, again, expires := r.server.Tokens(id)
		_, err := v.For("acme").Keep(t.Context(), parvis.Account{Client: "acme", Network: "torture", ID: id},
			parvis.Token{Value: access, Refresh: again, Expiry: expires})
		require.NoError(t, err)
	}
	require.NoError(t, v.Close(t.Context()))
}

// noSecrets searches what the workers printed.
func (r *torture) noSecrets(t *testing.T) {
	for _, l := range r.lines {
		if strings.Contains(l, "parvis-secret-") {
			t.Fatal("a worker printed a secret")
		}
	}
}

// nobodyRefused checks that no user of an account was told to connect it again.
func (r *torture) nobodyRefused(t *testing.T) {
	refused := len(r.with("REFUSED"))
	assert.Zero(t, refused, "accounts were refused to their users")
}

// lossy loses six answers of a hundred before the rotation, after it, and when the
// client has given up.
var lossy = refresh.Rules{Life: 400 * time.Millisecond, Grace: time.Minute, Before: 2, After: 2, Late: 2, Stall: 450 * time.Millisecond}

func tortureOnPostgres(t *testing.T, r *torture) *pgxpool.Pool {
	r.dsn = postgresURL(t)
	pool, err := pgxpool.New(t.Context(), r.dsn)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	r.run(t, vaultpg.Pool(pool))
	return pool
}

func TestRefreshTortureOnPostgreSQL(t *testing.T) {
	r := &torture{accounts: 60, rules: lossy, wanted: 10_000, every: 300 * time.Millisecond, within: 4 * time.Minute}
	pool := tortureOnPostgres(t, r)
	assert.Empty(t, r.server.Dead(), "an account died")
	assert.Empty(t, r.with("HEALTH"), "somebody was told that an account is lost")
	r.nobodyRefused(t)
	r.noSecrets(t)
	var leaked int
	for _, table := range tables(t, pool) {
		require.NoError(t, pool.QueryRow(t.Context(), "select count(*) from "+table+" x where x::text like '%parvis-secret-%' or encode(convert_to(x::text, 'UTF8'), 'hex') like '%7061727669732d7365637265742d%'").Scan(&leaked))
		assert.Zero(t, leaked, "table %s holds a secret in the clear", table)
	}
}

// tables returns the names of all tables.
func tables(t *testing.T, pool *pgxpool.Pool) (names []string) {
	rows, err := pool.Query(t.Context(), "select tablename from pg_tables where schemaname = 'public'")
	require.NoError(t, err)
	for rows.Next() {
		var name string
		require.NoError(t, rows.Scan(&name))
		names = append(names, name)
	}
	require.NoError(t, rows.Err())
	require.NotEmpty(t, names)
	return names
}

func TestRefreshTortureOnSQLite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "vault.db")
	db, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	defer db.Close()
	r := &torture{dsn: path, accounts: 30, rules: lossy, wanted: 1_500, every: 300 * time.Millisecond, within: 4 * time.Minute}
	r.run(t, vault.SQLite(db))
	assert.Empty(t, r.server.Dead(), "an account died")
	assert.Empty(t, r.with("HEALTH"), "somebody was told that an account is lost")
	r.nobodyRefused(t)
	r.noSecrets(t)
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	if strings.Contains(string(b), "parvis-secret-") {
		t.Error("the database holds a secret in the clear")
	}
}

// TestRefreshOnAServerWithoutGrace loses answers after the rotation on a server that ends
// a grant whose refresh token comes twice. No client can save such an account: what is
// asked for is that nothing else dies, and that somebody is told, once.
func TestRefreshOnAServerWithoutGrace(t *testing.T) {
	rules := refresh.Rules{Life: 400 * time.Millisecond, Before: 3, After: 1, Stall: 450 * time.Millisecond}
	r := &torture{accounts: 40, rules: rules, wanted: 400, within: time.Minute}
	tortureOnPostgres(t, r)
	dead, lost := r.server.Dead(), r.with("HEALTH")
	t.Logf("%d accounts died of a lost answer, %d were reported", len(dead), len(lost))
	assert.NotEmpty(t, dead, "the run shows nothing")
	assert.LessOrEqual(t, len(dead), r.server.Now().LostAfter)
	told := map[string]int{}
	for _, l := range lost {
		told[strings.Fields(l)[1]]++
	}
	for account, n := range told {
		assert.Equal(t, 1, n, "%s was reported more than once", account)
		assert.Contains(t, dead, account, "%s lives", account)
	}
	r.noSecrets(t)
}
