package providertest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/publish"
)

func publishCases() []Case {
	return []Case{{
		Name:        "publish/once",
		Explanation: "A draft that is published is on the network exactly once.",
		Applies:     needs(canPublish, canCount),
		Run:         publishOnce,
	}, {
		Name:        "publish/post",
		Explanation: "A published post comes back whole: a reference with client, network, kind and ID, a valid state, the time of its creation, the text, and the network's answer in Raw.",
		Applies:     needs(canPublish),
		Run:         publishPost,
	}, {
		Name:        "publish/get",
		Explanation: "Get gives back what was published, under the same reference, address and time.",
		Applies:     needs(canGet),
		Run:         publishGet,
	}, {
		Name:        "publish/author",
		Explanation: "The author of an account's post, where the network names one, is the account.",
		Applies:     needs(canGet),
		Run:         publishAuthor,
	}, {
		Name:        "publish/reply",
		Explanation: "A post that answers another names it as what it answers.",
		Applies:     needs(publishing("replies", func(s publish.Support) bool { return s.Reply.OK() && s.Get.OK() })),
		Run:         publishReply,
	}, {
		Name:        "publish/reply-to-other",
		Explanation: "The reference of what somebody else said can be answered.",
		Applies: needs(canSay, canListen, canCount,
			publishing("replies", func(s publish.Support) bool { return s.Reply.OK() })),
		Run: publishReplyToOther,
	}, {
		Name:        "publish/visibility",
		Explanation: "A degree of visibility that Support lists is taken, and is the one that the post has.",
		Applies:     needs(publishing("choosing a visibility", func(s publish.Support) bool { return len(s.Visibilities) > 0 })),
		Run:         publishVisibility,
	}, {
		Name:        "publish/lang",
		Explanation: "The language of a draft, where Support takes one, is the one that the post has.",
		Applies:     needs(publishing("languages", func(s publish.Support) bool { return s.Lang.OK() && s.Get.OK() })),
		Run:         publishLang,
	}, {
		Name:        "publish/warning",
		Explanation: "The content warning of a draft, where Support takes one, is the one that the post has.",
		Applies:     needs(publishing("content warnings", func(s publish.Support) bool { return s.Warning.OK() && s.Get.OK() })),
		Run:         publishWarning,
	}, {
		Name:        "publish/title",
		Explanation: "The title of a draft, where Support takes one, is the one that the post has.",
		Applies:     needs(publishing("titles", func(s publish.Support) bool { return s.Headline.OK() && s.Get.OK() })),
		Run:         publishTitle,
	}, {
		Name:        "publish/key",
		Explanation: "Where Support.Key says yes, two calls with one key make one post.",
		Applies:     needs(canCount, publishing("idempotency keys", func(s publish.Support) bool { return s.Key.OK() })),
		Run:         publishKey,
	}, {
		Name:        "publish/keys",
		Explanation: "Two drafts with two keys are two posts, and each post names its own key or none.",
		Applies:     needs(canPublish, canCount),
		Run:         publishKeys,
	}}
}

func publishOnce(ctx context.Context, r *Rig) error {
	_, word, err := r.post(ctx)
	if err != nil {
		return err
	}
	return r.counts(ctx, word, 1)
}

func publishPost(ctx context.Context, r *Rig) error {
	before := time.Now()
	post, err := publish.To(ctx, r.publisher(), r.draft("Open on Saturday "+mark()))
	if r.saw(err) != nil {
		return err
	}
	errs := []error{complete(r.Account.Account(), "the post", post.Ref, said()...)}
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if !valid(post.State) {
		bad("the post's state is %q", post.State)
	}
	if d := post.Created.Sub(before); post.Created.IsZero() || d > time.Hour || d < -time.Hour {
		bad("the post says that it was created at %v, and it was published at %v", post.Created, before)
	}
	if post.Text.Plain == "" && post.Title == "" {
		bad("the post has no text")
	}
	if len(post.Raw) == 0 {
		bad("the network's answer is not kept in Raw")
	}
	return errors.Join(errs...)
}

func publishGet(ctx context.Context, r *Rig) error {
	post, word, err := r.post(ctx)
	if err != nil {
		return err
	}
	got, err := publish.Get(ctx, r.publisher(), post.Ref)
	if r.saw(err) != nil {
		return err
	}
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if got.Ref != post.Ref {
		bad("Get of %v gives the reference %v", post.Ref, got.Ref)
	}
	if !holds(got, word) {
		bad("the text read back is %q, and lacks the word %q", got.Text.Plain, word)
	}
	if got.State != post.State {
		bad("the state was %q and is read back as %q", post.State, got.State)
	}
	if post.URL != "" && got.URL != post.URL {
		bad("the address was %q and is read back as %q", post.URL, got.URL)
	}
	if got.State == publish.Published && post.URL == "" && got.URL != "" {
		bad("Publish gave no address, and Get gives %q", got.URL)
	}
	if d := got.Created.Sub(post.Created); d > time.Second || d < -time.Second {
		bad("it was created at %v, read back as %v", post.Created, got.Created)
	}
	if len(got.Raw) == 0 {
		bad("the network's answer is not kept in Raw")
	}
	return errors.Join(errs...)
}

