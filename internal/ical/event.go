package ical

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	goical "github.com/emersion/go-ical"

	"github.com/parvis-go/parvis/internal/civil"
)

// propExRule is a property of RFC 2445 that RFC 5545 gave up.
const propExRule = "EXRULE"

// convert returns the event that the properties describe.
func convert(props goical.Props, z *zones) (Event, error) {
	var ev Event
	if err := readTexts(&ev, props); err != nil {
		return Event{}, err
	}
	start, err := readStart(&ev, props, z)
	if err != nil {
		return Event{}, err
	}
	for _, read := range [...]func(*Event, goical.Props, *zones, moment) error{readLength, readRule, readExDates} {
		if err := read(&ev, props, z, start); err != nil {
			return Event{}, err
		}
	}
	ev.Modified = modified(props)
	ev.Extra = extra(props)
	return ev, nil
}

func readTexts(ev *Event, props goical.Props) error {
	for name, field := range map[string]*string{
		goical.PropUID: &ev.UID, goical.PropSummary: &ev.Summary, goical.PropDescription: &ev.Description,
	} {
		var err error
		if *field, err = text(props, name); err != nil {
			return err
		}
	}
	if ev.UID == "" {
		return errors.New("it has no UID")
	}
	if url := props.Get(goical.PropURL); url != nil {
		ev.URL = url.Value
	}
	status, err := (&goical.Event{Component: &goical.Component{Props: props}}).Status()
	if err != nil {
		return err
	}
	ev.Status = string(status)
	for _, prop := range props.Values(goical.PropCategories) {
		words, err := prop.TextList()
		if err != nil {
			return err
		}
		for _, word := range words {
			if word = strings.TrimSpace(word); word != "" {
				ev.Categories = append(ev.Categories, word)
			}
		}
	}
	return nil
}

// text returns the text of a property, or "". Many programs write commas as they are, where
// go-ical takes them for the end of an item.
func text(props goical.Props, name string) (string, error) {
	prop := props.Get(name)
	if prop == nil {
		return "", nil
	}
	items, err := prop.TextList()
	if err != nil {
		return "", fmt.Errorf("%s: %w", name, err)
	}
	return strings.Join(items, ","), nil
}

func readStart(ev *Event, props goical.Props, z *zones) (moment, error) {
	prop := props.Get(goical.PropDateTimeStart)
	if prop == nil {
		return moment{}, errors.New("it has no DTSTART")
	}
	start, err := z.moment(prop.Value, prop.Params.Get(goical.ParamTimezoneID))
	if err != nil {
		return moment{}, fmt.Errorf("DTSTART: %w", err)
	}
	ev.Start, ev.Zone, ev.AllDay = start.wall, start.zone, start.date
	return start, nil
}

// readLength reads DTEND or DURATION. Days that end where they begin, which some programs
// write, are one day, as without either.
func readLength(ev *Event, props goical.Props, z *zones, start moment) error {
	dtend, duration := props.Get(goical.PropDateTimeEnd), props.Get(goical.PropDuration)
	end := start
	var err error
	switch {
	case dtend != nil && duration != nil:
		return errors.New("it has both DTEND and DURATION")
	case dtend != nil:
		if end, err = z.moment(dtend.Value, dtend.Params.Get(goical.ParamTimezoneID)); err != nil {
			return fmt.Errorf("DTEND: %w", err)
		}
	case duration != nil:
		if end, err = start.plus(duration.Value); err != nil {
			return err
		}
	}
	took := end.instant().Sub(start.instant())
	switch {
	case end.date != start.date || (end.loc == nil) != (start.loc == nil):
		return errors.New("DTEND is of another kind than DTSTART")
	case took < 0:
		return errors.New("it ends before it begins")
	case took > maxDays*24*time.Hour:
		return errors.New("it lasts longer than 100 years")
	case start.date:
		ev.Days = max(1, int(took/(24*time.Hour)))
	default:
		ev.Duration = took
	}
	return nil
}

// length is a DURATION, which for an event is not negative.
var length = regexp.MustCompile(`^\+?P(?:(\d{1,4})W|(?:(\d{1,5})D)?(?:T(?:(\d{1,6})H)?(?:(\d{1,7})M)?(?:(\d{1,9})S)?)?)$`)

// plus returns the moment a DURATION later. Its days and weeks are those of the calendar, and
// are added first, as RFC 5545 §3.3.6 says.
func (m moment) plus(duration string) (moment, error) {
	found := length.FindStringSubmatch(strings.ToUpper(duration))
	if found == nil || strings.Join(found[1:], "") == "" {
		return moment{}, fmt.Errorf("DURATION: %q is not a length of time", cut(duration))
	}
	var n [5]int
	for i, digits := range found[1:] {
		n[i], _ = strconv.Atoi(digits) // "" is 0
	}
	exact := time.Duration(n[2])*time.Hour + time.Duration(n[3])*time.Minute + time.Duration(n[4])*time.Second
	if m.date && exact != 0 {
		return moment{}, errors.New("DURATION: it is not in days, as DTSTART is")
	}
	m.wall = m.wall.AddDays(7*n[0] + n[1])
	end := m.instant().Add(exact)
	if m.loc != nil {
		// The wall clock may show the end twice; UTC tells which one it is.
		m.loc, end = time.UTC, end.UTC()
	}
	m.wall = civil.Of(end)
	return m, nil
}

func readRule(ev *Event, props goical.Props, _ *zones, _ moment) error {
	for _, name := range [...]string{goical.PropRecurrenceDates, propExRule, goical.PropRecurrenceID} {
		if props.Get(name) != nil {
			return fmt.Errorf("it has %s, which is not supported", name)
		}
	}
	rules := props.Values(goical.PropRecurrenceRule)
	if len(rules) == 0 {
		return nil
	}
	if len(rules) > 1 {
		return errors.New("it has more than one RRULE")
	}
	ev.Rule = rules[0].Value
	_, err := civil.ParseRule(ev.Rule)
	return err
}

// readExDates reads EXDATE in whatever zone it is, and turns it to that of the start.
func readExDates(ev *Event, props goical.Props, z *zones, start moment) error {
	for _, prop := range props.Values(goical.PropExceptionDates) {
		for value := range strings.SplitSeq(prop.Value, ",") {
			m, err := z.moment(value, prop.Params.Get(goical.ParamTimezoneID))
			if err != nil {
				return fmt.Errorf("EXDATE: %w", err)
			}
			if m.date != start.date || (m.loc == nil) != (start.loc == nil) {
				return errors.New("EXDATE is of another kind than DTSTART")
			}
			if m.zone != start.zone {
				m.wall = civil.Of(m.instant().In(start.loc))
			}
			ev.ExDates = append(ev.ExDates, m.wall)
		}
	}
	return nil
}

// modified returns when the event was changed, or the zero time where it is not said in UTC,
// as RFC 5545 wants it.
func modified(props goical.Props) time.Time {
	for _, name := range [...]string{goical.PropLastModified, goical.PropDateTimeStamp} {
		if prop := props.Get(name); prop != nil {
			if t, err := time.Parse(formUTC, prop.Value); err == nil {
				return t
			}
		}
	}
	return time.Time{}
}

// extra returns the properties that begin with X-. What is no text stays as it is written.
func extra(props goical.Props) map[string]string {
	var out map[string]string
	for name := range props {
		if !strings.HasPrefix(name, "X-") {
			continue
		}
		value, err := text(props, name)
		if err != nil {
			value = props.Get(name).Value
		}
		if out == nil {
			out = map[string]string{}
		}
		out[name] = value
	}
	return out
}
