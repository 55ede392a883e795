package publish

import (
	"context"
	"iter"

	"github.com/parvis-go/parvis"
)

// Places lists where an account can post.
type Places interface {
	Places(ctx context.Context) iter.Seq2[parvis.Place, error]
}

// A PlaceEditor sets up the spaces of a network: a blog's categories, a channel, a list.
type PlaceEditor interface {
	// CreatePlace makes a place with the Name, Type, About and Parent of pl.
	CreatePlace(ctx context.Context, pl parvis.Place) (parvis.Place, error)
	// UpdatePlace changes the place that pl.Ref names to what pl says.
	UpdatePlace(ctx context.Context, pl parvis.Place) (parvis.Place, error)
	// DeletePlace removes a place. What becomes of its posts is the network's affair.
	DeletePlace(ctx context.Context, place parvis.Ref) error
}

// PlacesOf lists where p's account can post. An error is the last pair.
func PlacesOf(ctx context.Context, p Publisher) iter.Seq2[parvis.Place, error] {
	return func(yield func(parvis.Place, error) bool) {
		const op = "list places"
		l, err := power[Places](ctx, p, op, func(s Support) parvis.Support { return s.Places })
		if err != nil {
			yield(parvis.Place{}, err)
			return
		}
		for place, err := range l.Places(ctx) {
			if !yield(place, parvis.In(err, p.Account(), op, parvis.ErrUnavailable)) || err != nil {
				return
			}
		}
	}
}

// CreatePlace makes a place with the Name, Type, About and Parent of pl.
func CreatePlace(ctx context.Context, p Publisher, pl parvis.Place) (parvis.Place, error) {
	const op = "create place"
	a := p.Account()
	if err := a.Owns(pl.Parent); err != nil {
		return parvis.Place{}, parvis.In(err, a, op, parvis.ErrInvalid)
	}
	e, err := power[PlaceEditor](ctx, p, op, func(s Support) parvis.Support { return s.PlaceEdit })
	if err != nil {
		return parvis.Place{}, err
	}
	got, err := e.CreatePlace(ctx, pl)
	return got, parvis.In(err, a, op, parvis.ErrUnknownOutcome)
}

// UpdatePlace changes the place that pl.Ref names to what pl says.
func UpdatePlace(ctx context.Context, p Publisher, pl parvis.Place) (parvis.Place, error) {
	const op = "update place"
	e, err := door[PlaceEditor](ctx, p, op, pl.Ref, func(s Support) parvis.Support { return s.PlaceEdit })
	if err != nil {
		return parvis.Place{}, err
	}
	got, err := e.UpdatePlace(ctx, pl)
	return got, parvis.In(err, p.Account(), op, parvis.ErrUnknownOutcome)
}

// DeletePlace removes a place. What becomes of its posts is the network's affair.
func DeletePlace(ctx context.Context, p Publisher, place parvis.Ref) error {
	const op = "delete place"
	e, err := door[PlaceEditor](ctx, p, op, place, func(s Support) parvis.Support { return s.PlaceEdit })
	if err != nil {
		return err
	}
	return parvis.In(e.DeletePlace(ctx, place), p.Account(), op, parvis.ErrUnknownOutcome)
}
