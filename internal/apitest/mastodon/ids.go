package mastodontest

import (
	"math/big"
	"strconv"
	"strings"
	"time"
)

// An id orders everything by when it was made: milliseconds in the upper bits, a serial
// number in the lower sixteen, as Mastodon makes them.
// See https://docs.joinmastodon.org/api/guidelines/#id.
type id uint64

const (
	crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	base62    = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)

// nextID makes an id that is larger than all before. The caller holds s.mu.
func (s *Server) nextID() id {
	s.lastID = max(s.lastID+1, id(s.now().UnixMilli())<<16)
	return s.lastID
}

// text writes i as the flavour writes its ids: decimal; a ULID on GoToSocial; a flake in
// base 62 on Pleroma.
func (s *Server) text(i id) string {
	switch s.o.Flavour {
	case GoToSocial:
		n := new(big.Int).Lsh(big.NewInt(int64(i>>16)), 80)
		return inBase(n.Add(n, big.NewInt(int64(i&0xffff))), crockford, 26)
	case Pleroma:
		return inBase(new(big.Int).Lsh(new(big.Int).SetUint64(uint64(i)), 40), base62, 18)
	}
	return strconv.FormatUint(uint64(i), 10)
}

// parse reads what text wrote. What cannot be an id is 0, which nothing has.
func (s *Server) parse(t string) id {
	switch s.o.Flavour {
	case GoToSocial:
		n := fromBase(t, crockford)
		low := new(big.Int).And(n, big.NewInt(0xffff)).Uint64()
		return id(new(big.Int).Rsh(n, 80).Uint64()<<16 | low)
	case Pleroma:
		return id(new(big.Int).Rsh(fromBase(t, base62), 40).Uint64())
	}
	n, err := strconv.ParseUint(t, 10, 64)
	if err != nil {
		return 0
	}
	return id(n)
}

func inBase(n *big.Int, digits string, width int) string {
	out := make([]byte, width)
	base, rest := big.NewInt(int64(len(digits))), new(big.Int)
	for i := width - 1; i >= 0; i-- {
		n.DivMod(n, base, rest)
		out[i] = digits[rest.Int64()]
	}
	return string(out)
}

func fromBase(t, digits string) *big.Int {
	n, base := new(big.Int), big.NewInt(int64(len(digits)))
	if len(t) > 30 {
		return n
	}
	for _, r := range t {
		i := strings.IndexRune(digits, r)
		if i < 0 {
			return new(big.Int)
		}
		n.Mul(n, base).Add(n, big.NewInt(int64(i)))
	}
	return n
}

// stamp writes a time as Mastodon does: ISO 8601 in UTC with milliseconds.
// See https://docs.joinmastodon.org/api/datetime-format/.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// stampOr is stamp, or nil for no time.
func stampOr(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return stamp(t)
}
