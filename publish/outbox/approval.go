package outbox

import (
	"context"

	"github.com/parvis-go/parvis/internal/store"
)

// A Rule says who must approve.
type Rule struct {
	Need int `json:"need"`
}

func (c *Client) rules(context.Context, store.Tx) ([]Rule, error) { return nil, nil }

func submitted(_ []Rule, e *Entry) State {
	if e.At.IsZero() {
		return Approved
	}
	return Scheduled
}

func stageMoved(_ []Rule, e *Entry) State { return e.stage }

func (c *Client) approvedStill(context.Context, store.Tx, string, string) error { return nil }