func publishAuthor(ctx context.Context, r *Rig) error {
	post, _, err := r.post(ctx)
	if err != nil {
		return err
	}
	got, err := publish.Get(ctx, r.publisher(), post.Ref)
	if r.saw(err) != nil {
		return err
	}
	for _, p := range []publish.Post{post, got} {
		if p.Author.Ref.IsZero() {
			continue
		}
		if err := complete(r.Account.Account(), "the author", p.Author.Ref, parvis.KindPerson); err != nil {
			return err
		}
		if want := r.Account.Account().Ref(); p.Author.Ref.ID != want.ID {
			return fmt.Errorf("the author is %v, the account is %v", p.Author.Ref, want)
		}
	}
	return nil
}

// holds reports whether the post shows word.
func holds(p publish.Post, word string) bool {
	return contains(p.Text.Plain, word) || contains(p.Title, word)
}

func publishReply(ctx context.Context, r *Rig) error {
	root, _, err := r.post(ctx)
	if err != nil {
		return err
	}
	d := r.draft("An answer " + mark())
	d.ReplyTo = root.Ref
	reply, err := r.to(ctx, d)
	if err != nil {
		return err
	}
	got, err := publish.Get(ctx, r.publisher(), reply.Ref)
	if r.saw(err) != nil {
		return err
	}
	for _, p := range []publish.Post{reply, got} {
		if p.ReplyTo != root.Ref {
			return fmt.Errorf("the answer to %v names %v as what it answers", root.Ref, p.ReplyTo)
		}
	}
	return nil
}

func publishReplyToOther(ctx context.Context, r *Rig) error {
	ref, word, err := r.answer(ctx, "When do you open?")
	if err != nil {
		return err
	}
	ev, err := r.once(ctx, everything(), word)
	if err != nil {
		return err
	}
	if ev.Ref != ref {
		return fmt.Errorf("what somebody said is heard as %v, the rig says %v", ev.Ref, ref)
	}
	answer := mark()
	d := r.draft("On Saturday " + answer)
	d.ReplyTo = ev.Ref
	if _, err := r.to(ctx, d); err != nil {
		return fmt.Errorf("the answer to somebody else failed: %w", err)
	}
	return r.counts(ctx, answer, 1)
}

func publishVisibility(ctx context.Context, r *Rig) error {
	sup, err := publish.SupportOf(ctx, r.publisher(), parvis.Place{})
	if r.saw(err) != nil {
		return err
	}
	var errs []error
	for _, v := range sup.Visibilities {
		if v == publish.Direct {
			continue // needs somebody to be direct to
		}
		d := r.draft("Open on Saturday " + mark())
		d.Visibility = v
		post, err := r.to(ctx, d)
		if err == nil && post.Visibility != v {
			err = fmt.Errorf("a post asked to be %s is %q", v, post.Visibility)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// A field is a part of a draft that a network keeps.
type field struct {
	name, value string
	set         func(*publish.Draft)
	get         func(publish.Post) string
}

// kept publishes a draft with the field, reads it back, and compares.
func (r *Rig) kept(ctx context.Context, f field) error {
	d := r.draft("Open on Saturday " + mark())
	f.set(&d)
	post, err := r.to(ctx, d)
	if err != nil {
		return err
	}
	got, err := publish.Get(ctx, r.publisher(), post.Ref)
	if r.saw(err) != nil {
		return err
	}
	if f.get(got) != f.value {
		return fmt.Errorf("the %s was %q and is read back as %q", f.name, f.value, f.get(got))
	}
	return nil
}

func publishLang(ctx context.Context, r *Rig) error {
	return r.kept(ctx, field{
		"language", "fr",
		func(d *publish.Draft) { d.Lang = "fr" }, func(p publish.Post) string { return p.Lang },
	})
}

func publishWarning(ctx context.Context, r *Rig) error {
	return r.kept(ctx, field{
		"content warning", "heat",
		func(d *publish.Draft) { d.Warning = "heat" }, func(p publish.Post) string { return p.Warning },
	})
}

func publishTitle(ctx context.Context, r *Rig) error {
	title := "Opening " + mark()
	return r.kept(ctx, field{
		"title", title,
		func(d *publish.Draft) { d.Title = title }, func(p publish.Post) string { return p.Title },
	})
}

func publishKey(ctx context.Context, r *Rig) error {
	word := mark()
	d := r.draft("Open on Saturday " + word)
	d.Key = mark()
	first, err := r.to(ctx, d)
	if err != nil {
		return err
	}
	again, err := r.to(ctx, d)
	switch {
	case err != nil && !errors.Is(err, parvis.ErrDuplicate):
		return fmt.Errorf("the second call with one key failed: %w", err)
	case err == nil && again.Ref != first.Ref:
		return fmt.Errorf("the second call with one key gives %v, the first gave %v", again.Ref, first.Ref)
	}
	return r.counts(ctx, word, 1)
}

func publishKeys(ctx context.Context, r *Rig) error {
	for range 2 {
		word := mark()
		d := r.draft("Open on Saturday " + word)
		d.Key = mark()
		post, err := r.to(ctx, d)
		if err != nil {
			return err
		}
		if post.Key != d.Key && post.Key != "" {
			return fmt.Errorf("a post sent with the key %q has the key %q", d.Key, post.Key)
		}
		if err := r.counts(ctx, word, 1); err != nil {
			return err
		}
	}
	return nil
}
