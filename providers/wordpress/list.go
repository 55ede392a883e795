package wordpress

import (
	"context"
	"encoding/json"
	"iter"
	"maps"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers/wordpress/internal/api"
)

// all gives every item of a list, page after page. The list must be in an order in
// which new items come last, or items may come twice.
//
// https://developer.wordpress.org/rest-api/using-the-rest-api/pagination/
func (c *Client) all(ctx context.Context, k api.Call) iter.Seq2[json.RawMessage, error] {
	return func(yield func(json.RawMessage, error) bool) {
		k.Query = maps.Clone(k.Query)
		k.Query.Set("per_page", itoa(api.PerPage))
		for n := 1; ; n++ {
			k.Query.Set("page", itoa(n))
			page, err := c.api.List(ctx, k)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, raw := range page.Items {
				if !yield(raw, nil) {
					return
				}
			}
			if n >= page.Pages {
				return
			}
		}
	}
}

// decode reads one item of a list.
func decode(op string, raw json.RawMessage, out any) error {
	if err := json.Unmarshal(raw, out); err != nil {
		return &parvis.Error{
			Op: op, Network: Network, Code: parvis.ErrBadAnswer,
			Message: "an item of the site's answer cannot be read", Err: err,
		}
	}
	return nil
}
