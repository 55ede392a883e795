package bluesky

import (
	"context"
	"iter"
	"net/url"
	"strconv"
	"strings"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/moderate"
	"github.com/parvis-go/parvis/providers/bluesky/internal/api"
)

// Log reads what the team of Config.Ozone, and those who report to it, have done, newest
// first. Events about chat messages are left out.
//
// https://docs.bsky.app/docs/api/tools-ozone-moderation-query-events
func (c *Client) Log(ctx context.Context, place parvis.Place) iter.Seq2[moderate.Entry, error] {
	return func(yield func(moderate.Entry, error) bool) {
		const op = "read log"
		if err := c.readsOzone(ctx, op, place); err != nil {
			yield(moderate.Entry{}, err)
			return
		}
		allPages(c, op, yield, func(at api.Paging) (api.Page[moderate.Entry], error) {
			page, err := c.api.Events(ctx, at, url.Values{"sortDirection": {"desc"}})
			out := api.Page[moderate.Entry]{Cursor: page.Cursor}
			for _, e := range page.Items {
				if e.Subject.ID() != "" {
					out.Items = append(out.Items, c.entry(e))
				}
			}
			return out, err
		})
	}
}

// entry is a line of the log.
func (c *Client) entry(e api.EventView) moderate.Entry {
	_, vendor, _ := strings.Cut(e.Event.Type, "#")
	return moderate.Entry{
		ID: strconv.FormatInt(e.ID, 10), Time: api.ParseTime(e.Created), By: c.person(api.Actor{DID: e.By, Handle: e.ByHandle}),
		Do: doOf(e), Vendor: vendor, On: c.subjectRef(e.Subject), Note: e.Event.Comment, Raw: e.Raw,
	}
}

// doOf is the word of the vocabulary for an event, or "".
func doOf(e api.EventView) moderate.Do {
	account := e.Subject.Type == api.SubjectAccount
	switch e.Event.Type {
	case api.EventTakedown:
		if account {
			return moderate.DoBan
		}
		return moderate.DoRemove
	case api.EventReverse:
		if account {
			return moderate.DoUnban
		}
		return moderate.DoRestore
	case api.EventLabel:
		if e.Event.Create == nil || len(*e.Event.Create) == 0 {
			return moderate.DoUnlabel
		}
		return moderate.DoLabel
	case api.EventAcknowledge:
		return moderate.DoResolve
	case api.EventReport:
		return moderate.DoReport
	}
	return ""
}
