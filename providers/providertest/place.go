package providertest

import (
	"context"
	"errors"
	"fmt"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/publish"
)

func placeCases() []Case {
	places := publishing("places", func(s publish.Support) bool { return s.Places.OK() })
	edits := publishing("setting up places", func(s publish.Support) bool { return s.Places.OK() && s.PlaceEdit.OK() })
	return []Case{{
		Name:        "places/listed",
		Explanation: "Every place that is listed has a complete reference and a name, and is listed once; leaving the list early stops it.",
		Applies:     needs(places),
		Run:         placesListed,
	}, {
		Name:        "places/round-trip",
		Explanation: "A place can be made, found in the list, changed under the same reference, and removed.",
		Applies:     needs(edits),
		Run:         placesRoundTrip,
	}, {
		Name:        "places/post",
		Explanation: "A post that is sent to a place is there once.",
		Applies:     needs(places, canCount),
		Run:         placesPost,
	}}
}

// places lists all places.
func (r *Rig) places(ctx context.Context) ([]parvis.Place, error) {
	var all []parvis.Place
	for pl, err := range publish.PlacesOf(ctx, r.publisher()) {
		if r.saw(err) != nil {
			return all, err
		}
		all = append(all, pl)
	}
	return all, nil
}

// place returns one that the account can post to: listed, or made.
func (r *Rig) place(ctx context.Context) (parvis.Place, error) {
	all, err := r.places(ctx)
	if err != nil || len(all) > 0 {
		return append(all, parvis.Place{})[0], err
	}
	sup, err := publish.SupportOf(ctx, r.publisher(), parvis.Place{})
	if r.saw(err) != nil || !sup.PlaceEdit.OK() {
		return parvis.Place{}, err
	}
	pl, err := publish.CreatePlace(ctx, r.publisher(), parvis.Place{Name: mark()})
	return pl, r.saw(err)
}

func placesListed(ctx context.Context, r *Rig) error {
	if _, err := r.place(ctx); err != nil {
		return err
	}
	all, err := r.places(ctx)
	if err != nil {
		return err
	}
	seen := make(map[parvis.Ref]bool)
	for _, pl := range all {
		if err := complete(r.Account.Account(), "the place "+pl.Name, pl.Ref, parvis.KindPlace); err != nil {
			return err
		}
		if pl.Name == "" || seen[pl.Ref] {
			return fmt.Errorf("the place %v has no name or is listed twice", pl.Ref)
		}
		seen[pl.Ref] = true
	}
	for _, err := range publish.PlacesOf(ctx, r.publisher()) {
		return err // leaving the loop must be safe
	}
	return nil
}

// find returns the listed place with the reference.
func (r *Rig) find(ctx context.Context, ref parvis.Ref) (parvis.Place, bool, error) {
	all, err := r.places(ctx)
	for _, pl := range all {
		if pl.Ref == ref {
			return pl, true, err
		}
	}
	return parvis.Place{}, false, err
}

func placesRoundTrip(ctx context.Context, r *Rig) error {
	like, err := r.place(ctx)
	if err != nil {
		return err
	}
	name := mark()
	made, err := publish.CreatePlace(ctx, r.publisher(), parvis.Place{Name: name, Type: like.Type, About: "News"})
	if r.saw(err) != nil {
		return err
	}
	if err := complete(r.Account.Account(), "the new place", made.Ref, parvis.KindPlace); err != nil {
		return err
	}
	got, ok, err := r.find(ctx, made.Ref)
	if err == nil && (!ok || got.Name != name) {
		err = fmt.Errorf("the place %q is not in the list; there is %+v", name, got)
	}
	if err != nil {
		return err
	}
	got.Name = mark()
	changed, err := publish.UpdatePlace(ctx, r.publisher(), got)
	if r.saw(err) != nil {
		return err
	}
	again, ok, err := r.find(ctx, made.Ref)
	if err == nil && (!ok || again.Name != got.Name || changed.Ref != made.Ref) {
		err = fmt.Errorf("the place was renamed to %q, and the list has %+v", got.Name, again)
	}
	if err != nil {
		return err
	}
	if err := r.saw(publish.DeletePlace(ctx, r.publisher(), made.Ref)); err != nil {
		return err
	}
	if _, ok, err = r.find(ctx, made.Ref); err == nil && ok {
		err = errors.New("the removed place is still in the list")
	}
	return err
}

func placesPost(ctx context.Context, r *Rig) error {
	pl, err := r.place(ctx)
	if err != nil {
		return err
	}
	if pl.IsZero() {
		return errors.New("the account says yes to places, and has none and can make none")
	}
	word := mark()
	d := r.draft("Open on Saturday " + word)
	d.Place = pl
	post, err := r.to(ctx, d)
	if err != nil {
		return fmt.Errorf("posting to the place %q: %w", pl.Name, err)
	}
	if !post.Place.IsZero() && post.Place.Ref != pl.Ref {
		return fmt.Errorf("a post for the place %v is in %v", pl.Ref, post.Place.Ref)
	}
	return r.counts(ctx, word, 1)
}
