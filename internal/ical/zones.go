package ical

import (
	"fmt"
	"time"

	"github.com/parvis-go/parvis/internal/civil"
)

// windows are the names that Windows and Outlook have for time zones, as far as they are
// common, and the IANA zones that CLDR gives for them in territory 001, "the world", in the
// present spelling of the IANA database.
//
// https://github.com/unicode-org/cldr/blob/main/common/supplemental/windowsZones.xml
var windows = map[string]string{
	"AUS Eastern Standard Time":       "Australia/Sydney",
	"Alaskan Standard Time":           "America/Anchorage",
	"Arab Standard Time":              "Asia/Riyadh",
	"Arabian Standard Time":           "Asia/Dubai",
	"Argentina Standard Time":         "America/Argentina/Buenos_Aires",
	"Atlantic Standard Time":          "America/Halifax",
	"Azores Standard Time":            "Atlantic/Azores",
	"Canada Central Standard Time":    "America/Regina",
	"Central Europe Standard Time":    "Europe/Budapest",
	"Central European Standard Time":  "Europe/Warsaw",
	"Central Standard Time":           "America/Chicago",
	"Central Standard Time (Mexico)":  "America/Mexico_City",
	"China Standard Time":             "Asia/Shanghai",
	"E. Africa Standard Time":         "Africa/Nairobi",
	"E. Australia Standard Time":      "Australia/Brisbane",
	"E. Europe Standard Time":         "Europe/Chisinau",
	"E. South America Standard Time":  "America/Sao_Paulo",
	"Eastern Standard Time":           "America/New_York",
	"Egypt Standard Time":             "Africa/Cairo",
	"FLE Standard Time":               "Europe/Kyiv",
	"GMT Standard Time":               "Europe/London",
	"GTB Standard Time":               "Europe/Bucharest",
	"Greenwich Standard Time":         "Atlantic/Reykjavik",
	"Hawaiian Standard Time":          "Pacific/Honolulu",
	"India Standard Time":             "Asia/Kolkata",
	"Israel Standard Time":            "Asia/Jerusalem",
	"Korea Standard Time":             "Asia/Seoul",
	"Mauritius Standard Time":         "Indian/Mauritius",
	"Morocco Standard Time":           "Africa/Casablanca",
	"Mountain Standard Time":          "America/Denver",
	"New Zealand Standard Time":       "Pacific/Auckland",
	"Newfoundland Standard Time":      "America/St_Johns",
	"Pacific SA Standard Time":        "America/Santiago",
	"Pacific Standard Time":           "America/Los_Angeles",
	"Romance Standard Time":           "Europe/Paris",
	"Russian Standard Time":           "Europe/Moscow",
	"SA Pacific Standard Time":        "America/Bogota",
	"SE Asia Standard Time":           "Asia/Bangkok",
	"Singapore Standard Time":         "Asia/Singapore",
	"South Africa Standard Time":      "Africa/Johannesburg",
	"Taipei Standard Time":            "Asia/Taipei",
	"Tokyo Standard Time":             "Asia/Tokyo",
	"Turkey Standard Time":            "Europe/Istanbul",
	"US Mountain Standard Time":       "America/Phoenix",
	"W. Australia Standard Time":      "Australia/Perth",
	"W. Central Africa Standard Time": "Africa/Lagos",
	"W. Europe Standard Time":         "Europe/Berlin",
}

// A zoneError is the error of a TZID that says nothing.
type zoneError struct{ tzid string }

func (e *zoneError) Error() string {
	return fmt.Sprintf("nothing is known of its time zone %q", cut(e.tzid))
}

// maxZones is how many names are looked up for one file. The IANA database has about 600.
const maxZones = 1000

// zones finds the zones of a file.
type zones struct {
	places map[string]string         // X-LIC-LOCATION of the calendar's VTIMEZONEs by TZID
	loaded map[string]*time.Location // nil for names that are none
}

// find returns the zone that a TZID means, with its IANA name: the one of that name, else
// the place that its VTIMEZONE gives, else that of the Windows name. The rules in a
// VTIMEZONE are not read: the IANA database knows better when they change.
func (z *zones) find(tzid string) (string, *time.Location, error) {
	for _, name := range [...]string{tzid, z.places[tzid], windows[tzid]} {
		if loc := z.load(name); loc != nil {
			return name, loc, nil
		}
	}
	return "", nil, &zoneError{tzid}
}

func (z *zones) load(name string) *time.Location {
	loc, known := z.loaded[name]
	if !known && len(z.loaded) < maxZones {
		loc, _ = civil.LoadZone(name) // nil with an error
		z.loaded[name] = loc
	}
	return loc
}

// A moment is the value of DTSTART, DTEND or EXDATE.
type moment struct {
	wall civil.Time
	zone string         // as in Event.Zone
	loc  *time.Location // nil where zone is ""
	date bool
}

// moment reads a date, which never has a zone, or a time. The second 60 is read as 59, as
// RFC 5545 §3.3.5 asks of programs that know no leap seconds.
func (z *zones) moment(value, tzid string) (m moment, err error) {
	form := formLocal
	switch len(value) {
	case len(formDate):
		form, m.date = formDate, true
	case len(formUTC):
		form, m.zone, m.loc = formUTC, "UTC", time.UTC
	}
	text := value
	if len(text) >= len(formLocal) && text[13:15] == "60" {
		text = text[:13] + "59" + text[15:]
	}
	t, err := time.Parse(form, text)
	if err != nil || t.Year() < 1 || t.Format(form) != text {
		return moment{}, fmt.Errorf("%q is not a time", cut(value))
	}
	m.wall = civil.Of(t)
	if form == formLocal && tzid != "" {
		m.zone, m.loc, err = z.find(tzid)
	}
	return m, err
}

// instant returns when the moment is; of a floating one the digits in UTC.
func (m moment) instant() time.Time {
	if m.loc == nil {
		return m.wall.UTC()
	}
	return civil.In(m.wall, m.loc)
}
