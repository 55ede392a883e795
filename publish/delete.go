package publish

import (
	"context"

	"github.com/parvis-go/parvis"
)

// A Deleter removes the account's own posts for good.
type Deleter interface {
	Delete(ctx context.Context, post parvis.Ref) error
}

// A Trasher removes the account's own posts so that they can come back.
type Trasher interface {
	Trash(ctx context.Context, post parvis.Ref) error
	Restore(ctx context.Context, post parvis.Ref) (Post, error)
}

// Delete removes one of the account's own posts for good. A post that is gone already
// gives [parvis.ErrNotFound]. To remove what others wrote, use package moderate.
func Delete(ctx context.Context, p Publisher, post parvis.Ref) error {
	const op = "delete"
	d, err := door[Deleter](ctx, p, op, post, func(s Support) parvis.Support { return s.Delete })
	if err != nil {
		return err
	}
	return parvis.In(d.Delete(ctx, post), p.Account(), op, parvis.ErrUnknownOutcome)
}

// Trash removes one of the account's own posts so that [Restore] can bring it back.
func Trash(ctx context.Context, p Publisher, post parvis.Ref) error {
	const op = "trash"
	t, err := door[Trasher](ctx, p, op, post, func(s Support) parvis.Support { return s.Trash })
	if err != nil {
		return err
	}
	return parvis.In(t.Trash(ctx, post), p.Account(), op, parvis.ErrUnknownOutcome)
}

// Restore brings back what [Trash] removed, in the state that it had.
func Restore(ctx context.Context, p Publisher, post parvis.Ref) (Post, error) {
	const op = "restore"
	t, err := door[Trasher](ctx, p, op, post, func(s Support) parvis.Support { return s.Trash })
	if err != nil {
		return Post{}, err
	}
	got, err := t.Restore(ctx, post)
	return got, parvis.In(err, p.Account(), op, parvis.ErrUnknownOutcome)
}
