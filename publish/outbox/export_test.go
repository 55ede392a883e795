package outbox

import (
	"context"

	"github.com/parvis-go/parvis/internal/store"
)

// HashOf is the hash that the plan gets as an entry of a client.
func HashOf(client string, p Plan) string {
	p, err := (&Client{name: client}).own(p)
	if err != nil {
		panic(err)
	}
	return p.hash()
}

// Inherit gives an entry the approvals of another, and returns the stage that it has then.
func (c *Client) Inherit(ctx context.Context, from string, to Entry) (s State, err error) {
	err = c.b.update(ctx, "inherit", func(tx store.Tx) error {
		if err := inherit(ctx, tx, from, &to); err != nil {
			return err
		}
		rules, err := c.rules(ctx, tx)
		if err != nil {
			return err
		}
		s, err = c.staged(ctx, tx, rules, &to)
		return err
	})
	return s, err
}
