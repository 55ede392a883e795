package bluesky

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/moderate"
	"github.com/parvis-go/parvis/providers/bluesky/internal/api"
)

// CreateModList makes a public list of people that whoever trusts the account can mute or
// block as a whole, and returns it as a place: [moderate.Mute] and [moderate.Block] with
// its reference do so, and [Client.Members] reads it. The name has 1 to 64 characters
// (bytes), the description up to 300.
//
// https://github.com/bluesky-social/atproto/blob/main/lexicons/app/bsky/graph/list.json
func (c *Client) CreateModList(ctx context.Context, name, description string) (parvis.Place, error) {
	const op = "create list"
	me, err := c.did(ctx)
	if err != nil {
		return parvis.Place{}, parvis.In(notSent(err), c.Account(), op, parvis.ErrUnavailable)
	}
	if name == "" || len(name) > 64 || len([]rune(description)) > 300 {
		err := &parvis.Error{Code: parvis.ErrInvalid, Message: "the name of the list is missing or too long, or the description is", Help: "a name has up to 64 bytes, a description up to 300 characters"}
		return parvis.Place{}, parvis.In(err, c.Account(), op, parvis.ErrInvalid)
	}
	at := api.URI{Authority: me, Collection: api.Lists, RKey: api.NowTID()}
	rec := map[string]any{"$type": api.Lists, "purpose": api.ModList, "name": name, "createdAt": api.FormatTime(time.Now())}
	if description != "" {
		rec["description"] = description
	}
	if err := c.ensure(ctx, op, at, rec); err != nil {
		return parvis.Place{}, parvis.In(err, c.Account(), op, parvis.ErrUnknownOutcome)
	}
	return parvis.Place{Ref: c.placeRef(placeList + at.String()), Name: name}, nil
}

// DeleteList removes a list of the account with all that is on it.
func (c *Client) DeleteList(ctx context.Context, list parvis.Ref) error {
	const op = "delete list"
	at, err := c.ownList(ctx, op, list)
	if err != nil {
		return err
	}
	items, err := c.items(ctx, op, at.String(), "")
	if err != nil && !errors.Is(err, parvis.ErrNotFound) {
		return parvis.In(notSent(err), c.Account(), op, parvis.ErrUnavailable)
	}
	for _, item := range append(items, at) {
		if err := c.api.Delete(ctx, op, item); err != nil {
			return parvis.In(err, c.Account(), op, parvis.ErrUnknownOutcome)
		}
	}
	return nil
}

// AddToList puts a person on a list of the account. Doing so twice is no error.
//
// https://github.com/bluesky-social/atproto/blob/main/lexicons/app/bsky/graph/listitem.json
func (c *Client) AddToList(ctx context.Context, list, person parvis.Ref) error {
	return c.setMember(ctx, "add to list", list, person, true)
}

// RemoveFromList takes a person from a list of the account. One who is not on it is no error.
func (c *Client) RemoveFromList(ctx context.Context, list, person parvis.Ref) error {
	return c.setMember(ctx, "remove from list", list, person, false)
}

func (c *Client) setMember(ctx context.Context, op string, list, person parvis.Ref, on bool) error {
	if err := c.Account().Owns(person); err != nil {
		return parvis.In(err, c.Account(), op, parvis.ErrInvalid)
	}
	did, err := didOf(person)
	if err != nil {
		return parvis.In(err, c.Account(), op, parvis.ErrInvalid)
	}
	at, err := c.ownList(ctx, op, list)
	if err != nil {
		return err
	}
	item := api.URI{Authority: at.Authority, Collection: api.ListItems, RKey: api.KeyTID(at.Authority, at.String()+" "+did)}
	there, err := c.items(ctx, op, at.String(), did, item)
	switch {
	case err != nil:
	case on && len(there) == 0:
		err = c.ensure(ctx, op, item, map[string]any{
			"$type": api.ListItems, "list": at.String(), "subject": did, "createdAt": api.FormatTime(time.Now()),
		})
	case !on:
		for _, item := range there {
			err = errors.Join(err, c.api.Delete(ctx, op, item))
		}
	}
	return parvis.In(err, c.Account(), op, parvis.ErrUnknownOutcome)
}

