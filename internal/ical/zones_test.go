package ical

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis/internal/civil"
)

// TestWindowsNames: every zone of the table is in the database, and where the name says what
// the offset in winter is, it is that.
func TestWindowsNames(t *testing.T) {
	t.Parallel()
	for name, zone := range windows {
		_, err := civil.LoadZone(zone)
		require.NoError(t, err, name)
		_, err = civil.LoadZone(name)
		require.Error(t, err, "a name of the database needs no entry")
	}
	january := time.Date(2026, 1, 15, 12, 0, 0, 0, time.UTC)
	for name, hours := range map[string]float64{
		"W. Europe Standard Time": 1, "Romance Standard Time": 1, "Central Europe Standard Time": 1, "Central European Standard Time": 1,
		"GMT Standard Time": 0, "Greenwich Standard Time": 0, "GTB Standard Time": 2, "FLE Standard Time": 2, "E. Europe Standard Time": 2,
		"Turkey Standard Time": 3, "Russian Standard Time": 3, "Eastern Standard Time": -5, "Central Standard Time": -6, "Mountain Standard Time": -7,
		"US Mountain Standard Time": -7, "Pacific Standard Time": -8, "Atlantic Standard Time": -4, "Newfoundland Standard Time": -3.5,
		"India Standard Time": 5.5, "Tokyo Standard Time": 9, "China Standard Time": 8, "E. South America Standard Time": -3, "Azores Standard Time": -1,
		"AUS Eastern Standard Time": 11, "E. Australia Standard Time": 10, "New Zealand Standard Time": 13, "Pacific SA Standard Time": -3,
	} {
		require.Contains(t, windows, name)
		loc, err := civil.LoadZone(windows[name])
		require.NoError(t, err)
		_, offset := january.In(loc).Zone()
		assert.InDelta(t, hours*3600, offset, 0.1, name)
	}
}
