package providertest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/publish"
)

func editCases() []Case {
	return []Case{{
		Name:        "edit/changes",
		Explanation: "Edit replaces the text under the same reference, and makes no second post.",
		Applies:     needs(canCount, canEdit, canGet),
		Run:         editChanges,
	}, {
		Name:        "edit/limit",
		Explanation: "An edit that is too long is refused before the network is called, and changes nothing.",
		Applies:     needs(canCount, canEdit, hasLimit(bricks()[0].brick, func(s publish.Support) parvis.TextLimits { return s.Text })),
		Run:         editLimit,
	}, {
		Name:        "delete/gone",
		Explanation: "A post that is deleted is gone: it is not counted and, where posts can be read back, gives ErrNotFound.",
		Applies:     needs(canCount, canDelete),
		Run:         deleteGone,
	}, {
		Name:        "delete/twice",
		Explanation: "Deleting a post that is gone gives ErrNotFound.",
		Applies:     needs(canDelete),
		Run:         deleteTwice,
	}, {
		Name:        "delete/other-doors",
		Explanation: "Editing, reacting to, measuring or trashing a post that is gone gives ErrNotFound.",
		Applies:     needs(canDelete),
		Run:         deleteOtherDoors,
	}, {
		Name:        "trash/restore",
		Explanation: "A trashed post is not shown as published, and comes back as it was.",
		Applies:     needs(publishing("trashing", func(s publish.Support) bool { return s.Trash.OK() && s.Get.OK() })),
		Run:         trashRestore,
	}, {
		Name:        "react/twice",
		Explanation: "Reacting, and taking a reaction back, are no errors when done twice.",
		Applies:     needs(publishing("reacting", func(s publish.Support) bool { return s.React.OK() })),
		Run:         reactTwice,
	}, {
		Name:        "react/unknown",
		Explanation: "A reaction that Support does not list is refused with ErrUnsupported before the network is called.",
		Applies:     needs(publishing("listing its reactions", func(s publish.Support) bool { return s.React.OK() && len(s.Reactions) > 0 })),
		Run:         reactUnknown,
	}, {
		Name:        "schedule/waits",
		Explanation: "A draft for a later time is scheduled: its state and time say so, and it is in the list of what waits.",
		Applies:     needs(canSchedule),
		Run:         scheduleWaits,
	}, {
		Name:        "schedule/moves",
		Explanation: "A scheduled post can be moved to another time, once, and what is past is refused before the network is called.",
		Applies:     needs(canSchedule),
		Run:         scheduleMoves,
	}, {
		Name:        "schedule/cancelled",
		Explanation: "A scheduled post that is taken back is no longer in the list, nor on the network, and cannot be taken back again.",
		Applies:     needs(canSchedule),
		Run:         scheduleCancelled,
	}, {
		Name:        "metrics/named",
		Explanation: "Every figure about a post has a name that no other has, and the time at which the network was asked; none is negative.",
		Applies:     needs(publishing("metrics", func(s publish.Support) bool { return s.Metrics.OK() })),
		Run:         metricsNamed,
	}}
}

func canEdit(ctx context.Context, r *Rig) error {
	return publishing("editing", func(s publish.Support) bool { return s.Edit.OK() })(ctx, r)
}

func canSchedule(ctx context.Context, r *Rig) error {
	return publishing("scheduling", func(s publish.Support) bool { return s.Schedule.OK() })(ctx, r)
}

func editChanges(ctx context.Context, r *Rig) error {
	post, before, err := r.post(ctx)
	if err != nil {
		return err
	}
	after := mark()
	edited, err := publish.Edit(ctx, r.publisher(), post.Ref, r.draft("Closed on Saturday "+after))
	if r.saw(err) != nil {
		return err
	}
	got, err := publish.Get(ctx, r.publisher(), post.Ref)
	switch {
	case r.saw(err) != nil:
		return err
	case edited.Ref != post.Ref || got.Ref != post.Ref:
		return fmt.Errorf("the reference was %v, and is %v after the edit", post.Ref, got.Ref)
	case !holds(got, after) || holds(got, before) || !holds(edited, after):
		return fmt.Errorf("the text after the edit is %q", got.Text.Plain)
	}
	return errors.Join(r.counts(ctx, after, 1), r.counts(ctx, before, 0))
}

