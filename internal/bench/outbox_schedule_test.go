package bench

import (
	"testing"
	"time"

	"github.com/parvis-go/parvis/publish/outbox"
)

// BenchmarkOutboxSchedule puts many posts of 50 accounts on the calendar, beside as many
// jobs that bare River schedules, as many in a transaction.
func BenchmarkOutboxSchedule(b *testing.B) {
	n := *outboxPosts
	for _, e := range []engine{sqliteNormal, postgresql} {
		var kept scheduled
		b.Run(e.name, func(b *testing.B) {
			once(b, &kept, func() scheduled { return schedule(b, e, n) }).report(b, n)
		})
	}
}

// scheduled is how long things took.
type scheduled struct{ box, river, fast time.Duration }

func schedule(b *testing.B, e engine, n int) (s scheduled) {
	s.river = e.open(b).river.insert(b, n, false)
	tomorrow := time.Now().Add(24 * time.Hour)
	r := (&rig{accounts: 50, posts: n}).mustOpen(b, e.open(b))
	s.box = r.schedule(b, func(i int) outbox.When { return outbox.On(tomorrow.Add(time.Duration(i) * time.Second)) })
	s.fast = e.open(b).river.insert(b, n, true)
	return s
}

func (s scheduled) report(b *testing.B, n int) {
	b.ReportMetric(perSecond(n, s.box), "posts/s")
	b.ReportMetric(perSecond(n, s.river), "river-jobs/s")
	b.ReportMetric(perSecond(n, s.fast), "river-fast-jobs/s")
	b.ReportMetric(s.river.Seconds()/s.box.Seconds(), "ratio")
	b.ReportMetric(s.box.Seconds(), "s")
	b.ReportMetric(0, "ns/op") // it depends on how many posts there are
}
