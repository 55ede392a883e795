// Package httpx is the one HTTP client that every provider uses. A call passes through
//
//	log → retry → limit → auth → wire
//
// so that each try is logged, waits for its turn, and carries fresh credentials.
//
// The client knows whether a request may have reached the network. What surely was not
// taken is [parvis.ErrUnavailable] and may be tried again; a mutation that left without
// a clear answer is [parvis.ErrUnknownOutcome] and is never repeated, unless the request
// says that repeating it is harmless. Every failure is a [*parvis.Error]; none, and no
// log line, holds a credential.
//
// Credentials go to the configured host only: a redirect to another host or scheme is
// an error, never followed. Answers are read up to a limit, after decompression, and
// within a time; files are streamed, never held in memory.
package httpx
