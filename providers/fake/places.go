package fake

import (
	"context"
	"iter"
	"slices"
	"strings"

	"github.com/parvis-go/parvis"
)

// A place is a channel or category. Guarded by Network.mu.
type place struct {
	id, name, typ, about, parent string
	owner                        *person // nil is the network
	marks                        marks
}

func (n *Network) place(id string) *place {
	i := slices.IndexFunc(n.places, func(pl *place) bool { return pl.id == id })
	if i < 0 {
		return nil
	}
	return n.places[i]
}

func (n *Network) addPlace(p parvis.Place, owner *person) *place {
	pl := &place{id: n.next("c"), name: p.Name, typ: p.Type, about: p.About, parent: p.Parent.ID, owner: owner, marks: marks{}}
	n.places = append(n.places, pl)
	return pl
}

// findPlace returns the place that r names.
func (a *Account) findPlace(r parvis.Ref) (*place, error) {
	if pl := a.n.place(r.ID); pl != nil && r.Kind == parvis.KindPlace {
		return pl, nil
	}
	return nil, missing("place")
}

// place is the place with the ID as the account sees it; zero if there is none.
func (a *Account) place(id string) parvis.Place {
	pl := a.n.place(id)
	if pl == nil {
		return parvis.Place{}
	}
	return parvis.Place{
		Ref: a.ref(parvis.KindPlace, pl.id), Name: pl.name, Type: pl.typ, About: pl.about,
		URL: a.n.address(pl.id), Parent: a.ref(parvis.KindPlace, pl.parent),
	}
}

// Places lists the places of the network, oldest first.
func (a *Account) Places(ctx context.Context) iter.Seq2[parvis.Place, error] {
	return list(ctx, a, reading("places"), func() ([]parvis.Place, error) {
		var all []parvis.Place
		for _, pl := range a.n.places {
			all = append(all, a.place(pl.id))
		}
		return all, nil
	})
}

// CreatePlace makes a place that belongs to the account. A name that is taken, in
// whatever case, below the same parent gives [parvis.ErrDuplicate].
func (a *Account) CreatePlace(ctx context.Context, p parvis.Place) (made parvis.Place, err error) {
	err = a.do(ctx, changing("create place"), func() error {
		if err := a.fits(p, ""); err != nil {
			return err
		}
		made = a.place(a.n.addPlace(p, a.p).id)
		return nil
	})
	return made, err
}

// fits checks what a place is to be; id is that of the place itself.
func (a *Account) fits(p parvis.Place, id string) error {
	if strings.TrimSpace(p.Name) == "" {
		return invalid("name_missing", "the place has no name", "set Place.Name")
	}
	if err := a.free(""); err != nil {
		return err
	}
	if !p.Parent.IsZero() {
		if _, err := a.findPlace(p.Parent); err != nil {
			return err
		}
	}
	for up := a.n.place(p.Parent.ID); up != nil && id != ""; up = a.n.place(up.parent) {
		if up.id == id {
			return invalid("parent_loop", "the place would lie in itself", "choose another parent")
		}
	}
	for _, other := range a.n.places {
		if other.id != id && other.parent == p.Parent.ID && strings.EqualFold(other.name, p.Name) {
			return fail(parvis.ErrDuplicate, "name_taken", "there is a place of this name", "use that one, or choose another name")
		}
	}
	return nil
}

// UpdatePlace changes a place of the account, or any if it is a moderator.
func (a *Account) UpdatePlace(ctx context.Context, p parvis.Place) (now parvis.Place, err error) {
	err = a.do(ctx, changing("update place"), func() error {
		pl, err := a.ownPlace(p.Ref)
		if err != nil {
			return err
		}
		if err := a.fits(p, pl.id); err != nil {
			return err
		}
		pl.name, pl.typ, pl.about, pl.parent = p.Name, p.Type, p.About, p.Parent.ID
		now = a.place(pl.id)
		return nil
	})
	return now, err
}

// DeletePlace removes a place of the account, or any if it is a moderator. Its posts stay,
// in no place, and places in it move up.
func (a *Account) DeletePlace(ctx context.Context, r parvis.Ref) error {
	return a.do(ctx, changing("delete place"), func() error {
		pl, err := a.ownPlace(r)
		if err != nil {
			return err
		}
		a.n.places = slices.DeleteFunc(a.n.places, func(other *place) bool { return other == pl })
		for _, below := range a.n.places {
			if below.parent == pl.id {
				below.parent = pl.parent
			}
		}
		for _, it := range a.n.items {
			if it.place == pl.id {
				it.place = ""
			}
		}
		return nil
	})
}

func (a *Account) ownPlace(r parvis.Ref) (*place, error) {
	pl, err := a.findPlace(r)
	if err == nil && pl.owner != a.p && !a.p.moderator {
		err = forbidden("not_yours", "the place is somebody else's", "ask its owner or a moderator")
	}
	return pl, err
}
