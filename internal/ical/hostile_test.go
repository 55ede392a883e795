package ical_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// TestHostileFiles: what a file costs is in proportion to its size, whatever is in it.
func TestHostileFiles(t *testing.T) {
	t.Parallel()
	const size = 512 << 10
	fill := func(format string) string {
		var b strings.Builder
		for i := 0; b.Len() < size; i++ {
			fmt.Fprintf(&b, format+"\n", i)
		}
		return strings.TrimSuffix(b.String(), "\n")
	}
	for name, file := range map[string]string{
		"components in components": calendar("BEGIN:VEVENT", fill("BEGIN:X%d")),
		"events in events":         calendar(fill("BEGIN:VEVENT\nX-N:%d")),
		"zones":                    calendar(fill("BEGIN:VEVENT\nUID:%[1]d\nDTSTART;TZID=Zone/%[1]d:20260701T120000\nEND:VEVENT")),
		"definitions of zones":     calendar(fill("BEGIN:VTIMEZONE\nTZID:%[1]d\nX-LIC-LOCATION:Zone/%[1]d\nEND:VTIMEZONE\nBEGIN:VEVENT\nUID:%[1]d\nDTSTART;TZID=%[1]d:20260701T120000\nEND:VEVENT")),
		"parameters":               calendar(fill("BEGIN:VEVENT\nX-%d;A=" + strings.Repeat("b", 490) + ":c\nEND:VEVENT")),
		"many parameters":          calendar(fill("BEGIN:VEVENT\nX-%d" + strings.Repeat(";A=b", 120) + ":c\nEND:VEVENT")),
		"properties":               calendar("BEGIN:VEVENT", fill("X-%d:a"), "END:VEVENT"),
		"folds":                    calendar("BEGIN:VEVENT", "SUMMARY:"+fill("%d\n "), "END:VEVENT"),
		"exceptions":               calendar(event("a", "DTSTART;TZID=Europe/Paris:20260701T120000", "EXDATE:20260702T120000Z"+strings.Repeat(",20260702T120000Z", size/17/3))),
		"one line":                 calendar("BEGIN:VEVENT", strings.Repeat("x", size), "END:VEVENT"),
	} {
		begun := time.Now()
		events, errs := read(file)
		took := time.Since(begun)
		t.Logf("%s: %d events, %d errors, %v", name, len(events), len(errs), took)
		assert.NotZero(t, len(events)+len(errs), name)
		assert.Less(t, took, 20*time.Second, name)
		for _, err := range errs {
			assert.Less(t, len(err), 600, name)
		}
	}
}
