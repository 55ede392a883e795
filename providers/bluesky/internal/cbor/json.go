package cbor

import (
	"encoding/base64"
	"strconv"
	"unicode/utf8"
)

// AppendJSON appends the value in b, which must be one and nothing after it, as JSON in
// the form of the data model: links are {"$link": "…"} and bytes {"$bytes": "…"}.
//
// https://atproto.com/specs/data-model#json-representation
func AppendJSON(dst, b []byte) ([]byte, error) {
	r := Reader{b: b}
	dst, err := r.json(dst, 0)
	if err == nil && r.i < len(b) {
		err = ErrForm
	}
	return dst, err
}

func (r *Reader) json(dst []byte, depth int) ([]byte, error) {
	major, arg, err := r.head()
	if err != nil {
		return dst, err
	}
	switch major {
	case majorUint:
		return strconv.AppendUint(dst, arg, 10), nil
	case majorNegative:
		return appendNegative(dst, arg)
	case majorBytes:
		return r.jsonBytes(dst, arg)
	case majorText:
		return r.jsonText(dst, arg)
	case majorArray:
		return r.jsonArray(dst, arg, depth)
	case majorMap:
		return r.jsonMap(dst, arg, depth)
	case majorTag:
		return r.jsonLink(dst, arg)
	}
	return appendSimple(dst, arg)
}

// appendNegative appends -1 - arg.
func appendNegative(dst []byte, arg uint64) ([]byte, error) {
	if arg == 1<<64-1 {
		return dst, ErrForm
	}
	return strconv.AppendUint(append(dst, '-'), arg+1, 10), nil
}

func appendSimple(dst []byte, v uint64) ([]byte, error) {
	switch v {
	case simpleFalse:
		return append(dst, "false"...), nil
	case simpleTrue:
		return append(dst, "true"...), nil
	case simpleNull:
		return append(dst, "null"...), nil
	}
	return dst, ErrForm
}

func (r *Reader) jsonBytes(dst []byte, n uint64) ([]byte, error) {
	b, err := r.span(n)
	if err != nil {
		return dst, err
	}
	dst = append(dst, `{"$bytes":"`...)
	dst = base64.RawStdEncoding.AppendEncode(dst, b)
	return append(dst, `"}`...), nil
}

func (r *Reader) jsonLink(dst []byte, tag uint64) ([]byte, error) {
	if tag != tagLink {
		return dst, ErrForm
	}
	id, err := r.link()
	if err != nil {
		return dst, err
	}
	dst = append(dst, `{"$link":"`...)
	dst = id.append(dst)
	return append(dst, `"}`...), nil
}

func (r *Reader) jsonText(dst []byte, n uint64) ([]byte, error) {
	b, err := r.span(n)
	if err != nil {
		return dst, err
	}
	if !utf8.Valid(b) {
		return dst, ErrForm
	}
	return appendString(dst, b), nil
}

func (r *Reader) jsonArray(dst []byte, n uint64, depth int) ([]byte, error) {
	count, err := r.enter(n, 1, depth)
	if err != nil {
		return dst, err
	}
	dst = append(dst, '[')
	for i := range count {
		if i > 0 {
			dst = append(dst, ',')
		}
		if dst, err = r.json(dst, depth+1); err != nil {
			return dst, err
		}
	}
	return append(dst, ']'), nil
}

func (r *Reader) jsonMap(dst []byte, n uint64, depth int) ([]byte, error) {
	count, err := r.enter(n, 2, depth)
	if err != nil {
		return dst, err
	}
	dst = append(dst, '{')
	var last []byte
	for i := range count {
		key, err := r.Text()
		if err != nil {
			return dst, err
		}
		if i > 0 {
			if !before(last, key) {
				return dst, ErrForm
			}
			dst = append(dst, ',')
		}
		last = key
		dst = append(appendString(dst, key), ':')
		if dst, err = r.json(dst, depth+1); err != nil {
			return dst, err
		}
	}
	return append(dst, '}'), nil
}

// enter checks that an array or map of n elements may begin here.
func (r *Reader) enter(n uint64, size, depth int) (int, error) {
	if depth >= MaxDepth {
		return 0, ErrDeep
	}
	return r.count(n, size, nil)
}

// before is the order of keys: the shorter first, then by their bytes.
//
// https://ipld.io/specs/codecs/dag-cbor/spec/#strictness
func before(a, b []byte) bool {
	if len(a) != len(b) {
		return len(a) < len(b)
	}
	return string(a) < string(b)
}

// appendString appends a text as a JSON string. b is valid UTF-8.
func appendString(dst, b []byte) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	from := 0
	for i, c := range b {
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		dst = append(dst, b[from:i]...)
		from = i + 1
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
	}
	return append(append(dst, b[from:]...), '"')
}
