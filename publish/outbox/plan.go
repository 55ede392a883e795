package outbox

import (
	"context"
	"time"

	"github.com/parvis-go/parvis/internal/store"
)

// A Blackout is a span in which nothing goes out.
type Blackout struct {
	Name string `json:"name"`
}

func (o Blackout) holds(Target, time.Time) bool { return false }

func (c *Client) blackoutsOf(context.Context, store.Tx, string, time.Time, time.Time) ([]Blackout, error) {
	return nil, nil
}

func (c *Client) checkTargets(context.Context, Plan) error { return nil }

func (c *Client) freeSlot(_ context.Context, _ store.Tx, e *Entry, _ time.Time) (When, error) {
	return e.When, nil
}

func (b *Outbox) grow(context.Context) error { return nil }
