package providertest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"regexp"
	"runtime/pprof"
	"strconv"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/listen"
)

const (
	soon  = 30 * time.Second       // within which a followed stream delivers
	quick = 10 * time.Second       // within which a stream ends
	often = 100 * time.Millisecond // how often a network that is polled is asked
)

func streamCases() []Case {
	return []Case{{
		Name:        "stream/follow",
		Explanation: "A followed stream delivers what was said before, and then what is said later, once each.",
		Applies:     needs(canListen, canSay),
		Run:         streamFollow,
	}, {
		Name:        "stream/cancel",
		Explanation: "The end of the context ends a followed stream soon, with the context's error or without one, and leaves no goroutine behind.",
		Applies:     needs(canListen),
		Run:         streamCancel,
	}, {
		Name:        "stream/break",
		Explanation: "Leaving the loop ends a stream at once, followed or not, and leaves no goroutine behind.",
		Applies:     needs(canListen, canSay),
		Run:         streamBreak,
	}, {
		Name:        "stream/last",
		Explanation: "An error is the last pair of a stream, and comes with no event.",
		Applies:     needs(canListen, staged(BadToken, "listen")),
		Run:         streamLast,
	}, {
		Name:        "stream/mends",
		Explanation: "A followed stream mends a passing failure by itself, and loses nothing by it.",
		Applies:     needs(canListen, canSay, canBreak),
		Run:         streamMends,
	}}
}

// A following is a stream that is read in the background.
type following struct {
	events chan listen.Event
	end    chan error // gets one value when the stream has ended
	stop   context.CancelFunc
}

// follow reads a followed stream until ctx or the following is stopped.
func (r *Rig) follow(ctx context.Context, q listen.Query) *following {
	ctx, cancel := context.WithCancel(ctx)
	f := &following{events: make(chan listen.Event), end: make(chan error, 1), stop: cancel}
	q.Follow, q.Every = true, often
	go func() {
		defer func() {
			if p := recover(); p != nil {
				f.end <- fmt.Errorf("panic: %v", p)
			}
		}()
		for ev, err := range listen.To(ctx, r.listener(), q) {
			if r.saw(err) != nil {
				f.end <- err
				return
			}
			select {
			case f.events <- ev:
			case <-ctx.Done():
			}
		}
		f.end <- nil
	}()
	return f
}

// await returns when an event that holds word has come.
func (f *following) await(word string) error {
	timer := time.NewTimer(soon)
	defer timer.Stop()
	for {
		select {
		case ev := <-f.events:
			if contains(ev.Text.Plain, word) {
				return nil
			}
		case err := <-f.end:
			f.end <- err
			if err != nil {
				return fmt.Errorf("the followed stream ended: %w", err)
			}
			return errors.New("the followed stream ended by itself")
		case <-timer.C:
			return fmt.Errorf("what was said did not come within %v", soon)
		}
	}
}

// close stops the stream and checks that it ends.
func (f *following) close() error {
	f.stop()
	timer := time.NewTimer(quick)
	defer timer.Stop()
	for {
		select {
		case <-f.events:
		case err := <-f.end:
			if err != nil && !errors.Is(err, context.Canceled) {
				return fmt.Errorf("the stream ended with another error than that of its context: %w", err)
			}
			return nil
		case <-timer.C:
			return fmt.Errorf("the stream did not end within %v of its context", quick)
		}
	}
}

func streamFollow(ctx context.Context, r *Rig) error {
	root, err := r.root(ctx)
	if err != nil {
		return err
	}
	words := []string{mark(), mark(), mark()}
	if _, err := r.say(ctx, words[0], root); err != nil {
		return err
	}
	f := r.follow(ctx, everything())
	err = f.await(words[0])
	for _, word := range words[1:] {
		if err == nil {
			_, err = r.say(ctx, word, root)
		}
		if err == nil {
			err = f.await(word)
		}
	}
	return errors.Join(err, f.close())
}

func streamCancel(ctx context.Context, r *Rig) error {
	return r.tight(ctx, func(ctx context.Context) error {
		f := r.follow(ctx, everything())
		return errors.Join(pause(ctx, often), f.close())
	})
}

