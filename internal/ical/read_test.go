package ical_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/ical"
)

func TestRead(t *testing.T) {
	t.Parallel()
	got := one(t, "SUMMARY:Soldes d’hiver\\, 2ᵉ démarque", "DESCRIPTION:Ligne 1\\nLigne 2\\; fin", "URL:https://example.org/a,b;c?d=e",
		"DTSTART;TZID=Europe/Paris:20261224T180000", "DTEND;TZID=Europe/Paris:20261224T193000", "RRULE:FREQ=WEEKLY;BYDAY=TH;COUNT=3",
		"EXDATE;TZID=Europe/Paris:20261231T180000", "CATEGORIES:Mode,Noël\\, fêtes", "CATEGORIES:Hiver", "status:Confirmed",
		"X-CAMPAIGN;X-A=\"b:c\":hiver\\, 26", "X-URI;VALUE=URI:https://a,b", "LAST-MODIFIED:20260902T000000Z", "ATTACH;VALUE=BINARY:AAAA", "SEQUENCE:3",
		"BEGIN:VALARM", "TRIGGER:-PT15M", "DESCRIPTION:not this", "X-ALARM:nor this", "END:VALARM")
	assert.Equal(t, ical.Event{
		UID: "u1", Summary: "Soldes d’hiver, 2ᵉ démarque", Description: "Ligne 1\nLigne 2; fin", URL: "https://example.org/a,b;c?d=e",
		Start: at(t, "2026-12-24 18:00"), Zone: "Europe/Paris", Duration: 90 * time.Minute, Rule: "FREQ=WEEKLY;BYDAY=TH;COUNT=3",
		ExDates: append(got.ExDates[:0:0], at(t, "2026-12-31 18:00")), Categories: []string{"Mode", "Noël, fêtes", "Hiver"}, Status: "CONFIRMED",
		Extra: map[string]string{"X-CAMPAIGN": "hiver, 26", "X-URI": "https://a,b"}, Modified: time.Date(2026, 9, 2, 0, 0, 0, 0, time.UTC),
	}, got)
}

