package outbox

import (
	"context"
	"errors"
	"io"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/civil"
	"github.com/parvis-go/parvis/internal/ical"
)

// uidHost ends the UID of an entry's event, so that it is one in all calendars.
const uidHost = "@parvis-outbox"

// The properties of an event that calendars have none for.
const (
	icalState    = "X-PARVIS-STATE"
	icalReason   = "X-PARVIS-REASON"
	icalAccounts = "X-PARVIS-ACCOUNTS"
	icalTitle    = "X-PARVIS-TITLE"
	icalLink     = "X-PARVIS-LINK"
	icalMedia    = "X-PARVIS-MEDIA"
	icalLang     = "X-PARVIS-LANG"
	icalCampaign = "X-PARVIS-CAMPAIGN"
)

// icalLength is how long an event is, so that calendars have something to show.
const icalLength = 15 * time.Minute

// WriteICal writes the entries that q selects, and that have a time, as an iCalendar (RFC
// 5545) with the client's name. An event's summary is the title, or the beginning of the
// text; its description is the text; its URL is where the post is out; its categories are
// the labels; its status is CONFIRMED once it is scheduled, TENTATIVE before that and while
// a person must decide, and CANCELLED. Accounts, states and the rest are properties whose
// names begin with X-PARVIS-.
//
// https://www.rfc-editor.org/rfc/rfc5545
func (c *Client) WriteICal(ctx context.Context, w io.Writer, q Query) error {
	es, err := c.Entries(ctx, q) // once, for the events are gone through twice
	if err != nil {
		return err
	}
	es = slices.DeleteFunc(es, func(e Entry) bool {
		_, err := civil.ParseTime(e.When.Wall)
		return err != nil
	})
	return failed("write iCalendar", ical.Write(w, c.name, func() iter.Seq2[ical.Event, error] {
		return func(yield func(ical.Event, error) bool) {
			for _, e := range es {
				if !yield(icalEvent(e), nil) {
					return
				}
			}
		}
	}))
}

// icalEvent is an entry as an event. It has a time.
func icalEvent(e Entry) ical.Event {
	f := flatten(e)
	start, _ := civil.ParseTime(e.When.Wall) // it was read before
	ev := ical.Event{
		UID: e.ID + uidHost, Summary: summary(f), Description: f.text,
		Start: start, Zone: e.When.Zone, Duration: icalLength,
		Categories: e.Labels, Status: icalStatus(e.State), Modified: e.Updated, Extra: map[string]string{icalState: f.state},
	}
	ev.URL, _, _ = strings.Cut(f.url, "\n")
	if strings.ContainsFunc(ev.URL, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		ev.URL = ""
	}
	for name, value := range map[string]string{
		icalReason: f.reason, icalAccounts: f.accounts, icalTitle: f.title, icalLink: f.link,
		icalMedia: f.media, icalLang: f.lang, icalCampaign: f.campaign,
	} {
		if value != "" {
			ev.Extra[name] = value
		}
	}
	return ev
}

// summary is one line that tells the post from others.
func summary(f flat) string {
	const most = 80
	s := strings.TrimSpace(f.title)
	if s == "" {
		s = strings.TrimSpace(f.text)
	}
	if s == "" {
		s = f.link + f.media
	}
	s, _, _ = strings.Cut(s, "\n")
	if runes := []rune(s); len(runes) > most {
		s = string(runes[:most-1]) + "…"
	}
	return s
}

// icalStatus is a state in the words of calendars.
func icalStatus(s State) string {
	switch s {
	case Cancelled, Withdrawn:
		return "CANCELLED"
	case Draft, Review, Approved, Held, Failed, Unknown:
		return "TENTATIVE"
	}
	return "CONFIRMED"
}

// ReadICal reads posts from an iCalendar: from [Client.WriteICal], or any other. Of others
// the description is the text, or the summary if there is none; a summary beside it is the
// title; the URL is the link, and the categories are the labels. Cancelled events are passed
// over. Events that last all day, or repeat, are bad: a post has one time, and what repeats
// is for [Client.Repeat].
//
// Nothing is stored: Check and Add the plans. An event of this client's own calendar is
// passed over if it says what the entry says, and is bad if it does not: reading back what
// was written adds nothing.
//
// If events are bad, the error matches [parvis.ErrInvalid] and wraps [BadRows], which has
// all of them; no plan is returned then.
func (c *Client) ReadICal(ctx context.Context, r io.Reader, as Import) ([]Plan, error) {
	const op = "read iCalendar"
	var plans []Plan
	var bad BadRows
	for ev, err := range ical.Read(r) {
		where, isNew := "event", false
		var p Plan
		if err == nil {
			where = `event "` + ev.UID + `" (` + ev.Summary + ")"
			p, isNew, err = c.icalRow(ctx, ev, as)
		} else if parvis.CodeOf(err) != parvis.ErrInvalid {
			return nil, failed(op, err)
		} else {
			err = errors.New(err.Error()) // with its cause, which helps more than its advice
		}
		switch {
		case fatal(err):
			return nil, failed(op, err)
		case err != nil:
			bad = append(bad, BadRow{Event: where, Text: wrongs(err).Error()})
		case isNew:
			plans = append(plans, p)
		}
	}
	if err := bad.err(op); err != nil {
		return nil, err
	}
	return plans, nil
}

// icalRow reads one event, and reports whether the calendar does not have it.
func (c *Client) icalRow(ctx context.Context, ev ical.Event, as Import) (Plan, bool, error) {
	if ev.Status == "CANCELLED" {
		return Plan{}, false, nil
	}
	p, err := c.icalPlan(ev, as)
	if err != nil {
		return Plan{}, false, err
	}
	id, own := strings.CutSuffix(ev.UID, uidHost)
	if !own {
		return p, true, nil
	}
	isNew, err := c.fresh(ctx, id, p)
	return p, isNew, err
}

// icalPlan reads one event.
func (c *Client) icalPlan(ev ical.Event, as Import) (Plan, error) {
	var f flat
	if _, own := ev.Extra[icalState]; own {
		f = flat{
			text: ev.Description, title: ev.Extra[icalTitle], link: ev.Extra[icalLink], media: ev.Extra[icalMedia],
			lang: ev.Extra[icalLang], campaign: ev.Extra[icalCampaign],
		}
	} else {
		f = flat{text: ev.Description, title: ev.Summary, link: ev.URL}
		if strings.TrimSpace(f.text) == "" {
			f.text, f.title = ev.Summary, ""
		}
	}
	f.accounts, f.labels, f.zone = ev.Extra[icalAccounts], joinList(ev.Categories), ev.Zone
	f.date, f.clock, _ = strings.Cut(ev.Start.String(), " ")
	p, err := c.plan(f, as)
	switch {
	case ev.AllDay:
		err = wrongs(err, invalid("it lasts all day", "give it a time of day"))
	case ev.Rule != "":
		err = wrongs(err, invalid("it repeats", "add its rule with Repeat, and export it without"))
	}
	return p, err
}
