package providertest

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/publish"
)

// crowd is how many calls are made at a time.
const crowd = 8

func concurrencyCases() []Case {
	return []Case{{
		Name:        "concurrency/publish",
		Explanation: "Drafts that are published at the same time are one post each, and each call gets its own post. Run the suite with -race.",
		Applies:     needs(canPublish, canCount),
		Run:         concurrentPublish,
	}, {
		Name:        "concurrency/to-all",
		Explanation: "ToAll gives one outcome for each target, in their order, and one post each.",
		Applies:     needs(canPublish, canCount),
		Run:         concurrentToAll,
	}, {
		Name:        "concurrency/mixed",
		Explanation: "Publishing, listening, and asking for the account and its degrees at the same time do not disturb one another. Run the suite with -race.",
		Applies:     needs(canPublish, canListen, canSay),
		Run:         concurrentMixed,
	}}
}

func concurrentPublish(ctx context.Context, r *Rig) error {
	words := make([]string, crowd)
	posts := make([]publish.Post, crowd)
	errs := make([]error, crowd)
	var callers sync.WaitGroup
	for i := range crowd {
		words[i] = mark()
		callers.Go(func() { posts[i], errs[i] = r.to(ctx, r.draft("Open on Saturday "+words[i])) })
	}
	callers.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	refs := make(map[parvis.Ref]int)
	for i, post := range posts {
		if j, twice := refs[post.Ref]; twice {
			return fmt.Errorf("calls %d and %d got the same post %v", j, i, post.Ref)
		}
		refs[post.Ref] = i
		if err := r.counts(ctx, words[i], 1); err != nil {
			return fmt.Errorf("call %d: %w", i, err)
		}
		if !holds(post, words[i]) {
			return fmt.Errorf("call %d got the post of another call: %q", i, post.Text.Plain)
		}
	}
	return nil
}

func concurrentToAll(ctx context.Context, r *Rig) error {
	word := mark()
	targets := make([]publish.Publisher, 3)
	for i := range targets {
		targets[i] = r.publisher()
	}
	outs := publish.ToAll(ctx, r.draft("Open on Saturday "+word), targets...)
	if len(outs) != len(targets) {
		return fmt.Errorf("%d targets gave %d outcomes", len(targets), len(outs))
	}
	posted := 0
	for _, out := range outs {
		switch {
		case r.saw(out.Err) == nil && valid(out.State):
			posted++
		case !errors.Is(out.Err, parvis.ErrDuplicate): // some networks refuse the same text soon after
			return fmt.Errorf("a target ended %q: %w", out.State, out.Err)
		}
	}
	if posted == 0 {
		return errors.New("no target was posted to")
	}
	return r.counts(ctx, word, posted)
}

func concurrentMixed(ctx context.Context, r *Rig) error {
	root, err := r.root(ctx)
	if err != nil {
		return err
	}
	word := mark()
	if _, err := r.say(ctx, "When? "+word, root); err != nil {
		return err
	}
	errs := make([]error, 4*crowd)
	var callers sync.WaitGroup
	for i := 0; i < len(errs); i += 4 {
		callers.Go(func() { _, errs[i] = r.to(ctx, r.draft("Open on Saturday "+mark())) })
		callers.Go(func() { _, errs[i+1] = r.once(ctx, everything(), word) })
		callers.Go(func() { errs[i+2] = r.warm(ctx) })
		callers.Go(func() {
			if a := r.Account.Account(); a.Network == "" {
				errs[i+3] = errors.New("the account has no network")
			}
		})
	}
	callers.Wait()
	return errors.Join(errs...)
}
