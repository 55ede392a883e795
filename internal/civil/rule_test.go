package civil_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/civil"
)

func rule(t testing.TB, s string) civil.Rule {
	t.Helper()
	r, err := civil.ParseRule(s)
	require.NoError(t, err)
	return r
}

func TestParseRule(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		in, out string
		bounded bool
	}{
		{"FREQ=DAILY", "FREQ=DAILY", false},
		{"RRULE:FREQ=DAILY", "FREQ=DAILY", false},
		{"rrule:freq=weekly;byday=mo,th", "FREQ=WEEKLY;BYDAY=MO,TH", false},
		{"BYDAY=-1FR;FREQ=MONTHLY", "FREQ=MONTHLY;BYDAY=-1FR", false},
		{"FREQ=MONTHLY;BYDAY=1MO,+2TU", "FREQ=MONTHLY;BYDAY=+1MO,+2TU", false},
		{"FREQ=DAILY;INTERVAL=1;COUNT=3", "FREQ=DAILY;COUNT=3", true},
		{"FREQ=DAILY;INTERVAL=2;WKST=SU", "FREQ=DAILY;INTERVAL=2;WKST=SU", false},
		{"FREQ=DAILY;UNTIL=20261224T180000Z", "FREQ=DAILY;UNTIL=20261224T180000Z", true},
		{"FREQ=DAILY;UNTIL=20261224T180000", "FREQ=DAILY;UNTIL=20261224T180000", true},
		{"FREQ=DAILY;UNTIL=20261224", "FREQ=DAILY;UNTIL=20261224", true},
		{"FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO", "FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO", false},
		{"FREQ=YEARLY;BYDAY=53MO,-53TU", "FREQ=YEARLY;BYDAY=+53MO,-53TU", false},
		{"FREQ=DAILY;BYHOUR=18,9,9;BYMINUTE=0", "FREQ=DAILY;BYHOUR=9,18;BYMINUTE=0", false},
		{"FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "FREQ=MONTHLY;BYSETPOS=-1;BYDAY=MO,TU,WE,TH,FR", false},
	} {
		r, err := civil.ParseRule(tt.in)
		require.NoError(t, err, tt.in)
		assert.Equal(t, tt.out, r.String())
		assert.Equal(t, tt.bounded, r.Bounded(), tt.in)
		assert.Equal(t, r, rule(t, r.String()))
	}
}

func TestParseRuleRefuses(t *testing.T) {
	t.Parallel()
	sixty := "0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31,32,33,34,35,36,37,38,39,40,41,42,43,44,45,46,47,48,49,50,51,52,53,54,55,56,57,58,59"
	for _, tt := range []struct{ in, why string }{
		{"", "not a part of a rule"},
		{"FREQ", "FREQ has no value"},
		{"FREQ=", "FREQ has no value"},
		{"FREQ=DAILY;", "not a part of a rule"},
		{"INTERVAL=2", "it has no FREQ"},
		{"FREQ=FORTNIGHTLY", "there is no FREQ"},
		{"FREQ=HOURLY", "a calendar of posts has no use for HOURLY"},
		{"FREQ=MINUTELY", "a calendar of posts has no use for MINUTELY"},
		{"FREQ=SECONDLY", "a calendar of posts has no use for SECONDLY"},
		{"FREQ=DAILY;FREQ=DAILY", "FREQ is there twice"},
		{"FREQ=DAILY;DTSTART=20260101T000000", "DTSTART"},
		{"DTSTART:20260101T000000\nRRULE:FREQ=DAILY", "line breaks"},
		{"DTSTART:20260101T000000", "not a part of a rule"},
		{"FREQ=DAILY;BYHOUR=9\r\n", "line breaks"},
		{" FREQ=DAILY", "spaces"},
		{"FREQ=WEEKLY;BYDAY=ſu", "letters that no rule has"},
		{"FREQ=DAILY;BYEASTER=0", "not a part of a rule"},
		{"FREQ=DAILY;X=1=2", "not a part of a rule"},
		{"FREQ=DAILY;BYHOUR=1=2", "wrong format"},
		{"FREQ=DAILY;COUNT=2;UNTIL=20261224", "both COUNT and UNTIL"},
		{"FREQ=DAILY;COUNT=0", "COUNT is not"},
		{"FREQ=DAILY;COUNT=-1", "COUNT is not"},
		{"FREQ=DAILY;COUNT=10001", "COUNT is not"},
		{"FREQ=DAILY;COUNT=99999999999999999999", "COUNT is not"},
		{"FREQ=DAILY;INTERVAL=0", "INTERVAL is not"},
		{"FREQ=DAILY;INTERVAL=1001", "INTERVAL is not"},
		{"FREQ=DAILY;UNTIL=tomorrow", "UNTIL is not"},
		{"FREQ=DAILY;UNTIL=20260230", "UNTIL is not"},
		{"FREQ=DAILY;UNTIL=20261224T250000Z", "UNTIL is not"},
		{"FREQ=DAILY;UNTIL=20261224T180000.5Z", "UNTIL is not"},
		{"FREQ=DAILY;BYHOUR=24", "byhour"},
		{"FREQ=DAILY;BYSECOND=60", "bysecond"},
		{"FREQ=DAILY;BYMONTH=13", "bymonth"},
		{"FREQ=MONTHLY;BYMONTHDAY=0", "bymonthday"},
		{"FREQ=MONTHLY;BYMONTHDAY=32", "bymonthday"},
		{"FREQ=WEEKLY;BYMONTHDAY=1", "BYMONTHDAY is not for weekly"},
		{"FREQ=MONTHLY;BYYEARDAY=1", "BYYEARDAY is for yearly"},
		{"FREQ=MONTHLY;BYWEEKNO=1", "BYWEEKNO is for yearly"},
		{"FREQ=WEEKLY;BYDAY=1MO", "numbers in BYDAY are for"},
		{"FREQ=YEARLY;BYWEEKNO=1;BYDAY=1MO", "do not go with BYWEEKNO"},
		{"FREQ=MONTHLY;BYDAY=0MO", "BYDAY has a number"},
		{"FREQ=MONTHLY;BYDAY=6MO", "BYDAY has a number"},
		{"FREQ=MONTHLY;BYDAY=-53MO", "BYDAY has a number"},
		{"FREQ=YEARLY;BYMONTH=1;BYDAY=-53MO", "BYDAY has a number"},
		{"FREQ=YEARLY;BYDAY=54MO", "byday"},
		{"FREQ=WEEKLY;BYDAY=XX", "undefined weekday"},
		{"FREQ=WEEKLY;BYDAY=MO,", "undefined weekday"},
		{"FREQ=WEEKLY;WKST=1MO", "WKST is not a day"},
		{"FREQ=MONTHLY;BYSETPOS=1", "BYSETPOS is there without"},
		{"FREQ=YEARLY;BYWEEKNO=1;BYDAY=MO;BYSETPOS=1", "together with BYWEEKNO"},
		{"FREQ=DAILY;BYHOUR=9;BYMINUTE=0;BYSETPOS=" + sixty[2:88], "more than 31 positions"},
		{"FREQ=DAILY;BYHOUR=0,12;BYMINUTE=" + sixty, "more than 96 times a day"},
		{"FREQ=DAILY;BYHOUR=" + strings.Repeat("9,", 500) + "9", "more than 1000 characters"},
		{"FREQ=MONTHLY;BYDAY=" + strings.Repeat("1MO,", 240) + "1MO", "written out it has more than 1000"},
	} {
		_, err := civil.ParseRule(tt.in)
		require.ErrorIs(t, err, parvis.ErrInvalid, tt.in)
		assert.ErrorContains(t, err, tt.why, tt.in)
		assert.ErrorContains(t, err, "write it as", tt.in)
		assert.Less(t, len(err.Error()), 400)
	}
}

