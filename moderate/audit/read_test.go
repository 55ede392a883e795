package audit_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/moderate/audit"
)

// mixed is a trail in which every field of a Query has something to select.
func mixed(client string) []parvis.Record {
	rs := acts(client, 3*audit.Page)
	for i := range rs {
		r := &rs[i]
		r.Time = noon.Add(time.Duration(i*7%100) * time.Minute) // many of the same time, and out of order
		r.Account = fmt.Sprintf("fake:%d", i%3)
		r.Actor = []string{"amira", "ben", ""}[i/2%3]
		r.Op = []string{"publish", "delete", "hide", "hide"}[i%4]
		r.Ref.ID = fmt.Sprint(i % 5)
		r.Ref.Network = []parvis.Network{"fake", "other"}[i/3%2]
		if i%11 == 0 {
			r.Ref = parvis.Ref{}
		}
	}
	return rs
}

// matching is what the query should give, by the plain rules.
func matching(all []audit.Entry, q audit.Query) []audit.Entry {
	var want []audit.Entry
	ref := func(r parvis.Ref) parvis.Ref { r.Client = ""; return r }
	for _, e := range all {
		if (q.Account == "" || q.Account == e.Account) && (q.Actor == "" || q.Actor == e.Actor) && (q.Op == "" || q.Op == e.Op) &&
			(q.Ref.IsZero() || ref(q.Ref) == ref(e.Ref)) &&
			(q.From.IsZero() || !e.Time.Before(q.From)) && (q.To.IsZero() || e.Time.Before(q.To)) {
			want = append(want, e)
		}
	}
	slices.SortFunc(want, func(a, b audit.Entry) int {
		c := a.Time.Compare(b.Time)
		if c == 0 {
			c = int(a.Seq - b.Seq)
		}
		if q.Newest {
			c = -c
		}
		return c
	})
	if q.Limit > 0 && len(want) > q.Limit {
		want = want[:q.Limit]
	}
	return want
}

// queries are those whose answers differ in kind.
func queries(client string) []audit.Query {
	ref := parvis.Ref{Client: client, Network: "fake", Host: "fake.example", Kind: parvis.KindPost, ID: "3"}
	other := ref
	other.Client, other.Network = "", "other"
	var all []audit.Query
	for _, q := range []audit.Query{
		{},
		{Account: "fake:1"},
		{Actor: "ben"},
		{Op: "hide"},
		{Ref: ref},
		{Ref: other},
		{From: noon.Add(20 * time.Minute)},
		{To: noon.Add(20 * time.Minute)},
		{From: noon.Add(20 * time.Minute), To: noon.Add(60 * time.Minute)},
		{From: noon.Add(20 * time.Minute), To: noon.Add(20 * time.Minute)},
		{Account: "fake:2", Actor: "amira", Op: "hide", Ref: ref, From: noon, To: noon.Add(90 * time.Minute)},
		{Actor: "nobody"},
		{Ref: parvis.Ref{Network: "fake", Kind: parvis.KindPost}},
	} {
		for _, limit := range []int{0, 1, audit.Page, audit.Page + 1} {
			q.Limit = limit
			q.Newest = false
			all = append(all, q)
			q.Newest = true
			all = append(all, q)
		}
	}
	return all
}

func TestQueries(t *testing.T) {
	t.Parallel()
	trail := open(t, pool(t, ":memory:", 1))
	require.NoError(t, trail.RecordAll(t.Context(), mixed("acme")))
	require.NoError(t, trail.RecordAll(t.Context(), mixed("bellavista")))
	all := collect(t, trail.For("acme"), audit.Query{})
	require.Len(t, all, 3*audit.Page)
	answers := 0
	for _, q := range queries("acme") {
		want := matching(all, q)
		require.Equal(t, want, collect(t, trail.For("acme"), q), "%+v", q)
		answers += min(len(want), 1)
	}
	assert.Greater(t, answers, 60, "most queries of this test should find something")
}

