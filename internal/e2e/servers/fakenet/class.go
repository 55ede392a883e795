package fakenet

import (
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/publish"
)

// A Class is what the network offers an account against posting twice.
type Class string

// The classes.
const (
	// Keyed networks honour the header Idempotency-Key: a second post with the same key
	// is answered with the first post, also while that is still being made. net/http by
	// itself repeats a request with that header when it finds a used connection closed.
	Keyed Class = "keyed"
	// ClientID networks let the client choose the ID of a post. One that is taken gives a
	// conflict, also if the post was deleted since, and the client reads the post back.
	ClientID Class = "client id"
	// Lookup networks keep a mark with each post and find posts by it. They take no keys.
	Lookup Class = "lookup"
	// Blind networks have neither keys nor chosen IDs nor a way to search.
	Blind Class = "blind"
)

// Classes are all of them.
func Classes() []Class { return []Class{Keyed, ClientID, Lookup, Blind} }

// once tells that a second post with the same key is none.
func (c Class) once() bool { return c == Keyed || c == ClientID }

// finds tells that a post can be looked for.
func (c Class) finds() bool { return c != Blind }

func (c Class) known() bool { return c.once() || c == Lookup || c == Blind }

// A degree is the answer to GET /support: what an account can do.
type degree struct {
	Class   Class           `json:"class"`
	Support publish.Support `json:"support"`
	// Settle is how long after it left a request may still make a post; see [Options.Settle].
	Settle time.Duration `json:"settle"`
}

// narrow sets to no what the wire, or the class, does not have.
func (c Class) narrow(s *publish.Support, keyLife time.Duration) {
	no := parvis.Never("this network has no call for that")
	s.Trash, s.React, s.Places, s.PlaceEdit, s.Schedule = no, no, no, no, publish.WindowSupport{Support: no}
	s.Reactions = nil
	s.Reconcile, s.Key = parvis.Full(), publish.KeySupport{Support: parvis.Never("this network takes no keys")}
	switch c {
	case Keyed:
		s.Key = publish.KeySupport{Support: parvis.Full(), For: keyLife}
	case ClientID:
		s.Key = publish.KeySupport{Support: parvis.Full()}
	case Blind:
		s.Reconcile = parvis.Never("this network has no way to look for a post")
	}
}