func TestReadTimes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		lines  []string
		start  string
		zone   string
		lasts  time.Duration
		days   int
		except string
	}{
		{"floating", []string{"DTSTART:20261224T180000"}, "2026-12-24 18:00", "", 0, 0, ""},
		{"floating with an end", []string{"DTSTART:20260329T013000", "DTEND:20260329T033000"}, "2026-03-29 01:30", "", 2 * time.Hour, 0, ""},
		{"UTC", []string{"DTSTART:20261224T180000Z", "DTEND:20261224T180000Z"}, "2026-12-24 18:00", "UTC", 0, 0, ""},
		{"a leap second", []string{"DTSTART:20161231T235960Z"}, "2016-12-31 23:59:59", "UTC", 0, 0, ""},
		{"over a change of clocks", []string{"DTSTART;TZID=Europe/Paris:20260329T013000", "DTEND;TZID=Europe/Paris:20260329T033000"}, "2026-03-29 01:30", "Europe/Paris", time.Hour, 0, ""},
		{"an end in another zone", []string{"DTSTART;TZID=Europe/Paris:20260701T120000", "DTEND;TZID=America/New_York:20260701T080000"}, "2026-07-01 12:00", "Europe/Paris", 2 * time.Hour, 0, ""},
		{"an end in UTC", []string{"DTSTART;TZID=Europe/Paris:20260701T120000", "DTEND:20260701T103000Z"}, "2026-07-01 12:00", "Europe/Paris", 30 * time.Minute, 0, ""},
		{"a duration", []string{"DTSTART:20261224T180000", "DURATION:PT1H0M20S"}, "2026-12-24 18:00", "", time.Hour + 20*time.Second, 0, ""},
		{"a day of 23 hours", []string{"DTSTART;TZID=Europe/Paris:20260328T120000", "DURATION:P1D"}, "2026-03-28 12:00", "Europe/Paris", 23 * time.Hour, 0, ""},
		{"days come before hours", []string{"DTSTART;TZID=Europe/Paris:20260328T013000", "DURATION:P1DT1H"}, "2026-03-28 01:30", "Europe/Paris", 25 * time.Hour, 0, ""},
		{"an end that clocks show twice", []string{"DTSTART;TZID=Europe/Paris:20261025T013000", "DURATION:PT2H"}, "2026-10-25 01:30", "Europe/Paris", 2 * time.Hour, 0, ""},
		{"weeks", []string{"DTSTART:20261224T180000", "DURATION:+P2W"}, "2026-12-24 18:00", "", 14 * 24 * time.Hour, 0, ""},
		{"a day", []string{"DTSTART;VALUE=DATE:20261224"}, "2026-12-24 00:00", "", 0, 1, ""},
		{"a day without VALUE", []string{"DTSTART:20261224"}, "2026-12-24 00:00", "", 0, 1, ""},
		{"a day with a zone", []string{"DTSTART;VALUE=DATE;TZID=Nowhere:20261224"}, "2026-12-24 00:00", "", 0, 1, ""},
		{"three days", []string{"DTSTART;VALUE=DATE:20260328", "DTEND;VALUE=DATE:20260331", "EXDATE;VALUE=DATE:20270328"}, "2026-03-28 00:00", "", 0, 3, "2027-03-28 00:00"},
		{"days that end where they begin", []string{"DTSTART;VALUE=DATE:20260328", "DTEND;VALUE=DATE:20260328"}, "2026-03-28 00:00", "", 0, 1, ""},
		{"days as a duration", []string{"DTSTART;VALUE=DATE:20260328", "DURATION:P1W"}, "2026-03-28 00:00", "", 0, 7, ""},
		{"an exception in UTC", []string{"DTSTART;TZID=Europe/Paris:20260701T120000", "EXDATE:20260702T100000Z"}, "2026-07-01 12:00", "Europe/Paris", 0, 0, "2026-07-02 12:00"},
		{"an exception in another zone", []string{"DTSTART;TZID=Europe/Paris:20260701T120000", "EXDATE;TZID=Asia/Tokyo:20260702T190000"}, "2026-07-01 12:00", "Europe/Paris", 0, 0, "2026-07-02 12:00"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := one(t, tt.lines...)
			assert.Equal(t, tt.start, got.Start.String())
			assert.Equal(t, tt.zone, got.Zone)
			assert.Equal(t, tt.lasts, got.Duration)
			assert.Equal(t, tt.days, got.Days)
			assert.Equal(t, tt.days > 0, got.AllDay)
			assert.Equal(t, modified, got.Modified)
			except := ""
			for _, e := range got.ExDates {
				except += e.String()
			}
			assert.Equal(t, tt.except, except)
		})
	}
}

func TestReadZones(t *testing.T) {
	t.Parallel()
	vtimezone := func(tzid, more string) string {
		return "BEGIN:VTIMEZONE\nTZID:" + tzid + more + "\nBEGIN:STANDARD\nDTSTART:16010101T000000\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0100\nTZID:inner\nEND:STANDARD\nEND:VTIMEZONE"
	}
	ev := func(tzid string) string {
		return event("u1", "DTSTART;TZID="+tzid+":20260701T120000", "SUMMARY:Été")
	}
	for _, tt := range []struct {
		name string
		file string
		zone string
	}{
		{"IANA", calendar(ev("Europe/Paris")), "Europe/Paris"},
		{"quoted", calendar(ev(`"Europe/Paris"`)), "Europe/Paris"},
		{"UTC by name", calendar(ev("UTC")), "UTC"},
		{"IANA whatever its VTIMEZONE says", calendar(vtimezone("Europe/Paris", "\nX-LIC-LOCATION:Asia/Tokyo"), ev("Europe/Paris")), "Europe/Paris"},
		{"X-LIC-LOCATION", calendar(vtimezone("/example.org/1/Paris", "\nX-LIC-LOCATION:Europe/Paris"), ev("/example.org/1/Paris")), "Europe/Paris"},
		{"X-LIC-LOCATION further on", calendar(ev("Bureau"), vtimezone("Bureau", "\nX-LIC-LOCATION:Europe/Paris")), "Europe/Paris"},
		{"Windows", calendar(vtimezone("W. Europe Standard Time", ""), ev("W. Europe Standard Time")), "Europe/Berlin"},
		{"Windows without VTIMEZONE", calendar(ev("Romance Standard Time")), "Europe/Paris"},
	} {
		events, errs := read(tt.file)
		require.Empty(t, errs, tt.name)
		require.Len(t, events, 1, tt.name)
		assert.Equal(t, tt.zone, events[0].Zone, tt.name)
		assert.Equal(t, at(t, "2026-07-01 12:00"), events[0].Start, tt.name)
	}
	for name, file := range map[string]string{
		"unknown":                      calendar(ev("Custom Zone")),
		"with rules only":              calendar(vtimezone("Custom Zone", ""), ev("Custom Zone")),
		"of a part of the zone":        calendar(vtimezone("inner", ""), ev("Custom Zone")),
		"of another calendar":          calendar(vtimezone("Custom Zone", "\nX-LIC-LOCATION:Europe/Paris")) + calendar(ev("Custom Zone")),
		"the machine's own":            calendar(ev("Local")),
		"whose place is no place":      calendar(vtimezone("Custom Zone", "\nX-LIC-LOCATION:Europe/Nowhere"), ev("Custom Zone")),
		"in a calendar that is cut":    strings.TrimSuffix(calendar(ev("Custom Zone")), "END:VCALENDAR\r\n"),
		"in the end":                   calendar(event("u1", "SUMMARY:Été", "DTSTART:20260701T120000Z", "DTEND;TZID=Custom Zone:20260701T120000")),
		"among so many that few count": calendar(many(1000), ev("Europe/Paris")),
	} {
		events, errs := read(file)
		assert.Empty(t, events, name)
		require.NotEmpty(t, errs, name)
		if name != "among so many that few count" {
			assert.Contains(t, errs[0], `event "u1" (Été) cannot be read`, name)
			assert.Contains(t, errs[0], "its time zone", name)
		}
	}
}

