package civil_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis/internal/civil"
)

const rfc = "2006-01-02T15:04-07:00"

// instants returns the occurrences after the start as instants with their offsets.
func instants(t testing.TB, text, start, zoneName string, limit int) []string {
	t.Helper()
	var out []string
	for _, o := range rule(t, text).After(at(t, start), zone(t, zoneName), time.Time{}, limit) {
		require.True(t, o.At.Equal(civil.In(o.Wall, zone(t, zoneName))))
		out = append(out, o.At.Format(rfc))
	}
	return out
}

func TestAfter(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, rule, start, zone string
		want                    []string
	}{
		{
			"the wall clock is kept over both changes of 2026", "FREQ=MONTHLY;BYMONTH=3,4,10,11", "2026-03-01 18:00", "Europe/Paris",
			[]string{"2026-03-01T18:00+01:00", "2026-04-01T18:00+02:00", "2026-10-01T18:00+02:00", "2026-11-01T18:00+01:00"},
		},
		{
			"weekly by day over the change in spring", "FREQ=WEEKLY;BYDAY=SA,SU,MO", "2026-03-28 18:00", "Europe/Paris",
			[]string{"2026-03-28T18:00+01:00", "2026-03-29T18:00+02:00", "2026-03-30T18:00+02:00", "2026-04-04T18:00+02:00"},
		},
		{
			"weekly by day over the change in autumn", "FREQ=WEEKLY;BYDAY=SA,SU", "2027-10-30 02:30", "Europe/Paris",
			[]string{"2027-10-30T02:30+02:00", "2027-10-31T02:30+02:00", "2027-11-06T02:30+01:00"},
		},
		{
			"in a gap the offset before it holds", "FREQ=DAILY", "2026-03-28 02:30", "Europe/Paris",
			[]string{"2026-03-28T02:30+01:00", "2026-03-29T03:30+02:00", "2026-03-30T02:30+02:00"},
		},
		{
			"an occurrence in a gap counts", "FREQ=DAILY;COUNT=3", "2027-03-27 02:30", "Europe/Paris",
			[]string{"2027-03-27T02:30+01:00", "2027-03-28T03:30+02:00", "2027-03-29T02:30+02:00"},
		},
		{
			"a gap puts two in another order, and two at one instant are one", "FREQ=DAILY;BYHOUR=2,3;BYMINUTE=0,30,45;COUNT=6", "2026-03-29 02:00", "Europe/Paris",
			[]string{"2026-03-29T03:00+02:00", "2026-03-29T03:30+02:00", "2026-03-29T03:45+02:00"},
		},
		{
			"a day without midnight", "FREQ=DAILY", "2018-11-03 00:00", "America/Sao_Paulo",
			[]string{"2018-11-03T00:00-03:00", "2018-11-04T01:00-02:00", "2018-11-05T00:00-02:00"},
		},
		{
			"a midnight that comes twice is the first", "FREQ=DAILY", "2019-02-15 23:30", "America/Sao_Paulo",
			[]string{"2019-02-15T23:30-02:00", "2019-02-16T23:30-02:00", "2019-02-17T23:30-03:00"},
		},
		{
			"no changes after they were abolished", "FREQ=YEARLY;BYMONTH=1,7", "2019-01-15 09:00", "America/Sao_Paulo",
			[]string{"2019-01-15T09:00-02:00", "2019-07-15T09:00-03:00", "2020-01-15T09:00-03:00", "2020-07-15T09:00-03:00"},
		},
		{
			"a leap day has no other year", "FREQ=YEARLY", "2024-02-29 10:00", "Europe/Paris",
			[]string{"2024-02-29T10:00+01:00", "2028-02-29T10:00+01:00", "2032-02-29T10:00+01:00"},
		},
		{
			"the 31st skips short months", "FREQ=MONTHLY;BYMONTHDAY=31", "2026-01-31 10:00", "Europe/Paris",
			[]string{"2026-01-31T10:00+01:00", "2026-03-31T10:00+02:00", "2026-05-31T10:00+02:00", "2026-07-31T10:00+02:00"},
		},
		{
			"so does a rule that leaves the day to a start on the 31st", "FREQ=MONTHLY", "2026-01-31 10:00", "Europe/Paris",
			[]string{"2026-01-31T10:00+01:00", "2026-03-31T10:00+02:00"},
		},
		{
			"the last day of the month", "FREQ=MONTHLY;BYMONTHDAY=-1", "2028-01-31 10:00", "Europe/Paris",
			[]string{"2028-01-31T10:00+01:00", "2028-02-29T10:00+01:00", "2028-03-31T10:00+02:00"},
		},
		{
			"the last Friday", "FREQ=MONTHLY;BYDAY=-1FR", "2026-01-01 17:00", "Europe/Paris",
			[]string{"2026-01-30T17:00+01:00", "2026-02-27T17:00+01:00", "2026-03-27T17:00+01:00", "2026-04-24T17:00+02:00"},
		},
		{
			"the last working day", "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "2026-01-01 17:00", "UTC",
			[]string{"2026-01-30T17:00+00:00", "2026-02-27T17:00+00:00", "2026-03-31T17:00+00:00"},
		},
		{
			"the position counts from the beginning of the week, before the start too", "FREQ=WEEKLY;BYDAY=MO,WE,FR;BYSETPOS=2", "2026-01-07 09:00", "UTC",
			[]string{"2026-01-07T09:00+00:00", "2026-01-14T09:00+00:00"},
		},
		{
			"days with and without numbers", "FREQ=MONTHLY;BYDAY=MO,1TU", "2026-06-01 09:00", "UTC",
			[]string{"2026-06-01T09:00+00:00", "2026-06-02T09:00+00:00", "2026-06-08T09:00+00:00", "2026-06-15T09:00+00:00", "2026-06-22T09:00+00:00", "2026-06-29T09:00+00:00", "2026-07-06T09:00+00:00"},
		},
		{
			"week numbers leave the day to the start", "FREQ=YEARLY;BYWEEKNO=1,53", "2026-12-31 09:00", "UTC", // a Thursday in week 53
			[]string{"2026-12-31T09:00+00:00", "2027-01-07T09:00+00:00", "2028-01-06T09:00+00:00"},
		},
		{
			"every other week from Sunday on", "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=SU", "1997-08-05 09:00", "America/New_York",
			[]string{"1997-08-05T09:00-04:00", "1997-08-17T09:00-04:00", "1997-08-19T09:00-04:00", "1997-08-31T09:00-04:00"},
		},
		{
			"every other week from Monday on", "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU", "1997-08-05 09:00", "America/New_York",
			[]string{"1997-08-05T09:00-04:00", "1997-08-10T09:00-04:00", "1997-08-19T09:00-04:00", "1997-08-24T09:00-04:00"},
		},
		{
			"the start occurs only if the rule says so", "FREQ=WEEKLY;BYDAY=MO;COUNT=2", "2026-01-06 09:00", "UTC",
			[]string{"2026-01-12T09:00+00:00", "2026-01-19T09:00+00:00"},
		},
		{
			"hours of the rule", "FREQ=DAILY;BYHOUR=9,17;BYMINUTE=15", "2026-01-06 12:00", "UTC",
			[]string{"2026-01-06T17:15+00:00", "2026-01-07T09:15+00:00", "2026-01-07T17:15+00:00"},
		},
		{
			"a day that was left out", "FREQ=DAILY;COUNT=4", "2011-12-28 09:00", "Pacific/Apia",
			[]string{"2011-12-28T09:00-10:00", "2011-12-29T09:00-10:00", "2011-12-31T09:00+14:00"},
		},
		{
			"Friday 13", "FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13", "1997-09-02 09:00", "UTC",
			[]string{"1998-02-13T09:00+00:00", "1998-03-13T09:00+00:00", "1998-11-13T09:00+00:00", "1999-08-13T09:00+00:00"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, tt.want, instants(t, tt.rule, tt.start, tt.zone, len(tt.want)))
		})
	}
}

