package ical_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis/internal/civil"
	"github.com/parvis-go/parvis/internal/ical"
)

// The files are made up in the manner of programs that people export from.

const outlook = `BEGIN:VCALENDAR
PRODID:-//Microsoft Corporation//Outlook 16.0 MIMEDIR//EN
VERSION:2.0
METHOD:PUBLISH
X-CALSTART:20260105T080000Z
X-WR-RELCALID:{00000000-0000-0000-0000-000000000001}
BEGIN:VTIMEZONE
TZID:Romance Standard Time
BEGIN:STANDARD
DTSTART:16011028T030000
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010325T020000
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
END:DAYLIGHT
END:VTIMEZONE
BEGIN:VEVENT
CATEGORIES:Réseaux,Blog
CLASS:PUBLIC
CREATED:20260104T080000Z
DESCRIPTION:Penser au texte alternatif.\nMerci \, l’équipe\n
DTEND;TZID="Romance Standard Time":20260105T100000
DTSTAMP:20260104T080000Z
DTSTART;TZID="Romance Standard Time":20260105T090000
LAST-MODIFIED:20260104T090000Z
PRIORITY:5
RRULE:FREQ=WEEKLY;BYDAY=MO
EXDATE;TZID="Romance Standard Time":20260406T090000,20260525T090000
SEQUENCE:0
SUMMARY;LANGUAGE=fr:Conseil de la semaine
TRANSP:OPAQUE
UID:040000008200E00074C5B7101A82E008
X-ALT-DESC;FMTTYPE=text/html:<html><body>Penser au texte alternatif.</body>
 </html>
X-MICROSOFT-CDO-BUSYSTATUS:BUSY
BEGIN:VALARM
TRIGGER:-PT15M
ACTION:DISPLAY
DESCRIPTION:Reminder
END:VALARM
END:VEVENT
END:VCALENDAR
`

func TestReadOutlook(t *testing.T) {
	t.Parallel()
	got, errs := read(strings.ReplaceAll(outlook, "\n", "\r\n"))
	require.Empty(t, errs)
	assert.Equal(t, []ical.Event{{
		UID:         "040000008200E00074C5B7101A82E008",
		Summary:     "Conseil de la semaine",
		Description: "Penser au texte alternatif.\nMerci , l’équipe\n",
		Start:       at(t, "2026-01-05 09:00"),
		Zone:        "Europe/Paris",
		Duration:    time.Hour,
		Rule:        "FREQ=WEEKLY;BYDAY=MO",
		ExDates:     []civil.Time{at(t, "2026-04-06 09:00"), at(t, "2026-05-25 09:00")},
		Categories:  []string{"Réseaux", "Blog"},
		Extra: map[string]string{
			"X-ALT-DESC":                 "<html><body>Penser au texte alternatif.</body></html>",
			"X-MICROSOFT-CDO-BUSYSTATUS": "BUSY",
		},
		Modified: time.Date(2026, 1, 4, 9, 0, 0, 0, time.UTC),
	}}, got)
}

const google = `BEGIN:VCALENDAR
PRODID:-//Google Inc//Google Calendar 70.9054//EN
VERSION:2.0
CALSCALE:GREGORIAN
METHOD:PUBLISH
X-WR-CALNAME:Éditorial
X-WR-TIMEZONE:Europe/Paris
BEGIN:VEVENT
DTSTART:20260714T160000Z
DTEND:20260714T163000Z
DTSTAMP:20260601T120000Z
UID:abc123@google.com
LAST-MODIFIED:20260602T120000Z
LOCATION:Paris\, France
SEQUENCE:1
STATUS:CONFIRMED
SUMMARY:Fête nationale 🎆
TRANSP:TRANSPARENT
END:VEVENT
BEGIN:VEVENT
DTSTART;VALUE=DATE:20260815
DTEND;VALUE=DATE:20260817
DTSTAMP:20260601T120000Z
UID:def456@google.com
STATUS:TENTATIVE
SUMMARY:Pas de publication
END:VEVENT
BEGIN:VEVENT
DTSTART;TZID=Europe/Paris:20260714T180000
DTEND;TZID=Europe/Paris:20260714T183000
DTSTAMP:20260601T120000Z
UID:abc123@google.com
RECURRENCE-ID;TZID=Europe/Paris:20260713T180000
SUMMARY:Fête nationale, déplacée
END:VEVENT
END:VCALENDAR
`

func TestReadGoogle(t *testing.T) {
	t.Parallel()
	got, errs := read(strings.ReplaceAll(google, "\n", "\r\n"))
	require.Len(t, got, 2)
	assert.Equal(t, ical.Event{
		UID: "abc123@google.com", Summary: "Fête nationale 🎆", Start: at(t, "2026-07-14 16:00"), Zone: "UTC", Duration: 30 * time.Minute,
		Status: "CONFIRMED", Modified: time.Date(2026, 6, 2, 12, 0, 0, 0, time.UTC),
	}, got[0])
	assert.Equal(t, ical.Event{
		UID: "def456@google.com", Summary: "Pas de publication", Start: at(t, "2026-08-15"), AllDay: true, Days: 2,
		Status: "TENTATIVE", Modified: time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC),
	}, got[1])
	require.Len(t, errs, 1, "what changes one occurrence is not one more event")
	assert.Contains(t, errs[0], `event "abc123@google.com" (Fête nationale, déplacée) cannot be read: it has RECURRENCE-ID`)
}

const thunderbird = `BEGIN:VCALENDAR
PRODID:-//Mozilla.org/NONSGML Mozilla Calendar V1.1//EN
VERSION:2.0
BEGIN:VTIMEZONE
TZID:/mozilla.org/20070129_1/America/Sao_Paulo
X-LIC-LOCATION:America/Sao_Paulo
BEGIN:STANDARD
TZOFFSETFROM:-0300
TZOFFSETTO:-0300
TZNAME:-03
DTSTART:19700101T000000
END:STANDARD
END:VTIMEZONE
BEGIN:VEVENT
CREATED:20260901T080000Z
LAST-MODIFIED:20260901T080100Z
DTSTAMP:20260901T080100Z
UID:7d0d1c7e-0000-4000-8000-000000000001
SUMMARY:Lançamento
DTSTART;TZID=/mozilla.org/20070129_1/America/Sao_Paulo:20261101T000000
DURATION:PT45M
URL:https://example.org/lançamento
END:VEVENT
END:VCALENDAR
`

func TestReadThunderbird(t *testing.T) {
	t.Parallel()
	got, errs := read(thunderbird)
	require.Empty(t, errs)
	assert.Equal(t, []ical.Event{{
		UID: "7d0d1c7e-0000-4000-8000-000000000001", Summary: "Lançamento", URL: "https://example.org/lançamento",
		Start: at(t, "2026-11-01 00:00"), Zone: "America/Sao_Paulo", Duration: 45 * time.Minute,
		Modified: time.Date(2026, 9, 1, 8, 1, 0, 0, time.UTC),
	}}, got)
}

// TestReadTogether: files one after the other are one stream, and what is read can be
// written and read again.
func TestReadTogether(t *testing.T) {
	t.Parallel()
	got, errs := read(outlook + google + thunderbird)
	assert.Len(t, errs, 1)
	require.Len(t, got, 4)
	again, errs := read(write(t, got...))
	require.Empty(t, errs)
	assert.Equal(t, got, again)
}