// TestClientsAreApart: no query, and no name, gives a client another's records.
func TestClientsAreApart(t *testing.T) {
	t.Parallel()
	trail := open(t, pool(t, ":memory:", 1))
	foreign := act("acme", 0)
	foreign.Ref.Client = "bellavista" // a reference that acme was refused
	require.NoError(t, trail.RecordAll(t.Context(), append(mixed("acme"), foreign)))
	require.NoError(t, trail.RecordAll(t.Context(), mixed("bellavista")))
	for _, q := range queries("bellavista") {
		for _, e := range collect(t, trail.For("bellavista"), q) {
			require.Equal(t, "bellavista", e.Client)
		}
	}
	for _, name := range []string{"ACME", "acme ", "%", "acme' OR ''='", "bella"} {
		require.Empty(t, collect(t, trail.For(name), audit.Query{}), name)
	}
}

func TestQueriesThatMakeNoSense(t *testing.T) {
	t.Parallel()
	trail := open(t, pool(t, ":memory:", 1))
	require.NoError(t, trail.RecordAll(t.Context(), acts("acme", 3)))
	for _, tt := range []struct {
		client string
		query  audit.Query
		want   parvis.Code
	}{
		{"", audit.Query{}, parvis.ErrInvalid},
		{"acme", audit.Query{Limit: -1}, parvis.ErrInvalid},
		{"acme", audit.Query{From: noon, To: noon.Add(-1)}, parvis.ErrInvalid},
		{"acme", audit.Query{Ref: act("bellavista", 0).Ref}, parvis.ErrForeignClient},
	} {
		pairs := 0
		for e, err := range trail.For(tt.client).Records(t.Context(), tt.query) {
			pairs++
			assert.Zero(t, e)
			require.ErrorIs(t, err, tt.want)
			e, _ := errors.AsType[*parvis.Error](err)
			assert.NotEmpty(t, e.Help)
		}
		assert.Equal(t, 1, pairs, "%+v", tt)
	}
}

// TestBodyHasTheDatabaseToItself: the body of the loop records and reads on the only
// connection there is, and what it records does not make the loop longer.
func TestBodyHasTheDatabaseToItself(t *testing.T) {
	t.Parallel()
	for _, newest := range []bool{false, true} {
		db := pool(t, ":memory:", 1)
		trail := open(t, db)
		given := acts("acme", audit.Page+5)
		require.NoError(t, trail.RecordAll(t.Context(), given))
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		var seen []parvis.Record
		for e, err := range trail.For("acme").Records(ctx, audit.Query{Newest: newest}) {
			require.NoError(t, err)
			require.Zero(t, db.Stats().InUse, "a connection is held")
			seen = append(seen, e.Record)
			require.NoError(t, trail.Record(ctx, act("acme", len(given)+len(seen))))
			require.NoError(t, trail.Record(ctx, act("acme", -len(seen))))
		}
		if newest {
			slices.Reverse(seen)
		}
		require.Equal(t, given, seen)
	}
}

// TestPagingWhileOthersAppend: each entry of the beginning comes once, whatever is added.
func TestPagingWhileOthersAppend(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "audit.db")
	trail := open(t, pool(t, file, 2))
	given := acts("acme", 4*audit.Page)
	require.NoError(t, trail.RecordAll(t.Context(), given))
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	started := make(chan struct{})
	other := open(t, pool(t, file, 2))
	wg.Go(func() {
		for i := 0; ctx.Err() == nil; i++ {
			r := act("acme", i*37%len(given)) // among those that are being read
			r.Op = "late"
			if err := other.Record(ctx, r); ctx.Err() == nil {
				assert.NoError(t, err)
			}
			if i == 0 {
				close(started)
			}
		}
	})
	<-started
	for range 3 {
		seen := map[int64]bool{}
		var first []parvis.Record
		for e, err := range trail.For("acme").Records(ctx, audit.Query{}) {
			require.NoError(t, err)
			require.False(t, seen[e.Seq], "entry %d came twice", e.Seq)
			seen[e.Seq] = true
			if e.Op != "late" {
				first = append(first, e.Record)
			}
		}
		require.Equal(t, given, first)
	}
	cancel()
	wg.Wait()
}

