package jobs

import "context"

type pointKey struct{}

// WithPoints returns a context under which f is called at the named points of the work that
// it starts. Tests end the process there.
func WithPoints(ctx context.Context, f func(name string)) context.Context {
	return context.WithValue(ctx, pointKey{}, f)
}

// Point marks a moment at which a process may die.
func Point(ctx context.Context, name string) {
	if f, _ := ctx.Value(pointKey{}).(func(string)); f != nil {
		f(name)
	}
}
