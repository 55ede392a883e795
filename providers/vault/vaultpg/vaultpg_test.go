package vaultpg_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/store"
	"github.com/parvis-go/parvis/providers/vault"
	"github.com/parvis-go/parvis/providers/vault/vaultpg"
)

// away is an address where no server listens.
const away = "postgres://parvis:parvis-secret-pg@127.0.0.1:1/parvis"

func TestServerAway(t *testing.T) {
	t.Parallel()
	pool, err := pgxpool.New(t.Context(), away)
	require.NoError(t, err)
	defer pool.Close()
	db := vaultpg.Pool(pool)
	assert.Equal(t, store.PostgreSQL, db.Dialect())

	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	_, err = vault.Open(ctx, db, vault.Key([]byte("parvis-secret-key-a-of-32-bytes!")), nil)
	require.ErrorIs(t, err, parvis.ErrUnavailable)
	said := fmt.Sprintf("%+v %#v", err, err)
	assert.Equal(t, 0, strings.Count(said, "parvis-secret-"), "a secret is in the error")
}

func ExamplePool() {
	ctx := context.Background()
	pool, err := pgxpool.New(ctx, "postgres://parvis@127.0.0.1:1/parvis") // there is none
	if err != nil {
		fmt.Println(err)
		return
	}
	defer pool.Close()
	_, err = vault.Open(ctx, vaultpg.Pool(pool), vault.Key(make([]byte, 32)), nil)
	fmt.Println(parvis.CodeOf(err))
	// Output: unavailable
}
