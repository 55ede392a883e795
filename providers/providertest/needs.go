package providertest

import (
	"context"
	"errors"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/listen"
	"github.com/parvis-go/parvis/moderate"
	"github.com/parvis-go/parvis/publish"
)

// A need is something without which a case does not apply: nil if it is there, else the
// reason why the case cannot be tried.
type need func(ctx context.Context, r *Rig) error

// needs returns the Applies of a case that needs all of ns; the first that is missing says why.
func needs(ns ...need) func(context.Context, *Rig) error {
	return func(ctx context.Context, r *Rig) error {
		for _, n := range ns {
			if err := n(ctx, r); err != nil {
				return err
			}
		}
		return nil
	}
}

// when makes a need of a condition.
func when(ok func(r *Rig) bool, why string) need {
	return func(_ context.Context, r *Rig) error {
		if ok(r) {
			return nil
		}
		return errors.New(why)
	}
}

func canPublish(ctx context.Context, r *Rig) error {
	return when(func(r *Rig) bool { return r.publisher() != nil }, "the provider does not publish")(ctx, r)
}

func canListen(ctx context.Context, r *Rig) error {
	return when(func(r *Rig) bool { return r.listener() != nil }, "the provider does not listen")(ctx, r)
}

func canModerate(ctx context.Context, r *Rig) error {
	return when(func(r *Rig) bool { return r.moderator() != nil }, "the provider does not moderate")(ctx, r)
}

func canSay(ctx context.Context, r *Rig) error {
	return when(func(r *Rig) bool { return r.Say != nil }, "the rig has nobody else (Say is nil)")(ctx, r)
}

func canCount(ctx context.Context, r *Rig) error {
	return when(func(r *Rig) bool { return r.Count != nil }, "the rig cannot count (Count is nil)")(ctx, r)
}

func canBreak(ctx context.Context, r *Rig) error {
	return when(func(r *Rig) bool { return r.Break != nil }, "the rig stages no failures (Break is nil)")(ctx, r)
}

// publishing is a need for what pick selects from the account's degrees of publishing. A
// provider that does not tell its degrees is tried, so that the case fails.
func publishing(what string, pick func(publish.Support) bool) need {
	return func(ctx context.Context, r *Rig) error {
		if err := canPublish(ctx, r); err != nil {
			return err
		}
		sup, err := publish.SupportOf(ctx, r.publisher(), parvis.Place{})
		if r.saw(err) == nil && !pick(sup) {
			return errors.New("the account says no to " + what)
		}
		return nil
	}
}

// listening is publishing for the degrees of listening.
func listening(what string, pick func(listen.Support) bool) need {
	return func(ctx context.Context, r *Rig) error {
		if err := canListen(ctx, r); err != nil {
			return err
		}
		sup, err := listen.SupportOf(ctx, r.listener(), parvis.Place{})
		if r.saw(err) == nil && !pick(sup) {
			return errors.New("the account says no to " + what)
		}
		return nil
	}
}

// moderating is publishing for the degrees of moderating.
func moderating(what string, pick func(moderate.Support) bool) need {
	return func(ctx context.Context, r *Rig) error {
		if err := canModerate(ctx, r); err != nil {
			return err
		}
		sup, err := moderate.SupportOf(ctx, r.moderator(), parvis.Place{})
		if r.saw(err) == nil && !pick(sup) {
			return errors.New("the account says no to " + what)
		}
		return nil
	}
}

// canGet is the need to read posts back.
func canGet(ctx context.Context, r *Rig) error {
	return publishing("reading posts back", func(s publish.Support) bool { return s.Get.OK() })(ctx, r)
}

// canDelete is the need to delete posts.
func canDelete(ctx context.Context, r *Rig) error {
	return publishing("deleting", func(s publish.Support) bool { return s.Delete.OK() })(ctx, r)
}

// hasActions is the need for any action of moderation.
func hasActions(ctx context.Context, r *Rig) error {
	return moderating("every action", func(s moderate.Support) bool { return len(s.Actions) > 0 })(ctx, r)
}