func streamBreak(ctx context.Context, r *Rig) error {
	if _, _, err := r.answer(ctx, "When?"); err != nil {
		return err
	}
	for _, q := range []listen.Query{{Follow: true, Every: often}, {}} {
		err := r.tight(ctx, func(ctx context.Context) error {
			for _, err := range listen.To(ctx, r.listener(), q) {
				return r.saw(err)
			}
			return errors.New("the stream ended without an event")
		})
		if err != nil {
			return fmt.Errorf("followed %v: %w", q.Follow, err)
		}
	}
	return nil
}

// tight runs f again and again and checks that goroutines do not become more. Only those
// that f starts are looked at; the few that belong to connections kept for reuse do not
// grow with the number of runs.
func (r *Rig) tight(ctx context.Context, f func(context.Context) error) (err error) {
	const warmUp, runs = 2, 8
	id := mark()
	pprof.Do(ctx, pprof.Labels("providertest", id), func(ctx context.Context) {
		for range warmUp {
			err = errors.Join(err, f(ctx))
		}
		if err != nil {
			return
		}
		before := settled(ctx, id, 1) // this goroutine has the label too
		for range runs {
			err = errors.Join(err, f(ctx))
		}
		if after := settled(ctx, id, before); err == nil && after >= before+runs {
			err = fmt.Errorf("there were %d goroutines, and after %d runs there are %d", before, runs, after)
		}
	})
	return err
}

// settled counts the goroutines with the label id, waiting a while for them to become
// no more than most.
func settled(ctx context.Context, id string, most int) int {
	n := labelled(id)
	for range 50 {
		if n <= most || pause(ctx, 20*time.Millisecond) != nil {
			break
		}
		n = labelled(id)
	}
	return n
}

var stack = regexp.MustCompile(`(?m)^(\d+) @[^\n]*\n# labels: ([^\n]*)`)

// labelled counts the goroutines with the label id. The text form of the profile gives
// the number of goroutines with the same stack and labels on one line, and the labels on the next.
func labelled(id string) int {
	var b bytes.Buffer
	if err := pprof.Lookup("goroutine").WriteTo(&b, 1); err != nil {
		return 0
	}
	total := 0
	for _, m := range stack.FindAllSubmatch(b.Bytes(), -1) {
		if bytes.Contains(m[2], []byte(id)) {
			n, _ := strconv.Atoi(string(m[1]))
			total += n
		}
	}
	return total
}

// streamLast goes on after the error, as no program should.
func streamLast(ctx context.Context, r *Rig) error {
	var failed error
	after := 0
	for ev, err := range lenient(r.listener().Listen(ctx, everything())) {
		switch {
		case failed != nil:
			after++
		case err != nil:
			failed = r.saw(err)
			if ev.ID != "" {
				return fmt.Errorf("the error %w comes with the event %q", err, ev.ID)
			}
		}
	}
	if failed == nil {
		return errors.New("the token was not taken, and the stream ended without an error")
	}
	if after > 0 {
		return fmt.Errorf("after the error %w there came %d more pairs", failed, after)
	}
	return refused("listening with a dead token", failed, parvis.ErrAuth)
}

// lenient is in, cut off after a number of pairs that no honest stream has here.
func lenient(in iter.Seq2[listen.Event, error]) iter.Seq2[listen.Event, error] {
	return func(yield func(listen.Event, error) bool) {
		left := 10000
		for ev, err := range in {
			if left--; left < 0 || !yield(ev, err) {
				return
			}
		}
	}
}

func streamMends(ctx context.Context, r *Rig) error {
	root, err := r.root(ctx)
	if err != nil {
		return err
	}
	for _, kind := range []FaultKind{ServerErrorBefore, CutBefore, Truncated} {
		word, later := mark(), mark()
		if _, err := r.say(ctx, word, root); err != nil {
			return err
		}
		f := r.follow(ctx, everything())
		err := f.await(word)
		if err == nil && r.stage(kind, "listen") {
			if _, err = r.say(ctx, later, root); err == nil {
				err = f.await(later)
			}
		}
		if err := errors.Join(err, f.close()); err != nil {
			return fmt.Errorf("after the failure %q: %w", kind, err)
		}
	}
	return nil
}