func editLimit(ctx context.Context, r *Rig) error {
	sup, err := publish.SupportOf(ctx, r.publisher(), parvis.Place{})
	if r.saw(err) != nil {
		return err
	}
	post, word, err := r.post(ctx)
	if err != nil {
		return err
	}
	long, _ := wall(mark(), bricks()[0].brick, sup.Text)
	err = r.untouched(func() error {
		_, err := publish.Edit(ctx, r.publisher(), post.Ref, r.draft("a"+long))
		return refused("an edit over the limit", r.saw(err), parvis.ErrInvalid)
	})
	return errors.Join(err, r.counts(ctx, word, 1))
}

// gone publishes a post and deletes it.
func (r *Rig) gone(ctx context.Context) (parvis.Ref, string, error) {
	post, word, err := r.post(ctx)
	if err != nil {
		return post.Ref, word, err
	}
	if err := r.saw(publish.Delete(ctx, r.publisher(), post.Ref)); err != nil {
		return post.Ref, word, fmt.Errorf("the post cannot be deleted: %w", err)
	}
	return post.Ref, word, r.settle(ctx)
}

func deleteGone(ctx context.Context, r *Rig) error {
	ref, word, err := r.gone(ctx)
	if err != nil {
		return err
	}
	errs := []error{r.counts(ctx, word, 0)}
	if canGet(ctx, r) == nil {
		_, err := publish.Get(ctx, r.publisher(), ref)
		errs = append(errs, refused("reading a deleted post", r.saw(err), parvis.ErrNotFound))
	}
	return errors.Join(errs...)
}

func deleteTwice(ctx context.Context, r *Rig) error {
	ref, _, err := r.gone(ctx)
	if err != nil {
		return err
	}
	return refused("the second delete", r.saw(publish.Delete(ctx, r.publisher(), ref)), parvis.ErrNotFound)
}

func deleteOtherDoors(ctx context.Context, r *Rig) error {
	sup, err := publish.SupportOf(ctx, r.publisher(), parvis.Place{})
	if r.saw(err) != nil {
		return err
	}
	ref, _, err := r.gone(ctx)
	if err != nil {
		return err
	}
	var errs []error
	try := func(can parvis.Support, what string, call func() error) {
		if can.OK() {
			errs = append(errs, refused(what+" what is gone", r.saw(call()), parvis.ErrNotFound))
		}
	}
	p := r.publisher()
	try(sup.Edit, "editing", func() error { return second(publish.Edit(ctx, p, ref, r.draft(mark()))) })
	try(sup.React, "reacting to", func() error { return publish.React(ctx, p, ref, r.reaction(ctx)) })
	try(sup.Metrics, "measuring", func() error { return second(publish.MetricsOf(ctx, p, ref)) })
	try(sup.Trash, "trashing", func() error { return publish.Trash(ctx, p, ref) })
	return errors.Join(errs...)
}

func trashRestore(ctx context.Context, r *Rig) error {
	post, word, err := r.post(ctx)
	if err != nil {
		return err
	}
	if err := r.saw(publish.Trash(ctx, r.publisher(), post.Ref)); err != nil {
		return err
	}
	away, err := publish.Get(ctx, r.publisher(), post.Ref)
	if r.saw(err) == nil && away.State == publish.Published {
		return errors.New("a trashed post is still published")
	}
	if err != nil && !errors.Is(err, parvis.ErrNotFound) {
		return fmt.Errorf("reading a trashed post: %w", err)
	}
	if _, err := publish.Restore(ctx, r.publisher(), post.Ref); r.saw(err) != nil {
		return err
	}
	back, err := publish.Get(ctx, r.publisher(), post.Ref)
	if r.saw(err) != nil {
		return fmt.Errorf("reading a restored post: %w", err)
	}
	if back.State != post.State || !holds(back, word) {
		return fmt.Errorf("a post that was %q came back %q with the text %q", post.State, back.State, back.Text.Plain)
	}
	return nil
}

func reactTwice(ctx context.Context, r *Rig) error {
	post, _, err := r.post(ctx)
	if err != nil {
		return err
	}
	x := r.reaction(ctx)
	for _, door := range []func(context.Context, publish.Publisher, parvis.Ref, publish.Reaction) error{publish.React, publish.Unreact} {
		for range 2 {
			if err := r.saw(door(ctx, r.publisher(), post.Ref, x)); err != nil {
				return fmt.Errorf("the reaction %q: %w", x, err)
			}
		}
	}
	return nil
}