func TestAfterEnds(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		rule string
		want int
	}{
		{"FREQ=DAILY;COUNT=4", 4},
		{"FREQ=DAILY;UNTIL=20260330T020000", 2},  // the wall clock of the 30th is 02:30
		{"FREQ=DAILY;UNTIL=20260330T023000", 3},  // and that is included
		{"FREQ=DAILY;UNTIL=20260330", 3},         // all of that day
		{"FREQ=DAILY;UNTIL=20260330T002959Z", 2}, // in UTC 02:30 on the 30th is 00:30
		{"FREQ=DAILY;UNTIL=20260330T003000Z", 3},
		{"FREQ=DAILY;UNTIL=20260329T012959Z", 1}, // and 02:30 in the gap of the 29th is 01:30
		{"FREQ=DAILY;UNTIL=20260329T013000Z", 2},
		{"FREQ=DAILY;UNTIL=20260101", 0},
	} {
		assert.Len(t, instants(t, tt.rule, "2026-03-28 02:30", "Europe/Paris", 50), tt.want, tt.rule)
	}
	// An instant that the wall clock has passed further on: the gap moves 02:30 behind 03:00.
	got := instants(t, "FREQ=DAILY;BYHOUR=2,3;BYMINUTE=0,30;UNTIL=20260329T011500Z", "2026-03-29 02:30", "Europe/Paris", 50)
	assert.Equal(t, []string{"2026-03-29T03:00+02:00"}, got)
}

