package api

import (
	"encoding/binary"
	"errors"
	"math/bits"
	"strconv"
	"unicode/utf8"
)

// maxDepth bounds how deep values nest in an answer. Statuses need about ten levels.
const maxDepth = 200

var (
	errSyntax = errors.New("it is not JSON")
	errDepth  = errors.New("it nests too deep")
)

// scanner reads JSON, value by value, and is as strict about its syntax as
// [encoding/json]. It is lenient about types: what does not fit is passed over.
// After a failure every method returns at once.
type scanner struct {
	b     []byte
	s     string // the same bytes; strings without escapes are parts of it
	i     int
	depth int
	err   error
}

func newScanner(b []byte) *scanner { return &scanner{b: b, s: string(b)} }

func (d *scanner) fail(err error) {
	if d.err == nil {
		d.err = err
	}
	d.i = len(d.b)
}

// peek returns the next byte that is not white space without taking it, or 0 at the end.
func (d *scanner) peek() byte {
	for d.i < len(d.b) {
		switch c := d.b[d.i]; c {
		case ' ', '\t', '\n', '\r':
			d.i++
		default:
			return c
		}
	}
	return 0
}

// end fails unless only white space is left.
func (d *scanner) end() error {
	if d.err == nil && d.peek() != 0 || d.i < len(d.b) {
		d.fail(errSyntax)
	}
	return d.err
}

// object calls field with each key; field takes the value. Anything but an object is
// passed over, and object reports false.
func (d *scanner) object(field func(d *scanner, key string)) bool {
	if d.peek() != '{' {
		d.skip()
		return false
	}
	if !d.enter() {
		return false
	}
	if d.peek() == '}' {
		d.leave()
		return true
	}
	for d.err == nil {
		if d.peek() != '"' {
			d.fail(errSyntax)
			break
		}
		key := d.str()
		if d.peek() != ':' {
			d.fail(errSyntax)
			break
		}
		d.i++
		field(d, key)
		if !d.more('}') {
			break
		}
	}
	return d.err == nil
}

// array calls item for each element; item takes it. Anything but an array is passed over.
func (d *scanner) array(item func(d *scanner)) {
	if d.peek() != '[' {
		d.skip()
		return
	}
	if !d.enter() {
		return
	}
	if d.peek() == ']' {
		d.leave()
		return
	}
	for d.err == nil {
		item(d)
		if !d.more(']') {
			break
		}
	}
}

func (d *scanner) enter() bool {
	d.i++
	d.depth++
	if d.depth > maxDepth {
		d.fail(errDepth)
	}
	return d.err == nil
}

func (d *scanner) leave() {
	d.i++
	d.depth--
}

// more takes the comma or the closing bracket, and reports whether another value follows.
func (d *scanner) more(closing byte) bool {
	if d.err != nil {
		return false
	}
	switch d.peek() {
	case ',':
		d.i++
		return true
	case closing:
		d.leave()
	default:
		d.fail(errSyntax)
	}
	return false
}

// skip passes over one value of any kind.
func (d *scanner) skip() {
	switch c := d.peek(); c {
	case '"':
		d.quoted()
	case '{':
		d.object(skipField)
	case '[':
		d.array((*scanner).skip)
	case 't':
		d.literal("true")
	case 'f':
		d.literal("false")
	case 'n':
		d.literal("null")
	default:
		d.number()
	}
}

func skipField(d *scanner, _ string) { d.skip() }

func (d *scanner) literal(word string) {
	if len(d.s)-d.i < len(word) || d.s[d.i:d.i+len(word)] != word {
		d.fail(errSyntax)
		return
	}
	d.i += len(word)
}

