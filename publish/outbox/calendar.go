package outbox

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/civil"
	"github.com/parvis-go/parvis/internal/store"
)

// A Query selects entries of a client's calendar. Empty fields select all.
type Query struct {
	// From and To bound the time; To is exclusive. Entries that have no time yet are found
	// if both are zero. [Month] and [Week] set them.
	From, To time.Time
	// Network and Account select the entries that have a target there. An account is
	// compared by its ID or its handle.
	Network parvis.Network
	Account parvis.Account
	// Label is one of Plan.Labels, as a whole.
	Label string
	// States are those that Entry.State may have; none is any.
	States []State
	// Series is the ID of a [Series].
	Series string
	// Limit is how many entries are returned at most; 0 is all.
	Limit int
	// After is the ID of the last entry of the page before.
	After string
}

// Month selects what is on the calendar in a month, by the wall clock of an IANA zone. A
// zone or month that does not exist gives an error that matches [parvis.ErrInvalid].
func Month(zone string, year int, m time.Month) (Query, error) {
	if year < 1 || year > 9999 || m < time.January || m > time.December {
		return Query{}, noDays("month", year, int(m))
	}
	return spanned("read month", zone, civil.Time{Year: year, Month: m, Day: 1}, civil.Time{Year: year, Month: m + 1, Day: 1})
}

// Week selects what is on the calendar in a week of ISO 8601, which begins on Monday; week
// 1 is the one with January 4, and some years have a week 53. Errors are those of [Month].
//
// https://www.iso.org/iso-8601-date-and-time-format.html
func Week(zone string, year, week int) (Query, error) {
	fourth := time.Date(year, time.January, 4, 0, 0, 0, 0, time.UTC)
	monday := fourth.AddDate(0, 0, 7*(week-1)-int(fourth.Weekday()+6)%7)
	if y, w := monday.ISOWeek(); y != year || w != week || year < 1 || year > 9999 {
		return Query{}, noDays("week", year, week)
	}
	return spanned("read week", zone, civil.Of(monday), civil.Of(monday).AddDays(7))
}

func noDays(what string, year, n int) error {
	return &parvis.Error{
		Op: "read " + what, Code: parvis.ErrInvalid, Message: "there is no " + what + " " + strconv.Itoa(n) + " in the year " + strconv.Itoa(year),
		Help: "count them from 1",
	}
}

func spanned(op, zone string, from, to civil.Time) (Query, error) {
	loc, err := civil.LoadZone(zone)
	if err != nil {
		return Query{}, failed(op, err)
	}
	return Query{From: civil.In(from, loc), To: civil.In(to, loc)}, nil
}

// Entries returns what is on the client's calendar, in the order of time, then of ID; what
// has no time comes first. An account of another client gives [parvis.ErrForeignClient], an
// After that is no entry of the client [parvis.ErrNotFound].
func (c *Client) Entries(ctx context.Context, q Query) ([]Entry, error) {
	if err := c.sensible(q); err != nil {
		return nil, failed("read calendar", err)
	}
	w, err := c.selection(ctx, q)
	if err != nil {
		return nil, failed("read calendar", err)
	}
	query := "SELECT " + entryColumns + " FROM parvis_outbox_entries e WHERE " + strings.Join(w.conds, " AND ") + " ORDER BY e.due, e.id"
	if q.Limit > 0 {
		query += " LIMIT " + strconv.Itoa(q.Limit)
	}
	es, err := c.entries(ctx, query, w.args...)
	return es, failed("read calendar", err)
}

// Attention returns the entries that want somebody: those with a target that is held,
// failed or unknown, in the order of time, then of ID.
func (c *Client) Attention(ctx context.Context) ([]Entry, error) {
	// CROSS JOIN keeps SQLite to this order of the tables: without statistics it would read
	// the client's whole calendar.
	es, err := c.entries(ctx, "SELECT "+entryColumns+` FROM (SELECT DISTINCT t.entry FROM parvis_outbox_targets t
			WHERE t.client = ? AND t.attention = 1) a
		CROSS JOIN parvis_outbox_entries e WHERE e.id = a.entry AND e.client = ? ORDER BY e.due, e.id`, c.name, c.name)
	return es, failed("read calendar", err)
}

// allStates are those that there are.
var allStates = append([]State{Draft, Review, Approved}, attention...)

func (c *Client) sensible(q Query) error {
	switch {
	case q.Limit < 0:
		return invalid("the limit is negative", "use 0 for all entries")
	case !q.From.IsZero() && !q.To.IsZero() && q.From.After(q.To):
		return invalid("the time ends before it begins", "exchange From and To")
	}
	for _, s := range q.States {
		if !slices.Contains(allStates, s) {
			return invalid(`there is no state "`+string(s)+`"`, "use the constants of type State")
		}
	}
	_, _, err := c.scope(c.name, OnAccount(q.Account))
	return err
}

// where is a condition as it grows.
type where struct {
	conds []string
	args  []any
}

func (w *where) and(cond string, args ...any) {
	w.conds, w.args = append(w.conds, cond), append(w.args, args...)
}

