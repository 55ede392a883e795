// Package ratelimit is the one limiter of the module: what package internal/httpx uses
// by default and what package providers/ratelimit offers to programs.
//
// A call takes from several buckets, from all of them or from none. A bucket is the
// state of one [Rule] for one scope, or of a limit that only answers told of. Its
// arithmetic (type state) is pure: it is told the time, so that the same code runs in a
// process and inside a transaction on a shared database.
package ratelimit
