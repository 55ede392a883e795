package api

import (
	"context"
	"sync/atomic"
)

// Lazy is a value that is asked for once and then remembered. A failure is not
// remembered. It is safe for concurrent use; make it with [NewLazy].
type Lazy[T any] struct {
	gate  chan struct{}
	value atomic.Pointer[T]
}

// NewLazy returns a Lazy that holds nothing.
func NewLazy[T any]() *Lazy[T] { return &Lazy[T]{gate: make(chan struct{}, 1)} }

// Get returns the value, from ask if there is none. Others wait meanwhile, as long as
// their context lets them.
func (l *Lazy[T]) Get(ctx context.Context, ask func(context.Context) (T, error)) (T, error) {
	if v := l.value.Load(); v != nil {
		return *v, nil
	}
	var zero T
	select {
	case l.gate <- struct{}{}:
		defer func() { <-l.gate }()
	case <-ctx.Done():
		return zero, ctx.Err()
	}
	if v := l.value.Load(); v != nil {
		return *v, nil
	}
	v, err := ask(ctx)
	if err != nil {
		return zero, err
	}
	l.value.Store(&v)
	return v, nil
}

// Peek returns the value if there is one.
func (l *Lazy[T]) Peek() (T, bool) {
	if v := l.value.Load(); v != nil {
		return *v, true
	}
	var zero T
	return zero, false
}

// Set remembers v.
func (l *Lazy[T]) Set(v T) { l.value.Store(&v) }

// Forget makes the next Get ask again.
func (l *Lazy[T]) Forget() { l.value.Store(nil) }
