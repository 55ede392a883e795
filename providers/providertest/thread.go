package providertest

import (
	"context"
	"errors"
	"fmt"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/publish"
)

func threadCases() []Case {
	replies := publishing("replies", func(s publish.Support) bool { return s.Reply.OK() })
	return []Case{{
		Name:        "thread/chain",
		Explanation: "The items of a thread are there once each, in order, and each answers the one before it.",
		Applies:     needs(canCount, replies),
		Run:         threadChain,
	}, {
		Name:        "thread/resume",
		Explanation: "A thread that stopped at an item says at which, and goes on from there when it is resumed: no item is missing, none is there twice.",
		Applies:     needs(canCount, canBreak, replies),
		Run:         threadResume,
	}, {
		Name:        "thread/split",
		Explanation: "A text that Split cuts into a thread fits piece by piece, and is there as a whole.",
		Applies:     needs(canCount, replies, hasLimit(bricks()[0].brick, func(s publish.Support) parvis.TextLimits { return s.Text })),
		Run:         threadSplit,
	}}
}

// items are n drafts, with the words by which they are found. The first has a key.
func (r *Rig) items(n int) (drafts []publish.Draft, words []string) {
	for i := range n {
		words = append(words, mark())
		drafts = append(drafts, r.draft(fmt.Sprintf("Part %d %s", i+1, words[i])))
	}
	drafts[0].Key = mark()
	return drafts, words
}

// chained checks that posts are a chain of replies, each there once.
func (r *Rig) chained(ctx context.Context, posts []publish.Post, words []string) error {
	if len(posts) != len(words) {
		return fmt.Errorf("a thread of %d items gives %d posts", len(words), len(posts))
	}
	sup, err := publish.SupportOf(ctx, r.publisher(), parvis.Place{})
	if r.saw(err) != nil {
		return err
	}
	for i, post := range posts {
		if err := r.counts(ctx, words[i], 1); err != nil {
			return fmt.Errorf("item %d: %w", i, err)
		}
		if sup.Get.OK() {
			if post, err = publish.Get(ctx, r.publisher(), post.Ref); r.saw(err) != nil {
				return err
			}
		}
		if i > 0 && post.ReplyTo != posts[i-1].Ref {
			return fmt.Errorf("item %d answers %v, want %v", i, post.ReplyTo, posts[i-1].Ref)
		}
		if !holds(post, words[i]) {
			return fmt.Errorf("item %d says %q, and lacks %q", i, post.Text.Plain, words[i])
		}
	}
	return nil
}

func threadChain(ctx context.Context, r *Rig) error {
	drafts, words := r.items(3)
	posts, err := publish.Thread(ctx, r.publisher(), drafts)
	if r.saw(err) != nil {
		return err
	}
	return r.chained(ctx, posts, words)
}

func threadResume(ctx context.Context, r *Rig) error {
	var errs []error
	for _, kind := range []FaultKind{Forbidden, CutBefore, CutAfter, ServerErrorAfter} {
		drafts, words := r.items(3)
		first, err := r.to(ctx, drafts[0])
		if err != nil {
			return err
		}
		if !r.stage(kind, "publish") {
			continue
		}
		posts, err := publish.Thread(ctx, r.publisher(), drafts, first)
		if r.saw(err) != nil {
			posts, err = r.resume(ctx, drafts, posts, err)
		}
		if err == nil {
			err = r.chained(ctx, posts, words)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("after the failure %q: %w", kind, err))
		}
	}
	return errors.Join(errs...)
}

// resume goes on with a thread as its documentation says.
func (r *Rig) resume(ctx context.Context, drafts []publish.Draft, posts []publish.Post, err error) ([]publish.Post, error) {
	stop, ok := errors.AsType[*publish.ThreadError](err)
	if !ok || stop.At != 1 || len(posts) != 1 {
		return posts, fmt.Errorf("the thread stopped with %d posts out, want it at item 1: %w", len(posts), err)
	}
	if t, ok := publish.AttemptOf(err); ok {
		post, err := publish.Reconcile(ctx, r.publisher(), t)
		switch {
		case r.saw(err) == nil:
			posts = append(posts, post)
		case !errors.Is(err, parvis.ErrNotFound):
			return posts, fmt.Errorf("the item cannot be reconciled: %w", err)
		}
	}
	drafts[0].Key = stop.Key
	posts, err = publish.Thread(ctx, r.publisher(), drafts, posts...)
	return posts, r.saw(err)
}

func threadSplit(ctx context.Context, r *Rig) error {
	sup, err := publish.SupportOf(ctx, r.publisher(), parvis.Place{})
	if r.saw(err) != nil {
		return err
	}
	whole, _ := wall(mark(), bricks()[0].brick, sup.Text)
	last := mark()
	drafts, err := publish.Split(ctx, r.publisher(), r.draft(whole+"\n\n"+last))
	if r.saw(err) != nil {
		return err
	}
	posts, err := publish.Thread(ctx, r.publisher(), drafts)
	if r.saw(err) != nil {
		return err
	}
	if len(posts) < 2 {
		return fmt.Errorf("a text over the limit was cut into %d pieces", len(posts))
	}
	return r.counts(ctx, last, 1)
}
