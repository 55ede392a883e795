package publish

import (
	"context"
	"fmt"
	"slices"

	"github.com/parvis-go/parvis"
)

// A Reaction is a like, a repost, a bookmark, or an emoji itself.
type Reaction string

// The reactions that have names; anything else is an emoji.
const (
	Like     Reaction = "like"
	Repost   Reaction = "repost"
	Bookmark Reaction = "bookmark"
)

// A Reactor reacts to posts, and takes it back. Doing either twice is no error.
type Reactor interface {
	React(ctx context.Context, post parvis.Ref, r Reaction) error
	Unreact(ctx context.Context, post parvis.Ref, r Reaction) error
}

// React adds the account's reaction r to a post. A reaction that the network does not
// have gives [parvis.ErrUnsupported].
func React(ctx context.Context, p Publisher, post parvis.Ref, r Reaction) error {
	x, err := reactor(ctx, p, "react", post, r)
	if err != nil {
		return err
	}
	return parvis.In(x.React(ctx, post, r), p.Account(), "react", parvis.ErrUnknownOutcome)
}

// Unreact takes the account's reaction r back.
func Unreact(ctx context.Context, p Publisher, post parvis.Ref, r Reaction) error {
	x, err := reactor(ctx, p, "unreact", post, r)
	if err != nil {
		return err
	}
	return parvis.In(x.Unreact(ctx, post, r), p.Account(), "unreact", parvis.ErrUnknownOutcome)
}

func reactor(ctx context.Context, p Publisher, op string, post parvis.Ref, r Reaction) (Reactor, error) {
	return door[Reactor](ctx, p, op, post, func(s Support) parvis.Support {
		if s.React.OK() && len(s.Reactions) > 0 && !slices.Contains(s.Reactions, r) {
			return parvis.Never(fmt.Sprintf("the network has no reaction %q", r))
		}
		return s.React
	})
}
