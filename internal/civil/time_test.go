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

// at parses a wall-clock time that the test is sure of.
func at(t testing.TB, s string) civil.Time {
	t.Helper()
	w, err := civil.ParseTime(s)
	require.NoError(t, err)
	return w
}

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	loc, err := civil.LoadZone(name)
	require.NoError(t, err)
	return loc
}

func TestParseTime(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		in, out string
		want    civil.Time
	}{
		{"2026-12-24 18:00", "2026-12-24 18:00", civil.Time{Year: 2026, Month: time.December, Day: 24, Hour: 18}},
		{"2026-12-24T18:00", "2026-12-24 18:00", civil.Time{Year: 2026, Month: time.December, Day: 24, Hour: 18}},
		{"2026-12-24T18:00:00", "2026-12-24 18:00", civil.Time{Year: 2026, Month: time.December, Day: 24, Hour: 18}},
		{"2026-12-24 18:03:07", "2026-12-24 18:03:07", civil.Time{Year: 2026, Month: time.December, Day: 24, Hour: 18, Minute: 3, Second: 7}},
		{"2026-12-24", "2026-12-24 00:00", civil.Time{Year: 2026, Month: time.December, Day: 24}},
		{"2028-02-29", "2028-02-29 00:00", civil.Time{Year: 2028, Month: time.February, Day: 29}},
		{"0001-01-01", "0001-01-01 00:00", civil.Time{Year: 1, Month: time.January, Day: 1}},
		{"9999-12-31 23:59:59", "9999-12-31 23:59:59", civil.Time{Year: 9999, Month: time.December, Day: 31, Hour: 23, Minute: 59, Second: 59}},
	} {
		got, err := civil.ParseTime(tt.in)
		require.NoError(t, err, tt.in)
		assert.Equal(t, tt.want, got)
		assert.Equal(t, tt.out, got.String())
	}
}

func TestParseTimeRefuses(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"", "2026", "2026-12", "2026-02-30", "2027-02-29", "2026-13-01", "2026-00-10", "2026-01-00", "0000-01-01",
		"2026-12-24 24:00", "2026-12-24 18:60", "2026-12-24 18:00:60", "2026-12-24 9:00", "2026-12-24 9:00:00",
		"2026-12-24 18:00:0", "2026-12-24 18:00:00.5", "2026-12-24 18:00:00,5", "2026-12-24 18", "2026-12-24 18:00Z",
		"2026-12-24t18:00", "2026-12-24  18:00", " 2026-12-24", "2026-12-24 ", "26-12-24", "24.12.2026", "+2026-12-24",
		"2026-12-24 18:00 Europe/Paris", "2026-12-24T", "2026-1-2 18:00", "20261224T180000", "２026-12-24",
		strings.Repeat("2026-12-24", 1000),
	} {
		_, err := civil.ParseTime(s)
		require.ErrorIs(t, err, parvis.ErrInvalid, s)
		assert.Less(t, len(err.Error()), 300)
	}
}

func TestTimeArithmetic(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		from string
		days int
		want string
	}{
		{"2026-12-24 18:00", 8, "2027-01-01 18:00"},
		{"2027-01-01 18:00", -8, "2026-12-24 18:00"},
		{"2028-02-28 07:30:01", 1, "2028-02-29 07:30:01"},
		{"2027-02-28 07:30", 1, "2027-03-01 07:30"},
		{"2026-03-28 02:30", 1, "2026-03-29 02:30"}, // clocks in Paris do not show it, the wall clock has no zone
		{"2026-12-24 18:00", 0, "2026-12-24 18:00"},
	} {
		assert.Equal(t, tt.want, at(t, tt.from).AddDays(tt.days).String())
	}
	assert.Equal(t, time.Date(2026, 12, 24, 18, 3, 7, 0, time.UTC), at(t, "2026-12-24 18:03:07").UTC())
	paris := time.Date(2026, 12, 24, 23, 30, 0, 999, time.UTC).In(zone(t, "Europe/Paris"))
	assert.Equal(t, at(t, "2026-12-25 00:30"), civil.Of(paris))
}

func TestCompare(t *testing.T) {
	t.Parallel()
	rising := []string{
		"2025-12-31 23:59:59", "2026-01-31 00:00", "2026-02-01 00:00", "2026-02-02 00:00",
		"2026-02-02 01:00", "2026-02-02 01:01", "2026-02-02 01:01:01",
	}
	for i, a := range rising {
		for j, b := range rising {
			want := 0
			if i < j {
				want = -1
			} else if i > j {
				want = 1
			}
			assert.Equal(t, want, at(t, a).Compare(at(t, b)), "%s and %s", a, b)
		}
	}
}

func FuzzParseTime(f *testing.F) {
	for _, s := range []string{"2026-12-24 18:00", "2026-12-24T18:00:59", "2026-12-24", "2026-02-30", "0000-00-00 24:60:60", "2026-12-24 9:00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := civil.ParseTime(s)
		if err != nil {
			require.ErrorIs(t, err, parvis.ErrInvalid)
			require.Zero(t, got)
			return
		}
		require.Equal(t, got, civil.Of(got.UTC()), "on the calendar")
		again, err := civil.ParseTime(got.String())
		require.NoError(t, err)
		require.Equal(t, got, again)
		require.Equal(t, s[:10], got.String()[:10])
	})
}
