package vault_test

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers/vault"
)

// childFile names the database to a program that is to be killed.
const childFile = "PARVIS_TEST_VAULT_FILE"

func TestMain(m *testing.M) {
	if file := os.Getenv(childFile); file != "" {
		child(file)
		return
	}
	os.Exit(m.Run())
}

// shortLease is that of the processes of these tests.
func shortLease(o *vault.Options) {
	o.Tokens.Timeout, o.Tokens.Lease = 800*time.Millisecond, 1200*time.Millisecond
}

// dying is a network that has rotated the token and never gets to say so: the process is
// killed there. Whether its parent's network has rotated is the parent's choice.
type dying struct{}

func (dying) Refresh(context.Context, parvis.Account, parvis.Token) (parvis.Token, error) {
	fmt.Println("refreshing")
	select {}
}

// child begins a refresh and waits for its end.
func child(file string) {
	db, err := sql.Open("sqlite", file)
	if err != nil {
		panic(err)
	}
	o := &vault.Options{Refresher: dying{}}
	shortLease(o)
	v, err := vault.Open(context.Background(), vault.SQLite(db), vault.Key(keyA), o)
	if err != nil {
		panic(err)
	}
	_, err = v.For("acme").Tokens(account("acme", "1")).Token(context.Background())
	panic(err)
}

// TestKilledWhileRefreshing: a process is killed with SIGKILL while it holds the lease, before
// or after the network rotated the token. The survivor goes on when the lease has run out.
func TestKilledWhileRefreshing(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name           string
		rotated, grace bool
		code           parvis.Code
	}{
		{name: "before the rotation"},
		{name: "after the rotation, with a period of grace", rotated: true, grace: true},
		{name: "after the rotation, without", rotated: true, code: parvis.ErrAuth},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			survivor := b.open(shortLease)
			a := account("acme", "1")
			b.expired(survivor, a)
			spent := b.net.good["1"]
			b.killChild()
			if tt.rotated {
				b.net.issue("1")
			}
			if tt.grace {
				b.net.good["1"] = spent
			}
			began := time.Now()
			token, err := survivor.For("acme").Tokens(a).Token(t.Context())
			assert.Less(t, time.Since(began), 10*time.Second)
			assert.Equal(t, 1, b.net.count())
			if tt.code != "" {
				e := clean(t, err, tt.code)
				assert.Contains(t, e.Message, "may have been spent")
				assert.Equal(t, 1, b.events())
				return
			}
			require.NoError(t, err)
			stored, err := b.open().For("acme").Load(t.Context(), a)
			require.NoError(t, err)
			same(t, token, stored)
			assert.Zero(t, b.events())
		})
	}
}

// killChild starts another process, and kills it in the middle of a refresh.
func (b *bench) killChild() {
	b.t.Helper()
	cmd := exec.CommandContext(b.t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childFile+"="+b.file)
	out, err := cmd.StdoutPipe()
	require.NoError(b.t, err)
	require.NoError(b.t, cmd.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(b.t, err)
	require.Equal(b.t, "refreshing\n", line)
	require.NoError(b.t, cmd.Process.Kill())
	_ = cmd.Wait() // it was killed
	assert.Equal(b.t, 1, b.number("SELECT count(*) FROM parvis_vault_tokens WHERE lease <> '' AND intent = version"))
}