func many(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(event(fmt.Sprint("n", i), fmt.Sprintf("DTSTART;TZID=Zone %d:20260701T120000", i)) + "\n")
	}
	return strings.TrimSpace(b.String())
}

func TestReadGoesOn(t *testing.T) {
	t.Parallel()
	start := "DTSTART:20260701T120000"
	for _, tt := range []struct {
		name, bad, why string
	}{
		{"no UID", "BEGIN:VEVENT\n" + start + "\nSUMMARY:Été\nEND:VEVENT", "event (Été) cannot be read: it has no UID"},
		{"nothing", "BEGIN:VEVENT\nEND:VEVENT", "event without UID and SUMMARY cannot be read: it has no UID"},
		{"no DTSTART", event("b"), `event "b" cannot be read: it has no DTSTART`},
		{"no date", event("b", "DTSTART:20260230"), `DTSTART: "20260230" is not a time`},
		{"no hour", event("b", "DTSTART:20260701T250000Z"), "is not a time"},
		{"text for a time", event("b", "DTSTART:tomorrow"), "is not a time"},
		{"no parameter value", event("b", "DTSTART;TZID"), "is not one of a calendar"},
		{"a parameter and no colon", event("b", "DTSTART;TZID=Europe"), "is not one of a calendar"},
		{"a quote in a parameter", event("b", `DTSTART;TZID="a"b:20260701T120000`), "is not one of a calendar"},
		{"no colon", event("b", start, "and so on"), `the line "and so on" is not one of a calendar`},
		{"long parameters", event("b", "DTSTART;X="+strings.Repeat("x", 600)+":20260701T120000"), "is not one of a calendar"},
		{"Latin-1", event("b", start, "SUMMARY:\xc9t\xe9"), "is not in UTF-8"},
		{"NUL", event("b", start, "SUMMARY:a\x00b"), "characters that are no text"},
		{"a bad escape", event("b", start, `SUMMARY:a\xb`), "SUMMARY: ical: malformed text"},
		{"end before begin", event("b", start, "DTEND:20260701T110000"), "it ends before it begins"},
		{"a date for an end", event("b", start, "DTEND;VALUE=DATE:20260702"), "DTEND is of another kind than DTSTART"},
		{"a floating end", event("b", "DTSTART:20260701T120000Z", "DTEND:20260701T130000"), "DTEND is of another kind than DTSTART"},
		{"two ends", event("b", start, "DTEND:20260701T130000", "DURATION:PT1H"), "both DTEND and DURATION"},
		{"a negative duration", event("b", start, "DURATION:-PT1H"), "not a length of time"},
		{"an empty duration", event("b", start, "DURATION:PT"), "not a length of time"},
		{"hours for days", event("b", "DTSTART:20260701", "DURATION:PT24H"), "not in days"},
		{"centuries", event("b", start, "DTEND:99990701T120000"), "longer than 100 years"},
		{"an exception that is a day", event("b", start, "EXDATE;VALUE=DATE:20260702"), "EXDATE is of another kind"},
		{"an exception with a zone", event("b", start, "EXDATE:20260702T120000Z"), "EXDATE is of another kind"},
		{"an exception that is none", event("b", start, "EXDATE:20260702T120000,"), "EXDATE"},
		{"a rule by the hour", event("b", start, "RRULE:FREQ=HOURLY"), "has no use for HOURLY"},
		{"two rules", event("b", start, "RRULE:FREQ=DAILY", "RRULE:FREQ=WEEKLY"), "more than one RRULE"},
		{"more dates", event("b", start, "RDATE:20260702T120000"), "it has RDATE"},
		{"excluding rules", event("b", start, "EXRULE:FREQ=DAILY"), "it has EXRULE"},
		{"one occurrence", event("b", start, "RECURRENCE-ID:20260702T120000"), "it has RECURRENCE-ID"},
		{"an unknown status", event("b", start, "STATUS:MAYBE"), "STATUS"},
		{"no end", "BEGIN:VEVENT\nUID:b\n" + start, "it has no end"},
		{"too large", event("b", start, "DESCRIPTION:"+strings.Repeat("x", 1<<20)), "larger than 1 MiB"},
	} {
		events, errs := read(calendar(event("a", start), tt.bad, event("c", start)))
		require.Len(t, events, 2, tt.name)
		assert.Equal(t, "a", events[0].UID, tt.name)
		assert.Equal(t, "c", events[1].UID, tt.name)
		require.Len(t, errs, 1, tt.name)
		assert.Contains(t, errs[0], tt.why, tt.name)
		assert.Contains(t, errs[0], "event ", tt.name)
		assert.Less(t, len(errs[0]), 500, tt.name)
	}
}

