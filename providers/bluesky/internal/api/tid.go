package api

import (
	"strings"
	"time"
)

// tidAlphabet is base32 in an order that sorts as text.
const tidAlphabet = "234567abcdefghijklmnopqrstuvwxyz"

// TID returns the record key of a moment, in microseconds, and a clock identifier, of
// which 10 bits count. Keys sort as their moments do.
//
// https://atproto.com/specs/tid
func TID(t time.Time, clock uint16) string {
	v := uint64(t.UnixMicro())&(1<<53-1)<<10 | uint64(clock&1023)
	var b [13]byte
	for i := len(b) - 1; i >= 0; i-- {
		b[i] = tidAlphabet[v&31]
		v >>= 5
	}
	return string(b[:])
}

// ParseTID reads a key that is a TID, whose top bit is always 0.
func ParseTID(s string) (t time.Time, clock uint16, ok bool) {
	if len(s) != 13 || s[0] > 'b' {
		return time.Time{}, 0, false
	}
	var v uint64
	for i := range len(s) {
		d := strings.IndexByte(tidAlphabet, s[i])
		if d < 0 {
			return time.Time{}, 0, false
		}
		v = v<<5 | uint64(d)
	}
	return time.UnixMicro(int64(v >> 10)), uint16(v & 1023), true
}
