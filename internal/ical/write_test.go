package ical_test

import (
	"bytes"
	"errors"
	"io"
	"iter"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/civil"
	"github.com/parvis-go/parvis/internal/ical"
)

// writable reports whether Write takes what Read gave: it is stricter with the names of Extra,
// URLs, and days at the end of the calendar.
func writable(events []ical.Event) bool {
	names := regexp.MustCompile(`^X-[A-Z0-9-]{1,100}$`)
	for _, ev := range events {
		for name := range ev.Extra {
			if !names.MatchString(name) {
				return false
			}
		}
		if strings.ContainsAny(ev.URL, " \t") || ev.Start.Year > 9800 || ev.Start.Year < 2 {
			return false
		}
		for _, t := range ev.ExDates {
			if t.Year < 1 || t.Year > 9999 {
				return false
			}
		}
	}
	return true
}

// normal returns what a file can tell apart.
func normal(events []ical.Event) []ical.Event {
	out := append([]ical.Event{}, events...)
	for i := range out {
		out[i].Rule = strings.ToUpper(strings.TrimPrefix(strings.ToUpper(out[i].Rule), "RRULE:"))
		var words []string
		for _, w := range out[i].Categories {
			words = append(words, strings.TrimSpace(w))
		}
		out[i].Categories = words
	}
	return out
}

func events(t testing.TB) []ical.Event {
	t.Helper()
	long := strings.Repeat("Été à la plage 🏖️, déjà ; « l’œuvre » \\ fin 👩🏽‍🚀\n", 40)
	return []ical.Event{
		{
			UID: "zoned", Summary: "Soldes, d’hiver; 50 % \\ 🎄", Description: long, URL: "https://example.org/a,b;c?d=é#f", Start: at(t, "2026-12-24 18:00"),
			Zone: "Europe/Paris", Duration: 90*time.Minute + 5*time.Second, Rule: "FREQ=WEEKLY;BYDAY=TH;UNTIL=20270401T160000Z",
			ExDates: []civil.Time{at(t, "2026-12-31 18:00"), at(t, "2027-01-07 18:00")}, Categories: []string{"Mode", "Noël, fêtes; etc.", "a\\b"},
			Status: "TENTATIVE", Extra: map[string]string{"X-CAMPAIGN": "hiver, 26\n🎄", "X-EMPTY": "", "X-LONG": long}, Modified: modified,
		},
		{UID: "utc", Start: at(t, "2026-03-29 02:30"), Zone: "UTC", Duration: 2 * time.Hour, ExDates: []civil.Time{at(t, "2026-03-30 02:30")}, Modified: modified},
		{UID: "floating", Summary: " spaces and\ttabs ", Start: at(t, "2026-03-29 02:30:15"), Duration: 3*time.Hour + 7*time.Second, Status: "CANCELLED", Modified: modified},
		{UID: "days", Start: at(t, "2026-03-28"), AllDay: true, Days: 3, Rule: "FREQ=YEARLY", ExDates: []civil.Time{at(t, "2027-03-28")}, Status: "CONFIRMED", Modified: modified},
		{UID: "gap, with \"quotes\": and\\", Start: at(t, "2018-11-04 00:00"), Zone: "America/Sao_Paulo", Modified: modified},
		{UID: "old", Start: at(t, "0099-03-01 12:00"), Zone: "Asia/Tokyo", Duration: 24 * time.Hour, Modified: modified},
	}
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	want := events(t)
	got, errs := read(write(t, want...))
	require.Empty(t, errs)
	assert.Equal(t, want, got)
}

func TestWriteLines(t *testing.T) {
	t.Parallel()
	file := write(t, events(t)...)
	require.True(t, utf8.ValidString(file))
	for line := range strings.SplitSeq(strings.TrimSuffix(file, "\r\n"), "\r\n") {
		assert.LessOrEqual(t, len(line), 75)
		assert.True(t, utf8.ValidString(line), "folded between characters: %q", line)
		assert.NotContains(t, line, "\n")
		assert.NotContains(t, line, "\r")
	}
	assert.Contains(t, file, "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//parvis-go//parvis//EN\r\nX-WR-CALNAME:Calendrier\r\n")
	for _, line := range []string{
		"DTSTAMP:20260901T083005Z", "DTSTART;TZID=Europe/Paris:20261224T180000", "DURATION:PT1H30M5S", "DTSTART:20260329T023000Z", "DURATION:PT2H",
		"EXDATE;TZID=Europe/Paris:20261231T180000,20270107T180000", "EXDATE:20260330T023000Z", "DTSTART:20260329T023015", "DURATION:PT3H0M7S",
		"DTSTART;VALUE=DATE:20260328", "DTEND;VALUE=DATE:20260331", "EXDATE;VALUE=DATE:20270328", "X-EMPTY:", `SUMMARY:Soldes\, d’hiver\; 50 % \\ 🎄`,
	} {
		assert.Contains(t, strings.ReplaceAll(file, "\r\n ", ""), "\r\n"+line+"\r\n")
	}
}

