package ratelimit

import (
	"container/heap"
	"math"
	"time"
)

// park puts w into the queue of b, which holds it back for d.
func (l *Limiter) park(w *waiter, b *bucket, now, d int64) {
	w.at = b
	for _, t := range w.takes {
		if t.b == b {
			w.cost = t.cost
		}
	}
	first := b.queue.n == 0
	b.queue.push(w)
	if first || b.queue.head() == w {
		l.schedule(b, now, d)
	}
}

// schedule makes the timer look at b when d is over.
func (l *Limiter) schedule(b *bucket, now, d int64) {
	if b.lease != nil && !l.alone(now) && b.lease.order(b, now) {
		d = fillPatience
	}
	b.next = now + d
	if b.next < now {
		b.next = math.MaxInt64
	}
	if b.index < 0 {
		heap.Push(&l.waiting, b)
	} else {
		heap.Fix(&l.waiting, b.index)
	}
	l.arm(now)
}

// arm sets the timer to the first bucket that may let somebody go.
func (l *Limiter) arm(now int64) {
	if len(l.waiting) == 0 {
		if l.timer != nil {
			l.timer.Stop()
		}
		return
	}
	d := time.Duration(max(l.waiting[0].next-now, 0))
	if l.timer == nil {
		l.timer = time.AfterFunc(d, l.tick)
		return
	}
	l.timer.Reset(d)
}

// tick lets go who may go.
func (l *Limiter) tick() {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	for len(l.waiting) > 0 && l.waiting[0].next <= now {
		l.serve(l.waiting[0], now)
	}
	l.arm(now)
}

func (l *Limiter) serveAll(takes []take, now int64) {
	for _, t := range takes {
		l.serve(t.b, now)
	}
}

// serve lets go as many of those who wait for b as may go, and notes when to look again.
func (l *Limiter) serve(b *bucket, now int64) {
	if b.index < 0 && b.queue.n == 0 {
		return
	}
	for {
		w := b.queue.head()
		if w == nil {
			if b.index >= 0 {
				heap.Remove(&l.waiting, b.index)
			}
			l.arm(now)
			return
		}
		at, d := l.try(w.takes, now, turn{w.rank, w.account, true, false})
		if at == b {
			l.schedule(b, now, d)
			return
		}
		b.queue.remove(w)
		if at != nil {
			l.park(w, at, now, d)
			continue
		}
		b.queue.went(w)
		w.granted = true
		w.release()
		select {
		case w.wake <- struct{}{}:
		default: // it is awake, filling a bucket
		}
	}
}

// waitHeap orders the buckets that somebody waits for by when to look at them again.
type waitHeap []*bucket

func (h waitHeap) Len() int           { return len(h) }
func (h waitHeap) Less(i, j int) bool { return h[i].next < h[j].next }
func (h waitHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i]; h[i].index, h[j].index = i, j }

// Push implements [heap.Interface].
func (h *waitHeap) Push(x any) { b := x.(*bucket); b.index = len(*h); *h = append(*h, b) }

// Pop implements [heap.Interface].
func (h *waitHeap) Pop() any {
	old := *h
	b := old[len(old)-1]
	old[len(old)-1] = nil
	*h, b.index = old[:len(old)-1], -1
	return b
}

// unlock serves those who wait for what a call takes from, and unlocks.
func (l *Limiter) unlock(takes []take, now int64, refused bool) {
	l.serveAll(takes, now)
	if l.opt.store != nil {
		l.urge(takes, refused)
	}
	l.mu.Unlock()
}
