package bluesky

import (
	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers/bluesky/internal/api"
)

// ref returns a reference of this account's client.
func (c *Client) ref(kind parvis.Kind, id string) parvis.Ref {
	if id == "" {
		return parvis.Ref{}
	}
	return parvis.Ref{Client: c.cfg.Client, Network: Network, Kind: kind, ID: id}
}

// postRef returns the reference of a record that is a post, by its address at://….
func (c *Client) postRef(uri string) parvis.Ref { return c.ref(parvis.KindPost, uri) }

// personRef returns the reference of an account, by its DID.
func (c *Client) personRef(did string) parvis.Ref { return c.ref(parvis.KindPerson, did) }

// placeRef returns the reference of a place, by its own ID.
func (c *Client) placeRef(id string) parvis.Ref { return c.ref(parvis.KindPlace, id) }

// recordOf returns the address of the record that r names. A reference of another kind,
// or one that is no address of a record, gives an error that matches [parvis.ErrInvalid].
func recordOf(r parvis.Ref) (api.URI, error) {
	switch r.Kind {
	case parvis.KindPost, parvis.KindComment, parvis.KindPlace:
		return api.ParseURI(r.ID)
	}
	return api.URI{}, &parvis.Error{
		Network: Network, Code: parvis.ErrInvalid, Message: "a reference of kind " + string(r.Kind) + " names no record",
		Help: "use a reference of a post",
	}
}

// didOf returns the DID of the person that r names, or of the author of the record.
func didOf(r parvis.Ref) (string, error) {
	if r.Kind == parvis.KindPerson && api.ValidDID(r.ID) {
		return r.ID, nil
	}
	if u, err := recordOf(r); err == nil && api.ValidDID(u.Authority) {
		return u.Authority, nil
	}
	return "", &parvis.Error{
		Network: Network, Code: parvis.ErrInvalid, Message: "the reference names nobody",
		Help: "use a reference that this network returned; a person's looks like did:plc:…",
	}
}
