package e2e

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/store"
	"github.com/parvis-go/parvis/moderate/audit"
	"github.com/parvis-go/parvis/moderate/audit/auditpg"
)

func openAudit(t *testing.T, pool *pgxpool.Pool) (*audit.Trail, audit.DB) {
	t.Helper()
	db := auditpg.Pool(pool)
	trail, err := audit.Open(t.Context(), db)
	require.NoError(t, err)
	return trail, db
}

// acted is the i-th record of a client, i seconds after noon.
func acted(client string, i int) parvis.Record {
	return parvis.Record{
		Time:   time.Date(2026, time.October, 25, 12, 0, i, 654_321_000, time.UTC),
		Client: client, Account: "fake:" + client, Actor: "amira", Op: "publish",
		Ref:     parvis.Ref{Client: client, Network: "fake", Host: "fake.example", Kind: parvis.KindPost, ID: fmt.Sprint("post ", i)},
		Outcome: "published", Reason: "campaign", Detail: fmt.Sprintf("slot %d « été » 🌞", i),
	}
}

func actedAll(client string, n int) []parvis.Record {
	rs := make([]parvis.Record, n)
	for i := range rs {
		rs[i] = acted(client, i)
	}
	return rs
}

func entries(t *testing.T, c *audit.Client, q audit.Query) (all []audit.Entry, rs []parvis.Record) {
	t.Helper()
	for e, err := range c.Records(t.Context(), q) {
		require.NoError(t, err)
		all, rs = append(all, e), append(rs, e.Record)
	}
	return all, rs
}

// TestAuditOfManyProcessesOnPostgreSQL opens the trail as four processes would, at the
// same moment. Nothing is lost, no number is given twice, each one's order is kept, and
// no client sees another.
func TestAuditOfManyProcessesOnPostgreSQL(t *testing.T) {
	t.Parallel()
	pool := postgres(t)
	var wg sync.WaitGroup
	for i := range 4 {
		client := fmt.Sprint("client ", i)
		wg.Go(func() {
			trail, err := audit.Open(t.Context(), auditpg.Pool(pool))
			if !assert.NoError(t, err) {
				return
			}
			for n := range 60 {
				assert.NoError(t, trail.Record(t.Context(), acted(client, n)))
			}
			assert.NoError(t, trail.RecordAll(t.Context(), actedAll(client+" in bulk", 1234)))
		})
	}
	wg.Wait()
	trail, _ := openAudit(t, pool)
	seen := map[int64]bool{}
	for i := range 4 {
		for suffix, n := range map[string]int{"": 60, " in bulk": 1234} {
			client := fmt.Sprint("client ", i, suffix)
			all, rs := entries(t, trail.For(client), audit.Query{})
			require.Equal(t, actedAll(client, n), rs)
			for k, e := range all {
				require.False(t, seen[e.Seq], "number %d was given twice", e.Seq)
				seen[e.Seq] = true
				require.True(t, k == 0 || all[k-1].Seq < e.Seq, "numbers do not grow")
			}
		}
	}
	assert.Len(t, seen, 4*(60+1234))
}

func TestAuditQueriesOnPostgreSQL(t *testing.T) {
	t.Parallel()
	pool := postgres(t)
	trail, _ := openAudit(t, pool)
	given := actedAll("acme", 450)
	for i := range given {
		r := &given[i]
		r.Time = r.Time.Truncate(time.Minute) // many of the same time
		r.Account, r.Op = fmt.Sprint("fake:", i%3), []string{"publish", "hide"}[i%2]
		if i%5 == 0 {
			r.Actor = ""
		}
	}
	require.NoError(t, trail.RecordAll(t.Context(), given))
	require.NoError(t, trail.RecordAll(t.Context(), actedAll("bellavista", 10)))
	minute := given[60].Time
	for _, tt := range []struct {
		query audit.Query
		takes func(r parvis.Record) bool
	}{
		{audit.Query{}, func(parvis.Record) bool { return true }},
		{audit.Query{Account: "fake:1"}, func(r parvis.Record) bool { return r.Account == "fake:1" }},
		{audit.Query{Actor: "amira"}, func(r parvis.Record) bool { return r.Actor == "amira" }},
		{audit.Query{Op: "hide"}, func(r parvis.Record) bool { return r.Op == "hide" }},
		{audit.Query{Ref: given[7].Ref}, func(r parvis.Record) bool { return r.Ref == given[7].Ref }},
		{audit.Query{From: minute}, func(r parvis.Record) bool { return !r.Time.Before(minute) }},
		{audit.Query{To: minute}, func(r parvis.Record) bool { return r.Time.Before(minute) }},
		{audit.Query{Op: "hide", From: minute, To: minute.Add(2 * time.Minute)}, func(r parvis.Record) bool {
			return r.Op == "hide" && !r.Time.Before(minute) && r.Time.Before(minute.Add(2*time.Minute))
		}},
	} {
		var want []parvis.Record
		for _, r := range given {
			if tt.takes(r) {
				want = append(want, r)
			}
		}
		require.NotEmpty(t, want)
		_, oldest := entries(t, trail.For("acme"), tt.query)
		require.Equal(t, want, oldest, "%+v", tt.query)
		tt.query.Newest, tt.query.Limit = true, 3
		_, newest := entries(t, trail.For("acme"), tt.query)
		require.Len(t, newest, min(3, len(want)))
		for i, r := range newest {
			require.Equal(t, want[len(want)-1-i], r, "%+v", tt.query)
		}
	}
}

