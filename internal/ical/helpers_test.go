package ical_test

import (
	"bytes"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis/internal/civil"
	"github.com/parvis-go/parvis/internal/ical"
)

var modified = time.Date(2026, 9, 1, 8, 30, 5, 0, time.UTC)

func at(t testing.TB, s string) civil.Time {
	t.Helper()
	w, err := civil.ParseTime(s)
	require.NoError(t, err)
	return w
}

// list makes events to be written.
func list(events ...ical.Event) func() iter.Seq2[ical.Event, error] {
	return func() iter.Seq2[ical.Event, error] {
		return func(yield func(ical.Event, error) bool) {
			for _, ev := range events {
				if !yield(ev, nil) {
					return
				}
			}
		}
	}
}

func write(t testing.TB, events ...ical.Event) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, ical.Write(&b, "Calendrier", list(events...)))
	return b.String()
}

// read returns the events and the errors of a file.
func read(file string) (events []ical.Event, errs []string) {
	for ev, err := range ical.Read(strings.NewReader(file)) {
		if err != nil {
			errs = append(errs, err.Error())
		} else {
			events = append(events, ev)
		}
	}
	return events, errs
}

// calendar wraps components given as lines with LF.
func calendar(components ...string) string {
	body := "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//test//EN\n" + strings.Join(components, "\n") + "\nEND:VCALENDAR\n"
	return strings.ReplaceAll(body, "\n", "\r\n")
}

// event is a VEVENT with a UID and the lines.
func event(uid string, lines ...string) string {
	return "BEGIN:VEVENT\nUID:" + uid + "\nDTSTAMP:20260901T083005Z\n" + strings.Join(lines, "\n") + "\nEND:VEVENT"
}

// one reads a file of one event that has no error.
func one(t testing.TB, lines ...string) ical.Event {
	t.Helper()
	events, errs := read(calendar(event("u1", lines...)))
	require.Empty(t, errs)
	require.Len(t, events, 1)
	return events[0]
}
