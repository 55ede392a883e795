package card

import (
	"bytes"
	"mime"
	"strings"
	"unicode/utf8"
)

// prescan is how far into a page its own word about its encoding is looked for.
//
// https://html.spec.whatwg.org/multipage/parsing.html#prescan-a-byte-stream-to-determine-its-encoding
const prescan = 1024

// decode returns a page in UTF-8, and whether its encoding is one of those known: UTF-8,
// and the Latin ones that the web reads as Windows-1252. What says nothing is UTF-8 if it
// can be that, and else Latin.
func decode(b []byte, contentType string) ([]byte, bool) {
	if body, marked := bytes.CutPrefix(b, []byte("\xEF\xBB\xBF")); marked {
		return body, true
	}
	name := ""
	if _, params, err := mime.ParseMediaType(contentType); err == nil {
		name = params["charset"]
	}
	if name == "" {
		name = declared(b[:min(len(b), prescan)])
	}
	switch strings.ToLower(strings.TrimSpace(name)) {
	case "utf-8", "utf8":
		return b, true
	case "iso-8859-1", "iso8859-1", "latin1", "windows-1252", "cp1252", "us-ascii", "ascii":
		return latin(b), true
	case "":
		if broken(b) {
			return latin(b), true
		}
		return b, true
	}
	return nil, false
}

// broken reports whether b is not UTF-8, but for a character that is cut at its end.
func broken(b []byte) bool {
	for i := max(len(b)-utf8.UTFMax+1, 0); i < len(b); i++ {
		if b[i] >= 0xC0 && !utf8.FullRune(b[i:]) {
			b = b[:i]
		}
	}
	return !utf8.Valid(b)
}

// declared returns the encoding that the head of a page names: <meta charset=…> or the
// charset of an http-equiv.
func declared(head []byte) string {
	lower := bytes.ToLower(head)
	_, rest, found := bytes.Cut(lower, []byte("charset"))
	if !found {
		return ""
	}
	rest, found = bytes.CutPrefix(bytes.TrimLeft(rest, " \t\r\n"), []byte("="))
	if !found {
		return ""
	}
	rest = bytes.TrimLeft(rest, " \t\r\n\"'")
	end := bytes.IndexAny(rest, "\"'>;/ \t\r\n")
	if end < 0 {
		return ""
	}
	return string(rest[:end])
}

// latin decodes Windows-1252, of which ISO 8859-1 is a part.
func latin(b []byte) []byte {
	out := make([]byte, 0, len(b)+len(b)/8)
	for _, c := range b {
		r := rune(c)
		if c >= 0x80 && c <= 0x9F {
			r = c1[c-0x80]
		}
		out = utf8.AppendRune(out, r)
	}
	return out
}

// c1 are the characters of Windows-1252 from 0x80 to 0x9F.
//
// https://encoding.spec.whatwg.org/index-windows-1252.txt
var c1 = [32]rune{
	'€', 0x81, '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', 0x8D, 'Ž', 0x8F,
	0x90, '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', 0x9D, 'ž', 'Ÿ',
}
