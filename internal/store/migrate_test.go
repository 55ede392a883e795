package store_test

import (
	"os"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/store"
)

// steps change the tables so that a step that is run twice, or out of order, fails.
func steps() []store.Migration {
	return []store.Migration{
		{"CREATE TABLE counter (id BIGINT PRIMARY KEY, n BIGINT NOT NULL)", "INSERT INTO counter VALUES (1, 0)"},
		{"ALTER TABLE counter ADD COLUMN sealed BLOB", "UPDATE counter SET n = n + 1"},
		{"UPDATE counter SET n = n * 10"},
	}
}

func TestMigrateFromEachVersion(t *testing.T) {
	t.Parallel()
	for have := range len(steps()) + 1 {
		db := store.OpenSQLite(open(t, file(t)))
		require.NoError(t, store.Migrate(t.Context(), db, "room", steps()[:have]))
		require.NoError(t, store.Migrate(t.Context(), db, "room", steps()))
		require.NoError(t, store.Migrate(t.Context(), db, "room", steps()), "once more changes nothing")
		assert.Equal(t, 10, count(t, db), "from version %d", have)
		require.NoError(t, store.Migrate(t.Context(), db, "other", []store.Migration{{"CREATE TABLE other (n BIGINT)"}}), "rooms count by themselves")
	}
}

// TestMigrateAtOnce: many processes start at the same time; each step is done once.
func TestMigrateAtOnce(t *testing.T) {
	t.Parallel()
	name := file(t)
	var wg sync.WaitGroup
	for range 6 {
		db := store.OpenSQLite(open(t, name))
		wg.Go(func() { assert.NoError(t, store.Migrate(t.Context(), db, "room", steps())) })
	}
	wg.Wait()
	db := store.OpenSQLite(open(t, name))
	assert.Equal(t, 10, count(t, db))
	var versions int
	require.NoError(t, db.QueryRow(t.Context(), "SELECT count(*) FROM parvis_migrations").Scan(&versions))
	assert.Equal(t, len(steps()), versions)
}

func TestMigrateRefusesNewerTables(t *testing.T) {
	t.Parallel()
	name := file(t)
	db := store.OpenSQLite(open(t, name))
	require.NoError(t, store.Migrate(t.Context(), db, "room", steps()))
	before, err := os.ReadFile(name)
	require.NoError(t, err)

	err = store.Migrate(t.Context(), db, "room", steps()[:2])
	require.ErrorIs(t, err, parvis.ErrConflict)
	assert.ErrorContains(t, err, "version 3")
	assert.ErrorContains(t, err, "newer release")
	after, err := os.ReadFile(name)
	require.NoError(t, err)
	assert.Equal(t, before, after, "the file was changed")
}

// TestMigrateStepIsWhole: a step that fails in the middle leaves nothing of itself.
func TestMigrateStepIsWhole(t *testing.T) {
	t.Parallel()
	db := store.OpenSQLite(open(t, file(t)))
	broken := append(steps()[:1], store.Migration{"UPDATE counter SET n = 99", "nonsense"})
	err := store.Migrate(t.Context(), db, "room", broken)
	require.ErrorIs(t, err, parvis.ErrUnavailable)
	assert.Equal(t, 0, count(t, db))
	require.NoError(t, store.Migrate(t.Context(), db, "room", steps()))
	assert.Equal(t, 10, count(t, db))
}
