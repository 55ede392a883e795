// Package text counts texts as limits want them counted, cuts and splits them, finds
// what is more than letters in them, and converts them between formats.
//
// Everything here is pure: no I/O, no state, safe for concurrent use. Whatever comes
// from strangers ([FromHTML], [Sanitize], [Entities]) takes time in proportion to its
// length, never fails, and never panics. Bytes that are not UTF-8 count as the
// replacement character, one for each byte.
package text
