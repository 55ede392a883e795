package ical

import (
	"fmt"
	"time"

	goical "github.com/emersion/go-ical"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/civil"
)

// beyond is how many years a VTIMEZONE goes on for events that repeat.
const beyond = 5

// A span is the years in which a zone is needed.
type span struct {
	loc      *time.Location
	from, to int
}

// spans are the zones of a calendar by name.
type spans map[string]*span

// add checks the event and notes its zone and years.
func (s spans) add(ev Event) error {
	if err := validate(ev); err != nil {
		return failed(ev, parvis.ErrInvalid, err)
	}
	if !zoned(ev) {
		return nil
	}
	known := s[ev.Zone]
	if known == nil {
		loc, err := civil.LoadZone(ev.Zone)
		if err != nil {
			return failed(ev, parvis.ErrInvalid, err)
		}
		known = &span{loc: loc, from: ev.Start.Year, to: ev.Start.Year}
		s[ev.Zone] = known
	}
	from, to := known.years(ev)
	known.from, known.to = min(known.from, from), max(known.to, to)
	return nil
}

// cover reports whether the zone and years of the event were noted.
func (s spans) cover(ev Event) bool {
	if !zoned(ev) {
		return true
	}
	known := s[ev.Zone]
	if known == nil || validate(ev) != nil {
		return false
	}
	from, to := known.years(ev)
	return from >= known.from && to <= known.to
}

// zoned reports whether the times of the event need a zone to be understood.
func zoned(ev Event) bool { return !ev.AllDay && ev.Zone != "" && ev.Zone != "UTC" }

// years returns the first and last year of the event in the zone.
func (s *span) years(ev Event) (from, to int) {
	from = ev.Start.Year
	to = civil.In(ev.Start, s.loc).Add(ev.Duration).Year()
	for _, t := range ev.ExDates {
		from, to = min(from, t.Year), max(to, t.Year)
	}
	if ev.Rule != "" {
		to = max(to, ev.Start.Year+beyond, ev.Modified.UTC().Year()+beyond)
	}
	return from, min(to, 9999)
}

// component returns the VTIMEZONE: what held when the first year began, and every change of
// clocks from then to the end of the last year.
//
// https://www.rfc-editor.org/rfc/rfc5545#section-3.6.5
func (s *span) component() *goical.Component {
	c := goical.NewComponent(goical.CompTimezone)
	c.Props.SetText(goical.PropTimezoneID, s.loc.String())
	// Everywhere on Earth the year begins less than a day before or after it does in UTC.
	begin := time.Date(s.from, time.January, 1, 0, 0, 0, 0, time.UTC).Add(-24 * time.Hour).In(s.loc)
	end := time.Date(s.to+1, time.January, 2, 0, 0, 0, 0, time.UTC)
	onset, next := begin.ZoneBounds()
	if onset.IsZero() {
		_, offset := begin.Zone()
		c.Children = append(c.Children, observance(begin, offset))
	} else {
		c.Children = append(c.Children, change(onset))
	}
	for !next.IsZero() && next.Before(end) {
		c.Children = append(c.Children, change(next))
		_, next = next.ZoneBounds()
	}
	return c
}

func change(at time.Time) *goical.Component {
	_, before := at.Add(-time.Second).Zone()
	return observance(at, before)
}

// observance returns the STANDARD or DAYLIGHT that begins at an instant, before which clocks
// were so many seconds ahead of UTC. Its DTSTART is what they would have shown.
func observance(at time.Time, before int) *goical.Component {
	kind := goical.CompTimezoneStandard
	if at.IsDST() {
		kind = goical.CompTimezoneDaylight
	}
	name, offset := at.Zone()
	c := goical.NewComponent(kind)
	for prop, value := range map[string]string{
		goical.PropDateTimeStart:      at.UTC().Add(time.Duration(before) * time.Second).Format(formLocal),
		goical.PropTimezoneOffsetFrom: utcOffset(before),
		goical.PropTimezoneOffsetTo:   utcOffset(offset),
		goical.PropTimezoneName:       name,
	} {
		c.Props.Set(&goical.Prop{Name: prop, Value: value})
	}
	return c
}

// utcOffset returns an offset as "+0100", with seconds where local mean time has them.
func utcOffset(seconds int) string {
	sign := '+'
	if seconds < 0 {
		sign, seconds = '-', -seconds
	}
	out := fmt.Sprintf("%c%02d%02d", sign, seconds/3600, seconds/60%60)
	if seconds%60 != 0 {
		out += fmt.Sprintf("%02d", seconds%60)
	}
	return out
}
