package price

import (
	"cmp"
	"context"
	"database/sql"
	"slices"
	"strings"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/store"
)

// DB is a database that a ledger lives in: [SQLite], or pricepg.Pool for PostgreSQL.
type DB = store.DB

// SQLite returns the DB of an SQLite database, with any driver of database/sql. The
// database stays the caller's.
func SQLite(db *sql.DB) DB { return store.OpenSQLite(db) }

var migrations = []store.Migration{{
	`CREATE TABLE parvis_spending (
		slot BIGINT NOT NULL, client TEXT NOT NULL, network TEXT NOT NULL, item TEXT NOT NULL, unit TEXT NOT NULL,
		micros BIGINT NOT NULL, things BIGINT NOT NULL, PRIMARY KEY (slot, client, network, item, unit))`,
}}

// Open returns the ledger in the user's database, and brings its tables up to date. All
// processes that share the database share it.
func Open(ctx context.Context, db DB) (Ledger, error) {
	if err := store.Migrate(ctx, db, "price", migrations); err != nil {
		return nil, err
	}
	return &ledger{db}, nil
}

type ledger struct{ db store.DB }

// Book implements [Ledger]. Bookings of all processes follow one another, so that no two
// see the same rest of a budget.
func (l *ledger) Book(ctx context.Context, e Entry, bounds ...Bound) (*Over, error) {
	var over *Over
	err := l.db.Update(ctx, func(tx store.Tx) (err error) {
		over, err = nil, l.alone(ctx, tx)
		for i, b := range bounds {
			if err != nil || over != nil {
				return err
			}
			var left int64
			if left, err = left64(ctx, tx, b); err == nil && e.Amount.Micros > left {
				over = &Over{i, left}
			}
		}
		if err != nil || over != nil {
			return err
		}
		_, err = tx.Exec(ctx, `INSERT INTO parvis_spending (slot, client, network, item, unit, micros, things) VALUES (?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (slot, client, network, item, unit) DO UPDATE SET
			micros = parvis_spending.micros + excluded.micros, things = parvis_spending.things + excluded.things`,
			e.slot().UnixMicro(), e.Client, string(e.Network), e.Item, e.Amount.Unit, e.Amount.Micros, e.Things)
		return err
	})
	return over, failed(err)
}

// alone keeps other bookings out until the transaction ends; in SQLite they are out already.
func (l *ledger) alone(ctx context.Context, tx store.Tx) error {
	if l.db.Dialect() != store.PostgreSQL {
		return nil
	}
	_, err := tx.Exec(ctx, "LOCK TABLE parvis_spending IN SHARE ROW EXCLUSIVE MODE")
	return err
}

func left64(ctx context.Context, tx store.Tx, b Bound) (int64, error) {
	where, args := b.where()
	var spent int64
	err := tx.QueryRow(ctx, "SELECT CAST(coalesce(sum(micros), 0) AS BIGINT) FROM parvis_spending"+where, args...).Scan(&spent)
	return b.Max - spent, err
}

// where returns the condition that selects the entries of f.
func (f Filter) where() (string, []any) {
	var conds []string
	var args []any
	and := func(cond string, arg any) {
		conds, args = append(conds, cond), append(args, arg)
	}
	if f.Client != "" {
		and("client = ?", f.Client)
	}
	if f.Network != "" {
		and("network = ?", string(f.Network))
	}
	if f.Unit != "" {
		and("unit = ?", f.Unit)
	}
	if !f.Since.IsZero() {
		and("slot >= ?", f.Since.UnixMicro())
	}
	if !f.Until.IsZero() {
		and("slot < ?", f.Until.UnixMicro())
	}
	if len(f.Items) > 0 {
		conds = append(conds, "item IN (?"+strings.Repeat(", ?", len(f.Items)-1)+")")
		for _, item := range f.Items {
			args = append(args, item)
		}
	}
	if len(conds) == 0 {
		return "", nil
	}
	return " WHERE " + strings.Join(conds, " AND "), args
}

// Lines implements [Ledger].
func (l *ledger) Lines(ctx context.Context, f Filter) (lines []Line, err error) {
	where, args := f.where()
	rows, err := l.db.Query(ctx, `SELECT client, network, item, unit, CAST(sum(micros) AS BIGINT), CAST(sum(things) AS BIGINT) FROM parvis_spending`+
		where+" GROUP BY client, network, item, unit", args...)
	if err != nil {
		return nil, failed(err)
	}
	defer rows.Close() //nolint:errcheck // Err tells
	for rows.Next() {
		var x Line
		if err := rows.Scan(&x.Client, (*string)(&x.Network), &x.Item, &x.Amount.Unit, &x.Amount.Micros, &x.Things); err != nil {
			return nil, failed(err)
		}
		lines = append(lines, x)
	}
	sortLines(lines)
	return lines, failed(rows.Err())
}

func sortLines(lines []Line) {
	slices.SortFunc(lines, func(a, b Line) int {
		return cmp.Or(cmp.Compare(a.Client, b.Client), cmp.Compare(a.Network, b.Network),
			cmp.Compare(a.Item, b.Item), cmp.Compare(a.Amount.Unit, b.Amount.Unit))
	})
}

func failed(err error) error {
	if err == nil {
		return nil
	}
	return &parvis.Error{
		Op: "book the price", Code: parvis.ErrUnavailable, Message: "the ledger could not be read or written",
		Help: "check the database, then try again; nothing was sent", Err: err,
	}
}

// patience bounds how long it may take to give back what was set aside.
const patience = 5 * time.Second