func TestReadIsLenientWhereNothingIsLost(t *testing.T) {
	t.Parallel()
	for name, file := range map[string]string{
		"a mark for the order of bytes": "\uFEFF" + calendar(event("a", "DTSTART:20260701", "SUMMARY:Été")),
		"LF":                            strings.ReplaceAll(calendar(event("a", "DTSTART:20260701", "SUMMARY:Été")), "\r", ""),
		"no last line break":            strings.TrimSpace(calendar(event("a", "DTSTART:20260701", "SUMMARY:Été"))),
		"lower case":                    calendar("begin:vevent\nuid:a\ndtstart:20260701\nsummary:Été\nend:vevent"),
		"empty lines":                   calendar(event("a", "", "DTSTART:20260701", "", "SUMMARY:Été", "")),
		"folded within characters":      calendar(event("a", "DTSTART:20260701", "SUMMARY:\xc3\n \x89t\xc3\n\t\xa9")),
		"other components":              calendar("BEGIN:VTODO\nUID:t\nBEGIN:VALARM\nEND:VALARM\nEND:VTODO", event("a", "DTSTART:20260701", "SUMMARY:Été"), "BEGIN:X-A\nEND:X-A"),
		"an alarm without end":          calendar(event("a", "DTSTART:20260701", "SUMMARY:Été", "BEGIN:VALARM", "SUMMARY:x")),
		"an end too many":               calendar(event("a", "DTSTART:20260701", "END:VALARM", "SUMMARY:Été"), "END:VEVENT"),
		"a calendar without end":        strings.TrimSuffix(calendar(event("a", "DTSTART:20260701", "SUMMARY:Été")), "END:VCALENDAR\r\n") + calendar(),
		"long lines that are not read":  calendar(event("a", "DTSTART:20260701", "ATTACH:"+strings.Repeat("x", 3<<20), "SUMMARY:Été")),
	} {
		events, errs := read(file)
		assert.Empty(t, errs, name)
		require.Len(t, events, 1, name)
		assert.Equal(t, "Été", events[0].Summary, name)
	}
	assert.Equal(t, "Hello, world", one(t, "DTSTART:20260701", "SUMMARY:Hello, world").Summary, "a comma that should have been escaped")
}

