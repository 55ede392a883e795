package publish

import (
	"context"

	"github.com/parvis-go/parvis"
)

// A Getter reads a post back from the network.
type Getter interface {
	Get(ctx context.Context, post parvis.Ref) (Post, error)
}

// Get returns the post as the network has it now: whether it is still pending or held,
// what it looks like, where it is seen. A post that is gone gives [parvis.ErrNotFound].
func Get(ctx context.Context, p Publisher, post parvis.Ref) (Post, error) {
	const op = "get post"
	g, err := door[Getter](ctx, p, op, post, func(s Support) parvis.Support { return s.Get })
	if err != nil {
		return Post{}, err
	}
	got, err := g.Get(ctx, post)
	return got, parvis.In(err, p.Account(), op, parvis.ErrUnavailable)
}
