package e2e

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/e2e/calendar"
	"github.com/parvis-go/parvis/internal/e2e/servers/fakenet"
	"github.com/parvis-go/parvis/publish/outbox"
)

// A calendarRun is one calendar, its worker processes, and who kills them.
type calendarRun struct {
	set   calendar.Setup
	procs int
	kills int // that are wanted
	// plans are scheduled before the workers start; each item's text has a marker.
	plans []outbox.Plan

	db  *calendar.DB
	box *outbox.Outbox
	due []wanted

	mu     sync.Mutex
	killed map[string]int // by the point, or "" for a moment of chance
	begun  int            // kills that were begun
	logs   map[string]int // what workers warned of, and how often
}

// A wanted is what one target of an entry was told to post.
type wanted struct {
	entry, id string
	account   parvis.Account
	at        time.Time
	markers   []string
}

// open opens the calendar.
func (r *calendarRun) open(t testing.TB) {
	t.Helper()
	var err error
	r.db, err = calendar.Open(t.Context(), r.set)
	require.NoError(t, err)
	t.Cleanup(r.db.Close)
	opts, err := calendar.Options(r.set)
	require.NoError(t, err)
	r.box, err = r.db.Outbox(t.Context(), opts)
	require.NoError(t, err)
	r.killed, r.logs = map[string]int{}, map[string]int{}
}

// schedule puts the plans on the calendar.
func (r *calendarRun) schedule(t testing.TB) {
	t.Helper()
	es, err := r.box.For(calendar.Client).AddAll(t.Context(), r.plans)
	require.NoError(t, err)
	for _, e := range es {
		for _, target := range e.Targets {
			w := wanted{e.ID, target.ID, target.Account, e.At, []string{fakenet.Marker(e.Draft.Text)}}
			for _, d := range e.Thread {
				w.markers = append(w.markers, fakenet.Marker(d.Text))
			}
			r.due = append(r.due, w)
		}
	}
}

// markers counts what is to be posted.
func (r *calendarRun) markers() (n int) {
	for _, w := range r.due {
		n += len(w.markers)
	}
	return n
}

// next tells whether another kill is wanted, and where: at the points in turn, and every
// other time at a moment of chance.
func (r *calendarRun) next() (flags []string, more bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.begun >= r.kills {
		return nil, false
	}
	r.begun++
	if r.begun%2 == 0 {
		return nil, true
	}
	all := calendar.Points()
	return []string{"-die", fmt.Sprintf("%s:%d", all[r.begun/2%len(all)], 1+rand.IntN(3))}, true
}

// torture lets the processes work and kills them, each as soon as it has worked for a
// moment, until there were enough kills; the last ones are left alive.
func (r *calendarRun) torture(t *testing.T) []*process {
	last := make([]*process, r.procs)
	var wg sync.WaitGroup
	for i := range last {
		wg.Go(func() {
			for {
				flags, more := r.next()
				p := startProcess(t, r.set, flags...)
				if !more {
					last[i] = p
					return
				}
				r.execute(t, p, len(flags) > 0)
			}
		})
	}
	wg.Wait()
	return last
}

// execute ends one process.
func (r *calendarRun) execute(t *testing.T, p *process, itself bool) {
	assert.True(t, p.await("READY", 30*time.Second), "a worker does not come up: %v", p.with("FAILED"))
	if itself {
		p.await("", 5*time.Second) // some points are not reached in that time
	} else {
		p.await("", time.Duration(50+rand.IntN(1450))*time.Millisecond)
	}
	p.kill()
	point := ""
	if at := p.with("DIES"); len(at) > 0 {
		point = at[0]
	}
	r.note(t, p)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.killed[point]++
}

// note keeps what a process has warned of. A process that ended with an error of its own
// was not killed.
func (r *calendarRun) note(t *testing.T, p *process) {
	assert.Empty(t, p.with("FAILED"))
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, l := range append(p.with("LOG"), p.with("TROUBLE")...) {
		if len(l) > 34 {
			l = l[34:] // without its time
		}
		r.logs[l[:min(len(l), 160)]]++
	}
}

// complete waits until nothing is left to do, and ends the processes.
func (r *calendarRun) complete(t *testing.T, ps []*process, within time.Duration) {
	deadline := time.Now().Add(within)
	for r.left(ps) != 0 && time.Now().Before(deadline) {
		ps[0].await("FAILED", 100*time.Millisecond)
	}
	left := r.left(ps)
	for _, p := range ps {
		p.finish(t)
		r.note(t, p)
	}
	assert.Zero(t, left, "targets are left that nobody turns to")
}

// left is what a worker said last; -1 if nobody has said anything yet.
func (r *calendarRun) left(ps []*process) int {
	left := -1
	for _, p := range ps {
		if all := p.with("LEFT"); len(all) > 0 {
			if n, err := strconv.Atoi(all[len(all)-1]); err == nil && (left < 0 || n < left) {
				left = n
			}
		}
	}
	return left
}

// targets are what has become of all targets, by ID.
func (r *calendarRun) targets(t testing.TB) map[string]outbox.Target {
	t.Helper()
	out := map[string]outbox.Target{}
	for _, w := range r.due {
		if _, ok := out[w.id]; ok {
			continue
		}
		e, err := r.box.For(calendar.Client).Get(t.Context(), w.entry)
		require.NoError(t, err)
		for _, target := range e.Targets {
			out[target.ID] = target
		}
	}
	return out
}

func (r *calendarRun) dead() (n int) {
	for _, k := range r.killed {
		n += k
	}
	return n
}

// warned is what the workers said, the most frequent first, ten lines at most.
func (r *calendarRun) warned() (out []string) {
	lines := slices.SortedFunc(maps.Keys(r.logs), func(a, b string) int { return r.logs[b] - r.logs[a] })
	for _, l := range lines[:min(len(lines), 10)] {
		out = append(out, fmt.Sprintf("%d× %s", r.logs[l], l))
	}
	return out
}
