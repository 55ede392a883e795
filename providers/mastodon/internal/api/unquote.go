package api

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// unquote returns what the inside of a JSON string means. Its escapes have been checked.
// As in [encoding/json], half a surrogate pair and every byte that is not UTF-8 become U+FFFD.
func unquote(s string) string {
	var out strings.Builder
	out.Grow(len(s))
	for i := 0; i < len(s); {
		switch c := s[i]; {
		case c == '\\' && s[i+1] == 'u':
			r, n := unicodeEscape(s[i:])
			out.WriteRune(r)
			i += n
		case c == '\\':
			out.WriteByte(plainEscape(s[i+1]))
			i += 2
		case c < utf8.RuneSelf:
			j := i + 1
			for j < len(s) && s[j] != '\\' && s[j] < utf8.RuneSelf {
				j++
			}
			out.WriteString(s[i:j])
			i = j
		default:
			r, n := utf8.DecodeRuneInString(s[i:])
			out.WriteRune(r)
			i += n
		}
	}
	return out.String()
}

func plainEscape(c byte) byte {
	switch c {
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	}
	return c
}

// unicodeEscape returns the character of the \uXXXX that s begins with, and how many
// bytes it takes: twelve for a surrogate pair.
func unicodeEscape(s string) (rune, int) {
	r := hexRune(s[2:6])
	if !utf16.IsSurrogate(r) {
		return r, 6
	}
	if len(s) >= 12 && s[6] == '\\' && s[7] == 'u' {
		if pair := utf16.DecodeRune(r, hexRune(s[8:12])); pair != utf8.RuneError {
			return pair, 12
		}
	}
	return utf8.RuneError, 6
}

func hexRune(s string) rune {
	var r rune
	for i := range len(s) {
		r = r<<4 | rune(hexValue(s[i]))
	}
	return r
}

func hexValue(c byte) int {
	switch {
	case c-'0' < 10:
		return int(c - '0')
	case c-'a' < 6:
		return int(c-'a') + 10
	case c-'A' < 6:
		return int(c-'A') + 10
	}
	return -1
}
