package providertest

import (
	"context"
	"iter"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/listen"
	"github.com/parvis-go/parvis/moderate"
	"github.com/parvis-go/parvis/publish"
)

// A door is one function of the verbs' packages that takes a reference.
type door struct {
	name  string
	power string      // by the names of providers.Powers
	kind  parvis.Kind // of the reference
	zero  bool        // tells that an empty reference is allowed
	write bool        // tells that it changes something
	call  func(ctx context.Context, ref parvis.Ref) error
}

// doors are all that the provider's verbs have.
func doors(r *Rig) []door {
	var all []door
	if p := r.publisher(); p != nil {
		all = append(all, publishDoors(r, p)...)
		all = append(all, placeDoors(p)...)
	}
	if l := r.listener(); l != nil {
		all = append(all, listenDoors(l)...)
	}
	if m := r.moderator(); m != nil {
		all = append(all, moderateDoors(m)...)
	}
	return all
}

// last drains a stream and returns its error.
func last[T any](in iter.Seq2[T, error]) error {
	for _, err := range in {
		if err != nil {
			return err
		}
	}
	return nil
}

func second[T any](_ T, err error) error { return err }

func publishDoors(r *Rig, p publish.Publisher) []door {
	const post = parvis.KindPost
	with := func(change func(d *publish.Draft, ref parvis.Ref)) func(context.Context, parvis.Ref) error {
		return func(ctx context.Context, ref parvis.Ref) error {
			d := r.draft("Open on Saturday " + mark())
			change(&d, ref)
			return second(publish.To(ctx, p, d))
		}
	}
	type ref = parvis.Ref
	return []door{
		{"publish.To a reply", "publish", post, true, true, with(func(d *publish.Draft, x ref) { d.ReplyTo = x })},
		{"publish.To a quote", "publish", post, true, true, with(func(d *publish.Draft, x ref) { d.Quote = x })},
		{"publish.To a place", "publish", parvis.KindPlace, true, true, with(func(d *publish.Draft, x ref) { d.Place.Ref = x })},
		{"publish.To with media", "publish", parvis.KindMedia, true, true, with(func(d *publish.Draft, x ref) {
			d.Media = append(d.Media, parvis.Media{Ref: x})
		})},
		{"publish.Check", "publish", post, true, false, func(ctx context.Context, x ref) error {
			d := r.draft("Open on Saturday")
			d.ReplyTo = x
			return second(publish.Check(ctx, p, d))
		}},
		{"publish.Thread", "publish", post, true, true, func(ctx context.Context, x ref) error {
			return second(publish.Thread(ctx, p, []publish.Draft{r.draft(mark()), r.draft(mark())}, publish.Post{Ref: x}))
		}},
		{"publish.ToAll", "publish", post, true, true, func(ctx context.Context, x ref) error {
			d := r.draft("Open on Saturday " + mark())
			d.ReplyTo = x
			return publish.ToAll(ctx, d, p)[0].Err
		}},
		{"publish.Get", "publish.get", post, false, false, func(ctx context.Context, x ref) error {
			return second(publish.Get(ctx, p, x))
		}},
		{"publish.Edit", "publish.edit", post, false, true, func(ctx context.Context, x ref) error {
			return second(publish.Edit(ctx, p, x, r.draft("Closed on Saturday "+mark())))
		}},
		{"publish.Delete", "publish.delete", post, false, true, func(ctx context.Context, x ref) error {
			return publish.Delete(ctx, p, x)
		}},
		{"publish.Trash", "publish.trash", post, false, true, func(ctx context.Context, x ref) error {
			return publish.Trash(ctx, p, x)
		}},
		{"publish.Restore", "publish.trash", post, false, true, func(ctx context.Context, x ref) error {
			return second(publish.Restore(ctx, p, x))
		}},
		{"publish.React", "publish.react", post, false, true, func(ctx context.Context, x ref) error {
			return publish.React(ctx, p, x, r.reaction(ctx))
		}},
		{"publish.Unreact", "publish.react", post, false, true, func(ctx context.Context, x ref) error {
			return publish.Unreact(ctx, p, x, r.reaction(ctx))
		}},
		{"publish.MetricsOf", "publish.metrics", post, false, false, func(ctx context.Context, x ref) error {
			return second(publish.MetricsOf(ctx, p, x))
		}},
		{"publish.Reschedule", "publish.schedule", post, false, true, func(ctx context.Context, x ref) error {
			return second(publish.Reschedule(ctx, p, x, r.later(ctx)))
		}},
		{"publish.Unschedule", "publish.schedule", post, false, true, func(ctx context.Context, x ref) error {
			return publish.Unschedule(ctx, p, x)
		}},
		{"publish.ScheduledPosts", "publish.schedule", "", true, false, func(ctx context.Context, _ ref) error {
			return last(publish.ScheduledPosts(ctx, p))
		}},
		{"publish.Reconcile", "publish.reconcile", post, true, false, func(ctx context.Context, x ref) error {
			d := r.draft("Open on Saturday " + mark())
			d.ReplyTo, d.Key = x, mark()
			return second(publish.Reconcile(ctx, p, publish.Attempt{Account: p.Account(), Draft: d, Started: time.Now()}))
		}},
	}
}