func reactUnknown(ctx context.Context, r *Rig) error {
	post, _, err := r.post(ctx)
	if err != nil {
		return err
	}
	return r.untouched(func() error {
		err := publish.React(ctx, r.publisher(), post.Ref, "no such reaction")
		return refused("an unknown reaction", r.saw(err), parvis.ErrUnsupported)
	})
}

// scheduled makes a post that waits, with the time asked for.
func (r *Rig) scheduled(ctx context.Context) (publish.Post, string, time.Time, error) {
	word, at := mark(), r.later(ctx)
	d := r.draft("Open on Saturday " + word)
	d.At = at
	post, err := r.to(ctx, d)
	return post, word, at, err
}

// waiting returns the scheduled post with the reference, if it is in the list.
func (r *Rig) waiting(ctx context.Context, ref parvis.Ref) (found publish.Post, err error) {
	for post, err := range publish.ScheduledPosts(ctx, r.publisher()) {
		if r.saw(err) != nil {
			return found, err
		}
		if post.Ref == ref {
			found = post
		}
	}
	return found, nil
}

// near reports whether a network has kept a time; some keep no seconds.
func near(a, b time.Time) bool { return a.Sub(b).Abs() <= time.Minute }

func scheduleWaits(ctx context.Context, r *Rig) error {
	post, word, at, err := r.scheduled(ctx)
	if err != nil {
		return err
	}
	if post.State != publish.Scheduled || !near(post.At, at) {
		return fmt.Errorf("a post for %v is %q, for %v", at, post.State, post.At)
	}
	if err := complete(r.Account.Account(), "the scheduled post", post.Ref, said()...); err != nil {
		return err
	}
	got, err := r.waiting(ctx, post.Ref)
	if err == nil && (got.State != publish.Scheduled || !near(got.At, at) || !holds(got, word)) {
		err = fmt.Errorf("the list of scheduled posts has it as %q for %v with the text %q", got.State, got.At, got.Text.Plain)
	}
	return err
}

func scheduleMoves(ctx context.Context, r *Rig) error {
	post, _, at, err := r.scheduled(ctx)
	if err != nil {
		return err
	}
	err = r.untouched(func() error {
		_, err := publish.Reschedule(ctx, r.publisher(), post.Ref, time.Now().Add(-time.Hour))
		return refused("moving to the past", r.saw(err), parvis.ErrInvalid)
	})
	if err != nil {
		return err
	}
	at = at.Add(10 * time.Minute)
	moved, err := publish.Reschedule(ctx, r.publisher(), post.Ref, at)
	if r.saw(err) != nil {
		return err
	}
	got, err := r.waiting(ctx, moved.Ref)
	if err == nil && !near(got.At, at) {
		err = fmt.Errorf("the post was moved to %v, and waits for %v", at, got.At)
	}
	return err
}

func scheduleCancelled(ctx context.Context, r *Rig) error {
	post, word, _, err := r.scheduled(ctx)
	if err != nil {
		return err
	}
	if err := r.saw(publish.Unschedule(ctx, r.publisher(), post.Ref)); err != nil {
		return err
	}
	got, err := r.waiting(ctx, post.Ref)
	if err != nil {
		return err
	}
	if !got.Ref.IsZero() {
		return errors.New("a post that was taken back still waits")
	}
	if r.Count != nil {
		if err := r.counts(ctx, word, 0); err != nil {
			return err
		}
	}
	return refused("taking it back again", r.saw(publish.Unschedule(ctx, r.publisher(), post.Ref)), parvis.ErrNotFound)
}

func metricsNamed(ctx context.Context, r *Rig) error {
	post, _, err := r.post(ctx)
	if err != nil {
		return err
	}
	got, err := publish.MetricsOf(ctx, r.publisher(), post.Ref)
	if r.saw(err) != nil {
		return err
	}
	if len(got) == 0 {
		return errors.New("the account says yes to metrics, and there is none")
	}
	names := make(map[string]bool)
	for _, m := range got {
		if m.Name == "" || names[m.Name] || m.At.IsZero() || m.Value < 0 {
			return fmt.Errorf("the figure %+v lacks a name of its own, a time, or sense", m)
		}
		names[m.Name] = true
	}
	return nil
}
