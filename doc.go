// Package parvis holds the nouns that the three verbs share: [Account], [Ref],
// [Place], [Person], [Text], [Media], [Error], [Support], [Token] and the seams for
// limits and records. It does no network I/O and imports the standard library only.
//
// Programs use the verbs:
//
//   - package publish sends posts, edits them, deletes them and finds out what became of them;
//   - package listen delivers what others say, from a cursor on;
//   - package moderate hides, holds, bans, reports, and undoes it.
//
// A provider, one per network under providers/, is a value that acts as one account
// on one network and implements the verbs that this network has. The verbs' packages
// offer the doors, functions such as publish.To, listen.To and moderate.Hide, that take
// any provider, check first, and answer with a typed error where a network cannot.
//
// # Clients
//
// A client is the organisation that an account speaks for, and the unit of isolation.
// An [Account] names its client, every [Ref] that a provider hands out carries it, and
// every door refuses a reference of another client with [ErrForeignClient] before
// anything else happens. A program that serves one organisation leaves Client empty.
//
// # Errors
//
// Whatever goes wrong comes back as an [*Error]. Its [Code] is itself an error, so both
// of these work:
//
//	errors.Is(err, parvis.ErrRateLimited)
//	e, ok := errors.AsType[*parvis.Error](err) // e.RetryAfter, e.Vendor, e.Help
package parvis
