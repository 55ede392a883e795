package ratelimit

import (
	"context"
	"slices"
)

// A Priority is how urgent a call is.
type Priority int8

// The priorities.
const (
	Normal Priority = iota
	Urgent
	Background
	priorities = 3
)

// patience is how many calls of a higher priority go before one of a lower that waits.
const patience = 8

type priorityKey struct{}

// WithPriority returns a context whose calls have the priority p.
func WithPriority(ctx context.Context, p Priority) context.Context {
	return context.WithValue(ctx, priorityKey{}, p)
}

func priorityOf(ctx context.Context) Priority {
	p, _ := ctx.Value(priorityKey{}).(Priority)
	return p
}

// rank orders priorities: 0 goes first.
func (p Priority) rank() int {
	switch p {
	case Urgent:
		return 0
	case Background:
		return 2
	}
	return 1
}

// waiter is a call that is held back. It stands in the queue of one bucket, that which
// holds it back longest.
type waiter struct {
	account string
	rank    int
	takes   []take
	at      *bucket
	cost    int // of the bucket at
	granted bool
	wake    chan struct{} // has room for one: it was granted, or is to ask for more
	fill    *bucket       // that it is to ask for more of
	err     error
}

// line is the waiters of one account, in the order of their coming.
type line struct {
	account string
	list    []*waiter
}

// class is the waiters of one rank: the accounts take turns.
type class struct {
	order  []*line
	byName map[string]*line
	n      int
	cost   int
}

// queue holds those who wait for a bucket.
type queue struct {
	classes [priorities]class
	passed  [priorities]int
	n       int
}

func (q *queue) push(w *waiter) {
	c := &q.classes[w.rank]
	l := c.byName[w.account]
	if l == nil {
		l = &line{account: w.account}
		if c.byName == nil {
			c.byName = map[string]*line{}
		}
		c.byName[w.account] = l
		c.order = append(c.order, l)
	}
	l.list = append(l.list, w)
	c.n++
	c.cost += w.cost
	q.n++
}

// head is who goes next, or nil.
func (q *queue) head() *waiter {
	if q.n == 0 {
		return nil
	}
	best := -1
	for i := range q.classes {
		if q.classes[i].n == 0 {
			continue
		}
		if best < 0 || q.passed[i] >= patience {
			best = i
		}
	}
	return q.classes[best].order[0].list[0]
}

// went notes that a waiter was let go, before those of lower rank.
func (q *queue) went(w *waiter) {
	q.passed[w.rank] = 0
	for i := w.rank + 1; i < priorities; i++ {
		if q.classes[i].n > 0 {
			q.passed[i]++
		}
	}
}

// remove takes w out, and makes it the turn of the next account.
func (q *queue) remove(w *waiter) {
	c := &q.classes[w.rank]
	l := c.byName[w.account]
	if l == nil {
		return
	}
	i := slices.Index(l.list, w)
	if i < 0 {
		return
	}
	l.list = slices.Delete(l.list, i, i+1)
	c.n--
	c.cost -= w.cost
	q.n--
	at := slices.Index(c.order, l)
	if len(l.list) == 0 {
		c.order = slices.Delete(c.order, at, at+1)
		delete(c.byName, w.account)
	} else if i == 0 && at == 0 {
		c.order = append(c.order[1:], l)
	}
}

// ahead is about how much is taken before a newcomer of that account and rank has its turn.
func (q *queue) ahead(account string, rank int) int {
	sum := 0
	for i := range rank {
		sum += q.classes[i].cost
	}
	c := &q.classes[rank]
	if c.n == 0 {
		return sum
	}
	own := 1
	if l := c.byName[account]; l != nil {
		own += len(l.list)
	}
	return sum + min(c.cost, len(c.order)*own*max(c.cost/c.n, 1))
}

// blocks reports whether a newcomer of that rank stands behind somebody.
func (q *queue) blocks(rank int) bool {
	for i := 0; i <= rank; i++ {
		if q.classes[i].n > 0 {
			return true
		}
	}
	return false
}
