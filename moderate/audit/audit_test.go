package audit_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite" // the driver of these tests

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/store"
	"github.com/parvis-go/parvis/moderate/audit"
)

var noon = time.Date(2026, time.March, 29, 12, 0, 0, 123_456_000, time.UTC)

// act is the i-th record of a client, i minutes after noon.
func act(client string, i int) parvis.Record {
	return parvis.Record{
		Time: noon.Add(time.Duration(i) * time.Minute), Client: client, Account: "fake:" + client, Actor: "amira", Op: "publish",
		Ref:     parvis.Ref{Client: client, Network: "fake", Host: "fake.example", Kind: parvis.KindPost, ID: fmt.Sprint("post ", i)},
		Outcome: "published", Reason: "campaign", Detail: fmt.Sprintf("slot %d « été » 🌞", i),
	}
}

func acts(client string, n int) []parvis.Record {
	rs := make([]parvis.Record, n)
	for i := range rs {
		rs[i] = act(client, i)
	}
	return rs
}

// pool opens an SQLite database with so many connections at most; 0 is any number.
func pool(t *testing.T, name string, conns int) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", name)
	require.NoError(t, err)
	db.SetMaxOpenConns(conns)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

func open(t *testing.T, db *sql.DB) *audit.Trail {
	t.Helper()
	trail, err := audit.Open(t.Context(), audit.SQLite(db))
	require.NoError(t, err)
	return trail
}

// databases are the ways in which users open SQLite.
func databases(t *testing.T) map[string]*sql.DB {
	t.Helper()
	file := func(name string) string { return filepath.Join(t.TempDir(), name) }
	return map[string]*sql.DB{
		"memory, one connection":         pool(t, ":memory:", 1),
		"file, one connection":           pool(t, file("one.db"), 1),
		"file, several connections":      pool(t, file("many.db"), 4),
		"file, write-ahead log, several": pool(t, file("wal.db")+"?_pragma=journal_mode(WAL)", 4),
	}
}

func collect(t *testing.T, c *audit.Client, q audit.Query) []audit.Entry {
	t.Helper()
	var all []audit.Entry
	for e, err := range c.Records(t.Context(), q) {
		require.NoError(t, err)
		all = append(all, e)
	}
	return all
}

func records(entries []audit.Entry) []parvis.Record {
	var rs []parvis.Record
	for _, e := range entries {
		rs = append(rs, e.Record)
	}
	return rs
}

// TestRecordsComeBackAsGiven: every field, in the order given, numbered from 1.
func TestRecordsComeBackAsGiven(t *testing.T) {
	t.Parallel()
	for name, db := range databases(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			trail := open(t, db)
			given := acts("acme", 3)
			given = append(given, parvis.Record{Time: noon.Add(time.Hour), Client: "acme", Op: "pause"})
			require.NoError(t, trail.Record(t.Context(), given[0]))
			require.NoError(t, trail.RecordAll(t.Context(), given[1:]))
			require.NoError(t, trail.RecordAll(t.Context(), nil))

			again := open(t, db) // opening once more changes nothing
			got := collect(t, again.For("acme"), audit.Query{})
			assert.Equal(t, given, records(got))
			for i, e := range got {
				assert.EqualValues(t, i+1, e.Seq)
			}
			assert.Zero(t, db.Stats().InUse, "a connection is still held")
		})
	}
}

// TestRecordAllOfEverySize: each number of rows is put together of whole statements.
func TestRecordAllOfEverySize(t *testing.T) {
	t.Parallel()
	trail := open(t, pool(t, ":memory:", 1))
	for _, n := range []int{1, 2, 3, 4, 5, 19, 21, 124, 499, 500, 501, 1625} {
		client := fmt.Sprint("client ", n)
		require.NoError(t, trail.RecordAll(t.Context(), acts(client, n)))
		got := collect(t, trail.For(client), audit.Query{})
		require.Equal(t, acts(client, n), records(got), "%d records", n)
		for i, e := range got {
			require.Equal(t, got[0].Seq+int64(i), e.Seq, "the numbers follow the order given")
		}
	}
}

