package publish

import (
	"context"
	"iter"
	"sync"
	"sync/atomic"

	"github.com/parvis-go/parvis"
)

// A Fan publishes one draft to many accounts at a time. The zero Fan is ready to use.
type Fan struct {
	// InFlight is how many targets are served at a time; 0 means 64.
	InFlight int
	// Options hold for every target; see [Option].
	Options []Option
}

// ToAll publishes d through every one of ps, at most 64 at a time, and returns one
// outcome for each, in the order of ps. A target that fails or is slow stops no other.
// When ctx ends, targets not begun have the state [NotSent].
func ToAll(ctx context.Context, d Draft, ps ...Publisher) []Outcome {
	return Fan{}.ToAll(ctx, d, ps...)
}

// ToAll is [ToAll] with the settings of f.
func (f Fan) ToAll(ctx context.Context, d Draft, ps ...Publisher) []Outcome {
	outs := make([]Outcome, len(ps))
	for i, out := range f.run(ctx, d, ps) {
		outs[i] = out
	}
	return outs
}

// Each is [Fan.ToAll] as an iterator that gives each outcome as soon as it is there.
// Breaking off the loop cancels what is still under way, and waits for it.
func (f Fan) Each(ctx context.Context, d Draft, ps ...Publisher) iter.Seq[Outcome] {
	return func(yield func(Outcome) bool) {
		for _, out := range f.run(ctx, d, ps) {
			if !yield(out) {
				return
			}
		}
	}
}

// run yields the index and the outcome of each target as it ends. Workers never wait for
// the reader: there is room for every outcome.
func (f Fan) run(ctx context.Context, d Draft, ps []Publisher) iter.Seq2[int, Outcome] {
	type done struct {
		i   int
		out Outcome
	}
	inFlight := f.InFlight
	if inFlight <= 0 {
		inFlight = 64
	}
	return func(yield func(int, Outcome) bool) {
		ctx, cancel := context.WithCancel(ctx)
		results := make(chan done, len(ps))
		var next atomic.Int64
		var workers sync.WaitGroup
		defer workers.Wait()
		defer cancel()
		for range min(inFlight, len(ps)) {
			workers.Go(func() {
				for i := int(next.Add(1)) - 1; i < len(ps); i = int(next.Add(1)) - 1 {
					results <- done{i, f.one(ctx, ps[i], d)}
				}
			})
		}
		for range ps {
			if r := <-results; !yield(r.i, r.out) {
				return
			}
		}
	}
}

// one publishes to a single target, unless ctx has ended.
func (f Fan) one(ctx context.Context, p Publisher, d Draft) Outcome {
	if err := ctx.Err(); err != nil {
		a := p.Account()
		return Outcome{
			Account: a, State: NotSent, Attempt: Attempt{Account: a, Draft: d},
			Err: &parvis.Error{
				Op: "publish", Network: a.Network, Account: a.String(), Code: parvis.ErrUnavailable,
				Message: "not begun", Err: err,
			},
		}
	}
	return attempt(ctx, p, d, f.Options)
}
