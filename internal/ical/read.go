package ical

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"

	goical "github.com/emersion/go-ical"

	"github.com/parvis-go/parvis"
)

// Read returns every VEVENT of every VCALENDAR in the file, once; the other components are
// passed over. It stops at an error of r, where the file ends too early, is no calendar, or
// is larger than 32 MiB. An event that cannot be read is a pair with a [*parvis.Error],
// [parvis.ErrInvalid], that names it, and reading goes on after it. Such are
//
//   - events without UID, since importing them twice would double them, or without DTSTART;
//   - events in a time zone that is neither an IANA name, nor one whose VTIMEZONE has an
//     IANA name as X-LIC-LOCATION, nor one of the more common Windows names;
//   - events with RDATE or EXRULE, which Event has no place for, with a rule that
//     [civil.ParseRule] refuses, and with RECURRENCE-ID, which change one occurrence of
//     another event and must not be taken for one more.
//
// Events whose zone is defined only after them come at the end of their calendar.
func Read(r io.Reader) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		rd := &reader{lines: lines{r: bufio.NewReader(r)}, yield: yield}
		rd.zones.loaded = map[string]*time.Location{}
		for {
			line, err := rd.next()
			if err == io.EOF {
				rd.finish()
				return
			}
			if err != nil {
				yield(Event{}, err)
				return
			}
			if !rd.take(line) {
				return
			}
		}
	}
}

// A block is a VEVENT or VTIMEZONE while it is collected.
type block struct {
	kind  string
	text  bytes.Buffer
	fault string // what is wrong with it first
}

// reader cuts a file into events. Its methods that return a bool return false when yield does.
type reader struct {
	lines
	yield   func(Event, error) bool
	seen    bool // a calendar
	inside  bool // a calendar
	zones   zones
	open    *block
	depth   int      // components open in it
	waiting []*block // for their zone
}

func (rd *reader) take(line []byte) bool {
	begin, kind := boundary(line)
	if kind == "" {
		if rd.open != nil && rd.depth == 0 {
			rd.open.add(line)
		}
		return true
	}
	switch {
	case kind == goical.CompCalendar:
		ok := rd.endCalendar()
		rd.inside, rd.seen = begin, true
		rd.zones.places = map[string]string{}
		return ok
	case begin && rd.inside && (kind == goical.CompEvent || kind == goical.CompTimezone):
		ok := rd.abandon("it has no end")
		rd.open, rd.depth = &block{kind: kind}, 0
		return ok
	case rd.open == nil:
	case begin:
		rd.depth++
	case kind == rd.open.kind:
		return rd.end()
	case rd.depth > 0:
		rd.depth--
	}
	return true
}

// boundary returns the name of the component that the line begins or ends, or "".
func boundary(line []byte) (begin bool, kind string) {
	name, value, _ := bytes.Cut(line[:min(len(line), maxHead)], []byte(":"))
	switch {
	case bytes.EqualFold(name, []byte("BEGIN")):
		return true, strings.ToUpper(string(bytes.TrimSpace(value)))
	case bytes.EqualFold(name, []byte("END")):
		return false, strings.ToUpper(string(bytes.TrimSpace(value)))
	}
	return false, ""
}

// add collects a line of a property that is read, and notes the first fault.
func (b *block) add(line []byte) {
	if len(line) == 0 {
		return
	}
	var why string
	switch end := bytes.IndexAny(line, ";:"); {
	case end < 0:
		why = fault(line)
	case !wanted(strings.ToUpper(string(line[:min(end, maxHead)]))):
		return
	case b.text.Len()+len(line) > maxEvent:
		why = "it is larger than 1 MiB"
	default:
		why = fault(line)
	}
	if why == "" {
		b.text.Write(line)
		b.text.WriteString("\r\n")
	} else if b.fault == "" {
		b.fault = why
	}
}

