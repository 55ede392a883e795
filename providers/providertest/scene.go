package providertest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/listen"
	"github.com/parvis-go/parvis/moderate"
	"github.com/parvis-go/parvis/publish"
)

// mark returns a word that is on no network yet.
func mark() string { return "parvis" + strings.ToLower(rand.Text()[:12]) }

// pause waits for d, or less if ctx ends.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

func (r *Rig) publisher() publish.Publisher {
	p, _ := parvis.As[publish.Publisher](r.Account)
	return p
}

func (r *Rig) listener() listen.Listener {
	l, _ := parvis.As[listen.Listener](r.Account)
	return l
}

func (r *Rig) moderator() moderate.Moderator {
	m, _ := parvis.As[moderate.Moderator](r.Account)
	return m
}

// draft returns the smallest draft with the text.
func (r *Rig) draft(text string) publish.Draft {
	if r.Draft == nil {
		return publish.Draft{Text: text}
	}
	return r.Draft(text)
}

func (r *Rig) settle(ctx context.Context) error {
	if r.Settle == nil {
		return nil
	}
	return r.Settle(ctx)
}

// to publishes d through the door, lets the network settle, and waits while it is pending.
func (r *Rig) to(ctx context.Context, d publish.Draft) (publish.Post, error) {
	p := r.publisher()
	post, err := publish.To(ctx, p, d)
	if r.saw(err) != nil {
		return post, err
	}
	if err := r.settle(ctx); err != nil {
		return post, err
	}
	sup, err := publish.SupportOf(ctx, p, parvis.Place{})
	for tries := 0; err == nil && sup.Get.OK() && post.State == publish.Pending && tries < 100; tries++ {
		if err = pause(ctx, 100*time.Millisecond); err == nil {
			post, err = publish.Get(ctx, p, post.Ref)
		}
	}
	return post, r.saw(err)
}

// post publishes a fresh post and returns it with the word by which it is found.
func (r *Rig) post(ctx context.Context) (publish.Post, string, error) {
	word := mark()
	post, err := r.to(ctx, r.draft("Open on Saturday "+word))
	if err != nil {
		return post, word, fmt.Errorf("a plain post cannot be published: %w", err)
	}
	return post, word, nil
}

// say makes somebody else say text, in answer to a post of the account if there is one.
func (r *Rig) say(ctx context.Context, text string, replyTo parvis.Ref) (parvis.Ref, error) {
	ref, err := r.Say(ctx, Saying{Text: text, ReplyTo: replyTo})
	if r.saw(err) != nil {
		return ref, fmt.Errorf("the rig's Say failed: %w", err)
	}
	return ref, r.settle(ctx)
}

// root publishes the post that others answer. It is zero where the account cannot post.
func (r *Rig) root(ctx context.Context) (parvis.Ref, error) {
	if r.publisher() == nil {
		return parvis.Ref{}, nil
	}
	post, _, err := r.post(ctx)
	return post.Ref, err
}

// answer makes somebody else answer a fresh post of the account, with text and a fresh word.
func (r *Rig) answer(ctx context.Context, text string) (ref parvis.Ref, word string, err error) {
	word = mark()
	root, err := r.root(ctx)
	if err != nil {
		return ref, word, err
	}
	ref, err = r.say(ctx, text+" "+word, root)
	return ref, word, err
}

// gather runs a stream to its end and returns the events that hold word.
func (r *Rig) gather(in iter.Seq2[listen.Event, error], word string) ([]listen.Event, error) {
	var evs []listen.Event
	for ev, err := range in {
		if r.saw(err) != nil {
			return evs, err
		}
		if strings.Contains(ev.Text.Plain, word) || strings.Contains(ev.Title, word) {
			evs = append(evs, ev)
		}
	}
	return evs, nil
}

// hear returns the events that q delivers and that hold word.
func (r *Rig) hear(ctx context.Context, q listen.Query, word string) ([]listen.Event, error) {
	evs, err := r.gather(listen.To(ctx, r.listener(), q), word)
	if err != nil {
		return evs, fmt.Errorf("listening failed: %w", err)
	}
	return evs, nil
}

// once returns the one event that q delivers and that holds word.
func (r *Rig) once(ctx context.Context, q listen.Query, word string) (listen.Event, error) {
	evs, err := r.hear(ctx, q, word)
	if err == nil && len(evs) != 1 {
		err = fmt.Errorf("what was said once is heard %d times", len(evs))
	}
	if err != nil {
		return listen.Event{}, err
	}
	return evs[0], nil
}

// counts checks how many posts hold text.
func (r *Rig) counts(ctx context.Context, text string, want int) error {
	n, err := r.count(ctx, text)
	if err == nil && n != want {
		err = fmt.Errorf("the network has %d posts that hold the text, want %d", n, want)
	}
	return err
}

func (r *Rig) count(ctx context.Context, text string) (int, error) {
	if err := r.settle(ctx); err != nil {
		return 0, err
	}
	n, err := r.Count(ctx, text)
	if err != nil {
		return 0, fmt.Errorf("the rig's Count failed: %w", err)
	}
	return n, nil
}

// untouched runs f and adds to its error whether the network was called meanwhile.
func (r *Rig) untouched(f func() error) error {
	if r.Calls == nil {
		return f()
	}
	before := r.Calls()
	err := f()
	if n := r.Calls() - before; n != 0 {
		err = errors.Join(err, fmt.Errorf("the network was called %d times, want none", n))
	}
	return err
}

// warm lets the provider ask its network once for what it then remembers.
func (r *Rig) warm(ctx context.Context) error {
	var errs []error
	if p := r.publisher(); p != nil {
		_, err := publish.SupportOf(ctx, p, parvis.Place{})
		errs = append(errs, r.saw(err))
	}
	if l := r.listener(); l != nil {
		_, err := listen.SupportOf(ctx, l, parvis.Place{})
		errs = append(errs, r.saw(err))
	}
	if m := r.moderator(); m != nil {
		_, err := moderate.SupportOf(ctx, m, parvis.Place{})
		errs = append(errs, r.saw(err))
	}
	return errors.Join(errs...)
}

// refused checks that err matches one of codes.
func refused(what string, err error, codes ...error) error {
	for _, c := range codes {
		if errors.Is(err, c) {
			return nil
		}
	}
	if err == nil {
		return fmt.Errorf("%s succeeded, want an error: %v", what, codes)
	}
	return fmt.Errorf("%s: the error is %w (%w), want one of %q", what, parvis.CodeOf(err), err, codes)
}

// complete checks a reference that the provider handed out.
func complete(a parvis.Account, what string, ref parvis.Ref, kinds ...parvis.Kind) error {
	switch {
	case ref.ID == "" || ref.Kind == "" || ref.Network == "":
		return fmt.Errorf("%s has the incomplete reference %+v", what, ref)
	case ref.Client != a.Client || ref.Network != a.Network:
		return fmt.Errorf("%s has a reference of client %q on %q, the account is of client %q on %q",
			what, ref.Client, ref.Network, a.Client, a.Network)
	}
	if slices.Contains(kinds, ref.Kind) {
		return nil
	}
	return fmt.Errorf("%s has a reference of the kind %q, want one of %q", what, ref.Kind, kinds)
}

// said are the kinds of things that somebody can say.
func said() []parvis.Kind {
	return []parvis.Kind{parvis.KindPost, parvis.KindComment, parvis.KindMessage}
}
