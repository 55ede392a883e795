// Package cbor reads DAG-CBOR, the binary form of the AT Protocol's records and of the
// frames of its streams, and the content identifiers within.
//
// Everything that is read comes from strangers. A [Reader] allocates no more than the
// input is long, nests no deeper than [MaxDepth], and refuses what the data model does not
// have: floating-point numbers, indefinite lengths, tags other than 42, map keys out of
// order, twice or not text, text that is not UTF-8, and numbers written longer than need be.
//
// https://atproto.com/specs/data-model
// https://ipld.io/specs/codecs/dag-cbor/spec/
package cbor
