package fake

import (
	"context"
	"iter"
	"slices"
	"strings"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/listen"
)

// list makes the calls for a list, a page at a time: the first takes the list as it is
// then, the others what is left of it.
func list[T any](ctx context.Context, a *Account, c call, all func() ([]T, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var left []T
		for first := true; first || len(left) > 0; first = false {
			var page []T
			err := a.do(ctx, c, func() (err error) {
				if first {
					if left, err = all(); err != nil {
						return err
					}
				}
				size := pageSize
				if a.fault(c.ops, PartialPage) != nil {
					size = 1
				}
				size = min(size, len(left))
				page, left = left[:size], left[size:]
				return nil
			})
			if err != nil {
				var zero T
				yield(zero, err)
				return
			}
			for _, v := range page {
				if !yield(v, nil) {
					return
				}
			}
		}
	}
}

// checkQuery returns an error unless the query's place and thread are there.
func (a *Account) checkQuery(q listen.Query) error {
	if !q.Place.Ref.IsZero() {
		if _, err := a.findPlace(q.Place.Ref); err != nil {
			return err
		}
	}
	if !q.Thread.IsZero() {
		if _, err := a.find(q.Thread); err != nil {
			return err
		}
	}
	return nil
}

// History delivers what the account heard, newest first and in its present form; with
// q.Thread the answers below that post, oldest first.
func (a *Account) History(ctx context.Context, q listen.Query) iter.Seq2[listen.Event, error] {
	return list(ctx, a, reading("history"), func() ([]listen.Event, error) {
		if err := a.checkQuery(q); err != nil {
			return nil, err
		}
		from, err := a.position(q.Since, len(a.n.entries))
		if err != nil {
			return nil, err
		}
		var events []listen.Event
		seen := map[*item]bool{}
		for _, e := range slices.Backward(a.n.entries[from:]) {
			kind := a.n.kindFor(a.p, e, unkinded(q))
			content := e.it != nil && kind != listen.Reaction && kind != listen.Report
			if kind == 0 || kind == listen.Delete || content && seen[e.it] {
				continue
			}
			if content {
				seen[e.it] = true
				e, kind = a.n.present(a.p, e, kind)
			}
			if q.Wants(kind) {
				events = append(events, a.deliver(e, kind, "history"))
			}
		}
		slices.SortStableFunc(events, func(x, y listen.Event) int { return y.Time.Compare(x.Time) })
		if !q.Thread.IsZero() {
			slices.Reverse(events)
		}
		return events, nil
	})
}

// unkinded is q without its kinds, which an edit hides.
func unkinded(q listen.Query) listen.Query {
	q.Kinds = 0
	return q
}

// present is the entry about an item with the item as it is now, and what it is to p.
func (n *Network) present(p *person, e *entry, kind listen.Kind) (*entry, listen.Kind) {
	now := *e
	now.wire.ID, now.wire.Post = e.it.eventID(), n.wirePost(e.it)
	if now.wire.Time = e.it.created; kind == listen.Edit {
		if kind = e.it.heard[p.id]; kind == 0 {
			kind = e.it.eventKind()
		}
	}
	return &now, kind
}

// Search finds posts and answers that everybody may see: those with all words of q.Text,
// in whatever case, and the hashtag or tag q.Tag. Newest first.
func (a *Account) Search(ctx context.Context, q listen.Query) iter.Seq2[listen.Event, error] {
	return list(ctx, a, reading("search"), func() ([]listen.Event, error) {
		if err := a.checkQuery(q); err != nil {
			return nil, err
		}
		var events []listen.Event
		for _, it := range slices.Backward(a.n.chronological()) {
			if !a.n.open(it) || !a.n.sees(a.p, it) || !it.matches(q) || it.created.Before(q.After) ||
				(!q.Place.Ref.IsZero() || !q.Thread.IsZero()) && !a.n.within(it, q) {
				continue
			}
			kind := it.heard[a.p.id]
			if kind == 0 {
				kind = it.eventKind()
			}
			if !q.Wants(kind) {
				continue
			}
			e := &entry{it: it, wire: wireEvent{ID: it.eventID(), Time: it.created, By: a.n.wirePerson(it.author), Post: a.n.wirePost(it)}}
			events = append(events, a.deliver(e, kind, "search"))
		}
		return events, nil
	})
}

func (it *item) matches(q listen.Query) bool {
	text := strings.ToLower(it.title + " " + it.text.Plain)
	for word := range strings.FieldsSeq(strings.ToLower(q.Text)) {
		if !strings.Contains(text, word) {
			return false
		}
	}
	if q.Tag == "" {
		return true
	}
	same := func(tag string) bool { return strings.EqualFold(tag, q.Tag) }
	return slices.ContainsFunc(it.tags, same) || slices.ContainsFunc(it.text.Entities, func(e parvis.Entity) bool {
		return e.Kind == parvis.EntityHashtag && same(e.Value)
	})
}

// Members lists the account's followers, or those who have posted in the place, by the
// age of their accounts on the network.
func (a *Account) Members(ctx context.Context, place parvis.Place) iter.Seq2[parvis.Person, error] {
	return list(ctx, a, reading("members"), func() ([]parvis.Person, error) {
		var in map[string]bool
		if place.Ref.IsZero() {
			in = a.p.followers
		} else {
			if _, err := a.findPlace(place.Ref); err != nil {
				return nil, err
			}
			in = map[string]bool{}
			for _, it := range a.n.items {
				if it.place == place.Ref.ID && it.live() && a.n.sees(a.p, it) {
					in[it.author.id] = true
				}
			}
		}
		var members []parvis.Person
		for _, p := range a.n.people {
			if in[p.id] {
				members = append(members, a.who(p))
			}
		}
		return members, nil
	})
}
