package ical

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	goical "github.com/emersion/go-ical"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/civil"
)

// Write writes a calendar of that name, which may be "". It goes through the events twice,
// once for their time zones and once for themselves: Outlook does not understand a zone
// that is defined after the events in it. So both must be the same events, as from one
// snapshot of a database; [parvis.ErrConflict] is the answer if the second round has one in
// a zone or year that the first had not.
//
// Each zone's VTIMEZONE has its changes of clocks in the years of the events, and 5 years
// longer if they repeat, counted from the start or the time of modification, whichever is
// later. Programs that know the IANA database, from which the TZIDs are, need none.
//
// An event that cannot be written is [parvis.ErrInvalid], before anything was: one without
// UID, Modified or a Start on the calendar, with a length below zero, or with a Zone, Rule,
// Status, URL or name in Extra that is none. An error of the events or of w is returned as
// it is.
func Write(w io.Writer, name string, events func() iter.Seq2[Event, error]) error {
	years := spans{}
	for ev, err := range events() {
		if err == nil {
			err = years.add(ev)
		}
		if err != nil {
			return err
		}
	}
	out := &folder{w: bufio.NewWriter(w)}
	out.line("BEGIN:VCALENDAR")
	out.line("VERSION:2.0")
	out.line("PRODID:-//parvis-go//parvis//EN")
	if name != "" {
		out.line("X-WR-CALNAME:" + textProp("X-WR-CALNAME", name).Value)
	}
	if err := writeComponents(goical.NewEncoder(out), years, events); err != nil {
		return err
	}
	out.line("END:VCALENDAR")
	return out.w.Flush()
}

func writeComponents(enc *goical.Encoder, years spans, events func() iter.Seq2[Event, error]) error {
	for _, zone := range slices.Sorted(maps.Keys(years)) {
		if err := enc.Encode(&goical.Calendar{Component: years[zone].component()}); err != nil {
			return err
		}
	}
	empty := len(years) == 0
	for ev, err := range events() {
		if err != nil {
			return err
		}
		if !years.cover(ev) {
			return failed(ev, parvis.ErrConflict, errors.New("the events changed while they were written"))
		}
		if err := enc.Encode(&goical.Calendar{Component: component(ev)}); err != nil {
			return err
		}
		empty = false
	}
	if empty { // a calendar must have a component, and may have but a time zone: RFC 5545 §3.6
		return enc.Encode(&goical.Calendar{Component: (&span{loc: time.UTC, from: 1970, to: 1970}).component()})
	}
	return nil
}

func failed(ev Event, code parvis.Code, err error) error {
	return &parvis.Error{Code: code, Message: fmt.Sprintf("event %q (%s) cannot be written", cut(ev.UID), cut(ev.Summary)), Err: err, Help: "correct the event, and export again"}
}

var extraName = regexp.MustCompile(`^X-[A-Z0-9-]{1,100}$`)

// validate says what keeps the event from being written.
func validate(ev Event) error {
	for _, t := range append([]civil.Time{ev.Start}, ev.ExDates...) {
		if t.Year < 1 || t.Year > 9999 || civil.Of(t.UTC()) != t {
			return fmt.Errorf("%s is not on the calendar", t)
		}
	}
	for name := range ev.Extra {
		if !extraName.MatchString(name) {
			return fmt.Errorf("Extra has %q, which is not a name such as X-CAMPAIGN", cut(name))
		}
	}
	if ev.Rule != "" {
		if _, err := civil.ParseRule(ev.Rule); err != nil {
			return err
		}
	}
	modified := ev.Modified.UTC().Year()
	switch {
	case clean(ev.UID) == "":
		return errors.New("it has no UID")
	case ev.Modified.IsZero() || modified < 1 || modified > 9999:
		return errors.New("it has no time of modification")
	case ev.Days < 0 || ev.Days > maxDays || ev.Duration < 0 || ev.Duration > maxDays*24*time.Hour:
		return errors.New("its length is below zero or above 100 years")
	case !slices.Contains([]string{"", string(goical.EventTentative), string(goical.EventConfirmed), string(goical.EventCancelled)}, ev.Status):
		return fmt.Errorf("%q is not a status", cut(ev.Status))
	case clean(ev.URL) != ev.URL || strings.ContainsAny(ev.URL, "\n\t "):
		return fmt.Errorf("%q is not a URL", cut(ev.URL))
	}
	return nil
}

