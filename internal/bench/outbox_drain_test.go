package bench

import (
	"runtime"
	"runtime/metrics"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/parvis-go/parvis/publish"
	"github.com/parvis-go/parvis/publish/outbox"
)

const drainAccounts = 50

// BenchmarkOutboxDrain lets an outbox that was away send what has become due meanwhile,
// one post a second, in turn to each of 50 accounts. It fails if an account's posts go out
// in another order than that of their times. It tells how much the heap has grown, and by
// how much a post went out after one of another account that was due later: accounts do
// not wait for each other, and a worker stays with one for a while.
func BenchmarkOutboxDrain(b *testing.B) {
	n := *outboxPosts
	for _, e := range []engine{sqliteNormal, postgresql} {
		var kept drainage
		b.Run(e.name, func(b *testing.B) {
			d := once(b, &kept, func() drainage { return drain(b, e, n) })
			b.ReportMetric(perSecond(n, d.took), "posts/s")
			b.ReportMetric(float64(d.start)/(1<<20), "heap-start-MB")
			b.ReportMetric(float64(d.growth)/(1<<20), "heap-growth-MB")
			b.ReportMetric(float64(d.inversion), "inversion-posts")
			b.ReportMetric(0, "ns/op") // it depends on how many posts there are
		})
	}
}

// drainage is what a drain came to.
type drainage struct {
	took          time.Duration
	start, growth int64
	inversion     int
}

func drain(b *testing.B, e engine, n int) drainage {
	p := e.open(b)
	then := time.Now().Truncate(time.Second).Add(-time.Duration(n) * time.Second)
	past := (&rig{accounts: drainAccounts, posts: n, now: func() time.Time { return then }}).mustOpen(b, p)
	past.schedule(b, func(i int) outbox.When { return outbox.On(then.Add(time.Duration(i) * time.Second)) })
	seen := &order{last: make([]int, drainAccounts)}
	r := (&rig{accounts: drainAccounts, posts: n, took: seen.took}).mustOpen(b, p)
	h := startHeap()
	took := r.run(b)
	start, growth := h.stop()
	if seen.broken != "" {
		b.Fatal(seen.broken)
	}
	return drainage{took, start, growth, seen.inversion}
}

// order follows the order in which posts go out: their texts count them by their times.
type order struct {
	mu        sync.Mutex
	last      []int // number of each account's last post, from 1
	latest    int
	inversion int
	broken    string
}

func (o *order) took(account int, d publish.Draft) {
	o.mu.Lock()
	defer o.mu.Unlock()
	i, err := strconv.Atoi(d.Text)
	want := o.last[account]
	if err != nil || i != want*drainAccounts+account {
		o.broken = "account " + strconv.Itoa(account) + " sent " + d.Text + " as its post number " + strconv.Itoa(want)
	}
	o.last[account]++
	o.latest = max(o.latest, i)
	o.inversion = max(o.inversion, o.latest-i)
}

// heap watches how many bytes were in use at the last collections.
type heap struct {
	start, peak int64
	end, ended  chan struct{}
}

// liveHeap is what the last collection has found in use, which does not depend on when it
// comes, as the size of the heap does.
const liveHeap = "/gc/heap/live:bytes"

func startHeap() *heap {
	runtime.GC()
	h := &heap{start: live(), end: make(chan struct{}), ended: make(chan struct{})}
	go func() {
		defer close(h.ended)
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			h.peak = max(h.peak, live())
			select {
			case <-h.end:
				return
			case <-tick.C:
			}
		}
	}()
	return h
}

// stop returns what was in use in the beginning, and how much more there was at most.
func (h *heap) stop() (start, growth int64) {
	close(h.end)
	<-h.ended
	return h.start, max(0, h.peak-h.start)
}

func live() int64 {
	sample := []metrics.Sample{{Name: liveHeap}}
	metrics.Read(sample)
	return int64(sample[0].Value.Uint64())
}
