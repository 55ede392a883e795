// Package ratelimit keeps the limits of the networks: no call is refused by the network
// because of a limit that is known, and the whole allowance is used.
//
// A limit is data: a [Rule]. [Documented] has those that the networks publish, as values
// that the program may change. A [Limiter] holds for every call that matches: a call takes
// from all of its buckets, or from none. What answers tell (package functions such as
// [AtprotoHeaders] read their headers) replaces the rules' numbers, and what nobody tells
// is found out from refusals.
//
// # What is promised
//
// A rule whose numbers are known, from the rule or from answers, is kept without a
// refusal, and at least 99 % of the allowance is used if there are enough calls. Three
// things are beyond that, by nature:
//
//   - Others who share the allowance. What they take between an answer and the arrival of
//     the next call is unknown. From their pace, once seen, a margin is kept: at most a
//     hundredth of the allowance, or one call. A first race may be lost.
//   - A restart when the allowance is used up: the state of a process dies with it. The
//     first call, which goes alone to ask, is then refused. [Shared] keeps the state.
//   - An allowance that is cut below what was already used in its window: the next call is
//     refused, once.
//
// A rule with Max 0 has a number that nobody tells. Calls then go one by one until one is
// refused, after which the number is known and calls go together; it is tried again now
// and then whether there is more. That makes one refusal in a window at most. Without any
// rule, calls are not slowed down before the first refusal.
//
// At the start, after a refusal, and at the beginning of each window whose state answers
// tell, one call goes first, and the others follow when it is answered.
//
// # Who goes first
//
// Calls that are held back go by priority ([WithPriority]); among equals the accounts take
// turns. After eight calls of a higher priority one of a lower goes. [Options].Reserve
// keeps a part of each allowance for urgent calls.
package ratelimit
