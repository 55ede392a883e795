package blueskytest

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"slices"
)

// What a content identifier begins with: its version, the kind of content, SHA-256 and 32 bytes.
//
// https://atproto.com/specs/data-model#link-and-cid-formats
const (
	cidRecord = "\x01\x71\x12\x20"
	cidBlob   = "\x01\x55\x12\x20"
)

var base32Lower = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

func cidOf(kind string, content []byte) string {
	sum := sha256.Sum256(content)
	return "b" + base32Lower.EncodeToString(append([]byte(kind), sum[:]...))
}

// recordCID is the identifier of a record.
func recordCID(record obj) string {
	var b bytes.Buffer
	encode(&b, record)
	return cidOf(cidRecord, b.Bytes())
}

// encode writes a value as DRISL-CBOR, the canonical form of records.
//
// https://atproto.com/specs/data-model
func encode(b *bytes.Buffer, v any) {
	switch v := v.(type) {
	case nil:
		b.WriteByte(0xf6)
	case bool:
		b.WriteByte(map[bool]byte{false: 0xf4, true: 0xf5}[v])
	case float64:
		if v >= 0 {
			head(b, 0, uint64(v))
		} else {
			head(b, 1, uint64(-v)-1)
		}
	case string:
		head(b, 3, uint64(len(v)))
		b.WriteString(v)
	case []any:
		head(b, 4, uint64(len(v)))
		for _, e := range v {
			encode(b, e)
		}
	case obj:
		encodeMap(b, v)
	}
}

func encodeMap(b *bytes.Buffer, m obj) {
	if link, ok := m["$link"].(string); ok && len(m) == 1 && len(link) > 1 {
		raw, err := base32Lower.DecodeString(link[1:])
		if err == nil {
			head(b, 6, 42)
			head(b, 2, uint64(len(raw)+1))
			b.WriteByte(0)
			b.Write(raw)
			return
		}
	}
	keys := sortedKeys(m)
	slices.SortStableFunc(keys, func(x, y string) int { return cmp.Compare(len(x), len(y)) })
	head(b, 5, uint64(len(keys)))
	for _, k := range keys {
		encode(b, k)
		encode(b, m[k])
	}
}

// head writes the major type and the number that goes with it.
func head(b *bytes.Buffer, major byte, n uint64) {
	major <<= 5
	switch {
	case n < 24:
		b.WriteByte(major | byte(n))
	case n < 1<<8:
		b.Write([]byte{major | 24, byte(n)})
	case n < 1<<16:
		b.WriteByte(major | 25)
		b.Write(binary.BigEndian.AppendUint16(nil, uint16(n)))
	case n < 1<<32:
		b.WriteByte(major | 26)
		b.Write(binary.BigEndian.AppendUint32(nil, uint32(n)))
	default:
		b.WriteByte(major | 27)
		b.Write(binary.BigEndian.AppendUint64(nil, n))
	}
}

const tidAlphabet = "234567abcdefghijklmnopqrstuvwxyz"

// tid is the key of a new record: later ones sort after earlier ones.
//
// https://atproto.com/specs/tid
func (s *Server) tid() string {
	s.lastTID = max(s.lastTID+1, uint64(s.now().UnixMicro()))
	v, out := s.lastTID<<10, [13]byte{}
	for i := len(out) - 1; i >= 0; i-- {
		out[i] = tidAlphabet[v&31]
		v >>= 5
	}
	return string(out[:])
}