// items returns the records that put a person, or "" for anybody, on a list: the likely
// ones that are there, and those that the app view knows.
func (c *Client) items(ctx context.Context, op, list, did string, likely ...api.URI) ([]api.URI, error) {
	all := likely
	at := api.Paging{Op: op, Proxy: c.cfg.AppView}
	for {
		_, page, err := c.api.List(ctx, at, list)
		if errors.Is(err, parvis.ErrNotFound) && len(likely) > 0 {
			break // the app view does not show a list that was just made
		}
		if err != nil {
			return nil, notSent(err)
		}
		for _, it := range page.Items {
			if uri := c.ownRecord(it.URI, api.ListItems); it.DID == did || did == "" {
				all = append(all, uri)
			}
		}
		if page.Cursor == "" || page.Cursor == at.Cursor {
			break
		}
		at.Cursor = page.Cursor
	}
	return c.links(ctx, op, all...)
}

// listAt returns the address of the list that a place is.
func listAt(list parvis.Ref) (api.URI, error) {
	at, err := api.ParseURI(strings.TrimPrefix(list.ID, placeList))
	if err != nil || list.Kind != parvis.KindPlace || at.Collection != api.Lists {
		return api.URI{}, &parvis.Error{Code: parvis.ErrInvalid, Message: "the place is not a list", Help: "its ID looks like list/at://did/" + api.Lists + "/rkey"}
	}
	return at, nil
}

// ownList returns the address of a list of the account, which is there.
func (c *Client) ownList(ctx context.Context, op string, list parvis.Ref) (api.URI, error) {
	if err := c.Account().Owns(list); err != nil {
		return api.URI{}, parvis.In(err, c.Account(), op, parvis.ErrInvalid)
	}
	at, err := listAt(list)
	if err == nil {
		_, err = c.did(ctx)
	}
	if err == nil && !c.own(at) {
		err = &parvis.Error{Code: parvis.ErrPermission, Message: "the list is somebody else's", Help: "use a list of this account"}
	}
	if err == nil {
		_, err = c.api.Get(ctx, op, at)
	}
	return at, parvis.In(notSent(err), c.Account(), op, parvis.ErrUnavailable)
}

// muteList mutes the people on a list, for the account alone, or takes that back.
func (c *Client) muteList(ctx context.Context, a moderate.Action) (moderate.Act, error) {
	at, v, err := c.list(ctx, a)
	if err != nil {
		return moderate.Act{}, err
	}
	was, want := v.Viewer.Muted, a.Do == moderate.DoMute
	k := api.Call{Op: string(a.Do), Proxy: c.cfg.AppView}
	if err := c.api.Mute(ctx, k, api.MuteList, at.String(), want); err != nil {
		return moderate.Act{}, err
	}
	c.await(ctx, func() (bool, error) {
		_, v, err := c.list(ctx, a)
		return err == nil && v.Viewer.Muted == want, err
	})
	return act(a, change{word(was, "muted", "not muted"), word(want, "muted", "not muted")}, nil), nil
}

// blockList blocks the people on a list, which is a public record, or takes that back.
//
// https://github.com/bluesky-social/atproto/blob/main/lexicons/app/bsky/graph/listblock.json
func (c *Client) blockList(ctx context.Context, a moderate.Action) (moderate.Act, error) {
	at, v, err := c.list(ctx, a)
	if err != nil {
		return moderate.Act{}, err
	}
	return c.link(ctx, a, api.ListBlocks, at.String(), v.Viewer.Blocked)
}

// list reads a list of anybody as the app view shows it; one that was just made is waited for.
func (c *Client) list(ctx context.Context, a moderate.Action) (api.URI, api.ListView, error) {
	at, err := listAt(a.On)
	if err != nil {
		return at, api.ListView{}, err
	}
	var v api.ListView
	c.await(ctx, func() (bool, error) {
		v, _, err = c.api.List(ctx, api.Paging{Op: string(a.Do), Proxy: c.cfg.AppView}, at.String())
		if errors.Is(err, parvis.ErrNotFound) && c.own(at) {
			_, gone := c.api.Get(ctx, string(a.Do), at)
			return false, gone
		}
		return err == nil, err
	})
	return at, v, unseen(err)
}
