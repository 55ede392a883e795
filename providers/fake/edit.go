package fake

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/publish"
)

// Edit replaces the content of one of the account's own posts. Poll, place, visibility,
// time and what it answers or quotes cannot change: a draft that says otherwise gives
// [parvis.ErrUnsupported]. After [Options.EditWindow] the error is [parvis.ErrTooLate].
func (a *Account) Edit(ctx context.Context, r parvis.Ref, d publish.Draft) (post publish.Post, err error) {
	bad := a.check(ctx, d)
	files, err := a.upload(ctx, d)
	if err != nil {
		return publish.Post{}, err
	}
	err = a.do(ctx, changing("edit"), func() error {
		it, err := a.editable(r, d)
		if err == nil {
			err = bad
		}
		if err != nil {
			return err
		}
		it.content, it.edited = a.content(d, files), a.n.opt.Now()
		if it.live() || it.state == held {
			a.n.change(it)
		}
		post = a.post(it)
		return nil
	})
	if err != nil {
		return publish.Post{}, err
	}
	return post, nil
}

// change tells those who know of the item that it has changed, and those whom it
// mentions now that it is there.
func (n *Network) change(it *item) {
	to := n.deciders(it)
	if it.live() {
		to = n.audience(it)
	}
	kind := it.eventKind()
	if !it.public {
		kind = 0
	}
	n.tell(it, to, kind)
}

func (a *Account) editable(r parvis.Ref, d publish.Draft) (*item, error) {
	it, err := a.own(r)
	switch {
	case err != nil:
		return nil, err
	case it.state == trashed || it.state == removed:
		return nil, conflict("the post is "+string(it.state), "restore it first")
	case a.n.opt.EditWindow > 0 && it.state != scheduled && a.n.opt.Now().Sub(it.created) > a.n.opt.EditWindow:
		return nil, fail(parvis.ErrTooLate, "edit_window_closed",
			fmt.Sprintf("posts can be edited for %v", a.n.opt.EditWindow), "delete it and post anew, or answer it with the correction")
	}
	if err := a.free(it.place); err != nil {
		return nil, err
	}
	for _, x := range []struct {
		field   string
		differs bool
	}{
		{"poll", d.Poll != nil && !reflect.DeepEqual(d.Poll, it.poll)},
		{"place", !d.Place.Ref.IsZero() && d.Place.Ref.ID != it.place},
		{"visibility", d.Visibility != "" && d.Visibility != it.visibility},
		{"time", !d.At.IsZero() && !d.At.Equal(it.at)},
		{"reply", !d.ReplyTo.IsZero() && d.ReplyTo.ID != it.parent},
		{"quote", !d.Quote.IsZero() && d.Quote.ID != it.quote},
	} {
		if x.differs {
			return nil, fail(parvis.ErrUnsupported, "immutable", "the "+x.field+" of a post cannot change",
				"leave it as it is, or delete the post and post anew")
		}
	}
	return it, nil
}

// Delete removes one of the account's own posts for good, whatever state it is in.
func (a *Account) Delete(ctx context.Context, r parvis.Ref) error {
	return a.do(ctx, changing("delete"), func() error {
		it, err := a.own(r)
		if err != nil {
			return err
		}
		a.n.leave(it, deleted)
		return nil
	})
}

// leave takes an item out of sight.
func (n *Network) leave(it *item, to state) {
	it.state = to
	n.withdraw(it)
}

// Trash removes one of the account's own posts until [Account.Restore].
func (a *Account) Trash(ctx context.Context, r parvis.Ref) error {
	return a.do(ctx, changing("trash"), func() error {
		it, err := a.own(r)
		if err != nil {
			return err
		}
		if it.state == trashed || it.state == removed {
			return conflict("the post is "+string(it.state), "there is nothing to do")
		}
		it.was = it.state
		a.n.leave(it, trashed)
		return nil
	})
}