// selection turns a query into conditions on entries, called e. The one on the time and on
// the place in the order of the calendar comes first and is the one that the index serves.
func (c *Client) selection(ctx context.Context, q Query) (*where, error) {
	w := &where{}
	w.and("e.client = ?", c.name)
	if err := c.begin(ctx, w, q); err != nil {
		return nil, err
	}
	if !q.To.IsZero() {
		w.and("e.due < ?", toMicros(q.To))
	}
	if q.Series != "" { // said twice, so that the index of those that have one will do
		w.and("e.series = ? AND e.series <> ''", q.Series)
	}
	if q.Label != "" {
		w.and("replace(e.labels, ?, '') <> e.labels", labelText([]string{q.Label}))
	}
	if q.Network != "" {
		w.and("EXISTS (SELECT 1 FROM parvis_outbox_targets t WHERE t.entry = e.id AND t.network = ?)", string(q.Network))
	}
	if q.Account != (parvis.Account{}) {
		q.Account.Client = c.name
		names := namesOf(q.Account) // joined to nothing, so that no index of lanes is read for each entry
		w.and("EXISTS (SELECT 1 FROM parvis_outbox_targets t WHERE t.entry = e.id AND t.lane || '' IN "+tuples(1, len(names))+")", anys(names)...)
	}
	w.states(q.States)
	return w, nil
}

// begin bounds the entries from below: by the time, or by the place of the last page's end.
// With two bounds on one side the index might be searched from the wrong one.
func (c *Client) begin(ctx context.Context, w *where, q Query) error {
	from := toMicros(q.From)
	if !q.To.IsZero() {
		from = max(from, 1)
	}
	if q.After == "" {
		if from > 0 {
			w.and("e.due >= ?", from)
		}
		return nil
	}
	var due int64
	err := c.b.db.QueryRow(ctx, "SELECT due FROM parvis_outbox_entries WHERE id = ? AND client = ?", q.After, c.name).Scan(&due)
	switch {
	case err == store.ErrNoRows:
		return noEntry(q.After)
	case err != nil:
		return err
	case due < from:
		w.and("e.due >= ?", from)
	default:
		w.and("(e.due, e.id) > (?, ?)", due, q.After)
	}
	return nil
}

func noEntry(id string) error {
	return &parvis.Error{
		Code: parvis.ErrNotFound, Message: "the client has no entry " + id, Help: "take identifiers from this client's calendar",
	}
}

// states is Entry.State in the words of the database: the entry's own as long as it is not
// scheduled, then the gravest of its targets'.
func (w *where) states(wanted []State) {
	if len(wanted) == 0 {
		return
	}
	var ranks strings.Builder
	for i, s := range attention {
		ranks.WriteString(" WHEN '" + string(s) + "' THEN " + strconv.Itoa(i))
	}
	own, own2 := []any{}, []any{}
	for _, s := range wanted {
		own = append(own, string(s))
		own2 = append(own2, slices.Index(attention, s))
	}
	in := tuples(1, len(wanted))
	w.and(`(e.state <> 'scheduled' AND e.state IN `+in+` OR e.state = 'scheduled' AND
		(SELECT min(CASE t.state`+ranks.String()+` ELSE 4 END) FROM parvis_outbox_targets t WHERE t.entry = e.id) IN `+in+`)`,
		append(own, own2...)...)
}

func anys[T any](list []T) []any {
	out := make([]any, len(list))
	for i, v := range list {
		out[i] = v
	}
	return out
}

// targetsAtOnce is how many entries have their targets read by one query.
const targetsAtOnce = 500

// entries reads entries by a query for entryColumns, and then their targets.
func (c *Client) entries(ctx context.Context, query string, args ...any) ([]Entry, error) {
	rows, err := c.b.db.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // read to its end
	var es []Entry
	for rows.Next() {
		e, err := scanEntry(rows)
		if err != nil {
			return nil, err
		}
		es = append(es, e)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	_ = rows.Close() // before the next query: SQLite has one connection
	return es, batched(len(es), targetsAtOnce, func(from, to int) error { return adoptAll(ctx, c.b.db, es[from:to]) })
}

// adoptAll gives entries their targets by one query.
func adoptAll(ctx context.Context, tx store.Tx, es []Entry) error {
	place := make(map[string]int, len(es))
	ids := make([]any, len(es))
	for i := range es {
		place[es[i].ID], ids[i] = i, es[i].ID
		es[i].State = es[i].stage
	}
	rows, err := tx.Query(ctx, "SELECT "+targetColumns+" FROM parvis_outbox_targets t WHERE t.entry IN "+tuples(1, len(ids))+" ORDER BY t.entry, t.n", ids...)
	if err != nil {
		return err
	}
	defer rows.Close() //nolint:errcheck // read to its end
	var ts []row       // of one entry
	adopt := func() {
		if len(ts) > 0 {
			es[place[ts[0].entry]].adopt(ts)
		}
		ts = ts[:0]
	}
	for rows.Next() {
		t, err := scanTarget(rows)
		if err != nil {
			return err
		}
		if len(ts) > 0 && ts[0].entry != t.entry {
			adopt()
		}
		ts = append(ts, t)
	}
	adopt()
	return rows.Err()
}
