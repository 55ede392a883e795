package bluesky

import (
	"context"
	"encoding/json"
	"iter"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/moderate"
	"github.com/parvis-go/parvis/providers/bluesky/internal/api"
)

// Pending lists the cases of Ozone that wait for a decision: first those that were
// escalated, then the others, each the longest reported first. The Ref of a case is of
// [parvis.KindReport], and its ID that of the record or account that it is about. Reporter,
// Note and Category are those of the last report by somebody else. Cases about chat messages are left out.
//
// https://docs.bsky.app/docs/api/tools-ozone-moderation-query-statuses
func (c *Client) Pending(ctx context.Context, place parvis.Place) iter.Seq2[moderate.Case, error] {
	return func(yield func(moderate.Case, error) bool) {
		const op = "list pending"
		if err := c.readsOzone(ctx, op, place); err != nil {
			yield(moderate.Case{}, err)
			return
		}
		seen := make(map[string]bool)
		for _, state := range []string{api.ReviewEscalated, api.ReviewOpen} {
			q := url.Values{"reviewState": {state}, "sortField": {"lastReportedAt"}, "sortDirection": {"asc"}}
			more := allPages(c, op, yield, func(at api.Paging) (api.Page[moderate.Case], error) {
				return c.cases(ctx, at, q, seen)
			})
			if !more {
				return
			}
		}
	}
}

// readsOzone refuses those who may not read a list of Ozone.
func (c *Client) readsOzone(ctx context.Context, op string, place parvis.Place) error {
	if !place.IsZero() {
		return parvis.Unsupported(c.Account(), op, noRooms)
	}
	if _, err := c.did(ctx); err != nil {
		return err
	}
	m, err := c.membership(ctx)
	if err != nil {
		return err
	}
	return m.may(moderate.DoResolve).Err(c.Account(), op)
}

// allPages gives the items of all pages to yield, and reports whether to go on.
func allPages[T any](c *Client, op string, yield func(T, error) bool, read func(api.Paging) (api.Page[T], error)) bool {
	at := api.Paging{Op: op, Proxy: c.cfg.Ozone}
	for {
		page, err := read(at)
		if err != nil {
			var zero T
			yield(zero, err)
			return false
		}
		for _, v := range page.Items {
			if !yield(v, nil) {
				return false
			}
		}
		if page.Cursor == "" || page.Cursor == at.Cursor {
			return true
		}
		at.Cursor = page.Cursor
	}
}

// cases reads one page of the queue, with what each case is about.
func (c *Client) cases(ctx context.Context, at api.Paging, q url.Values, seen map[string]bool) (api.Page[moderate.Case], error) {
	page, err := c.api.Statuses(ctx, at, q)
	out := api.Page[moderate.Case]{Cursor: page.Cursor}
	if err != nil {
		return out, err
	}
	all := slices.DeleteFunc(page.Items, func(s api.Status) bool {
		id := s.Subject.ID()
		known := id == "" || seen[id]
		seen[id] = true
		return known
	})
	var ids []string
	for _, s := range all {
		ids = append(ids, s.Subject.ID())
	}
	var records map[string]json.RawMessage
	if len(ids) > 0 {
		if records, err = c.api.Subjects(ctx, at.Op, at.Proxy, ids); err != nil {
			return out, err
		}
	}
	for _, s := range all {
		k := c.caseFor(s, records[s.Subject.ID()])
		if err := c.addReport(ctx, at, &k); err != nil {
			return out, err
		}
		out.Items = append(out.Items, k)
	}
	return out, nil
}

// caseFor is the case of a subject.
func (c *Client) caseFor(s api.Status, record json.RawMessage) moderate.Case {
	id := s.Subject.ID()
	k := moderate.Case{
		Ref: c.ref(parvis.KindReport, id), Why: "reported", On: c.subjectRef(s.Subject),
		State: reviewWord(s.Review), Time: api.ParseTime(s.Reported), Note: s.Comment, Raw: s.Raw,
	}
	if k.Time.IsZero() {
		k.Time, k.Why = api.ParseTime(s.Created), "flagged"
	}
	did := s.Subject.DID
	if at, err := api.ParseURI(id); err == nil {
		did = at.Authority
		k.Also = []parvis.Ref{c.personRef(did)}
	}
	k.Author = c.person(api.Actor{DID: did, Handle: s.Handle})
	if v, err := api.DecodeRecord(api.Record{Strong: api.Strong{URI: id, CID: s.Subject.CID}, Value: record}); err == nil {
		k.Text = v.Text
	}
	return k
}

// addReport adds what the last report about a case says, and how many there were.
func (c *Client) addReport(ctx context.Context, at api.Paging, k *moderate.Case) error {
	page, err := c.api.Events(ctx, api.Paging{Op: at.Op, Proxy: at.Proxy}, url.Values{"subject": {k.Ref.ID}, "types": {api.EventReport}})
	if err != nil || len(page.Items) == 0 {
		return err
	}
	// What this account has reported itself may be but its way to open the case again.
	last := page.Items[max(0, slices.IndexFunc(page.Items, func(e api.EventView) bool { return e.By != c.Account().ID }))]
	k.Reporter = c.person(api.Actor{DID: last.By, Handle: last.ByHandle})
	k.Note, k.Category = last.Event.Comment, categoryOf(last.Event.ReportType)
	switch n := len(page.Items); {
	case page.Cursor != "" && n > 1 && strconv.Itoa(n) == api.PageSize:
		k.State += ", " + api.PageSize + " reports or more"
	case n > 1:
		k.State += ", " + strconv.Itoa(n) + " reports"
	}
	return nil
}

// categoryOf is the category of a reason of reports: "spam", or its whole name if it is
// one of the labeler's own.
func categoryOf(reason string) string {
	name, ok := strings.CutPrefix(reason, "com.atproto.moderation.defs#reason")
	if !ok {
		return reason
	}
	return strings.ToLower(name)
}

// subjectRef is the reference of what moderators act on: a person, or a record.
func (c *Client) subjectRef(t api.Target) parvis.Ref {
	if t.Type == api.SubjectAccount {
		return c.personRef(t.DID)
	}
	return c.postRef(t.ID())
}
