package outbox

import (
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/civil"
)

// A When is a time on the calendar: a wall-clock time in an IANA zone, which stays what the
// clock on the wall says whatever becomes of daylight saving; or the next free slot of the
// first target's account; or none. It is data: make it with [At], [On], [Now] or [NextSlot].
type When struct {
	// Wall is the wall-clock time as "2026-12-24 18:00", and Zone the IANA name.
	//
	// A time that occurs twice, when the clock is set back, is the first of the two; one
	// that does not occur, when it is set forward, is read with the offset before the gap,
	// so that 02:30 is 03:30 (RFC 5545, section 3.3.5).
	Wall string `json:"wall,omitempty"`
	Zone string `json:"zone,omitempty"`
	// Slot asks for the next free slot after Wall, or after now.
	Slot bool `json:"slot,omitempty"`
}

// At is the wall-clock time wall, such as "2026-12-24 18:00", in the IANA zone, such as
// "Europe/Paris". What is wrong with either is told when the When is used.
func At(zone, wall string) When { return When{Wall: wall, Zone: zone} }

// On is the wall-clock time that t shows, in its location if that has an IANA name, else
// in UTC.
func On(t time.Time) When {
	if _, err := civil.LoadZone(t.Location().String()); err != nil {
		t = t.UTC()
	}
	return When{Wall: civil.Of(t).String(), Zone: t.Location().String()}
}

// Now is as soon as possible.
func Now() When { return When{Wall: "now"} }

// NextSlot is the next free slot of the first target's account; see [Client.SetSlots].
func NextSlot() When { return When{Slot: true} }

// IsZero reports whether w is no time yet.
func (w When) IsZero() bool { return w == When{} }

// String returns the time and its zone.
func (w When) String() string {
	switch {
	case w.Slot:
		return "next slot"
	case w.Zone == "":
		return w.Wall
	}
	return w.Wall + " " + w.Zone
}

// Time returns the instant that w means. Now is the zero time, as are a When that is none,
// and one that asks for a slot. A zone that does not exist, or something that is no time,
// gives an error that matches [parvis.ErrInvalid].
func (w When) Time() (time.Time, error) {
	if w.IsZero() || w.Slot || w.Wall == "now" {
		return time.Time{}, nil
	}
	loc, err := civil.LoadZone(w.Zone)
	if err != nil {
		return time.Time{}, err
	}
	t, err := civil.ParseTime(w.Wall)
	if err != nil {
		return time.Time{}, &parvis.Error{
			Code: parvis.ErrInvalid, Message: `"` + w.Wall + `" is no time`,
			Help: `write it as "2026-12-24 18:00"`, Err: err,
		}
	}
	return civil.In(t, loc), nil
}
