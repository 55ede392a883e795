package fake

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/publish"
)

// waits tells that the item comes out by the clock.
func (it *item) waits() bool { return it.state == scheduled || it.state == pending }

// tick does what has become due: posts that were scheduled go out, and those that were
// processed. Everything that reads the state of the network ticks first.
func (n *Network) tick() {
	now := n.opt.Now()
	n.waiting = slices.DeleteFunc(n.waiting, func(it *item) bool { return !it.waits() })
	var due []*item
	for _, it := range n.waiting {
		if !now.Before(it.at) {
			due = append(due, it)
		}
	}
	slices.SortStableFunc(due, func(a, b *item) int { return a.at.Compare(b.at) })
	for _, it := range due {
		n.release(it, false)
	}
}

// nextDue is how long until something becomes due; 0 if nothing waits.
func (n *Network) nextDue() time.Duration {
	now, next := n.opt.Now(), time.Duration(0)
	for _, it := range n.waiting {
		if left := it.at.Sub(now); it.waits() && (next == 0 || left < next) {
			next = left
		}
	}
	return next
}

// inWindow returns an error unless a post can be scheduled for that time.
func (n *Network) inWindow(at time.Time) error {
	ahead, w := at.Sub(n.opt.Now()), n.sup.Schedule
	if !w.OK() {
		return fail(parvis.ErrUnsupported, "no_schedule", "the network holds no posts until their time", "send it when its time has come")
	}
	if ahead <= 0 || ahead < w.Least || w.Most > 0 && ahead > w.Most {
		return invalid("bad_time", fmt.Sprintf("the network schedules from %v to %v ahead", w.Least, w.Most), "choose another time")
	}
	return nil
}

// Scheduled gives the account's posts that wait for their time, soonest first.
func (a *Account) Scheduled(ctx context.Context) iter.Seq2[publish.Post, error] {
	return list(ctx, a, reading("scheduled"), func() ([]publish.Post, error) {
		var posts []publish.Post
		for _, it := range a.n.items {
			if it.author == a.p && it.state == scheduled {
				posts = append(posts, a.post(it))
			}
		}
		slices.SortStableFunc(posts, func(p, q publish.Post) int { return p.At.Compare(q.At) })
		return posts, nil
	})
}

// waiting returns the account's own post that waits for its time.
func (a *Account) waiting(r parvis.Ref) (*item, error) {
	it, err := a.own(r)
	if err == nil && it.state != scheduled {
		err = conflict("the post does not wait for a time", "edit or delete it instead")
	}
	return it, err
}

// Reschedule moves a post that waits. One that is out already gives [parvis.ErrConflict].
func (a *Account) Reschedule(ctx context.Context, r parvis.Ref, at time.Time) (post publish.Post, err error) {
	err = a.do(ctx, changing("reschedule"), func() error {
		it, err := a.waiting(r)
		if err != nil {
			return err
		}
		if err := a.n.inWindow(at); err != nil {
			return err
		}
		it.at = plain(at)
		a.n.stir()
		post = a.post(it)
		return nil
	})
	if err != nil {
		return publish.Post{}, err
	}
	return post, nil
}

// Unschedule removes a post that waits. One that is out already gives [parvis.ErrConflict].
func (a *Account) Unschedule(ctx context.Context, r parvis.Ref) error {
	return a.do(ctx, changing("unschedule"), func() error {
		it, err := a.waiting(r)
		if err != nil {
			return err
		}
		it.state = deleted
		return nil
	})
}

// Reconcile finds the post of an attempt by its key, as long as the network remembers
// that, and otherwise by its text and time. If one that was edited since may be the post,
// the error is [parvis.ErrUnknownOutcome].
func (a *Account) Reconcile(ctx context.Context, t publish.Attempt) (post publish.Post, err error) {
	d := t.Draft.For(a.n.opt.Name)
	want, err := d.TextIn(parvis.Plain)
	if err != nil {
		return publish.Post{}, parvis.In(err, a.Account(), "reconcile", parvis.ErrInvalid)
	}
	err = a.do(ctx, reading("reconcile"), func() error {
		it, doubt := a.attempted(t, d, want)
		switch {
		case it == nil && doubt:
			return fail(parvis.ErrUnknownOutcome, "edited", "the network has a post that may be it, and was edited since", "look at it")
		case it == nil:
			return fail(parvis.ErrNotFound, "not_found", "the network has no such post", "send it again with the same key")
		case it.gone():
			return conflict("it was posted, and deleted since", "post it with another key if it shall come back")
		}
		post = a.post(it)
		return nil
	})
	if err != nil {
		return publish.Post{}, err
	}
	return post, nil
}

// attempted returns what the attempt has left on the network, or nil, and then whether
// something that was edited may be it.
func (a *Account) attempted(t publish.Attempt, d publish.Draft, want string) (found *item, doubt bool) {
	if k, ok := a.n.keys[a.p.id+" "+d.Key]; ok && d.Key != "" && a.n.opt.Now().Sub(k.when) < keyLife {
		return k.it, false
	}
	if d.Key != "" && a.n.opt.Now().Sub(t.Started) < keyLife {
		return nil, false // the network would still know the key
	}
	squeeze := func(s string) string { return strings.Join(strings.Fields(s), " ") }
	for _, it := range a.n.items {
		if it.author != a.p || it.parent != d.ReplyTo.ID || it.created.Before(t.Started.Add(-time.Minute)) {
			continue
		}
		if squeeze(it.text.Plain) != squeeze(want) {
			doubt = doubt || !it.edited.IsZero()
			continue
		}
		if found = cmp.Or(found, it); !it.gone() {
			return it, false
		}
	}
	return found, doubt
}
