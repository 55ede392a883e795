// Package sending carries, in a context, what whoever holds an attempt to publish asks of
// the layers below: to be asked just before a request leaves (the fence), and not to be
// kept waiting for a limit (the patience). The outbox sets both; the HTTP client and the
// limiters keep to them. A context without them changes nothing.
package sending

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/parvis-go/parvis"
)

type (
	fenceKey    struct{}
	patienceKey struct{}
)

// WithFence returns a context under which f is asked just before each mutation leaves; an
// error keeps it back. f is asked again before every further try, may be called from
// several goroutines at a time, and gets a context that ends with the try. A nil f takes
// the fence away, for calls such as the renewal of a token that do no harm to what the
// fence protects.
func WithFence(ctx context.Context, f func(context.Context) error) context.Context {
	return context.WithValue(ctx, fenceKey{}, f)
}

// Fence asks the fence of ctx whether a mutation may leave now. It returns nil if there is
// none. After an error nothing must be sent. The error is a [*parvis.Error] with the code
// of the fence's own ([parvis.ErrUnavailable] if that has none), which it wraps.
func Fence(ctx context.Context) error {
	f, _ := ctx.Value(fenceKey{}).(func(context.Context) error)
	if f == nil {
		return nil
	}
	err := f(ctx)
	if err == nil {
		return nil
	}
	e := &parvis.Error{Code: cmp.Or(parvis.CodeOf(err), parvis.ErrUnavailable), Message: "kept back before it was sent", Err: err}
	if own, ok := errors.AsType[*parvis.Error](err); ok {
		e.RetryAfter = own.RetryAfter
	}
	return e
}

// Unfenced returns ctx without its fence; it is ctx itself if there is none.
func Unfenced(ctx context.Context) context.Context {
	if f, _ := ctx.Value(fenceKey{}).(func(context.Context) error); f == nil {
		return ctx
	}
	return WithFence(ctx, nil)
}

// WithPatience bounds how long a limiter may keep a call waiting under ctx: beyond it, the
// limiter refuses at once with an error that matches [parvis.ErrRateLimited] and has
// RetryAfter. It also bounds how long a call may sleep because an answer asked it to come
// back later. 0 or less is no waiting at all.
func WithPatience(ctx context.Context, d time.Duration) context.Context {
	return context.WithValue(ctx, patienceKey{}, max(d, 0))
}

// Patience returns what [WithPatience] has set; ok is false if nothing has.
func Patience(ctx context.Context) (d time.Duration, ok bool) {
	d, ok = ctx.Value(patienceKey{}).(time.Duration)
	return d, ok
}
