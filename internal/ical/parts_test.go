package ical

import (
	"bufio"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis/internal/civil"
)

func TestLines(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, file string
		want       []string
	}{
		{"nothing", "", nil},
		{"CRLF", "a\r\nb\r\n", []string{"a", "b"}},
		{"LF and no last", "a\nb", []string{"a", "b"}},
		{"CR CR LF", "a\r\r\nb", []string{"a", "b"}},
		{"folded with a space", "a\r\n b", []string{"ab"}},
		{"folded with a tab", "a\n\tb\n  c", []string{"ab c"}},
		{"folded with nothing", "a\n \nb", []string{"a", "b"}},
		{"an empty line that goes on", "\n a", []string{"a"}},
		{"empty lines", "\n\na\n\n", []string{"", "", "a", ""}},
		{"a mark first", "\uFEFFa\n\uFEFFb", []string{"a", "\uFEFFb"}},
		{"longer than a buffer", strings.Repeat("x", 10_000) + "\n " + strings.Repeat("y", 10_000) + "\nz", []string{strings.Repeat("x", 10_000) + strings.Repeat("y", 10_000), "z"}},
	} {
		l := lines{r: bufio.NewReader(strings.NewReader(tt.file))}
		var got []string
		for {
			line, err := l.next()
			if err == io.EOF {
				break
			}
			require.NoError(t, err, tt.name)
			got = append(got, string(line))
		}
		assert.Equal(t, tt.want, got, tt.name)
		assert.Equal(t, len(tt.file), l.read, tt.name)
	}
}

func TestLongLineIsNotHeld(t *testing.T) {
	t.Parallel()
	l := lines{r: bufio.NewReader(strings.NewReader(strings.Repeat("x", 5*maxEvent) + "\nz"))}
	line, err := l.next()
	require.NoError(t, err)
	assert.Greater(t, len(line), maxEvent)
	assert.Less(t, len(line), maxEvent+10_000)
	line, err = l.next()
	require.NoError(t, err)
	assert.Equal(t, "z", string(line))
}

func TestFault(t *testing.T) {
	t.Parallel()
	for _, line := range []string{
		"A:", "A:b", "a-1:b", "A;B=c:d", "A;B=:d", "A;B=c,d;E=f:g:h;i", `A;B="c:d;e,f":g`, `A;B="":c`, "A:é\tb", "X-A;B=é:c", "A:\"b\"",
	} {
		assert.Empty(t, fault([]byte(line)), line)
	}
	for _, line := range []string{
		"", ":", "A", "A;", "A;B", "A;B:c", "A;=c:d", "A;B=c", "A;B=c;", `A;B="c`, `A;B="c"d:e`, `A;B=c"d":e`, "A B:c", "É:a", "A:\x00", "A:\x7f", "A:\r", "A:\xff",
	} {
		assert.NotEmpty(t, fault([]byte(line)), line)
	}
}

func TestBoundary(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		line  string
		begin bool
		kind  string
	}{
		{"BEGIN:VEVENT", true, "VEVENT"},
		{"begin:vevent ", true, "VEVENT"},
		{"END:VCALENDAR", false, "VCALENDAR"},
		{"End:X-é", false, "X-É"},
		{"BEGIN:", true, ""},
		{"BEGINNING:VEVENT", false, ""},
		{"SUMMARY:BEGIN:VEVENT", false, ""},
		{"BEGIN", true, ""},
		{"", false, ""},
	} {
		begin, kind := boundary([]byte(tt.line))
		assert.Equal(t, tt.begin, begin, tt.line)
		assert.Equal(t, tt.kind, kind, tt.line)
	}
}

func TestPlus(t *testing.T) {
	t.Parallel()
	paris, err := civil.LoadZone("Europe/Paris")
	require.NoError(t, err)
	begin := time.Date(2026, 3, 28, 12, 0, 0, 0, paris) // the day before one of 23 hours
	from := moment{wall: civil.Of(begin), zone: "Europe/Paris", loc: paris}
	for duration, want := range map[string]time.Duration{
		"PT0S": 0, "P0D": 0, "PT24H": 24 * time.Hour, "P1D": 23 * time.Hour, "P1W": 167 * time.Hour, "P1DT24H": 47 * time.Hour,
		"PT1H30M": 90 * time.Minute, "PT90M": 90 * time.Minute, "PT5400S": 90 * time.Minute, "+PT1S": time.Second, "pt1h": time.Hour, "P10DT1H1M1S": 240*time.Hour + time.Minute + time.Second,
	} {
		end, err := from.plus(duration)
		require.NoError(t, err, duration)
		assert.Equal(t, want, end.instant().Sub(begin), duration)
	}
	for _, duration := range []string{
		"", "P", "PT", "-PT1H", "P1H", "PT1D", "P1WT1H", "P1Y", "P1M", "1H", "PT1H1H", "PT1S1M", "PT1.5H", "PT 1H", "P999999D", "PT9999999999S", "PT1H\n",
	} {
		_, err := from.plus(duration)
		require.Error(t, err, duration)
	}
	day := moment{wall: civil.Time{Year: 2026, Month: 12, Day: 30}, date: true}
	end, err := day.plus("P3D")
	require.NoError(t, err)
	assert.Equal(t, "2027-01-02 00:00", end.wall.String())
	_, err = day.plus("PT72H")
	require.Error(t, err)
}

