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

func TestLoadZone(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"Europe/Paris", "America/Sao_Paulo", "America/Argentina/Buenos_Aires", "UTC", "Etc/GMT+5"} {
		loc, err := civil.LoadZone(name)
		require.NoError(t, err)
		assert.Equal(t, name, loc.String())
	}
	for _, name := range []string{
		"", "Local", "localtime", "posixrules", "right/Europe/Paris", "posix/Europe/Paris", "Europe/Pari", "Europe",
		"Paris", "CEST", "+01:00", "W. Europe Standard Time", "../../etc/passwd", "/etc/localtime", "zone.tab", "Europe/Paris\x00",
		strings.Repeat("Europe/Paris", 1000),
	} {
		_, err := civil.LoadZone(name)
		require.ErrorIs(t, err, parvis.ErrInvalid, name)
		assert.ErrorContains(t, err, "use an IANA name", name)
		assert.Less(t, len(err.Error()), 400)
	}
}

func TestIn(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ zone, wall, want string }{
		// Paris: forward from 02:00 to 03:00, back from 03:00 to 02:00.
		{"Europe/Paris", "2026-03-29 01:59:59", "2026-03-29T00:59:59Z"},
		{"Europe/Paris", "2026-03-29 02:00", "2026-03-29T01:00:00Z"},
		{"Europe/Paris", "2026-03-29 02:30", "2026-03-29T01:30:00Z"}, // clocks show 03:30
		{"Europe/Paris", "2026-03-29 03:00", "2026-03-29T01:00:00Z"},
		{"Europe/Paris", "2026-10-25 01:59:59", "2026-10-24T23:59:59Z"},
		{"Europe/Paris", "2026-10-25 02:00", "2026-10-25T00:00:00Z"}, // the first of two
		{"Europe/Paris", "2026-10-25 02:30", "2026-10-25T00:30:00Z"},
		{"Europe/Paris", "2026-10-25 02:59:59", "2026-10-25T00:59:59Z"},
		{"Europe/Paris", "2026-10-25 03:00", "2026-10-25T02:00:00Z"},
		{"Europe/Paris", "2027-03-28 02:30", "2027-03-28T01:30:00Z"},
		{"Europe/Paris", "2027-10-31 02:30", "2027-10-31T00:30:00Z"},
		{"Europe/Paris", "2027-10-31 03:00", "2027-10-31T02:00:00Z"},
		{"Europe/Paris", "2027-07-14 18:00", "2027-07-14T16:00:00Z"},
		// The examples of RFC 5545 §3.3.5.
		{"America/New_York", "2007-11-04 01:30", "2007-11-04T05:30:00Z"},
		{"America/New_York", "2007-03-11 02:30", "2007-03-11T07:30:00Z"},
		// São Paulo: forward at midnight, so that a day had no midnight; no changes since 2019.
		{"America/Sao_Paulo", "2018-11-03 23:59:59", "2018-11-04T02:59:59Z"},
		{"America/Sao_Paulo", "2018-11-04 00:00", "2018-11-04T03:00:00Z"}, // clocks show 01:00
		{"America/Sao_Paulo", "2018-11-04 00:30", "2018-11-04T03:30:00Z"},
		{"America/Sao_Paulo", "2018-11-04 01:00", "2018-11-04T03:00:00Z"},
		{"America/Sao_Paulo", "2019-02-16 23:30", "2019-02-17T01:30:00Z"}, // the first of two
		{"America/Sao_Paulo", "2019-02-17 00:00", "2019-02-17T03:00:00Z"},
		{"America/Sao_Paulo", "2019-11-03 00:00", "2019-11-03T03:00:00Z"},
		{"America/Sao_Paulo", "2026-11-01 00:00", "2026-11-01T03:00:00Z"},
		// Half an hour, and a whole day.
		{"Australia/Lord_Howe", "2026-10-04 02:15", "2026-10-03T15:45:00Z"},
		{"Australia/Lord_Howe", "2026-04-05 01:45", "2026-04-04T14:45:00Z"},
		{"Pacific/Apia", "2011-12-30 09:00", "2011-12-30T19:00:00Z"},
		{"Pacific/Apia", "2011-12-31 09:00", "2011-12-30T19:00:00Z"},
		{"UTC", "2026-03-29 02:30", "2026-03-29T02:30:00Z"},
	} {
		got := civil.In(at(t, tt.wall), zone(t, tt.zone))
		assert.Equal(t, tt.want, got.UTC().Format(time.RFC3339), "%s in %s", tt.wall, tt.zone)
		assert.Equal(t, tt.zone, got.Location().String())
	}
}

// TestInEveryChange compares In with what a look at the clock every quarter of an hour
// finds, around every change of some zones with unlike rules.
func TestInEveryChange(t *testing.T) {
	t.Parallel()
	const around, step = 30 * time.Hour, 15 * time.Minute
	for _, name := range []string{
		"Europe/Paris", "Europe/Dublin", "America/Sao_Paulo", "America/St_Johns", "Australia/Lord_Howe",
		"Pacific/Apia", "Africa/Casablanca", "Antarctica/Troll", "Asia/Gaza", "Asia/Pyongyang", "America/Caracas",
	} {
		loc := zone(t, name)
		changes := 0
		for _, change := range changesOf(loc, 2005, 2028) {
			changes++
			first := map[civil.Time]time.Time{}
			for i := change.Add(-around); i.Before(change.Add(around)); i = i.Add(step) {
				if _, seen := first[civil.Of(i)]; !seen {
					first[civil.Of(i)] = i
				}
			}
			_, offset := change.Add(-time.Second).Zone()
			middle := civil.Of(change.Add(-time.Second)).UTC().Add(time.Second)
			for w := middle.Add(-3 * time.Hour); w.Before(middle.Add(26 * time.Hour)); w = w.Add(step) {
				want, shown := first[civil.Of(w)]
				if !shown {
					want = w.Add(-time.Duration(offset) * time.Second)
				}
				require.True(t, want.Equal(civil.In(civil.Of(w), loc)), "%s %s", name, civil.Of(w))
			}
		}
		assert.Positive(t, changes, name)
	}
}

func changesOf(loc *time.Location, from, to int) []time.Time {
	var out []time.Time
	_, next := time.Date(from, 1, 1, 0, 0, 0, 0, loc).ZoneBounds()
	for !next.IsZero() && next.Year() < to {
		out = append(out, next)
		_, next = next.ZoneBounds()
	}
	return out
}

func TestInCarriesOver(t *testing.T) {
	t.Parallel()
	got := civil.In(civil.Time{Year: 2026, Month: time.February, Day: 30, Hour: 25}, zone(t, "Europe/Paris"))
	assert.Equal(t, "2026-03-03T01:00:00+01:00", got.Format(time.RFC3339))
}
