package e2e

import (
	"context"
	"crypto/rand"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	server "github.com/parvis-go/parvis/internal/e2e/servers/postgres"
)

var postgresServer = sync.OnceValues(func() (*server.Server, error) {
	s, err := server.Start(context.Background())
	if err == nil {
		atExit(s.Close)
	}
	return s, err
})

// postgres gives t a database of its own, which is dropped when t ends.
func postgres(t testing.TB) *pgxpool.Pool {
	t.Helper()
	pool, err := pgxpool.New(t.Context(), postgresURL(t))
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	return pool
}

// postgresURL is postgres for those who open the database themselves, such as other processes.
func postgresURL(t testing.TB) string {
	t.Helper()
	s, err := postgresServer()
	require.NoError(t, err)
	name := "t" + strings.ToLower(rand.Text()[:12])
	require.NoError(t, onServer(t.Context(), s, "create database "+name))
	t.Cleanup(func() {
		assert.NoError(t, onServer(context.WithoutCancel(t.Context()), s, "drop database "+name+" with (force)"))
	})
	return s.URL(name)
}

// onServer runs a statement outside the databases of the tests.
func onServer(ctx context.Context, s *server.Server, statement string) error {
	conn, err := pgx.Connect(ctx, s.URL("postgres"))
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, statement)
	return err
}

func TestPostgresDatabasesAreApart(t *testing.T) {
	t.Parallel()
	one, other := postgres(t), postgres(t)
	_, err := one.Exec(t.Context(), "create table mine (n int)")
	require.NoError(t, err)
	_, err = other.Exec(t.Context(), "select * from mine")
	require.Error(t, err)
	var encoding string
	require.NoError(t, one.QueryRow(t.Context(), "show server_encoding").Scan(&encoding))
	assert.Equal(t, "UTF8", encoding)
}
