package publish

import (
	"context"
	"time"

	"github.com/parvis-go/parvis"
)

// A Metric is one figure about a post. Networks define their figures differently: Name is
// the network's own, and figures of different networks are not added up blindly.
type Metric struct {
	// Name is the network's own name: "favourites", "impressions".
	Name string `json:"name"`
	// Means is the common meaning, if it has one: "likes", "reposts", "replies", "quotes",
	// "views", "reach", "clicks".
	Means string `json:"means,omitempty"`
	// Value is the figure, and Unit what it counts; empty is plain events.
	Value float64 `json:"value"`
	Unit  string  `json:"unit,omitempty"`
	// At is when the network was asked.
	At time.Time `json:"at"`
}

// Metrics reads figures about one of the account's posts.
type Metrics interface {
	Metrics(ctx context.Context, post parvis.Ref) ([]Metric, error)
}

// MetricsOf returns the figures that the network gives about a post. A figure that the
// network does not give is absent, not zero.
func MetricsOf(ctx context.Context, p Publisher, post parvis.Ref) ([]Metric, error) {
	const op = "metrics"
	m, err := door[Metrics](ctx, p, op, post, func(s Support) parvis.Support { return s.Metrics })
	if err != nil {
		return nil, err
	}
	got, err := m.Metrics(ctx, post)
	return got, parvis.In(err, p.Account(), op, parvis.ErrUnavailable)
}
