package providertest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/listen"
)

func listenCases() []Case {
	return []Case{{
		Name:        "listen/answer",
		Explanation: "What somebody answers is heard once, whole: kind, account, a complete reference, parent, author, time, text, the raw payload, an ID and a cursor.",
		Applies:     needs(canListen, canSay),
		Run:         listenAnswer,
	}, {
		Name:        "listen/mention",
		Explanation: "A mention is heard once, as a mention.",
		Applies:     needs(canSay, listening("mentions", func(s listen.Support) bool { return s.Kinds.Has(listen.Mention) })),
		Run:         listenMention,
	}, {
		Name:        "listen/stable",
		Explanation: "The same events have the same IDs, references and cursors whenever they are listened to, and no two share one.",
		Applies:     needs(canListen, canSay),
		Run:         listenStable,
	}, {
		Name:        "listen/order",
		Explanation: "Events come oldest first.",
		Applies:     needs(canListen, canSay),
		Run:         listenOrder,
	}, {
		Name:        "listen/own",
		Explanation: "What the account itself says is left out, unless the query asks for it; then it is delivered if the account hears posts at all.",
		Applies:     needs(canListen, canPublish),
		Run:         listenOwn,
	}, {
		Name:        "listen/kinds",
		Explanation: "A query for one kind of event delivers that kind, all of it, and no other.",
		Applies:     needs(canListen, canSay),
		Run:         listenKinds,
	}, {
		Name:        "listen/after",
		Explanation: "A query for what was said after a time delivers nothing older, and everything newer.",
		Applies:     needs(canListen, canSay),
		Run:         listenAfter,
	}, {
		Name:        "listen/again",
		Explanation: "A stream can be ranged over again, and gives the same: nothing of the query is used up or changed.",
		Applies:     needs(canListen, canSay),
		Run:         listenAgain,
	}, {
		Name:        "listen/thread",
		Explanation: "A query for one thread delivers the answers below it, and not those below another.",
		Applies:     needs(canListen, canSay, canPublish),
		Run:         listenThread,
	}}
}

// everything is the query for all that the account hears.
func everything() listen.Query { return listen.Query{} }

// answers are the kinds of events that an answer to the account's post may be.
const answers = listen.Reply | listen.Comment | listen.Message

func listenAnswer(ctx context.Context, r *Rig) error {
	root, err := r.root(ctx)
	if err != nil {
		return err
	}
	word := mark()
	ref, err := r.say(ctx, "When do you open? "+word, root)
	if err != nil {
		return err
	}
	ev, err := r.once(ctx, everything(), word)
	if err != nil {
		return err
	}
	a := r.Account.Account()
	errs := []error{complete(a, "the event", ev.Ref, said()...), r.whole(ev)}
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if ev.Ref != ref {
		bad("it is heard as %v, the rig says %v", ev.Ref, ref)
	}
	if !root.IsZero() && ev.Kind&answers == 0 {
		bad("an answer is heard as a %v", ev.Kind)
	}
	if !root.IsZero() && ev.Parent != root {
		bad("an answer to %v is heard as an answer to %v", root, ev.Parent)
	}
	return errors.Join(errs...)
}

// whole checks what every event that somebody caused must have.
func (r *Rig) whole(ev listen.Event) error {
	a := r.Account.Account()
	errs := []error{complete(a, "the author", ev.Author.Ref, parvis.KindPerson)}
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if ev.ID == "" || ev.Cursor == "" {
		bad("the event has the ID %q and the cursor %q", ev.ID, ev.Cursor)
	}
	if ev.Account != a {
		bad("the event names the account %v, want %v", ev.Account, a)
	}
	if ev.Kind == 0 || ev.Kind&(ev.Kind-1) != 0 {
		bad("the event has the kinds %q, want one", ev.Kind)
	}
	if ev.Author.Ref.ID == a.ID && a.ID != "" {
		bad("the author is the account itself, and somebody else said it")
	}
	if ev.Author.Handle == "" && ev.Author.Name == "" {
		bad("the author has neither handle nor name")
	}
	if d := time.Since(ev.Time); ev.Time.IsZero() || d.Abs() > time.Hour {
		bad("the event was said at %v, and it is %v", ev.Time, time.Now())
	}
	if len(ev.Raw) == 0 {
		bad("the raw payload is not kept")
	}
	return errors.Join(errs...)
}

func listenMention(ctx context.Context, r *Rig) error {
	word := mark()
	if _, err := r.say(ctx, "Have you seen this? "+word, parvis.Ref{}); err != nil {
		return err
	}
	ev, err := r.once(ctx, listen.Query{Kinds: listen.Mention}, word)
	if err != nil {
		return err
	}
	if ev.Kind != listen.Mention {
		return fmt.Errorf("a mention is heard as a %v", ev.Kind)
	}
	return r.whole(ev)
}

// sayMany makes somebody answer one fresh post n times, with texts that hold word and a number.
func (r *Rig) sayMany(ctx context.Context, n int) (word string, refs []parvis.Ref, err error) {
	root, err := r.root(ctx)
	if err != nil {
		return "", nil, err
	}
	word = mark()
	for i := range n {
		ref, err := r.say(ctx, fmt.Sprintf("%s number%d", word, i), root)
		if err != nil {
			return word, refs, err
		}
		refs = append(refs, ref)
	}
	return word, refs, nil
}

