package listen

import (
	"context"
	"iter"
	"sync"
)

// A Source is one listener with its query, for [Merge].
type Source struct {
	Listener Listener
	Query    Query
}

// Merge delivers the events of all sources as one stream, in the order of their arrival.
// Every event names its account, so that cursors can be kept per source.
//
// A source that fails ends with one pair of an event that names the account and the
// error; the others go on. The stream ends when every source has ended. No source runs
// ahead: each has at most one event waiting for the reader. Leaving the loop stops all
// sources and waits for them.
func Merge(ctx context.Context, sources ...Source) iter.Seq2[Event, error] {
	type pair struct {
		ev  Event
		err error
	}
	return func(yield func(Event, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		pairs, stop := make(chan pair), make(chan struct{})
		var readers sync.WaitGroup
		for _, s := range sources {
			readers.Go(func() {
				for ev, err := range To(ctx, s.Listener, s.Query) {
					select {
					case pairs <- pair{ev, err}:
					case <-stop:
						return
					}
				}
			})
		}
		go func() { readers.Wait(); close(pairs) }()
		defer readers.Wait()
		defer close(stop)
		defer cancel()
		for p := range pairs {
			if !yield(p.ev, p.err) {
				return
			}
		}
	}
}
