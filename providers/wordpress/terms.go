package wordpress

import (
	"cmp"
	"context"
	"html"
	"net/http"
	"net/url"
	"strings"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/httpx"
	"github.com/parvis-go/parvis/providers/wordpress/internal/api"
)

// The two taxonomies of a stock site, as routes are named.
const (
	categories = "categories"
	tags       = "tags"
)

// terms returns the IDs of tags or categories by their names, which are made if they are
// not there.
func (c *Client) terms(ctx context.Context, op, taxonomy string, names []string) ([]int, error) {
	var ids []int
	for _, name := range names {
		name = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(name), "#"))
		if name == "" {
			continue
		}
		id, err := c.term(ctx, op, taxonomy, name)
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// term finds one by its name, or makes it.
//
// https://developer.wordpress.org/rest-api/reference/tags/#create-a-tag
func (c *Client) term(ctx context.Context, op, taxonomy, name string) (int, error) {
	id, err := c.findTerm(ctx, op, taxonomy, name)
	if id != 0 || err != nil {
		return id, err
	}
	var t api.Term
	resp, err := c.api.Do(ctx, api.Call{
		Op: op, Method: http.MethodPost, Route: "/wp/v2/" + taxonomy,
		Body: httpx.JSON(map[string]string{"name": name}), Safe: true,
	}, &t)
	if parvis.CodeOf(err) != parvis.ErrDuplicate {
		return t.ID, err
	}
	if resp != nil { // somebody else made it meanwhile, or it is spelt another way
		if f, ok := api.ParseFault(resp.Body); ok && f.Data.TermID != 0 {
			return f.Data.TermID, nil
		}
	}
	return 0, err
}

// findTerm returns the ID of the term with that name, or 0. WordPress holds names that
// differ in case only for the same. One at the top goes before one below another.
func (c *Client) findTerm(ctx context.Context, op, taxonomy, name string) (int, error) {
	below := 0
	q := url.Values{"search": {name}, "orderby": {"id"}}
	for raw, err := range c.all(ctx, api.Call{Op: op, Route: "/wp/v2/" + taxonomy, Query: q}) {
		if err != nil {
			return 0, err
		}
		var t api.Term
		if err := decode(op, raw, &t); err != nil {
			return 0, err
		}
		if !strings.EqualFold(html.UnescapeString(t.Name), name) {
			continue
		}
		if t.Parent == 0 {
			return t.ID, nil
		}
		below = cmp.Or(below, t.ID)
	}
	return below, nil
}
