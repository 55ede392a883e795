package cbor

import (
	"crypto/sha256"
	"encoding/base32"
	"errors"
)

// The parts of the content identifiers that the AT Protocol has: version 1, of DAG-CBOR or
// of raw bytes, with SHA-256.
//
// https://atproto.com/specs/data-model#link-and-cid-formats
const (
	cidVersion = 0x01
	cidCBOR    = 0x71
	cidRaw     = 0x55
	cidSHA256  = 0x12
	cidLen     = 4 + sha256.Size
)

// ErrCID is a content identifier of another kind than the AT Protocol's.
var ErrCID = errors.New("cbor: the content identifier is not one of the AT Protocol")

// A CID names a block by the hash of its content. CIDs are comparable.
type CID [cidLen]byte

// ReadCID reads the CID that b begins with, and returns what follows it.
func ReadCID(b []byte) (id CID, rest []byte, err error) {
	if len(b) < cidLen {
		return id, nil, ErrShort
	}
	if b[0] != cidVersion || b[1] != cidCBOR && b[1] != cidRaw || b[2] != cidSHA256 || b[3] != sha256.Size {
		return id, nil, ErrCID
	}
	copy(id[:], b)
	return id, b[cidLen:], nil
}

// Sum returns the CID of a block of DAG-CBOR.
func Sum(block []byte) CID {
	id := CID{cidVersion, cidCBOR, cidSHA256, sha256.Size}
	h := sha256.Sum256(block)
	copy(id[4:], h[:])
	return id
}

// Names reports whether block is what the CID names.
func (id CID) Names(block []byte) bool { return [sha256.Size]byte(id[4:]) == sha256.Sum256(block) }

// base32Lower is the alphabet of CIDs in text.
var base32Lower = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// String returns the CID as text: "bafyrei…".
func (id CID) String() string { return string(id.append(nil)) }

// append appends the CID as text.
func (id CID) append(dst []byte) []byte {
	return base32Lower.AppendEncode(append(dst, 'b'), id[:])
}
