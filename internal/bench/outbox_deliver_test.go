package bench

import "testing"

const (
	// boxWorkers is how many accounts an outbox serves at a time by default.
	boxWorkers = 16
	// bestWorkers is with how many workers River is fastest on jobs that do nothing.
	bestWorkers = 500
)

// BenchmarkOutboxDeliver is deliveries to a network that does nothing, beside bare River's
// jobs that do nothing, on the same kind of database: with as many workers, and with as
// many as are best for it. The outbox is measured without and with an audit trail.
func BenchmarkOutboxDeliver(b *testing.B) {
	n := max(100, *outboxPosts/5)
	for _, e := range []engine{sqliteNormal, sqliteFull, postgresql} {
		for _, accounts := range []int{10, 100} {
			var kept delivered
			b.Run(e.name+"/"+label(accounts, "accounts"), func(b *testing.B) {
				once(b, &kept, func() delivered { return deliver(b, e, n, accounts) }).report(b)
			})
		}
	}
}

// delivered are rates, per second.
type delivered struct{ river, plain, audited, best float64 }

func deliver(b *testing.B, e engine, n, accounts int) (d delivered) {
	box := func(trail bool) float64 {
		r := (&rig{accounts: accounts, posts: n, trail: trail}).mustOpen(b, e.open(b))
		r.schedule(b, atOnceDue)
		return perSecond(n, r.run(b))
	}
	d.river = perSecond(n, e.open(b).river.work(b, n, boxWorkers))
	d.plain = box(false)
	d.best = perSecond(n, e.open(b).river.work(b, n, bestWorkers))
	d.audited = box(true)
	return d
}

func (d delivered) report(b *testing.B) {
	b.ReportMetric(d.plain, "posts/s")
	b.ReportMetric(d.audited, "audited-posts/s")
	b.ReportMetric(d.river, "river-jobs/s")
	b.ReportMetric(d.best, "river-best-jobs/s")
	b.ReportMetric(d.plain/d.river, "ratio")
	b.ReportMetric(d.audited/d.river, "audited-ratio")
	b.ReportMetric(d.plain/d.best, "ratio-to-best")
	b.ReportMetric(0, "ns/op") // it depends on how many posts there are
}
