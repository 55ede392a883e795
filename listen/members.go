package listen

import (
	"context"
	"iter"

	"github.com/parvis-go/parvis"
)

// Members lists the people of a place: followers, subscribers, members of a room.
type Members interface {
	Members(ctx context.Context, place parvis.Place) iter.Seq2[parvis.Person, error]
}

// MembersOf lists the people of a place; of the zero place, the account's followers or
// the site's users. An error is the last pair.
func MembersOf(ctx context.Context, p Listener, place parvis.Place) iter.Seq2[parvis.Person, error] {
	return func(yield func(parvis.Person, error) bool) {
		const op = "list members"
		m, err := power[Members](ctx, p, Query{Place: place}, op, func(s Support) parvis.Support { return s.Members })
		if err != nil {
			yield(parvis.Person{}, err)
			return
		}
		for person, err := range m.Members(ctx, place) {
			if !yield(person, parvis.In(err, p.Account(), op, parvis.ErrUnavailable)) || err != nil {
				return
			}
		}
	}
}