func TestSpell(t *testing.T) {
	t.Parallel()
	for want, d := range map[string]time.Duration{
		"PT1S": time.Second, "PT1M": time.Minute, "PT1H": time.Hour, "PT1M1S": 61 * time.Second, "PT1H1M": 61 * time.Minute,
		"PT1H0M1S": time.Hour + time.Second, "PT24H": 24 * time.Hour, "PT878400H": maxDays * 24 * time.Hour, "PT2S": 2999 * time.Millisecond,
	} {
		assert.Equal(t, want, spell(d))
		end, err := (moment{wall: civil.Time{Year: 2026, Month: 1, Day: 1}}).plus(want)
		require.NoError(t, err)
		assert.Equal(t, d.Truncate(time.Second), end.instant().Sub(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)))
	}
}

func TestUTCOffset(t *testing.T) {
	t.Parallel()
	for seconds, want := range map[int]string{
		0: "+0000", 3600: "+0100", -3600: "-0100", 20700: "+0545", -12600: "-0330", 50400: "+1400", 561: "+000921", -1521: "-002521", 60: "+0001", -1: "-000001",
	} {
		assert.Equal(t, want, utcOffset(seconds))
	}
}

func TestFolder(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ line, want string }{
		{"", ""},
		{strings.Repeat("x", 75), strings.Repeat("x", 75)},
		{strings.Repeat("x", 76), strings.Repeat("x", 75) + "\r\n x"},
		{strings.Repeat("x", 75+74), strings.Repeat("x", 75) + "\r\n " + strings.Repeat("x", 74)},
		{strings.Repeat("x", 75+74+1), strings.Repeat("x", 75) + "\r\n " + strings.Repeat("x", 74) + "\r\n x"},
		{strings.Repeat("x", 74) + "é", strings.Repeat("x", 74) + "\r\n é"},
		{strings.Repeat("x", 72) + "🎄", strings.Repeat("x", 72) + "\r\n 🎄"},
		{strings.Repeat("x", 75) + " y", strings.Repeat("x", 75) + "\r\n  y"},
		{strings.Repeat("\x80", 80), strings.Repeat("\x80", 1) + "\r\n \x80"},
	} {
		var b strings.Builder
		f := &folder{w: bufio.NewWriter(&b)}
		n, err := f.Write([]byte(tt.line + "\r\n"))
		require.NoError(t, err)
		require.NoError(t, f.w.Flush())
		assert.Equal(t, len(tt.line)+2, n)
		assert.True(t, strings.HasPrefix(b.String(), tt.want), "%q", b.String())
		assert.Equal(t, tt.line+"\r\n", strings.ReplaceAll(b.String(), "\r\n ", ""), "what is folded unfolds")
	}
}

func TestClean(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"": "", "Été 🎄": "Été 🎄", "a\r\nb\rc\nd": "a\nb\nc\nd", "\r\r\n": "\n\n", "a\tb": "a\tb", "a\x00\x1b\x7fb": "ab", "\xffa": "\uFFFDa", "\u0085\u2028": "\u0085\u2028",
	} {
		assert.Equal(t, want, clean(in))
	}
}

func TestCut(t *testing.T) {
	t.Parallel()
	assert.Equal(t, strings.Repeat("é", 40), cut(strings.Repeat("é", 40)))
	assert.Equal(t, strings.Repeat("é", 40)+"…", cut(strings.Repeat("é", 41)))
	assert.Equal(t, "x"+strings.Repeat("é", 39)+"…", cut("x"+strings.Repeat("é", 41)))
}

func TestMoment(t *testing.T) {
	t.Parallel()
	z := &zones{places: map[string]string{}, loaded: map[string]*time.Location{}}
	for _, value := range []string{
		"", "2026", "20260229", "20260132", "00000101", "20260101T", "20260101T240000", "20260101T006000", "20260101T000061", "20260101t000000", "20260101T000000z",
		"2026-01-01", "20260101T0000", "20260101T000000+01", " 20260101", "20260101T00000é", strings.Repeat("1", 1000),
	} {
		_, err := z.moment(value, "")
		require.Error(t, err, value)
	}
	m, err := z.moment("20260329T023000", "Europe/Paris")
	require.NoError(t, err)
	assert.Equal(t, "2026-03-29T01:30:00Z", m.instant().UTC().Format(time.RFC3339), "a gap is read with the offset before it")
	_, err = z.moment("20260329T023000Z", "Nowhere")
	require.NoError(t, err, "a time in UTC has no TZID")
}
