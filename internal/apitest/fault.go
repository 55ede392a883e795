package apitest

import (
	"net/http"
	"slices"
	"sync"
	"time"
)

// A Kind is a way in which a call can fail.
type Kind string

// The kinds of failure. Before and after refer to the effect of the call.
const (
	RateLimited  Kind = "rate limited" // 429, with Retry-After if the fault says so; nothing is taken
	ErrorBefore  Kind = "error before" // 500, nothing is taken
	ErrorAfter   Kind = "error after"  // 500, although it was done
	CutBefore    Kind = "cut before"   // the connection ends without an answer, nothing is taken
	CutAfter     Kind = "cut after"    // the connection ends without an answer, although it was done
	Hang         Kind = "hang"         // it is done, and no answer comes until the client gives up
	Timeout      Kind = Hang           // another name for Hang
	Slow         Kind = "slow"         // the answer comes after the fault's Delay
	Truncated    Kind = "truncated"    // it is done, and the answer breaks off in the middle
	Huge         Kind = "huge"         // it is done, and the answer never ends
	Redirect     Kind = "redirect"     // 307 to the fault's To, nothing is taken
	Unauthorized Kind = "unauthorized" // 401, nothing is taken
	Forbidden    Kind = "forbidden"    // 403, nothing is taken
	Gone         Kind = "gone"         // 410, as for a version that is retired; nothing is taken
	Gone426      Kind = "426"          // 426 Upgrade Required, as for a version that is retired; nothing is taken
	HTMLError    Kind = "html error"   // 403 with a page in HTML, as firewalls answer; nothing is taken
)

// A Fault is a failure that waits for its calls.
type Fault struct {
	// Kind is what happens.
	Kind Kind
	// Match picks the calls that it happens to; nil is any.
	Match func(*http.Request) bool
	// Times is how many calls it happens to; 0 is one, negative is until [Faults.Clear].
	Times int
	// RetryAfter is the header of RateLimited, in whole seconds; 0 leaves it out.
	RetryAfter time.Duration
	// Delay is how long Slow waits.
	Delay time.Duration
	// To is where Redirect leads.
	To string
	// Status, Header and Body, where set, replace those of the faults that answer without
	// asking the server, so that a network's own error can be staged.
	Status int
	Header http.Header
	Body   string
}

// Faults stages failures and counts calls. The zero value is ready. It is safe for
// concurrent use.
type Faults struct {
	mu     sync.Mutex
	faults []*Fault
	calls  int
}

// Inject adds a failure. Those injected first happen first.
func (f *Faults) Inject(x Fault) {
	if x.Times == 0 {
		x.Times = 1
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults = append(f.faults, &x)
}

// Clear removes all failures.
func (f *Faults) Clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults = nil
}

// Waiting is how many failures have not been used up.
func (f *Faults) Waiting() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.faults)
}

// Calls is how many requests came, those that were made to fail included.
func (f *Faults) Calls() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls
}

// take counts a call and returns the failure that happens to it, if any.
func (f *Faults) take(r *http.Request) *Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls++
	for i, x := range f.faults {
		if x.Match != nil && !x.Match(r) {
			continue
		}
		if x.Times > 0 {
			if x.Times--; x.Times == 0 {
				f.faults = slices.Delete(f.faults, i, i+1)
			}
		}
		return x
	}
	return nil
}

// Wrap returns h with the failures in front of it.
func (f *Faults) Wrap(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if x := f.take(r); x != nil {
			x.serve(w, r, h)
			return
		}
		h.ServeHTTP(w, r)
	})
}
