package audit

import (
	"context"
	"iter"
	"math"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/store"
)

// page is how many entries are held at a time.
const page = 200

// A Client sees the records of one client of a [Trail].
type Client struct {
	trail  *Trail
	client string
}

// For returns the view of that client. There is no view of all.
func (t *Trail) For(client string) *Client { return &Client{t, client} }

// An Entry is a record in the trail.
type Entry struct {
	// Seq is the number of the record in the trail of all clients: 1 or more, never given
	// twice, and growing in the order in which the database numbered the records. There
	// may be gaps.
	Seq int64 `json:"seq"`
	parvis.Record
}

// A Query selects records. Empty fields select all.
type Query struct {
	// From and To bound the time of the act, to a microsecond; To is exclusive.
	From, To time.Time
	// Account, Actor and Op are compared with the same fields of the record, as a whole.
	Account, Actor, Op string
	// Ref selects what was done to that thing, or made it.
	Ref parvis.Ref
	// Newest turns the order around.
	Newest bool
	// Limit is how many entries are returned at most; 0 is all of them.
	Limit int
}

// Records returns what the client's trail holds, in the order of time, and of Seq where
// times are the same. It returns what was in the trail when the loop began; what is
// recorded meanwhile is left for the next. Inside the transaction that ctx carries it
// sees also what that has recorded.
//
// Entries are read a page at a time, in memory that does not grow with their number. No
// connection, and no lock, is held while the body of the loop runs. The loop may be
// left at any time. An error is the last pair: [parvis.ErrInvalid] for a query that
// makes no sense or a view without a client, [parvis.ErrForeignClient] for a reference of
// another client, [parvis.ErrUnavailable] when the database fails or ctx ends.
func (c *Client) Records(ctx context.Context, q Query) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		if err := c.check(q); err != nil {
			yield(Entry{}, err)
			return
		}
		if err := c.walk(ctx, q, yield); err != nil {
			yield(Entry{}, failed("read the audit trail", err))
		}
	}
}

func (c *Client) check(q Query) error {
	e := &parvis.Error{Op: "read the audit trail", Code: parvis.ErrInvalid}
	switch {
	case c.client == "":
		e.Message, e.Help = "no client is named", "pass the client's name to For"
	case q.Limit < 0:
		e.Message, e.Help = "the limit is negative", "use 0 for all entries"
	case !q.From.IsZero() && !q.To.IsZero() && q.From.After(q.To):
		e.Message, e.Help = "the time ends before it begins", "exchange From and To"
	case q.Ref.Client != "" && q.Ref.Client != c.client:
		e.Code = parvis.ErrForeignClient
		e.Message, e.Help = "the reference belongs to another client", "use a reference that an account of this client returned"
	default:
		return nil
	}
	return e
}

// walk yields page after page. It returns nil when the caller has left the loop.
func (c *Client) walk(ctx context.Context, q Query, yield func(Entry, error) bool) error {
	var last int64
	err := c.reading(ctx, func(tx store.Tx) error {
		return tx.QueryRow(ctx, "SELECT coalesce(max(seq), 0) FROM parvis_audit").Scan(&last)
	})
	if err != nil {
		return err
	}
	left := q.Limit
	if left == 0 {
		left = math.MaxInt
	}
	p, entries := begin(q), make([]Entry, 0, min(left, page))
	for left > 0 {
		want := min(left, page)
		query, args := c.selection(q, p, last)
		err := c.reading(ctx, func(tx store.Tx) (err error) {
			entries, err = read(ctx, tx, entries[:0], query, append(args, want))
			return err
		})
		if err != nil {
			return err
		}
		for _, e := range entries {
			if err := ctx.Err(); err != nil {
				return err
			}
			if !yield(e, nil) {
				return nil
			}
			p = place{e.Time.UnixMicro(), e.Seq}
		}
		if len(entries) < want {
			return nil
		}
		left -= want
	}
	return nil
}

// reading runs f in the transaction that ctx carries, and else in none.
func (c *Client) reading(ctx context.Context, f func(store.Tx) error) error {
	return store.Join(ctx, reader{c.trail.db}, f)
}

// reader is a DB that begins no transaction.
type reader struct{ store.DB }

// Update runs f on the database itself.
func (r reader) Update(_ context.Context, f func(store.Tx) error) error { return f(r.DB) }

// read appends what the query finds, and holds nothing when it returns.
func read(ctx context.Context, tx store.Tx, to []Entry, query string, args []any) ([]Entry, error) {
	rows, err := tx.Query(ctx, query, args...)
	if err != nil {
		return to, err
	}
	defer rows.Close() //nolint:errcheck // Err tells
	for rows.Next() {
		var e Entry
		var at int64
		err := rows.Scan(&e.Seq, &at, &e.Client, &e.Account, &e.Actor, &e.Op,
			&e.Ref.Client, (*string)(&e.Ref.Network), &e.Ref.Host, (*string)(&e.Ref.Kind), &e.Ref.ID,
			&e.Outcome, &e.Reason, &e.Detail)
		if err != nil {
			return to, err
		}
		e.Time = time.UnixMicro(at).UTC()
		to = append(to, e)
	}
	return to, rows.Err()
}
