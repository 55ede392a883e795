package bluesky

import (
	"context"
	"iter"
	"strings"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers/bluesky/internal/api"
)

// Members lists the account's followers, the newest first; in the place list/AT-URI, the
// people on the list. People who block the account are left out.
//
// https://docs.bsky.app/docs/api/app-bsky-graph-get-followers
// https://docs.bsky.app/docs/api/app-bsky-graph-get-list
func (c *Client) Members(ctx context.Context, place parvis.Place) iter.Seq2[parvis.Person, error] {
	const op = "list members"
	return func(yield func(parvis.Person, error) bool) {
		list, isList := strings.CutPrefix(place.Ref.ID, placeList)
		if !place.Ref.IsZero() && !isList {
			yield(parvis.Person{}, parvis.Unsupported(c.Account(), op, "only the account's followers and the people on a list can be listed"))
			return
		}
		me, err := c.did(ctx)
		seen := make(map[string]bool)
		at := api.Paging{Op: op, Proxy: c.cfg.AppView}
		for err == nil {
			var page api.Page[api.Actor]
			if isList {
				page, err = c.api.ListMembers(ctx, at, list)
			} else {
				page, err = c.api.Followers(ctx, at, me)
			}
			if err != nil {
				break
			}
			for _, a := range page.Items {
				if seen[a.DID] {
					continue
				}
				seen[a.DID] = true
				if !yield(c.person(a), nil) {
					return
				}
			}
			if page.Cursor == "" || page.Cursor == at.Cursor {
				return
			}
			at.Cursor = page.Cursor
		}
		yield(parvis.Person{}, parvis.In(err, c.Account(), op, parvis.ErrUnavailable))
	}
}
