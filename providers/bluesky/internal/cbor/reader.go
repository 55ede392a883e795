package cbor

import (
	"errors"
	"math"
	"unicode/utf8"
)

// MaxDepth is how deeply arrays and maps may lie within one another. The data model
// recommends that servers take at least this much.
//
// https://atproto.com/specs/data-model
const MaxDepth = 32

// The ways in which input is refused.
var (
	// ErrShort is input that ends within a value.
	ErrShort = errors.New("cbor: the input ends within a value")
	// ErrForm is input that DAG-CBOR does not allow.
	ErrForm = errors.New("cbor: the input is not in the data model")
	// ErrDeep is input that nests deeper than [MaxDepth].
	ErrDeep = errors.New("cbor: the input nests too deeply")
	// ErrType is a value of another type than the one asked for.
	ErrType = errors.New("cbor: a value has an unexpected type")
)

// The major types.
//
// https://www.rfc-editor.org/rfc/rfc8949#section-3.1
const (
	majorUint = iota
	majorNegative
	majorBytes
	majorText
	majorArray
	majorMap
	majorTag
	majorSimple
)

// The simple values that the data model has.
const (
	simpleFalse = 20
	simpleTrue  = 21
	simpleNull  = 22
)

// tagLink marks a content identifier.
//
// https://ipld.io/specs/codecs/dag-cbor/spec/#links
const tagLink = 42

// A Reader reads values one after the other. What it returns points into the input.
type Reader struct {
	b []byte
	i int
}

// NewReader returns a reader of b, which must not change meanwhile.
func NewReader(b []byte) *Reader { return &Reader{b: b} }

// Rest returns what has not been read.
func (r *Reader) Rest() []byte { return r.b[r.i:] }

// head reads the first bytes of a value: its major type and its argument.
//
// https://www.rfc-editor.org/rfc/rfc8949#section-3
func (r *Reader) head() (major byte, arg uint64, err error) {
	if r.i >= len(r.b) {
		return 0, 0, ErrShort
	}
	first := r.b[r.i]
	r.i++
	major, info := first>>5, first&31
	if info < 24 {
		return major, uint64(info), nil
	}
	if info > 27 {
		return major, 0, ErrForm // reserved, or an indefinite length
	}
	n := 1 << (info - 24)
	if len(r.b)-r.i < n {
		return major, 0, ErrShort
	}
	for _, c := range r.b[r.i : r.i+n] {
		arg = arg<<8 | uint64(c)
	}
	r.i += n
	if major == majorSimple || arg < least[info-24] {
		return major, 0, ErrForm
	}
	return major, arg, nil
}

// least is the smallest number that wants 1, 2, 4 and 8 bytes.
var least = [4]uint64{24, 1 << 8, 1 << 16, 1 << 32}

// want reads the head of a value of one major type.
func (r *Reader) want(major byte) (uint64, error) {
	got, arg, err := r.head()
	if err == nil && got != major {
		err = ErrType
	}
	return arg, err
}

// span reads n bytes.
func (r *Reader) span(n uint64) ([]byte, error) {
	if n > uint64(len(r.b)-r.i) {
		return nil, ErrShort
	}
	b := r.b[r.i : r.i+int(n)]
	r.i += int(n)
	return b, nil
}

// Map reads the head of a map and returns how many pairs of a key and a value follow.
func (r *Reader) Map() (int, error) {
	n, err := r.want(majorMap)
	return r.count(n, 2, err)
}

// Array reads the head of an array and returns how many values follow.
func (r *Reader) Array() (int, error) {
	n, err := r.want(majorArray)
	return r.count(n, 1, err)
}

// count checks that n elements of at least size bytes can follow.
func (r *Reader) count(n uint64, size int, err error) (int, error) {
	if err == nil && n > uint64((len(r.b)-r.i)/size) {
		err = ErrShort
	}
	if err != nil {
		return 0, err
	}
	return int(n), nil
}

// Text reads a text.
func (r *Reader) Text() ([]byte, error) {
	n, err := r.want(majorText)
	if err != nil {
		return nil, err
	}
	b, err := r.span(n)
	if err == nil && !utf8.Valid(b) {
		err = ErrForm
	}
	return b, err
}

// Bytes reads a string of bytes.
func (r *Reader) Bytes() ([]byte, error) {
	n, err := r.want(majorBytes)
	if err != nil {
		return nil, err
	}
	return r.span(n)
}

// Int reads a whole number that fits into an int64.
func (r *Reader) Int() (int64, error) {
	major, arg, err := r.head()
	switch {
	case err != nil:
		return 0, err
	case major > majorNegative:
		return 0, ErrType
	case arg > math.MaxInt64:
		return 0, ErrForm
	case major == majorNegative:
		return -1 - int64(arg), nil
	}
	return int64(arg), nil
}

// Bool reads true or false.
func (r *Reader) Bool() (bool, error) {
	v, err := r.want(majorSimple)
	if err == nil && v != simpleTrue && v != simpleFalse {
		err = ErrType
	}
	return v == simpleTrue, err
}

// Null reads a null if one comes next, and reports whether it did.
func (r *Reader) Null() bool {
	if r.i < len(r.b) && r.b[r.i] == majorSimple<<5|simpleNull {
		r.i++
		return true
	}
	return false
}

// Link reads a content identifier.
func (r *Reader) Link() (CID, error) {
	tag, err := r.want(majorTag)
	if err != nil {
		return CID{}, err
	}
	if tag != tagLink {
		return CID{}, ErrForm
	}
	return r.link()
}

// link reads what follows tag 42: a zero byte and the identifier.
func (r *Reader) link() (CID, error) {
	b, err := r.Bytes()
	if err != nil {
		return CID{}, err
	}
	if len(b) == 0 || b[0] != 0 {
		return CID{}, ErrForm
	}
	id, rest, err := ReadCID(b[1:])
	if err == nil && len(rest) > 0 {
		err = ErrForm
	}
	return id, err
}

// Skip reads one value of whatever type.
func (r *Reader) Skip() error { return r.skip(0) }

func (r *Reader) skip(depth int) error {
	major, arg, err := r.head()
	if err != nil {
		return err
	}
	switch major {
	case majorBytes, majorText:
		_, err = r.span(arg)
	case majorArray:
		return r.skipAll(arg, 1, depth)
	case majorMap:
		return r.skipAll(arg, 2, depth)
	case majorTag:
		if arg != tagLink {
			return ErrForm
		}
		_, err = r.link()
	case majorSimple:
		if arg < simpleFalse || arg > simpleNull {
			return ErrForm
		}
	}
	return err
}

// skipAll reads n elements of size values each.
func (r *Reader) skipAll(n uint64, size, depth int) error {
	if depth >= MaxDepth {
		return ErrDeep
	}
	count, err := r.count(n, size, nil)
	if err != nil {
		return err
	}
	for range count * size {
		if err := r.skip(depth + 1); err != nil {
			return err
		}
	}
	return nil
}