// number takes a number and returns it as it is written.
func (d *scanner) number() string {
	start := d.i
	if d.i < len(d.b) && d.b[d.i] == '-' {
		d.i++
	}
	switch {
	case d.i < len(d.b) && d.b[d.i] == '0':
		d.i++
	case !d.digits():
		d.fail(errSyntax)
		return ""
	}
	if d.i < len(d.b) && d.b[d.i] == '.' {
		d.i++
		if !d.digits() {
			d.fail(errSyntax)
			return ""
		}
	}
	if d.i < len(d.b) && d.b[d.i]|0x20 == 'e' {
		d.i++
		if d.i < len(d.b) && (d.b[d.i] == '+' || d.b[d.i] == '-') {
			d.i++
		}
		if !d.digits() {
			d.fail(errSyntax)
			return ""
		}
	}
	return d.s[start:d.i]
}

func (d *scanner) digits() bool {
	start := d.i
	for d.i < len(d.b) && d.b[d.i]-'0' < 10 {
		d.i++
	}
	return d.i > start
}

// text takes a value as a string. Numbers count as they are written, since some servers
// number things that others name; null and all else is "".
func (d *scanner) text() string {
	switch c := d.peek(); {
	case c == '"':
		return d.str()
	case c == '-' || c-'0' < 10:
		return d.number()
	}
	d.skip()
	return ""
}

// integer takes a value as a whole number; what is none counts 0.
func (d *scanner) integer() int {
	s := d.text()
	if len(s) == 1 && s[0]-'0' < 10 {
		return int(s[0] - '0')
	}
	if n, err := strconv.Atoi(s); err == nil {
		return n
	}
	if f, err := strconv.ParseFloat(s, 64); err == nil && f > -1<<53 && f < 1<<53 {
		return int(f)
	}
	return 0
}

// float takes a value as a number; what is none counts 0.
func (d *scanner) float() float64 {
	f, err := strconv.ParseFloat(d.text(), 64)
	if err != nil {
		return 0
	}
	return f
}

// boolean takes a value as true or false; what is neither counts false.
func (d *scanner) boolean() bool {
	if d.peek() == 't' {
		d.literal("true")
		return d.err == nil
	}
	d.skip()
	return false
}

// str takes a string. Its memory is that of the answer, unless there is something to
// replace in it: escapes, or bytes that are not UTF-8, which become U+FFFD.
func (d *scanner) str() string {
	start := d.i + 1
	escaped, high := d.quoted()
	if d.err != nil {
		return ""
	}
	s := d.s[start : d.i-1]
	if !escaped && (!high || utf8.ValidString(s)) {
		return s
	}
	return unquote(s)
}

const (
	lows  = 0x0101010101010101
	highs = 0x8080808080808080
)

// quoted passes over a string, and reports whether it has escapes and whether it has
// bytes beyond ASCII. It looks at eight bytes at a time for the first that is a quote, a
// backslash or a control character.
func (d *scanner) quoted() (escaped, high bool) {
	b, i := d.b, d.i+1
	var beyond uint64
	for {
		for i+8 <= len(b) {
			x := binary.LittleEndian.Uint64(b[i:])
			q, e := x^(lows*'"'), x^(lows*'\\')
			hit := ((q-lows)&^q | (e-lows)&^e | (x-lows*0x20)&^x) & highs
			if hit != 0 {
				n := bits.TrailingZeros64(hit) / 8
				beyond |= x & highs & (1<<(8*n) - 1)
				i += n
				break
			}
			beyond |= x & highs
			i += 8
		}
		for i < len(b) && b[i] != '"' && b[i] != '\\' && b[i] >= 0x20 {
			beyond |= uint64(b[i] & 0x80)
			i++
		}
		if i < len(b) && b[i] == '"' {
			d.i = i + 1
			return escaped, beyond != 0
		}
		n := escapeLen(b[i:])
		if n == 0 {
			d.fail(errSyntax)
			return false, false
		}
		escaped = true
		i += n
	}
}

// escapeLen returns the length of the escape that b begins with, or 0 if it is none.
func escapeLen(b []byte) int {
	if len(b) < 2 || b[0] != '\\' {
		return 0
	}
	switch b[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		if len(b) < 6 {
			return 0
		}
		for _, c := range b[2:6] {
			if hexValue(c) < 0 {
				return 0
			}
		}
		return 6
	}
	return 0
}