func wanted(name string) bool {
	switch name {
	case goical.PropUID, goical.PropSummary, goical.PropDescription, goical.PropURL,
		goical.PropDateTimeStart, goical.PropDateTimeEnd, goical.PropDuration,
		goical.PropRecurrenceRule, goical.PropExceptionDates, goical.PropRecurrenceDates, goical.PropRecurrenceID, propExRule,
		goical.PropCategories, goical.PropStatus, goical.PropDateTimeStamp, goical.PropLastModified,
		goical.PropTimezoneID:
		return true
	}
	return strings.HasPrefix(name, "X-")
}

// end closes the open block.
func (rd *reader) end() bool {
	b := rd.open
	rd.open = nil
	if b.kind == goical.CompEvent {
		return rd.event(b, false)
	}
	if props, err := b.decode(); err == nil {
		tzid, _ := text(props, goical.PropTimezoneID)
		place, _ := text(props, "X-LIC-LOCATION")
		rd.zones.places[tzid] = place
	}
	return true
}

// abandon closes what is open and must not be.
func (rd *reader) abandon(why string) bool {
	b := rd.open
	rd.open = nil
	if b == nil || b.kind != goical.CompEvent {
		return true
	}
	if b.fault == "" {
		b.fault = why
	}
	return rd.event(b, true)
}

// event yields the event. Where its zone is not known it waits, unless no more is to come.
func (rd *reader) event(b *block, last bool) bool {
	props, err := b.decode()
	if err == nil && b.fault != "" {
		err = errors.New(b.fault)
	}
	var ev Event
	if err == nil {
		ev, err = convert(props, &rd.zones)
	}
	if err == nil {
		return rd.yield(ev, nil)
	}
	if _, unknown := errors.AsType[*zoneError](err); unknown && !last {
		rd.waiting = append(rd.waiting, b)
		return true
	}
	return rd.yield(Event{}, &parvis.Error{
		Code: parvis.ErrInvalid, Message: "event " + label(props) + " cannot be read",
		Help: "correct it in the program that it comes from, and export again", Err: err,
	})
}

// decode has go-ical read the properties.
func (b *block) decode() (goical.Props, error) {
	calendar := io.MultiReader(
		strings.NewReader("BEGIN:VCALENDAR\r\nBEGIN:"+b.kind+"\r\n"), bytes.NewReader(b.text.Bytes()),
		strings.NewReader("END:"+b.kind+"\r\nEND:VCALENDAR\r\n"))
	cal, err := goical.NewDecoder(calendar).Decode()
	if err != nil {
		return nil, err
	}
	return cal.Children[0].Props, nil
}

// label says which event it is.
func label(props goical.Props) string {
	uid, _ := text(props, goical.PropUID)
	summary, _ := text(props, goical.PropSummary)
	switch {
	case uid == "" && summary == "":
		return "without UID and SUMMARY"
	case summary == "":
		return fmt.Sprintf("%q", cut(uid))
	case uid == "":
		return fmt.Sprintf("(%s)", cut(summary))
	}
	return fmt.Sprintf("%q (%s)", cut(uid), cut(summary))
}

// endCalendar yields what waited.
func (rd *reader) endCalendar() bool {
	ok := rd.abandon("its calendar ends before it")
	for _, b := range rd.waiting {
		ok = ok && rd.event(b, true)
	}
	rd.waiting = nil
	return ok
}

// finish yields what is wrong with the end of the file.
func (rd *reader) finish() {
	switch ok := rd.endCalendar(); {
	case !ok:
	case !rd.seen:
		rd.yield(Event{}, &parvis.Error{Code: parvis.ErrInvalid, Message: "the file holds no calendar", Help: "export it in the format iCalendar (.ics)"})
	case rd.inside:
		rd.yield(Event{}, &parvis.Error{Code: parvis.ErrInvalid, Message: "the file ends before its calendar does", Help: "it was probably cut off: fetch it again"})
	}
}