func placeDoors(p publish.Publisher) []door {
	const place = parvis.KindPlace
	type ref = parvis.Ref
	return []door{
		{"publish.SupportOf", "publish", place, true, false, func(ctx context.Context, x ref) error {
			return second(publish.SupportOf(ctx, p, parvis.Place{Ref: x}))
		}},
		{"publish.PlacesOf", "publish.places", "", true, false, func(ctx context.Context, _ ref) error {
			return last(publish.PlacesOf(ctx, p))
		}},
		{"publish.CreatePlace", "publish.place-edit", place, true, true, func(ctx context.Context, x ref) error {
			return second(publish.CreatePlace(ctx, p, parvis.Place{Name: mark(), Parent: x}))
		}},
		{"publish.UpdatePlace", "publish.place-edit", place, false, true, func(ctx context.Context, x ref) error {
			return second(publish.UpdatePlace(ctx, p, parvis.Place{Ref: x, Name: mark()}))
		}},
		{"publish.DeletePlace", "publish.place-edit", place, false, true, func(ctx context.Context, x ref) error {
			return publish.DeletePlace(ctx, p, x)
		}},
	}
}

func listenDoors(l listen.Listener) []door {
	const place = parvis.KindPlace
	type ref = parvis.Ref
	in := func(x ref) listen.Query {
		if x.Kind == place {
			return listen.Query{Place: parvis.Place{Ref: x}, Text: "parvis"}
		}
		return listen.Query{Thread: x, Text: "parvis"}
	}
	return []door{
		{"listen.To a place", "listen", place, true, false, func(ctx context.Context, x ref) error {
			return last(listen.To(ctx, l, in(x)))
		}},
		{"listen.To a thread", "listen", parvis.KindPost, true, false, func(ctx context.Context, x ref) error {
			return last(listen.To(ctx, l, in(x)))
		}},
		{"listen.SupportOf", "listen", place, true, false, func(ctx context.Context, x ref) error {
			return second(listen.SupportOf(ctx, l, parvis.Place{Ref: x}))
		}},
		{"listen.Past", "listen.history", place, true, false, func(ctx context.Context, x ref) error {
			return last(listen.Past(ctx, l, in(x)))
		}},
		{"listen.Search", "listen.search", place, true, false, func(ctx context.Context, x ref) error {
			return last(listen.Search(ctx, l, in(x)))
		}},
		{"listen.MembersOf", "listen.members", place, true, false, func(ctx context.Context, x ref) error {
			return last(listen.MembersOf(ctx, l, parvis.Place{Ref: x}))
		}},
	}
}

func moderateDoors(m moderate.Moderator) []door {
	const post, place = parvis.KindPost, parvis.KindPlace
	type ref = parvis.Ref
	var all []door
	for _, do := range moderate.Dos() {
		all = append(all, door{"moderate." + string(do), "moderate", post, false, true, func(ctx context.Context, x ref) error {
			return second(moderate.Apply(ctx, m, action(do, x)))
		}})
	}
	return append(all,
		door{"moderate.Check", "moderate", post, false, false, func(ctx context.Context, x ref) error {
			return moderate.Check(ctx, m, action(moderate.DoHide, x))
		}},
		door{"moderate.Undo", "moderate", post, false, true, func(ctx context.Context, x ref) error {
			inv := action(moderate.DoUnhide, x)
			return second(moderate.Undo(ctx, m, moderate.Act{Action: action(moderate.DoHide, x), Inverse: &inv}))
		}},
		door{"moderate.SupportOf", "moderate", place, true, false, func(ctx context.Context, x ref) error {
			return second(moderate.SupportOf(ctx, m, parvis.Place{Ref: x}))
		}},
		door{"moderate.PendingIn", "moderate.pending", place, true, false, func(ctx context.Context, x ref) error {
			return last(moderate.PendingIn(ctx, m, parvis.Place{Ref: x}))
		}},
		door{"moderate.LogOf", "moderate.log", place, true, false, func(ctx context.Context, x ref) error {
			return last(moderate.LogOf(ctx, m, parvis.Place{Ref: x}))
		}},
	)
}

// action is a complete action of any kind.
func action(do moderate.Do, on parvis.Ref) moderate.Action {
	a := moderate.Action{Do: do, On: on, Reason: moderate.Because("conformance", "a test of the rules"), Actor: "providertest"}
	switch do {
	case moderate.DoLabel, moderate.DoUnlabel:
		a.Label = "sensitive"
	case moderate.DoTimeOut:
		a.Until = time.Now().Add(time.Hour)
	}
	return a
}

// reaction is one that the account has, or a like.
func (r *Rig) reaction(ctx context.Context) publish.Reaction {
	sup, err := publish.SupportOf(ctx, r.publisher(), parvis.Place{})
	if r.saw(err) == nil && len(sup.Reactions) > 0 {
		return sup.Reactions[0]
	}
	return publish.Like
}

// later is a time at which the network can schedule.
func (r *Rig) later(ctx context.Context) time.Time {
	ahead := time.Hour
	sup, err := publish.SupportOf(ctx, r.publisher(), parvis.Place{})
	if r.saw(err) == nil {
		ahead = max(ahead, 2*sup.Schedule.Least)
		if most := sup.Schedule.Most; most > 0 {
			ahead = min(ahead, most/2)
		}
	}
	return time.Now().Add(ahead).Truncate(time.Minute)
}
