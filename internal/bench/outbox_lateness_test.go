package bench

import (
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/parvis-go/parvis/publish"
	"github.com/parvis-go/parvis/publish/outbox"
)

const (
	lateAccounts = 100
	latePosts    = 1000
	lateEvery    = 5 * time.Millisecond
	// lateFrom is when the first is due: the outbox is running by then.
	lateFrom = 1500 * time.Millisecond
)

// BenchmarkOutboxLateness is how long after their times posts leave, of which 200 are due
// each second, evenly over 5 s and over 100 accounts.
func BenchmarkOutboxLateness(b *testing.B) {
	for _, e := range []engine{sqliteNormal, postgresql} {
		var kept []time.Duration
		b.Run(e.name, func(b *testing.B) {
			late := once(b, &kept, func() []time.Duration { return lateness(b, e) })
			b.ReportMetric(milliseconds(late[len(late)/2]), "p50-ms")
			b.ReportMetric(milliseconds(late[len(late)*99/100]), "p99-ms")
			b.ReportMetric(milliseconds(late[len(late)-1]), "max-ms")
			b.ReportMetric(0, "ns/op") // it is the posts' own
		})
	}
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// lateness returns how late the posts left, sorted.
func lateness(b *testing.B, e engine) []time.Duration {
	p := e.open(b)
	var mu sync.Mutex
	var first time.Time
	var late []time.Duration
	r := (&rig{accounts: lateAccounts, posts: latePosts, took: func(_ int, d publish.Draft) {
		now := time.Now()
		mu.Lock()
		defer mu.Unlock()
		i, err := strconv.Atoi(d.Text)
		if err != nil {
			b.Error(err)
		}
		late = append(late, now.Sub(first.Add(time.Duration(i)*lateEvery)))
	}}).mustOpen(b, p)
	first = time.Now().Add(lateFrom)
	r.schedule(b, func(i int) outbox.When { return outbox.On(first.Add(time.Duration(i) * lateEvery)) })
	spread(b, p.box, first)
	r.run(b)
	slices.Sort(late)
	return late
}

// spread moves the posts from the second in which they are due, which is as exact as a
// calendar is, to their part of it.
func spread(b *testing.B, db outbox.DB, first time.Time) {
	b.Helper()
	mustExec(b, db, `UPDATE parvis_outbox_targets SET due = s.at, next_at = s.at
		FROM (SELECT id, ? + (row_number() OVER (ORDER BY id) - 1) * ? AS at FROM parvis_outbox_targets) s
		WHERE s.id = parvis_outbox_targets.id`, first.UnixMicro(), lateEvery.Microseconds())
	mustExec(b, db, `UPDATE parvis_outbox_entries SET due = (SELECT t.due FROM parvis_outbox_targets t WHERE t.entry = parvis_outbox_entries.id)`)
	mustExec(b, db, `UPDATE parvis_outbox_lanes SET next_at = (SELECT min(t.next_at) FROM parvis_outbox_targets t WHERE t.lane = parvis_outbox_lanes.lane)`)
}

func mustExec(b *testing.B, db outbox.DB, statement string, args ...any) {
	b.Helper()
	if _, err := db.Exec(b.Context(), statement, args...); err != nil {
		b.Fatal(err)
	}
}
