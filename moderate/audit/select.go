package audit

import (
	"math"
	"strings"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/store"
)

// A place is where a page ended, or where the first one begins.
type place struct{ at, seq int64 }

// begin is the place before the first entry. No entry has the number 0, so it stands
// before all others of the same time, whichever way one goes.
func begin(q Query) place {
	switch {
	case q.Newest && q.To.IsZero():
		return place{math.MaxInt64, 0}
	case q.Newest:
		return place{q.To.UnixMicro(), 0}
	case q.From.IsZero():
		return place{math.MinInt64, 0}
	}
	return place{q.From.UnixMicro(), 0}
}

// selection is the query of the page after p, all but its limit, of what had a number up
// to last. The place takes the part of the bound that it begins with: with two bounds on
// the same side an index might be searched from the wrong one, and each page would read
// all pages before it.
func (c *Client) selection(q Query, p place, last int64) (string, []any) {
	conds, args := []string{"client = ?"}, []any{c.client}
	and := func(cond string, arg ...any) {
		conds, args = append(conds, cond), append(args, arg...)
	}
	if q.Account != "" {
		and("account = ?", q.Account)
	}
	if q.Op != "" {
		and("op = ?", q.Op)
	}
	if q.Actor != "" { // said twice, so that the index of the rows that have one will do
		and("actor = ? AND actor <> ''", q.Actor)
	}
	if !q.Ref.IsZero() {
		cond, arg := isRef(q.Ref)
		and(cond, arg...)
	}
	table, cursor := tactics(c.trail.db.Dialect(), q)
	order := "at, seq"
	if q.Newest {
		order = "at DESC, seq DESC"
		and("(at, seq) < "+cursor, p.at, p.seq)
		bound(and, "at >= ?", q.From)
	} else {
		and("(at, seq) > "+cursor, p.at, p.seq)
		bound(and, "at < ?", q.To)
	}
	and("+seq <= ?", last) // the sign keeps it from being a reason to search by number
	return "SELECT seq, " + columns + " FROM " + table + " WHERE " + strings.Join(conds, " AND ") +
		" ORDER BY " + order + " LIMIT ?", args
}

// tactics returns the table and the pair that (at, seq) is compared with, written so that
// the database searches one index from the place on. PostgreSQL knows best from its
// statistics. SQLite has none unless somebody runs ANALYZE, and prefers a bound on the time
// to a reference, so it is told the index of the field that most likely selects the
// fewest. It compares a pair with a row's number by the index only where the collation is
// said, although numbers have none.
//
// https://www.sqlite.org/lang_indexedby.html
func tactics(d store.Dialect, q Query) (table, cursor string) {
	if d == store.PostgreSQL {
		return "parvis_audit", "(?, ?)"
	}
	index := "parvis_audit_at"
	switch {
	case q.Ref.ID != "":
		index = "parvis_audit_ref"
	case q.Actor != "":
		index = "parvis_audit_actor"
	case q.Op != "":
		index = "parvis_audit_op"
	case q.Account != "":
		index = "parvis_audit_account"
	}
	return "parvis_audit INDEXED BY " + index, "(?, ? COLLATE BINARY)"
}

func bound(and func(string, ...any), cond string, t time.Time) {
	if !t.IsZero() {
		and(cond, t.UnixMicro())
	}
}

// isRef is the condition that a record is about that thing. Whose reference it was does
// not matter, the records are of one client already.
func isRef(r parvis.Ref) (string, []any) {
	cond := "ref_id = ? AND ref_network = ? AND ref_host = ? AND ref_kind = ?"
	if r.ID != "" {
		cond += " AND ref_id <> ''"
	}
	return cond, []any{r.ID, string(r.Network), r.Host, string(r.Kind)}
}
