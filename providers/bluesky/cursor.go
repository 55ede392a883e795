package bluesky

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"slices"
	"strconv"
	"strings"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/listen"
)

const (
	// reach is how far back, in milliseconds, a list is read again for what was filed
	// late. The app view files a record under the earlier of its own time and the
	// author's, so a clock that is slow, or a client that posts later than it wrote, puts
	// a record behind others that were read already.
	reach = 24 * 60 * 60 * 1000
	// keepMarks is how many items a cursor names one by one, so that it stays short. When
	// more lie within reach, it names the newest of them.
	keepMarks = 200
	// heldMarks is the same for a run that goes on.
	heldMarks = 1000
)

// A mark is an item that was dealt with: its time in milliseconds since 1970 and the
// fingerprint of its ID.
type mark struct {
	at int64
	id uint64
}

// A position is how far a list was read: everything filed before from, and of the rest
// what is marked. The zero position is the beginning.
type position struct {
	from  int64
	marks []mark // by time
	have  map[uint64]struct{}
	// loose is a list in no order: nothing counts but the marks.
	loose bool
}

// fingerprint shortens an ID to 36 bits. With the few thousand marks of a position, one of
// some ten million IDs is taken for another.
func fingerprint(id string) uint64 {
	h := sha256.Sum256([]byte(id))
	return binary.BigEndian.Uint64(h[:8]) >> (64 - 36)
}

// knows reports whether an item was dealt with.
func (p *position) knows(id string, at int64) bool {
	if at < p.from && !p.loose {
		return true
	}
	_, ok := p.have[fingerprint(id)]
	return ok
}

// add notes that an item was dealt with, and everything that is older by more than reach.
// Items newer than settle, in milliseconds, before the newest are always kept.
func (p *position) add(id string, at, settle int64) {
	if at < p.from && !p.loose {
		return
	}
	p.note(mark{at, fingerprint(id)})
	if p.loose {
		p.drop(len(p.marks) - keepMarks)
		return
	}
	top := p.marks[len(p.marks)-1].at
	p.advance(top - reach)
	if len(p.marks) > heldMarks {
		p.advance(min(p.marks[len(p.marks)-heldMarks/2].at, top-settle))
	}
}

// note keeps a mark in its place.
func (p *position) note(m mark) {
	if p.have == nil {
		p.have = make(map[uint64]struct{})
	}
	if _, ok := p.have[m.id]; ok {
		return
	}
	i := len(p.marks)
	if !p.loose {
		for i > 0 && p.marks[i-1].at > m.at {
			i--
		}
	}
	p.marks = slices.Insert(p.marks, i, m)
	p.have[m.id] = struct{}{}
}

// advance notes that everything filed before from was dealt with.
func (p *position) advance(from int64) {
	if from <= p.from {
		return
	}
	p.from = from
	n, _ := slices.BinarySearchFunc(p.marks, from, func(m mark, t int64) int { return cmp.Compare(m.at, t) })
	p.drop(n)
}

// drop forgets the first n marks.
func (p *position) drop(n int) {
	if n <= 0 {
		return
	}
	for _, m := range p.marks[:n] {
		delete(p.have, m.id)
	}
	p.marks = slices.Delete(p.marks, 0, n)
}

// text writes the position as "from,step.fingerprint,…": times in base 36, each the
// distance to the one before, and fingerprints in six letters of base 64. Older marks are
// left out, as far as they are older than settle.
func (p *position) text(settle int64) string {
	if len(p.marks) == 0 && p.from == 0 {
		return ""
	}
	from, first := p.from, 0
	if n := len(p.marks); n > keepMarks && !p.loose {
		from = max(from, min(p.marks[n-keepMarks].at, p.marks[n-1].at-settle))
		first, _ = slices.BinarySearchFunc(p.marks, from, func(m mark, t int64) int { return cmp.Compare(m.at, t) })
	}
	b := strconv.AppendInt(make([]byte, 0, 16+12*(len(p.marks)-first)), from, 36)
	last := from
	for _, m := range p.marks[first:] {
		b = append(b, ',')
		if !p.loose {
			b = strconv.AppendInt(b, m.at-last, 36)
			last = m.at
		}
		b = appendPrint(append(b, '.'), m.id)
	}
	return string(b)
}

// letters is the alphabet of fingerprints.
const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

// printLen is how many letters a fingerprint has.
const printLen = 6

func appendPrint(b []byte, id uint64) []byte {
	for shift := 30; shift >= 0; shift -= 6 {
		b = append(b, letters[id>>shift&63])
	}
	return b
}

func parsePrint(s string) (id uint64, ok bool) {
	if len(s) != printLen {
		return 0, false
	}
	for i := range len(s) {
		v := strings.IndexByte(letters, s[i])
		if v < 0 {
			return 0, false
		}
		id = id<<6 | uint64(v)
	}
	return id, true
}

// maxTime bounds the times of a cursor: the year 9999, in milliseconds.
const maxTime = 253402300799999

// parsePosition reads what text wrote.
func parsePosition(s string, loose bool) (position, bool) {
	p := position{loose: loose}
	if s == "" {
		return p, true
	}
	head, rest, more := strings.Cut(s, ",")
	from, err := strconv.ParseInt(head, 36, 64)
	if err != nil || from < -maxTime || from > maxTime {
		return p, false
	}
	p.from = from
	for at := from; more; {
		var part string
		part, rest, more = strings.Cut(rest, ",")
		step, letters, _ := strings.Cut(part, ".")
		id, ok := parsePrint(letters)
		if !ok {
			return p, false
		}
		if !loose {
			d, err := strconv.ParseInt(step, 36, 64)
			if err != nil || d < 0 || d > maxTime-at {
				return p, false
			}
			at += d
		}
		p.note(mark{at, id})
	}
	return p, true
}

// maxCursor bounds the length of a cursor that is read, in bytes.
const maxCursor = 1 << 20

// cursorVersion begins the cursors of lists.
const cursorVersion = "b1"

// tag names a feed in its cursors, so that they are not taken for another's.
func tag(name string) string {
	h := sha256.Sum256([]byte(name))
	return base64.RawURLEncoding.EncodeToString(h[:6])
}

// cursor returns where the run is.
func (h *hearing) cursor() listen.Cursor {
	if h.flowing != nil {
		return h.flowing.cursor(h.feed.name)
	}
	parts := []string{cursorVersion, tag(h.feed.name)}
	for _, s := range h.strands {
		parts = append(parts, s.at.text(h.c.settle().Milliseconds()))
	}
	return listen.Cursor(strings.Join(parts, "/"))
}

// resume takes up the positions of a cursor. The zero cursor is the beginning.
func (h *hearing) resume(c listen.Cursor) error {
	if c == "" {
		return nil
	}
	parts := strings.Split(string(c), "/")
	ok := len(c) <= maxCursor && len(parts) == 2+len(h.strands) && parts[0] == cursorVersion && parts[1] == tag(h.feed.name)
	for i := 0; ok && i < len(h.strands); i++ {
		h.strands[i].at, ok = parsePosition(parts[2+i], h.feed.loose)
	}
	if !ok {
		return foreignCursor()
	}
	return nil
}

func foreignCursor() error {
	return &parvis.Error{
		Code: parvis.ErrInvalid, Message: "the cursor does not belong to this query",
		Help: "resume with the cursor of an event that the same query delivered",
	}
}
