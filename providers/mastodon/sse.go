package mastodon

import (
	"bufio"
	"io"
)

// maxEvent is the largest event of a stream that is taken, in bytes. Statuses have a few
// kilobytes.
const maxEvent = 1 << 20

// A frame is one event of a stream.
type frame struct {
	// event is its name, data its payload.
	event string
	data  []byte
	// refused tells that it was larger than allowed; then data is empty.
	refused bool
}

// A sseReader reads server-sent events as
// https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
// says, however they are cut into packets. It never holds more than one event.
type sseReader struct {
	in     *bufio.Reader
	max    int
	begun  bool // the byte order mark, if any, is behind
	feed   bool // the last line ended with CR, so that LF belongs to it
	line   []byte
	cut    bool // the line was longer than max
	frame  frame
	hasAny bool // the event has data
}

func newSSEReader(r io.Reader, limit int) *sseReader {
	return &sseReader{in: bufio.NewReaderSize(r, 8<<10), max: limit}
}

// next returns the next event that has data. An event that the stream breaks off is lost.
func (r *sseReader) next() (frame, error) {
	for {
		if err := r.readLine(); err != nil {
			return frame{}, err
		}
		if len(r.line) > 0 || r.cut {
			r.field()
			continue
		}
		f := r.frame
		r.frame = frame{}
		if r.hasAny {
			r.hasAny = false
			return f, nil
		}
	}
}

// readLine reads one line without its end, which is LF, CR or both, into r.line. What
// goes beyond max is dropped.
func (r *sseReader) readLine() error {
	r.line, r.cut = r.line[:0], false
	for {
		b, err := r.in.ReadByte()
		if err != nil {
			return err
		}
		after := r.feed
		r.feed = b == '\r'
		switch {
		case b == '\n' && after:
			continue
		case b == '\n' || b == '\r':
			r.skipMark()
			return nil
		case len(r.line) > r.max+64:
			r.cut = true
		default:
			r.line = append(r.line, b)
		}
	}
}

// skipMark takes the byte order mark off the first line.
func (r *sseReader) skipMark() {
	if !r.begun && len(r.line) >= 3 && string(r.line[:3]) == "\xEF\xBB\xBF" {
		r.line = r.line[3:]
	}
	r.begun = true
}

// field takes a line into the event. Comments, such as the heartbeat ":thump", and
// unknown fields are passed over.
func (r *sseReader) field() {
	name, value := cutField(r.line)
	switch string(name) {
	case "event":
		r.frame.event = string(value[:min(len(value), 256)])
	case "data":
		if r.frame.refused || r.cut || len(r.frame.data)+len(value) > r.max {
			r.frame.refused, r.frame.data = true, nil
		} else if r.hasAny {
			r.frame.data = append(append(r.frame.data, '\n'), value...)
		} else {
			r.frame.data = append([]byte{}, value...)
		}
		r.hasAny = true
	}
}

// cutField cuts a line at its first colon and takes one space off the value.
func cutField(line []byte) (name, value []byte) {
	for i, c := range line {
		if c != ':' {
			continue
		}
		value = line[i+1:]
		if len(value) > 0 && value[0] == ' ' {
			value = value[1:]
		}
		return line[:i], value
	}
	return line, nil
}
