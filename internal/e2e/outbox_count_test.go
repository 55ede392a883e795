package e2e

import (
	"cmp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/e2e/calendar"
	"github.com/parvis-go/parvis/moderate/audit"
	"github.com/parvis-go/parvis/publish/outbox"
)

// A posted is how often an account, by its ID or else its handle, has posted what has a
// marker, as the network counts.
type posted map[[2]string]int

func nameOf(a parvis.Account) string { return cmp.Or(a.ID, a.Handle) }

// A tally is what a run came to.
type tally struct {
	deliveries, lost, doubles, unknown, unknownOut int
}

// judge compares what the network has with what the outbox says: nothing lost, nothing
// twice, and unknown only where blind says that the network can tell nothing.
func (r *calendarRun) judge(t testing.TB, on posted, blind func(account string) bool) (sum tally) {
	t.Helper()
	targets := r.targets(t)
	for _, n := range on {
		sum.deliveries += n
		sum.doubles += max(0, n-1)
	}
	for _, w := range r.due {
		got := targets[w.id]
		there := 0
		for _, m := range w.markers {
			n := on[[2]string{nameOf(w.account), m}]
			there += min(n, 1)
			assert.LessOrEqual(t, n, 1, "%s of %s is there %d times; %s", m, w.account.Handle, n, got.State)
		}
		if got.State == outbox.Unknown && blind(nameOf(w.account)) {
			sum.unknown++
			sum.unknownOut += min(there, 1)
			assert.Zero(t, got.Next, "nobody guesses what became of %s", w.id)
			continue
		}
		assert.Equal(t, outbox.Published, got.State, "%s of %s: %s", w.id, w.account.Handle, got.Reason)
		sum.lost += len(w.markers) - there
		assert.Equal(t, len(w.markers), there, "%s of %s is lost", w.id, w.account.Handle)
		assert.Len(t, got.Posts, len(w.markers))
	}
	return sum
}

// trail reads the records of each target, in their order.
func (r *calendarRun) trail(t *testing.T) map[string][]audit.Entry {
	t.Helper()
	trail, err := r.db.Trail(t.Context())
	require.NoError(t, err)
	out := map[string][]audit.Entry{}
	for rec, err := range trail.For(calendar.Client).Records(t.Context(), audit.Query{}) {
		require.NoError(t, err)
		rest, ok := strings.CutPrefix(rec.Detail, "target ")
		if !ok {
			continue // of a whole entry
		}
		id, _, _ := strings.Cut(rest, ":")
		all := out[id]
		i := len(all)
		for i > 0 && all[i-1].Seq > rec.Seq {
			i--
		}
		out[id] = append(all[:i:i], append([]audit.Entry{rec}, all[i:]...)...)
	}
	return out
}

// audited checks that each change of each target has its record, that the records are
// possible one after the other, and that the last tells the present state.
func (r *calendarRun) audited(t *testing.T, records map[string][]audit.Entry) {
	t.Helper()
	versions, err := r.db.Versions(t.Context())
	require.NoError(t, err)
	targets := r.targets(t)
	for _, w := range r.due {
		recs := records[w.id]
		if !assert.Len(t, recs, versions[w.id]-1, "%s: a change has no record, or a record no change", w.id) || len(recs) == 0 {
			continue
		}
		assert.Equal(t, string(targets[w.id].State), recs[len(recs)-1].Outcome)
		before := "new"
		for i, rec := range recs {
			if !assert.Contains(t, follows[rec.Op], before, "%s: record %d of %v", w.id, i, acts(recs)) {
				break
			}
			before = rec.Op + " " + rec.Outcome
		}
	}
}

// follows are the records after which an operation may come.
var follows = map[string][]string{
	"send":      {"new", "publish scheduled", "publish sending", "reconcile scheduled", "reconcile sending"},
	"publish":   {"send sending", "reconcile unknown"},
	"reconcile": {"send sending", "publish unknown", "reconcile unknown"},
	"verify":    {"publish published", "reconcile published", "verify published"},
}

func acts(recs []audit.Entry) (out []string) {
	for _, r := range recs {
		out = append(out, r.Op+" "+r.Outcome)
	}
	return out
}

// smooth tells that the first post of a target went out at the first attempt.
func smooth(recs []audit.Entry) bool {
	return len(recs) > 1 && recs[0].Op == "send" && recs[1].Op == "publish" &&
		(recs[1].Outcome == "published" || recs[1].Outcome == "sending")
}

// inversions counts the first posts that an account made before one that was due earlier,
// of those that nothing has delayed. order is the account's posts as they came, by marker.
func (r *calendarRun) inversions(account string, order []string, records map[string][]audit.Entry) (n, of int) {
	place := map[string]int{}
	for i, m := range order {
		place[m] = i
	}
	last := -1
	for _, w := range r.due { // as they were scheduled, which is the order of their times
		at, ok := place[w.markers[0]]
		if w.account.ID != account || !ok || !smooth(records[w.id]) {
			continue
		}
		of++
		if at < last {
			n++
		}
		last = max(last, at)
	}
	return n, of
}

// interrupted counts the attempts whose worker never told what they came to.
func interrupted(records map[string][]audit.Entry) (n int) {
	for _, recs := range records {
		for i := 1; i < len(recs); i++ {
			if recs[i-1].Op == "send" && recs[i].Op == "reconcile" {
				n++
			}
		}
	}
	return n
}
