package parvis

import "time"

// Network is the name of a network as a manifest spells it: lower case, no spaces,
// for example "mastodon" or "wordpress".
type Network string

// An Account is one identity on one network that a provider acts as.
// Accounts are comparable.
type Account struct {
	// Client is the organisation that the account speaks for; see the package comment.
	Client string `json:"client,omitempty"`
	// Network is the network that the account lives on.
	Network Network `json:"network"`
	// Host is the server, site or instance, for networks that have many:
	// "mastodon.example". It is empty where the network is one place.
	Host string `json:"host,omitempty"`
	// ID is the network's own identifier of the account. It may be empty as long as
	// the provider has not yet asked the network who it is.
	ID string `json:"id,omitempty"`
	// Handle is the name that people write to address the account, without a leading @.
	Handle string `json:"handle,omitempty"`
	// Name is the display name.
	Name string `json:"name,omitempty"`
}

// String returns the account as people write it: "mastodon:acme@mastodon.example".
func (a Account) String() string {
	who := a.Handle
	if who == "" {
		who = a.ID
	}
	s := string(a.Network)
	if who != "" {
		s += ":" + who
	}
	if a.Host != "" {
		s += "@" + a.Host
	}
	return s
}

// Ref returns the reference of the account as a person on its network.
func (a Account) Ref() Ref {
	return Ref{Client: a.Client, Network: a.Network, Host: a.Host, Kind: KindPerson, ID: a.ID}
}

// Owns reports whether r may be handed to this account: nil if so,
// an error that matches [ErrForeignClient] if r belongs to another client, and
// one that matches [ErrInvalid] if it names another network or another server.
// A zero r is owned by everyone.
//
// The doors call Owns before anything else; a provider need not.
func (a Account) Owns(r Ref) error {
	switch {
	case r.IsZero():
		return nil
	case r.Client != "" && r.Client != a.Client:
		return &Error{
			Network: a.Network, Account: a.String(), Code: ErrForeignClient,
			Message: "the reference " + r.String() + " belongs to another client",
			Help:    "use a reference that an account of this client returned",
		}
	case r.Network != a.Network:
		return &Error{
			Network: a.Network, Account: a.String(), Code: ErrInvalid,
			Message: "the reference " + r.String() + " is of another network",
			Help:    "pass it to an account on " + string(r.Network),
		}
	case r.Host != "" && r.Host != a.Host:
		return &Error{
			Network: a.Network, Account: a.String(), Code: ErrInvalid,
			Message: "the reference " + r.String() + " is of another server",
			Help:    "pass it to an account on " + r.Host + ", or search for it from this one",
		}
	}
	return nil
}

// A Person is somebody on a network: an author, a member, a follower.
type Person struct {
	// Ref names the person; its Kind is [KindPerson].
	Ref Ref `json:"ref"`
	// Handle is what people write to address the person, without a leading @.
	Handle string `json:"handle,omitempty"`
	// Name is the display name.
	Name string `json:"name,omitempty"`
	// URL is the person's page.
	URL string `json:"url,omitempty"`
	// Avatar is the address of the person's picture.
	Avatar string `json:"avatar,omitempty"`
	// Bot tells that the network marks the account as automated.
	Bot bool `json:"bot,omitempty"`
	// Followers is the number of followers, or -1 where the network does not say.
	Followers int `json:"followers"`
	// Since is when the account was made; zero where the network does not say.
	Since time.Time `json:"since,omitzero"`
}

// A Place is where posts go or are heard inside a network: a channel, a room, a forum
// category, a page, a blog's category, a playlist. The zero Place is the account's
// own timeline, or whatever the network takes as the default.
type Place struct {
	// Ref names the place; its Kind is [KindPlace].
	Ref Ref `json:"ref"`
	// Name is what people read.
	Name string `json:"name,omitempty"`
	// Type is the network's own word for it: "category", "channel", "list".
	Type string `json:"type,omitempty"`
	// About is the place's description or topic.
	About string `json:"about,omitempty"`
	// URL is the place's page.
	URL string `json:"url,omitempty"`
	// Parent is the place that this one lies in, if any.
	Parent Ref `json:"parent,omitzero"`
}

// IsZero reports whether p is the default place.
func (p Place) IsZero() bool { return p == Place{} }
