package wordpress

import (
	"strconv"
	"strings"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers/wordpress/internal/api"
)

// The two types of posts that the provider knows, as routes are named.
const (
	posts = "posts"
	pages = "pages"
)

// pagePrefix marks the IDs of pages, which live under another route than posts.
const pagePrefix = "page:"

// categoryPrefix marks the IDs of categories among places.
const categoryPrefix = "category:"

func itoa(n int) string { return strconv.Itoa(n) }

// number reads an ID of WordPress: a whole number above 0.
func number(s string) (int, bool) {
	n, err := strconv.Atoi(s)
	return n, err == nil && n > 0 && itoa(n) == s
}

func (c *Client) ref(k parvis.Kind, id string) parvis.Ref {
	return parvis.Ref{Client: c.cfg.Client, Network: Network, Host: c.host, Kind: k, ID: id}
}

func (c *Client) personRef(id int) parvis.Ref {
	if id == 0 {
		return parvis.Ref{}
	}
	return c.ref(parvis.KindPerson, itoa(id))
}

func (c *Client) commentRef(id int) parvis.Ref { return c.ref(parvis.KindComment, itoa(id)) }

// postRef names a post or page by WordPress's own word for its type.
func (c *Client) postRef(id int, postType string) parvis.Ref {
	if postType == "page" {
		return c.ref(parvis.KindPost, pagePrefix+itoa(id))
	}
	return c.ref(parvis.KindPost, itoa(id))
}

// A target is what a reference names on the site.
type target struct {
	kind  parvis.Kind
	id    int
	route string // "posts", "pages" or "comments"
}

func (t target) path() string     { return "/wp/v2/" + t.route + "/" + itoa(t.id) }
func (t target) endpoint() string { return "/wp/v2/" + t.route + "/:id" }

// find reads a reference to a post, page or comment.
func (c *Client) find(op string, r parvis.Ref) (target, error) {
	t := target{kind: r.Kind, route: posts}
	id := r.ID
	switch r.Kind {
	case parvis.KindComment:
		t.route = "comments"
	case parvis.KindPost:
		if rest, ok := strings.CutPrefix(id, pagePrefix); ok {
			t.route, id = pages, rest
		}
	default:
		return t, c.refuse(op, parvis.ErrInvalid, "a "+string(r.Kind)+" is neither a post nor a comment", "pass the Ref of a post, page or comment")
	}
	n, ok := number(id)
	if !ok {
		return t, c.refuse(op, parvis.ErrInvalid, "the reference has no ID of WordPress", "pass a Ref that this account returned")
	}
	t.id = n
	return t, nil
}

// A spot is what a place names: a route, and a category if it is one.
type spot struct {
	route    string
	category int
}

func (s spot) path() string { return "/wp/v2/" + s.route }

// locate reads a reference to a place; the zero one is the blog's posts.
func (c *Client) locate(op string, r parvis.Ref) (spot, error) {
	switch {
	case r.IsZero() || r.ID == posts && r.Kind == parvis.KindPlace:
		return spot{route: posts}, nil
	case r.ID == pages && r.Kind == parvis.KindPlace:
		return spot{route: pages}, nil
	}
	id, ok := strings.CutPrefix(r.ID, categoryPrefix)
	n, isNumber := number(id)
	if r.Kind != parvis.KindPlace || !ok || !isNumber {
		return spot{}, c.refuse(op, parvis.ErrInvalid, "there is no such place", "use one that publish.PlacesOf lists")
	}
	return spot{route: posts, category: n}, nil
}

// refuse is an error of the provider's own making.
func (c *Client) refuse(op string, code parvis.Code, what, help string) error {
	return &parvis.Error{Op: op, Network: Network, Account: c.Account().String(), Code: code, Message: what, Help: help}
}

func (c *Client) personOf(u api.User) parvis.Person {
	return parvis.Person{
		Ref: c.personRef(u.ID), Handle: u.Slug, Name: u.Name, URL: u.Link,
		Avatar: u.Avatars["96"], Followers: -1, Since: u.Registered.Time,
	}
}
