package api

import (
	"context"
	"encoding/json"
	"net/url"
)

// The collections of blocks and lists, and the purpose of a list that is for moderating.
//
// https://github.com/bluesky-social/atproto/tree/main/lexicons/app/bsky/graph
const (
	Blocks     = "app.bsky.graph.block"
	Lists      = "app.bsky.graph.list"
	ListItems  = "app.bsky.graph.listitem"
	ListBlocks = "app.bsky.graph.listblock"
	Profiles   = "app.bsky.actor.profile"
	ModList    = "app.bsky.graph.defs#modlist"
)

// A Relation is what the account has done to a person. Muted tells of the person's own
// mute or of one by a list, which ByList then names; Blocking is the record of the block,
// or of the block of a list.
//
// https://github.com/bluesky-social/atproto/blob/main/lexicons/app/bsky/actor/defs.json
type Relation struct {
	Muted          bool            `json:"muted"`
	OnlyReposts    bool            `json:"mutedOnlyReposts"`
	OnlyQuotes     bool            `json:"mutedOnlyQuoteposts"`
	ByList         json.RawMessage `json:"mutedByList"`
	Blocking       string          `json:"blocking"`
	BlockingByList json.RawMessage `json:"blockingByList"`
}

// Relation reads what the account has done to a person. One that the app view does not
// show is an error.
//
// https://docs.bsky.app/docs/api/app-bsky-actor-get-profile
func (c *Client) Relation(ctx context.Context, op, proxy, did string) (Relation, error) {
	var out struct {
		Viewer Relation `json:"viewer"`
	}
	k := Call{NSID: "app.bsky.actor.getProfile", Op: op, Query: url.Values{"actor": {did}}, Proxy: proxy}
	err := c.Query(ctx, k, &out)
	return out.Viewer, err
}

// Mutes reads one page of the persons whom the account has muted themselves, not by lists.
//
// https://docs.bsky.app/docs/api/app-bsky-graph-get-mutes
func (c *Client) Mutes(ctx context.Context, at Paging) (Page[Actor], error) {
	k := at.call("app.bsky.graph.getMutes")
	var out struct {
		Mutes  []json.RawMessage `json:"mutes"`
		Cursor string            `json:"cursor"`
	}
	err := c.Query(ctx, k, &out)
	return Page[Actor]{actors(out.Mutes), out.Cursor}, err
}

// What can be muted.
const (
	MuteActor  = "Actor"
	MuteThread = "Thread"
	MuteList   = "ActorList"
)

// Mute mutes a person, a thread by its first post, or the persons on a list, or unmutes
// them. It replaces a mute that is there. Doing so twice is no error.
//
// https://docs.bsky.app/docs/api/app-bsky-graph-mute-actor
// https://docs.bsky.app/docs/api/app-bsky-graph-mute-thread
// https://docs.bsky.app/docs/api/app-bsky-graph-mute-actor-list
func (c *Client) Mute(ctx context.Context, k Call, what, id string, on bool) error {
	verb := ".mute"
	if !on {
		verb = ".unmute"
	}
	in, _ := k.Input.(map[string]any)
	if in == nil {
		in = map[string]any{}
	}
	in[map[string]string{MuteActor: "actor", MuteThread: "root", MuteList: "list"}[what]] = id
	k.NSID, k.Input, k.Safe = "app.bsky.graph"+verb+what, in, true
	return c.Procedure(ctx, k, nil)
}

// A ListView is a list as the app view shows it to the account.
//
// https://github.com/bluesky-social/atproto/blob/main/lexicons/app/bsky/graph/defs.json
type ListView struct {
	URI     string `json:"uri"`
	Name    string `json:"name"`
	Purpose string `json:"purpose"`
	Viewer  struct {
		Muted   bool   `json:"muted"`
		Blocked string `json:"blocked"`
	} `json:"viewer"`
}

// A ListItem is a person on a list, and the record that says so.
type ListItem struct{ URI, DID string }

// List reads a list, with one page of its items.
//
// https://docs.bsky.app/docs/api/app-bsky-graph-get-list
func (c *Client) List(ctx context.Context, at Paging, list string) (ListView, Page[ListItem], error) {
	k := at.call("app.bsky.graph.getList")
	k.Query.Set("list", list)
	var out struct {
		List  ListView `json:"list"`
		Items []struct {
			URI     string `json:"uri"`
			Subject struct {
				DID string `json:"did"`
			} `json:"subject"`
		} `json:"items"`
		Cursor string `json:"cursor"`
	}
	err := c.Query(ctx, k, &out)
	page := Page[ListItem]{Cursor: out.Cursor}
	for _, it := range out.Items {
		page.Items = append(page.Items, ListItem{it.URI, it.Subject.DID})
	}
	return out.List, page, err
}