// Restore brings a post back from the trash, in the state that it had. One that was to go
// out meanwhile goes out now.
func (a *Account) Restore(ctx context.Context, r parvis.Ref) (post publish.Post, err error) {
	err = a.do(ctx, changing("restore"), func() error {
		it, err := a.own(r)
		if err != nil {
			return err
		}
		if it.state != trashed {
			return conflict("the post is not in the trash", "there is nothing to do")
		}
		a.n.comeBack(it, it.was)
		a.n.tick()
		post = a.post(it)
		return nil
	})
	if err != nil {
		return publish.Post{}, err
	}
	return post, nil
}

// comeBack puts an item that was out of sight into the state s.
func (n *Network) comeBack(it *item, s state) {
	it.state = s
	switch s {
	case visible, hidden:
		n.announce(it)
	case held:
		n.tell(it, n.deciders(it), 0)
	case scheduled, pending:
		n.waiting = append(n.waiting, it)
		n.stir()
	}
}

// React adds the account's reaction, of which the author hears once. Any short word or
// emoji is a reaction unless [Options.Limits] lists some.
func (a *Account) React(ctx context.Context, r parvis.Ref, what publish.Reaction) error {
	return a.do(ctx, changing("react"), func() error {
		it, err := a.find(r)
		if err != nil {
			return err
		}
		if err := a.reactable(it, what); err != nil {
			return err
		}
		k := reaction{a.p.id, string(what)}
		if !it.reactions[k] {
			it.reactions[k] = true
			if what != publish.Bookmark { // bookmarks are private
				a.n.emitReaction(it, a.p, string(what))
			}
		}
		return nil
	})
}

func (a *Account) reactable(it *item, what publish.Reaction) error {
	known := a.n.sup.Reactions
	switch {
	case strings.TrimSpace(string(what)) == "" || len(what) > 32:
		return invalid("bad_reaction", "this is no reaction", "pass publish.Like or the like, or an emoji")
	case len(known) > 0 && !slices.Contains(known, what):
		return fail(parvis.ErrUnsupported, "unknown_reaction", fmt.Sprintf("there is no reaction %q", what),
			"use one of those that SupportOf lists")
	case !it.live():
		return conflict("the post is "+string(it.state), "wait until it is out")
	case a.n.apart(a.p, it.author):
		return forbidden("blocked", "one of you has blocked the other", "leave this person alone")
	}
	return a.free(it.place)
}

// Unreact takes the account's reaction back.
func (a *Account) Unreact(ctx context.Context, r parvis.Ref, what publish.Reaction) error {
	return a.do(ctx, changing("unreact"), func() error {
		it, err := a.find(r)
		if err == nil {
			delete(it.reactions, reaction{a.p.id, string(what)})
		}
		return err
	})
}

// Metrics gives the figures about one of the account's own posts: likes, reposts,
// answers, quotes, and views, which are deliveries to others.
func (a *Account) Metrics(ctx context.Context, r parvis.Ref) (out []publish.Metric, err error) {
	err = a.do(ctx, reading("metrics"), func() error {
		it, err := a.own(r)
		if err != nil {
			return err
		}
		counts := map[string]int{"views": it.views}
		for k := range it.reactions {
			counts[k.what]++
		}
		for _, other := range a.n.items {
			if other.live() && other.parent == it.id {
				counts["replies"]++
			}
			if other.live() && other.quote == it.id {
				counts["quotes"]++
			}
		}
		out = metrics(counts, a.n.opt.Now())
		return nil
	})
	return out, err
}

func metrics(counts map[string]int, now time.Time) []publish.Metric {
	var out []publish.Metric
	for _, m := range [...]struct{ name, means string }{
		{"like", "likes"}, {"repost", "reposts"}, {"replies", "replies"}, {"quotes", "quotes"}, {"views", "views"},
	} {
		out = append(out, publish.Metric{Name: m.name, Means: m.means, Value: float64(counts[m.name]), At: now})
	}
	return out
}
