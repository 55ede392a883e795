package civil

import (
	"cmp"
	"fmt"
	"time"
)

// A Time is a time on the wall of a place: no zone, no offset. It counts no leap seconds.
type Time struct {
	// Year is 1 to 9999 in what [ParseTime] returns.
	Year  int
	Month time.Month
	// Day is that of the month, from 1.
	Day                  int
	Hour, Minute, Second int
}

// The spellings that [ParseTime] reads; their lengths differ where their meaning does.
const (
	layoutDay    = "2006-01-02"
	layoutMinute = "2006-01-02 15:04"
	layoutSecond = "2006-01-02 15:04:05"
)

// Of returns the wall clock that t shows in its own location, without the part of a second.
func Of(t time.Time) Time {
	y, m, d := t.Date()
	hour, minute, second := t.Clock()
	return Time{y, m, d, hour, minute, second}
}

// ParseTime reads "2026-12-24 18:00", "2026-12-24T18:00", either with seconds, and
// "2026-12-24", which is midnight. Years are 1 to 9999. What is not on the calendar or
// the clock, such as February 30 or hour 24, is [parvis.ErrInvalid].
func ParseTime(s string) (Time, error) {
	text := s
	if len(s) > len(layoutDay) && s[len(layoutDay)] == 'T' {
		text = s[:len(layoutDay)] + " " + s[len(layoutDay)+1:]
	}
	for _, layout := range [...]string{layoutDay, layoutMinute, layoutSecond} {
		t, err := time.Parse(layout, text)
		// The parser of package time is lenient with digits that are missing or too many.
		if err == nil && t.Year() > 0 && t.Format(layout) == text {
			return Of(t), nil
		}
	}
	return Time{}, invalid(fmt.Sprintf("%q is not a time", cut(s)), "write it as 2026-12-24 18:00, or 2026-12-24 for midnight")
}

// String returns the time as "2026-12-24 18:00", with seconds where there are any.
func (t Time) String() string {
	s := fmt.Sprintf("%04d-%02d-%02d %02d:%02d", t.Year, t.Month, t.Day, t.Hour, t.Minute)
	if t.Second != 0 {
		s += fmt.Sprintf(":%02d", t.Second)
	}
	return s
}

// Compare returns -1 if t is before u, 1 if it is after, and 0 if they are the same.
func (t Time) Compare(u Time) int {
	return cmp.Or(cmp.Compare(t.Year, u.Year), cmp.Compare(t.Month, u.Month), cmp.Compare(t.Day, u.Day),
		cmp.Compare(t.Hour, u.Hour), cmp.Compare(t.Minute, u.Minute), cmp.Compare(t.Second, u.Second))
}

// AddDays returns the same time of day n days later, or earlier where n is negative.
func (t Time) AddDays(n int) Time { return Of(t.UTC().AddDate(0, 0, n)) }

// UTC returns the same digits in UTC, for arithmetic. Digits out of their range, such as
// day 32, carry over as in [time.Date].
func (t Time) UTC() time.Time {
	return time.Date(t.Year, t.Month, t.Day, t.Hour, t.Minute, t.Second, 0, time.UTC)
}
