package fakenet

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/publish"
)

// claimed is what a claim is on: a key of an account.
type claimed struct{ account, key string }

// A claim is the right to make the post of a key. Guarded by Server.mu but for done.
type claim struct {
	done chan struct{} // closed when the post is made, or was refused
	made *Delivery     // nil until then, and if it was refused
	when time.Time
}

// publish makes a post, unless there is one for its key and the class honours that.
func (v *visit) publish() (any, error) {
	in, err := v.open()
	if err != nil {
		return nil, err
	}
	what := Visit{Op: "publish", Key: in.key, Marker: Marker(in.draft.Text), ID: in.id}
	v.at(Received, what)
	var post publish.Post
	made, again, err := v.once(in.key, func() (*Delivery, error) {
		v.work()
		d, p, err := v.create(in)
		post = p
		return d, err
	})
	v.at(Taken, what)
	switch {
	case err != nil:
		return nil, err
	case !again:
		return v.s.outward(v.m, post), nil
	case v.m.class == ClientID:
		v.s.note(func(t *Tally) { t.Conflicts++ })
		return nil, refuse(http.StatusConflict, wordTaken, "there is a post with this ID")
	}
	v.s.note(func(t *Tally) { t.Replayed++ })
	return v.replay(made)
}

// replay answers with the post that the key stands for.
func (v *visit) replay(d *Delivery) (any, error) {
	if v.s.deleted(d) {
		return nil, refuse(http.StatusConflict, wordUsed, "the post of this key was deleted since")
	}
	return v.read(d.townID)
}

func (s *Server) note(f func(*Tally)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(&s.tally)
}

func (s *Server) deleted(d *Delivery) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return d.Deleted
}

// once calls create unless there is a post for the key; again tells that there is. A post
// that is just being made is waited for. Without a key, or where the class honours none,
// it always calls create.
func (v *visit) once(key string, create func() (*Delivery, error)) (d *Delivery, again bool, err error) {
	if key == "" || !v.m.class.once() {
		d, err = create()
		return d, false, err
	}
	k := claimed{v.m.id, key}
	for {
		c, mine := v.s.claim(k, v.m.class)
		if mine {
			defer func() { v.s.settle(k, c, d) }()
			d, err = create()
			return d, false, err
		}
		select {
		case <-c.done:
		case <-v.r.Context().Done():
			return nil, false, errAbort
		}
		if c.made != nil {
			return c.made, true, nil
		}
	}
}

// claim returns the claim on a key, and whether the caller has just got it.
func (s *Server) claim(k claimed, class Class) (c *claim, mine bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c = s.claims[k]
	if c != nil && !s.forgotten(c, class) {
		return c, false
	}
	c = &claim{done: make(chan struct{}), when: s.opt.Now()}
	s.claims[k] = c
	return c, true
}

// forgotten tells that the network remembers the key no more. IDs are never forgotten.
func (s *Server) forgotten(c *claim, class Class) bool {
	return class == Keyed && c.made != nil && s.opt.KeyLife > 0 && s.opt.Now().Sub(c.when) >= s.opt.KeyLife
}

// settle ends a claim with the post that was made, or frees the key.
func (s *Server) settle(k claimed, c *claim, made *Delivery) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.made = made; made == nil {
		delete(s.claims, k)
	}
	close(c.done)
}

// create lets the town make the post. It may be made although there is an error: then the
// delivery says so.
func (v *visit) create(in parcel) (*Delivery, publish.Post, error) {
	s, m := v.s, v.m
	d := s.inward(in.draft)
	m.order.Lock()
	defer m.order.Unlock()
	d.Key = s.townKey()
	orphan := v.gone()
	post, err := m.town.Publish(v.ctx(), d)
	if errors.Is(err, parvis.ErrUnknownOutcome) {
		found, there := v.recover(publish.Attempt{Account: m.town.Account(), Draft: d, Started: s.opt.Now()})
		if !there {
			return nil, post, err
		}
		return s.made(m, in, found, orphan), found, err
	}
	if err != nil {
		return nil, post, err
	}
	return s.made(m, in, post, orphan), post, nil
}

// townKey is a key that the town has never seen: it must not drop what comes twice.
func (s *Server) townKey() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drafts++
	return fmt.Sprintf("fakenet-%d", s.drafts)
}

// recoveries is how often the town is asked what became of a post that a fault of its own
// has hidden; more faults than that may stand in the way of the question itself.
const recoveries = 10

// recover asks the town what became of a post, past the wire.
func (v *visit) recover(t publish.Attempt) (publish.Post, bool) {
	for range recoveries {
		post, err := v.m.town.Reconcile(v.ctx(), t)
		if err == nil {
			return post, true
		}
		if errors.Is(err, parvis.ErrNotFound) {
			return post, false
		}
	}
	v.s.note(func(t *Tally) { t.Unsure++ })
	return publish.Post{}, false
}
