package providers

import (
	"cmp"
	"context"
	"iter"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/parvis-go/parvis"
)

// WatchOptions say how [Watch] watches. A nil *WatchOptions is fine; so is every zero field.
type WatchOptions struct {
	// Interval is the time between two probes of an account; 0 is 15 minutes. Each wait is
	// up to a tenth shorter or longer, so that accounts spread.
	Interval time.Duration
	// Failures is how many probes in a row must find an account [Unreachable] before that is
	// news; 0 is 3.
	Failures int
	// Timeout bounds one probe; one that takes longer counts as Unreachable. 0 is a minute.
	Timeout time.Duration
	// Parallel is how many accounts are probed at a time; 0 is 8.
	Parallel int
	// Known is what was known before, such as from the run before this one. An account that
	// is not in it is news at its first probe.
	Known []Health
}

// Watch probes the accounts again and again, each at once and then every interval, until
// ctx ends or the reader leaves, and gives what is news: another condition, other missing
// scopes, another expiry. So each trouble is an event once, and so is its end. Only
// [Unreachable] must be found several times in a row. Accounts that [Probe] can ask nothing
// are left out.
//
// A reader that takes its time delays the probes, and loses none. Nothing runs any more
// when the iteration has ended.
func Watch(ctx context.Context, accounts []Provider, o *WatchOptions) iter.Seq[Health] {
	var w watch
	if o != nil {
		w.WatchOptions = *o
	}
	w.Interval, w.Failures = cmp.Or(w.Interval, 15*time.Minute), cmp.Or(w.Failures, 3)
	w.Timeout, w.Parallel = cmp.Or(w.Timeout, time.Minute), cmp.Or(w.Parallel, 8)
	return func(yield func(Health) bool) {
		ctx, cancel := context.WithCancel(ctx)
		run := w
		run.news, run.slots = make(chan Health), make(chan struct{}, w.Parallel)
		var watching sync.WaitGroup
		for _, p := range accounts {
			watching.Go(func() { run.account(ctx, p) })
		}
		defer watching.Wait()
		defer cancel()
		for {
			select {
			case <-ctx.Done():
				return
			case h := <-run.news:
				if !yield(h) {
					return
				}
			}
		}
	}
}

// A watch is one iteration of [Watch].
type watch struct {
	WatchOptions
	news  chan Health
	slots chan struct{}
}

// account watches one account until ctx ends.
func (w watch) account(ctx context.Context, p Provider) {
	known, seen := w.known(p.Account())
	failures := 0
	for ctx.Err() == nil {
		h, err := w.probe(ctx, p)
		if err != nil {
			return
		}
		if h.Condition == Unreachable {
			failures++
		} else {
			failures = 0
		}
		if alarm := failures == 0 || failures >= w.Failures; alarm && (!seen || h.differs(known)) {
			select {
			case w.news <- h:
				known, seen = h, true
			case <-ctx.Done():
				return
			}
		}
		if !w.wait(ctx) {
			return
		}
	}
}

// known is what was known of an account before the first probe.
func (w watch) known(a parvis.Account) (Health, bool) {
	i := slices.IndexFunc(w.Known, func(h Health) bool {
		k := h.Account
		return k.Client == a.Client && k.Network == a.Network && k.Host == a.Host && k.ID == a.ID
	})
	if i < 0 {
		return Health{}, false
	}
	return w.Known[i], true
}

// probe probes when there is a free slot. Its error ends the watching of the account.
func (w watch) probe(ctx context.Context, p Provider) (Health, error) {
	select {
	case w.slots <- struct{}{}:
	case <-ctx.Done():
		return Health{}, ctx.Err()
	}
	defer func() { <-w.slots }()
	short, cancel := context.WithTimeout(ctx, w.Timeout)
	defer cancel()
	h, err := Probe(short, p)
	if err != nil && ctx.Err() == nil && short.Err() != nil {
		late := &parvis.Error{Code: parvis.ErrUnavailable, Message: "the network did not answer in time"}
		return HealthOf(p.Account(), late), nil
	}
	return h, err
}

// wait waits for about the interval. It is false if ctx ends first.
func (w watch) wait(ctx context.Context) bool {
	t := time.NewTimer(time.Duration(float64(w.Interval) * (0.9 + 0.2*rand.Float64())))
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
