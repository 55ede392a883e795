package wordpress

import (
	"context"
	"html"
	"iter"
	"net/http"
	"net/url"
	"strings"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/httpx"
	"github.com/parvis-go/parvis/providers/wordpress/internal/api"
)

// category is the type of places that are categories.
const category = "category"

func (c *Client) pagesPlace() parvis.Place {
	return parvis.Place{Ref: c.ref(parvis.KindPlace, pages), Name: "Pages", Type: pages}
}

// Places gives every category, then the blog as a whole ("posts") and the pages ("pages").
//
// https://developer.wordpress.org/rest-api/reference/categories/#list-categorys
func (c *Client) Places(ctx context.Context) iter.Seq2[parvis.Place, error] {
	return func(yield func(parvis.Place, error) bool) {
		const op = "list places"
		q := url.Values{"orderby": {"id"}}
		for raw, err := range c.all(ctx, api.Call{Op: op, Route: "/wp/v2/" + categories, Query: q}) {
			var t api.Term
			if err == nil {
				err = decode(op, raw, &t)
			}
			if err != nil {
				yield(parvis.Place{}, err)
				return
			}
			if !yield(c.place(t), nil) {
				return
			}
		}
		blog := parvis.Place{Ref: c.ref(parvis.KindPlace, posts), Name: "Posts", Type: posts}
		_ = yield(blog, nil) && yield(c.pagesPlace(), nil)
	}
}

func (c *Client) place(t api.Term) parvis.Place {
	p := parvis.Place{
		Ref: c.ref(parvis.KindPlace, categoryPrefix+itoa(t.ID)), Name: html.UnescapeString(t.Name), Type: category,
		About: html.UnescapeString(t.Description), URL: t.Link,
	}
	if t.Parent != 0 {
		p.Parent = c.ref(parvis.KindPlace, categoryPrefix+itoa(t.Parent))
	}
	return p
}

// CreatePlace makes a category. A name that is there already gives [parvis.ErrDuplicate].
//
// https://developer.wordpress.org/rest-api/reference/categories/#create-a-category
func (c *Client) CreatePlace(ctx context.Context, pl parvis.Place) (parvis.Place, error) {
	const op = "create place"
	f, err := c.placeFields(op, pl)
	if err != nil {
		return parvis.Place{}, err
	}
	return c.setPlace(ctx, api.Call{Op: op, Method: http.MethodPost, Route: "/wp/v2/" + categories, Body: httpx.JSON(f)})
}

// UpdatePlace changes the name, description and parent of a category.
//
// https://developer.wordpress.org/rest-api/reference/categories/#update-a-category
func (c *Client) UpdatePlace(ctx context.Context, pl parvis.Place) (parvis.Place, error) {
	const op = "update place"
	id, err := c.categoryID(op, pl.Ref)
	if err != nil {
		return parvis.Place{}, err
	}
	f, err := c.placeFields(op, pl)
	if err != nil {
		return parvis.Place{}, err
	}
	return c.setPlace(ctx, api.Call{
		Op: op, Method: http.MethodPost, Route: "/wp/v2/" + categories + "/" + itoa(id),
		Endpoint: "/wp/v2/" + categories + "/:id", Body: httpx.JSON(f), Safe: true,
	})
}

// DeletePlace removes a category. Its posts stay, in the site's default category if they
// have no other.
//
// https://developer.wordpress.org/rest-api/reference/categories/#delete-a-category
func (c *Client) DeletePlace(ctx context.Context, place parvis.Ref) error {
	const op = "delete place"
	id, err := c.categoryID(op, place)
	if err != nil {
		return err
	}
	return c.drop(ctx, op, target{route: categories, id: id}, true)
}

func (c *Client) setPlace(ctx context.Context, k api.Call) (parvis.Place, error) {
	var t api.Term
	if _, err := c.api.Do(ctx, k, &t); err != nil {
		return parvis.Place{}, err
	}
	return c.place(t), nil
}

// placeFields returns the fields of a category.
func (c *Client) placeFields(op string, pl parvis.Place) (fields, error) {
	if pl.Type != "" && pl.Type != category {
		return nil, c.refuse(op, parvis.ErrUnsupported, "WordPress makes no places of the type "+pl.Type, `leave Place.Type empty, or make it "category"`)
	}
	if strings.TrimSpace(pl.Name) == "" {
		return nil, c.refuse(op, parvis.ErrInvalid, "the place has no name", "set Place.Name")
	}
	f := fields{"name": pl.Name, "description": pl.About, "parent": 0}
	if pl.Parent.IsZero() {
		return f, nil
	}
	id, err := c.categoryID(op, pl.Parent)
	f["parent"] = id
	return f, err
}

func (c *Client) categoryID(op string, r parvis.Ref) (int, error) {
	where, err := c.locate(op, r)
	if err == nil && where.category == 0 {
		err = c.refuse(op, parvis.ErrUnsupported, "only categories can be changed", "use a place of the type category")
	}
	return where.category, err
}