func TestLeavingTheLoop(t *testing.T) {
	t.Parallel()
	db := pool(t, filepath.Join(t.TempDir(), "audit.db"), 1)
	trail := open(t, db)
	require.NoError(t, trail.RecordAll(t.Context(), acts("acme", 3*audit.Page)))
	all := trail.For("acme").Records(t.Context(), audit.Query{})
	for _, after := range []int{1, audit.Page, audit.Page + 1} {
		n := 0
		for _, err := range all { // the same iterator begins anew
			require.NoError(t, err)
			if n++; n == after {
				break
			}
		}
		require.Zero(t, db.Stats().InUse)
	}
	require.NoError(t, trail.Record(t.Context(), act("acme", 1)), "the connection is free")

	for _, after := range []int{1, audit.Page} {
		ctx, cancel := context.WithCancel(t.Context())
		n := 0
		var last error
		for _, err := range trail.For("acme").Records(ctx, audit.Query{}) {
			if last = err; err != nil {
				break
			}
			if n++; n == after {
				cancel()
			}
		}
		cancel()
		require.ErrorIs(t, last, context.Canceled)
		assert.Equal(t, after, n, "entries came after the context had ended")
		require.Zero(t, db.Stats().InUse)
	}
}

// TestEveryQueryHasAnIndex: in every field of the query SQLite searches an index that
// also gives the order, so that a page costs the same however long the trail is.
func TestEveryQueryHasAnIndex(t *testing.T) {
	t.Parallel()
	db := pool(t, ":memory:", 1)
	trail := open(t, db)
	for want, q := range map[string]audit.Query{
		"parvis_audit_at (client=? AND ":                    {},
		"parvis_audit_account (client=? AND account=? AND ": {Account: "fake:1"},
		"parvis_audit_op (client=? AND op=? AND ":           {Op: "hide", Account: "fake:1"},
		"parvis_audit_actor (client=? AND actor=? AND ":     {Actor: "ben", Op: "hide"},
		"parvis_audit_ref (client=? AND ref_id=? AND ":      {Ref: act("acme", 1).Ref, Actor: "ben"},
	} {
		for span, q := range map[string]audit.Query{
			"(at,rowid)>(?,?))":          with(q, time.Time{}, time.Time{}, false),
			"(at,rowid)>(?,?) AND at<?)": with(q, noon, noon.Add(time.Hour), false),
			"(at,rowid)<(?,?))":          with(q, time.Time{}, time.Time{}, true),
			"at>? AND (at,rowid)<(?,?))": with(q, noon, noon.Add(time.Hour), true),
		} {
			query, args := trail.For("acme").Statement(q)
			plan := explain(t, db, query, args)
			assert.Contains(t, plan, "SEARCH parvis_audit USING INDEX "+want+span, "%+v", q)
			assert.NotContains(t, plan, "TEMP B-TREE", "%+v", q)
		}
	}
}

func with(q audit.Query, from, to time.Time, newest bool) audit.Query {
	q.From, q.To, q.Newest = from, to, newest
	return q
}

func TestEntryAsJSON(t *testing.T) {
	t.Parallel()
	trail := open(t, pool(t, ":memory:", 1))
	require.NoError(t, trail.Record(t.Context(), act("acme", 0)))
	b, err := json.Marshal(collect(t, trail.For("acme"), audit.Query{})[0])
	require.NoError(t, err)
	assert.True(t, strings.HasPrefix(string(b), `{"seq":1,"time":"2026-03-29T12:00:00.123456Z","client":"acme"`), string(b))
	var back audit.Entry
	require.NoError(t, json.Unmarshal(b, &back))
	assert.Equal(t, act("acme", 0), back.Record)
}