func TestTimeIsKeptToTheMicrosecondInUTC(t *testing.T) {
	t.Parallel()
	trail := open(t, pool(t, ":memory:", 1))
	for _, given := range []time.Time{
		time.Date(2026, time.March, 29, 3, 0, 0, 999_999_999, time.FixedZone("", 7200)),
		time.Date(1, time.January, 1, 0, 0, 0, 1000, time.UTC),
		time.Date(9999, time.December, 31, 23, 59, 59, 0, time.UTC),
		time.Date(1969, time.December, 31, 23, 59, 59, 1500, time.UTC),
	} {
		r := act(given.String(), 0)
		r.Time = given
		require.NoError(t, trail.Record(t.Context(), r))
		got := collect(t, trail.For(r.Client), audit.Query{})
		require.Len(t, got, 1)
		assert.Equal(t, given.UTC().Truncate(time.Microsecond), got[0].Time)
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	db := pool(t, ":memory:", 1)
	trail := open(t, db)
	long := strings.Repeat("x", 1025)
	for name, spoil := range map[string]func(*parvis.Record){
		"no client":         func(r *parvis.Record) { r.Client = "" },
		"no time":           func(r *parvis.Record) { r.Time = time.Time{} },
		"no operation":      func(r *parvis.Record) { r.Op = "" },
		"year 10000":        func(r *parvis.Record) { r.Time = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) },
		"year 0":            func(r *parvis.Record) { r.Time = time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC) },
		"long client":       func(r *parvis.Record) { r.Client = long },
		"long account":      func(r *parvis.Record) { r.Account = long },
		"long actor":        func(r *parvis.Record) { r.Actor = long },
		"long operation":    func(r *parvis.Record) { r.Op = long },
		"long outcome":      func(r *parvis.Record) { r.Outcome = long },
		"long ref client":   func(r *parvis.Record) { r.Ref.Client = long },
		"long ref network":  func(r *parvis.Record) { r.Ref.Network = parvis.Network(long) },
		"long ref host":     func(r *parvis.Record) { r.Ref.Host = long },
		"long ref kind":     func(r *parvis.Record) { r.Ref.Kind = parvis.Kind(long) },
		"long ref ID":       func(r *parvis.Record) { r.Ref.ID = long },
		"zero byte":         func(r *parvis.Record) { r.Actor = "a\x00b" },
		"not UTF-8":         func(r *parvis.Record) { r.Ref.ID = "\xff" },
		"not UTF-8 account": func(r *parvis.Record) { r.Account = "\xc3" },
	} {
		r := act("acme", 0)
		spoil(&r)
		err := trail.Record(t.Context(), r)
		require.ErrorIs(t, err, parvis.ErrInvalid, name)
		e, ok := errors.AsType[*parvis.Error](err)
		require.True(t, ok)
		assert.NotEmpty(t, e.Help, name)
		assert.Less(t, len(err.Error()), 200, "%s: the error repeats what was too long", name)

		err = trail.RecordAll(t.Context(), []parvis.Record{act("acme", 1), r, act("acme", 2)})
		require.ErrorIs(t, err, parvis.ErrInvalid, name)
		assert.ErrorContains(t, err, "record 2 of 3", name)
	}
	var n int
	require.NoError(t, db.QueryRow("SELECT count(*) FROM parvis_audit").Scan(&n))
	assert.Zero(t, n, "something of a refused batch stayed")

	r := act("acme", 0)
	r.Actor = long[1:]
	require.NoError(t, trail.Record(t.Context(), r), "1 KiB is taken")
}

// TestWordsAreCutAndRedacted covers what stands in Reason and Detail.
func TestWordsAreCutAndRedacted(t *testing.T) {
	t.Parallel()
	trail := open(t, pool(t, ":memory:", 1))
	const secret = "parvis-secret-token-4711"
	for i, tt := range []struct{ given, want string }{
		{"", ""},
		{strings.Repeat("x", 4096), strings.Repeat("x", 4096)},
		{strings.Repeat("x", 4097), strings.Repeat("x", 4093) + "…"},
		{strings.Repeat("é", 3000), strings.Repeat("é", 2046) + "…"},
		{strings.Repeat("🌞", 2000), strings.Repeat("🌞", 1023) + "…"},
		{"a\x00b\xff", "a\uFFFDb\uFFFD"},
		{"GET /?access_token=" + secret + "&page=2", "GET /?access_token=[redacted]&page=2"},
		{"Authorization: Bearer " + secret, "Authorization: [redacted]"},
		{`{"refresh_token":"` + secret + `"}`, `{"refresh_token":"[redacted]"}`},
		{"https://" + secret + "@news.example/", "https://[redacted]@news.example/"},
		// The cut must not hide the end of a credential from the redaction.
		{strings.Repeat("x", 4080) + " password=" + secret, strings.Repeat("x", 4080) + " password=[re…"},
	} {
		r := act(fmt.Sprint("client ", i), 0)
		r.Reason, r.Detail = tt.given, tt.given
		require.NoError(t, trail.Record(t.Context(), r))
		got := collect(t, trail.For(r.Client), audit.Query{})[0]
		for _, kept := range []string{got.Reason, got.Detail} {
			leaked, same := strings.Contains(kept, secret), kept == tt.want
			require.False(t, leaked, "row %d holds the secret", i)
			require.True(t, same, "row %d differs: %d bytes, want %d", i, len(kept), len(tt.want))
			require.LessOrEqual(t, len(kept), 4096)
		}
	}
}

