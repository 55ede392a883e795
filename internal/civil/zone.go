package civil

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// LoadZone returns the zone of that name in the IANA database, such as "Europe/Paris" or
// "UTC". The empty name, names of the machine's own zone ("Local", "localtime",
// "posixrules"), variants of the database ("right/…", which counts leap seconds, and
// "posix/…") and names it does not know are [parvis.ErrInvalid].
func LoadZone(name string) (*time.Location, error) {
	const help = "use an IANA name such as Europe/Paris; on a machine without a zone database, import time/tzdata"
	own := slices.Contains([]string{"", "Local", "localtime", "posixrules"}, name)
	if own || strings.HasPrefix(name, "right/") || strings.HasPrefix(name, "posix/") {
		return nil, invalid(fmt.Sprintf("%q is not a time zone of its own", cut(name)), help)
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		return nil, invalid(fmt.Sprintf("there is no time zone %q", cut(name)), help)
	}
	return loc, nil
}

// In returns the instant at which clocks in loc show t, by the rule of RFC 5545 §3.3.5:
// a time that occurs twice, because clocks were put back, is the first one; one that does
// not occur, because they were put forward, is read with the offset before the gap, so
// that 02:30 in a gap from 02:00 to 03:00 becomes 03:30. It panics if loc is nil.
//
// https://www.rfc-editor.org/rfc/rfc5545#section-3.3.5
func In(t Time, loc *time.Location) time.Time {
	digits := t.UTC()
	t = Of(digits)
	near := time.Date(t.Year, t.Month, t.Day, t.Hour, t.Minute, t.Second, 0, loc)
	start, end := near.ZoneBounds()
	if Of(near) == t {
		if first := withOffset(digits, before(start), loc); !start.IsZero() && first.Before(start) {
			return first
		}
		return near
	}
	// Clocks never show t. Package time does not say which side of the gap near is on.
	for _, change := range [...]time.Time{start, end} {
		if change.IsZero() {
			continue
		}
		_, offset := change.Zone()
		at := withOffset(digits, before(change), loc)
		if !at.Before(change) && withOffset(digits, offset, loc).Before(change) {
			return at
		}
	}
	return near
}

// before returns the offset, in seconds east of UTC, that ends at the change.
func before(change time.Time) int {
	_, offset := change.Add(-time.Second).Zone()
	return offset
}

// withOffset returns the instant of the digits where clocks are offset seconds ahead of UTC.
func withOffset(digits time.Time, offset int, loc *time.Location) time.Time {
	return digits.Add(-time.Duration(offset) * time.Second).In(loc)
}
