package providertest

import (
	"context"
	"errors"
	"fmt"

	"github.com/parvis-go/parvis/listen"
)

// burst is how many things are said as fast as the network takes them: more than fit
// into one second's worth of distinct times.
const burst = 8

func cursorCases() []Case {
	resumes := listening("resuming", func(s listen.Support) bool { return s.Resume.OK() })
	return []Case{{
		Name:        "cursor/resume",
		Explanation: "A stream that is resumed at the cursor of an event delivers what came after it, all of it, and not the event itself.",
		Applies:     needs(canSay, resumes),
		Run:         cursorResume,
	}, {
		Name:        "cursor/end",
		Explanation: "A stream that is resumed at the last cursor delivers nothing, and then what is said later, once.",
		Applies:     needs(canSay, resumes),
		Run:         cursorEnd,
	}, {
		Name:        "cursor/burst",
		Explanation: "Events at the same moment are not lost, and do not come twice, when the stream is left and resumed after each of them.",
		Applies:     needs(canSay, resumes),
		Run:         cursorBurst,
	}, {
		Name:        "cursor/text",
		Explanation: "A cursor is text that can be stored: letters that can be printed, of a sane length.",
		Applies:     needs(canListen, canSay),
		Run:         cursorText,
	}}
}

// collect runs through what word was said with, in steps of one event, each a stream of its own.
func (r *Rig) collect(ctx context.Context, word string, most int) ([]listen.Event, error) {
	var evs []listen.Event
	var q listen.Query
	for range most {
		ev, ok, err := r.next(ctx, &q, word)
		if err != nil || !ok {
			return evs, err
		}
		evs = append(evs, ev)
	}
	return evs, fmt.Errorf("after %d steps of one event there are still more", most)
}

// next delivers one event that holds word, leaves the stream, and moves q behind it.
func (r *Rig) next(ctx context.Context, q *listen.Query, word string) (listen.Event, bool, error) {
	for ev, err := range listen.To(ctx, r.listener(), *q) {
		if r.saw(err) != nil {
			return ev, false, err
		}
		q.Since = ev.Cursor
		if contains(ev.Text.Plain, word) {
			return ev, true, nil
		}
	}
	return listen.Event{}, false, nil
}

// equal compares streams of events.
func equal(what string, got, want []listen.Event) error {
	if len(got) != len(want) {
		return fmt.Errorf("%s: %d events, want %d", what, len(got), len(want))
	}
	for i := range got {
		if got[i].ID != want[i].ID {
			return fmt.Errorf("%s: event %d is %q, want %q", what, i, got[i].ID, want[i].ID)
		}
	}
	return nil
}

func cursorResume(ctx context.Context, r *Rig) error {
	word, refs, err := r.sayMany(ctx, 4)
	if err != nil {
		return err
	}
	all, err := r.hear(ctx, everything(), word)
	if err != nil {
		return err
	}
	if len(all) != len(refs) {
		return fmt.Errorf("of %d sayings %d are heard", len(refs), len(all))
	}
	var errs []error
	for i, ev := range all {
		rest, err := r.hear(ctx, listen.Query{Since: ev.Cursor}, word)
		if err == nil {
			err = equal(fmt.Sprintf("resumed after event %d", i), rest, all[i+1:])
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func cursorEnd(ctx context.Context, r *Rig) error {
	root, err := r.root(ctx)
	if err != nil {
		return err
	}
	first, second := mark(), mark()
	if _, err := r.say(ctx, first, root); err != nil {
		return err
	}
	q := everything()
	for ev, err := range listen.To(ctx, r.listener(), q) {
		if r.saw(err) != nil {
			return err
		}
		q.Since = ev.Cursor
	}
	evs, err := r.hear(ctx, q, first)
	if err == nil && len(evs) > 0 {
		err = errors.New("what was heard before the last cursor is heard again after it")
	}
	if err != nil {
		return err
	}
	if _, err := r.say(ctx, second, root); err != nil {
		return err
	}
	_, err = r.once(ctx, q, second)
	return err
}

func cursorBurst(ctx context.Context, r *Rig) error {
	word, refs, err := r.sayMany(ctx, burst)
	if err != nil {
		return err
	}
	whole, err := r.hear(ctx, everything(), word)
	if err != nil {
		return err
	}
	steps, err := r.collect(ctx, word, 2*burst)
	if err != nil {
		return err
	}
	if len(whole) != len(refs) {
		return fmt.Errorf("of a burst of %d sayings %d are heard", len(refs), len(whole))
	}
	return equal("a burst that is heard in steps of one event", steps, whole)
}

func cursorText(ctx context.Context, r *Rig) error {
	_, word, err := r.answer(ctx, "When?")
	if err != nil {
		return err
	}
	ev, err := r.once(ctx, everything(), word)
	if err != nil {
		return err
	}
	if len(ev.Cursor) == 0 || len(ev.Cursor) > 4096 {
		return fmt.Errorf("the cursor has %d bytes", len(ev.Cursor))
	}
	for _, c := range []byte(ev.Cursor) {
		if c < ' ' || c > '~' {
			return fmt.Errorf("the cursor %q holds the byte %#x", ev.Cursor, c)
		}
	}
	return nil
}