// TestJoinsTheCallersTransaction: an act and its record are both there or both not.
func TestJoinsTheCallersTransaction(t *testing.T) {
	t.Parallel()
	own := errors.New("the caller's own")
	for name, sqlDB := range databases(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := audit.SQLite(sqlDB)
			trail := open(t, sqlDB)
			_, err := db.Exec(t.Context(), "CREATE TABLE posts (n BIGINT)")
			require.NoError(t, err)
			change := func(fail error) error {
				return db.Update(t.Context(), func(tx store.Tx) error {
					ctx := store.With(t.Context(), db, tx)
					_, err := tx.Exec(ctx, "INSERT INTO posts VALUES (1)")
					require.NoError(t, err)
					require.NoError(t, trail.Record(ctx, act("acme", 0)))
					require.NoError(t, trail.RecordAll(ctx, acts("acme", 30)))
					seen := 0
					for _, err := range trail.For("acme").Records(ctx, audit.Query{}) {
						require.NoError(t, err)
						seen++
					}
					require.Equal(t, 31, seen, "the transaction sees its own records")
					return fail
				})
			}
			require.ErrorIs(t, change(own), own)
			assert.Empty(t, collect(t, trail.For("acme"), audit.Query{}), "records of what did not happen")
			require.NoError(t, change(nil))
			assert.Len(t, collect(t, trail.For("acme"), audit.Query{}), 31)
		})
	}
}

// TestTransactionOfAnotherDatabase: a context that carries one is none of the trail's business.
func TestTransactionOfAnotherDatabase(t *testing.T) {
	t.Parallel()
	trail := open(t, pool(t, ":memory:", 1))
	other := audit.SQLite(pool(t, ":memory:", 1))
	own := errors.New("the caller's own")
	require.ErrorIs(t, other.Update(t.Context(), func(tx store.Tx) error {
		require.NoError(t, trail.Record(store.With(t.Context(), other, tx), act("acme", 0)))
		return own
	}), own)
	assert.Len(t, collect(t, trail.For("acme"), audit.Query{}), 1)
}

func TestDatabaseThatFails(t *testing.T) {
	t.Parallel()
	db := pool(t, ":memory:", 1)
	trail := open(t, db)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	err := trail.Record(ended, act("acme", 0))
	require.ErrorIs(t, err, parvis.ErrUnavailable)
	require.ErrorIs(t, err, context.Canceled)
	require.Empty(t, collect(t, trail.For("acme"), audit.Query{}))

	gone, err := sql.Open("sqlite", ":memory:")
	require.NoError(t, err)
	gone.SetMaxOpenConns(1)
	trail = open(t, gone)
	require.NoError(t, gone.Close())
	require.ErrorIs(t, trail.Record(t.Context(), act("acme", 0)), parvis.ErrUnavailable)
	pairs := 0
	for _, err := range trail.For("acme").Records(t.Context(), audit.Query{}) {
		pairs++
		require.ErrorIs(t, err, parvis.ErrUnavailable)
	}
	assert.Equal(t, 1, pairs)
	_, err = audit.Open(t.Context(), audit.SQLite(gone))
	require.ErrorIs(t, err, parvis.ErrUnavailable)
}

// TestDiskFull: the error says so, nothing of the batch stays, and the trail goes on.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	db := pool(t, filepath.Join(t.TempDir(), "audit.db"), 1)
	trail := open(t, db)
	require.NoError(t, trail.Record(t.Context(), act("acme", 0)))
	var pages int
	require.NoError(t, db.QueryRow("PRAGMA page_count").Scan(&pages))
	_, err := db.Exec(fmt.Sprint("PRAGMA max_page_count = ", pages+4))
	require.NoError(t, err)
	err = trail.RecordAll(t.Context(), acts("acme", 2000))
	require.ErrorIs(t, err, parvis.ErrUnavailable)
	require.ErrorContains(t, err, "disk is full")
	require.Len(t, collect(t, trail.For("acme"), audit.Query{}), 1)
	_, err = db.Exec("PRAGMA max_page_count = 100000")
	require.NoError(t, err)
	require.NoError(t, trail.RecordAll(t.Context(), acts("acme", 2000)))
	require.Len(t, collect(t, trail.For("acme"), audit.Query{}), 2001)
}

func TestNewerTablesAreRefused(t *testing.T) {
	t.Parallel()
	db := pool(t, ":memory:", 1)
	open(t, db)
	_, err := db.Exec("INSERT INTO parvis_migrations (room, version, applied) VALUES ('audit', 1000, 0)")
	require.NoError(t, err)
	_, err = audit.Open(t.Context(), audit.SQLite(db))
	require.ErrorIs(t, err, parvis.ErrConflict)
}

// explain is how SQLite goes about a query.
func explain(t *testing.T, db *sql.DB, query string, args []any) string {
	t.Helper()
	rows, err := db.Query("EXPLAIN QUERY PLAN "+query, args...)
	require.NoError(t, err)
	defer rows.Close()
	var plan strings.Builder
	for rows.Next() {
		var id, parent, unused int
		var detail string
		require.NoError(t, rows.Scan(&id, &parent, &unused, &detail))
		plan.WriteString(detail + "\n")
	}
	require.NoError(t, rows.Err())
	return plan.String()
}
