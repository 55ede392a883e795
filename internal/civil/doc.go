// Package civil is wall-clock time: the time that people agree on at a place, and the
// rules by which it repeats. A [Time] has no zone; [In] says which instant it is in one.
//
// Rules repeat on the wall clock and are turned into instants only then, so a post for
// 18:00 is one for 18:00 in summer and in winter.
//
// The package does not carry a zone database. Programs for machines without one import
// time/tzdata.
package civil

import "github.com/parvis-go/parvis"

// invalid returns the error for input that cannot be used, with what to do instead.
func invalid(message, help string) error {
	return &parvis.Error{Code: parvis.ErrInvalid, Message: message, Help: help}
}

// cut shortens what a stranger wrote to what fits into a message.
func cut(s string) string {
	const most = 60
	if len(s) <= most {
		return s
	}
	return s[:most] + "…"
}
