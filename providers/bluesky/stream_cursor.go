package bluesky

import (
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"github.com/parvis-go/parvis/listen"
	"github.com/parvis-go/parvis/providers/bluesky/internal/events"
)

// namedMarks is how many of the events delivered last a stream's cursor names, so that
// they are known again at another host, and so that it is known whether a deletion concerns one.
const namedMarks = 64

// streamVersion begins the cursors of streams.
const streamVersion = "s1"

// streamAt is a position in a stream: of one host by number, of any by time.
type streamAt struct {
	dialect, host string
	seq           int64     // of the last message; 0 is unknown
	time          time.Time // of the last message
	// asked tells that nothing has come yet: time is where the query begins.
	asked bool
	marks []uint64 // the fingerprints of the events delivered last
}

// reach moves on to a message.
func (a *streamAt) reach(m *events.Message) {
	a.seq = max(a.seq, m.Seq)
	if a.asked || m.Time.After(a.time) {
		a.time = m.Time
	}
	a.asked = false
}

// remember notes that an event was delivered.
func (a *streamAt) remember(mark uint64) {
	if len(a.marks) == namedMarks {
		a.marks = append(a.marks[:0], a.marks[1:]...)
	}
	a.marks = append(a.marks, mark)
}

// micros is where to resume by time, in microseconds since 1970: some seconds back, since
// clocks differ, but for the beginning that a query asks for.
func (a *streamAt) micros() int64 {
	if a.asked {
		return a.time.UnixMicro()
	}
	return a.time.Add(-rewind).UnixMicro()
}

// cursor writes the position as "s1/feed/dialect/host/number/microseconds/fingerprints".
func (a *streamAt) cursor(feed string) listen.Cursor {
	b := append(make([]byte, 0, 96+printLen*len(a.marks)), streamVersion+"/"...)
	b = append(append(b, tag(feed)...), '/')
	b = append(append(b, a.dialect...), '/')
	b = append(base64.RawURLEncoding.AppendEncode(b, []byte(a.host)), '/')
	b = append(strconv.AppendInt(b, a.seq, 36), '/')
	b = strconv.AppendInt(b, a.time.UnixMicro(), 36)
	b = append(b, '/')
	for _, m := range a.marks {
		b = appendPrint(b, m)
	}
	return listen.Cursor(b)
}

// parseStreamAt reads what cursor wrote.
func parseStreamAt(c listen.Cursor, feed string) (*streamAt, bool) {
	parts := strings.Split(string(c), "/")
	if len(c) > maxCursor || len(parts) != 7 || parts[0] != streamVersion || parts[1] != tag(feed) {
		return nil, false
	}
	host, err := base64.RawURLEncoding.DecodeString(parts[3])
	seq, err1 := strconv.ParseInt(parts[4], 36, 64)
	us, err2 := strconv.ParseInt(parts[5], 36, 64)
	if err != nil || err1 != nil || err2 != nil || seq < 0 || us < 0 || us/1000 > maxTime || len(parts[6])%printLen != 0 {
		return nil, false
	}
	a := &streamAt{dialect: parts[2], host: string(host), seq: seq, time: time.UnixMicro(us).UTC()}
	for s := parts[6]; s != ""; s = s[printLen:] {
		m, ok := parsePrint(s[:printLen])
		if !ok || len(a.marks) == namedMarks {
			return nil, false
		}
		a.marks = append(a.marks, m)
	}
	return a, true
}

// resume takes up the query's cursor, or begins where it asks to.
func (s *stream) resume(q listen.Query) error {
	s.at = &streamAt{time: q.After, asked: true}
	if q.Since != "" {
		at, ok := parseStreamAt(q.Since, s.h.feed.name)
		if !ok {
			return foreignCursor()
		}
		s.at = at
		s.until = at.time.Add(rewind)
		s.before = make(map[uint64]struct{}, len(at.marks))
		for _, m := range at.marks {
			s.before[m], s.told[m] = struct{}{}, struct{}{}
		}
	}
	s.h.flowing = s.at
	return nil
}
