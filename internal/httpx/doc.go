// Package httpx is the one HTTP client that every provider uses. A call passes through
//
//	log → retry → limit → auth → fence → wire
//
// so that each try is logged, waits for its turn, carries fresh credentials, and, if it
// changes something, leaves only with the leave of who holds the attempt: see
// [github.com/parvis-go/parvis/internal/sending.WithFence]. What the fence keeps back
// surely was not sent, and is not tried again. Every try that is no GET or HEAD is asked
// for, also one that may be repeated; what Auth and Challenge call to renew credentials is
// not, since a new token does no harm to the attempt. Under
// [github.com/parvis-go/parvis/internal/sending.WithPatience] a call sleeps no longer than
// that because of a Retry-After: it is an error with that time instead.
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
