package audit_test

import (
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis/moderate/audit"
)

// TestDatabaseRefusesWhatIsNotAppended: whichever program writes into the table.
func TestDatabaseRefusesWhatIsNotAppended(t *testing.T) {
	t.Parallel()
	db := pool(t, filepath.Join(t.TempDir(), "audit.db"), 2)
	trail := open(t, db)
	require.NoError(t, trail.RecordAll(t.Context(), acts("acme", 5)))
	before := collect(t, trail.For("acme"), audit.Query{})
	const row = " INTO parvis_audit SELECT 3, at, client, account, actor, 'forged', ref_client, ref_network, ref_host, ref_kind, ref_id, outcome, reason, detail FROM parvis_audit WHERE seq = 3"
	for _, statement := range []string{
		"UPDATE parvis_audit SET outcome = 'forged'",
		"UPDATE parvis_audit SET seq = 9 WHERE seq = 3",
		"UPDATE OR REPLACE parvis_audit SET seq = 2 WHERE seq = 3",
		"UPDATE OR IGNORE parvis_audit SET seq = 2 WHERE seq = 3",
		"DELETE FROM parvis_audit",
		"DELETE FROM parvis_audit WHERE seq = 3",
		"REPLACE" + row,
		"INSERT OR REPLACE" + row,
		"INSERT" + row,
		"INSERT" + row + " ON CONFLICT (seq) DO UPDATE SET op = 'forged'",
	} {
		_, err := db.Exec(statement)
		require.ErrorContains(t, err, "append-only", statement)
	}
	assert.Equal(t, before, collect(t, trail.For("acme"), audit.Query{}))
	require.NoError(t, trail.Record(t.Context(), act("acme", 5)), "appending goes on")
	after := collect(t, trail.For("acme"), audit.Query{})
	require.Len(t, after, 6)
	assert.EqualValues(t, 6, after[5].Seq)
}

// TestConcurrentRecorders: several processes and goroutines, each opening the trail by
// itself; nothing is lost, no number is given twice, and each one's order is kept.
func TestConcurrentRecorders(t *testing.T) {
	t.Parallel()
	const recorders, each = 4, 40
	for name, conns := range map[string]int{"one connection": 1, "several connections": 3} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "audit.db")
			var wg sync.WaitGroup
			for i := range recorders {
				db := pool(t, file, conns)
				client := string(rune('a' + i))
				wg.Go(func() {
					trail, err := audit.Open(t.Context(), audit.SQLite(db))
					if !assert.NoError(t, err) {
						return
					}
					wg.Go(func() { assert.NoError(t, trail.RecordAll(t.Context(), acts("shared", 25))) })
					for n := range each {
						assert.NoError(t, trail.Record(t.Context(), act(client, n)))
					}
				})
			}
			wg.Wait()
			trail := open(t, pool(t, file, conns))
			seen := map[int64]bool{}
			for i := range recorders {
				got := collect(t, trail.For(string(rune('a'+i))), audit.Query{})
				require.Equal(t, acts(string(rune('a'+i)), each), records(got))
				for n, e := range got {
					assert.False(t, seen[e.Seq], "number %d was given twice", e.Seq)
					seen[e.Seq] = true
					assert.True(t, n == 0 || got[n-1].Seq < e.Seq, "numbers do not grow")
				}
			}
			shared := collect(t, trail.For("shared"), audit.Query{})
			assert.Len(t, shared, recorders*25)
			for _, e := range shared {
				assert.False(t, seen[e.Seq], "number %d was given twice", e.Seq)
				seen[e.Seq] = true
			}
			for n := range int64(recorders * (each + 25)) {
				assert.True(t, seen[n+1], "number %d is missing", n+1)
			}
		})
	}
}
