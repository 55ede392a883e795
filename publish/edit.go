package publish

import (
	"context"

	"github.com/parvis-go/parvis"
)

// An Editor changes posts that are out. Editing is undone by editing back; the post
// before the change is what [Get] returned.
type Editor interface {
	// Edit replaces the post's content by that of d. Fields of d that the network
	// cannot change after publication give [parvis.ErrUnsupported].
	Edit(ctx context.Context, post parvis.Ref, d Draft) (Post, error)
}

// Edit replaces the content of a post by that of d, checked as [To] checks. After the
// network's time for editing the error matches [parvis.ErrTooLate].
func Edit(ctx context.Context, p Publisher, post parvis.Ref, d Draft, opts ...Option) (Post, error) {
	const op = "edit"
	e, err := door[Editor](ctx, p, op, post, func(s Support) parvis.Support { return s.Edit })
	if err != nil {
		return Post{}, err
	}
	d, warnings, err := prepare(ctx, p, d, opts)
	if err != nil {
		return Post{}, parvis.In(err, p.Account(), op, parvis.ErrInvalid)
	}
	got, err := e.Edit(ctx, post, d)
	if err != nil {
		return Post{}, parvis.In(err, p.Account(), op, parvis.ErrUnknownOutcome)
	}
	got.Warnings = append(got.Warnings, warnings...)
	return got, nil
}
