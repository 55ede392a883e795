// Package price keeps account of what networks charge: by the call, as X does, or in
// units of a quota, as YouTube does.
//
// A [Meter] is given to providers as providers.Options.Meter. It knows the price of each
// call from a list ([X], [YouTube], or one's own), books it for the client in a [Ledger],
// and refuses a call that a [Budget] does not pay for before it is made. publish.Check
// asks the same meter, so a draft that is too expensive is found while it is written, and
// [Meter.Spent] says what each client has used, item by item.
//
// A price is set aside before the call leaves. If the network surely took nothing, it is
// given back; a call without a clear answer stays booked. A ledger in the user's
// database ([Open]) is shared by all processes, and no two of them together pass a budget.
package price
