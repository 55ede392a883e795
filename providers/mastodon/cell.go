package mastodon

import (
	"context"
	"sync"
	"time"
)

// cell keeps a value for a time. However many ask at once, it is loaded once.
type cell[T any] struct {
	mu     sync.Mutex
	value  T
	known  bool
	until  time.Time
	flight chan struct{} // closed when the load that is under way ends
}

// staleFor is how much longer an old value serves when a new one cannot be had.
const staleFor = time.Minute

// get returns the value, loaded anew if it is older than keep. A caller whose ctx ends
// does not spoil it for the others. When a load fails, an old value goes on serving.
func (c *cell[T]) get(ctx context.Context, keep time.Duration, load func(context.Context) (T, error)) (T, error) {
	for {
		c.mu.Lock()
		if c.known && time.Now().Before(c.until) {
			defer c.mu.Unlock()
			return c.value, nil
		}
		if c.flight == nil {
			c.flight = make(chan struct{})
			c.mu.Unlock()
			return c.load(ctx, keep, load)
		}
		flight := c.flight
		c.mu.Unlock()
		select {
		case <-flight:
		case <-ctx.Done():
			var zero T
			return zero, ctx.Err()
		}
	}
}

func (c *cell[T]) load(ctx context.Context, keep time.Duration, load func(context.Context) (T, error)) (T, error) {
	v, err := load(ctx)
	c.mu.Lock()
	defer c.mu.Unlock()
	close(c.flight)
	c.flight = nil
	switch {
	case err == nil:
		c.value, c.known, c.until = v, true, time.Now().Add(keep)
	case c.known && ctx.Err() == nil:
		c.until = time.Now().Add(staleFor)
		return c.value, nil
	}
	return v, err
}

// fresh returns the value if it is not too old.
func (c *cell[T]) fresh() (T, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.value, c.known && time.Now().Before(c.until)
}

// peek returns the last value, however old.
func (c *cell[T]) peek() (T, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.value, c.known
}