func TestReadFiles(t *testing.T) {
	t.Parallel()
	a, b := calendar(event("a", "DTSTART:20260701")), calendar(event("b", "DTSTART:20260701"))
	for _, tt := range []struct {
		name, file string
		events     int
		why        string
	}{
		{"two calendars", a + b, 2, ""},
		{"an empty calendar", calendar(), 0, ""},
		{"empty", "", 0, "the file holds no calendar"},
		{"a page", "<!doctype html>\n<title>Sign in</title>", 0, "the file holds no calendar"},
		{"an event alone", event("a", "DTSTART:20260701"), 0, "the file holds no calendar"},
		{"cut between events", strings.TrimSuffix(a, "END:VCALENDAR\r\n"), 1, "the file ends before its calendar does"},
		{"cut in the second calendar", a + b[:len(b)/2], 1, "its calendar ends before it"},
	} {
		events, errs := read(tt.file)
		assert.Len(t, events, tt.events, tt.name)
		if tt.why == "" {
			assert.Empty(t, errs, tt.name)
		} else {
			require.NotEmpty(t, errs, tt.name)
			assert.Contains(t, errs[0], tt.why, tt.name)
		}
	}
}

// endless is a calendar that does not end.
type endless struct{ read int }

func (e *endless) Read(p []byte) (int, error) {
	n := copy(p, strings.Repeat("X:yyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n", 128))
	e.read += n
	return n, nil
}

func TestReadStops(t *testing.T) {
	t.Parallel()
	source := &endless{}
	var got []error
	for _, err := range ical.Read(io.MultiReader(strings.NewReader(strings.TrimSuffix(calendar(event("a", "DTSTART:20260701")), "END:VCALENDAR\r\n")), source)) {
		got = append(got, err)
	}
	require.Len(t, got, 2)
	require.NoError(t, got[0])
	require.ErrorIs(t, got[1], parvis.ErrInvalid)
	assert.ErrorContains(t, got[1], "larger than 32 MiB")
	assert.Less(t, source.read, 33<<20)

	broken := errors.New("broken")
	for _, part := range []string{"BEGIN:VCALENDAR\r\n", "BEGIN:VCALENDAR\r\nX", ""} {
		got = nil
		for _, err := range ical.Read(io.MultiReader(strings.NewReader(part), iotest.ErrReader(broken))) {
			got = append(got, err)
		}
		require.Len(t, got, 1)
		require.ErrorIs(t, got[0], broken)
	}

	source = &endless{}
	for range ical.Read(io.MultiReader(strings.NewReader(calendar(event("a", "DTSTART:20260701"), event("b", "DTSTART:20260701"))), source)) {
		break
	}
	assert.LessOrEqual(t, source.read, 64<<10, "break stops it")
	bad := calendar(event("a"), event("b"), event("w", "DTSTART;TZID=Zone:20260701T120000"), event("x", "DTSTART;TZID=Zone:20260701T120000"))
	for stop := range 4 { // at an error, at one that waited, and at that of a cut file
		n := 0
		for range ical.Read(strings.NewReader(bad)) {
			if n++; n > stop {
				break
			}
		}
		assert.Equal(t, stop+1, n)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(calendar(event("a", "DTSTART;TZID=Europe/Paris:20261224T180000", "DURATION:P1DT2H", "RRULE:FREQ=WEEKLY;BYDAY=TH", "EXDATE:20261231T170000Z", "X-A:b")))
	f.Add(calendar(event("a", "DTSTART:20261224", "DTEND:20261227", "CATEGORIES:a,b\\,c", "STATUS:CANCELLED", "URL:https://example.org")))
	f.Add(calendar(event("a", "DTSTART;TZID=Bureau:20260701T120000"), "BEGIN:VTIMEZONE\nTZID:Bureau\nX-LIC-LOCATION:Europe/Paris\nEND:VTIMEZONE"))
	f.Add(calendar(event("a", "DTSTART;TZID"), "BEGIN:VEVENT", "BEGIN:VALARM", "END:VALARM", event("a", `DTSTART;A="b"c:d`)))
	f.Add("BEGIN:VCALENDAR\nBEGIN:VEVENT\n x\n\ty\nEND:VCALENDAR")
	f.Fuzz(func(t *testing.T, file string) {
		var events []ical.Event
		for ev, err := range ical.Read(strings.NewReader(file)) {
			if err != nil {
				require.ErrorIs(t, err, parvis.ErrInvalid)
				require.Equal(t, ical.Event{}, ev)
				continue
			}
			require.NotEmpty(t, ev.UID)
			if ev.Modified.Year() < 1 || ev.Modified.IsZero() {
				ev.Modified = modified
			}
			events = append(events, ev)
		}
		if writable(events) {
			again, errs := read(write(t, events...))
			require.Empty(t, errs)
			require.Equal(t, normal(events), normal(again))
		}
	})
}