func listenStable(ctx context.Context, r *Rig) error {
	word, _, err := r.sayMany(ctx, 3)
	if err != nil {
		return err
	}
	first, err := r.hear(ctx, everything(), word)
	if err != nil {
		return err
	}
	second, err := r.hear(ctx, everything(), word)
	if err != nil {
		return err
	}
	if len(first) != 3 || len(second) != 3 {
		return fmt.Errorf("of 3 sayings %d are heard at first, and %d again", len(first), len(second))
	}
	ids := make(map[string]bool)
	for i, ev := range first {
		if ev.ID == "" || ids[ev.ID] {
			return fmt.Errorf("the ID %q is empty or used twice", ev.ID)
		}
		ids[ev.ID] = true
		if other := second[i]; ev.ID != other.ID || ev.Ref != other.Ref || ev.Cursor != other.Cursor {
			return fmt.Errorf("event %d was %q %v at %q, and is %q %v at %q when heard again",
				i, ev.ID, ev.Ref, ev.Cursor, other.ID, other.Ref, other.Cursor)
		}
	}
	return nil
}

func listenOrder(ctx context.Context, r *Rig) error {
	word, refs, err := r.sayMany(ctx, 4)
	if err != nil {
		return err
	}
	evs, err := r.hear(ctx, everything(), word)
	if err != nil {
		return err
	}
	if len(evs) != len(refs) {
		return fmt.Errorf("of %d sayings %d are heard", len(refs), len(evs))
	}
	for i, ev := range evs {
		if i > 0 && ev.Time.Before(evs[i-1].Time) {
			return fmt.Errorf("an event of %v comes after one of %v", ev.Time, evs[i-1].Time)
		}
	}
	return nil
}

func listenOwn(ctx context.Context, r *Rig) error {
	post, word, err := r.post(ctx)
	if err != nil {
		return err
	}
	evs, err := r.hear(ctx, everything(), word)
	if err != nil {
		return err
	}
	if len(evs) > 0 {
		return fmt.Errorf("the account hears its own post %v unasked", post.Ref)
	}
	sup, err := listen.SupportOf(ctx, r.listener(), parvis.Place{})
	if r.saw(err) != nil || !sup.Kinds.Has(listen.Post) {
		return err
	}
	evs, err = r.hear(ctx, listen.Query{Own: true}, word)
	if err == nil && len(evs) == 0 {
		err = errors.New("the account hears posts, and not its own when it asks for them")
	}
	return err
}

func listenKinds(ctx context.Context, r *Rig) error {
	_, word, err := r.answer(ctx, "When?")
	if err != nil {
		return err
	}
	sup, err := listen.SupportOf(ctx, r.listener(), parvis.Place{})
	if r.saw(err) != nil {
		return err
	}
	all, err := r.once(ctx, everything(), word)
	if err != nil {
		return err
	}
	for bit := listen.Post; bit < listen.Gap; bit <<= 1 {
		if !sup.Kinds.Has(bit) {
			continue
		}
		evs, err := r.hear(ctx, listen.Query{Kinds: bit}, word)
		switch {
		case err != nil:
			return err
		case bit == all.Kind && (len(evs) != 1 || evs[0].ID != all.ID):
			return fmt.Errorf("a %v is heard %d times when asked for by its kind", all.Kind, len(evs))
		case bit != all.Kind && len(evs) != 0:
			return fmt.Errorf("a %v is heard as a %v when that is asked for", all.Kind, evs[0].Kind)
		}
	}
	return nil
}

func listenAfter(ctx context.Context, r *Rig) error {
	_, word, err := r.answer(ctx, "When?")
	if err != nil {
		return err
	}
	ev, err := r.once(ctx, everything(), word)
	if err != nil {
		return err
	}
	if _, err := r.once(ctx, listen.Query{After: ev.Time.Add(-time.Minute)}, word); err != nil {
		return fmt.Errorf("asked for what is newer than a minute before it: %w", err)
	}
	evs, err := r.hear(ctx, listen.Query{After: ev.Time.Add(time.Minute)}, word)
	if err == nil && len(evs) > 0 {
		err = errors.New("it is heard by a query for what is newer")
	}
	return err
}

func listenAgain(ctx context.Context, r *Rig) error {
	word, refs, err := r.sayMany(ctx, 2)
	if err != nil {
		return err
	}
	in := r.listener().Listen(ctx, everything())
	for i := range 2 {
		evs, err := r.gather(in, word)
		if err != nil {
			return err
		}
		if len(evs) != len(refs) {
			return fmt.Errorf("of %d sayings %d are heard at pass %d over one stream", len(refs), len(evs), i+1)
		}
	}
	return nil
}

func listenThread(ctx context.Context, r *Rig) error {
	root, _, err := r.post(ctx)
	if err != nil {
		return err
	}
	word := mark()
	if _, err := r.say(ctx, "Here "+word, root.Ref); err != nil {
		return err
	}
	_, elsewhere, err := r.answer(ctx, "There")
	if err != nil {
		return err
	}
	q := listen.Query{Thread: root.Ref}
	if _, err := r.once(ctx, q, word); err != nil {
		return err
	}
	evs, err := r.hear(ctx, q, elsewhere)
	if err == nil && len(evs) > 0 {
		err = errors.New("an answer to another post is heard in this thread")
	}
	return err
}
