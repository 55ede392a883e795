package publish

import (
	"context"
	"iter"
	"time"

	"github.com/parvis-go/parvis"
)

// A Scheduler manages posts that the network itself holds until their time. To schedule
// one, set [Draft.At] and call [To].
type Scheduler interface {
	// Scheduled gives the posts that wait, soonest first.
	Scheduled(ctx context.Context) iter.Seq2[Post, error]
	// Reschedule moves a waiting post.
	Reschedule(ctx context.Context, post parvis.Ref, at time.Time) (Post, error)
	// Unschedule removes a waiting post; it will not go out.
	Unschedule(ctx context.Context, post parvis.Ref) error
}

// ScheduledPosts gives the posts that the network holds until their time, soonest first.
// An error is the last pair.
func ScheduledPosts(ctx context.Context, p Publisher) iter.Seq2[Post, error] {
	return func(yield func(Post, error) bool) {
		s, err := power[Scheduler](ctx, p, "list scheduled posts", func(s Support) parvis.Support { return s.Schedule.Support })
		if err != nil {
			yield(Post{}, err)
			return
		}
		for post, err := range s.Scheduled(ctx) {
			if !yield(post, parvis.In(err, p.Account(), "list scheduled posts", parvis.ErrUnavailable)) || err != nil {
				return
			}
		}
	}
}

// Reschedule moves a post that the network holds to the time at.
func Reschedule(ctx context.Context, p Publisher, post parvis.Ref, at time.Time) (Post, error) {
	const op = "reschedule"
	s, err := door[Scheduler](ctx, p, op, post, func(s Support) parvis.Support { return s.Schedule.Support })
	if err != nil {
		return Post{}, err
	}
	sup, err := supportFor(ctx, p, parvis.Place{})
	if err != nil {
		return Post{}, parvis.In(err, p.Account(), op, parvis.ErrUnavailable)
	}
	c := &checker{a: p.Account(), sup: sup, d: Draft{At: at}}
	if c.schedule(); len(c.ps) > 0 {
		return Post{}, parvis.In(c.ps.err(p.Account()), p.Account(), op, parvis.ErrInvalid)
	}
	got, err := s.Reschedule(ctx, post, at)
	return got, parvis.In(err, p.Account(), op, parvis.ErrUnknownOutcome)
}

// Unschedule removes a post that the network holds; it will not go out.
func Unschedule(ctx context.Context, p Publisher, post parvis.Ref) error {
	const op = "unschedule"
	s, err := door[Scheduler](ctx, p, op, post, func(s Support) parvis.Support { return s.Schedule.Support })
	if err != nil {
		return err
	}
	return parvis.In(s.Unschedule(ctx, post), p.Account(), op, parvis.ErrUnknownOutcome)
}