func TestWriteZones(t *testing.T) {
	t.Parallel()
	one := func(start, zone, rule string) ical.Event {
		return ical.Event{UID: "u", Start: at(t, start), Zone: zone, Rule: rule, Modified: modified}
	}
	file := write(t, one("2026-07-01 12:00", "Europe/Paris", ""))
	assert.Contains(t, file, strings.ReplaceAll(`BEGIN:VTIMEZONE
TZID:Europe/Paris
BEGIN:STANDARD
DTSTART:20251026T030000
TZNAME:CET
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:20260329T020000
TZNAME:CEST
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
END:DAYLIGHT
BEGIN:STANDARD
DTSTART:20261025T030000
TZNAME:CET
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
END:STANDARD
END:VTIMEZONE
`, "\n", "\r\n"))
	assert.Less(t, strings.Index(file, "END:VTIMEZONE"), strings.Index(file, "BEGIN:VEVENT"))

	// Without changes: what held since the last one, or ever.
	file = write(t, one("2026-07-01 12:00", "America/Sao_Paulo", ""))
	assert.Contains(t, file, "BEGIN:STANDARD\r\nDTSTART:20190217T000000\r\nTZNAME:-03\r\nTZOFFSETFROM:-0200\r\nTZOFFSETTO:-0300\r\nEND:STANDARD\r\nEND:VTIMEZONE")
	file = write(t, one("2026-07-01 12:00", "Etc/GMT-5", ""))
	assert.Contains(t, file, "BEGIN:STANDARD\r\nDTSTART:20251231T050000\r\nTZNAME:+05\r\nTZOFFSETFROM:+0500\r\nTZOFFSETTO:+0500\r\nEND:STANDARD\r\nEND:VTIMEZONE")
	file = write(t, one("1890-07-01 12:00", "Europe/Paris", ""))
	assert.Contains(t, file, "TZOFFSETTO:+000921\r\n")

	// One for each zone; years up to the last, and 5 beyond for what repeats.
	file = write(t, one("2026-07-01 12:00", "Europe/Paris", ""), one("2024-07-01 12:00", "Europe/Paris", ""), one("2026-07-01 12:00", "Asia/Tokyo", ""), one("2026-07-01 12:00", "UTC", ""), one("2026-07-01 12:00", "", ""))
	assert.Equal(t, 2, strings.Count(file, "BEGIN:VTIMEZONE"))
	assert.Equal(t, 3, strings.Count(file, "BEGIN:DAYLIGHT"))
	file = write(t, one("2025-07-01 12:00", "Europe/Paris", "FREQ=WEEKLY"))
	assert.Contains(t, file, "DTSTART:20311026T030000")
	assert.NotContains(t, file, "DTSTART:2032")
	night := one("2026-12-31 23:30", "Europe/Paris", "")
	night.Duration = time.Hour
	assert.Contains(t, write(t, night), "DTSTART:20271031T030000")
}

