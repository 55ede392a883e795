// Package ical reads and writes events in iCalendar files (RFC 5545) one at a time, so that
// a file's size is no matter of memory: [Read] holds one event, and those of its calendar
// whose time zone is defined further on in the file; [Write] holds one event and a year
// range per zone.
//
// go-ical encodes and decodes the components. It takes whole calendars only, and panics on
// some lines that are not iCalendar, so Read cuts the file into events itself, lets only
// well-formed lines of properties that it knows through, and gives go-ical one event at a
// time; that costs a copy of each. go-ical does not fold lines, so Write does.
//
// https://www.rfc-editor.org/rfc/rfc5545
package ical

import (
	"time"

	"github.com/parvis-go/parvis/internal/civil"
)

// An Event is one VEVENT.
type Event struct {
	// UID tells the event from all others, for ever. It is never empty.
	UID string
	// Summary is one line, Description may be many; both are plain text. Line breaks are
	// "\n", and characters that only control machines are left out on writing.
	Summary, Description, URL string
	// Start is the time in Zone at which the event begins, or the first of its days.
	Start civil.Time
	// Zone is an IANA name. It is "" for a floating event, which begins at Start wherever
	// one is, and for days, and "UTC" for times that end in Z.
	Zone string
	// AllDay says that the event takes Days days, and has no time of day.
	AllDay bool
	// Days is DTEND − DTSTART of an event with AllDay, at least 1; 0 is written as 1.
	Days int
	// Duration is the time from begin to end of an event without AllDay, in full seconds, at
	// most 100 years. A day in it is 24 hours, also where clocks change.
	Duration time.Duration
	// Rule is the value of the RRULE, which [civil.ParseRule] reads, or "".
	Rule string
	// ExDates are the occurrences that are left out, in the form and zone of Start.
	ExDates []civil.Time
	// Categories are free words.
	Categories []string
	// Status is TENTATIVE, CONFIRMED or CANCELLED, or "".
	Status string
	// Extra are properties whose names begin with X-, by their names in capitals, without
	// parameters. Of several with one name it has the first.
	Extra map[string]string
	// Modified is LAST-MODIFIED, or else DTSTAMP, in UTC and full seconds. Write needs it.
	Modified time.Time
}

// The bounds of what is read. No program writes such events; they keep what a stranger's
// file costs in proportion to its size.
const (
	maxFile  = 32 << 20 // octets
	maxEvent = 1 << 20  // octets of the properties that are read, unfolded
	maxHead  = 512      // octets of a property's name and parameters
	maxDays  = 100 * 366
)

// The forms of dates and times in RFC 5545 §3.3.4 and §3.3.5.
const (
	formDate  = "20060102"
	formLocal = "20060102T150405"
	formUTC   = "20060102T150405Z"
)