// TestAuditJoinsOnPostgreSQL: an act and its record are both there or both not, and a
// record that is committed late takes its place among those before.
func TestAuditJoinsOnPostgreSQL(t *testing.T) {
	t.Parallel()
	trail, db := openAudit(t, postgres(t))
	own := errors.New("the caller's own")
	change := func(fail error) error {
		return db.Update(t.Context(), func(tx store.Tx) error {
			ctx := store.With(t.Context(), db, tx)
			require.NoError(t, trail.RecordAll(ctx, actedAll("acme", 25)))
			require.NoError(t, trail.Record(t.Context(), acted("bellavista", 0)), "another, outside the transaction, does not wait")
			n := 0
			for _, err := range trail.For("acme").Records(ctx, audit.Query{}) {
				require.NoError(t, err)
				n++
			}
			require.Equal(t, 25, n, "the transaction sees its own records")
			outside, _ := entries(t, trail.For("acme"), audit.Query{})
			require.Empty(t, outside, "others do not")
			return fail
		})
	}
	require.ErrorIs(t, change(own), own)
	all, _ := entries(t, trail.For("acme"), audit.Query{})
	assert.Empty(t, all, "records of what did not happen")
	require.NoError(t, change(nil))
	all, rs := entries(t, trail.For("acme"), audit.Query{})
	assert.Equal(t, actedAll("acme", 25), rs)
	others, _ := entries(t, trail.For("bellavista"), audit.Query{})
	require.Len(t, others, 2)
	assert.Greater(t, others[1].Seq, all[24].Seq, "committed earlier, numbered later")
}

// TestAuditIsAppendOnlyOnPostgreSQL: whichever program writes into the table.
func TestAuditIsAppendOnlyOnPostgreSQL(t *testing.T) {
	t.Parallel()
	pool := postgres(t)
	trail, _ := openAudit(t, pool)
	require.NoError(t, trail.RecordAll(t.Context(), actedAll("acme", 5)))
	const columns = "seq, at, client, account, actor, op, ref_client, ref_network, ref_host, ref_kind, ref_id, outcome, reason, detail"
	const row = " VALUES (3, 0, 'acme', '', '', 'forged', '', '', '', '', '', '', '', '')"
	for statement, why := range map[string]string{
		"UPDATE parvis_audit SET outcome = 'forged'":                                                     "append-only",
		"UPDATE parvis_audit SET outcome = 'forged' WHERE seq = 99":                                      "append-only",
		"DELETE FROM parvis_audit":                                                                       "append-only",
		"DELETE FROM ONLY parvis_audit WHERE seq = 3":                                                    "append-only",
		"TRUNCATE parvis_audit":                                                                          "append-only",
		"TRUNCATE parvis_audit RESTART IDENTITY CASCADE":                                                 "append-only",
		"MERGE INTO parvis_audit a USING (SELECT 3 s) x ON a.seq = x.s WHEN MATCHED THEN DELETE":         "append-only",
		"WITH gone AS (DELETE FROM parvis_audit RETURNING 1) SELECT count(*) FROM gone":                  "append-only",
		"INSERT INTO parvis_audit (" + columns + ")" + row:                                               "non-DEFAULT value",
		"INSERT INTO parvis_audit (" + columns + ") OVERRIDING SYSTEM VALUE" + row:                       "duplicate key",
		"INSERT INTO parvis_audit (" + columns + ") OVERRIDING SYSTEM VALUE" + row + onConflictOverwrite: "append-only",
	} {
		_, err := pool.Exec(t.Context(), statement)
		require.ErrorContains(t, err, why, statement)
	}
	_, rs := entries(t, trail.For("acme"), audit.Query{})
	assert.Equal(t, actedAll("acme", 5), rs)
	require.NoError(t, trail.Record(t.Context(), acted("acme", 5)), "appending goes on")
}

const onConflictOverwrite = " ON CONFLICT (seq) DO UPDATE SET op = 'forged'"

// TestAuditLoopHoldsNoConnectionOnPostgreSQL: the body has the only connection there is,
// records on it, and may leave at any time.
func TestAuditLoopHoldsNoConnectionOnPostgreSQL(t *testing.T) {
	t.Parallel()
	config, err := pgxpool.ParseConfig(postgresURL(t))
	require.NoError(t, err)
	config.MaxConns = 1
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	trail, _ := openAudit(t, pool)
	given := actedAll("acme", 450)
	require.NoError(t, trail.RecordAll(t.Context(), given))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	n := 0
	for e, err := range trail.For("acme").Records(ctx, audit.Query{}) {
		require.NoError(t, err)
		require.Equal(t, given[n], e.Record)
		require.Zero(t, pool.Stat().AcquiredConns())
		require.NoError(t, trail.Record(ctx, acted("acme", 1000+n)), "what is recorded meanwhile is left for the next loop")
		n++
	}
	require.Equal(t, 450, n)
	for range trail.For("acme").Records(ctx, audit.Query{}) {
		break
	}
	require.Zero(t, pool.Stat().AcquiredConns())
}