// TestZonesSayWhatCivilSays reads VTIMEZONEs as RFC 5545 §3.6.5 tells to, and compares.
func TestZonesSayWhatCivilSays(t *testing.T) {
	t.Parallel()
	part := regexp.MustCompile(`DTSTART:(\S+)\r\nTZNAME:\S+\r\nTZOFFSETFROM:([+-]\d+)\r\nTZOFFSETTO:([+-]\d+)\r\n`)
	for _, name := range []string{"Europe/Paris", "Europe/Dublin", "America/Sao_Paulo", "Australia/Lord_Howe", "Pacific/Apia", "Africa/Casablanca", "Asia/Kathmandu", "Antarctica/Troll"} {
		loc, err := civil.LoadZone(name)
		require.NoError(t, err)
		file := write(t, ical.Event{UID: "a", Start: at(t, "2010-01-01 00:00"), Zone: name, Modified: modified}, ical.Event{UID: "b", Start: at(t, "2026-12-31 23:59"), Zone: name, Modified: modified})
		type onset struct {
			at     time.Time
			offset int
		}
		var onsets []onset
		for _, m := range part.FindAllStringSubmatch(file, -1) {
			local, err := time.Parse("20060102T150405", m[1])
			require.NoError(t, err)
			onsets = append(onsets, onset{local.Add(-time.Duration(seconds(t, m[2])) * time.Second), seconds(t, m[3])})
		}
		require.NotEmpty(t, onsets)
		last := time.Date(2027, 1, 1, 11, 0, 0, 0, time.UTC)
		for i := time.Date(2009, 12, 31, 14, 0, 0, 0, time.UTC); i.Before(last); i = i.Add(3 * time.Hour) {
			_, want := i.In(loc).Zone()
			got := onsets[0].offset
			require.False(t, i.Before(onsets[0].at), name)
			for _, o := range onsets {
				if !i.Before(o.at) {
					got = o.offset
				}
			}
			require.Equal(t, want, got, "%s at %s", name, i)
		}
	}
}

func seconds(t testing.TB, offset string) int {
	t.Helper()
	h, err := strconv.Atoi(offset[1:3])
	require.NoError(t, err)
	m, err := strconv.Atoi(offset[3:5])
	require.NoError(t, err)
	s := h*3600 + m*60
	if offset[0] == '-' {
		return -s
	}
	return s
}

func TestWriteRefuses(t *testing.T) {
	t.Parallel()
	for why, change := range map[string]func(*ical.Event){
		"it has no UID":                  func(e *ical.Event) { e.UID = "\x01" },
		"it has no time of modification": func(e *ical.Event) { e.Modified = time.Time{} },
		"not on the calendar":            func(e *ical.Event) { e.Start.Day = 32 },
		"10000-12-24 18:00 is not":       func(e *ical.Event) { e.Start.Year = 10000 },
		"2026-02-30 00:00 is not":        func(e *ical.Event) { e.ExDates = []civil.Time{{Year: 2026, Month: 2, Day: 30}} },
		"its length is":                  func(e *ical.Event) { e.Duration = -1 },
		"below zero":                     func(e *ical.Event) { e.Days = -1 },
		"there is no time zone":          func(e *ical.Event) { e.Zone = "Romance Standard Time" },
		"not a time zone of its own":     func(e *ical.Event) { e.Zone = "Local" },
		"has no use for HOURLY":          func(e *ical.Event) { e.Rule = "FREQ=HOURLY" },
		"line breaks":                    func(e *ical.Event) { e.Rule = "FREQ=DAILY\r\nX-EVIL:1" },
		`"confirmed" is not a status`:    func(e *ical.Event) { e.Status = "confirmed" },
		"is not a URL":                   func(e *ical.Event) { e.URL = "https://example.org/\r\nX-EVIL:1" },
		`"x-lower", which is not a name`: func(e *ical.Event) { e.Extra = map[string]string{"x-lower": ""} },
		"which is not a name":            func(e *ical.Event) { e.Extra = map[string]string{"X-A:b\r\nX-C": ""} },
	} {
		ev := ical.Event{UID: "bad", Summary: "Été", Start: at(t, "2026-12-24 18:00"), Zone: "Europe/Paris", Modified: modified}
		change(&ev)
		var b bytes.Buffer
		err := ical.Write(&b, "", list(ical.Event{UID: "good", Start: ev.Start.AddDays(0), Modified: modified}, ev))
		if ev.Start.Year == 10000 || ev.Start.Day == 32 {
			err = ical.Write(&b, "", list(ev))
		}
		require.ErrorIs(t, err, parvis.ErrInvalid, why)
		assert.ErrorContains(t, err, why)
		assert.ErrorContains(t, err, "(Été) cannot be written")
		assert.Zero(t, b.Len(), "nothing is written")
	}
}

func TestWriteCleans(t *testing.T) {
	t.Parallel()
	got, errs := read(write(t, ical.Event{
		UID: "u", Summary: "a\x00b\x1b[31m\x7f", Description: "1\r\n2\r3\n4\xff", Categories: []string{"", " x ", "\x02"},
		Start: at(t, "2026-12-24 18:00"), AllDay: true, Zone: "Europe/Paris", Rule: "rrule:freq=daily", Duration: 0, Modified: modified.Add(999),
	}))
	require.Empty(t, errs)
	assert.Equal(t, []ical.Event{{
		UID: "u", Summary: "ab[31m", Description: "1\n2\n3\n4\uFFFD", Categories: []string{"x"},
		Start: at(t, "2026-12-24"), AllDay: true, Days: 1, Rule: "FREQ=DAILY", Modified: modified,
	}}, got)
}

