package wordpress

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/listen"
)

// The strands that a listener follows, each in the order of its own times.
const (
	strandComments = iota // by the comment's date
	strandPosts           // by the post's date
	strandEdits           // by the date of the post's last change
	strandCount
)

// keepIDs is about how many items a position remembers one by one, so that cursors stay
// short. When more lie within the overlap, the overlap is shortened to these, though never
// below one second.
const keepIDs = 100

// A position is how far one strand was delivered: whatever is dated before from, and of
// the rest what is listed. Times are in seconds since 1970, the resolution of WordPress.
// The zero position is the beginning.
type position struct {
	from int64
	top  int64 // the newest time delivered
	hold int64 // what from must not pass; 0 is none
	ids  map[int]version
}

// A version is one state of an item. The number tells apart what has the same time.
type version struct {
	at int64
	no int // 0 to maxVersion
}

// knows reports whether the item was delivered in that version.
func (p *position) knows(id int, v version) bool {
	if v.at < p.from {
		return true
	}
	have, ok := p.ids[id]
	return ok && have == v
}

// add notes that the item was delivered, and everything that is overlap seconds older.
func (p *position) add(id int, v version, overlap int64) {
	p.note(id, v)
	p.top = max(p.top, v.at)
	p.advance(p.top - overlap)
	if len(p.ids) > 2*keepIDs {
		times := make([]int64, 0, len(p.ids))
		for _, v := range p.ids {
			times = append(times, v.at)
		}
		slices.Sort(times)
		p.advance(times[len(times)-keepIDs])
	}
}

// maxHold bounds, in seconds, how long a position is held back, so that a post that never
// comes out does not make cursors grow for ever.
const maxHold = 7 * 24 * 3600

// advance notes that everything before from was delivered.
func (p *position) advance(from int64) {
	if p.hold > 0 && p.top-p.hold < maxHold {
		from = min(from, p.hold)
	}
	if from <= p.from {
		return
	}
	p.from = from
	maps.DeleteFunc(p.ids, func(_ int, v version) bool { return v.at < from })
}

// note notes that the item was delivered, and nothing else.
func (p *position) note(id int, v version) {
	if v.at < p.from {
		return
	}
	if p.ids == nil {
		p.ids = make(map[int]version)
	}
	p.ids[id] = v
}

// String writes the position as "from,step.offset,step.offset.version…", in base 36: step
// is the distance to the ID before, offset that to from, and the version is left out if
// it is 0.
func (p *position) String() string {
	if p.from == 0 && len(p.ids) == 0 {
		return ""
	}
	b := strconv.AppendInt(nil, p.from, 36)
	last := 0
	for _, id := range slices.Sorted(maps.Keys(p.ids)) {
		b = append(b, ',')
		b = strconv.AppendInt(b, int64(id-last), 36)
		b = append(b, '.')
		v := p.ids[id]
		b = strconv.AppendInt(b, v.at-p.from, 36)
		if v.no != 0 {
			b = append(b, '.')
			b = strconv.AppendInt(b, int64(v.no), 36)
		}
		last = id
	}
	return string(b)
}

// maxTime bounds the times of a cursor: the year 9999.
const maxTime = 253402300799

// maxVersion bounds the numbers of versions: three digits in base 36.
const maxVersion = 36*36*36 - 1

// maxID bounds the IDs of a cursor: no database has more rows.
const maxID = 1 << 53

// parsePosition reads what String wrote.
func parsePosition(s string) (position, bool) {
	var p position
	if s == "" {
		return p, true
	}
	head, rest, more := strings.Cut(s, ",")
	from, err := strconv.ParseInt(head, 36, 64)
	if err != nil || from < 0 || from > maxTime {
		return p, false
	}
	p.from = from
	var id int64
	for more {
		var part string
		part, rest, more = strings.Cut(rest, ",")
		first, second, _ := strings.Cut(part, ".")
		second, third, _ := strings.Cut(second, ".")
		step, err1 := strconv.ParseInt(first, 36, 64)
		off, err2 := strconv.ParseInt(second, 36, 64)
		no, err3 := strconv.ParseInt("0"+third, 36, 32)
		if err1 != nil || err2 != nil || err3 != nil || step <= 0 || step > maxID-id || off < 0 || off > maxTime-from || no > maxVersion {
			return position{}, false
		}
		id += step
		p.note(int(id), version{from + off, int(no)})
		p.top = max(p.top, from+off)
	}
	return p, true
}

// cursorVersion begins every cursor.
const cursorVersion = "w1"

// maxCursor bounds the length of a cursor that is read, in bytes.
const maxCursor = 4 << 20

// positions are those of all strands.
type positions [strandCount]position

// cursor returns the positions as a cursor.
func (ps *positions) cursor() listen.Cursor {
	parts := make([]string, 0, strandCount+1)
	parts = append(parts, cursorVersion)
	for i := range ps {
		parts = append(parts, ps[i].String())
	}
	return listen.Cursor(strings.Join(parts, "/"))
}

// parseCursor reads a cursor; the zero one is the beginning.
func parseCursor(cur listen.Cursor) (positions, error) {
	var ps positions
	if cur == "" {
		return ps, nil
	}
	parts := strings.Split(string(cur), "/")
	ok := len(cur) <= maxCursor && len(parts) == strandCount+1 && parts[0] == cursorVersion
	for i := 0; ok && i < strandCount; i++ {
		ps[i], ok = parsePosition(parts[i+1])
	}
	if !ok {
		return positions{}, &parvis.Error{
			Op: "listen", Network: Network, Code: parvis.ErrInvalid,
			Message: "the cursor is none of this provider", Help: "pass the Cursor of an event that this account delivered, or none",
		}
	}
	return ps, nil
}
