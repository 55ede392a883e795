package api

import (
	"context"
	"encoding/json"
)

// Followers reads one page of the people who follow actor.
//
// https://docs.bsky.app/docs/api/app-bsky-graph-get-followers
func (c *Client) Followers(ctx context.Context, at Paging, actor string) (Page[Actor], error) {
	k := at.call("app.bsky.graph.getFollowers")
	k.Query.Set("actor", actor)
	var out struct {
		Followers []json.RawMessage `json:"followers"`
		Cursor    string            `json:"cursor"`
	}
	err := c.Query(ctx, k, &out)
	return Page[Actor]{actors(out.Followers), out.Cursor}, err
}

// ListMembers reads one page of the people on a list.
//
// https://docs.bsky.app/docs/api/app-bsky-graph-get-list
func (c *Client) ListMembers(ctx context.Context, at Paging, list string) (Page[Actor], error) {
	k := at.call("app.bsky.graph.getList")
	k.Query.Set("list", list)
	var out struct {
		Items []struct {
			Subject json.RawMessage `json:"subject"`
		} `json:"items"`
		Cursor string `json:"cursor"`
	}
	err := c.Query(ctx, k, &out)
	people := make([]json.RawMessage, len(out.Items))
	for i, it := range out.Items {
		people[i] = it.Subject
	}
	return Page[Actor]{actors(people), out.Cursor}, err
}

// actors reads persons, those left out that have no DID.
func actors(all []json.RawMessage) []Actor {
	out := make([]Actor, 0, len(all))
	for _, raw := range all {
		if a := DecodeActor(raw); a.DID != "" {
			out = append(out, a)
		}
	}
	return out
}