func TestWriteNothing(t *testing.T) {
	t.Parallel()
	file := write(t)
	assert.Contains(t, file, "BEGIN:VTIMEZONE\r\nTZID:UTC\r\nBEGIN:STANDARD\r\n", "a calendar has a component")
	got, errs := read(file)
	assert.Empty(t, got)
	assert.Empty(t, errs)
	var b bytes.Buffer
	require.NoError(t, ical.Write(&b, "", list()))
	assert.NotContains(t, b.String(), "X-WR-CALNAME")
}

func TestWriteErrors(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	good := ical.Event{UID: "good", Start: at(t, "2026-12-24 18:00"), Zone: "Europe/Paris", Modified: modified}
	failing := func(round int) func() iter.Seq2[ical.Event, error] {
		n := 0
		return func() iter.Seq2[ical.Event, error] {
			n++
			return func(yield func(ical.Event, error) bool) {
				if yield(good, nil) && n == round {
					yield(ical.Event{}, broken)
				}
			}
		}
	}
	require.ErrorIs(t, ical.Write(io.Discard, "", failing(1)), broken)
	require.ErrorIs(t, ical.Write(io.Discard, "", failing(2)), broken)
	require.ErrorIs(t, ical.Write(brokenWriter{broken}, "", list(good)), broken)
	many := make([]ical.Event, 100)
	for i := range many {
		many[i] = good
	}
	require.ErrorIs(t, ical.Write(brokenWriter{broken}, "", list(many...)), broken)

	for _, late := range []ical.Event{
		{UID: "zone", Start: good.Start, Zone: "Asia/Tokyo", Modified: modified},
		{UID: "year", Start: at(t, "2028-12-24 18:00"), Zone: "Europe/Paris", Modified: modified},
		{UID: "earlier", Start: at(t, "2025-12-24 18:00"), Zone: "Europe/Paris", Modified: modified},
	} {
		n := 0
		changing := func() iter.Seq2[ical.Event, error] {
			if n++; n == 1 {
				return list(good)()
			}
			return list(good, late)()
		}
		err := ical.Write(io.Discard, "", changing)
		require.ErrorIs(t, err, parvis.ErrConflict)
		assert.ErrorContains(t, err, late.UID)
	}
}

type brokenWriter struct{ err error }

func (w brokenWriter) Write([]byte) (int, error) { return 0, w.err }

// TestMemoryIsFlat writes 20,000 events, a file of 11 MiB, into a reader; what is held does
// not grow with them. It is not parallel, since it looks at the memory of all.
func TestMemoryIsFlat(t *testing.T) {
	const n = 20_000
	start := at(t, "2026-01-01 18:00")
	all := func() iter.Seq2[ical.Event, error] {
		return func(yield func(ical.Event, error) bool) {
			for i := range n {
				ev := ical.Event{
					UID: strconv.Itoa(i), Summary: "Post", Description: strings.Repeat("mot ", 100), Start: start.AddDays(i % 365),
					Zone: "Europe/Paris", Modified: modified,
				}
				if !yield(ev, nil) {
					return
				}
			}
		}
	}
	r, w := io.Pipe()
	done := make(chan error, 1)
	go func() {
		err := ical.Write(w, "", all)
		w.CloseWithError(err)
		done <- err
	}()
	var most uint64
	got := 0
	for ev, err := range ical.Read(r) {
		require.NoError(t, err)
		require.Equal(t, strconv.Itoa(got), ev.UID)
		if got++; got%5000 == 0 {
			var m runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapAlloc)
		}
	}
	require.NoError(t, <-done)
	assert.Equal(t, n, got)
	t.Logf("at most %d KiB in use", most>>10)
	assert.Less(t, most, uint64(4<<20))
}

func BenchmarkRead(b *testing.B) {
	file := write(b, events(b)...)
	b.SetBytes(int64(len(file)))
	for b.Loop() {
		got, errs := read(file)
		require.Len(b, got, 6)
		require.Empty(b, errs)
	}
}

func BenchmarkWrite(b *testing.B) {
	all := list(events(b)...)
	for b.Loop() {
		require.NoError(b, ical.Write(io.Discard, "Calendrier", all))
	}
}