func TestZeroRule(t *testing.T) {
	t.Parallel()
	var r civil.Rule
	assert.Empty(t, r.String())
	assert.False(t, r.Bounded())
	assert.Empty(t, r.After(at(t, "2026-01-01"), time.UTC, time.Time{}, 5))
}

// never are rules that do not occur, and those that cost the most to find that out.
var never = []string{
	"FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
	"FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30",
	"FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
	"FREQ=YEARLY;BYYEARDAY=366;BYMONTH=1",
	"FREQ=YEARLY;BYMONTH=1,2,3,4,5,6,7,8,9,10,11,12;BYDAY=1MO;BYMONTHDAY=8",
	"FREQ=WEEKLY;BYDAY=MO;BYSETPOS=2",
	"FREQ=YEARLY;BYWEEKNO=53;BYMONTH=6",
	"FREQ=DAILY;BYHOUR=9;BYSETPOS=2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31",
	"FREQ=YEARLY;INTERVAL=4;BYMONTH=2;BYMONTHDAY=29;COUNT=5",
	"FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30;UNTIL=20270101",
	"FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30;COUNT=1000",
}

func TestNeverIsFoundQuickly(t *testing.T) {
	t.Parallel()
	for _, s := range never {
		begun := time.Now()
		assert.Empty(t, rule(t, s).After(at(t, "2026-01-01"), zone(t, "Europe/Paris"), time.Time{}, 5), s)
		took := time.Since(begun)
		t.Logf("%v for %s", took, s[:min(len(s), 60)])
		assert.Less(t, took, 5*time.Second, s) // a second, on a machine that does much else
	}
}

func FuzzParseRule(f *testing.F) {
	for _, s := range append([]string{
		"FREQ=DAILY", "RRULE:FREQ=WEEKLY;BYDAY=MO,TH;WKST=SU;INTERVAL=2", "FREQ=MONTHLY;BYDAY=-1FR,MO;BYSETPOS=-1,2",
		"FREQ=YEARLY;BYWEEKNO=-1,53,1;BYDAY=SU", "FREQ=YEARLY;BYWEEKNO=1,-53;WKST=TH", "FREQ=YEARLY;BYDAY=-53MO,53SU", "FREQ=YEARLY;BYMONTH=2;BYDAY=-5MO",
		"FREQ=YEARLY;BYYEARDAY=-366,1,366;COUNT=10000", "FREQ=DAILY;BYHOUR=2;BYMINUTE=0,30;UNTIL=99991231T235959Z", "FREQ=MONTHLY;BYMONTHDAY=31,-1;INTERVAL=1000",
	}, never...) {
		f.Add(s, int64(1790000000))
	}
	paris := zone(f, "Europe/Paris")
	start := at(f, "2024-02-29 02:30")
	f.Fuzz(func(t *testing.T, s string, unix int64) {
		r, err := civil.ParseRule(s)
		if err != nil {
			require.ErrorIs(t, err, parvis.ErrInvalid)
			return
		}
		again, err := civil.ParseRule(r.String())
		require.NoError(t, err)
		require.Equal(t, r, again)
		after, begun := time.Unix(unix, 0), time.Now()
		got := r.After(start, paris, after, 20)
		require.Less(t, time.Since(begun), 5*time.Second)
		require.LessOrEqual(t, len(got), 20)
		last := after
		for _, o := range got {
			require.True(t, o.At.After(last), "soonest first, each once")
			require.True(t, o.At.Equal(civil.In(o.Wall, paris)))
			require.GreaterOrEqual(t, o.Wall.Compare(start), 0)
			last = o.At
		}
	})
}
