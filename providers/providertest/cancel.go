package providertest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/listen"
	"github.com/parvis-go/parvis/moderate"
	"github.com/parvis-go/parvis/publish"
)

// atOnce is how long a call may take that is cancelled before it begins.
const atOnce = 5 * time.Second

func cancelCases() []Case {
	return []Case{{
		Name:        "cancel/publish",
		Explanation: "A publish whose context has ended before the call fails at once with the context's error, says that nothing was posted, and posts nothing.",
		Applies:     needs(canPublish, canCount),
		Run:         cancelPublish,
	}, {
		Name:        "cancel/listen",
		Explanation: "Listening whose context has ended before the call fails at once with the context's error, or ends, and delivers nothing.",
		Applies:     needs(canListen, canSay),
		Run:         cancelListen,
	}, {
		Name:        "cancel/moderate",
		Explanation: "An action whose context has ended before the call fails at once with the context's error, and does nothing.",
		Applies:     needs(canSay, hasActions),
		Run:         cancelModerate,
	}, {
		Name:        "cancel/doors",
		Explanation: "Every other door whose context has ended before the call fails at once with the context's error.",
		Applies:     needs(canPublish),
		Run:         cancelDoors,
	}}
}

// cancelled calls f under a context that has ended, and checks what comes of it.
func (r *Rig) cancelled(ctx context.Context, what string, f func(context.Context) error) error {
	if err := r.warm(ctx); err != nil {
		return err
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	return r.untouched(func() error {
		begun := time.Now()
		err := r.saw(f(ended))
		if took := time.Since(begun); took > atOnce {
			return fmt.Errorf("%s took %v under a context that had ended", what, took)
		}
		if err := refused(what+" under a context that had ended", err, context.Canceled); err != nil {
			return err
		}
		if errors.Is(err, parvis.ErrUnknownOutcome) {
			return fmt.Errorf("%s sent nothing, and says that its outcome is unknown: %w", what, err)
		}
		return nil
	})
}

func cancelPublish(ctx context.Context, r *Rig) error {
	word := mark()
	err := r.cancelled(ctx, "publish.To", func(ctx context.Context) error {
		return second(publish.To(ctx, r.publisher(), r.draft("Open on Saturday "+word)))
	})
	return errors.Join(err, r.counts(ctx, word, 0))
}

func cancelListen(ctx context.Context, r *Rig) error {
	_, word, err := r.answer(ctx, "When?")
	if err != nil {
		return err
	}
	return r.cancelled(ctx, "listen.To", func(ctx context.Context) error {
		evs, err := r.gather(listen.To(ctx, r.listener(), everything()), word)
		if len(evs) > 0 {
			return fmt.Errorf("%d events were delivered", len(evs))
		}
		if err == nil {
			return ctx.Err()
		}
		return err
	})
}

func cancelModerate(ctx context.Context, r *Rig) error {
	ref, _, err := r.answer(ctx, "When?")
	if err != nil {
		return err
	}
	for _, a := range r.actions(ctx, ref) {
		err := r.cancelled(ctx, string(a.Do), func(ctx context.Context) error {
			return second(moderate.Apply(ctx, r.moderator(), a))
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func cancelDoors(ctx context.Context, r *Rig) error {
	post, _, err := r.post(ctx)
	if err != nil {
		return err
	}
	sup, err := publish.SupportOf(ctx, r.publisher(), parvis.Place{})
	if r.saw(err) != nil {
		return err
	}
	p := r.publisher()
	doors := []struct {
		name string
		can  parvis.Support
		call func(context.Context) error
	}{
		{"publish.Get", sup.Get, func(ctx context.Context) error { return second(publish.Get(ctx, p, post.Ref)) }},
		{"publish.Edit", sup.Edit, func(ctx context.Context) error { return second(publish.Edit(ctx, p, post.Ref, r.draft(mark()))) }},
		{"publish.Trash", sup.Trash, func(ctx context.Context) error { return publish.Trash(ctx, p, post.Ref) }},
		{"publish.React", sup.React, func(ctx context.Context) error {
			return publish.React(ctx, p, post.Ref, r.reaction(context.WithoutCancel(ctx)))
		}},
		{"publish.MetricsOf", sup.Metrics, func(ctx context.Context) error { return second(publish.MetricsOf(ctx, p, post.Ref)) }},
		{"publish.PlacesOf", sup.Places, func(ctx context.Context) error { return last(publish.PlacesOf(ctx, p)) }},
		{"publish.ScheduledPosts", sup.Schedule.Support, func(ctx context.Context) error { return last(publish.ScheduledPosts(ctx, p)) }},
		{"publish.Delete", sup.Delete, func(ctx context.Context) error { return publish.Delete(ctx, p, post.Ref) }},
	}
	var errs []error
	for _, d := range doors {
		if d.can.OK() {
			errs = append(errs, r.cancelled(ctx, d.name, d.call))
		}
	}
	return errors.Join(errs...)
}
