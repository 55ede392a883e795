package civil_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis/internal/civil"
)

// TestAfterAgainstTheCalendar compares rules with what they say about each day in turn.
func TestAfterAgainstTheCalendar(t *testing.T) {
	t.Parallel()
	week := func(d time.Time) int { _, w := d.ISOWeek(); return w }
	weeks := func(d time.Time) int { // of the year that the week of d belongs to
		y, _ := d.ISOWeek()
		_, w := time.Date(y, 12, 28, 0, 0, 0, 0, time.UTC).ISOWeek()
		return w
	}
	lastDay := func(d time.Time) bool { return d.AddDate(0, 0, 1).Day() == 1 }
	every := ";BYDAY=MO,TU,WE,TH,FR,SA,SU"
	for text, day := range map[string]func(time.Time) bool{
		"FREQ=YEARLY;BYWEEKNO=1" + every:      func(d time.Time) bool { return week(d) == 1 },
		"FREQ=YEARLY;BYWEEKNO=53" + every:     func(d time.Time) bool { return week(d) == 53 },
		"FREQ=YEARLY;BYWEEKNO=52" + every:     func(d time.Time) bool { return week(d) == 52 },
		"FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO":    func(d time.Time) bool { return week(d) == 20 && d.Weekday() == time.Monday },
		"FREQ=YEARLY;BYWEEKNO=-1" + every:     func(d time.Time) bool { return week(d) == weeks(d) },
		"FREQ=YEARLY;BYWEEKNO=-53" + every:    func(d time.Time) bool { return week(d) == 1 && weeks(d) == 53 },
		"FREQ=YEARLY;BYWEEKNO=-52" + every:    func(d time.Time) bool { return week(d) == weeks(d)-51 },
		"FREQ=MONTHLY;BYMONTHDAY=-1":          lastDay,
		"FREQ=MONTHLY;BYMONTHDAY=31":          func(d time.Time) bool { return d.Day() == 31 },
		"FREQ=MONTHLY;BYDAY=-1FR":             func(d time.Time) bool { return d.Weekday() == time.Friday && d.AddDate(0, 0, 7).Day() <= 7 },
		"FREQ=MONTHLY;BYDAY=5MO":              func(d time.Time) bool { return d.Weekday() == time.Monday && d.Day() > 28 },
		"FREQ=YEARLY;BYDAY=1MO":               func(d time.Time) bool { return d.Weekday() == time.Monday && d.YearDay() <= 7 },
		"FREQ=YEARLY;BYDAY=-1SU":              func(d time.Time) bool { return d.Weekday() == time.Sunday && d.Month() == 12 && d.Day() > 24 },
		"FREQ=YEARLY;BYDAY=53FR":              func(d time.Time) bool { return d.Weekday() == time.Friday && d.YearDay() > 364 },
		"FREQ=YEARLY;BYYEARDAY=366,-1":        func(d time.Time) bool { return d.Month() == 12 && d.Day() == 31 },
		"FREQ=YEARLY;BYYEARDAY=60,-306":       func(d time.Time) bool { return d.YearDay() == 60 || d.Month() == 3 && d.Day() == 1 },
		"FREQ=YEARLY;BYMONTHDAY=1":            func(d time.Time) bool { return d.Day() == 1 },
		"FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29": func(d time.Time) bool { return d.Month() == 2 && d.Day() == 29 },
		"FREQ=DAILY;BYMONTH=12;BYDAY=SA,SU":   func(d time.Time) bool { return d.Month() == 12 && d.Weekday()%6 == 0 },
		"FREQ=WEEKLY;BYMONTH=1;BYDAY=MO,SU":   func(d time.Time) bool { return d.Month() == 1 && d.Weekday() <= time.Monday },
		"FREQ=DAILY;BYMONTHDAY=-1,15":         func(d time.Time) bool { return d.Day() == 15 || lastDay(d) },
		"FREQ=MONTHLY;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8;BYMONTH=11": func(d time.Time) bool {
			return d.Month() == 11 && d.Weekday() == time.Tuesday && d.Day() >= 2 && d.Day() <= 8
		},
	} {
		start := at(t, "2000-01-01 12:00")
		end := time.Date(2060, 1, 1, 0, 0, 0, 0, time.UTC)
		var want, got []string
		for d := start.UTC(); d.Before(end); d = d.AddDate(0, 0, 1) {
			if day(d) {
				want = append(want, civil.Of(d).String())
			}
		}
		for _, o := range rule(t, text).After(start, time.UTC, time.Time{}, len(want)) {
			got = append(got, o.Wall.String())
		}
		require.Equal(t, want, got, text)
	}
}
