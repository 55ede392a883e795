package fakenet

import (
	"net/http"
	"time"

	"github.com/parvis-go/parvis"
)

// ref is the post that the path names, as the town has it.
func (v *visit) ref() parvis.Ref {
	v.s.mu.Lock()
	defer v.s.mu.Unlock()
	return v.s.refInward(v.townRef(v.r.PathValue("id")))
}

func (v *visit) townRef(id string) parvis.Ref {
	a := v.m.town.Account()
	return parvis.Ref{Client: a.Client, Network: a.Network, Host: a.Host, Kind: parvis.KindPost, ID: id}
}

// read returns the town's post.
func (v *visit) read(townID string) (any, error) {
	post, err := v.m.town.Get(v.ctx(), v.townRef(townID))
	if err != nil {
		return nil, err
	}
	return v.s.outward(v.m, post), nil
}

func (v *visit) get() (any, error) { return v.read(v.ref().ID) }

func (v *visit) metrics() (any, error) { return v.m.town.Metrics(v.ctx(), v.ref()) }

func (v *visit) edit() (any, error) {
	in, err := v.open()
	if err != nil {
		return nil, err
	}
	what := Visit{Op: "edit", Marker: Marker(in.draft.Text), ID: v.r.PathValue("id")}
	v.at(Received, what)
	v.work()
	post, err := v.m.town.Edit(v.ctx(), v.ref(), v.s.inward(in.draft))
	if err == nil {
		v.change(func(d *Delivery) { d.Edits++ })
	}
	v.at(Taken, what)
	if err != nil {
		return nil, err
	}
	return v.s.outward(v.m, post), nil
}

func (v *visit) remove() (any, error) {
	what := Visit{Op: "delete", ID: v.r.PathValue("id")}
	v.at(Received, what)
	v.work()
	err := v.m.town.Delete(v.ctx(), v.ref())
	if err == nil {
		v.change(func(d *Delivery) { d.Deleted = true })
	}
	v.at(Taken, what)
	return nil, err
}

// change notes what has happened to the post that the path names.
func (v *visit) change(f func(*Delivery)) {
	v.s.mu.Lock()
	defer v.s.mu.Unlock()
	if d := v.s.ledger.byID[v.r.PathValue("id")]; d != nil {
		f(d)
	}
}

// reconcile looks for a post of the account: by ?key= or by ?text= and ?since=.
func (v *visit) reconcile() (any, error) {
	if !v.m.class.finds() {
		return nil, refuse(http.StatusNotImplemented, "no_lookup", "this network has no way to look for a post")
	}
	d, err := v.find()
	switch {
	case err != nil:
		return nil, err
	case d == nil:
		return nil, refuse(http.StatusNotFound, "not_found", "there is no such post")
	case v.s.deleted(d):
		return nil, refuse(http.StatusGone, wordDeleted, "it was posted, and deleted since")
	}
	return v.read(d.townID)
}

func (v *visit) find() (*Delivery, error) {
	q := v.r.URL.Query()
	key, text := q.Get("key"), q.Get("text")
	if key == "" && text == "" {
		return nil, refuse(http.StatusBadRequest, "nothing_to_find", "give a key or a text")
	}
	var since time.Time
	if s := q.Get("since"); s != "" {
		var err error
		if since, err = time.Parse(time.RFC3339Nano, s); err != nil {
			return nil, refuse(http.StatusBadRequest, "bad_time", "since is not a time as in RFC 3339")
		}
	}
	v.s.mu.Lock()
	defer v.s.mu.Unlock()
	k := claimed{v.m.id, key}
	if key == "" {
		return v.s.ledger.said(v.m.id, text, since), nil
	}
	if !v.m.class.once() {
		return first(v.s.ledger.byKey[k]), nil
	}
	if c := v.s.claims[k]; c != nil && !v.s.forgotten(c, v.m.class) {
		return c.made, nil
	}
	return nil, nil
}

// support tells what the account can do.
func (v *visit) support() (any, error) {
	sup, err := v.m.town.PublishSupport(v.ctx(), parvis.Place{})
	if err != nil {
		return nil, err
	}
	v.s.mu.Lock()
	defer v.s.mu.Unlock()
	v.m.class.narrow(&sup, v.s.opt.KeyLife)
	return degree{Class: v.m.class, Support: sup, Settle: v.s.opt.Settle}, nil
}
