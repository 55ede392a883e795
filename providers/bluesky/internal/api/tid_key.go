package api

import (
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"
	"time"
)

// ValidTID reports whether s is a TID.
func ValidTID(s string) bool {
	_, _, ok := ParseTID(s)
	return ok
}

// NowTID returns a TID of this moment, with a random clock identifier.
func NowTID() string { return TID(time.Now(), uint16(rand.IntN(1<<10))) }

// The span in which the TIDs of keys lie: 2^45 microseconds, a little over 407 days, from
// the first of January 2025 on. Servers take any TID, of the future too, and timelines
// are in the order of createdAt, so that the span only has to be plausible.
const (
	keySpanStart = 1735689600 * 1_000_000
	keySpanBits  = 45
)

// KeyTID returns the record key that belongs to an idempotency key in the repository of
// did: always the same, so that whatever is sent again lands on what is there. A key that
// is itself a TID stands for itself; of any other 55 bits of a hash are used, so that
// among a million posts of one account two share a key with a chance of 1 in 70,000.
func KeyTID(did, key string) string {
	if ValidTID(key) {
		return key
	}
	sum := sha256.Sum256([]byte(did + "\x00" + key))
	v := binary.BigEndian.Uint64(sum[:])
	return TID(time.UnixMicro(keySpanStart+int64(v>>10&(1<<keySpanBits-1))), uint16(v&(1<<10-1)))
}