// component returns the VEVENT of an event that [validate] has nothing against.
func component(ev Event) *goical.Component {
	c := goical.NewComponent(goical.CompEvent)
	for name, s := range ev.Extra {
		c.Props.Set(textProp(name, s))
	}
	c.Props.Set(textProp(goical.PropUID, ev.UID))
	for name, s := range map[string]string{
		goical.PropSummary: ev.Summary, goical.PropDescription: ev.Description, goical.PropStatus: ev.Status,
	} {
		if s != "" {
			c.Props.Set(textProp(name, s))
		}
	}
	for name, s := range map[string]string{goical.PropURL: ev.URL, goical.PropRecurrenceRule: rule(ev.Rule)} {
		if s != "" {
			c.Props.Set(&goical.Prop{Name: name, Value: s})
		}
	}
	words := make([]string, 0, len(ev.Categories))
	for _, word := range ev.Categories {
		if word = strings.TrimSpace(clean(word)); word != "" {
			words = append(words, word)
		}
	}
	if len(words) > 0 {
		prop := goical.NewProp(goical.PropCategories)
		prop.SetTextList(words)
		c.Props.Set(prop)
	}
	c.Props.Set(&goical.Prop{Name: goical.PropDateTimeStamp, Value: ev.Modified.UTC().Format(formUTC)})
	setTimes(c.Props, ev)
	return c
}

// rule returns the value of an RRULE as iCalendar has it, whatever spelling it came in.
func rule(s string) string {
	return strings.TrimPrefix(strings.ToUpper(s), "RRULE:")
}

func setTimes(props goical.Props, ev Event) {
	props.Set(timeProp(goical.PropDateTimeStart, ev, ev.Start))
	if len(ev.ExDates) > 0 {
		props.Set(timeProp(goical.PropExceptionDates, ev, ev.ExDates...))
	}
	if ev.AllDay {
		props.Set(timeProp(goical.PropDateTimeEnd, ev, ev.Start.AddDays(max(1, ev.Days))))
	} else if ev.Duration >= time.Second {
		props.Set(&goical.Prop{Name: goical.PropDuration, Value: spell(ev.Duration)})
	}
}

// timeProp returns a property with times in the form and zone of the event's start.
func timeProp(name string, ev Event, times ...civil.Time) *goical.Prop {
	prop, form := goical.NewProp(name), formLocal
	switch {
	case ev.AllDay:
		form = formDate
		prop.SetValueType(goical.ValueDate)
	case ev.Zone == "UTC":
		form = formUTC
	case ev.Zone != "":
		prop.Params.Set(goical.ParamTimezoneID, ev.Zone)
	}
	values := make([]string, len(times))
	for i, t := range times {
		values[i] = t.UTC().Format(form)
	}
	prop.Value = strings.Join(values, ",")
	return prop
}

// spell returns the DURATION. Between its largest and its smallest unit RFC 5545 §3.3.6
// wants all others, if 0.
func spell(d time.Duration) string {
	h, m, s := d/time.Hour, d%time.Hour/time.Minute, d%time.Minute/time.Second
	out := "PT"
	if h > 0 {
		out += fmt.Sprintf("%dH", h)
	}
	if m > 0 || h > 0 && s > 0 {
		out += fmt.Sprintf("%dM", m)
	}
	if s > 0 {
		out += fmt.Sprintf("%dS", s)
	}
	return out
}

func textProp(name, s string) *goical.Prop {
	prop := goical.NewProp(name)
	prop.SetText(clean(s))
	prop.Params.Del(goical.ParamValue) // text is what names beginning with X- have by default
	return prop
}

// clean returns s as iCalendar can hold it: in UTF-8, with "\n" for line breaks and without
// other control characters but tabs.
func clean(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\r\n", "\n")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\r':
			return '\n'
		case r < ' ' && r != '\n' && r != '\t' || r == 0x7f:
			return -1
		}
		return r
	}, s)
}

// folder folds lines after at most 75 octets, between characters. Each Write is one line,
// as go-ical writes them.
//
// https://www.rfc-editor.org/rfc/rfc5545#section-3.1
type folder struct{ w *bufio.Writer }

// Write writes one line. An error of the writer below comes now or later: it stays.
func (f *folder) Write(p []byte) (int, error) {
	line, room := bytes.TrimSuffix(p, []byte("\r\n")), 75
	for len(line) > room {
		n := room
		for n > 1 && !utf8.RuneStart(line[n]) {
			n--
		}
		_, _ = f.w.Write(line[:n])
		_, _ = f.w.WriteString("\r\n ")
		line, room = line[n:], 74 // the space counts
	}
	_, _ = f.w.Write(line)
	if _, err := f.w.WriteString("\r\n"); err != nil {
		return 0, err
	}
	return len(p), nil
}

// line writes one line without a line break. Its error is that of the next Flush.
func (f *folder) line(s string) { _, _ = f.Write([]byte(s)) }