func TestAfterIsStrict(t *testing.T) {
	t.Parallel()
	paris := zone(t, "Europe/Paris")
	start := at(t, "2026-03-28 02:30")
	r := rule(t, "FREQ=DAILY;COUNT=5")
	all := r.After(start, paris, time.Time{}, 10)
	require.Len(t, all, 5)
	for i, o := range all {
		assert.Equal(t, all[i+1:], append([]civil.Occurrence{}, r.After(start, paris, o.At, 10)...), "after %s", o.At)
		assert.Equal(t, all[i:], r.After(start, paris, o.At.Add(-time.Nanosecond), 10))
	}
	assert.Len(t, r.After(start, paris, time.Time{}, 2), 2)
	assert.Empty(t, r.After(start, paris, time.Time{}, 0))
	assert.Empty(t, r.After(start, paris, time.Time{}, -1))
}

// TestAfterFromAnywhere: a search that begins late finds what one from the start finds.
func TestAfterFromAnywhere(t *testing.T) {
	t.Parallel()
	for _, zoneName := range []string{"Europe/Paris", "America/Sao_Paulo", "Pacific/Apia"} {
		for _, text := range []string{
			"FREQ=DAILY;INTERVAL=3", "FREQ=DAILY;BYHOUR=0,2,3;BYMINUTE=0,30", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SU;WKST=SU", "FREQ=WEEKLY;INTERVAL=3;WKST=TH",
			"FREQ=MONTHLY;INTERVAL=5;BYMONTHDAY=31,-1", "FREQ=MONTHLY;BYDAY=-1FR", "FREQ=YEARLY;INTERVAL=2;BYMONTH=2;BYDAY=1MO", "FREQ=YEARLY;BYWEEKNO=1,52,53;BYDAY=MO,SU",
			"FREQ=DAILY;UNTIL=20150101T000000Z", "FREQ=YEARLY;BYYEARDAY=-1,1",
		} {
			start, loc := at(t, "2008-01-31 00:30"), zone(t, zoneName)
			all := rule(t, text).After(start, loc, time.Time{}, 4000)
			require.NotEmpty(t, all)
			from := time.Date(2007, 12, 25, 7, 0, 0, 0, time.UTC)
			for range 100 {
				from = from.Add(37*24*time.Hour + 11*time.Minute)
				i := slices.IndexFunc(all, func(o civil.Occurrence) bool { return o.At.After(from) })
				if i < 0 || i+3 > len(all) {
					break
				}
				require.Equal(t, all[i:i+3], rule(t, text).After(start, loc, from, 3), "%s in %s after %s", text, zoneName, from)
			}
		}
	}
}

func TestAfterFarAway(t *testing.T) {
	t.Parallel()
	daily := rule(t, "FREQ=DAILY")
	start := at(t, "2026-01-01 09:00")
	assert.Equal(t, "9000-01-01 09:00", daily.After(start, time.UTC, time.Date(8999, 12, 31, 12, 0, 0, 0, time.UTC), 1)[0].Wall.String())
	assert.Empty(t, daily.After(start, time.UTC, time.Date(9999, 12, 31, 12, 0, 0, 0, time.UTC), 1))
	assert.Empty(t, daily.After(start, time.UTC, time.Unix(1<<55, 0), 1))
	assert.Equal(t, start, daily.After(start, time.UTC, time.Unix(-1<<55, 0), 1)[0].Wall)
	assert.Empty(t, daily.After(civil.Time{}, time.UTC, time.Time{}, 1))
	assert.Equal(t, "0001-01-01 00:00", daily.After(at(t, "0001-01-01"), time.UTC, time.Date(-5, 1, 1, 0, 0, 0, 0, time.UTC), 1)[0].Wall.String())
	// Mondays on February 29 are 28 or 40 years apart; nothing is looked for beyond 100 years.
	monday := rule(t, "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO").After(start, time.UTC, time.Time{}, 10)
	require.Len(t, monday, 3)
	for i, want := range []string{"2044-02-29 09:00", "2072-02-29 09:00", "2112-02-29 09:00"} {
		assert.Equal(t, want, monday[i].Wall.String())
	}
}

func BenchmarkAfter(b *testing.B) {
	paris, start := zone(b, "Europe/Paris"), at(b, "2016-01-04 18:00")
	r := rule(b, "FREQ=WEEKLY;BYDAY=MO,TH")
	now := time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)
	b.ReportAllocs()
	for b.Loop() {
		require.Len(b, r.After(start, paris, now, 10), 10)
	}
}
